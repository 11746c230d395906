/*
 * sigma/value.c: a field's modifiers and values, compiled into tests.
 *
 * Works on one key of a selection ("CommandLine|windash|contains|all") and
 *          its values. Modifiers are taken in the order in which they stand:
 *          those that change texts work on drafts, the others say how the
 *          drafts are compared in the end.
 * Source   Sigma specification 2.1, modifiers appendix.
 */
#include "sigma/inner.h"

#include <stdlib.h>

#include "sigma/item.h"

/* ---- drafts ---- */

/* Room for one more value. */
static enum err
draft_add(struct item *it, struct draft d)
{
	size_t cap = it->cap == 0 ? 16 : it->cap * 2;
	struct draft *more;

	if (it->n == VALUES_MAX)
		return item_fault(it, ERR_LIMIT,
		    "more than %u values in one field", VALUES_MAX);
	if (it->n == it->cap) {
		more = arena_array(it->a, cap, sizeof *more);
		if (more == NULL)
			return item_fault(it, ERR_MEMORY, "out of memory");
		if (it->n > 0)
			memcpy(more, it->draft, it->n * sizeof *more);
		it->draft = more;
		it->cap = cap;
	}
	it->draft[it->n++] = d;
	return ERR_OK;
}

enum err
item_text(struct item *it, struct pattern text, struct span raw)
{
	struct draft d = { .text = text, .raw = raw, .table = SIGMA_NONE };

	if (text.at == NULL)
		return item_fault(it, ERR_MEMORY, "out of memory");
	return draft_add(it, d);
}

/* One value of the document. */
static enum err
value_take(struct item *it, const json_t *v)
{
	struct draft d = { .table = SIGMA_NONE };
	struct span s = SPAN_EMPTY;

	if (json_is_null(v)) {
		d.is_null = true;
		return draft_add(it, d);
	}
	if (json_is_boolean(v)) {
		d.is_bool = true;
		d.truth = json_is_true(v);
		s = span_text(d.truth ? "true" : "false");
	} else if (json_is_integer(v)) {
		s = span_text(arena_printf(
		    it->a, "%lld", (long long)json_integer_value(v)));
	} else if (json_is_string(v)) {
		s = span_of(json_string_value(v), json_string_length(v));
	} else {
		return item_fault(it, ERR_SYNTAX,
		    "a value is a text, a number, true, false or null");
	}
	if (s.len > TEXT_MAX)
		return item_fault(
		    it, ERR_LIMIT, "a value of more than %u bytes", TEXT_MAX);
	d.raw = arena_copy(it->a, s);
	d.text = wild_read(it->a, s);
	if (d.text.at == NULL || d.raw.at == NULL)
		return item_fault(it, ERR_MEMORY, "out of memory");
	return draft_add(it, d);
}

static enum err
values_take(struct item *it, const json_t *v)
{
	enum err e = ERR_OK;

	if (!json_is_array(v))
		return value_take(it, v);
	if (json_array_size(v) == 0)
		return item_fault(it, ERR_SYNTAX, "an empty list of values");
	for (size_t i = 0; i < json_array_size(v) && e == ERR_OK; i++)
		e = value_take(it, json_array_get(v, i));
	return e;
}

/* ---- tests ---- */

static enum err
regex_take(struct item *it, const struct draft *d, struct test *t)
{
	struct sigma *s = it->p->s;
	struct fault f;
	enum err e;

	if ((e = set_grow(&s->regex, s->n_regexes, &s->cap_regexes,
		 sizeof *s->regex, it->why)) != ERR_OK)
		return e;
	e = regex_new_with(d->raw, it->flags, &t->regex, &f);
	if (e != ERR_OK)
		return item_fault(it, e, "%s", f.text);
	s->regex[s->n_regexes++] = t->regex;
	return ERR_OK;
}

/* What one draft asks of a value. */
static enum err
test_make(struct item *it, const struct draft *d, bool words, struct test *t)
{
	struct pattern p = d->text;

	*t = (struct test){ .what = TEST_TEXT, .cased = it->cased };
	if (d->table != SIGMA_NONE) {
		if (it->how != HOW_TEXT || it->before || it->behind)
			return item_fault(it, ERR_UNSUPPORTED,
			    "a table from outside can only be compared whole");
		t->what = TEST_TABLE;
		t->ref = d->table;
		return ERR_OK;
	}
	switch (it->how) {
	case HOW_REGEX:
		t->what = TEST_REGEX;
		return regex_take(it, d, t);
	case HOW_CIDR:
		t->what = TEST_CIDR;
		if (d->is_null || !network_read(d->raw, &t->net))
			return item_fault(it, ERR_SYNTAX,
			    "'%.*s' is no network", (int)d->raw.len,
			    (const char *)d->raw.at);
		return ERR_OK;
	case HOW_NUMBER:
		t->what = TEST_NUMBER;
		t->op = it->op;
		if (d->is_null || !number_read(d->raw, &t->number))
			return item_fault(it, ERR_SYNTAX, "'%.*s' is no number",
			    (int)d->raw.len, (const char *)d->raw.at);
		return ERR_OK;
	case HOW_EXISTS:
		t->what = TEST_EXISTS;
		t->number = d->truth;
		if (!d->is_bool)
			return item_fault(
			    it, ERR_SYNTAX, "exists needs true or false");
		return ERR_OK;
	case HOW_FIELD:
		t->what = TEST_FIELD;
		t->text.shape = it->before
		    ? (it->behind ? SHAPE_HAS : SHAPE_ENDS)
		    : (it->behind ? SHAPE_BEGINS : SHAPE_IS);
		return field_take(it->p->s, d->raw, &t->ref, it->why);
	default:
		break;
	}
	if (d->is_null) {
		t->what = TEST_NULL;
		return words ? item_fault(it, ERR_SYNTAX,
				   "null cannot be looked for in a record")
			     : ERR_OK;
	}
	if (words)
		p = pattern_around(it->a, p, true, true);
	if (!text_test_make(it->a, p, it->cased, &t->text))
		return item_fault(it, ERR_MEMORY, "out of memory");
	return ERR_OK;
}

/* The node over all drafts. */
static enum err
item_node(struct item *it, struct span field, uint32_t *out)
{
	struct sigma *s = it->p->s;
	bool words = field.len == 0;
	uint32_t node, not_, last = SIGMA_NONE, f = SIGMA_NONE;
	struct test t;
	enum err e = ERR_OK;

	if (words && (it->how > HOW_REGEX || it->part != PART_NONE))
		return item_fault(it, ERR_UNSUPPORTED,
		    "this modifier needs the name of a field");
	if (!words)
		e = field_take(s, field, &f, it->why);
	if (e == ERR_OK)
		e = node_new(
		    s, words ? NODE_WORDS : NODE_FIELD, &node, it->why);
	if (e != ERR_OK)
		return e;
	s->node[node].field = f;
	s->node[node].all = it->all;
	s->node[node].part = it->part;
	s->node[node].test = s->n_tests;
	for (size_t i = 0; i < it->n && e == ERR_OK; i++) {
		e = test_make(it, &it->draft[i], words, &t);
		if (e == ERR_OK)
			e = set_grow(&s->test, s->n_tests, &s->cap_tests,
			    sizeof *s->test, it->why);
		if (e == ERR_OK)
			s->test[s->n_tests++] = t;
	}
	s->node[node].n_tests = s->n_tests - s->node[node].test;
	*out = node;
	if (e == ERR_OK && it->neq) {
		e = node_new(s, NODE_NOT, &not_, it->why);
		if (e == ERR_OK) {
			node_hang(s, not_, &last, node);
			*out = not_;
		}
	}
	return e;
}

enum err
item_read(struct place *p, const char *key, const json_t *v, uint32_t *out,
    struct fault *why)
{
	struct cursor c = cursor_of(span_text(key));
	struct item it = { .p = p, .a = p->s->arena, .key = key, .why = why };
	struct span field = cursor_until(&c, '|', NULL);
	unsigned n = 0;
	enum err e = values_take(&it, v);

	while (e == ERR_OK && c.pos < c.all.len) {
		struct span m = cursor_until(&c, '|', NULL);

		if (++n > MODIFIERS_MAX)
			return item_fault(&it, ERR_LIMIT,
			    "more than %u modifiers", MODIFIERS_MAX);
		e = modifier_apply(&it, m);
	}
	if (e == ERR_OK && it.all && it.n < 2 && !it.expanded)
		e = item_fault(
		    &it, ERR_SYNTAX, "all needs a list of two values or more");
	if (e == ERR_OK && it.part != PART_NONE && it.how == HOW_TEXT) {
		it.how = HOW_NUMBER;
		it.op = SIGMA_EQ;
	}
	return e == ERR_OK ? item_node(&it, span_trim(field), out) : e;
}
