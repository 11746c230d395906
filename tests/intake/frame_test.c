/*
 * tests/intake/frame_test.c: records out of a byte stream, cut anywhere.
 */
#include "intake/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Writes each record as "[marks:len:bytes]", long ones without bytes. */
static void
note(void *arg, struct span record, unsigned marks)
{
	struct buf *b = arg;

	assert_true(record.len >= 1 && record.len <= EVENT_RAW_MAX);
	buf_printf(b, "[%u:%zu:", marks, record.len);
	if (record.len <= 200)
		buf_span(b, record);
	buf_u8(b, ']');
}

/* Feeds s in pieces of `step` bytes, the first of `first`; then the end. */
static void
feed(struct buf *out, struct span s, size_t first, size_t step)
{
	struct framer f;

	buf_reset(out);
	frame_init(&f);
	assert_int_equal(
	    frame_feed(&f, span_slice(s, 0, first), note, out), ERR_OK);
	for (size_t at = first; at < s.len; at += step) {
		assert_int_equal(
		    frame_feed(&f, span_slice(s, at, step), note, out), ERR_OK);
		assert_true(f.held.len <= EVENT_RAW_MAX);
	}
	frame_end(&f, note, out);
	assert_true(frame_is_quiet(&f));
	assert_int_equal(f.held.cap, 0); /* a quiet framer holds no memory */
	frame_clear(&f);
}

/* The same records however the stream is cut: at every single place, and
 * into pieces of every size up to 70. */
static void
expect(struct span s, const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	feed(&out, s, s.len, 1);
	assert_string_equal(buf_string(&out), want);
	for (size_t cut = 0; cut <= s.len; cut++) {
		feed(&out, s, cut, SIZE_MAX / 2);
		assert_string_equal(buf_string(&out), want);
	}
	for (size_t step = 1; step <= 70; step++) {
		feed(&out, s, 0, step);
		assert_string_equal(buf_string(&out), want);
	}
	buf_clear(&out);
}

static void
lines_end_at_lf_or_nul(void **state)
{
	(void)state;
	expect(
	    SPAN_LIT("<1>a\n<2>bc\n<3>d"), "[0:4:<1>a][0:5:<2>bc][0:4:<3>d]");
	expect(SPAN_LIT("<1>a\0<2>b\n"), "[0:4:<1>a][0:4:<2>b]");
	expect(SPAN_LIT("<1>a\r\n"), "[0:5:<1>a\r]");
	expect(SPAN_LIT("\n\r\n\0 \n"), "");
	expect(SPAN_LIT(""), "");
	expect(SPAN_LIT("\n <1>a\n\n\n<2>b\n"), "[0:4:<1>a][0:4:<2>b]");
}

static void
counted_records_keep_their_line_ends(void **state)
{
	(void)state;
	expect(SPAN_LIT("6 <1>a\nb5 <2>cd"), "[0:6:<1>a\nb][0:5:<2>cd]");
	expect(SPAN_LIT("4 <1>a\n4 <2>b\n"), "[0:4:<1>a][0:4:<2>b]");
	expect(SPAN_LIT("1 x1 y"), "[0:1:x][0:1:y]");
}

static void
both_framings_may_follow_each_other(void **state)
{
	(void)state;
	expect(SPAN_LIT("<1>a\n4 <2>b<3>c\n5 <4>de"),
	    "[0:4:<1>a][0:4:<2>b][0:4:<3>c][0:5:<4>de]");
}

static void
an_impossible_count_resynchronises_at_the_next_line(void **state)
{
	(void)state;
	expect(SPAN_LIT("0 <1>a\n<2>b\n"), "[2:6:0 <1>a][0:4:<2>b]");
	expect(SPAN_LIT("007 <1>a\n<2>b\n"), "[2:8:007 <1>a][0:4:<2>b]");
	expect(SPAN_LIT("99999999 <1>a\n4 <2>b"),
	    "[2:13:99999999 <1>a][0:4:<2>b]");
	expect(SPAN_LIT("4294967297 <1>a\n4 <2>b"),
	    "[2:15:4294967297 <1>a][0:4:<2>b]");
	expect(SPAN_LIT("18446744073709551617 <1>a\n4 <2>b"),
	    "[2:25:18446744073709551617 <1>a][0:4:<2>b]");
	expect(SPAN_LIT("-5 <1>a\n4 <2>b"), "[0:7:-5 <1>a][0:4:<2>b]");
	expect(SPAN_LIT("12x<1>a\n4 <2>b"), "[0:7:12x<1>a][0:4:<2>b]");
	expect(SPAN_LIT("2024-10-11T22:14:15Z h a: m\n"),
	    "[0:27:2024-10-11T22:14:15Z h a: m]");
}

static void
what_is_unfinished_at_the_end_is_given_and_marked(void **state)
{
	(void)state;
	expect(SPAN_LIT("10 <1>a"), "[4:4:<1>a]");
	expect(SPAN_LIT("<1>a"), "[0:4:<1>a]");
	expect(SPAN_LIT("12"), "[0:2:12]");
	expect(SPAN_LIT("12 "), "");
	expect(SPAN_LIT("0 <1>a"), "[2:6:0 <1>a]");
}

/* A stream of one long record, framed either way, and a short one. */
static void
long_record(struct buf *b, size_t len, bool counted)
{
	buf_reset(b);
	if (counted)
		buf_printf(b, "%zu ", len);
	for (size_t i = 0; i < len; i++)
		buf_u8(b, 'x');
	buf_text(b, counted ? "4 <2>b" : "\n4 <2>b");
	assert_int_equal(buf_error(b), ERR_OK);
}

static void
a_longer_record_is_cut_and_the_rest_skipped(void **state)
{
	static const size_t steps[] = { 1, 7, 4096, 65535, 65536, 65537,
		2000000 };
	struct buf b, out;

	(void)state;
	buf_init(&b, 2 << 20);
	buf_init(&out, 4096);
	for (int counted = 0; counted < 2; counted++) {
		for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
			long_record(&b, EVENT_RAW_MAX, counted);
			feed(&out, buf_view(&b), 0, steps[i]);
			assert_string_equal(
			    buf_string(&out), "[0:65536:][0:4:<2>b]");
			long_record(&b, EVENT_RAW_MAX + 1, counted);
			feed(&out, buf_view(&b), 0, steps[i]);
			assert_string_equal(
			    buf_string(&out), "[1:65536:][0:4:<2>b]");
			long_record(&b, 1 << 20, counted);
			feed(&out, buf_view(&b), 0, steps[i]);
			assert_string_equal(
			    buf_string(&out), "[1:65536:][0:4:<2>b]");
		}
	}
	buf_clear(&b);
	buf_clear(&out);
}

static void
a_mebibyte_without_line_end_holds_little_memory(void **state)
{
	struct buf out;
	struct framer f;
	uint8_t *much = malloc(4096);

	(void)state;
	assert_non_null(much);
	memset(much, 'x', 4096);
	buf_init(&out, 4096);
	frame_init(&f);
	for (unsigned i = 0; i < 256; i++) {
		assert_int_equal(
		    frame_feed(&f, span_of(much, 4096), note, &out), ERR_OK);
		assert_true(f.held.cap <= 2 * EVENT_RAW_MAX);
	}
	frame_end(&f, note, &out);
	assert_string_equal(buf_string(&out), "[1:65536:]");
	frame_clear(&f);
	buf_clear(&out);
	free(much);
}

/* Any bytes at all, made of what framing looks at: cut anywhere, the same. */
static void
random_streams_are_the_same_however_cut(void **state)
{
	static const char alphabet[] = "0123 \n<>x\r";
	struct buf whole, cut;
	uint32_t seed = 2024;
	uint8_t s[48];

	(void)state;
	buf_init(&whole, 1 << 16);
	buf_init(&cut, 1 << 16);
	for (unsigned round = 0; round < 3000; round++) {
		for (size_t i = 0; i < sizeof s; i++) {
			seed = seed * 1664525U + 1013904223U;
			/* its NUL is one of the letters */
			s[i] =
			    (uint8_t)alphabet[(seed >> 16) % sizeof alphabet];
		}
		feed(&whole, span_of(s, sizeof s), sizeof s, 1);
		for (size_t at = 0; at < sizeof s; at++) {
			feed(&cut, span_of(s, sizeof s), at, 5);
			assert_int_equal(whole.len, cut.len);
			assert_memory_equal(whole.at, cut.at, whole.len);
		}
	}
	buf_clear(&whole);
	buf_clear(&cut);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_at_lf_or_nul),
		cmocka_unit_test(counted_records_keep_their_line_ends),
		cmocka_unit_test(both_framings_may_follow_each_other),
		cmocka_unit_test(
		    an_impossible_count_resynchronises_at_the_next_line),
		cmocka_unit_test(
		    what_is_unfinished_at_the_end_is_given_and_marked),
		cmocka_unit_test(a_longer_record_is_cut_and_the_rest_skipped),
		cmocka_unit_test(
		    a_mebibyte_without_line_end_holds_little_memory),
		cmocka_unit_test(random_streams_are_the_same_however_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
