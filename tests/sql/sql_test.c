/*
 * tests/sql/sql_test.c: what the statement interface promises its rooms.
 */
#include "sql/sql.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/when.h"

static const struct sql_named things[] = {
	{ "thing_add", "INSERT INTO thing (id, name) VALUES (:id, :name)" },
	{ "thing_all", "SELECT id, name FROM thing ORDER BY id" },
	{ "thing_bad", "SELEKT" },
	{ NULL, NULL },
};

/* A new folder for one test, and the path of a database in it. */
static void
folder_new(char *folder, char *path, size_t cap)
{
	const char *tmp = getenv("TMPDIR");
	struct buf b;

	buf_init(&b, cap - 1);
	buf_printf(&b, "%s/sql-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_int_equal(buf_error(&b), ERR_OK);
	memcpy(folder, buf_string(&b), b.len + 1);
	assert_non_null(mkdtemp(folder));
	buf_reset(&b);
	buf_printf(&b, "%s/book.db", folder);
	assert_int_equal(buf_error(&b), ERR_OK);
	memcpy(path, buf_string(&b), b.len + 1);
	buf_clear(&b);
}

static void
folder_end(const char *folder, const char *path)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	struct buf b;

	(void)chmod(folder, 0700);
	buf_init(&b, 4096);
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&b);
		buf_printf(&b, "%s%s", path, tails[i]);
		(void)unlink(buf_string(&b));
	}
	buf_clear(&b);
	assert_int_equal(rmdir(folder), 0);
}

/* A database in memory with the table `thing`. */
static struct sql *
memory_new(void)
{
	struct sql *db;
	struct fault why = { 0 };

	assert_int_equal(sql_open(NULL, SQL_MEMORY, &db, &why), ERR_OK);
	assert_int_equal(sql_run(db,
			     "CREATE TABLE thing (id INTEGER PRIMARY KEY, name "
			     "TEXT NOT NULL,"
			     " size INTEGER CHECK (size > 0))",
			     &why),
	    ERR_OK);
	sql_learn(db, things);
	return db;
}

static void
thing_add(struct sql *db, int64_t id, const char *name)
{
	struct sql_stmt *s;
	struct fault why = { 0 };

	assert_int_equal(sql_named(db, "thing_add", &s, &why), ERR_OK);
	assert_int_equal(sql_bind_int(s, ":id", id, &why), ERR_OK);
	assert_int_equal(
	    sql_bind_text(s, ":name", span_text(name), &why), ERR_OK);
	assert_int_equal(sql_do(s, &why), ERR_OK);
	assert_int_equal(sql_changes(db), 1);
}

/* The first column of the first row of text. */
static int64_t
number_of(struct sql *db, const char *text)
{
	struct sql_stmt *s;
	struct fault why = { 0 };
	bool row;
	int64_t n;

	assert_int_equal(sql_prepare(db, text, &s, &why), ERR_OK);
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_true(row);
	n = sql_int(s, 0);
	sql_stmt_free(s);
	return n;
}

static void
a_row_is_read_back_as_it_was_bound(void **state)
{
	struct sql *db = memory_new();
	struct sql_stmt *s;
	struct fault why = { 0 };
	bool row;

	(void)state;
	thing_add(db, 7, "臺北");
	assert_int_equal(sql_named(db, "thing_all", &s, &why), ERR_OK);
	assert_int_equal(sql_columns(s), 2);
	assert_string_equal(sql_column_name(s, 1), "name");
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_true(row);
	assert_true(sql_is_int(s, 0));
	assert_false(sql_is_int(s, 1));
	assert_int_equal(sql_int(s, 0), 7);
	assert_true(span_is(sql_text(s, 1), "臺北"));
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_false(row);
	/* At its end a statement is reset and can run again. */
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_true(row);
	sql_close(db);
}

static void
null_empty_text_and_bytes_are_told_apart(void **state)
{
	struct sql *db = memory_new();
	struct sql_stmt *s;
	struct fault why = { 0 };
	bool row;
	const uint8_t raw[3] = { 0, 1, 0xFF };

	(void)state;
	assert_int_equal(
	    sql_prepare(db, "SELECT :a, typeof(:b), :c, length(:c), typeof(:d)",
		&s, &why),
	    ERR_OK);
	assert_true(sql_has(s, ":a"));
	assert_false(sql_has(s, ":z"));
	assert_int_equal(sql_bind_null(s, ":a", &why), ERR_OK);
	assert_int_equal(sql_bind_text(s, ":b", SPAN_EMPTY, &why), ERR_OK);
	assert_int_equal(
	    sql_bind_bytes(s, ":c", span_of(raw, 3), &why), ERR_OK);
	assert_int_equal(sql_bind_bytes(s, ":d", SPAN_EMPTY, &why), ERR_OK);
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_true(sql_is_null(s, 0));
	assert_int_equal(sql_int(s, 0), 0);
	assert_int_equal(sql_text(s, 0).len, 0);
	assert_true(span_is(sql_text(s, 1), "text"));
	assert_true(span_equal(sql_bytes(s, 2), span_of(raw, 3)));
	assert_int_equal(sql_int(s, 3), 3);
	assert_true(span_is(sql_text(s, 4), "blob"));
	/* Binding in the middle of a run would be lost: it is refused. */
	assert_int_equal(sql_bind_int(s, ":a", 1, &why), ERR_STATE);
	sql_stmt_free(s);
	sql_close(db);
}

static void
a_wrong_name_or_text_says_so(void **state)
{
	struct sql *db = memory_new();
	struct sql_stmt *s = NULL;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(sql_named(db, "nothing", &s, &why), ERR_NOT_FOUND);
	assert_string_equal(why.text, "no statement nothing");
	assert_int_equal(sql_named(db, "thing_bad", &s, &why), ERR_SYNTAX);
	assert_string_equal(
	    why.text, "statement thing_bad: near \"SELEKT\": syntax error");
	assert_int_equal(sql_prepare(db, "", &s, &why), ERR_SYNTAX);
	assert_int_equal(sql_prepare(db, "-- nothing", &s, &why), ERR_SYNTAX);
	assert_int_equal(
	    sql_prepare(db, "SELECT 1; SELECT 2", &s, &why), ERR_SYNTAX);
	assert_string_equal(why.text, "more than one statement");
	/* Text in double quotes is never taken for a string. */
	assert_int_equal(
	    sql_prepare(db, "SELECT \"abc\"", &s, &why), ERR_SYNTAX);
	assert_null(s);
	assert_int_equal(
	    sql_prepare(db, "SELECT 1; ; -- end\n", &s, &why), ERR_OK);
	assert_int_equal(sql_bind_int(s, ":at", 1, &why), ERR_NOT_FOUND);
	assert_string_equal(why.text, "no parameter :at");
	sql_stmt_free(s);
	sql_close(db);
}

static void
a_broken_constraint_names_its_kind(void **state)
{
	struct sql *db = memory_new();
	struct sql_stmt *s;
	struct fault why = { 0 };

	(void)state;
	thing_add(db, 1, "one");
	assert_int_equal(sql_named(db, "thing_add", &s, &why), ERR_OK);
	assert_int_equal(sql_bind_int(s, ":id", 1, &why), ERR_OK);
	assert_int_equal(
	    sql_bind_text(s, ":name", SPAN_LIT("x"), &why), ERR_OK);
	assert_int_equal(sql_do(s, &why), ERR_EXISTS);
	assert_string_equal(why.text, "UNIQUE constraint failed: thing.id");
	/* Asked for again, a named statement has forgotten its parameters. */
	assert_int_equal(sql_named(db, "thing_add", &s, &why), ERR_OK);
	assert_int_equal(sql_do(s, &why), ERR_RANGE);
	assert_string_equal(why.text, "NOT NULL constraint failed: thing.name");
	assert_int_equal(
	    sql_run(db, "INSERT INTO thing VALUES (2, 'two', 0)", &why),
	    ERR_RANGE);
	assert_int_equal(
	    sql_run(db,
		"CREATE TABLE part (of INTEGER REFERENCES thing (id));"
		"INSERT INTO part VALUES (99)",
		&why),
	    ERR_RANGE);
	assert_string_equal(why.text, "FOREIGN KEY constraint failed");
	sql_close(db);
}

static void
what_is_undone_was_never_there(void **state)
{
	struct sql *db = memory_new();
	struct fault why = { 0 };

	(void)state;
	sql_undo(db); /* nothing is open: fine */
	assert_int_equal(sql_commit(db, &why), ERR_STATE);
	assert_int_equal(sql_begin(db, &why), ERR_OK);
	assert_int_equal(sql_begin(db, &why), ERR_STATE);
	thing_add(db, 1, "one");
	sql_undo(db);
	assert_int_equal(number_of(db, "SELECT count(*) FROM thing"), 0);
	assert_int_equal(sql_begin(db, &why), ERR_OK);
	thing_add(db, 1, "one");
	assert_int_equal(sql_run(db, "SAVEPOINT a", &why), ERR_OK);
	thing_add(db, 2, "two");
	assert_int_equal(sql_run(db, "ROLLBACK TO a", &why), ERR_OK);
	assert_int_equal(sql_commit(db, &why), ERR_OK);
	assert_int_equal(number_of(db, "SELECT count(*) FROM thing"), 1);
	sql_close(db);
}

static void
months_are_counted_as_the_law_counts_them(void **state)
{
	struct sql *db = memory_new();
	struct sql_stmt *s;
	struct fault why = { 0 };
	int64_t at;
	bool row;

	(void)state;
	assert_int_equal(
	    when_parse(SPAN_LIT("2026-04-30T10:00:00+08:00"), &at, &why),
	    ERR_OK);
	assert_int_equal(
	    sql_prepare(db,
		"SELECT months_before(:at, 2), months_before(NULL, 2),"
		" period_end(:at, 1)",
		&s, &why),
	    ERR_OK);
	assert_int_equal(sql_bind_int(s, ":at", at, &why), ERR_OK);
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_int_equal(sql_int(s, 0), when_months_before(at, 2));
	assert_true(sql_is_null(s, 1));
	assert_int_equal(sql_int(s, 2), when_period_end(at, 1));
	sql_stmt_free(s);
	assert_int_equal(
	    sql_run(db, "SELECT months_before('x', 2)", &why), ERR_SYNTAX);
	assert_string_equal(
	    why.text, "months_before wants an instant and a count of months");
	assert_int_equal(
	    sql_run(db, "SELECT months_before(1, 1 << 40)", &why), ERR_SYNTAX);
	sql_close(db);
}

static void
a_reader_sees_what_a_writer_committed(void **state)
{
	char folder[200], path[220];
	struct sql *w, *r;
	struct sql_stmt *s;
	struct fault why = { 0 };

	(void)state;
	folder_new(folder, path, sizeof folder);
	assert_int_equal(sql_open(path, SQL_READ, &r, &why), ERR_NOT_FOUND);
	assert_int_equal(sql_open(path, SQL_WRITE, &w, &why), ERR_OK);
	assert_int_equal(number_of(w, "PRAGMA synchronous"), 2);
	assert_int_equal(number_of(w, "PRAGMA foreign_keys"), 1);
	assert_int_equal(
	    sql_run(w, "CREATE TABLE t (n INTEGER)", &why), ERR_OK);
	assert_int_equal(sql_open(path, SQL_READ, &r, &why), ERR_OK);
	assert_int_equal(sql_begin_read(r, &why), ERR_OK);
	assert_int_equal(sql_run(w, "INSERT INTO t VALUES (1)", &why), ERR_OK);
	/* A snapshot stays as it was; the next one is up to date. */
	assert_int_equal(number_of(r, "SELECT count(*) FROM t"), 0);
	sql_undo(r);
	assert_int_equal(number_of(r, "SELECT count(*) FROM t"), 1);
	assert_int_equal(
	    sql_run(r, "INSERT INTO t VALUES (2)", &why), ERR_DENIED);
	assert_int_equal(sql_prepare(r, "DELETE FROM t", &s, &why), ERR_OK);
	assert_int_equal(sql_do(s, &why), ERR_DENIED);
	sql_stmt_free(s);
	sql_close(w);
	/* The writer is gone: the reader goes on, and another may come. */
	assert_int_equal(number_of(r, "SELECT count(*) FROM t"), 1);
	sql_close(r);
	assert_int_equal(sql_open(path, SQL_READ, &r, &why), ERR_OK);
	assert_int_equal(number_of(r, "SELECT count(*) FROM t"), 1);
	sql_close(r);
	folder_end(folder, path);
}

/* In a child: opens to read where nothing may be written. */
static int
read_without_leave(const char *path)
{
	struct sql *r;
	struct fault why = { 0 };

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 2;
	if (sql_open(path, SQL_READ, &r, &why) != ERR_OK)
		return 3;
	if (number_of(r, "SELECT count(*) FROM t") != 1)
		return 4;
	sql_close(r);
	return 0;
}

static void
a_reader_needs_no_leave_to_write(void **state)
{
	char folder[200], path[220], side[230];
	struct sql *w;
	struct fault why = { 0 };
	int status;

	(void)state;
	folder_new(folder, path, sizeof folder);
	for (int turn = 0; turn < 2; turn++) {
		pid_t child;

		assert_int_equal(sql_open(path, SQL_WRITE, &w, &why), ERR_OK);
		if (turn == 0)
			assert_int_equal(sql_run(w,
					     "CREATE TABLE t (n INTEGER);"
					     "INSERT INTO t VALUES (1)",
					     &why),
			    ERR_OK);
		if (turn == 1) /* first with a live writer, then with none */
			sql_close(w);
		memcpy(side, path, strlen(path) + 1);
		(void)chmod(side, 0444);
		memcpy(side + strlen(path), "-wal", 5);
		(void)chmod(side, 0444);
		memcpy(side + strlen(path), "-shm", 5);
		(void)chmod(side, 0444);
		(void)chmod(folder, 0555);
		child = fork();
		assert_int_not_equal(child, -1);
		if (child == 0)
			_exit(read_without_leave(path));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		(void)chmod(folder, 0700);
		(void)chmod(path, 0644);
		(void)chmod(side, 0644);
		memcpy(side + strlen(path), "-wal", 5);
		(void)chmod(side, 0644);
		if (turn == 0)
			sql_close(w);
	}
	folder_end(folder, path);
}

/* In a child: works with a database when no file can be opened any more. */
static int
work_fenced(const char *path)
{
	const struct rlimit none = { 0, 0 };
	struct sql *w, *r;
	struct fault why = { 0 };

	if (sql_open(path, SQL_WRITE, &w, &why) != ERR_OK ||
	    sql_open(path, SQL_READ, &r, &why) != ERR_OK)
		return 2;
	if (setrlimit(RLIMIT_NOFILE, &none) != 0)
		return 3;
	if (open("/dev/null", 0) != -1)
		return 4;
	if (sql_run(w,
		"CREATE TABLE t (n INTEGER, x TEXT);"
		"INSERT INTO t WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL"
		" SELECT n + 1 FROM k WHERE n < 20000)"
		" SELECT n, hex(randomblob(100)) FROM k;"
		"CREATE INDEX t_x ON t (x);"
		"PRAGMA wal_checkpoint(TRUNCATE);"
		"UPDATE t SET x = x || 'a'",
		&why) != ERR_OK)
		return 5;
	if (number_of(r,
		"SELECT count(*) FROM (SELECT x, count(*) FROM t"
		" GROUP BY substr(x, 3) ORDER BY random())") != 20000)
		return 6;
	sql_close(r);
	sql_close(w);
	return 0;
}

static void
behind_a_fence_nothing_needs_to_be_opened(void **state)
{
	char folder[200], path[220];
	int status;

	(void)state;
	folder_new(folder, path, sizeof folder);
	for (int turn = 0; turn < 2; turn++) {
		pid_t child = turn == 0 ? fork() : -2;
		struct sql *w;
		struct fault why = { 0 };

		if (child == 0)
			_exit(work_fenced(path));
		if (child != -2) {
			assert_int_equal(waitpid(child, &status, 0), child);
			assert_int_equal(status, 0);
			continue;
		}
		assert_int_equal(sql_open(path, SQL_WRITE, &w, &why), ERR_OK);
		assert_int_equal(number_of(w, "SELECT count(*) FROM t"), 20000);
		sql_close(w);
	}
	folder_end(folder, path);
}

static void
a_version_number_survives_a_new_journal(void **state)
{
	char folder[200], path[220], side[230];
	struct sql *w;
	struct fault why = { 0 };

	(void)state;
	folder_new(folder, path, sizeof folder);
	assert_int_equal(sql_open(path, SQL_WRITE, &w, &why), ERR_OK);
	assert_int_equal(sql_run(w, "PRAGMA user_version = 12", &why), ERR_OK);
	assert_int_equal(
	    sql_run(w, "PRAGMA wal_checkpoint(TRUNCATE)", &why), ERR_OK);
	sql_close(w);
	memcpy(side, path, strlen(path) + 1);
	memcpy(side + strlen(path), "-wal", 5);
	assert_int_equal(unlink(side), 0);
	assert_int_equal(sql_open(path, SQL_WRITE, &w, &why), ERR_OK);
	assert_int_equal(number_of(w, "PRAGMA user_version"), 12);
	sql_close(w);
	folder_end(folder, path);
}

static void
a_file_that_is_no_database_is_named(void **state)
{
	char folder[200], path[220];
	struct sql *db;
	struct fault why = { 0 };
	FILE *f;

	(void)state;
	folder_new(folder, path, sizeof folder);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 100; i++)
		assert_true(
		    fputs("this is a letter, not a database. ", f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(sql_open(path, SQL_READ, &db, &why), ERR_DAMAGE);
	assert_non_null(strstr(why.text, "book.db: file is not a database"));
	assert_int_equal(sql_open(path, SQL_WRITE, &db, &why), ERR_DAMAGE);
	folder_end(folder, path);
}

static void
a_second_writer_waits_and_then_gives_up(void **state)
{
	char folder[200], path[220];
	struct sql *a, *b;
	struct fault why = { 0 };

	(void)state;
	folder_new(folder, path, sizeof folder);
	assert_int_equal(sql_open(path, SQL_WRITE, &a, &why), ERR_OK);
	assert_int_equal(sql_open(path, SQL_WRITE, &b, &why), ERR_OK);
	assert_int_equal(number_of(b, "PRAGMA busy_timeout"), 5000);
	assert_int_equal(sql_run(b, "PRAGMA busy_timeout = 20", &why), ERR_OK);
	assert_int_equal(sql_begin(a, &why), ERR_OK);
	assert_int_equal(sql_begin(b, &why), ERR_TIMEOUT);
	assert_string_equal(why.text, "database is locked");
	sql_undo(a);
	assert_int_equal(sql_begin(b, &why), ERR_OK);
	sql_undo(b);
	sql_close(a);
	sql_close(b);
	folder_end(folder, path);
}

/* In a child: a file may not grow past a limit, so the write that would pass
 * it fails; when there is room again, all is as before that write. */
static int
write_without_room(const char *path)
{
	struct rlimit most = { 200000, RLIM_INFINITY };
	struct sql *w, *r;
	struct fault why = { 0 };
	enum err e = ERR_OK;
	int64_t n = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (sql_open(path, SQL_WRITE, &w, &why) != ERR_OK ||
	    sql_run(w, "CREATE TABLE t (n INTEGER, x TEXT)", &why) != ERR_OK ||
	    setrlimit(RLIMIT_FSIZE, &most) != 0)
		return 2;
	while (e == ERR_OK && n < 1000) {
		if (sql_begin(w, &why) != ERR_OK)
			return 3;
		e = sql_run(w,
		    "INSERT INTO t VALUES (1, hex(randomblob(3000)));"
		    "INSERT INTO t VALUES (2, hex(randomblob(3000)))",
		    &why);
		if (e == ERR_OK)
			e = sql_commit(w, &why);
		if (e != ERR_OK)
			sql_undo(w);
		else
			n += 2;
	}
	if (e != ERR_IO && e != ERR_FULL)
		return 4;
	most.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &most) != 0 || n == 0 ||
	    number_of(w, "SELECT count(*) FROM t") != n)
		return 5;
	if (sql_run(w, "INSERT INTO t VALUES (3, '')", &why) != ERR_OK)
		return 6;
	if (sql_open(path, SQL_READ, &r, &why) != ERR_OK ||
	    number_of(r, "SELECT count(*) FROM t") != n + 1 ||
	    number_of(r,
		"SELECT count(*) FROM pragma_integrity_check"
		" WHERE integrity_check = 'ok'") != 1)
		return 7;
	sql_close(r);
	sql_close(w);
	return 0;
}

static void
a_failed_write_leaves_what_was_committed(void **state)
{
	char folder[200], path[220];
	int status;
	pid_t child;

	(void)state;
	folder_new(folder, path, sizeof folder);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(write_without_room(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	folder_end(folder, path);
}

/* In a child, killed amid its commits: each is whole or absent. */
static void
commit_for_ever(const char *path, int ready)
{
	struct sql *w;

	if (sql_open(path, SQL_WRITE, &w, NULL) != ERR_OK)
		_exit(2);
	for (int64_t n = 1;; n++) {
		if (sql_begin(w, NULL) != ERR_OK ||
		    sql_run(w,
			"INSERT INTO t SELECT count(*) + 1 FROM t;"
			"INSERT INTO u SELECT count(*) FROM t",
			NULL) != ERR_OK ||
		    sql_commit(w, NULL) != ERR_OK)
			_exit(3);
		/* Told after the commit: from here it must be there. */
		if (write(ready, &n, sizeof n) != (ssize_t)sizeof n)
			_exit(4);
	}
}

static void
what_was_committed_survives_a_kill(void **state)
{
	char folder[200], path[220];
	struct sql *w;
	struct fault why = { 0 };
	int64_t told, n = 0;

	(void)state;
	folder_new(folder, path, sizeof folder);
	assert_int_equal(sql_open(path, SQL_WRITE, &w, &why), ERR_OK);
	assert_int_equal(sql_run(w,
			     "CREATE TABLE t (n INTEGER);"
			     "CREATE TABLE u (n INTEGER)",
			     &why),
	    ERR_OK);
	sql_close(w);
	for (int turn = 1; turn <= 5; turn++) {
		int pipes[2], status;
		int64_t before = n;
		pid_t child;

		assert_int_equal(pipe(pipes), 0);
		child = fork();
		assert_int_not_equal(child, -1);
		if (child == 0)
			commit_for_ever(path, pipes[1]);
		(void)close(pipes[1]);
		told = 0;
		while (told < turn * 3)
			assert_int_equal(
			    read(pipes[0], &told, sizeof told), sizeof told);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		while (
		    read(pipes[0], &told, sizeof told) == (ssize_t)sizeof told)
			continue;
		(void)close(pipes[0]);
		assert_int_equal(sql_open(path, SQL_READ, &w, &why), ERR_OK);
		n = number_of(w, "SELECT count(*) FROM t");
		assert_true(n >= before + told);
		assert_int_equal(number_of(w, "SELECT count(*) FROM u"), n);
		sql_close(w);
	}
	folder_end(folder, path);
}

/* Memory given out in ever larger measure: until it is enough, every call
 * says that it was not. */
static void
want_of_memory_is_named_and_harms_nothing(void **state)
{
	struct sql *db = memory_new();
	struct fault why = { 0 };
	bool enough = false;
	int64_t used = 0;

	(void)state;
	for (int64_t n = 1; n <= 50; n++)
		thing_add(db, n, "a thing");
	for (int64_t most = 200000; !enough; most += 20000) {
		struct sql_stmt *s = NULL;
		enum err e;
		bool row = true;

		assert_true(most < 40000000);
		(void)sqlite3_hard_heap_limit64(most);
		e = sql_prepare(db,
		    "SELECT group_concat(hex(zeroblob(4000)))"
		    " FROM thing GROUP BY id % 3",
		    &s, &why);
		while (e == ERR_OK && row)
			e = sql_step(s, &row, &why);
		sql_stmt_free(s);
		(void)sqlite3_hard_heap_limit64(0); /* none */
		if (e != ERR_OK && e != ERR_MEMORY)
			fail_msg("%s: %s", err_name(e), why.text);
		used += e == ERR_MEMORY;
		enough = e == ERR_OK;
		assert_int_equal(
		    number_of(db, "SELECT count(*) FROM thing"), 50);
	}
	assert_true(used > 0);
	sql_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_read_back_as_it_was_bound),
		cmocka_unit_test(null_empty_text_and_bytes_are_told_apart),
		cmocka_unit_test(a_wrong_name_or_text_says_so),
		cmocka_unit_test(a_broken_constraint_names_its_kind),
		cmocka_unit_test(what_is_undone_was_never_there),
		cmocka_unit_test(months_are_counted_as_the_law_counts_them),
		cmocka_unit_test(a_reader_sees_what_a_writer_committed),
		cmocka_unit_test(a_reader_needs_no_leave_to_write),
		cmocka_unit_test(behind_a_fence_nothing_needs_to_be_opened),
		cmocka_unit_test(a_version_number_survives_a_new_journal),
		cmocka_unit_test(a_file_that_is_no_database_is_named),
		cmocka_unit_test(a_second_writer_waits_and_then_gives_up),
		cmocka_unit_test(a_failed_write_leaves_what_was_committed),
		cmocka_unit_test(what_was_committed_survives_a_kill),
		cmocka_unit_test(want_of_memory_is_named_and_harms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
