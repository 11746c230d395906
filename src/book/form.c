/*
 * book/form.c: one row to fill in, its history, and an agency's entries.
 *
 * Works on: register tables and entries. Runs in: reader.
 */
#include "base/text.h"
#include "book/reading.h"

/* The rows a ref may point to: key and title. */
static enum err
choices_of(struct reading_list *l, const struct schema_field *f,
    struct span agency, json_t *list)
{
	const struct schema_field *name = schema_field(
	    f->ref, SPAN_LIT("name"));
	bool agencies = strcmp(f->ref->name, "agency") == 0;
	struct sql_stmt *s = NULL;
	struct buf b;
	bool row;
	enum err e;

	buf_init(&b, 4096);
	buf_printf(&b,
	    "SELECT agency, key, %s FROM \"%s\" WHERE voided = 0 AND %s ORDER "
	    "BY key LIMIT :limit",
	    name != NULL ? "\"name\"" : "key", f->ref->name,
	    agencies ? ":agency <> ''" : "agency = :agency");
	if ((e = buf_error(&b)) ||
	    (e = sql_prepare(l->b->db, buf_string(&b), &s, l->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, l->why)) ||
	    (e = sql_bind_int(s, ":limit", BOOK_CHOICES_MAX, l->why)))
		goto out;
	while ((e = sql_step(s, &row, l->why)) == ERR_OK && row) {
		json_t *o = json_object();
		struct span at = sql_text(s, 0), key = sql_text(s, 1);
		bool seen = name == NULL ||
		    rights_sees(l->who, f->ref, name, at, key);

		json_put_text(o, "key", key);
		json_put_text(o, "title",
		    seen && !sql_is_null(s, 2) ? sql_text(s, 2) : key);
		json_array_append_new(list, o);
	}
out:
	sql_stmt_free(s);
	buf_clear(&b);
	return e;
}

/* {"field":[{key,title}]} of every ref field. */
static enum err
choices_json(struct reading_list *l, struct span agency, json_t *choices)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < l->r->n_fields && e == ERR_OK; i++) {
		const struct schema_field *f = &l->r->field[i];
		json_t *list;

		if (f->type != TYPE_REF)
			continue;
		list = json_array();
		e = choices_of(l, f, agency, list);
		json_object_set_new(choices, f->name, list);
	}
	return e;
}

/* The row asked for; null where key is empty. */
static enum err
row_of(
    struct reading_list *l, struct span agency, struct span key, json_t **out)
{
	struct register_sql *q = book_register_sql(l->b, l->r);
	struct sql_stmt *s = NULL;
	bool row;
	enum err e;

	*out = NULL;
	if (key.len == 0)
		return ERR_OK;
	if ((e = sql_prepare(l->b->db, q->get, &s, l->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, l->why)) ||
	    (e = sql_bind_text(s, ":key", key, l->why)) ||
	    (e = sql_step(s, &row, l->why)))
		goto out;
	e = row ? reading_row(l, s, out)
		: fault_set(l->why, ERR_NOT_FOUND, "no such row");
out:
	sql_stmt_free(s);
	return e;
}

enum err
book_form(struct book *b, const struct rights *r, struct span reg,
    struct span agency, struct span key, json_t **out, struct fault *why)
{
	const struct book_query q = { .agency = agency };
	json_t *o = json_object(), *choices = json_object(), *row = NULL,
	       *of = NULL;
	struct reading_list l;
	enum err e;

	if ((e = reading_begin(&l, b, r, reg, &q, why)) ||
	    (e = row_of(&l, agency, key, &row)) ||
	    (e = choices_json(&l, agency, choices)) ||
	    (e = book_agency_json(b, agency, &of, why)))
		goto out;
	json_object_set_new(o, "register", schema_json(l.r));
	json_object_set_new(o, "agency", of);
	json_object_set_new(
	    o, "writable", json_boolean(rights_may_write(r, l.r, agency)));
	json_put_str(o, "title", json_get_text(row, "title", ""));
	json_object_set(o, "row", row != NULL ? row : json_null());
	json_object_set(o, "choices", choices);
	*out = json_incref(o);
out:
	json_decref(row);
	json_decref(choices);
	json_decref(o);
	return e;
}

/* Names of fields that differ from the entry before; masked ones too. */
static json_t *
changed_json(
    const struct schema_register *r, const json_t *now, const json_t *before)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_fields; i++) {
		const json_t *a = json_object_get(now, r->field[i].name);
		const json_t *b = json_object_get(before, r->field[i].name);

		if (a == NULL && b == NULL)
			continue;
		if (a == NULL || b == NULL || !json_equal(a, b))
			json_array_append_new(
			    list, json_string(r->field[i].name));
	}
	return list;
}

/* The fields of an entry that the viewer may see. */
static json_t *
fields_seen(struct reading_list *l, struct span agency, struct span key,
    const json_t *fields)
{
	json_t *o = json_object();

	for (size_t i = 0; i < l->r->n_fields; i++) {
		const struct schema_field *f = &l->r->field[i];
		json_t *v = json_object_get(fields, f->name);

		if (v != NULL && rights_sees(l->who, l->r, f, agency, key))
			json_object_set(o, f->name, v);
		else
			json_object_set_new(o, f->name, json_null());
	}
	return o;
}

/* The columns every entry is shown with. */
static json_t *
entry_json(struct sql_stmt *s)
{
	json_t *o = json_object();

	json_put_int(o, "seq", sql_int(s, 0));
	json_put_time(o, "received", sql_int(s, 1));
	json_put_time(o, "effective", sql_int(s, 2));
	json_put_text(o, "actor", sql_text(s, 3));
	json_put_text(o, "action", sql_text(s, 4));
	json_put_text(o, "register", sql_text(s, 5));
	json_put_text(o, "key", sql_text(s, 6));
	json_put_int(o, "leaf", sql_int(s, 7));
	json_put_int(o, "prev", sql_int(s, 8));
	return o;
}

/* One entry of a history; *older is the entry shown after it. */
static enum err
history_add(struct reading_list *l, struct span agency, struct span key,
    struct sql_stmt *s, json_t *list, json_t **older)
{
	json_t *body = NULL, *o, *ground;
	enum err e;

	if ((e = json_read(sql_text(s, 9), &body, l->why)) != ERR_OK)
		return e;
	if (*older != NULL) /* the entry above changed these against this one */
		json_object_set_new(
		    json_array_get(list, json_array_size(list) - 1), "changed",
		    changed_json(
			l->r, *older, json_object_get(body, "fields")));
	o = entry_json(s);
	ground = json_object_get(body, "ground");
	json_object_set(o, "ground", ground != NULL ? ground : json_null());
	json_object_set_new(o, "fields",
	    fields_seen(l, agency, key, json_object_get(body, "fields")));
	json_object_set_new(o, "changed",
	    changed_json(l->r, json_object_get(body, "fields"), NULL));
	json_array_append_new(list, o);
	json_decref(*older);
	*older = json_incref(json_object_get(body, "fields"));
	json_decref(body);
	return ERR_OK;
}

enum err
book_history(struct book *b, const struct rights *r, struct span reg,
    struct span agency, struct span key, json_t **out, struct fault *why)
{
	const struct book_query q = { .agency = agency };
	json_t *list = json_array(), *older = NULL;
	struct reading_list l;
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = reading_begin(&l, b, r, reg, &q, why)) ||
	    (e = sql_named(b->db, "entry_history", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":register", reg, why)) ||
	    (e = sql_bind_text(s, ":key", key, why)))
		goto out;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row)
		if ((e = history_add(&l, agency, key, s, list, &older)))
			break;
	sql_reset(s);
	if (e == ERR_OK && json_array_size(list) == 0)
		e = fault_set(why, ERR_NOT_FOUND, "no such row");
	if (e == ERR_OK) {
		*out = json_object();
		json_object_set(*out, "entries", list);
	}
out:
	json_decref(older);
	json_decref(list);
	return e;
}

/* May the viewer know of entries of that register? The software's own are
 * for whoever sees the agency at all. */
static bool
entry_seen(
    struct book *b, const struct rights *r, struct span agency, struct span reg)
{
	const struct schema_register *s = schema_find(b->schema, reg);

	if (s == NULL)
		return rights_all(r) || rights_offices(r, agency) != 0;
	return rights_may_read(r, s, agency);
}

/* The registers of entries the viewer may know of, as a JSON array. */
static void
registers_hidden(
    struct book *b, const struct rights *r, struct span agency, struct buf *out)
{
	const char *sep = "";

	buf_text(out, "[");
	for (size_t i = 0; i < schema_count(b->schema); i++) {
		const char *name = schema_at(b->schema, i)->name;

		if (entry_seen(b, r, agency, span_text(name)))
			continue;
		buf_printf(out, "%s\"%s\"", sep, name);
		sep = ",";
	}
	buf_text(out, "]");
}

/* Bind agency, register and what is hidden. */
static enum err
entries_bind(struct sql_stmt *s, struct span agency, struct span reg,
    struct span hidden, struct fault *why)
{
	enum err e;

	if ((e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":register", reg, why)))
		return e;
	return sql_bind_text(s, ":hidden", hidden, why);
}

enum err
book_entries(struct book *b, const struct rights *r, struct span agency,
    struct span reg, uint64_t page, json_t **out, struct fault *why)
{
	json_t *o = json_object(), *list = json_array();
	int64_t total = 0;
	struct buf hidden;
	struct sql_stmt *s;
	bool row;
	enum err e;

	buf_init(&hidden, 8192);
	registers_hidden(b, r, agency, &hidden);
	if (!rights_all(r) && rights_offices(r, agency) == 0) {
		e = fault_set(why, ERR_DENIED, "no right to read there");
		goto out;
	}
	if (page == 0 || page > INT32_MAX)
		page = 1;
	if ((e = sql_named(b->db, "entry_count", &s, why)) ||
	    (e = entries_bind(s, agency, reg, buf_view(&hidden), why)) ||
	    (e = sql_step(s, &row, why)))
		goto out;
	total = sql_int(s, 0);
	sql_reset(s);
	if ((e = sql_named(b->db, "entry_page", &s, why)) ||
	    (e = entries_bind(s, agency, reg, buf_view(&hidden), why)) ||
	    (e = sql_bind_int(s, ":limit", BOOK_PAGE, why)) ||
	    (e = sql_bind_int(
		 s, ":offset", (int64_t)(page - 1) * BOOK_PAGE, why)))
		goto out;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row)
		json_array_append_new(list, entry_json(s));
	json_object_set(o, "entries", list);
	json_put_int(o, "page", (int64_t)page);
	json_put_int(
	    o, "pages", total == 0 ? 1 : (total + BOOK_PAGE - 1) / BOOK_PAGE);
	json_put_int(o, "total", total);
	if (e == ERR_OK)
		*out = json_incref(o);
out:
	buf_clear(&hidden);
	json_decref(list);
	json_decref(o);
	return e;
}
