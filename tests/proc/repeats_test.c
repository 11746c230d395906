/*
 * repeats_test: records that may come a second time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proc/repeats.h"

static uint64_t
hash_n(const struct repeats *r, unsigned n)
{
	char text[32];
	int len = snprintf(text, sizeof text, "line %u", n);

	return repeats_hash(
	    r, SPAN_LIT("192.0.2.7"), span_of(text, (size_t)len));
}

static void
what_a_broken_connection_gave_is_known_once(void **state)
{
	struct repeats *r = repeats_new();
	struct repeats_recent c = { .n = 0 };

	(void)state;
	assert_non_null(r);
	for (unsigned i = 0; i < 10; i++)
		repeats_note(&c, hash_n(r, i));
	assert_false(repeats_any(r));
	repeats_break(r, &c);
	assert_null(c.hash);
	assert_true(repeats_any(r));
	assert_false(repeats_take(r, hash_n(r, 10)));
	for (unsigned i = 0; i < 10; i++)
		assert_true(repeats_take(r, hash_n(r, i)));
	assert_false(repeats_take(r, hash_n(r, 3)));
	assert_false(repeats_any(r));
	repeats_free(r);
}

static void
what_ended_well_is_not_remembered(void **state)
{
	struct repeats *r = repeats_new();
	struct repeats_recent c = { .n = 0 };

	(void)state;
	assert_non_null(r);
	repeats_note(&c, hash_n(r, 1));
	repeats_clear(&c);
	repeats_break(r, &c); /* nothing is left of it */
	assert_false(repeats_take(r, hash_n(r, 1)));
	repeats_free(r);
}

static void
another_sender_or_line_is_another(void **state)
{
	struct repeats *r = repeats_new();

	(void)state;
	assert_non_null(r);
	assert_true(repeats_hash(r, SPAN_LIT("a"), SPAN_LIT("b")) !=
	    repeats_hash(r, SPAN_LIT("ab"), SPAN_EMPTY));
	assert_true(repeats_hash(r, SPAN_LIT("a"), SPAN_LIT("x")) !=
	    repeats_hash(r, SPAN_LIT("b"), SPAN_LIT("x")));
	assert_true(repeats_hash(r, SPAN_LIT("a"), SPAN_LIT("x")) !=
	    repeats_hash(r, SPAN_LIT("a"), SPAN_LIT("x\0")));
	repeats_free(r);
}

/* A thousand broken connections: the latest are known, memory is bounded. */
static void
the_oldest_give_way(void **state)
{
	struct repeats *r = repeats_new();
	unsigned n = 0;

	(void)state;
	assert_non_null(r);
	for (unsigned k = 0; k < 200; k++) {
		struct repeats_recent c = { .n = 0 };

		for (unsigned i = 0; i < 2 * REPEATS_RECENT; i++)
			repeats_note(&c, hash_n(r, n++));
		repeats_break(r, &c);
	}
	assert_false(repeats_take(r, hash_n(r, 0)));
	/* of the last connection its last REPEATS_RECENT */
	assert_true(repeats_take(r, hash_n(r, n - 1)));
	assert_true(repeats_take(r, hash_n(r, n - REPEATS_RECENT)));
	assert_false(repeats_take(r, hash_n(r, n - REPEATS_RECENT - 1)));
	repeats_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_broken_connection_gave_is_known_once),
		cmocka_unit_test(what_ended_well_is_not_remembered),
		cmocka_unit_test(another_sender_or_line_is_another),
		cmocka_unit_test(the_oldest_give_way),
	};

	return cmocka_run_group_tests_name("repeats", tests, NULL, NULL);
}
