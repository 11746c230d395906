/*
 * book/export.c: exactly the rows of a list, as CSV or JSON.
 *
 * The CSV can be imported again: its headings are labels the import knows,
 * its values the normal form. Runs in: reader.
 */
#include "book/reading.h"
#include "pack/csv.h"

/* What the rows go to. */
struct exporting {
	struct csv_out csv;
	struct buf *out;
	enum book_form_as as;
	bool zh, any;
};

/* An enum's value as its label; any other value as it is written. */
static void
cell_write(struct exporting *ex, const struct schema_field *f, const json_t *v)
{
	if (v == NULL || json_is_null(v)) {
		csv_text(&ex->csv, "");
		return;
	}
	if (json_is_integer(v)) {
		csv_int(&ex->csv, json_integer_value(v));
		return;
	}
	if (json_is_boolean(v)) {
		csv_text(&ex->csv,
		    ex->zh ? (json_is_true(v) ? "是" : "否")
			   : (json_is_true(v) ? "yes" : "no"));
		return;
	}
	for (size_t i = 0; i < f->n_values; i++)
		if (strcmp(json_string_value(v), f->value[i].value) == 0) {
			csv_text(&ex->csv,
			    ex->zh ? f->value[i].label.zh
				   : f->value[i].label.en);
			return;
		}
	csv_text(&ex->csv, json_string_value(v));
}

/* The row of headings. */
static void
headings_write(struct exporting *ex, const struct schema_register *r)
{
	csv_text(&ex->csv, ex->zh ? r->key_label.zh : r->key_label.en);
	for (size_t i = 0; i < r->n_fields; i++)
		csv_text(&ex->csv,
		    ex->zh ? r->field[i].label.zh : r->field[i].label.en);
	csv_end(&ex->csv);
}

static enum err
row_write(struct reading_list *l, struct sql_stmt *s, void *arg)
{
	struct exporting *ex = arg;
	json_t *o = NULL, *fields;
	enum err e;

	if ((e = reading_row(l, s, &o)) != ERR_OK)
		return e;
	if (ex->as == BOOK_JSON) {
		buf_text(ex->out, ex->any ? ",\n" : "");
		json_canonical(ex->out, o);
	} else {
		fields = json_object_get(o, "fields");
		csv_text(&ex->csv, json_get_text(o, "key", ""));
		for (size_t i = 0; i < l->r->n_fields; i++)
			cell_write(ex, &l->r->field[i],
			    json_object_get(fields, l->r->field[i].name));
		csv_end(&ex->csv);
	}
	ex->any = true;
	json_decref(o);
	return buf_error(ex->out);
}

enum err
book_export(struct book *b, const struct rights *r, struct span reg,
    const struct book_query *q, enum book_form_as as, const char *lang,
    struct buf *out, struct fault *why)
{
	struct exporting ex = {
		.out = out, .as = as, .zh = strcmp(lang, "en") != 0
	};
	struct reading_list l;
	enum err e;

	if ((e = reading_begin(&l, b, r, reg, q, why)) != ERR_OK)
		return e;
	if (as == BOOK_CSV) {
		csv_begin(&ex.csv, out, true);
		headings_write(&ex, l.r);
	} else {
		buf_text(out, "[");
	}
	e = reading_rows(&l, BOOK_ALL_MAX, 0, row_write, &ex);
	if (as == BOOK_JSON)
		buf_text(out, "]\n");
	if (e == ERR_OK && (e = buf_error(out)) != ERR_OK)
		e = fault_set(why, e, "export of %s", l.r->name);
	return e;
}
