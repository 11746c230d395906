/*
 * tests/intake/form_test.c: each form of message gives the values that are
 * asked of it, and says so when it is not of the form.
 */
#include "intake/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEYS_MAX 8

/* Reads a message in one form; the values of the keys, in order, with '|'
 * between them, or "no" when it is not of the form. */
static const char *
values_of(enum form form, const char *message, const char *const *keys)
{
	static char text[512];
	bool (*const read[FORM_N])(struct span, struct values *) = {
		[FORM_JSON] = form_json,
		[FORM_PAIRS] = form_pairs,
		[FORM_AUDIT] = form_audit,
		[FORM_CSV] = form_csv,
		[FORM_CEF] = form_cef,
		[FORM_LEEF] = form_leef,
		[FORM_PARAMS] = form_params,
	};
	struct arena *a = arena_new(1 << 20);
	struct span key[KEYS_MAX];
	struct path path[KEYS_MAX];
	struct values v;
	size_t n = 0, len = 0;

	assert_non_null(a);
	for (; keys[n] != NULL; n++) {
		key[n] = span_text(keys[n]);
		path[n] = (struct path){ form, &key[n], 1 };
	}
	assert_int_equal(values_build(&v, a, path, n, NULL), ERR_OK);
	values_begin(&v);
	text[0] = '\0';
	if (!read[form](span_text(message), &v)) {
		arena_free(a);
		return "no";
	}
	for (size_t i = 0; i < n; i++) {
		struct span s = values_get(&v, i, a);

		assert_true(len + s.len + 2 < sizeof text);
		if (s.len > 0)
			memcpy(&text[len], s.at, s.len);
		len += s.len;
		if (i + 1 < n)
			text[len++] = '|';
		text[len] = '\0';
	}
	arena_free(a);
	return text;
}

#define KEYS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
json_gives_values_however_it_nests(void **state)
{
	(void)state;
	assert_string_equal(
	    values_of(FORM_JSON,
		"{\"a\":{\"b\":{\"c\":1}},\"d\":\"\\u738b\\n\"}",
		KEYS("a.b.c", "d")),
	    "1|\xE7\x8E\x8B\n");
	assert_string_equal(
	    values_of(FORM_JSON, "{\"a\":{\"b.c\":true}}", KEYS("a.b.c")),
	    "true");
	assert_string_equal(
	    values_of(FORM_JSON, "@cee: {\"a.b\":{\"c\":\"x\"},\"e\":null}",
		KEYS("a.b.c", "e")),
	    "x|");
	assert_string_equal(
	    values_of(FORM_JSON, "{\"a\":[\"x\",[\"y\"],\"z\"]}",
		KEYS("a", "a.0", "a.2")),
	    "x|x|z");
	assert_string_equal(
	    values_of(FORM_JSON,
		"{\"D\":[{\"@Name\":\"u\",\"#text\":\"x\"},"
		"{\"#text\":\"y\",\"Name\":\"v\"}],\"E\":{\"#text\":\"7\"}}",
		KEYS("D.u", "D.v", "E")),
	    "x|y|7");
	/* of equal keys the first counts */
	assert_string_equal(
	    values_of(FORM_JSON, "{\"a\":\"1\",\"a\":\"2\"}", KEYS("a")), "1");
}

static void
what_is_no_json_object_is_said_to_be_none(void **state)
{
	static const char *const bad[] = { "", "[1]", "{", "{\"a\"}",
		"{\"a\":}", "{\"a\":1,}", "{\"a\":1} x", "{\"a\":\"",
		"{\"a\":[1}", "x{\"a\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(
		    values_of(FORM_JSON, bad[i], KEYS("a")), "no");
}

static void
pairs_end_at_blanks_or_quotes(void **state)
{
	(void)state;
	assert_string_equal(
	    values_of(FORM_PAIRS, "x IN=eth0 OUT= a=\"b c=d \\\" e\" c=7 IN=z",
		KEYS("IN", "OUT", "a", "c")),
	    "eth0||b c=d \\\" e|7");
	assert_string_equal(
	    values_of(FORM_PAIRS, "a=\"never closed b=1", KEYS("a", "b")),
	    "never closed b=1|");
}

static void
audit_words_are_decoded_where_the_kernel_encodes(void **state)
{
	(void)state;
	assert_string_equal(values_of(FORM_AUDIT,
				"type=USER_CMD msg=audit(12.5:7): "
				"auid=4294967295 msg='cwd=\"/x y\" "
				"cmd=6C73202D6C terminal=? res=success'\x1d"
				"AUID=\"alice\"",
				KEYS("audit.time", "audit.serial", "cwd", "cmd",
				    "auid", "terminal", "res", "AUID")),
	    "12.5|7|/x y|ls -l|||success|alice");
	/* digits are a number unless they cannot be one */
	assert_string_equal(values_of(FORM_AUDIT, "a0=10 a1=\"10\" a2=E78E8B",
				KEYS("a0", "a1", "a2")),
	    "10|10|\xE7\x8E\x8B");
}

static void
columns_may_be_quoted_either_way(void **state)
{
	(void)state;
	assert_string_equal(
	    values_of(FORM_CSV, "a, b ,\"c,\"\"d\"\"\",'e,\\'f',,x",
		KEYS("1", "2", "3", "4", "5", "6")),
	    "a|b|c,\"d\"|e,'f||x");
	assert_string_equal(values_of(FORM_CSV, "1,2,3,4,5,6,7,8,9,10,11,12",
				KEYS("9", "10", "12", "13")),
	    "9|10|12|");
	assert_string_equal(values_of(FORM_CSV, "no comma", KEYS("1")), "no");
}

static void
cef_values_may_hold_blanks_and_escapes(void **state)
{
	(void)state;
	assert_string_equal(values_of(FORM_CEF,
				"x CEF:0|V|P \\| Q|1|id|n|5|src=192.0.2.7 "
				"msg=a b \\= c act=x\\ny "
				"cs1=last one",
				KEYS("deviceProduct", "deviceEventClassId",
				    "severity", "src", "msg", "act", "cs1")),
	    "P | Q|id|5|192.0.2.7|a b = c|x\ny|last one");
	assert_string_equal(
	    values_of(FORM_CEF, "CEF:0|V|P|1|id|n|5", KEYS("name")), "n");
	assert_string_equal(
	    values_of(FORM_CEF, "CEF:0|V|P|1|id", KEYS("name")), "no");
	assert_string_equal(values_of(FORM_CEF, "CEF", KEYS("name")), "no");
}

static void
leef_names_its_own_delimiter(void **state)
{
	(void)state;
	assert_string_equal(
	    values_of(FORM_LEEF, "LEEF:1.0|V|P|1|id|a=b c\td=e=f",
		KEYS("vendor", "eventID", "a", "d")),
	    "V|id|b c|e=f");
	assert_string_equal(
	    values_of(FORM_LEEF, "LEEF:2.0|V|P|1|id|^|a=1^b=2", KEYS("a", "b")),
	    "1|2");
	assert_string_equal(
	    values_of(
		FORM_LEEF, "LEEF:2.0|V|P|1|id|0x7C|a=1|b=2", KEYS("a", "b")),
	    "1|2");
	assert_string_equal(
	    values_of(FORM_LEEF, "LEEF:2.0|V|P", KEYS("a")), "no");
}

static void
structured_data_is_found_with_and_without_its_id(void **state)
{
	static const char raw[] =
	    "<13>1 - h a - - [x@1 k=\"a\\\"b\"][y k=\"2\" m=\"3\"] text";

	(void)state;
	assert_string_equal(
	    values_of(FORM_PARAMS, raw, KEYS("k", "y/k", "m", "x@1/m")),
	    "a\"b|2|3|");
	assert_string_equal(
	    values_of(FORM_PARAMS, "<13>1 - h a - - - text", KEYS("k")), "no");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_gives_values_however_it_nests),
		cmocka_unit_test(what_is_no_json_object_is_said_to_be_none),
		cmocka_unit_test(pairs_end_at_blanks_or_quotes),
		cmocka_unit_test(
		    audit_words_are_decoded_where_the_kernel_encodes),
		cmocka_unit_test(columns_may_be_quoted_either_way),
		cmocka_unit_test(cef_values_may_hold_blanks_and_escapes),
		cmocka_unit_test(leef_names_its_own_delimiter),
		cmocka_unit_test(
		    structured_data_is_found_with_and_without_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
