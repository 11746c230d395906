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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_everything_has_a_default),
		cmocka_unit_test(options_win_over_the_file),
		cmocka_unit_test(a_typing_mistake_is_named_with_its_line),
		cmocka_unit_test(impossible_values_are_named),
		cmocka_unit_test(an_unknown_option_is_named),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
