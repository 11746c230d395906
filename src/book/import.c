/*
 * book/import.c: a spreadsheet's CSV checked whole, then written whole.
 *
 * Works on: files that people exported from what they keep today. Every
 * refusal names line, heading and value. Runs in: book.
 */
#include "book/import.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "book/importing.h"
#include "pack/csv.h"

#define FIELD_NONE SIZE_MAX /* a heading that is passed over */
#define FIELD_KEY (SIZE_MAX - 1) /* the key's column */

/* True when a heading is this text. */
static bool
heading_is(struct span normal, const char *s)
{
	struct buf b;
	bool is;

	buf_init(&b, 4096);
	heading_normal(&b, span_text(s));
	is = b.len > 0 && span_equal(normal, buf_view(&b));
	buf_clear(&b);
	return is;
}

/* A heading among a name, labels and listed headings. */
static bool
heading_among(struct span normal, const char *name, const struct label *l,
    const char *const *more, size_t n)
{
	if (heading_is(normal, name) || heading_is(normal, l->zh) ||
	    heading_is(normal, l->en))
		return true;
	for (size_t i = 0; i < n; i++)
		if (heading_is(normal, more[i]))
			return true;
	return false;
}

/* Which field a heading means. */
static size_t
heading_field(const struct schema_register *r, struct span heading)
{
	size_t at = FIELD_NONE;
	struct buf b;

	buf_init(&b, 4096);
	heading_normal(&b, csv_plain(heading));
	if (b.len > 0 &&
	    heading_among(buf_view(&b), "key", &r->key_label, r->key_column,
		r->n_key_columns))
		at = FIELD_KEY;
	for (size_t i = 0; b.len > 0 && i < r->n_fields; i++)
		if (heading_among(buf_view(&b), r->field[i].name,
			&r->field[i].label, r->field[i].column,
			r->field[i].n_columns))
			at = i;
	buf_clear(&b);
	return at;
}

/* Add a refusal with its place in the file. */
static void
no_at(struct importing *im, const char *code, size_t line, size_t column,
    const char *field, struct span value, const char *zh, const char *en)
{
	size_t first = im->bad->n;

	(void)refuse(im->bad, code, im->r->name, field, value, zh, en);
	refuse_at(im->bad, first, (unsigned)line, (unsigned)column);
}

/* The first row: what each column is. */
static enum err
headings_read(struct importing *im, const struct csv_row *row)
{
	im->n_columns = row->n;
	im->column = arena_array(im->a, row->n, sizeof *im->column);
	im->heading = arena_array(im->a, row->n, sizeof *im->heading);
	if (im->column == NULL || im->heading == NULL)
		return fault_set(im->why, ERR_MEMORY, "import");
	for (size_t i = 0; i < row->n; i++) {
		struct span cell = span_trim(row->cell[i]);

		im->column[i] = heading_field(im->r, cell);
		if ((im->heading[i] = arena_text(im->a, cell)) == NULL)
			return fault_set(im->why, ERR_MEMORY, "import");
		if (im->column[i] == FIELD_NONE && cell.len > 0 &&
		    !im->job->skip)
			no_at(im, REFUSE_UNKNOWN, row->line, i + 1, NULL, cell,
			    "不認得這個欄位名稱", "no such column heading");
		for (size_t k = 0; k < i; k++)
			if (im->column[k] == im->column[i] &&
			    im->column[i] != FIELD_NONE)
				no_at(im, REFUSE_DUPLICATE, row->line, i + 1,
				    NULL, cell, "同一欄位出現兩次",
				    "two columns of the same field");
		im->has_key |= im->column[i] == FIELD_KEY;
	}
	return ERR_OK;
}

/* Every required field needs a column when rows may be new. */
static void
headings_check(struct importing *im, size_t line)
{
	if (!im->has_key && im->r->n_key_from == 0 && im->list.len == 0)
		no_at(im, REFUSE_KEY, line, 0, "key", SPAN_EMPTY, "缺少代碼欄",
		    "there is no column for the key");
}

/* The key by which a ref was meant: itself, or the one row of that name. */
static enum err
ref_find(struct importing *im, const struct schema_field *f, struct span v,
    struct span *key)
{
	struct register_sql *q = book_register_sql(im->b, f->ref);
	bool of_agency = strcmp(f->ref->name, "agency") == 0;
	struct row_now now;
	struct sql_stmt *s = NULL;
	bool row;
	enum err e;

	*key = SPAN_EMPTY;
	if ((e = table_get(im->b, f->ref, of_agency ? v : im->job->agency, v,
		 &now, im->why)) != ERR_OK)
		return e;
	json_decref(now.fields);
	if (now.there && !now.voided) {
		*key = v;
		return ERR_OK;
	}
	if (q->by_title == NULL || of_agency)
		return ERR_OK;
	if ((e = sql_prepare(im->b->db, q->by_title, &s, im->why)) ||
	    (e = sql_bind_text(s, ":agency", im->job->agency, im->why)) ||
	    (e = sql_bind_text(s, ":title", v, im->why)) ||
	    (e = sql_step(s, &row, im->why)) || !row)
		goto out;
	*key = arena_copy(im->a, sql_text(s, 0));
	if ((e = sql_step(s, &row, im->why)) == ERR_OK && row)
		*key = SPAN_EMPTY; /* two of that name: not told apart */
out:
	sql_stmt_free(s);
	return e;
}

/* One cell as the value of a field. */
static enum err
cell_put(struct importing *im, const struct schema_field *f, struct span cell,
    json_t *fields)
{
	struct span key = SPAN_EMPTY, v = span_trim(cell);
	json_t *value;
	enum err e;

	if (f->type == TYPE_REF && v.len > 0) {
		if ((e = ref_find(im, f, v, &key)) != ERR_OK)
			return e;
		if (key.len == 0 && im->list.len > 0 &&
		    strcmp(f->name, "person") == 0) {
			im->unmatched++; /* nobody known: that is evidence */
			v = SPAN_EMPTY;
		} else if (key.len > 0) {
			v = key;
		}
	}
	value = v.len > 0 ? json_stringn((const char *)v.at, v.len)
			  : json_null();
	if (json_object_set_new(fields, f->name, value) != 0)
		return fault_set(im->why, ERR_MEMORY, "import");
	return ERR_OK;
}

/* The key of a row: its column, or its register's fields. */
static enum err
row_key(struct importing *im, const struct csv_row *row, const json_t *fields,
    struct buf *key)
{
	for (size_t i = 0; i < row->n && i < im->n_columns; i++)
		if (im->column[i] == FIELD_KEY)
			buf_span(key, span_trim(csv_plain(row->cell[i])));
	if (im->list.len > 0) {
		buf_reset(key);
		key_escape(key, im->list);
		buf_u8(key, ':');
		key_escape(
		    key, span_text(json_get_text(fields, "account", "")));
		return ERR_OK;
	}
	for (size_t i = 0; key->len == 0 && i < im->r->n_key_from; i++) {
		const struct schema_field *f =
		    &im->r->field[im->r->key_from[i]];
		json_t *v = NULL;
		struct refusals *none = im->scratch;
		enum err e;

		refusals_init(none, im->a);
		e = field_normal(im->r, f, json_object_get(fields, f->name), &v,
		    none, im->why);
		if (e != ERR_OK && e != ERR_RANGE)
			return e;
		if (v == NULL) {
			buf_reset(key);
			return ERR_OK;
		}
		if (im->from.len > 0)
			buf_u8(&im->from, '.');
		if (json_is_integer(v))
			buf_printf(&im->from, "%lld",
			    (long long)json_integer_value(v));
		else
			key_escape(&im->from, span_text(json_string_value(v)));
		json_decref(v);
	}
	if (key->len == 0)
		buf_span(key, buf_view(&im->from));
	return ERR_OK;
}

/* What the row would be: the cells over what is there now. */
static enum err
row_fields(struct importing *im, const struct csv_row *row, json_t *fields)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < row->n && i < im->n_columns && e == ERR_OK; i++)
		if (im->column[i] < im->r->n_fields)
			e = cell_put(im, &im->r->field[im->column[i]],
			    csv_plain(row->cell[i]), fields);
	if (e == ERR_OK && im->list.len > 0 &&
	    (json_object_set_new(fields, "list",
		 json_stringn((const char *)im->list.at, im->list.len)) != 0 ||
		json_object_set_new(fields, "system",
		    json_stringn(
			(const char *)im->system.at, im->system.len)) != 0))
		e = fault_set(im->why, ERR_MEMORY, "import");
	return e;
}

/* Where a row is kept: an agency's own row in its own agency. */
static struct span
row_agency(const struct importing *im, struct span key)
{
	return strcmp(im->r->name, "agency") == 0 ? key : im->job->agency;
}

/* Fields that the file lacks stay as they are. */
static enum err
row_merge(
    struct importing *im, struct span key, json_t *fields, struct row_now *now)
{
	json_t *old;
	enum err e;

	if ((e = table_get(
		 im->b, im->r, row_agency(im, key), key, now, im->why)))
		return e;
	if (!now->there || now->voided)
		return ERR_OK;
	for (void *it = json_object_iter(now->fields); it != NULL;
	     it = json_object_iter_next(now->fields, it)) {
		const char *name = json_object_iter_key(it);
		const struct schema_field *f = schema_field(
		    im->r, span_text(name));

		old = json_object_iter_value(it);
		if (f != NULL && f->n_highest > 0)
			continue; /* computed again */
		if (json_object_get(fields, name) == NULL &&
		    json_object_set(fields, name, old) != 0)
			return fault_set(im->why, ERR_MEMORY, "import");
	}
	return ERR_OK;
}

/* Refusals of this row get their line, and the column of their field. */
static void
places_set(struct importing *im, size_t first, size_t line)
{
	for (size_t i = first; i < im->bad->n; i++) {
		struct refusal *bad = &im->bad->at[i];
		size_t column = 0;

		for (size_t k = 0; k < im->n_columns; k++) {
			size_t f = im->column[k];

			if ((f < im->r->n_fields &&
				strcmp(im->r->field[f].name, bad->field) ==
				    0) ||
			    (f == FIELD_KEY &&
				(strcmp(bad->code, REFUSE_KEY) == 0 ||
				    strcmp(bad->field, "key") == 0)))
				column = k + 1;
		}
		bad->row = (unsigned)line;
		bad->column = (unsigned)column;
	}
}

/* One row of the preview. */
static void
preview_add(struct importing *im, size_t line, struct span key,
    const char *action, const json_t *fields)
{
	json_t *o;

	if (json_array_size(im->preview) >= IMPORT_SHOWN_MAX)
		return;
	o = json_object();
	json_put_int(o, "line", (int64_t)line);
	json_put_text(o, "key", key);
	json_put_str(o, "action", action);
	json_object_set(o, "fields", (json_t *)(uintptr_t)fields);
	json_array_append_new(im->preview, o);
}

/* Write the row as an entry, inside the import's transaction. */
static enum err
row_write(struct importing *im, size_t line, struct span key,
    const json_t *fields, const struct row_now *now)
{
	struct command c = { .actor = im->job->actor,
		.agency = row_agency(im, key),
		.reg = im->job->reg,
		.key = key,
		.action = ENTRY_SET,
		.effective_us = im->job->effective_us,
		.fields = fields };
	struct written w;
	enum err e;

	if (span_is(key, "-") || key.len == 0) {
		(void)refuse(im->bad, REFUSE_KEY, im->r->name, "key", key,
		    "缺少代碼", "the key is missing");
		return ERR_RANGE;
	}
	e = entry_write(
	    im->b, &c, im->who, false, im->now_us, im->bad, &w, im->why);
	if (e != ERR_OK)
		return e;
	if (w.unchanged)
		im->same++;
	else if (now->there)
		im->change++;
	else
		im->add++;
	preview_add(im, line, key,
	    w.unchanged      ? "same"
		: now->there ? "change"
			     : "add",
	    fields);
	return ERR_OK;
}

/* A key that an earlier line had. */
static bool
key_twice(struct importing *im, struct span key)
{
	char *text = arena_text(im->a, key);

	if (text == NULL || json_object_get(im->keys, text) != NULL)
		return text != NULL;
	(void)json_object_set_new(im->keys, text, json_true());
	return false;
}

/* One row of the file, from cells to entry. */
static enum err
row_take(struct importing *im, const struct csv_row *row)
{
	json_t *fields = json_object();
	struct row_now now = { .there = false };
	size_t first = im->bad->n, total = im->bad->total;
	struct buf key;
	enum err e;

	buf_init(&key, SCHEMA_KEY_MAX);
	buf_reset(&im->from);
	im->rows++;
	if ((e = row_fields(im, row, fields)) ||
	    (e = row_key(im, row, fields, &key)))
		goto out;
	if (buf_error(&key) != ERR_OK || buf_error(&im->from) != ERR_OK) {
		buf_reset(&key);
		buf_reset(&im->from);
		(void)refuse(im->bad, REFUSE_KEY, im->r->name, "key",
		    SPAN_EMPTY, "代碼過長", "the key is too long");
		e = ERR_RANGE;
	} else if (key.len > 0 && key_twice(im, buf_view(&key))) {
		(void)refuse(im->bad, REFUSE_DUPLICATE, im->r->name, "key",
		    buf_view(&key), "同一代碼在檔案中出現兩次",
		    "the same key twice in the file");
		e = ERR_RANGE;
	} else if ((e = row_merge(im, buf_view(&key), fields, &now)) ==
	    ERR_OK) {
		e = row_write(im, row->line, buf_view(&key), fields, &now);
	}
	if (row->n > im->n_columns) {
		(void)refuse(im->bad, REFUSE_UNKNOWN, im->r->name, NULL,
		    row->cell[im->n_columns], "這一列的欄數多於標題列",
		    "more cells than headings");
		e = ERR_RANGE;
	}
	places_set(im, first, row->line);
	if (im->bad->total > total)
		im->failed++;
	/* A refusal of one row lets the others be looked at too. */
	if (e != ERR_MEMORY && im->bad->total > total)
		e = ERR_OK;
out:
	json_decref(now.fields);
	json_decref(fields);
	buf_clear(&key);
	return e;
}

/* Every row of the file. */
static enum err
rows_take(struct importing *im)
{
	struct csv_limits most = { IMPORT_ROWS_MAX + 1, 256, 65536 };
	struct csv_row row;
	struct csv *c = NULL;
	bool more = false;
	enum err e;

	if ((e = csv_open(im->job->csv, most, &c, im->why)) != ERR_OK)
		return e;
	if ((e = csv_next(c, &row, &more, im->why)) != ERR_OK)
		goto out;
	if (!more) {
		e = fault_set(im->why, ERR_SYNTAX, "line 1: the file is empty");
		goto out;
	}
	if ((e = headings_read(im, &row)) != ERR_OK)
		goto out;
	headings_check(im, row.line);
	if (im->bad->total > 0)
		goto out; /* the rows would all be wrong */
	while ((e = csv_next(c, &row, &more, im->why)) == ERR_OK && more)
		if ((e = row_take(im, &row)) != ERR_OK)
			break;
out:
	csv_close(c);
	return e;
}

/* What the file was, and what came of it. */
static json_t *
import_json(const struct importing *im)
{
	json_t *o = json_object(), *columns = json_array(),
	       *errors = json_array();

	json_object_set_new(o, "dry", json_boolean(im->job->dry));
	json_put_int(o, "rows", (int64_t)im->rows);
	json_put_int(o, "add", (int64_t)im->add);
	json_put_int(o, "change", (int64_t)im->change);
	json_put_int(o, "same", (int64_t)im->same);
	json_put_int(o, "failed", (int64_t)im->failed);
	if (im->list.len > 0)
		json_put_int(o, "unmatched", (int64_t)im->unmatched);
	for (size_t i = 0; i < im->n_columns; i++) {
		json_t *c = json_object();

		json_put_str(c, "heading", im->heading[i]);
		if (im->column[i] == FIELD_KEY)
			json_put_str(c, "field", "key");
		else if (im->column[i] < im->r->n_fields)
			json_put_str(
			    c, "field", im->r->field[im->column[i]].name);
		else
			json_object_set_new(c, "field", json_null());
		json_array_append_new(columns, c);
	}
	json_object_set_new(o, "columns", columns);
	for (size_t i = 0; i < im->bad->n; i++) {
		json_t *one = refusal_json(&im->bad->at[i]);
		size_t column = im->bad->at[i].column;

		json_put_str(one, "column",
		    column > 0 && column <= im->n_columns
			? im->heading[column - 1]
			: "");
		json_put_int(one, "column_no", (int64_t)column);
		json_array_append_new(errors, one);
	}
	json_object_set_new(o, "errors", errors);
	json_object_set(o, "preview", im->preview);
	return o;
}

enum err
importing_begin(struct importing *im, struct book *b,
    const struct import_job *job, int64_t now_us, struct fault *why)
{
	memset(im, 0, sizeof *im);
	im->b = b;
	im->job = job;
	im->now_us = now_us;
	im->why = why;
	buf_init(&im->from, SCHEMA_KEY_MAX);
	if ((im->r = schema_find(b->schema, job->reg)) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no such register");
	if (job->csv.len > IMPORT_MAX)
		return fault_set(why, ERR_LIMIT,
		    "a file of more than %zu bytes", IMPORT_MAX);
	im->a = arena_new(BOOK_ARENA_MAX);
	im->bad = calloc(1, sizeof *im->bad);
	im->scratch = calloc(1, sizeof *im->scratch);
	im->keys = json_object();
	im->preview = json_array();
	if (im->a == NULL || im->bad == NULL || im->scratch == NULL ||
	    im->keys == NULL || im->preview == NULL)
		return fault_set(why, ERR_MEMORY, "import");
	refusals_init(im->bad, im->a);
	return rights_of(b->db, job->actor, now_us, &im->who, why);
}

void
importing_end(struct importing *im)
{
	rights_free(im->who);
	json_decref(im->keys);
	json_decref(im->preview);
	buf_clear(&im->from);
	free(im->bad);
	free(im->scratch);
	arena_free(im->a);
}

enum err
importing_run(struct importing *im, json_t **out)
{
	enum err e;

	if (!rights_may_write(im->who, im->r, im->job->agency))
		return fault_set(im->why, ERR_DENIED,
		    "no right to write register %s there", im->r->name);
	if ((e = rows_take(im)) != ERR_OK)
		return e;
	*out = import_json(im);
	if (*out == NULL)
		return fault_set(im->why, ERR_MEMORY, "import");
	if (im->bad->total > 0)
		return fault_set(im->why, ERR_RANGE, "line %u: %s",
		    im->bad->at[0].row, im->bad->at[0].en);
	return ERR_OK;
}

enum err
book_import(struct book *b, const struct import_job *job, int64_t now_us,
    json_t **out, struct fault *why)
{
	struct importing im;
	bool joined = false;
	enum err e;

	*out = NULL;
	if ((e = importing_begin(&im, b, job, now_us, why)) != ERR_OK)
		goto out;
	if ((e = book_join(b, why)) != ERR_OK)
		goto out;
	joined = true;
	e = importing_run(&im, out);
out:
	if (joined)
		e = importing_leave(&im, e);
	importing_end(&im);
	return e;
}

enum err
importing_leave(struct importing *im, enum err e)
{
	enum err left;

	/* A dry run is undone as a failure is, and is none. */
	if (e != ERR_OK || !im->job->dry)
		return book_leave(im->b, e, im->why);
	left = book_leave(im->b, ERR_STATE, im->why);
	return left == ERR_STATE ? ERR_OK : left;
}
