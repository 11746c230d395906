/*
 * intake/jsontree.c: JSON read into an arena.
 *
 * Source   RFC 8259; lenient where it harms nobody (control characters in
 *          strings, the spelling of numbers). Of equal keys the first counts.
 */
#include "intake/jsontree.h"

#include "base/buf.h"

enum kind { OBJECT, ARRAY, STRING, LITERAL, NOTHING };

struct node {
	struct span key, text; /* as they stand, without quotes */
	uint32_t first, next; /* child, sibling; 0: none (0 is the root) */
	uint8_t kind;
	bool escaped; /* text has a backslash */
};

struct jsontree {
	struct node *node;
	uint32_t n, cap;
};

/* Where reading stands. */
struct reader {
	struct jsontree *t;
	struct span s;
	size_t pos;
};

static uint8_t
peek(const struct reader *r)
{
	return r->pos < r->s.len ? r->s.at[r->pos] : 0;
}

static void
blanks_skip(struct reader *r)
{
	while (r->pos < r->s.len &&
	    (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' ||
		peek(r) == '\r'))
		r->pos++;
}

/* Passes over c, with white space around it. */
static bool
pass(struct reader *r, uint8_t c)
{
	blanks_skip(r);
	if (peek(r) != c)
		return false;
	r->pos++;
	blanks_skip(r);
	return true;
}

/* A string's inside; the opening quote is next. */
static bool
string_read(struct reader *r, struct span *text, bool *escaped)
{
	size_t from = ++r->pos;

	*escaped = false;
	while (r->pos < r->s.len && peek(r) != '"') {
		if (peek(r) == '\\') {
			*escaped = true;
			r->pos++;
		}
		r->pos++;
	}
	if (r->pos >= r->s.len)
		return false;
	*text = span_of(r->s.at + from, r->pos - from);
	r->pos++;
	return true;
}

/* A number, true, false or null. */
static bool
literal_read(struct reader *r, struct node *n)
{
	size_t from = r->pos;

	while ((peek(r) >= '0' && peek(r) <= '9') ||
	    (peek(r) >= 'a' && peek(r) <= 'z') || peek(r) == 'E' ||
	    peek(r) == '-' || peek(r) == '+' || peek(r) == '.')
		r->pos++;
	n->text = span_slice(r->s, from, r->pos - from);
	n->kind = span_is(n->text, "null") ? NOTHING : LITERAL;
	return n->text.len > 0;
}

/* Makes the next node, a child of `up` after `last` (0: the first). */
static uint32_t
node_add(struct jsontree *t, uint32_t up, uint32_t last)
{
	uint32_t at = t->n;

	if (at == t->cap)
		return 0;
	t->n++;
	if (last == 0)
		t->node[up].first = at;
	else
		t->node[last].next = at;
	return at;
}

static bool value_read(struct reader *r, uint32_t at, unsigned depth);

/* The inside of an object or list; the opening bracket was passed. */
static bool
members_read(struct reader *r, uint32_t up, unsigned depth)
{
	bool object = r->t->node[up].kind == OBJECT, escaped;
	uint8_t close = object ? '}' : ']';
	uint32_t last = 0;

	if (pass(r, close))
		return true;
	do {
		uint32_t at = node_add(r->t, up, last);

		if (at == 0)
			return false;
		if (object &&
		    (peek(r) != '"' ||
			!string_read(r, &r->t->node[at].key, &escaped) ||
			!pass(r, ':')))
			return false;
		if (!value_read(r, at, depth))
			return false;
		last = at;
	} while (pass(r, ','));
	return pass(r, close);
}

/* Any value, into a node that is there already. */
static bool
value_read(struct reader *r, uint32_t at, unsigned depth)
{
	struct node *n = &r->t->node[at];

	if (peek(r) == '"') {
		n->kind = STRING;
		return string_read(r, &n->text, &n->escaped);
	}
	if (peek(r) != '{' && peek(r) != '[')
		return literal_read(r, n);
	if (depth == JSONTREE_DEPTH_MAX)
		return false;
	n->kind = peek(r) == '{' ? OBJECT : ARRAY;
	r->pos++;
	blanks_skip(r);
	return members_read(r, at, depth + 1);
}

/* At most how many nodes s can have: each follows one of these. */
static uint32_t
nodes_bound(struct span s)
{
	uint32_t n = 1;

	for (size_t i = 0; i < s.len && n < JSONTREE_NODES_MAX; i++)
		n += s.at[i] == ',' || s.at[i] == '{' || s.at[i] == '[';
	return n;
}

struct jsontree *
jsontree_read(struct arena *a, struct span s)
{
	struct jsontree *t = arena_alloc(a, sizeof *t);
	struct reader r = { t, s, 0 };

	blanks_skip(&r);
	if (t == NULL || peek(&r) != '{')
		return NULL;
	t->cap = nodes_bound(s);
	t->node = arena_array(a, t->cap, sizeof t->node[0]);
	if (t->node == NULL)
		return NULL;
	t->n = 1;
	if (!value_read(&r, 0, 0))
		return NULL;
	blanks_skip(&r);
	return r.pos == s.len ? t : NULL;
}

/* The child of an object by key; 0: none. */
static uint32_t
member(const struct jsontree *t, uint32_t up, struct span key)
{
	uint32_t at = t->node[up].first;

	while (at != 0 && !span_equal(t->node[at].key, key))
		at = t->node[at].next;
	return at;
}

/* One of the names that a text inside an element goes by; 0: none. */
static uint32_t
member_any(const struct jsontree *t, uint32_t up, const char *a, const char *b)
{
	uint32_t at = member(t, up, span_text(a));

	return at != 0 ? at : member(t, up, span_text(b));
}

/* In a list of {"@Name": key, "#text": …}, the element of that name. */
static uint32_t
named(const struct jsontree *t, uint32_t list, struct span key)
{
	for (uint32_t at = t->node[list].first; at != 0;
	     at = t->node[at].next) {
		uint32_t name;

		if (t->node[at].kind != OBJECT)
			continue;
		name = member_any(t, at, "@Name", "Name");
		if (name != 0 && span_equal(t->node[name].text, key))
			return at;
	}
	return 0;
}

/* The node at a path below `at`; false if there is none. */
static bool
walk(const struct jsontree *t, uint32_t at, struct span path, uint32_t *found)
{
	while (path.len > 0) {
		bool list = t->node[at].kind == ARRAY;
		size_t dot = span_find(path, '.');
		uint32_t next;

		if (!list && t->node[at].kind != OBJECT)
			return false;
		next = list ? named(t, at, path) : member(t, at, path);
		if (next != 0) {
			*found = next;
			return true;
		}
		if (list || dot == SIZE_MAX)
			return false;
		next = member(t, at, span_slice(path, 0, dot));
		if (next == 0)
			return false;
		at = next;
		path = span_slice(path, dot + 1, SIZE_MAX);
	}
	return false;
}

/* Four hex digits at i of s. */
static bool
hex4(struct span s, size_t i, uint32_t *v)
{
	struct span digits = span_slice(s, i, 4);

	*v = 0;
	for (size_t k = 0; k < digits.len; k++) {
		uint8_t c = digits.at[k];

		if (c >= '0' && c <= '9')
			*v = *v * 16 + (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			*v = *v * 16 + (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	return digits.len == 4;
}

/* Writes a code point as UTF-8; the bytes written. */
static size_t
rune_put(uint8_t *to, uint32_t cp)
{
	if (cp < 0x80) {
		to[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (uint8_t)(0xC0 | cp >> 6);
		to[1] = (uint8_t)(0x80 | (cp & 63));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (uint8_t)(0xE0 | cp >> 12);
		to[1] = (uint8_t)(0x80 | (cp >> 6 & 63));
		to[2] = (uint8_t)(0x80 | (cp & 63));
		return 3;
	}
	to[0] = (uint8_t)(0xF0 | cp >> 18);
	to[1] = (uint8_t)(0x80 | (cp >> 12 & 63));
	to[2] = (uint8_t)(0x80 | (cp >> 6 & 63));
	to[3] = (uint8_t)(0x80 | (cp & 63));
	return 4;
}

/* "\uXXXX", and its second half where it has one; the bytes read from s. */
static size_t
unicode_read(struct span s, size_t i, uint32_t *cp)
{
	uint32_t low;

	if (!hex4(s, i + 2, cp)) {
		*cp = '?'; /* one byte: the text may not grow */
		return 2;
	}
	if (*cp < 0xD800 || *cp > 0xDFFF)
		return 6;
	if (*cp < 0xDC00 && i + 7 < s.len && s.at[i + 6] == '\\' &&
	    s.at[i + 7] == 'u' && hex4(s, i + 8, &low) && low >= 0xDC00 &&
	    low <= 0xDFFF) {
		*cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
		return 12;
	}
	*cp = 0xFFFD; /* half a pair */
	return 6;
}

/* The string without its escapes; never longer than it was. */
static struct span
unescape(struct arena *a, struct span s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint8_t *out = arena_alloc(a, s.len + 3);
	size_t n = 0, i = 0;

	if (out == NULL)
		return SPAN_EMPTY;
	while (i < s.len) {
		const char *known;
		uint32_t cp;

		if (s.at[i] != '\\' || i + 1 == s.len) {
			out[n++] = s.at[i++];
			continue;
		}
		if (s.at[i + 1] == 'u') {
			i += unicode_read(s, i, &cp);
			n += rune_put(out + n, cp);
			continue;
		}
		known = s.at[i + 1] == 0 ? NULL : strchr(from, s.at[i + 1]);
		out[n++] = known == NULL ? s.at[i + 1]
					 : (uint8_t)to[known - from];
		i += 2;
	}
	return span_of(out, n);
}

struct span
jsontree_get(const struct jsontree *t, struct arena *a, struct span path)
{
	const struct node *n;
	uint32_t at;

	if (!walk(t, 0, path, &at))
		return SPAN_EMPTY;
	if (t->node[at].kind == OBJECT) {
		at = member_any(t, at, "#text", "text");
		if (at == 0)
			return SPAN_EMPTY;
	}
	n = &t->node[at];
	if (n->kind == STRING && n->escaped)
		return unescape(a, n->text);
	if (n->kind == STRING || n->kind == LITERAL)
		return n->text;
	return SPAN_EMPTY;
}
