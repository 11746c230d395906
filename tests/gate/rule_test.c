/*
 * tests/gate/rule_test.c: the regulation's point 21.6, and what is guessed
 * first is refused.
 */
#include "desk.h"

static void
rule_is(const char *password, enum gate_rule want)
{
	enum gate_rule got = gate_rule_check(
	    SPAN_LIT("wanglin"), span_text(password));

	if (got != want)
		fail_msg("%s: %s, expected %s", password, gate_rule_code(got),
		    gate_rule_code(want));
}

static void
eight_characters_of_letters_digits_and_symbols_are_accepted(void **state)
{
	(void)state;
	rule_is("kT7-pq2w", RULE_OK);
	rule_is("Correct-Horse-7", RULE_OK);
	rule_is("blau 7 Fahrrad", RULE_OK); /* a space is a symbol */
	rule_is(
	    "xw9!\xe8\x87\xba\xe5\x8c\x97\xe5\xb8\x82\xe6\xb0\x91", RULE_OK);
}

static void
each_missing_kind_is_named(void **state)
{
	(void)state;
	rule_is("", RULE_SHORT);
	rule_is("kT7-pq2", RULE_SHORT);
	rule_is("73-19 28+4", RULE_LETTER);
	rule_is("kT-pqxwz", RULE_DIGIT);
	rule_is("kT7pq2wz", RULE_SYMBOL);
	/* a Chinese character is neither letter nor symbol here */
	rule_is("\xe8\x87\xba\xe5\x8c\x97\xe5\xb8\x82\xe6\xb0\x91"
		"7314-",
	    RULE_LETTER);
}

static void
characters_are_counted_and_not_bytes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	/* seven characters, though of 13 bytes */
	rule_is("k7-\xe8\x87\xba\xe5\x8c\x97\xe5\xb8\x82"
		"w",
	    RULE_SHORT);
	buf_text(&b, "k7-");
	for (int i = 0; i < 125; i++)
		buf_text(&b, i % 2 == 0 ? "\xe5\x8c\x97" : "\xe8\x87\xba");
	rule_is(buf_string(&b), RULE_OK); /* 128 */
	buf_text(&b, "x");
	rule_is(buf_string(&b), RULE_LONG); /* 129 */
	for (int i = 0; i < 1000; i++)
		buf_text(&b, "x");
	rule_is(buf_string(&b), RULE_LONG);
	buf_clear(&b);
}

static void
what_cannot_be_typed_is_refused(void **state)
{
	(void)state;
	rule_is("kT7-pq2w\xff", RULE_TEXT);
	rule_is("kT7-pq2w\n", RULE_TEXT);
	rule_is("kT7-pq2w\x7f", RULE_TEXT);
	assert_int_equal(
	    gate_rule_check(SPAN_LIT("wanglin"), SPAN_LIT("kT7-pq\0w")),
	    RULE_TEXT);
}

static void
the_account_name_is_refused_in_any_case(void **state)
{
	(void)state;
	rule_is("wanglin-73X", RULE_NAME);
	rule_is("73X-WangLIN", RULE_NAME);
	rule_is("wang-lin-73X", RULE_OK);
}

static void
what_is_tried_first_is_refused(void **state)
{
	static const char *const common[] = { "Password1!", "P@ssw0rd",
		"p@$$w0rd123!", "!QAZ2wsx", "1qaz@WSX", "Taipei2026!",
		"2026!Taiwan", "Qwerty123!", "Admin@123", "Welcome1!",
		"ji32k7au4a83!", "Summer2026!" };

	(void)state;
	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
		rule_is(common[i], RULE_COMMON);
}

static void
repeating_and_counting_up_are_refused(void **state)
{
	(void)state;
	rule_is("aaaaaa1!", RULE_EFFORT);
	rule_is("a1!a1!a1!", RULE_EFFORT);
	rule_is("bcdefghi1!", RULE_EFFORT);
	rule_is("x23456789!", RULE_EFFORT);
	rule_is("x98765432!", RULE_EFFORT);
}

static void
every_rule_has_a_sentence_in_both_languages(void **state)
{
	(void)state;
	for (int r = 0; r < RULE_N; r++) {
		assert_true(strlen(gate_rule_code((enum gate_rule)r)) > 0);
		assert_true(strlen(gate_rule_zh((enum gate_rule)r)) > 0);
		assert_true(strlen(gate_rule_en((enum gate_rule)r)) > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    eight_characters_of_letters_digits_and_symbols_are_accepted),
		cmocka_unit_test(each_missing_kind_is_named),
		cmocka_unit_test(characters_are_counted_and_not_bytes),
		cmocka_unit_test(what_cannot_be_typed_is_refused),
		cmocka_unit_test(the_account_name_is_refused_in_any_case),
		cmocka_unit_test(what_is_tried_first_is_refused),
		cmocka_unit_test(repeating_and_counting_up_are_refused),
		cmocka_unit_test(every_rule_has_a_sentence_in_both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
