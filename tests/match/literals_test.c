/*
 * tests/match/literals_test.c: one pass finds what looking for each finds.
 */
#include "match/literals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define N_TEXTS 6

/* A literals_find_fn. */
static void
seen(void *arg, unsigned which)
{
	assert_true(which < N_TEXTS);
	((bool *)arg)[which] = true;
}

static void
every_text_that_stands_in_the_message_is_told(void **state)
{
	const struct span texts[N_TEXTS] = { SPAN_LIT("EventID"),
		SPAN_LIT("] \""), SPAN_LIT("登入"), SPAN_LIT("a"),
		SPAN_LIT("ID\":"), span_of("x\0y", 3) };
	static const char *const messages[] = { "", "EventI", "EventID",
		"{\"EventID\":1}", "[x] \"GET", "使用者登入失敗", "登", "abc",
		"EventIDEventID] \"" };
	struct literals *fast, *plain;
	struct fault why;

	(void)state;
	assert_int_equal(
	    literals_new(texts, N_TEXTS, false, &fast, &why), ERR_OK);
	assert_int_equal(
	    literals_new(texts, N_TEXTS, true, &plain, &why), ERR_OK);
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		bool by_fast[N_TEXTS] = { false },
		     by_plain[N_TEXTS] = { false };
		struct span m = span_text(messages[i]);

		literals_find(fast, m, seen, by_fast);
		literals_find(plain, m, seen, by_plain);
		for (unsigned k = 0; k < N_TEXTS; k++) {
			assert_int_equal(by_fast[k], by_plain[k]);
			assert_int_equal(by_plain[k],
			    m.len >= texts[k].len &&
				memmem(m.at, m.len, texts[k].at,
				    texts[k].len) != NULL);
		}
	}
	/* a NUL is a byte like others */
	{
		bool found[N_TEXTS] = { false };

		literals_find(fast, span_of("-x\0y", 4), seen, found);
		assert_true(found[5]);
	}
	literals_free(fast);
	literals_free(plain);
	literals_free(NULL);
}

static void
an_empty_set_and_too_many_texts(void **state)
{
	struct span *many = calloc(LITERALS_MAX + 1, sizeof *many);
	struct literals *l;
	struct fault why;

	(void)state;
	assert_int_equal(literals_new(NULL, 0, false, &l, &why), ERR_OK);
	literals_find(l, SPAN_LIT("anything"), seen, NULL);
	literals_free(l);
	assert_non_null(many);
	assert_int_equal(
	    literals_new(many, LITERALS_MAX + 1, false, &l, &why), ERR_LIMIT);
	free(many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_that_stands_in_the_message_is_told),
		cmocka_unit_test(an_empty_set_and_too_many_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
