/*
 * tests/book/schema_test.c: registers as data, and values in normal form.
 */
#include "help.h"

#define HEAD                            \
	"name: thing\n"                 \
	"title: {zh: 物, en: Thing}\n" \
	"read: [everyone]\n"            \
	"write: [administrator]\n"
#define FIELDS             \
	"fields:\n"        \
	"  - name: name\n" \
	"    type: text\n" \
	"    label: {zh: 名, en: Name}\n"

/* Each mistake, and the line it is told with. */
static const struct {
	const char *text, *line;
} mistakes[] = {
	{ HEAD "colour: red\n" FIELDS, "thing.yaml:5: unknown key: colour" },
	{ HEAD FIELDS "    size: 3\n", "thing.yaml:9: unknown key: size" },
	{ HEAD "fields:\n  - name: a\n    type: money\n"
	       "    label: {zh: 金, en: Money}\n",
	    "thing.yaml:7: unknown type: money" },
	{ HEAD "fields:\n  - name: a\n    type: ref\n    to: nowhere\n"
	       "    label: {zh: 參, en: Ref}\n",
	    "thing.yaml:8: no such register: nowhere" },
	{ HEAD FIELDS "  - name: name\n    type: text\n"
		      "    label: {zh: 名二, en: Name two}\n",
	    "thing.yaml:9: field twice: name" },
	{ HEAD "fields:\n  - name: voided\n    type: bool\n"
	       "    label: {zh: 廢, en: Void}\n",
	    "thing.yaml:6: reserved column name: voided" },
	{ HEAD "fields:\n  - name: Größe\n    type: int\n"
	       "    label: {zh: 大, en: Size}\n",
	    "thing.yaml:6: no field name: Größe ([a-z_], 1 to 40)" },
	{ "name: thing\ntitle: {zh: 物, en: Thing}\nread: [king]\n"
	  "write: [administrator]\n" FIELDS,
	    "thing.yaml:3: no such role: king" },
	{ "name: thing\ntitle: {zh: 物, en: Thing}\nread: [everyone]\n" FIELDS,
	    "thing.yaml:1: write must name at least one role" },
	{ "name: thing\ntitle: {zh: 物}\nread: [everyone]\n"
	  "write: [administrator]\n" FIELDS,
	    "thing.yaml:2: en is missing" },
	{ HEAD "fields:\n  - name: a\n    type: enum\n"
	       "    label: {zh: 類, en: Kind}\n",
	    "thing.yaml:6: an enum needs values, 1 to 100" },
	{ HEAD "fields:\n  - name: a\n    type: enum\n"
	       "    label: {zh: 類, en: Kind}\n    values:\n"
	       "      - {value: x, zh: 甲, en: X}\n"
	       "      - {value: x, zh: 乙, en: Y}\n",
	    "thing.yaml:11: value twice: x" },
	{ HEAD FIELDS "    min: 3\n    max: 2\n",
	    "thing.yaml:6: min is greater than max" },
	{ HEAD FIELDS "    required: maybe\n",
	    "thing.yaml:9: required must be true or false" },
	{ HEAD FIELDS "    columns: [代碼]\n",
	    "thing.yaml:1: heading twice: 代碼" },
	{ HEAD FIELDS "    highest_of: [name]\n",
	    "thing.yaml:6: highest_of needs enums of the same values" },
	{ HEAD "key: {label: {zh: 碼, en: Code}, from: [nick]}\n" FIELDS,
	    "thing.yaml:5: no such field: nick" },
	{ HEAD "approval: true\n" FIELDS,
	    "thing.yaml:5: an approval needs field requested_by" },
	{ "name: entry\ntitle: {zh: 物, en: Thing}\nread: [everyone]\n"
	  "write: [administrator]\n" FIELDS,
	    "thing.yaml:1: the name is taken: entry" },
	{ HEAD "fields: none\n",
	    "thing.yaml:5: fields must be a list of 1 to 64" },
};

static void
every_mistake_in_a_register_file_is_told_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		struct schema_file f = { "thing.yaml", S(mistakes[i].text) };
		struct schema *s = NULL;
		struct fault why = { 0 };

		assert_int_equal(schema_read(&f, 1, &s, &why), ERR_SYNTAX);
		assert_string_equal(why.text, mistakes[i].line);
		assert_null(s);
	}
}

static void
the_registers_of_the_tree_load_with_both_languages(void **state)
{
	struct fault why = { 0 };
	struct schema *s = help_schema(&why);
	const struct schema_register *r;

	(void)state;
	assert_int_equal(schema_count(s), 14);
	for (size_t i = 0; i < schema_count(s); i++) {
		r = schema_at(s, i);
		assert_true(r->title.zh[0] != '\0' && r->title.en[0] != '\0');
		assert_true(r->help.zh[0] != '\0' && r->help.en[0] != '\0');
		for (size_t k = 0; k < r->n_fields; k++)
			assert_true(r->field[k].label.zh[0] != '\0');
	}
	r = schema_find(s, S("system"));
	assert_non_null(r);
	assert_string_equal(schema_field(r, S("owner"))->ref->name, "person");
	assert_int_equal(schema_field(r, S("grade"))->n_highest, 4);
	schema_free(s);
}

/* Register, field, what is written, and its normal form or NULL. */
static const struct {
	const char *reg, *field, *in, *out;
} values[] = {
	{ "system", "in_service_on", "'115/11/22'", "'2026-11-22'" },
	{ "system", "in_service_on", "'民國115年11月22日'", "'2026-11-22'" },
	{ "system", "in_service_on", "'2026/11/22'", "'2026-11-22'" },
	{ "system", "in_service_on", "'113/02/29'", "'2024-02-29'" },
	{ "system", "in_service_on", "'114/02/29'", NULL },
	{ "system", "in_service_on", "'2026-11-22T10:00:00Z'", NULL },
	{ "system", "core", "'是'", "true" },
	{ "system", "core", "'No'", "false" },
	{ "system", "core", "1", "true" },
	{ "system", "core", "'maybe'", NULL },
	{ "system", "grade_c", "'高'", "'high'" },
	{ "system", "grade_c", "'Medium'", "'mid'" },
	{ "system", "grade_c", "'hoch'", NULL },
	{ "system", "url", "'https://例.tw/a?b=1'", "'https://例.tw/a?b=1'" },
	{ "system", "url", "'javascript:alert(1)'", NULL },
	{ "system", "name", "'  兩  '", "'兩'" },
	{ "system", "name", "''", NULL },
	{ "system", "owner", "'a/b'", NULL },
	{ "host", "address", "'192.0.2.7, 2001:DB8::1、10.0.0.1'",
	    "'192.0.2.7 2001:db8::1 10.0.0.1'" },
	{ "host", "address", "'192.0.2.777'", NULL },
	{ "host", "mac", "'AA-BB-CC-00-11-22'", "'aa:bb:cc:00:11:22'" },
	{ "host", "mac", "'aabbcc001122'", "'aa:bb:cc:00:11:22'" },
	{ "host", "mac", "'aabbcc00112'", NULL },
	{ "log_source", "match_address", "'192.0.2.0/24 ::1/128'",
	    "'192.0.2.0/24 ::1'" },
	{ "log_source", "match_address", "'192.0.2.1/24'", NULL },
	{ "log_source", "match_address", "'192.0.2.0/33'", NULL },
	{ "log_source", "keep_days", "'90'", "90" },
	{ "log_source", "keep_days", "0", NULL },
	{ "log_source", "keep_days", "'9e3'", NULL },
	{ "log_source", "keep_days", "1.5", NULL },
	{ "person", "email", "'a.b@example.test'", "'a.b@example.test'" },
	{ "person", "email", "'a b@example.test'", NULL },
	{ "account_list", "taken", "'2026-11-22T09:00:00+08:00'",
	    "'2026-11-22T01:00:00Z'" },
	{ "account_list", "digest",
	    "'sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B"
	    "7852B855'",
	    "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"
	    "5'" },
	{ "account_list", "digest", "'e3b0'", NULL },
};

static void
a_value_has_one_normal_form_or_a_reason(void **state)
{
	struct fault why = { 0 };
	struct schema *s = help_schema(&why);
	struct arena *a = arena_new((size_t)8 << 20);
	struct refusals *bad = calloc(1, sizeof *bad);

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		const struct schema_register *r = schema_find(
		    s, S(values[i].reg));
		const struct schema_field *f = schema_field(
		    r, S(values[i].field));
		char text[400];
		json_t *in, *out = NULL, *again = NULL, *want, *box;

		(void)snprintf(text, sizeof text, "{'v':%s}", values[i].in);
		box = J("{'v':1.5}");
		if (strcmp(values[i].in, "1.5") != 0) {
			json_decref(box);
			box = J(text);
		}
		in = json_object_get(box, "v");
		refusals_init(bad, a);
		if (values[i].out == NULL) {
			enum err e = field_normal(r, f, in, &out, bad, &why);

			if (!(e == ERR_RANGE && bad->n == 1) && out != NULL)
				fail_msg("%s was taken", values[i].in);
			assert_null(out);
			if (e == ERR_RANGE) {
				assert_string_equal(
				    bad->at[0].field, values[i].field);
				assert_true(bad->at[0].zh[0] != '\0');
				assert_true(bad->at[0].en[0] != '\0');
			}
		} else {
			json_t *wants;

			if (field_normal(r, f, in, &out, bad, &why) != ERR_OK)
				fail_msg("%s was refused", values[i].in);
			(void)snprintf(
			    text, sizeof text, "{'v':%s}", values[i].out);
			wants = J(text);
			want = json_object_get(wants, "v");
			if (!json_equal(out, want))
				fail_msg("%s", json_string_value(out));
			assert_int_equal(
			    field_normal(r, f, out, &again, bad, &why), ERR_OK);
			assert_true(json_equal(out, again));
			json_decref(again);
			json_decref(wants);
		}
		json_decref(out);
		json_decref(box);
	}
	free(bad);
	arena_free(a);
	schema_free(s);
}

static void
a_grade_is_the_highest_of_its_four_aspects(void **state)
{
	struct fault why = { 0 };
	struct schema *s = help_schema(&why);
	struct arena *a = arena_new((size_t)8 << 20);
	struct refusals *bad = calloc(1, sizeof *bad);
	const struct schema_register *r = schema_find(s, S("system"));
	json_t *in, *out = NULL;

	(void)state;
	refusals_init(bad, a);
	in = J("{'name':'x','grade_c':'普','grade_i':'高','grade_a':'中',"
	       "'grade_l':'普'}");
	assert_int_equal(row_normal(r, in, &out, bad, &why), ERR_OK);
	assert_string_equal(json_get_text(out, "grade", ""), "high");
	json_object_set_new(in, "grade", json_string("中"));
	json_decref(out);
	assert_int_equal(row_normal(r, in, &out, bad, &why), ERR_RANGE);
	assert_string_equal(bad->at[0].code, REFUSE_COMPUTED);
	assert_null(out);
	/* One aspect missing: there is no grade yet. */
	json_object_del(in, "grade");
	json_object_del(in, "grade_l");
	assert_int_equal(row_normal(r, in, &out, bad, &why), ERR_OK);
	assert_null(json_object_get(out, "grade"));
	json_decref(out);
	json_decref(in);
	free(bad);
	arena_free(a);
	schema_free(s);
}

static void
a_row_tells_all_its_mistakes_at_once(void **state)
{
	struct fault why = { 0 };
	struct schema *s = help_schema(&why);
	struct arena *a = arena_new((size_t)8 << 20);
	struct refusals *bad = calloc(1, sizeof *bad);
	json_t *in = J("{'colour':'red','core':'maybe','in_service_on':'x'}");
	json_t *out = NULL;

	(void)state;
	refusals_init(bad, a);
	assert_int_equal(
	    row_normal(schema_find(s, S("system")), in, &out, bad, &why),
	    ERR_RANGE);
	assert_int_equal(bad->n, 4); /* colour, name, core, in_service_on */
	json_decref(in);
	free(bad);
	arena_free(a);
	schema_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_mistake_in_a_register_file_is_told_with_its_line),
		cmocka_unit_test(
		    the_registers_of_the_tree_load_with_both_languages),
		cmocka_unit_test(a_value_has_one_normal_form_or_a_reason),
		cmocka_unit_test(a_grade_is_the_highest_of_its_four_aspects),
		cmocka_unit_test(a_row_tells_all_its_mistakes_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
