/*
 * tests/match/match_test.c: words, patterns, and regular expressions that
 * cannot take the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match/regex.h"
#include "match/text.h"

static void
a_word_stands_alone_but_chinese_anywhere(void **state)
{
	struct span s = SPAN_LIT("Failed password; 登入失敗, x_y a1");

	(void)state;
	assert_int_equal(text_find(s, SPAN_LIT("password"), 0), 7);
	assert_int_equal(text_find(s, SPAN_LIT("password"), 8), SIZE_MAX);
	assert_int_equal(text_find(s, SPAN_EMPTY, s.len), s.len);
	assert_int_equal(text_find(s, SPAN_EMPTY, s.len + 1), SIZE_MAX);
	assert_true(text_has_word(s, SPAN_LIT("failed"), false, false));
	assert_false(text_has_word(s, SPAN_LIT("fail"), false, false));
	assert_true(text_has_word(s, SPAN_LIT("fail"), false, true));
	assert_true(text_has_word(s, SPAN_LIT("ailed"), true, false));
	assert_true(text_has_word(s, SPAN_LIT("入失"), false, false));
	assert_false(text_has_word(s, SPAN_LIT("x"), false, false));
	assert_true(text_has_word(s, SPAN_LIT("x_y"), false, false));
	assert_true(text_has_word(s, SPAN_LIT("; "), false, false));
	assert_false(text_has_word(SPAN_EMPTY, SPAN_LIT("a"), false, false));
	/* A later place may be the right one. */
	assert_true(text_has_word(
	    SPAN_LIT("rooted root"), SPAN_LIT("root"), false, false));
}

static void
a_star_stands_for_any_bytes(void **state)
{
	(void)state;
	assert_true(text_glob(SPAN_LIT("WEB01.example"), SPAN_LIT("web*")));
	assert_true(text_glob(SPAN_LIT("web01"), SPAN_LIT("*")));
	assert_true(text_glob(SPAN_EMPTY, SPAN_LIT("*")));
	assert_false(text_glob(SPAN_EMPTY, SPAN_LIT("a")));
	assert_true(text_glob(SPAN_LIT("abcabd"), SPAN_LIT("a*b?*")) == false);
	assert_true(text_glob(SPAN_LIT("abcabd"), SPAN_LIT("a*abd")));
	assert_false(text_glob(SPAN_LIT("abcabd"), SPAN_LIT("a*abc")));
	assert_true(text_glob(SPAN_LIT("aaaaaaaaab"), SPAN_LIT("*a*a*a*b")));
}

static enum regex_found
find(struct span pattern, bool nocase, struct span s)
{
	struct fault why;
	struct regex *r;
	enum regex_found found;

	assert_int_equal(regex_new(pattern, nocase, &r, &why), ERR_OK);
	found = regex_find(r, s);
	regex_free(r);
	return found;
}

static void
an_expression_finds_in_any_bytes(void **state)
{
	(void)state;
	assert_int_equal(
	    find(SPAN_LIT("fail(ed|ure)"), true, SPAN_LIT("a FAILURE")),
	    REGEX_YES);
	assert_int_equal(
	    find(SPAN_LIT("fail(ed|ure)"), false, SPAN_LIT("a FAILURE")),
	    REGEX_NO);
	assert_int_equal(
	    find(SPAN_LIT("登.失"), false, SPAN_LIT("登入失敗")), REGEX_YES);
	assert_int_equal(
	    find(SPAN_LIT("b$"), false, SPAN_LIT("\xff\xfe\0b")), REGEX_YES);
	assert_int_equal(find(SPAN_EMPTY, false, SPAN_EMPTY), REGEX_YES);
}

static void
a_bomb_is_cut_off_and_a_monster_refused(void **state)
{
	uint8_t a[2000];
	struct fault why;
	struct regex *r;

	(void)state;
	memset(a, 'a', sizeof a);
	a[sizeof a - 1] = '!';
	assert_int_equal(
	    find(SPAN_LIT("(a+)+$"), false, span_of(a, sizeof a)), REGEX_CUT);
	assert_int_equal(
	    regex_new(span_of(a, sizeof a), false, &r, &why), ERR_LIMIT);
	assert_int_equal(
	    regex_new(SPAN_LIT("((((a{1000}){1000}))))"), false, &r, &why),
	    ERR_SYNTAX);
	assert_int_not_equal(
	    regex_new(SPAN_LIT("((abcdefghij){900}){900}"), false, &r, &why),
	    ERR_OK);
	assert_int_equal(
	    regex_new(SPAN_LIT("a(b"), false, &r, &why), ERR_SYNTAX);
	assert_string_equal(why.text,
	    "regular expression, byte 4: missing closing parenthesis");
	assert_int_equal(
	    regex_new(SPAN_LIT("\\C"), false, &r, &why), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_stands_alone_but_chinese_anywhere),
		cmocka_unit_test(a_star_stands_for_any_bytes),
		cmocka_unit_test(an_expression_finds_in_any_bytes),
		cmocka_unit_test(a_bomb_is_cut_off_and_a_monster_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
