/*
 * tests/crypt/password_test.c: password hashes at the cost the product uses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "crypt/password.h"

static const uint8_t pepper[PASSWORD_PEPPER_LEN] = { 1, 2, 3 };
static const uint8_t other[PASSWORD_PEPPER_LEN] = { 1, 2, 4 };

static void
a_password_verifies_against_its_hash_alone(void **state)
{
	char a[PASSWORD_HASH_MAX], b[PASSWORD_HASH_MAX];

	(void)state;
	assert_int_equal(
	    password_hash(pepper, SPAN_LIT("Correct-Horse-7"), a, NULL),
	    ERR_OK);
	assert_true(
	    span_starts(span_text(a), "$argon2id$v=19$m=65536,t=3,p=1$"));
	assert_true(password_check(pepper, SPAN_LIT("Correct-Horse-7"), a));
	assert_false(password_check(pepper, SPAN_LIT("Correct-Horse-8"), a));
	assert_false(password_check(other, SPAN_LIT("Correct-Horse-7"), a));

	/* The salt is random: equal passwords have different hashes. */
	assert_int_equal(
	    password_hash(pepper, SPAN_LIT("Correct-Horse-7"), b, NULL),
	    ERR_OK);
	assert_string_not_equal(a, b);
}

static void
no_hash_and_a_broken_hash_never_verify(void **state)
{
	(void)state;
	password_cost(8192, 1);
	assert_false(password_check(pepper, SPAN_LIT(""), NULL));
	assert_false(password_check(pepper, SPAN_LIT("x"), ""));
	assert_false(password_check(pepper, SPAN_LIT("x"), "$argon2id$v=19$"));
	password_cost(PASSWORD_MEMORY, PASSWORD_PASSES);
}

/* A hash says what it cost, so a change of cost locks nobody out. */
static void
hashes_of_another_cost_stay_checkable(void **state)
{
	char cheap[PASSWORD_HASH_MAX];

	(void)state;
	password_cost(8192, 1);
	assert_int_equal(
	    password_hash(pepper, SPAN_LIT("a password"), cheap, NULL), ERR_OK);
	password_cost(16384, 2);
	assert_true(password_check(pepper, SPAN_LIT("a password"), cheap));
	password_cost(PASSWORD_MEMORY, PASSWORD_PASSES);
}

static void
want_of_memory_is_an_error_and_not_a_hash(void **state)
{
	char out[PASSWORD_HASH_MAX] = "unchanged";
	struct fault why = { 0 };

	(void)state;
	password_cost(UINT64_C(1) << 60, 1);
	assert_int_equal(
	    password_hash(pepper, SPAN_LIT("x"), out, &why), ERR_MEMORY);
	assert_string_equal(out, "unchanged");
	password_cost(PASSWORD_MEMORY, PASSWORD_PASSES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_verifies_against_its_hash_alone),
		cmocka_unit_test(no_hash_and_a_broken_hash_never_verify),
		cmocka_unit_test(hashes_of_another_cost_stay_checkable),
		cmocka_unit_test(want_of_memory_is_an_error_and_not_a_hash),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
