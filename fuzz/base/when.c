/*
 * fuzz/base/when.c: dates and times as people and machines write them.
 */
#include "base/when.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was read is in range, and printed it is read as the same. */
static void
reads(struct span s)
{
	struct fault why = { 0 };
	int64_t us = -7, again;
	struct buf b;
	enum err e = when_parse(s, &us, &why);

	if (e != ERR_OK) {
		assert((e == ERR_SYNTAX || e == ERR_RANGE) && us == -7);
		assert(why.code == e && why.text[0] != '\0');
		return;
	}
	assert(day_is_real(when_day(us)));
	buf_init(&b, 64);
	when_print(&b, us);
	assert(when_parse(buf_view(&b), &again, &why) == ERR_OK && again == us);
	buf_reset(&b);
	when_print_utc(&b, us);
	/* The first eight hours of 1912 are 1911 in Greenwich. */
	if (when_parse(buf_view(&b), &again, &why) == ERR_OK)
		assert(again == us);
	else
		assert(when_day(us).year == 1912);
	buf_reset(&b);
	roc_print(&b, when_day(us));
	if (when_day(us).year > 1911 + 999) { /* ROC years have 3 digits */
		assert(when_parse(buf_view(&b), &again, &why) == ERR_SYNTAX);
		goto out;
	}
	assert(when_parse(buf_view(&b), &again, &why) == ERR_OK);
	assert(again == when_day_start(us));
out:
	buf_clear(&b);
}

/* Sums of any instant and any months give an answer. */
static void
sums(int64_t us, int n)
{
	struct buf b;

	assert(when_day_start(us) <= us && when_hour(us) <= us);
	(void)when_month_start(us);
	(void)when_half_start(us);
	(void)when_year_start(us);
	(void)when_months_before(us, n);
	(void)when_period_end(us, n);
	buf_init(&b, 100);
	when_print(&b, us);
	assert(buf_error(&b) == ERR_OK);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span s = span_of(data, len);
	struct cursor c = cursor_of(s);
	int64_t us = (int64_t)cursor_u64(&c);
	int n = (int)cursor_u32(&c);

	reads(s);
	sums(us, n);
	return 0;
}
