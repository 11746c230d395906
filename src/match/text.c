/*
 * match/text.c: finding words, without case, without surprise.
 */
#include "match/text.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool
is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

bool
text_is_word(uint8_t c)
{
	c = lower(c);
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

void
text_lower(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = lower(at[i]);
}

/* Whether s holds low at `at`; there are bytes enough. */
static bool
stands_at(struct span s, struct span low, size_t at)
{
	for (size_t i = 0; i < low.len; i++)
		if (lower(s.at[at + i]) != low.at[i])
			return false;
	return true;
}

/* Where byte c next stands in s[from, end); end if nowhere. */
static size_t
next_of(struct span s, uint8_t c, size_t from, size_t end)
{
	const uint8_t *p = from < end ? memchr(s.at + from, c, end - from)
				      : NULL;

	return p == NULL ? end : (size_t)(p - s.at);
}

size_t
text_find(struct span s, struct span low, size_t from)
{
	size_t end, small, big;
	uint8_t first, capital;

	if (low.len == 0)
		return from <= s.len ? from : SIZE_MAX;
	if (s.len < low.len)
		return SIZE_MAX;
	end = s.len - low.len + 1;
	first = low.at[0];
	capital = is_letter(first) ? (uint8_t)(first - ('a' - 'A')) : first;
	small = next_of(s, first, from, end);
	big = capital == first ? end : next_of(s, capital, from, end);
	while (small < end || big < end) {
		size_t at = small < big ? small : big;

		if (stands_at(s, low, at))
			return at;
		if (at == small) /* each byte is passed over twice at most */
			small = next_of(s, first, at + 1, end);
		else
			big = next_of(s, capital, at + 1, end);
	}
	return SIZE_MAX;
}

bool
text_has_word(struct span s, struct span low, bool open_left, bool open_right)
{
	size_t at = 0;

	if (low.len == 0)
		return true;
	open_left = open_left || !text_is_word(low.at[0]);
	open_right = open_right || !text_is_word(low.at[low.len - 1]);
	while ((at = text_find(s, low, at)) != SIZE_MAX) {
		size_t after = at + low.len;

		if ((open_left || at == 0 || !text_is_word(s.at[at - 1])) &&
		    (open_right || after == s.len ||
			!text_is_word(s.at[after])))
			return true;
		at++;
	}
	return false;
}

bool
text_glob(struct span s, struct span low)
{
	size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;

	while (i < s.len) {
		if (k < low.len && low.at[k] == '*') {
			star = k++;
			mark = i;
		} else if (k < low.len && lower(s.at[i]) == low.at[k]) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			k = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (k < low.len && low.at[k] == '*')
		k++;
	return k == low.len;
}
