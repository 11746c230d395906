/*
 * tests/clause/cases_test.c: every clause with a check answers its cases.
 */
#include "help.h"

static struct pack *pack;
static struct schema *schema;

static int
load(void **state)
{
	(void)state;
	pack = city_pack();
	schema = city_schema();
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	pack_free(pack);
	schema_free(schema);
	return 0;
}

/* cases_done_fn: a case that differs is printed with its clause. */
static void
case_done(
    void *arg, const struct clause *c, const char *name, const char *wrong)
{
	(void)arg;
	if (wrong != NULL)
		print_error("%s: %s: %s\n", c->id, name, wrong);
}

static void
all_cases_of_all_checks_hold(void **state)
{
	struct fault why;
	int dir = source_root();
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < pack_count(pack); i++) {
		const struct clause *c = pack_at(pack, i);
		struct cases_sum sum = { 0 };

		if (c->sql == NULL)
			continue;
		OK(cases_run(dir, PACK, c, city_tables, schema, case_done, NULL,
		    &sum, &why));
		if (sum.failed > 0)
			fail_msg("%s: %u cases differ", c->id, sum.failed);
		n += sum.n;
	}
	close(dir);
	assert_true(n >= 163);
}

static void
every_check_reaches_met_due_unmet_and_unknown(void **state)
{
	struct fault why;
	int dir = source_root();

	(void)state;
	for (size_t i = 0; i < pack_count(pack); i++) {
		const struct clause *c = pack_at(pack, i);
		struct cases_sum sum = { 0 };

		if (c->sql == NULL)
			continue;
		OK(cases_run(
		    dir, PACK, c, city_tables, schema, NULL, NULL, &sum, &why));
		if (!sum.reached[STATE_MET] || !sum.reached[STATE_DUE] ||
		    !sum.reached[STATE_UNMET] || !sum.reached[STATE_UNKNOWN])
			fail_msg("%s does not reach all four states", c->id);
	}
	close(dir);
}

static const char small_yaml[] = "id: small\n"
				 "title: {zh: 小, en: Small}\n"
				 "edition: \"1\"\n"
				 "law: none\n"
				 "in_force: 2026-01-01\n"
				 "chapters: [{no: 1, zh: 章, en: Chapter}]\n";
static const char clause_yaml[] = "id: \"1.1\"\n"
				  "chapter: 1\n"
				  "title: {zh: 題, en: Title}\n"
				  "text: 文\n"
				  "mode: recorded\n"
				  "modality: must\n"
				  "decided_by: {zh: 判, en: Decides}\n"
				  "instruments: [book]\n"
				  "actor: ciso\n"
				  "problems:\n"
				  "  late: {zh: \"{who} 遲\", en: late,\n"
				  "    fix: {zh: 改, en: mend}}\n";
static const char check_sql[] =
    "SELECT agency, key AS subject, name AS subject_title,"
    " CASE WHEN name = 'x' THEN 'met' ELSE 'unmet' END AS state,"
    " NULL AS since, NULL AS due,"
    " CASE WHEN name <> 'x' THEN 'late' END AS problem,"
    " '{}' AS evidence FROM unit";

/* What the last case said. */
static char last[4096];

static void
case_kept(
    void *arg, const struct clause *c, const char *name, const char *wrong)
{
	(void)arg;
	(void)c;
	(void)name;
	(void)snprintf(last, sizeof last, "%s", wrong == NULL ? "" : wrong);
}

static void
a_case_that_differs_says_exactly_what(void **state)
{
	static const char *const files[] = { "p/1.1/clause.yaml",
		"p/1.1/check.sql", "p/1.1/cases.yaml", "p/1.1", "p/pack.yaml",
		"p", NULL };
	static const struct {
		const char *cases, *says;
		enum err e;
	} tried[] = {
		{ "- {name: a, at: 2026-01-01, given: {unit: [{agency: m, key: "
		  "u, name: x, kind: business}]}, expect: [{agency: m, "
		  "subject: "
		  "u, state: met}]}",
		    "", ERR_OK },
		{ "- {name: a, at: 2026-01-01, given: {unit: [{agency: m, key: "
		  "u, name: x, kind: business}]}, expect: [{agency: m, "
		  "subject: "
		  "u, state: due}]}",
		    "u: met (), expected due; ", ERR_OK },
		{ "- {name: a, at: 2026-01-01, given: {unit: [{agency: m, key: "
		  "u, name: x, kind: business}]}, expect: []}",
		    "u: met (), expected no such row; ", ERR_OK },
		{ "- {name: a, at: 2026-01-01, expect: [{agency: m, subject: "
		  "u, state: met}]}",
		    "u: no such row; ", ERR_OK },
		{ "- {name: a, at: 2026-01-01, given: {unit: [{agency: m, key: "
		  "u, name: y, kind: business}]}, expect: [{agency: m, "
		  "subject: "
		  "u, state: unmet, problem: early, since: 2026-01-01}]}",
		    "u: problem late, expected early; u: since is not given; "
		    "u: no value for '{who} 遲'; ",
		    ERR_OK },
		{ "- {name: a, at: 2026-01-01, given: {unit: [{agency: m, "
		  "colour: u}]}, expect: []}",
		    "colour", ERR_SYNTAX },
		{ "- {name: a, at: 2026-01-01, given: {nowhere: [{agency: m}]},"
		  " expect: []}",
		    "nowhere", ERR_SYNTAX },
		{ "- {name: a, like: b, at: 2026-01-01, expect: []}",
		    "no earlier case named 'b'", ERR_NOT_FOUND },
		{ "- {name: a, at: 2026-01-01, exepct: []}",
		    "cases.yaml:1: ", ERR_SYNTAX },
		{ "name: a", "wanted a list of cases", ERR_SYNTAX },
	};
	char *root = temp_make();
	struct pack *p = NULL;
	struct fault why;
	int dir = open(root, O_RDONLY | O_DIRECTORY);

	(void)state;
	temp_write(root, "p", "pack.yaml", small_yaml);
	temp_write(root, "p/1.1", "clause.yaml", clause_yaml);
	temp_write(root, "p/1.1", "check.sql", check_sql);
	OK(pack_load(dir, "p", &p, mistake_fails, NULL, &why));
	for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
		struct cases_sum sum = { 0 };
		enum err e;

		temp_write(root, "p/1.1", "cases.yaml", tried[i].cases);
		e = cases_run(dir, "p", pack_at(p, 0), city_tables, schema,
		    case_kept, NULL, &sum, &why);
		assert_int_equal(e == ERR_OK, tried[i].e == ERR_OK);
		if (e == ERR_OK)
			assert_string_equal(last, tried[i].says);
		else if (strstr(why.text, tried[i].says) == NULL)
			fail_msg("%zu: %s", i, why.text);
	}
	close(dir);
	pack_free(p);
	temp_drop(root, files);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cases_of_all_checks_hold),
		cmocka_unit_test(every_check_reaches_met_due_unmet_and_unknown),
		cmocka_unit_test(a_case_that_differs_says_exactly_what),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
