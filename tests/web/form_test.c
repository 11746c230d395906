/*
 * tests/web/form_test.c: forms, queries and cookies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/form.h"

/* A browser's form comes back as it was typed, Chinese and all. */
static void
a_form_gives_back_what_was_typed(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct form f = { 0 };

	(void)state;
	assert_int_equal(
	    form_parse(a,
		SPAN_LIT("q=%E5%8C%97%E9%96%80+gate&n=1%2B1&empty=&flag&&n=2"),
		&f, NULL),
	    ERR_OK);
	assert_int_equal(f.n, 5);
	assert_string_equal(form_get(&f, "q", ""), "北門 gate");
	assert_string_equal(form_get(&f, "n", ""), "1+1");
	assert_int_equal(form_count(&f, "n"), 2);
	assert_string_equal(form_get(&f, "flag", "?"), "");
	assert_null(form_get(&f, "none", NULL));
	arena_free(a);
}

/* Half an escape, a NUL and broken UTF-8 refuse the whole form. */
static void
a_broken_form_is_refused_whole(void **state)
{
	static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "a=%00",
		"a=%ff", "%c0%af=1", "a=1&b=%ed%a0%80", "a=%80" };
	struct arena *a = arena_new(1 << 16);
	struct form f = { 7, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    form_parse(a, span_text(bad[i]), &f, NULL), ERR_SYNTAX);
	assert_int_equal(f.n, 7);
	arena_free(a);
}

/* Ten thousand fields are not a form a person filled in. */
static void
too_many_fields_are_refused(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct form f = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 10000; i++)
		buf_text(&b, "&a=1");
	assert_int_equal(form_parse(a, buf_view(&b), &f, NULL), ERR_LIMIT);
	buf_clear(&b);
	arena_free(a);
}

/* What is escaped for a link parses back to itself. */
static void
an_escaped_value_parses_back(void **state)
{
	static const char all[] = "a/b?c&d=e f%+\"'<>北\\\x01~-_.";
	struct arena *a = arena_new(1 << 16);
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	form_escape(&b, span_text(all));
	for (size_t i = 0; i < b.len; i++)
		assert_true(b.at[i] > 0x20 && b.at[i] < 0x7f &&
		    b.at[i] != '&' && b.at[i] != '/' && b.at[i] != '"');
	assert_string_equal(form_unescape(a, buf_view(&b), false), all);
	buf_clear(&b);
	arena_free(a);
}

/* One cookie of a name counts; two of them could be an attack. */
static void
a_cookie_that_stands_twice_is_no_cookie(void **state)
{
	static const char h[] = "a=1; __Host-beimen=abc; b=2";

	(void)state;
	assert_true(span_is(form_cookie(h, "__Host-beimen"), "abc"));
	assert_true(span_is(form_cookie(h, "a"), "1"));
	assert_int_equal(form_cookie(h, "beimen").len, 0);
	assert_int_equal(form_cookie("a=1; a=2", "a").len, 0);
	assert_int_equal(form_cookie("", "a").len, 0);
	assert_int_equal(form_cookie(";;=;a", "a").len, 0);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(a_form_gives_back_what_was_typed),
		cmocka_unit_test(a_broken_form_is_refused_whole),
		cmocka_unit_test(too_many_fields_are_refused),
		cmocka_unit_test(an_escaped_value_parses_back),
		cmocka_unit_test(a_cookie_that_stands_twice_is_no_cookie),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
