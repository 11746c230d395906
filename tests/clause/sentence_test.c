/*
 * tests/clause/sentence_test.c: what people read of a finding; and states.
 */
#include "help.h"

#include "clause/sentence.h"
#include "clause/state.h"

static char *
printed(const char *text, const char *evidence, enum lang lang, bool *all)
{
	json_t *v = NULL;
	struct buf b;
	char *out;

	buf_init(&b, 4096);
	assert_int_equal(json_read(span_text(evidence), &v, NULL), ERR_OK);
	*all = sentence_print(&b, text, v, lang);
	json_decref(v);
	out = strdup(buf_string(&b));
	buf_clear(&b);
	return out;
}

static void
check(const char *text, const char *evidence, enum lang lang, bool whole,
    const char *want)
{
	bool all;
	char *got = printed(text, evidence, lang, &all);

	assert_string_equal(got, want);
	assert_int_equal(all, whole);
	free(got);
}

static void
placeholders_take_numbers_texts_lists_and_times(void **state)
{
	static const char e[] = "{\"host\":\"web-1\",\"n\":3,"
				"\"list\":[\"a\",\"b\"],\"yes\":true,"
				"\"at_us\":1795360020000000}";

	(void)state;
	check("{host} {n}", e, LANG_EN, true, "web-1 3");
	check("{list}", e, LANG_ZH, true, "a、b");
	check("{list}", e, LANG_EN, true, "a, b");
	check("{yes}", e, LANG_ZH, true, "是");
	check("{at_us} 起", e, LANG_ZH, true, "民國115年11月22日 23:07 起");
	check("since {at_us}", e, LANG_EN, true, "since 2026-11-22 23:07");
	check("{{n} {n}", e, LANG_EN, true, "{n} 3");
}

static void
a_placeholder_without_value_is_a_dash_and_told(void **state)
{
	(void)state;
	check("{host}!", "{\"host\":null}", LANG_EN, false, "—!");
	check("{a}{b}", "{\"b\":1}", LANG_EN, false, "—1");
	check("{open", "{}", LANG_EN, false, "—");
	check("", "{}", LANG_EN, true, "");
}

static void
states_have_names_words_and_ranks(void **state)
{
	(void)state;
	for (enum state s = 0; s < STATE_N; s++) {
		assert_int_equal(state_find(span_text(state_name(s))), s);
		assert_true(*state_zh(s) != '\0' && *state_en(s) != '\0');
	}
	assert_int_equal(state_find(span_text("fine")), STATE_N);
	assert_int_equal(state_rank(STATE_UNMET), state_rank(STATE_UNKNOWN));
	assert_true(state_rank(STATE_UNKNOWN) > state_rank(STATE_DUE));
	assert_true(state_rank(STATE_DUE) > state_rank(STATE_EXCEPTED));
	assert_true(state_rank(STATE_EXCEPTED) > state_rank(STATE_MET));
	assert_true(state_rank(STATE_MET) > state_rank(STATE_NA));
	assert_int_equal(state_worse(STATE_UNKNOWN, STATE_UNMET), STATE_UNMET);
	assert_int_equal(state_worse(STATE_UNMET, STATE_UNKNOWN), STATE_UNMET);
	assert_int_equal(state_worse(STATE_DUE, STATE_UNKNOWN), STATE_UNKNOWN);
	assert_int_equal(state_worse(STATE_NA, STATE_MET), STATE_MET);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    placeholders_take_numbers_texts_lists_and_times),
		cmocka_unit_test(
		    a_placeholder_without_value_is_a_dash_and_told),
		cmocka_unit_test(states_have_names_words_and_ranks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
