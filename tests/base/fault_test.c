/*
 * tests/base/fault_test.c: the line that tells a person what went wrong.
 */
#include "base/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void
a_fault_has_a_code_and_a_line(void **state)
{
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(
	    fault_set(&why, ERR_RANGE, "line %d: %s", 3, "x"), ERR_RANGE);
	assert_int_equal(why.code, ERR_RANGE);
	assert_string_equal(why.text, "line 3: x");
	assert_int_equal(fault_at(&why, "%s:%d", "a.yaml", 7), ERR_RANGE);
	assert_string_equal(why.text, "a.yaml:7: line 3: x");
	assert_int_equal(fault_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
	assert_int_equal(fault_at(NULL, "nowhere"), ERR_OK);
	/* The old line may be part of the new one. */
	assert_int_equal(
	    fault_set(&why, ERR_IO, "again: %s", why.text), ERR_IO);
	assert_string_equal(why.text, "again: a.yaml:7: line 3: x");
}

static void
the_systems_word_chooses_the_code(void **state)
{
	struct fault why = { 0 };

	(void)state;
	errno = EIO;
	assert_int_equal(fault_sys(&why, ERR_IO, "cannot write"), ERR_IO);
	assert_string_equal(why.text, "cannot write: Input/output error");
	assert_int_equal(errno, EIO);
	errno = ENOSPC;
	assert_int_equal(fault_sys(&why, ERR_IO, "cannot write"), ERR_FULL);
	errno = EDQUOT;
	assert_int_equal(fault_sys(&why, ERR_IO, "cannot write"), ERR_FULL);
	errno = ENOMEM;
	assert_int_equal(fault_sys(&why, ERR_IO, "cannot map"), ERR_MEMORY);
	errno = ENOSPC;
	assert_int_equal(fault_sys(NULL, ERR_IO, "cannot write"), ERR_FULL);
}

static void
a_long_line_is_cut_between_characters(void **state)
{
	struct fault why = { 0 };
	char text[700];

	(void)state;
	for (size_t pad = 0; pad < 4; pad++) {
		memset(text, 'x', pad);
		for (size_t i = pad; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "北", 4);
		(void)fault_set(&why, ERR_IO, "%s", text);
		assert_true(strlen(why.text) >= FAULT_TEXT_MAX - 4);
		assert_true(text_valid(span_text(why.text)));
		(void)fault_at(&why, "a long way before it");
		assert_true(text_valid(span_text(why.text)));
	}
}

/* Found in review: a foreign name could break the line it stands in. */
static void
a_line_stays_one_line_of_utf8(void **state)
{
	struct fault why = { 0 };

	(void)state;
	(void)fault_set(&why, ERR_IO, "name \xA5\x5F\n<0>forged: \x1B[2J北");
	assert_string_equal(why.text, "name ?_ <0>forged:  [2J北");
}

static void
every_code_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ERR_N; i++) {
		assert_non_null(err_name((enum err)i));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(
			    err_name((enum err)i), err_name((enum err)k));
	}
	assert_string_equal(err_name(ERR_N), "unknown");
	assert_string_equal(err_name(ERR_NOT_FOUND), "not-found");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_has_a_code_and_a_line),
		cmocka_unit_test(the_systems_word_chooses_the_code),
		cmocka_unit_test(a_long_line_is_cut_between_characters),
		cmocka_unit_test(a_line_stays_one_line_of_utf8),
		cmocka_unit_test(every_code_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
