/*
 * ledger/tile.c: tile paths, read and written; tiles' bytes.
 */
#include "ledger/tile.h"

#include <inttypes.h>

#define LEVEL_MAX 63
#define ENTRY_MAX 65535 /* bytes of one leaf's data */

/* Three digits; false when they are not. */
static bool
three_digits(struct span s, uint64_t *n)
{
	return s.len == 3 && span_number(s, 999, n);
}

/* Reads an index from its path elements up to and with the one that has no
 * x before it; *rest is what follows. */
static bool
index_parse(struct span s, uint64_t *at, struct span *rest)
{
	uint64_t n = 0, part;
	bool first = true;

	for (;;) {
		bool more = s.len > 0 && s.at[0] == 'x';
		struct span digits = span_slice(s, more ? 1 : 0, 3);

		if (!three_digits(digits, &part))
			return false;
		if (first && more && part == 0)
			return false; /* leading zeroes: not canonical */
		if (n > (UINT64_MAX - part) / 1000)
			return false;
		n = n * 1000 + part;
		s = span_slice(s, digits.len + (more ? 1 : 0), SIZE_MAX);
		if (!more)
			break;
		if (s.len == 0 || s.at[0] != '/')
			return false;
		s = span_slice(s, 1, SIZE_MAX);
		first = false;
	}
	*at = n;
	*rest = s;
	return true;
}

/* A decimal number without leading zeroes. */
static bool
plain_number(struct span s, uint64_t max, uint64_t *n)
{
	return s.len > 0 && (s.len == 1 || s.at[0] != '0') &&
	    span_number(s, max, n);
}

enum err
tile_parse(struct span path, struct tile_path *p, struct fault *why)
{
	struct tile_path got = { .width = TILE_WIDTH };
	struct cursor c = cursor_of(path);
	struct span level, rest;
	uint64_t n;

	if (!span_is(cursor_until(&c, '/', NULL), "tile"))
		goto bad;
	level = cursor_until(&c, '/', NULL);
	if (span_is(level, "entries"))
		got.entries = true;
	else if (plain_number(level, LEVEL_MAX, &n))
		got.level = (unsigned)n;
	else
		goto bad;
	if (!index_parse(cursor_rest(&c), &got.at, &rest))
		goto bad;
	if (rest.len > 0) {
		if (!span_starts(rest, ".p/") ||
		    !plain_number(
			span_slice(rest, 3, SIZE_MAX), TILE_WIDTH - 1, &n) ||
		    n == 0)
			goto bad;
		got.width = (unsigned)n;
	}
	*p = got;
	return ERR_OK;
bad:
	return fault_set(why, ERR_SYNTAX, "not the path of a tile");
}

void
tile_print(struct buf *b, const struct tile_path *p)
{
	uint64_t part[8]; /* 1000^7 > 2^64 */
	uint64_t n = p->at;
	unsigned depth = 0;

	if (p->entries)
		buf_text(b, "tile/entries/");
	else
		buf_printf(b, "tile/%u/", p->level);
	do {
		part[depth++] = n % 1000;
		n /= 1000;
	} while (n > 0);
	while (depth-- > 0)
		buf_printf(b, "%s%03" PRIu64 "%s", depth > 0 ? "x" : "",
		    part[depth], depth > 0 ? "/" : "");
	if (p->width != TILE_WIDTH)
		buf_printf(b, ".p/%u", p->width);
}

enum err
tile_entry(struct buf *b, struct span data, struct fault *why)
{
	if (data.len > ENTRY_MAX)
		return fault_set(why, ERR_LIMIT,
		    "a leaf of %zu bytes cannot be published", data.len);
	buf_u16(b, (uint16_t)data.len);
	buf_span(b, data);
	return ERR_OK;
}

/* The leaf data of a tile, one after the other. */
static enum err
entries_give(const struct tile_path *p, tile_leaf_fn *leaf, void *arg,
    struct buf *b, struct fault *why)
{
	struct buf one;
	enum err e = ERR_OK;

	buf_init(&one, ENTRY_MAX);
	for (unsigned i = 0; i < p->width && e == ERR_OK; i++) {
		buf_reset(&one);
		e = leaf(arg, p->at * TILE_WIDTH + i, &one, why);
		if (e == ERR_OK && buf_error(&one) != ERR_OK)
			e = fault_set(why, buf_error(&one),
			    "leaf %" PRIu64 " does not fit",
			    p->at * TILE_WIDTH + i);
		if (e == ERR_OK)
			e = tile_entry(b, buf_view(&one), why);
	}
	buf_clear(&one);
	return e;
}

enum err
tile_give(struct tree *t, uint64_t size, const struct tile_path *p,
    tile_leaf_fn *leaf, void *arg, struct buf *b, struct fault *why)
{
	unsigned level = p->entries ? 0 : p->level;
	uint64_t count = 0;
	enum err e;

	if (level < TILE_LEVELS)
		count = size >> (8 * level);
	if (p->at > count / TILE_WIDTH || p->at * TILE_WIDTH + p->width > count)
		return fault_set(why, ERR_NOT_FOUND,
		    "no such tile in a log of %" PRIu64 " leaves", size);
	if (p->entries)
		e = entries_give(p, leaf, arg, b, why);
	else
		e = tree_tile(t, level, p->at, p->width, b, why);
	if (e == ERR_OK && buf_error(b) != ERR_OK)
		e = fault_set(why, buf_error(b), "no room for a tile");
	return e;
}
