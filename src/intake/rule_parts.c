/*
 * intake/rule_parts.c: texts, paths, fields, conditions and categories of a
 * rule file.
 *
 * Source    doc/normalize.md.
 */
#include "intake/rule_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

/* A fault at `key` of the rule under the hands. */
enum err
rule_part_bad(struct reader *d, const char *key, const char *fmt, ...)
{
	const char *pointer;
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof line) /* never inside a character */
		line[text_cut(line, sizeof line - 1)] = '\0';
	pointer = arena_printf(d->n->arena, "%s/%s", d->at, key);
	return yaml_fault(d->y, pointer == NULL ? d->at : pointer, d->why,
	    ERR_SYNTAX, "%s", line);
}

enum err
rule_part_no_memory(struct reader *d)
{
	return fault_set(d->why, ERR_MEMORY, "rules");
}

/* A text, or a number as text; at == NULL when it is neither. */
struct span
rule_part_text(struct reader *d, const json_t *v)
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
enum err
rule_part_texts(
    struct reader *d, const char *key, const json_t *v, struct texts *out)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;
	struct span *at;

	if (n == 0 || n > RULE_LIST_MAX)
		return rule_part_bad(
		    d, key, "%s: 1 to %d of them", key, RULE_LIST_MAX);
	if ((at = arena_array(d->n->arena, n, sizeof *at)) == NULL)
		return rule_part_no_memory(d);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;

		at[i] = rule_part_text(d, one);
		if (at[i].at == NULL)
			return rule_part_bad(d, key, "%s: not a text", key);
	}
	*out = (struct texts){ at, n };
	return ERR_OK;
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
path_number(struct normalizer *n, enum form form, struct texts any, ref *at)
{
	for (size_t i = 0; i < n->n_paths; i++)
		if (n->path[i].form == form &&
		    texts_equal(
			(struct texts){ n->path[i].key, n->path[i].n_keys },
			any)) {
			*at = i;
			return true;
		}
	if (n->n_paths == RULE_PATHS_MAX)
		return false;
	*at = n->n_paths;
	n->path[n->n_paths++] = (struct path){ form, any.at, any.n };
	return true;
}

/* "root.path" */
static struct span
path_below(struct arena *a, struct span root, struct span path)
{
	size_t len = root.len + 1 + path.len;
	uint8_t *p = arena_alloc(a, len);

	if (p == NULL)
		return SPAN_EMPTY;
	memcpy(p, root.at, root.len);
	p[root.len] = '.';
	memcpy(p + root.len + 1, path.at, path.len);
	return span_of(p, len);
}

/* Puts one alternative, below every root of the file, into *any. */
static bool
alternative_add(
    struct reader *d, struct span path, struct texts *any, size_t cap)
{
	size_t n = d->r->form == FORM_JSON && d->roots.n > 0 ? d->roots.n : 1;

	for (size_t i = 0; i < n; i++) {
		struct span root = d->r->form == FORM_JSON && d->roots.n > 0
		    ? d->roots.at[i]
		    : SPAN_EMPTY;
		struct span one = path;

		if (root.len > 0)
			one = path_below(d->n->arena, root, path);
		if (one.at == NULL || any->n == cap)
			return false;
		any->at[any->n++] = one;
	}
	return true;
}

/* "$app" and so on: a part of the record's header. */
static enum err
head_ref(struct reader *d, const char *key, struct span s, ref *out)
{
	static const char *const names[HEAD_N] = {
		[HEAD_HOST] = "$host",
		[HEAD_APP] = "$app",
		[HEAD_PROC] = "$proc",
		[HEAD_MSGID] = "$msgid",
		[HEAD_MESSAGE] = "$message",
	};

	for (size_t i = 0; i < HEAD_N; i++)
		if (span_is(s, names[i])) {
			*out = REF_HEAD + i;
			return ERR_OK;
		}
	return rule_part_bad(
	    d, key, "the header has no part \"%.*s\"", (int)s.len, s.at);
}

/* Where a value comes from: "a.b | c" for what has keys, a capture's name for
 * a pattern, "$app" for a part of the header. */
enum err
rule_part_ref(struct reader *d, const char *key, struct span s, ref *out)
{
	struct texts any = { NULL, 0 };
	struct cursor c = cursor_of(s);
	size_t cap;

	if (span_starts(s, "$"))
		return head_ref(d, key, s, out);
	if (d->r->form == FORM_TEXT) {
		for (size_t i = 0; i < d->r->names.n; i++)
			if (span_equal(d->r->names.name[i], s)) {
				*out = i;
				return ERR_OK;
			}
		return rule_part_bad(
		    d, key, "no pattern captures \"%.*s\"", (int)s.len, s.at);
	}
	cap = 1;
	for (size_t i = 0; i < s.len; i++)
		cap += s.at[i] == '|';
	cap *= d->roots.n > 0 ? d->roots.n : 1;
	if (cap > RULE_KEYS_MAX)
		return rule_part_bad(
		    d, key, "more than %d places for one value", RULE_KEYS_MAX);
	any.at = arena_array(d->n->arena, cap, sizeof any.at[0]);
	if (any.at == NULL)
		return rule_part_no_memory(d);
	do {
		struct span path = span_trim(cursor_until(&c, '|', NULL));

		if (path.len == 0)
			return rule_part_bad(d, key, "a path is empty");
		if (!alternative_add(d, path, &any, cap))
			return rule_part_no_memory(d);
	} while (c.pos < c.all.len);
	if (!path_number(d->n, d->r->form, any, out))
		return rule_part_bad(
		    d, key, "more than %d paths in all", RULE_PATHS_MAX);
	return ERR_OK;
}

/* A field's name, or "host" or "time". */
bool
rule_part_out_find(struct span name, unsigned *to)
{
	*to = event_field_find(name);
	if (span_is(name, "host"))
		*to = OUT_HOST;
	else if (span_is(name, "time"))
		*to = OUT_TIME;
	return *to != FIELD_N || span_is(name, "host");
}

/* Room for n more outs of the rule. */
enum err
rule_part_outs_grow(struct reader *d, size_t n)
{
	struct rule *r = d->r;
	struct out *more = arena_array(
	    d->n->arena, r->n_outs + n, sizeof *more);

	if (more == NULL)
		return rule_part_no_memory(d);
	if (r->n_outs > 0)
		memcpy(more, r->out, r->n_outs * sizeof *more);
	r->out = more;
	return ERR_OK;
}

/* "json", "keyvalue", "params" (field: path) and "set" (field: text). */
enum err
rule_part_outs(
    struct reader *d, const char *key, const json_t *v, bool constant)
{
	json_t *map = json_incref((json_t *)(uintptr_t)v), *one;
	const char *name;
	enum err e = ERR_OK;

	if (!json_is_object(v)) {
		e = rule_part_bad(d, key, "%s: fields and what they get", key);
		goto out;
	}
	if ((e = rule_part_outs_grow(d, json_object_size(v))) != ERR_OK)
		goto out;
	json_object_foreach(map, name, one) {
		struct out o = { .constant = constant,
			.text = rule_part_text(d, one) };

		if (!rule_part_out_find(span_text(name), &o.to)) {
			e = rule_part_bad(d, key, "no such field: %s", name);
			goto out;
		}
		if (o.text.at == NULL) {
			e = rule_part_bad(d, key, "%s: not a text", name);
			goto out;
		}
		if (!constant &&
		    (e = rule_part_ref(d, key, o.text, &o.from)) != ERR_OK)
			goto out;
		d->r->out[d->r->n_outs++] = o;
	}
out:
	json_decref(map);
	return e;
}

/* "when" and "unless": path: value or list of values. */
enum err
rule_part_conds(struct reader *d, const char *key, const json_t *v, bool unless)
{
	json_t *map = (json_t *)(uintptr_t)v, *one;
	struct rule *r = d->r;
	struct cond *more;
	const char *name;

	if (v == NULL)
		return ERR_OK;
	if (!json_is_object(v))
		return rule_part_bad(d, key, "%s: paths and values", key);
	more = arena_array(
	    d->n->arena, r->n_conds + json_object_size(v), sizeof *more);
	if (more == NULL)
		return rule_part_no_memory(d);
	if (r->n_conds > 0)
		memcpy(more, r->cond, r->n_conds * sizeof *more);
	r->cond = more;
	json_object_foreach(map, name, one) {
		struct cond c = { .unless = unless };
		struct span path = arena_copy(d->n->arena, span_text(name));
		enum err e;

		if (path.at == NULL)
			return rule_part_no_memory(d);
		if ((e = rule_part_ref(d, key, path, &c.from)) != ERR_OK ||
		    (e = rule_part_texts(d, key, one, &c.values)) != ERR_OK)
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
		return rule_part_bad(d, "category", "no such category: %s",
		    name == NULL ? "(not a text)" : name);
	return ERR_OK;
}

/* "category": a name, or {by: path, values: {value: name}}. */
enum err
rule_part_category(struct reader *d, const json_t *v)
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
		return rule_part_bad(
		    d, "category", "category: a name, or by and values");
	e = rule_part_ref(
	    d, "category", rule_part_text(d, json_object_get(v, "by")), &r->by);
	if (e != ERR_OK)
		return e;
	r->choice = arena_array(
	    d->n->arena, json_object_size(map), sizeof r->choice[0]);
	if (r->choice == NULL)
		return rule_part_no_memory(d);
	json_object_foreach(map, value, one) {
		struct choice *c = &r->choice[r->n_choices];

		c->value = arena_copy(d->n->arena, span_text(value));
		if (c->value.at == NULL)
			return rule_part_no_memory(d);
		e = category_name_read(d, one, &c->category);
		if (e != ERR_OK)
			return e;
		r->n_choices++;
	}
	return ERR_OK;
}
