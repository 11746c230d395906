/*
 * tests/net/loop_test.c: descriptors, timers, and who is called when.
 */
#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* A clock that only the test moves. */
static int64_t now_us;

static int64_t
test_clock(void *arg)
{
	(void)arg;
	return now_us;
}

struct note {
	struct loop *l;
	char text[32]; /* one letter a call */
	size_t n;
	int other; /* a descriptor to remove */
	struct loop_timer timer;
};

static void
note_add(struct note *n, char c)
{
	assert_true(n->n + 1 < sizeof n->text);
	n->text[n->n++] = c;
}

static void
on_read(void *arg, unsigned ready)
{
	struct note *n = arg;

	if ((ready & LOOP_READ) != 0)
		note_add(n, 'r');
	if ((ready & LOOP_GONE) != 0)
		note_add(n, 'g');
}

static void
on_read_remove_other(void *arg, unsigned ready)
{
	struct note *n = arg;

	(void)ready;
	note_add(n, 'x');
	loop_del(n->l, n->other);
}

static void
on_timer(void *arg)
{
	note_add(arg, 't');
}

static void
on_timer_again(void *arg)
{
	struct note *n = arg;

	note_add(n, 'a');
	assert_int_equal(
	    loop_arm(n->l, &n->timer, 0, on_timer_again, n, NULL), ERR_OK);
}

static struct loop *
loop_fresh(void)
{
	struct loop *l = NULL;
	struct fault why;

	now_us = 1000;
	assert_int_equal(loop_new(test_clock, NULL, &l, &why), ERR_OK);
	return l;
}

/* A pipe with one byte in it. */
static void
pipe_full(int fd[2])
{
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
}

static void
what_is_not_read_is_told_again(void **state)
{
	struct note n = { .l = loop_fresh() };
	int fd[2];

	(void)state;
	pipe_full(fd);
	assert_int_equal(
	    loop_add(n.l, fd[0], LOOP_READ, on_read, &n, NULL), ERR_OK);
	assert_int_equal(
	    loop_add(n.l, fd[0], LOOP_READ, on_read, &n, NULL), ERR_EXISTS);
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "rr");
	assert_int_equal(loop_want(n.l, fd[0], 0, NULL), ERR_OK);
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "rr");
	(void)close(fd[1]); /* an end is told though nothing was asked */
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "rrg");
	loop_del(n.l, fd[0]);
	assert_int_equal(loop_count(n.l), 0);
	assert_int_equal(loop_want(n.l, fd[0], 0, NULL), ERR_NOT_FOUND);
	(void)close(fd[0]);
	loop_free(n.l);
}

static void
a_removed_descriptor_is_not_called_in_the_same_pass(void **state)
{
	struct note n = { .l = loop_fresh() }, m = { .l = n.l };
	int a[2], b[2];

	(void)state;
	pipe_full(a);
	pipe_full(b);
	n.other = b[0];
	m.other = a[0];
	assert_int_equal(
	    loop_add(n.l, a[0], LOOP_READ, on_read_remove_other, &n, NULL),
	    ERR_OK);
	assert_int_equal(
	    loop_add(n.l, b[0], LOOP_READ, on_read_remove_other, &m, NULL),
	    ERR_OK);
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_int_equal(n.n + m.n, 1);
	assert_int_equal(loop_count(n.l), 1);
	for (int i = 0; i < 2; i++) {
		(void)close(a[i]);
		(void)close(b[i]);
	}
	loop_free(n.l);
}

static void
timers_run_in_order_and_after_descriptors(void **state)
{
	struct note n = { .l = loop_fresh() };
	struct loop_timer late = { 0 }, zero = { 0 };
	int fd[2];

	(void)state;
	pipe_full(fd);
	assert_int_equal(
	    loop_arm(n.l, &late, 5000, on_timer, &n, NULL), ERR_OK);
	assert_int_equal(loop_arm(n.l, &zero, 0, on_timer, &n, NULL), ERR_OK);
	assert_int_equal(
	    loop_add(n.l, fd[0], LOOP_READ, on_read, &n, NULL), ERR_OK);
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "rt");
	now_us += 5000;
	loop_del(n.l, fd[0]);
	assert_int_equal(loop_turn(n.l, -1, NULL), ERR_OK);
	assert_string_equal(n.text, "rtt");
	(void)close(fd[0]);
	(void)close(fd[1]);
	loop_free(n.l);
}

static void
a_timer_that_arms_itself_runs_once_a_pass(void **state)
{
	struct note n = { .l = loop_fresh() };

	(void)state;
	assert_int_equal(
	    loop_arm(n.l, &n.timer, 0, on_timer_again, &n, NULL), ERR_OK);
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "a");
	now_us++;
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "aa");
	loop_disarm(n.l, &n.timer);
	loop_disarm(n.l, &n.timer);
	now_us += 10;
	assert_int_equal(loop_turn(n.l, 0, NULL), ERR_OK);
	assert_string_equal(n.text, "aa");
	loop_free(n.l);
}

#define MANY 300

static int64_t ran[MANY];
static size_t n_ran;

static void
on_many(void *arg)
{
	ran[n_ran++] = *(int64_t *)arg;
}

/* A heap of many timers, armed, changed and taken out in a mixed order. */
static void
many_timers_keep_their_order(void **state)
{
	struct loop *l = loop_fresh();
	static struct loop_timer t[MANY];
	static int64_t wait[MANY];
	uint32_t seed = 7;
	size_t expect = 0;

	(void)state;
	n_ran = 0;
	for (size_t i = 0; i < MANY * 3; i++) {
		size_t at = i % MANY;

		seed = seed * 1664525U + 1013904223U;
		if (seed >> 28 == 0) {
			loop_disarm(l, &t[at]);
			continue;
		}
		wait[at] = seed >> 12 & 0xFFF;
		assert_int_equal(
		    loop_arm(l, &t[at], wait[at], on_many, &wait[at], NULL),
		    ERR_OK);
	}
	for (size_t i = 0; i < MANY; i++)
		expect += t[i].place != 0;
	now_us += 1 << 20;
	assert_int_equal(loop_turn(l, -1, NULL), ERR_OK);
	assert_int_equal(n_ran, expect);
	for (size_t i = 1; i < n_ran; i++)
		assert_true(ran[i - 1] <= ran[i]);
	loop_free(l);
}

static void
stop_it(void *arg)
{
	loop_stop(arg);
}

static void
a_loop_runs_until_it_is_stopped(void **state)
{
	struct loop *l = loop_fresh();
	struct loop_timer t = { 0 };

	(void)state;
	assert_int_equal(loop_arm(l, &t, 0, stop_it, l, NULL), ERR_OK);
	assert_int_equal(loop_run(l, NULL), ERR_OK);
	assert_true(loop_clock(NULL) > 0);
	loop_free(l);
	loop_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_read_is_told_again),
		cmocka_unit_test(
		    a_removed_descriptor_is_not_called_in_the_same_pass),
		cmocka_unit_test(timers_run_in_order_and_after_descriptors),
		cmocka_unit_test(a_timer_that_arms_itself_runs_once_a_pass),
		cmocka_unit_test(many_timers_keep_their_order),
		cmocka_unit_test(a_loop_runs_until_it_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
