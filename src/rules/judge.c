/*
 * rules/judge.c: clauses against the city at one moment.
 *
 * Works on a database that is only read, and a pack. Runs in rules for the
 * whole city, in reader for questions. Source: the design, "The rules".
 */
#include "rules/judge.h"

#include "base/when.h"
#include "rules/inner.h"

#include <assert.h>
#include <stdlib.h>

#define CLAUSE_MEMORY_MAX ((size_t)1 << 30)
#define AGENCIES_MEMORY_MAX ((size_t)16 << 20)

/* The agencies that are judged, sorted by bytes. */
struct agencies {
	struct arena *arena;
	const char **at;
	size_t n, room;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One more agency. */
static bool
agencies_add(struct agencies *list, struct span key)
{
	const char **more;

	if (list->n == list->room) {
		list->room = list->room == 0 ? 64 : list->room * 2;
		more = reallocarray(list->at, list->room, sizeof *more);
		if (more == NULL)
			return false;
		list->at = more;
	}
	list->at[list->n] = arena_text(list->arena, key);
	return list->at[list->n++] != NULL;
}

/* Those that exist at the moment asked, or the one asked for. */
static enum err
agencies_load(struct sql *db, const struct judge_ask *ask,
    struct agencies *list, struct fault *why)
{
	struct sql_stmt *s = NULL;
	bool more = true;
	enum err e;

	if ((list->arena = arena_new(AGENCIES_MEMORY_MAX)) == NULL)
		return fault_set(why, ERR_MEMORY, "agencies");
	e = sql_prepare(db,
	    "SELECT key FROM agency WHERE voided = 0 AND effective_us <= :at",
	    &s, why);
	if (e == ERR_OK)
		e = sql_bind_int(s, ":at", ask->at_us, why);
	while (e == ERR_OK && (e = sql_step(s, &more, why)) == ERR_OK && more) {
		if (ask->agency != NULL &&
		    !span_is(sql_text(s, 0), ask->agency))
			continue;
		if (!agencies_add(list, sql_text(s, 0)))
			e = fault_set(why, ERR_MEMORY, "agencies");
	}
	sql_stmt_free(s);
	if (e == ERR_OK && list->n > 0)
		qsort(list->at, list->n, sizeof *list->at, by_text);
	return e;
}

/* A row of the check becomes a finding of the run. */
static enum err
row_keep(struct run *r, const struct check_row *row, struct fault *why)
{
	struct found *f;
	char *agency;

	agency = arena_text(r->arena, row->agency);
	if (agency == NULL)
		return fault_set(why, ERR_MEMORY, "findings");
	/* With memory every row is wanted: a subject may have moved here. */
	if (!run_has_agency(r, agency) && !r->ask->memory)
		return ERR_OK;
	if ((f = found_add(&r->now)) == NULL)
		return fault_set(why, ERR_MEMORY, "findings");
	f->removed = row->removed;
	f->next_us = row->next_us;
	f->f.agency = agency;
	f->f.subject = arena_text(r->arena, row->subject);
	f->f.title = arena_text(r->arena, row->title);
	f->f.evidence = arena_text(r->arena, row->evidence);
	f->f.state = row->state;
	f->f.since_us = row->has_since ? row->since_us : 0;
	f->f.due_us = row->has_due ? row->due_us : 0;
	f->f.problem = row->problem == NULL ? NULL : row->problem->code;
	f->f.known_state = STATE_N;
	if (f->f.subject == NULL || f->f.title == NULL || f->f.evidence == NULL)
		return fault_set(why, ERR_MEMORY, "findings");
	return ERR_OK;
}

/* Whether an error is the check's own, and not ours or the machine's. */
static bool
is_refusal(enum err e)
{
	return e == ERR_SYNTAX || e == ERR_DENIED || e == ERR_RANGE ||
	    e == ERR_LIMIT || e == ERR_NOT_FOUND;
}

/* Note why the clause cannot be judged; none of its rows counts. */
static enum err
run_refuse(struct run *r, const char *line, struct fault *why)
{
	r->now.n = 0;
	r->refused = arena_text(r->arena, span_text(line));
	return r->refused == NULL ? fault_set(why, ERR_MEMORY, "clause")
				  : ERR_OK;
}

/* Run the check, if there is one. */
static enum err
run_check(struct run *r, struct fault *why)
{
	const struct judge_ask *ask = r->ask;
	struct check *k = NULL;
	struct check_row row;
	struct fault own;
	bool more = true;
	enum err e;

	if (r->clause->refused != NULL)
		return run_refuse(r, r->clause->refused, why);
	if (r->clause->sql == NULL)
		return ERR_OK;
	e = check_prepare(r->db, r->clause, CHECK_LIMIT_MS, &k, &own);
	if (e == ERR_OK)
		e = check_start(k, ask->at_us, ask->sets, ask->n_sets, &own);
	while (e == ERR_OK &&
	    (e = check_next(k, &row, &more, &own)) == ERR_OK && more)
		e = row_keep(r, &row, &own);
	check_free(k);
	if (is_refusal(e))
		return run_refuse(r, own.text, why);
	if (e != ERR_OK)
		return fault_set(why, e, "%s", own.text);
	found_sort(&r->now);
	return ERR_OK;
}

/* A refused clause still shows its subjects: unknown, last known as. */
static enum err
run_refused_subjects(struct run *r, struct fault *why)
{
	for (size_t i = 0; i < r->before.n; i++) {
		struct found *f = found_add(&r->now);

		if (f == NULL)
			return fault_set(why, ERR_MEMORY, "findings");
		*f = r->before.at[i];
		if (f->f.state != STATE_UNKNOWN) {
			f->f.known_state = f->f.state;
			f->f.known_since_us = f->f.since_us;
			f->f.since_us = 0;
		}
		f->f.state = STATE_UNKNOWN;
		f->f.problem = PROBLEM_REFUSED;
		f->f.due_us = 0;
	}
	return ERR_OK;
}

/* Only what counts stays: not what was removed, not other agencies. */
static void
run_narrow(struct run *r)
{
	size_t to = 0;

	for (size_t i = 0; i < r->now.n; i++)
		if (!r->now.at[i].removed &&
		    run_has_agency(r, r->now.at[i].f.agency))
			r->now.at[to++] = r->now.at[i];
	r->now.n = to;
}

/* The next moment at which time alone changes something. */
static int64_t
run_next(const struct run *r)
{
	int64_t next = WHEN_NEVER, at = r->ask->at_us;

	for (size_t i = 0; i < r->now.n; i++) {
		const struct found *f = &r->now.at[i];

		if (f->f.due_us > at && f->f.due_us < next)
			next = f->f.due_us;
		if (f->next_us > at && f->next_us < next)
			next = f->next_us;
	}
	return next;
}

/* All of one clause, handed to fn. */
static enum err
run_clause(struct run *r, judged_fn *fn, void *arg, struct fault *why)
{
	struct judged j = { .clause = r->clause };
	struct verdict *verdicts;
	struct finding *f;
	enum err e;

	if (r->ask->memory && (e = before_load(r, why)) != ERR_OK)
		return e;
	if ((e = run_check(r, why)) != ERR_OK)
		return e;
	if (r->ask->memory)
		e = r->refused != NULL ? run_refused_subjects(r, why)
				       : run_remember(r, why);
	if (e != ERR_OK)
		return e;
	run_narrow(r);
	if ((e = verdicts_make(r, &verdicts, why)) != ERR_OK)
		return e;
	if ((f = arena_array(r->arena, r->now.n, sizeof *f)) == NULL)
		return fault_set(why, ERR_MEMORY, "findings");
	for (size_t i = 0; i < r->now.n; i++)
		f[i] = r->now.at[i].f;
	j.refused = r->refused;
	j.findings = f;
	j.n_findings = r->now.n;
	j.verdicts = verdicts;
	j.n_verdicts = r->n_agencies;
	j.next_us = run_next(r);
	return fn(arg, &j, why);
}

/* Every clause asked for, one after the other. */
static enum err
judge_all(struct sql *db, const struct pack *p, const struct judge_ask *ask,
    const struct agencies *list, judged_fn *fn, void *arg, struct fault *why)
{
	struct run r = {
		.db = db, .ask = ask, .agency = list->at, .n_agencies = list->n
	};
	enum err e = ERR_OK;

	if ((r.arena = arena_new(CLAUSE_MEMORY_MAX)) == NULL)
		return fault_set(why, ERR_MEMORY, "clauses");
	for (size_t i = 0; i < pack_count(p) && e == ERR_OK; i++) {
		r.clause = pack_at(p, i);
		if (!clause_judged(r.clause) ||
		    (ask->clause != NULL && ask->clause != r.clause))
			continue;
		r.now.n = r.before.n = 0;
		r.refused = NULL;
		arena_reset(r.arena);
		e = run_clause(&r, fn, arg, why);
	}
	free(r.now.at);
	free(r.before.at);
	arena_free(r.arena);
	return e;
}

enum err
rules_judge(struct sql *db, const struct pack *p, const struct judge_ask *ask,
    judged_fn *fn, void *arg, struct fault *why)
{
	struct agencies list = { 0 };
	enum err e;

	if ((e = sql_begin_read(db, why)) != ERR_OK)
		return e;
	e = agencies_load(db, ask, &list, why);
	if (e == ERR_OK)
		e = judge_all(db, p, ask, &list, fn, arg, why);
	sql_undo(db);
	free(list.at);
	arena_free(list.arena);
	return e;
}

/* A whole number with an optional minus. */
static bool
number_read(struct span s, int64_t *v)
{
	uint64_t n;
	bool minus = span_starts(s, "-");

	if (!span_number(minus ? span_slice(s, 1, s.len) : s, INT64_MAX, &n))
		return false;
	*v = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

enum err
rules_set_parse(const struct pack *p, struct span text, struct check_set *set,
    const struct clause **clause, struct fault *why)
{
	size_t equals = span_find(text, '='), dot = SIZE_MAX;
	const struct clause_param *param;
	const struct clause *c;
	struct span left;
	int64_t value;

	left = span_slice(text, 0, equals == SIZE_MAX ? 0 : equals);
	for (size_t i = 0; i < left.len; i++)
		if (left.at[i] == '.')
			dot = i;
	if (dot == SIZE_MAX ||
	    !number_read(span_slice(text, equals + 1, text.len), &value))
		return fault_set(why, ERR_SYNTAX,
		    "'%.*s': wanted CLAUSE.PARAMETER=NUMBER, "
		    "as in 12.3.days=180",
		    (int)(text.len > 200 ? 200 : text.len), text.at);
	c = pack_find(p, span_slice(left, 0, dot));
	if (c == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no such clause: %.*s",
		    (int)dot, left.at);
	param = clause_param(c, span_slice(left, dot + 1, left.len));
	if (param == NULL)
		return fault_set(why, ERR_NOT_FOUND,
		    "clause %s has no parameter %.*s", c->id,
		    (int)(left.len - dot - 1), left.at + dot + 1);
	*set = (struct check_set){ param, value };
	if (clause != NULL)
		*clause = c;
	return ERR_OK;
}
