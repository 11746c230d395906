/*
 * report/calendar.c: a source's days, and the gaps in them.
 */
#include "report/calendar.h"

#include <string.h>

#include "base/when.h"

void
calendar_begin(struct calendar *c, uint32_t days, int64_t alive_us,
    int64_t end_us, int64_t now_us)
{
	if (days > CALENDAR_DAYS_MAX)
		days = CALENDAR_DAYS_MAX;
	memset(c, 0, sizeof *c);
	c->days = days;
	c->alive_us = alive_us;
	c->end_us = end_us < now_us ? end_us : now_us;
	c->from_us = when_day_start(now_us) - (days - 1) * WHEN_DAY;
}

void
calendar_add(struct calendar *c, int64_t day_us, struct span unseen_hours)
{
	int64_t day = (day_us - c->from_us) / WHEN_DAY;

	if (day_us < c->from_us || day >= c->days || unseen_hours.len != 24)
		return;
	for (size_t h = 0; h < 24; h++)
		if (unseen_hours.at[h] == '0')
			c->hour[(size_t)day * 24 + h] = 1;
}

/* Notes a gap of hours [first, end) and marks its days. */
static void
gap_note(struct calendar *c, size_t first, size_t end)
{
	struct calendar_gap *g;

	if (c->n_gaps++ >= CALENDAR_GAPS_MAX)
		memmove(&c->gap[0], &c->gap[1],
		    (CALENDAR_GAPS_MAX - 1) * sizeof *c->gap);
	g = &c->gap[(c->n_gaps < CALENDAR_GAPS_MAX ? c->n_gaps
						   : CALENDAR_GAPS_MAX) -
	    1];
	*g = (struct calendar_gap){ .from_us = c->from_us +
		    (int64_t)first * WHEN_HOUR,
		.until_us = c->from_us + (int64_t)end * WHEN_HOUR,
		.hours = (uint32_t)(end - first) };
	for (size_t day = first / 24; day <= (end - 1) / 24; day++)
		c->letter[day] = CALENDAR_GAP;
}

/* The hour that holds an instant, counted from the first; 0 before it. */
static size_t
hour_of(const struct calendar *c, int64_t us)
{
	return us <= c->from_us ? 0 : (size_t)((us - c->from_us) / WHEN_HOUR);
}

void
calendar_settle(struct calendar *c, uint32_t silent_hours)
{
	size_t first = hour_of(c, c->alive_us), end = hour_of(c, c->end_us);
	size_t begin = first;

	memset(c->letter, CALENDAR_BEFORE, c->days);
	c->letter[c->days] = '\0';
	c->n_gaps = 0;
	for (size_t h = first; h < end; h++) {
		char *day = &c->letter[h / 24];

		if (*day == CALENDAR_BEFORE)
			*day = CALENDAR_FULL;
		if (!c->hour[h])
			*day = CALENDAR_PART;
	}
	for (size_t h = first; h <= end; h++) {
		if (h < end && !c->hour[h])
			continue;
		if (h - begin >= silent_hours && h > begin)
			gap_note(c, begin, h);
		begin = h + 1;
	}
	/* Today counts as soon as its first record is there. */
	if (c->days > 0 && c->hour[end] &&
	    c->letter[c->days - 1] == CALENDAR_BEFORE)
		c->letter[c->days - 1] = CALENDAR_FULL;
}
