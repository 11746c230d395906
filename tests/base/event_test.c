/*
 * tests/base/event_test.c: a record's row goes out and comes back whole.
 */
#include "base/event.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

static const char raw_text[] =
    "<38>1 2026-11-22T10:00:00Z web sshd 42 - - Failed password for root";

static struct event
sample(void)
{
	struct event ev = {
		.received_us = 1795360047000001,
		.event_us = -5,
		.via = VIA_TCP,
		.parse = PARSE_RFC5424,
		.category = CAT_SIGN_IN_FAILED,
		.facility = 4,
		.severity = 6,
		.sender = SPAN_LIT("192.0.2.7"),
		.host = SPAN_LIT("web"),
		.app = SPAN_LIT("sshd"),
		.raw = SPAN_LIT(raw_text),
	};

	ev.message = span_slice(ev.raw, 43, SIZE_MAX);
	ev.field[FIELD_USER] = SPAN_LIT("root");
	ev.field[FIELD_COUNT] = span_of("", 0);
	return ev;
}

static void
a_row_is_read_back_as_it_was(void **state)
{
	struct event in = sample(), out;
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	event_encode(&b, &in);
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_int_equal(event_decode(buf_view(&b), &out, &why), ERR_OK);
	assert_true(out.received_us == in.received_us);
	assert_true(out.event_us == in.event_us);
	assert_int_equal(out.via, in.via);
	assert_int_equal(out.parse, in.parse);
	assert_int_equal(out.category, in.category);
	assert_int_equal(out.facility, 4);
	assert_int_equal(out.severity, 6);
	assert_true(span_equal(out.sender, in.sender));
	assert_true(span_equal(out.host, in.host));
	assert_true(span_equal(out.app, in.app));
	assert_int_equal(out.proc.len, 0);
	assert_true(span_equal(out.raw, in.raw));
	assert_true(span_equal(out.message, in.message));
	assert_true(
	    out.message.at > out.raw.at); /* a part of raw, not a copy */
	assert_true(span_is(out.field[FIELD_USER], "root"));
	/* An empty field is there; a missing one is not. */
	assert_non_null(out.field[FIELD_COUNT].at);
	assert_int_equal(out.field[FIELD_COUNT].len, 0);
	assert_null(out.field[FIELD_SRC_IP].at);
	buf_clear(&b);
}

/* Cut short anywhere or one byte longer, a row is no row. */
static void
a_row_of_another_length_is_refused(void **state)
{
	struct event in = sample(), out = { .facility = 99 };
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	event_encode(&b, &in);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(
		    event_decode(span_slice(buf_view(&b), 0, n), &out, &why),
		    ERR_SYNTAX);
	buf_u8(&b, 0);
	assert_int_equal(event_decode(buf_view(&b), &out, &why), ERR_SYNTAX);
	assert_string_equal(why.text, "row: wrong length");
	assert_int_equal(out.facility, 99); /* *ev stays */
	buf_clear(&b);
}

static void
what_a_row_cannot_mean_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
		const char *line;
	} form[] = {
		{ 0, 2, "row: unknown version" },
		{ 1, VIA_N, "row: unknown transport, parse or category" },
		{ 2, PARSE_N, "row: unknown transport, parse or category" },
		{ 3, CAT_N, "row: unknown transport, parse or category" },
		/* message offset, below: sender host app proc msgid */
		{ 22 + 10 + 4 + 5 + 1 + 1, 1,
		    "row: message lies outside the raw bytes" },
		{ 22 + 10 + 4 + 5 + 2 + 8 + 1, FIELD_N, "row: bad field" },
		/* the same field twice */
		{ 22 + 10 + 4 + 5 + 2 + 8 + 1, FIELD_COUNT, "row: bad field" },
	};
	struct event in = sample(), out;
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		buf_reset(&b);
		event_encode(&b, &in);
		b.at[form[i].at] = form[i].byte;
		assert_int_equal(
		    event_decode(buf_view(&b), &out, &why), ERR_SYNTAX);
		assert_string_equal(why.text, form[i].line);
	}
	buf_clear(&b);
}

/* Found in review: long texts were cut in the middle of a character. */
static void
what_is_too_long_is_cut_between_characters(void **state)
{
	static char long_text[EVENT_RAW_MAX + 10];
	struct event in = sample(), out;
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	for (size_t i = 0; i + 3 <= sizeof long_text; i += 3)
		memcpy(long_text + i, "北", 3);
	in.host = span_of(long_text, 256);
	in.field[FIELD_URL] = span_of(long_text, EVENT_FIELD_MAX + 1);
	in.raw = span_of(long_text, sizeof long_text);
	in.message = span_slice(in.raw, 30, SIZE_MAX);
	buf_init(&b, 1 << 20);
	event_encode(&b, &in);
	assert_int_equal(event_decode(buf_view(&b), &out, &why), ERR_OK);
	assert_int_equal(out.host.len, 255);
	assert_true(text_valid(out.host));
	assert_int_equal(out.field[FIELD_URL].len, EVENT_FIELD_MAX - 2);
	assert_true(text_valid(out.field[FIELD_URL]));
	assert_int_equal(out.raw.len, EVENT_RAW_MAX);
	assert_int_equal(out.message.len, EVENT_RAW_MAX - 30);
	/* A message that is no part of raw is left out. */
	in.message = SPAN_LIT("elsewhere");
	buf_reset(&b);
	event_encode(&b, &in);
	assert_int_equal(event_decode(buf_view(&b), &out, &why), ERR_OK);
	assert_int_equal(out.message.len, 0);
	buf_clear(&b);
}

static void
names_lead_back_to_what_they_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CLASS_N; i++)
		assert_int_equal(event_class_find(span_text(
				     event_class_name((enum event_class)i))),
		    i);
	for (unsigned i = 0; i < CAT_N; i++) {
		assert_int_equal(
		    event_category_find(
			span_text(event_category_name((enum event_category)i))),
		    i);
		assert_true(event_class_of((enum event_category)i) < CLASS_N);
	}
	for (unsigned i = 0; i < FIELD_N; i++) {
		assert_int_equal(event_field_find(span_text(
				     event_field_name((enum event_field)i))),
		    i);
		assert_int_equal(event_field_find(span_text(
				     event_field_short((enum event_field)i))),
		    i);
	}
	assert_int_equal(event_class_find(SPAN_LIT("nothing")), CLASS_N);
	assert_int_equal(event_field_find(SPAN_EMPTY), FIELD_N);
	for (unsigned i = 0; i < PARSE_N; i++)
		assert_non_null(event_parse_name((enum event_parse)i));
	for (unsigned i = 0; i < VIA_N; i++)
		assert_non_null(event_via_name((enum event_transport)i));
	assert_string_equal(event_via_name(VIA_N), "?");
	assert_int_equal(event_class_of(CAT_FW_CONN), CLASS_FIREWALL_CONN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_read_back_as_it_was),
		cmocka_unit_test(a_row_of_another_length_is_refused),
		cmocka_unit_test(what_a_row_cannot_mean_is_refused),
		cmocka_unit_test(what_is_too_long_is_cut_between_characters),
		cmocka_unit_test(names_lead_back_to_what_they_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
