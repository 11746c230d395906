/*
 * intake/pattern.c: patterns of log messages.
 */
#include "intake/pattern.h"

#include <arpa/inet.h>

enum type {
	LITERAL,
	WORD,
	IP,
	NUMBER,
	QUOTED,
	UNTIL,
	UNTIL_LAST,
	REST,
	END,
	BLANK,
};

#define NO_SLOT SIZE_MAX

struct part {
	enum type type;
	struct span text; /* of LITERAL, UNTIL and UNTIL_LAST */
	size_t slot; /* NO_SLOT: thrown away */
};

struct pattern {
	struct part part[PATTERN_PARTS_MAX];
	size_t n;
};

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
		t->n++;
	}
	*out = t;
	return ERR_OK;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where b first (or last) stands in a; SIZE_MAX if nowhere. */
static size_t
find(struct span a, struct span b, bool last)
{
	size_t at = SIZE_MAX, from = 0;

	while (from < a.len) {
		const uint8_t *p = memmem(
		    a.at + from, a.len - from, b.at, b.len);

		if (p == NULL)
			break;
		at = (size_t)(p - a.at);
		if (!last)
			break;
		from = at + 1;
	}
	return at;
}

/* Bytes of a word: to the next blank, or to the literal that follows. */
static size_t
word_len(struct span s, const struct part *next)
{
	size_t n = 0, at;

	while (n < s.len && !is_blank(s.at[n]))
		n++;
	if (next == NULL || next->type != LITERAL)
		return n;
	at = find(span_slice(s, 0, n), next->text, false);
	return at < n ? at : n;
}

/* Bytes of an IPv4 or IPv6 address; 0 if it is none. */
static size_t
ip_len(struct span s)
{
	char text[INET6_ADDRSTRLEN] = { 0 };
	uint8_t to[sizeof(struct in6_addr)];
	size_t n = 0;

	while (n < s.len && s.at[n] != 0 &&
	    strchr("0123456789abcdefABCDEF:.", s.at[n]) != NULL)
		n++;
	/* "192.0.2.7:" and "192.0.2.7." at a sentence's end */
	while (n > 0 &&
	    (s.at[n - 1] == '.' ||
		(s.at[n - 1] == ':' && n > 1 && s.at[n - 2] != ':')))
		n--;
	if (n == 0 || n >= sizeof text)
		return 0;
	memcpy(text, s.at, n);
	if (inet_pton(AF_INET, text, to) != 1 &&
	    inet_pton(AF_INET6, text, to) != 1)
		return 0;
	return n;
}

/* Bytes of a "quoted" text with its quotes; 0 if it is none. */
static size_t
quoted_len(struct span s)
{
	if (!span_starts(s, "\""))
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		if (s.at[i] == '"')
			return i + 1;
		i += s.at[i] == '\\';
	}
	return 0;
}

/* What part p takes at the front of s; false if s does not fit. */
static bool
part_fits(
    const struct part *p, const struct part *next, struct span s, size_t *len)
{
	size_t n = 0;

	switch (p->type) {
	case LITERAL:
		*len = p->text.len;
		return span_equal(span_slice(s, 0, p->text.len), p->text);
	case WORD:
		return (*len = word_len(s, next)) > 0;
	case IP:
		return (*len = ip_len(s)) > 0;
	case NUMBER:
		while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
			n++;
		return (*len = n) > 0;
	case QUOTED:
		return (*len = quoted_len(s)) > 0;
	case UNTIL:
	case UNTIL_LAST:
		*len = find(s, p->text, p->type == UNTIL_LAST);
		return *len != SIZE_MAX;
	case REST:
		*len = s.len;
		return true;
	case BLANK:
		while (n < s.len && is_blank(s.at[n]))
			n++;
		*len = n;
		return true;
	case END:
		*len = 0;
		return span_trim(s).len == 0;
	}
	return false;
}

bool
pattern_fits(const struct pattern *t, struct span s,
    struct span slot[static PATTERN_SLOTS_MAX])
{
	for (size_t i = 0; i < PATTERN_SLOTS_MAX; i++)
		slot[i] = SPAN_EMPTY;
	for (size_t i = 0; i < t->n; i++) {
		const struct part *p = &t->part[i];
		const struct part *next = i + 1 < t->n ? p + 1 : NULL;
		struct span got;
		size_t len;

		if (!part_fits(p, next, s, &len))
			return false;
		got = span_slice(s, 0, len);
		if (p->type == QUOTED)
			got = span_slice(got, 1, len - 2);
		else if (p->type == REST)
			got = span_trim(got);
		if (p->slot != NO_SLOT)
			slot[p->slot] = got;
		s = span_slice(s, len, SIZE_MAX);
	}
	return true;
}
