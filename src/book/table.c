/*
 * book/table.c: one table a register, made and kept by its schema.
 *
 * Works on: generated SQL. Names come from the schema, which lets only
 * [a-z_] through, and are always quoted ("from" is a field).
 */
#include <stdlib.h>

#include "base/when.h"
#include "book/inner.h"

#define SQL_MAX ((size_t)64 << 10)

/* The buffer's text, handed over; NULL when it failed. */
static char *
text_of(struct buf *b)
{
	char *s = buf_error(b) == ERR_OK ? strdup(buf_string(b)) : NULL;

	buf_clear(b);
	return s;
}

/* What a table has now: names of columns, in an arena. */
static enum err
columns_read(struct sql *db, const char *table, json_t *have, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(db, "table_columns", &s, why)) != ERR_OK ||
	    (e = sql_bind_text(s, ":name", span_text(table), why)) != ERR_OK)
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		struct span name = sql_text(s, 0);

		if (json_object_setn_new(have, (const char *)name.at, name.len,
			json_true()) != 0) {
			sql_reset(s);
			return fault_set(why, ERR_MEMORY, "table %s", table);
		}
	}
	return e;
}

/* CREATE TABLE with all of today's fields. */
static enum err
create(struct sql *db, const struct schema_register *r, struct fault *why)
{
	struct buf b;
	enum err e;

	buf_init(&b, SQL_MAX);
	buf_printf(&b,
	    "CREATE TABLE \"%s\" (agency TEXT NOT NULL, key TEXT NOT NULL, "
	    "effective_us INTEGER NOT NULL, received_us INTEGER NOT NULL, "
	    "entry INTEGER NOT NULL, voided INTEGER NOT NULL DEFAULT 0, "
	    "ground TEXT",
	    r->name);
	for (size_t i = 0; i < r->n_fields; i++)
		buf_printf(&b, ", \"%s\" %s", r->field[i].name,
		    field_column(r->field[i].type));
	buf_text(&b, ", PRIMARY KEY (agency, key))");
	if ((e = buf_error(&b)) == ERR_OK)
		e = sql_run(db, buf_string(&b), why);
	buf_clear(&b);
	return e;
}

/* Indexes on refs and on names, which checks and imports look by. */
static enum err
index_make(struct sql *db, const struct schema_register *r, struct fault *why)
{
	enum err e = ERR_OK;
	struct buf b;

	buf_init(&b, SQL_MAX);
	for (size_t i = 0; i < r->n_fields && e == ERR_OK; i++) {
		const struct schema_field *f = &r->field[i];

		if (f->type != TYPE_REF && strcmp(f->name, "name") != 0)
			continue;
		buf_reset(&b);
		buf_printf(&b,
		    "CREATE INDEX IF NOT EXISTS \"%s_by_%s\" ON \"%s\" "
		    "(\"%s\", agency)",
		    r->name, f->name, r->name, f->name);
		e = buf_error(&b);
		if (e == ERR_OK)
			e = sql_run(db, buf_string(&b), why);
	}
	buf_clear(&b);
	return e;
}

enum err
table_make(struct sql *db, const struct schema_register *r, struct fault *why)
{
	json_t *have = json_object();
	struct buf b;
	enum err e;

	if (have == NULL)
		return fault_set(why, ERR_MEMORY, "table %s", r->name);
	buf_init(&b, SQL_MAX);
	if ((e = columns_read(db, r->name, have, why)) != ERR_OK)
		goto out;
	if (json_object_size(have) == 0)
		e = create(db, r, why);
	for (size_t i = 0;
	     json_object_size(have) > 0 && e == ERR_OK && i < r->n_fields;
	     i++) {
		const struct schema_field *f = &r->field[i];

		if (json_object_get(have, f->name) != NULL)
			continue;
		buf_reset(&b);
		buf_printf(&b, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s",
		    r->name, f->name, field_column(f->type));
		if ((e = buf_error(&b)) == ERR_OK)
			e = sql_run(db, buf_string(&b), why);
	}
	if (e == ERR_OK)
		e = index_make(db, r, why);
out:
	json_decref(have);
	buf_clear(&b);
	return e;
}

enum err
table_check(struct sql *db, const struct schema_register *r, struct fault *why)
{
	json_t *have = json_object();
	enum err e;

	if (have == NULL)
		return fault_set(why, ERR_MEMORY, "table %s", r->name);
	e = columns_read(db, r->name, have, why);
	if (e == ERR_OK && json_object_size(have) == 0)
		e = fault_set(
		    why, ERR_STATE, "register %s has no table yet", r->name);
	for (size_t i = 0; e == ERR_OK && i < r->n_fields; i++)
		if (json_object_get(have, r->field[i].name) == NULL)
			e = fault_set(why, ERR_STATE,
			    "register %s has no column %s yet", r->name,
			    r->field[i].name);
	json_decref(have);
	return e;
}

/* "SELECT agency, key, … , "f1", … FROM t" and what follows. */
static char *
select_sql(const struct schema_register *r, const char *rest)
{
	struct buf b;

	buf_init(&b, SQL_MAX);
	buf_text(&b,
	    "SELECT agency, key, effective_us, received_us, entry, voided, "
	    "ground");
	for (size_t i = 0; i < r->n_fields; i++)
		buf_printf(&b, ", \"%s\"", r->field[i].name);
	buf_printf(&b, " FROM \"%s\" %s", r->name, rest);
	return text_of(&b);
}

/* INSERT, or the row's new content. */
static char *
put_sql(const struct schema_register *r)
{
	struct buf b;

	buf_init(&b, SQL_MAX);
	buf_printf(&b,
	    "INSERT INTO \"%s\" (agency, key, effective_us, received_us, "
	    "entry, voided, ground",
	    r->name);
	for (size_t i = 0; i < r->n_fields; i++)
		buf_printf(&b, ", \"%s\"", r->field[i].name);
	buf_text(&b,
	    ") VALUES (:agency, :key, :effective_us, :received_us, :entry, "
	    ":voided, :ground");
	for (size_t i = 0; i < r->n_fields; i++)
		buf_printf(&b, ", :f_%s", r->field[i].name);
	buf_text(&b,
	    ") ON CONFLICT (agency, key) DO UPDATE SET effective_us = "
	    "excluded.effective_us, received_us = excluded.received_us, entry "
	    "= excluded.entry, voided = excluded.voided, ground = "
	    "excluded.ground");
	for (size_t i = 0; i < r->n_fields; i++)
		buf_printf(&b, ", \"%s\" = excluded.\"%s\"", r->field[i].name,
		    r->field[i].name);
	return text_of(&b);
}

/* A statement with the register's name in it, once. */
static char *
named_sql(const char *before, const char *name, const char *after)
{
	struct buf b;

	buf_init(&b, SQL_MAX);
	buf_printf(&b, "%s \"%s\"%s", before, name, after);
	return text_of(&b);
}

enum err
table_sql(const struct schema_register *r, struct register_sql *out)
{
	const struct schema_field *name = schema_field(r, SPAN_LIT("name"));

	out->get = select_sql(r, "WHERE agency = :agency AND key = :key");
	out->all = select_sql(r, "ORDER BY agency, key");
	out->put = put_sql(r);
	out->alive = named_sql("SELECT 1 FROM", r->name,
	    " WHERE agency = :agency AND key = :key AND voided = 0");
	out->clear = named_sql("DELETE FROM", r->name, "");
	out->by_title = NULL;
	if (name != NULL)
		out->by_title = named_sql("SELECT key FROM", r->name,
		    " WHERE agency = :agency AND \"name\" = :title AND "
		    "voided = 0 ORDER BY key LIMIT 2");
	if (out->get == NULL || out->all == NULL || out->put == NULL ||
	    out->alive == NULL || out->clear == NULL ||
	    (name != NULL && out->by_title == NULL))
		return ERR_MEMORY;
	return ERR_OK;
}

void
table_sql_clear(struct register_sql *s)
{
	sql_stmt_free(s->s_get);
	sql_stmt_free(s->s_put);
	sql_stmt_free(s->s_alive);
	free(s->get);
	free(s->put);
	free(s->alive);
	free(s->clear);
	free(s->all);
	free(s->by_title);
	memset(s, 0, sizeof *s);
}

/* One field's value as its column holds it. */
static enum err
bind_value(struct sql_stmt *s, const char *param, const struct schema_field *f,
    const json_t *v, struct fault *why)
{
	int64_t us = 0;
	enum err e;

	if (v == NULL || json_is_null(v))
		return sql_bind_null(s, param, why);
	switch (f->type) {
	case TYPE_BOOL:
		return sql_bind_int(s, param, json_is_true(v), why);
	case TYPE_INT:
		return sql_bind_int(s, param, json_integer_value(v), why);
	case TYPE_DATE:
	case TYPE_INSTANT:
		e = when_parse(
		    span_of(json_string_value(v), json_string_length(v)), &us,
		    why);
		return e != ERR_OK ? e : sql_bind_int(s, param, us, why);
	default:
		return sql_bind_text(s, param,
		    span_of(json_string_value(v), json_string_length(v)), why);
	}
}

enum err
table_bind(struct sql_stmt *s, const struct schema_register *r,
    const json_t *fields, struct fault *why)
{
	struct buf param;
	enum err e = ERR_OK;

	buf_init(&param, SCHEMA_NAME_MAX + 8);
	for (size_t i = 0; i < r->n_fields && e == ERR_OK; i++) {
		const struct schema_field *f = &r->field[i];

		buf_reset(&param);
		buf_printf(&param, ":f_%s", f->name);
		e = bind_value(s, buf_string(&param), f,
		    json_object_get(fields, f->name), why);
	}
	buf_clear(&param);
	return e;
}

json_t *
table_value(struct sql_stmt *s, const struct schema_field *f, unsigned at)
{
	struct span t;
	struct buf b;
	json_t *v;

	if (sql_is_null(s, at))
		return json_null();
	switch (f->type) {
	case TYPE_BOOL:
		return json_boolean(sql_int(s, at) != 0);
	case TYPE_INT:
		return json_integer(sql_int(s, at));
	case TYPE_DATE:
	case TYPE_INSTANT:
		buf_init(&b, 64);
		if (f->type == TYPE_DATE)
			day_print(&b, when_day(sql_int(s, at)));
		else
			when_print_utc(&b, sql_int(s, at));
		v = json_string(buf_string(&b));
		buf_clear(&b);
		return v;
	default:
		t = sql_text(s, at);
		return json_stringn((const char *)t.at, t.len);
	}
}

json_t *
table_fields(
    struct sql_stmt *s, const struct schema_register *r, unsigned first)
{
	json_t *o = json_object();

	for (unsigned i = 0; o != NULL && i < r->n_fields; i++) {
		if (sql_is_null(s, first + i))
			continue;
		if (json_object_set_new(o, r->field[i].name,
			table_value(s, &r->field[i], first + i)) != 0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

struct register_sql *
book_register_sql(struct book *b, const struct schema_register *r)
{
	return &b->reg[r - schema_at(b->schema, 0)];
}

/* The register's own statement, prepared once. */
static enum err
prepared(
    struct book *b, struct sql_stmt **slot, const char *text, struct fault *why)
{
	if (*slot != NULL) {
		sql_reset(*slot);
		return ERR_OK;
	}
	return sql_prepare(b->db, text, slot, why);
}

enum err
table_put(struct book *b, const struct schema_register *r,
    const struct row_state *row, struct fault *why)
{
	struct register_sql *q = book_register_sql(b, r);
	struct sql_stmt *s;
	enum err e;

	if ((e = prepared(b, &q->s_put, q->put, why)) != ERR_OK)
		return e;
	s = q->s_put;
	if ((e = sql_bind_text(s, ":agency", row->agency, why)) ||
	    (e = sql_bind_text(s, ":key", row->key, why)) ||
	    (e = sql_bind_int(s, ":effective_us", row->effective_us, why)) ||
	    (e = sql_bind_int(s, ":received_us", row->received_us, why)) ||
	    (e = sql_bind_int(s, ":entry", (int64_t)row->seq, why)) ||
	    (e = sql_bind_int(s, ":voided", row->voided, why)) ||
	    (e = bind_text_or_null(s, ":ground", row->ground, why)) ||
	    (e = table_bind(s, r, row->fields, why)))
		return e;
	book_touch(b, r->name);
	return sql_do(s, why);
}

enum err
table_get(struct book *b, const struct schema_register *r, struct span agency,
    struct span key, struct row_now *out, struct fault *why)
{
	struct register_sql *q = book_register_sql(b, r);
	struct sql_stmt *s;
	bool row;
	enum err e;

	*out = (struct row_now){ 0 };
	if ((e = prepared(b, &q->s_get, q->get, why)) != ERR_OK)
		return e;
	s = q->s_get;
	if ((e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":key", key, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return ERR_OK;
	out->there = true;
	out->voided = sql_int(s, ROW_VOIDED) != 0;
	out->effective_us = sql_int(s, ROW_EFFECTIVE);
	out->entry = (uint64_t)sql_int(s, ROW_ENTRY);
	out->fields = table_fields(s, r, ROW_FIELDS);
	sql_reset(s);
	return out->fields != NULL
	    ? ERR_OK
	    : fault_set(why, ERR_MEMORY, "a row of %s", r->name);
}

enum err
bind_hash(struct sql_stmt *s, const char *param, const struct hash *h,
    struct fault *why)
{
	return sql_bind_bytes(s, param, span_of(h->at, HASH_LEN), why);
}

bool
column_hash(struct sql_stmt *s, unsigned at, struct hash *h)
{
	struct span b = sql_bytes(s, at);

	if (b.len != HASH_LEN)
		return false;
	memcpy(h->at, b.at, HASH_LEN);
	return true;
}

enum err
bind_text_or_null(
    struct sql_stmt *s, const char *param, struct span v, struct fault *why)
{
	return v.len == 0 ? sql_bind_null(s, param, why)
			  : sql_bind_text(s, param, v, why);
}
