/*
 * vault/query_match.c: asking a record, or only its source.
 *
 * Answers are no, maybe, yes: `and` is the least, `or` the greatest, `not`
 * turns them round. Maybe comes from a regular expression that met its limit,
 * or, asking a source alone, from whatever else a record may say.
 */
#include "vault/line.h"
#include "vault/query_own.h"

#include <stdio.h>

/* What is asked: a whole record, or what all records of a source share. */
struct asked {
	uint32_t source;
	struct span sender, host;
	const struct event *ev; /* NULL: only the source is known */
};

/* The text of a place; at == NULL when the record has none. */
static struct span
text_at(const struct event *ev, unsigned where)
{
	switch (where) {
	case WHERE_HOST:
		return ev->host;
	case WHERE_APP:
		return ev->app;
	case WHERE_PROC:
		return ev->proc;
	case WHERE_MSGID:
		return ev->msgid;
	case WHERE_SENDER:
		return ev->sender;
	case WHERE_CATEGORY:
		return span_text(event_category_name(ev->category));
	case WHERE_CLASS:
		return span_text(
		    event_class_name(event_class_of(ev->category)));
	case WHERE_VIA:
		return span_text(event_via_name(ev->via));
	case WHERE_PARSE:
		return span_text(event_parse_name(ev->parse));
	case WHERE_MESSAGE:
		return ev->message;
	case WHERE_RAW:
		return ev->raw;
	default:
		return where < FIELD_N ? ev->field[where] : SPAN_EMPTY;
	}
}

/* The number of a place; false when there is none. */
static bool
number_at(const struct asked *a, unsigned where, uint64_t *n)
{
	const struct event *ev = a->ev;

	switch (where) {
	case WHERE_SOURCE:
		*n = a->source;
		return true;
	case WHERE_TIME:
		*n = TIME_NUMBER(ev->received_us);
		return true;
	case WHERE_EVENT:
		*n = TIME_NUMBER(ev->event_us);
		return ev->event_us != 0;
	case WHERE_SEVERITY:
		*n = ev->severity;
		return ev->severity != EVENT_NO_SEVERITY;
	case WHERE_FACILITY:
		*n = ev->facility;
		return ev->facility != EVENT_NO_SEVERITY;
	default:
		return where < FIELD_N &&
		    span_number(ev->field[where], UINT64_MAX, n);
	}
}

static bool
in_range(const struct asked *a, const struct node *n, unsigned where)
{
	uint64_t v;

	return number_at(a, where, &v) && v >= n->low && v <= n->high;
}

static bool
in_network(const struct node *n, struct span text)
{
	uint8_t at[16];
	unsigned whole = n->net_bits / 8, rest = n->net_bits % 8;
	bool v4;

	if (!address_read(text, at, &v4) || v4 != n->net_v4 ||
	    memcmp(at, n->net, whole) != 0)
		return false;
	return rest == 0 ||
	    ((at[whole] ^ n->net[whole]) & (0xFF00U >> rest & 0xFF)) == 0;
}

/* The parts of a pattern behind its first, each where it first comes. */
static bool
has_parts(struct span s, struct span parts, bool open_right)
{
	size_t star;

	while ((star = span_find(parts, '*')) != SIZE_MAX) {
		struct span part = span_slice(parts, 0, star);
		size_t at = text_find(s, part, 0);

		if (at == SIZE_MAX)
			return false;
		s = span_slice(s, at + part.len, SIZE_MAX);
		parts = span_slice(parts, star + 1, SIZE_MAX);
	}
	return text_has_word(s, parts, true, open_right);
}

/* A pattern with inner stars, anywhere in the text as words are. What follows
 * the first place where its first part stands as a word's beginning holds all
 * that follows a later one, so one try is enough. */
static bool
has_pattern(struct span s, const struct node *n)
{
	size_t star = span_find(n->text, '*'), at = 0;
	struct span head = span_slice(n->text, 0, star);
	bool open = n->open_left || !text_is_word(head.at[0]);

	while ((at = text_find(s, head, at)) != SIZE_MAX) {
		if (open || at == 0 || !text_is_word(s.at[at - 1]))
			return has_parts(span_slice(s, at + head.len, SIZE_MAX),
			    span_slice(n->text, star + 1, SIZE_MAX),
			    n->open_right);
		at++;
	}
	return false;
}

/* One text against one test. */
static enum query_found
text_test(const struct node *n, struct span s)
{
	bool yes = false;

	switch (n->test) {
	case TEST_WORD:
		yes = text_has_word(s, n->text, n->open_left, n->open_right);
		break;
	case TEST_GLOB:
		yes = n->where == WHERE_ANY ? has_pattern(s, n)
					    : text_glob(s, n->text);
		break;
	case TEST_THERE:
		yes = s.at != NULL;
		break;
	case TEST_EQUAL:
		yes = span_equal_nocase(s, n->text);
		break;
	case TEST_NETWORK:
		yes = in_network(n, s);
		break;
	case TEST_REGEX:
		if (n->need.len > 0 && text_find(s, n->need, 0) == SIZE_MAX)
			return QUERY_NO;
		switch (regex_find(n->regex, s)) {
		case REGEX_YES:
			return QUERY_YES;
		case REGEX_CUT:
			return QUERY_MAYBE;
		case REGEX_NO:
			return QUERY_NO;
		}
		break;
	case TEST_RANGE:
		break;
	}
	return yes ? QUERY_YES : QUERY_NO;
}

/* A word or pattern against all the text of a record. */
static enum query_found
any_test(const struct node *n, const struct event *ev)
{
	enum query_found best = text_test(n, ev->raw), one;

	for (unsigned f = 0; f < FIELD_N && best != QUERY_YES; f++) {
		if (ev->field[f].at == NULL)
			continue;
		one = text_test(n, ev->field[f]);
		best = one > best ? one : best;
	}
	if (best != QUERY_YES && (one = text_test(n, ev->sender)) > best)
		best = one;
	if (best != QUERY_YES && (one = text_test(n, ev->host)) > best)
		best = one;
	return best;
}

static enum query_found
record_test(const struct node *n, const struct asked *a)
{
	struct span s;
	uint64_t v;
	bool yes;

	if (n->where == WHERE_ANY)
		return any_test(n, a->ev);
	if (n->test == TEST_THERE &&
	    (n->where == WHERE_TIME || n->where == WHERE_EVENT))
		yes = number_at(a, n->where, &v);
	else if (n->where == WHERE_PORT && n->test == TEST_THERE)
		yes = a->ev->field[FIELD_SRC_PORT].at != NULL ||
		    a->ev->field[FIELD_DST_PORT].at != NULL;
	else if (n->where == WHERE_PORT)
		yes = in_range(a, n, FIELD_SRC_PORT) ||
		    in_range(a, n, FIELD_DST_PORT);
	else if (n->test == TEST_RANGE)
		yes = in_range(a, n, n->where);
	else if (n->test == TEST_THERE && n->where >= WHERE_SEVERITY &&
	    n->where <= WHERE_SOURCE && n->where != WHERE_VIA &&
	    n->where != WHERE_PARSE)
		yes = number_at(a, n->where, &v);
	else {
		s = text_at(a->ev, n->where);
		if (s.len == 0 && n->where >= FIELD_N)
			s = SPAN_EMPTY; /* an empty host is no host */
		if (s.at == NULL)
			return QUERY_NO;
		return text_test(n, s);
	}
	return yes ? QUERY_YES : QUERY_NO;
}

/* A test when only the source is known. */
static enum query_found
source_test(const struct node *n, const struct asked *a)
{
	struct span s;

	switch (n->where) {
	case WHERE_SOURCE:
		if (n->test == TEST_THERE)
			return QUERY_YES;
		return in_range(a, n, WHERE_SOURCE) ? QUERY_YES : QUERY_NO;
	case WHERE_HOST:
	case WHERE_SENDER:
		s = n->where == WHERE_HOST ? a->host : a->sender;
		return s.len == 0 ? QUERY_NO : text_test(n, s);
	default:
		return QUERY_MAYBE;
	}
}

/* A node's answer. The tree is at most QUERY_NODES_MAX deep. */
static enum query_found
node_ask(const struct query *q, unsigned at, const struct asked *a)
{
	const struct node *n = &q->node[at];
	enum query_found left, right;

	switch (n->kind) {
	case NODE_ALL:
		return QUERY_YES;
	case NODE_NOT:
		return (enum query_found)(QUERY_YES - node_ask(q, n->left, a));
	case NODE_AND:
		left = node_ask(q, n->left, a);
		if (left == QUERY_NO)
			return left;
		right = node_ask(q, n->right, a);
		return right < left ? right : left;
	case NODE_OR:
		left = node_ask(q, n->left, a);
		if (left == QUERY_YES)
			return left;
		right = node_ask(q, n->right, a);
		return right > left ? right : left;
	case NODE_TEST:
		return a->ev == NULL ? source_test(n, a) : record_test(n, a);
	}
	return QUERY_NO;
}

enum query_found
query_match(const struct query *q, uint32_t source, const struct event *ev)
{
	struct asked a = { .source = source,
		.sender = ev->sender,
		.host = ev->host,
		.ev = ev };

	return node_ask(q, q->root, &a);
}

enum query_found
query_may(const struct query *q, uint32_t source, struct span sender,
    struct span host)
{
	struct asked a = { .source = source, .sender = sender, .host = host };

	return node_ask(q, q->root, &a);
}

/* What looking at one place takes. */
static void
where_need(unsigned where, struct query_need *need)
{
	switch (where) {
	case WHERE_ANY:
		need->raw = need->texts = true;
		need->fields = UINT64_MAX;
		break;
	case WHERE_MESSAGE:
	case WHERE_RAW:
		need->raw = true;
		break;
	case WHERE_PORT:
		need->fields |= UINT64_C(1) << FIELD_SRC_PORT |
		    UINT64_C(1) << FIELD_DST_PORT;
		break;
	case WHERE_CATEGORY:
	case WHERE_CLASS:
	case WHERE_SENDER:
	case WHERE_SOURCE:
	case WHERE_TIME:
		break;
	default:
		if (where < FIELD_N)
			need->fields |= UINT64_C(1) << where;
		else
			need->texts = true;
	}
}

void
query_need(const struct query *q, struct query_need *need)
{
	for (unsigned i = 0; i < q->n; i++)
		if (q->node[i].kind == NODE_TEST)
			where_need(q->node[i].where, need);
}

unsigned
query_field(struct span name)
{
	unsigned where = where_find(name);

	return where == WHERE_N || where == WHERE_ANY ||
		where == WHERE_MESSAGE || where == WHERE_RAW ||
		where == WHERE_PORT
	    ? QUERY_NO_FIELD
	    : where;
}

void
query_field_need(unsigned field, struct query_need *need)
{
	where_need(field, need);
}

struct span
query_field_value(unsigned field, uint32_t source, const struct event *ev,
    char room[static QUERY_FIELD_ROOM])
{
	struct asked a = { .source = source, .ev = ev };
	struct span s;
	uint64_t v;

	if (field == WHERE_SOURCE || field == WHERE_SEVERITY ||
	    field == WHERE_FACILITY) {
		if (!number_at(&a, field, &v))
			return SPAN_EMPTY;
		line_put(room, QUERY_FIELD_ROOM, "%llu", (unsigned long long)v);
		return span_text(room);
	}
	s = text_at(ev, field);
	return s.len == 0 ? SPAN_EMPTY : s;
}

/* What all matches of a node have in common. */
static void
node_span(
    const struct query *q, unsigned at, int64_t *since_us, int64_t *until_us)
{
	const struct node *n = &q->node[at];
	int64_t low, high;

	if (n->kind == NODE_AND) {
		node_span(q, n->left, since_us, until_us);
		node_span(q, n->right, since_us, until_us);
	}
	if (n->kind != NODE_TEST || n->where != WHERE_TIME ||
	    n->test != TEST_RANGE)
		return;
	low = NUMBER_TIME(n->low);
	high = NUMBER_TIME(n->high);
	if (low > *since_us)
		*since_us = low;
	if (high < *until_us - 1)
		*until_us = high + 1;
}

void
query_span(const struct query *q, int64_t *since_us, int64_t *until_us)
{
	node_span(q, q->root, since_us, until_us);
}
