/*
 * tests/intake/syslog_test.c: headers.txt line by line, structured data, and
 * what no line may ever do.
 */
#include "intake/syslog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/when.h"

/* Appends what the escapes of a fixture line stand for. */
static void
unescape(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] != '\\') {
			buf_u8(b, s.at[i]);
			continue;
		}
		assert_true(++i < s.len);
		if (s.at[i] == 'n')
			buf_u8(b, '\n');
		else if (s.at[i] == 'r')
			buf_u8(b, '\r');
		else if (s.at[i] == 't')
			buf_u8(b, '\t');
		else if (s.at[i] == '\\')
			buf_u8(b, '\\');
		else {
			assert_int_equal(s.at[i], 'x');
			assert_true(text_unhex(b, span_slice(s, i + 1, 2)));
			i += 2;
		}
	}
}

/* Appends one part of the answer, escaped as the fixture writes it. */
static void
part_put(struct buf *b, struct span s)
{
	bool text = text_valid(s);

	buf_text(b, " | ");
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c == '\t')
			buf_text(b, "\\t");
		else if (c == '\\')
			buf_text(b, "\\\\");
		else if (c < 0x20 || c == '|' || (c >= 0x80 && !text))
			buf_printf(b, "\\x%02X", c);
		else
			buf_u8(b, c);
	}
}

/* The answer as the fixture writes it. */
static void
answer_put(struct buf *b, const struct event *ev)
{
	buf_text(b, event_parse_name(ev->parse));
	if (ev->severity == EVENT_NO_SEVERITY)
		buf_text(b, " | -");
	else
		buf_printf(b, " | %d", ev->facility * 8 + ev->severity);
	buf_text(b, " | ");
	if (ev->event_us == 0)
		buf_text(b, "-");
	else
		when_print(b, ev->event_us);
	part_put(b, ev->host);
	part_put(b, ev->app);
	part_put(b, ev->proc);
	part_put(b, ev->msgid);
	part_put(b, ev->message);
}

/* All of a file under the source root. */
static void
file_read(struct buf *b, const char *path)
{
	struct buf name;
	FILE *f;
	uint8_t *to;
	size_t n;

	buf_init(&name, 4096);
	buf_printf(&name, "%s/%s", getenv("SRC"), path);
	assert_non_null(f = fopen(buf_string(&name), "re"));
	do {
		assert_non_null(to = buf_room(b, 65536));
		n = fread(to, 1, 65536, f);
		buf_took(b, n);
	} while (n > 0);
	assert_int_equal(fclose(f), 0);
	buf_clear(&name);
}

/* Parses one raw line of the fixture. The message stays inside raw. */
static void
line_parse(
    struct buf *raw, struct span text, int64_t received_us, struct event *ev)
{
	buf_reset(raw);
	unescape(raw, text);
	syslog_parse(buf_view(raw), received_us, ev);
	if (ev->message.len > 0)
		assert_true(ev->message.at >= raw->at &&
		    ev->message.at + ev->message.len <= raw->at + raw->len);
}

static void
every_line_of_the_table_reads_as_it_says(void **state)
{
	struct buf file, raw, answer;
	struct cursor c;
	int64_t received_us = 0;
	struct event ev = { .received_us = 0 };
	unsigned lines = 0;

	(void)state;
	buf_init(&file, 1 << 20);
	buf_init(&raw, 1 << 16);
	buf_init(&answer, 1 << 17);
	file_read(&file, "tests/intake/headers.txt");
	c = cursor_of(buf_view(&file));
	while (c.pos < c.all.len) {
		struct span line = cursor_until(&c, '\n', NULL);
		struct span rest = span_slice(line, 2, SIZE_MAX);

		if (span_starts(line, "@ ")) {
			assert_int_equal(
			    when_parse(rest, &received_us, NULL), ERR_OK);
		} else if (span_starts(line, "> ")) {
			line_parse(&raw, rest, received_us, &ev);
			buf_reset(&answer);
			answer_put(&answer, &ev);
			lines++;
		} else if (span_starts(line, "= ")) {
			if (!span_equal(rest, buf_view(&answer)))
				print_error(
				    "want %.*s\n", (int)rest.len, rest.at);
			assert_int_equal(buf_error(&answer), ERR_OK);
			if (!span_equal(rest, buf_view(&answer)))
				fail_msg("got  %s", buf_string(&answer));
		}
	}
	assert_true(lines >= 120);
	buf_clear(&file);
	buf_clear(&raw);
	buf_clear(&answer);
}

static void
structured_data_is_found_by_id_and_name(void **state)
{
	struct span raw = SPAN_LIT(
	    "<165>1 2003-10-11T22:14:15.003Z h a - m "
	    "[one@1 x=\"1\" y=\"a\\\"]b\"][two@2 x=\"2\" z=\"\"] text [x]");
	struct span params = syslog_params(raw), got;

	(void)state;
	assert_true(span_is(
	    params, "[one@1 x=\"1\" y=\"a\\\"]b\"][two@2 x=\"2\" z=\"\"]"));
	got = syslog_param(params, SPAN_LIT("two@2"), SPAN_LIT("x"));
	assert_true(span_is(got, "2"));
	got = syslog_param(params, SPAN_LIT("*"), SPAN_LIT("x"));
	assert_true(span_is(got, "1"));
	got = syslog_param(params, SPAN_LIT("*"), SPAN_LIT("y"));
	assert_true(span_is(got, "a\\\"]b"));
	got = syslog_param(params, SPAN_LIT("*"), SPAN_LIT("z"));
	assert_non_null(got.at);
	assert_int_equal(got.len, 0);
	got = syslog_param(params, SPAN_LIT("*"), SPAN_LIT("text"));
	assert_null(got.at);
	assert_null(syslog_params(SPAN_LIT("<13>Oct 11 22:14:15 h a: [x]")).at);
	assert_null(syslog_params(SPAN_LIT("")).at);
}

/* Every front part of a line, and the line with every byte changed. */
static void
no_mutilated_line_is_lost_or_read_past_its_end(void **state)
{
	static const char *const lines[] = {
		"<165>1 2003-10-11T22:14:15.003Z h a p m [i@1 x=\"1\"] text",
		"<189>29: router1: 000031: *Oct 11 22:14:15.123 UTC: %L-3-U: x",
		"<13>Fri Oct 11 22:14:15 2024 host app[12]: text",
		"<134>1 1563249630.774247467 MX84 events x",
	};
	struct event ev = { .received_us = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		size_t len = strlen(lines[i]);

		for (size_t n = 0; n <= len * 8; n++) {
			size_t cut = n <= len ? n : len;
			uint8_t *copy = malloc(cut == 0 ? 1 : cut);

			assert_non_null(copy);
			memcpy(copy, lines[i], cut);
			if (n < len * 8 && n > len)
				copy[n / 8] ^= (uint8_t)(1U << n % 8);
			syslog_parse(span_of(copy, cut), 0, &ev);
			(void)syslog_params(span_of(copy, cut));
			assert_int_equal(ev.raw.len, cut);
			free(copy);
		}
	}
}

static void
a_long_name_is_cut_between_characters(void **state)
{
	struct event ev = { .received_us = 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	buf_text(&b, "<13>1 - ");
	for (unsigned i = 0; i < 300; i++)
		buf_text(&b, "\xE8\xB3\x87");
	buf_text(&b, " app - - - text");
	syslog_parse(buf_view(&b), 0, &ev);
	assert_int_equal(ev.parse, PARSE_RFC5424);
	assert_int_equal(ev.host.len, 255);
	assert_true(text_valid(ev.host));
	assert_true(span_is(ev.message, "text"));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_of_the_table_reads_as_it_says),
		cmocka_unit_test(structured_data_is_found_by_id_and_name),
		cmocka_unit_test(
		    no_mutilated_line_is_lost_or_read_past_its_end),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
