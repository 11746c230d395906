/*
 * told_test: what keeper tells book is read as it was written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "proc/told.h"

static void
a_report_is_read_as_it_was_written(void **state)
{
	const struct source_report source = { .id = 3,
		.agency = SPAN_LIT("main"),
		.log_source = SPAN_LIT("ls1"),
		.sender = SPAN_LIT("192.0.2.7"),
		.host = SPAN_LIT("web01"),
		.via = VIA_TCP,
		.first_us = 1,
		.last_us = 2,
		.records = 9 };
	const struct rollup_delta delta = { .source = 3,
		.category = CAT_SIGN_IN,
		.hour_us = 0,
		.n = 4,
		.lacking = 1,
		.first_us = 1,
		.last_us = 2,
		.lacking_us = 2 };
	const struct detection_report detection = { .source = 3,
		.rule = SPAN_LIT("brute-force"),
		.subject = SPAN_LIT("root"),
		.user = SPAN_LIT("root"),
		.first_us = 1,
		.last_us = 2,
		.count = 5,
		.record = SPAN_LIT("main.audit-60.4") };
	const struct stream_report r = { SPAN_LIT("main.audit-60"), 2, 6,
		&source, 1, &delta, 1, &detection, 1 };
	struct arena *a = arena_new(1 << 20);
	struct stream_report got;
	struct fault why;
	struct cursor c;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	told_report(&b, &r);
	c = cursor_of(buf_view(&b));
	assert_int_equal(told_report_read(&c, a, &got, &why), ERR_OK);
	assert_true(span_is(got.stream, "main.audit-60"));
	assert_int_equal(got.from, 2);
	assert_int_equal(got.to, 6);
	assert_int_equal(got.n_sources, 1);
	assert_true(span_is(got.source[0].host, "web01"));
	assert_int_equal(got.source[0].via, VIA_TCP);
	assert_int_equal(got.n_deltas, 1);
	assert_int_equal(got.delta[0].category, CAT_SIGN_IN);
	assert_int_equal(got.delta[0].lacking_us, 2);
	assert_int_equal(got.n_detections, 1);
	assert_true(span_is(got.detection[0].record, "main.audit-60.4"));
	/* Every cut of it is refused. */
	for (size_t n = 0; n < b.len; n++) {
		struct stream_report cut;

		c = cursor_of(span_of(b.at, n));
		assert_int_not_equal(
		    told_report_read(&c, a, &cut, &why), ERR_OK);
	}
	arena_free(a);
	buf_clear(&b);
}

/* A count that the message cannot hold asks for no memory. */
static void
a_great_count_in_a_short_message_is_refused(void **state)
{
	static const uint8_t bytes[] = { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0 };
	struct arena *a = arena_new(4096);
	const struct stream_head *h;
	struct fault why;
	struct cursor c = cursor_of(span_of(bytes, sizeof bytes));
	size_t n;

	(void)state;
	assert_int_equal(told_heads_read(&c, a, &h, &n, &why), ERR_SYNTAX);
	arena_free(a);
}

static void
a_verification_names_its_damage(void **state)
{
	const struct told_damage damage = { { { 7 } },
		SPAN_LIT("segment ab: block 3") };
	const struct told_verify v = {
		{ SPAN_LIT("main"), 1, 2, 3, 4, 1, SPAN_LIT("x") }, &damage, 1
	};
	struct arena *a = arena_new(1 << 16);
	struct told_verify got;
	struct fault why;
	struct cursor c;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	told_verify(&b, &v);
	c = cursor_of(buf_view(&b));
	assert_int_equal(told_verify_read(&c, a, &got, &why), ERR_OK);
	assert_int_equal(got.run.failed, 1);
	assert_int_equal(got.n_damages, 1);
	assert_int_equal(got.damage[0].file.at[0], 7);
	assert_true(span_is(got.damage[0].detail, "segment ab: block 3"));
	arena_free(a);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_read_as_it_was_written),
		cmocka_unit_test(a_great_count_in_a_short_message_is_refused),
		cmocka_unit_test(a_verification_names_its_damage),
	};

	return cmocka_run_group_tests_name("told", tests, NULL, NULL);
}
