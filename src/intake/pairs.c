/*
 * intake/pairs.c: key=value pairs of a message.
 */
#include "intake/pairs.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_key_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* The end of the value that begins at i: a blank or, quoted, its quote. */
static size_t
value_end(struct span s, size_t i)
{
	bool quoted = i < s.len && s.at[i] == '"';

	for (i += quoted; i < s.len; i++) {
		if (quoted && s.at[i] == '\\')
			i++;
		else if (quoted ? s.at[i] == '"' : is_blank(s.at[i]))
			break;
	}
	return i < s.len ? i : s.len;
}

struct pairs *
pairs_read(struct arena *a, struct span s)
{
	struct pairs *p = arena_alloc(a, sizeof *p);
	size_t i = 0;

	while (p != NULL && i < s.len && p->n < PAIRS_MAX) {
		size_t key = i, end;

		while (i < s.len && is_key_byte(s.at[i]))
			i++;
		if (i > key && i < s.len && s.at[i] == '=') {
			end = value_end(s, i + 1);
			p->key[p->n] = span_slice(s, key, i - key);
			i += i + 1 < s.len && s.at[i + 1] == '"' ? 2 : 1;
			p->value[p->n++] = span_slice(
			    s, i, end > i ? end - i : 0);
			i = end;
		}
		while (i < s.len && !is_blank(s.at[i]))
			i++;
		while (i < s.len && is_blank(s.at[i]))
			i++;
	}
	return p;
}

struct span
pairs_get(const struct pairs *p, struct span key)
{
	for (size_t i = 0; i < p->n; i++)
		if (span_equal(p->key[i], key))
			return p->value[i];
	return SPAN_EMPTY;
}
