/*
 * vault/search.c: matching records, newest first, looking at no more than is
 * needed.
 *
 * Segments, blocks and groups of the inbox are units with a latest received
 * time. The unit with the latest comes next; once enough rows are found that
 * are newer than any unit left, the search is over.
 */
#include "vault/search.h"

#include <stdlib.h>

#include "vault/search_own.h"

/* Whether everything asked for has been found. */
static bool
is_done(const struct search *s)
{
	if (s->n_units == 0)
		return true;
	if (s->ask->count)
		return false;
	if (s->ask->limit == 0)
		return true;
	return s->n_rows == s->ask->limit &&
	    s->row[0].event.received_us > s->unit[0].greatest_us;
}

/* Whether to stop early: time is up, and the answer has come forward. */
static bool
must_stop(struct search *s)
{
	const struct search_ask *ask = s->ask;
	struct env *env = view_env(s->v);
	int64_t start = ask->from_place ? ask->place.received_us
					: ask->until_us;

	if (s->full)
		return true;
	if (s->unit[0].greatest_us >= start - 1)
		return false; /* else it would never come forward */
	if (ask->budget_us > 0 &&
	    env->ops->now_us(env) - s->begun_us >= ask->budget_us)
		return true;
	return ask->stop != NULL && ask->stop(ask->stop_arg);
}

static enum err
units_work(struct search *s, bool *early, int64_t *frontier, struct fault *why)
{
	enum err e = ERR_OK;

	*early = false;
	while (e == ERR_OK && !is_done(s)) {
		struct unit u;

		if (must_stop(s)) {
			*early = true;
			*frontier = s->unit[0].greatest_us;
			return ERR_OK;
		}
		u = unit_pop(s);
		e = unit_work(s, &u, why);
		if (e == ERR_LIMIT && s->full) {
			*early = true;
			*frontier = u.greatest_us;
			return ERR_OK;
		}
	}
	return e;
}

/* Whether the ask makes sense. */
static enum err
ask_check(const struct search_ask *ask, struct fault *why)
{
	if (ask->limit > SEARCH_LIMIT_MAX || ask->buckets > SEARCH_BUCKETS_MAX)
		return fault_set(why, ERR_RANGE,
		    "at most %u records and %u buckets", SEARCH_LIMIT_MAX,
		    SEARCH_BUCKETS_MAX);
	if (ask->n_by > SEARCH_BY_MAX || ask->top > SEARCH_TOP_MAX)
		return fault_set(why, ERR_RANGE,
		    "at most %u fields and %u values", SEARCH_BY_MAX,
		    SEARCH_TOP_MAX);
	if (ask->since_us >= ask->until_us)
		return fault_set(
		    why, ERR_RANGE, "the time begins after its end");
	return ERR_OK;
}

/* What of each record is wanted: all of it where rows are given, else what
 * comparing and counting take. */
static struct segment_want
want_of(const struct search_ask *ask)
{
	struct query_need need = { .raw = ask->limit > 0,
		.texts = ask->limit > 0,
		.fields = ask->limit > 0 ? UINT64_MAX : 0 };

	query_need(ask->query, &need);
	for (unsigned i = 0; i < ask->n_by; i++)
		query_field_need(ask->by[i], &need);
	return (struct segment_want){
		.raw = need.raw, .texts = need.texts, .fields = need.fields
	};
}

/* Memory and plan of a search. */
static enum err
search_begin(struct search *s, struct fault *why)
{
	const struct search_ask *ask = s->ask;
	struct search_answer *out = s->out;
	enum err e = ERR_OK;

	s->row = arena_array(s->a, ask->limit, sizeof *s->row);
	out->bucket = arena_array(s->a, ask->buckets, sizeof *out->bucket);
	if (s->row == NULL || out->bucket == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	s->want = want_of(ask);
	s->since_us = ask->since_us;
	s->until_us = ask->until_us;
	query_span(ask->query, &s->since_us, &s->until_us);
	s->counts_only = ask->limit == 0 && ask->n_by == 0 && !ask->scan;
	for (unsigned i = 0; i < ask->n_by && e == ERR_OK; i++)
		e = tally_new(&s->tally[i], why);
	if (e == ERR_OK && !ask->scan)
		e = plan_new(ask->query, &s->plan, why);
	if (s->plan != NULL && plan_is_open(s->plan) && !s->counts_only) {
		plan_free(s->plan); /* all of it is asked for */
		s->plan = NULL;
	}
	return e;
}

static void
search_end(struct search *s)
{
	for (unsigned i = 0; i < s->ask->n_by; i++)
		tally_free(s->tally[i]);
	for (size_t i = 0; s->granules != NULL && i < s->n_items; i++)
		free(s->granules[i].may);
	free(s->granules);
	plan_free(s->plan);
	free(s->unit);
}

enum err
search_run(struct view *v, const struct search_ask *ask, struct arena *a,
    struct search_answer *out, struct fault *why)
{
	struct search s = { .v = v, .ask = ask, .out = out, .a = a };
	struct env *env = view_env(v);
	uint64_t bytes = view_bytes(v);
	int64_t frontier = 0;
	bool early = false;
	enum err e = ask_check(ask, why);

	if (e != ERR_OK)
		return e;
	*out = (struct search_answer){ .complete = true,
		.covered_us = ask->since_us };
	s.begun_us = env->ops->now_us(env);
	if ((e = search_begin(&s, why)) == ERR_OK &&
	    (e = units_collect(&s, why)) == ERR_OK &&
	    (e = units_work(&s, &early, &frontier, why)) == ERR_OK)
		e = rows_answer(&s, early, frontier, why);
	out->cost.bytes = view_bytes(v) - bytes;
	search_end(&s);
	return e;
}
