/*
 * report/question.c: paths and queries taken apart.
 */
#include "report/report.h"

#include "base/text.h"

/* Percent-decoding into the arena; at NULL when it is malformed. */
static struct span
decode(struct arena *a, struct span s, bool plus)
{
	char *to = arena_alloc(a, s.len + 1);
	size_t n = 0;

	if (to == NULL)
		return SPAN_EMPTY;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c == '%') {
			if (!text_unhex_fixed(span_slice(s, i + 1, 2), &c, 1) ||
			    c == '\0')
				return SPAN_EMPTY;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		to[n++] = (char)c;
	}
	if (!text_valid(span_of(to, n)))
		return SPAN_EMPTY;
	return span_of(to, n);
}

unsigned
question_split(
    struct arena *a, struct span path, struct span *part, unsigned max)
{
	struct cursor c = cursor_of(path);
	unsigned n = 0;

	if (path.len == 0 || path.at[0] != '/')
		return 0;
	(void)cursor_u8(&c);
	while (c.pos < c.all.len || (n > 0 && path.at[path.len - 1] == '/')) {
		struct span p = cursor_until(&c, '/', NULL);

		if (n == max || p.len == 0)
			return 0;
		part[n] = decode(a, p, false);
		if (part[n++].at == NULL)
			return 0;
	}
	return n;
}

struct span
question_param(struct arena *a, struct span query, const char *name)
{
	struct cursor c = cursor_of(query);

	while (c.pos < c.all.len) {
		struct cursor pair = cursor_of(cursor_until(&c, '&', NULL));
		struct span key = cursor_until(&pair, '=', NULL);

		if (span_is(key, name))
			return decode(a, cursor_rest(&pair), true);
	}
	return SPAN_EMPTY;
}
