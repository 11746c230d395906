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

size_t
text_cut(const char *s, size_t max)
{
	struct span tail;
	size_t back = 0;

	/* Step back over continuation bytes to the last lead byte. */
	while (back < max && back < 4 &&
	    ((uint8_t)s[max - 1 - back] & 0xC0) == 0x80)
		back++;
	if (back >= max || back >= 4)
		return max;
	if ((uint8_t)s[max - 1 - back] < 0x80)
		return max;
	tail = span_of(s + (max - 1 - back), back + 1);
	return text_rune(tail, NULL) == back + 1 ? max : max - 1 - back;
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

	if (s.len % 2 != 0 || (to = buf_room(b, s.len / 2)) == NULL)
		return false;
	if (!text_unhex_fixed(s, to, s.len / 2))
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

bool
text_unbase64(struct buf *b, struct span s)
{
	size_t start = b->len;
	size_t pad = 0;

	if (s.len % 4 != 0)
		return false;
	while (pad < 2 && pad < s.len && s.at[s.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < s.len; i += 4) {
		size_t n = i + 4 == s.len ? 4 - pad : 4;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = k < n ? base64_value(s.at[i + k]) : 0;

			if (d < 0)
				goto bad;
			v = v << 6 | (uint32_t)d;
		}
		/* Bits that no byte needs must be zero: one form per value. */
		if ((n == 3 && (v & 0xFF) != 0) || (n == 2 && (v & 0xFFFF) != 0))
			goto bad;
		buf_u8(b, (uint8_t)(v >> 16));
		if (n > 2)
			buf_u8(b, (uint8_t)(v >> 8));
		if (n > 3)
			buf_u8(b, (uint8_t)v);
	}
	if (b->bad == ERR_OK)
		return true;
bad:
	b->len = start < b->len ? start : b->len;
	return false;
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
