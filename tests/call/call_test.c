/*
 * call_test: the permit tables, and batches of records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "call/append.h"
#include "call/call.h"

/* The network's own process may hand records to keeper and nothing else. */
static void
intake_may_only_append(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ROLE_N; r++) {
		unsigned n;
		const struct call_row *row = call_rows((enum role)r, &n);

		for (unsigned i = 0; i < n; i++) {
			bool may = (row[i].from & FROM_INTAKE) != 0;
			bool should = r == ROLE_KEEPER &&
			    (strcmp(row[i].name, "APPEND") == 0 ||
				strcmp(row[i].name, "LOSS") == 0 ||
				strcmp(row[i].name, "COUNTS") == 0);

			assert_int_equal(may, should);
		}
	}
}

static void
nobody_asks_himself_and_names_are_found(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ROLE_N; r++) {
		assert_false(call_may((enum role)r, (enum role)r));
		assert_int_equal(role_find(role_name((enum role)r)), r);
	}
	assert_int_equal(role_find("nobody"), ROLE_N);
}

/* Who waits for whom must be no ring, or they would wait for ever. Keeper
 * does not wait for book, so that pair is left out; book does not wait for
 * rules. */
static bool
waits(unsigned a, unsigned b)
{
	if (a == ROLE_KEEPER && b == ROLE_BOOK)
		return false;
	if (a == ROLE_BOOK && b == ROLE_RULES)
		return false;
	return call_may((enum role)a, (enum role)b);
}

static bool
reaches(unsigned from, unsigned to, unsigned depth)
{
	if (depth == 0)
		return false;
	for (unsigned r = 0; r < ROLE_N; r++)
		if (waits(from, r) && (r == to || reaches(r, to, depth - 1)))
			return true;
	return false;
}

static void
no_ring_of_processes_waits_for_itself(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ROLE_N; r++)
		assert_false(reaches(r, r, ROLE_N));
}

static void
a_batch_is_read_as_it_was_written(void **state)
{
	struct append a;
	struct buf b;
	struct event ev = { .via = VIA_TCP,
		.parse = PARSE_BARE,
		.raw = SPAN_LIT("中文 line"),
		.sender = SPAN_LIT("192.0.2.7") };
	struct event got;
	struct cursor c;
	struct fault why;
	uint64_t epoch, batch;
	uint32_t n;

	(void)state;
	append_init(&a, 42);
	buf_init(&b, WIRE_MAX);
	assert_true(append_add(&a, &ev));
	ev.raw = SPAN_LIT("second");
	assert_true(append_add(&a, &ev));
	append_print(&a, &b);
	c = cursor_of(buf_view(&b));
	append_read(&c, &epoch, &batch, &n);
	assert_int_equal(epoch, 42);
	assert_int_equal(batch, 1);
	assert_int_equal(n, 2);
	assert_int_equal(
	    event_decode(cursor_block(&c, WIRE_MAX), &got, &why), ERR_OK);
	assert_true(span_is(got.raw, "中文 line"));
	assert_int_equal(
	    event_decode(cursor_block(&c, WIRE_MAX), &got, &why), ERR_OK);
	assert_true(span_is(got.raw, "second"));
	assert_true(cursor_done(&c));
	append_next(&a);
	assert_int_equal(a.batch, 2);
	assert_int_equal(a.n, 0);
	append_clear(&a);
	buf_clear(&b);
}

/* Records of the greatest size: the batch says it is full, and each fits a
 * message. */
static void
a_full_batch_says_so(void **state)
{
	static uint8_t raw[EVENT_RAW_MAX];
	struct append a;
	struct event ev = {
		.via = VIA_UDP, .parse = PARSE_BARE, .raw = { raw, sizeof raw }
	};
	struct buf b;
	unsigned n = 0;

	(void)state;
	append_init(&a, 1);
	buf_init(&b, WIRE_MAX);
	while (append_add(&a, &ev))
		n++;
	assert_in_range(n, 2, 15);
	append_print(&a, &b);
	assert_int_equal(buf_error(&b), ERR_OK);
	append_clear(&a);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intake_may_only_append),
		cmocka_unit_test(nobody_asks_himself_and_names_are_found),
		cmocka_unit_test(no_ring_of_processes_waits_for_itself),
		cmocka_unit_test(a_batch_is_read_as_it_was_written),
		cmocka_unit_test(a_full_batch_says_so),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
