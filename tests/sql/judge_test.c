/*
 * tests/sql/judge_test.c: what a clause's statement may do, and may not.
 */
#include "sql/sql.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIMIT_MS 2000

static struct sql *
city_new(void)
{
	struct sql *db;
	struct fault why = { 0 };

	assert_int_equal(sql_open(NULL, SQL_MEMORY, &db, &why), ERR_OK);
	assert_int_equal(
	    sql_run(db,
		"CREATE TABLE agency (key TEXT, above TEXT, body TEXT);"
		"CREATE TABLE system (key TEXT, agency TEXT);"
		"CREATE VIEW named AS SELECT key FROM system;"
		"INSERT INTO agency VALUES ('main', NULL, '[1,2]');"
		"INSERT INTO agency VALUES ('north', 'main', '[3]');"
		"INSERT INTO system VALUES ('mail', 'north')",
		&why),
	    ERR_OK);
	return db;
}

/* Adds "table.column " to a buffer. */
static void
collect(void *arg, const char *table, const char *column)
{
	buf_printf(arg, "%s.%s ", table, column);
}

/* The tables that text reads, or the line that refused it. */
static enum err
judge(struct sql *db, const char *text, char *line, size_t cap)
{
	struct sql_stmt *s = NULL;
	struct fault why = { 0 };
	struct buf b;
	enum err e;
	bool row = true;

	buf_init(&b, cap - 1);
	e = sql_judge(db, text, LIMIT_MS, collect, &b, &s, &why);
	while (e == ERR_OK && row)
		e = sql_step(s, &row, &why);
	if (e != ERR_OK) {
		buf_reset(&b);
		buf_text(&b, why.text);
	}
	memcpy(line, buf_string(&b), b.len + 1);
	sql_stmt_free(s);
	buf_clear(&b);
	return e;
}

static void
the_tables_a_check_reads_are_reported_once(void **state)
{
	struct sql *db = city_new();
	char line[600];

	(void)state;
	assert_int_equal(
	    judge(db,
		"SELECT a.key, a.key, s.key FROM agency a JOIN system s"
		" ON s.agency = a.key",
		line, sizeof line),
	    ERR_OK);
	assert_string_equal(line, "agency.key system.key system.agency ");
	assert_int_equal(
	    judge(db, "SELECT count(*) FROM agency", line, sizeof line),
	    ERR_OK);
	assert_string_equal(line, "agency. ");
	/* Through a view both the view and what lies under it. */
	assert_int_equal(
	    judge(db, "SELECT key FROM named", line, sizeof line), ERR_OK);
	assert_non_null(strstr(line, "system.key "));
	assert_non_null(strstr(line, "named.key "));
	/* Names that the statement makes itself are no tables. */
	assert_int_equal(
	    judge(db,
		"WITH RECURSIVE under(k) AS (SELECT key FROM agency WHERE above"
		" IS NULL UNION SELECT a.key FROM agency a JOIN under ON"
		" a.above = under.k) SELECT count(*) FROM under",
		line, sizeof line),
	    ERR_OK);
	assert_string_equal(line, "agency.key agency.above ");
	assert_int_equal(
	    judge(db, "SELECT sum(value) FROM agency, json_each(agency.body)",
		line, sizeof line),
	    ERR_OK);
	assert_string_equal(line, "agency.body ");
	sql_close(db);
}

static void
whatever_is_no_select_is_refused(void **state)
{
	static const char *const texts[] = {
		"DELETE FROM agency",
		"SELECT 1; DELETE FROM agency",
		"INSERT INTO agency VALUES ('x', NULL, '')",
		"UPDATE agency SET key = 'x'",
		"DROP TABLE agency",
		"CREATE TABLE x (n)",
		"CREATE TEMP TABLE x (n)",
		"ATTACH ':memory:' AS x",
		"DETACH x",
		"PRAGMA user_version",
		"PRAGMA journal_mode = DELETE",
		"BEGIN",
		"SAVEPOINT x",
		"VACUUM",
		"REINDEX",
		"ANALYZE",
		"EXPLAIN SELECT 1",
		"EXPLAIN QUERY PLAN SELECT key FROM agency",
		"WITH x AS (SELECT 1) DELETE FROM agency",
		"DELETE FROM agency RETURNING key",
	};
	struct sql *db = city_new();
	char line[600];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (judge(db, texts[i], line, sizeof line) != ERR_DENIED)
			fail_msg("%s: %s", texts[i], line);
	assert_int_equal(
	    judge(db, "SELECT 1; SELECT 2", line, sizeof line), ERR_SYNTAX);
	assert_int_equal(
	    judge(db, "SELECT absent FROM agency", line, sizeof line),
	    ERR_SYNTAX);
	assert_string_equal(line, "no such column: absent");
	/* The handle's owner is under no restraint afterwards. */
	assert_int_equal(sql_run(db, "DELETE FROM system", NULL), ERR_OK);
	sql_close(db);
}

static void
the_engines_own_tables_stay_shut(void **state)
{
	static const char *const texts[] = {
		"SELECT * FROM sqlite_schema",
		"SELECT * FROM sqlite_master",
		"SELECT count(*) FROM Sqlite_Schema",
		"SELECT * FROM pragma_table_info('agency')",
		"SELECT * FROM pragma_database_list",
		"SELECT * FROM dbstat",
		"SELECT count(*) FROM sqlite_stmt",
		"SELECT load_extension('x')",
		"SELECT key FROM agency WHERE random() > 0",
		"SELECT date('now')",
		"SELECT CURRENT_TIMESTAMP",
		"SELECT key FROM agency ORDER BY last_insert_rowid()",
	};
	struct sql *db = city_new();
	char line[600];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (judge(db, texts[i], line, sizeof line) == ERR_OK)
			fail_msg("allowed: %s", texts[i]);
	assert_int_equal(
	    judge(db, "SELECT date('now')", line, sizeof line), ERR_DENIED);
	assert_string_equal(line,
	    "date() may not be called: its answer "
	    "depends on more than the rows");
	assert_int_equal(judge(db,
			     "SELECT months_before(1, 1), max(1, 2),"
			     " json_object('a', 1)",
			     line, sizeof line),
	    ERR_OK);
	sql_close(db);
}

static void
a_runaway_check_is_stopped_and_each_run_is_counted_anew(void **state)
{
	struct sql *db = city_new();
	struct sql_stmt *s;
	struct fault why = { 0 };
	bool row;

	(void)state;
	assert_int_equal(
	    sql_judge(db,
		"WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k"
		" WHERE n < :most) SELECT count(*) FROM k",
		100, NULL, NULL, &s, &why),
	    ERR_OK);
	assert_int_equal(sql_bind_int(s, ":most", INT64_MAX, &why), ERR_OK);
	assert_int_equal(sql_step(s, &row, &why), ERR_LIMIT);
	assert_string_equal(why.text, "ran longer than 100 ms");
	assert_int_equal(sql_step(s, &row, &why), ERR_LIMIT);
	/* Stopped twice, it still has its whole time for a shorter run. */
	assert_int_equal(sql_bind_int(s, ":most", 3, &why), ERR_OK);
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	assert_true(row);
	assert_int_equal(sql_int(s, 0), 3);
	sql_reset(s);
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	sql_stmt_free(s);
	/* Other statements of the handle are not bounded. */
	assert_int_equal(
	    sql_prepare(db, "SELECT key FROM agency", &s, &why), ERR_OK);
	assert_int_equal(sql_step(s, &row, &why), ERR_OK);
	sql_stmt_free(s);
	sql_close(db);
}

static void
many_short_steps_add_up_to_the_limit(void **state)
{
	struct sql *db = city_new();
	struct sql_stmt *s;
	struct fault why = { 0 };
	bool row = true;
	enum err e = ERR_OK;

	(void)state;
	assert_int_equal(sql_judge(db,
			     "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL "
			     "SELECT n + 1 FROM k)"
			     " SELECT n FROM k",
			     50, NULL, NULL, &s, &why),
	    ERR_OK);
	while (e == ERR_OK && row)
		e = sql_step(s, &row, &why);
	assert_int_equal(e, ERR_LIMIT);
	sql_stmt_free(s);
	sql_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_a_check_reads_are_reported_once),
		cmocka_unit_test(whatever_is_no_select_is_refused),
		cmocka_unit_test(the_engines_own_tables_stay_shut),
		cmocka_unit_test(
		    a_runaway_check_is_stopped_and_each_run_is_counted_anew),
		cmocka_unit_test(many_short_steps_add_up_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
