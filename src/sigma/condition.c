/*
 * sigma/condition.c: how search identifiers are joined.
 *
 *   condition = and-part { "or" and-part }
 *   and-part  = not-part { "and" not-part }
 *   not-part  = "not" not-part | "(" condition ")" | quantity | NAME
 *   quantity  = ( "1" | "any" | "all" ) "of" ( "them" | PATTERN )
 *
 * Source: Sigma specification 2.1, "Condition". A named node may be used more
 * than once: it is then copied, for a node hangs in one place only.
 */
#include "sigma/inner.h"

struct reading {
	struct place *p;
	struct cursor c;
	struct span word; /* the word under the hands; empty: the end */
	const struct named *names;
	unsigned n, depth;
	struct fault *why;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Goes on to the next word. */
static void
next(struct reading *r)
{
	struct span all = r->c.all;
	size_t at = r->c.pos, from;

	while (at < all.len && is_blank(all.at[at]))
		at++;
	from = at;
	if (at < all.len &&
	    (all.at[at] == '(' || all.at[at] == ')' || all.at[at] == '|'))
		at++;
	else
		while (at < all.len && !is_blank(all.at[at]) &&
		    all.at[at] != '(' && all.at[at] != ')' && all.at[at] != '|')
			at++;
	r->word = span_slice(all, from, at - from);
	r->c.pos = at;
}

static bool
word_is(const struct reading *r, const char *s)
{
	return span_equal_nocase(r->word, span_text(s));
}

/* A fault at the word under the hands. */
static enum err
word_fault(struct reading *r, const char *said)
{
	char *word = arena_text(r->p->s->arena, r->word);

	return place_fault(r->p, word == NULL || *word == '\0' ? NULL : word,
	    r->why, ERR_SYNTAX, "%s '%s'", said,
	    word == NULL || *word == '\0' ? "the end" : word);
}

/* A copy of a node, its children hung anew. */
static enum err
copy(struct reading *r, uint32_t node, uint32_t *out)
{
	struct sigma *s = r->p->s;
	uint32_t last = SIGMA_NONE, one;
	enum err e = node_new(s, s->node[node].type, out, r->why);

	if (e != ERR_OK)
		return e;
	s->node[*out] = s->node[node];
	s->node[*out].first = s->node[*out].next = SIGMA_NONE;
	for (uint32_t i = s->node[node].first; i != SIGMA_NONE && e == ERR_OK;
	     i = s->node[i].next) {
		e = copy(r, i, &one);
		if (e == ERR_OK)
			node_hang(s, *out, &last, one);
	}
	return e;
}

static bool
name_fits(struct span pattern, const char *name)
{
	struct span s = span_text(name);
	size_t i = 0, k = 0, star = SIZE_MAX, held = 0;

	while (k < s.len) {
		if (i < pattern.len && pattern.at[i] == '*') {
			star = i++;
			held = k;
		} else if (i < pattern.len && pattern.at[i] == s.at[k]) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			k = ++held;
		} else {
			return false;
		}
	}
	while (i < pattern.len && pattern.at[i] == '*')
		i++;
	return i == pattern.len;
}

/* "1 of selection*", "all of them": behind the "of". */
static enum err
quantity(struct reading *r, bool all, uint32_t *out)
{
	bool them = word_is(r, "them");
	uint32_t one, last = SIGMA_NONE;
	unsigned found = 0;
	enum err e = node_new(r->p->s, all ? NODE_AND : NODE_OR, out, r->why);

	for (unsigned i = 0; i < r->n && e == ERR_OK; i++) {
		if (them ? r->names[i].name[0] == '_'
			 : !name_fits(r->word, r->names[i].name))
			continue;
		found++;
		e = copy(r, r->names[i].node, &one);
		if (e == ERR_OK)
			node_hang(r->p->s, *out, &last, one);
	}
	if (e == ERR_OK && found == 0)
		e = word_fault(r, "no search identifier fits");
	next(r);
	return e;
}

static enum err condition(struct reading *r, uint32_t *out);

static enum err
name(struct reading *r, uint32_t *out)
{
	for (unsigned i = 0; i < r->n; i++)
		if (span_is(r->word, r->names[i].name)) {
			next(r);
			return copy(r, r->names[i].node, out);
		}
	return word_fault(r, "no search identifier");
}

static enum err
not_part(struct reading *r, uint32_t *out)
{
	uint32_t one, last = SIGMA_NONE;
	bool all = word_is(r, "all");
	struct reading back = *r;
	enum err e;

	if (++r->depth > DEPTH_MAX)
		return word_fault(r, "too deep a condition at");
	if (word_is(r, "not")) {
		next(r);
		if ((e = node_new(r->p->s, NODE_NOT, out, r->why)) == ERR_OK)
			e = not_part(r, &one);
		if (e == ERR_OK)
			node_hang(r->p->s, *out, &last, one);
	} else if (span_is(r->word, "(")) {
		next(r);
		e = condition(r, out);
		if (e == ERR_OK && !span_is(r->word, ")"))
			e = word_fault(
			    r, "a closing bracket was expected, not");
		next(r);
	} else if (all || word_is(r, "1") || word_is(r, "any")) {
		next(r);
		if (word_is(r, "of")) {
			next(r);
			e = quantity(r, all, out);
		} else {
			*r = back;
			r->depth++;
			e = name(r, out);
		}
	} else if (r->word.len == 0 || span_is(r->word, ")") ||
	    span_is(r->word, "|") || word_is(r, "and") || word_is(r, "or")) {
		e = word_fault(r, "a search identifier was expected, not");
	} else {
		e = name(r, out);
	}
	r->depth--;
	return e;
}

/* Parts joined by `word`; one alone stays itself. */
static enum err
joined(struct reading *r, const char *word, enum node_type type,
    enum err (*part)(struct reading *r, uint32_t *out), uint32_t *out)
{
	uint32_t up, one, last = SIGMA_NONE;
	enum err e = part(r, out);

	if (e != ERR_OK || !word_is(r, word))
		return e;
	if ((e = node_new(r->p->s, type, &up, r->why)) != ERR_OK)
		return e;
	node_hang(r->p->s, up, &last, *out);
	while (e == ERR_OK && word_is(r, word)) {
		next(r);
		if ((e = part(r, &one)) == ERR_OK)
			node_hang(r->p->s, up, &last, one);
	}
	*out = up;
	return e;
}

static enum err
and_part(struct reading *r, uint32_t *out)
{
	return joined(r, "and", NODE_AND, not_part, out);
}

static enum err
condition(struct reading *r, uint32_t *out)
{
	return joined(r, "or", NODE_OR, and_part, out);
}

enum err
condition_read(struct place *p, const char *text, const struct named *names,
    unsigned n, uint32_t *out, struct fault *why)
{
	struct reading r = { .p = p,
		.c = cursor_of(span_text(text)),
		.names = names,
		.n = n,
		.why = why };
	enum err e;

	if (strlen(text) > TEXT_MAX)
		return place_fault(p, NULL, why, ERR_LIMIT,
		    "a condition of more than %u bytes", TEXT_MAX);
	next(&r);
	e = condition(&r, out);
	if (e == ERR_OK && span_is(r.word, "|"))
		return place_fault(p, "|", why, ERR_UNSUPPORTED,
		    "counting after | is obsolete: write a correlation rule");
	if (e == ERR_OK && r.word.len > 0)
		e = word_fault(&r, "and, or, or the end was expected, not");
	return e;
}
