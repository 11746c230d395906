/*
 * clause/id.c: clause numbers as people write them.
 *
 * Works on text from search boxes and command lines. Runs anywhere.
 * Source: the numbering of Taipei regulations (點, 款, 目; 一, (一), 1).
 */
#include "clause/pack.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>

#define PARTS_MAX 4

/* What one character is, in a clause number. */
enum rune_kind { RUNE_OTHER, RUNE_DIGIT, RUNE_ZH, RUNE_TEN, RUNE_BETWEEN };

static const struct {
	uint32_t cp;
	enum rune_kind kind;
	unsigned value;
} runes[] = {
	{ 0x3007, RUNE_ZH, 0 }, /* 〇 */
	{ 0x96f6, RUNE_ZH, 0 }, /* 零 */
	{ 0x4e00, RUNE_ZH, 1 }, /* 一 */
	{ 0x4e8c, RUNE_ZH, 2 }, /* 二 */
	{ 0x4e09, RUNE_ZH, 3 }, /* 三 */
	{ 0x56db, RUNE_ZH, 4 }, /* 四 */
	{ 0x4e94, RUNE_ZH, 5 }, /* 五 */
	{ 0x516d, RUNE_ZH, 6 }, /* 六 */
	{ 0x4e03, RUNE_ZH, 7 }, /* 七 */
	{ 0x516b, RUNE_ZH, 8 }, /* 八 */
	{ 0x4e5d, RUNE_ZH, 9 }, /* 九 */
	{ 0x5341, RUNE_TEN, 10 }, /* 十 */
	{ 0x7b2c, RUNE_BETWEEN, 0 }, /* 第 */
	{ 0x9ede, RUNE_BETWEEN, 0 }, /* 點 */
	{ 0x689d, RUNE_BETWEEN, 0 }, /* 條 */
	{ 0x6b3e, RUNE_BETWEEN, 0 }, /* 款 */
	{ 0x76ee, RUNE_BETWEEN, 0 }, /* 目 */
	{ 0x9805, RUNE_BETWEEN, 0 }, /* 項 */
	{ 0x4e4b, RUNE_BETWEEN, 0 }, /* 之 */
	{ 0x3001, RUNE_BETWEEN, 0 }, /* 、 */
	{ 0x3000, RUNE_BETWEEN, 0 }, /* full-width space */
	{ 0xff08, RUNE_BETWEEN, 0 }, /* （ */
	{ 0xff09, RUNE_BETWEEN, 0 }, /* ） */
	{ 0xff0e, RUNE_BETWEEN, 0 }, /* ． */
};

/* The kind of a character, and its value if it is a numeral. */
static enum rune_kind
rune_kind(uint32_t cp, unsigned *value)
{
	if (cp >= '0' && cp <= '9')
		return *value = cp - '0', RUNE_DIGIT;
	if (cp >= 0xff10 && cp <= 0xff19)
		return *value = cp - 0xff10, RUNE_DIGIT;
	if (cp < 0x80)
		return strchr(".-() \t/", (int)cp) != NULL && cp != 0
		    ? RUNE_BETWEEN
		    : RUNE_OTHER;
	for (size_t i = 0; i < sizeof runes / sizeof *runes; i++)
		if (runes[i].cp == cp)
			return *value = runes[i].value, runes[i].kind;
	return RUNE_OTHER;
}

/* One number being read: 十 multiplies what stands before it. */
struct numeral {
	unsigned value; /* so far */
	unsigned runes; /* how many it has; 0: none is open */
	bool ten, unit; /* 十 was seen; a unit after it was seen */
	enum rune_kind kind;
};

/* Take one more numeral character. False: no number is written so. */
static bool
numeral_add(struct numeral *n, enum rune_kind kind, unsigned value)
{
	bool digit = kind == RUNE_DIGIT;

	if (n->runes > 0 && (n->kind == RUNE_DIGIT) != digit)
		return false;
	n->kind = kind;
	n->runes++;
	if (digit) {
		n->value = n->value * 10 + value;
		return n->value <= 99;
	}
	if (kind == RUNE_TEN) {
		if (n->ten || (n->runes > 1 && n->value == 0))
			return false;
		n->value = n->runes == 1 ? 10 : n->value * 10;
		n->ten = true;
		return n->value <= 90;
	}
	if (n->runes > 1 && (!n->ten || n->unit))
		return false;
	n->value += value;
	n->unit = n->ten;
	return true;
}

/* Read all of `query` into parts; 0 when it is no clause number. */
static unsigned
parts_read(struct span query, unsigned part[PARTS_MAX])
{
	struct numeral n = { 0 };
	unsigned n_parts = 0, value = 0;
	uint32_t cp = 0;
	size_t len;

	for (size_t at = 0; at <= query.len; at += len) {
		enum rune_kind kind = RUNE_BETWEEN;

		len = 1;
		if (at < query.len) {
			len = text_rune(
			    span_slice(query, at, query.len - at), &cp);
			if (len == 0)
				return 0;
			kind = rune_kind(cp, &value);
		}
		if (kind == RUNE_OTHER)
			return 0;
		if (kind != RUNE_BETWEEN) {
			if (!numeral_add(&n, kind, value))
				return 0;
			continue;
		}
		if (n.runes == 0)
			continue;
		if (n.value == 0 || n_parts == PARTS_MAX)
			return 0;
		part[n_parts++] = n.value;
		n = (struct numeral){ 0 };
	}
	return n_parts;
}

bool
clause_id_parse(struct span query, char *id)
{
	unsigned part[PARTS_MAX], n;
	struct buf b;
	bool ok;

	n = parts_read(span_trim(query), part);
	if (n == 0)
		return false;
	buf_init(&b, CLAUSE_ID_MAX - 1);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, i == 0 ? "%u" : ".%u", part[i]);
	ok = buf_error(&b) == ERR_OK;
	if (ok)
		memcpy(id, buf_string(&b), b.len + 1);
	buf_clear(&b);
	return ok;
}

int
clause_id_compare(const char *a, const char *b)
{
	for (;;) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, 10);
		unsigned long y = strtoul(b, &end_b, 10);

		if (end_a == a || end_b == b)
			return strcmp(a, b);
		if (x != y)
			return x < y ? -1 : 1;
		if (*end_a != '.' || *end_b != '.')
			return (*end_a == '.') - (*end_b == '.');
		a = end_a + 1;
		b = end_b + 1;
	}
}
