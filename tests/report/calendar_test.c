/*
 * tests/report/calendar_test.c: days, gaps, and how long a disk lasts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/when.h"
#include "report/calendar.h"
#include "report/forecast.h"

/* 2026-03-02T00:00:00+08:00 and 10:30 of the day after the next */
#define MONDAY INT64_C(1772380800000000)
#define NOW (MONDAY + 2 * WHEN_DAY + 10 * WHEN_HOUR + 30 * WHEN_MINUTE)

static const char all[] = "000000000000000000000000";

/* Three days ending at NOW, of a source alive since Monday. */
static void
three(struct calendar *c, const char *a, const char *b, const char *d,
    unsigned silent_hours)
{
	calendar_begin(c, 3, MONDAY, NOW, NOW);
	calendar_add(c, MONDAY, span_text(a));
	calendar_add(c, MONDAY + WHEN_DAY, span_text(b));
	calendar_add(c, MONDAY + 2 * WHEN_DAY, span_text(d));
	calendar_settle(c, silent_hours);
}

static void
a_record_in_every_hour_makes_full_days(void **state)
{
	struct calendar c;

	(void)state;
	three(&c, all, all, all, 24);
	assert_string_equal(c.letter, "fff");
	assert_int_equal(c.n_gaps, 0);
}

static void
a_short_silence_is_no_gap_and_one_as_long_as_allowed_is(void **state)
{
	struct calendar c;

	(void)state;
	three(&c, "000011100000000000000000", all, all, 4);
	assert_string_equal(c.letter, "pff");
	assert_int_equal(c.n_gaps, 0);
	three(&c, "000011110000000000000000", all, all, 4);
	assert_string_equal(c.letter, "gff");
	assert_int_equal(c.n_gaps, 1);
	assert_int_equal(c.gap[0].hours, 4);
	assert_int_equal(c.gap[0].from_us, MONDAY + 4 * WHEN_HOUR);
	assert_int_equal(c.gap[0].until_us, MONDAY + 8 * WHEN_HOUR);
}

static void
a_gap_runs_on_over_midnight(void **state)
{
	struct calendar c;

	(void)state;
	three(
	    &c, "000000000000000000000011", "110000000000000000000000", all, 4);
	assert_string_equal(c.letter, "ggf");
	assert_int_equal(c.gap[0].hours, 4);
}

static void
a_day_without_a_row_is_silent(void **state)
{
	struct calendar c;

	(void)state;
	calendar_begin(&c, 3, MONDAY, NOW, NOW);
	calendar_add(&c, MONDAY, span_text(all));
	calendar_settle(&c, 24);
	assert_string_equal(c.letter, "fgg");
	assert_int_equal(c.gap[0].hours, 34); /* the hour under way is not */
}

static void
the_hour_under_way_is_not_held_against_it(void **state)
{
	struct calendar c;

	(void)state;
	three(&c, all, all, "000000000011111111111111", 1);
	assert_string_equal(c.letter, "fff");
	three(&c, all, all, "000000000111111111111111", 1);
	assert_string_equal(c.letter, "ffg");
}

static void
days_before_the_first_record_are_not_judged(void **state)
{
	struct calendar c;

	(void)state;
	calendar_begin(&c, 3, MONDAY + WHEN_DAY + 5 * WHEN_HOUR, NOW, NOW);
	calendar_add(
	    &c, MONDAY + WHEN_DAY, span_text("111110000000000000000000"));
	calendar_add(&c, MONDAY + 2 * WHEN_DAY, span_text(all));
	calendar_settle(&c, 2);
	assert_string_equal(c.letter, "-ff");
}

static void
a_retired_source_ends_with_its_last_day(void **state)
{
	struct calendar c;

	(void)state;
	calendar_begin(&c, 3, MONDAY, MONDAY + WHEN_DAY, NOW);
	calendar_add(&c, MONDAY, span_text(all));
	calendar_settle(&c, 2);
	assert_string_equal(c.letter, "f--");
	assert_int_equal(c.n_gaps, 0);
}

static void
of_many_gaps_the_latest_are_described_and_all_are_counted(void **state)
{
	static const char alternating[] = "010101010101010101010101";
	struct calendar c;

	(void)state;
	three(&c, alternating, alternating, alternating, 1);
	assert_int_equal(c.n_gaps, 29);
	calendar_begin(&c, 30, 0, NOW, NOW);
	for (int d = 0; d < 30; d++)
		calendar_add(&c,
		    NOW - NOW % WHEN_DAY - 8 * WHEN_HOUR -
			(int64_t)d * WHEN_DAY,
		    span_text(alternating));
	calendar_settle(&c, 1);
	assert_true(c.n_gaps > CALENDAR_GAPS_MAX);
	assert_int_equal(c.gap[CALENDAR_GAPS_MAX - 1].until_us,
	    MONDAY + 2 * WHEN_DAY + 10 * WHEN_HOUR);
}

static void
a_disk_that_holds_every_period_is_enough(void **state)
{
	const struct forecast_stream s[] = { { 100, 10, 60 }, { 0, 5, 90 } };

	(void)state;
	assert_int_equal(forecast_days(s, 2, 950), FORECAST_ENOUGH);
	assert_int_equal(forecast_days(s, 2, 949), 89);
	assert_int_equal(forecast_days(NULL, 0, 0), FORECAST_ENOUGH);
}

static void
the_forecast_stops_at_the_day_that_no_longer_fits(void **state)
{
	const struct forecast_stream one = { 0, 10, 90 };

	(void)state;
	assert_int_equal(forecast_days(&one, 1, 719), 71);
	assert_int_equal(forecast_days(&one, 1, 720), 72);
	assert_int_equal(forecast_days(&one, 1, 0), 0);
}

static void
a_stream_of_a_short_period_leaves_room_to_the_others(void **state)
{
	const struct forecast_stream s[] = { { 0, 100, 10 }, { 0, 10, 90 } };

	(void)state;
	/* 10 days of both are 1,100; then 10 a day. */
	assert_int_equal(forecast_days(s, 2, 1099), 9);
	assert_int_equal(forecast_days(s, 2, 1200), 20);
}

static void
numbers_past_all_measure_do_not_overflow(void **state)
{
	const struct forecast_stream s[] = { { UINT64_MAX, UINT64_MAX, 90 },
		{ 1, UINT64_MAX, 36500 } };

	(void)state;
	assert_int_equal(forecast_days(s, 2, UINT64_MAX), FORECAST_ENOUGH);
	assert_int_equal(forecast_rate(UINT64_MAX, 1), UINT64_MAX);
	assert_int_equal(forecast_rate(7000, 7 * WHEN_DAY), 1000);
	assert_int_equal(forecast_rate(10, 0), 240);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_in_every_hour_makes_full_days),
		cmocka_unit_test(
		    a_short_silence_is_no_gap_and_one_as_long_as_allowed_is),
		cmocka_unit_test(a_gap_runs_on_over_midnight),
		cmocka_unit_test(a_day_without_a_row_is_silent),
		cmocka_unit_test(the_hour_under_way_is_not_held_against_it),
		cmocka_unit_test(days_before_the_first_record_are_not_judged),
		cmocka_unit_test(a_retired_source_ends_with_its_last_day),
		cmocka_unit_test(
		    of_many_gaps_the_latest_are_described_and_all_are_counted),
		cmocka_unit_test(a_disk_that_holds_every_period_is_enough),
		cmocka_unit_test(
		    the_forecast_stops_at_the_day_that_no_longer_fits),
		cmocka_unit_test(
		    a_stream_of_a_short_period_leaves_room_to_the_others),
		cmocka_unit_test(numbers_past_all_measure_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
