/*
 * check/json.c: JSON (RFC 8259), strictly: UTF-8, no name twice, no NUL.
 *
 * The bytes are copied once and texts are decoded in place: a decoded text is
 * never longer than its spelling.
 */
#include "check/inner.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define MEMBERS_MAX 1024U /* of one map: names are compared pairwise */

struct parse {
	struct json_doc *d;
	size_t at, len;
	unsigned depth;
	struct check_why *why;
};

static bool value(struct parse *p, uint32_t me);

static bool
bad(const struct parse *p, const char *what)
{
	return no(p->why, "not JSON at byte %zu: %s", p->at, what);
}

/* The byte here, 0 at the end. */
static uint8_t
peek(const struct parse *p)
{
	return p->at < p->len ? p->d->text[p->at] : 0;
}

static void
space(struct parse *p)
{
	for (;; p->at++) {
		uint8_t c = peek(p);

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
	}
}

/* Passes over a word that must be here. */
static bool
word(struct parse *p, const char *w)
{
	size_t n = strlen(w);

	if (n > p->len - p->at || memcmp(&p->d->text[p->at], w, n) != 0)
		return bad(p, "no value");
	p->at += n;
	return true;
}

/* A new node; 0 without memory. Nodes move: keep numbers, not pointers. */
static uint32_t
node_new(struct json_doc *d)
{
	uint32_t cap = d->cap == 0 ? 256 : d->cap * 2;
	struct json *more;

	if (d->n == d->cap) {
		if ((more = reallocarray(d->node, cap, sizeof *more)) == NULL)
			return 0;
		d->node = more;
		d->cap = cap;
	}
	memset(&d->node[d->n], 0, sizeof d->node[0]);
	return d->n++;
}

static int
hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u. */
static bool
hex4(struct parse *p, uint32_t *v)
{
	*v = 0;
	for (int i = 0; i < 4; i++) {
		int h = hex(peek(p));

		if (h < 0)
			return bad(p, "not four hex digits");
		*v = *v << 4 | (uint32_t)h;
		p->at++;
	}
	return true;
}

/* Writes one character at w; its bytes. */
static size_t
rune_put(uint8_t *text, size_t w, uint32_t cp)
{
	size_t len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const uint8_t mark[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--) {
		text[w + i] = (uint8_t)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	text[w] = (uint8_t)(mark[len] | cp);
	return len;
}

/* What stands behind a backslash; its bytes go to w. */
static bool
escape(struct parse *p, size_t *w)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint8_t c = peek(p);
	const char *at = c == 0 ? NULL : strchr(from, c);
	uint32_t cp, low;

	p->at++;
	if (at != NULL) {
		p->d->text[(*w)++] = (uint8_t)to[at - from];
		return true;
	}
	if (c != 'u' || !hex4(p, &cp))
		return bad(p, "no such escape");
	if (cp >= 0xd800 && cp < 0xdc00) {
		if (!word(p, "\\u") || !hex4(p, &low) || low < 0xdc00 ||
		    low > 0xdfff)
			return bad(p, "half a pair");
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	} else if ((cp >= 0xdc00 && cp < 0xe000) || cp == 0) {
		return bad(p, "no such character");
	}
	*w += rune_put(p->d->text, *w, cp);
	return true;
}

/* A text; the quote is still ahead. */
static bool
text(struct parse *p, struct check_bytes *out)
{
	size_t from, w;

	if (peek(p) != '"')
		return bad(p, "no text");
	from = w = ++p->at;
	while (p->at < p->len && peek(p) != '"') {
		const struct check_bytes rest = { &p->d->text[p->at],
			p->len - p->at };
		uint32_t cp = 0;
		size_t n;

		if (peek(p) == '\\') {
			p->at++;
			if (!escape(p, &w))
				return false;
			continue;
		}
		if ((n = rune(rest, &cp)) == 0 || cp < 0x20)
			return bad(p, "a byte that cannot stand in a text");
		memmove(&p->d->text[w], &p->d->text[p->at], n);
		w += n;
		p->at += n;
	}
	if (p->at == p->len)
		return bad(p, "a text without an end");
	p->at++;
	*out = bytes_of(&p->d->text[from], w - from);
	return true;
}

static size_t
digits(struct parse *p)
{
	size_t from = p->at;

	while (peek(p) >= '0' && peek(p) <= '9')
		p->at++;
	return p->at - from;
}

/* A number; only a whole one within int64 is kept. */
static bool
number(struct parse *p, struct json *j)
{
	bool minus = peek(p) == '-', whole = true;
	struct check_bytes all;
	uint64_t v;
	size_t from;

	p->at += minus;
	from = p->at;
	if (digits(p) == 0 || (p->at - from > 1 && p->d->text[from] == '0'))
		return bad(p, "no number");
	all = bytes_of(&p->d->text[from], p->at - from);
	if (peek(p) == '.') {
		p->at++;
		whole = false;
		if (digits(p) == 0)
			return bad(p, "no number");
	}
	if (peek(p) == 'e' || peek(p) == 'E') {
		p->at++;
		p->at += peek(p) == '+' || peek(p) == '-';
		whole = false;
		if (digits(p) == 0)
			return bad(p, "no number");
	}
	if (!whole)
		return true;
	if (minus && bytes_are(all, "9223372036854775808")) {
		j->number = INT64_MIN;
	} else if (decimal(all, &v)) {
		j->number = minus ? -(int64_t)v : (int64_t)v;
	} else {
		return bad(p, "a number beyond 64 bits");
	}
	j->kind = JSON_WHOLE;
	return true;
}

/* Whether a brother before `last` has its name. */
static bool
twice(const struct json_doc *d, uint32_t of, uint32_t last)
{
	for (uint32_t k = d->node[of].first; k != last; k = d->node[k].next)
		if (bytes_same(d->node[k].key, d->node[last].key))
			return true;
	return false;
}

/* A list or a map; the bracket is still ahead. */
static bool
children(struct parse *p, uint32_t me, bool map)
{
	const uint8_t end = map ? '}' : ']';
	uint32_t last = 0, k;

	p->d->node[me].kind = map ? JSON_MAP : JSON_LIST;
	p->at++;
	space(p);
	if (peek(p) == end) {
		p->at++;
		return true;
	}
	for (;; p->at++) {
		struct check_bytes key = { NULL, 0 };

		space(p);
		if (map) {
			if (!text(p, &key))
				return false;
			space(p);
			if (peek(p) != ':')
				return bad(p, "no colon");
			p->at++;
			space(p);
		}
		if ((k = node_new(p->d)) == 0)
			return no(p->why, "memory is out");
		p->d->node[k].key = key;
		if (last == 0)
			p->d->node[me].first = k;
		else
			p->d->node[last].next = k;
		last = k;
		p->d->node[me].n++;
		if (map &&
		    (p->d->node[me].n > MEMBERS_MAX || twice(p->d, me, k)))
			return bad(p, "a name twice, or too many");
		if (!value(p, k))
			return false;
		space(p);
		if (peek(p) == end)
			break;
		if (peek(p) != ',')
			return bad(p, "no comma");
	}
	p->at++;
	return true;
}

static bool
value(struct parse *p, uint32_t me)
{
	struct check_bytes t;
	bool good;

	switch (peek(p)) {
	case '{':
	case '[':
		if (p->depth == DEPTH_MAX)
			return bad(p, "too deep");
		p->depth++;
		good = children(p, me, peek(p) == '{');
		p->depth--;
		return good;
	case '"':
		if (!text(p, &t))
			return false;
		p->d->node[me].kind = JSON_TEXT;
		p->d->node[me].text = t;
		return true;
	case 't':
		return word(p, "true");
	case 'f':
		return word(p, "false");
	case 'n':
		return word(p, "null");
	default:
		return number(p, &p->d->node[me]);
	}
}

bool
json_parse(struct json_doc *d, struct check_bytes json, struct check_why *why)
{
	struct parse p = { .d = d, .len = json.len, .why = why };

	*d = (struct json_doc){ .node = NULL };
	if ((d->text = malloc(json.len + 1)) == NULL)
		return no(why, "memory is out");
	if (json.len > 0)
		memcpy(d->text, json.at, json.len);
	(void)node_new(d); /* 0 stands for none */
	if (d->n == 0 || node_new(d) != 1)
		return no(why, "memory is out");
	space(&p);
	if (!value(&p, 1))
		return false;
	space(&p);
	return p.at == p.len || bad(&p, "more behind the end");
}

void
json_end(struct json_doc *d)
{
	free(d->node);
	free(d->text);
	*d = (struct json_doc){ .node = NULL };
}

const struct json *
json_child(
    const struct json_doc *d, const struct json *of, const struct json *after)
{
	uint32_t k = after == NULL ? of->first : after->next;

	return k == 0 ? NULL : &d->node[k];
}

const struct json *
json_member(const struct json_doc *d, const struct json *of, const char *name)
{
	const struct json *k = NULL;

	if (of->kind != JSON_MAP)
		return NULL;
	while ((k = json_child(d, of, k)) != NULL)
		if (bytes_are(k->key, name))
			return k;
	return NULL;
}
