/*
 * tests/gate/session_test.c: who is asking, until when, and what a person
 * may do with a password.
 */
#include "desk.h"

#define QUARTER (15 * WHEN_MINUTE)

static char token[GATE_TOKEN_LEN + 1];

static struct gate_change
change(struct gate *g, const char *with, const char *old, const char *new,
    int64_t now_us)
{
	struct gate_change c = { 0 };
	struct fault why;

	if (gate_password_change(g, span_text(with), span_text(old),
		span_text(new), SPAN_LIT(HOME), now_us, &c, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return c;
}

static void
a_session_tells_who_and_until_when(void **state)
{
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct gate_who w;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	in = desk_try(g, "chen", GOOD, HOME, T0 + 7);
	assert_int_equal(strlen(in.token), GATE_TOKEN_LEN);
	assert_string_not_equal(in.token, token);
	assert_int_equal(
	    gate_who(g, span_text(in.token), true, T0 + 8, &w, NULL), ERR_OK);
	assert_string_equal(w.name, "chen");
	assert_string_equal(w.person, "main/chen");
	assert_false(w.must_change);
	assert_int_equal(w.since_us, T0 + 7);
	assert_int_equal(w.until_us, T0 + 7 + 8 * WHEN_HOUR);
	assert_int_equal(w.change_us, T0 + 180 * WHEN_DAY);
	gate_close(g);
}

/* To the microsecond: used at 14:59.999999 it goes on, at 15:00 it is over. */
static void
a_session_ends_after_fifteen_idle_minutes(void **state)
{
	struct gate *g = desk_open(NULL);
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	assert_true(desk_open_session(g, token, true, T0 + QUARTER - 1));
	assert_true(desk_open_session(g, token, false, T0 + 2 * QUARTER - 2));
	assert_false(desk_open_session(g, token, true, T0 + 2 * QUARTER - 1));
	/* asking did not bring it back; its end is told once, with its time */
	assert_false(desk_open_session(g, token, false, T0 + 2 * QUARTER - 1));
	ends = desk_expire(g, T0 + 3 * QUARTER);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_IDLE);
	assert_int_equal(ends.at[0], T0 + 2 * QUARTER - 1);
	assert_int_equal(desk_expire(g, T0 + 4 * QUARTER).n, 0);
	gate_close(g);
}

/* A page that asks by itself does not keep anybody signed in. */
static void
asking_without_use_does_not_prolong(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int64_t at = T0; at < T0 + QUARTER; at += WHEN_MINUTE)
		assert_true(desk_open_session(g, token, false, at));
	assert_false(desk_open_session(g, token, false, T0 + QUARTER));
	gate_close(g);
}

static void
a_session_in_use_ends_after_eight_hours(void **state)
{
	struct gate *g = desk_open(NULL);
	const int64_t end = T0 + 8 * WHEN_HOUR;
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int64_t at = T0; at < end; at += 10 * WHEN_MINUTE) {
		assert_true(desk_open_session(g, token, true, at));
		assert_int_equal(desk_expire(g, at).n, 0);
	}
	assert_true(desk_open_session(g, token, true, end - 1));
	assert_false(desk_open_session(g, token, true, end));
	ends = desk_expire(g, end);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_ABSOLUTE);
	assert_int_equal(ends.at[0], end);
	gate_close(g);
}

static void
signing_out_ends_the_session_and_is_told(void **state)
{
	struct gate *g = desk_open(NULL);
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	assert_int_equal(
	    gate_sign_out(g, span_text(token), T0 + 5, NULL), ERR_OK);
	assert_false(desk_open_session(g, token, true, T0 + 6));
	assert_int_equal(
	    gate_sign_out(g, span_text(token), T0 + 6, NULL), ERR_DENIED);
	ends = desk_expire(g, T0 + 7);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_OUT);
	assert_int_equal(ends.at[0], T0 + 5);
	gate_close(g);
}

static void
an_end_that_could_not_be_recorded_is_told_again(void **state)
{
	struct ends ends = { .fail_after = 1 };
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	in = desk_try(g, "chen", GOOD, HOME, T0);
	assert_int_equal(
	    gate_sign_out(g, span_text(token), T0 + 1, NULL), ERR_OK);
	assert_int_equal(
	    gate_sign_out(g, span_text(in.token), T0 + 2, NULL), ERR_OK);
	assert_int_equal(
	    gate_expire(g, T0 + 3, ends_note, &ends, NULL), ERR_IO);
	assert_int_equal(ends.n, 1);
	ends.fail_after = 0;
	assert_int_equal(
	    gate_expire(g, T0 + 3, ends_note, &ends, NULL), ERR_OK);
	assert_int_equal(ends.n, 2);
	assert_int_not_equal(ends.session[0], ends.session[1]);
	gate_close(g);
}

static void
a_fourth_session_replaces_the_oldest(void **state)
{
	struct gate_sign_in in[3];
	struct gate *g = desk_open(NULL);
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int i = 0; i < 3; i++)
		in[i] = desk_try(g, "chen", GOOD, HOME, T0 + 1 + i);
	assert_false(desk_open_session(g, token, true, T0 + 5));
	for (int i = 0; i < 3; i++)
		assert_true(desk_open_session(g, in[i].token, true, T0 + 5));
	ends = desk_expire(g, T0 + 6);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_REPLACED);
	gate_close(g);
}

static void
what_is_no_token_is_nobody(void **state)
{
	static const char zeroes[] = "00000000000000000000000000000000"
				     "00000000000000000000000000000000";
	const char *const bad[] = { "", "x", "0", zeroes, "' OR 1=1" };
	struct gate *g = desk_open(NULL);
	struct gate_who w = { .session = 5 };
	struct fault why;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(
		    gate_who(g, span_text(bad[i]), true, T0, &w, &why),
		    ERR_DENIED);
		assert_string_equal(why.text, "not signed in");
	}
	token[10] ^= 1;
	assert_false(desk_open_session(g, token, true, T0));
	assert_int_equal(w.session, 5);
	gate_close(g);
}

static void
a_form_token_belongs_to_one_session(void **state)
{
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct gate_who a, b;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	in = desk_try(g, "chen", GOOD, HOME, T0);
	assert_int_equal(
	    gate_who(g, span_text(token), true, T0, &a, NULL), ERR_OK);
	assert_int_equal(
	    gate_who(g, span_text(in.token), true, T0, &b, NULL), ERR_OK);
	assert_string_not_equal(a.form, b.form);
	assert_true(gate_form_check(g, span_text(token), span_text(a.form)));
	assert_false(gate_form_check(g, span_text(token), span_text(b.form)));
	assert_false(gate_form_check(g, span_text(token), SPAN_EMPTY));
	assert_false(gate_form_check(g, SPAN_EMPTY, span_text(a.form)));
	a.form[3] ^= 1;
	assert_false(gate_form_check(g, span_text(token), span_text(a.form)));
	gate_close(g);
}

/* The regulation's 21.3: first the initial password is changed. */
static void
the_first_password_must_be_changed(void **state)
{
	char first[GATE_ONE_TIME_MAX];
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct gate_change c;
	struct gate_who w;

	(void)state;
	assert_int_equal(gate_account_add(g, SPAN_LIT("chen"),
			     SPAN_LIT("main/chen"), T0, first, NULL),
	    ERR_OK);
	in = desk_try(g, "chen", first, HOME, T0);
	assert_int_equal(in.answer, GATE_MUST_CHANGE);
	assert_int_equal(
	    gate_who(g, span_text(in.token), true, T0, &w, NULL), ERR_OK);
	assert_true(w.must_change);
	/* a change that is refused changes nothing */
	c = change(g, in.token, first, "short", T0);
	assert_int_equal(c.rule, RULE_SHORT);
	assert_string_equal(c.token, "");
	c = change(g, in.token, first, first, T0);
	assert_int_not_equal(c.rule, RULE_OK);
	assert_int_equal(
	    gate_who(g, span_text(in.token), true, T0, &w, NULL), ERR_OK);
	assert_true(w.must_change);

	c = change(g, in.token, first, GOOD, T0);
	assert_int_equal(c.rule, RULE_OK);
	assert_false(desk_open_session(g, in.token, true, T0));
	assert_int_equal(
	    gate_who(g, span_text(c.token), true, T0, &w, NULL), ERR_OK);
	assert_false(w.must_change);
	assert_int_equal(
	    desk_try(g, "chen", first, HOME, T0).answer, GATE_DENIED);
	assert_int_equal(desk_try(g, "chen", GOOD, HOME, T0).answer, GATE_OK);
	gate_close(g);
}

static void
a_one_time_password_runs_out(void **state)
{
	char first[GATE_ONE_TIME_MAX];
	struct gate *g = desk_open(NULL);

	(void)state;
	assert_int_equal(gate_account_add(g, SPAN_LIT("chen"),
			     SPAN_LIT("main/chen"), T0, first, NULL),
	    ERR_OK);
	assert_int_equal(
	    desk_try(g, "chen", first, HOME, T0 + 7 * WHEN_DAY - 1).answer,
	    GATE_MUST_CHANGE);
	assert_int_equal(
	    desk_try(g, "chen", first, HOME, T0 + 7 * WHEN_DAY).cause,
	    GATE_CAUSE_EXPIRED);
	gate_close(g);
}

static void
a_password_lasts_180_days(void **state)
{
	struct gate *g = desk_open(NULL);
	const int64_t end = T0 + 180 * WHEN_DAY;
	struct gate_sign_in in;
	struct gate_who w;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	in = desk_try(g, "chen", GOOD, HOME, end - 1);
	assert_int_equal(in.answer, GATE_OK);
	/* and in the middle of a session too */
	assert_int_equal(
	    gate_who(g, span_text(in.token), true, end, &w, NULL), ERR_OK);
	assert_true(w.must_change);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, end).answer, GATE_MUST_CHANGE);
	gate_close(g);
}

static void
a_password_stays_a_day_and_the_last_ones_are_refused(void **state)
{
	static const char *const next[] = { "Horse-Tree-11", "Horse-Tree-22",
		"Horse-Tree-33", "Horse-Tree-44" };
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct gate_change c;
	const char *old = GOOD;
	int64_t at = T0;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	c = change(g, token, GOOD, next[0], T0 + 1);
	assert_int_equal(c.answer, GATE_OK);
	assert_int_equal(c.rule, RULE_AGE);
	for (unsigned i = 0; i < 4; i++) {
		in = desk_try(g, "chen", old, HOME, at + WHEN_DAY - 1);
		c = change(g, in.token, old, next[i], at + WHEN_DAY - 1);
		assert_int_equal(c.rule, RULE_AGE);
		at += WHEN_DAY;
		/* the present one, and the three before it */
		c = change(g, in.token, old, old, at);
		assert_int_equal(c.rule, RULE_PAST);
		if (i == 3) {
			c = change(g, in.token, old, GOOD, at);
			assert_int_equal(c.rule, RULE_PAST);
			c = change(g, in.token, old, next[0], at);
			assert_int_equal(c.rule, RULE_PAST);
		}
		c = change(g, in.token, old, next[i], at);
		assert_int_equal(c.rule, RULE_OK);
		old = next[i];
	}
	/* the fourth before is allowed again */
	at += WHEN_DAY;
	in = desk_try(g, "chen", old, HOME, at);
	c = change(g, in.token, old, GOOD, at);
	assert_int_equal(c.rule, RULE_OK);
	gate_close(g);
}

static void
a_change_ends_the_other_sessions(void **state)
{
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct gate_change c;
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	(void)desk_expire(g, T0 + WHEN_DAY);
	in = desk_try(g, "chen", GOOD, HOME, T0 + WHEN_DAY);
	struct gate_sign_in other = desk_try(
	    g, "chen", GOOD, HOME, T0 + WHEN_DAY);
	c = change(g, in.token, GOOD, "Horse-Tree-11", T0 + WHEN_DAY);
	assert_int_equal(c.rule, RULE_OK);
	assert_false(desk_open_session(g, in.token, true, T0 + WHEN_DAY));
	assert_false(desk_open_session(g, other.token, true, T0 + WHEN_DAY));
	assert_true(desk_open_session(g, c.token, true, T0 + WHEN_DAY));
	ends = desk_expire(g, T0 + WHEN_DAY + 1);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_CHANGED);
	gate_close(g);
}

/* The old password's field is a door like any other. */
static void
guessing_the_old_password_locks_too(void **state)
{
	struct gate *g = desk_open(NULL);
	struct gate_change c;
	char guess[2] = "a";

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int i = 0; i < 5; i++, guess[0]++) {
		c = change(g, token, guess, "Horse-Tree-11", T0 + i);
		assert_int_equal(c.answer, GATE_DENIED);
		assert_string_equal(c.token, "");
	}
	c = change(g, token, GOOD, "Horse-Tree-11", T0 + 6);
	assert_int_equal(c.answer, GATE_DENIED);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 7).cause, GATE_CAUSE_LOCKED);
	gate_close(g);
}

/* A clock set back ends nothing, and gives nobody a longer day. */
static void
a_clock_set_back_prolongs_nothing(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	assert_true(desk_open_session(g, token, true, T0 - WHEN_HOUR));
	assert_false(desk_open_session(g, token, true, T0 + QUARTER));
	gate_close(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_tells_who_and_until_when),
		cmocka_unit_test(a_session_ends_after_fifteen_idle_minutes),
		cmocka_unit_test(asking_without_use_does_not_prolong),
		cmocka_unit_test(a_session_in_use_ends_after_eight_hours),
		cmocka_unit_test(signing_out_ends_the_session_and_is_told),
		cmocka_unit_test(
		    an_end_that_could_not_be_recorded_is_told_again),
		cmocka_unit_test(a_fourth_session_replaces_the_oldest),
		cmocka_unit_test(what_is_no_token_is_nobody),
		cmocka_unit_test(a_form_token_belongs_to_one_session),
		cmocka_unit_test(the_first_password_must_be_changed),
		cmocka_unit_test(a_one_time_password_runs_out),
		cmocka_unit_test(a_password_lasts_180_days),
		cmocka_unit_test(
		    a_password_stays_a_day_and_the_last_ones_are_refused),
		cmocka_unit_test(a_change_ends_the_other_sessions),
		cmocka_unit_test(guessing_the_old_password_locks_too),
		cmocka_unit_test(a_clock_set_back_prolongs_nothing),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
