/*
 * intake/scan.h: finding a byte in short texts, eight at a time.
 *
 * Values of log messages are about ten bytes long: a call of memchr costs
 * more than they do.
 */
#ifndef INTAKE_SCAN_H
#define INTAKE_SCAN_H

#include "base/span.h"

#define SCAN_ONES UINT64_C(0x0101010101010101)
#define SCAN_HIGHS UINT64_C(0x8080808080808080)

/* scan_first: the byte of the lowest mark in memory order; hit != 0. */
static inline size_t
scan_first(uint64_t hit)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (size_t)__builtin_ctzll(hit) / 8;
#else
	return (size_t)__builtin_clzll(hit) / 8;
#endif
}

/* scan_zero: 0x80 in each byte of w that is zero; marks above (in value) a
 * true one may be false on little-endian machines, so only the lowest is
 * asked for. */
static inline uint64_t
scan_zero(uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (w - SCAN_ONES) & ~w & SCAN_HIGHS;
#else
	return ~(((w & ~SCAN_HIGHS) + ~SCAN_HIGHS) | w) & SCAN_HIGHS;
#endif
}

static inline uint64_t
scan_word(struct span s, size_t from)
{
	uint64_t w;

	memcpy(&w, s.at + from, sizeof w);
	return w;
}

/* scan_for: where a or b first stands at or after `from`; s.len if nowhere. */
static inline size_t
scan_for(struct span s, size_t from, uint8_t a, uint8_t b)
{
	while (from < s.len && s.len - from >= 8) {
		uint64_t w = scan_word(s, from);
		uint64_t hit = scan_zero(w ^ SCAN_ONES * a) |
		    scan_zero(w ^ SCAN_ONES * b);

		if (hit != 0)
			return from + scan_first(hit);
		from += 8;
	}
	while (from < s.len && s.at[from] != a && s.at[from] != b)
		from++;
	return from < s.len ? from : s.len;
}

/* scan_is_blank: a space, tab or line end. */
static inline bool
scan_is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* scan_low: marks bytes up to the space, of which only the lowest is asked
 * for. */
static inline uint64_t
scan_low(uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (w - SCAN_ONES * 0x21) & ~w & SCAN_HIGHS;
#else
	(void)w;
	return SCAN_HIGHS; /* byte by byte */
#endif
}

/* scan_word_end: where a blank, or `mark`, first stands at or after `from`;
 * s.len if nowhere. */
static inline size_t
scan_word_end(struct span s, size_t from, uint8_t mark)
{
	while (from < s.len && s.len - from >= 8) {
		uint64_t w = scan_word(s, from);
		uint64_t hit = scan_low(w) | scan_zero(w ^ SCAN_ONES * mark);

		if (hit == 0) {
			from += 8;
			continue;
		}
		from += scan_first(hit);
		if (s.at[from] == mark || scan_is_blank(s.at[from]))
			return from;
		from++; /* a control character */
	}
	while (from < s.len && s.at[from] != mark && !scan_is_blank(s.at[from]))
		from++;
	return from < s.len ? from : s.len;
}

/* scan_blank: the first blank at or after `from`; s.len if there is none. */
static inline size_t
scan_blank(struct span s, size_t from)
{
	return scan_word_end(s, from, ' ');
}

/* scan_is_key: a letter, digit, '_', '-' or '.': what keys are made of. */
static inline bool
scan_is_key(uint8_t c)
{
	static const uint64_t set[4] = {
		UINT64_C(0x03FF600000000000), /* 0-9 - . */
		UINT64_C(0x07FFFFFE87FFFFFE), /* A-Z _ a-z */
	};

	return (set[c >> 6] >> (c & 63) & 1) != 0;
}

#endif
