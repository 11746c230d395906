/*
 * base/span.h: bytes that somebody else owns, and a reader that cannot run
 * past their end. Every parser of foreign bytes reads through these, so that
 * no parser does pointer arithmetic of its own.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes. {NULL, 0} is the empty span. */
struct span {
	const uint8_t *at;
	size_t len;
};

#define SPAN_EMPTY ((struct span){ NULL, 0 })
/* A string literal as a span, without its NUL. */
#define SPAN_LIT(s) ((struct span){ (const uint8_t *)(s), sizeof(s) - 1 })

/* The short ones are here, to be compiled into their callers: every record
 * passes through them some hundred times. */

/* span_of: len bytes at p. span_text: a NUL-ended string, without the NUL. */
static inline struct span
span_of(const void *p, size_t len)
{
	return (struct span){ (const uint8_t *)p, len };
}

static inline struct span
span_text(const char *s)
{
	return s == NULL ? SPAN_EMPTY : span_of(s, strlen(s));
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* span_is: equal to the string s, byte for byte. */
static inline bool
span_is(struct span a, const char *s)
{
	return span_equal(a, span_text(s));
}

/* span_equal_nocase: as span_equal, ASCII letters compared without case. */
bool span_equal_nocase(struct span a, struct span b);
bool span_starts(struct span a, const char *prefix);
bool span_ends(struct span a, const char *suffix);

/*
 * span_slice: the part of a from `from`, at most len bytes; what lies past
 * the end is left out, so the result is always inside a.
 */
static inline struct span
span_slice(struct span a, size_t from, size_t len)
{
	if (from >= a.len)
		return SPAN_EMPTY;
	if (len > a.len - from)
		len = a.len - from;
	return span_of(a.at + from, len);
}

/* span_find: where byte c, or string s, first stands; SIZE_MAX if nowhere. */
size_t span_find(struct span a, uint8_t c);
size_t span_find_text(struct span a, const char *s);

/* span_trim: without ASCII white space at either end. */
struct span span_trim(struct span a);

/*
 * span_number: a whole decimal number, digits only, no sign, at most `max`.
 * False if it is empty, has another byte, or passes max; *n stays.
 */
bool span_number(struct span a, uint64_t max, uint64_t *n);

/*
 * struct cursor: reads a span from left to right. Once a read would pass the
 * end, `bad` is set and stays set, and every later read gives zero or the
 * empty span: a decoder checks once, at its end. Numbers are big-endian.
 */
struct cursor {
	struct span all;
	size_t pos; /* 0 .. all.len */
	bool bad;
};

static inline struct cursor
cursor_of(struct span s)
{
	return (struct cursor){ .all = s, .pos = 0, .bad = false };
}

/* cursor_take: the next len bytes, borrowed from the span. */
static inline struct span
cursor_take(struct cursor *c, size_t len)
{
	struct span s;

	if (c->bad || len > c->all.len - c->pos) {
		c->bad = true;
		return SPAN_EMPTY;
	}
	if (len == 0)
		return SPAN_EMPTY;
	s = span_of(c->all.at + c->pos, len);
	c->pos += len;
	return s;
}

static inline uint8_t
cursor_u8(struct cursor *c)
{
	if (c->bad || c->pos == c->all.len) {
		c->bad = true;
		return 0;
	}
	return c->all.at[c->pos++];
}

static inline uint16_t
cursor_u16(struct cursor *c)
{
	struct span s = cursor_take(c, 2);
	uint16_t v = 0;

	if (s.len == sizeof v)
		memcpy(&v, s.at, sizeof v);
	return be16toh(v);
}

static inline uint32_t
cursor_u32(struct cursor *c)
{
	struct span s = cursor_take(c, 4);
	uint32_t v = 0;

	if (s.len == sizeof v)
		memcpy(&v, s.at, sizeof v);
	return be32toh(v);
}

static inline uint64_t
cursor_u64(struct cursor *c)
{
	struct span s = cursor_take(c, 8);
	uint64_t v = 0;

	if (s.len == sizeof v)
		memcpy(&v, s.at, sizeof v);
	return be64toh(v);
}

/* cursor_block: a u32 length, at most max, and that many bytes. */
static inline struct span
cursor_block(struct cursor *c, size_t max)
{
	uint32_t len = cursor_u32(c);

	if (len > max)
		c->bad = true;
	return cursor_take(c, len);
}

/* cursor_rest: all that is left; the cursor is then at its end. */
static inline struct span
cursor_rest(struct cursor *c)
{
	return c->bad ? SPAN_EMPTY : cursor_take(c, c->all.len - c->pos);
}

/* cursor_until: bytes before the next `stop`, which is passed over too; the
 * rest of the span when stop does not occur (*found tells; may be NULL). */
struct span cursor_until(struct cursor *c, uint8_t stop, bool *found);
/* cursor_done: everything was read and nothing failed. */
static inline bool
cursor_done(const struct cursor *c)
{
	return !c->bad && c->pos == c->all.len;
}

#endif
