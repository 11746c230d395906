/*
 * check/bytes.c: bytes, numbers, base64 and UTF-8, read within bounds.
 */
#include "check/inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
no(struct check_why *why, const char *fmt, ...)
{
	va_list ap;

	if (why != NULL) {
		va_start(ap, fmt);
		(void)vsnprintf(why->text, sizeof why->text, fmt, ap);
		va_end(ap);
	}
	return false;
}

struct check_bytes
bytes_of(const void *at, size_t len)
{
	return (struct check_bytes){ at, len };
}

struct check_bytes
bytes_part(struct check_bytes b, size_t from, size_t len)
{
	if (from > b.len)
		from = b.len;
	if (len > b.len - from)
		len = b.len - from;
	return (struct check_bytes){ len == 0 ? b.at : &b.at[from], len };
}

bool
bytes_same(struct check_bytes a, struct check_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool
bytes_are(struct check_bytes b, const char *text)
{
	return bytes_same(b, bytes_of(text, strlen(text)));
}

struct check_bytes
read_bytes(struct reader *r, size_t len)
{
	struct check_bytes got;

	if (r->bad || len > r->all.len - r->at) {
		r->bad = true;
		return bytes_of(NULL, 0);
	}
	got = bytes_part(r->all, r->at, len);
	r->at += len;
	return got;
}

uint64_t
read_number(struct reader *r, unsigned len)
{
	struct check_bytes b = read_bytes(r, len);
	uint64_t v = 0;

	for (size_t i = 0; i < b.len; i++)
		v = v << 8 | b.at[i];
	return v;
}

bool
read_done(const struct reader *r)
{
	return !r->bad && r->at == r->all.len;
}

bool
read_line(struct reader *r, char end, struct check_bytes *line)
{
	for (size_t i = r->at; i < r->all.len; i++) {
		if (r->all.at[i] != (uint8_t)end)
			continue;
		*line = bytes_part(r->all, r->at, i - r->at);
		r->at = i + 1;
		return true;
	}
	return false;
}

bool
decimal(struct check_bytes b, uint64_t *n)
{
	uint64_t v = 0;

	if (b.len == 0 || b.len > 19 || (b.len > 1 && b.at[0] == '0'))
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (b.at[i] < '0' || b.at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(b.at[i] - '0'); /* 19 digits fit */
	}
	if (v > INT64_MAX)
		return false;
	*n = v;
	return true;
}

size_t
rune(struct check_bytes b, uint32_t *cp)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;
	uint32_t v;

	if (b.len == 0)
		return 0;
	v = b.at[0];
	if (v < 0x80) {
		*cp = v;
		return 1;
	}
	if (v >= 0xc2 && v < 0xe0)
		len = 2;
	else if (v >= 0xe0 && v < 0xf0)
		len = 3;
	else if (v >= 0xf0 && v < 0xf5)
		len = 4;
	else
		return 0;
	if (b.len < len)
		return 0;
	v &= 0xffU >> (len + 1);
	for (size_t i = 1; i < len; i++) {
		if ((b.at[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (b.at[i] & 0x3fU);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*cp = v;
	return len;
}

size_t
check_readable(struct check_bytes s, char *to)
{
	size_t n = 0, at = 0;
	uint32_t cp = 0;

	while (at < s.len) {
		size_t len = rune(bytes_part(s, at, 4), &cp);

		if (len == 0 || cp == 0) {
			memcpy(&to[n], "\xef\xbf\xbd", 3);
			n += 3;
			at++;
			continue;
		}
		memcpy(&to[n], &s.at[at], len);
		n += len;
		at += len;
	}
	to[n] = '\0';
	return n;
}

/* The value of one digit of base64, 64 for what is none. */
static unsigned
digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26U;
	if (c >= '0' && c <= '9')
		return c - '0' + 52U;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

bool
unbase64(struct check_bytes text, struct pool *pool, struct check_bytes *out)
{
	size_t pad = 0, want, n = 0;
	uint32_t bits = 0;
	uint8_t *to;

	if (text.len % 4 != 0)
		return false;
	while (pad < 2 && pad < text.len && text.at[text.len - 1 - pad] == '=')
		pad++;
	want = text.len / 4 * 3 - pad;
	if (want > pool->len - pool->used)
		return false;
	to = &pool->at[pool->used];
	for (size_t i = 0; i < text.len; i++) {
		unsigned v = i >= text.len - pad ? 0 : digit(text.at[i]);

		if (v == 64)
			return false;
		bits = bits << 6 | v;
		for (unsigned k = 0; i % 4 == 3 && k < 3; k++) {
			uint8_t byte = (uint8_t)(bits >> (16 - 8 * k));

			if (n < want)
				to[n++] = byte;
			else if (byte != 0)
				return false; /* not the only spelling */
		}
		if (i % 4 == 3)
			bits = 0;
	}
	pool->used += want;
	*out = bytes_of(to, want);
	return true;
}
