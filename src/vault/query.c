/*
 * vault/query.c: from the text of a search to a tree of tests.
 *
 * A hand-written descent over bytes; every error says at which byte.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/text.h"
#include "vault/query_own.h"

struct parser {
	struct query *q;
	struct span text;
	size_t at;
	unsigned depth;
	int64_t now_us;
	struct fault *why;
};

static enum err or_read(struct parser *p, uint16_t *out);

/* An error with its place, counted from 1. */
static enum err __attribute__((format(printf, 3, 4)))
refuse(struct parser *p, size_t at, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	char line[FAULT_TEXT_MAX];
	enum err e;

	va_start(ap, fmt);
	if (vsnprintf(line, sizeof line, fmt, ap) < 0)
		line[0] = '\0';
	va_end(ap);
	buf_init(&b, FAULT_TEXT_MAX);
	(void)text_scrub(&b, span_text(line));
	e = fault_set(p->why, ERR_SYNTAX, "at %zu: %s", at + 1, buf_string(&b));
	buf_clear(&b);
	return e;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
blanks_skip(struct parser *p)
{
	/* U+3000, the blank of Chinese typing, is one too. */
	for (;;) {
		struct span rest = span_slice(p->text, p->at, SIZE_MAX);

		if (rest.len > 0 && is_blank(rest.at[0]))
			p->at++;
		else if (span_starts(rest, "\xE3\x80\x80"))
			p->at += 3;
		else
			return;
	}
}

static bool
at_end(const struct parser *p)
{
	return p->at >= p->text.len;
}

/* What a bare word ends before. */
static bool
ends_word(const struct parser *p, size_t at)
{
	struct span rest = span_slice(p->text, at, SIZE_MAX);

	return rest.len == 0 || is_blank(rest.at[0]) || rest.at[0] == '(' ||
	    rest.at[0] == ')' || rest.at[0] == '"' ||
	    span_starts(rest, "\xE3\x80\x80");
}

/* The operator word that stands here, whole. */
static bool
word_is(const struct parser *p, const char *word)
{
	struct span rest = span_slice(p->text, p->at, SIZE_MAX);

	return span_starts(rest, word) && ends_word(p, p->at + strlen(word));
}

static enum err
node_add(struct parser *p, const struct node *n, uint16_t *out)
{
	if (p->q->n >= QUERY_NODES_MAX)
		return fault_set(p->why, ERR_LIMIT,
		    "the search has more than %u parts", QUERY_NODES_MAX);
	p->q->node[p->q->n] = *n;
	*out = (uint16_t)p->q->n++;
	return ERR_OK;
}

/* A lower-case copy. */
static enum err
text_keep(struct parser *p, struct span s, struct span *out)
{
	char *copy;

	if (s.len > QUERY_WORD_MAX)
		return fault_set(p->why, ERR_LIMIT,
		    "a word or phrase of more than %d bytes", QUERY_WORD_MAX);
	if ((copy = arena_text(p->q->arena, s)) == NULL)
		return fault_set(p->why, ERR_MEMORY, "search");
	text_lower((uint8_t *)copy, s.len);
	*out = span_of(copy, s.len);
	return ERR_OK;
}

/* --- values ------------------------------------------------------------- */

/* A value as it stands in the text. */
struct value {
	struct span text;
	size_t at;
	bool quoted;
};

/* "…" with \" and \\ inside. */
static enum err
quoted_read(struct parser *p, struct value *v)
{
	size_t start = p->at, n = 0;
	char *to = arena_alloc(p->q->arena, p->text.len);

	if (to == NULL)
		return fault_set(p->why, ERR_MEMORY, "search");
	for (p->at++; !at_end(p) && p->text.at[p->at] != '"'; p->at++) {
		if (p->text.at[p->at] == '\\' && p->at + 1 < p->text.len &&
		    (p->text.at[p->at + 1] == '"' ||
			p->text.at[p->at + 1] == '\\'))
			p->at++;
		to[n++] = (char)p->text.at[p->at];
	}
	if (at_end(p))
		return refuse(p, start, "the quotation mark is not closed");
	p->at++;
	*v = (struct value){
		.text = span_of(to, n), .at = start, .quoted = true
	};
	return ERR_OK;
}

static void
bare_read(struct parser *p, struct value *v)
{
	size_t start = p->at;

	while (!ends_word(p, p->at))
		p->at++;
	*v = (struct value){ .text = span_slice(p->text, start, p->at - start),
		.at = start };
}

/* What every match of a regular expression must hold. */
static enum err
literals_keep(
    struct parser *p, struct node *n, struct span pattern, bool nocase)
{
	struct literal *list = arena_array(
	    p->q->arena, LITERALS_MAX, sizeof *list);
	uint8_t *room = arena_alloc(p->q->arena, pattern.len);

	if (list == NULL || room == NULL)
		return fault_set(p->why, ERR_MEMORY, "search");
	n->literal = list;
	n->n_literals = literals_read(
	    pattern, nocase, room, list, LITERALS_MAX);
	for (size_t i = 0; i < n->n_literals; i++)
		if (list[i].text.len > n->need.len)
			n->need = list[i].text;
	return ERR_OK;
}

/* /pattern/ or /pattern/i into a test. */
static enum err
regex_read(struct parser *p, struct node *n)
{
	size_t start = p->at, len = 0;
	bool nocase = false;
	struct fault what;
	uint8_t *to = arena_alloc(p->q->arena, p->text.len);
	enum err e;

	if (to == NULL)
		return fault_set(p->why, ERR_MEMORY, "search");
	for (p->at++; !at_end(p) && p->text.at[p->at] != '/'; p->at++) {
		if (p->text.at[p->at] == '\\' && p->at + 1 < p->text.len) {
			if (p->text.at[p->at + 1] != '/')
				to[len++] = '\\';
			p->at++;
		}
		to[len++] = p->text.at[p->at];
	}
	if (at_end(p))
		return refuse(p, start, "the regular expression has no end: /");
	p->at++;
	if (!at_end(p) && p->text.at[p->at] == 'i') {
		nocase = true;
		p->at++;
	}
	if (!ends_word(p, p->at))
		return refuse(
		    p, p->at, "unexpected text after a regular expression");
	n->test = TEST_REGEX;
	e = regex_new(span_of(to, len), nocase, &n->regex, &what);
	if (e == ERR_SYNTAX || e == ERR_LIMIT)
		return refuse(p, start, "%s", what.text);
	if (e != ERR_OK)
		return fault_set(p->why, e, "%s", what.text);
	return literals_keep(p, n, span_of(to, len), nocase);
}

/* --- fields ------------------------------------------------------------- */

struct place {
	const char *name;
	unsigned where;
};

static const struct place places[] = {
	{ "host", WHERE_HOST },
	{ "app", WHERE_APP },
	{ "proc", WHERE_PROC },
	{ "msgid", WHERE_MSGID },
	{ "sender", WHERE_SENDER },
	{ "category", WHERE_CATEGORY },
	{ "class", WHERE_CLASS },
	{ "severity", WHERE_SEVERITY },
	{ "facility", WHERE_FACILITY },
	{ "via", WHERE_VIA },
	{ "parse", WHERE_PARSE },
	{ "source", WHERE_SOURCE },
	{ "message", WHERE_MESSAGE },
	{ "raw", WHERE_RAW },
	{ "port", WHERE_PORT },
	{ "time", WHERE_TIME },
	{ "event", WHERE_EVENT },
};

unsigned
where_find(struct span name)
{
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (span_is(name, places[i].name))
			return places[i].where;
	return event_field_find(name) < FIELD_N
	    ? (unsigned)event_field_find(name)
	    : WHERE_N;
}

static bool
is_address(unsigned where)
{
	return where == FIELD_SRC_IP || where == FIELD_DST_IP ||
	    where == WHERE_SENDER;
}

static bool
is_number(unsigned where)
{
	return where == WHERE_SEVERITY || where == WHERE_FACILITY ||
	    where == WHERE_SOURCE || where == WHERE_PORT ||
	    where == FIELD_SRC_PORT || where == FIELD_DST_PORT ||
	    where == FIELD_STATUS || where == FIELD_COUNT ||
	    where == FIELD_REPEAT || where == FIELD_BYTES;
}

bool
address_read(struct span s, uint8_t to[static 16], bool *v4)
{
	char text[INET6_ADDRSTRLEN];

	if (s.len == 0 || s.len >= sizeof text || span_find(s, 0) != SIZE_MAX)
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	memset(to, 0, 16);
	*v4 = inet_pton(AF_INET, text, to) == 1;
	return *v4 || inet_pton(AF_INET6, text, to) == 1;
}

/* address/bits into a test. */
static enum err
network_read(struct parser *p, const struct value *v, struct node *n)
{
	size_t slash = span_find(v->text, '/');
	uint64_t bits;

	if (!address_read(span_slice(v->text, 0, slash), n->net, &n->net_v4) ||
	    !span_number(span_slice(v->text, slash + 1, SIZE_MAX),
		n->net_v4 ? 32 : 128, &bits))
		return refuse(p, v->at, "not a network (as 10.0.0.0/8): %.*s",
		    (int)v->text.len, (const char *)v->text.at);
	n->test = TEST_NETWORK;
	n->net_bits = (unsigned)bits;
	return ERR_OK;
}

/* The number that a severity's name stands for. */
static bool
severity_number(struct span s, uint64_t *n)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err",
		"warning", "notice", "info", "debug" };

	for (unsigned i = 0; i < 8; i++) {
		if (span_equal_nocase(s, span_text(names[i]))) {
			*n = i;
			return true;
		}
	}
	return false;
}

static enum err
number_read(
    struct parser *p, unsigned where, struct span s, size_t at, uint64_t *n)
{
	if (span_number(s, UINT64_MAX, n) ||
	    (where == WHERE_SEVERITY && severity_number(s, n)))
		return ERR_OK;
	return refuse(p, at, "a number is wanted here: \"%.*s\"",
	    (int)(s.len < 60 ? s.len : 60), (const char *)s.at);
}

/* low..high, where either may be left out. False when there is no `..`. */
static bool
range_read(struct parser *p, const struct value *v, struct node *n, enum err *e)
{
	size_t dots = span_find_text(v->text, "..");
	struct span low, high;

	if (dots == SIZE_MAX || v->quoted || !is_number(n->where))
		return false;
	low = span_slice(v->text, 0, dots);
	high = span_slice(v->text, dots + 2, SIZE_MAX);
	n->test = TEST_RANGE;
	n->low = 0;
	n->high = UINT64_MAX;
	*e = ERR_OK;
	if (low.len > 0)
		*e = number_read(p, n->where, low, v->at, &n->low);
	if (*e == ERR_OK && high.len > 0)
		*e = number_read(p, n->where, high, v->at + dots + 2, &n->high);
	if (*e == ERR_OK && n->low > n->high)
		*e = refuse(p, v->at, "the range is empty");
	return true;
}

static bool
is_time(unsigned where)
{
	return where == WHERE_TIME || where == WHERE_EVENT;
}

/* One time of a test. */
static enum err
time_read(struct parser *p, struct span s, size_t at, int64_t *from_us,
    int64_t *until_us)
{
	struct fault what;

	if (query_time(s, p->now_us, from_us, until_us, &what) == ERR_OK)
		return ERR_OK;
	return refuse(p, at, "%s", what.text);
}

/* A time, or two with `..` between them. */
static enum err
times_read(struct parser *p, const struct value *v, struct node *n)
{
	size_t dots = span_find_text(v->text, "..");
	int64_t from = INT64_MIN, until = INT64_MAX, none;
	struct span high = span_slice(v->text, dots + 2, SIZE_MAX);
	enum err e = ERR_OK;

	n->test = TEST_RANGE;
	if (dots == SIZE_MAX) {
		e = time_read(p, v->text, v->at, &from, &until);
	} else {
		if (dots > 0)
			e = time_read(p, span_slice(v->text, 0, dots), v->at,
			    &from, &none);
		if (e == ERR_OK && high.len > 0) {
			e = time_read(p, high, v->at + dots + 2, &none, &until);
			if (until == INT64_MAX) /* up to so long ago */
				until = none;
		}
	}
	if (e == ERR_OK && from >= until)
		e = refuse(p, v->at, "the range is empty");
	n->low = TIME_NUMBER(from);
	n->high = TIME_NUMBER(until - 1);
	return e;
}

/* time<value and its kin. */
static enum err
time_compare(struct parser *p, struct node *n, char op, bool equal,
    const struct value *v)
{
	int64_t from, until;
	enum err e = time_read(p, v->text, v->at, &from, &until);

	if (e != ERR_OK)
		return e;
	if (until == INT64_MAX) /* an instant */
		until = from + 1;
	n->low = TIME_NUMBER(op == '<' ? INT64_MIN
		: op == '>' && !equal  ? until
				       : from);
	n->high = TIME_NUMBER(op == '>' ? INT64_MAX
		: op == '<' && !equal   ? from - 1
					: until - 1);
	return ERR_OK;
}

/* Words of a fixed list are checked when the query is read. */
static enum err
listed_check(struct parser *p, unsigned where, const struct value *v)
{
	struct buf b;
	struct span s;
	bool known = true;

	if (span_find(v->text, '*') != SIZE_MAX)
		return ERR_OK;
	buf_init(&b, QUERY_TEXT_MAX);
	buf_span(&b, v->text);
	if (b.at != NULL)
		text_lower(b.at, b.len);
	s = buf_view(&b);
	if (where == WHERE_CATEGORY)
		known = event_category_find(s) < CAT_N;
	else if (where == WHERE_CLASS)
		known = event_class_find(s) < CLASS_N;
	buf_clear(&b);
	if (known)
		return ERR_OK;
	return refuse(p, v->at, "there is no %s \"%.*s\"",
	    where == WHERE_CLASS ? "class" : "category",
	    (int)(v->text.len < 60 ? v->text.len : 60),
	    (const char *)v->text.at);
}

/* field:value */
static enum err
value_test(struct parser *p, const struct value *v, struct node *n)
{
	enum err e = ERR_OK;

	if (v->text.len == 0)
		return refuse(p, v->at, "a value is missing here");
	if (!v->quoted && span_is(v->text, "*")) {
		n->test = TEST_THERE;
		return ERR_OK;
	}
	if (is_time(n->where))
		return times_read(p, v, n);
	if (range_read(p, v, n, &e))
		return e;
	if (is_number(n->where)) {
		n->test = TEST_RANGE;
		e = number_read(p, n->where, v->text, v->at, &n->low);
		n->high = n->low;
		return e;
	}
	if (is_address(n->where) && span_find(v->text, '/') != SIZE_MAX)
		return network_read(p, v, n);
	if ((e = listed_check(p, n->where, v)) != ERR_OK)
		return e;
	n->test = n->where == WHERE_MESSAGE || n->where == WHERE_RAW
	    ? TEST_WORD
	    : TEST_EQUAL;
	if (!v->quoted && span_find(v->text, '*') != SIZE_MAX)
		n->test = TEST_GLOB;
	return text_keep(p, v->text, &n->text);
}

/* field<value and its kin; `op` stands at p->at. */
static enum err
compare_read(struct parser *p, struct node *n, size_t name_at)
{
	char op = (char)p->text.at[p->at++];
	bool equal = !at_end(p) && p->text.at[p->at] == '=';
	struct value v;
	enum err e;

	if (!is_number(n->where) && !is_time(n->where))
		return refuse(p, name_at, "this field is no number");
	if (equal && op != '=')
		p->at++;
	bare_read(p, &v);
	n->test = TEST_RANGE;
	if (is_time(n->where))
		return time_compare(p, n, op, equal, &v);
	e = number_read(p, n->where, v.text, v.at, &n->low);
	n->high = n->low;
	if (e != ERR_OK || op == '=')
		return e;
	if (op == '<') {
		if (n->high == 0 && !equal)
			return refuse(p, v.at, "nothing is less than 0");
		n->high -= !equal;
		n->low = 0;
	} else {
		if (n->low == UINT64_MAX && !equal)
			return refuse(p, v.at, "nothing is greater");
		n->low += !equal;
		n->high = UINT64_MAX;
	}
	return ERR_OK;
}

/* Where the name of a field ends: at `:`, `<`, `>` or `=`; SIZE_MAX: this is
 * no field but a word. */
static size_t
field_end(const struct parser *p)
{
	for (size_t i = p->at; i < p->text.len; i++) {
		uint8_t c = p->text.at[i];

		if (i > p->at && (c == ':' || c == '<' || c == '>' || c == '='))
			return i;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			c == '_' || c == '.' || c == '-'))
			return SIZE_MAX;
	}
	return SIZE_MAX;
}

static enum err
field_read(struct parser *p, size_t end, uint16_t *out)
{
	struct node n = { .kind = NODE_TEST };
	struct span name = span_slice(p->text, p->at, end - p->at);
	size_t name_at = p->at;
	struct value v;
	enum err e;

	n.where = where_find(name);
	if (n.where == WHERE_N)
		return refuse(p, name_at,
		    "unknown field \"%.*s\"; put text with %c into quotation "
		    "marks",
		    (int)(name.len < 60 ? name.len : 60), (const char *)name.at,
		    p->text.at[end]);
	p->at = end;
	if (p->text.at[end] != ':' &&
	    (p->text.at[end] != '=' || is_number(n.where) ||
		is_time(n.where))) {
		e = compare_read(p, &n, name_at);
		return e == ERR_OK ? node_add(p, &n, out) : e;
	}
	p->at++;
	if (!at_end(p) && p->text.at[p->at] == '/' && !is_number(n.where) &&
	    !is_time(n.where)) {
		e = regex_read(p, &n);
	} else if (!at_end(p) && p->text.at[p->at] == '"') {
		if ((e = quoted_read(p, &v)) == ERR_OK)
			e = value_test(p, &v, &n);
	} else {
		bare_read(p, &v);
		e = value_test(p, &v, &n);
	}
	if (e == ERR_OK)
		e = node_add(p, &n, out);
	if (e != ERR_OK)
		regex_free(n.regex);
	return e;
}

/* --- words and operators -------------------------------------------------- */

/* A word: stars at its ends open them, stars inside make it a pattern. */
static enum err
word_read(struct parser *p, uint16_t *out)
{
	struct node n = {
		.kind = NODE_TEST, .where = WHERE_ANY, .test = TEST_WORD
	};
	struct value v;
	struct span s;
	enum err e;

	bare_read(p, &v);
	s = v.text;
	while (s.len > 0 && s.at[0] == '*') {
		n.open_left = true;
		s = span_slice(s, 1, SIZE_MAX);
	}
	while (s.len > 0 && s.at[s.len - 1] == '*') {
		n.open_right = true;
		s.len--;
	}
	if (s.len == 0) {
		n.kind = NODE_ALL;
		return node_add(p, &n, out);
	}
	if (span_find(s, '*') != SIZE_MAX) /* inner stars: a regular one */
		n.test = TEST_GLOB;
	if ((e = text_keep(p, s, &n.text)) != ERR_OK)
		return e;
	return node_add(p, &n, out);
}

static enum err
phrase_read(struct parser *p, uint16_t *out)
{
	struct node n = {
		.kind = NODE_TEST, .where = WHERE_ANY, .test = TEST_WORD
	};
	struct value v;
	enum err e;

	if ((e = quoted_read(p, &v)) != ERR_OK)
		return e;
	if (v.text.len == 0)
		return refuse(p, v.at, "the phrase is empty");
	if ((e = text_keep(p, v.text, &n.text)) != ERR_OK)
		return e;
	return node_add(p, &n, out);
}

/* ( … ) */
static enum err
group_read(struct parser *p, uint16_t *out)
{
	size_t start = p->at++;
	enum err e;

	if ((e = or_read(p, out)) != ERR_OK)
		return e;
	blanks_skip(p);
	if (at_end(p) || p->text.at[p->at] != ')')
		return refuse(p, start, "the parenthesis is not closed");
	p->at++;
	return ERR_OK;
}

static enum err
one_read(struct parser *p, uint16_t *out)
{
	struct node n = { .kind = NODE_TEST, .where = WHERE_ANY };
	size_t end;
	enum err e;

	if (p->text.at[p->at] == '(')
		return group_read(p, out);
	if (p->text.at[p->at] == '"')
		return phrase_read(p, out);
	if (p->text.at[p->at] == '/') {
		if ((e = regex_read(p, &n)) == ERR_OK)
			e = node_add(p, &n, out);
		if (e != ERR_OK)
			regex_free(n.regex);
		return e;
	}
	if ((end = field_end(p)) != SIZE_MAX)
		return field_read(p, end, out);
	return word_read(p, out);
}

/* A minus that stands before something, and is none by itself. */
static bool
is_minus(const struct parser *p)
{
	struct span next = span_slice(p->text, p->at + 1, 1);

	return p->text.at[p->at] == '-' && next.len == 1 &&
	    (next.at[0] == '(' || next.at[0] == '"' ||
		!ends_word(p, p->at + 1));
}

static enum err
not_read(struct parser *p, uint16_t *out)
{
	struct node n = { .kind = NODE_NOT };
	enum err e;

	blanks_skip(p);
	if (at_end(p) || p->text.at[p->at] == ')' || word_is(p, "AND") ||
	    word_is(p, "OR"))
		return refuse(p, p->at, "something to search for is missing");
	if (p->depth >= QUERY_DEPTH_MAX)
		return refuse(p, p->at, "nested too deeply");
	p->depth++;
	if (word_is(p, "NOT")) {
		p->at += 3;
		e = not_read(p, &n.left);
	} else if (is_minus(p)) {
		p->at++;
		e = not_read(p, &n.left);
	} else {
		e = one_read(p, out);
		p->depth--;
		return e;
	}
	p->depth--;
	return e == ERR_OK ? node_add(p, &n, out) : e;
}

static enum err
and_read(struct parser *p, uint16_t *out)
{
	enum err e = not_read(p, out);

	while (e == ERR_OK) {
		struct node n = { .kind = NODE_AND, .left = *out };

		blanks_skip(p);
		if (at_end(p) || p->text.at[p->at] == ')' || word_is(p, "OR"))
			break;
		if (word_is(p, "AND"))
			p->at += 3;
		if ((e = not_read(p, &n.right)) == ERR_OK)
			e = node_add(p, &n, out);
	}
	return e;
}

static enum err
or_read(struct parser *p, uint16_t *out)
{
	enum err e = and_read(p, out);

	while (e == ERR_OK) {
		struct node n = { .kind = NODE_OR, .left = *out };

		blanks_skip(p);
		if (at_end(p) || !word_is(p, "OR"))
			break;
		p->at += 2;
		if ((e = and_read(p, &n.right)) == ERR_OK)
			e = node_add(p, &n, out);
	}
	return e;
}

enum err
query_parse(struct span text, struct query **out, struct fault *why)
{
	struct env *env = env_system();

	return query_parse_at(text, env->ops->now_us(env), out, why);
}

enum err
query_parse_at(
    struct span text, int64_t now_us, struct query **out, struct fault *why)
{
	struct query *q;
	struct parser p = { .text = text, .now_us = now_us, .why = why };
	struct node all = { .kind = NODE_ALL };
	uint16_t root = 0;
	enum err e;

	if (text.len > QUERY_TEXT_MAX)
		return fault_set(why, ERR_LIMIT,
		    "a search of more than %d bytes", QUERY_TEXT_MAX);
	if (!text_valid(text) || span_find(text, 0) != SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "the search is not UTF-8");
	if ((q = calloc(1, sizeof *q)) == NULL ||
	    (q->arena = arena_new((size_t)4 << 20)) == NULL) {
		free(q);
		return fault_set(why, ERR_MEMORY, "search");
	}
	p.q = q;
	blanks_skip(&p);
	e = at_end(&p) ? node_add(&p, &all, &root) : or_read(&p, &root);
	if (e == ERR_OK && !at_end(&p))
		e = refuse(&p, p.at, "this parenthesis closes nothing");
	if (e != ERR_OK) {
		query_free(q);
		return e;
	}
	q->root = root;
	*out = q;
	return ERR_OK;
}

void
query_free(struct query *q)
{
	if (q == NULL)
		return;
	for (unsigned i = 0; i < q->n; i++)
		regex_free(q->node[i].regex);
	arena_free(q->arena);
	free(q);
}
