/*
 * base/when.h: instants, Taipei's calendar and ROC years.
 *
 * An instant is int64_t microseconds since 1970-01-01T00:00:00Z (`_us`).
 * Taipei is UTC+8 without summer time since 1979; earlier dates use +8 too.
 * A ROC year is the Gregorian year minus 1911 (民國115年 = 2026).
 * Instants printed or parsed lie in years 1912 to 9999.
 *
 * Source: month arithmetic as in the law facts (the day after the period's
 * last day ends it; the 31st before a 30-day month is that month's last day).
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include "base/buf.h"
#include "base/fault.h"

#define WHEN_SECOND INT64_C(1000000)
#define WHEN_MINUTE (60 * WHEN_SECOND)
#define WHEN_HOUR (60 * WHEN_MINUTE)
#define WHEN_DAY (24 * WHEN_HOUR)
#define WHEN_NEVER INT64_MAX

/* A civil date; month 1..12, day 1..31. */
struct day {
	int year, month, day;
};

/* when_day: the Taipei date of an instant. day_start: its first instant. */
struct day when_day(int64_t us);
int64_t day_start(struct day d);
/* day_is_real: the date exists (1912-01-01 .. 9999-12-31). */
bool day_is_real(struct day d);
/* day_add_months: n may be negative; a day that the month lacks becomes the
 * month's last. */
struct day day_add_months(struct day d, int n);
/* when_months_before: the instant n calendar months before us, same Taipei
 * time of day. n may be negative. What was done on a day not before that of
 * when_months_before(at, n) is at `at` still within n months by the law's
 * arithmetic; for a moment to come use when_period_end. */
int64_t when_months_before(int64_t us, int n);
/* when_period_end: the instant at which a period of n months is over when us
 * set it going: the day of us is not counted, the day before the same number
 * is the last, and so is the last of a month that lacks the number. Done on
 * 31 March or on 30 March, one month: the first instant of 1 May. */
int64_t when_period_end(int64_t us, int n);
/* when_hour, when_day_start, when_month_start, when_half_start,
 * when_year_start: the first instant of the Taipei hour, day, month, half
 * year (January or July) and year that hold us. */
int64_t when_hour(int64_t us);
int64_t when_day_start(int64_t us);
int64_t when_month_start(int64_t us);
int64_t when_half_start(int64_t us);
int64_t when_year_start(int64_t us);

/* Sums past the years +-290000 stand still there. */

/* when_print: "2026-11-22T23:07:27.000001+08:00"; microseconds are left out
 * when zero. when_print_utc: the same in "…Z" form. */
void when_print(struct buf *b, int64_t us);
void when_print_utc(struct buf *b, int64_t us);
/* day_print: "2026-11-22". roc_print: "民國115年11月22日". */
void day_print(struct buf *b, struct day d);
void roc_print(struct buf *b, struct day d);

/*
 * when_parse: RFC 3339 ("…Z" or an offset; 't' or a space between date and
 * time), or a date alone (Taipei midnight), Gregorian or ROC. *us stays on
 * failure. Digits past the microsecond are passed over; a leap second
 * (23:59:60 UTC at a month's end) is the first instant of the next day.
 * Fails  ERR_SYNTAX not of that form; ERR_RANGE no such day or time.
 */
MUST_CHECK enum err when_parse(struct span s, int64_t *us, struct fault *why);
/* day_parse: "2026-11-22", "2026/11/22". roc_parse: "115/11/22",
 * "115-11-22", "1151122", "民國115年11月22日". Month and day may be one digit
 * where a mark follows; ROC years have one to three, so that 民國2026年 is
 * refused rather than taken for 3937. Same failures; a day that does not exist gives the
 * line "no such day: 113/02/30". */
MUST_CHECK enum err day_parse(struct span s, struct day *d, struct fault *why);
MUST_CHECK enum err roc_parse(struct span s, struct day *d, struct fault *why);

#endif
