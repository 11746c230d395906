/*
 * book/read.c: lists and forms of registers, under the viewer's rights.
 *
 * Works on: the register tables; the objects are those of doc/api.md. Runs
 * in: reader.
 */
#include "book/read.h"

#include "base/text.h"
#include "base/when.h"
#include "book/inner.h"
#include "book/reading.h"

#define SQL_TEXT_MAX ((size_t)64 << 10)
#define WORDS_MAX 8

enum err
book_title(struct book *b, const struct schema_register *r, struct span agency,
    struct span key, struct buf *out, struct fault *why)
{
	static const char *const fields[] = { "name", "subject", "what",
		"account" };
	struct row_now now;
	const char *title = NULL;
	enum err e;

	if ((e = table_get(b, r, agency, key, &now, why)) != ERR_OK)
		return e;
	for (size_t i = 0; i < 4 && title == NULL; i++)
		title = json_get_text(now.fields, fields[i], NULL);
	if (title != NULL)
		buf_text(out, title);
	else
		buf_span(out, key);
	json_decref(now.fields);
	return buf_error(out);
}

enum err
book_agency_json(
    struct book *b, struct span agency, json_t **out, struct fault *why)
{
	const struct schema_register *r = schema_find(
	    b->schema, SPAN_LIT("agency"));
	json_t *o = json_object(), *title = json_object();
	struct row_now now = { .there = false };
	const char *zh;
	char key[BOOK_AGENCY_MAX + 1] = { 0 };
	enum err e = ERR_OK;

	memcpy(key, agency.at,
	    agency.len < sizeof key ? agency.len : sizeof key - 1);
	if (r != NULL)
		e = table_get(b, r, agency, agency, &now, why);
	zh = json_get_text(now.fields, "name", key);
	json_put_text(o, "key", agency);
	json_put_str(title, "zh", zh);
	json_put_str(title, "en", json_get_text(now.fields, "name_en", zh));
	json_object_set_new(o, "title", title);
	json_decref(now.fields);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	*out = o;
	return ERR_OK;
}

/* May the viewer see what a ref of this field is called? */
static bool
title_seen(const struct reading_list *l, const struct schema_field *f,
    struct span agency, struct span key)
{
	const struct schema_field *name = schema_field(
	    f->ref, SPAN_LIT("name"));

	if (!rights_may_read(l->who, f->ref, agency) &&
	    strcmp(f->ref->name, "person") != 0)
		return false;
	return name == NULL || rights_sees(l->who, f->ref, name, agency, key);
}

/* {"field": title} of every ref the row has. */
static enum err
refs_json(struct reading_list *l, struct span agency, const json_t *fields,
    json_t *refs)
{
	struct buf title;
	enum err e = ERR_OK;

	buf_init(&title, 4096);
	for (size_t i = 0; i < l->r->n_fields && e == ERR_OK; i++) {
		const struct schema_field *f = &l->r->field[i];
		const char *v = json_get_text(fields, f->name, NULL);
		struct span at = agency;

		if (f->type != TYPE_REF || v == NULL)
			continue;
		if (strcmp(f->ref->name, "agency") == 0)
			at = span_text(v);
		buf_reset(&title);
		if (title_seen(l, f, at, span_text(v)))
			e = book_title(
			    l->b, f->ref, at, span_text(v), &title, l->why);
		else
			buf_text(&title, v);
		json_put_text(refs, f->name, buf_view(&title));
	}
	buf_clear(&title);
	return e;
}

/* Fields with null for what is empty or not the viewer's to see. */
static json_t *
fields_json(struct reading_list *l, struct span agency, struct span key,
    struct sql_stmt *s, json_t *masked)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < l->r->n_fields; i++) {
		const struct schema_field *f = &l->r->field[i];
		json_t *v;

		if (rights_sees(l->who, l->r, f, agency, key)) {
			v = table_value(s, f, ROW_FIELDS + i);
		} else {
			v = json_null();
			if (!sql_is_null(s, ROW_FIELDS + i))
				json_array_append_new(
				    masked, json_string(f->name));
		}
		json_object_set_new(o, f->name, v);
	}
	return o;
}

/* What a row is called, of what the viewer sees. */
static const char *
row_title(const json_t *fields, const char *key)
{
	static const char *const names[] = { "name", "subject", "what",
		"account" };

	for (size_t i = 0; i < 4; i++) {
		const char *t = json_get_text(fields, names[i], NULL);

		if (t != NULL)
			return t;
	}
	return key;
}

enum err
reading_row(struct reading_list *l, struct sql_stmt *s, json_t **out)
{
	struct span agency = sql_text(s, ROW_AGENCY),
		    key = sql_text(s, ROW_KEY);
	json_t *o = json_object(), *refs = json_object(),
	       *masked = json_array(), *of = NULL, *fields;
	enum err e;

	json_put_text(o, "key", key);
	json_put_time(o, "effective", sql_int(s, ROW_EFFECTIVE));
	json_put_time(o, "received", sql_int(s, ROW_RECEIVED));
	json_put_int(o, "entry", sql_int(s, ROW_ENTRY));
	json_object_set_new(
	    o, "voided", json_boolean(sql_int(s, ROW_VOIDED) != 0));
	if (sql_is_null(s, ROW_GROUND))
		json_object_set_new(o, "ground", json_null());
	else
		json_put_text(o, "ground", sql_text(s, ROW_GROUND));
	fields = fields_json(l, agency, key, s, masked);
	json_put_str(
	    o, "title", row_title(fields, json_get_text(o, "key", "")));
	e = refs_json(l, agency, fields, refs);
	if (e == ERR_OK)
		e = book_agency_json(l->b, agency, &of, l->why);
	json_object_set_new(o, "agency", of != NULL ? of : json_null());
	json_object_set_new(o, "fields", fields);
	json_object_set_new(o, "refs", refs);
	json_object_set_new(o, "masked", masked);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	*out = o;
	return ERR_OK;
}

/* The words of a query, lower-cased ASCII, in the arena. */
static size_t
words_split(struct span q, struct span word[static WORDS_MAX])
{
	struct cursor c = cursor_of(q);
	size_t n = 0;
	bool found = true;

	while (found && n < WORDS_MAX) {
		struct span w = cursor_until(&c, ' ', &found);

		if (w.len > 0)
			word[n++] = w;
	}
	return n;
}

/* Fields a word is looked for in: text-like ones everybody may see, and
 * personal ones where the viewer reads all. */
static bool
field_searched(const struct reading_list *l, const struct schema_field *f)
{
	if (f->personal && !rights_all(l->who))
		return false;
	return strcmp(field_column(f->type), "TEXT") == 0;
}

/* " WHERE …": agencies, voided, words. */
static void
where_make(struct reading_list *l, struct buf *b)
{
	buf_text(b,
	    " WHERE (:every OR t.agency IN (SELECT value FROM "
	    "json_each(:agencies)))");
	if (l->q->agency.len > 0 && l->q->below)
		buf_text(b,
		    " AND t.agency IN (WITH RECURSIVE d(k) AS (SELECT "
		    ":agency UNION SELECT a.key FROM agency a JOIN d ON "
		    "a.parent = d.k AND a.voided = 0) SELECT k FROM d)");
	else if (l->q->agency.len > 0)
		buf_text(b, " AND t.agency = :agency");
	if (!l->q->voided)
		buf_text(b, " AND t.voided = 0");
	for (size_t i = 0; i < l->n_words; i++) {
		buf_printf(b, " AND (instr(lower(t.key), lower(:w%zu)) > 0", i);
		for (size_t k = 0; k < l->r->n_fields; k++)
			if (field_searched(l, &l->r->field[k]))
				buf_printf(b,
				    " OR instr(lower(t.\"%s\"), "
				    "lower(:w%zu)) > 0",
				    l->r->field[k].name, i);
		buf_text(b, ")");
	}
}

/* " ORDER BY …"; false when there is no such field. */
static bool
order_make(struct reading_list *l, struct buf *b)
{
	struct span by = l->q->order;
	bool falls = span_starts(by, "-");
	const struct schema_field *f;
	const char *name = NULL;

	if (falls)
		by = span_slice(by, 1, SIZE_MAX);
	if (span_is(by, "key") || span_is(by, "agency"))
		name = span_is(by, "key") ? "key" : "agency";
	else if (span_is(by, "received"))
		name = "received_us";
	else if ((f = schema_field(l->r, by)) != NULL &&
	    (!f->personal || rights_all(l->who)))
		name = f->name;
	if (by.len > 0 && name == NULL)
		return false;
	buf_text(b, " ORDER BY ");
	if (name != NULL)
		buf_printf(b, "t.\"%s\"%s, ", name, falls ? " DESC" : "");
	buf_text(b, "t.agency, t.key");
	return true;
}

/* Bind what where_make asked for. */
static enum err
where_bind(struct reading_list *l, struct sql_stmt *s)
{
	static const char *const param[WORDS_MAX] = { ":w0", ":w1", ":w2",
		":w3", ":w4", ":w5", ":w6", ":w7" };
	struct buf agencies;
	enum err e;

	buf_init(&agencies, (size_t)1 << 20);
	rights_agencies(l->who, l->r, &agencies);
	if ((e = buf_error(&agencies)) ||
	    (e = sql_bind_int(s, ":every", rights_all(l->who), l->why)) ||
	    (e = sql_bind_text(s, ":agencies", buf_view(&agencies), l->why)))
		goto out;
	if (l->q->agency.len > 0 &&
	    (e = sql_bind_text(s, ":agency", l->q->agency, l->why)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < l->n_words && e == ERR_OK; i++)
		e = sql_bind_text(s, param[i], l->word[i], l->why);
out:
	buf_clear(&agencies);
	return e;
}

/* How many rows there are in all. */
static enum err
total_read(struct reading_list *l, uint64_t *total)
{
	struct sql_stmt *s = NULL;
	struct buf b;
	bool row;
	enum err e;

	buf_init(&b, SQL_TEXT_MAX);
	buf_printf(&b, "SELECT count(*) FROM \"%s\" t", l->r->name);
	where_make(l, &b);
	if ((e = buf_error(&b)) ||
	    (e = sql_prepare(l->b->db, buf_string(&b), &s, l->why)) ||
	    (e = where_bind(l, s)) || (e = sql_step(s, &row, l->why)))
		goto out;
	*total = (uint64_t)sql_int(s, 0);
out:
	sql_stmt_free(s);
	buf_clear(&b);
	return e;
}

/* The SELECT of the rows themselves. */
static enum err
rows_sql(struct reading_list *l, struct buf *b)
{
	buf_text(b,
	    "SELECT t.agency, t.key, t.effective_us, t.received_us, t.entry, "
	    "t.voided, t.ground");
	for (size_t i = 0; i < l->r->n_fields; i++)
		buf_printf(b, ", t.\"%s\"", l->r->field[i].name);
	buf_printf(b, " FROM \"%s\" t", l->r->name);
	where_make(l, b);
	if (!order_make(l, b))
		return fault_set(
		    l->why, ERR_NOT_FOUND, "no such field to order by");
	buf_text(b, " LIMIT :limit OFFSET :offset");
	return buf_error(b);
}

enum err
reading_rows(struct reading_list *l, uint64_t limit, uint64_t offset,
    enum err (*fn)(struct reading_list *, struct sql_stmt *, void *), void *arg)
{
	struct sql_stmt *s = NULL;
	struct buf b;
	bool row;
	enum err e;

	buf_init(&b, SQL_TEXT_MAX);
	if ((e = rows_sql(l, &b)) ||
	    (e = sql_prepare(l->b->db, buf_string(&b), &s, l->why)) ||
	    (e = where_bind(l, s)) ||
	    (e = sql_bind_int(s, ":limit", (int64_t)limit, l->why)) ||
	    (e = sql_bind_int(s, ":offset", (int64_t)offset, l->why)))
		goto out;
	while ((e = sql_step(s, &row, l->why)) == ERR_OK && row)
		if ((e = fn(l, s, arg)) != ERR_OK)
			break;
out:
	sql_stmt_free(s);
	buf_clear(&b);
	return e;
}

enum err
reading_begin(struct reading_list *l, struct book *b, const struct rights *r,
    struct span reg, const struct book_query *q, struct fault *why)
{
	*l = (struct reading_list){ .b = b, .who = r, .q = q, .why = why };
	if ((l->r = schema_find(b->schema, reg)) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no such register");
	if (!reading_may(r, l->r))
		return fault_set(why, ERR_DENIED,
		    "no right to read register %s", l->r->name);
	if (q->agency.len > 0 && !q->below &&
	    !rights_may_read(r, l->r, q->agency))
		return fault_set(why, ERR_DENIED,
		    "no right to read register %s there", l->r->name);
	if (!text_valid(q->q) || q->q.len > 400)
		return fault_set(why, ERR_RANGE, "the query is too long");
	l->n_words = words_split(q->q, l->word);
	return ERR_OK;
}

bool
reading_may(const struct rights *who, const struct schema_register *r)
{
	struct buf b;
	bool any;

	if (rights_all(who))
		return true;
	buf_init(&b, (size_t)1 << 20);
	rights_agencies(who, r, &b);
	any = b.len > 2;
	buf_clear(&b);
	return any;
}

/* One row into the array. */
static enum err
row_append(struct reading_list *l, struct sql_stmt *s, void *arg)
{
	json_t *o = NULL;
	enum err e = reading_row(l, s, &o);

	return e != ERR_OK ? e
	    : json_array_append_new(arg, o) == 0
	    ? ERR_OK
	    : fault_set(l->why, ERR_MEMORY, "rows");
}

/* The agencies of the viewer: all, and those he may write to. */
static enum err
agencies_json(struct reading_list *l, json_t *all, json_t *writable)
{
	json_t *rights = rights_json(l->who), *map, *one = NULL;
	enum err e = ERR_OK;

	map = json_object_get(rights, "agencies");
	for (void *it = json_object_iter(map); it != NULL && e == ERR_OK;
	     it = json_object_iter_next(map, it)) {
		struct span agency = span_text(json_object_iter_key(it));

		if (!rights_may_read(l->who, l->r, agency))
			continue;
		if ((e = book_agency_json(l->b, agency, &one, l->why)))
			break;
		if (rights_may_write(l->who, l->r, agency))
			json_array_append(writable, one);
		json_array_append_new(all, one);
	}
	json_decref(rights);
	return e;
}

enum err
book_list(struct book *b, const struct rights *r, struct span reg,
    const struct book_query *q, json_t **out, struct fault *why)
{
	json_t *o = json_object(), *rows = json_array(), *all = json_array(),
	       *writable = json_array(), *agency = NULL;
	uint64_t total = 0, page = q->page > 0 ? q->page : 1;
	uint64_t per = q->all ? BOOK_ALL_MAX : BOOK_PAGE;
	struct reading_list l;
	enum err e;

	if ((e = reading_begin(&l, b, r, reg, q, why)) ||
	    (e = total_read(&l, &total)))
		goto out;
	if (page > total / per + 1)
		page = total / per + 1;
	if ((e = reading_rows(&l, per, (page - 1) * per, row_append, rows)) ||
	    (e = agencies_json(&l, all, writable)))
		goto out;
	if (q->agency.len > 0 &&
	    (e = book_agency_json(b, q->agency, &agency, why)) != ERR_OK)
		goto out;
	json_object_set_new(o, "register", schema_json(l.r));
	json_object_set_new(o, "agency", agency != NULL ? agency : json_null());
	json_put_text(o, "q", q->q);
	json_put_int(o, "page", (int64_t)page);
	json_put_int(
	    o, "pages", (int64_t)(total == 0 ? 1 : (total + per - 1) / per));
	json_put_int(o, "total", (int64_t)total);
	json_object_set(o, "agencies", all);
	json_object_set(o, "writable", writable);
	json_object_set(o, "rows", rows);
	*out = json_incref(o);
out:
	json_decref(rows);
	json_decref(all);
	json_decref(writable);
	json_decref(o);
	return e;
}

enum err
book_registers(
    struct book *b, const struct rights *r, json_t **out, struct fault *why)
{
	static const struct book_query none = { .page = 1 };
	json_t *list = json_array(), *o;
	enum err e = ERR_OK;

	for (size_t i = 0; i < schema_count(b->schema) && e == ERR_OK; i++) {
		const struct schema_register *reg = schema_at(b->schema, i);
		json_t *all = json_array(), *writable = json_array(), *s;
		struct reading_list l;
		uint64_t n = 0;

		if (reading_may(r, reg) &&
		    (e = reading_begin(&l, b, r, span_text(reg->name), &none,
			 why)) == ERR_OK &&
		    (e = total_read(&l, &n)) == ERR_OK &&
		    (e = agencies_json(&l, all, writable)) == ERR_OK) {
			s = schema_json(reg);
			json_object_del(s, "fields");
			json_object_del(s, "key");
			json_put_int(s, "rows", (int64_t)n);
			json_object_set_new(s, "writable",
			    json_boolean(json_array_size(writable) > 0));
			json_array_append_new(list, s);
		}
		json_decref(all);
		json_decref(writable);
	}
	if (e != ERR_OK) {
		json_decref(list);
		return e;
	}
	o = json_object();
	json_object_set_new(o, "registers", list);
	*out = o;
	return ERR_OK;
}
