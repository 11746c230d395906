/*
 * tests/web/htmlstate_test.c: where a value may stand in a page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/htmlstate.h"

/* What may stand after this text. */
static enum html_value
after(const char *s)
{
	struct htmlstate h = { .place = HTML_TEXT };

	htmlstate_feed(&h, span_text(s));
	return htmlstate_value(&h);
}

/* Text and ordinary attributes take any value. */
static void
text_and_plain_attributes_take_values(void **state)
{
	(void)state;
	assert_int_equal(after("<p>"), HTML_ANY);
	assert_int_equal(after("<p class=\"a "), HTML_ANY);
	assert_int_equal(after("<input value='"), HTML_ANY);
	assert_int_equal(after("<textarea>"), HTML_ANY);
	assert_int_equal(
	    after("<script src=\"/x.js\" defer></script>"), HTML_ANY);
	assert_int_equal(after("<!doctype html>"), HTML_ANY);
}

/* A program, a style, a comment or a bare attribute takes none. */
static void
places_that_run_take_no_value(void **state)
{
	static const char *const no[] = { "<", "<p", "<p ", "<p class",
		"<p class=", "<p class=a", "<p onclick=\"", "<p ONCLICK='",
		"<p style=\"", "<iframe srcdoc=\"", "<script>", "<style>",
		"<script>var a='", "<!-- ", "<meta http-equiv=\"",
		"<a hx-vals='", "<a hx-on:click='", "</", "<p \"", "<p ='" };

	(void)state;
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_int_equal(after(no[i]), HTML_NO);
}

/* A link begins as a checked path, and goes on escaped. */
static void
links_take_checked_values_alone(void **state)
{
	(void)state;
	assert_int_equal(after("<a href=\""), HTML_LINK_START);
	assert_int_equal(after("<form action='"), HTML_LINK_START);
	assert_int_equal(after("<a href=\"/agencies/"), HTML_LINK_PART);
	assert_int_equal(after("<a href=\"?at="), HTML_LINK_PART);
	assert_int_equal(after("<a href=\"/"), HTML_NO);
	assert_int_equal(after("<a href=\"javascript:"), HTML_NO);
	assert_int_equal(after("<img src=\"https://"), HTML_NO);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(text_and_plain_attributes_take_values),
		cmocka_unit_test(places_that_run_take_no_value),
		cmocka_unit_test(links_take_checked_values_alone),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
