/*
 * report/clause.c: the regulation's clauses: the list, and one of them.
 */
#include "report/inner.h"

#include <string.h>

#include "clause/check.h"

#define CLAUSES_MAX 512
#define FINDINGS_MAX 200

/* Verdicts of agencies for each clause, by its place in the pack. */
struct tally {
	struct counts counts[CLAUSES_MAX];
};

static size_t
place_of(const struct pack *p, struct span id)
{
	size_t i = 0;

	while (i < pack_count(p) && !span_is(id, pack_at(p, i)->id))
		i++;
	return i;
}

static enum err
tally_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct tally *t = arg;
	size_t i = place_of(r->pack, sql_text(s, 1));
	enum state state = state_find(sql_text(s, 2));

	(void)why;
	if (i < pack_count(r->pack) && i < CLAUSES_MAX && state != STATE_N)
		t->counts[i].n[state]++;
	return ERR_OK;
}

/* What every list and page says of a clause. */
static json_t *
clause_head(const struct clause *c)
{
	json_t *o = json_object();

	json_put_str(o, "id", c->id);
	put(o, "label", label_json(c->id));
	put(o, "title", words_json(c->title.zh, c->title.en));
	json_put_str(o, "text", c->text);
	json_put_str(o, "modality", modality_name(c->modality));
	json_put_str(o, "mode", mode_name(c->mode));
	put(o, "heading", json_boolean(!clause_judged(c)));
	return o;
}

/* Does the query speak of this clause: by number, or by words? */
static bool
clause_fits(const struct clause *c, struct span q)
{
	char id[CLAUSE_ID_MAX];
	char text[256];
	size_t n;

	if (q.len == 0)
		return true;
	if (clause_id_parse(q, id)) {
		n = strlen(id);
		return strncmp(c->id, id, n) == 0 &&
		    (c->id[n] == '\0' || c->id[n] == '.');
	}
	if (q.len >= sizeof text)
		return false;
	memcpy(text, q.at, q.len);
	text[q.len] = '\0';
	return strstr(c->text, text) != NULL ||
	    strcasestr(c->title.zh, text) != NULL ||
	    strcasestr(c->title.en, text) != NULL;
}

enum err
report_clauses(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span words = span_trim(param(r, q, "q"));
	struct tally *t = arena_alloc(r->arena, sizeof *t);
	json_t *list;
	enum err e;

	if (t == NULL)
		return fault_set(why, ERR_MEMORY, "clauses");
	e = verdict_list(
	    r, param(r, q, "agency"), SPAN_EMPTY, r->now_us, tally_add, t, why);
	if (e != ERR_OK)
		return e;
	list = json_array();
	for (size_t i = 0; i < pack_count(r->pack) && i < CLAUSES_MAX; i++) {
		const struct clause *c = pack_at(r->pack, i);
		json_t *o;

		if (!clause_fits(c, words))
			continue;
		o = clause_head(c);
		json_put_int(o, "chapter", c->chapter);
		put(o, "instrument", json_boolean(c->sql != NULL));
		put(o, "counts", counts_json(&t->counts[i]));
		(void)json_array_append_new(list, o);
	}
	a->json = json_object();
	json_put_time(a->json, "at", r->now_us);
	json_put_text(a->json, "q", words);
	put(a->json, "pack", pack_json(r->pack));
	put(a->json, "chapters", chapters_json(r->pack));
	put(a->json, "clauses", list);
	return ERR_OK;
}

/* ---- one clause ---- */

static json_t *
parameters_json(const struct clause *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->n_params; i++) {
		const struct clause_param *p = &c->params[i];
		json_t *o = json_object();

		json_put_str(o, "name", p->name);
		json_put_int(o, "value", p->value);
		json_put_str(o, "unit", p->unit);
		json_put_str(o, "source", param_source_name(p->source));
		put(o, "title", words_json(p->about.zh, p->about.en));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
clause_json(const struct clause *c)
{
	json_t *o = clause_head(c);
	json_t *chapter = json_object(), *instruments = json_array();

	json_put_int(chapter, "no", c->chapter);
	put(chapter, "title",
	    words_json(c->chapter_title.zh, c->chapter_title.en));
	put(o, "chapter", chapter);
	put(o, "exception",
	    c->exception.zh == NULL
		? NULL
		: words_json(c->exception.zh, c->exception.en));
	put(o, "decided_by", words_json(c->decided_by.zh, c->decided_by.en));
	put(o, "limits",
	    c->limits.zh == NULL ? NULL
				 : words_json(c->limits.zh, c->limits.en));
	for (unsigned i = 0; i < c->n_instruments; i++)
		(void)json_array_append_new(
		    instruments, json_string(c->instruments[i]));
	put(o, "instruments", instruments);
	json_put_str(o, "actor", c->actor);
	return o;
}

/* Why the clause has no verdict of its own measure yet. */
static json_t *
reason_json(const struct clause *c)
{
	struct buf zh, en;
	const struct rules_words to = { &zh, &en, NULL, NULL };
	json_t *o;

	if (!clause_judged(c) || (c->sql != NULL && c->refused == NULL))
		return NULL;
	if (c->refused != NULL)
		return words_json(c->refused, c->refused);
	buf_init(&zh, 4096);
	buf_init(&en, 4096);
	rules_sentence(c, PROBLEM_NO_INSTRUMENT, "{}", &to);
	o = words_json(buf_string(&zh), buf_string(&en));
	buf_clear(&zh);
	buf_clear(&en);
	return o;
}

/* The tables a check reads, as the engine sees them. */
static json_t *
tables_json(struct report *r, const struct clause *c)
{
	json_t *list = json_array();
	struct check *k;
	struct fault why;
	const char *name;

	if (c->sql == NULL || c->refused != NULL ||
	    check_prepare(book_db(r->book), c, CHECK_LIMIT_MS, &k, &why) !=
		ERR_OK)
		return list;
	for (unsigned i = 0; (name = check_table(k, i)) != NULL; i++)
		(void)json_array_append_new(list, json_string(name));
	check_free(k);
	return list;
}

struct page {
	json_t *verdicts, *findings, *history;
	struct counts counts;
};

static enum err
page_verdict(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct page *p = arg;
	enum state state = state_find(sql_text(s, 2));

	(void)why;
	if (state != STATE_N)
		p->counts.n[state]++;
	(void)json_array_append_new(p->verdicts, verdict_json(r, s));
	return ERR_OK;
}

static enum err
page_finding(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct page *p = arg;

	(void)why;
	(void)json_array_append_new(p->findings, finding_json(r, s));
	return ERR_OK;
}

static enum err
page_span(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct page *p = arg;
	json_t *o = json_object();

	(void)why;
	put(o, "agency", agency_json(r, arena_copy(r->arena, sql_text(s, 0))));
	json_put_text(o, "state", sql_text(s, 1));
	json_put_time(o, "from", sql_int(s, 2));
	json_put_time(o, "until", sql_int(s, 3));
	json_put_int(o, "entry", sql_int(s, 4));
	(void)json_array_append_new(p->history, o);
	return ERR_OK;
}

static enum err
page_fill(struct report *r, struct page *p, const struct clause *c,
    struct span agency, int64_t at_us, json_t *o, struct fault *why)
{
	struct span id = span_text(c->id);
	const struct bind find[] = { BIND_TEXT(":agency", agency),
		BIND_TEXT(":clause", id), BIND_INT(":every", 1),
		BIND_INT(":most", FINDINGS_MAX) };
	int64_t total = 0;
	enum err e = verdict_list(r, agency, id, at_us, page_verdict, p, why);

	if (e == ERR_OK)
		e = rows(r, "findings", find, 4, page_finding, p, why);
	if (e == ERR_OK)
		e = one_int(r, "findings_count", find, 3, &total, why);
	if (e == ERR_OK)
		e = rows(r, "history", find, 2, page_span, p, why);
	json_put_int(o, "findings_total", total);
	return e;
}

/* The clauses before and after, headings passed over. */
static void
neighbours_put(struct report *r, size_t at, json_t *o)
{
	const char *before = NULL, *after = NULL;

	for (size_t i = at; i-- > 0 && before == NULL;)
		if (clause_judged(pack_at(r->pack, i)))
			before = pack_at(r->pack, i)->id;
	for (size_t i = at + 1; i < pack_count(r->pack) && after == NULL; i++)
		if (clause_judged(pack_at(r->pack, i)))
			after = pack_at(r->pack, i)->id;
	put(o, "previous", before == NULL ? NULL : json_string(before));
	put(o, "next", after == NULL ? NULL : json_string(after));
}

enum err
report_clause(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	const struct clause *c = pack_find(r->pack, q->part[1]);
	struct span agency = param(r, q, "agency");
	struct page p = { .verdicts = NULL };
	int64_t at_us;
	json_t *o;
	enum err e;

	if (c == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no clause '%.*s'",
		    (int)q->part[1].len, (const char *)q->part[1].at);
	if ((e = agency_known(r, agency, why)) != ERR_OK)
		return e;
	if ((e = param_time(r, q, "at", r->now_us, &at_us, why)) != ERR_OK)
		return e;
	o = json_object();
	put(o, "verdicts", p.verdicts = json_array());
	put(o, "findings", p.findings = json_array());
	put(o, "history", p.history = json_array());
	e = page_fill(r, &p, c, agency, at_us, o, why);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	json_put_time(o, "at", at_us);
	json_put_time(o, "now", r->now_us);
	put(o, "pack", pack_json(r->pack));
	put(o, "agency", agency.len == 0 ? NULL : agency_json(r, agency));
	put(o, "clause", clause_json(c));
	put(o, "reason", reason_json(c));
	put(o, "sql", c->sql == NULL ? NULL : json_string(c->sql));
	put(o, "tables", tables_json(r, c));
	put(o, "parameters", parameters_json(c));
	put(o, "counts", counts_json(&p.counts));
	neighbours_put(r, place_of(r->pack, span_text(c->id)), o);
	a->json = o;
	return ERR_OK;
}
