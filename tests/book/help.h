/*
 * tests/book/help.h: what the tests of the book share: the real registers, a
 * temporary folder, short ways to write and to ask.
 */
#ifndef TESTS_BOOK_HELP_H
#define TESTS_BOOK_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/when.h"
#include "book/book.h"
#include "book/entry.h"
#include "book/read.h"
#include "book/rights.h"
#include "crypt/crypt.h"

/* 2026-03-02T09:00:00+08:00 */
#define NOON INT64_C(1772413200000000)

struct help {
	struct schema *schema;
	struct book *b;
	struct arena *a;
	struct refusals *bad;
	char dir[256], path[300];
	int64_t now;
	struct fault why;
};

#define OK(call)                                                             \
	do {                                                                 \
		enum err e_ = (call);                                        \
		if (e_ != ERR_OK)                                            \
			fail_msg(                                            \
			    "%s: %s: %s", #call, err_name(e_), h->why.text); \
	} while (0)

static inline struct span
S(const char *s) {
	return span_text(s);
}

/* The registers of the tree. */
static inline struct schema *
help_schema(struct fault *why)
{
	const char *src = getenv("SRC");
	struct schema *s = NULL;
	char path[512];
	int dir;

	(void)snprintf(
	    path, sizeof path, "%s/registers", src != NULL ? src : ".");
	if ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		fail_msg("no folder %s", path);
	if (schema_load(dir, &s, why) != ERR_OK)
		fail_msg("%s", why->text);
	(void)close(dir);
	return s;
}

/* A JSON value from text in which ' stands for ". */
static inline json_t *
J(const char *text)
{
	struct fault why = { 0 };
	char *copy = strdup(text);
	json_t *v = NULL;

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if (json_read(span_text(copy), &v, &why) != ERR_OK)
		fail_msg("%s: %s", text, why.text);
	free(copy);
	return v;
}

/* One command of `actor`; the result is in w and h->bad. */
static inline enum err
help_do(struct help *h, const char *actor, const char *agency, const char *reg,
    const char *key, const char *fields, const char *ground, int64_t effective,
    struct written *w)
{
	json_t *f = fields != NULL ? J(fields) : NULL;
	struct command c = { .actor = S(actor),
		.agency = S(agency),
		.reg = S(reg),
		.key = S(key),
		.action = fields != NULL ? ENTRY_SET : ENTRY_VOID,
		.effective_us = effective,
		.fields = f,
		.ground = S(ground != NULL ? ground : "") };
	enum err e;

	refusals_init(h->bad, h->a);
	h->now += WHEN_SECOND;
	e = book_write(h->b, &c, h->now, h->bad, w, &h->why);
	json_decref(f);
	return e;
}

static inline void
set(struct help *h, const char *agency, const char *reg, const char *key,
    const char *fields)
{
	struct written w;

	if (help_do(h, "process:test", agency, reg, key, fields, NULL, 0, &w))
		fail_msg("%s %s: %s", reg, key, h->why.text);
}

/* An integer from one SELECT. */
static inline int64_t
ask_int(struct help *h, const char *sql)
{
	struct sql_stmt *s = NULL;
	bool row = false;
	int64_t v;

	if (sql_prepare(book_db(h->b), sql, &s, &h->why) != ERR_OK ||
	    sql_step(s, &row, &h->why) != ERR_OK || !row)
		fail_msg("%s: %s", sql, h->why.text);
	v = sql_int(s, 0);
	sql_stmt_free(s);
	return v;
}

/* A text from one SELECT; handed over (free). */
static inline char *
ask_text(struct help *h, const char *sql)
{
	struct sql_stmt *s = NULL;
	bool row = false;
	struct span t;
	char *out;

	if (sql_prepare(book_db(h->b), sql, &s, &h->why) != ERR_OK ||
	    sql_step(s, &row, &h->why) != ERR_OK || !row)
		fail_msg("%s: %s", sql, h->why.text);
	t = sql_text(s, 0);
	out = strndup(t.len > 0 ? (const char *)t.at : "", t.len);
	sql_stmt_free(s);
	return out;
}

#define ASK_TEXT(h, sql, want)                   \
	do {                                     \
		char *t_ = ask_text((h), (sql)); \
		assert_string_equal(t_, (want)); \
		free(t_);                        \
	} while (0)

/* setup: a fresh book in a temporary folder, with agency main, a unit, two
 * people and a system. */
static inline int
help_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct help *h = calloc(1, sizeof *h);

	assert_int_equal(crypt_start(&h->why), ERR_OK);
	(void)snprintf(h->dir, sizeof h->dir, "%s/book.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(h->dir) == NULL)
		fail_msg("mkdtemp");
	(void)snprintf(h->path, sizeof h->path, "%s/book.db", h->dir);
	h->schema = help_schema(&h->why);
	h->a = arena_new((size_t)64 << 20);
	h->bad = calloc(1, sizeof *h->bad);
	h->now = NOON;
	OK(book_open(
	    h->path, SQL_WRITE, h->schema, "city.test", &h->b, &h->why));
	set(h, "main", "agency", "main", "{'name':'本機關'}");
	set(h, "main", "person", "p1", "{'name':'王小明','staff_no':'A1'}");
	set(h, "main", "person", "p2",
	    "{'name':'李大華','email':'lee@example.test'}");
	set(h, "main", "system", "crm", "{'name':'客服系統','owner':'p1'}");
	*state = h;
	return 0;
}

static inline int
help_teardown(void **state)
{
	static const char *const files[] = { "book.db", "book.db-wal",
		"book.db-shm" };
	struct help *h = *state;
	char path[320];

	book_close(h->b);
	schema_free(h->schema);
	arena_free(h->a);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", h->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(h->dir);
	free(h->bad);
	free(h);
	return 0;
}

#endif
