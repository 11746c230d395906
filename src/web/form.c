/*
 * web/form.c: urlencoded forms, query strings and cookies.
 *
 * About     what a browser sends as text: every byte hostile and bounded.
 * Runs      in the web process.
 * Source    WHATWG URL, RFC 3986, RFC 6265.
 */
#include "web/form.h"

#include "base/text.h"

#include <assert.h>

/* One hex digit's value, or -1. */
static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

const char *
form_unescape(struct arena *a, struct span s, bool plus)
{
	struct cursor c = cursor_of(s);
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;

	if (out == NULL)
		return NULL;
	while (c.pos < s.len) {
		uint8_t b = cursor_u8(&c);

		if (b == '%') {
			int hi = hex_digit(cursor_u8(&c));
			int lo = hex_digit(cursor_u8(&c));

			if (c.bad || hi < 0 || lo < 0)
				return NULL;
			b = (uint8_t)(hi * 16 + lo);
		} else if (b == '+' && plus) {
			b = ' ';
		}
		if (b == '\0')
			return NULL;
		out[n++] = (char)b;
	}
	out[n] = '\0';
	return text_valid(span_of(out, n)) ? out : NULL;
}

/* Read one "name=value" into *f. */
static enum err
field_read(
    struct arena *a, struct span pair, struct form_field *f, struct fault *why)
{
	struct cursor c = cursor_of(pair);
	struct span name = cursor_until(&c, '=', NULL);
	struct span value = cursor_rest(&c);

	f->name = form_unescape(a, name, true);
	f->value = form_unescape(a, value, true);
	if (f->name == NULL || f->value == NULL)
		return fault_set(why, ERR_SYNTAX,
		    "the form holds a bad escape or text that is not UTF-8");
	return ERR_OK;
}

enum err
form_parse(struct arena *a, struct span s, struct form *f, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct form_field *field;
	unsigned n = 1, at = 0;
	enum err e;

	if (s.len > FORM_BYTES_MAX)
		return fault_set(why, ERR_LIMIT, "the form is too long");
	for (size_t i = 0; i < s.len; i++)
		n += s.at[i] == '&';
	if (n > FORM_FIELDS_MAX)
		return fault_set(
		    why, ERR_LIMIT, "more than %d fields", FORM_FIELDS_MAX);
	if ((field = arena_array(a, n, sizeof *field)) == NULL)
		return fault_set(why, ERR_MEMORY, "form");
	while (c.pos < s.len) {
		struct span pair = cursor_until(&c, '&', NULL);

		if (pair.len == 0)
			continue;
		assert(at < n);
		if ((e = field_read(a, pair, &field[at], why)) != ERR_OK)
			return e;
		at++;
	}
	*f = (struct form){ at, field };
	return ERR_OK;
}

const char *
form_get(const struct form *f, const char *name, const char *or_)
{
	for (unsigned i = 0; i < f->n; i++)
		if (strcmp(f->field[i].name, name) == 0)
			return f->field[i].value;
	return or_;
}

unsigned
form_count(const struct form *f, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++)
		n += strcmp(f->field[i].name, name) == 0;
	return n;
}

void
form_escape(struct buf *b, struct span s)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		    c == '.' || c == '~') {
			buf_u8(b, c);
			continue;
		}
		buf_u8(b, '%');
		buf_u8(b, (uint8_t)digit[c >> 4]);
		buf_u8(b, (uint8_t)digit[c & 15]);
	}
}

struct span
form_cookie(const char *header, const char *name)
{
	struct cursor c = cursor_of(span_text(header));
	struct span found = SPAN_EMPTY;
	bool seen = false;

	while (c.pos < c.all.len) {
		struct span pair = span_trim(cursor_until(&c, ';', NULL));
		struct cursor p = cursor_of(pair);
		bool equals = false;
		struct span key = cursor_until(&p, '=', &equals);

		if (!equals || !span_is(key, name))
			continue;
		if (seen)
			return SPAN_EMPTY;
		seen = true;
		found = cursor_rest(&p);
	}
	return found;
}
