/*
 * base/span.c: borrowed bytes and the bounded reader over them.
 */
#include "base/span.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool
span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

bool
span_starts(struct span a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.len >= n && (n == 0 || memcmp(a.at, prefix, n) == 0);
}

bool
span_ends(struct span a, const char *suffix)
{
	size_t n = strlen(suffix);

	return a.len >= n &&
	    (n == 0 || memcmp(a.at + (a.len - n), suffix, n) == 0);
}

size_t
span_find(struct span a, uint8_t c)
{
	const uint8_t *p = a.len == 0 ? NULL : memchr(a.at, c, a.len);

	return p == NULL ? SIZE_MAX : (size_t)(p - a.at);
}

size_t
span_find_text(struct span a, const char *s)
{
	size_t n = strlen(s);
	const uint8_t *p;

	if (n == 0)
		return 0;
	p = a.len < n ? NULL : memmem(a.at, a.len, s, n);
	return p == NULL ? SIZE_MAX : (size_t)(p - a.at);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span
span_trim(struct span a)
{
	while (a.len > 0 && is_blank(a.at[0]))
		a = span_of(a.at + 1, a.len - 1);
	while (a.len > 0 && is_blank(a.at[a.len - 1]))
		a.len--;
	return a;
}

bool
span_number(struct span a, uint64_t max, uint64_t *n)
{
	uint64_t v = 0;

	if (a.len == 0)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.at[i] < '0' || a.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(a.at[i] - '0'), &v) ||
		    v > max)
			return false;
	}
	*n = v;
	return true;
}

struct span
cursor_until(struct cursor *c, uint8_t stop, bool *found)
{
	struct span rest = span_slice(c->all, c->pos, SIZE_MAX);
	size_t at = c->bad ? SIZE_MAX : span_find(rest, stop);

	if (found != NULL)
		*found = at != SIZE_MAX;
	if (at == SIZE_MAX)
		return cursor_rest(c);
	c->pos += at + 1;
	return span_slice(rest, 0, at);
}
