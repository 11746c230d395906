/*
 * clause/check.c: a clause's SQL under restraint, and its rows validated.
 *
 * Works on check.sql, which agencies may write themselves: the database holds
 * it to one SELECT within its time, this file to its columns, parameters and
 * states.
 */
#include "clause/check.h"

#include "base/when.h"
#include "pack/json.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#define TABLES_MAX 32
#define EVIDENCE_MAX 65536

static const char *const columns[] = { "agency", "subject", "subject_title",
	"state", "since", "due", "problem", "evidence" };

#define N_COLUMNS ((unsigned)(sizeof columns / sizeof *columns))

static const char *const calendar[] = { ":at", ":year_from", ":year_to",
	":half_from", ":month_from" };

struct check {
	const struct clause *clause;
	struct sql_stmt *stmt;
	char *table[TABLES_MAX];
	unsigned n_tables;
	bool full; /* more tables than we keep: nothing may be missed */
	bool running;
};

void
check_free(struct check *k)
{
	if (k == NULL)
		return;
	sql_stmt_free(k->stmt);
	for (unsigned i = 0; i < k->n_tables; i++)
		free(k->table[i]);
	free(k);
}

/* The line of byte `at` of text. */
static unsigned
line_of(const char *text, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/* The line where a word first stands; 1 when it does not. */
static unsigned
line_of_word(const char *text, const char *word)
{
	const char *hit = *word == '\0' ? NULL : strstr(text, word);

	return hit == NULL ? 1 : line_of(text, (size_t)(hit - text));
}

/* The engine says 'no such table: foo' or 'near "foo": syntax error' without a
 * line: look foo up. */
static unsigned
line_of_message(const char *text, const char *message)
{
	const char *at = strstr(message, "near \"");
	char word[64];
	size_t n;

	at = at != NULL ? at + 5 : strrchr(message, ':');
	if (at == NULL)
		return 1;
	at += strspn(at, ": \"");
	n = strcspn(at, " \"\n");
	if (n >= sizeof word)
		return 1;
	memcpy(word, at, n);
	word[n] = '\0';
	return line_of_word(text, word);
}

/* Past a comment, a text or a quoted name that begins at `at`; else at. */
static size_t
skip_quoted(const char *sql, size_t at)
{
	const char *end = NULL;
	char q = sql[at];

	if (q == '-' && sql[at + 1] == '-')
		end = strchr(sql + at, '\n');
	else if (q == '/' && sql[at + 1] == '*') {
		end = strstr(sql + at + 2, "*/");
		end = end == NULL ? NULL : end + 2;
	} else if (q == '\'' || q == '"') {
		end = strchr(sql + at + 1, q);
		end = end == NULL ? NULL : end + 1;
	} else
		return at;
	return end == NULL ? strlen(sql) : (size_t)(end - sql);
}

/* Whether the clause or the calendar knows a parameter. */
static bool
param_is_known(const struct clause *c, struct span name)
{
	for (size_t i = 0; i < sizeof calendar / sizeof *calendar; i++)
		if (span_is(name, calendar[i] + 1))
			return true;
	return clause_param(c, name) != NULL;
}

/* Every ":name" in the text must be one that we bind. */
static enum err
params_check(const struct clause *c, struct fault *why)
{
	const char *sql = c->sql;
	size_t at = 0, past, n;

	while (sql[at] != '\0') {
		past = skip_quoted(sql, at);
		if (past != at) {
			at = past;
			continue;
		}
		if (sql[at] == '?' || sql[at] == '@' || sql[at] == '$')
			return fault_set(why, ERR_SYNTAX,
			    "%s/check.sql:%u: parameters are written :name",
			    c->id, line_of(sql, at));
		if (sql[at++] != ':')
			continue;
		n = 0;
		while (
		    isalnum((unsigned char)sql[at + n]) || sql[at + n] == '_')
			n++;
		if (!param_is_known(c, span_of(sql + at, n)))
			return fault_set(why, ERR_SYNTAX,
			    "%s/check.sql:%u: no such parameter: :%.*s", c->id,
			    line_of(sql, at), (int)n, sql + at);
		at += n;
	}
	return ERR_OK;
}

/* sql_judge tells each column read; we keep the tables. */
static void
table_seen(void *arg, const char *table, const char *column)
{
	struct check *k = arg;

	(void)column;
	if (table == NULL || *table == '\0' || check_reads(k, table))
		return;
	if (k->n_tables == TABLES_MAX ||
	    (k->table[k->n_tables] = strdup(table)) == NULL) {
		k->full = true;
		return;
	}
	k->n_tables++;
}

/* The eight columns, by name and in order. */
static enum err
columns_check(const struct check *k, struct fault *why)
{
	const char *id = k->clause->id;
	unsigned n = sql_columns(k->stmt);

	for (unsigned i = 0; i < n && i < N_COLUMNS; i++) {
		const char *name = sql_column_name(k->stmt, i);

		if (strcmp(name, columns[i]) != 0)
			return fault_set(why, ERR_SYNTAX,
			    "%s/check.sql:%u: column %u is named '%s', "
			    "wanted '%s'",
			    id, line_of_word(k->clause->sql, name), i + 1, name,
			    columns[i]);
	}
	if (n != N_COLUMNS)
		return fault_set(why, ERR_SYNTAX,
		    "%s/check.sql:1: %u columns, wanted %u", id, n, N_COLUMNS);
	return ERR_OK;
}

enum err
check_prepare(struct sql *db, const struct clause *c, unsigned limit_ms,
    struct check **out, struct fault *why)
{
	struct check *k = NULL;
	struct fault own;
	enum err e;

	if (c->sql == NULL)
		return fault_set(why, ERR_STATE, "%s has no check", c->id);
	if ((e = params_check(c, why)) != ERR_OK)
		return e;
	if ((k = calloc(1, sizeof *k)) == NULL)
		return fault_set(why, ERR_MEMORY, "check %s", c->id);
	k->clause = c;
	e = sql_judge(db, c->sql, limit_ms, table_seen, k, &k->stmt, &own);
	if (e != ERR_OK) {
		e = fault_set(why, e, "%s/check.sql:%u: %s", c->id,
		    line_of_message(c->sql, own.text), own.text);
		goto out;
	}
	if (k->full) {
		e = fault_set(why, ERR_LIMIT,
		    "%s/check.sql:1: reads more than %d tables", c->id,
		    TABLES_MAX);
		goto out;
	}
	if ((e = columns_check(k, why)) != ERR_OK)
		goto out;
	*out = k;
	k = NULL;
out:
	check_free(k);
	return e;
}

bool
check_reads(const struct check *k, const char *table)
{
	for (unsigned i = 0; i < k->n_tables; i++)
		if (strcmp(k->table[i], table) == 0)
			return true;
	return false;
}

const char *
check_table(const struct check *k, unsigned at)
{
	return at < k->n_tables ? k->table[at] : NULL;
}

/* Bind one parameter where the statement has it. */
static enum err
bind(struct check *k, const char *name, int64_t value, struct fault *why)
{
	if (!sql_has(k->stmt, name))
		return ERR_OK;
	return sql_bind_int(k->stmt, name, value, why);
}

enum err
check_start(struct check *k, int64_t at_us, const struct check_set *sets,
    size_t n_sets, struct fault *why)
{
	const struct clause *c = k->clause;
	struct day d = when_day(at_us);
	const int64_t value[] = { at_us, when_year_start(at_us),
		day_start((struct day){ d.year + 1, 1, 1 }),
		when_half_start(at_us), when_month_start(at_us) };
	enum err e = ERR_OK;

	sql_reset(k->stmt);
	for (size_t i = 0; i < sizeof value / sizeof *value; i++)
		if ((e = bind(k, calendar[i], value[i], why)) != ERR_OK)
			return e;
	for (unsigned i = 0; i < c->n_params && e == ERR_OK; i++) {
		char name[48] = ":";
		int64_t v = c->params[i].value;
		size_t n = strlen(c->params[i].name);

		assert(n + 2 <= sizeof name);
		memcpy(name + 1, c->params[i].name, n + 1);
		for (size_t s = 0; s < n_sets; s++)
			if (sets[s].param == &c->params[i])
				v = sets[s].value;
		e = bind(k, name, v, why);
	}
	k->running = e == ERR_OK;
	return e;
}

/* Where a row is wrong: clause, agency and subject. */
static enum err
row_wrong(struct check *k, const struct check_row *row, struct fault *why,
    const char *column, const char *what, struct span value)
{
	enum err e;

	e = fault_set(why, ERR_RANGE,
	    "%s/check.sql: row (%.*s, %.*s): column %s: %s '%.*s'",
	    k->clause->id, (int)row->agency.len, (const char *)row->agency.at,
	    (int)row->subject.len, (const char *)row->subject.at, column, what,
	    (int)(value.len > 80 ? 80 : value.len),
	    value.at == NULL ? "" : (const char *)value.at);
	k->running = false;
	sql_reset(k->stmt); /* the spans above end with this */
	return e;
}

/* marks: an object of integers; a null is a mark not given. */
static bool
marks_are_good(json_t *marks)
{
	const char *key;
	json_t *v;

	if (marks == NULL)
		return true;
	json_object_foreach(marks, key, v) {
		if (!json_is_integer(v) && !json_is_null(v))
			return false;
	}
	return json_is_object(marks);
}

/* identity: a list of texts, or null. */
static bool
identity_is_good(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return false;
	return list == NULL || json_is_array(list) || json_is_null(list);
}

/* evidence: a JSON object whose reserved keys hold what they should. */
static bool
evidence_read(struct span text, int64_t *next_us)
{
	json_t *v = NULL;
	bool good;

	if (text.len > EVIDENCE_MAX || json_read(text, &v, NULL) != ERR_OK)
		return false;
	good = json_is_object(v) &&
	    marks_are_good(json_object_get(v, "marks")) &&
	    identity_is_good(json_object_get(v, "identity"));
	*next_us = json_get_int(v, "next_us", 0);
	json_decref(v);
	return good;
}

/* A time column: NULL, or an integer. */
static bool
read_time(struct sql_stmt *s, unsigned at, bool *has, int64_t *us)
{
	*has = !sql_is_null(s, at);
	*us = *has ? sql_int(s, at) : 0;
	return !*has || sql_is_int(s, at);
}

/* Columns problem and state belong together. */
static enum err
row_problem(struct check *k, struct check_row *row, struct fault *why)
{
	struct span code = sql_text(k->stmt, 6);

	row->removed = row->state == STATE_NA && span_is(code, "removed");
	row->problem = NULL;
	if (row->removed)
		return ERR_OK;
	if (!sql_is_null(k->stmt, 6)) {
		row->problem = clause_problem(k->clause, code);
		if (row->problem == NULL)
			return row_wrong(k, row, why, "problem",
			    "no such problem in clause.yaml:", code);
		return ERR_OK;
	}
	if (state_rank(row->state) >= state_rank(STATE_DUE))
		return row_wrong(k, row, why, "problem",
		    "none is given with state",
		    span_text(state_name(row->state)));
	return ERR_OK;
}

enum err
check_next(
    struct check *k, struct check_row *row, bool *more, struct fault *why)
{
	struct sql_stmt *s = k->stmt;
	struct span state;
	enum err e;

	assert(k->running);
	if ((e = sql_step(s, more, why)) != ERR_OK || !*more) {
		k->running = false;
		if (e != ERR_OK)
			(void)fault_at(why, "%s/check.sql", k->clause->id);
		return e;
	}
	row->agency = sql_text(s, 0);
	row->subject = sql_text(s, 1);
	row->title = sql_text(s, 2);
	row->evidence = sql_text(s, 7);
	state = sql_text(s, 3);
	if (row->agency.len == 0)
		return row_wrong(
		    k, row, why, "agency", "is empty:", row->agency);
	if (row->subject.len == 0)
		return row_wrong(
		    k, row, why, "subject", "is empty:", row->subject);
	row->state = state_find(state);
	if (row->state >= STATE_SUBJECT_N)
		return row_wrong(k, row, why, "state", "no such state:", state);
	if (!read_time(s, 4, &row->has_since, &row->since_us))
		return row_wrong(
		    k, row, why, "since", "no time:", sql_text(s, 4));
	if (!read_time(s, 5, &row->has_due, &row->due_us))
		return row_wrong(
		    k, row, why, "due", "no time:", sql_text(s, 5));
	if (!evidence_read(row->evidence, &row->next_us))
		return row_wrong(
		    k, row, why, "evidence", "no JSON object:", row->evidence);
	return row_problem(k, row, why);
}
