/*
 * rules/explain.c: why a clause stands as it does in one agency.
 *
 * Works on one judged clause. Runs in reader, for the clause page and
 * `clause explain`.
 */
#include "rules/explain.h"

#include "base/when.h"
#include "rules/inner.h"

#include <assert.h>

/* {zh, en}; null where there is none. */
static json_t *
words_json(struct words w)
{
	json_t *o;

	if (w.zh == NULL || w.en == NULL)
		return json_null();
	o = json_object();
	json_put_str(o, "zh", w.zh);
	json_put_str(o, "en", w.en);
	return o;
}

/* The parameters, with those of this judging. */
static json_t *
params_json(const struct clause *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->n_params; i++) {
		const struct clause_param *p = &c->params[i];
		json_t *o = json_object();

		json_put_str(o, "name", p->name);
		json_put_int(o, "value", p->value);
		json_put_str(o, "unit", p->unit);
		json_put_str(o, "source", param_source_name(p->source));
		json_put_str(o, "zh", p->about.zh);
		json_put_str(o, "en", p->about.en);
		(void)json_array_append_new(list, o);
	}
	return list;
}

json_t *
rules_clause_json(const struct clause *c)
{
	json_t *o = json_object(), *list = json_array();

	json_put_str(o, "id", c->id);
	json_put_int(o, "chapter", c->chapter);
	(void)json_object_set_new(
	    o, "chapter_title", words_json(c->chapter_title));
	(void)json_object_set_new(o, "title", words_json(c->title));
	json_put_str(o, "text", c->text);
	json_put_str(o, "mode", mode_name(c->mode));
	json_put_str(o, "modality", modality_name(c->modality));
	(void)json_object_set_new(o, "exception", words_json(c->exception));
	(void)json_object_set_new(o, "decided_by", words_json(c->decided_by));
	(void)json_object_set_new(o, "limits", words_json(c->limits));
	json_put_str(o, "actor", c->actor);
	for (unsigned i = 0; i < c->n_instruments; i++)
		(void)json_array_append_new(
		    list, json_string(c->instruments[i]));
	(void)json_object_set_new(o, "instruments", list);
	if (c->refused == NULL || c->n_params > 0)
		(void)json_object_set_new(o, "parameters", params_json(c));
	(void)json_object_set_new(
	    o, "sql", c->sql == NULL ? json_null() : json_string(c->sql));
	(void)json_object_set_new(o, "refused",
	    c->refused == NULL ? json_null() : json_string(c->refused));
	return o;
}

/* says and fix, in zh and en, put into o. */
static void
put_sentences(json_t *o, const struct clause *c, const char *problem,
    const char *evidence)
{
	static const char *const key[] = { "says", "says", "fix", "fix" };
	struct buf b[4];
	json_t *part[2];

	for (unsigned i = 0; i < 4; i++)
		buf_init(&b[i], (size_t)64 << 10);
	rules_sentence(c, problem, evidence,
	    &(struct rules_words){ &b[0], &b[1], &b[2], &b[3] });
	for (unsigned i = 0; i < 4; i += 2) {
		part[i / 2] = json_object();
		json_put_text(part[i / 2], "zh", buf_view(&b[i]));
		json_put_text(part[i / 2], "en", buf_view(&b[i + 1]));
		(void)json_object_set_new(o, key[i],
		    b[i].len > 0 ? json_incref(part[i / 2]) : json_null());
		json_decref(part[i / 2]);
	}
	for (unsigned i = 0; i < 4; i++)
		buf_clear(&b[i]);
}

/* A time, or null for 0. */
static void
put_time(json_t *o, const char *key, int64_t us)
{
	if (us == 0 || us == WHEN_NEVER)
		(void)json_object_set_new(o, key, json_null());
	else
		json_put_int(o, key, us);
}

/* One subject. */
static json_t *
subject_json(const struct clause *c, const struct finding *f)
{
	json_t *o = json_object(), *evidence = NULL;

	json_put_str(o, "subject", f->subject);
	json_put_str(o, "title", f->title);
	json_put_str(o, "state", state_name(f->state));
	put_time(o, "since_us", f->since_us);
	put_time(o, "due_us", f->due_us);
	(void)json_object_set_new(o, "problem",
	    f->problem == NULL ? json_null() : json_string(f->problem));
	put_sentences(o, c, f->problem, f->evidence);
	if (json_read(span_text(f->evidence), &evidence, NULL) != ERR_OK)
		evidence = json_null();
	(void)json_object_set_new(o, "evidence", evidence);
	(void)json_object_set_new(o, "known_state",
	    f->known_state == STATE_N
		? json_null()
		: json_string(state_name(f->known_state)));
	put_time(o, "known_since_us", f->known_since_us);
	return o;
}

/* The verdict of the one agency. */
static json_t *
verdict_json(const struct judged *j, const struct verdict *v)
{
	json_t *o = json_object(), *n = json_object();

	json_put_str(o, "state", state_name(v->state));
	put_time(o, "since_us", v->since_us);
	(void)json_object_set_new(o, "problem",
	    v->problem == NULL ? json_null() : json_string(v->problem));
	put_sentences(o, j->clause, v->problem, NULL);
	for (enum state s = 0; s < STATE_SUBJECT_N; s++)
		json_put_int(n, state_name(s), v->n[s]);
	(void)json_object_set_new(o, "subjects", n);
	return o;
}

/* Who must act, by when, and the shortest way to green: that of the first
 * deciding subject, with the earliest date among them. */
static json_t *
act_json(const struct judged *j, const struct verdict *v,
    const struct finding *first)
{
	json_t *o = json_object();
	int64_t due = 0;

	for (size_t i = 0; i < j->n_findings; i++) {
		const struct finding *f = &j->findings[i];

		if (f->state == first->state && f->due_us != 0 &&
		    (due == 0 || f->due_us < due))
			due = f->due_us;
	}
	json_put_str(o, "who", j->clause->actor);
	put_time(o, "due_us", due);
	put_sentences(o, j->clause,
	    v->problem != NULL ? v->problem : first->problem, first->evidence);
	return o;
}

struct explaining {
	int64_t at_us;
	const char *agency;
	json_t *out;
};

/* Append the subjects of one rank pass: deciding ones first. */
static void
subjects_add(json_t *list, const struct judged *j, const struct finding *first,
    bool deciding)
{
	for (size_t i = 0;
	     i < j->n_findings && json_array_size(list) < EXPLAIN_SUBJECTS_MAX;
	     i++)
		if ((j->findings[i].state == first->state) == deciding)
			(void)json_array_append_new(
			    list, subject_json(j->clause, &j->findings[i]));
}

/* The deciding subject to show first; NULL: there is no subject. */
static const struct finding *
deciding_find(const struct judged *j)
{
	const struct finding *worst = NULL;

	for (size_t i = 0; i < j->n_findings; i++) {
		const struct finding *f = &j->findings[i];

		if (worst == NULL ||
		    (f->state != worst->state &&
			state_worse(f->state, worst->state) == f->state))
			worst = f;
	}
	return worst;
}

/* Build the document. */
static enum err
explain_one(void *arg, const struct judged *j, struct fault *why)
{
	static const struct finding nothing = { .state = STATE_N };
	struct explaining *x = arg;
	const struct finding *first = deciding_find(j);
	json_t *o, *list = json_array();
	int64_t deciding = 0;

	if (j->n_verdicts == 0) {
		json_decref(list);
		return fault_set(
		    why, ERR_NOT_FOUND, "no such agency: %s", x->agency);
	}
	if (first == NULL)
		first = &nothing;
	o = json_object();
	(void)json_object_set_new(o, "clause", rules_clause_json(j->clause));
	json_put_str(o, "agency", x->agency);
	json_put_int(o, "at_us", x->at_us);
	(void)json_object_set_new(
	    o, "verdict", verdict_json(j, &j->verdicts[0]));
	(void)json_object_set_new(o, "refused",
	    j->refused == NULL ? json_null() : json_string(j->refused));
	json_put_int(o, "population", (int64_t)j->n_findings);
	for (size_t i = 0; i < j->n_findings; i++)
		deciding += j->findings[i].state == first->state;
	json_put_int(o, "deciding", deciding);
	subjects_add(list, j, first, true);
	subjects_add(list, j, first, false);
	(void)json_object_set_new(o, "subjects", list);
	(void)json_object_set_new(
	    o, "act", act_json(j, &j->verdicts[0], first));
	put_time(o, "next_us", j->next_us);
	x->out = o;
	return ERR_OK;
}

enum err
rules_explain(struct sql *db, const struct pack *p, const struct judge_ask *ask,
    json_t **out, struct fault *why)
{
	struct explaining x = { .at_us = ask->at_us, .agency = ask->agency };
	enum err e;

	assert(ask->clause != NULL && ask->agency != NULL);
	if (!clause_judged(ask->clause))
		return fault_set(why, ERR_STATE,
		    "clause %s has no verdict of its own", ask->clause->id);
	e = rules_judge(db, p, ask, explain_one, &x, why);
	if (e != ERR_OK) {
		json_decref(x.out);
		return e;
	}
	*out = x.out;
	return ERR_OK;
}
