/*
 * report/verdict.c: verdicts and findings as documents.
 */
#include "report/inner.h"

#include <string.h>

#include "book/scratch.h"
#include "rules/explain.h"

/* A filled-in sentence of a finding. */
static void
sentences_put(json_t *o, const struct clause *c, const char *problem,
    const char *evidence)
{
	struct buf zh, en, fix_zh, fix_en;
	const struct rules_words to = { &zh, &en, &fix_zh, &fix_en };

	buf_init(&zh, 1 << 16);
	buf_init(&en, 1 << 16);
	buf_init(&fix_zh, 1 << 16);
	buf_init(&fix_en, 1 << 16);
	if (c != NULL && problem != NULL)
		rules_sentence(c, problem, evidence, &to);
	put(o, "sentence", words_json(buf_string(&zh), buf_string(&en)));
	put(o, "fix", words_json(buf_string(&fix_zh), buf_string(&fix_en)));
	buf_clear(&zh);
	buf_clear(&en);
	buf_clear(&fix_zh);
	buf_clear(&fix_en);
}

/* Where a piece of evidence can be looked at, or null. */
static json_t *
evidence_link(
    struct report *r, struct span agency, const char *name, const json_t *v)
{
	static const char *const registers[] = { "system", "host", "log_source",
		"person", "unit", "account", "account_list", "appointment" };
	struct buf b;
	json_t *link = json_null();

	(void)r;
	if (!json_is_string(v))
		return link;
	buf_init(&b, 1024);
	if (strcmp(name, "record") == 0)
		buf_printf(&b, "/log/records/%s", json_string_value(v));
	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		if (strcmp(name, registers[i]) == 0)
			buf_printf(&b, "/registers/%s/%.*s/%s", name,
			    (int)agency.len, (const char *)agency.at,
			    json_string_value(v));
	if (b.len > 0)
		link = json_string(buf_string(&b));
	buf_clear(&b);
	return link;
}

/* Evidence as a list; times of *_us become readable. */
static json_t *
evidence_json(struct report *r, struct span agency, const char *text)
{
	json_t *list = json_array(), *all = NULL, *v;
	const char *name;
	struct fault why;

	if (json_read(span_text(text), &all, &why) != ERR_OK)
		return list;
	json_object_foreach(all, name, v) {
		json_t *o;

		if (strcmp(name, "marks") == 0 || strcmp(name, "next_us") == 0)
			continue;
		o = json_object();
		json_put_str(o, "name", name);
		if (span_ends(span_text(name), "_us") && json_is_integer(v))
			json_put_time(o, "value", json_integer_value(v));
		else
			(void)json_object_set(o, "value", v);
		put(o, "link", evidence_link(r, agency, name, v));
		(void)json_array_append_new(list, o);
	}
	json_decref(all);
	return list;
}

json_t *
finding_json(struct report *r, struct sql_stmt *s)
{
	json_t *o = json_object();
	char *clause = row_text(r, s, 1);
	char *problem = sql_is_null(s, 7) ? NULL : row_text(r, s, 7);
	char *evidence = row_text(r, s, 8);
	struct span agency = arena_copy(r->arena, sql_text(s, 0));
	const struct clause *c = pack_clause(r->pack, clause);

	put(o, "agency", agency_json(r, agency));
	json_put_str(o, "clause", clause);
	put(o, "title",
	    c == NULL ? NULL : words_json(c->title.zh, c->title.en));
	json_put_text(o, "subject", sql_text(s, 2));
	json_put_text(o, "subject_title", sql_text(s, 3));
	json_put_text(o, "state", sql_text(s, 4));
	json_put_time(o, "since", sql_int(s, 5));
	json_put_time(o, "due", sql_int(s, 6));
	if (problem == NULL)
		put(o, "problem", NULL);
	else
		json_put_str(o, "problem", problem);
	sentences_put(o, c, problem, evidence);
	json_put_str(o, "actor", c == NULL ? "" : c->actor);
	if (sql_is_null(s, 9)) {
		put(o, "known", NULL);
	} else {
		json_t *known = json_object();

		json_put_text(known, "state", sql_text(s, 9));
		json_put_time(known, "since", sql_int(s, 10));
		put(o, "known", known);
	}
	put(o, "evidence", evidence_json(r, agency, evidence));
	return o;
}

/* The head of a verdict: agency, clause and what the clause is. */
static json_t *
verdict_head(struct report *r, struct span agency, const struct clause *c,
    const char *id, struct span state, int64_t since_us)
{
	json_t *o = json_object();

	put(o, "agency", agency_json(r, agency));
	json_put_str(o, "clause", id);
	put(o, "label", label_json(id));
	json_put_int(o, "chapter", c == NULL ? 0 : c->chapter);
	put(o, "title",
	    c == NULL ? words_json(id, id)
		      : words_json(c->title.zh, c->title.en));
	json_put_str(
	    o, "modality", c == NULL ? "" : modality_name(c->modality));
	json_put_str(o, "mode", c == NULL ? "" : mode_name(c->mode));
	json_put_text(o, "state", state);
	json_put_time(o, "since", since_us);
	return o;
}

json_t *
verdict_json(struct report *r, struct sql_stmt *s)
{
	static const enum state order[] = { STATE_MET, STATE_DUE, STATE_UNMET,
		STATE_UNKNOWN, STATE_EXCEPTED, STATE_NA };
	struct span agency = arena_copy(r->arena, sql_text(s, 0));
	struct span state = arena_copy(r->arena, sql_text(s, 2));
	char *id = row_text(r, s, 1);
	struct counts counts = { { 0 } };
	json_t *o = verdict_head(
	    r, agency, pack_clause(r->pack, id), id, state, sql_int(s, 3));

	for (unsigned i = 0; i < 6; i++)
		counts.n[order[i]] = sql_int(s, 4 + i);
	put(o, "counts", counts_json(&counts));
	return o;
}

enum err
verdict_list(struct report *r, struct span agency, struct span clause,
    int64_t at_us, row_each_fn *fn, void *arg, struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":agency", agency),
		BIND_TEXT(":clause", clause), BIND_INT(":at", at_us) };

	if (at_us >= r->now_us)
		return rows(r, "verdict_now", b, 2, fn, arg, why);
	return rows(r, "verdict_then", b, 3, fn, arg, why);
}

/* ---- /verdicts, judged for any moment and with other parameters ---- */

struct judging {
	struct report *r;
	json_t *list;
};

static enum err
judged_add(void *arg, const struct judged *j, struct fault *why)
{
	struct judging *g = arg;

	(void)why;
	for (size_t i = 0; i < j->n_verdicts; i++) {
		const struct verdict *v = &j->verdicts[i];
		struct counts counts = { { 0 } };
		struct span agency = span_text(v->agency);
		json_t *o;

		if (!agency_may(g->r, agency))
			continue;
		o = verdict_head(g->r, agency, j->clause, j->clause->id,
		    span_text(state_name(v->state)), v->since_us);
		for (unsigned s = 0; s < STATE_SUBJECT_N; s++)
			counts.n[s] = v->n[s];
		put(o, "counts", counts_json(&counts));
		if (v->problem != NULL)
			sentences_put(o, j->clause, v->problem, "{}");
		if (j->refused != NULL)
			json_put_str(o, "refused", j->refused);
		(void)json_array_append_new(g->list, o);
	}
	return ERR_OK;
}

/* Parameters as "12.3.days=180,21.8.x=2". */
static enum err
sets_read(struct report *r, struct span text, struct check_set *set, size_t *n,
    struct fault *why)
{
	struct cursor c = cursor_of(text);
	enum err e = ERR_OK;

	for (*n = 0; c.pos < c.all.len && e == ERR_OK; (*n)++) {
		if (*n == 16)
			return fault_set(
			    why, ERR_LIMIT, "set: at most 16 parameters");
		e = rules_set_parse(
		    r->pack, cursor_until(&c, ',', NULL), &set[*n], NULL, why);
	}
	return e;
}

/* One clause of one agency with all its subjects. */
static enum err
explain(struct report *r, struct sql *db, const struct judge_ask *ask,
    struct answer *a, struct fault *why)
{
	return rules_explain(db, r->pack, ask, &a->json, why);
}

enum err
report_verdicts(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span agency = param(r, q, "agency");
	struct span clause = param(r, q, "clause");
	struct check_set sets[16];
	struct judge_ask ask = { .sets = sets, .memory = true };
	struct judging g = { .r = r };
	struct book *scratch = NULL;
	struct sql *db = book_db(r->book);
	int64_t known_us;
	bool past;
	enum err e;

	if ((e = param_time(r, q, "at", r->now_us, &ask.at_us, why)) !=
		ERR_OK ||
	    (e = param_time(r, q, "known", INT64_MAX, &known_us, why)) !=
		ERR_OK ||
	    (e = sets_read(r, param(r, q, "set"), sets, &ask.n_sets, why)) !=
		ERR_OK)
		return e;
	if ((e = agency_known(r, agency, why)) != ERR_OK)
		return e;
	if (agency.len > 0)
		ask.agency = arena_text(r->arena, agency);
	if (clause.len > 0 && (ask.clause = pack_find(r->pack, clause)) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no clause '%.*s'",
		    (int)clause.len, (const char *)clause.at);
	/* Another moment is judged on what was known of it, without memory. */
	past = ask.at_us != r->now_us || known_us != INT64_MAX;
	if (past) {
		e = book_scratch(r->book, ask.at_us, known_us, &scratch, why);
		if (e != ERR_OK)
			return e;
		db = book_db(scratch);
		ask.memory = false;
	}
	if (param(r, q, "explain").len > 0 && ask.clause != NULL &&
	    ask.agency != NULL) {
		e = explain(r, db, &ask, a, why);
		book_close(scratch);
		return e;
	}
	g.list = json_array();
	e = rules_judge(db, r->pack, &ask, judged_add, &g, why);
	book_close(scratch);
	if (e != ERR_OK) {
		json_decref(g.list);
		return e;
	}
	a->json = json_object();
	json_put_time(a->json, "at", ask.at_us);
	json_put_time(
	    a->json, "known", known_us == INT64_MAX ? r->now_us : known_us);
	put(a->json, "set", json_array());
	put(a->json, "verdicts", g.list);
	return ERR_OK;
}
