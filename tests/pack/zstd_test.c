/*
 * tests/pack/zstd_test.c: what is packed comes out again, or not at all.
 */
#include "pack/zstd.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
fill(struct buf *b, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		buf_printf(b, "line %zu of a log that repeats itself\n", i);
	assert_int_equal(buf_error(b), ERR_OK);
}

static void
what_goes_in_comes_out(void **state)
{
	static const size_t lines[] = { 0, 1, 5000 };
	struct buf in, packed, out;
	struct fault why = { 0 };

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&packed, 1 << 20);
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&in);
		buf_reset(&packed);
		buf_reset(&out);
		fill(&in, lines[i]);
		assert_int_equal(
		    zstd_pack(&packed, buf_view(&in), 3, &why), ERR_OK);
		buf_text(&out, "before ");
		assert_int_equal(
		    zstd_unpack(&out, buf_view(&packed), in.len, &why), ERR_OK);
		assert_true(span_equal(
		    span_slice(buf_view(&out), 7, SIZE_MAX), buf_view(&in)));
		if (in.len == 0)
			continue;
		assert_true(i == 1 || packed.len * 4 < in.len);
		assert_int_equal(
		    zstd_unpack(&out, buf_view(&packed), in.len - 1, &why),
		    ERR_LIMIT);
		assert_int_equal(out.len, in.len + 7);
	}
	buf_clear(&in);
	buf_clear(&packed);
	buf_clear(&out);
}

/* A bit that means nothing may change; then the content is the same. */
static void
an_altered_frame_never_gives_other_bytes(void **state)
{
	struct buf in, packed, out;
	struct fault why = { 0 };

	(void)state;
	buf_init(&in, 1 << 16);
	buf_init(&packed, 1 << 16);
	buf_init(&out, 1 << 16);
	fill(&in, 60);
	assert_int_equal(zstd_pack(&packed, buf_view(&in), 3, &why), ERR_OK);
	for (size_t i = 0; i < packed.len * 8; i++) {
		enum err e;

		packed.at[i / 8] ^= (uint8_t)(1U << i % 8);
		e = zstd_unpack(&out, buf_view(&packed), in.len, &why);
		if (e == ERR_OK)
			assert_true(span_equal(buf_view(&out), buf_view(&in)));
		else
			assert_int_equal(out.len, 0);
		buf_reset(&out);
		packed.at[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t n = 0; n < packed.len; n++)
		assert_int_equal(
		    zstd_unpack(&out, span_slice(buf_view(&packed), 0, n),
			in.len, &why),
		    ERR_DAMAGE);
	buf_u8(&packed, 0);
	assert_int_equal(
	    zstd_unpack(&out, buf_view(&packed), in.len, &why), ERR_DAMAGE);
	assert_string_equal(why.text, "zstd frame: 1 bytes stand behind it");
	buf_clear(&in);
	buf_clear(&packed);
	buf_clear(&out);
}

/* A frame of RFC 8878 without a content size: one raw block, "hello". */
static void
a_frame_that_hides_its_length_is_bounded_too(void **state)
{
	static const uint8_t raw[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, 0x29,
		0x00, 0x00, 'h', 'e', 'l', 'l', 'o' };
	/* One block of 100,000 times 'a' (RLE). */
	static const uint8_t bomb[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58,
		0x03 | 0x00, 0x35, 0x0C, 'a' };
	static const uint8_t skip[] = { 0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0 };
	struct buf out;
	struct fault why = { 0 };

	(void)state;
	buf_init(&out, 1 << 18);
	assert_int_equal(
	    zstd_unpack(&out, span_of(raw, sizeof raw), 5, &why), ERR_OK);
	assert_string_equal(buf_string(&out), "hello");
	assert_int_equal(
	    zstd_unpack(&out, span_of(raw, sizeof raw), 4, &why), ERR_LIMIT);
	assert_string_equal(buf_string(&out), "hello");
	assert_int_equal(
	    zstd_unpack(&out, span_of(bomb, sizeof bomb), 99999, &why),
	    ERR_LIMIT);
	assert_int_equal(out.len, 5);
	assert_int_equal(
	    zstd_unpack(&out, span_of(bomb, sizeof bomb), 100000, &why),
	    ERR_OK);
	assert_int_equal(out.len, 100005);
	assert_int_equal(
	    zstd_unpack(&out, span_of(skip, sizeof skip), 9, &why), ERR_DAMAGE);
	assert_int_equal(zstd_unpack(&out, SPAN_EMPTY, 9, &why), ERR_DAMAGE);
	buf_clear(&out);
}

static void
a_buffer_that_is_too_small_says_so(void **state)
{
	struct buf in, packed;
	struct fault why = { 0 };

	(void)state;
	buf_init(&in, 1 << 16);
	buf_init(&packed, 20);
	fill(&in, 60);
	assert_int_equal(zstd_pack(&packed, buf_view(&in), 3, &why), ERR_LIMIT);
	assert_int_equal(packed.len, 0);
	buf_clear(&packed);
	/* The bound is what comes out, not what might have. */
	buf_init(&packed, 400);
	assert_int_equal(zstd_pack(&packed, buf_view(&in), 3, &why), ERR_OK);
	buf_clear(&packed);
	buf_clear(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(an_altered_frame_never_gives_other_bytes),
		cmocka_unit_test(a_frame_that_hides_its_length_is_bounded_too),
		cmocka_unit_test(a_buffer_that_is_too_small_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
