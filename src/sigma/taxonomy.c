/*
 * sigma/taxonomy.c: whose names mean what: fields, log sources, tables.
 *
 * taxonomy.yaml:
 *
 *   fields:      Sigma's name: [where to look: a field of ours (user.name or
 *                user), host app proc msgid sender category class via
 *                severity facility message raw, taipei.time taipei.date
 *                taipei.weekday taipei.clock, json:PATH]
 *   containers:  paths in JSON below which names are looked for too
 *   logsources:  [{product, category, service, and what of ours it is:
 *                categories: [...], json: true, app: [...], where: {map}}]
 *
 * values.yaml: {tables: {NAME: [texts] or {from: NAME}}}.
 *
 * A log source that no row names is unknown: its rules are kept, never fit,
 * and are shown as idle.
 */
#include "sigma/inner.h"

#include <stdlib.h>

#include "match/text.h"

_Static_assert(CAT_N <= 64, "categories are kept as bits");

#define ALL_CATEGORIES (CAT_N == 64 ? UINT64_MAX : (UINT64_C(1) << CAT_N) - 1)

static uint64_t
bit(enum event_category c)
{
	return UINT64_C(1) << c;
}

/* ---- fields ---- */

static bool
target_of(struct sigma *s, struct span name, struct target *t)
{
	static const struct {
		const char *name;
		enum target_kind kind;
	} own[] = { { "host", TARGET_HOST }, { "app", TARGET_APP },
		{ "proc", TARGET_PROC }, { "msgid", TARGET_MSGID },
		{ "sender", TARGET_SENDER }, { "category", TARGET_CATEGORY },
		{ "class", TARGET_CLASS }, { "via", TARGET_VIA },
		{ "severity", TARGET_SEVERITY },
		{ "facility", TARGET_FACILITY }, { "message", TARGET_MESSAGE },
		{ "raw", TARGET_RAW }, { "taipei.time", TARGET_TIME },
		{ "taipei.date", TARGET_DATE },
		{ "taipei.weekday", TARGET_WEEKDAY },
		{ "taipei.clock", TARGET_CLOCK } };
	enum event_field f = event_field_find(name);

	*t = (struct target){ .kind = TARGET_FIELD, .field = f };
	if (f != FIELD_N)
		return true;
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (span_is(name, own[i].name)) {
			t->kind = own[i].kind;
			return true;
		}
	if (!span_starts(name, "json:"))
		return false;
	t->kind = TARGET_JSON;
	t->path = arena_copy(s->arena, span_slice(name, 5, SIZE_MAX));
	return t->path.at != NULL;
}

static uint32_t
field_find(const struct sigma *s, struct span name)
{
	for (uint32_t i = 0; i < s->n_fields; i++)
		if (span_equal(s->field[i].name, name))
			return i;
	return SIGMA_NONE;
}

enum err
field_take(struct sigma *s, struct span name, uint32_t *out, struct fault *why)
{
	struct field f = { .json = true };
	enum err e;

	if ((*out = field_find(s, name)) != SIGMA_NONE)
		return ERR_OK;
	e = set_grow(
	    &s->field, s->n_fields, &s->cap_fields, sizeof *s->field, why);
	if (e != ERR_OK)
		return e;
	f.name = arena_copy(s->arena, name);
	if (f.name.at == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	if (target_of(s, name, &f.target[0])) {
		f.n = 1;
		/* Our long names are ours first, whatever a JSON record
		 * holds; the short ones are also names of many others. */
		f.json = f.target[0].kind == TARGET_FIELD &&
		    span_is(name, event_field_short(f.target[0].field));
		f.json = f.json ||
		    (f.target[0].kind > TARGET_FIELD &&
			f.target[0].kind < TARGET_TIME);
		f.json_last = !f.json && f.target[0].kind < TARGET_TIME;
	}
	*out = s->n_fields;
	s->field[s->n_fields++] = f;
	return ERR_OK;
}

/* One line of `fields`. */
static enum err
field_line(
    struct place *p, const char *name, const json_t *list, struct fault *why)
{
	struct sigma *s = p->s;
	uint32_t at;
	struct field *f;
	enum err e = field_take(s, span_text(name), &at, why);

	if (e != ERR_OK)
		return e;
	f = &s->field[at];
	f->n = 0;
	f->json = true;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *t = json_string_value(json_array_get(list, i));

		if (t == NULL || f->n == TARGETS_MAX ||
		    !target_of(s, span_text(t), &f->target[f->n]))
			return place_fault(p, t, why, ERR_SYNTAX,
			    "'%s' is no field of a record", t == NULL ? "" : t);
		f->n++;
	}
	return json_is_array(list) ? ERR_OK
				   : place_fault(p, NULL, why, ERR_SYNTAX,
					 "a list of fields was expected");
}

static enum err
fields_read(struct place *p, const json_t *fields, struct fault *why)
{
	json_t *map = json_incref((json_t *)(uintptr_t)fields), *v;
	size_t mark = place_down(p, "fields");
	const char *name;
	enum err e = ERR_OK;

	json_object_foreach(map, name, v) {
		size_t inner = place_down(p, name);

		if (e == ERR_OK)
			e = field_line(p, name, v, why);
		place_up(p, inner);
	}
	place_up(p, mark);
	json_decref(map);
	return e;
}

/* ---- log sources ---- */

static enum err
categories_read(
    struct place *p, const json_t *list, uint64_t *out, struct fault *why)
{
	/* Bulk records are looked at only by rules that ask for them. */
	*out = ALL_CATEGORIES & ~bit(CAT_FW_CONN) & ~bit(CAT_WEB_ACCESS);
	if (list == NULL)
		return ERR_OK;
	*out = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		enum event_category c = CAT_N;

		if (name != NULL && strcmp(name, "*") == 0) {
			*out = ALL_CATEGORIES;
			continue;
		}
		if (name != NULL)
			c = event_category_find(span_text(name));
		if (c == CAT_N)
			return place_fault(p, name, why, ERR_SYNTAX,
			    "'%s' is no category", name == NULL ? "" : name);
		*out |= bit(c);
	}
	return ERR_OK;
}

static const char *
text_or_null(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static enum err
source_add(struct sigma *s, const struct source_row *r, uint32_t *out,
    struct fault *why)
{
	enum err e = set_grow(
	    &s->source, s->n_sources, &s->cap_sources, sizeof *s->source, why);

	if (e == ERR_OK) {
		*out = s->n_sources;
		s->source[s->n_sources++] = *r;
	}
	return e;
}

static enum err
source_line(struct place *p, const json_t *o, struct fault *why)
{
	struct source_row r = { .category = text_or_null(o, "category"),
		.product = text_or_null(o, "product"),
		.service = text_or_null(o, "service"),
		.json = json_get_bool(o, "json", false),
		.where = json_object_get(o, "where"),
		.pointer = arena_printf(p->s->arena, "%s/where", p->pointer),
		.kept = p->s->n_kept - 1 };
	const json_t *apps = json_object_get(o, "app");
	uint32_t at;
	enum err e = categories_read(
	    p, json_object_get(o, "categories"), &r.categories, why);

	for (size_t i = 0; i < json_array_size(apps) && i < 16; i++) {
		const char *t = json_string_value(json_array_get(apps, i));

		r.app[r.n_apps++] = t == NULL ? SPAN_EMPTY : span_text(t);
	}
	if (r.pointer == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	return e == ERR_OK ? source_add(p->s, &r, &at, why) : e;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

uint32_t
source_find(const struct sigma *s, const char *category, const char *product,
    const char *service)
{
	for (uint32_t i = 0; i < s->n_sources; i++) {
		const struct source_row *r = &s->source[i];

		if (same(r->category, category) && same(r->product, product) &&
		    same(r->service, service))
			return i;
	}
	return SIGMA_NONE;
}

enum err
source_row_for(struct sigma *s, const char *category, const char *product,
    const char *service, uint32_t *out, struct fault *why)
{
	struct source_row r = { .product = "beimen" };
	enum event_category c;

	*out = source_find(s, category, product, service);
	if (*out != SIGMA_NONE || !same(product, "beimen") ||
	    category == NULL || service != NULL)
		return ERR_OK;
	/* Our own categories are log sources by themselves. */
	c = event_category_find(span_text(category));
	if (c == CAT_N)
		return ERR_OK;
	r.category = event_category_name(c);
	r.categories = bit(c);
	return source_add(s, &r, out, why);
}

/* Reads a file of names or tables and keeps it: texts are borrowed of it. */
static enum err
keep(struct sigma *s, struct span yaml, const char *name, struct place *p,
    struct fault *why)
{
	struct kept *k = &s->kept[s->n_kept];
	enum err e;

	if (s->n_kept == TABLE_FILES_MAX)
		return fault_set(why, ERR_LIMIT,
		    "%s: more than %u files of names and tables", name,
		    TABLE_FILES_MAX);
	k->text = arena_copy(s->arena, yaml);
	k->name = arena_text(s->arena, span_text(name));
	if (k->name == NULL || (k->text.at == NULL && yaml.len > 0))
		return fault_set(why, ERR_MEMORY, "%s", name);
	if ((e = yaml_read(yaml, name, &k->yaml, why)) != ERR_OK)
		return e;
	*p = (struct place){
		.s = s, .yaml = k->yaml, .whole = k->text, .name = k->name
	};
	s->n_kept++;
	return ERR_OK;
}

enum err
sigma_taxonomy(
    struct sigma *s, struct span yaml, const char *name, struct fault *why)
{
	struct place p;
	const json_t *root, *list;
	enum err e;

	if ((e = keep(s, yaml, name, &p, why)) != ERR_OK)
		return e;
	root = yaml_root(p.yaml);
	list = json_object_get(root, "containers");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *t = json_string_value(json_array_get(list, i));

		if (t != NULL && s->n_containers < 16)
			s->container[s->n_containers++] = span_text(t);
	}
	e = fields_read(&p, json_object_get(root, "fields"), why);
	list = json_object_get(root, "logsources");
	for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
		size_t mark = place_down(&p, "logsources");

		(void)place_item(&p, i);
		e = source_line(&p, json_array_get(list, i), why);
		place_up(&p, mark);
	}
	return e;
}

/* ---- tables ---- */

struct table *
table_find(struct sigma *s, struct span name)
{
	for (uint32_t i = 0; i < s->n_tables; i++)
		if (span_is(name, s->table[i].name))
			return &s->table[i];
	return NULL;
}

static enum err
table_line(
    struct place *p, const char *name, const json_t *v, struct fault *why)
{
	struct sigma *s = p->s;
	struct table t = { .name = name,
		.outside = json_is_object(v),
		.n = json_array_size(v) };
	enum err e;

	if (!json_is_array(v) && json_get_text(v, "from", NULL) == NULL)
		return place_fault(p, NULL, why, ERR_SYNTAX,
		    "a table is a list, or {from: NAME}");
	if (table_find(s, span_text(name)) != NULL)
		return ERR_OK; /* what was read first holds */
	t.value = arena_array(s->arena, t.n + 1, sizeof *t.value);
	e = set_grow(
	    &s->table, s->n_tables, &s->cap_tables, sizeof *s->table, why);
	if (e != ERR_OK || t.value == NULL)
		return e != ERR_OK ? e : fault_set(why, ERR_MEMORY, "tables");
	for (size_t i = 0; i < t.n; i++) {
		const json_t *one = json_array_get(v, i);
		char *text = json_is_integer(one)
		    ? arena_printf(
			  s->arena, "%lld", (long long)json_integer_value(one))
		    : arena_text(s->arena,
			  span_text(json_is_string(one) ? json_string_value(one)
							: ""));

		if (text == NULL)
			return fault_set(why, ERR_MEMORY, "tables");
		if (text[0] == '\0')
			return place_fault(p, NULL, why, ERR_SYNTAX,
			    "a value of a table is a text or a number");
		t.value[i] = span_text(text);
	}
	s->table[s->n_tables++] = t;
	return ERR_OK;
}

enum err
sigma_values(
    struct sigma *s, struct span yaml, const char *name, struct fault *why)
{
	struct place p;
	json_t *map, *v;
	const char *key;
	enum err e;

	if ((e = keep(s, yaml, name, &p, why)) != ERR_OK)
		return e;
	map = json_incref(json_object_get(yaml_root(p.yaml), "tables"));
	(void)place_down(&p, "tables");
	json_object_foreach(map, key, v) {
		size_t mark = place_down(&p, key);

		if (e == ERR_OK)
			e = table_line(&p, key, v, why);
		place_up(&p, mark);
	}
	json_decref(map);
	return e;
}

static int
span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int d = n == 0 ? 0 : memcmp(x->at, y->at, n);

	return d != 0 ? d : (x->len > y->len) - (x->len < y->len);
}

enum err
sigma_table_set(struct sigma *s, const char *name, const struct span *value,
    size_t n, struct fault *why)
{
	struct table *t = table_find(s, span_text(name));
	struct arena *own;
	struct span *at;

	if (t == NULL || !t->outside)
		return fault_set(
		    why, ERR_NOT_FOUND, "no table '%s' from outside", name);
	own = arena_new((size_t)64 << 20);
	at = own == NULL ? NULL : arena_array(own, n + 1, sizeof *at);
	for (size_t i = 0; at != NULL && i < n; i++) {
		char *text = arena_text(own, value[i]);

		if (text == NULL) {
			at = NULL;
			break;
		}
		text_lower((uint8_t *)text, value[i].len);
		at[i] = span_of(text, value[i].len);
	}
	if (at == NULL) {
		arena_free(own);
		return fault_set(why, ERR_MEMORY, "table %s", name);
	}
	qsort(at, n, sizeof *at, span_order);
	arena_free(t->own);
	t->own = own;
	t->value = at;
	t->n = n;
	t->set = true;
	return ERR_OK;
}

bool
sigma_table_is_set(const struct sigma *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_tables; i++)
		if (strcmp(s->table[i].name, name) == 0)
			return s->table[i].set;
	return false;
}
