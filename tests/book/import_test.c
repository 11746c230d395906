/*
 * tests/book/import_test.c: spreadsheets in, all or nothing, and out again.
 */
#include "help.h"

#include "book/import.h"

static enum err
import(struct help *h, const char *reg, const char *csv, bool dry, json_t **out)
{
	struct import_job job = { .actor = S("process:test"),
		.agency = S("main"),
		.reg = S(reg),
		.csv = S(csv),
		.dry = dry };

	return book_import(h->b, &job, h->now += WHEN_SECOND, out, &h->why);
}

static void
counts(json_t *o, int64_t add, int64_t change, int64_t same, int64_t failed)
{
	assert_int_equal(json_get_int(o, "add", -1), add);
	assert_int_equal(json_get_int(o, "change", -1), change);
	assert_int_equal(json_get_int(o, "same", -1), same);
	assert_int_equal(json_get_int(o, "failed", -1), failed);
}

static const char systems[] =
    "\xEF\xBB\xBF系統代碼,資訊系統名稱,負責人,機密性,完整性,可用性,"
    "法律遵循性,核心系統,上線日期\r\n"
    "hr,人事系統,王小明,普,高,中,普,是,110/07/01\r\n"
    "crm,客服系統,p2,普,普,普,普,否,2020-01-31\r\n";

static void
a_spreadsheet_with_chinese_headings_is_imported(void **state)
{
	struct help *h = *state;
	json_t *o = NULL;

	OK(import(h, "system", systems, true, &o));
	counts(o, 1, 1, 0, 0);
	assert_int_equal(json_array_size(json_object_get(o, "preview")), 2);
	json_decref(o);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM system"), 1);
	OK(import(h, "system", systems, false, &o));
	counts(o, 1, 1, 0, 0);
	json_decref(o);
	ASK_TEXT(h, "SELECT owner || grade || core FROM system WHERE key='hr'",
	    "p1high1"); /* the owner by name */
	assert_int_equal(ask_int(h,
			     "SELECT in_service_on FROM system "
			     "WHERE key = 'hr'"),
	    INT64_C(1625068800000000)); /* 2021-07-01 Taipei */
	/* The same file again changes nothing. */
	OK(import(h, "system", systems, false, &o));
	counts(o, 0, 0, 2, 0);
	json_decref(o);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 6);
}

/* file, then line, heading, field and code of each error. */
static const struct {
	const char *csv;
	struct {
		int64_t line;
		const char *column, *field, *code;
	} at[4];
} bad[] = {
	{ "系統代碼,系統名稱,顏色\na,A,紅\n",
	    { { 1, "顏色", "", REFUSE_UNKNOWN } } },
	{ "系統代碼,系統名稱,名稱\na,A,B\n",
	    { { 1, "名稱", "", REFUSE_DUPLICATE } } },
	{ "系統代碼,系統名稱,機密性,上線日期,負責人\n"
	  "a,A,普,110/02/29,\n"
	  "b,,極高,,\n"
	  "c,C,高,,張三\n",
	    { { 2, "上線日期", "in_service_on", REFUSE_RANGE },
		{ 3, "系統名稱", "name", REFUSE_REQUIRED },
		{ 3, "機密性", "grade_c", REFUSE_VALUE },
		{ 4, "負責人", "owner", REFUSE_REF } } },
	{ "系統代碼,系統名稱\na,A\nb,B\na,C\n",
	    { { 4, "系統代碼", "key", REFUSE_DUPLICATE } } },
	{ "系統代碼,系統名稱\na/b,A\n", { { 2, "系統代碼", "", REFUSE_KEY } } },
	{ "系統代碼,系統名稱\na,A,多\n", { { 2, "", "", REFUSE_UNKNOWN } } },
	{ "系統代碼,系統名稱\n\"a\",\"A\nB\"\nb,\n",
	    { { 4, "系統名稱", "name", REFUSE_REQUIRED } } },
};

static void
a_bad_file_is_refused_whole_with_every_place(void **state)
{
	struct help *h = *state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		json_t *o = NULL, *errors, *one;
		size_t n = 0;

		assert_int_equal(
		    import(h, "system", bad[i].csv, false, &o), ERR_RANGE);
		errors = json_object_get(o, "errors");
		while (n < 4 && bad[i].at[n].line > 0)
			n++;
		if (json_array_size(errors) != n)
			fail_msg(
			    "file %zu: %zu errors", i, json_array_size(errors));
		for (size_t k = 0; k < n; k++) {
			one = json_array_get(errors, k);
			assert_int_equal(
			    json_get_int(one, "line", 0), bad[i].at[k].line);
			assert_string_equal(json_get_text(one, "column", "-"),
			    bad[i].at[k].column);
			assert_string_equal(json_get_text(one, "field", "-"),
			    bad[i].at[k].field);
			assert_string_equal(
			    json_get_text(one, "code", "-"), bad[i].at[k].code);
		}
		json_decref(o);
		assert_int_equal(ask_int(h, "SELECT count(*) FROM system"), 1);
		assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 4);
	}
}

static void
bytes_that_are_no_csv_are_told_with_their_line(void **state)
{
	static const char *const no[] = { "", "系統代碼\n\"a",
		"\xA8\x74\xB2\xCE\n" };
	struct help *h = *state;

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		json_t *o = NULL;

		assert_int_equal(
		    import(h, "system", no[i], false, &o), ERR_SYNTAX);
		assert_non_null(strstr(h->why.text, "line "));
		json_decref(o);
	}
}

static void
a_missing_column_leaves_its_field_and_an_empty_cell_empties_it(void **state)
{
	struct help *h = *state;
	json_t *o = NULL;

	OK(import(h, "system", "系統代碼,系統名稱\ncrm,新名\n", false, &o));
	json_decref(o);
	ASK_TEXT(h, "SELECT name || owner FROM system", "新名p1");
	OK(import(h, "system", "代碼,負責人\ncrm,\n", false, &o));
	json_decref(o);
	ASK_TEXT(h, "SELECT name || coalesce(owner, '-') FROM system", "新名-");
}

static void
a_key_is_made_of_fields_where_the_register_says_so(void **state)
{
	struct help *h = *state;
	json_t *o = NULL;

	OK(import(h, "appointment",
	    "姓名,職務,起日\n王小明,資訊人員,115/01/01\n", false, &o));
	json_decref(o);
	ASK_TEXT(h, "SELECT key FROM appointment", "p1.it-officer.2026-01-01");
	OK(import(h, "appointment",
	    "姓名,職務,起日\np1,it-officer,2026-01-01\n", false, &o));
	counts(o, 0, 0, 1, 0);
	json_decref(o);
}

static void
two_people_of_one_name_are_not_guessed(void **state)
{
	struct help *h = *state;
	json_t *o = NULL;

	set(h, "main", "person", "p3", "{'name':'王小明'}");
	assert_int_equal(
	    import(h, "system", "代碼,名稱,負責人\nx,X,王小明\n", false, &o),
	    ERR_RANGE);
	json_decref(o);
}

static void
an_import_needs_the_right_to_write(void **state)
{
	struct help *h = *state;
	struct import_job job = { .actor = S("person:main/p1"),
		.agency = S("main"),
		.reg = S("system"),
		.csv = S("代碼,名稱\na,A\n") };
	json_t *o = NULL;

	assert_int_equal(
	    book_import(h->b, &job, h->now, &o, &h->why), ERR_DENIED);
	assert_null(o);
}

static const char accounts[] = "帳號,使用者,狀態,特權,最後登入\n"
			       "root,,啟用,是,\n"
			       "wang,王小明,啟用,否,2026-02-01T08:00:00+08:00\n"
			       "HOST/db@EX,誰也不是,停用,否,\n";

static enum err
account_list(struct help *h, const char *csv, bool dry, json_t **out)
{
	struct import_job job = { .actor = S("process:test"),
		.agency = S("main"),
		.csv = S(csv),
		.dry = dry };

	return book_import_accounts(h->b, &job, S("crm"), NOON - WHEN_DAY,
	    h->now += WHEN_SECOND, out, &h->why);
}

static void
an_account_list_is_one_action_and_counts_its_rows(void **state)
{
	struct help *h = *state;
	json_t *o = NULL;
	int64_t n;

	OK(account_list(h, accounts, true, &o));
	json_decref(o);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM account_list"), 0);
	OK(account_list(h, accounts, false, &o));
	counts(o, 3, 0, 0, 0);
	assert_int_equal(json_get_int(o, "unmatched", -1), 1);
	json_decref(o);
	assert_int_equal(ask_int(h,
			     "SELECT count(*) FROM entry "
			     "WHERE register = 'account_list'"),
	    1);
	ASK_TEXT(h, "SELECT key || '/' || rows FROM account_list",
	    "crm.20260301T090000/3");
	ASK_TEXT(h, "SELECT group_concat(key) FROM account",
	    "crm.20260301T090000:HOST%2Fdb@EX,crm.20260301T090000:root,"
	    "crm.20260301T090000:wang");
	assert_int_equal(
	    ask_int(h, "SELECT count(*) FROM account WHERE person = 'p1'"), 1);
	n = ask_int(h, "SELECT count(*) FROM entry");
	OK(account_list(h, accounts, false, &o));
	counts(o, 0, 0, 3, 0);
	json_decref(o);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), n);
	/* Another content under the same name is refused whole. */
	assert_int_equal(
	    account_list(h, "帳號,狀態\nroot,停用\n", false, &o), ERR_RANGE);
	json_decref(o);
	assert_int_equal(
	    account_list(h, "帳號,狀態\nx,怪\n", false, &o), ERR_RANGE);
	json_decref(o);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), n);
}

static void
what_is_exported_can_be_imported_unchanged(void **state)
{
	struct help *h = *state;
	struct book_query q = { .all = true };
	struct rights *r = NULL;
	json_t *o = NULL, *rows = NULL;
	struct buf b;

	OK(import(h, "system", systems, false, &o));
	json_decref(o);
	set(h, "main", "system", "odd",
	    "{'name':'=1+1,\\\"q\\\"','core':false}");
	OK(rights_of(book_db(h->b), S("console"), NOON, &r, &h->why));
	buf_init(&b, (size_t)1 << 20);
	for (int i = 0; i < 2; i++) {
		buf_reset(&b);
		OK(book_export(h->b, r, S("system"), &q, BOOK_CSV,
		    i == 0 ? "zh" : "en", &b, &h->why));
		OK(import(h, "system", buf_string(&b), false, &o));
		counts(o, 0, 0, 3, 0);
		json_decref(o);
	}
	buf_reset(&b);
	OK(book_export(h->b, r, S("system"), &q, BOOK_JSON, "zh", &b, &h->why));
	OK(json_read(buf_view(&b), &rows, &h->why));
	assert_int_equal(json_array_size(rows), 3);
	json_decref(rows);
	buf_clear(&b);
	rights_free(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_spreadsheet_with_chinese_headings_is_imported),
		T(a_bad_file_is_refused_whole_with_every_place),
		T(bytes_that_are_no_csv_are_told_with_their_line),
		T(a_missing_column_leaves_its_field_and_an_empty_cell_empties_it),
		T(a_key_is_made_of_fields_where_the_register_says_so),
		T(two_people_of_one_name_are_not_guessed),
		T(an_import_needs_the_right_to_write),
		T(an_account_list_is_one_action_and_counts_its_rows),
		T(what_is_exported_can_be_imported_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
