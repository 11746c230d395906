/*
 * report/forecast.c: for how long a disk holds what comes.
 */
#include "report/forecast.h"

#include "base/when.h"

/* a + b and a * b, no further than the greatest number. */
static uint64_t
plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t
times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* What all streams take when each keeps the last `days` of its records. */
static uint64_t
taken(const struct forecast_stream *s, size_t n, uint32_t days)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = plus(sum,
		    times(s[i].day_bytes,
			days < s[i].keep_days ? days : s[i].keep_days));
	return sum;
}

uint32_t
forecast_days(const struct forecast_stream *s, size_t n, uint64_t free_bytes)
{
	uint64_t room = free_bytes;
	uint32_t low = 0, high = 0;

	for (size_t i = 0; i < n; i++) {
		room = plus(room, s[i].bytes);
		if (s[i].keep_days > high)
			high = s[i].keep_days;
	}
	if (taken(s, n, high) <= room)
		return FORECAST_ENOUGH;
	while (high - low > 1) { /* low fits, high does not */
		uint32_t mid = low + (high - low) / 2;

		if (taken(s, n, mid) <= room)
			low = mid;
		else
			high = mid;
	}
	return low;
}

uint64_t
forecast_rate(uint64_t bytes, int64_t span_us)
{
	uint64_t span = span_us < WHEN_HOUR ? (uint64_t)WHEN_HOUR
					    : (uint64_t)span_us;

	if (bytes <= UINT64_MAX / (uint64_t)WHEN_DAY)
		return bytes * (uint64_t)WHEN_DAY / span;
	return times(bytes / span, (uint64_t)WHEN_DAY);
}
