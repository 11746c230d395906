/*
 * tests/web/message_test.c: both languages say everything, and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "web/page.h"

extern const struct embedded web_templates[];

/* Marks of what is used, beside message_table. */
static bool used[2000];

/* Mark a key, or all keys of a prefix. */
static void
key_used(void *arg, struct span key, bool prefix)
{
	unsigned hits = 0;

	(void)arg;
	for (unsigned i = 0; i < n_messages; i++) {
		struct span k = span_text(message_table[i].key);

		if (span_equal(k, key) ||
		    (prefix && span_equal(span_slice(k, 0, key.len), key))) {
			used[i] = true;
			hits++;
		}
	}
	if (hits == 0)
		fail_msg("no message %.*s", (int)key.len, (const char *)key.at);
}

/* Every message is there in both languages, and some template shows it. */
static void
both_languages_say_all_that_templates_ask(void **state)
{
	struct templates *t = NULL;
	struct fault why = { 0 };

	(void)state;
	assert_true(n_messages < sizeof used / sizeof *used);
	if (template_compile(web_templates, &t, &why) != ERR_OK)
		fail_msg("%s", why.text);
	template_keys(t, key_used, NULL);
	for (unsigned i = 0; i < n_messages; i++) {
		assert_true(message_table[i].text[LANG_ZH][0] != '\0');
		assert_true(message_table[i].text[LANG_EN][0] != '\0');
		if (!used[i])
			fail_msg("nothing shows %s", message_table[i].key);
	}
	templates_free(t);
}

/* Every page of the table has a title. */
static void
every_page_has_a_title(void **state)
{
	char key[64];

	(void)state;
	for (unsigned i = 0; i < n_pages; i++) {
		(void)snprintf(
		    key, sizeof key, "title.%s", page_table[i].title);
		assert_non_null(message_find(LANG_ZH, span_text(key)));
	}
}

/* The table is in the order the search expects. */
static void
every_message_is_found_by_its_key(void **state)
{
	(void)state;
	for (unsigned i = 0; i < n_messages; i++)
		assert_ptr_equal(
		    message_find(LANG_EN, span_text(message_table[i].key)),
		    message_table[i].text[LANG_EN]);
	assert_null(message_find(LANG_EN, SPAN_LIT("state.")));
	assert_null(message_find(LANG_EN, SPAN_EMPTY));
}

/* A reader gets the language asked for, and Chinese when none is. */
static void
the_reader_gets_the_language_asked_for(void **state)
{
	static const struct {
		const char *query, *cookie, *accept;
		enum lang want;
	} row[] = {
		{ "", "", "", LANG_ZH },
		{ "en", "zh", "zh", LANG_EN },
		{ "", "en", "zh-TW", LANG_EN },
		{ "", "", "en-GB,en;q=0.9", LANG_EN },
		{ "", "", "fr, en;q=0.2, zh;q=0.3", LANG_ZH },
		{ "", "", "en;q=0.8, zh-TW;q=0.79", LANG_EN },
		{ "", "", "fr", LANG_ZH },
		{ "xx", "", "en", LANG_EN },
		{ "", "enough", "zhuang;q=1, *", LANG_ZH },
		{ "", "", ";;q=,,,q=9;", LANG_ZH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		assert_int_equal(lang_choose(row[i].query,
				     span_text(row[i].cookie), row[i].accept),
		    row[i].want);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(both_languages_say_all_that_templates_ask),
		cmocka_unit_test(every_page_has_a_title),
		cmocka_unit_test(every_message_is_found_by_its_key),
		cmocka_unit_test(the_reader_gets_the_language_asked_for),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
