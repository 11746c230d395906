/*
 * intake/rule_read.c: rules out of a YAML file, checked as they are read.
 *
 * Works on  files that people wrote: every mistake is told with its line.
 * Source    doc/normalize.md.
 */
#include "intake/rule.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

/* A file being read. */
struct reader {
	struct normalizer *n;
	const struct yaml *y;
	struct texts roots; /* for JSON paths; none: the object itself */
	char at[96]; /* JSON pointer of the rule under the hands */
	struct rule *r;
	struct fault *why;
};

/* A fault at `key` of the rule under the hands. */
static enum err __attribute__((format(printf, 3, 4)))
bad(struct reader *d, const char *key, const char *fmt, ...)
{
	char line[256], pointer[192];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	(void)snprintf(pointer, sizeof pointer, "%s/%s", d->at, key);
	return yaml_fault(d->y, pointer, d->why, ERR_SYNTAX, "%s", line);
}

static enum err
no_memory(struct reader *d)
{
	return fault_set(d->why, ERR_MEMORY, "rules");
}

/* A text, or a number as text; at == NULL when it is neither. */
static struct span
text_of(struct reader *d, const json_t *v)
{
	char *p;

	if (json_is_string(v))
		return arena_copy(d->n->arena,
		    span_of(json_string_value(v), json_string_length(v)));
	if (!json_is_integer(v))
		return SPAN_EMPTY;
	p = arena_printf(d->n->arena, "%lld", (long long)json_integer_value(v));
	return span_text(p);
}

/* A text or a list of texts. */
static enum err
texts_read(
    struct reader *d, const char *key, const json_t *v, struct texts *out)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;
	struct span *at;

	if (n == 0 || n > RULE_LIST_MAX)
		return bad(d, key, "%s: 1 to %d of them", key, RULE_LIST_MAX);
	if ((at = arena_array(d->n->arena, n, sizeof *at)) == NULL)
		return no_memory(d);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;

		at[i] = text_of(d, one);
		if (at[i].at == NULL)
			return bad(d, key, "%s: not a text", key);
	}
	*out = (struct texts){ at, n };
	return ERR_OK;
}

/* The number of a literal, new or known. */
static bool
literal_number(struct normalizer *n, struct span s, size_t *at)
{
	for (size_t i = 0; i < n->n_literals; i++)
		if (span_equal(n->literal[i], s)) {
			*at = i;
			return true;
		}
	if (n->n_literals == RULE_LITERALS_MAX)
		return false;
	*at = n->n_literals;
	n->literal[n->n_literals++] = s;
	return true;
}

static bool
texts_equal(struct texts a, struct texts b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!span_equal(a.at[i], b.at[i]))
			return false;
	return true;
}

/* The number of a path, new or known. */
static bool
path_number(
    struct normalizer *n, enum rule_kind kind, struct texts any, ref *at)
{
	for (size_t i = 0; i < n->n_paths; i++)
		if (n->path[i].kind == kind &&
		    texts_equal(n->path[i].any, any)) {
			*at = i;
			return true;
		}
	if (n->n_paths == RULE_PATHS_MAX)
		return false;
	*at = n->n_paths;
	n->path[n->n_paths++] = (struct path){ kind, any };
	return true;
}

/* Puts one alternative, below every root of the file, into *any. */
static bool
alternative_add(
    struct reader *d, struct span path, struct texts *any, size_t cap)
{
	size_t n = d->r->kind == RULE_JSON && d->roots.n > 0 ? d->roots.n : 1;

	for (size_t i = 0; i < n; i++) {
		struct span root = d->r->kind == RULE_JSON && d->roots.n > 0
		    ? d->roots.at[i]
		    : SPAN_EMPTY;
		struct span one = path;

		if (root.len > 0)
			one = span_text(arena_printf(d->n->arena, "%.*s.%.*s",
			    (int)root.len, root.at, (int)path.len, path.at));
		if (one.at == NULL || any->n == cap)
			return false;
		any->at[any->n++] = one;
	}
	return true;
}

/* Where a value comes from: "a.b | c" for JSON, pairs and parameters, a
 * capture's name for a pattern. */
static enum err
ref_read(struct reader *d, const char *key, struct span s, ref *out)
{
	struct texts any = { NULL, 0 };
	struct cursor c = cursor_of(s);

	if (d->r->kind == RULE_PATTERN) {
		for (size_t i = 0; i < d->r->names.n; i++)
			if (span_equal(d->r->names.name[i], s)) {
				*out = i;
				return ERR_OK;
			}
		return bad(
		    d, key, "no pattern captures \"%.*s\"", (int)s.len, s.at);
	}
	any.at = arena_array(d->n->arena, RULE_LIST_MAX, sizeof any.at[0]);
	if (any.at == NULL)
		return no_memory(d);
	do {
		struct span path = span_trim(cursor_until(&c, '|', NULL));

		if (path.len == 0)
			return bad(d, key, "a path is empty");
		if (!alternative_add(d, path, &any, RULE_LIST_MAX))
			return bad(d, key, "more than %d places for one value",
			    RULE_LIST_MAX);
	} while (c.pos < c.all.len);
	if (!path_number(d->n, d->r->kind, any, out))
		return bad(d, key, "more than %d paths in all", RULE_PATHS_MAX);
	return ERR_OK;
}

/* A field's name, or "host" or "time". */
static bool
out_find(struct span name, unsigned *to)
{
	*to = event_field_find(name);
	if (span_is(name, "host"))
		*to = OUT_HOST;
	else if (span_is(name, "time"))
		*to = OUT_TIME;
	return *to != FIELD_N || span_is(name, "host");
}

/* Room for n more outs of the rule. */
static enum err
outs_grow(struct reader *d, size_t n)
{
	struct rule *r = d->r;
	struct out *more = arena_array(
	    d->n->arena, r->n_outs + n, sizeof *more);

	if (more == NULL)
		return no_memory(d);
	if (r->n_outs > 0)
		memcpy(more, r->out, r->n_outs * sizeof *more);
	r->out = more;
	return ERR_OK;
}

/* "json", "keyvalue", "params" (field: path) and "set" (field: text). */
static enum err
outs_read(struct reader *d, const char *key, const json_t *v, bool constant)
{
	json_t *map = json_incref((json_t *)(uintptr_t)v), *one;
	const char *name;
	enum err e = ERR_OK;

	if (!json_is_object(v)) {
		e = bad(d, key, "%s: fields and what they get", key);
		goto out;
	}
	if ((e = outs_grow(d, json_object_size(v))) != ERR_OK)
		goto out;
	json_object_foreach(map, name, one)
	{
		struct out o = { .constant = constant,
			.text = text_of(d, one) };

		if (!out_find(span_text(name), &o.to)) {
			e = bad(d, key, "no such field: %s", name);
			goto out;
		}
		if (o.text.at == NULL) {
			e = bad(d, key, "%s: not a text", name);
			goto out;
		}
		if (!constant &&
		    (e = ref_read(d, key, o.text, &o.from)) != ERR_OK)
			goto out;
		d->r->out[d->r->n_outs++] = o;
	}
out:
	json_decref(map);
	return e;
}

/* "when" and "unless": path: value or list of values. */
static enum err
conds_read(struct reader *d, const char *key, const json_t *v, bool unless)
{
	json_t *map = (json_t *)(uintptr_t)v, *one;
	struct rule *r = d->r;
	struct cond *more;
	const char *name;

	if (v == NULL)
		return ERR_OK;
	if (!json_is_object(v))
		return bad(d, key, "%s: paths and values", key);
	more = arena_array(
	    d->n->arena, r->n_conds + json_object_size(v), sizeof *more);
	if (more == NULL)
		return no_memory(d);
	if (r->n_conds > 0)
		memcpy(more, r->cond, r->n_conds * sizeof *more);
	r->cond = more;
	json_object_foreach(map, name, one)
	{
		struct cond c = { .unless = unless };
		struct span path = arena_copy(d->n->arena, span_text(name));
		enum err e;

		if (path.at == NULL)
			return no_memory(d);
		if ((e = ref_read(d, key, path, &c.from)) != ERR_OK ||
		    (e = texts_read(d, key, one, &c.values)) != ERR_OK)
			return e;
		r->cond[r->n_conds++] = c;
	}
	return ERR_OK;
}

static enum err
category_name_read(struct reader *d, const json_t *v, enum event_category *c)
{
	const char *name = json_string_value(v);

	*c = event_category_find(span_text(name));
	if (*c == CAT_N)
		return bad(d, "category", "no such category: %s",
		    name == NULL ? "(not a text)" : name);
	return ERR_OK;
}

/* "category": a name, or {by: path, values: {value: name}}. */
static enum err
category_read(struct reader *d, const json_t *v)
{
	json_t *map, *one;
	const char *value;
	struct rule *r = d->r;
	enum err e;

	if (!json_is_object(v))
		return category_name_read(d, v, &r->category);
	map = json_object_get(v, "values");
	if (!json_is_object(map) || json_object_size(map) == 0 ||
	    !json_is_string(json_object_get(v, "by")) ||
	    json_object_size(v) != 2)
		return bad(d, "category", "category: a name, or by and values");
	e = ref_read(
	    d, "category", text_of(d, json_object_get(v, "by")), &r->by);
	if (e != ERR_OK)
		return e;
	r->choice = arena_array(
	    d->n->arena, json_object_size(map), sizeof r->choice[0]);
	if (r->choice == NULL)
		return no_memory(d);
	json_object_foreach(map, value, one)
	{
		struct choice *c = &r->choice[r->n_choices];

		c->value = arena_copy(d->n->arena, span_text(value));
		if (c->value.at == NULL)
			return no_memory(d);
		e = category_name_read(d, one, &c->category);
		if (e != ERR_OK)
			return e;
		r->n_choices++;
	}
	return ERR_OK;
}

/* Each captured name that is a field becomes one; "_x" is for conditions. */
static enum err
captures_read(struct reader *d)
{
	struct rule *r = d->r;
	enum err e = outs_grow(d, r->names.n);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < r->names.n; i++) {
		struct out o = { .from = i };

		if (span_starts(r->names.name[i], "_"))
			continue;
		if (!out_find(r->names.name[i], &o.to))
			return bad(d, "pattern", "no such field: %.*s",
			    (int)r->names.name[i].len, r->names.name[i].at);
		r->out[r->n_outs++] = o;
	}
	return ERR_OK;
}

static enum err
patterns_read(struct reader *d, const json_t *v)
{
	struct rule *r = d->r;
	struct texts texts;
	enum err e = texts_read(d, "pattern", v, &texts);

	if (e != ERR_OK)
		return e;
	r->pattern = arena_array(d->n->arena, texts.n, sizeof r->pattern[0]);
	if (r->pattern == NULL)
		return no_memory(d);
	for (size_t i = 0; i < texts.n; i++) {
		struct fault why = { .code = ERR_OK };

		e = template_read(
		    d->n->arena, texts.at[i], &r->names, &r->pattern[i], &why);
		if (e == ERR_MEMORY)
			return no_memory(d);
		if (e != ERR_OK)
			return bad(
			    d, "pattern", "pattern %zu, %s", i + 1, why.text);
		r->n_patterns++;
	}
	return captures_read(d);
}

/* The one of pattern, json, keyvalue and params that the rule has. */
static enum err
form_read(struct reader *d, const json_t *rule)
{
	static const struct {
		const char *key;
		enum rule_kind kind;
	} forms[] = {
		{ "pattern", RULE_PATTERN },
		{ "json", RULE_JSON },
		{ "keyvalue", RULE_PAIRS },
		{ "params", RULE_PARAMS },
	};
	const char *key = NULL;
	const json_t *v = NULL;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const json_t *one = json_object_get(rule, forms[i].key);

		if (one == NULL)
			continue;
		if (key != NULL)
			return bad(d, forms[i].key, "%s and %s in one rule",
			    key, forms[i].key);
		key = forms[i].key;
		v = one;
		d->r->kind = forms[i].kind;
	}
	if (key == NULL)
		return bad(d, "",
		    "a rule has a pattern, json, keyvalue or "
		    "params");
	if (d->r->kind == RULE_PATTERN)
		return patterns_read(d, v);
	return outs_read(d, key, v, false);
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
		return no_memory(d);
	t->category = CAT_N;
	json_object_foreach(gives, name, one)
	{
		struct out o = { .constant = true, .text = text_of(d, one) };

		if (o.text.at == NULL)
			return bad(d, place, "%s: not a text", name);
		if (strcmp(name, "category") == 0) {
			t->category = event_category_find(o.text);
			continue;
		}
		if (!out_find(span_text(name), &o.to))
			return bad(d, place, "no such field: %s", name);
		t->gives[t->n_gives++] = o;
	}
	if (t->category == CAT_N)
		return bad(d, place, "gives: it needs a category that exists");
	return ERR_OK;
}

static enum err
tests_read(struct reader *d, const json_t *tests)
{
	size_t n = json_array_size(tests);
	struct rule *r = d->r;

	if (n == 0)
		return bad(d, "tests",
		    "a rule needs tests: lines and what "
		    "they give");
	r->test = arena_array(d->n->arena, n, sizeof r->test[0]);
	if (r->test == NULL)
		return no_memory(d);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(tests, i);
		json_t *gives = json_object_get(one, "gives");
		struct rule_test *t = &r->test[i];
		char place[48];
		enum err e;

		(void)snprintf(place, sizeof place, "tests/%zu", i);
		(void)snprintf(
		    t->pointer, sizeof t->pointer, "%.30s/%.30s", d->at, place);
		t->line = text_of(d, json_object_get(one, "line"));
		if (t->line.at == NULL || !json_is_object(gives) ||
		    json_object_size(one) != 2)
			return bad(d, place,
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

	json_object_foreach(map, key, one)
	{
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL)
			return bad(d,
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
		return bad(d, "name",
		    "a rule needs a name of a-z, 0-9, - "
		    "and _");
	for (size_t i = 0; i < d->n->n_rules; i++)
		if (span_is(name, d->n->rule[i]->name)) {
			(void)bad(d, "name", "there is a rule \"%s\" already",
			    d->n->rule[i]->name);
			if (d->why != NULL)
				d->why->code = ERR_EXISTS;
			return ERR_EXISTS;
		}
	d->r->name = arena_text(d->n->arena, name);
	return d->r->name == NULL ? no_memory(d) : ERR_OK;
}

/* "app" and "contains": for whom the rule is asked at all. */
static enum err
gate_read(struct reader *d, const json_t *rule)
{
	const json_t *app = json_object_get(rule, "app");
	const json_t *contains = json_object_get(rule, "contains");
	struct texts texts = { NULL, 0 };
	enum err e;

	if (app != NULL &&
	    (e = texts_read(d, "app", app, &d->r->apps)) != ERR_OK)
		return e;
	if (contains == NULL)
		return d->r->apps.n > 0 ? ERR_OK
					: bad(d, "",
					      "a rule for any program "
					      "needs contains");
	if ((e = texts_read(d, "contains", contains, &texts)) != ERR_OK)
		return e;
	for (size_t i = 0; i < texts.n; i++) {
		if (texts.at[i].len == 0)
			return bad(d, "contains", "contains: empty text");
		if (!literal_number(d->n, texts.at[i], &d->r->literal[i]))
			return bad(d, "contains", "more than %d literals",
			    RULE_LITERALS_MAX);
		d->r->n_literals++;
	}
	return ERR_OK;
}

static enum err
rule_read(struct reader *d, const json_t *v)
{
	static const char *const known[] = { "name", "note", "app", "contains",
		"pattern", "json", "keyvalue", "params", "when", "unless",
		"category", "set", "tests", NULL };
	const json_t *set = json_object_get(v, "set");
	enum err e;

	if (!json_is_object(v))
		return bad(d, "", "a rule is a map of keys");
	if ((e = keys_known(d, v, known)) != ERR_OK ||
	    (e = name_read(d, json_object_get(v, "name"))) != ERR_OK ||
	    (e = gate_read(d, v)) != ERR_OK ||
	    (e = form_read(d, v)) != ERR_OK ||
	    (e = conds_read(d, "when", json_object_get(v, "when"), false)) !=
		ERR_OK ||
	    (e = conds_read(d, "unless", json_object_get(v, "unless"), true)) !=
		ERR_OK ||
	    (e = category_read(d, json_object_get(v, "category"))) != ERR_OK)
		return e;
	if (set != NULL && (e = outs_read(d, "set", set, true)) != ERR_OK)
		return e;
	return tests_read(d, json_object_get(v, "tests"));
}

enum err
rule_read_file(struct normalizer *n, const struct yaml *y, struct fault *why)
{
	static const char *const known[] = { "title", "roots", "rules", NULL };
	struct reader d = { .n = n, .y = y, .why = why };
	const json_t *root = yaml_root(y);
	const json_t *rules = json_object_get(root, "rules");
	const json_t *roots = json_object_get(root, "roots");
	enum err e;

	if ((e = keys_known(&d, root, known)) != ERR_OK)
		return e;
	if (!json_is_array(rules))
		return bad(&d, "", "a rule file has a list \"rules\"");
	if (roots != NULL &&
	    (e = texts_read(&d, "roots", roots, &d.roots)) != ERR_OK)
		return e;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		(void)snprintf(d.at, sizeof d.at, "/rules/%zu", i);
		if (n->n_rules == NORMALIZE_RULES_MAX)
			return bad(
			    &d, "", "more than %d rules", NORMALIZE_RULES_MAX);
		d.r = arena_alloc(n->arena, sizeof *d.r);
		if (d.r == NULL)
			return no_memory(&d);
		d.r->file = n->n_files;
		if ((e = rule_read(&d, json_array_get(rules, i))) != ERR_OK)
			return e;
		n->rule[n->n_rules++] = d.r;
	}
	return ERR_OK;
}
