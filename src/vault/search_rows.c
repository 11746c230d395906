/*
 * vault/search_rows.c: what a search keeps: the newest rows, counts, values.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vault/search_own.h"

/* --- order ----------------------------------------------------------------- */

/* Whether the record stands behind the place, in the order of answers. */
static bool
is_behind(const struct search_place *p, int64_t received_us, const char *stream,
    uint64_t seq)
{
	int by;

	if (received_us != p->received_us)
		return received_us < p->received_us;
	if (p->stream[0] == '\0')
		return false;
	by = strcmp(stream, p->stream);
	return by > 0 || (by == 0 && seq < p->seq);
}

/* Whether row a stands behind row b. */
static bool
row_behind(const struct search_row *a, const struct search_row *b)
{
	int by;

	if (a->event.received_us != b->event.received_us)
		return a->event.received_us < b->event.received_us;
	by = strcmp(a->stream, b->stream);
	return by > 0 || (by == 0 && a->seq < b->seq);
}

static int
row_order(const void *a, const void *b)
{
	return row_behind(a, b) ? 1 : row_behind(b, a) ? -1 : 0;
}

/* Moves a new last row up to its place: the oldest is at the top. */
static void
rows_rise(struct search *s, size_t i)
{
	while (i > 0 && row_behind(&s->row[i], &s->row[(i - 1) / 2])) {
		struct search_row t = s->row[i];

		s->row[i] = s->row[(i - 1) / 2];
		s->row[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
}

/* Moves a new top row down to its place. */
static void
rows_sink(struct search *s)
{
	size_t i = 0;

	for (;;) {
		size_t k = 2 * i + 1;
		struct search_row t;

		if (k >= s->n_rows)
			return;
		if (k + 1 < s->n_rows && row_behind(&s->row[k + 1], &s->row[k]))
			k++;
		if (!row_behind(&s->row[k], &s->row[i]))
			return;
		t = s->row[i];
		s->row[i] = s->row[k];
		s->row[k] = t;
		i = k;
	}
}

void
miss(struct search *s, int64_t first_us, int64_t last_us, const char *fmt, ...)
{
	struct search_answer *o = s->out;
	struct search_missing *m;
	va_list ap;

	o->complete = false;
	if (o->n_missing++ >= SEARCH_MISSING)
		return;
	m = &o->missing[o->n_missing - 1];
	m->first_us = first_us;
	m->last_us = last_us;
	va_start(ap, fmt);
	(void)vsnprintf(m->text, sizeof m->text, fmt, ap);
	va_end(ap);
}

size_t
bucket_at(const struct search *s, int64_t received_us)
{
	const struct search_ask *ask = s->ask;
	__extension__ unsigned __int128 at;

	if (ask->buckets == 0)
		return 0;
	at = (uint64_t)(received_us - ask->since_us);
	at = at * ask->buckets / (uint64_t)(ask->until_us - ask->since_us);
	return (size_t)at;
}

/* Whether the index has said that every record of its granule matches. */
static bool
granule_is_sure(const struct search *s, uint64_t seq)
{
	uint64_t g;

	if (s->now == NULL)
		return false;
	g = (seq - s->now_seq) >> s->now->shift;
	return g < s->now->n && (s->now->all[g / 64] >> g % 64 & 1) != 0;
}

/* Counts a match: its bucket, its values. */
static enum err
match_count(struct search *s, const struct row *r, const struct event *ev,
    struct fault *why)
{
	char room[QUERY_FIELD_ROOM];
	enum err e = ERR_OK;

	s->out->count++;
	if (s->ask->buckets > 0)
		s->out->bucket[bucket_at(s, ev->received_us)]++;
	for (unsigned i = 0; i < s->ask->n_by && e == ERR_OK; i++)
		e = tally_add(s->tally[i],
		    query_field_value(s->ask->by[i], r->source, ev, room), 1,
		    why);
	return e;
}

/* Keeps a match if it is among the newest. */
static enum err
row_keep(struct search *s, const struct row *r, const struct event *ev)
{
	struct search_row row = { .seq = r->seq,
		.source = r->source,
		.sealed = s->sealed,
		.event = { .received_us = ev->received_us } };

	memcpy(row.stream, s->stream, strlen(s->stream) + 1);
	if (s->n_rows == s->ask->limit) {
		s->dropped = true;
		if (!row_behind(&s->row[0], &row))
			return ERR_OK;
	}
	if (!event_copy(s->a, ev, &row.event)) {
		s->full = true;
		return ERR_LIMIT;
	}
	if (s->n_rows == s->ask->limit) {
		s->row[0] = row;
		rows_sink(s);
	} else {
		s->row[s->n_rows++] = row;
		rows_rise(s, s->n_rows - 1);
	}
	return ERR_OK;
}

enum err
row_look(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct search *s = arg;
	const struct search_ask *ask = s->ask;
	enum err e;

	s->stream = stream;
	if (ev->received_us < ask->since_us ||
	    ev->received_us >= ask->until_us ||
	    (ask->from_place &&
		!is_behind(&ask->place, ev->received_us, stream, r->seq)))
		return ERR_OK;
	if (!granule_is_sure(s, r->seq)) {
		s->out->looked++;
		switch (query_match(ask->query, r->source, ev)) {
		case QUERY_NO:
			return ERR_OK;
		case QUERY_MAYBE:
			s->out->regex_cut++;
			return ERR_OK;
		case QUERY_YES:
			break;
		}
	} else {
		s->out->cost.known++;
	}
	e = match_count(s, r, ev, why);
	return e == ERR_OK && ask->limit > 0 ? row_keep(s, r, ev) : e;
}

/* The values of the fields asked for. */
static enum err
values_make(struct search *s, struct fault *why)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; i < s->ask->n_by && e == ERR_OK; i++) {
		struct search_values *v = &s->out->values[i];
		const struct tally *t = s->tally[i];

		e = tally_top(t, s->ask->top, s->a, &v->value, &v->n, why);
		v->distinct = tally_distinct(t);
		v->none = tally_none(t);
		v->others = tally_others(t);
		if (v->others > 0)
			miss(s, 0, 0,
			    "more than %zu different values: %llu records "
			    "have others",
			    tally_distinct(t), (unsigned long long)v->others);
	}
	return e;
}

enum err
rows_answer(struct search *s, bool early, int64_t frontier, struct fault *why)
{
	struct search_answer *o = s->out;

	if (s->n_rows > 1)
		qsort(s->row, s->n_rows, sizeof *s->row, row_order);
	if (early) { /* what is older than the frontier may have gaps */
		while (s->n_rows > 0 &&
		    s->row[s->n_rows - 1].event.received_us <= frontier)
			s->n_rows--;
		o->more = true;
		o->covered_us = frontier + 1;
		o->next = (struct search_place){ .received_us = frontier + 1 };
		miss(s, s->ask->since_us, frontier,
		    s->full ? "the answer is full: go on from here"
			    : "the time is up: go on from here");
	}
	o->row = s->row;
	o->n = s->n_rows;
	o->cost.compared = o->looked;
	if (!early && s->n_rows > 0 && (s->dropped || s->n_units > 0)) {
		const struct search_row *last = &s->row[s->n_rows - 1];

		o->more = true;
		o->next = (struct search_place){
			.received_us = last->event.received_us, .seq = last->seq
		};
		memcpy(o->next.stream, last->stream, sizeof o->next.stream);
	}
	if (o->regex_cut > 0)
		miss(s, 0, 0,
		    "a regular expression took too long on %llu records",
		    (unsigned long long)o->regex_cut);
	return values_make(s, why);
}

void
search_place_print(struct buf *b, const struct search_place *p)
{
	buf_printf(b, "%lld_%llu_%s", (long long)p->received_us,
	    (unsigned long long)p->seq, p->stream);
}

enum err
search_place_parse(struct span s, struct search_place *p, struct fault *why)
{
	struct search_place got = { .seq = 0 };
	struct cursor c = cursor_of(s);
	struct span time = cursor_until(&c, '_', NULL);
	struct span seq = cursor_until(&c, '_', NULL);
	struct span stream = cursor_rest(&c);
	bool minus = span_starts(time, "-");
	struct stream_name parts;
	uint64_t us;

	if (!span_number(span_slice(time, minus, SIZE_MAX), INT64_MAX, &us) ||
	    !span_number(seq, UINT64_MAX, &got.seq) ||
	    stream.len >= sizeof got.stream ||
	    (stream.len > 0 && stream_parse(stream, &parts, NULL) != ERR_OK))
		return fault_set(
		    why, ERR_SYNTAX, "not a place that a search gave");
	got.received_us = minus ? -(int64_t)us : (int64_t)us;
	if (stream.len > 0)
		memcpy(got.stream, stream.at, stream.len);
	*p = got;
	return ERR_OK;
}
