/*
 * pack/canonical.c: the one form of a JSON value that is hashed.
 *
 * Source: RFC 8785 (JSON canonicalization), but keys sort by their bytes.
 * Two programs that hold the same value write the same bytes.
 */
#include "pack/json.h"

#include <stdlib.h>

static void value(struct buf *b, const json_t *v, unsigned depth);

/* A string in quotes; only what must be escaped is (section 3.2.2.2). */
static void
text(struct buf *b, const char *s, size_t len)
{
	static const char letter[32] = { ['\b'] = 'b',
		['\t'] = 't',
		['\n'] = 'n',
		['\f'] = 'f',
		['\r'] = 'r' };
	size_t from = 0;

	buf_u8(b, '"');
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, s + from, i - from);
		from = i + 1;
		if (c >= 0x20)
			buf_printf(b, "\\%c", c);
		else if (letter[c] != '\0')
			buf_printf(b, "\\%c", letter[c]);
		else
			buf_printf(b, "\\u%04x", c);
	}
	buf_add(b, s + from, len - from);
	buf_u8(b, '"');
}

/* The shortest digits that read back as v > 0, and where the point stands:
 * v = 0.DIGITS x 10^point. Returns how many; 0 without memory. */
static int
shortest(double v, char digits[static 20], int *point)
{
	struct buf form;
	int n = 0, prec = 0;

	buf_init(&form, 64);
	do {
		buf_reset(&form);
		buf_printf(&form, "%.*e", prec, v);
	} while (buf_error(&form) == ERR_OK &&
	    strtod(buf_string(&form), NULL) != v && ++prec < 17);
	if (buf_error(&form) == ERR_OK) {
		const char *p = buf_string(&form);

		for (; *p != 'e' && n < 19; p++)
			if (*p >= '0' && *p <= '9')
				digits[n++] = *p;
		*point = (int)strtol(p + 1, NULL, 10) + 1;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	buf_clear(&form);
	return n;
}

/* A number with a fraction, as ECMAScript writes it (section 3.2.2.3). */
static void
number(struct buf *b, double v)
{
	char digits[20];
	int point = 0, n;

	if (v < 0)
		buf_u8(b, '-');
	if (v == 0) {
		buf_u8(b, '0');
		return;
	}
	if ((n = shortest(v < 0 ? -v : v, digits, &point)) == 0) {
		if (buf_error(b) == ERR_OK)
			b->bad = ERR_MEMORY;
		return;
	}
	if (point > 21 || point < -5) {
		buf_u8(b, (uint8_t)digits[0]);
		if (n > 1)
			buf_printf(b, ".%.*s", n - 1, digits + 1);
		buf_printf(b, "e%+d", point - 1);
	} else if (point <= 0) {
		buf_printf(b, "0.%.*s%.*s", -point, "00000", n, digits);
	} else if (n <= point) {
		buf_printf(b, "%.*s%.*s", n, digits, point - n,
		    "00000000000000000000");
	} else {
		buf_printf(
		    b, "%.*s.%.*s", point, digits, n - point, digits + point);
	}
}

/* The place of a member of an object, to be sorted. */
struct member {
	const char *key;
	size_t len;
	const json_t *value;
};

static int
by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->key, y->key, n);

	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

static void
object(struct buf *b, const json_t *o, unsigned depth)
{
	size_t n = json_object_size(o), at = 0;
	struct member *m = calloc(n + 1, sizeof *m);

	if (m == NULL) {
		if (buf_error(b) == ERR_OK)
			b->bad = ERR_MEMORY;
		return;
	}
	/* jansson's walk changes nothing, but does not say so. */
	for (void *i = json_object_iter((json_t *)(uintptr_t)o); i != NULL;
	     i = json_object_iter_next((json_t *)(uintptr_t)o, i))
		m[at++] = (struct member){ json_object_iter_key(i),
			json_object_iter_key_len(i),
			json_object_iter_value(i) };
	qsort(m, n, sizeof *m, by_key);
	buf_u8(b, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_u8(b, ',');
		text(b, m[i].key, m[i].len);
		buf_u8(b, ':');
		value(b, m[i].value, depth);
	}
	buf_u8(b, '}');
	free(m);
}

static void
array(struct buf *b, const json_t *a, unsigned depth)
{
	buf_u8(b, '[');
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (i > 0)
			buf_u8(b, ',');
		value(b, json_array_get(a, i), depth);
	}
	buf_u8(b, ']');
}

/* Any value; depth counts the objects and arrays around it. */
static void
value(struct buf *b, const json_t *v, unsigned depth)
{
	if (v == NULL || json_is_null(v))
		buf_text(b, "null");
	else if (json_is_boolean(v))
		buf_text(b, json_is_true(v) ? "true" : "false");
	else if (json_is_integer(v))
		buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		number(b, json_real_value(v));
	else if (json_is_string(v))
		text(b, json_string_value(v), json_string_length(v));
	else if (depth >= JSON_DEPTH_MAX && buf_error(b) == ERR_OK)
		b->bad = ERR_LIMIT;
	else if (json_is_object(v))
		object(b, v, depth + 1);
	else
		array(b, v, depth + 1);
}

void
json_canonical(struct buf *b, const json_t *v)
{
	value(b, v, 0);
}
