/*
 * tests/book/verdict_test.c: each change of a verdict is an entry and a span.
 */
#include "help.h"

#include "book/verdict.h"

static uint64_t
take(struct help *h, const char *changes)
{
	json_t *o = J(changes);
	uint64_t n = 0;

	OK(book_verdicts(h->b, o, h->now += WHEN_SECOND, &n, &h->why));
	json_decref(o);
	return n;
}

static void
a_change_of_verdict_is_an_entry_and_a_span(void **state)
{
	struct help *h = *state;
	uint64_t v0, v1;

	OK(book_tally_version(h->b, &v0, &h->why));
	assert_int_equal(take(h,
			     "{'clause':'12.1','chapter':5,'at_us':1000,"
			     "'verdicts':[{'agency':'main','state':'met',"
			     "'since_us':900,'n_met':3}],'findings':[{'agency':"
			     "'main','subject':'crm','subject_title':'客服',"
			     "'state':'met','since_us':900,'evidence':{'b':1,"
			     "'a':2}}]}"),
	    1);
	OK(book_tally_version(h->b, &v1, &h->why));
	assert_true(v1 > v0);
	ASK_TEXT(h, "SELECT evidence FROM finding", "{\"a\":2,\"b\":1}");
	/* The same again, and a change of counts only: no entry. */
	assert_int_equal(take(h,
			     "{'clause':'12.1','chapter':5,'at_us':1100,"
			     "'verdicts':[{'agency':'main','state':'met',"
			     "'since_us':900,'n_met':4}]}"),
	    0);
	assert_int_equal(take(h,
			     "{'clause':'12.1','chapter':5,'at_us':2000,"
			     "'verdicts':[{'agency':'main','state':'unmet',"
			     "'since_us':1950,'n_met':3,'n_unmet':1}],"
			     "'findings_gone':[{'agency':'main','subject':"
			     "'crm'}]}"),
	    1);
	ASK_TEXT(h,
	    "SELECT group_concat(state || from_us || '-' || "
	    "coalesce(until_us, '')) FROM verdict_span",
	    "met1000-2000,unmet2000-");
	ASK_TEXT(h,
	    "SELECT group_concat(agency || chapter || state || n) FROM tally",
	    "main5unmet1");
	assert_int_equal(ask_int(h, "SELECT count(*) FROM finding"), 0);
	assert_int_equal(ask_int(h,
			     "SELECT count(*) FROM entry WHERE "
			     "register = 'beimen.verdict' AND key = "
			     "'12.1'"),
	    2);
}

static void
a_verdict_that_is_no_longer_given_ends_its_span(void **state)
{
	struct help *h = *state;

	(void)take(h,
	    "{'clause':'1','chapter':1,'at_us':10,'verdicts':[{"
	    "'agency':'main','state':'not adopted','since_us':1}]}");
	assert_int_equal(take(h,
			     "{'clause':'1','chapter':1,'at_us':20,"
			     "'verdicts_gone':['main']}"),
	    1);
	assert_int_equal(take(h,
			     "{'clause':'1','chapter':1,'at_us':30,"
			     "'verdicts_gone':['main']}"),
	    0);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM verdict"), 0);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM tally"), 0);
	assert_int_equal(ask_int(h, "SELECT until_us FROM verdict_span"), 20);
}

static void
a_malformed_change_is_refused_whole(void **state)
{
	static const char *const no[] = { "{'at_us':1}",
		"{'clause':'1','verdicts':[{'agency':'main','state':'fine'}]}",
		"{'clause':'1','verdicts':[{'agency':'main','state':'met'},"
		"{'agency':'A B','state':'met'}]}",
		"{'clause':'1','findings':{}}",
		"{'clause':'1','findings':[{'agency':'main','state':'met',"
		"'known_state':'x'}]}",
		"[]" };
	struct help *h = *state;

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		json_t *o = J(no[i]);

		assert_int_equal(
		    book_verdicts(h->b, o, h->now, NULL, &h->why), ERR_SYNTAX);
		json_decref(o);
	}
	assert_int_equal(ask_int(h, "SELECT count(*) FROM verdict"), 0);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_change_of_verdict_is_an_entry_and_a_span),
		T(a_verdict_that_is_no_longer_given_ends_its_span),
		T(a_malformed_change_is_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
