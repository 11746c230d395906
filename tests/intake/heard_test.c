/*
 * tests/intake/heard_test.c: who was heard beside a loss.
 */
#include "intake/heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

struct seen {
	unsigned senders;
	uint64_t n;
	char last[64];
};

static void
note(void *arg, struct span sender, uint64_t n)
{
	struct seen *s = arg;

	s->senders++;
	s->n += n;
	memcpy(s->last, sender.at, sender.len);
	s->last[sender.len] = '\0';
}

static void
only_this_second_and_the_one_before_count(void **state)
{
	struct heard *h = heard_new();
	struct seen n = { 0 };

	(void)state;
	assert_non_null(h);
	heard_add(h, SPAN_LIT("192.0.2.1"), 100 * SECOND);
	heard_add(h, SPAN_LIT("192.0.2.2"), 101 * SECOND);
	heard_add(h, SPAN_LIT("192.0.2.2"), 101 * SECOND + 5);
	heard_each(h, 101 * SECOND, note, &n);
	assert_int_equal(n.senders, 2);
	assert_int_equal(n.n, 3);
	n = (struct seen){ 0 };
	heard_each(h, 102 * SECOND, note, &n);
	assert_int_equal(n.senders, 1);
	assert_string_equal(n.last, "192.0.2.2");
	/* Nothing was read since: it was one of those heard last. */
	n = (struct seen){ 0 };
	heard_each(h, 110 * SECOND, note, &n);
	assert_int_equal(n.senders, 2);
	heard_free(h);
}

static void
forged_senders_fill_a_bounded_table(void **state)
{
	struct heard *h = heard_new();
	struct seen n = { 0 };

	(void)state;
	assert_non_null(h);
	for (unsigned i = 0; i < 100000; i++) {
		char text[32];
		int len = snprintf(text, sizeof text, "10.%u.%u.%u", i >> 16,
		    i >> 8 & 255, i & 255);

		heard_add(h, span_of(text, (size_t)len), 7 * SECOND);
	}
	heard_add(h, SPAN_EMPTY, 7 * SECOND);
	heard_each(h, 7 * SECOND, note, &n);
	assert_true(n.senders > HEARD_SENDERS / 2);
	assert_true(n.senders <= HEARD_SENDERS);
	heard_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_this_second_and_the_one_before_count),
		cmocka_unit_test(forged_senders_fill_a_bounded_table),
	};

	return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}
