/*
 * rules/verdicts.c: from subjects to one verdict for each agency.
 *
 * Works on sorted findings. Source: ARCHITECTURE.md, "Clauses": the worst of
 * the subjects, unmet and unknown being one rank above due, excepted, met,
 * n/a; unmet is named before unknown; no subject is unknown, and for what may
 * be done it is not adopted.
 */
#include "rules/inner.h"

/* A verdict without any subject. */
static void
without_subject(const struct run *r, struct verdict *v)
{
	if (r->refused != NULL) {
		v->state = STATE_UNKNOWN;
		v->problem = PROBLEM_REFUSED;
	} else if (r->clause->sql == NULL) {
		v->state = STATE_UNKNOWN;
		v->problem = PROBLEM_NO_INSTRUMENT;
	} else {
		v->state = r->clause->modality == MODALITY_MAY
		    ? STATE_NOT_ADOPTED
		    : STATE_UNKNOWN;
		v->problem = PROBLEM_NO_SUBJECT;
	}
}

/* What may be done is adopted or not, never unmet. */
static enum state
as_adopted(enum state s)
{
	switch (s) {
	case STATE_MET:
	case STATE_DUE:
	case STATE_EXCEPTED:
		return STATE_ADOPTED;
	case STATE_UNMET:
		return STATE_NOT_ADOPTED;
	default:
		return s;
	}
}

/* One agency's verdict from its findings f[0..n). */
static void
verdict_make(
    const struct run *r, const struct found *f, size_t n, struct verdict *v)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		enum state s = f[i].f.state;

		v->n[s]++;
		v->state = first ? s : state_worse(v->state, s);
		first = false;
	}
	if (first || r->refused != NULL) {
		without_subject(r, v);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t since = f[i].f.since_us;

		if (f[i].f.state == v->state && since != 0 &&
		    (v->since_us == 0 || since < v->since_us))
			v->since_us = since;
	}
	if (r->clause->modality == MODALITY_MAY)
		v->state = as_adopted(v->state);
}

enum err
verdicts_make(struct run *r, struct verdict **out, struct fault *why)
{
	struct verdict *v = arena_array(r->arena, r->n_agencies, sizeof *v);
	size_t from = 0, to;

	if (v == NULL)
		return fault_set(why, ERR_MEMORY, "verdicts");
	for (size_t a = 0; a < r->n_agencies; a++) {
		v[a].agency = r->agency[a];
		while (from < r->now.n &&
		    strcmp(r->now.at[from].f.agency, v[a].agency) < 0)
			from++;
		to = from;
		while (to < r->now.n &&
		    strcmp(r->now.at[to].f.agency, v[a].agency) == 0)
			to++;
		verdict_make(r, r->now.at + from, to - from, &v[a]);
		from = to;
	}
	*out = v;
	return ERR_OK;
}
