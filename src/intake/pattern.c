/*
 * intake/pattern.c: patterns of log messages, read from what people wrote.
 */
#include "intake/pattern_own.h"

static const struct {
	const char *name;
	enum type type;
} types[] = {
	{ "word", WORD },
	{ "ip", IP },
	{ "number", NUMBER },
	{ "quoted", QUOTED },
	{ "rest", REST },
	{ "end", END },
	{ "blank", BLANK },
	{ "hex", HEX },
	{ "decimal", DECIMAL },
	{ "time", TIME },
};

/* The text in 'single' or "double" quotes that all of s is. */
static bool
quoted_read(struct span s, struct span *text)
{
	if (s.len < 3 || (s.at[0] != '\'' && s.at[0] != '"') ||
	    s.at[s.len - 1] != s.at[0])
		return false;
	*text = span_slice(s, 1, s.len - 2);
	return true;
}

/* The type of a capture, and the text it may have. */
static bool
type_read(struct span s, struct part *p)
{
	if (span_starts(s, "until ")) {
		p->type = UNTIL;
		return quoted_read(span_slice(s, 6, SIZE_MAX), &p->text);
	}
	if (span_starts(s, "until-last ")) {
		p->type = UNTIL_LAST;
		return quoted_read(span_slice(s, 11, SIZE_MAX), &p->text);
	}
	if (span_starts(s, "until-any ")) {
		p->type = UNTIL_ANY;
		return quoted_read(span_slice(s, 10, SIZE_MAX), &p->text);
	}
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (span_is(s, types[i].name)) {
			p->type = types[i].type;
			return true;
		}
	return false;
}

/* The slot of a name, new or known; false when there are too many. */
static bool
slot_of(struct pattern_names *names, struct span name, size_t *slot)
{
	*slot = NO_SLOT;
	if (span_is(name, "-"))
		return true;
	for (size_t i = 0; i < names->n; i++)
		if (span_equal(names->name[i], name)) {
			*slot = i;
			return true;
		}
	if (names->n == PATTERN_SLOTS_MAX)
		return false;
	*slot = names->n;
	names->name[names->n++] = name;
	return true;
}

/* The percent sign that closes a capture: not one inside quotes. */
static size_t
capture_end(struct span s)
{
	uint8_t quote = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '%')
			return i;
	}
	return SIZE_MAX;
}

/* Reads the inside of "%NAME:TYPE%" into a part. */
static enum err
capture_read(struct span s, size_t at, struct pattern_names *names,
    struct part *p, struct fault *why)
{
	size_t colon = span_find(s, ':');
	struct span name = span_slice(s, 0, colon);

	if (colon == SIZE_MAX || name.len == 0)
		return fault_set(why, ERR_SYNTAX,
		    "character %zu: a capture is %%NAME:TYPE%%", at + 1);
	if (!type_read(span_slice(s, colon + 1, SIZE_MAX), p))
		return fault_set(why, ERR_SYNTAX,
		    "character %zu: unknown type \"%.*s\"", at + 1,
		    (int)(s.len - colon - 1), s.at + colon + 1);
	if (!slot_of(names, name, &p->slot))
		return fault_set(why, ERR_LIMIT,
		    "character %zu: more than %d captures", at + 1,
		    PATTERN_SLOTS_MAX);
	return ERR_OK;
}

/* Reads one part at *at of s and moves past it. */
static enum err
part_read(struct span s, size_t *at, struct pattern_names *names,
    struct part *p, struct fault *why)
{
	struct span rest = span_slice(s, *at, SIZE_MAX);
	size_t n = span_find(rest, '%'), end;
	enum err e;

	*p = (struct part){ .type = LITERAL, .slot = NO_SLOT };
	if (n != 0) {
		p->text = span_slice(rest, 0, n);
		*at += p->text.len;
		return ERR_OK;
	}
	if (span_starts(rest, "%%")) {
		p->text = span_slice(rest, 0, 1);
		*at += 2;
		return ERR_OK;
	}
	end = capture_end(span_slice(rest, 1, SIZE_MAX));
	if (end == SIZE_MAX)
		return fault_set(why, ERR_SYNTAX,
		    "character %zu: capture without closing %%", *at + 1);
	e = capture_read(span_slice(rest, 1, end), *at, names, p, why);
	*at += end + 2;
	return e;
}

/* Which byte of a text stands least often in log messages: marks before
 * letters, blanks last. */
static size_t
rarest(struct span s)
{
	size_t best = 0;
	unsigned least = 4;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];
		unsigned often = 1;

		if (c == ' ')
			often = 3;
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			often = 2;
		if (often < least) {
			least = often;
			best = i;
		}
	}
	return best;
}

enum err
pattern_read(struct arena *a, struct span text, struct pattern_names *names,
    struct pattern **out, struct fault *why)
{
	struct pattern *t = arena_alloc(a, sizeof *t);
	struct span s = arena_copy(a, text);
	size_t at = 0;
	enum err e;

	if (t == NULL || s.at == NULL)
		return fault_set(why, ERR_MEMORY, "pattern");
	if (s.len == 0)
		return fault_set(why, ERR_SYNTAX, "the pattern is empty");
	while (at < s.len) {
		if (t->n == PATTERN_PARTS_MAX)
			return fault_set(why, ERR_LIMIT,
			    "character %zu: more than %d parts", at + 1,
			    PATTERN_PARTS_MAX);
		e = part_read(s, &at, names, &t->part[t->n], why);
		if (e != ERR_OK)
			return e;
		t->part[t->n].rare = rarest(t->part[t->n].text);
		t->n++;
	}
	t->names = names;
	*out = t;
	return ERR_OK;
}
