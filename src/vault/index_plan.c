/*
 * vault/index_plan.c: from a query's tests to lookups, and from their answers
 * to granules.
 *
 * A test is a conjunction of tokens, or a choice of numbers, or nothing that
 * an index knows. `may` and `all` turn round together under NOT: what not all
 * match may be denied, what none may match all deny.
 */
#include "vault/index_plan.h"

#include <stdlib.h>

#include "vault/query_own.h"
#include "vault/token.h"

#define TOKENS_MAX 12U /* asked of one test */
#define RANGES_MAX 64U

/* One lookup of a test. */
struct look_for {
	bool range;
	unsigned as; /* tag, or which number */
	uint64_t token; /* or the least of the range */
	uint64_t high;
};

struct step {
	bool any_of; /* its lookups are a choice, else all must hold */
	size_t from, n; /* lookups; none: nothing is known */
};

struct plan {
	const struct query *q;
	struct step step[QUERY_NODES_MAX];
	struct look_for *look;
	size_t n, cap;
	uint64_t *room; /* bitmaps of the evaluation */
	size_t cap_room;
};

void
plan_free(struct plan *p)
{
	if (p == NULL)
		return;
	free(p->look);
	free(p->room);
	free(p);
}

bool
plan_is_open(const struct plan *p)
{
	return p->q->node[p->q->root].kind == NODE_ALL;
}

/* --- making it ------------------------------------------------------------- */

static enum err
look_add(struct plan *p, struct step *s, struct look_for l, struct fault *why)
{
	size_t cap = p->cap == 0 ? 64 : p->cap * 2;
	struct look_for *to;

	if (p->n == p->cap) {
		to = reallocarray(p->look, cap, sizeof *to);
		if (to == NULL)
			return fault_set(why, ERR_MEMORY, "search");
		p->look = to;
		p->cap = cap;
	}
	p->look[p->n++] = l;
	s->n++;
	return ERR_OK;
}

/* All tokens of a piece of text must be there. */
static enum err
text_plan(struct plan *p, struct step *s, struct span text, bool open_left,
    bool open_right, struct fault *why)
{
	uint64_t *got = reallocarray(NULL, TOKEN_MOST(text.len), sizeof *got);
	enum err e = ERR_OK;
	size_t n;

	if (got == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	n = token_list(text, open_left, open_right, got);
	/* What stands last says most: addresses, pairs. */
	while (n-- > 0 && s->n < TOKENS_MAX && e == ERR_OK)
		e = look_add(p, s,
		    (struct look_for){ .as = TAG_ANY, .token = got[n] }, why);
	free(got);
	return e;
}

/* The parts between the stars of a pattern. */
static enum err
glob_plan(struct plan *p, struct step *s, struct span text, bool open_left,
    bool open_right, struct fault *why)
{
	enum err e = ERR_OK;
	bool left = open_left;
	size_t star;

	while (e == ERR_OK && (star = span_find(text, '*')) != SIZE_MAX) {
		e = text_plan(p, s, span_slice(text, 0, star), left, true, why);
		text = span_slice(text, star + 1, SIZE_MAX);
		left = true;
	}
	return e == ERR_OK ? text_plan(p, s, text, left, open_right, why) : e;
}

/* Whether the index holds the words of such a place. */
static bool
has_words(unsigned where)
{
	return where <= WHERE_ANY || where == WHERE_HOST ||
	    where == WHERE_SENDER || where == WHERE_MESSAGE ||
	    where == WHERE_RAW;
}

static enum err
range_plan(struct plan *p, struct step *s, unsigned number, uint64_t low,
    uint64_t high, struct fault *why)
{
	return look_add(p, s,
	    (struct look_for){
		.range = true, .as = number, .token = low, .high = high },
	    why);
}

/* A name of a fixed list: the numbers of those that fit. */
static enum err
listed_plan(
    struct plan *p, struct step *s, const struct node *n, struct fault *why)
{
	unsigned number = n->where == WHERE_VIA ? NUMBER_VIA
	    : n->where == WHERE_PARSE           ? NUMBER_PARSE
						: NUMBER_CATEGORY;
	unsigned most = n->where == WHERE_VIA ? (unsigned)VIA_N
	    : n->where == WHERE_PARSE         ? (unsigned)PARSE_N
					      : (unsigned)CAT_N;
	enum err e = ERR_OK;

	if (n->test != TEST_EQUAL && n->test != TEST_GLOB)
		return ERR_OK;
	s->any_of = true;
	for (unsigned i = 0; i < most && e == ERR_OK; i++) {
		const char *name = n->where == WHERE_VIA
		    ? event_via_name((enum event_transport)i)
		    : n->where == WHERE_PARSE
		    ? event_parse_name((enum event_parse)i)
		    : n->where == WHERE_CLASS
		    ? event_class_name(event_class_of((enum event_category)i))
		    : event_category_name((enum event_category)i);

		if (n->test == TEST_EQUAL
			? span_equal_nocase(span_text(name), n->text)
			: text_glob(span_text(name), n->text))
			e = range_plan(p, s, number, i, i, why);
	}
	/* Nothing fits: then nothing matches, which an empty choice does not
	 * say. */
	if (s->n == 0 && e == ERR_OK)
		e = range_plan(p, s, number, UINT64_MAX, UINT64_MAX, why);
	return e;
}

static enum err
number_plan(
    struct plan *p, struct step *s, const struct node *n, struct fault *why)
{
	enum err e;

	s->any_of = true;
	switch (n->where) {
	case WHERE_SEVERITY:
		return range_plan(p, s, NUMBER_SEVERITY, n->low, n->high, why);
	case WHERE_FACILITY:
		return range_plan(p, s, NUMBER_FACILITY, n->low, n->high, why);
	case WHERE_PORT:
		e = range_plan(
		    p, s, NUMBER_FIELD + FIELD_SRC_PORT, n->low, n->high, why);
		return e == ERR_OK
		    ? range_plan(p, s, NUMBER_FIELD + FIELD_DST_PORT, n->low,
			  n->high, why)
		    : e;
	default:
		if (n->where < FIELD_N && index_is_number(n->where))
			return range_plan(p, s, NUMBER_FIELD + n->where, n->low,
			    n->high, why);
		return ERR_OK;
	}
}

/* A field's whole value. */
static enum err
equal_plan(
    struct plan *p, struct step *s, const struct node *n, struct fault *why)
{
	unsigned tag = n->where < FIELD_N ? TAG_FIELD + n->where
	    : n->where == WHERE_APP       ? (unsigned)TAG_APP
	    : n->where == WHERE_MSGID     ? (unsigned)TAG_MSGID
					  : (unsigned)TAG_ANY;
	uint64_t token;
	bool word;

	if (tag != TAG_ANY && index_is_tagged(tag, n->text, &token, &word))
		return look_add(
		    p, s, (struct look_for){ .as = tag, .token = token }, why);
	return has_words(n->where) ? text_plan(p, s, n->text, false, false, why)
				   : ERR_OK;
}

static enum err
regex_plan(
    struct plan *p, struct step *s, const struct node *n, struct fault *why)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < n->n_literals && e == ERR_OK; i++)
		e = text_plan(p, s, n->literal[i].text, n->literal[i].open_left,
		    n->literal[i].open_right, why);
	return e;
}

/* The lookups of one test. */
static enum err
test_plan(
    struct plan *p, struct step *s, const struct node *n, struct fault *why)
{
	enum err e = ERR_OK;

	if (n->where == WHERE_CATEGORY || n->where == WHERE_CLASS ||
	    n->where == WHERE_VIA || n->where == WHERE_PARSE)
		return listed_plan(p, s, n, why);
	switch (n->test) {
	case TEST_RANGE:
		return number_plan(p, s, n, why);
	case TEST_EQUAL:
		return equal_plan(p, s, n, why);
	case TEST_WORD:
		return text_plan(
		    p, s, n->text, n->open_left, n->open_right, why);
	case TEST_GLOB:
		if (n->where == WHERE_ANY)
			return glob_plan(
			    p, s, n->text, n->open_left, n->open_right, why);
		if (has_words(n->where))
			e = glob_plan(p, s, n->text, false, false, why);
		break;
	case TEST_REGEX:
		if (has_words(n->where))
			e = regex_plan(p, s, n, why);
		break;
	case TEST_THERE:
	case TEST_NETWORK:
		break;
	}
	/* At least the field must be there. */
	if (e == ERR_OK && s->n == 0 && n->where < FIELD_N)
		e = look_add(p, s,
		    (struct look_for){
			.as = TAG_WORD, .token = index_there_token(n->where) },
		    why);
	return e;
}

enum err
plan_new(const struct query *q, struct plan **out, struct fault *why)
{
	struct plan *p = calloc(1, sizeof *p);
	enum err e = ERR_OK;

	if (p == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	p->q = q;
	for (unsigned i = 0; i < q->n && e == ERR_OK; i++) {
		p->step[i].from = p->n;
		if (q->node[i].kind == NODE_TEST)
			e = test_plan(p, &p->step[i], &q->node[i], why);
	}
	if (e == ERR_OK)
		*out = p;
	else
		plan_free(p);
	return e;
}

/* --- asking ---------------------------------------------------------------- */

/* One evaluation: bitmaps of `words` u64 each, taken from the plan's room as
 * the tree goes down. */
struct asking {
	struct plan *p;
	struct index *ix;
	size_t words;
	uint64_t *n;
	struct fault *why;
};

/* The bitmaps of a depth: may, all. */
static uint64_t *
map_at(const struct asking *a, unsigned depth, unsigned which)
{
	return a->p->room + ((size_t)depth * 2 + which) * a->words;
}

static bool
is_empty(const uint64_t *bits, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if (bits[i] != 0)
			return false;
	return true;
}

/* A test's granules into `may`; `scratch` is another bitmap. */
static enum err
test_ask(
    struct asking *a, const struct step *s, uint64_t *may, uint64_t *scratch)
{
	enum err e = ERR_OK;

	if (s->n == 0 || !s->any_of)
		index_fill(a->ix, may);
	else
		memset(may, 0, a->words * 8);
	for (size_t i = 0; i < s->n && e == ERR_OK; i++) {
		const struct look_for *l = &a->p->look[s->from + i];
		uint64_t *to = s->any_of ? may : scratch;

		if (!s->any_of)
			memset(scratch, 0, a->words * 8);
		e = l->range
		    ? index_range(
			  a->ix, l->as, l->token, l->high, to, a->n, a->why)
		    : index_find(a->ix, l->token, l->as, to, a->n, a->why);
		if (s->any_of)
			continue;
		for (size_t w = 0; w < a->words; w++)
			may[w] &= scratch[w];
		if (is_empty(may, a->words))
			break;
	}
	return e;
}

/* A node's answer into the bitmaps of `depth`; deeper ones are scratch. */
static enum err
node_ask(struct asking *a, unsigned at, unsigned depth)
{
	const struct node *n = &a->p->q->node[at];
	uint64_t *may = map_at(a, depth, 0), *all = map_at(a, depth, 1);
	uint64_t *may2 = map_at(a, depth + 1, 0);
	uint64_t *all2 = map_at(a, depth + 1, 1);
	enum err e;

	switch (n->kind) {
	case NODE_ALL:
		index_fill(a->ix, may);
		index_fill(a->ix, all);
		return ERR_OK;
	case NODE_TEST:
		memset(all, 0, a->words * 8);
		return test_ask(a, &a->p->step[at], may, may2);
	case NODE_NOT:
		if ((e = node_ask(a, n->left, depth)) != ERR_OK)
			return e;
		index_fill(a->ix, may2);
		for (size_t w = 0; w < a->words; w++) {
			uint64_t was = may[w];

			may[w] = may2[w] & ~all[w];
			all[w] = may2[w] & ~was;
		}
		return ERR_OK;
	case NODE_AND:
	case NODE_OR:
		if ((e = node_ask(a, n->left, depth)) != ERR_OK)
			return e;
		if (n->kind == NODE_AND && is_empty(may, a->words))
			return ERR_OK;
		if ((e = node_ask(a, n->right, depth + 1)) != ERR_OK)
			return e;
		for (size_t w = 0; w < a->words; w++) {
			may[w] = n->kind == NODE_AND ? may[w] & may2[w]
						     : may[w] | may2[w];
			all[w] = n->kind == NODE_AND ? all[w] & all2[w]
						     : all[w] | all2[w];
		}
		return ERR_OK;
	}
	return ERR_OK;
}

/* How deep node_ask goes: left sides share their parent's bitmaps. */
static unsigned
depth_of(const struct query *q, unsigned at)
{
	const struct node *n = &q->node[at];
	unsigned left, right;

	if (n->kind == NODE_NOT)
		return depth_of(q, n->left);
	if (n->kind != NODE_AND && n->kind != NODE_OR)
		return 0;
	left = depth_of(q, n->left);
	right = depth_of(q, n->right) + 1;
	return left > right ? left : right;
}

enum err
plan_granules(struct plan *p, struct index *ix, uint64_t *may, uint64_t *all,
    uint64_t *n, struct fault *why)
{
	struct asking a = {
		.p = p, .ix = ix, .words = index_words(ix), .n = n, .why = why
	};
	size_t want = (depth_of(p->q, p->q->root) + 2U) * 2U * a.words;
	enum err e;

	if (p->cap_room < want) {
		uint64_t *room = reallocarray(p->room, want, sizeof *room);

		if (room == NULL)
			return fault_set(why, ERR_MEMORY, "search");
		p->room = room;
		p->cap_room = want;
	}
	if ((e = node_ask(&a, p->q->root, 0)) != ERR_OK)
		return e;
	memcpy(may, map_at(&a, 0, 0), a.words * 8);
	memcpy(all, map_at(&a, 0, 1), a.words * 8);
	return ERR_OK;
}
