/*
 * tests/vault/query_test.c: what a search finds, and what it says of a search
 * that makes no sense.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "vault/query_own.h"

/* A sign-in as sshd writes it. */
static struct event
sample(void)
{
	struct event ev = { .received_us = LAB_NOW,
		.via = VIA_TLS,
		.parse = PARSE_RFC5424,
		.category = CAT_SIGN_IN_FAILED,
		.facility = 4,
		.severity = 3 };

	ev.sender = SPAN_LIT("192.0.2.7");
	ev.host = SPAN_LIT("web01.example");
	ev.app = SPAN_LIT("sshd");
	ev.proc = SPAN_LIT("812");
	ev.raw = SPAN_LIT("<35>1 web01 sshd 812 - - Failed password for Root "
			  "from 10.1.2.3 port 2222 登入失敗 foo_bar a=b");
	ev.message = span_slice(ev.raw, 25, SIZE_MAX);
	ev.field[FIELD_USER] = SPAN_LIT("Root");
	ev.field[FIELD_SRC_IP] = SPAN_LIT("10.1.2.3");
	ev.field[FIELD_SRC_PORT] = SPAN_LIT("2222");
	ev.field[FIELD_DST_IP] = SPAN_LIT("2001:db8::17");
	ev.field[FIELD_COUNT] = SPAN_LIT("17");
	return ev;
}

static enum query_found
ask(const char *text)
{
	struct event ev = sample();
	struct query *q;
	struct fault why;
	enum query_found found;

	assert_ok(query_parse(span_text(text), &q, &why), &why);
	found = query_match(q, 5, &ev);
	query_free(q);
	return found;
}

static void
words_fields_ranges_and_operators_find_what_they_say(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} cases[] = {
		{ "", true }, { "   ", true }, { "*", true },
		{ "failed", true }, { "FAILED password", true },
		{ "fail", false }, /* whole words */
		{ "fail*", true }, { "*word", true }, { "*asswor*", true },
		{ "fa*d", true }, { "pass*from", true }, { "from*pass", false },
		{ "foo", false }, { "foo_bar", true },
		{ "登入", true }, /* Chinese: substrings */
		{ "入失", true }, { "登出", false },
		{ "登入　失敗", true }, /* an ideographic blank */
		{ "10.1.2.3", true }, { "0.1.2.3", false },
		{ "192.0.2.7", true }, /* the sender */
		{ "\"Failed password\"", true },
		{ "\"password Failed\"", false }, { "\"a=b\"", true },
		{ "user:root", true }, { "user.name:ROOT", true },
		{ "user:ro", false }, { "user:ro*", true }, { "user:*", true },
		{ "target:*", false }, { "-target:*", true },
		{ "user:\"Root\"", true }, { "host:web01.example", true },
		{ "host:web*", true }, { "app:sshd proc:812", true },
		{ "msgid:*", false }, { "sender:192.0.2.7", true },
		{ "sender:192.0.2.0/24", true }, { "src:10.0.0.0/8", true },
		{ "src:10.1.2.2/31", true }, { "src:10.1.2.0/31", false },
		{ "src:0.0.0.0/0", true }, { "dst:2001:db8::/32", true },
		{ "dst:2001:db9::/32", false }, { "dst:0.0.0.0/0", false },
		{ "port:2222", true }, { "port:1..1024", false },
		{ "port:1024..", true }, { "sport:..2222", true },
		{ "dport:*", false }, { "severity<=3", true },
		{ "severity<3", false }, { "severity>=3", true },
		{ "severity>3", false }, { "severity=3", true },
		{ "severity:err", true }, { "severity<=warning", true },
		{ "facility:4", true }, { "count>16 count<18", true },
		{ "category:sign-in-failed", true },
		{ "category:sign-*", true }, { "category:sign-in", false },
		{ "class:audit", true }, { "via:tls parse:rfc5424", true },
		{ "source:5", true }, { "source:6", false },
		{ "/fail(ed|ure)/i", true }, { "/fail(ed|ure)/", false },
		{ "/登.失/", true }, { "user:/^ro+t$/i", true },
		{ "raw:/10\\.1\\.2/", true }, { "/sshd \\d+/", true },
		{ "message:failed", true }, { "message:web01", false },
		{ "failed AND root", true }, { "failed AND nothing", false },
		{ "nothing OR root", true }, { "NOT nothing", true },
		{ "-failed", false }, { "NOT NOT failed", true },
		{ "nothing OR failed AND nothing", false },
		{ "(nothing OR failed) AND root", true },
		{ "root (a OR (b OR (c OR failed)))", true },
		{ "-(failed root)", false },
		{ "and", false }, /* small letters are a word */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if ((ask(cases[i].text) == QUERY_YES) != cases[i].yes)
			fail_msg("%s: wanted %d", cases[i].text, cases[i].yes);
}

static void
a_search_that_makes_no_sense_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "a foo:b",
		    "at 3: unknown field \"foo\"; put text with : "
		    "into quotation marks" },
		{ "(a", "at 1: the parenthesis is not closed" },
		{ "a)", "at 2: this parenthesis closes nothing" },
		{ "a \"b", "at 3: the quotation mark is not closed" },
		{ "a AND", "at 6: something to search for is missing" },
		{ "OR a", "at 1: something to search for is missing" },
		{ "a OR OR b", "at 6: something to search for is missing" },
		{ "NOT", "at 4: something to search for is missing" },
		{ "port:abc", "at 6: a number is wanted here: \"abc\"" },
		{ "port:9..1", "at 6: the range is empty" },
		{ "severity<", "at 10: a number is wanted here: \"\"" },
		{ "user<3", "at 1: this field is no number" },
		{ "user:", "at 6: a value is missing here" },
		{ "src:10.0.0.0/33",
		    "at 5: not a network (as 10.0.0.0/8): 10.0.0.0/33" },
		{ "category:sing-in",
		    "at 10: there is no category \"sing-in\"" },
		{ "class:x", "at 7: there is no class \"x\"" },
		{ "\"\"", "at 1: the phrase is empty" },
		{ "/a(/",
		    "at 1: regular expression, byte 3: missing closing "
		    "parenthesis" },
		{ "/abc", "at 1: the regular expression has no end: /" },
		{ "/a/x", "at 4: unexpected text after a regular expression" },
	};
	struct query *q;
	struct fault why;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(
		    query_parse(span_text(cases[i].text), &q, &why),
		    ERR_SYNTAX);
		assert_string_equal(why.text, cases[i].line);
	}
	assert_int_equal(query_parse(SPAN_LIT("a\xff"), &q, &why), ERR_SYNTAX);
}

static void
size_and_depth_have_limits(void **state)
{
	struct query *q;
	struct fault why;
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (unsigned i = 0; i < 100; i++)
		buf_text(&b, "(");
	assert_int_equal(query_parse(buf_view(&b), &q, &why), ERR_SYNTAX);
	assert_non_null(strstr(why.text, "nested too deeply"));
	buf_reset(&b);
	for (unsigned i = 0; i < 300; i++)
		buf_text(&b, "a ");
	assert_int_equal(query_parse(buf_view(&b), &q, &why), ERR_LIMIT);
	buf_reset(&b);
	for (unsigned i = 0; i < 3000; i++)
		buf_text(&b, "a ");
	assert_int_equal(query_parse(buf_view(&b), &q, &why), ERR_LIMIT);
	buf_clear(&b);
}

/* (a+)+$ and its kin end in the limit, which is neither yes nor no. */
static void
a_regular_expression_cannot_take_the_machine(void **state)
{
	static const char *const bombs[] = { "/(a+)+$/", "/(a|aa)+$/",
		"/(.*)*x{20}y/", "/^(([a-z])+.)+[A-Z]([a-z])+$/" };
	struct event ev = sample();
	struct query *q;
	struct fault why;
	uint8_t text[4000];

	(void)state;
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '!';
	ev.raw = span_of(text, sizeof text);
	for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
		assert_ok(query_parse(span_text(bombs[i]), &q, &why), &why);
		assert_int_not_equal(query_match(q, 1, &ev), QUERY_YES);
		query_free(q);
	}
	assert_ok(query_parse(SPAN_LIT("NOT /(a+)+$/"), &q, &why), &why);
	assert_int_equal(query_match(q, 1, &ev), QUERY_MAYBE);
	query_free(q);
}

static void
a_source_alone_can_rule_a_record_out(void **state)
{
	static const struct {
		const char *text;
		enum query_found found;
	} cases[] = {
		{ "host:web01", QUERY_YES },
		{ "host:db01", QUERY_NO },
		{ "host:db01 failed", QUERY_NO },
		{ "host:db01 OR failed", QUERY_MAYBE },
		{ "NOT host:web01", QUERY_NO },
		{ "-host:db01 failed", QUERY_MAYBE },
		{ "source:4", QUERY_NO },
		{ "sender:192.0.2.0/24", QUERY_YES },
		{ "sender:198.51.100.0/24 root", QUERY_NO },
	};
	struct query *q;
	struct fault why;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_ok(
		    query_parse(span_text(cases[i].text), &q, &why), &why);
		assert_int_equal(
		    query_may(q, 5, SPAN_LIT("192.0.2.7"), SPAN_LIT("web01")),
		    cases[i].found);
		query_free(q);
	}
}

/* Asked at LAB_NOW, 2026-11-22T10:00:00+08:00, when the sample came. */
static enum query_found
ask_then(const char *text)
{
	struct event ev = sample();
	struct query *q;
	struct fault why;
	enum query_found found;

	ev.event_us = LAB_NOW - WHEN_DAY;
	assert_ok(query_parse_at(
		      span_text(text), LAB_NOW + 30 * WHEN_MINUTE, &q, &why),
	    &why);
	found = query_match(q, 5, &ev);
	query_free(q);
	return found;
}

static void
times_are_days_instants_or_so_long_ago(void **state)
{
	static const char *const yes[] = { "time:-1h", "time:2026-11-22",
		"time:115/11/22", "time:2026-11-21..2026-11-22", "time:..now",
		"time:2026-11-22T10:00", "time:-1h..-20m", "event:2026-11-21",
		"time>=2026-11-22T10:00:00", "time<2026-11-22T10:00:01",
		"time<=2026-11-22", "time>2026-11-21", "event<-1h", "time:*",
		"time:2026-11-22T02:00:00Z" };
	static const char *const no[] = { "time:-29m", "time:2026-11-21",
		"time<2026-11-22", "time>2026-11-22", "time:-20m..now",
		"event:2026-11-22", "time:2026-11-22T10:01", "event:-1h" };
	struct query *q;
	struct fault why;
	int64_t since = 0, until = LAB_NOW + WHEN_DAY;

	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		if (ask_then(yes[i]) != QUERY_YES)
			fail_msg("not found: %s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (ask_then(no[i]) != QUERY_NO)
			fail_msg("found: %s", no[i]);
	assert_int_equal(
	    query_parse(SPAN_LIT("time:soon"), &q, &why), ERR_SYNTAX);
	assert_string_equal(why.text,
	    "at 6: a time is wanted (2026-11-22, 2026-11-22T10:00, 115/11/22, "
	    "-2h): \"soon\"");
	assert_int_equal(
	    query_parse(SPAN_LIT("time:2026-11-23..2026-11-22"), &q, &why),
	    ERR_SYNTAX);
	assert_ok(query_parse_at(
		      SPAN_LIT("root time:-1h (time<-10m)"), LAB_NOW, &q, &why),
	    &why);
	query_span(q, &since, &until);
	assert_int_equal(since, LAB_NOW - WHEN_HOUR);
	assert_int_equal(until, LAB_NOW - 10 * WHEN_MINUTE);
	query_free(q);
}

/* The literals of a pattern, with | between them and < > where a word ends
 * for certain. */
static void
assert_literals(const char *pattern, bool nocase, const char *want)
{
	struct literal list[LITERALS_MAX];
	uint8_t room[256];
	struct buf b;
	size_t n = literals_read(
	    span_text(pattern), nocase, room, list, LITERALS_MAX);

	buf_init(&b, 1000);
	for (size_t i = 0; i < n; i++) {
		buf_text(&b, i > 0 ? "|" : "");
		buf_text(&b, list[i].open_left ? "" : "<");
		buf_span(&b, list[i].text);
		buf_text(&b, list[i].open_right ? "" : ">");
	}
	if (strcmp(buf_string(&b), want) != 0)
		fail_msg("/%s/: %s", pattern, buf_string(&b));
	buf_clear(&b);
}

static void
of_a_pattern_only_what_every_match_holds_is_relied_on(void **state)
{
	(void)state;
	assert_literals("SPT=6553[0-5] DPT=3389", false, "spt=6553| dpt=3389");
	assert_literals("fail(ed|ure)", false, "fail");
	assert_literals("a|b", false, "");
	assert_literals("ab*c", false, "a|c");
	assert_literals("ab+c", false, "ab|c");
	assert_literals("ab?c{0,3}d", false, "a|d");
	assert_literals("colou?r", false, "colo|r");
	assert_literals("\\broot\\b", false, "<root>");
	assert_literals("\\broot\\d", false, "<root");
	assert_literals("\\bx?root", false, "root");
	assert_literals("10\\.1\\.2\\.3", false, "10.1.2.3");
	assert_literals("[]a-z]x[^]]y", false, "x|y");
	assert_literals("[[:alpha:]]x", false, "x");
	assert_literals("task", true, "ta"); /* s and k have other cases */
	assert_literals("task", false, "task");
	assert_literals("登入?失敗", false, "登|失敗");
	assert_literals("x\\Qa|b\\E", false, "");
	assert_literals("(?i)abc", false, "");
	assert_literals("(?#()abc", false, "");
	assert_literals("(?:a(b)c|d)efg", false, "efg");
	assert_literals("abc\\", false, "");
	assert_literals("abc\\x41", false, "");
	assert_literals("a{2}", false, "");
	assert_literals("a{b}", false, "a{b}");
	assert_literals("^abc$", false, "abc");
	assert_literals("(abc", false, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    words_fields_ranges_and_operators_find_what_they_say),
		cmocka_unit_test(times_are_days_instants_or_so_long_ago),
		cmocka_unit_test(
		    of_a_pattern_only_what_every_match_holds_is_relied_on),
		cmocka_unit_test(
		    a_search_that_makes_no_sense_is_refused_with_its_place),
		cmocka_unit_test(size_and_depth_have_limits),
		cmocka_unit_test(a_regular_expression_cannot_take_the_machine),
		cmocka_unit_test(a_source_alone_can_rule_a_record_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
