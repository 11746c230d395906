/*
 * tests/base/buf_test.c: bytes that grow up to their most, and no further.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
what_is_written_is_read_back(void **state)
{
	struct buf b;
	struct cursor c;

	(void)state;
	buf_init(&b, 1000);
	assert_string_equal(buf_string(&b), "");
	buf_u8(&b, 0xAB);
	buf_u16(&b, 0x0102);
	buf_u32(&b, 0x03040506);
	buf_u64(&b, UINT64_C(0x0708090A0B0C0D0E));
	buf_block(&b, SPAN_LIT("abc"));
	buf_block(&b, SPAN_EMPTY);
	buf_printf(&b, "%d%s", 12, "x");
	c = cursor_of(buf_view(&b));
	assert_int_equal(cursor_u8(&c), 0xAB);
	assert_int_equal(cursor_u16(&c), 0x0102);
	assert_int_equal(cursor_u32(&c), 0x03040506);
	assert_true(cursor_u64(&c) == UINT64_C(0x0708090A0B0C0D0E));
	assert_true(span_is(cursor_block(&c, 3), "abc"));
	assert_int_equal(cursor_block(&c, 3).len, 0);
	assert_true(span_is(cursor_rest(&c), "12x"));
	assert_true(cursor_done(&c));
	assert_int_equal(buf_error(&b), ERR_OK);
	buf_clear(&b);
	buf_clear(NULL);
}

/* Every length from 0 to past the most, in one piece and byte by byte. */
static void
the_most_is_reached_and_never_passed(void **state)
{
	char text[300];
	struct buf b;

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t max = 0; max < 260; max++) {
		buf_init(&b, max);
		buf_add(&b, text, max);
		assert_int_equal(buf_error(&b), ERR_OK);
		assert_int_equal(strlen(buf_string(&b)), max);
		buf_u8(&b, 'y');
		assert_int_equal(buf_error(&b), ERR_LIMIT);
		assert_int_equal(b.len, max);
		buf_reset(&b);
		for (size_t i = 0; i < max; i++)
			buf_printf(&b, "%c", 'z');
		assert_int_equal(buf_error(&b), ERR_OK);
		assert_int_equal(b.len, max);
		buf_clear(&b);
	}
	buf_init(&b, SIZE_MAX);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	buf_clear(&b);
}

static void
the_first_failure_is_remembered(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_text(&b, "abc");
	buf_text(&b, "de");
	buf_text(&b, "f"); /* would fit, but comes after a failure */
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	assert_string_equal(buf_string(&b), "abc");
	buf_reset(&b);
	buf_text(&b, "defg");
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_string_equal(buf_string(&b), "defg");
	buf_clear(&b);
}

/* Found in review: the NUL was missing before the first append. */
static void
room_not_taken_leaves_no_trace(void **state)
{
	struct buf b;
	uint8_t *to;

	(void)state;
	buf_init(&b, 1000);
	to = buf_room(&b, 100);
	assert_non_null(to);
	memset(to, 'x', 100);
	assert_string_equal(buf_string(&b), "");
	buf_text(&b, "abc");
	to = buf_room(&b, 3);
	memcpy(to, "def", 3);
	assert_string_equal(buf_string(&b), "abc");
	to = buf_room(&b, 3);
	memcpy(to, "def", 3);
	buf_took(&b, 2);
	assert_string_equal(buf_string(&b), "abcde");
	buf_clear(&b);
}

static void
bytes_are_dropped_from_the_front(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_drop(&b, 0);
	buf_text(&b, "abcdef");
	buf_drop(&b, 4);
	assert_string_equal(buf_string(&b), "ef");
	buf_drop(&b, 2);
	assert_string_equal(buf_string(&b), "");
	buf_text(&b, "g");
	assert_string_equal(buf_string(&b), "g");
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(the_most_is_reached_and_never_passed),
		cmocka_unit_test(the_first_failure_is_remembered),
		cmocka_unit_test(room_not_taken_leaves_no_trace),
		cmocka_unit_test(bytes_are_dropped_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
