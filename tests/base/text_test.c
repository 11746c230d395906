/*
 * tests/base/text_test.c: UTF-8, hex and base64.
 */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* RFC 3629 sections 3 and 4, and the examples of section 7. */
static void
well_formed_utf8_is_known(void **state)
{
	static const struct {
		const char *text;
		uint32_t cp;
	} good[] = {
		{ "A", 'A' },
		{ "\x7F", 0x7F },
		{ "\xC2\x80", 0x80 },
		{ "\xDF\xBF", 0x7FF },
		{ "\xE0\xA0\x80", 0x800 },
		{ "\xE2\x89\xA2", 0x2262 },
		{ "\xEA\xB5\xAD", 0xAD6D },
		{ "\xE6\x97\xA5", 0x65E5 },
		{ "\xED\x9F\xBF", 0xD7FF },
		{ "\xEE\x80\x80", 0xE000 },
		{ "\xEF\xBB\xBF", 0xFEFF },
		{ "\xEF\xBF\xBF", 0xFFFF },
		{ "\xF0\x90\x80\x80", 0x10000 },
		{ "\xF0\xA3\x8E\xB4", 0x233B4 },
		{ "\xF4\x8F\xBF\xBF", 0x10FFFF },
	};
	uint32_t cp;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct span s = span_text(good[i].text);

		assert_int_equal(text_rune(s, &cp), s.len);
		assert_int_equal(cp, good[i].cp);
		assert_true(text_valid(s));
		if (s.len > 1)
			assert_false(text_valid(span_slice(s, 0, s.len - 1)));
	}
	assert_true(text_valid(SPAN_EMPTY));
	assert_int_equal(text_rune(SPAN_EMPTY, NULL), 0);
	assert_true(text_valid(span_of("a\0b", 3)));
}

/* Overlong forms, surrogates, what lies above U+10FFFF, lone bytes. */
static void
malformed_utf8_is_known(void **state)
{
	static const char *const bad[] = { "\x80", "\xBF", "\xC0\x80",
		"\xC0\xAF", "\xC1\xBF", "\xC2", "\xC2\x41", "\xC2\xC2",
		"\xE0\x80\xAF", "\xE0\x9F\xBF", "\xE6\x97", "\xE6\x97\x41",
		"\xED\xA0\x80", "\xED\xBF\xBF", "\xED\xA1\x8C\xED\xBE\xB4",
		"\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
		"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80",
		"\xFE", "\xFF", "\xC0\x80\x41" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(text_rune(span_text(bad[i]), NULL), 0);
		assert_false(text_valid(span_text(bad[i])));
	}
}

/* Cut anywhere, a text stays well formed and loses at most 3 bytes. */
static void
a_text_is_cut_between_characters(void **state)
{
	static const char text[] = "a臺\xF0\xA3\x8E\xB4\xC2\xA9z北";
	size_t len = sizeof text - 1;

	(void)state;
	for (size_t max = 0; max <= len; max++) {
		size_t n = text_cut(text, max);

		assert_true(n <= max && max - n < 4);
		assert_true(text_valid(span_of(text, n)));
	}
	assert_int_equal(text_cut(text, len), len);
	assert_int_equal(text_cut("\xE5\x8C\x97", 3), 3);
	assert_int_equal(text_cut("\xE5\x8C\x97", 2), 0);
}

/* Found in review: a whole character before stray bytes was cut away. */
static void
malformed_bytes_are_not_cut(void **state)
{
	(void)state;
	assert_int_equal(text_cut("\xE5\x8C\x97\x80", 4), 4);
	assert_int_equal(text_cut("a\xFF", 2), 2);
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80", 5), 5);
	assert_int_equal(text_cut("\xE0\x80", 2), 2); /* overlong */
	assert_int_equal(text_cut("\xED\xA0", 2), 2); /* half a surrogate */
	assert_int_equal(text_cut("\xED\x9F", 2), 0);
	assert_int_equal(text_cut("\xF4\x90", 2), 2); /* above U+10FFFF */
	assert_int_equal(text_cut("\xF4", 1), 0);
	assert_int_equal(text_cut("\xC1", 1), 1);
}

static void
malformed_bytes_are_replaced_one_by_one(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(text_scrub(&b,
			     span_of("a\0\xE5\x8C"
				     "b\xFF北",
				 9)),
	    4);
	assert_string_equal(buf_string(&b),
	    "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
	    "b\xEF\xBF\xBD北");
	buf_clear(&b);
}

/* RFC 4648 section 10. */
static void
base64_and_hex_follow_rfc_4648(void **state)
{
	static const struct {
		const char *plain, *base64, *hex;
	} form[] = {
		{ "", "", "" },
		{ "f", "Zg==", "66" },
		{ "fo", "Zm8=", "666f" },
		{ "foo", "Zm9v", "666f6f" },
		{ "foob", "Zm9vYg==", "666f6f62" },
		{ "fooba", "Zm9vYmE=", "666f6f6261" },
		{ "foobar", "Zm9vYmFy", "666f6f626172" },
		{ "\xFB\xFF\xBF", "+/+/", "fbffbf" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		buf_reset(&b);
		text_base64(&b, span_text(form[i].plain));
		assert_string_equal(buf_string(&b), form[i].base64);
		buf_reset(&b);
		assert_true(text_unbase64(&b, span_text(form[i].base64)));
		assert_string_equal(buf_string(&b), form[i].plain);
		buf_reset(&b);
		text_hex(&b, span_text(form[i].plain));
		assert_string_equal(buf_string(&b), form[i].hex);
		buf_reset(&b);
		assert_true(text_unhex(&b, span_text(form[i].hex)));
		assert_string_equal(buf_string(&b), form[i].plain);
	}
	buf_reset(&b);
	assert_true(text_unhex(&b, SPAN_LIT("aAfF")));
	assert_string_equal(buf_string(&b), "\xAA\xFF");
	buf_clear(&b);
}

/* One value has one form: what is not canonical is refused, and the buffer
 * is as it was. */
static void
other_forms_of_base64_and_hex_are_refused(void **state)
{
	static const char *const bad64[] = { "Z", "Zg", "Zg=", "Zg===", "=",
		"====", "A===", "Zh==", "Zm9=", "Zm8=Zm8=", "Zg==Zg==",
		"Zm9v\n", " Zm9v", "Zm-_", "Zm9v====", "Z=g=" };
	static const char *const bad16[] = { "a", "0g", "0x10", " 00", "00 ",
		"-1" };
	uint8_t raw[2] = { 1, 2 };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_text(&b, "kept");
	for (size_t i = 0; i < sizeof bad64 / sizeof bad64[0]; i++) {
		if (text_unbase64(&b, span_text(bad64[i])))
			fail_msg("taken: %s", bad64[i]);
		assert_string_equal(buf_string(&b), "kept");
	}
	for (size_t i = 0; i < sizeof bad16 / sizeof bad16[0]; i++) {
		assert_false(text_unhex(&b, span_text(bad16[i])));
		assert_string_equal(buf_string(&b), "kept");
	}
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_false(text_unhex_fixed(SPAN_LIT("00zz"), raw, 2));
	assert_false(text_unhex_fixed(SPAN_LIT("001122"), raw, 2));
	assert_int_equal(raw[0], 1);
	assert_true(text_unhex_fixed(SPAN_LIT("ff00"), raw, 2));
	assert_int_equal(raw[0], 255);
	buf_clear(&b);
	/* Too small a buffer is left as it was, and notes it. */
	buf_init(&b, 4);
	buf_text(&b, "abc");
	assert_false(text_unbase64(&b, SPAN_LIT("Zm9v")));
	assert_string_equal(buf_string(&b), "abc");
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	buf_clear(&b);
}

static void
names_are_plain(void **state)
{
	(void)state;
	assert_true(text_is_name(SPAN_LIT("main.audit-60_x"), 40));
	assert_true(text_is_name(SPAN_LIT("0"), 1));
	assert_false(text_is_name(SPAN_LIT("ab"), 1));
	assert_false(text_is_name(SPAN_EMPTY, 40));
	assert_false(text_is_name(SPAN_LIT(".hidden"), 40));
	assert_false(text_is_name(SPAN_LIT("-x"), 40));
	assert_false(text_is_name(SPAN_LIT("_x"), 40));
	assert_false(text_is_name(SPAN_LIT("a/b"), 40));
	assert_false(text_is_name(SPAN_LIT("Abc"), 40));
	assert_false(text_is_name(SPAN_LIT("北門"), 40));
	assert_false(text_is_name(span_of("a\0", 2), 40));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_utf8_is_known),
		cmocka_unit_test(malformed_utf8_is_known),
		cmocka_unit_test(a_text_is_cut_between_characters),
		cmocka_unit_test(malformed_bytes_are_not_cut),
		cmocka_unit_test(malformed_bytes_are_replaced_one_by_one),
		cmocka_unit_test(base64_and_hex_follow_rfc_4648),
		cmocka_unit_test(other_forms_of_base64_and_hex_are_refused),
		cmocka_unit_test(names_are_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
