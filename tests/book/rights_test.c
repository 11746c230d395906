/*
 * tests/book/rights_test.c: who may read and write what.
 */
#include "help.h"

/* A tree: city above bureau above office; other beside. */
static void
tree(struct help *h)
{
	set(h, "city", "agency", "city", "{'name':'市府'}");
	set(h, "bureau", "agency", "bureau", "{'name':'局','parent':'city'}");
	set(h, "office", "agency", "office", "{'name':'所','parent':'bureau'}");
	set(h, "other", "agency", "other", "{'name':'他','parent':'city'}");
	set(h, "bureau", "person", "ann", "{'name':'安'}");
	set(h, "bureau", "person", "bob", "{'name':'伯'}");
	set(h, "office", "person", "cat", "{'name':'卡'}");
}

static void
appoint(struct help *h, const char *agency, const char *person,
    const char *role, const char *from, const char *until)
{
	char fields[300];

	(void)snprintf(fields, sizeof fields,
	    "{'person':'%s','role':'%s','from':'%s'%s%s%s}", person, role, from,
	    until != NULL ? ",'until':'" : "", until != NULL ? until : "",
	    until != NULL ? "'" : "");
	set(h, agency, "appointment", "-", fields);
}

static unsigned
offices(struct help *h, const char *actor, const char *agency, int64_t now)
{
	struct rights *r = NULL;
	unsigned bits;

	OK(rights_of(book_db(h->b), S(actor), now, &r, &h->why));
	bits = rights_offices(r, S(agency));
	rights_free(r);
	return bits;
}

static void
a_role_reaches_its_agency_and_all_below(void **state)
{
	struct help *h = *state;
	const unsigned it = 1U << OFFICE_IT_OFFICER;

	tree(h);
	appoint(h, "bureau", "ann", "it-officer", "2026-01-01", NULL);
	assert_int_equal(offices(h, "person:bureau/ann", "bureau", NOON), it);
	assert_int_equal(offices(h, "person:bureau/ann", "office", NOON), it);
	assert_int_equal(offices(h, "person:bureau/ann", "city", NOON), 0);
	assert_int_equal(offices(h, "person:bureau/ann", "other", NOON), 0);
	assert_int_equal(offices(h, "person:office/ann", "office", NOON), 0);
}

static void
a_role_holds_from_its_first_to_the_end_of_its_last_day(void **state)
{
	struct help *h = *state;
	const int64_t day = when_day_start(NOON); /* 2026-03-02 */

	tree(h);
	appoint(h, "bureau", "ann", "auditor", "2026-03-02", "2026-03-03");
	assert_int_equal(offices(h, "person:bureau/ann", "bureau", day - 1), 0);
	assert_int_not_equal(offices(h, "person:bureau/ann", "bureau", day), 0);
	assert_int_not_equal(
	    offices(h, "person:bureau/ann", "bureau", day + 2 * WHEN_DAY - 1),
	    0);
	assert_int_equal(
	    offices(h, "person:bureau/ann", "bureau", day + 2 * WHEN_DAY), 0);
}

static void
who_left_or_was_voided_has_no_rights(void **state)
{
	struct help *h = *state;
	struct written w;

	tree(h);
	appoint(h, "bureau", "ann", "administrator", "2026-01-01", NULL);
	appoint(h, "bureau", "bob", "administrator", "2026-01-01", NULL);
	set(h, "bureau", "person", "ann",
	    "{'name':'安','left_on':'2026-03-01'}");
	assert_int_equal(offices(h, "person:bureau/ann", "bureau", NOON), 0);
	assert_int_not_equal(
	    offices(h, "person:bureau/bob", "bureau", NOON), 0);
	OK(help_do(h, "process:test", "bureau", "person", "bob", NULL,
	    "重複登錄", 0, &w));
	assert_int_equal(offices(h, "person:bureau/bob", "bureau", NOON), 0);
}

/* actor, agency, register: read? write? */
static const struct {
	const char *actor, *agency, *reg;
	bool read, write;
} matrix[] = {
	{ "person:bureau/ann", "bureau", "system", true, true },
	{ "person:bureau/ann", "office", "system", true, true },
	{ "person:bureau/ann", "city", "system", false, false },
	{ "person:bureau/ann", "bureau", "appointment", true, false },
	{ "person:bureau/bob", "bureau", "system", true, false },
	{ "person:bureau/bob", "bureau", "account", false, false },
	{ "person:office/cat", "office", "account", true, true },
	{ "person:office/cat", "bureau", "account", false, false },
	{ "person:office/nobody", "office", "system", false, false },
	{ "console", "office", "account", true, true },
	{ "console", "office", "approval", true, false },
	{ "process:keeper", "office", "approval", true, true },
};

static void
registers_say_which_roles_read_and_write(void **state)
{
	struct help *h = *state;

	tree(h);
	appoint(h, "bureau", "ann", "it-officer", "2026-01-01", NULL);
	appoint(h, "bureau", "bob", "staff", "2026-01-01", NULL);
	appoint(h, "office", "cat", "administrator", "2026-01-01", NULL);
	for (size_t i = 0; i < sizeof matrix / sizeof matrix[0]; i++) {
		const struct schema_register *reg = schema_find(
		    h->schema, S(matrix[i].reg));
		struct rights *r = NULL;

		OK(rights_of(
		    book_db(h->b), S(matrix[i].actor), NOON, &r, &h->why));
		if (rights_may_read(r, reg, S(matrix[i].agency)) !=
			matrix[i].read ||
		    rights_may_write(r, reg, S(matrix[i].agency)) !=
			matrix[i].write)
			fail_msg("%s %s %s", matrix[i].actor, matrix[i].agency,
			    matrix[i].reg);
		rights_free(r);
	}
}

static void
an_actor_of_another_form_is_nobody(void **state)
{
	static const char *const no[] = { "", "admin", "person:", "person:a",
		"person:A B/x", "person:a/", "process:", "console ",
		"process:A" };
	struct help *h = *state;
	struct written w;

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		struct rights *r = NULL;

		assert_int_equal(
		    rights_of(book_db(h->b), S(no[i]), NOON, &r, &h->why),
		    ERR_SYNTAX);
		assert_int_equal(help_do(h, no[i], "main", "system", "x",
				     "{'name':'x'}", NULL, 0, &w),
		    ERR_DENIED);
	}
}

static void
writing_is_refused_without_the_right_there(void **state)
{
	struct help *h = *state;
	struct written w;

	tree(h);
	appoint(h, "bureau", "ann", "administrator", "2026-01-01", NULL);
	OK(help_do(h, "person:bureau/ann", "office", "system", "s",
	    "{'name':'s'}", NULL, 0, &w));
	assert_int_equal(help_do(h, "person:bureau/ann", "other", "system", "s",
			     "{'name':'s'}", NULL, 0, &w),
	    ERR_DENIED);
	assert_string_equal(h->bad->at[0].code, REFUSE_DENIED);
	/* A new agency below his own, and none elsewhere. */
	OK(help_do(h, "person:bureau/ann", "team", "agency", "team",
	    "{'name':'隊','parent':'bureau'}", NULL, 0, &w));
	assert_int_equal(help_do(h, "person:bureau/ann", "x", "agency", "x",
			     "{'name':'x','parent':'other'}", NULL, 0, &w),
	    ERR_DENIED);
	assert_int_equal(help_do(h, "person:bureau/ann", "x", "agency", "x",
			     "{'name':'x'}", NULL, 0, &w),
	    ERR_DENIED);
	/* Nor may he hang an agency of his under another's. */
	assert_int_equal(
	    help_do(h, "person:bureau/ann", "team", "agency", "team",
		"{'name':'隊','parent':'other'}", NULL, 0, &w),
	    ERR_DENIED);
	/* Nor make a ring. */
	assert_int_equal(help_do(h, "process:test", "city", "agency", "city",
			     "{'name':'市府','parent':'office'}", NULL, 0, &w),
	    ERR_RANGE);
}

static void
a_decision_is_the_approvers_own(void **state)
{
	struct help *h = *state;
	struct written w;

	tree(h);
	appoint(h, "bureau", "ann", "ciso", "2026-01-01", NULL);
	appoint(h, "bureau", "bob", "it-officer", "2026-01-01", NULL);
	OK(help_do(h, "person:bureau/bob", "bureau", "approval", "a1",
	    "{'what':'開放','requested_by':'bob','approved_by':'ann'}", NULL, 0,
	    &w));
	assert_int_equal(
	    help_do(h, "person:bureau/bob", "bureau", "approval", "a1",
		"{'what':'開放','requested_by':'bob','approved_by':'ann',"
		"'decision':'approved'}",
		NULL, 0, &w),
	    ERR_DENIED);
	assert_string_equal(h->bad->at[0].code, REFUSE_APPROVAL);
	assert_int_equal(help_do(h, "console", "bureau", "approval", "a1",
			     "{'what':'開放','requested_by':'bob',"
			     "'approved_by':'ann','decision':'approved'}",
			     NULL, 0, &w),
	    ERR_DENIED);
	OK(help_do(h, "person:bureau/ann", "bureau", "approval", "a1",
	    "{'what':'開放','requested_by':'bob','approved_by':'ann',"
	    "'decision':'approved'}",
	    NULL, 0, &w));
	/* Another cannot take it back, nor may one approve one's own wish. */
	assert_int_equal(
	    help_do(h, "person:bureau/bob", "bureau", "approval", "a1",
		"{'what':'開放','requested_by':'bob'}", NULL, 0, &w),
	    ERR_DENIED);
	assert_int_equal(
	    help_do(h, "person:bureau/ann", "bureau", "approval", "a2",
		"{'what':'x','requested_by':'ann','approved_by':'ann',"
		"'decision':'approved'}",
		NULL, 0, &w),
	    ERR_DENIED);
}

static void
lists_show_only_what_the_viewer_may_see(void **state)
{
	struct help *h = *state;
	struct book_query q = { .page = 1 };
	struct rights *r = NULL;
	json_t *o = NULL, *row;

	tree(h);
	set(h, "office", "system", "s1", "{'name':'門牌','owner':'cat'}");
	set(h, "other", "system", "s2", "{'name':'別處'}");
	set(h, "office", "account_list", "l",
	    "{'system':'s1','taken':'2026-01-01','rows':0,'digest':'0000000000"
	    "000000000000000000000000000000000000000000000000000000'}");
	appoint(h, "bureau", "bob", "auditor", "2026-01-01", NULL);
	OK(rights_of(book_db(h->b), S("person:bureau/bob"), NOON, &r, &h->why));
	OK(book_list(h->b, r, S("system"), &q, &o, &h->why));
	assert_int_equal(json_get_int(o, "total", 0), 1);
	row = json_array_get(json_object_get(o, "rows"), 0);
	assert_string_equal(json_get_text(row, "title", ""), "門牌");
	/* A person's name is personal: the auditor sees the key. */
	assert_string_equal(
	    json_get_text(json_object_get(row, "refs"), "owner", ""), "cat");
	json_decref(o);
	OK(book_list(h->b, r, S("person"), &q, &o, &h->why));
	row = json_array_get(json_object_get(o, "rows"), 0);
	assert_true(json_is_null(
	    json_object_get(json_object_get(row, "fields"), "name")));
	assert_string_equal(json_string_value(json_array_get(
				json_object_get(row, "masked"), 0)),
	    "name");
	json_decref(o);
	/* His own row he sees whole. */
	OK(book_form(h->b, r, S("person"), S("bureau"), S("bob"), &o, &h->why));
	assert_string_equal(json_get_text(o, "title", ""), "伯");
	json_decref(o);
	q.agency = S("other");
	assert_int_equal(
	    book_list(h->b, r, S("system"), &q, &o, &h->why), ERR_DENIED);
	assert_int_equal(book_history(h->b, r, S("system"), S("other"), S("s2"),
			     &o, &h->why),
	    ERR_DENIED);
	/* A masked field cannot be searched or ordered by. */
	q = (struct book_query){ .q = S("卡") };
	OK(book_list(h->b, r, S("person"), &q, &o, &h->why));
	assert_int_equal(json_get_int(o, "total", 9), 0);
	json_decref(o);
	q = (struct book_query){ .order = S("email") };
	assert_int_equal(
	    book_list(h->b, r, S("person"), &q, &o, &h->why), ERR_NOT_FOUND);
	rights_free(r);
}

static void
lists_have_pages_words_and_orders(void **state)
{
	struct help *h = *state;
	struct book_query q = { .order = S("-key"), .page = 2 };
	struct rights *r = NULL;
	json_t *o = NULL;
	struct written w;

	for (int i = 0; i < 120; i++) {
		char key[16], f[64];

		(void)snprintf(key, sizeof key, "n%03d", i);
		(void)snprintf(f, sizeof f, "{'name':'系統 %d'}", i);
		set(h, "main", "system", key, f);
	}
	OK(rights_of(book_db(h->b), S("console"), NOON, &r, &h->why));
	OK(book_list(h->b, r, S("system"), &q, &o, &h->why));
	assert_int_equal(json_get_int(o, "total", 0), 121);
	assert_int_equal(json_get_int(o, "pages", 0), 3);
	assert_string_equal(
	    json_get_text(
		json_array_get(json_object_get(o, "rows"), 0), "key", ""),
	    "n069");
	json_decref(o);
	q = (struct book_query){ .q = S("系統 N11") };
	OK(book_list(h->b, r, S("system"), &q, &o, &h->why));
	assert_int_equal(json_get_int(o, "total", 0), 10);
	json_decref(o);
	OK(help_do(h, "console", "main", "system", "n000", NULL, "x", 0, &w));
	q = (struct book_query){ .all = true, .agency = S("main") };
	OK(book_list(h->b, r, S("system"), &q, &o, &h->why));
	assert_int_equal(json_array_size(json_object_get(o, "rows")), 120);
	json_decref(o);
	OK(book_history(
	    h->b, r, S("system"), S("main"), S("n000"), &o, &h->why));
	assert_int_equal(json_array_size(json_object_get(o, "entries")), 2);
	json_decref(o);
	OK(book_entries(h->b, r, S("main"), S("system"), 1, &o, &h->why));
	assert_int_equal(json_get_int(o, "total", 0), 122);
	json_decref(o);
	OK(book_registers(h->b, r, &o, &h->why));
	assert_int_equal(json_array_size(json_object_get(o, "registers")), 14);
	json_decref(o);
	rights_free(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_role_reaches_its_agency_and_all_below),
		T(a_role_holds_from_its_first_to_the_end_of_its_last_day),
		T(who_left_or_was_voided_has_no_rights),
		T(registers_say_which_roles_read_and_write),
		T(an_actor_of_another_form_is_nobody),
		T(writing_is_refused_without_the_right_there),
		T(a_decision_is_the_approvers_own),
		T(lists_show_only_what_the_viewer_may_see),
		T(lists_have_pages_words_and_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
