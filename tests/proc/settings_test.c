/*
 * settings_test: beimen.conf and the options of serve.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc/settings.h"

static char path[64];

/* Writes a settings file and reads it. */
static enum err
with_file(const char *text, json_t **out, struct fault *why)
{
	int fd;
	enum err e;

	memcpy(path, "/tmp/settings.XXXXXX", 21);
	fd = mkstemp(path);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
	e = settings_read(path, NULL, 0, out, why);
	assert_int_equal(unlink(path), 0);
	return e;
}

static void
without_a_file_everything_has_a_default(void **state)
{
	json_t *s;
	struct fault why;

	(void)state;
	assert_int_equal(settings_read(NULL, NULL, 0, &s, &why), ERR_OK);
	assert_string_equal(json_get_text(s, "data", ""), "./data");
	assert_string_equal(json_get_text(s, "syslog", ""), "0.0.0.0:5514");
	assert_int_equal(json_get_int(s, "idle_minutes", 0), 15);
	json_decref(s);
}

static void
options_win_over_the_file(void **state)
{
	static const char *const option[] = { "web=127.0.0.1:0",
		"idle_minutes=7" };
	json_t *s;
	struct fault why;

	(void)state;
	assert_int_equal(settings_read(NULL, option, 2, &s, &why), ERR_OK);
	assert_string_equal(json_get_text(s, "web", ""), "127.0.0.1:0");
	assert_int_equal(json_get_int(s, "idle_minutes", 0), 7);
	json_decref(s);
}

static void
a_typing_mistake_is_named_with_its_line(void **state)
{
	struct fault why;
	json_t *s = NULL;

	(void)state;
	assert_int_equal(
	    with_file("web: 127.0.0.1:0\nsysslog: 1.2.3.4:5\n", &s, &why),
	    ERR_SYNTAX);
	assert_non_null(strstr(why.text, ":2"));
	assert_non_null(strstr(why.text, "sysslog"));
	assert_null(s);
}

static void
impossible_values_are_named(void **state)
{
	static const char *const bad[] = { "web: nowhere\n",
		"idle_minutes: 0\n", "idle_minutes: 2000\n",
		"keep_personal_days: many\n", "city: Not A Key\n",
		"syslog: 127.0.0.1:70000\n", "web: [1, 2]\n", "- a\n",
		"web: 127.0.0.1:1\nweb: 127.0.0.1:2\n" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct fault why = { .text = "" };
		json_t *s = NULL;

		assert_int_not_equal(with_file(bad[i], &s, &why), ERR_OK);
		assert_non_null(strstr(why.text, path));
		assert_null(s);
	}
}

static void
an_unknown_option_is_named(void **state)
{
	static const char *const option[] = { "weeb=1" };
	struct fault why;
	json_t *s = NULL;

	(void)state;
	assert_int_equal(settings_read(NULL, option, 1, &s, &why), ERR_SYNTAX);
	assert_non_null(strstr(why.text, "weeb"));
}

static void
lists_are_read_from_the_file_and_added_to_by_options(void **state)
{
	static const char *const option[] = { "follow=/var/log/a",
		"follow=/var/log/b", "syslog_tls_names=a.example, b.example",
		"syslog_tls_clients=require" };
	const char *sum = "3F:8a:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:"
			  "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";
	const json_t *row;
	json_t *s;
	struct fault why;
	struct buf b;

	(void)state;
	assert_int_equal(settings_read(NULL, option, 4, &s, &why), ERR_OK);
	assert_int_equal(json_array_size(json_object_get(s, "follow")), 2);
	row = json_array_get(json_object_get(s, "follow"), 1);
	assert_string_equal(json_get_text(row, "path", ""), "/var/log/b");
	assert_string_equal(json_get_text(row, "pattern", ""), "*");
	row = json_object_get(s, "syslog_tls_names");
	assert_string_equal(
	    json_string_value(json_array_get(row, 1)), "b.example");
	assert_string_equal(json_get_text(s, "relp", "x"), "");
	json_decref(s);
	buf_init(&b, 4096);
	buf_printf(&b,
	    "follow:\n  - /a\n  - {path: /b, pattern: '*.log', host: h}\n"
	    "syslog_tls_fingerprints: ['%s']\nrelp: none\n",
	    sum);
	assert_int_equal(with_file(buf_string(&b), &s, &why), ERR_OK);
	row = json_array_get(json_object_get(s, "follow"), 1);
	assert_string_equal(json_get_text(row, "host", ""), "h");
	row = json_object_get(s, "syslog_tls_fingerprints");
	assert_true(span_starts(
	    span_text(json_string_value(json_array_get(row, 0))), "3f8a0011"));
	json_decref(s);
	buf_clear(&b);
}

static void
mistakes_in_lists_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} table[] = {
		{ "syslog_tls_names: ['*.example']\n", "*.example" },
		{ "syslog_tls_names: [a, [b]]\n", "list" },
		{ "syslog_tls_fingerprints: abcd\n", "64 hex" },
		{ "syslog_tls_clients: maybe\n", "maybe" },
		{ "follow: [{pattern: x}]\n", "path" },
		{ "follow: [{path: /a, colour: x}]\n", "colour" },
		{ "follow: [3]\n", "path" },
		{ "relp: somewhere\n", "ADDRESS:PORT" },
	};
	json_t *s;
	struct fault why;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (with_file(table[i].text, &s, &why) == ERR_OK)
			fail_msg("%s is read", table[i].text);
		if (strstr(why.text, table[i].says) == NULL)
			fail_msg("%s: %s", table[i].text, why.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_everything_has_a_default),
		cmocka_unit_test(options_win_over_the_file),
		cmocka_unit_test(
		    lists_are_read_from_the_file_and_added_to_by_options),
		cmocka_unit_test(mistakes_in_lists_are_named),
		cmocka_unit_test(a_typing_mistake_is_named_with_its_line),
		cmocka_unit_test(impossible_values_are_named),
		cmocka_unit_test(an_unknown_option_is_named),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
