/*
 * tests/rules/judge_test.c: from rows to verdicts, and what is remembered.
 */
#include "help.h"

static struct pack *city, *small;
static char *root;

/* A check whose rows are the rows of `unit`: name is the state, kind the
 * problem, ground the evidence. */
static const char mirror[] =
    "SELECT agency, key AS subject, key AS subject_title,\n"
    " name AS state, NULL AS since, NULL AS due,\n"
    " kind AS problem, coalesce(ground, '{}') AS evidence\n"
    "FROM unit WHERE effective_us <= :at";

static const char *const files[] = { "p/1.1/clause.yaml", "p/1.1/check.sql",
	"p/1.1", "p/1.2/clause.yaml", "p/1.2/check.sql", "p/1.2",
	"p/1.3/clause.yaml", "p/1.3", "p/1.4/clause.yaml", "p/1.4/check.sql",
	"p/1.4", "p/1.5/clause.yaml", "p/1.5/check.sql", "p/1.5", "p/pack.yaml",
	"p", NULL };

static void
small_clause(const char *id, const char *modality, const char *sql)
{
	char folder[32], text[1024];

	(void)snprintf(folder, sizeof folder, "p/%s", id);
	(void)snprintf(text, sizeof text,
	    "id: \"%s\"\nchapter: 1\ntitle: {zh: 題, en: Title}\ntext: 文\n"
	    "mode: recorded\nmodality: %s\ndecided_by: {zh: 判, en: Decides}\n"
	    "instruments: [book]\nactor: ciso\nproblems:\n"
	    "  late: {zh: 遲, en: late, fix: {zh: 改, en: mend}}\n",
	    id, modality);
	temp_write(root, folder, "clause.yaml", text);
	if (sql != NULL)
		temp_write(root, folder, "check.sql", sql);
}

static int
load(void **state)
{
	struct fault why;
	int dir;

	(void)state;
	OK(crypt_start(&why));
	city = city_pack();
	root = temp_make();
	temp_write(root, "p", "pack.yaml",
	    "id: small\ntitle: {zh: 小, en: Small}\nedition: \"1\"\n"
	    "law: none\nin_force: 2026-01-01\n"
	    "chapters: [{no: 1, zh: 章, en: Chapter}]\n");
	small_clause("1.1", "must", mirror);
	small_clause("1.2", "may", mirror);
	small_clause("1.3", "must", NULL);
	small_clause("1.4", "must", "SELECT\n absent FROM\n nowhere");
	small_clause("1.5", "must",
	    "SELECT agency, key AS subject, key AS subject_title,"
	    " 'splendid' AS state, NULL AS since, NULL AS due,"
	    " NULL AS problem, '{}' AS evidence FROM agency");
	dir = open(root, O_RDONLY | O_DIRECTORY);
	OK(pack_load(dir, "p", &small, mistake_fails, NULL, &why));
	close(dir);
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	temp_drop(root, files);
	pack_free(city);
	pack_free(small);
	return 0;
}

static int
begin(void **state)
{
	static struct world w;

	world_open(&w);
	RUN(&w,
	    "INSERT INTO agency (agency, key, name, effective_us, "
	    "received_us, entry) VALUES ('a', 'a', '甲', 0, 0, 1), "
	    "('b', 'b', '乙', 0, 0, 1)");
	*state = &w;
	return 0;
}

static int
end(void **state)
{
	world_close(*state);
	return 0;
}

static void
unit_put(struct world *w, const char *agency, const char *key, const char *st,
    const char *problem, const char *evidence)
{
	char sql[1024];

	(void)snprintf(sql, sizeof sql,
	    "INSERT OR REPLACE INTO unit (agency, key, name, kind, ground, "
	    "effective_us, received_us, entry) VALUES ('%s', '%s', '%s', "
	    "%s%s%s, '%s', 0, 0, 1)",
	    agency, key, st, problem == NULL ? "" : "'",
	    problem == NULL ? "NULL" : problem, problem == NULL ? "" : "'",
	    evidence);
	RUN(w, sql);
}

static void
judge(struct world *w, int64_t at_us)
{
	json_decref(world_judge(w, small, at_us));
}

#define VERDICT(clause) \
	"SELECT state FROM verdict WHERE agency = 'a' AND clause = '" clause "'"

static void
the_worst_subject_decides_and_unmet_is_named_first(void **state)
{
	static const struct {
		const char *one, *two, *verdict;
	} tried[] = {
		{ "met", "n/a", "met" },
		{ "met", "excepted", "excepted" },
		{ "excepted", "due", "due" },
		{ "due", "unknown", "unknown" },
		{ "unknown", "unmet", "unmet" },
		{ "unmet", "met", "unmet" },
		{ "n/a", "n/a", "n/a" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
		unit_put(w, "a", "u1", tried[i].one, "late", "{}");
		unit_put(w, "a", "u2", tried[i].two, "late", "{}");
		judge(w, NOW + (int64_t)i);
		ASK(w, VERDICT("1.1"), tried[i].verdict);
	}
	ASK(w, "SELECT n_na FROM verdict WHERE agency = 'a' AND clause = '1.1'",
	    "2");
	ASK(w, "SELECT count(*) FROM finding WHERE clause = '1.1'", "2");
}

static void
what_may_be_done_is_adopted_or_not_and_never_unmet(void **state)
{
	struct world *w = *state;

	judge(w, NOW);
	ASK(w, VERDICT("1.2"), "not adopted");
	ASK(w, VERDICT("1.1"), "unknown");
	ASK(w, "SELECT problem FROM verdict WHERE clause = '1.1'",
	    "no_subject");
	unit_put(w, "a", "u1", "met", NULL, "{}");
	judge(w, NOW + 1);
	ASK(w, VERDICT("1.2"), "adopted");
	unit_put(w, "a", "u1", "unmet", "late", "{}");
	judge(w, NOW + 2);
	ASK(w, VERDICT("1.2"), "not adopted");
}

static void
a_clause_without_check_or_with_a_broken_one_is_unknown_alone(void **state)
{
	struct world *w = *state;

	unit_put(w, "a", "u1", "met", NULL, "{}");
	judge(w, NOW);
	ASK(w, VERDICT("1.1"), "met");
	ASK(w, VERDICT("1.3"), "unknown");
	ASK(w, "SELECT problem FROM verdict WHERE clause = '1.3'",
	    "no_instrument");
	ASK(w, VERDICT("1.4"), "unknown");
	ASK(w, "SELECT problem FROM verdict WHERE clause = '1.4'", "refused");
	ASK(w, "SELECT refused FROM clause_run WHERE clause = '1.4'",
	    "1.4/check.sql:3: no such table: nowhere");
	ASK(w, VERDICT("1.5"), "unknown");
	ASK(w, "SELECT refused FROM clause_run WHERE clause = '1.5'",
	    "1.5/check.sql: row (a, a): column state: no such state: "
	    "'splendid'");
}

#define FINDING(columns)                                                     \
	"SELECT " columns " FROM finding WHERE clause = '1.1' AND agency = " \
	"'a' AND subject = 'u1'"

static void
a_subject_that_vanishes_stays_unknown_with_what_was_known(void **state)
{
	struct world *w = *state;

	unit_put(w, "a", "u1", "unmet", "late", "{}");
	unit_put(w, "a", "u2", "met", NULL, "{}");
	judge(w, NOW);
	RUN(w, "DELETE FROM unit WHERE key = 'u1'");
	judge(w, NOW + WHEN_HOUR);
	ASK(w, FINDING("state || ' ' || problem || ' ' || known_state"),
	    "unknown vanished unmet");
	ASK(w, FINDING("known_since_us = 1795320000000000"), "1");
	ASK(w, VERDICT("1.1"), "unknown");
	judge(w, NOW + WHEN_DAY);
	ASK(w, FINDING("state || ' ' || problem || ' ' || known_state"),
	    "unknown vanished unmet");
	/* It is seen again. */
	unit_put(w, "a", "u1", "met", NULL, "{}");
	judge(w, NOW + 2 * WHEN_DAY);
	ASK(w, FINDING("state || coalesce(known_state, '-')"), "met-");
	ASK(w, VERDICT("1.1"), "met");
}

static void
a_subject_given_as_removed_leaves_and_what_does_not_apply_too(void **state)
{
	struct world *w = *state;

	unit_put(w, "a", "u1", "unmet", "late", "{}");
	unit_put(w, "a", "u2", "met", NULL, "{}");
	unit_put(w, "a", "u3", "n/a", NULL, "{}");
	judge(w, NOW);
	unit_put(w, "a", "u1", "n/a", "removed", "{}");
	RUN(w, "DELETE FROM unit WHERE key = 'u3'");
	judge(w, NOW + 1);
	ASK(w, FINDING("count(*)"), "0");
	ASK(w, VERDICT("1.1"), "met");
	ASK(w, "SELECT n_na FROM verdict WHERE clause = '1.1'", "0");
}

static void
a_subject_whose_whole_substance_is_elsewhere_has_moved(void **state)
{
	struct world *w = *state;

	unit_put(
	    w, "a", "u1", "unmet", "late", "{\"identity\":[\"s1\",\"s2\"]}");
	judge(w, NOW);
	RUN(w, "DELETE FROM unit");
	unit_put(w, "b", "u9", "met", NULL, "{\"identity\":[\"s1\"]}");
	judge(w, NOW + 1);
	ASK(w, FINDING("state"), "unknown"); /* s2 is missed */
	unit_put(w, "b", "u8", "met", NULL, "{\"identity\":[\"s2\"]}");
	judge(w, NOW + 2);
	ASK(w, FINDING("count(*)"), "0");
}

static void
a_mark_that_falls_tells_that_evidence_was_lost(void **state)
{
	struct world *w = *state;

	unit_put(w, "a", "u1", "unmet", "late",
	    "{\"marks\":{\"n\":5,\"other\":null}}");
	judge(w, NOW);
	unit_put(w, "a", "u1", "met", NULL, "{\"marks\":{\"n\":4}}");
	judge(w, NOW + 1);
	ASK(w, FINDING("state || ' ' || problem || ' ' || known_state"),
	    "unknown lost unmet");
	/* It is not forgotten by being judged again, */
	judge(w, NOW + WHEN_DAY);
	ASK(w, FINDING("state || ' ' || problem || ' ' || known_state"),
	    "unknown lost unmet");
	/* nor by a worse state in between; new observations end it. */
	unit_put(w, "a", "u1", "unmet", "late", "{\"marks\":{\"n\":4}}");
	judge(w, NOW + 2 * WHEN_DAY);
	ASK(w, FINDING("state"), "unmet");
	unit_put(w, "a", "u1", "met", NULL, "{\"marks\":{\"n\":4}}");
	judge(w, NOW + 3 * WHEN_DAY);
	ASK(w, FINDING("state"), "unknown");
	unit_put(w, "a", "u1", "met", NULL, "{\"marks\":{\"n\":6}}");
	judge(w, NOW + 4 * WHEN_DAY);
	ASK(w, FINDING("state"), "met");
	/* A mark under another name is not compared. */
	unit_put(w, "a", "u1", "met", NULL, "{\"marks\":{\"n@2\":1}}");
	judge(w, NOW + 5 * WHEN_DAY);
	ASK(w, FINDING("state"), "met");
}

static void
what_becomes_unknown_keeps_what_was_known(void **state)
{
	struct world *w = *state;

	unit_put(w, "a", "u1", "unmet", "late", "{}");
	judge(w, NOW);
	unit_put(w, "a", "u1", "unknown", "late", "{}");
	judge(w, NOW + WHEN_HOUR);
	ASK(w, FINDING("state || ' ' || known_state || ' ' || known_since_us"),
	    "unknown unmet 1795320000000000");
	ASK(w, FINDING("since_us"), "1795323600000000");
	unit_put(w, "a", "u1", "met", NULL, "{}");
	judge(w, NOW + WHEN_DAY);
	ASK(w, FINDING("coalesce(known_state, '-')"), "-");
}

static void
nothing_new_is_no_change_and_age_alone_is_stored_each_quarter(void **state)
{
	struct world *w = *state;
	json_t *all;

	unit_put(w, "a", "u1", "met", NULL, "{\"last_us\":1}");
	judge(w, NOW);
	all = world_judge(w, small, NOW + 1);
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
	unit_put(w, "a", "u1", "met", NULL, "{\"last_us\":2}");
	all = world_judge(w, small, NOW + 14 * WHEN_MINUTE);
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
	all = world_judge(w, small, NOW + 15 * WHEN_MINUTE);
	assert_int_equal(json_array_size(all), 2);
	assert_int_equal(json_array_size(json_object_get(
			     json_array_get(all, 0), "verdicts")),
	    0);
	json_decref(all);
	/* A verdict keeps its beginning while only counts change. */
	unit_put(w, "a", "u2", "met", NULL, "{}");
	judge(w, NOW + WHEN_DAY);
	ASK(w,
	    "SELECT since_us || ' ' || n_met FROM verdict WHERE clause = "
	    "'1.1' AND agency = 'a'",
	    "1795320000000000 2");
	ASK(w,
	    "SELECT count(*) FROM verdict_span WHERE clause = '1.1' AND "
	    "agency = 'a'",
	    "1");
}

static void
parameters_are_set_by_name_and_mistakes_are_named(void **state)
{
	const struct clause *c = NULL;
	struct check_set set;
	struct fault why;

	(void)state;
	OK(rules_set_parse(city, SPAN_LIT("12.3.days=180"), &set, &c, &why));
	assert_string_equal(c->id, "12.3");
	assert_string_equal(set.param->name, "days");
	assert_true(set.value == 180);
	OK(rules_set_parse(
	    city, SPAN_LIT("十二(三).days=7"), &set, NULL, &why));
	assert_int_equal(
	    rules_set_parse(city, SPAN_LIT("12.3.days"), &set, NULL, &why),
	    ERR_SYNTAX);
	assert_int_equal(
	    rules_set_parse(city, SPAN_LIT("12.3.days=x"), &set, NULL, &why),
	    ERR_SYNTAX);
	assert_int_equal(
	    rules_set_parse(city, SPAN_LIT("=1"), &set, NULL, &why),
	    ERR_SYNTAX);
	assert_int_equal(
	    rules_set_parse(city, SPAN_LIT("12.9.days=1"), &set, NULL, &why),
	    ERR_NOT_FOUND);
	assert_string_equal(why.text, "no such clause: 12.9");
	assert_int_equal(
	    rules_set_parse(city, SPAN_LIT("12.3.weeks=1"), &set, NULL, &why),
	    ERR_NOT_FOUND);
	assert_string_equal(why.text, "clause 12.3 has no parameter weeks");
}

/* judged_fn: keep the first verdict's state. */
static enum err
state_keep(void *arg, const struct judged *j, struct fault *why)
{
	(void)why;
	*(enum state *)arg = j->verdicts[0].state;
	return ERR_OK;
}

static void
what_if_changes_the_answer_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct check_set set;
	struct judge_ask ask = { .at_us = NOW, .agency = "a" };
	enum state before, after;
	struct fault why;

	RUN(w,
	    "INSERT INTO system (agency, key, name, grade_c, grade_i, grade_a, "
	    "grade_l, grade, grade_approved, effective_us, received_us, entry) "
	    "VALUES ('a', 's', '系統', 'low', 'low', 'low', 'low', 'low', "
	    "1790000000000000, 0, 0, 1)");
	ask.clause = pack_clause(city, "9.1");
	OK(rules_judge(w->db, city, &ask, state_keep, &before, &why));
	OK(rules_set_parse(
	    city, SPAN_LIT("9.1.review_months=1"), &set, NULL, &why));
	ask.sets = &set;
	ask.n_sets = 1;
	OK(rules_judge(w->db, city, &ask, state_keep, &after, &why));
	assert_int_equal(before, STATE_MET);
	assert_int_equal(after, STATE_UNKNOWN);
	ASK(w, "SELECT count(*) FROM verdict", "0");
}

static void
an_explanation_says_who_must_act_by_when_and_how(void **state)
{
	struct world *w = *state;
	struct judge_ask ask = { .at_us = NOW, .agency = "a" };
	const json_t *one, *act;
	json_t *o = NULL;
	struct fault why;

	RUN(w,
	    "INSERT INTO system (agency, key, name, grade_approved, "
	    "effective_us, received_us, entry) VALUES "
	    "('a', 's2', '乙系統', NULL, 0, 0, 1)");
	RUN(w,
	    "INSERT INTO system (agency, key, name, grade_c, grade_i, grade_a, "
	    "grade_l, grade, grade_approved, effective_us, received_us, entry) "
	    "VALUES ('a', 's1', '甲系統', 'low', 'low', 'low', 'low', 'low', "
	    "1790000000000000, 0, 0, 1)");
	ask.clause = pack_clause(city, "9.1");
	OK(rules_explain(w->db, city, &ask, &o, &why));
	assert_string_equal(
	    json_get_text(json_object_get(o, "clause"), "id", ""), "9.1");
	assert_string_equal(
	    json_get_text(json_object_get(o, "verdict"), "state", ""), "unmet");
	assert_int_equal(json_get_int(o, "population", 0), 2);
	assert_int_equal(json_get_int(o, "deciding", 0), 1);
	one = json_array_get(json_object_get(o, "subjects"), 0);
	assert_string_equal(json_get_text(one, "subject", ""), "s2");
	assert_string_equal(
	    json_get_text(json_object_get(one, "says"), "zh", ""),
	    "「乙系統」尚未完成四構面分級，缺：C I A L。");
	act = json_object_get(o, "act");
	assert_string_equal(json_get_text(act, "who", ""), "it-officer");
	assert_true(
	    strlen(json_get_text(json_object_get(act, "fix"), "en", "")) > 10);
	json_decref(o);

	ask.clause = pack_clause(city, "14.2");
	OK(rules_explain(w->db, city, &ask, &o, &why));
	act = json_object_get(json_object_get(o, "verdict"), "says");
	assert_non_null(strstr(json_get_text(act, "zh", ""), "將由日誌庫判定"));
	json_decref(o);
	o = NULL;

	ask.agency = "nobody";
	assert_int_equal(
	    rules_explain(w->db, city, &ask, &o, &why), ERR_NOT_FOUND);
	ask.clause = pack_clause(city, "12");
	assert_int_equal(rules_explain(w->db, city, &ask, &o, &why), ERR_STATE);
	assert_null(o);
}

static void
the_engines_own_reasons_have_words_in_both_languages(void **state)
{
	static const char *const codes[] = { PROBLEM_NO_INSTRUMENT,
		PROBLEM_REFUSED, PROBLEM_NO_SUBJECT, PROBLEM_VANISHED,
		PROBLEM_LOST };
	struct buf b[4];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		for (unsigned k = 0; k < 4; k++)
			buf_init(&b[k], 65536);
		rules_sentence(pack_clause(city, "12.4"), codes[i], NULL,
		    &(struct rules_words){ &b[0], &b[1], &b[2], &b[3] });
		for (unsigned k = 0; k < 4; k++) {
			assert_true(b[k].len > 0);
			assert_null(strstr(buf_string(&b[k]), "—"));
			buf_clear(&b[k]);
		}
	}
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH(the_worst_subject_decides_and_unmet_is_named_first),
		WITH(what_may_be_done_is_adopted_or_not_and_never_unmet),
		WITH(
		    a_clause_without_check_or_with_a_broken_one_is_unknown_alone),
		WITH(a_subject_that_vanishes_stays_unknown_with_what_was_known),
		WITH(
		    a_subject_given_as_removed_leaves_and_what_does_not_apply_too),
		WITH(a_subject_whose_whole_substance_is_elsewhere_has_moved),
		WITH(a_mark_that_falls_tells_that_evidence_was_lost),
		WITH(what_becomes_unknown_keeps_what_was_known),
		WITH(
		    nothing_new_is_no_change_and_age_alone_is_stored_each_quarter),
		WITH(parameters_are_set_by_name_and_mistakes_are_named),
		WITH(what_if_changes_the_answer_and_nothing_else),
		WITH(an_explanation_says_who_must_act_by_when_and_how),
		WITH(the_engines_own_reasons_have_words_in_both_languages),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
