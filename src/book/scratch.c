/*
 * book/scratch.c: the book as it was known at (T, K), in memory.
 *
 * Registers are replayed from entries; evidence is copied with everything
 * cut off that came after the moment. The cutting is in sql/past_*.sql, one
 * statement a table, each giving the columns of its table by name.
 */
#include "book/scratch.h"

#include "book/inner.h"
#include "book/source.h"

#define COLUMNS_MAX 32

/* What is copied, by which statement. */
static const struct {
	const char *table, *statement;
} parts[] = {
	{ "source", "past_source" },
	{ "rollup_hour", "past_rollup_hour" },
	{ "rollup_day", "past_rollup_day" },
	{ "intake_loss", "past_intake_loss" },
	{ "detection", "past_detection" },
	{ "segment", "past_segment" },
	{ "segment_source", "past_segment_source" },
	{ "stream", "past_stream" },
	{ "verify_run", "past_verify_run" },
	{ "witness", "past_witness" },
	{ "replica", "past_replica" },
	{ "disk", "past_disk" },
};

/* "INSERT INTO t (…) VALUES (:c0, …)" for the columns a statement gives. */
static enum err
insert_make(struct sql *to, const char *table, struct sql_stmt *from,
    struct sql_stmt **out, struct fault *why)
{
	unsigned n = sql_columns(from);
	struct buf b;
	enum err e;

	buf_init(&b, 8192);
	buf_printf(&b, "INSERT INTO \"%s\" (", table);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, "%s\"%s\"", i > 0 ? ", " : "",
		    sql_column_name(from, i));
	buf_text(&b, ") VALUES (");
	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, "%s:c%u", i > 0 ? ", " : "", i);
	buf_text(&b, ")");
	if ((e = buf_error(&b)) == ERR_OK)
		e = sql_prepare(to, buf_string(&b), out, why);
	buf_clear(&b);
	return e;
}

/* One row over, column by column. */
static enum err
row_copy(struct sql_stmt *from, struct sql_stmt *to, struct fault *why)
{
	struct buf name;
	enum err e = ERR_OK;

	buf_init(&name, 16);
	for (unsigned i = 0; i < sql_columns(from) && e == ERR_OK; i++) {
		const char *param;

		buf_reset(&name);
		buf_printf(&name, ":c%u", i);
		param = buf_string(&name);
		if (sql_is_null(from, i))
			e = sql_bind_null(to, param, why);
		else if (sql_is_int(from, i))
			e = sql_bind_int(to, param, sql_int(from, i), why);
		else
			e = sql_bind_text(to, param, sql_text(from, i), why);
	}
	buf_clear(&name);
	return e != ERR_OK ? e : sql_do(to, why);
}

/* One table's past. */
static enum err
part_copy(struct sql *from, struct sql *to, size_t at, int64_t cut_us,
    struct fault *why)
{
	struct sql_stmt *s, *put = NULL;
	bool row;
	enum err e;

	if ((e = sql_named(from, parts[at].statement, &s, why)) ||
	    (e = sql_bind_int(s, ":at", cut_us, why)) ||
	    (e = insert_make(to, parts[at].table, s, &put, why)))
		goto out;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row)
		if ((e = row_copy(s, put, why)) != ERR_OK)
			break;
	sql_reset(s);
out:
	sql_stmt_free(put);
	return e != ERR_OK ? fault_at(why, "%s", parts[at].table) : ERR_OK;
}

/* A statement on the scratch that sets right what its own rows tell. */
static enum err
settle(struct book *to, const char *name, int64_t cut_us, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(to->db, name, &s, why)) ||
	    (e = sql_bind_int(s, ":at", cut_us, why)))
		return e;
	return sql_do(s, why);
}

/* Everything, inside a snapshot of b and a transaction of `to`. */
static enum err
past_fill(struct book *b, struct book *to, int64_t at_us, int64_t known_us,
    struct fault *why)
{
	int64_t cut_us = at_us < known_us ? at_us : known_us;
	uint64_t changed;
	enum err e;

	if ((e = book_begin(to, why)) != ERR_OK)
		return e;
	e = replay(b, to, at_us, known_us, why);
	for (size_t i = 0; e == ERR_OK && i < sizeof parts / sizeof parts[0];
	     i++)
		e = part_copy(b->db, to->db, i, cut_us, why);
	if (e == ERR_OK)
		e = settle(to, "past_settle_source", cut_us, why);
	if (e == ERR_OK)
		e = source_rematch(to, &changed, why);
	if (e == ERR_OK)
		return book_commit(to, why);
	book_undo_all(to);
	return e;
}

enum err
book_scratch(struct book *b, int64_t at_us, int64_t known_us, struct book **out,
    struct fault *why)
{
	struct book *to = NULL;
	bool own = b->depth == 0;
	enum err e;

	if ((e = book_open(
		 ":memory:", SQL_MEMORY, b->schema, b->city, &to, why)))
		return e;
	if (own && (e = sql_begin_read(b->db, why)) != ERR_OK)
		goto out;
	e = past_fill(b, to, at_us, known_us, why);
	if (own)
		sql_undo(b->db);
	if (e == ERR_OK) {
		*out = to;
		to = NULL;
	}
out:
	book_close(to);
	return e;
}
