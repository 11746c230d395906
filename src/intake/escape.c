/*
 * intake/escape.c: values without the escapes of their form.
 *
 * Source   RFC 8259 section 7; RFC 5424 section 6.3.3; the CEF guide.
 */
#include "intake/escape.h"

static bool
hex_digit(uint8_t c, uint32_t *v)
{
	if (c >= '0' && c <= '9')
		*v = (uint32_t)(c - '0');
	else if ((c | 32) >= 'a' && (c | 32) <= 'f')
		*v = (uint32_t)((c | 32) - 'a' + 10);
	else
		return false;
	return true;
}

/* Four hex digits at i of s. */
static bool
hex4(struct span s, size_t i, uint32_t *v)
{
	struct span digits = span_slice(s, i, 4);
	uint32_t one;

	*v = 0;
	for (size_t k = 0; k < digits.len; k++) {
		if (!hex_digit(digits.at[k], &one))
			return false;
		*v = *v * 16 + one;
	}
	return digits.len == 4;
}

/* Writes a code point as UTF-8; the bytes written. */
static size_t
rune_put(uint8_t *to, uint32_t cp)
{
	if (cp < 0x80) {
		to[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (uint8_t)(0xC0 | cp >> 6);
		to[1] = (uint8_t)(0x80 | (cp & 63));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (uint8_t)(0xE0 | cp >> 12);
		to[1] = (uint8_t)(0x80 | (cp >> 6 & 63));
		to[2] = (uint8_t)(0x80 | (cp & 63));
		return 3;
	}
	to[0] = (uint8_t)(0xF0 | cp >> 18);
	to[1] = (uint8_t)(0x80 | (cp >> 12 & 63));
	to[2] = (uint8_t)(0x80 | (cp >> 6 & 63));
	to[3] = (uint8_t)(0x80 | (cp & 63));
	return 4;
}

/* "\uXXXX", and its second half where it has one; the bytes read from s. */
static size_t
unicode_read(struct span s, size_t i, uint32_t *cp)
{
	uint32_t low;

	if (!hex4(s, i + 2, cp)) {
		*cp = '?'; /* one byte: the text may not grow */
		return 2;
	}
	if (*cp < 0xD800 || *cp > 0xDFFF)
		return 6;
	if (*cp < 0xDC00 && i + 7 < s.len && s.at[i + 6] == '\\' &&
	    s.at[i + 7] == 'u' && hex4(s, i + 8, &low) && low >= 0xDC00 &&
	    low <= 0xDFFF) {
		*cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
		return 12;
	}
	*cp = 0xFFFD; /* half a pair */
	return 6;
}

/* A JSON string without its escapes. */
static struct span
json_undo(struct arena *a, struct span s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint8_t *out = arena_alloc(a, s.len + 3);
	size_t n = 0, i = 0;

	if (out == NULL)
		return SPAN_EMPTY;
	while (i < s.len) {
		const char *known;
		uint32_t cp;

		if (s.at[i] != '\\' || i + 1 == s.len) {
			out[n++] = s.at[i++];
			continue;
		}
		if (s.at[i + 1] == 'u') {
			i += unicode_read(s, i, &cp);
			n += rune_put(out + n, cp);
			continue;
		}
		known = s.at[i + 1] == 0 ? NULL : strchr(from, s.at[i + 1]);
		out[n++] = known == NULL ? s.at[i + 1]
					 : (uint8_t)to[known - from];
		i += 2;
	}
	return span_of(out, n);
}

/* Without the backslashes before marks; "\\n" is a line's end. */
static size_t
marks_undo(uint8_t *out, struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t next = i + 1 < s.len ? s.at[i + 1] : 0;

		if (s.at[i] == '\\' &&
		    (next == '\\' || next == '"' || next == '\'' ||
			next == ']' || next == '=' || next == '|' ||
			next == 'n')) {
			out[n++] = next == 'n' ? '\n' : next;
			i++;
		} else {
			out[n++] = s.at[i];
		}
	}
	return n;
}

/* One of every two quotes. */
static size_t
twice_undo(uint8_t *out, struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		out[n++] = s.at[i];
		if (s.at[i] == '"' && i + 1 < s.len && s.at[i + 1] == '"')
			i++;
	}
	return n;
}

/* Bytes from hex digits; NULs between arguments become spaces. */
static size_t
hex_undo(uint8_t *out, struct span s)
{
	size_t n = s.len / 2;

	for (size_t i = 0; i < n; i++) {
		uint32_t high, low;

		if (!hex_digit(s.at[2 * i], &high) ||
		    !hex_digit(s.at[2 * i + 1], &low)) {
			memcpy(out, s.at, s.len);
			return s.len;
		}
		out[i] = (uint8_t)(high << 4 | low);
		if (out[i] == 0)
			out[i] = ' ';
	}
	return n;
}

struct span
escape_undo(struct arena *a, struct span s, enum escape how)
{
	uint8_t *out;

	if (how == ESCAPE_NONE)
		return s;
	if (how == ESCAPE_JSON)
		return json_undo(a, s);
	if ((out = arena_alloc(a, s.len)) == NULL)
		return SPAN_EMPTY;
	if (how == ESCAPE_MARK)
		return span_of(out, marks_undo(out, s));
	if (how == ESCAPE_TWICE)
		return span_of(out, twice_undo(out, s));
	return span_trim(span_of(out, hex_undo(out, s)));
}
