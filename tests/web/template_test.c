/*
 * tests/web/template_test.c: whatever stands in the data comes out as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "web/template.h"

/* Compile one template named "t". */
static enum err
compile(const char *text, struct templates **t, struct fault *why)
{
	struct embedded table[] = { { "t.html", span_text(text) },
		{ "part.html", SPAN_LIT("[{{x}}]") }, { NULL, { NULL, 0 } } };

	return template_compile(table, t, why);
}

/* Draw a template over JSON text; the caller frees *b. */
static void
draw(const char *text, const char *data, enum lang l, struct buf *b)
{
	struct templates *t = NULL;
	struct fault why = { 0 };
	json_t *v = NULL;

	buf_init(b, 1 << 16);
	if (compile(text, &t, &why) != ERR_OK ||
	    json_read(span_text(data), &v, &why) != ERR_OK ||
	    template_draw(t, "t", v, l, b, &why) != ERR_OK)
		fail_msg("%s", why.text);
	json_decref(v);
	templates_free(t);
}

/* Draw and compare. */
static void
gives(const char *text, const char *data, enum lang l, const char *want)
{
	struct buf b;

	draw(text, data, l, &b);
	assert_string_equal(buf_string(&b), want);
	buf_clear(&b);
}

/* Sections, inverted sections, partials and outer names. */
static void
a_template_shows_what_the_data_holds(void **state)
{
	(void)state;
	gives("{{#a}}<b>{{x}}</b>{{y}}{{/a}}{{^a}}none{{/a}}",
	    "{\"a\":[{\"x\":1},{\"x\":2,\"y\":\"!\"}],\"y\":\".\"}", LANG_ZH,
	    "<b>1</b>.<b>2</b>!");
	gives("{{#a}}x{{/a}}{{^a}}none{{/a}}", "{\"a\":[]}", LANG_ZH, "none");
	gives("{{#a}}{{.}},{{/a}}", "{\"a\":[\"p\",\"q\"]}", LANG_ZH, "p,q,");
	gives("{{a.b.c}}{{a.x.c}}", "{\"a\":{\"b\":{\"c\":\"d\"}}}", LANG_ZH,
	    "d");
	gives("{{#a}}{{>part}}{{/a}}{{! note }}", "{\"a\":{\"x\":\"<\"}}",
	    LANG_ZH, "[&lt;]");
	gives("{{#a}}{{#n}}{{n}}{{/n}}{{/a}}", "{\"a\":{\"n\":null},\"n\":3}",
	    LANG_ZH, "");
}

/* Dates stand in Taipei time, in ROC years for Chinese readers. */
static void
values_are_shaped_for_their_reader(void **state)
{
	static const char data[] =
	    "{\"at\":\"2026-11-22T15:07:27Z\",\"n\":"
	    "-1234567,\"l\":{\"zh\":\"北\",\"en\":\"N\"},\"s\":\"n/a\",\"q\":"
	    "\"a b/&\",\"met\":\"met\",\"only\":{\"zh\":\"北\",\"en\":\"\"}}";

	(void)state;
	gives("{{d at}}|{{w at}}|{{s at}}", data, LANG_ZH,
	    "民國115年11月22日|民國115年11月22日 23:07:27|"
	    "115/11/22 23:07:27");
	gives("{{w at}}|{{n n}}|{{l l}}|{{l only}}|{{l s}}", data, LANG_EN,
	    "2026-11-22 23:07:27|-1,234,567|N|北|n/a");
	gives("{{c s}} {{m state. s}} {{m state. met}} {{m state. q}}", data,
	    LANG_ZH, "n-a 不適用 符合 a b/&amp;");
	gives("<a href=\"/x/{{q q}}\">", data, LANG_EN,
	    "<a href=\"/x/a%20b%2F%26\">");
	gives("{{d q}}{{n q}}{{d none}}", data, LANG_EN, "a b/&amp;a b/&amp;");
}

/* A link that is not a path of ours becomes "#". */
static void
a_foreign_link_is_not_shown_as_one(void **state)
{
	static const char *const bad[] = { "javascript:alert(1)", "//evil",
		"https://evil/", "/\\\\evil", "\\\\evil", "/a b", "", "a",
		"\\t/x", " /x" };
	char data[128];

	(void)state;
	gives("<a href=\"{{u x}}\">", "{\"x\":\"/log?q=1&r=2\"}", LANG_ZH,
	    "<a href=\"/log?q=1&amp;r=2\">");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		(void)snprintf(data, sizeof data, "{\"x\":\"%s\"}", bad[i]);
		gives("<a href=\"{{u x}}\">", data, LANG_ZH, "<a href=\"#\">");
	}
}

/* 600 hostile strings, as text and as attribute: no byte of them can open a
 * tag, end a value or start a reference. */
static void
no_log_line_can_break_out_of_a_page(void **state)
{
	static const char *const head[] = { "", "\"", "'", ">", "-->", "]]>",
		"</title>", "</textarea>", "</script>", "{{", "}}", "&", "&#",
		"\xff", "\xc0\xbc", "`", "\xe2\x80\xae", "\x1b[31m", "\x7f",
		"=" };
	static const char *const tail[] = { "<script>alert(1)</script>",
		"<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
		" onmouseover=alert(1) ", "javascript:alert(1)",
		"<iframe srcdoc=\"&lt;script&gt;alert(1)\">",
		"<a href=\"data:text/html,<script>\">", "<!--",
		"<math><mi xlink:href=\"data:x\">", "&lt;script&gt;",
		"{{x}}{{{x}}}{{&x}}", "\\u003cscript\\u003e", "%3Cscript%3E",
		"<style>*{}</style>", "<base href=//evil>",
		"<form action=//evil>", "\r\nSet-Cookie: a=b", "\xe2\x80\xa8//",
		"<\xe0\x80\xbcscript>", "<plaintext>", "<![CDATA[<b>]]>",
		"<?xml?>", "&amp;quot;", "<p/class=a", "\"><b x=\"", "'><b x='",
		"<noscript><p title=\"</noscript><img>\">", "<sCrIpT>",
		"\xf0\x9f\x98\x80<", "\x08\x0b<" };
	struct templates *t = NULL;
	unsigned n = 0;

	(void)state;
	assert_int_equal(
	    compile("<p title=\"{{x}}\">{{x}}</p>", &t, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		for (size_t k = 0; k < sizeof tail / sizeof *tail; k++) {
			json_t *v = json_object();
			struct buf b, raw;
			struct span out;
			unsigned quotes = 0;

			buf_init(&b, 1 << 16);
			buf_init(&raw, 1 << 12);
			buf_text(&raw, head[i]);
			buf_text(&raw, tail[k]);
			json_put_text(v, "x", buf_view(&raw));
			assert_int_equal(
			    template_draw(t, "t", v, LANG_ZH, &b, NULL),
			    ERR_OK);
			out = buf_view(&b);
			assert_true(span_starts(out, "<p title=\""));
			assert_true(span_ends(out, "</p>"));
			out = span_slice(out, 10, out.len - 14);
			for (size_t c = 0; c < out.len; c++) {
				uint8_t ch = out.at[c];

				quotes += ch == '"';
				assert_true(
				    ch != '<' && ch != '\'' && ch != '`');
				assert_true(
				    ch >= 0x20 || ch == '\n' || ch == '\t');
				assert_true(ch != '>' ||
				    (c > 0 && out.at[c - 1] == '"'));
			}
			assert_int_equal(quotes, 1);
			assert_int_equal(
			    span_find_text(out, "\xe2\x80\xae"), SIZE_MAX);
			json_decref(v);
			buf_clear(&b);
			buf_clear(&raw);
			n++;
		}
	assert_true(n >= 500);
	templates_free(t);
}

/* A template that would put a value where it could run does not compile. */
static void
an_unsafe_template_does_not_compile(void **state)
{
	static const char *const bad[] = { "<p onclick=\"{{x}}\">", "<p {{x}}>",
		"<{{x}}>", "<p class={{x}}>", "<script>{{x}}</script>",
		"<style>{{x}}</style>", "<!-- {{x}} -->", "<a href=\"{{x}}\">",
		"<a href=\"{{q x}}\">", "<a href=\"/{{q x}}\">",
		"<a href=\"/a/{{x}}\">", "<a href=\"{{#a}}/x{{/a}}\">",
		"<p style=\"{{x}}\">", "<img srcset=\"{{x}}\">", "{{#a}}",
		"{{/a}}", "{{#a}}{{/b}}", "{{#a}}<p {{/a}}>", "{{x", "{{}}",
		"{{&x}}", "{{{x}}}", "{{t no.such.key}}", "{{>none}}",
		"<p title=\"{{>part}}\">", "<p title=\"", "<p title=a>",
		"{{X}}", "{{z x}}", "{{a..b c}}" };
	struct fault why;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct templates *t = NULL;

		why.text[0] = '\0';
		if (compile(bad[i], &t, &why) != ERR_SYNTAX)
			fail_msg("compiled: %s", bad[i]);
		assert_non_null(strstr(why.text, "t.html"));
	}
}

/* Output is bounded; a page that would pass its bound is refused. */
static void
a_page_without_end_is_refused(void **state)
{
	struct templates *t = NULL;
	json_t *v = json_object(), *list = json_array();
	struct buf b;

	(void)state;
	assert_int_equal(
	    compile("{{#a}}{{#a}}{{.}}{{/a}}{{/a}}", &t, NULL), ERR_OK);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    json_array_append_new(list, json_string("xxxxxxxxxx")), 0);
	assert_int_equal(json_object_set_new(v, "a", list), 0);
	buf_init(&b, 1 << 16);
	assert_int_equal(
	    template_draw(t, "t", v, LANG_ZH, &b, NULL), ERR_LIMIT);
	assert_int_equal(
	    template_draw(t, "none", v, LANG_ZH, &b, NULL), ERR_NOT_FOUND);
	buf_clear(&b);
	json_decref(v);
	templates_free(t);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(a_template_shows_what_the_data_holds),
		cmocka_unit_test(values_are_shaped_for_their_reader),
		cmocka_unit_test(a_foreign_link_is_not_shown_as_one),
		cmocka_unit_test(no_log_line_can_break_out_of_a_page),
		cmocka_unit_test(an_unsafe_template_does_not_compile),
		cmocka_unit_test(a_page_without_end_is_refused),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
