/*
 * base/when.c: Taipei's calendar over UTC microseconds.
 *
 * Days are counted from 1970-01-01; the civil date of a day number comes from
 * the 400-year cycle of the Gregorian calendar (146,097 days). Nothing here
 * asks the system for the time or the zone.
 */
#include "base/when.h"

#include <assert.h>

#define TAIPEI (8 * WHEN_HOUR)
#define CYCLE_DAYS 146097
#define YEAR_FIRST 1912
#define YEAR_LAST 9999
/* Years whose instants surely fit 64 bits; beyond them answers stand still. */
#define YEAR_MOST 290000

/* Division that rounds down, for b > 0. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t
floor_mod(int64_t a, int64_t b)
{
	return a % b < 0 ? a % b + b : a % b;
}

/* us - n, standing still at the first instant. */
static int64_t
earlier(int64_t us, int64_t n)
{
	return us < INT64_MIN + n ? INT64_MIN : us - n;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	assert(month >= 1 && month <= 12);
	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* The number of a civil date, 1970-01-01 being 0. */
static int64_t
day_number(struct day d)
{
	/* The year is taken to begin in March, so that a leap day is last. */
	int64_t year = d.month <= 2 ? (int64_t)d.year - 1 : d.year;
	int64_t cycle = floor_div(year, 400);
	int64_t in_cycle = year - cycle * 400;
	int64_t month = (d.month + 9) % 12;
	int64_t in_year = (153 * month + 2) / 5 + d.day - 1;
	int64_t day = in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year;

	return cycle * CYCLE_DAYS + day - 719468; /* 0000-03-01 */
}

/* The civil date of a day number. */
static struct day
number_day(int64_t number)
{
	int64_t n = number + 719468;
	int64_t cycle = floor_div(n, CYCLE_DAYS);
	int64_t day = n - cycle * CYCLE_DAYS;
	int64_t in_cycle =
	    (day - day / 1460 + day / 36524 - day / (CYCLE_DAYS - 1)) / 365;
	int64_t in_year = day -
	    (365 * in_cycle + in_cycle / 4 - in_cycle / 100);
	int64_t month = (5 * in_year + 2) / 153;
	struct day d = {
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(in_year - (153 * month + 2) / 5 + 1),
	};

	d.year = (int)(in_cycle + cycle * 400 + (d.month <= 2));
	return d;
}

/* Splits an instant into its day number and the rest of that day, at an
 * offset of 0 .. 1 day east of Greenwich. */
static int64_t
split(int64_t us, int64_t east, int64_t *rest)
{
	int64_t number = floor_div(us, WHEN_DAY);

	*rest = floor_mod(us, WHEN_DAY) + east;
	if (*rest >= WHEN_DAY) {
		*rest -= WHEN_DAY;
		number++;
	}
	return number;
}

struct day
when_day(int64_t us)
{
	int64_t rest;

	return number_day(split(us, TAIPEI, &rest));
}

int64_t
day_start(struct day d)
{
	assert(d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31);
	if (d.year > YEAR_MOST)
		return INT64_MAX;
	if (d.year < -YEAR_MOST)
		return INT64_MIN;
	return day_number(d) * WHEN_DAY - TAIPEI;
}

bool
day_is_real(struct day d)
{
	return d.year >= YEAR_FIRST && d.year <= YEAR_LAST && d.month >= 1 &&
	    d.month <= 12 && d.day >= 1 && d.day <= month_days(d.year, d.month);
}

/* day_add_months for any count of months. */
static struct day
add_months(struct day d, int64_t n)
{
	int64_t months = (int64_t)d.year * 12 + (d.month - 1) + n;
	int64_t year = floor_div(months, 12);
	int last;

	if (year > YEAR_MOST)
		year = YEAR_MOST;
	if (year < -YEAR_MOST)
		year = -YEAR_MOST;
	d.year = (int)year;
	d.month = (int)floor_mod(months, 12) + 1;
	last = month_days(d.year, d.month);
	if (d.day > last)
		d.day = last;
	return d;
}

struct day
day_add_months(struct day d, int n)
{
	return add_months(d, n);
}

int64_t
when_months_before(int64_t us, int n)
{
	int64_t rest;
	struct day d = number_day(split(us, TAIPEI, &rest));

	return day_start(add_months(d, -(int64_t)n)) + rest;
}

int64_t
when_period_end(int64_t us, int n)
{
	int64_t rest;
	int64_t first = split(us, TAIPEI, &rest) + 1;
	struct day d = number_day(first), e = add_months(d, n);

	/* The same number ends the period as its day begins; a month without
	 * it gives all its days. */
	if (e.day == d.day)
		return day_start(e);
	return day_start(e) + WHEN_DAY;
}

int64_t
when_hour(int64_t us)
{
	return earlier(us, floor_mod(us, WHEN_HOUR));
}

int64_t
when_day_start(int64_t us)
{
	int64_t rest;

	(void)split(us, TAIPEI, &rest);
	return earlier(us, rest);
}

int64_t
when_month_start(int64_t us)
{
	struct day d = when_day(us);

	d.day = 1;
	return day_start(d);
}

int64_t
when_half_start(int64_t us)
{
	struct day d = when_day(us);

	d.day = 1;
	d.month = d.month >= 7 ? 7 : 1;
	return day_start(d);
}

int64_t
when_year_start(int64_t us)
{
	struct day d = when_day(us);

	d.day = 1;
	d.month = 1;
	return day_start(d);
}
