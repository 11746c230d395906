/*
 * tests/proc/clock_test.c: a clock that is set is noticed, one that drifts is
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/when.h"
#include "proc/clock.h"

/* 2026-03-02T09:00:00+08:00 */
#define NOON INT64_C(1772413200000000)

static void
the_first_look_sees_no_jump(void **state)
{
	struct clock_watch c = { 0 };

	(void)state;
	assert_int_equal(clock_look(&c, NOON, WHEN_HOUR), 0);
}

static void
drift_and_five_seconds_are_no_jump_one_microsecond_more_is(void **state)
{
	struct clock_watch c = { 0 };

	(void)state;
	(void)clock_look(&c, NOON, WHEN_HOUR);
	assert_int_equal(
	    clock_look(&c, NOON + 1010000, WHEN_HOUR + WHEN_SECOND), 0);
	c = (struct clock_watch){ NOON, WHEN_HOUR };
	assert_int_equal(
	    clock_look(&c, NOON + 6 * WHEN_SECOND, WHEN_HOUR + WHEN_SECOND), 0);
	c = (struct clock_watch){ NOON, WHEN_HOUR };
	assert_int_equal(
	    clock_look(&c, NOON + 6 * WHEN_SECOND + 1, WHEN_HOUR + WHEN_SECOND),
	    5 * WHEN_SECOND + 1);
	c = (struct clock_watch){ NOON, WHEN_HOUR };
	assert_int_equal(
	    clock_look(&c, NOON - 4 * WHEN_SECOND - 1, WHEN_HOUR + WHEN_SECOND),
	    -5 * WHEN_SECOND - 1);
}

static void
a_jump_is_told_once_forwards_and_back(void **state)
{
	struct clock_watch c = { NOON, WHEN_HOUR };

	(void)state;
	assert_int_equal(clock_look(&c, NOON + 40 * WHEN_DAY + WHEN_SECOND,
			     WHEN_HOUR + WHEN_SECOND),
	    40 * WHEN_DAY);
	assert_int_equal(clock_look(&c, NOON + 40 * WHEN_DAY + 2 * WHEN_SECOND,
			     WHEN_HOUR + 2 * WHEN_SECOND),
	    0);
	assert_int_equal(clock_look(&c, NOON, WHEN_HOUR + 2 * WHEN_SECOND),
	    -40 * WHEN_DAY - 2 * WHEN_SECOND);
	assert_int_equal(
	    clock_look(&c, 1, WHEN_HOUR + 2 * WHEN_SECOND), 1 - NOON);
}

/* Stopped for an hour (a suspended machine): both clocks stood or both went. */
static void
a_long_pause_that_both_clocks_saw_is_no_jump(void **state)
{
	struct clock_watch c = { NOON, WHEN_HOUR };

	(void)state;
	assert_int_equal(clock_look(&c, NOON + WHEN_HOUR, 2 * WHEN_HOUR), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_look_sees_no_jump),
		cmocka_unit_test(
		    drift_and_five_seconds_are_no_jump_one_microsecond_more_is),
		cmocka_unit_test(a_jump_is_told_once_forwards_and_back),
		cmocka_unit_test(a_long_pause_that_both_clocks_saw_is_no_jump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
