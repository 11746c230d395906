/*
 * wire_test: frames between processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/wire.h"

struct pair {
	struct wire *asker, *answerer;
	int raw; /* the asker's socket, for hostile bytes */
};

static struct pair
pair_open(void)
{
	int fd[2];
	struct pair p;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	p.raw = fd[0];
	p.asker = wire_new(fd[0]);
	p.answerer = wire_new(fd[1]);
	assert_non_null(p.asker);
	assert_non_null(p.answerer);
	return p;
}

static void
pair_close(struct pair *p)
{
	wire_free(p->asker);
	wire_free(p->answerer);
}

static void
an_ask_arrives_as_it_was_sent(void **state)
{
	struct pair p = pair_open();
	struct wire_frame f;
	struct fault why;
	bool got, left;

	(void)state;
	assert_int_equal(
	    wire_put(p.asker, WIRE_ASK, 7, 1, SPAN_LIT("hello"), &why), ERR_OK);
	assert_int_equal(wire_flush(p.asker, &left, &why), ERR_OK);
	assert_false(left);
	assert_int_equal(wire_get(p.answerer, true, &f, &got, &why), ERR_OK);
	assert_true(got);
	assert_int_equal(f.kind, WIRE_ASK);
	assert_int_equal(f.call, 7);
	assert_int_equal(f.number, 1);
	assert_true(span_is(f.body, "hello"));
	pair_close(&p);
}

/* Moves everything both ways until the answerer has a whole message. */
static struct wire_frame
pump(struct pair *p)
{
	struct wire_frame f;
	struct fault why;
	bool got = false;

	while (!got) {
		assert_int_equal(wire_flush(p->asker, NULL, &why), ERR_OK);
		assert_int_equal(
		    wire_get(p->answerer, true, &f, &got, &why), ERR_OK);
	}
	return f;
}

static void
a_message_of_many_frames_is_put_together(void **state)
{
	struct pair p = pair_open();
	size_t len = 3 * WIRE_MAX + 17;
	uint8_t *big = malloc(len);
	struct wire_frame f;
	struct fault why;

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < len; i++)
		big[i] = (uint8_t)(i * 31 + i / 1000);
	assert_int_equal(
	    wire_put(p.asker, WIRE_NOTE, 2, 0, span_of(big, len), &why),
	    ERR_OK);
	f = pump(&p);
	assert_int_equal(f.body.len, len);
	assert_memory_equal(f.body.at, big, len);
	/* The next message is not mixed with it. */
	assert_int_equal(
	    wire_put(p.asker, WIRE_NOTE, 3, 0, SPAN_LIT("x"), &why), ERR_OK);
	f = pump(&p);
	assert_int_equal(f.call, 3);
	assert_true(span_is(f.body, "x"));
	free(big);
	pair_close(&p);
}

static void
a_message_over_the_limit_is_not_sent(void **state)
{
	struct pair p = pair_open();
	uint8_t *big = calloc(1, WIRE_WHOLE + 1);
	struct fault why;

	(void)state;
	assert_non_null(big);
	assert_int_equal(wire_put(p.asker, WIRE_NOTE, 0, 0,
			     span_of(big, WIRE_WHOLE + 1), &why),
	    ERR_LIMIT);
	free(big);
	pair_close(&p);
}

static void
hostile_headers_are_refused(void **state)
{
	static const struct {
		const char *what;
		uint8_t head[WIRE_HEADER];
	} bad[] = {
		{ "a length past the limit",
		    { 0x00, 0x10, 0x00, 0x01, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
			1 } },
		{ "a length of 4 GiB",
		    { 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
			1 } },
		{ "kind 0",
		    { 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
		{ "kind 4",
		    { 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
		{ "an unknown flag",
		    { 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1 } },
		{ "an ask without number",
		    { 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
		{ "a note with a number",
		    { 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 9 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct pair p = pair_open();
		struct wire_frame f;
		struct fault why;
		bool got;

		assert_int_equal(
		    write(p.raw, bad[i].head, WIRE_HEADER), WIRE_HEADER);
		if (wire_get(p.answerer, true, &f, &got, &why) != ERR_SYNTAX)
			fail_msg("taken: %s", bad[i].what);
		pair_close(&p);
	}
}

static void
frames_come_whole_however_they_are_cut(void **state)
{
	struct pair p = pair_open();
	struct wire_frame f;
	struct fault why;
	uint8_t bytes[WIRE_HEADER + 3] = { 0, 0, 0, 3, 0, 5, 3, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 'a', 'b', 'c' };
	bool got;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++) {
		assert_int_equal(
		    wire_get(p.answerer, true, &f, &got, &why), ERR_OK);
		assert_false(got);
		assert_int_equal(write(p.raw, &bytes[i], 1), 1);
	}
	assert_int_equal(wire_get(p.answerer, true, &f, &got, &why), ERR_OK);
	assert_true(got);
	assert_true(span_is(f.body, "abc"));
	pair_close(&p);
}

static void
an_answer_brings_code_line_and_content(void **state)
{
	const struct fault said = { ERR_RANGE, "no such day: 113/02/30" };
	struct pair p = pair_open();
	struct wire_frame f;
	struct fault why;
	struct span line, body;
	enum err code;

	(void)state;
	assert_int_equal(
	    wire_put(p.asker, WIRE_ASK, 1, 1, SPAN_EMPTY, &why), ERR_OK);
	f = pump(&p);
	assert_int_equal(wire_answer(p.answerer, &f, ERR_RANGE, &said,
			     SPAN_LIT("not sent"), &why),
	    ERR_OK);
	assert_int_equal(wire_flush(p.answerer, NULL, &why), ERR_OK);
	{
		struct wire_frame back;
		bool got;

		assert_int_equal(
		    wire_get(p.asker, true, &back, &got, &why), ERR_OK);
		assert_true(got);
		assert_int_equal(
		    wire_parse_answer(back.body, &code, &line, &body), ERR_OK);
	}
	assert_int_equal(code, ERR_RANGE);
	assert_true(span_is(line, "no such day: 113/02/30"));
	assert_int_equal(body.len, 0);
	pair_close(&p);
}

static void
an_ask_without_answer_ends_in_time(void **state)
{
	struct pair p = pair_open();
	struct fault why;

	(void)state;
	assert_int_equal(
	    wire_ask(p.asker, 1, SPAN_EMPTY, 20, NULL, &why), ERR_TIMEOUT);
	pair_close(&p);
}

static void
a_peer_that_went_away_is_told(void **state)
{
	struct pair p = pair_open();
	struct fault why;

	(void)state;
	wire_free(p.answerer);
	p.answerer = NULL;
	assert_int_equal(
	    wire_ask(p.asker, 1, SPAN_EMPTY, 1000, NULL, &why), ERR_GONE);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ask_arrives_as_it_was_sent),
		cmocka_unit_test(a_message_of_many_frames_is_put_together),
		cmocka_unit_test(a_message_over_the_limit_is_not_sent),
		cmocka_unit_test(hostile_headers_are_refused),
		cmocka_unit_test(frames_come_whole_however_they_are_cut),
		cmocka_unit_test(an_answer_brings_code_line_and_content),
		cmocka_unit_test(an_ask_without_answer_ends_in_time),
		cmocka_unit_test(a_peer_that_went_away_is_told),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
