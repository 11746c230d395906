/*
 * tests/sigma/rule_test.c: the specification's rules, modifier by modifier.
 */
#include "help.h"

/* Whether a rule of this detection fits the record. */
static bool
fits_event(const char *detection, const struct event *ev)
{
	char yaml[16384];
	struct sigma_record *r;
	struct sigma *s;
	bool answer;

	(void)snprintf(yaml, sizeof yaml,
	    "title: t\nlogsource: {product: any}\ndetection:\n%s", detection);
	s = help_set(yaml);
	r = sigma_record_new(s);
	assert_non_null(r);
	sigma_record_take(r, ev, ev->received_us);
	answer = sigma_fits(r, 0);
	sigma_record_free(r);
	sigma_free(s);
	return answer;
}

static bool
fits(const char *detection, const char *message)
{
	struct event ev = help_event(message);

	return fits_event(detection, &ev);
}

/* One field F of a JSON record against one line of a selection. */
static bool
field(const char *line, const char *value)
{
	char detection[4096], message[4096];

	(void)snprintf(detection, sizeof detection,
	    "  sel:\n    %s\n  condition: sel\n", line);
	(void)snprintf(message, sizeof message, "{\"F\":%s}", value);
	return fits(detection, message);
}

/* The line of the fault that a rule gives. */
static void
assert_wrong(const char *yaml, const char *want)
{
	struct sigma *s = sigma_new();
	struct fault why = { .code = ERR_OK };

	assert_int_equal(
	    sigma_taxonomy(s, span_text(TAXONOMY), "t", &why), ERR_OK);
	assert_int_equal(sigma_values(s, span_text(VALUES), "v", &why), ERR_OK);
	help_mistakes[0] = '\0';
	if (sigma_add(s, span_text(yaml), "r.yml", &why) != ERR_OK) {
		assert_string_equal(why.text, want);
	} else {
		assert_int_equal(
		    sigma_finish(s, help_mistake, NULL, &why), ERR_OK);
		assert_string_equal(help_mistakes, want);
	}
	sigma_free(s);
}

static void
assert_wrong_field(const char *line, const char *want)
{
	char yaml[4096];

	(void)snprintf(yaml, sizeof yaml,
	    "title: t\nlogsource: {product: any}\ndetection:\n  sel:\n"
	    "    %s\n  condition: sel\n",
	    line);
	assert_wrong(yaml, want);
}

static void
values_are_compared_whole_and_without_case(void **state)
{
	(void)state;
	assert_true(field("F: Abc", "\"aBC\""));
	assert_false(field("F: Abc", "\"Abcd\""));
	assert_false(field("F|cased: Abc", "\"abc\""));
	assert_true(field("F|cased: Abc", "\"Abc\""));
	assert_true(field("F: 4625", "4625"));
	assert_true(field("F: 4625", "\"4625\""));
	assert_true(field("F: [1, 2, 3]", "2"));
	assert_true(field("F: 'yes'", "[\"no\", \"yes\"]"));
	assert_true(field("F: true", "true"));
	assert_false(field("F: ''", "\"x\""));
	assert_true(field("F: ''", "\"\""));
	assert_true(field("F: null", "null"));
	assert_true(field("G: null", "1"));
	assert_false(field("F: null", "1"));
	assert_false(field("G: x", "1"));
	assert_true(field("F: 王小明", "\"王小明\""));
}

static void
wildcards_and_their_escapes(void **state)
{
	(void)state;
	assert_true(field("F: 'a*c'", "\"abbbc\""));
	assert_true(field("F: 'a*c'", "\"ac\""));
	assert_true(field("F: 'a?c'", "\"a北c\""));
	assert_false(field("F: 'a?c'", "\"ac\""));
	assert_true(field("F: 'a\\*c'", "\"a*c\""));
	assert_false(field("F: 'a\\*c'", "\"abc\""));
	assert_true(field("F: 'a\\?'", "\"a?\""));
	/* Plain and doubled backslashes are the same one. */
	assert_true(field("F: 'C:\\dir'", "\"C:\\\\dir\""));
	assert_true(field("F: 'C:\\\\dir'", "\"C:\\\\dir\""));
	assert_true(field("F: 'C:\\\\*'", "\"C:\\\\any\""));
	assert_true(field("F: '*'", "\"\""));
	assert_true(field("F: '*a*b*c*'", "\"xxaxxbxxcxx\""));
	assert_false(field("F: '*a*b*c*'", "\"xxbxxaxxcxx\""));
}

static void
contains_startswith_endswith_and_all(void **state)
{
	(void)state;
	assert_true(field("F|contains: bc", "\"aBCd\""));
	assert_true(field("F|startswith: ab", "\"ABcd\""));
	assert_false(field("F|startswith: bc", "\"abcd\""));
	assert_true(field("F|endswith: cd", "\"abCD\""));
	assert_false(field("F|endswith: bc", "\"abcd\""));
	assert_true(field("F|contains|all: [ab, cd]", "\"cd ab\""));
	assert_false(field("F|contains|all: [ab, cd]", "\"ab\""));
	assert_true(field("F|contains: 'a*d'", "\"xxabcdxx\""));
	assert_wrong_field("F|contains|all: ab",
	    "r.yml:5:5: all needs a list of two values or more");
}

static void
exists_and_neq(void **state)
{
	(void)state;
	assert_true(field("F|exists: true", "null"));
	assert_false(field("F|exists: false", "\"\""));
	assert_true(field("G|exists: false", "1"));
	assert_true(field("F|neq: a", "\"b\""));
	assert_false(field("F|neq: [a, b]", "\"b\""));
	assert_wrong_field(
	    "F|exists: 1", "r.yml:5:5: exists needs true or false");
}

static void
regular_expressions_are_cased_and_take_their_flags(void **state)
{
	(void)state;
	assert_true(field("F|re: 'a.c$'", "\"xxabc\""));
	assert_false(field("F|re: 'A.c'", "\"abc\""));
	assert_true(field("F|re|i: 'A.c'", "\"abc\""));
	assert_false(field("F|re: 'a.c'", "\"a\\nc\""));
	assert_true(field("F|re|s: 'a.c'", "\"a\\nc\""));
	assert_false(field("F|re: '^c'", "\"a\\nc\""));
	assert_true(field("F|re|m: '^c'", "\"a\\nc\""));
	assert_wrong_field("F|re: '('",
	    "r.yml:5:5: regular expression, byte 2: missing closing "
	    "parenthesis");
	assert_wrong_field("F|i: x", "r.yml:5:5: i goes only with re");
}

static void
networks_and_numbers(void **state)
{
	(void)state;
	assert_true(field("F|cidr: 10.0.0.0/8", "\"10.255.0.1\""));
	assert_false(field("F|cidr: 10.0.0.0/8", "\"11.0.0.1\""));
	assert_true(field(
	    "F|cidr: [1.0.0.0/8, '2001:db8::/32']", "\"2001:db8:ffff::1\""));
	assert_true(field("F|cidr: 192.0.2.128/25", "\"::ffff:192.0.2.200\""));
	assert_false(field("F|cidr: 192.0.2.128/25", "\"192.0.2.127\""));
	assert_true(field("F|lt: 5", "4"));
	assert_false(field("F|lt: 5", "5"));
	assert_true(field("F|lte: 5", "\"5\""));
	assert_true(field("F|gt: -1.5", "-1"));
	assert_true(field("F|gte: 5", "5"));
	assert_false(field("F|gte: 5", "\"five\""));
	assert_wrong_field(
	    "F|cidr: 10.0.0.0/33", "r.yml:5:5: '10.0.0.0/33' is no network");
	assert_wrong_field("F|gt: many", "r.yml:5:5: 'many' is no number");
}

static void
encodings(void **state)
{
	(void)state;
	assert_true(field("F|base64: foobar", "\"Zm9vYmFy\""));
	/* At each of the three places in a longer text. */
	assert_true(field(
	    "F|base64offset|contains: 'http://'", "\"aHR0cDovL2V4YW1wbGU=\""));
	assert_true(field(
	    "F|base64offset|contains: 'http://'", "\"eGh0dHA6Ly9leGFtcGxl\""));
	assert_true(field("F|base64offset|contains: 'http://'",
	    "\"eHhodHRwOi8vZXhhbXBsZQ==\""));
	assert_false(field("F|base64offset|contains: 'http://'",
	    "\"eHhodHR4Oi8vZXhhbXBsZQ==\""));
	/* cmd in UTF-16: 63 00 6d 00 64 00. */
	assert_true(field("F|wide|base64: cmd", "\"YwBtAGQA\""));
	assert_true(field("F|utf16le|base64: cmd", "\"YwBtAGQA\""));
	assert_true(field("F|utf16be|base64: cmd", "\"AGMAbQBk\""));
	assert_true(field("F|utf16|base64: cmd", "\"//5jAG0AZAA=\""));
	assert_true(
	    field("F|wide|base64offset|contains: ping", "\"eHAAaQBuAGcA\""));
	assert_wrong_field("F|base64: 'a*'",
	    "r.yml:5:5: only texts without wildcards can be encoded");
}

static void
windash_takes_any_dash(void **state)
{
	static const char *const dash[] = { "-", "/", "–", "—", "―" };
	char value[64];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(
		    value, sizeof value, "\"x.exe %sab -c\"", dash[i]);
		assert_true(field("F|windash|contains: ' -ab'", value));
		assert_true(field("F|windash|contains: ' /ab'", value));
	}
	assert_false(field("F|windash|contains: ' -ab'", "\"x +ab\""));
	/* A dash inside a word is only itself. */
	assert_false(field("F|windash|contains: 'a-b'", "\"a/b\""));
}

static void
fieldref_compares_two_fields(void **state)
{
	static const char *const d =
	    "  sel:\n    A|fieldref: B\n  condition: sel\n";
	static const char *const p =
	    "  sel:\n    A|fieldref|startswith: B\n  condition: sel\n";

	(void)state;
	assert_true(fits(d, "{\"A\":\"x\",\"B\":\"X\"}"));
	assert_false(fits(d, "{\"A\":\"x\",\"B\":\"y\"}"));
	assert_false(fits(d, "{\"A\":\"x\"}"));
	assert_true(fits(p, "{\"A\":\"xyz\",\"B\":\"xy\"}"));
	assert_false(fits(p, "{\"A\":\"xy\",\"B\":\"xyz\"}"));
}

static void
expand_takes_the_tables(void **state)
{
	(void)state;
	assert_true(field("F|expand: '%admins%'", "\"root\""));
	assert_true(field("F|expand: '%admins%'", "\"administrator\""));
	assert_true(field("F|expand: '%admins%'", "7"));
	assert_false(field("F|expand: '%admins%'", "\"bob\""));
	assert_true(field("F|expand: 'x-%admins%-y'", "\"x-root-y\""));
	assert_true(field("F|expand|contains: '%admins%'", "\"a root b\""));
	assert_true(field("F|contains|expand: '%admins%'", "\"a root b\""));
	assert_true(field("F|expand|cidr: '%nets%'", "\"10.9.9.9\""));
	assert_true(field("F|expand|gte: '100%none%'", "1") == false);
	assert_false(field("F|expand: '%none%'", "\"\""));
	assert_true(field("F: '%admins%'", "\"%admins%\""));
	assert_true(field("F|expand: '\\%x\\%'", "\"%x%\""));
	assert_wrong_field(
	    "F|expand: '%nobody%'", "r.yml:5:5: no table '%nobody%'");
}

static void
a_table_that_nobody_filled_decides_nothing(void **state)
{
	static const char *const yaml =
	    "title: t\nlogsource: {product: any}\ndetection:\n"
	    "  known: {mac|expand: '%macs%'}\n  condition: not known\n";
	const struct span mac[] = { SPAN_LIT("AA:bb"), SPAN_LIT("00:11") };
	struct event ev = help_event("x");
	struct sigma *s = help_set(yaml);
	struct sigma_record *r = sigma_record_new(s);
	struct fault why;

	(void)state;
	ev.field[FIELD_MAC] = SPAN_LIT("aa:BB");
	sigma_record_take(r, &ev, NOW);
	assert_false(sigma_fits(r, 0));
	assert_false(sigma_table_is_set(s, "macs"));
	assert_int_equal(sigma_table_set(s, "macs", mac, 2, &why), ERR_OK);
	assert_false(sigma_fits(r, 0));
	ev.field[FIELD_MAC] = SPAN_LIT("aa:bc");
	sigma_record_take(r, &ev, NOW);
	assert_true(sigma_fits(r, 0));
	assert_int_equal(
	    sigma_table_set(s, "admins", mac, 2, &why), ERR_NOT_FOUND);
	sigma_record_free(r);
	sigma_free(s);
}

static void
parts_of_times_are_those_of_taipei(void **state)
{
	(void)state;
	/* A Sunday in UTC, a Monday in Taipei; ISO week 10. */
	assert_true(field("F|hour: 3", "\"2026-03-01T19:04:05Z\""));
	assert_true(field("F|minute: 4", "\"2026-03-01T19:04:05Z\""));
	assert_true(field("F|day: 2", "\"2026-03-01T19:04:05Z\""));
	assert_true(field("F|week: 10", "\"2026-03-01T19:04:05Z\""));
	assert_true(field("F|week: 9", "\"2026-03-01T12:00:00+08:00\""));
	assert_true(field("F|week: 53", "\"2027-01-01\""));
	assert_true(field("F|week: 1", "\"2024-12-30\""));
	assert_true(field("F|month: 3", "\"2026-03-01T19:04:05Z\""));
	assert_true(field("F|year|gte: 2026", "\"2026-03-01T19:04:05Z\""));
	assert_false(field("F|hour|lt: 3", "\"2026-03-01T19:04:05Z\""));
	assert_true(fits("  a: {timestamp|hour: 10, taipei.weekday: 1,\n"
			 "    taipei.clock: 600, taipei.date: '2026-03-02'}\n"
			 "  condition: a\n",
	    "x"));
}

static void
keywords_are_looked_for_in_the_whole_record(void **state)
{
	static const char *const any =
	    "  words: [evil, 'a*z', 7]\n  condition: words\n";
	static const char *const all =
	    "  words:\n    '|all': [one, two]\n  condition: words\n";
	struct event ev = help_event("nothing");

	(void)state;
	assert_true(fits(any, "this is EVIL"));
	assert_true(fits(any, "xx a--z xx"));
	assert_true(fits(any, "code 7"));
	assert_false(fits(any, "good"));
	assert_true(fits(all, "two and one"));
	assert_false(fits(all, "two"));
	/* Escaped in JSON, or decoded into a field: found all the same. */
	assert_true(fits("  w: ['C:\\dir']\n  condition: w\n",
	    "{\"x\":[{\"y\":\"C:\\\\dir\"}]}"));
	ev.field[FIELD_COMMAND] = SPAN_LIT("rm evil");
	assert_true(fits_event(any, &ev));
}

static void
lists_of_maps_are_joined_with_or(void **state)
{
	static const char *const d = "  sel:\n    - A: 1\n      B: 2\n"
				     "    - C: 3\n    - word\n"
				     "  condition: sel\n";

	(void)state;
	assert_true(fits(d, "{\"A\":1,\"B\":2}"));
	assert_false(fits(d, "{\"A\":1,\"B\":3}"));
	assert_true(fits(d, "{\"C\":3}"));
	assert_true(fits(d, "a word"));
}

static void
conditions_bind_not_then_and_then_or(void **state)
{
	static const char *const names = "  a1: {A: 1}\n  a2: {B: 1}\n"
					 "  c: {C: 1}\n  _d: {D: 1}\n"
					 "  condition: ";
	static const struct {
		const char *condition, *record;
		bool want;
	} all[] = {
		{ "a1 or a2 and c", "{\"A\":1}", true },
		{ "(a1 or a2) and c", "{\"A\":1}", false },
		{ "not a1 and c", "{\"C\":1}", true },
		{ "not (a1 and c)", "{\"A\":1}", true },
		{ "NOT a1 AND c", "{\"C\":1}", true },
		{ "1 of a*", "{\"B\":1}", true },
		{ "all of a*", "{\"B\":1}", false },
		{ "all of a*", "{\"A\":1,\"B\":1}", true },
		{ "any of a*", "{\"A\":1}", true },
		{ "1 of them", "{\"D\":1}", false },
		{ "_d", "{\"D\":1}", true },
		{ "all of them", "{\"A\":1,\"B\":1,\"C\":1}", true },
		{ "c and not 1 of a*", "{\"C\":1,\"A\":1}", false },
		{ "not not c", "{\"C\":1}", true },
		{ "[a1, c]", "{\"C\":1}", true },
	};
	char d[1024];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		(void)snprintf(d, sizeof d, "%s%s\n", names, all[i].condition);
		if (fits(d, all[i].record) != all[i].want)
			fail_msg("%s: %s", all[i].condition, all[i].record);
	}
}

static void
fields_are_found_by_any_of_their_names(void **state)
{
	struct event ev = help_event("x");

	(void)state;
	ev.field[FIELD_USER] = SPAN_LIT("alice");
	ev.field[FIELD_PROGRAM] = SPAN_LIT("/bin/sh");
	ev.app = SPAN_LIT("sshd");
	assert_true(fits_event("  a: {user.name: alice, user: alice,\n"
			       "    Image|endswith: /sh, app: sshd,\n"
			       "    category: other, host: web01}\n"
			       "  condition: a\n",
	    &ev));
	/* Names with dots, as keys and as paths, and below a container. */
	assert_true(
	    fits("  a: {x.y.z: 1}\n  condition: a\n", "{\"x.y\":{\"z\":1}}"));
	assert_true(fits("  a: {x.y.z: 1}\n  condition: a\n",
	    "@cee: {\"x\":{\"y\":{\"z\":1}}}"));
	assert_true(fits("  a: {TicketOptions: '0x1'}\n  condition: a\n",
	    "{\"winlog\":{\"event_data\":{\"TicketOptions\":\"0x1\"}}}"));
	/* JSON's short names win, our long ones hold. */
	ev.message = SPAN_LIT("{\"user\":\"eve\",\"user.name\":\"eve\"}");
	assert_true(fits_event("  a: {user: eve}\n  condition: a\n", &ev));
	assert_false(
	    fits_event("  a: {user.name: eve}\n  condition: a\n", &ev));
}

static void
log_sources_choose_the_records(void **state)
{
	static const char *const yaml =
	    "title: a\nlogsource: {product: windows, service: security}\n"
	    "detection: {a: {EventID: 1}, condition: a}\n---\n"
	    "title: b\nlogsource: {product: linux, service: sshd}\n"
	    "detection: {a: [x], condition: a}\n---\n"
	    "title: c\nlogsource: {product: martian}\n"
	    "detection: {a: [x], condition: a}\n---\n"
	    "title: d\nlogsource: {product: beimen, category: sign-in}\n"
	    "detection: {a: [x], condition: a}\n";
	struct sigma *s = help_set(yaml);
	struct sigma_record *r = sigma_record_new(s);
	struct event ev = help_event(
	    "{\"EventID\":1,\"Channel\":\"Security\"}");
	size_t n;

	(void)state;
	sigma_record_take(r, &ev, NOW);
	assert_int_equal(sigma_matches(r, &n)[0], 0);
	assert_int_equal(n, 1);
	ev.message = SPAN_LIT("{\"EventID\":1,\"Channel\":\"System\"}");
	sigma_record_take(r, &ev, NOW);
	(void)sigma_matches(r, &n);
	assert_int_equal(n, 0);
	ev = help_event("x");
	ev.app = SPAN_LIT("SSHD");
	sigma_record_take(r, &ev, NOW);
	assert_int_equal(sigma_matches(r, &n)[0], 1);
	ev.category = CAT_SIGN_IN;
	sigma_record_take(r, &ev, NOW);
	assert_int_equal(sigma_matches(r, &n)[1], 3);
	assert_int_equal(n, 2);
	assert_true(sigma_at(s, 2)->idle);
	/* Connections cost nothing where no rule asks for them. */
	assert_false(sigma_may(s, CAT_FW_CONN));
	sigma_record_free(r);
	sigma_free(s);
}

static void
filters_are_added_to_the_rules_they_name(void **state)
{
	static const char *const yaml =
	    "title: a\nname: a\nlogsource: {product: any}\n"
	    "detection: {a: {A: 1}, condition: a}\n---\n"
	    "title: f\nfilter: {rules: [a], b: {B: 1}, condition: not b}\n";
	struct sigma *s = help_set(yaml);
	struct sigma_record *r = sigma_record_new(s);
	struct event ev = help_event("{\"A\":1}");

	(void)state;
	assert_int_equal(sigma_count(s), 1);
	sigma_record_take(r, &ev, NOW);
	assert_true(sigma_fits(r, 0));
	ev = help_event("{\"A\":1,\"B\":1}");
	sigma_record_take(r, &ev, NOW);
	assert_false(sigma_fits(r, 0));
	sigma_record_free(r);
	sigma_free(s);
}

#define HEAD "title: t\nlogsource: {product: any}\n"

static void
mistakes_name_file_line_and_column(void **state)
{
	(void)state;
	assert_wrong("title: [",
	    "r.yml:2:1: did not find expected node "
	    "content while parsing a flow node");
	assert_wrong("level: high\n",
	    "r.yml:1:1: a rule needs a title of at most 256 characters");
	assert_wrong(HEAD "level: awful\ndetection: {a: [x], condition: a}\n",
	    "r.yml:3:8: no level 'awful'");
	assert_wrong(HEAD "detection:\n  a: [x]\n  condition: a and b\n",
	    "r.yml:5:20: no search identifier 'b'");
	assert_wrong(HEAD
	    "detection:\n  a: [x]\n  condition: a | count() > 1\n",
	    "r.yml:5:16: counting after | is obsolete: write a correlation "
	    "rule");
	assert_wrong(HEAD "detection:\n  a: [x]\n  condition: (a\n",
	    "r.yml:5:3: a closing bracket was expected, not 'the end'");
	assert_wrong(HEAD "detection:\n  a: [x]\n  condition: 1 of b*\n",
	    "r.yml:5:19: no search identifier fits 'b*'");
	assert_wrong_field("F|magic: 1", "r.yml:5:5: no modifier 'magic'");
	assert_wrong(HEAD "detection: {a: [x], condition: a}\n---\n"
			  "# second\ntitle: u\nlogsource: {product: any}\n"
			  "detection:\n  a: {B|gt: x}\n  condition: a\n",
	    "r.yml:9:7: 'x' is no number");
	assert_wrong("title: t\nbeimen:\n  advice: {zh: z, en: e, and more}\n",
	    "r.yml:3:3: advice: only zh and en are known; a text with a comma "
	    "needs quotes or a line of its own");
	assert_wrong("title: t\nname: t\n---\ntitle: t\n",
	    "r.yml:1:1: a rule needs detection, correlation or filter");
	assert_wrong("title: t\ncorrelation: {type: value_percentile}\n",
	    "r.yml:2:21: no correlation of type 'value_percentile'\n");
	assert_wrong("title: t\nname: me\ncorrelation:\n  type: event_count\n"
		     "  rules: [me]\n  timespan: 5m\n  condition: {gte: 1}\n",
	    "r.yml:1:1: a circle of correlations holds 'me'\n");
	assert_wrong("title: t\ncorrelation:\n  type: temporal\n"
		     "  rules: [gone]\n  timespan: 5m\n",
	    "r.yml:4:11: no rule 'gone'\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_compared_whole_and_without_case),
		cmocka_unit_test(wildcards_and_their_escapes),
		cmocka_unit_test(contains_startswith_endswith_and_all),
		cmocka_unit_test(exists_and_neq),
		cmocka_unit_test(
		    regular_expressions_are_cased_and_take_their_flags),
		cmocka_unit_test(networks_and_numbers),
		cmocka_unit_test(encodings),
		cmocka_unit_test(windash_takes_any_dash),
		cmocka_unit_test(fieldref_compares_two_fields),
		cmocka_unit_test(expand_takes_the_tables),
		cmocka_unit_test(a_table_that_nobody_filled_decides_nothing),
		cmocka_unit_test(parts_of_times_are_those_of_taipei),
		cmocka_unit_test(keywords_are_looked_for_in_the_whole_record),
		cmocka_unit_test(lists_of_maps_are_joined_with_or),
		cmocka_unit_test(conditions_bind_not_then_and_then_or),
		cmocka_unit_test(fields_are_found_by_any_of_their_names),
		cmocka_unit_test(log_sources_choose_the_records),
		cmocka_unit_test(filters_are_added_to_the_rules_they_name),
		cmocka_unit_test(mistakes_name_file_line_and_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
