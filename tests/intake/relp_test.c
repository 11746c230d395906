/*
 * tests/intake/relp_test.c: RELP sessions from the bytes on; an answer is a
 * promise.
 */
#include "intake/relp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "intake/frame.h"

struct seen {
	unsigned n;
	size_t bytes;
	unsigned marks;
};

static void
record(void *arg, struct span s, unsigned marks)
{
	struct seen *n = arg;

	n->n++;
	n->bytes += s.len;
	n->marks |= marks;
}

/* Feeds text; the answers so far are compared and taken away. */
static enum err
say(struct relp *r, struct seen *n, const char *text, const char *answers)
{
	struct fault why;
	enum err e = relp_feed(r, span_text(text), record, n, &why);

	if (answers != NULL) {
		assert_string_equal(buf_string(&r->out), answers);
		buf_reset(&r->out);
	}
	return e;
}

#define OPEN "1 open 30 relp_version=0\ncommands=syslog\n"
#define OPENED                                                    \
	"1 rsp 58 200 OK\nrelp_version=0\nrelp_software=beimen\n" \
	"commands=syslog\n"

static void
a_session_opens_takes_records_and_closes(void **state)
{
	struct seen n = { 0 };
	struct relp r;

	(void)state;
	relp_init(&r);
	assert_int_equal(say(&r, &n, OPEN, OPENED), ERR_OK);
	assert_int_equal(
	    say(&r, &n, "2 syslog 5 hello\n3 syslog 3 a\nb\n", ""), ERR_OK);
	assert_int_equal(n.n, 2);
	assert_int_equal(n.bytes, 8);
	assert_true(relp_is_quiet(&r));
	relp_durable(&r, 1);
	assert_string_equal(buf_string(&r.out), "2 rsp 6 200 OK\n");
	buf_reset(&r.out);
	/* The answer to close waits for what came before it. */
	assert_int_equal(say(&r, &n, "4 close 0\n", ""), ERR_OK);
	assert_false(r.done);
	relp_durable(&r, 2);
	assert_string_equal(
	    buf_string(&r.out), "3 rsp 6 200 OK\n4 rsp 0\n0 serverclose 0\n");
	assert_true(r.done);
	relp_clear(&r);
}

static void
nothing_is_answered_before_it_is_durable(void **state)
{
	struct seen n = { 0 };
	struct relp r;

	(void)state;
	relp_init(&r);
	assert_int_equal(say(&r, &n, OPEN, OPENED), ERR_OK);
	for (unsigned i = 0; i < 500; i++) {
		char text[32];
		struct buf b;

		buf_init(&b, sizeof text - 1);
		buf_printf(&b, "%u syslog 1 x\n", i + 2);
		memcpy(text, buf_string(&b), b.len + 1);
		buf_clear(&b);
		assert_int_equal(say(&r, &n, text, ""), ERR_OK);
	}
	assert_int_equal(r.n_runs, 1); /* numbers in a row cost nothing */
	relp_durable(&r, 499);
	assert_int_equal(r.durable, 499);
	assert_true(span_ends(buf_view(&r.out), "\n500 rsp 6 200 OK\n"));
	relp_durable(&r, 499); /* said twice, answered once */
	assert_true(span_ends(buf_view(&r.out), "\n500 rsp 6 200 OK\n"));
	relp_clear(&r);
}

static void
however_it_is_cut_it_is_the_same(void **state)
{
	static const char text[] = OPEN
	    "2 syslog 5 hello\n3 syslog 0\n4 what 3 abc\n"
	    "999999999 syslog 1 a\n1 syslog 1 b\n5 close 0\n";
	struct seen whole = { 0 };
	struct relp all;

	(void)state;
	relp_init(&all);
	assert_int_equal(
	    relp_feed(&all, span_text(text), record, &whole, NULL), ERR_OK);
	relp_durable(&all, all.taken);
	for (size_t step = 1; step < sizeof text; step++) {
		struct seen n = { 0 };
		struct relp r;

		relp_init(&r);
		for (size_t at = 0; at < sizeof text - 1; at += step)
			assert_int_equal(
			    relp_feed(&r, span_slice(span_text(text), at, step),
				record, &n, NULL),
			    ERR_OK);
		relp_durable(&r, r.taken);
		assert_memory_equal(&n, &whole, sizeof n);
		assert_string_equal(buf_string(&r.out), buf_string(&all.out));
		relp_clear(&r);
	}
	assert_int_equal(whole.n, 3);
	assert_int_equal(all.empty, 1);
	relp_clear(&all);
}

static void
what_is_not_relp_ends_the_session(void **state)
{
	static const struct {
		const char *text;
		bool opened;
		enum err e;
	} table[] = {
		{ "0 open 0\n", false, ERR_SYNTAX },
		{ "1234567890 open 0\n", false, ERR_SYNTAX },
		{ " 1 open 0\n", false, ERR_SYNTAX },
		{ "-1 open 0\n", false, ERR_SYNTAX },
		{ "1  0\n", false, ERR_SYNTAX },
		{ "1 op3n 0\n", false, ERR_SYNTAX },
		{ "1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 0\n", false,
		    ERR_SYNTAX },
		{ "1 open x\n", false, ERR_SYNTAX },
		{ "1 open 1234567890 \n", false, ERR_SYNTAX },
		{ "1 open 5\n", false, ERR_SYNTAX },
		{ "1 open 5000 x", false, ERR_LIMIT },
		{ "1 open 0\n", false, ERR_SYNTAX },
		{ "1 open 14 relp_version=0x", false, ERR_SYNTAX },
		{ "1 open 30 relp_version=0\ncommands=kernel\n", false,
		    ERR_SYNTAX },
		{ "1 syslog 1 x\n", false, ERR_SYNTAX },
		{ "1 close 0\n", false, ERR_SYNTAX },
		{ "2 open 14 relp_version=0\n", true, ERR_SYNTAX },
		{ "2 syslog 99999999 x", true, ERR_LIMIT },
		{ "2 syslog 1 xy", true, ERR_SYNTAX },
		{ "2 close 0\n3 syslog 1 x\n", true, ERR_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct seen n = { 0 };
		struct relp r;

		relp_init(&r);
		if (table[i].opened)
			assert_int_equal(say(&r, &n, OPEN, OPENED), ERR_OK);
		if (say(&r, &n, table[i].text, NULL) != table[i].e)
			fail_msg("%s", table[i].text);
		assert_int_equal(n.n, 0);
		relp_clear(&r);
	}
}

static void
a_record_is_cut_at_its_maximum_and_still_answered(void **state)
{
	size_t len = EVENT_RAW_MAX + 5000;
	struct seen n = { 0 };
	struct relp r;
	struct buf b;

	(void)state;
	relp_init(&r);
	assert_int_equal(say(&r, &n, OPEN, OPENED), ERR_OK);
	buf_init(&b, len + 100);
	buf_printf(&b, "2 syslog %zu ", len);
	memset(buf_room(&b, len), 'x', len);
	buf_took(&b, len);
	buf_text(&b, "\n3 syslog 2 ok\n");
	assert_int_equal(relp_feed(&r, buf_view(&b), record, &n, NULL), ERR_OK);
	assert_int_equal(n.n, 2);
	assert_int_equal(n.bytes, EVENT_RAW_MAX + 2);
	assert_int_equal(n.marks, FRAME_CUT);
	relp_durable(&r, 2);
	assert_string_equal(
	    buf_string(&r.out), "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	buf_clear(&b);
	relp_clear(&r);
}

static void
numbers_without_order_are_bounded(void **state)
{
	struct seen n = { 0 };
	struct relp r;
	struct buf b;
	enum err e = ERR_OK;

	(void)state;
	relp_init(&r);
	assert_int_equal(say(&r, &n, OPEN, OPENED), ERR_OK);
	buf_init(&b, 64);
	for (unsigned i = 0; i < 2 * RELP_RUNS_MAX && e == ERR_OK; i++) {
		buf_reset(&b);
		buf_printf(&b, "%u syslog 1 x\n", 10 + i * 7);
		e = relp_feed(&r, buf_view(&b), record, &n, NULL);
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_int_equal(r.n_runs, RELP_RUNS_MAX);
	buf_clear(&b);
	relp_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_opens_takes_records_and_closes),
		cmocka_unit_test(nothing_is_answered_before_it_is_durable),
		cmocka_unit_test(however_it_is_cut_it_is_the_same),
		cmocka_unit_test(what_is_not_relp_ends_the_session),
		cmocka_unit_test(
		    a_record_is_cut_at_its_maximum_and_still_answered),
		cmocka_unit_test(numbers_without_order_are_bounded),
	};

	return cmocka_run_group_tests_name("relp", tests, NULL, NULL);
}
