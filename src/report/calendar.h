/*
 * report/calendar.h: a source's days, and the gaps in them.
 *
 * The hours of a source are those in which it gave any record at all. A gap is
 * a run of unseen hours as long as the source may be silent, or longer; a day
 * that a gap touches is not whole (clauses 12.1, 12.3, 18.3).
 */
#ifndef REPORT_CALENDAR_H
#define REPORT_CALENDAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define CALENDAR_DAYS_MAX 400U
#define CALENDAR_GAPS_MAX 32U

struct calendar_gap {
	int64_t from_us, until_us;
	uint32_t hours;
};

struct calendar {
	int64_t from_us; /* first instant of the first day, Taipei */
	uint32_t days;
	int64_t alive_us, end_us; /* from its first record up to its end */
	uint8_t hour[CALENDAR_DAYS_MAX * 24]; /* 1: a record came */
	/* By calendar_settle: */
	char letter[CALENDAR_DAYS_MAX + 1]; /* one a day, see below */
	struct calendar_gap gap[CALENDAR_GAPS_MAX]; /* the latest ones */
	uint32_t n_gaps; /* all of them */
};

/* The letters. */
#define CALENDAR_BEFORE '-' /* before the first record, or after now */
#define CALENDAR_FULL 'f' /* a record in every hour */
#define CALENDAR_PART 'p' /* silent hours, fewer than make a gap */
#define CALENDAR_GAP 'g' /* a gap touches it */

/* calendar_begin: no hour seen; days at most CALENDAR_DAYS_MAX, ending with
 * the day of now_us. The source lives from alive_us to end_us, at most now. calendar_add: one day's row: 24 letters, '1' for each
 * hour without a record. Days outside are passed over. */
void calendar_begin(struct calendar *c, uint32_t days, int64_t alive_us,
    int64_t end_us, int64_t now_us);
void calendar_add(struct calendar *c, int64_t day_us, struct span unseen_hours);
/* calendar_settle: letters and gaps, for a source that may be silent for
 * less than `silent_hours`. The hour under way is not held against it. */
void calendar_settle(struct calendar *c, uint32_t silent_hours);

#endif
