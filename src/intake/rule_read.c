/*
 * intake/rule_read.c: rules out of a YAML file, checked as they are read.
 *
 * Works on  files that people wrote: every mistake is told with its line.
 * Source    doc/normalize.md.
 */
#include "base/text.h"
#include "intake/rule_parts.h"

/* Each captured name that is a field becomes one; "_x" is for conditions. */
static enum err
captures_read(struct reader *d)
{
	struct rule *r = d->r;
	enum err e = rule_part_outs_grow(d, r->names.n);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < r->names.n; i++) {
		struct out o = { .from = i };

		if (span_starts(r->names.name[i], "_"))
			continue;
		if (!rule_part_out_find(r->names.name[i], &o.to))
			return rule_part_bad(d, "pattern",
			    "no such field: %.*s", (int)r->names.name[i].len,
			    r->names.name[i].at);
		r->out[r->n_outs++] = o;
	}
	return ERR_OK;
}

static enum err
patterns_read(struct reader *d, const json_t *v)
{
	struct rule *r = d->r;
	struct texts texts;
	enum err e = rule_part_texts(d, "pattern", v, &texts);

	if (e != ERR_OK)
		return e;
	r->pattern = arena_array(d->n->arena, texts.n, sizeof r->pattern[0]);
	if (r->pattern == NULL)
		return rule_part_no_memory(d);
	for (size_t i = 0; i < texts.n; i++) {
		struct fault why = { .code = ERR_OK };

		e = pattern_read(
		    d->n->arena, texts.at[i], &r->names, &r->pattern[i], &why);
		if (e == ERR_MEMORY)
			return rule_part_no_memory(d);
		if (e != ERR_OK)
			return rule_part_bad(
			    d, "pattern", "pattern %zu, %s", i + 1, why.text);
		r->n_patterns++;
		r->led = pattern_is_led(r->pattern[i]) && (i == 0 || r->led);
	}
	return captures_read(d);
}

/* The one form that the rule has. */
static enum err
form_read(struct reader *d, const json_t *rule)
{
	static const struct {
		const char *key;
		enum form form;
	} forms[] = {
		{ "pattern", FORM_TEXT },
		{ "json", FORM_JSON },
		{ "keyvalue", FORM_PAIRS },
		{ "audit", FORM_AUDIT },
		{ "csv", FORM_CSV },
		{ "cef", FORM_CEF },
		{ "leef", FORM_LEEF },
		{ "params", FORM_PARAMS },
	};
	const char *key = NULL;
	const json_t *v = NULL;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const json_t *one = json_object_get(rule, forms[i].key);

		if (one == NULL)
			continue;
		if (key != NULL)
			return rule_part_bad(d, forms[i].key,
			    "%s and %s in one rule", key, forms[i].key);
		key = forms[i].key;
		v = one;
		d->r->form = forms[i].form;
	}
	if (key == NULL)
		return rule_part_bad(d, "",
		    "a rule has a pattern, json, keyvalue, audit, csv, "
		    "cef, leef or params");
	if (d->r->form == FORM_TEXT)
		return patterns_read(d, v);
	return rule_part_outs(d, key, v, false);
}

/* What a test expects: a category and exactly these fields. */
static enum err
gives_read(
    struct reader *d, const char *place, json_t *gives, struct rule_test *t)
{
	const char *name;
	json_t *one;

	t->gives = arena_array(
	    d->n->arena, json_object_size(gives), sizeof t->gives[0]);
	if (t->gives == NULL)
		return rule_part_no_memory(d);
	t->category = CAT_N;
	json_object_foreach(gives, name, one) {
		struct out o = { .constant = true,
			.text = rule_part_text(d, one) };

		if (o.text.at == NULL)
			return rule_part_bad(d, place, "%s: not a text", name);
		if (strcmp(name, "category") == 0) {
			t->category = event_category_find(o.text);
			continue;
		}
		if (!rule_part_out_find(span_text(name), &o.to))
			return rule_part_bad(
			    d, place, "no such field: %s", name);
		t->gives[t->n_gives++] = o;
	}
	if (t->category == CAT_N)
		return rule_part_bad(
		    d, place, "gives: it needs a category that exists");
	return ERR_OK;
}

static enum err
tests_read(struct reader *d, const json_t *tests)
{
	size_t n = json_array_size(tests);
	struct rule *r = d->r;

	if (n == 0)
		return rule_part_bad(d, "tests",
		    "a rule needs tests: lines and what "
		    "they give");
	r->test = arena_array(d->n->arena, n, sizeof r->test[0]);
	if (r->test == NULL)
		return rule_part_no_memory(d);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(tests, i);
		json_t *gives = json_object_get(one, "gives");
		struct rule_test *t = &r->test[i];
		char *place = arena_printf(d->n->arena, "tests/%zu", i);
		enum err e;

		if (place == NULL)
			return rule_part_no_memory(d);
		t->pointer = arena_printf(d->n->arena, "%s/%s", d->at, place);
		if (t->pointer == NULL)
			return rule_part_no_memory(d);
		t->line = rule_part_text(d, json_object_get(one, "line"));
		if (t->line.at == NULL || !json_is_object(gives) ||
		    json_object_size(one) != 2)
			return rule_part_bad(d, place,
			    "a test is a line and what it "
			    "gives");
		if ((e = gives_read(d, place, gives, t)) != ERR_OK)
			return e;
		r->n_tests++;
		d->n->n_tests++;
	}
	return ERR_OK;
}

/* Every key of an object is one of these. */
static enum err
keys_known(struct reader *d, const json_t *o, const char *const *known)
{
	json_t *map = (json_t *)(uintptr_t)o, *one;
	const char *key;

	json_object_foreach(map, key, one) {
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL)
			return rule_part_bad(d,
			    text_is_name(span_text(key), 60) ? key : "",
			    "unknown key \"%.60s\"", key);
	}
	return ERR_OK;
}

/* The rule's name, and that no other has it. */
static enum err
name_read(struct reader *d, const json_t *v)
{
	struct span name = span_text(json_string_value(v));

	if (!text_is_name(name, 64))
		return rule_part_bad(d, "name",
		    "a rule needs a name of a-z, 0-9, - "
		    "and _");
	for (size_t i = 0; i < d->n->n_rules; i++)
		if (span_is(name, d->n->rule[i]->name)) {
			(void)rule_part_bad(d, "name",
			    "there is a rule \"%s\" already",
			    d->n->rule[i]->name);
			if (d->why != NULL)
				d->why->code = ERR_EXISTS;
			return ERR_EXISTS;
		}
	d->r->name = arena_text(d->n->arena, name);
	return d->r->name == NULL ? rule_part_no_memory(d) : ERR_OK;
}

/* "app" and "contains": for whom the rule is asked at all. */
static enum err
gate_read(struct reader *d, const json_t *rule)
{
	const json_t *app = json_object_get(rule, "app");
	const json_t *contains = json_object_get(rule, "contains");
	enum err e;

	if (app != NULL &&
	    (e = rule_part_texts(d, "app", app, &d->r->apps)) != ERR_OK)
		return e;
	if (contains == NULL)
		return d->r->apps.n > 0 ? ERR_OK
					: rule_part_bad(d, "",
					      "a rule for any program "
					      "needs contains");
	e = rule_part_texts(d, "contains", contains, &d->r->literals);
	for (size_t i = 0; e == ERR_OK && i < d->r->literals.n; i++)
		if (d->r->literals.at[i].len == 0)
			e = rule_part_bad(
			    d, "contains", "contains: empty text");
	return e;
}

/* "within": the JSON path of the text that a pattern reads. */
static enum err
within_read(struct reader *d, const json_t *v)
{
	struct span path = rule_part_text(d, v);
	enum err e;

	if (v == NULL)
		return ERR_OK;
	if (d->r->form != FORM_TEXT || path.at == NULL || path.len == 0)
		return rule_part_bad(d, "within",
		    "within: the JSON path of the text that a pattern reads");
	d->r->form = FORM_JSON; /* whose paths they are */
	e = rule_part_ref(d, "within", path, &d->r->text);
	d->r->form = FORM_TEXT;
	d->r->within = e == ERR_OK;
	return e;
}

static enum err
rule_read(struct reader *d, const json_t *v)
{
	static const char *const known[] = { "name", "note", "app", "contains",
		"pattern", "json", "keyvalue", "audit", "csv", "cef", "leef",
		"params", "within", "when", "unless", "category", "set", "also",
		"tests", NULL };
	const json_t *set = json_object_get(v, "set");
	const json_t *also = json_object_get(v, "also");
	enum err e;

	if (!json_is_object(v))
		return rule_part_bad(d, "", "a rule is a map of keys");
	if ((e = keys_known(d, v, known)) != ERR_OK ||
	    (e = name_read(d, json_object_get(v, "name"))) != ERR_OK ||
	    (e = gate_read(d, v)) != ERR_OK ||
	    (e = form_read(d, v)) != ERR_OK ||
	    (e = within_read(d, json_object_get(v, "within"))) != ERR_OK ||
	    (e = rule_part_conds(
		 d, "when", json_object_get(v, "when"), false)) != ERR_OK ||
	    (e = rule_part_conds(
		 d, "unless", json_object_get(v, "unless"), true)) != ERR_OK ||
	    (e = rule_part_category(d, json_object_get(v, "category"))) !=
		ERR_OK)
		return e;
	if (set != NULL && (e = rule_part_outs(d, "set", set, true)) != ERR_OK)
		return e;
	if (also != NULL &&
	    (e = rule_part_outs(d, "also", also, false)) != ERR_OK)
		return e;
	return tests_read(d, json_object_get(v, "tests"));
}

enum err
rule_read_file(struct normalizer *n, const struct yaml *y, struct fault *why)
{
	static const char *const known[] = { "title", "roots", "rules", NULL };
	struct reader d = { .n = n, .y = y, .at = "", .why = why };
	const json_t *root = yaml_root(y);
	const json_t *rules = json_object_get(root, "rules");
	const json_t *roots = json_object_get(root, "roots");
	enum err e;

	if ((e = keys_known(&d, root, known)) != ERR_OK)
		return e;
	if (!json_is_array(rules))
		return rule_part_bad(
		    &d, "", "a rule file has a list \"rules\"");
	if (roots != NULL &&
	    (e = rule_part_texts(&d, "roots", roots, &d.roots)) != ERR_OK)
		return e;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		d.at = arena_printf(n->arena, "/rules/%zu", i);
		if (d.at == NULL)
			return fault_set(why, ERR_MEMORY, "rules");
		if (n->n_rules == NORMALIZE_RULES_MAX)
			return rule_part_bad(
			    &d, "", "more than %d rules", NORMALIZE_RULES_MAX);
		d.r = arena_alloc(n->arena, sizeof *d.r);
		if (d.r == NULL)
			return rule_part_no_memory(&d);
		d.r->file = n->n_files;
		if ((e = rule_read(&d, json_array_get(rules, i))) != ERR_OK)
			return e;
		n->rule[n->n_rules++] = d.r;
	}
	return ERR_OK;
}
