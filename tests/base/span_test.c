/*
 * tests/base/span_test.c: borrowed bytes and the reader that cannot run off.
 */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
a_slice_never_leaves_its_span(void **state)
{
	struct span s = SPAN_LIT("abcdef");

	(void)state;
	assert_true(span_is(span_slice(s, 0, 3), "abc"));
	assert_true(span_is(span_slice(s, 4, 99), "ef"));
	assert_true(span_is(span_slice(s, 4, SIZE_MAX), "ef"));
	assert_int_equal(span_slice(s, 6, 1).len, 0);
	assert_int_equal(span_slice(s, SIZE_MAX, SIZE_MAX).len, 0);
	assert_int_equal(span_slice(SPAN_EMPTY, 0, 1).len, 0);
}

static void
spans_are_compared_and_searched(void **state)
{
	struct span s = SPAN_LIT("key=value=x");

	(void)state;
	assert_true(span_is(SPAN_EMPTY, ""));
	assert_true(span_equal(SPAN_EMPTY, SPAN_LIT("")));
	assert_false(span_equal(SPAN_LIT("a"), SPAN_LIT("ab")));
	assert_true(span_equal_nocase(SPAN_LIT("aBz[9"), SPAN_LIT("AbZ[9")));
	assert_false(span_equal_nocase(SPAN_LIT("@"), SPAN_LIT("`")));
	assert_true(span_starts(s, "key"));
	assert_true(span_starts(s, ""));
	assert_false(span_starts(SPAN_LIT("ke"), "key"));
	assert_true(span_ends(s, "=x"));
	assert_true(span_ends(SPAN_EMPTY, ""));
	assert_false(span_ends(SPAN_LIT("x"), "=x"));
	assert_int_equal(span_find(s, '='), 3);
	assert_int_equal(span_find(s, '?'), SIZE_MAX);
	assert_int_equal(span_find(SPAN_EMPTY, 'a'), SIZE_MAX);
	assert_int_equal(span_find_text(s, "=x"), 9);
	assert_int_equal(span_find_text(s, ""), 0);
	assert_int_equal(span_find_text(SPAN_LIT("a"), "ab"), SIZE_MAX);
	assert_true(span_is(span_trim(SPAN_LIT(" \t a b\r\n")), "a b"));
	assert_int_equal(span_trim(SPAN_LIT(" \n")).len, 0);
	assert_int_equal(span_text(NULL).len, 0);
}

static void
a_number_is_digits_within_its_bound(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1a",
		"0x1", "18446744073709551616", "99999999999999999999999" };
	uint64_t n = 7;

	(void)state;
	assert_true(
	    span_number(SPAN_LIT("18446744073709551615"), UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_true(span_number(SPAN_LIT("000255"), 255, &n));
	assert_int_equal(n, 255);
	assert_false(span_number(SPAN_LIT("256"), 255, &n));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(span_number(span_text(bad[i]), UINT64_MAX, &n));
	assert_int_equal(n, 255);
}

static void
a_cursor_reads_big_endian_and_stops_at_the_end(void **state)
{
	static const uint8_t raw[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15 };
	struct cursor c = cursor_of(span_of(raw, sizeof raw));

	(void)state;
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 0x0203);
	assert_int_equal(cursor_u32(&c), 0x04050607);
	assert_true(cursor_u64(&c) == UINT64_C(0x08090A0B0C0D0E0F));
	assert_true(cursor_done(&c));
	assert_int_equal(cursor_take(&c, 0).len, 0);
	assert_true(cursor_done(&c));
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.bad);
	assert_false(cursor_done(&c));
}

/* One read too many spoils all that follow, even those that would fit. */
static void
a_failed_cursor_stays_failed(void **state)
{
	static const uint8_t raw[] = { 0, 0, 0, 9, 'a', 'b', 'c' };
	struct cursor c = cursor_of(span_of(raw, sizeof raw));
	bool found = true;

	(void)state;
	assert_int_equal(cursor_block(&c, 100).len, 0);
	assert_true(c.bad);
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_take(&c, 1).len, 0);
	assert_int_equal(cursor_rest(&c).len, 0);
	assert_int_equal(cursor_until(&c, 'a', &found).len, 0);
	assert_false(found);
	c = cursor_of(span_of(raw, sizeof raw));
	assert_int_equal(cursor_block(&c, 8).len, 0); /* over its most */
	assert_true(c.bad);
	c = cursor_of(span_of(raw, sizeof raw));
	assert_int_equal(cursor_take(&c, SIZE_MAX).len, 0);
	assert_true(c.bad);
}

static void
a_cursor_reads_words_up_to_a_mark(void **state)
{
	struct cursor c = cursor_of(SPAN_LIT("a bc  d"));
	bool found;

	(void)state;
	assert_true(span_is(cursor_until(&c, ' ', &found), "a"));
	assert_true(found);
	assert_true(span_is(cursor_until(&c, ' ', NULL), "bc"));
	assert_int_equal(cursor_until(&c, ' ', &found).len, 0);
	assert_true(found);
	assert_true(span_is(cursor_until(&c, ' ', &found), "d"));
	assert_false(found);
	assert_true(cursor_done(&c));
	assert_int_equal(cursor_until(&c, ' ', &found).len, 0);
	assert_true(cursor_done(&c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_never_leaves_its_span),
		cmocka_unit_test(spans_are_compared_and_searched),
		cmocka_unit_test(a_number_is_digits_within_its_bound),
		cmocka_unit_test(
		    a_cursor_reads_big_endian_and_stops_at_the_end),
		cmocka_unit_test(a_failed_cursor_stays_failed),
		cmocka_unit_test(a_cursor_reads_words_up_to_a_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
