/*
 * book/schema.c: the registers as data, once read.
 *
 * Works on: the struct schema that schema_read.c made. Nothing changes it.
 */
#include "book/schema.h"

#include "base/text.h"
#include "book/inner.h"
#include "book/schema_inner.h"

static const struct {
	const char *name, *column;
} types[TYPE_N] = {
#define TYPE(name, text, column) [TYPE_##name] = { text, column },
#include "book/type.tab"
#undef TYPE
};

const char *
field_type_name(enum field_type t)
{
	return t < TYPE_N ? types[t].name : "";
}

const char *
field_column(enum field_type t)
{
	return t < TYPE_N ? types[t].column : "TEXT";
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	arena_free(s->a);
	free(s);
}

size_t
schema_count(const struct schema *s)
{
	return s->n;
}

const struct schema_register *
schema_at(const struct schema *s, size_t at)
{
	return at < s->n ? &s->reg[at] : NULL;
}

const struct schema_register *
schema_find(const struct schema *s, struct span name)
{
	for (size_t i = 0; i < s->n; i++)
		if (span_is(name, s->reg[i].name))
			return &s->reg[i];
	return NULL;
}

const struct schema_field *
schema_field(const struct schema_register *r, struct span name)
{
	for (size_t i = 0; i < r->n_fields; i++)
		if (span_is(name, r->field[i].name))
			return &r->field[i];
	return NULL;
}

void
heading_normal(struct buf *b, struct span s)
{
	size_t at = 0, len;
	uint32_t cp;

	while ((len = text_rune(span_slice(s, at, 4), &cp)) > 0) {
		if (cp == 0x3000 || cp == 0xFEFF || cp <= ' ')
			; /* spaces, the ideographic one too, and the BOM */
		else if (cp >= 'A' && cp <= 'Z')
			buf_u8(b, (uint8_t)(cp - 'A' + 'a'));
		else if (cp == 0xFF08 || cp == 0xFF09)
			buf_u8(b, cp == 0xFF08 ? '(' : ')');
		else
			buf_span(b, span_slice(s, at, len));
		at += len;
	}
}

/* A heading normalised into the arena. */
static const char *
heading_text(struct arena *a, const char *s)
{
	struct buf b;
	const char *out;

	buf_init(&b, 1024);
	heading_normal(&b, span_text(s));
	out = arena_text(a, buf_view(&b));
	buf_clear(&b);
	return out;
}

struct heading_list {
	const char **text;
	size_t *field;
	size_t n, max;
};

/* True when the heading was there already under another field. */
static bool
heading_add(struct heading_list *l, const char *text, size_t field)
{
	if (text == NULL || text[0] == '\0')
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->text[i], text) == 0)
			return l->field[i] != field;
	if (l->n < l->max) {
		l->text[l->n] = text;
		l->field[l->n++] = field;
	}
	return false;
}

const char *
schema_heading_twice(
    struct arena *a, const struct schema_register *r, size_t *field)
{
	struct heading_list l = { .max = 0 };
	size_t max = 4 + r->n_key_columns;

	for (size_t i = 0; i < r->n_fields; i++)
		max += 3 + r->field[i].n_columns;
	l.text = arena_array(a, max, sizeof *l.text);
	l.field = arena_array(a, max, sizeof *l.field);
	if (l.text == NULL || l.field == NULL)
		return NULL;
	l.max = max;
	for (size_t i = 0; i <= r->n_fields; i++) {
		const struct schema_field *f = i < r->n_fields ? &r->field[i]
							       : NULL;
		const char *const *more = f ? f->column : r->key_column;
		size_t n = f ? f->n_columns : r->n_key_columns;
		const struct label *lab = f ? &f->label : &r->key_label;

		*field = i;
		if (heading_add(&l, f ? f->name : "key", i))
			return f ? f->name : "key";
		if (heading_add(&l, heading_text(a, lab->zh), i))
			return lab->zh;
		if (heading_add(&l, heading_text(a, lab->en), i))
			return lab->en;
		for (size_t k = 0; k < n; k++)
			if (heading_add(&l, heading_text(a, more[k]), i))
				return more[k];
	}
	return NULL;
}

bool
key_is_good(const struct schema_register *r, struct span key)
{
	if (key.len == 0 || key.len > SCHEMA_KEY_MAX || !text_valid(key))
		return false;
	if (r != NULL && strcmp(r->name, "agency") == 0)
		return text_is_name(key, BOOK_AGENCY_MAX);
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] < 0x20 || key.at[i] == 0x7f || key.at[i] == '/')
			return false;
	return span_trim(key).len == key.len && !span_is(key, "-") &&
	    !span_is(key, ".") && !span_is(key, "..");
}

void
key_escape(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '/')
			buf_text(b, "%2F");
		else if (s.at[i] == '%')
			buf_text(b, "%25");
		else
			buf_u8(b, s.at[i]);
	}
}

/* {"zh","en"}; null when neither is given. */
static json_t *
label_json(const struct label *l)
{
	json_t *o;

	if (l->zh[0] == '\0' && l->en[0] == '\0')
		return json_null();
	if ((o = json_object()) == NULL)
		return NULL;
	json_put_str(o, "zh", l->zh);
	json_put_str(o, "en", l->en);
	return o;
}

/* One field as doc/api.md shows it. */
static json_t *
field_json(const struct schema_field *f)
{
	json_t *o = json_object(), *values = json_array();

	json_put_str(o, "name", f->name);
	json_put_str(o, "type", field_type_name(f->type));
	json_object_set_new(o, "label", label_json(&f->label));
	json_object_set_new(o, "help", label_json(&f->help));
	json_object_set_new(o, "required", json_boolean(f->required));
	json_object_set_new(o, "personal", json_boolean(f->personal));
	json_object_set_new(o, "many", json_boolean(f->many));
	json_object_set_new(o, "computed", json_boolean(f->n_highest > 0));
	json_object_set_new(
	    o, "max", f->has_max ? json_integer(f->max) : json_null());
	json_object_set_new(
	    o, "min", f->has_min ? json_integer(f->min) : json_null());
	json_object_set_new(
	    o, "to", f->to != NULL ? json_string(f->to) : json_null());
	for (size_t i = 0; i < f->n_values; i++) {
		json_t *v = json_object();

		json_put_str(v, "value", f->value[i].value);
		json_object_set_new(v, "title", label_json(&f->value[i].label));
		json_array_append_new(values, v);
	}
	json_object_set_new(o, "values", values);
	return o;
}

json_t *
schema_json(const struct schema_register *r)
{
	json_t *o = json_object(), *fields = json_array();

	json_put_str(o, "name", r->name);
	json_object_set_new(o, "title", label_json(&r->title));
	json_object_set_new(o, "help", label_json(&r->help));
	json_object_set_new(o, "key", label_json(&r->key_label));
	for (size_t i = 0; i < r->n_fields; i++)
		json_array_append_new(fields, field_json(&r->field[i]));
	json_object_set_new(o, "fields", fields);
	return o;
}
