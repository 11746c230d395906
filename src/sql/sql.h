/*
 * sql/sql.h: one statement interface over the register databases.
 *
 * Today SQLite; PostgreSQL later behind the same calls. Statements that the
 * code knows live in .sql files, one each, and are asked for by name; those
 * that a schema or a clause gives are prepared from text. Parameters are
 * named (:at). One handle belongs to one thread.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include "base/buf.h"
#include "base/fault.h"

struct sql; /* a database */
struct sql_stmt; /* a prepared statement */

enum sql_open {
	SQL_READ, /* must exist; cannot write */
	SQL_WRITE, /* made when missing; WAL, synchronous=FULL, PERSIST_WAL */
	SQL_MEMORY, /* private, in memory; path is ignored */
};

/* One named statement of a room, made at build time from its .sql files. */
struct sql_named {
	const char *name; /* the file's name without ".sql" */
	const char *text;
};

/*
 * What the engine's refusals become, in every function here:
 *   ERR_EXISTS   a unique key or primary key is there already
 *   ERR_RANGE    another constraint (NOT NULL, CHECK, foreign key), or an
 *                error while running, as of malformed JSON or an overflow
 *   ERR_SYNTAX   text that does not prepare
 *   ERR_DENIED   a write through SQL_READ, or by file permission
 *   ERR_TIMEOUT  somebody else held the lock for longer than 5 s
 *   ERR_FULL, ERR_MEMORY, ERR_DAMAGE, ERR_IO, ERR_LIMIT  as named
 *
 * sql_open: open a database. Foreign keys are on, busy time-out 5 s, defences
 * on (no extension, no double-quoted strings, trusted_schema off). Functions
 * months_before(us, n) and period_end(us, n) (base/when.h) are there on every
 * handle. All files are open when it returns and temporary ones live in
 * memory, so that a process may close its fence behind it. A reader needs no
 * leave to write while a writer's -wal and -shm are there.
 * Handed over (sql_close).
 * Fails  ERR_NOT_FOUND: no such file or folder; ERR_DAMAGE: not a database.
 */
MUST_CHECK enum err sql_open(
    const char *path, enum sql_open how, struct sql **out, struct fault *why);
void sql_close(struct sql *db);

/* sql_learn: the room's named statements (ended by {NULL}); kept, not
 * copied. Several rooms may add theirs. */
void sql_learn(struct sql *db, const struct sql_named *list);

/* sql_run: execute text of one or more statements without parameters. */
MUST_CHECK enum err sql_run(
    struct sql *db, const char *text, struct fault *why);

/*
 * sql_named: the statement of that name, prepared once per handle, reset and
 * with its parameters cleared. Borrowed: never freed by the caller.
 * Fails  ERR_NOT_FOUND no such name; ERR_SYNTAX it does not prepare.
 */
MUST_CHECK enum err sql_named(
    struct sql *db, const char *name, struct sql_stmt **out, struct fault *why);
/* sql_prepare: from text; handed over (sql_stmt_free). One statement only. */
MUST_CHECK enum err sql_prepare(
    struct sql *db, const char *text, struct sql_stmt **out, struct fault *why);
void sql_stmt_free(struct sql_stmt *s);
void sql_reset(struct sql_stmt *s);

/* Bind by name (":at"). A name that the statement lacks is ERR_NOT_FOUND for
 * sql_bind_*; sql_has asks. Text and bytes are copied. */
bool sql_has(const struct sql_stmt *s, const char *param);
MUST_CHECK enum err sql_bind_int(
    struct sql_stmt *s, const char *param, int64_t v, struct fault *why);
MUST_CHECK enum err sql_bind_text(
    struct sql_stmt *s, const char *param, struct span v, struct fault *why);
MUST_CHECK enum err sql_bind_bytes(
    struct sql_stmt *s, const char *param, struct span v, struct fault *why);
MUST_CHECK enum err sql_bind_null(
    struct sql_stmt *s, const char *param, struct fault *why);

/*
 * sql_step: *row tells whether there is a row; after the last, and after a
 * failure, the statement is reset. sql_do: run a statement to its end, rows
 * passed over; sql_changes: rows the latest one changed.
 */
MUST_CHECK enum err sql_step(struct sql_stmt *s, bool *row, struct fault *why);
MUST_CHECK enum err sql_do(struct sql_stmt *s, struct fault *why);
uint64_t sql_changes(const struct sql *db);

/* Columns of the present row, by index from 0. NULL reads as 0 or the empty
 * span (sql_is_null tells). Spans are borrowed until the next step. */
unsigned sql_columns(const struct sql_stmt *s);
const char *sql_column_name(const struct sql_stmt *s, unsigned at);
bool sql_is_null(struct sql_stmt *s, unsigned at);
bool sql_is_int(struct sql_stmt *s, unsigned at);
int64_t sql_int(struct sql_stmt *s, unsigned at);
struct span sql_text(struct sql_stmt *s, unsigned at);
struct span sql_bytes(struct sql_stmt *s, unsigned at);

/* sql_begin takes the write lock at once; sql_commit; sql_undo may be called
 * when nothing is open. Named save points nest inside. */
MUST_CHECK enum err sql_begin(struct sql *db, struct fault *why);
MUST_CHECK enum err sql_commit(struct sql *db, struct fault *why);
void sql_undo(struct sql *db);
/* sql_is_broken: a sync failed under this handle. The system may have thrown
 * away what it could not write, so nothing more is begun (ERR_IO): the process
 * ends, and the next one reads what is really there. */
bool sql_is_broken(const struct sql *db);
/* sql_begin_read: a snapshot for several reads; ended by sql_undo. */
MUST_CHECK enum err sql_begin_read(struct sql *db, struct fault *why);

/*
 * sql_judge: prepare foreign statement text under restraint: one SELECT, no
 * writing, no ATTACH, no PRAGMA; the tables it reads are reported. `limit_ms`
 * bounds each run through it, at least 1 (a progress handler; ERR_LIMIT past
 * it; time between steps does not count). `seen` hears of each table or view
 * and column once, "" being a table of which no column is read; it may be
 * NULL and must not use db. Functions whose answer depends on clock, chance
 * or the handle (date(), random(), changes()) are refused.
 * Handed over (sql_stmt_free).
 * Fails  ERR_SYNTAX, ERR_DENIED with the engine's line.
 */
typedef void sql_table_fn(void *arg, const char *table, const char *column);
MUST_CHECK enum err sql_judge(struct sql *db, const char *text,
    unsigned limit_ms, sql_table_fn *seen, void *arg, struct sql_stmt **out,
    struct fault *why);

#endif
