/*
 * sql/judge.c: statements from clauses, under restraint.
 *
 * About    text that a regulation pack brings: it may read, and no more.
 * Allows   one SELECT over ordinary tables and views, json_each, json_tree,
 *          recursion, and functions that give the same answer each time.
 * Refuses  every other statement, the engine's own tables and those of its
 *          extensions, functions of the clock or of chance, ATTACH, PRAGMA.
 */
#include "sql/inner.h"

#include <assert.h>
#include <stdlib.h>

/* Bytes of "table NUL column NUL" that one statement may name. */
#define SEEN_MAX ((size_t)256 << 10)

struct watch {
	struct buf seen;
	struct fault no; /* why something was refused */
};

/* The answer is another one tomorrow, or in another process. */
static const char *const unsteady[] = { "random", "randomblob", "date", "time",
	"datetime", "julianday", "unixepoch", "strftime", "timediff",
	"current_date", "current_time", "current_timestamp", "changes",
	"total_changes", "last_insert_rowid", "load_extension", "sqlite_log",
	"sqlite_version", "sqlite_source_id", "sqlite_offset",
	"sqlite_compileoption_get", "sqlite_compileoption_used",
	"fts3_tokenizer" };

/* Notes a pair once; false when there are too many. */
static bool
note(struct buf *seen, const char *table, const char *column)
{
	struct cursor c = cursor_of(buf_view(seen));

	while (!cursor_done(&c)) {
		struct span t = cursor_until(&c, '\0', NULL);
		struct span k = cursor_until(&c, '\0', NULL);

		if (span_is(t, table) && span_is(k, column))
			return true;
	}
	buf_add(seen, table, strlen(table) + 1);
	buf_add(seen, column, strlen(column) + 1);
	return buf_error(seen) == ERR_OK;
}

static bool
begins(const char *s, const char *prefix)
{
	return sqlite3_strnicmp(s, prefix, (int)strlen(prefix)) == 0;
}

/* May this function be called? */
static int
allow_function(struct watch *w, const char *name)
{
	for (size_t i = 0; i < sizeof unsteady / sizeof unsteady[0]; i++) {
		if (sqlite3_stricmp(name, unsteady[i]) != 0)
			continue;
		(void)fault_set(&w->no, ERR_DENIED,
		    "%s() may not be called: its answer depends on more than "
		    "the rows",
		    name);
		return SQLITE_DENY;
	}
	return SQLITE_OK;
}

/* May this column be read? "" stands for a table named without columns. */
static int
allow_read(struct watch *w, const char *table, const char *column)
{
	if (begins(table, "sqlite_") || begins(table, "pragma_") ||
	    sqlite3_stricmp(table, "dbstat") == 0) {
		(void)fault_set(
		    &w->no, ERR_DENIED, "table %s may not be read", table);
		return SQLITE_DENY;
	}
	if (note(&w->seen, table, column))
		return SQLITE_OK;
	(void)fault_set(&w->no, ERR_LIMIT, "too many columns");
	return SQLITE_DENY;
}

/* The engine asks this about everything a statement would do. */
static int
allow(void *arg, int action, const char *a, const char *b, const char *c,
    const char *d)
{
	struct watch *w = arg;

	(void)c;
	(void)d;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		return allow_read(w, a, b == NULL ? "" : b);
	case SQLITE_FUNCTION:
		return allow_function(w, b);
	default:
		if (w->no.code == ERR_OK)
			(void)fault_set(&w->no, ERR_DENIED,
			    "only one SELECT is allowed here");
		return SQLITE_DENY;
	}
}

/* What a name means to the database: is it a table or view of the schema, a
 * table of an extension, or neither (then the statement made it itself). */
enum kind { KIND_OWN, KIND_FOREIGN, KIND_NONE };

static const char kind_text[] =
    "SELECT CASE"
    " WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE type IN"
    "  ('table', 'view') AND name = :name COLLATE NOCASE) THEN 0"
    " WHEN lower(:name) NOT IN ('json_each', 'json_tree') AND EXISTS"
    "  (SELECT 1 FROM pragma_module_list WHERE name = :name COLLATE NOCASE)"
    "  THEN 1 ELSE 2 END";

static enum err
kind_of(
    struct sql_stmt *s, struct span table, enum kind *kind, struct fault *why)
{
	bool row;
	enum err e = sql_bind_text(s, ":name", table, why);

	if (e == ERR_OK)
		e = sql_step(s, &row, why);
	if (e != ERR_OK)
		return e;
	*kind = (enum kind)sql_int(s, 0);
	sql_reset(s);
	return ERR_OK;
}

/* Refuses foreign tables, then tells the caller of the ordinary ones. */
static enum err
report(struct sql *db, const struct buf *pairs, sql_table_fn *seen, void *arg,
    struct fault *why)
{
	struct sql_stmt *s = NULL;
	enum err e = sql_prepare(db, kind_text, &s, why);

	for (int turn = 0; e == ERR_OK && turn < 2; turn++) {
		struct cursor c = cursor_of(buf_view(pairs));

		while (e == ERR_OK && !cursor_done(&c)) {
			struct span t = cursor_until(&c, '\0', NULL);
			struct span k = cursor_until(&c, '\0', NULL);
			enum kind kind = KIND_NONE;

			e = kind_of(s, t, &kind, why);
			if (e == ERR_OK && kind == KIND_FOREIGN)
				e = fault_set(why, ERR_DENIED,
				    "table %s may not be read",
				    (const char *)t.at);
			if (e == ERR_OK && kind == KIND_OWN && turn == 1 &&
			    seen != NULL)
				seen(arg, (const char *)t.at,
				    k.at == NULL ? "" : (const char *)k.at);
		}
	}
	sql_stmt_free(s);
	return e;
}

/* Has the engine make its JSON tables, which it does by writing to its own
 * schema: not a thing to ask the authorizer about. */
static enum err
wake_json(struct sql *db, struct fault *why)
{
	struct sql_stmt *s = NULL;
	enum err e = sql_prepare(
	    db, "SELECT 1 FROM json_each('[]'), json_tree('[]')", &s, why);

	sql_stmt_free(s);
	return e;
}

/* Prepares under the authorizer; w->no tells what it refused. */
static enum err
prepare_watched(struct sql *db, const char *text, struct watch *w,
    struct sql_stmt **out, struct fault *why)
{
	enum err e = wake_json(db, why);

	if (e != ERR_OK)
		return e;
	(void)sqlite3_set_authorizer(db->db, allow, w); /* always OK */
	e = sql_prepare(db, text, out, why);
	(void)sqlite3_set_authorizer(db->db, NULL, NULL);
	if (e != ERR_OK && w->no.code != ERR_OK)
		e = fault_set(why, w->no.code, "%s", w->no.text);
	return e;
}

enum err
sql_judge(struct sql *db, const char *text, unsigned limit_ms,
    sql_table_fn *seen, void *arg, struct sql_stmt **out, struct fault *why)
{
	struct watch w = { .no = { .code = ERR_OK } };
	struct sql_stmt *s = NULL;
	enum err e;

	assert(limit_ms > 0);
	buf_init(&w.seen, SEEN_MAX);
	if ((e = prepare_watched(db, text, &w, &s, why)) != ERR_OK)
		goto out;
	if (sqlite3_stmt_readonly(s->st) == 0 ||
	    sqlite3_stmt_isexplain(s->st) != 0 || sql_columns(s) == 0) {
		e = fault_set(
		    why, ERR_DENIED, "only one SELECT is allowed here");
		goto out;
	}
	if ((e = report(db, &w.seen, seen, arg, why)) != ERR_OK)
		goto out;
	s->bounded = true;
	s->limit_ms = limit_ms;
	*out = s;
	s = NULL;
out:
	sql_stmt_free(s);
	buf_clear(&w.seen);
	return e;
}
