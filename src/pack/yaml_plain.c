/*
 * pack/yaml_plain.c: what a plain word of YAML stands for.
 *
 * Source: YAML 1.2.2 section 10.3 (core schema), without fractions: they and
 * dates stay text.
 */
#include "pack/yaml_inner.h"

/* Digits of one base, all of s; *n within int64 or *fits is false. */
static bool
is_digits(struct span s, unsigned base, bool minus, int64_t *n, bool *fits)
{
	uint64_t v = 0, most = minus ? (uint64_t)1 << 63 : INT64_MAX;

	*fits = true;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];
		unsigned d = 99;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (c | 0x20U) - 'a' + 10;
		if (d >= base)
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v) || v > most)
			*fits = false;
	}
	if (*fits)
		*n = minus ? (int64_t)(0 - v) : (int64_t)v;
	return s.len > 0;
}

/* An integer of the core schema: [-+]?[0-9]+, 0o[0-7]+, 0x[0-9a-fA-F]+. */
static bool
is_integer(struct span s, int64_t *n, bool *fits)
{
	bool sign = span_starts(s, "-") || span_starts(s, "+");

	if (span_starts(s, "0o"))
		return is_digits(span_slice(s, 2, SIZE_MAX), 8, false, n, fits);
	if (span_starts(s, "0x"))
		return is_digits(
		    span_slice(s, 2, SIZE_MAX), 16, false, n, fits);
	return is_digits(span_slice(s, sign ? 1 : 0, SIZE_MAX), 10,
	    span_starts(s, "-"), n, fits);
}

static bool
is_one_of(struct span s, const char *a, const char *b, const char *c)
{
	return span_is(s, a) || span_is(s, b) || span_is(s, c);
}

enum err
yaml_plain(struct span s, json_t **out)
{
	int64_t n = 0;
	bool fits;
	json_t *v;

	if (s.len == 0 || span_is(s, "~") ||
	    is_one_of(s, "null", "Null", "NULL"))
		v = json_null();
	else if (is_one_of(s, "true", "True", "TRUE"))
		v = json_true();
	else if (is_one_of(s, "false", "False", "FALSE"))
		v = json_false();
	else if (!is_integer(s, &n, &fits))
		v = json_stringn_nocheck((const char *)s.at, s.len);
	else if (fits)
		v = json_integer(n);
	else
		return ERR_RANGE;
	if (v == NULL)
		return ERR_MEMORY;
	*out = v;
	return ERR_OK;
}
