/*
 * tests/pack/json_test.c: JSON read strictly, written in one form.
 */
#include "pack/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/when.h"

/* The canonical form of a text, or the line of its fault. */
static enum err
canonical(const char *text, struct buf *b)
{
	struct fault why = { 0 };
	json_t *v;
	enum err e = json_read(span_text(text), &v, &why);

	buf_reset(b);
	if (e == ERR_OK) {
		json_canonical(b, v);
		json_decref(v);
		return buf_error(b);
	}
	buf_text(b, why.text);
	return e;
}

/* The example of RFC 8785, section 3.2.2, but for its lone surrogates. */
static void
equal_values_give_equal_bytes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
	    canonical("{ \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3,"
		      " 0.000000000000000000000000001],"
		      " \"string\": "
		      "\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\"
		      "\\\"\\/\","
		      " \"literals\": [null, true, false] }",
		&b),
	    ERR_OK);
	assert_string_equal(buf_string(&b),
	    "{\"literals\":[null,true,false],"
	    "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
	    "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
	assert_int_equal(
	    canonical("{\"b\":1,\"a\":{\"d\":-0,\"c\":[]}}", &b), ERR_OK);
	assert_string_equal(
	    buf_string(&b), "{\"a\":{\"c\":[],\"d\":0},\"b\":1}");
	assert_int_equal(
	    canonical("{\"ab\":1,\"a\":2,\"中\":3,\"\":4}", &b), ERR_OK);
	assert_string_equal(
	    buf_string(&b), "{\"\":4,\"a\":2,\"ab\":1,\"中\":3}");
	buf_clear(&b);
}

/* RFC 8785 appendix B: numbers as ECMAScript writes them. */
static void
numbers_take_their_shortest_form(void **state)
{
	static const struct {
		const char *in, *out;
	} form[] = {
		{ "0.0", "0" },
		{ "-0.0", "0" },
		{ "5e-324", "5e-324" },
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "9007199254740992.0", "9007199254740992" },
		{ "295147905179352830000.0", "295147905179352830000" },
		{ "9.999999999999997e22", "9.999999999999997e+22" },
		{ "1e23", "1e+23" },
		{ "1.0e21", "1e+21" },
		{ "999999999999999700000.0", "999999999999999700000" },
		{ "0.000001", "0.000001" },
		{ "1e-7", "1e-7" },
		{ "333333333.33333325", "333333333.33333325" },
		{ "0.0000033333333333333333", "0.0000033333333333333333" },
		{ "-1.5", "-1.5" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		assert_int_equal(canonical(form[i].in, &b), ERR_OK);
		assert_string_equal(buf_string(&b), form[i].out);
	}
	buf_clear(&b);
}

static void
bad_json_is_refused_with_its_place(void **state)
{
	static const char *const bad[] = { "", " ", "{", "[1,]", "{\"a\":1,}",
		"{a:1}", "'a'", "[01]", "[1 2]", "nul", "[1] 2", "\"\\u0000\"",
		"\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\\ud800\"", "[\"\t\"]",
		"{\"a\":1,\"a\":2}", "9223372036854775808", "1e999",
		"\xEF\xBB\xBF{}", "[NaN]", "[+1]", "[.5]", "// x\n1" };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (canonical(bad[i], &b) != ERR_SYNTAX)
			fail_msg("taken or misnamed: %s (%s)", bad[i],
			    buf_string(&b));
	assert_int_equal(canonical("{\n \"a\": x\n}", &b), ERR_SYNTAX);
	assert_string_equal(
	    buf_string(&b), "line 2, column 7: invalid token near 'x'");
	buf_clear(&b);
}

static void
depth_is_bounded_in_and_out(void **state)
{
	char deep[400];
	struct buf b;
	json_t *v = json_array();

	(void)state;
	buf_init(&b, 4096);
	memset(deep, '[', 64);
	memset(deep + 64, ']', 64);
	deep[128] = '\0';
	assert_int_equal(canonical(deep, &b), ERR_OK);
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = '\0';
	assert_int_equal(canonical(deep, &b), ERR_LIMIT);
	assert_string_equal(
	    buf_string(&b), "line 1, column 65: nested deeper than 64");
	/* Brackets in text do not count. */
	memset(deep, '[', 300);
	deep[0] = deep[299] = '"';
	deep[300] = '\0';
	assert_int_equal(canonical(deep, &b), ERR_OK);
	for (int i = 0; i < 64; i++) {
		json_t *up = json_array();

		assert_int_equal(json_array_append_new(up, v), 0);
		v = up;
	}
	buf_reset(&b);
	json_canonical(&b, v);
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	json_decref(v);
	buf_clear(&b);
}

static void
what_is_put_is_what_is_got(void **state)
{
	json_t *o = json_object();
	const char raw[] = { 'a', '\0', 'b', '\xFF' };
	struct buf b;

	(void)state;
	json_put_text(o, "t", SPAN_LIT("北門"));
	json_put_text(o, "bad", span_of(raw, sizeof raw));
	json_put_text(o, "empty", SPAN_EMPTY);
	json_put_str(o, "none", NULL);
	json_put_int(o, "n", INT64_MIN);
	json_put_time(o, "at", INT64_C(1795360047000001));
	json_put_time(o, "zero", 0);
	json_put_time(o, "never", WHEN_NEVER);
	assert_string_equal(json_get_text(o, "t", "?"), "北門");
	assert_string_equal(json_get_text(o, "bad", "?"),
	    "a\xEF\xBF\xBD"
	    "b\xEF\xBF\xBD");
	assert_string_equal(json_get_text(o, "empty", "?"), "");
	assert_string_equal(
	    json_get_text(o, "at", "?"), "2026-11-22T23:07:27.000001+08:00");
	assert_true(json_is_null(json_object_get(o, "none")));
	assert_true(json_is_null(json_object_get(o, "zero")));
	assert_true(json_is_null(json_object_get(o, "never")));
	assert_int_equal(json_get_int(o, "n", 0), INT64_MIN);
	/* Missing or of another type: the default. */
	assert_int_equal(json_get_int(o, "t", 7), 7);
	assert_int_equal(json_get_int(NULL, "n", 7), 7);
	assert_true(json_get_bool(o, "n", true));
	assert_null(json_get_text(o, "absent", NULL));
	buf_init(&b, 4096);
	json_pretty(&b, o);
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_true(span_starts(buf_view(&b), "{\n  \"t\": \"北門\",\n"));
	buf_clear(&b);
	buf_init(&b, 10);
	json_pretty(&b, o);
	assert_int_equal(buf_error(&b), ERR_LIMIT);
	buf_clear(&b);
	json_decref(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_values_give_equal_bytes),
		cmocka_unit_test(numbers_take_their_shortest_form),
		cmocka_unit_test(bad_json_is_refused_with_its_place),
		cmocka_unit_test(depth_is_bounded_in_and_out),
		cmocka_unit_test(what_is_put_is_what_is_got),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
