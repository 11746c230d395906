/*
 * tests/intake/intake_test.c: every record comes out, and what is wrong with
 * it is counted by reason and sender.
 */
#include "intake/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

#define NOW INT64_C(1732248000000000) /* 2024-11-22T12:00:00+08:00 */

/* What came out: records, their bytes, and the last one's parse. */
struct seen {
	uint64_t n, bytes;
	enum event_parse parse;
	enum event_transport via;
	char sender[48], app[64];
	struct buf row;
};

static void
on_event(void *arg, const struct event *ev)
{
	struct seen *s = arg;
	struct event back;

	s->n++;
	s->bytes += ev->raw.len;
	s->parse = ev->parse;
	s->via = ev->via;
	assert_int_equal(ev->received_us, NOW);
	assert_true(ev->sender.len < sizeof s->sender);
	memcpy(s->sender, ev->sender.at, ev->sender.len);
	s->sender[ev->sender.len] = '\0';
	assert_true(ev->app.len < sizeof s->app);
	if (ev->app.len > 0)
		memcpy(s->app, ev->app.at, ev->app.len);
	s->app[ev->app.len] = '\0';
	/* it can be stored, and is the same when read back */
	buf_reset(&s->row);
	event_encode(&s->row, ev);
	assert_int_equal(buf_error(&s->row), ERR_OK);
	assert_int_equal(event_decode(buf_view(&s->row), &back, NULL), ERR_OK);
	assert_true(span_equal(back.raw, ev->raw));
	assert_true(span_equal(back.message, ev->message));
}

struct rig {
	struct seen seen;
	struct counts *counts;
	struct intake *in;
};

static void
begin(struct rig *r)
{
	*r = (struct rig){ .seen = { .n = 0 } };
	buf_init(&r->seen.row, 1 << 18);
	assert_non_null(r->counts = counts_new());
	r->in = intake_new(NULL, r->counts, on_event, &r->seen);
	assert_non_null(r->in);
}

static void
end(struct rig *r)
{
	intake_free(r->in);
	counts_free(r->counts);
	buf_clear(&r->seen.row);
}

static void
a_datagram_is_one_record(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	intake_datagram(r.in, VIA_UDP, SPAN_LIT("192.0.2.7"), NOW,
	    SPAN_LIT("<13>Oct 11 22:14:15 h app: a\nb\n"));
	assert_int_equal(r.seen.n, 1);
	assert_int_equal(r.seen.bytes, 31);
	assert_int_equal(r.seen.parse, PARSE_RFC3164);
	assert_int_equal(r.seen.via, VIA_UDP);
	assert_string_equal(r.seen.sender, "192.0.2.7");
	assert_string_equal(r.seen.app, "app");
	assert_null(counts_at(r.counts, 0));
	intake_datagram(
	    r.in, VIA_UDP, SPAN_LIT("192.0.2.7"), NOW, SPAN_LIT("\n\0"));
	assert_int_equal(r.seen.n, 1);
	assert_int_equal(counts_total(r.counts, COUNTS_EMPTY), 1);
	end(&r);
}

static void
a_connection_gives_records_as_they_end(void **state)
{
	struct intake_conn *c;
	uint64_t n = 9;
	struct rig r;

	(void)state;
	begin(&r);
	c = intake_open(r.in,
	    &(struct intake_from){
		.via = VIA_TCP, .sender = SPAN_LIT("2001:db8::7") });
	assert_non_null(c);
	assert_int_equal(
	    intake_feed(c, NOW, SPAN_LIT("<13>a: x\n<13"), &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_false(intake_is_quiet(c));
	assert_int_equal(intake_feed(c, NOW, SPAN_LIT(">b: y\n"), &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_true(intake_is_quiet(c));
	assert_string_equal(r.seen.app, "b");
	assert_string_equal(r.seen.sender, "2001:db8::7");
	assert_int_equal(
	    intake_feed(c, NOW, SPAN_LIT("20 <13>c: cut"), &n), ERR_OK);
	intake_note(c, COUNTS_SLOW);
	intake_close(c, NOW);
	assert_int_equal(r.seen.n, 3);
	assert_int_equal(r.seen.parse, PARSE_CUT);
	assert_int_equal(counts_total(r.counts, COUNTS_UNFINISHED), 1);
	assert_int_equal(counts_total(r.counts, COUNTS_SLOW), 1);
	intake_close(NULL, NOW);
	end(&r);
}

/* One bad input, the mark its record gets, and what is counted. */
static const struct bad {
	const char *line; /* escapes as in headers.txt; NULL: see below */
	enum event_parse parse;
	enum counts_reason reason;
} bads[] = {
	{ "<999>Oct 11 22:14:15 h a: x", PARSE_BAD_PRI, COUNTS_BAD_PRI },
	{ "<-1>Oct 11 22:14:15 h a: x", PARSE_BAD_PRI, COUNTS_BAD_PRI },
	{ "<99999999999999999999>x", PARSE_BAD_PRI, COUNTS_BAD_PRI },
	{ "<13", PARSE_BAD_PRI, COUNTS_BAD_PRI },
	{ "<>x", PARSE_BAD_PRI, COUNTS_BAD_PRI },
	{ "<13>1 - h", PARSE_BAD_HEADER, COUNTS_BAD_HEADER },
	{ "<13>1 - h a p m [x", PARSE_BAD_HEADER, COUNTS_BAD_HEADER },
	{ "<13>1 0000-01-01T00:00:00Z h a p m - x", PARSE_BAD_TIME,
	    COUNTS_BAD_TIME },
	{ "<13>Feb 30 22:14:15 h a: x", PARSE_BAD_TIME, COUNTS_BAD_TIME },
	{ "<13>1 2024-02-30T00:00:00Z h a p m - x", PARSE_BAD_TIME,
	    COUNTS_BAD_TIME },
	{ "NUL", PARSE_BARE, COUNTS_BARE },
	{ "\\x00\\x01\\x02\\xFF\\xFE", PARSE_BAD_UTF8, COUNTS_BAD_UTF8 },
	{ "<13>Oct 11 22:14:15 h a: \\xA4\\xA4", PARSE_BAD_UTF8,
	    COUNTS_BAD_UTF8 },
	{ "<13>Oct 11 22:14:15 h a: x\\x00y", PARSE_BAD_UTF8, COUNTS_BAD_UTF8 },
};

/* The bytes that "\xNN" stand for. */
static void
unescape(struct buf *b, const char *s)
{
	struct span all = span_text(s);

	for (size_t i = 0; i < all.len; i++) {
		if (all.at[i] != '\\') {
			buf_u8(b, all.at[i]);
			continue;
		}
		assert_true(text_unhex(b, span_slice(all, i + 2, 2)));
		i += 3;
	}
}

static void
no_bad_input_is_lost_and_each_is_counted(void **state)
{
	struct rig r;
	struct buf b;

	(void)state;
	begin(&r);
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
		uint64_t before = counts_total(r.counts, bads[i].reason);

		buf_reset(&b);
		unescape(&b, bads[i].line);
		intake_datagram(
		    r.in, VIA_UDP, SPAN_LIT("192.0.2.8"), NOW, buf_view(&b));
		assert_int_equal(r.seen.n, i + 1);
		assert_int_equal(r.seen.parse, bads[i].parse);
		assert_int_equal(
		    counts_total(r.counts, bads[i].reason), before + 1);
	}
	buf_clear(&b);
	end(&r);
}

static void
a_year_old_or_future_time_is_kept_as_the_sender_gave_it(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	intake_datagram(r.in, VIA_UDP, SPAN_LIT("a"), NOW,
	    SPAN_LIT("<13>1 1999-01-01T00:00:00Z h a p m - x"));
	assert_int_equal(r.seen.parse, PARSE_RFC5424);
	intake_datagram(r.in, VIA_UDP, SPAN_LIT("a"), NOW,
	    SPAN_LIT("<13>1 2099-01-01T00:00:00Z h a p m - x"));
	assert_int_equal(r.seen.parse, PARSE_RFC5424);
	assert_null(counts_at(r.counts, 0));
	end(&r);
}

static void
framing_errors_are_counted_and_the_stream_goes_on(void **state)
{
	struct intake_conn *c;
	struct buf b;
	struct rig r;
	uint64_t n;

	(void)state;
	begin(&r);
	buf_init(&b, 2 << 20);
	buf_text(&b, "99999999999 <13>a: impossible\n");
	for (unsigned i = 0; i < 1 << 20; i++)
		buf_u8(&b, 'x');
	buf_text(&b, "\n10 <13>b: end");
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_non_null(c = intake_open(r.in,
			    &(struct intake_from){
				.via = VIA_TCP, .sender = SPAN_LIT("a") }));
	assert_int_equal(intake_feed(c, NOW, buf_view(&b), &n), ERR_OK);
	assert_int_equal(n, 3);
	assert_string_equal(r.seen.app, "b");
	assert_int_equal(counts_total(r.counts, COUNTS_BAD_COUNT), 1);
	assert_int_equal(counts_total(r.counts, COUNTS_CUT), 1);
	intake_close(c, NOW);
	buf_clear(&b);
	end(&r);
}

static void
counters_of_too_many_senders_share_one_row(void **state)
{
	struct counts *c = counts_new();
	const struct counts_row *row;
	uint64_t sum = 0, shared = 0;
	char sender[32];
	size_t rows = 0;

	(void)state;
	assert_non_null(c);
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(sender, sizeof sender, "10.%u.%u.%u", i >> 16,
		    i >> 8 & 255, i & 255);
		counts_add(c, COUNTS_BARE, span_text(sender), 2);
	}
	counts_add(c, COUNTS_CUT, SPAN_EMPTY, 1);
	while ((row = counts_at(c, rows)) != NULL) {
		sum += row->n[COUNTS_BARE];
		if (strcmp(row->sender, "*") == 0)
			shared = row->n[COUNTS_BARE];
		rows++;
	}
	assert_true(rows <= COUNTS_SENDERS + 1);
	assert_int_equal(sum, 200000);
	assert_true(shared > 0);
	assert_int_equal(counts_total(c, COUNTS_BARE), 200000);
	assert_string_equal(counts_name(COUNTS_BAD_UTF8), "bad-utf8");
	assert_string_equal(counts_name(COUNTS_N), "?");
	counts_free(c);
}

static void
rules_give_records_their_category(void **state)
{
	struct normalizer *n = NULL;
	struct rig r;
	static const char text[] =
	    "rules:\n"
	    "  - name: x\n"
	    "    app: a\n"
	    "    pattern: 'in %user:word%'\n"
	    "    category: sign-in\n"
	    "    tests: [{line: '<1>a: in b', gives: {category: sign-in, "
	    "user: b}}]\n";

	(void)state;
	begin(&r);
	intake_free(r.in);
	assert_int_equal(
	    normalize_read(span_text(text), "x", &n, NULL), ERR_OK);
	r.in = intake_new(n, r.counts, on_event, &r.seen);
	assert_non_null(r.in);
	intake_datagram(
	    r.in, VIA_UDP, SPAN_LIT("a"), NOW, SPAN_LIT("<1>a: in alice"));
	struct event ev;
	assert_int_equal(
	    event_decode(buf_view(&r.seen.row), &ev, NULL), ERR_OK);
	assert_int_equal(ev.category, CAT_SIGN_IN);
	assert_true(span_is(ev.field[FIELD_USER], "alice"));
	end(&r);
	normalize_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_is_one_record),
		cmocka_unit_test(a_connection_gives_records_as_they_end),
		cmocka_unit_test(no_bad_input_is_lost_and_each_is_counted),
		cmocka_unit_test(
		    a_year_old_or_future_time_is_kept_as_the_sender_gave_it),
		cmocka_unit_test(
		    framing_errors_are_counted_and_the_stream_goes_on),
		cmocka_unit_test(counters_of_too_many_senders_share_one_row),
		cmocka_unit_test(rules_give_records_their_category),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
