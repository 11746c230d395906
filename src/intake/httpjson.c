/*
 * intake/httpjson.c: a JSON reader that builds nothing.
 *
 * Works on  bodies of requests, hostile.
 * Runs in   proc/ingest.c.
 * Source    RFC 8259.
 */
#include "intake/httpjson.h"

#include "base/text.h"

struct httpjson
httpjson_of(struct span s)
{
	return (struct httpjson){ .s = s };
}

static uint8_t
peek(const struct httpjson *j)
{
	return j->pos < j->s.len ? j->s.at[j->pos] : 0;
}

static void
blanks_skip(struct httpjson *j)
{
	while (j->pos < j->s.len) {
		uint8_t c = j->s.at[j->pos];

		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return;
		j->pos++;
	}
}

static bool
fail(struct httpjson *j)
{
	j->bad = true;
	return false;
}

enum httpjson_kind
httpjson_kind(struct httpjson *j)
{
	uint8_t c;

	if (j->bad)
		return HTTPJSON_NOTHING;
	blanks_skip(j);
	c = peek(j);
	if (c == '{')
		return HTTPJSON_OBJECT;
	if (c == '[')
		return HTTPJSON_LIST;
	if (c == '"')
		return HTTPJSON_TEXT;
	if (c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' ||
	    c == 'n')
		return HTTPJSON_LITERAL;
	return HTTPJSON_NOTHING;
}

bool
httpjson_enter(struct httpjson *j, uint8_t open)
{
	if (j->bad)
		return false;
	blanks_skip(j);
	if (peek(j) != open || j->depth == HTTPJSON_DEPTH_MAX)
		return fail(j);
	j->pos++;
	j->depth++;
	j->fresh = true;
	return true;
}

/* Whether another member comes in what ends with `close`. */
static bool
another(struct httpjson *j, uint8_t close)
{
	if (j->bad || j->depth == 0)
		return fail(j);
	blanks_skip(j);
	if (peek(j) == close) {
		j->pos++;
		j->depth--;
		j->fresh = false;
		return false;
	}
	if (!j->fresh) {
		if (peek(j) != ',')
			return fail(j);
		j->pos++;
		blanks_skip(j);
	}
	j->fresh = false;
	return true;
}

bool
httpjson_key(struct httpjson *j, struct httpjson_text *key)
{
	if (!another(j, '}') || !httpjson_text(j, key))
		return false;
	blanks_skip(j);
	if (peek(j) != ':')
		return fail(j);
	j->pos++;
	return true;
}

bool
httpjson_item(struct httpjson *j)
{
	if (!another(j, ']'))
		return false;
	return httpjson_kind(j) != HTTPJSON_NOTHING || fail(j);
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* Passes over what follows a backslash. */
static bool
escape_skip(struct httpjson *j)
{
	uint8_t c = peek(j);

	if (c == 'u') {
		for (unsigned i = 1; i <= 4; i++)
			if (j->pos + i >= j->s.len ||
			    !is_hex(j->s.at[j->pos + i]))
				return fail(j);
		j->pos += 5;
		return true;
	}
	if (c == 0 || strchr("\"\\/bfnrt", c) == NULL)
		return fail(j);
	j->pos++;
	return true;
}

bool
httpjson_text(struct httpjson *j, struct httpjson_text *t)
{
	const uint8_t *at = j->s.at;
	size_t from;
	bool escaped = false;

	if (j->bad)
		return false;
	blanks_skip(j);
	if (peek(j) != '"')
		return fail(j);
	from = ++j->pos;
	for (;;) {
		size_t i = j->pos;

		while (i < j->s.len && at[i] != '"' && at[i] != '\\' &&
		    at[i] >= 0x20)
			i++;
		j->pos = i;
		if (i == j->s.len || at[i] < 0x20)
			return fail(j);
		j->pos++;
		if (at[i] == '"')
			break;
		escaped = true;
		if (!escape_skip(j))
			return false;
	}
	t->raw = span_of(at + from, j->pos - 1 - from);
	t->escaped = escaped;
	return true;
}

/* Passes over digits; false if there is none. */
static bool
digits_skip(struct httpjson *j)
{
	size_t from = j->pos;

	while (j->pos < j->s.len && j->s.at[j->pos] >= '0' &&
	    j->s.at[j->pos] <= '9')
		j->pos++;
	return j->pos > from || fail(j);
}

static bool
number_skip(struct httpjson *j)
{
	if (peek(j) == '-')
		j->pos++;
	if (peek(j) == '0')
		j->pos++;
	else if (!digits_skip(j))
		return false;
	if (peek(j) == '.') {
		j->pos++;
		if (!digits_skip(j))
			return false;
	}
	if (peek(j) == 'e' || peek(j) == 'E') {
		j->pos++;
		if (peek(j) == '+' || peek(j) == '-')
			j->pos++;
		return digits_skip(j);
	}
	return true;
}

bool
httpjson_literal(struct httpjson *j, struct span *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t from;

	if (j->bad)
		return false;
	blanks_skip(j);
	from = j->pos;
	for (unsigned i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (span_is(span_slice(j->s, from, n), words[i])) {
			j->pos += n;
			*s = span_slice(j->s, from, n);
			return true;
		}
	}
	if (!number_skip(j))
		return false;
	*s = span_slice(j->s, from, j->pos - from);
	return true;
}

/* Passes over an object or list and all in it: one loop, no recursion. */
static bool
nest_skip(struct httpjson *j)
{
	unsigned base = j->depth;
	bool object[HTTPJSON_DEPTH_MAX + 1];
	struct httpjson_text t;
	struct span s;

	do {
		switch (httpjson_kind(j)) {
		case HTTPJSON_OBJECT:
			if (!httpjson_enter(j, '{'))
				return false;
			object[j->depth] = true;
			break;
		case HTTPJSON_LIST:
			if (!httpjson_enter(j, '['))
				return false;
			object[j->depth] = false;
			break;
		case HTTPJSON_TEXT:
			if (!httpjson_text(j, &t))
				return false;
			break;
		default:
			if (!httpjson_literal(j, &s))
				return false;
		}
		/* To the next value, leaving what ends here. */
		while (j->depth > base &&
		    !(object[j->depth] ? httpjson_key(j, &t)
				       : httpjson_item(j)))
			if (j->bad)
				return false;
	} while (j->depth > base);
	return true;
}

bool
httpjson_skip(struct httpjson *j, struct span *s)
{
	enum httpjson_kind k = httpjson_kind(j);
	struct httpjson_text t;
	struct span in;
	size_t from = j->pos;
	bool ok;

	if (k == HTTPJSON_TEXT)
		ok = httpjson_text(j, &t);
	else if (k == HTTPJSON_LITERAL)
		ok = httpjson_literal(j, &in);
	else if (k == HTTPJSON_NOTHING)
		ok = fail(j);
	else
		ok = nest_skip(j);
	if (ok && s != NULL)
		*s = span_slice(j->s, from, j->pos - from);
	return ok;
}

struct httpjson_text
httpjson_scalar(struct httpjson *j)
{
	struct httpjson_text t = { SPAN_EMPTY, false };
	enum httpjson_kind k = httpjson_kind(j);

	if (k == HTTPJSON_TEXT) {
		if (!httpjson_text(j, &t))
			t.raw = SPAN_EMPTY;
	} else if (k == HTTPJSON_LITERAL) {
		if (!httpjson_literal(j, &t.raw) || span_is(t.raw, "null"))
			t.raw = SPAN_EMPTY;
	} else {
		(void)httpjson_skip(j, NULL);
	}
	return t;
}

bool
httpjson_done(struct httpjson *j)
{
	if (j->bad || j->depth != 0)
		return false;
	blanks_skip(j);
	return j->pos == j->s.len;
}

/* Four hex digits that were checked when the text was read. */
static uint32_t
hex4(struct span s, size_t at)
{
	uint32_t v = 0;

	for (size_t i = at; i < at + 4 && i < s.len; i++) {
		uint8_t c = s.at[i];

		v = v << 4 |
		    (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return v;
}

static void
rune_put(struct buf *b, uint32_t cp)
{
	if (cp < 0x80) {
		buf_u8(b, (uint8_t)cp);
	} else if (cp < 0x800) {
		buf_u8(b, (uint8_t)(0xC0 | cp >> 6));
		buf_u8(b, (uint8_t)(0x80 | (cp & 0x3F)));
	} else if (cp < 0x10000) {
		buf_u8(b, (uint8_t)(0xE0 | cp >> 12));
		buf_u8(b, (uint8_t)(0x80 | (cp >> 6 & 0x3F)));
		buf_u8(b, (uint8_t)(0x80 | (cp & 0x3F)));
	} else {
		buf_u8(b, (uint8_t)(0xF0 | cp >> 18));
		buf_u8(b, (uint8_t)(0x80 | (cp >> 12 & 0x3F)));
		buf_u8(b, (uint8_t)(0x80 | (cp >> 6 & 0x3F)));
		buf_u8(b, (uint8_t)(0x80 | (cp & 0x3F)));
	}
}

/* The character of "\uXXXX" at `at` (behind the u), or of two that are one;
 * *used is how many bytes it took. */
static uint32_t
unicode_get(struct span s, size_t at, size_t *used)
{
	uint32_t hi = hex4(s, at), lo;

	*used = 4;
	if (hi == 0)
		return 0xFFFD;
	if (hi < 0xD800 || hi > 0xDFFF)
		return hi;
	if (hi > 0xDBFF || at + 10 > s.len || s.at[at + 4] != '\\' ||
	    s.at[at + 5] != 'u')
		return 0xFFFD;
	lo = hex4(s, at + 6);
	if (lo < 0xDC00 || lo > 0xDFFF)
		return 0xFFFD;
	*used = 10;
	return 0x10000 + ((hi - 0xD800) << 10 | (lo - 0xDC00));
}

/* Writes s without its escapes. */
static void
plain_put(struct buf *b, struct span s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t n = span_find(span_slice(s, i, SIZE_MAX), '\\'), used;
		static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
		const char *p;

		if (n == SIZE_MAX)
			n = s.len - i;
		buf_span(b, span_slice(s, i, n));
		i += n + 1;
		if (i >= s.len)
			break;
		if (s.at[i] == 'u') {
			rune_put(b, unicode_get(s, i + 1, &used));
			i += 1 + used;
			continue;
		}
		p = strchr(from, s.at[i]);
		buf_u8(b, p == NULL ? s.at[i] : (uint8_t)to[p - from]);
		i++;
	}
}

struct span
httpjson_plain(struct arena *a, const struct httpjson_text *t)
{
	struct span out;
	struct buf b;

	if (!t->escaped || t->raw.at == NULL)
		return t->raw;
	buf_init(&b, t->raw.len + 4);
	plain_put(&b, t->raw);
	out = buf_error(&b) == ERR_OK ? arena_copy(a, buf_view(&b))
				      : SPAN_EMPTY;
	buf_clear(&b);
	return out;
}

bool
httpjson_is(const struct httpjson_text *key, const char *name)
{
	return !key->escaped && span_is(key->raw, name);
}

/* One byte of a string that cannot stand there by itself. */
static void
byte_quote(struct buf *b, uint8_t c)
{
	static const char names[] = "\"\"\\\\\nn\rr\tt\bb\ff";

	for (size_t i = 0; i + 1 < sizeof names; i += 2)
		if (names[i] == (char)c) {
			buf_u8(b, '\\');
			buf_u8(b, (uint8_t)names[i + 1]);
			return;
		}
	buf_printf(b, "\\u%04x", c);
}

void
httpjson_quote(struct buf *b, struct span s)
{
	size_t from = 0;
	struct buf clean;

	buf_init(&clean, s.len * 3 + 4);
	if (!text_valid(s)) {
		(void)text_scrub(&clean, s);
		s = buf_view(&clean);
	}
	buf_u8(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_span(b, span_slice(s, from, i - from));
		byte_quote(b, c);
		from = i + 1;
	}
	buf_span(b, span_slice(s, from, SIZE_MAX));
	buf_u8(b, '"');
	buf_clear(&clean);
}
