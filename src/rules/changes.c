/*
 * rules/changes.c: what is new against the stored verdicts and findings.
 *
 * Works on one judged clause and the tables of book. Runs in rules.
 */
#include "rules/changes.h"

#include "base/when.h"
#include "rules/inner.h"

#include <stdlib.h>

/* Evidence that only aged is stored again after so long. */
#define REFRESH_US (15 * WHEN_MINUTE)

static const char *const counts[] = { "n_met", "n_due", "n_unmet", "n_unknown",
	"n_excepted", "n_na" };

/* What a change is gathered in. */
struct gather {
	const struct judged *j;
	int64_t at_us;
	json_t *verdicts, *verdicts_gone, *findings, *findings_gone;
	bool bad; /* memory was out */
};

/* A text or null. */
static void
put_text(json_t *o, const char *key, const char *s)
{
	if (s == NULL)
		(void)json_object_set_new(o, key, json_null());
	else
		json_put_str(o, key, s);
}

/* A number or, for 0, null. */
static void
put_number(json_t *o, const char *key, int64_t v)
{
	if (v == 0)
		(void)json_object_set_new(o, key, json_null());
	else
		json_put_int(o, key, v);
}

/* The stored verdict, as far as it matters here. */
struct stored {
	char state[16];
	char problem[48];
	int64_t since_us;
	unsigned n[STATE_SUBJECT_N];
};

/* Copy a short text; what is longer is cut and so differs. */
static void
copy_short(char *to, size_t room, struct span s)
{
	size_t n = s.len < room ? s.len : room - 1;

	if (n > 0)
		memcpy(to, s.at, n);
	to[n] = '\0';
}

/* An object for a verdict that changed. */
static void
verdict_changed(
    struct gather *g, const struct verdict *v, const struct stored *was)
{
	bool same = was != NULL &&
	    strcmp(was->state, state_name(v->state)) == 0;
	json_t *o = json_object();

	json_put_str(o, "agency", v->agency);
	json_put_str(o, "state", state_name(v->state));
	json_put_int(o, "since_us",
	    same                   ? was->since_us
		: v->since_us != 0 ? v->since_us
				   : g->at_us);
	put_text(o, "problem", v->problem);
	for (unsigned i = 0; i < STATE_SUBJECT_N; i++)
		json_put_int(o, counts[i], v->n[i]);
	put_text(o, "was", was == NULL ? NULL : was->state);
	g->bad |= json_array_append_new(g->verdicts, o) != 0;
}

/* Whether a verdict differs from what is stored. */
static bool
verdict_differs(const struct verdict *v, const struct stored *was)
{
	if (strcmp(was->state, state_name(v->state)) != 0 ||
	    strcmp(was->problem, v->problem == NULL ? "" : v->problem) != 0)
		return true;
	for (unsigned i = 0; i < STATE_SUBJECT_N; i++)
		if (was->n[i] != v->n[i])
			return true;
	return false;
}

/* Walk stored and new verdicts side by side, both sorted by agency. */
static enum err
verdicts_compare(struct sql *db, struct gather *g, struct fault *why)
{
	const struct judged *j = g->j;
	struct sql_stmt *s = NULL;
	struct stored was;
	bool more = true;
	size_t n = 0;
	enum err e;

	/* enum state has the order of these columns. */
	e = sql_prepare(db,
	    "SELECT agency, state, since_us, n_met, n_due, n_unmet, "
	    "n_unknown, n_excepted, n_na, coalesce(problem, '') "
	    "FROM verdict WHERE clause = :clause ORDER BY agency",
	    &s, why);
	if (e == ERR_OK)
		e = sql_bind_text(s, ":clause", span_text(j->clause->id), why);
	while (e == ERR_OK && (e = sql_step(s, &more, why)) == ERR_OK && more) {
		char agency[256];

		copy_short(agency, sizeof agency, sql_text(s, 0));
		while (n < j->n_verdicts &&
		    strcmp(j->verdicts[n].agency, agency) < 0)
			verdict_changed(g, &j->verdicts[n++], NULL);
		if (n == j->n_verdicts ||
		    strcmp(j->verdicts[n].agency, agency) != 0) {
			g->bad |= json_array_append_new(g->verdicts_gone,
				      json_string(agency)) != 0;
			continue;
		}
		copy_short(was.state, sizeof was.state, sql_text(s, 1));
		copy_short(was.problem, sizeof was.problem, sql_text(s, 9));
		was.since_us = sql_int(s, 2);
		for (unsigned i = 0; i < STATE_SUBJECT_N; i++)
			was.n[i] = (unsigned)sql_int(s, 3 + i);
		if (verdict_differs(&j->verdicts[n], &was))
			verdict_changed(g, &j->verdicts[n], &was);
		n++;
	}
	while (e == ERR_OK && n < j->n_verdicts)
		verdict_changed(g, &j->verdicts[n++], NULL);
	sql_stmt_free(s);
	return e;
}

/* An object for a finding that is new, changed or to be stored afresh. */
static enum err
finding_changed(struct gather *g, const struct finding *f, struct fault *why)
{
	json_t *o, *evidence = NULL;
	enum err e;

	if ((e = json_read(span_text(f->evidence), &evidence, why)) != ERR_OK)
		return e;
	json_put_int(evidence, "judged_us", g->at_us);
	o = json_object();
	json_put_str(o, "agency", f->agency);
	json_put_str(o, "subject", f->subject);
	json_put_str(o, "subject_title", f->title);
	json_put_str(o, "state", state_name(f->state));
	json_put_int(o, "since_us", f->since_us == 0 ? g->at_us : f->since_us);
	put_number(o, "due_us", f->due_us);
	put_text(o, "problem", f->problem);
	(void)json_object_set_new(o, "evidence", evidence);
	put_text(o, "known_state",
	    f->known_state == STATE_N ? NULL : state_name(f->known_state));
	put_number(o, "known_since_us", f->known_since_us);
	g->bad |= json_array_append_new(g->findings, o) != 0;
	return ERR_OK;
}

/* Whether two texts, either of them NULL, differ. */
static bool
text_differs(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) != 0;
}

/* Whether what the evidence says differs, its own age left out. */
static bool
evidence_differs(const char *now, const char *before, int64_t at_us)
{
	json_t *a = NULL, *b = NULL;
	bool differs = true;

	if (json_read(span_text(now), &a, NULL) == ERR_OK &&
	    json_read(span_text(before), &b, NULL) == ERR_OK) {
		int64_t judged_us = json_get_int(b, "judged_us", 0);

		(void)json_object_del(a, "judged_us");
		(void)json_object_del(b, "judged_us");
		differs = judged_us == 0 || judged_us > at_us ||
		    (at_us - judged_us >= REFRESH_US && !json_equal(a, b));
	}
	json_decref(a);
	json_decref(b);
	return differs;
}

/* Whether a finding is to be stored. */
static bool
finding_differs(
    const struct finding *f, const struct finding *was, int64_t at_us)
{
	if (f->state != was->state || text_differs(f->problem, was->problem) ||
	    text_differs(f->title, was->title) ||
	    f->known_state != was->known_state ||
	    f->known_since_us != was->known_since_us)
		return true;
	if (f->since_us != 0 && f->since_us != was->since_us &&
	    f->state != STATE_MET)
		return true;
	return evidence_differs(f->evidence, was->evidence, at_us);
}

/* A stored finding that is there no more. */
static void
finding_gone(struct gather *g, const struct finding *f)
{
	json_t *o = json_object();

	json_put_str(o, "agency", f->agency);
	json_put_str(o, "subject", f->subject);
	g->bad |= json_array_append_new(g->findings_gone, o) != 0;
}

/* Walk stored and new findings side by side. */
static enum err
findings_compare(struct run *r, struct gather *g, struct fault *why)
{
	const struct judged *j = g->j;
	enum err e = ERR_OK;
	size_t n = 0;

	for (size_t b = 0; b < r->before.n && e == ERR_OK; b++) {
		const struct found *was = &r->before.at[b];
		struct found now;
		int c = 1;

		while (n < j->n_findings && e == ERR_OK) {
			now.f = j->findings[n];
			if ((c = found_compare(&now, was)) >= 0)
				break;
			e = finding_changed(g, &j->findings[n++], why);
		}
		if (e != ERR_OK)
			break;
		if (n == j->n_findings || c != 0) {
			finding_gone(g, &was->f);
			continue;
		}
		if (finding_differs(&j->findings[n], &was->f, g->at_us))
			e = finding_changed(g, &j->findings[n], why);
		n++;
	}
	while (e == ERR_OK && n < j->n_findings)
		e = finding_changed(g, &j->findings[n++], why);
	return e;
}

/* Whether the clause's refusal or next moment is stored otherwise. */
static enum err
run_differs(
    struct sql *db, const struct judged *j, bool *differs, struct fault *why)
{
	int64_t next = j->next_us == WHEN_NEVER ? 0 : j->next_us;
	struct sql_stmt *s = NULL;
	bool row = false;
	enum err e;

	e = sql_prepare(db,
	    "SELECT coalesce(next_us, 0), coalesce(refused, '') "
	    "FROM clause_run WHERE clause = :clause",
	    &s, why);
	if (e == ERR_OK)
		e = sql_bind_text(s, ":clause", span_text(j->clause->id), why);
	if (e == ERR_OK)
		e = sql_step(s, &row, why);
	if (e == ERR_OK)
		*differs = !row || sql_int(s, 0) != next ||
		    !span_is(
			sql_text(s, 1), j->refused == NULL ? "" : j->refused);
	sql_stmt_free(s);
	return e;
}

/* Put everything into one object; NULL when there is nothing to say. */
static json_t *
gather_object(struct gather *g, bool differs)
{
	const struct judged *j = g->j;
	json_t *o;

	if (!differs && json_array_size(g->verdicts) == 0 &&
	    json_array_size(g->verdicts_gone) == 0 &&
	    json_array_size(g->findings) == 0 &&
	    json_array_size(g->findings_gone) == 0)
		return NULL;
	o = json_object();
	json_put_str(o, "clause", j->clause->id);
	json_put_int(o, "chapter", j->clause->chapter);
	json_put_int(o, "at_us", g->at_us);
	put_number(o, "next_us", j->next_us == WHEN_NEVER ? 0 : j->next_us);
	put_text(o, "refused", j->refused);
	(void)json_object_set(o, "verdicts", g->verdicts);
	(void)json_object_set(o, "verdicts_gone", g->verdicts_gone);
	(void)json_object_set(o, "findings", g->findings);
	(void)json_object_set(o, "findings_gone", g->findings_gone);
	return o;
}

#define CHANGES_MEMORY_MAX ((size_t)1 << 30)

enum err
rules_changes(struct sql *db, const struct judged *j, int64_t at_us,
    json_t **out, struct fault *why)
{
	struct run r = { .db = db, .clause = j->clause };
	struct gather g = { .j = j,
		.at_us = at_us,
		.verdicts = json_array(),
		.verdicts_gone = json_array(),
		.findings = json_array(),
		.findings_gone = json_array() };
	bool differs = false;
	enum err e;

	if ((r.arena = arena_new(CHANGES_MEMORY_MAX)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "changes");
		goto out;
	}
	if ((e = before_load(&r, why)) != ERR_OK ||
	    (e = verdicts_compare(db, &g, why)) != ERR_OK ||
	    (e = findings_compare(&r, &g, why)) != ERR_OK ||
	    (e = run_differs(db, j, &differs, why)) != ERR_OK)
		goto out;
	if (g.bad)
		e = fault_set(why, ERR_MEMORY, "changes");
	else
		*out = gather_object(&g, differs);
out:
	json_decref(g.verdicts);
	json_decref(g.verdicts_gone);
	json_decref(g.findings);
	json_decref(g.findings_gone);
	free(r.before.at);
	arena_free(r.arena);
	return e;
}
