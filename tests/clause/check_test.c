/*
 * tests/clause/check_test.c: a check is held to one SELECT and its columns.
 */
#include "help.h"

static struct schema *schema;
static struct sql *db;

static int
open_book(void **state)
{
	struct fault why;

	(void)state;
	schema = city_schema();
	OK(sql_open(NULL, SQL_MEMORY, &db, &why));
	OK(book_tables(db, schema, &why));
	OK(sql_run(db,
	    "INSERT INTO agency (agency, key, name, effective_us, "
	    "received_us, entry) VALUES ('m', 'm', '機關', 0, 0, 1)",
	    &why));
	return 0;
}

static int
close_book(void **state)
{
	(void)state;
	sql_close(db);
	schema_free(schema);
	return 0;
}

static const struct clause_param params[] = { { .name = "days", .value = 60 } };
static const struct clause_problem problems[] = { { .code = "late" } };

static struct clause
clause_of(const char *sql)
{
	return (struct clause){ .id = "1.1",
		.params = params,
		.n_params = 1,
		.problems = problems,
		.n_problems = 1,
		.sql = sql };
}

#define ROW(state, since, problem, evidence)                                 \
	"SELECT 'm' AS agency, 's' AS subject, 't' AS subject_title, " state \
	" AS state, " since " AS since, NULL AS due, " problem               \
	" AS problem, " evidence " AS evidence"

/* The text must be refused when it is prepared, with this line. */
static void
refused(const char *sql, const char *says)
{
	struct clause c = clause_of(sql);
	struct check *k = NULL;
	struct fault why = { 0 };

	assert_int_not_equal(check_prepare(db, &c, 1000, &k, &why), ERR_OK);
	assert_null(k);
	if (strstr(why.text, says) == NULL)
		fail_msg("'%s' is not in: %s", says, why.text);
	assert_non_null(strstr(why.text, "1.1/check.sql:"));
}

static void
a_check_that_does_more_than_select_is_refused_with_its_line(void **state)
{
	(void)state;
	refused("SELECT 1\nFROM nowhere", "check.sql:2: ");
	refused("SELECT 1,\n\n absent FROM agency", "check.sql:3: ");
	refused("SELECT 1\nFROM agency\nWHERE AND", "check.sql:3: near");
	refused("DELETE FROM agency", "only one SELECT");
	refused("UPDATE agency SET name = 'x'", "check.sql:1: ");
	refused("PRAGMA user_version", "check.sql:1: ");
	refused("ATTACH 'x' AS y", "check.sql:1: ");
	refused("SELECT 1; SELECT 2", "check.sql:1: ");
	refused("", "check.sql:1: ");
	refused("SELECT random()", "random");
	refused("SELECT\n  :later", "check.sql:2: no such parameter: :later");
	refused("SELECT ?1", "parameters are written :name");
	refused("SELECT 1 AS agency", "1 columns, wanted 8");
	refused("SELECT 1 AS agency,\n 2 AS object",
	    "check.sql:2: column 2 is named 'object', wanted 'subject'");
}

static void
colons_in_comments_and_texts_are_no_parameters(void **state)
{
	struct clause c = clause_of(
	    "-- :never\n/* :nor this */ " ROW("'met'", "':also not'", "NULL",
		"'{}'") " FROM agency AS \"a:b\" WHERE :days > 0 AND :at > 0");
	struct check *k = NULL;
	struct check_row row;
	struct fault why;
	bool more;

	(void)state;
	OK(check_prepare(db, &c, 1000, &k, &why));
	assert_true(check_reads(k, "agency"));
	assert_false(check_reads(k, "system"));
	assert_string_equal(check_table(k, 0), "agency");
	assert_null(check_table(k, 1));
	OK(check_start(k, 1, NULL, 0, &why));
	assert_int_equal(check_next(k, &row, &more, &why), ERR_RANGE);
	assert_non_null(strstr(why.text, "column since"));
	check_free(k);
}

/* The row must be refused when it is read, with this line. */
static void
bad_row(const char *sql, const char *says)
{
	struct clause c = clause_of(sql);
	struct check *k = NULL;
	struct check_row row;
	struct fault why;
	bool more;

	OK(check_prepare(db, &c, 1000, &k, &why));
	OK(check_start(k, 1, NULL, 0, &why));
	assert_int_equal(check_next(k, &row, &more, &why), ERR_RANGE);
	if (strstr(why.text, says) == NULL)
		fail_msg("'%s' is not in: %s", says, why.text);
	check_free(k);
}

static void
a_row_with_a_wrong_column_is_refused_by_name(void **state)
{
	(void)state;
	bad_row(ROW("'fine'", "NULL", "NULL", "'{}'"),
	    "row (m, s): column state: no such state: 'fine'");
	bad_row(ROW("'adopted'", "NULL", "NULL", "'{}'"), "column state");
	bad_row(ROW("NULL", "NULL", "NULL", "'{}'"), "column state");
	bad_row(ROW("'met'", "'2026'", "NULL", "'{}'"), "column since");
	bad_row(ROW("'unmet'", "NULL", "NULL", "'{}'"),
	    "column problem: none is given with state 'unmet'");
	bad_row(ROW("'unmet'", "NULL", "'early'", "'{}'"),
	    "no such problem in clause.yaml: 'early'");
	bad_row(ROW("'met'", "NULL", "NULL", "'[]'"), "column evidence");
	bad_row(ROW("'met'", "NULL", "NULL", "NULL"), "column evidence");
	bad_row(ROW("'met'", "NULL", "NULL", "'{\"marks\":{\"a\":\"b\"}}'"),
	    "column evidence");
	bad_row(ROW("'met'", "NULL", "NULL", "'{\"identity\":[1]}'"),
	    "column evidence");
	bad_row("SELECT '' AS agency, 's' AS subject, 't' AS subject_title,"
		" 'met' AS state, NULL AS since, NULL AS due, NULL AS problem,"
		" '{}' AS evidence",
	    "column agency");
}

static void
endless_recursion_ends_at_its_limit(void **state)
{
	struct clause c = clause_of(
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
	    "SELECT 'm' AS agency, 's' AS subject, 't' AS subject_title,"
	    " 'met' AS state, NULL AS since, NULL AS due, NULL AS problem,"
	    " '{}' AS evidence FROM n WHERE i < 0");
	struct check *k = NULL;
	struct check_row row;
	struct fault why;
	bool more;

	(void)state;
	OK(check_prepare(db, &c, 50, &k, &why));
	OK(check_start(k, 1, NULL, 0, &why));
	assert_int_equal(check_next(k, &row, &more, &why), ERR_LIMIT);
	assert_non_null(strstr(why.text, "1.1/check.sql"));
	check_free(k);
}

static void
rows_come_whole_with_calendar_and_parameters_bound(void **state)
{
	struct clause c = clause_of(
	    "SELECT 'm' AS agency, 's' AS subject, 't' AS subject_title,"
	    " 'due' AS state, :year_from AS since, :year_to AS due,"
	    " 'late' AS problem,"
	    " json_object('days', :days, 'half', :half_from, 'month',"
	    " :month_from, 'next_us', 7) AS evidence"
	    " UNION ALL SELECT 'm', 'r', 't', 'n/a', NULL, NULL, 'removed',"
	    " '{}'");
	struct check_set set = { &params[0], 180 };
	struct check *k = NULL;
	struct check_row row;
	struct fault why;
	bool more;

	(void)state;
	OK(check_prepare(db, &c, 1000, &k, &why));
	/* 2026-11-22T23:07:00+08:00, ROC 115. */
	OK(check_start(k, INT64_C(1795360020000000), &set, 1, &why));
	OK(check_next(k, &row, &more, &why));
	assert_true(more);
	assert_int_equal(row.state, STATE_DUE);
	assert_true(row.has_since && row.since_us == INT64_C(1767196800000000));
	assert_true(row.has_due && row.due_us == INT64_C(1798732800000000));
	assert_ptr_equal(row.problem, &problems[0]);
	assert_int_equal(row.next_us, 7);
	assert_true(span_is(row.evidence,
	    "{\"days\":180,\"half\":1782835200000000,"
	    "\"month\":1793462400000000,\"next_us\":7}"));
	OK(check_next(k, &row, &more, &why));
	assert_true(more && row.removed && row.problem == NULL);
	assert_false(row.has_since || row.has_due);
	OK(check_next(k, &row, &more, &why));
	assert_false(more);
	check_free(k);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_check_that_does_more_than_select_is_refused_with_its_line),
		cmocka_unit_test(
		    colons_in_comments_and_texts_are_no_parameters),
		cmocka_unit_test(a_row_with_a_wrong_column_is_refused_by_name),
		cmocka_unit_test(endless_recursion_ends_at_its_limit),
		cmocka_unit_test(
		    rows_come_whole_with_calendar_and_parameters_bound),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
