/*
 * tests/vault/query_test.c: what a search finds, and what it says of a search
 * that makes no sense.
 */
#include "lab.h"

#include <stdio.h>

#include "vault/query.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    words_fields_ranges_and_operators_find_what_they_say),
		cmocka_unit_test(
		    a_search_that_makes_no_sense_is_refused_with_its_place),
		cmocka_unit_test(size_and_depth_have_limits),
		cmocka_unit_test(a_regular_expression_cannot_take_the_machine),
		cmocka_unit_test(a_source_alone_can_rule_a_record_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
