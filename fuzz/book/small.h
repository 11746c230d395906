/*
 * fuzz/book/small.h: a small book in memory for the fuzzers, with a field of
 * every type.
 */
#ifndef FUZZ_BOOK_SMALL_H
#define FUZZ_BOOK_SMALL_H

#include <stdlib.h>

#include "book/book.h"
#include "book/entry.h"
#include "crypt/crypt.h"

static const char small_agency[] =
    "name: agency\ntitle: {zh: 機關, en: Agency}\nread: [everyone]\n"
    "write: [administrator]\nfields:\n"
    "  - {name: name, type: text, label: {zh: 名, en: Name}}\n"
    "  - {name: parent, type: ref, to: agency, label: {zh: 上, en: Up}}\n";
static const char small_thing[] =
    "name: thing\ntitle: {zh: 物, en: Thing}\nread: [everyone]\n"
    "write: [administrator]\n"
    "key: {label: {zh: 物號, en: No.}, from: [name]}\nfields:\n"
    "  - {name: name, type: text, required: true, max: 20,"
    " label: {zh: 品名, en: Name}}\n"
    "  - {name: n, type: int, min: -5, max: 5, label: {zh: 數, en: N}}\n"
    "  - {name: b, type: bool, label: {zh: 是非, en: B}}\n"
    "  - {name: d, type: date, label: {zh: 日, en: D}}\n"
    "  - {name: t, type: instant, label: {zh: 時, en: T}}\n"
    "  - {name: e, type: enum, label: {zh: 類, en: E},"
    " values: [{value: a, zh: 甲, en: A}, {value: b, zh: 乙, en: B}]}\n"
    "  - {name: r, type: ref, to: thing, label: {zh: 參, en: R}}\n"
    "  - {name: ip, type: ip, many: true, label: {zh: 址, en: IP}}\n"
    "  - {name: net, type: cidr, many: true, label: {zh: 網段, en: Net}}\n"
    "  - {name: mac, type: mac, label: {zh: 卡, en: MAC}}\n"
    "  - {name: mail, type: email, label: {zh: 信, en: Mail}}\n"
    "  - {name: url, type: url, label: {zh: 網, en: URL}}\n"
    "  - {name: h, type: digest, label: {zh: 摘要, en: Hash}}\n"
    "  - {name: hi, type: enum, highest_of: [e], label: {zh: 高, en: Hi},"
    " values: [{value: a, zh: 甲, en: A}, {value: b, zh: 乙, en: B}]}\n";

#define SMALL_NOW INT64_C(1772413200000000)

static struct refusals small_bad;
static struct arena *small_arena;
static struct book *small_book;

/* The book, made once, with one agency. */
static inline struct book *
small(void)
{
	static const struct schema_file files[] = {
		{ "agency.yaml",
		    { (const uint8_t *)small_agency,
			sizeof small_agency - 1 } },
		{ "thing.yaml",
		    { (const uint8_t *)small_thing, sizeof small_thing - 1 } },
	};
	struct command c = { .actor = SPAN_LIT("process:fuzz"),
		.agency = SPAN_LIT("main"),
		.reg = SPAN_LIT("agency"),
		.key = SPAN_LIT("main") };
	struct fault why = { 0 };
	struct schema *s = NULL;
	struct written w;
	json_t *fields;

	if (small_book != NULL) {
		arena_reset(small_arena);
		refusals_init(&small_bad, small_arena);
		return small_book;
	}
	if (crypt_start(&why) != ERR_OK ||
	    schema_read(files, 2, &s, &why) != ERR_OK ||
	    book_open(":memory:", SQL_MEMORY, s, NULL, &small_book, &why))
		abort();
	small_arena = arena_new((size_t)16 << 20);
	refusals_init(&small_bad, small_arena);
	fields = json_object();
	c.fields = fields;
	if (book_write(small_book, &c, SMALL_NOW, &small_bad, &w, &why))
		abort();
	json_decref(fields);
	return small_book;
}

#endif
