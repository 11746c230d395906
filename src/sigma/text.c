/*
 * sigma/text.c: Sigma's texts: wildcards, escapes, and comparing by them.
 *
 * Source: Sigma specification 2.1, "String Wildcard", "Escape Character".
 * Letters are compared without case for ASCII; everything else byte by byte,
 * `?` being one character of UTF-8.
 */
#include "sigma/inner.h"

#include "base/text.h"
#include "match/text.h"

#define STEPS_MAX ((size_t)1 << 22)

static struct pattern
pattern_room(struct arena *a, size_t n)
{
	struct pattern p = { arena_array(a, n + 1, sizeof *p.at), 0 };

	return p;
}

struct pattern
pattern_plain(struct arena *a, struct span s)
{
	struct pattern p = pattern_room(a, s.len);

	for (size_t i = 0; p.at != NULL && i < s.len; i++)
		p.at[p.n++] = s.at[i];
	return p;
}

struct pattern
wild_read(struct arena *a, struct span s)
{
	struct pattern p = pattern_room(a, s.len);

	for (size_t i = 0; p.at != NULL && i < s.len; i++) {
		uint8_t c = s.at[i];
		uint8_t next = i + 1 < s.len ? s.at[i + 1] : 0;

		if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
			p.at[p.n++] = next;
			i++;
		} else if (c == '*') {
			if (p.n == 0 || p.at[p.n - 1] != SIGN_ANY)
				p.at[p.n++] = SIGN_ANY;
		} else {
			p.at[p.n++] = c == '?' ? (uint16_t)SIGN_ONE : c;
		}
	}
	return p;
}

struct pattern
pattern_around(struct arena *a, struct pattern p, bool before, bool behind)
{
	struct pattern q = pattern_room(a, p.n + 2);

	if (q.at == NULL)
		return q;
	if (before && (p.n == 0 || p.at[0] != SIGN_ANY))
		q.at[q.n++] = SIGN_ANY;
	for (size_t i = 0; i < p.n; i++)
		q.at[q.n++] = p.at[i];
	if (behind && (q.n == 0 || q.at[q.n - 1] != SIGN_ANY))
		q.at[q.n++] = SIGN_ANY;
	return q;
}

bool
pattern_is_plain(struct pattern p)
{
	for (size_t i = 0; i < p.n; i++)
		if (p.at[i] > 0xff)
			return false;
	return true;
}

struct span
pattern_bytes(struct arena *a, struct pattern p)
{
	uint8_t *to = arena_alloc(a, p.n + 1);

	for (size_t i = 0; to != NULL && i < p.n; i++)
		to[i] = (uint8_t)p.at[i];
	return to == NULL ? SPAN_EMPTY : span_of(to, p.n);
}

/* A dash that begins an option: no word before it, a word behind. */
void
pattern_windash(struct pattern p)
{
	for (size_t i = 0; i < p.n; i++) {
		bool word_before = i > 0 && p.at[i - 1] < 0x100 &&
		    text_is_word((uint8_t)p.at[i - 1]);
		bool word_behind = i + 1 < p.n && p.at[i + 1] < 0x100 &&
		    text_is_word((uint8_t)p.at[i + 1]);

		if ((p.at[i] == '-' || p.at[i] == '/') && !word_before &&
		    word_behind)
			p.at[i] = SIGN_DASH;
	}
}

static uint16_t
small(uint16_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint16_t)(c + ('a' - 'A')) : c;
}

bool
text_test_make(
    struct arena *a, struct pattern p, bool cased, struct text_test *t)
{
	bool before = p.n > 0 && p.at[0] == SIGN_ANY;
	bool behind = p.n > (before ? 1U : 0U) && p.at[p.n - 1] == SIGN_ANY;
	struct pattern inner = { p.at + (before ? 1 : 0),
		p.n - (before ? 1U : 0U) - (behind ? 1U : 0U) };

	*t = (struct text_test){ .cased = cased };
	if (p.at == NULL)
		return false;
	for (size_t i = 0; i < p.n && !cased; i++)
		p.at[i] = small(p.at[i]);
	t->glob = p;
	if (!pattern_is_plain(inner)) {
		t->shape = SHAPE_GLOB;
		return true;
	}
	/* A lone * has an empty middle, which everything begins with. */
	t->shape = before ? (behind || inner.n == 0 ? SHAPE_HAS : SHAPE_ENDS)
			  : (behind ? SHAPE_BEGINS : SHAPE_IS);
	t->plain = pattern_bytes(a, inner);
	return t->plain.at != NULL;
}

static uint8_t
byte_small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Are the bytes of s at `at` those of p? */
static bool
same_at(struct span s, size_t at, struct span p, bool cased)
{
	if (at > s.len || s.len - at < p.len)
		return false;
	for (size_t i = 0; i < p.len; i++)
		if ((cased ? s.at[at + i] : byte_small(s.at[at + i])) !=
		    p.at[i])
			return false;
	return true;
}

static bool
has(struct span s, struct span p, bool cased)
{
	if (!cased)
		return text_find(s, p, 0) != SIZE_MAX;
	return p.len == 0 ||
	    (s.len >= p.len && memmem(s.at, s.len, p.at, p.len) != NULL);
}

/* Bytes of s at `at` that one sign takes; 0: none. */
static size_t
sign_takes(uint16_t sign, struct span s, size_t at, bool cased)
{
	static const char *const dash[] = { "-", "/", "\xE2\x80\x93",
		"\xE2\x80\x94", "\xE2\x80\x95" };
	struct span rest = span_slice(s, at, SIZE_MAX);
	size_t n;

	if (rest.len == 0)
		return 0;
	if (sign == SIGN_ONE) {
		n = text_rune(span_slice(rest, 0, 4), NULL);
		return n == 0 ? 1 : n;
	}
	if (sign == SIGN_DASH) {
		for (size_t i = 0; i < sizeof dash / sizeof dash[0]; i++)
			if (span_starts(rest, dash[i]))
				return strlen(dash[i]);
		return 0;
	}
	return (cased ? rest.at[0] : byte_small(rest.at[0])) == sign ? 1 : 0;
}

/* Wildcards: on a mismatch the last * takes one byte more. Steps are bounded;
 * a record made so that they do not suffice is taken as fitting, so that
 * nobody can hide behind them. */
static bool
glob(struct pattern p, struct span s, bool cased)
{
	size_t i = 0, k = 0, star = SIZE_MAX, held = 0, took;
	size_t steps = 0;

	while (k < s.len) {
		if (++steps > STEPS_MAX)
			return true;
		if (i < p.n && p.at[i] == SIGN_ANY) {
			star = i++;
			held = k;
		} else if (i < p.n &&
		    (took = sign_takes(p.at[i], s, k, cased)) > 0) {
			i++;
			k += took;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			k = ++held;
		} else {
			return false;
		}
	}
	while (i < p.n && p.at[i] == SIGN_ANY)
		i++;
	return i == p.n;
}

bool
text_test_fits(const struct text_test *t, struct span s)
{
	switch (t->shape) {
	case SHAPE_IS:
		return s.len == t->plain.len &&
		    same_at(s, 0, t->plain, t->cased);
	case SHAPE_BEGINS:
		return same_at(s, 0, t->plain, t->cased);
	case SHAPE_ENDS:
		return s.len >= t->plain.len &&
		    same_at(s, s.len - t->plain.len, t->plain, t->cased);
	case SHAPE_HAS:
		return has(s, t->plain, t->cased);
	default:
		return glob(t->glob, s, t->cased);
	}
}
