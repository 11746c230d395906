/*
 * tests/clause/pack_test.c: the regulation as a folder.
 */
#include "help.h"

static struct pack *pack;

static int
load(void **state)
{
	(void)state;
	pack = city_pack();
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

static void
the_pack_holds_all_156_items_in_the_order_of_the_regulation(void **state)
{
	(void)state;
	assert_int_equal(pack_count(pack), 156);
	assert_string_equal(pack_id(pack), "taipei-2019");
	assert_string_equal(pack_edition(pack), "1");
	assert_string_equal(pack_law(pack), "(108)府資設字第1083007005號");
	assert_string_equal(pack_title(pack).zh, "臺北市政府資訊安全管理規範");
	assert_true(pack_in_force(pack) == INT64_C(1556726400000000));
	for (size_t i = 1; i < pack_count(pack); i++)
		assert_true(clause_id_compare(pack_at(pack, i - 1)->id,
				pack_at(pack, i)->id) < 0);
	assert_string_equal(pack_at(pack, 0)->id, "1");
	assert_string_equal(pack_at(pack, 155)->id, "31.2");
}

static void
every_clause_says_what_decides_it_in_both_languages(void **state)
{
	unsigned judged = 0, checked = 0;

	(void)state;
	for (size_t i = 0; i < pack_count(pack); i++) {
		const struct clause *c = pack_at(pack, i);

		assert_null(c->refused);
		assert_true(*c->text != '\0');
		assert_true(*c->title.zh != '\0' && *c->title.en != '\0');
		assert_true(*c->chapter_title.zh != '\0');
		if (!clause_judged(c)) {
			assert_null(c->sql);
			continue;
		}
		judged++;
		checked += c->sql != NULL;
		assert_true(*c->decided_by.zh != '\0');
		assert_true(*c->decided_by.en != '\0');
		assert_true(c->n_instruments > 0);
		assert_true(*c->actor != '\0');
	}
	assert_int_equal(judged, 122);
	assert_int_equal(checked, 12);
}

static void
a_clause_keeps_its_text_mode_modality_and_exception(void **state)
{
	const struct clause *c = pack_clause(pack, "21.8");

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->text,
	    "系統帳號應避免共用，以利鑑別使用者；若在特殊情況下需共用帳號，"
	    "應取得權責單位主管授權，並實施補償性控管機制。");
	assert_int_equal(c->mode, MODE_MEASURED);
	assert_int_equal(c->modality, MODALITY_AVOID);
	assert_non_null(c->exception.zh);
	assert_int_equal(c->chapter, 7);
	assert_string_equal(c->chapter_title.zh, "系統存取控制");
	assert_null(pack_clause(pack, "12.1")->exception.zh);
	assert_int_equal(pack_clause(pack, "12")->mode, MODE_HEADING);
	assert_int_equal(pack_clause(pack, "19.2.1")->mode, MODE_INFO);
	assert_null(pack_clause(pack, "12.5"));
	assert_null(pack_clause(pack, "x"));
}

static void
a_clause_is_found_as_people_write_it(void **state)
{
	static const struct {
		const char *query, *id;
	} known[] = {
		{ "18.3", "18.3" },
		{ " 18.3 ", "18.3" },
		{ "18-3", "18.3" },
		{ "18(3)", "18.3" },
		{ "１８．３", "18.3" },
		{ "十八(三)", "18.3" },
		{ "十八（三）", "18.3" },
		{ "第十八點第三款", "18.3" },
		{ "第18點第3款", "18.3" },
		{ "21.10", "21.10" },
		{ "二十一(十)", "21.10" },
		{ "二十四（十五）", "24.15" },
		{ "二(二)1", "2.2.1" },
		{ "第二點第二款第一目", "2.2.1" },
		{ "十", "10" },
		{ "二十", "20" },
		{ "三十一、(二)", "31.2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct clause *c = pack_find(
		    pack, span_text(known[i].query));

		if (c == NULL)
			fail_msg("not found: %s", known[i].query);
		assert_string_equal(c->id, known[i].id);
	}
}

static void
what_is_no_clause_number_is_not_one(void **state)
{
	static const char *const none[] = { "", " ", ".", "abc", "18.x",
		"18.3.1.1.1", "0", "18.0", "100", "十十", "一二", "十一二",
		"百", "1一", "18\xff", "日誌", "零", "一十十" };
	char id[CLAUSE_ID_MAX] = "as it was";

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (clause_id_parse(span_text(none[i]), id))
			fail_msg("read '%s' as %s", none[i], id);
	assert_string_equal(id, "as it was");
	assert_true(clause_id_parse(span_text("九十九(99)"), id));
	assert_string_equal(id, "99.99");
	assert_null(pack_find(pack, span_text("99.99")));
}

static const char pack_yaml[] = "id: small\n"
				"title: {zh: 小, en: Small}\n"
				"edition: \"1\"\n"
				"law: none\n"
				"in_force: 2026-01-01\n"
				"chapters:\n"
				"  - {no: 1, zh: 章, en: Chapter}\n";

static const char good_yaml[] = "id: \"1.1\"\n"
				"chapter: 1\n"
				"title: {zh: 題, en: Title}\n"
				"text: 文\n"
				"mode: measured\n"
				"modality: must\n"
				"exception: null\n"
				"decided_by: {zh: 判, en: Decides}\n"
				"instruments: [vault]\n"
				"actor: it-officer\n";

/* Mistakes told, joined. */
static struct {
	char text[4096];
	unsigned n;
} told;

static void
mistake_noted(void *arg, const char *line)
{
	size_t at = strlen(told.text);

	(void)arg;
	told.n++;
	(void)snprintf(told.text + at, sizeof told.text - at, "%s\n", line);
}

static void
every_mistake_has_its_line_and_other_clauses_are_unharmed(void **state)
{
	static const char *const files[] = { "p/1.1/clause.yaml", "p/1.1",
		"p/1.2/clause.yaml", "p/1.2/check.sql", "p/1.2", "p/1.3",
		"p/pack.yaml", "p", NULL };
	static const char bad[] = "id: \"1.9\"\n"
				  "chapter: 7\n"
				  "title: {zh: 題}\n"
				  "text: 文\n"
				  "mode: guessed\n"
				  "modality: must\n"
				  "colour: red\n"
				  "decided_by: {zh: 判, en: Decides}\n"
				  "instruments: [crystal-ball]\n"
				  "actor: nobody\n"
				  "parameters:\n"
				  "  - {name: at, value: x, unit: day,\n"
				  "     source: text, zh: 甲, en: A}\n"
				  "problems:\n"
				  "  Late: {zh: 遲, en: late}\n";
	char *root = temp_make();
	struct pack *p = NULL;
	struct fault why;
	char path[512];
	int dir;

	(void)state;
	memset(&told, 0, sizeof told);
	temp_write(root, "p", "pack.yaml", pack_yaml);
	temp_write(root, "p/1.1", "clause.yaml", good_yaml);
	temp_write(root, "p/1.2", "clause.yaml", bad);
	temp_write(root, "p/1.2", "check.sql", "SELECT 1");
	(void)snprintf(path, sizeof path, "%s/p/1.3", root);
	assert_int_equal(mkdir(path, 0700), 0);
	dir = open(root, O_RDONLY | O_DIRECTORY);
	OK(pack_load(dir, "p", &p, mistake_noted, NULL, &why));
	close(dir);
	assert_int_equal(pack_count(p), 3);
	assert_null(pack_clause(p, "1.1")->refused);
	assert_string_equal(pack_clause(p, "1.1")->chapter_title.en, "Chapter");
	assert_non_null(pack_clause(p, "1.2")->refused);
	assert_null(pack_clause(p, "1.2")->sql);
	assert_non_null(strstr(
	    pack_clause(p, "1.3")->refused, "p/1.3/clause.yaml: no such file"));
	assert_non_null(
	    strstr(told.text, "p/1.2/clause.yaml:1: id '1.9' in folder '1.2'"));
	assert_non_null(
	    strstr(told.text, "p/1.2/clause.yaml:3: wanted a text under 'en'"));
	assert_non_null(
	    strstr(told.text, "p/1.2/clause.yaml:5: no such mode: 'guessed'"));
	assert_non_null(
	    strstr(told.text, "p/1.2/clause.yaml:7: unknown key 'colour'"));
	assert_non_null(strstr(told.text,
	    "p/1.2/clause.yaml:9: no such instrument: 'crystal-ball'"));
	assert_non_null(
	    strstr(told.text, "p/1.2/clause.yaml:10: no such actor: 'nobody'"));
	assert_non_null(strstr(
	    told.text, "p/1.2/clause.yaml:12: no good name for a parameter"));
	assert_non_null(strstr(told.text, "no good code: 'Late'"));
	pack_free(p);
	temp_drop(root, files);
}

static void
a_pack_without_head_or_clauses_does_not_load(void **state)
{
	static const char *const files[] = { "p/pack.yaml", "p", NULL };
	char *root = temp_make();
	struct pack *p = NULL;
	struct fault why;
	int dir;

	(void)state;
	dir = open(root, O_RDONLY | O_DIRECTORY);
	assert_int_equal(
	    pack_load(dir, "p", &p, NULL, NULL, &why), ERR_NOT_FOUND);
	temp_write(root, "p", "pack.yaml", "id: small\nlaw: [1]\n");
	assert_int_equal(pack_load(dir, "p", &p, NULL, NULL, &why), ERR_SYNTAX);
	assert_non_null(strstr(why.text, "p/pack.yaml:"));
	temp_write(root, "p", "pack.yaml", "id: [\n");
	assert_int_equal(pack_load(dir, "p", &p, NULL, NULL, &why), ERR_SYNTAX);
	temp_write(root, "p", "pack.yaml", pack_yaml);
	assert_int_equal(
	    pack_load(dir, "p", &p, NULL, NULL, &why), ERR_NOT_FOUND);
	assert_string_equal(why.text, "p holds no clause");
	assert_null(p);
	close(dir);
	temp_drop(root, files);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_pack_holds_all_156_items_in_the_order_of_the_regulation),
		cmocka_unit_test(
		    every_clause_says_what_decides_it_in_both_languages),
		cmocka_unit_test(
		    a_clause_keeps_its_text_mode_modality_and_exception),
		cmocka_unit_test(a_clause_is_found_as_people_write_it),
		cmocka_unit_test(what_is_no_clause_number_is_not_one),
		cmocka_unit_test(
		    every_mistake_has_its_line_and_other_clauses_are_unharmed),
		cmocka_unit_test(a_pack_without_head_or_clauses_does_not_load),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
