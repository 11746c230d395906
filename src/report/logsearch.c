/*
 * report/logsearch.c: searching machines' records, and counting them.
 *
 * One question may ask for the newest records, how many there are, when they
 * came and which values they have: one answer, and one record of the read.
 */
#include "report/logrecord.h"

#include <string.h>

#include "vault/search.h"

#define LIMIT_DEFAULT 100
#define TOP_DEFAULT 10
#define BUDGET_US (5 * WHEN_SECOND)
#define QUICK_US INT64_C(700000) /* for the figures beside a page's list */
#define BUCKETS_MAX 120

static bool
may_search(void *arg, const char *agency)
{
	return logs_may(arg, agency);
}

struct only {
	struct report *r;
	char *agency;
};

static bool
may_search_one(void *arg, const char *agency)
{
	struct only *o = arg;

	return strcmp(o->agency, agency) == 0 && logs_may(o->r, agency);
}

/* What a search asks, from the question's parameters. */
struct searching {
	struct query *query;
	struct search_ask ask;
	struct only only;
	bool count; /* how many there are, too */
};

/*
 * The query's words. Beimen's own records of earlier reads hold those words
 * too, so they are left out unless the query speaks of them.
 */
static enum err
words_read(
    struct report *r, struct span text, struct query **out, struct fault *why)
{
	struct query *q;
	char *whole;
	enum err e = query_parse_at(text, r->now_us, &q, why);

	if (e != ERR_OK || span_find_text(text, "read-records") != SIZE_MAX) {
		*out = e == ERR_OK ? q : NULL;
		return e;
	}
	query_free(q);
	whole = span_trim(text).len == 0
	    ? arena_printf(r->arena, "-action:read-records")
	    : arena_printf(r->arena, "(%.*s) -action:read-records",
		  (int)text.len, (const char *)text.at);
	if (whole == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	return query_parse_at(span_text(whole), r->now_us, out, why);
}

/* A time of the question: as queries have it. */
static enum err
time_read(struct report *r, const struct question *q, const char *name,
    int64_t or_, int64_t *us, struct fault *why)
{
	struct span s = param(r, q, name);
	int64_t until;

	*us = or_;
	if (s.len == 0)
		return ERR_OK;
	if (query_time(s, r->now_us, us, &until, why) != ERR_OK)
		return fault_at(why, "%s", name);
	return ERR_OK;
}

/* The fields whose values are counted: names with commas. */
static enum err
fields_read(struct report *r, const struct question *q, const char *name,
    struct search_ask *ask, struct fault *why)
{
	struct cursor c = cursor_of(param(r, q, name));
	uint64_t n;
	enum err e = param_int(r, q, "n", TOP_DEFAULT, SEARCH_TOP_MAX, &n, why);

	ask->top = (unsigned)n;
	while (e == ERR_OK && c.pos < c.all.len) {
		struct span one = span_trim(cursor_until(&c, ',', NULL));
		unsigned field = query_field(one);

		if (field == QUERY_NO_FIELD)
			return fault_set(why, ERR_RANGE,
			    "%s: records are not counted by \"%.*s\"", name,
			    one.len > 60 ? 60 : (int)one.len,
			    (const char *)one.at);
		if (ask->n_by == SEARCH_BY_MAX)
			return fault_set(why, ERR_RANGE,
			    "%s: at most %d fields at a time", name,
			    SEARCH_BY_MAX);
		ask->by[ask->n_by++] = field;
	}
	return e;
}

static enum err
search_read(struct report *r, const struct question *q, struct searching *s,
    struct fault *why)
{
	struct span class = param(r, q, "class");
	struct span agency = param(r, q, "agency");
	struct span before = param(r, q, "before");
	uint64_t limit;
	enum err e;

	*s = (struct searching){ .ask = { .may = may_search,
				     .may_arg = r,
				     .budget_us = BUDGET_US } };
	if (agency.len > 0) {
		s->only = (struct only){ r, arena_text(r->arena, agency) };
		s->ask.may = may_search_one;
		s->ask.may_arg = &s->only;
	}
	if (class.len > 0) {
		enum event_class found = event_class_find(class);

		if (found == CLASS_N)
			return fault_set(why, ERR_RANGE,
			    "class: there is no '%.*s'", (int)class.len,
			    (const char *)class.at);
		s->ask.classes = 1U << found;
	}
	if ((e = time_read(r, q, "since", 0, &s->ask.since_us, why)) !=
		ERR_OK ||
	    (e = time_read(r, q, "until", r->now_us + WHEN_SECOND,
		 &s->ask.until_us, why)) != ERR_OK ||
	    (e = param_int(r, q, "limit", LIMIT_DEFAULT, SEARCH_LIMIT_MAX,
		 &limit, why)) != ERR_OK)
		return e;
	s->ask.limit = (unsigned)limit;
	s->count = param(r, q, "count").len > 0;
	if (before.len > 0) {
		if ((e = search_place_parse(before, &s->ask.place, why)) !=
		    ERR_OK)
			return e;
		s->ask.from_place = true;
	}
	return words_read(r, param(r, q, "q"), &s->query, why);
}

/* ---- documents ---- */

static void
time_put(json_t *o, const char *key, int64_t us)
{
	if (us == 0)
		put(o, key, NULL);
	else
		json_put_time(o, key, us);
}

/* What was not looked at, in words for people, and of which time. */
static json_t *
missing_json(const struct search_answer *x)
{
	json_t *list = json_array(), *o;

	for (unsigned i = 0; i < x->n_missing && i < SEARCH_MISSING; i++) {
		const struct search_missing *m = &x->missing[i];

		o = words_json(m->text, m->text);
		time_put(o, "first", m->first_us);
		time_put(o, "last", m->last_us);
		(void)json_array_append_new(list, o);
	}
	if (x->n_missing > SEARCH_MISSING)
		(void)json_array_append_new(list,
		    words_json("還有其他部分未能查閱",
			"and other parts could not be looked at"));
	if (x->regex_cut > 0)
		(void)json_array_append_new(list,
		    words_json("有些紀錄太長，正規表示式未比對完",
			"the regular expression did not finish on some "
			"records"));
	return list;
}

/* What it took. Two passes of one question are added up. */
static json_t *
cost_json(const struct search_cost *c, int64_t began_us)
{
	json_t *o = json_object();

	json_put_int(o, "segments", (int64_t)c->segments);
	json_put_int(o, "segments_read", (int64_t)c->segments_read);
	json_put_int(o, "blocks", (int64_t)c->blocks);
	json_put_int(o, "groups", (int64_t)c->groups);
	json_put_int(o, "bytes", (int64_t)c->bytes);
	json_put_int(o, "compared", (int64_t)c->compared);
	json_put_int(o, "known", (int64_t)c->known);
	json_put_int(o, "ms",
	    (env_system()->ops->now_us(env_system()) - began_us) / 1000);
	return o;
}

static void
cost_add(struct search_cost *to, const struct search_cost *c)
{
	if (c->segments > to->segments)
		to->segments = c->segments;
	if (c->segments_read > to->segments_read) /* the same ones, mostly */
		to->segments_read = c->segments_read;
	to->blocks += c->blocks;
	to->groups += c->groups;
	to->bytes += c->bytes;
	to->compared += c->compared;
	to->known += c->known;
}

/* The values of each field counted. */
static json_t *
values_json(struct report *r, const struct question *q, const char *name,
    const struct search_ask *ask, const struct search_answer *x)
{
	struct span names = param(r, q, name);
	struct cursor c = cursor_of(names.len > 0 ? names : SPAN_LIT("host"));
	json_t *list = json_array();

	for (unsigned i = 0; i < ask->n_by; i++) {
		const struct search_values *v = &x->values[i];
		json_t *o = json_object(), *values = json_array();

		json_put_text(
		    o, "field", span_trim(cursor_until(&c, ',', NULL)));
		put(o, "values", values);
		for (size_t k = 0; k < v->n; k++) {
			json_t *one = json_object();

			json_put_text(one, "value", v->value[k].value);
			json_put_int(one, "n", (int64_t)v->value[k].n);
			(void)json_array_append_new(values, one);
		}
		json_put_int(o, "distinct", (int64_t)v->distinct);
		json_put_int(o, "none", (int64_t)v->none);
		json_put_int(o, "others", (int64_t)v->others);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
buckets_json(const struct search_ask *ask, const struct search_answer *x)
{
	int64_t width = (ask->until_us - ask->since_us) / BUCKETS_MAX;
	json_t *o = json_object(), *list = json_array();

	for (unsigned i = 0; i < BUCKETS_MAX; i++) {
		json_t *one = json_object();

		json_put_time(one, "from", ask->since_us + width * i);
		json_put_int(one, "n", (int64_t)x->bucket[i]);
		(void)json_array_append_new(list, one);
	}
	json_put_int(o, "bucket_s", width / WHEN_SECOND);
	put(o, "buckets", list);
	json_put_int(o, "total", (int64_t)x->count);
	put(o, "complete", json_boolean(x->complete));
	return o;
}

static void
search_head(struct report *r, const struct question *q,
    const struct searching *s, json_t *o)
{
	struct span agency = param(r, q, "agency");
	struct span class = param(r, q, "class");

	json_put_text(o, "q", param(r, q, "q"));
	put(o, "agency", agency.len == 0 ? NULL : agency_json(r, agency));
	if (class.len == 0)
		put(o, "class", NULL);
	else
		json_put_text(o, "class", class);
	json_put_time(o, "since", s->ask.since_us);
	json_put_time(o, "until", s->ask.until_us);
}

static enum err
agency_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct span key = arena_copy(r->arena, sql_text(s, 0));

	(void)why;
	if (rights_may(r->rights, key, MAY_LOGS))
		(void)json_array_append_new(arg, agency_json(r, key));
	return ERR_OK;
}

/* The agencies and classes one may choose from. */
static enum err
choices_put(struct report *r, json_t *o, struct fault *why)
{
	const struct bind every[] = { BIND_TEXT(":agency", SPAN_EMPTY),
		BIND_TEXT(":parent", SPAN_EMPTY) };
	json_t *agencies = json_array(), *classes = json_array();

	put(o, "agencies", agencies);
	put(o, "classes", classes);
	for (unsigned i = 0; i < CLASS_N; i++)
		(void)json_array_append_new(classes,
		    json_string(event_class_name((enum event_class)i)));
	return rows(r, "agency_list", every, 2, agency_each, agencies, why);
}

/* The records found. */
static void
records_put(struct report *r, const struct question *q,
    const struct search_answer *x, json_t *o)
{
	bool raw = param(r, q, "raw").len > 0;
	json_t *list = json_array();
	struct buf next;

	for (size_t i = 0; i < x->n; i++) {
		json_t *one = logrecord_json(r, x->row[i].stream, x->row[i].seq,
		    &x->row[i].event, x->row[i].sealed);

		if (raw)
			logrecord_raw(one, &x->row[i].event);
		(void)json_array_append_new(list, one);
	}
	put(o, "records", list);
	put(o, "next", NULL);
	if (!x->more)
		return;
	buf_init(&next, 1024);
	search_place_print(&next, &x->next);
	json_put_str(o, "next", buf_string(&next));
	buf_clear(&next);
}

/* Without a beginning, the last day before the end. */
static void
buckets_want(struct search_ask *ask)
{
	query_span(ask->query, &ask->since_us, &ask->until_us);
	if (ask->since_us <= 0)
		ask->since_us = ask->until_us - WHEN_DAY;
	ask->buckets = BUCKETS_MAX;
}

/* The figures beside the list: all matches are counted, whatever part of
 * them the list shows. */
static enum err
figures_put(struct report *r, const struct question *q, struct searching *s,
    json_t *o, struct search_cost *cost, struct fault *why)
{
	struct search_ask ask = s->ask;
	struct search_answer x;
	enum err e = fields_read(r, q, "top", &ask, why);
	bool histogram = param(r, q, "histogram").len > 0;

	if (e != ERR_OK)
		return e;
	put(o, "count", NULL);
	if (!s->count && ask.n_by == 0 && !histogram)
		return ERR_OK;
	ask.limit = 0;
	ask.count = true;
	ask.from_place = false;
	if (param(r, q, "quick").len > 0)
		ask.budget_us = QUICK_US;
	if (histogram)
		buckets_want(&ask);
	if ((e = search_run(r->view, &ask, r->arena, &x, why)) != ERR_OK)
		return e;
	cost_add(cost, &x.cost);
	json_put_int(o, "count", (int64_t)x.count);
	put(o, "counted", json_boolean(x.complete));
	if (ask.n_by > 0)
		put(o, "top", values_json(r, q, "top", &ask, &x));
	if (histogram)
		put(o, "histogram", buckets_json(&ask, &x));
	if (s->ask.limit == 0 || s->count) {
		put(o, "complete", json_boolean(x.complete));
		put(o, "missing", missing_json(&x));
	}
	return ERR_OK;
}

enum err
report_search(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct searching s;
	struct search_answer x = { .complete = true };
	int64_t began = env_system()->ops->now_us(env_system());
	json_t *o = NULL;
	enum err e = search_read(r, q, &s, why);

	if (e != ERR_OK)
		return e;
	s.ask.query = s.query;
	e = view_refresh(r->view, why);
	if (e == ERR_OK && s.ask.limit > 0)
		e = search_run(r->view, &s.ask, r->arena, &x, why);
	if (e != ERR_OK)
		goto out;
	o = json_object();
	search_head(r, q, &s, o);
	records_put(r, q, &x, o);
	put(o, "complete", json_boolean(x.complete));
	put(o, "missing", missing_json(&x));
	if ((e = figures_put(r, q, &s, o, &x.cost, why)) != ERR_OK)
		goto out;
	put(o, "cost", cost_json(&x.cost, began));
	json_put_int(
	    o, "ms", (env_system()->ops->now_us(env_system()) - began) / 1000);
	if ((e = choices_put(r, o, why)) != ERR_OK)
		goto out;
	a->json = o;
	o = NULL;
out:
	json_decref(o);
	query_free(s.query);
	return e;
}

/* A question for figures alone. */
static enum err
figures_run(struct report *r, struct searching *s, struct search_answer *x,
    struct fault *why)
{
	enum err e;

	s->ask.query = s->query;
	s->ask.limit = 0;
	s->ask.count = true;
	if (s->ask.buckets > 0)
		buckets_want(&s->ask);
	if ((e = view_refresh(r->view, why)) == ERR_OK)
		e = search_run(r->view, &s->ask, r->arena, x, why);
	return e;
}

static void
figures_end(json_t *o, const struct search_answer *x, int64_t began_us)
{
	put(o, "complete", json_boolean(x->complete));
	put(o, "missing", missing_json(x));
	put(o, "cost", cost_json(&x->cost, began_us));
}

enum err
report_histogram(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct searching s;
	struct search_answer x;
	int64_t began = env_system()->ops->now_us(env_system());
	enum err e = search_read(r, q, &s, why);

	if (e != ERR_OK)
		return e;
	s.ask.buckets = BUCKETS_MAX;
	if ((e = figures_run(r, &s, &x, why)) == ERR_OK) {
		a->json = buckets_json(&s.ask, &x);
		figures_end(a->json, &x, began);
	}
	query_free(s.query);
	return e;
}

enum err
report_top(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct searching s;
	struct search_answer x;
	int64_t began = env_system()->ops->now_us(env_system());
	enum err e = search_read(r, q, &s, why);

	if (e != ERR_OK)
		return e;
	e = fields_read(r, q, "by", &s.ask, why);
	if (e == ERR_OK && s.ask.n_by == 0)
		s.ask.by[s.ask.n_by++] = query_field(SPAN_LIT("host"));
	if (e == ERR_OK && (e = figures_run(r, &s, &x, why)) == ERR_OK) {
		a->json = json_object();
		search_head(r, q, &s, a->json);
		put(a->json, "fields", values_json(r, q, "by", &s.ask, &x));
		json_put_int(a->json, "count", (int64_t)x.count);
		figures_end(a->json, &x, began);
	}
	query_free(s.query);
	return e;
}
