/*
 * book/book.c: the register database, opened, and its transactions.
 *
 * Runs in: book (writing), reader and rules (reading), scratch (memory).
 */
#include "book/book.h"

#include <stdlib.h>

#include "base/text.h"
#include "book/inner.h"

/* Evidence and verdict tables that rules may be told of. */
static const char *const evidence[] = { "source", "rollup_hour", "rollup_day",
	"intake_loss", "detection", "segment", "segment_source", "stream",
	"verify_run", "witness", "replica", "disk", "checkpoint", NULL };

#define N_EVIDENCE (sizeof evidence / sizeof evidence[0] - 1)

/* The text of an embedded statement, NULL when there is none. */
static const char *
embedded_text(const char *name)
{
	for (size_t i = 0; book_sql[i].name != NULL; i++)
		if (strcmp(book_sql[i].name, name) == 0)
			return book_sql[i].text;
	return NULL;
}

/* The database's version; 0 when it has no tables yet. */
static enum err
version_read(struct sql *db, int64_t *version, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	*version = 0;
	if ((e = sql_named(db, "table_columns", &s, why)) ||
	    (e = sql_bind_text(s, ":name", SPAN_LIT("book_version"), why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	sql_reset(s);
	if (!row)
		return ERR_OK;
	if ((e = sql_named(db, "book_version", &s, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (row)
		*version = sql_int(s, 0);
	sql_reset(s);
	return ERR_OK;
}

enum err
book_tables(struct sql *db, const struct schema *s, struct fault *why)
{
	enum err e;

	sql_learn(db, book_sql);
	sql_learn(db, ledger_sql);
	if ((e = sql_begin(db, why)) != ERR_OK)
		return e;
	if ((e = sql_run(db, embedded_text("schema"), why)) != ERR_OK)
		goto out;
	if ((e = store_schema(db, why)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < schema_count(s) && e == ERR_OK; i++)
		e = table_make(db, schema_at(s, i), why);
out:
	if (e == ERR_OK)
		return sql_commit(db, why);
	sql_undo(db);
	return e;
}

/* Tables made, or found as they should be. */
static enum err
tables_ready(struct book *b, enum sql_open how, struct fault *why)
{
	int64_t version;
	enum err e;

	sql_learn(b->db, book_sql);
	sql_learn(b->db, ledger_sql);
	if ((e = version_read(b->db, &version, why)) != ERR_OK)
		return e;
	if (version > BOOK_VERSION)
		return fault_set(why, ERR_STATE,
		    "the book is of version %lld, this program knows %d",
		    (long long)version, BOOK_VERSION);
	if (how != SQL_READ)
		return book_tables(b->db, b->schema, why);
	if (version == 0)
		return fault_set(why, ERR_STATE, "the book has no tables yet");
	for (size_t i = 0; i < schema_count(b->schema); i++)
		if ((e = table_check(b->db, schema_at(b->schema, i), why)) !=
		    ERR_OK)
			return e;
	return ERR_OK;
}

/* Statements and bit sets, one a register or table. */
static enum err
book_fill(struct book *b, struct fault *why)
{
	size_t n = schema_count(b->schema);

	b->n_tables = n + N_EVIDENCE;
	b->reg = calloc(n, sizeof *b->reg);
	b->tree = calloc(BOOK_TREES_MAX, sizeof *b->tree);
	b->touched = calloc(b->n_tables / 64 + 1, sizeof *b->touched);
	b->changed = calloc(b->n_tables / 64 + 1, sizeof *b->changed);
	if (b->reg == NULL || b->tree == NULL || b->touched == NULL ||
	    b->changed == NULL)
		return fault_set(why, ERR_MEMORY, "book");
	for (size_t i = 0; i < n; i++)
		if (table_sql(schema_at(b->schema, i), &b->reg[i]) != ERR_OK)
			return fault_set(why, ERR_MEMORY, "book");
	return ERR_OK;
}

enum err
book_open(const char *path, enum sql_open how, const struct schema *s,
    const char *city, struct book **out, struct fault *why)
{
	struct book *b;
	enum err e;

	if ((b = calloc(1, sizeof *b)) == NULL ||
	    (b->city = strdup(city != NULL ? city : BOOK_CITY)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "book");
		goto out;
	}
	b->schema = s;
	if ((e = book_fill(b, why)) != ERR_OK ||
	    (e = sql_open(path, how, &b->db, why)) != ERR_OK ||
	    (e = tables_ready(b, how, why)) != ERR_OK)
		goto out;
	*out = b;
	b = NULL;
out:
	book_close(b);
	return e;
}

void
book_close(struct book *b)
{
	if (b == NULL)
		return;
	if (b->tree != NULL)
		book_trees_forget(b);
	for (size_t i = 0; b->reg != NULL && i < schema_count(b->schema); i++)
		table_sql_clear(&b->reg[i]);
	sql_close(b->db);
	free(b->reg);
	free(b->tree);
	free(b->touched);
	free(b->changed);
	free(b->city);
	free(b);
}

struct sql *
book_db(struct book *b)
{
	return b->db;
}

const struct schema *
book_schema(const struct book *b)
{
	return b->schema;
}

const char *
book_city(const struct book *b)
{
	return b->city;
}

/* Bits of `from` go over to `to` (may be NULL) and are cleared. */
static void
bits_move(struct book *b, uint64_t *from, uint64_t *to)
{
	for (size_t i = 0; i <= b->n_tables / 64; i++) {
		if (to != NULL)
			to[i] |= from[i];
		from[i] = 0;
	}
}

enum err
book_begin(struct book *b, struct fault *why)
{
	enum err e;

	if (b->depth > 0)
		return fault_set(
		    why, ERR_STATE, "a transaction is open already");
	if ((e = sql_begin(b->db, why)) == ERR_OK)
		b->depth = 1;
	return e;
}

enum err
book_commit(struct book *b, struct fault *why)
{
	enum err e;

	if (b->depth != 1)
		return fault_set(why, ERR_STATE, "no transaction is open");
	if ((e = book_trees_flush(b, why)) != ERR_OK ||
	    (e = sql_commit(b->db, why)) != ERR_OK) {
		book_undo_all(b);
		return e;
	}
	b->depth = 0;
	bits_move(b, b->touched, b->changed);
	return ERR_OK;
}

void
book_undo_all(struct book *b)
{
	sql_undo(b->db);
	b->depth = 0;
	book_trees_forget(b);
	bits_move(b, b->touched, NULL);
}

enum err
book_join(struct book *b, struct fault *why)
{
	if (b->depth == 0)
		return book_begin(b, why);
	b->depth++;
	return ERR_OK;
}

enum err
book_leave(struct book *b, enum err e, struct fault *why)
{
	if (b->depth > 1) {
		b->depth--;
		return e;
	}
	if (e == ERR_OK)
		return book_commit(b, why);
	book_undo_all(b);
	return e;
}

/* The bit of a table; n_tables when rules need not know of it. */
static size_t
table_bit(const struct book *b, const char *table)
{
	size_t n = schema_count(b->schema);

	for (size_t i = 0; i < n; i++)
		if (strcmp(schema_at(b->schema, i)->name, table) == 0)
			return i;
	for (size_t i = 0; i < N_EVIDENCE; i++)
		if (strcmp(evidence[i], table) == 0)
			return n + i;
	return b->n_tables;
}

void
book_touch(struct book *b, const char *table)
{
	size_t bit = table_bit(b, table);

	if (bit < b->n_tables)
		b->touched[bit / 64] |= UINT64_C(1) << bit % 64;
}

bool
book_changed(struct book *b, struct buf *out)
{
	size_t n = schema_count(b->schema);
	const char *sep = "";

	buf_text(out, "[");
	for (size_t i = 0; i < b->n_tables; i++) {
		if ((b->changed[i / 64] >> i % 64 & 1) == 0)
			continue;
		buf_printf(out, "%s\"%s\"", sep,
		    i < n ? schema_at(b->schema, i)->name : evidence[i - n]);
		sep = ",";
	}
	buf_text(out, "]");
	bits_move(b, b->changed, NULL);
	return sep[0] != '\0';
}
