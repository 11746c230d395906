/*
 * book/rowlist.c: rows of a statement as a list that another process reads.
 */
#include "book/inner.h"

/* The first n columns of a row as an object; a NULL is left out. */
static json_t *
row_json(struct sql_stmt *s, unsigned n)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < n; i++) {
		const char *name = sql_column_name(s, i);

		if (sql_is_null(s, i))
			continue;
		if (sql_is_int(s, i))
			json_put_int(o, name, sql_int(s, i));
		else
			json_put_text(o, name, sql_text(s, i));
	}
	return o;
}

enum err
rowlist_print(struct book *b, const char *statement, unsigned n,
    const char *what, struct buf *out, struct fault *why)
{
	json_t *list = json_array();
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, statement, &s, why)) != ERR_OK)
		goto out;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row)
		if (json_array_append_new(list, row_json(s, n)) != 0) {
			e = fault_set(why, ERR_MEMORY, "%s", what);
			break;
		}
	sql_reset(s);
	if (e == ERR_OK) {
		json_canonical(out, list);
		e = buf_error(out);
	}
out:
	json_decref(list);
	return e;
}
