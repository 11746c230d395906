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
intake_may_append_and_use_the_tls_key(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ROLE_N; r++) {
		unsigned n;
		const struct call_row *row = call_rows((enum role)r, &n);

		for (unsigned i = 0; i < n; i++) {
			bool may = (row[i].from & FROM_INTAKE) != 0;
			bool should =
			    (r == ROLE_KEEPER &&
				(strcmp(row[i].name, "APPEND") == 0 ||
				    strcmp(row[i].name, "LOSS") == 0 ||
				    strcmp(row[i].name, "COUNTS") == 0)) ||
			    (r == ROLE_SIGNER && /* its TLS listener */
				strncmp(row[i].name, "TLS_", 4) == 0);

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
	struct event ev = { .via = VIA_TCP,
		.parse = PARSE_BARE,
		.raw = SPAN_LIT("中文 line"),
		.sender = SPAN_LIT("192.0.2.7") };
	struct append_ask ask;
	struct event got;
	struct cursor c;
	struct fault why;

	(void)state;
	append_init(&a, 42);
	assert_true(append_add(&a, &ev));
	ev.raw = SPAN_LIT("second");
	assert_true(append_add(&a, &ev));
	assert_int_equal(append_read(append_print(&a), &ask, &why), ERR_OK);
	assert_int_equal(ask.epoch, 42);
	assert_int_equal(ask.batch, 1);
	assert_int_equal(ask.after, 0);
	assert_int_equal(ask.n, 2);
	assert_int_equal(ask.n_parts, 0);
	c = cursor_of(ask.rows);
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
}

/* Printed twice, as after a refusal, an ask is the same; its parts name the
 * rows between their beginning and end; a part without rows is none. */
static void
parts_of_a_batch_keep_their_ids(void **state)
{
	struct hash one = { { 1 } }, two = { { 2 } };
	struct event ev = {
		.via = VIA_HTTP, .parse = PARSE_BARE, .raw = SPAN_LIT("x")
	};
	struct append_ask ask;
	struct append_part p = { .n = 0 };
	struct append a;
	struct fault why;
	size_t len;

	(void)state;
	append_init(&a, 42);
	assert_true(append_add(&a, &ev));
	assert_true(append_part(&a, &one));
	assert_true(append_add(&a, &ev));
	assert_true(append_add(&a, &ev));
	append_part_end(&a);
	assert_true(append_part(&a, &two));
	append_part_end(&a);
	len = append_print(&a).len;
	assert_int_equal(append_print(&a).len, len);
	assert_int_equal(append_read(append_print(&a), &ask, &why), ERR_OK);
	assert_int_equal(ask.n, 3);
	assert_int_equal(ask.n_parts, 1);
	append_part_read(&ask.parts, &p);
	assert_int_equal(p.first, 1);
	assert_int_equal(p.n, 2);
	assert_true(hash_equal(&p.id, &one));
	append_clear(&a);
}

/* Asks that no outlet makes are refused whole. */
static void
impossible_parts_are_refused(void **state)
{
	struct hash id = { { 1 } };
	struct event ev = {
		.via = VIA_HTTP, .parse = PARSE_BARE, .raw = SPAN_LIT("x")
	};
	struct append_ask ask;
	struct append a;
	struct fault why;
	struct span all;
	uint8_t copy[512];

	(void)state;
	append_init(&a, 42);
	assert_true(append_part(&a, &id));
	assert_true(append_add(&a, &ev));
	append_part_end(&a);
	all = append_print(&a);
	assert_in_range(all.len, 40, sizeof copy);
	memcpy(copy, all.at, all.len);
	copy[all.len - HASH_LEN - 1] = 2; /* two rows, of one */
	assert_int_equal(
	    append_read(span_of(copy, all.len), &ask, &why), ERR_SYNTAX);
	for (size_t len = 0; len < all.len; len++)
		assert_int_equal(
		    append_read(span_of(all.at, len), &ask, &why), ERR_SYNTAX);
	append_clear(&a);
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
	unsigned n = 0;

	(void)state;
	append_init(&a, 1);
	while (append_add(&a, &ev))
		n++;
	assert_in_range(n, 2, 15);
	assert_true(append_print(&a).len > n * sizeof raw);
	append_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intake_may_append_and_use_the_tls_key),
		cmocka_unit_test(nobody_asks_himself_and_names_are_found),
		cmocka_unit_test(no_ring_of_processes_waits_for_itself),
		cmocka_unit_test(a_batch_is_read_as_it_was_written),
		cmocka_unit_test(parts_of_a_batch_keep_their_ids),
		cmocka_unit_test(impossible_parts_are_refused),
		cmocka_unit_test(a_full_batch_says_so),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
