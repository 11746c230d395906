/*
 * tests/pack/yaml_test.c: files that people edit, and what is said of them.
 */
#include "pack/yaml.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The document's canonical JSON, or the line of its fault. */
static enum err
read_text(const char *text, struct buf *b)
{
	struct fault why = { 0 };
	struct yaml *y;
	enum err e = yaml_read(span_text(text), "a.yaml", &y, &why);

	buf_reset(b);
	if (e != ERR_OK) {
		buf_text(b, why.text);
		return e;
	}
	json_canonical(b, yaml_root(y));
	yaml_doc_free(y);
	return buf_error(b);
}

static void
plain_words_follow_the_core_schema(void **state)
{
	static const struct {
		const char *in, *out;
	} form[] = {
		{ "", "null" },
		{ "# only a remark\n", "null" },
		{ "~", "null" },
		{ "Null", "null" },
		{ "nUll", "\"nUll\"" },
		{ "true", "true" },
		{ "FALSE", "false" },
		{ "yes", "\"yes\"" },
		{ "No", "\"No\"" },
		{ "12", "12" },
		{ "-12", "-12" },
		{ "+12", "12" },
		{ "007", "7" },
		{ "0o17", "15" },
		{ "0xfF", "255" },
		{ "0o8", "\"0o8\"" },
		{ "0x", "\"0x\"" },
		{ "-", "[null]" },
		{ "1.5", "\"1.5\"" },
		{ "1e3", "\"1e3\"" },
		{ "2026-11-22", "\"2026-11-22\"" },
		{ "12:30", "\"12:30\"" },
		{ "\"12\"", "\"12\"" },
		{ "'true'", "\"true\"" },
		{ "\"\"", "\"\"" },
		{ "|\n  a\n  b\n", "\"a\\nb\\n\"" },
		{ ">\n  a\n  b\n", "\"a b\\n\"" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "{a: 1, b: [x, {c: ~}]}",
		    "{\"a\":1,\"b\":[\"x\",{\"c\":null}]}" },
		{ "12.1: a\ntrue: b\n", "{\"12.1\":\"a\",\"true\":\"b\"}" },
		{ "- a\n-\n- b: 臺北\n  c:\n",
		    "[\"a\",null,{\"b\":\"臺北\",\"c\":null}]" },
		{ "\xEF\xBB\xBF"
		  "a: 1\n",
		    "{\"a\":1}" },
		{ "---\na: 1\n...\n", "{\"a\":1}" },
		{ "\"a\": \"\\u5317\\n\"\n", "{\"a\":\"北\\n\"}" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		if (read_text(form[i].in, &b) != ERR_OK)
			fail_msg("%s: %s", form[i].in, buf_string(&b));
		assert_string_equal(buf_string(&b), form[i].out);
	}
	buf_clear(&b);
}

static void
what_could_deceive_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *in, *line;
	} form[] = {
		{ "a: &x 1\n", "a.yaml:1:4: anchors (&) are not allowed" },
		{ "a: 1\nb: *x\n", "a.yaml:2:4: aliases (*) are not allowed" },
		{ "a: !!str 1\n", "a.yaml:1:4: tags (!) are not allowed" },
		{ "a: 臺\nb: ! 12\n", "a.yaml:2:4: tags (!) are not allowed" },
		{ "b: ! [a]\n", "a.yaml:1:4: tags (!) are not allowed" },
		{ "%YAML 1.1\n---\na: 1\n",
		    "a.yaml:1:1: directives (%) are not allowed" },
		{ "%TAG ! !x\n---\na: 1\n",
		    "a.yaml:1:1: directives (%) are not allowed" },
		{ "a: 1\n...\nb: 2\n", "a.yaml:3:1: did not find" },
		{ "# a\xC2\x85"
		  "b: 1\n",
		    "a.yaml:1:4: the character U+0085 is not allowed" },
		{ "a: 1\nb: \x1B\n",
		    "a.yaml:2:4: the character U+001B is not allowed" },
		{ "a: |\n?  aa\t:\t:1 \n one\n  two\nb: >-:\n  folded\n"
		  "  aa\t:tex\xEF\xBB\xBF",
		    "a.yaml:" },
		{ "a: 1\nb: 2\na: 3\n", "a.yaml:3:1: a stands here twice" },
		{ "? [a]\n: 1\n", "a.yaml:1:3: a key must be plain text" },
		{ "a: 1\n---\nb: 2\n", "a.yaml:2:1: more than one document" },
		{ "a: 9223372036854775808\n",
		    "a.yaml:1:4: a number beyond 64 bits: put it in quotes" },
		{ "a: \"\\0\"\n",
		    "a.yaml:1:4: text with a NUL or not of "
		    "UTF-8" },
		{ "a: \xA5\x5F\n", "a.yaml:1:4: not UTF-8" },
		{ "a: 1\n  b: 2\n",
		    "a.yaml:2:4: mapping values are not allowed" },
		{ "a: [1, 2\n", "a.yaml:" },
		{ "a: \"x\n", "a.yaml:" },
		{ "\ta: 1\n", "a.yaml:1:" },
		{ "a: b: c\n", "a.yaml:1:" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		  "[[[[[[[[[[[[[[[[[[[[[[[[",
		    "a.yaml:1:" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		if (read_text(form[i].in, &b) == ERR_OK)
			fail_msg("taken: %s", form[i].in);
		if (!span_starts(buf_view(&b), form[i].line))
			fail_msg("%s: %s, not %s", form[i].in, buf_string(&b),
			    form[i].line);
	}
	buf_clear(&b);
}

static void
every_place_keeps_its_line(void **state)
{
	static const char text[] = "name: system\n"
				   "# a remark\n"
				   "fields:\n"
				   "  - name: a\n"
				   "    type: text\n"
				   "  - name: b\n"
				   "    max:\n"
				   "      12\n"
				   "a/b~c: 1\n";
	struct yaml *y;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(yaml_read(SPAN_LIT(text), "r.yaml", &y, &why), ERR_OK);
	assert_int_equal(yaml_line(y, ""), 1);
	assert_int_equal(yaml_line(y, "/fields"), 3);
	assert_int_equal(yaml_line(y, "/fields/0"), 4);
	assert_int_equal(yaml_line(y, "/fields/1/name"), 6);
	assert_int_equal(yaml_line(y, "/fields/1/max"), 7);
	assert_int_equal(yaml_line(y, "/a~1b~0c"), 9);
	/* What is not there has the line of what would hold it. */
	assert_int_equal(yaml_line(y, "/fields/1/absent"), 6);
	assert_int_equal(yaml_line(y, "/fields/7/name"), 3);
	assert_int_equal(yaml_line(y, "/absent"), 1);
	assert_int_equal(
	    yaml_fault(y, "/fields/1/max", &why, ERR_RANGE, "max is %d", 12),
	    ERR_RANGE);
	assert_string_equal(why.text, "r.yaml:7: max is 12");
	yaml_doc_free(y);
}

static void
a_missing_file_is_named(void **state)
{
	struct yaml *y;
	struct fault why = { 0 };

	(void)state;
	assert_int_equal(yaml_load(AT_FDCWD, "/nonexistent/a.yaml", &y, &why),
	    ERR_NOT_FOUND);
	assert_string_equal(why.text,
	    "cannot open /nonexistent/a.yaml: "
	    "No such file or directory");
	assert_int_equal(yaml_load(AT_FDCWD, "/", &y, &why), ERR_IO);
	/* A file without an end is not read to its end. */
	assert_int_equal(yaml_load(AT_FDCWD, "/dev/zero", &y, &why), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_follow_the_core_schema),
		cmocka_unit_test(what_could_deceive_is_refused_with_its_place),
		cmocka_unit_test(every_place_keeps_its_line),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
