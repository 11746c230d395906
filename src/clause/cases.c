/*
 * clause/cases.c: the fixtures of a clause, run one by one.
 *
 * Works on cases.yaml of a pack and a database in memory. Runs in tests and
 * behind `clause test`.
 */
#include "clause/cases.h"

#include "base/when.h"
#include "clause/sentence.h"
#include "pack/yaml.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

#define LIKE_DEPTH_MAX 16
#define TEXT_MAX ((size_t)1 << 20)

struct running {
	const struct clause *clause;
	struct yaml *yaml;
	struct sql *db;
	struct buf wrong; /* what differs; empty: nothing */
	bool *reached;
};

/* The case of that name before place `before`; -1: none. */
static int
case_find(const json_t *list, const char *name, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const char *s = json_get_text(
		    json_array_get(list, i), "name", "");

		if (strcmp(s, name) == 0)
			return (int)i;
	}
	return -1;
}

/* An integer, or a text that is a whole instant. */
static bool
as_time(const json_t *v, int64_t *us)
{
	if (json_is_integer(v)) {
		*us = json_integer_value(v);
		return true;
	}
	if (!json_is_string(v) || json_string_length(v) < 10)
		return false;
	return when_parse(span_text(json_string_value(v)), us, NULL) == ERR_OK;
}

/* Whether a name may stand in a statement we write. */
static bool
is_name(const char *s)
{
	return *s != '\0' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(s);
}

/* "INSERT INTO t (a, b) VALUES (:a, :b)", what the table demands included. */
static enum err
insert_text(struct sql *db, const char *table, const json_t *row,
    struct buf *text, struct fault *why)
{
	struct buf names, values;
	struct sql_stmt *s = NULL;
	const char *key;
	bool more = true;
	enum err e;
	json_t *v;

	buf_init(&names, TEXT_MAX);
	buf_init(&values, TEXT_MAX);
	json_object_foreach((json_t *)(uintptr_t)row, key, v) {
		buf_printf(&names, "%s\"%s\"", names.len > 0 ? ", " : "", key);
		buf_printf(&values, "%s:%s", values.len > 0 ? ", " : "", key);
	}
	e = sql_prepare(db,
	    "SELECT name, type FROM pragma_table_info(:t) "
	    "WHERE \"notnull\" = 1 AND dflt_value IS NULL",
	    &s, why);
	if (e == ERR_OK)
		e = sql_bind_text(s, ":t", span_text(table), why);
	while (e == ERR_OK && (e = sql_step(s, &more, why)) == ERR_OK && more) {
		struct span name = sql_text(s, 0);

		if (json_object_getn(row, (const char *)name.at, name.len) !=
		    NULL)
			continue;
		buf_printf(&names, ", \"%.*s\"", (int)name.len, name.at);
		buf_text(&values,
		    span_is(sql_text(s, 1), "INTEGER") ? ", 0" : ", ''");
	}
	buf_printf(text, "INSERT INTO \"%s\" (%s) VALUES (%s)", table,
	    buf_string(&names), buf_string(&values));
	if (e == ERR_OK && buf_error(text) != ERR_OK)
		e = fault_set(why, ERR_MEMORY, "row of %s", table);
	sql_stmt_free(s);
	buf_clear(&names);
	buf_clear(&values);
	return e;
}

/* Bind one value of a row; `day` is the day of a {from, to}. */
static enum err
value_bind(struct sql_stmt *s, const char *key, const json_t *v, int64_t day,
    struct fault *why)
{
	char param[64] = ":";
	size_t n = strlen(key);
	int64_t us;

	if (n + 2 > sizeof param)
		return fault_set(why, ERR_RANGE, "column '%s'", key);
	memcpy(param + 1, key, n + 1);
	if (json_is_null(v))
		return sql_bind_null(s, param, why);
	if (json_is_boolean(v))
		return sql_bind_int(s, param, json_is_true(v), why);
	if (json_is_object(v))
		return sql_bind_int(s, param, day, why);
	if (as_time(v, &us))
		return sql_bind_int(s, param, us, why);
	if (json_is_string(v))
		return sql_bind_text(s, param,
		    span_of(json_string_value(v), json_string_length(v)), why);
	return fault_set(why, ERR_SYNTAX, "column '%s' holds no value", key);
}

/* The {from, to} of a row, if it has one. */
static bool
row_days(const json_t *row, int64_t *from, int64_t *to)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)row, key, v) {
		if (json_is_object(v))
			return as_time(json_object_get(v, "from"), from) &&
			    as_time(json_object_get(v, "to"), to);
	}
	*from = 0;
	*to = 1;
	return true;
}

/* Put one row of `given` in: once, or once a day. */
static enum err
row_give(
    struct sql *db, const char *table, const json_t *row, struct fault *why)
{
	struct sql_stmt *s = NULL;
	int64_t from, to;
	struct buf text;
	const char *key;
	enum err e;
	json_t *v;

	buf_init(&text, TEXT_MAX);
	if (!is_name(table) || !json_is_object(row) ||
	    !row_days(row, &from, &to))
		return fault_set(why, ERR_SYNTAX, "no row of %s", table);
	json_object_foreach((json_t *)(uintptr_t)row, key, v) {
		if (!is_name(key))
			return fault_set(why, ERR_SYNTAX, "column '%s'", key);
	}
	e = insert_text(db, table, row, &text, why);
	if (e == ERR_OK)
		e = sql_prepare(db, buf_string(&text), &s, why);
	for (int64_t day = from; e == ERR_OK && day < to; day += WHEN_DAY) {
		json_object_foreach((json_t *)(uintptr_t)row, key, v) {
			e = value_bind(s, key, v, day, why);
			if (e != ERR_OK)
				break;
		}
		if (e == ERR_OK)
			e = sql_do(s, why);
	}
	sql_stmt_free(s);
	buf_clear(&text);
	return e;
}

/* Whether a later case on the chain gives this table itself. */
static bool
is_replaced(const json_t *list, const int *chain, int at, const char *table)
{
	for (int i = 0; i < at; i++) {
		const json_t *g = json_object_get(
		    json_array_get(list, (size_t)chain[i]), "given");

		if (json_object_get(g, table) != NULL)
			return true;
	}
	return false;
}

/* All rows of case `at` and of those it is like. */
static enum err
given_fill(struct running *r, const json_t *list, size_t at, struct fault *why)
{
	int chain[LIKE_DEPTH_MAX], n = 0;
	enum err e = ERR_OK;

	for (int next = (int)at; next >= 0;) {
		const json_t *c = json_array_get(list, (size_t)next);
		const char *like = json_get_text(c, "like", NULL);

		if (n == LIKE_DEPTH_MAX)
			return fault_set(why, ERR_LIMIT, "too many 'like'");
		chain[n++] = next;
		if (like == NULL)
			break;
		next = case_find(list, like, (size_t)next);
		if (next < 0)
			return fault_set(why, ERR_NOT_FOUND,
			    "no earlier case named '%s'", like);
	}
	for (int i = n - 1; i >= 0; i--) {
		const json_t *g = json_object_get(
		    json_array_get(list, (size_t)chain[i]), "given");
		const char *table;
		json_t *rows;

		json_object_foreach((json_t *)(uintptr_t)g, table, rows) {
			if (is_replaced(list, chain, i, table))
				continue;
			for (size_t k = 0; k < json_array_size(rows); k++) {
				e = row_give(
				    r->db, table, json_array_get(rows, k), why);
				if (e != ERR_OK)
					return fault_at(
					    why, "%s row %zu", table, k + 1);
			}
		}
	}
	return ERR_OK;
}

/* The expectation for a row, and mark it as found. */
static const json_t *
expect_take(
    const json_t *expect, bool *taken, size_t n, const struct check_row *row)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *x = json_array_get(expect, i);

		if (taken[i] ||
		    !span_is(row->agency, json_get_text(x, "agency", "")) ||
		    !span_is(row->subject, json_get_text(x, "subject", "")))
			continue;
		taken[i] = true;
		return x;
	}
	return NULL;
}

/* The sentences of a row must find all that they name. */
static void
compare_words(struct running *r, const struct check_row *row)
{
	const struct clause_problem *p = row->problem;
	const char *text[4];
	json_t *evidence = NULL;
	struct buf b;

	if (p == NULL || json_read(row->evidence, &evidence, NULL) != ERR_OK)
		return;
	text[0] = p->says.zh;
	text[1] = p->says.en;
	text[2] = p->fix.zh;
	text[3] = p->fix.en;
	for (unsigned i = 0; i < 4; i++) {
		if (text[i] == NULL)
			continue;
		buf_init(&b, TEXT_MAX);
		if (!sentence_print(
			&b, text[i], evidence, i % 2 == 0 ? LANG_ZH : LANG_EN))
			buf_printf(&r->wrong, "%.*s: no value for '%s'; ",
			    (int)row->subject.len, row->subject.at, text[i]);
		buf_clear(&b);
	}
	json_decref(evidence);
}

/* One time of a row against `expect`, where that names it. */
static void
compare_time(struct running *r, const struct check_row *row, const json_t *x,
    const char *key, bool has, int64_t got)
{
	const json_t *want = json_object_get(x, key);
	int64_t us = 0;

	if (want == NULL)
		return;
	if (json_is_null(want) ? !has : has && as_time(want, &us) && us == got)
		return;
	buf_printf(&r->wrong, "%.*s: %s ", (int)row->subject.len,
	    row->subject.at, key);
	if (has)
		when_print(&r->wrong, got);
	else
		buf_text(&r->wrong, "is not given");
	buf_text(&r->wrong, "; ");
}

/* One row of the check against what was expected. */
static void
compare_row(struct running *r, const struct check_row *row, const json_t *x)
{
	const char *state = row->removed ? "removed" : state_name(row->state);
	const char *problem = row->problem == NULL ? "" : row->problem->code;
	const char *want = json_get_text(x, "state", "");

	r->reached[row->state] |= !row->removed;
	if (strcmp(state, want) != 0)
		buf_printf(&r->wrong, "%.*s: %s (%s), expected %s; ",
		    (int)row->subject.len, row->subject.at, state, problem,
		    x == NULL ? "no such row" : want);
	if (x == NULL)
		return;
	want = json_get_text(x, "problem", NULL);
	if (want != NULL && strcmp(problem, want) != 0)
		buf_printf(&r->wrong, "%.*s: problem %s, expected %s; ",
		    (int)row->subject.len, row->subject.at, problem, want);
	compare_time(r, row, x, "since", row->has_since, row->since_us);
	compare_time(r, row, x, "due", row->has_due, row->due_us);
	compare_words(r, row);
}

#define EXPECT_MAX 256

/* Run the check and compare every row. */
static enum err
check_compare(struct running *r, const json_t *one, int64_t at_us,
    const struct check_set *sets, size_t n_sets, struct fault *why)
{
	const json_t *expect = json_object_get(one, "expect");
	size_t n = json_array_size(expect);
	bool taken[EXPECT_MAX] = { false };
	struct check *k = NULL;
	struct check_row row;
	bool more = true;
	enum err e;

	if (n > EXPECT_MAX)
		return fault_set(
		    why, ERR_LIMIT, "more than %d expectations", EXPECT_MAX);
	e = check_prepare(r->db, r->clause, CHECK_LIMIT_MS, &k, why);
	if (e == ERR_OK)
		e = check_start(k, at_us, sets, n_sets, why);
	while (e == ERR_OK && (e = check_next(k, &row, &more, why)) == ERR_OK &&
	    more)
		compare_row(r, &row, expect_take(expect, taken, n, &row));
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		const json_t *x = json_array_get(expect, i);

		if (!taken[i])
			buf_printf(&r->wrong, "%s: no such row; ",
			    json_get_text(x, "subject", "?"));
	}
	check_free(k);
	return e;
}

#define SETS_MAX 16

/* `set` of a case. */
static enum err
sets_read(const struct clause *c, const json_t *one, struct check_set *sets,
    size_t *n, struct fault *why)
{
	const json_t *o = json_object_get(one, "set");
	const char *key;
	json_t *v;

	*n = 0;
	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		const struct clause_param *p = clause_param(c, span_text(key));

		if (p == NULL || *n == SETS_MAX || !json_is_integer(v))
			return fault_set(
			    why, ERR_SYNTAX, "no such parameter: '%s'", key);
		sets[(*n)++] = (struct check_set){ p, json_integer_value(v) };
	}
	return ERR_OK;
}

/* One case, in a database of its own. */
static enum err
case_run(struct running *r, const json_t *list, size_t at,
    cases_schema_fn *schema, void *schema_arg, struct fault *why)
{
	const json_t *one = json_array_get(list, at);
	struct check_set sets[SETS_MAX];
	size_t n_sets;
	int64_t at_us;
	enum err e;

	if (!as_time(json_object_get(one, "at"), &at_us) ||
	    !json_is_array(json_object_get(one, "expect")))
		return fault_set(why, ERR_SYNTAX, "wanted 'at' and 'expect'");
	e = sql_open(NULL, SQL_MEMORY, &r->db, why);
	if (e != ERR_OK)
		return e;
	if ((e = schema(schema_arg, r->db, why)) != ERR_OK ||
	    (e = given_fill(r, list, at, why)) != ERR_OK ||
	    (e = sets_read(r->clause, one, sets, &n_sets, why)) != ERR_OK)
		goto out;
	e = check_compare(r, one, at_us, sets, n_sets, why);
out:
	sql_close(r->db);
	r->db = NULL;
	return e;
}

/* Only these keys may stand in a case: a typo would test nothing. */
static bool
keys_are_good(const json_t *one)
{
	static const char *const keys[] = { "name", "like", "at", "set",
		"given", "expect" };
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)one, key, v) {
		size_t i = 0;

		while (
		    i < sizeof keys / sizeof *keys && strcmp(keys[i], key) != 0)
			i++;
		if (i == sizeof keys / sizeof *keys)
			return false;
	}
	return json_is_object(one) && json_get_text(one, "name", NULL) != NULL;
}

/* All cases of the file. */
static enum err
list_run(struct running *r, cases_schema_fn *schema, void *schema_arg,
    cases_done_fn *done, void *arg, struct cases_sum *sum, struct fault *why)
{
	const json_t *list = yaml_root(r->yaml);
	struct fault own;

	if (!json_is_array(list))
		return yaml_fault(
		    r->yaml, "", why, ERR_SYNTAX, "wanted a list of cases");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		char place[32];
		struct buf b;

		buf_init(&b, sizeof place - 1);
		buf_printf(&b, "/%zu", i);
		memcpy(place, buf_string(&b), b.len + 1);
		buf_clear(&b);
		if (!keys_are_good(one))
			return yaml_fault(r->yaml, place, why, ERR_SYNTAX,
			    "wanted name, like, at, set, given, expect");
		buf_reset(&r->wrong);
		if (case_run(r, list, i, schema, schema_arg, &own) != ERR_OK)
			return yaml_fault(r->yaml, place, why, own.code,
			    "%s: %s", json_get_text(one, "name", ""), own.text);
		sum->n++;
		sum->failed += r->wrong.len > 0;
		if (done != NULL)
			done(arg, r->clause, json_get_text(one, "name", ""),
			    r->wrong.len > 0 ? buf_string(&r->wrong) : NULL);
	}
	return ERR_OK;
}

enum err
cases_run(int dir, const char *path, const struct clause *c,
    cases_schema_fn *schema, void *schema_arg, cases_done_fn *done, void *arg,
    struct cases_sum *sum, struct fault *why)
{
	struct running r = { .clause = c, .reached = sum->reached };
	struct buf name;
	enum err e;

	buf_init(&name, 4096);
	buf_init(&r.wrong, TEXT_MAX);
	buf_printf(&name, "%s/%s/cases.yaml", path, c->id);
	if ((e = buf_error(&name)) != ERR_OK) {
		e = fault_set(why, e, "%s", path);
		goto out;
	}
	if (faccessat(dir, buf_string(&name), R_OK, 0) == -1) {
		e = fault_sys(why, ERR_NOT_FOUND, "%s", buf_string(&name));
		goto out;
	}
	if ((e = yaml_load(dir, buf_string(&name), &r.yaml, why)) != ERR_OK)
		goto out;
	e = list_run(&r, schema, schema_arg, done, arg, sum, why);
out:
	yaml_doc_free(r.yaml);
	buf_clear(&r.wrong);
	buf_clear(&name);
	return e;
}
