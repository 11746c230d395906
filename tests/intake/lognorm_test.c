/*
 * tests/intake/lognorm_test.c: a liblognorm rule base becomes rules of ours
 * that pass their own tests; what cannot become one is named with its line.
 */
#include "intake/lognorm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "intake/normalize.h"
#include "intake/syslog.h"

/* What was told, a line each. */
static void
note(void *arg, const char *line)
{
	buf_printf(arg, "%s\n", line);
}

/* Converts, and loads what came out. */
static struct normalizer *
imported(const char *text, struct buf *told, unsigned *n, unsigned *skipped)
{
	struct normalizer *rules = NULL;
	struct fault why;
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_int_equal(lognorm_convert(span_text(text), "dir/Fw.rulebase",
			     &out, note, told, n, skipped, &why),
	    ERR_OK);
	if (normalize_read(buf_view(&out), "made", &rules, &why) != ERR_OK)
		fail_msg("%s\n%s", why.text, buf_string(&out));
	buf_clear(&out);
	return rules;
}

static void
a_rule_base_becomes_rules_that_pass_their_tests(void **state)
{
	static const char text[] =
	    "version=2\n"
	    "# sample lines of a made-up firewall\n"
	    "prefix=fw: \n"
	    "rule=sign-in,ui:%user:word% signed in from %src-ip:ipv4%\n"
	    "rule=drop:drop %proto:char-to:,%, %src_ip:ipv4%:%src-port:number% "
	    "to %{\"name\":\"dst-ip\", \"type\":\"ipv6\"}% 100%% %-:rest%\n"
	    "annotate=drop:+category=\"firewall-conn\" +action=\"deny\"\n"
	    "prefix=\n"
	    "rule=one:job %{\"name\":\"n\",\n"
	    "   \"type\":\"alternative\", \"parser\":[\n"
	    "     {\"type\":\"number\", \"name\":\"count\"},\n"
	    "     {\"type\":\"word\", \"name\":\"action\"}]}% done\n"
	    "rule=two:%t:date-rfc3164% took %d:float%s "
	    "%q:op-quoted-string%\n"
	    "rule=three:%k:kernel-timestamp% it's \"%x:hexnumber%\" "
	    "%c:char-sep{\"extradata\":\";\"}%\n";
	struct buf told;
	unsigned n, skipped;
	struct normalizer *rules;
	struct arena *a = arena_new(1 << 20);
	struct event ev = { .received_us = 1 };

	(void)state;
	buf_init(&told, 4096);
	rules = imported(text, &told, &n, &skipped);
	assert_string_equal(buf_string(&told), "");
	assert_int_equal(n, 5);
	assert_int_equal(skipped, 0);
	assert_int_equal(normalize_n_tests(rules), 7);
	syslog_parse(SPAN_LIT("<13>Oct 11 22:14:15 h x: fw: drop tcp, "
			      "192.0.2.7:514 to 2001:db8::1 100% sure"),
	    1, &ev);
	assert_string_equal(normalize_apply(rules, a, &ev), "fw-5");
	assert_int_equal(ev.category, CAT_FW_CONN);
	assert_true(span_is(ev.field[FIELD_PROTO], "tcp"));
	assert_true(span_is(ev.field[FIELD_SRC_IP], "192.0.2.7"));
	assert_true(span_is(ev.field[FIELD_SRC_PORT], "514"));
	assert_true(span_is(ev.field[FIELD_DST_IP], "2001:db8::1"));
	assert_true(span_is(ev.field[FIELD_ACTION], "deny"));
	arena_free(a);
	normalize_free(rules);
	buf_clear(&told);
}

static void
what_cannot_be_imported_is_named_with_its_line(void **state)
{
	static const char text[] =
	    "version=2\n"
	    "rule=a:keep %x:repeat{\"parser\":{\"type\":\"word\"}}%\n"
	    "rule=b:%x:word% %y:word%\n"
	    "\n"
	    "rule=c:text %x:json% more\n"
	    "rule=d:text %x\n"
	    "rule=e:text %x:char-to%, y\n"
	    "type=@t:%x:word%\n"
	    "annotate=t:+a=b\n"
	    "rule=f:text %{\"name\":1%\n"
	    "rule=g:this one is fine\n";
	static const char *const lines[] = {
		"Fw.rulebase:9: only +FIELD=\"VALUE\" can be annotated",
		"Fw.rulebase:2: parser \"repeat\" is not supported",
		"Fw.rulebase:3: the rule has no text of its own",
		"Fw.rulebase:5: parser \"json\" inside a rule is not supported",
		"Fw.rulebase:6: a field without its closing percent sign",
		"Fw.rulebase:7: char-to needs its characters",
		"Fw.rulebase:8: \"type\" is not supported",
		"Fw.rulebase:10: ",
	};
	struct buf told;
	unsigned n, skipped;

	(void)state;
	buf_init(&told, 4096);
	normalize_free(imported(text, &told, &n, &skipped));
	assert_int_equal(n, 1);
	assert_int_equal(skipped, sizeof lines / sizeof lines[0]);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (span_find_text(buf_view(&told), lines[i]) == SIZE_MAX)
			fail_msg(
			    "no \"%s\" in\n%s", lines[i], buf_string(&told));
	buf_clear(&told);
}

static void
what_is_no_text_is_refused(void **state)
{
	struct buf out;
	unsigned n, skipped;
	struct fault why;

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(lognorm_convert(SPAN_LIT("rule=a:\xff\xfe"), "f", &out,
			     note, &out, &n, &skipped, &why),
	    ERR_SYNTAX);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_rule_base_becomes_rules_that_pass_their_tests),
		cmocka_unit_test(
		    what_cannot_be_imported_is_named_with_its_line),
		cmocka_unit_test(what_is_no_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
