/*
 * sigma/match.c: does a record fit a rule?
 */
#include "sigma/record.h"

#include <stdlib.h>

#include "base/when.h"
#include "match/text.h"

/* ---- one value ---- */

static bool
regex_fits(struct sigma_record *r, const struct test *t, struct span s)
{
	switch (regex_find(t->regex, s)) {
	case REGEX_YES:
		return true;
	case REGEX_NO:
		return false;
	default:
		r->undecided++; /* nobody shall hide behind a costly text */
		return true;
	}
}

static bool
table_has(struct sigma_record *r, const struct test *t, struct span s)
{
	const struct table *x = &r->s->table[t->ref];
	size_t from = 0, to = x->n;
	uint8_t low[512];

	if (!x->set)
		r->unset = true;
	if (s.len > sizeof low)
		return false;
	if (s.len > 0)
		memcpy(low, s.at, s.len);
	text_lower(low, s.len);
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		struct span v = x->value[mid];
		size_t n = v.len < s.len ? v.len : s.len;
		int d = n == 0 ? 0 : memcmp(low, v.at, n);

		if (d == 0)
			d = (s.len > v.len) - (s.len < v.len);
		if (d == 0)
			return true;
		if (d < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return false;
}

/* The text of another field, small letters for both unless cased. */
static bool
field_fits(struct sigma_record *r, const struct test *t, struct span s)
{
	struct span other = sigma_value(r, t->ref);
	struct text_test x = t->text;
	struct pattern none = { NULL, 0 };
	uint8_t *low;

	if (other.at == NULL)
		return false;
	x.glob = none;
	x.cased = t->cased;
	x.plain = other;
	if (!t->cased) {
		r->used = true;
		if ((low = arena_alloc(r->arena, other.len + 1)) == NULL)
			return false;
		if (other.len > 0)
			memcpy(low, other.at, other.len);
		text_lower(low, other.len);
		x.plain = span_of(low, other.len);
	}
	return text_test_fits(&x, s);
}

/* Of an instant, in Taipei; ISO 8601 weeks. */
static int64_t
part_of(enum time_part part, int64_t us)
{
	struct day d = when_day(us);
	int64_t day0 = when_day_start(us);
	int64_t minute = (us - day0) / WHEN_MINUTE;
	int64_t n = (day0 + 8 * WHEN_HOUR) / WHEN_DAY; /* since 1970 */
	int64_t thursday, year0;

	switch (part) {
	case PART_MINUTE:
		return minute % 60;
	case PART_HOUR:
		return minute / 60;
	case PART_DAY:
		return d.day;
	case PART_MONTH:
		return d.month;
	case PART_YEAR:
		return d.year;
	default:
		break;
	}
	/* The week belongs to the year of its Thursday. */
	thursday = n - (n % 7 + 7 + 3) % 7 + 3;
	d = when_day(thursday * WHEN_DAY);
	d.month = d.day = 1;
	year0 = (day_start(d) + 8 * WHEN_HOUR) / WHEN_DAY;
	return (thursday - year0) / 7 + 1;
}

static bool
number_test(const struct test *t, enum time_part part, struct span s)
{
	double have = 0;
	int64_t us;

	if (part != PART_NONE) {
		if (when_parse(s, &us, NULL) != ERR_OK)
			return false;
		have = (double)part_of(part, us);
	} else if (!number_read(span_trim(s), &have)) {
		return false;
	}
	return number_fits(t->op, have, t->number);
}

static bool
value_fits(struct sigma_record *r, const struct test *t, enum time_part part,
    struct span s)
{
	switch (t->what) {
	case TEST_TEXT:
		return text_test_fits(&t->text, s);
	case TEST_REGEX:
		return regex_fits(r, t, s);
	case TEST_CIDR:
		return network_holds(&t->net, span_trim(s));
	case TEST_NUMBER:
		return number_test(t, part, s);
	case TEST_FIELD:
		return field_fits(r, t, s);
	case TEST_TABLE:
		return table_has(r, t, s);
	default:
		return false;
	}
}

/* ---- fields ---- */

static bool
slot_fits(struct sigma_record *r, const struct test *t, enum time_part part,
    const struct slot *v)
{
	if (t->what == TEST_NULL)
		return v->kind <= VALUE_NULL;
	if (t->what == TEST_EXISTS)
		return (v->kind != VALUE_ABSENT) == (t->number > 0);
	if (v->kind == VALUE_TEXT)
		return value_fits(r, t, part, v->text);
	if (v->kind != VALUE_LIST)
		return false;
	for (size_t i = 0; i < json_array_size(v->list); i++) {
		struct span s = record_scalar(r, json_array_get(v->list, i));

		if (s.at != NULL && value_fits(r, t, part, s))
			return true;
	}
	return false;
}

static bool
field_node_fits(struct sigma_record *r, const struct node *n)
{
	const struct slot *v = record_slot(r, n->field);

	for (uint32_t i = 0; i < n->n_tests; i++)
		if (slot_fits(r, &r->s->test[n->test + i], n->part, v) !=
		    n->all)
			return !n->all;
	return n->all && n->n_tests > 0;
}

/* ---- the whole record ---- */

static bool
json_has(struct sigma_record *r, const struct test *t, const json_t *v,
    unsigned depth)
{
	json_t *map;
	const char *key;
	json_t *one;
	bool found = false;

	if (depth > JSON_DEPTH_MAX)
		return false;
	if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v) && !found; i++)
			found = json_has(r, t, json_array_get(v, i), depth + 1);
		return found;
	}
	if (!json_is_object(v))
		return json_is_string(v) &&
		    value_fits(r, t, PART_NONE, record_scalar(r, v));
	map = json_incref((json_t *)(uintptr_t)v);
	json_object_foreach(map, key, one) {
		found = json_has(r, t, one, depth + 1);
		if (found)
			break;
	}
	json_decref(map);
	return found;
}

/* The bytes as received, and what was decoded of them. */
static bool
word_fits(struct sigma_record *r, const struct test *t)
{
	const json_t *o;

	if (value_fits(r, t, PART_NONE, r->ev->raw))
		return true;
	for (unsigned f = 0; f < FIELD_N; f++)
		if (r->ev->field[f].at != NULL &&
		    value_fits(r, t, PART_NONE, r->ev->field[f]))
			return true;
	o = record_is_json(r) ? record_json(r) : NULL;
	return o != NULL && json_has(r, t, o, 0);
}

static bool
words_node_fits(struct sigma_record *r, const struct node *n)
{
	for (uint32_t i = 0; i < n->n_tests; i++)
		if (word_fits(r, &r->s->test[n->test + i]) != n->all)
			return !n->all;
	return n->all && n->n_tests > 0;
}

/* ---- rules ---- */

bool
node_fits(struct sigma_record *r, uint32_t node)
{
	const struct node *n = &r->s->node[node];
	bool and = n->type == NODE_AND;

	switch (n->type) {
	case NODE_AND:
	case NODE_OR:
		for (uint32_t i = n->first; i != SIGMA_NONE;
		     i = r->s->node[i].next)
			if (node_fits(r, i) != and)
				return !and;
		return and&&n->first != SIGMA_NONE;
	case NODE_NOT:
		return !node_fits(r, n->first);
	case NODE_FIELD:
		return field_node_fits(r, n);
	case NODE_WORDS:
		return words_node_fits(r, n);
	default:
		return true;
	}
}

/* What the rule's log source asks, as far as it costs nothing. */
static bool
source_fits(struct sigma_record *r, const struct source_row *row)
{
	if (row->json && !record_is_json(r))
		return false;
	for (unsigned i = 0; i < row->n_apps; i++)
		if (span_equal_nocase(row->app[i], r->ev->app))
			return true;
	return row->n_apps == 0;
}

bool
sigma_fits(struct sigma_record *r, unsigned rule)
{
	const struct rule *x = &r->s->rule[rule];

	if (x->pub.kind != SIGMA_PLAIN || x->pub.idle ||
	    !(r->s->source[x->source].categories >> r->ev->category & 1) ||
	    !source_fits(r, &r->s->source[x->source]))
		return false;
	/* A table that nobody has filled yet decides nothing. */
	r->unset = false;
	return node_fits(r, x->node) && !r->unset;
}

const uint32_t *
sigma_matches(struct sigma_record *r, size_t *n)
{
	const uint32_t *bucket = r->s->bucket[r->ev->category];
	uint32_t count = r->s->n_bucket[r->ev->category];

	r->n_hits = 0;
	for (uint32_t i = 0; i < count; i++)
		if (sigma_fits(r, bucket[i]))
			r->hit[r->n_hits++] = bucket[i];
	*n = r->n_hits;
	return r->hit;
}
