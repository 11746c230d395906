/*
 * vault/vault_report.c: what book is told of each stream, exactly once.
 *
 * acc holds the roll-ups of records base+1 .. mid, tail those after mid. The
 * position that book names decides: base (the last report did not arrive),
 * mid (it did), or any other (all is counted anew from the rows).
 */
#include <stdlib.h>

#include "vault/vault_own.h"

/* Where a recount stands. */
struct recount {
	struct stream_state *s;
	uint64_t from, to;
};

static enum err
row_count(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct recount *c = arg;

	(void)stream;
	if (r->seq <= c->from || r->seq > c->to)
		return ERR_OK;
	return rollup_add(c->s->acc, r->source, ev, why);
}

/* Adds the rows of one group. */
static enum err
group_count(struct vault *v, const struct inbox_group *g, struct recount *c,
    struct fault *why)
{
	struct span rows;
	struct cursor at;
	struct event ev;
	struct row r;
	enum err e = inbox_read(v->inbox, g, &rows, why);

	at = cursor_of(e == ERR_OK ? rows : SPAN_EMPTY);
	for (uint32_t i = 0; i < g->n && e == ERR_OK; i++) {
		if (!row_get(&at, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, NULL) != ERR_OK)
			return ERR_OK; /* named when it is sealed or verified */
		e = row_count(c, NULL, &r, &ev, why);
	}
	return e == ERR_DAMAGE ? ERR_OK : e;
}

/* Adds records that only segments hold any more. */
static enum err
segments_count(struct vault *v, struct recount *c, struct fault *why)
{
	const struct shelf_item *it;
	struct segment *g;
	enum err e = ERR_OK;
	size_t n;

	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (it[i].unreadable || it[i].first_seq > c->to ||
		    it[i].first_seq + it[i].n - 1 <= c->from ||
		    strcmp(shelf_stream(v->shelf, it[i].stream),
			c->s->pub.name) != 0)
			continue;
		e = shelf_segment(v->shelf, &it[i].name, &g, why);
		if (e != ERR_OK)
			return e;
		for (uint32_t k = 0;
		     k < segment_about(g)->blocks && e == ERR_OK; k++) {
			e = segment_rows(g, k, row_count, c, NULL, NULL, why);
			if (e == ERR_DAMAGE)
				e = ERR_OK;
		}
		segment_close(g);
	}
	return e;
}

/* Counts everything after `from` anew. */
static enum err
recount(struct vault *v, uint32_t stream, uint64_t from, struct fault *why)
{
	struct stream_state *s = v->stream[stream];
	struct recount c = { .s = s, .from = from, .to = s->pub.last_seq };
	const struct inbox_group *g;
	uint64_t held = UINT64_MAX; /* the first record still in the inbox */
	enum err e = ERR_OK;
	size_t n;

	rollup_reset(s->acc);
	rollup_reset(s->tail);
	g = inbox_groups(v->inbox, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (g[i].stream != stream)
			continue;
		if (g[i].first_seq < held)
			held = g[i].first_seq;
		if (g[i].first_seq + g[i].n - 1 > from)
			e = group_count(v, &g[i], &c, why);
	}
	if (e == ERR_OK && from < c.to && held > from + 1) {
		c.to = held == UINT64_MAX ? c.to : held - 1;
		e = segments_count(v, &c, why);
	}
	s->base = from;
	s->mid = s->pub.last_seq;
	return e;
}

/* Lends the detections that records from+1 .. to made. */
static enum err
detections_tell(
    struct vault *v, uint32_t stream, struct vault_report *r, struct fault *why)
{
	void *at = v->told;
	enum err e = ERR_OK;

	r->n_detections = 0;
	for (size_t i = 0; i < v->n_found; i++) {
		const struct detection *d = &v->found[i];

		if (d->stream != stream || d->seq <= r->from || d->seq > r->to)
			continue;
		e = grow_array(
		    &at, &v->cap_told, r->n_detections, sizeof *d, why);
		v->told = at;
		if (e != ERR_OK)
			return e;
		v->told[r->n_detections++] = *d;
	}
	r->detection = v->told;
	return e;
}

enum err
vault_report(struct vault *v, uint32_t stream, uint64_t from,
    struct vault_report *r, struct fault *why)
{
	struct stream_state *s;
	struct rollup *swap;
	enum err e = ERR_OK;

	if (stream >= v->n_streams)
		return fault_set(why, ERR_NOT_FOUND, "no such stream");
	s = v->stream[stream];
	if (from > s->pub.last_seq)
		return fault_set(why, ERR_RANGE,
		    "%s: records up to %llu are known elsewhere, here only up "
		    "to %llu",
		    s->pub.name, (unsigned long long)from,
		    (unsigned long long)s->pub.last_seq);
	if (from == s->mid && from != s->base) {
		swap = s->acc;
		s->acc = s->tail;
		s->tail = swap;
		rollup_reset(s->tail);
		s->base = from;
	} else if (from == s->base) {
		e = rollup_merge(s->acc, s->tail, why);
		rollup_reset(s->tail);
		if (e != ERR_OK) /* half merged: counted anew next time */
			s->base = s->mid = UINT64_MAX;
	} else {
		e = recount(v, stream, from, why);
	}
	if (e != ERR_OK)
		return e;
	s->mid = s->pub.last_seq;
	if (from > s->pub.reported_seq)
		s->pub.reported_seq = from;
	*r = (struct vault_report){
		.stream = stream, .from = from, .to = s->mid
	};
	r->row = rollup_rows(s->acc, &r->n_rows);
	return detections_tell(v, stream, r, why);
}

void
vault_reported(struct vault *v, uint32_t stream, uint64_t to)
{
	struct stream_state *s;
	size_t n = 0;

	if (stream >= v->n_streams)
		return;
	s = v->stream[stream];
	if (to > s->pub.last_seq || to < s->pub.reported_seq)
		return;
	s->pub.reported_seq = to;
	for (size_t i = 0; i < v->n_found; i++)
		if (v->found[i].stream != stream || v->found[i].seq > to)
			v->found[n++] = v->found[i];
	v->n_found = n;
}
