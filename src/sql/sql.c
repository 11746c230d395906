/*
 * sql/sql.c: opening, closing and transactions of an SQLite database.
 *
 * About    the state a handle is in before anyone may use it.
 * Works on a file, its -wal and its -shm, all three opened here: a process
 *          may close its fence behind sql_open. Later the engine needs
 *          pread64, pwrite64, fdatasync, fsync, fcntl (locks), ftruncate,
 *          fstat, stat, mmap and munmap of the -shm, and a sleep; no open.
 * Source   sqlite.org/wal.html, /security.html, /c3ref/c_fcntl_*.html.
 */
#include "sql/inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* No text, row or blob of ours comes near this. */
#define VALUE_MAX (16 << 20)
#define BUSY_MS 5000

enum err
sql_code(int rc, enum err otherwise)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return ERR_EXISTS;
	}
	switch (rc & 0xFF) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_ERROR:
		return otherwise;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGE;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
		return ERR_RANGE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ERR_TIMEOUT;
	case SQLITE_READONLY:
	case SQLITE_AUTH:
	case SQLITE_PERM:
		return ERR_DENIED;
	case SQLITE_INTERRUPT:
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_MISUSE:
	case SQLITE_ABORT:
	case SQLITE_SCHEMA:
		return ERR_STATE;
	default:
		return ERR_IO;
	}
}

enum err
sql_fault(struct sql *db, int rc, enum err otherwise, struct fault *why)
{
	enum err e = sql_code(rc, otherwise);
	int system = db->db == NULL ? 0 : sqlite3_system_errno(db->db);
	const char *line = sqlite3_errstr(rc);

	if (db->db != NULL && sqlite3_extended_errcode(db->db) == rc)
		line = sqlite3_errmsg(db->db);
	if (e == ERR_IO && (system == ENOSPC || system == EDQUOT))
		e = ERR_FULL;
	if (db->db != NULL) {
		int more = sqlite3_extended_errcode(db->db);

		db->broken |= more == SQLITE_IOERR_FSYNC ||
		    more == SQLITE_IOERR_DIR_FSYNC;
	}
	return fault_set(why, e, "%s", line);
}

/* Switches that make the engine refuse what we never ask for. */
static int
defend(sqlite3 *db)
{
	static const struct {
		int what, value;
	} set[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	};
	int rc;

	for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
		rc = sqlite3_db_config(db, set[i].what, set[i].value, NULL);
		if (rc != SQLITE_OK)
			return rc;
	}
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, VALUE_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 1);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	return sqlite3_busy_timeout(db, BUSY_MS);
}

/* Runs text and, when `answer` is given, wants it as the first row's first
 * column. */
static enum err
ask(struct sql *db, const char *text, const char *answer, struct fault *why)
{
	sqlite3_stmt *st = NULL;
	enum err e;
	int rc = sqlite3_prepare_v2(db->db, text, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		e = sql_fault(db, rc, ERR_IO, why);
	else if (answer != NULL &&
	    (rc != SQLITE_ROW ||
		!span_is(span_text((const char *)sqlite3_column_text(st, 0)),
		    answer)))
		e = fault_set(why, ERR_UNSUPPORTED, "%s was not taken", text);
	else
		e = ERR_OK;
	(void)sqlite3_finalize(st); /* says again what step said */
	return e;
}

/* True when path.wal is there: a first sync of it opens no folder then. */
static bool
wal_is_there(const char *path)
{
	struct buf name;
	struct stat st;
	bool is;

	buf_init(&name, 4096);
	buf_printf(&name, "%s-wal", path);
	is = buf_error(&name) == ERR_OK && stat(buf_string(&name), &st) == 0;
	buf_clear(&name);
	return is;
}

/* Writes what is there already, so that the journal is synced once. */
static enum err
touch(struct sql *db, struct fault *why)
{
	sqlite3_stmt *st = NULL;
	char text[64];
	int version = 0, rc;

	rc = sqlite3_prepare_v2(db->db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		version = sqlite3_column_int(st, 0);
		rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(st); /* says again what step said */
	if (rc != SQLITE_OK)
		return sql_fault(db, rc, ERR_IO, why);
	sqlite3_snprintf(
	    sizeof text, text, "PRAGMA user_version = %d", version);
	return ask(db, text, NULL, why);
}

/* What a writer sets; it leaves -wal and -shm behind for its readers. */
static enum err
make_writer(struct sql *db, bool fresh, struct fault *why)
{
	enum err e;

	if ((e = ask(db, "PRAGMA journal_mode = WAL", "wal", why)) != ERR_OK ||
	    (e = ask(db, "PRAGMA synchronous = FULL", NULL, why)) != ERR_OK ||
	    (e = ask(db, "PRAGMA journal_size_limit = 67108864", NULL, why)) !=
		ERR_OK)
		return e;
	/* A new journal's first sync opens the folder: have it now. A full
	 * disk is no reason not to open. */
	if (fresh && (e = touch(db, why)) != ERR_OK && e != ERR_FULL)
		return e;
	return ERR_OK;
}

/* Brings a handle into its state: safe, and with all its files open. */
static enum err
settle(struct sql *db, const char *path, enum sql_open how, struct fault *why)
{
	bool fresh = how == SQL_WRITE && !wal_is_there(path);
	unsigned char seed[4];
	int keep = 1, rc;
	enum err e;

	(void)sqlite3_extended_result_codes(db->db, 1);
	if ((rc = defend(db->db)) != SQLITE_OK ||
	    (rc = sql_functions(db->db)) != SQLITE_OK)
		return sql_fault(db, rc, ERR_IO, why);
	if (how != SQL_MEMORY) {
		rc = sqlite3_file_control(
		    db->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
		if (rc != SQLITE_OK)
			return sql_fault(db, rc, ERR_IO, why);
	}
	if ((e = ask(db, "PRAGMA temp_store = MEMORY", NULL, why)) != ERR_OK ||
	    (e = ask(db, "PRAGMA mmap_size = 0", NULL, why)) != ERR_OK ||
	    (e = ask(db, "PRAGMA cell_size_check = ON", NULL, why)) != ERR_OK)
		return e;
	if (how == SQL_WRITE && (e = make_writer(db, fresh, why)) != ERR_OK)
		return e;
	if (how == SQL_READ &&
	    (e = ask(db, "PRAGMA query_only = ON", NULL, why)) != ERR_OK)
		return e;
	/* The first read opens the -wal and the -shm; the first random number
	 * opens the system's source. */
	e = ask(db, "SELECT count(*) FROM sqlite_schema", NULL, why);
	sqlite3_randomness((int)sizeof seed, seed);
	return e;
}

/* The engine's open; a path that looks like a URI is still a path. */
static int
engine_open(const char *path, enum sql_open how, sqlite3 **db)
{
	static const int flags[] = {
		[SQL_READ] = SQLITE_OPEN_READONLY,
		[SQL_WRITE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		[SQL_MEMORY] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_MEMORY,
	};
	struct buf name;
	int rc = SQLITE_NOMEM;

	buf_init(&name, 4096);
	if (how == SQL_MEMORY)
		buf_text(&name, ":memory:");
	else
		buf_printf(&name, "%s%s", path[0] == '/' ? "" : "./", path);
	if (buf_error(&name) == ERR_OK)
		rc = sqlite3_open_v2(buf_string(&name), db,
		    flags[how] | SQLITE_OPEN_NOMUTEX, NULL);
	buf_clear(&name);
	return rc;
}

enum err
sql_open(
    const char *path, enum sql_open how, struct sql **out, struct fault *why)
{
	const char *shown = how == SQL_MEMORY ? "memory" : path;
	struct sql *db = calloc(1, sizeof *db);
	enum err e;
	int rc;

	if (db == NULL)
		return fault_set(why, ERR_MEMORY, "database %s", shown);
	rc = engine_open(path, how, &db->db);
	if (rc != SQLITE_OK && db->db != NULL &&
	    sqlite3_system_errno(db->db) == ENOENT) {
		e = fault_set(why, ERR_NOT_FOUND, "no such file");
		goto out;
	}
	if (rc != SQLITE_OK)
		e = sql_fault(db, rc, ERR_IO, why);
	else
		e = settle(db, path, how, why);
	if (e != ERR_OK)
		goto out;
	*out = db;
	db = NULL;
out:
	if (e != ERR_OK)
		(void)fault_at(why, "database %s", shown);
	sql_close(db);
	return e;
}

void
sql_close(struct sql *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < db->n_known; i++) {
		db->known[i].s->named = false;
		sql_stmt_free(db->known[i].s);
	}
	free(db->known);
	(void)sqlite3_close_v2(db->db); /* never fails: the rest waits */
	free(db);
}

void
sql_learn(struct sql *db, const struct sql_named *list)
{
	assert(db->n_lists < LISTS_MAX);
	db->list[db->n_lists++] = list;
}

enum err
sql_run(struct sql *db, const char *text, struct fault *why)
{
	int rc = sqlite3_exec(db->db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : sql_fault(db, rc, ERR_SYNTAX, why);
}

uint64_t
sql_changes(const struct sql *db)
{
	return (uint64_t)sqlite3_changes64(db->db);
}

/* Begins in one of two ways; a transaction in a transaction is our mistake. */
static enum err
begin(struct sql *db, const char *text, struct fault *why)
{
	if (sqlite3_get_autocommit(db->db) == 0)
		return fault_set(why, ERR_STATE, "a transaction is open");
	return sql_run(db, text, why);
}

enum err
sql_begin(struct sql *db, struct fault *why)
{
	if (db->broken)
		return fault_set(why, ERR_IO,
		    "a sync of the database failed: nothing more is written");
	return begin(db, "BEGIN IMMEDIATE", why);
}

enum err
sql_begin_read(struct sql *db, struct fault *why)
{
	enum err e = begin(db, "BEGIN", why);

	if (e != ERR_OK)
		return e;
	/* The snapshot is taken by the first read, so read. */
	e = ask(db, "SELECT count(*) FROM sqlite_schema", NULL, why);
	if (e != ERR_OK)
		sql_undo(db);
	return e;
}

enum err
sql_commit(struct sql *db, struct fault *why)
{
	if (sqlite3_get_autocommit(db->db) != 0)
		return fault_set(why, ERR_STATE, "no transaction is open");
	return sql_run(db, "COMMIT", why);
}

bool
sql_is_broken(const struct sql *db)
{
	return db->broken;
}

void
sql_undo(struct sql *db)
{
	/* Should this fail, the transaction was rolled back already. */
	if (sqlite3_get_autocommit(db->db) == 0)
		(void)sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
}
