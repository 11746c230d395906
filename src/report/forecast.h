/*
 * report/forecast.h: for how long a disk holds what comes.
 *
 * Each stream takes so many bytes a day and keeps them so many days. The disk
 * is full on the first day on which what all streams then keep no longer fits
 * into what they have and what is free (clauses 12.3 and 18.3: "at this rate
 * the disk holds 71 days, the clause asks 90").
 */
#ifndef REPORT_FORECAST_H
#define REPORT_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#define FORECAST_ENOUGH UINT32_MAX /* every stream's whole period fits */

struct forecast_stream {
	uint64_t bytes; /* on disk now */
	uint64_t day_bytes; /* what it takes a day, at the present rate */
	unsigned keep_days;
};

/*
 * forecast_days: how many whole days of records every stream can keep;
 * FORECAST_ENOUGH when that is more than any period. free_bytes: what may
 * still be used. Counts saturate.
 */
uint32_t forecast_days(
    const struct forecast_stream *s, size_t n, uint64_t free_bytes);

/*
 * forecast_rate: bytes a day from `bytes` that came within span_us; less than
 * an hour counts as an hour, so that the first minutes do not foretell a
 * flood.
 */
uint64_t forecast_rate(uint64_t bytes, int64_t span_us);

#endif
