/*
 * tests/base/when_test.c: the calendar by which the city is judged.
 */
#include "base/when.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int64_t
at(const char *text)
{
	struct fault why = { 0 };
	int64_t us = 0;

	if (when_parse(span_text(text), &us, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return us;
}

/* An instant as text, in a place that the next but three calls reuse. */
static const char *
shown(int64_t us)
{
	static char text[4][64];
	static unsigned turn;
	char *to = text[turn++ % 4];
	struct buf b;

	buf_init(&b, 63);
	when_print(&b, us);
	assert_int_equal(buf_error(&b), ERR_OK);
	memcpy(to, buf_string(&b), b.len + 1);
	buf_clear(&b);
	return to;
}

/* 2024 was a leap year and 2025 was not: ROC 113 and 114. */
static void
leap_day_follows_the_gregorian_year(void **state)
{
	struct day d = { 0 };
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(roc_parse(SPAN_LIT("113/02/29"), &d, &why), ERR_OK);
	assert_int_equal(d.year, 2024);

	assert_int_equal(roc_parse(SPAN_LIT("114/02/29"), &d, &why), ERR_RANGE);
	assert_string_equal(why.text, "no such day: 114/02/29");
	assert_int_equal(d.year, 2024); /* failure leaves the answer alone */
	assert_int_equal(roc_parse(SPAN_LIT("113/02/30"), &d, &why), ERR_RANGE);
	assert_string_equal(why.text, "no such day: 113/02/30");
}

static void
roc_and_gregorian_dates_are_read_in_their_forms(void **state)
{
	static const char *const roc[] = { "115/11/22", "115-11-22", "1151122",
		"民國115年11月22日" };
	static const char *const other[] = { "", "2026-11-22", "115/11-22",
		"11511222", "115112", "115/11/22 ", " 115/11/22", "115/11",
		"民國115年11月22", "民國年1月1日", "民國2026年1月1日",
		"115//22", "-15/1/1", "115/+1/1", "１１５/11/22" };
	struct day d = { 0 };
	struct fault why = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof roc / sizeof roc[0]; i++) {
		d = (struct day){ 0 };
		assert_int_equal(
		    roc_parse(span_text(roc[i]), &d, &why), ERR_OK);
		assert_true(d.year == 2026 && d.month == 11 && d.day == 22);
	}
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		assert_int_equal(
		    roc_parse(span_text(other[i]), &d, &why), ERR_SYNTAX);
	assert_string_equal(why.text, "not a date: １１５/11/22");
	assert_int_equal(roc_parse(SPAN_LIT("0/12/31"), &d, &why), ERR_RANGE);
	assert_int_equal(roc_parse(SPAN_LIT("1/1/1"), &d, &why), ERR_OK);
	assert_int_equal(d.year, 1912);
	assert_int_equal(roc_parse(SPAN_LIT("1151301"), &d, &why), ERR_RANGE);
	assert_int_equal(day_parse(SPAN_LIT("2026/3/5"), &d, &why), ERR_OK);
	assert_true(d.year == 2026 && d.month == 3 && d.day == 5);
	assert_int_equal(
	    day_parse(SPAN_LIT("2026-11/22"), &d, &why), ERR_SYNTAX);
	assert_int_equal(
	    day_parse(SPAN_LIT("115/11/22"), &d, &why), ERR_SYNTAX);
	assert_int_equal(
	    day_parse(SPAN_LIT("1900-02-29"), &d, &why), ERR_RANGE);
	assert_int_equal(
	    day_parse(SPAN_LIT("2026-00-10"), &d, &why), ERR_RANGE);
}

/* RFC 3339 section 5.8, all five examples. */
static void
instants_are_read_as_rfc_3339_says(void **state)
{
	(void)state;
	assert_true(at("1985-04-12T23:20:50.52Z") == INT64_C(482196050520000));
	assert_true(
	    at("1996-12-19T16:39:57-08:00") == INT64_C(851042397000000));
	assert_true(at("1990-12-31T23:59:60Z") == INT64_C(662688000000000));
	assert_true(
	    at("1990-12-31T15:59:60-08:00") == INT64_C(662688000000000));
	assert_true(
	    at("1937-01-01T12:00:27.87+00:20") == INT64_C(-1041337172130000));
	assert_true(at("1970-01-01T00:00:00Z") == 0);
	assert_true(at("1970-01-01 08:00:00.0000019+08:00") == 1);
	assert_true(at("1970-01-01t00:00:00z") == 0);
	assert_true(at("1970-01-01T00:00:00-00:00") == 0);
	/* A date alone is its first instant in Taipei. */
	assert_true(at("1970-01-02") == 16 * WHEN_HOUR);
	assert_true(at("59/1/2") == 16 * WHEN_HOUR);
	assert_true(at("民國59年1月2日") == 16 * WHEN_HOUR);
}

static void
what_is_no_instant_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err e;
	} form[] = {
		{ "", ERR_SYNTAX },
		{ "now", ERR_SYNTAX },
		{ "2026-11-22T10:00:00", ERR_SYNTAX },
		{ "2026-11-22T10:00Z", ERR_SYNTAX },
		{ "2026-11-22T10:00:00.Z", ERR_SYNTAX },
		{ "2026-11-22T10:00:00+0800", ERR_SYNTAX },
		{ "2026-11-22T10:00:00+08", ERR_SYNTAX },
		{ "2026/11/22T10:00:00Z", ERR_SYNTAX },
		{ "2026-1-22T10:00:00Z", ERR_SYNTAX },
		{ "2026-11-22_10:00:00Z", ERR_SYNTAX },
		{ "2026-11-22T10:00:00Zx", ERR_SYNTAX },
		{ "22026-11-22T10:00:00Z", ERR_SYNTAX },
		{ "2026-02-29T10:00:00Z", ERR_RANGE },
		{ "2026-13-01T10:00:00Z", ERR_RANGE },
		{ "2026-11-22T24:00:00Z", ERR_RANGE },
		{ "2026-11-22T10:60:00Z", ERR_RANGE },
		{ "2026-11-22T10:00:61Z", ERR_RANGE },
		{ "2026-11-22T10:00:00+24:00", ERR_RANGE },
		{ "2026-11-22T10:00:00+08:60", ERR_RANGE },
		{ "2026-11-22T23:59:60Z", ERR_RANGE }, /* not a month's end */
		{ "1990-12-31T23:58:60Z", ERR_RANGE },
		{ "1911-12-31", ERR_RANGE },
		{ "1912-01-01T00:00:00+08:01", ERR_RANGE },
		{ "9999-12-31T23:59:59Z", ERR_RANGE },
	};
	int64_t us = 7;
	struct fault why = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++)
		if (when_parse(span_text(form[i].text), &us, &why) != form[i].e)
			fail_msg("%s: %s", form[i].text, why.text);
	assert_true(us == 7);
	assert_int_equal(
	    when_parse(SPAN_LIT("2026-02-29"), &us, &why), ERR_RANGE);
	assert_string_equal(why.text, "no such day: 2026-02-29");
	assert_int_equal(
	    when_parse(SPAN_LIT("yesterday"), &us, &why), ERR_SYNTAX);
	assert_string_equal(why.text, "not a date or time: yesterday");
	assert_int_equal(
	    when_parse(SPAN_LIT("yesterday"), &us, NULL), ERR_SYNTAX);
}

static void
what_is_printed_is_read_back(void **state)
{
	struct buf b;

	(void)state;
	assert_string_equal(shown(INT64_C(1795360047000001)),
	    "2026-11-22T23:07:27.000001+08:00");
	assert_string_equal(shown(-1), "1970-01-01T07:59:59.999999+08:00");
	buf_init(&b, 1000);
	when_print_utc(&b, INT64_C(1795360047000000));
	assert_string_equal(buf_string(&b), "2026-11-22T15:07:27Z");
	buf_reset(&b);
	roc_print(&b, (struct day){ 2026, 11, 22 });
	assert_string_equal(buf_string(&b), "民國115年11月22日");
	buf_reset(&b);
	roc_print(&b, (struct day){ 1895, 6, 2 });
	assert_string_equal(buf_string(&b), "民國前17年6月2日");
	buf_reset(&b);
	day_print(&b, (struct day){ 2026, 3, 5 });
	assert_string_equal(buf_string(&b), "2026-03-05");
	buf_clear(&b);
	for (int64_t us = at("1912-01-01"); us < at("9999-12-30");
	     us += 98765432109876543)
		assert_true(at(shown(us)) == us);
	/* Any number at all can be shown. */
	assert_non_null(shown(INT64_MAX));
	assert_non_null(shown(INT64_MIN));
}

/* Every day of eight centuries follows the one before it. */
static void
days_follow_one_another(void **state)
{
	int64_t us = at("1912-01-01");
	struct day last = { 1911, 12, 31 };

	(void)state;
	for (int n = 0; n < 292194; n++, us += WHEN_DAY) {
		struct day d = when_day(us);

		assert_true(day_is_real(d));
		assert_true(day_start(d) == us);
		assert_true(when_day(us + WHEN_DAY - 1).day == d.day);
		if (d.day == 1)
			assert_true(!day_is_real((struct day){ last.year,
					last.month, last.day + 1 }) ||
			    n == 0);
		else
			assert_true(d.day == last.day + 1 &&
			    d.month == last.month && d.year == last.year);
		last = d;
	}
	assert_int_equal(last.year, 2711);
}

static void
the_parts_of_a_year_begin_at_taipei_midnight(void **state)
{
	int64_t us = at("2026-11-22T23:07:27.5+08:00");

	(void)state;
	assert_string_equal(shown(when_hour(us)), "2026-11-22T23:00:00+08:00");
	assert_string_equal(
	    shown(when_day_start(us)), "2026-11-22T00:00:00+08:00");
	assert_string_equal(
	    shown(when_month_start(us)), "2026-11-01T00:00:00+08:00");
	assert_string_equal(
	    shown(when_half_start(us)), "2026-07-01T00:00:00+08:00");
	assert_string_equal(shown(when_half_start(at("2026-06-30"))),
	    "2026-01-01T00:00:00+08:00");
	assert_string_equal(
	    shown(when_year_start(us)), "2026-01-01T00:00:00+08:00");
	/* 16:00 UTC is the next day in Taipei. */
	assert_int_equal(when_day(at("2025-12-31T16:00:00Z")).year, 2026);
	assert_int_equal(
	    when_day(at("2025-12-31T15:59:59.999999Z")).year, 2025);
	assert_true(when_day_start(when_day_start(us)) == when_day_start(us));
	assert_true(when_hour(-1) == -WHEN_HOUR);
}

static void
a_day_that_the_month_lacks_becomes_its_last(void **state)
{
	struct day d = day_add_months((struct day){ 2026, 3, 31 }, 1);

	(void)state;
	assert_true(d.year == 2026 && d.month == 4 && d.day == 30);
	d = day_add_months((struct day){ 2024, 1, 31 }, 1);
	assert_true(d.year == 2024 && d.month == 2 && d.day == 29);
	d = day_add_months((struct day){ 2026, 1, 31 }, -2);
	assert_true(d.year == 2025 && d.month == 11 && d.day == 30);
	d = day_add_months((struct day){ 2026, 1, 15 }, -13);
	assert_true(d.year == 2024 && d.month == 12 && d.day == 15);
	d = day_add_months((struct day){ 2026, 12, 1 }, 1);
	assert_true(d.year == 2027 && d.month == 1 && d.day == 1);
	assert_string_equal(
	    shown(when_months_before(at("2026-08-31T10:20:30+08:00"), 6)),
	    "2026-02-28T10:20:30+08:00");
	assert_string_equal(
	    shown(when_months_before(at("2026-02-28T10:20:30+08:00"), -6)),
	    "2026-08-28T10:20:30+08:00");
	/* However many months: an answer, and no overflow. */
	assert_true(when_months_before(0, INT32_MAX) < 0);
	assert_true(when_months_before(0, INT32_MIN) > 0);
	assert_true(when_months_before(INT64_MAX, INT32_MIN) > 0);
	assert_true(when_months_before(INT64_MIN, INT32_MAX) < 0);
	assert_true(when_period_end(INT64_MAX, INT32_MAX) > 0);
}

/* The three worked examples of the law's month arithmetic. */
static void
a_period_of_a_month_ends_as_the_law_says(void **state)
{
	static const char *const done_late[][2] = {
		{ "2026-03-31", "2026-05-01" },
		{ "2026-03-30", "2026-05-01" },
		{ "2026-01-30", "2026-03-01" },
		{ "2028-01-30", "2028-03-01" },
		{ "2026-04-30", "2026-06-01" },
		{ "2026-03-15T18:00:00+08:00", "2026-04-16" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof done_late / sizeof done_late[0]; i++)
		assert_string_equal(
		    shown(when_period_end(at(done_late[i][0]), 1)),
		    shown(at(done_late[i][1])));
}

/* Whether one counts forward from the deed or backward from today, the same
 * deeds are in time. */
static void
forward_and_backward_agree_on_what_is_in_time(void **state)
{
	static const int months[] = { 1, 2, 3, 6, 12, 24 };

	(void)state;
	for (int64_t done = at("2023-12-25"); done < at("2025-03-05");
	     done += WHEN_DAY)
		for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
			int64_t end = when_period_end(done, months[i]);

			for (int64_t t = end - 4 * WHEN_DAY;
			     t <= end + 4 * WHEN_DAY; t += WHEN_DAY)
				assert_true((t < end) ==
				    (done >= when_months_before(t, months[i])));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leap_day_follows_the_gregorian_year),
		cmocka_unit_test(
		    roc_and_gregorian_dates_are_read_in_their_forms),
		cmocka_unit_test(instants_are_read_as_rfc_3339_says),
		cmocka_unit_test(what_is_no_instant_is_refused),
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(days_follow_one_another),
		cmocka_unit_test(the_parts_of_a_year_begin_at_taipei_midnight),
		cmocka_unit_test(a_day_that_the_month_lacks_becomes_its_last),
		cmocka_unit_test(a_period_of_a_month_ends_as_the_law_says),
		cmocka_unit_test(forward_and_backward_agree_on_what_is_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
