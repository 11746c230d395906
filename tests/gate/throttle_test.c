/*
 * tests/gate/throttle_test.c: guessing is stopped, by name and by address,
 * and nothing tells which names exist.
 */
#include <time.h>

#include "desk.h"

#define QUARTER (15 * WHEN_MINUTE)

static char token[GATE_TOKEN_LEN + 1];

/* n different wrong passwords for `name`, one a microsecond from `from`. */
static void
guess(
    struct gate *g, const char *name, const char *address, int n, int64_t from)
{
	struct buf b;

	buf_init(&b, 64);
	for (int i = 0; i < n; i++) {
		buf_reset(&b);
		buf_printf(&b, "guess %d at %lld", i, (long long)from);
		assert_int_equal(
		    desk_try(g, name, buf_string(&b), address, from + i).answer,
		    GATE_DENIED);
	}
	buf_clear(&b);
}

/* From the fifth failure, for 15 minutes: to the microsecond. */
static void
five_failures_lock_for_fifteen_minutes(void **state)
{
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	guess(g, "chen", HOME, 4, T0);
	in = desk_try(g, "chen", "the fifth", HOME, T0 + 4);
	assert_int_equal(in.cause, GATE_CAUSE_WRONG);
	assert_true(in.locked_now);
	in = desk_try(g, "chen", GOOD, HOME, T0 + 5);
	assert_int_equal(in.answer, GATE_DENIED);
	assert_int_equal(in.cause, GATE_CAUSE_LOCKED);
	assert_string_equal(in.token, "");
	in = desk_try(g, "chen", GOOD, HOME, T0 + 4 + QUARTER - 1);
	assert_int_equal(in.answer, GATE_DENIED);
	in = desk_try(g, "chen", GOOD, HOME, T0 + 4 + QUARTER);
	assert_int_equal(in.answer, GATE_OK);
	gate_close(g);
}

/* The right password as the fifth try is no failure. */
static void
the_right_password_gives_the_count_back(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int turn = 0; turn < 3; turn++) {
		guess(g, "chen", HOME, 4, T0 + 100 * turn);
		assert_int_equal(
		    desk_try(g, "chen", GOOD, HOME, T0 + 100 * turn + 50)
			.answer,
		    GATE_OK);
	}
	gate_close(g);
}

/* Four failures now and one a quarter of an hour later are not five. */
static void
failures_older_than_the_window_do_not_count(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	guess(g, "chen", HOME, 4, T0); /* T0 .. T0 + 3 */
	guess(g, "chen", HOME, 1, T0 + QUARTER);
	/* the first is exactly 15 minutes old: it fell out, and four remain */
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + QUARTER + 1).answer, GATE_OK);

	guess(g, "chen", HOME, 4, T0 + 2 * QUARTER);
	guess(g, "chen", HOME, 1, T0 + 3 * QUARTER - 1);
	/* one microsecond less: five within the window */
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 3 * QUARTER).cause,
	    GATE_CAUSE_LOCKED);
	gate_close(g);
}

static void
tries_during_a_lock_do_not_prolong_it(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	guess(g, "chen", HOME, 5, T0);
	for (int64_t at = T0 + WHEN_MINUTE; at < T0 + QUARTER;
	     at += 2 * WHEN_MINUTE)
		guess(g, "chen", "198.51.100.1", 1, at);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 4 + QUARTER).answer, GATE_OK);
	gate_close(g);
}

/* 15, 30, 60, 120, 240 minutes and no more; a quiet time resets it. */
static void
locks_double_up_to_four_hours(void **state)
{
	static const int minutes[] = { 15, 30, 60, 120, 240, 240 };
	struct gate *g = desk_open(NULL);
	int64_t at = T0;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (size_t i = 0; i < sizeof minutes / sizeof minutes[0]; i++) {
		int64_t lock = minutes[i] * WHEN_MINUTE;

		guess(g, "chen", HOME, 5, at);
		at += 4;
		assert_int_equal(
		    desk_try(g, "chen", GOOD, HOME, at + lock - 1).cause,
		    GATE_CAUSE_LOCKED);
		at += lock;
	}
	at += 4 * WHEN_HOUR;
	guess(g, "chen", HOME, 5, at);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, at + 4 + QUARTER).answer, GATE_OK);
	gate_close(g);
}

static void
an_administrator_lifts_a_lock(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	guess(g, "chen", HOME, 5, T0);
	assert_int_equal(
	    gate_account_unlock(g, SPAN_LIT("chen"), NULL), ERR_OK);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 10).answer, GATE_OK);
	gate_close(g);
}

/* A mail client that tries the old password all day. */
static void
the_same_wrong_password_counts_once(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int i = 0; i < 20; i++)
		assert_int_equal(desk_try(g, "chen", "Old-Horse-6", HOME,
				     T0 + i * WHEN_MINUTE)
				     .cause,
		    GATE_CAUSE_WRONG);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 20 * WHEN_MINUTE).answer,
	    GATE_OK);
	/* two in turn are guessing */
	for (int i = 0; i < 5; i++)
		(void)desk_try(g, "chen", i % 2 ? "a" : "b", HOME,
		    T0 + 21 * WHEN_MINUTE + i);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 22 * WHEN_MINUTE).cause,
	    GATE_CAUSE_LOCKED);
	gate_close(g);
}

/* Delays from the fifth failure of an address, refusal after the thirtieth,
 * whatever the names; another address is not concerned. */
static void
an_address_that_guesses_is_slowed_and_then_refused(void **state)
{
	static const unsigned wait[] = { 0, 0, 0, 0, 250, 500, 1000, 2000, 4000,
		8000, 8000 };
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct buf name;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	buf_init(&name, 64);
	for (unsigned i = 0; i < 30; i++) {
		buf_reset(&name);
		buf_printf(&name, "name%u", i);
		in = desk_try(g, buf_string(&name), "x", "203.0.113.5", T0 + i);
		assert_int_equal(in.answer, GATE_DENIED);
		assert_int_equal(in.wait_ms, wait[i < 10 ? i : 10]);
	}
	in = desk_try(g, "chen", GOOD, "203.0.113.5", T0 + 30);
	assert_int_equal(in.answer, GATE_BUSY);
	assert_int_equal(in.cause, GATE_CAUSE_ADDRESS);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 30).answer, GATE_OK);
	/* the first failure leaves the ten minutes */
	in = desk_try(
	    g, "chen", GOOD, "203.0.113.5", T0 + 10 * WHEN_MINUTE - 1);
	assert_int_equal(in.answer, GATE_BUSY);
	in = desk_try(g, "chen", GOOD, "203.0.113.5", T0 + 10 * WHEN_MINUTE);
	assert_int_equal(in.answer, GATE_OK);
	buf_clear(&name);
	gate_close(g);
}

/* One subscriber has a whole IPv6 /64; IPv4 in IPv6 clothes is IPv4. */
static void
an_address_cannot_change_its_spelling(void **state)
{
	struct gate_rules r = gate_rules_default;
	struct gate *g;

	(void)state;
	r.address_max = 4;
	g = desk_open(&r);
	guess(g, "a", "2001:db8:0:1::1", 1, T0);
	guess(g, "b", "2001:db8:0:1:ffff::2", 1, T0);
	guess(g, "c", "2001:0DB8:0:1::3", 1, T0);
	guess(g, "d", "2001:db8:0:1::4", 1, T0);
	assert_int_equal(
	    desk_try(g, "e", "x", "2001:db8:0:1::5", T0).answer, GATE_BUSY);
	assert_int_equal(
	    desk_try(g, "e", "x", "2001:db8:0:2::5", T0).answer, GATE_DENIED);
	guess(g, "a", "192.0.2.1", 2, T0);
	guess(g, "b", "::ffff:192.0.2.1", 1, T0);
	guess(g, "c", "::ffff:c000:201", 1, T0);
	assert_int_equal(
	    desk_try(g, "d", "x", "192.0.2.1", T0).answer, GATE_BUSY);
	assert_int_equal(
	    desk_try(g, "d", "x", "192.0.2.2", T0).answer, GATE_DENIED);
	gate_close(g);
}

/* The two answers, field by field, at every step up to the lock. */
static void
nothing_tells_whether_a_name_exists(void **state)
{
	struct gate *g = desk_open(NULL);
	struct gate_sign_in a, b;
	char guessed[2] = "a";

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int i = 0; i < 8; i++, guessed[0]++) {
		a = desk_try(g, "chen", guessed, "198.51.100.1", T0 + i);
		b = desk_try(g, "nobody", guessed, "198.51.100.2", T0 + i);
		assert_int_equal(a.answer, b.answer);
		assert_int_equal(a.wait_ms, b.wait_ms);
		assert_int_equal(a.locked_now, b.locked_now);
		assert_string_equal(a.token, b.token);
		assert_string_equal(a.person, b.person);
	}
	/* odd names and passwords: the same again */
	static const char *const odd[] = { "", "CHEN", "chen ", "chen\n",
		"\xff\xfe", "\xef\xbd\x83hen", "' OR 1=1 --" };
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		a = desk_try(g, odd[i], GOOD, "198.51.100.3", T0);
		assert_int_equal(a.answer, GATE_DENIED);
		assert_int_equal(a.cause, GATE_CAUSE_UNKNOWN);
	}
	gate_close(g);
}

/* Processor time of one sign-in, the least of a few. */
static double
cost(struct gate *g, const char *name, const char *password, int64_t now_us)
{
	double least = 1e9;

	for (int i = 0; i < 3; i++) {
		struct timespec a, b;
		double took;

		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		(void)desk_try(g, name, password, HOME, now_us + i);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		took = (double)(b.tv_sec - a.tv_sec) +
		    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
		if (took < least)
			least = took;
	}
	return least;
}

/* Known, unknown, disabled and locked names cost one Argon2id each. */
static void
every_denial_costs_the_same_work(void **state)
{
	struct gate_rules r = gate_rules_default;
	double wrong, other;
	struct gate *g;

	(void)state;
	r.address_max = GATE_FAIL_MAX;
	g = desk_open(&r);
	password_cost(16 << 20, 2);
	desk_account(g, "chen", GOOD, T0, token);
	desk_account(g, "gone", GOOD, T0, token);
	desk_account(g, "locked", GOOD, T0, token);
	assert_int_equal(
	    gate_account_disable(g, SPAN_LIT("gone"), T0, NULL), ERR_OK);
	for (int i = 0; i < 5; i++)
		(void)desk_try(g, "locked", i % 2 ? "a" : "b", HOME, T0);
	wrong = cost(g, "chen", "Wrong-Horse-7", T0);
	static const char *const name[] = { "nobody", "gone", "locked", "",
		"\xff" };
	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
		other = cost(g, name[i], GOOD, T0 + 10);
		if (other < wrong / 2 || other > wrong * 2)
			fail_msg("'%s' takes %.4f s, a wrong password %.4f s",
			    name[i], other, wrong);
	}
	password_cost(8192, 1);
	gate_close(g);
}

static void
what_is_very_long_is_denied_without_being_hashed_whole(void **state)
{
	char *big = malloc(1 << 20);
	struct gate *g = desk_open(NULL);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', (1 << 20) - 1);
	big[(1 << 20) - 1] = '\0';
	desk_account(g, "chen", GOOD, T0, token);
	assert_int_equal(
	    desk_try(g, "chen", big, HOME, T0).answer, GATE_DENIED);
	assert_int_equal(desk_try(g, big, GOOD, HOME, T0).answer, GATE_DENIED);
	assert_int_equal(desk_try(g, "chen", GOOD, big, T0).answer, GATE_OK);
	free(big);
	gate_close(g);
}

/* Old rows go; a lock that still holds stays. */
static void
old_failures_are_forgotten_and_locks_are_kept(void **state)
{
	struct gate *g = desk_open(NULL);

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	guess(g, "chen", HOME, 5, T0);
	(void)desk_expire(g, T0 + 5 * WHEN_MINUTE);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 6 * WHEN_MINUTE).cause,
	    GATE_CAUSE_LOCKED);
	(void)desk_expire(g, T0 + 5 * WHEN_HOUR);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 5 * WHEN_HOUR).answer,
	    GATE_OK);
	gate_close(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_failures_lock_for_fifteen_minutes),
		cmocka_unit_test(the_right_password_gives_the_count_back),
		cmocka_unit_test(failures_older_than_the_window_do_not_count),
		cmocka_unit_test(tries_during_a_lock_do_not_prolong_it),
		cmocka_unit_test(locks_double_up_to_four_hours),
		cmocka_unit_test(an_administrator_lifts_a_lock),
		cmocka_unit_test(the_same_wrong_password_counts_once),
		cmocka_unit_test(
		    an_address_that_guesses_is_slowed_and_then_refused),
		cmocka_unit_test(an_address_cannot_change_its_spelling),
		cmocka_unit_test(nothing_tells_whether_a_name_exists),
		cmocka_unit_test(every_denial_costs_the_same_work),
		cmocka_unit_test(
		    what_is_very_long_is_denied_without_being_hashed_whole),
		cmocka_unit_test(old_failures_are_forgotten_and_locks_are_kept),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
