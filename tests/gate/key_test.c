/*
 * tests/gate/key_test.c: keys by which machines ask.
 */
#include "desk.h"

#include "gate/key.h"

static char token[GATE_TOKEN_LEN + 1], key[GATE_TOKEN_LEN + 1];

static enum err
ask(struct gate *g, const char *with, int64_t now_us, struct gate_who *w)
{
	return gate_who(g, span_text(with), true, now_us, w, NULL);
}

static struct gate *
with_key(void)
{
	struct gate *g = desk_open(NULL);

	desk_account(g, "copy", GOOD, T0, token);
	assert_int_equal(
	    gate_key_make(g, SPAN_LIT("copy"), T0, key, NULL), ERR_OK);
	return g;
}

static void
a_key_stands_for_its_account_for_a_year_without_idling(void **state)
{
	struct gate *g = with_key();
	struct gate_who w;

	(void)state;
	assert_int_equal(ask(g, key, T0 + 364 * WHEN_DAY, &w), ERR_OK);
	assert_string_equal(w.name, "copy");
	assert_string_equal(w.person, "main/chen");
	assert_false(w.must_change);
	assert_string_equal(w.form, "");
	assert_int_equal(ask(g, key, T0 + 365 * WHEN_DAY - 1, &w), ERR_OK);
	assert_int_equal(ask(g, key, T0 + 365 * WHEN_DAY, &w), ERR_DENIED);
	gate_close(g);
}

static void
a_new_key_ends_the_old_one(void **state)
{
	struct gate *g = with_key();
	char second[GATE_TOKEN_LEN + 1];
	struct gate_who w;

	(void)state;
	assert_int_equal(
	    gate_key_make(g, SPAN_LIT("copy"), T0 + 1, second, NULL), ERR_OK);
	assert_int_equal(ask(g, key, T0 + 2, &w), ERR_DENIED);
	assert_int_equal(ask(g, second, T0 + 2, &w), ERR_OK);
	gate_close(g);
}

static void
disabling_the_account_ends_its_key(void **state)
{
	struct gate *g = with_key();
	struct gate_who w;

	(void)state;
	assert_int_equal(
	    gate_account_disable(g, SPAN_LIT("copy"), T0 + 1, NULL), ERR_OK);
	assert_int_equal(ask(g, key, T0 + 2, &w), ERR_DENIED);
	assert_int_equal(
	    gate_key_make(g, SPAN_LIT("copy"), T0 + 3, key, NULL), ERR_STATE);
	gate_close(g);
}

static void
a_key_can_neither_sign_out_nor_change_the_password(void **state)
{
	struct gate *g = with_key();
	struct gate_change c;

	(void)state;
	assert_int_equal(
	    gate_sign_out(g, span_text(key), T0 + 1, NULL), ERR_DENIED);
	assert_int_equal(gate_password_change(g, span_text(key),
			     span_text(GOOD), SPAN_LIT("another-0ne-Here!"),
			     SPAN_LIT(HOME), T0 + 1, &c, NULL),
	    ERR_DENIED);
	gate_close(g);
}

static void
nobody_has_a_key_that_was_not_made(void **state)
{
	struct gate *g = with_key();
	struct gate_who w;

	(void)state;
	key[3] = key[3] == '0' ? '1' : '0';
	assert_int_equal(ask(g, key, T0 + 1, &w), ERR_DENIED);
	assert_int_equal(ask(g, "", T0 + 1, &w), ERR_DENIED);
	assert_int_equal(
	    gate_key_make(g, SPAN_LIT("nobody"), T0, key, NULL), ERR_NOT_FOUND);
	gate_close(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_key_stands_for_its_account_for_a_year_without_idling),
		cmocka_unit_test(a_new_key_ends_the_old_one),
		cmocka_unit_test(disabling_the_account_ends_its_key),
		cmocka_unit_test(
		    a_key_can_neither_sign_out_nor_change_the_password),
		cmocka_unit_test(nobody_has_a_key_that_was_not_made),
	};

	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
