/*
 * base/text.c: UTF-8 and the plain encodings.
 */
#include "base/text.h"

/* A continuation byte's six bits are added; false if it is none. */
static bool
follow(struct span s, size_t at, uint32_t *cp)
{
	if (at >= s.len || (s.at[at] & 0xC0) != 0x80)
		return false;
	*cp = *cp << 6 | (s.at[at] & 0x3FU);
	return true;
}

size_t
text_rune(struct span s, uint32_t *cp)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t v;
	size_t n;

	if (s.len == 0)
		return 0;
	v = s.at[0];
	if (v < 0x80)
		n = 1;
	else if (v >= 0xC2 && v <= 0xDF)
		n = 2;
	else if (v >= 0xE0 && v <= 0xEF)
		n = 3;
	else if (v >= 0xF0 && v <= 0xF4)
		n = 4;
	else
		return 0;
	if (n > 1)
		v &= 0xFFU >> (n + 1);
	for (size_t i = 1; i < n; i++)
		if (!follow(s, i, &v))
			return 0;
	if (v < least[n] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
		return 0;
	if (cp != NULL)
		*cp = v;
	return n;
}

bool
text_valid(struct span s)
{
	while (s.len > 0) {
		size_t n = text_rune(s, NULL);

		if (n == 0)
			return false;
		s = span_slice(s, n, SIZE_MAX);
	}
	return true;
}

/* True when tail is the beginning of a character whose rest is missing. */
static bool
is_cut(struct span tail)
{
	uint8_t low[4] = { 0x80, 0x80, 0x80, 0x80 };
	uint8_t high[4] = { 0xBF, 0xBF, 0xBF, 0xBF };
	uint8_t c = tail.at[0];
	size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;

	if (c < 0xC2 || tail.len >= n)
		return false;
	memcpy(low, tail.at, tail.len);
	memcpy(high, tail.at, tail.len);
	return text_rune(span_of(low, n), NULL) == n ||
	    text_rune(span_of(high, n), NULL) == n;
}

size_t
text_cut(const char *s, size_t max)
{
	/* Only a character of 2 to 4 bytes can be cut, 1 to 3 before max. */
	for (size_t back = 1; back <= 3 && back <= max; back++)
		if (is_cut(span_of(s + (max - back), back)))
			return max - back;
	return max;
}

size_t
text_scrub(struct buf *b, struct span s)
{
	size_t bad = 0;

	while (s.len > 0) {
		size_t n = text_rune(s, NULL);

		if (n == 0 || s.at[0] == '\0') {
			buf_text(b, "\xEF\xBF\xBD");
			bad++;
			n = 1;
		} else {
			buf_add(b, s.at, n);
		}
		s = span_slice(s, n, SIZE_MAX);
	}
	return bad;
}

void
text_hex(struct buf *b, struct span s)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len; i++) {
		buf_u8(b, (uint8_t)digit[s.at[i] >> 4]);
		buf_u8(b, (uint8_t)digit[s.at[i] & 15]);
	}
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
text_unhex_fixed(struct span s, uint8_t *to, size_t len)
{
	if (s.len != 2 * len)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (hex_value(s.at[i]) < 0)
			return false;
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(hex_value(s.at[2 * i]) << 4 |
		    hex_value(s.at[2 * i + 1]));
	return true;
}

bool
text_unhex(struct buf *b, struct span s)
{
	uint8_t *to;

	if (s.len % 2 != 0)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (hex_value(s.at[i]) < 0)
			return false;
	if ((to = buf_room(b, s.len / 2)) == NULL ||
	    !text_unhex_fixed(s, to, s.len / 2))
		return false;
	buf_took(b, s.len / 2);
	return true;
}

static const char base64_digit[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
text_base64(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		uint32_t v = (uint32_t)s.at[i] << 16;

		if (n > 1)
			v |= (uint32_t)s.at[i + 1] << 8;
		if (n > 2)
			v |= s.at[i + 2];
		buf_u8(b, (uint8_t)base64_digit[v >> 18]);
		buf_u8(b, (uint8_t)base64_digit[v >> 12 & 63]);
		buf_u8(b, n > 1 ? (uint8_t)base64_digit[v >> 6 & 63] : '=');
		buf_u8(b, n > 2 ? (uint8_t)base64_digit[v & 63] : '=');
	}
}

static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* The value of up to four digits, of which `n` count; -1 if it has no or
 * another form. */
static int64_t
base64_group(const uint8_t *at, size_t n)
{
	int64_t v = 0;

	for (size_t k = 0; k < 4; k++) {
		int d = k < n ? base64_value(at[k]) : 0;

		if (d < 0)
			return -1;
		v = v << 6 | d;
	}
	/* Bits that no byte needs must be zero: one form per value. */
	if ((n == 3 && (v & 0xFF) != 0) || (n == 2 && (v & 0xFFFF) != 0))
		return -1;
	return v;
}

bool
text_unbase64(struct buf *b, struct span s)
{
	size_t pad = 0, n = 0;
	uint8_t *to;

	if (s.len % 4 != 0)
		return false;
	while (pad < 2 && pad < s.len && s.at[s.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < s.len; i += 4)
		if (base64_group(s.at + i, i + 4 == s.len ? 4 - pad : 4) < 0)
			return false;
	if ((to = buf_room(b, s.len / 4 * 3 - pad)) == NULL)
		return false;
	for (size_t i = 0; i < s.len; i += 4) {
		size_t digits = i + 4 == s.len ? 4 - pad : 4;
		int64_t v = base64_group(s.at + i, digits);

		for (size_t k = 0; k + 1 < digits; k++)
			to[n++] = (uint8_t)(v >> (16 - 8 * k));
	}
	buf_took(b, n);
	return true;
}

bool
text_is_name(struct span s, size_t max)
{
	if (s.len == 0 || s.len > max || s.at[0] == '-' || s.at[0] == '.' ||
	    s.at[0] == '_')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_' || c == '.'))
			return false;
	}
	return true;
}
