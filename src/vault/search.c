/*
 * vault/search.c: matching records, newest first, looking at no more than is
 * needed.
 *
 * Segments, blocks and groups of the inbox are units with a latest received
 * time. The unit with the latest comes next; once enough rows are found that
 * are newer than any unit left, the search is over.
 */
#include "vault/search.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"

#define HELD_MAX 32 /* segments held open */
#define INBOX_UNIT UINT32_MAX
#define WHOLE_SEGMENT UINT32_MAX

struct unit {
	int64_t greatest_us;
	uint32_t item; /* of the shelf, or INBOX_UNIT */
	uint32_t block; /* of the segment, or of the inbox's groups */
};

struct held {
	struct segment *segment; /* NULL: free */
	uint32_t item;
	uint64_t used;
};

struct search {
	struct view *v;
	const struct search_ask *ask;
	struct search_answer *out;
	struct arena *a;
	struct unit *unit; /* a heap, the latest first */
	size_t n_units, cap_units;
	struct search_row *row; /* a heap, the oldest first */
	size_t n_rows;
	bool dropped; /* rows older than those kept were found */
	bool full; /* the arena is */
	struct held held[HELD_MAX];
	uint64_t clock;
	int64_t begun_us;
	/* The row at hand. */
	const char *stream;
	bool sealed;
};

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

/* --- units ----------------------------------------------------------------- */

static enum err
unit_push(struct search *s, struct unit u, struct fault *why)
{
	size_t cap = s->cap_units == 0 ? 256 : s->cap_units * 2;
	size_t i = s->n_units;
	struct unit *p;

	if (s->n_units == s->cap_units) {
		if ((p = reallocarray(s->unit, cap, sizeof *p)) == NULL)
			return fault_set(why, ERR_MEMORY, "search");
		s->unit = p;
		s->cap_units = cap;
	}
	s->n_units++;
	while (i > 0 && s->unit[(i - 1) / 2].greatest_us < u.greatest_us) {
		s->unit[i] = s->unit[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->unit[i] = u;
	return ERR_OK;
}

static struct unit
unit_pop(struct search *s)
{
	struct unit top = s->unit[0], u = s->unit[--s->n_units];
	size_t i = 0, k;

	while ((k = 2 * i + 1) < s->n_units) {
		if (k + 1 < s->n_units &&
		    s->unit[k + 1].greatest_us > s->unit[k].greatest_us)
			k++;
		if (s->unit[k].greatest_us <= u.greatest_us)
			break;
		s->unit[i] = s->unit[k];
		i = k;
	}
	if (s->n_units > 0)
		s->unit[i] = u;
	return top;
}

/* Whether records of these times can be in the answer. */
static bool
times_fit(const struct search *s, int64_t least_us, int64_t greatest_us)
{
	const struct search_ask *ask = s->ask;

	if (greatest_us < ask->since_us || least_us >= ask->until_us)
		return false;
	return !ask->from_place || least_us <= ask->place.received_us;
}

/* Whether a stream's records may be looked at and are of a class asked. */
static bool
stream_fits(const struct search *s, const char *name)
{
	const struct search_ask *ask = s->ask;
	struct stream_name parts;

	if (stream_parse(span_text(name), &parts, NULL) != ERR_OK)
		return false;
	if (ask->classes != 0 && (ask->classes & 1U << parts.class) == 0)
		return false;
	return ask->may == NULL || ask->may(ask->may_arg, parts.agency);
}

/* Notes what was not looked at. */
static void __attribute__((format(printf, 2, 3)))
miss(struct search *s, const char *fmt, ...)
{
	struct search_answer *o = s->out;
	va_list ap;

	o->complete = false;
	if (o->n_missing >= SEARCH_MISSING)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(
	    o->missing[o->n_missing++], sizeof o->missing[0], fmt, ap);
	va_end(ap);
}

/* All segments and groups that may hold something. */
static enum err
units_collect(struct search *s, struct fault *why)
{
	struct shelf *shelf = view_shelf(s->v);
	struct inbox *inbox = view_inbox(s->v);
	const struct shelf_item *it = NULL;
	const struct inbox_group *g = NULL;
	size_t n = 0;
	enum err e = ERR_OK;

	if (shelf != NULL)
		it = shelf_items(shelf, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		char hex[SEGMENT_NAME_LEN + 1];

		if (it[i].unreadable) {
			segment_print_name(&it[i].name, hex);
			miss(s, "segment %.12s cannot be read", hex);
			continue;
		}
		if (times_fit(s, it[i].first_us, it[i].last_us) &&
		    stream_fits(s, shelf_stream(shelf, it[i].stream)))
			e = unit_push(s,
			    (struct unit){ .greatest_us = it[i].last_us,
				.item = (uint32_t)i,
				.block = WHOLE_SEGMENT },
			    why);
	}
	n = 0;
	if (inbox != NULL)
		g = inbox_groups(inbox, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (times_fit(s, g[i].least_us, g[i].greatest_us) &&
		    stream_fits(s, inbox_stream_name(inbox, g[i].stream)))
			e = unit_push(s,
			    (struct unit){ .greatest_us = g[i].greatest_us,
				.item = INBOX_UNIT,
				.block = (uint32_t)i },
			    why);
	if (view_found(s->v)->n_damages > 0)
		miss(s, "%s", view_found(s->v)->damage[0].text);
	return e;
}

/* An open segment, kept for its other blocks. */
static enum err
segment_hold(
    struct search *s, uint32_t item, struct segment **out, struct fault *why)
{
	const struct shelf_item *it;
	struct held *h = &s->held[0];
	size_t n;
	enum err e;

	for (unsigned i = 0; i < HELD_MAX; i++) {
		if (s->held[i].segment != NULL && s->held[i].item == item) {
			s->held[i].used = ++s->clock;
			*out = s->held[i].segment;
			return ERR_OK;
		}
		if (s->held[i].used < h->used)
			h = &s->held[i];
	}
	it = shelf_items(view_shelf(s->v), &n);
	segment_close(h->segment);
	h->segment = NULL;
	h->used = 0;
	e = shelf_segment(view_shelf(s->v), &it[item].name, &h->segment, why);
	if (e != ERR_OK)
		return e;
	h->item = item;
	h->used = ++s->clock;
	*out = h->segment;
	return ERR_OK;
}

/* The source's texts in a segment's list; NULL when it is not there. */
static const struct segment_origin *
origin_find(const struct segment_info *info, uint32_t source)
{
	size_t low = 0, high = info->n_origins;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (info->origin[mid].source == source)
			return &info->origin[mid];
		if (info->origin[mid].source < source)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Whether any source of the block could match. */
static bool
block_may(const struct search *s, const struct segment_info *info,
    const struct segment_block *k)
{
	if (k->n_sources == SEGMENT_MANY || info->n_origins == 0)
		return true;
	for (unsigned i = 0; i < k->n_sources; i++) {
		const struct segment_origin *o = origin_find(
		    info, k->source[i]);

		if (o == NULL ||
		    query_may(s->ask->query, o->source, o->sender, o->host) !=
			QUERY_NO)
			return true;
	}
	return false;
}

/* Puts a segment's blocks in its place. */
static enum err
segment_expand(struct search *s, const struct unit *u, struct fault *why)
{
	const struct segment_info *info;
	struct segment *g;
	struct fault what;
	enum err e = segment_hold(s, u->item, &g, &what);

	if (e == ERR_NOT_FOUND) /* deleted at the end of its period */
		return ERR_OK;
	if (e == ERR_DAMAGE) {
		miss(s, "%.200s", what.text);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return fault_set(why, e, "%s", what.text);
	info = segment_about(g);
	if (segment_wrong(g) != NULL)
		miss(s, "a segment of %s: %.100s", info->stream,
		    segment_wrong(g));
	for (uint32_t i = 0; i < info->blocks && e == ERR_OK; i++) {
		const struct segment_block *k = segment_block_at(g, i);

		if (times_fit(s, k->first_us, k->last_us) &&
		    block_may(s, info, k))
			e = unit_push(s,
			    (struct unit){ .greatest_us = k->last_us,
				.item = u->item,
				.block = i },
			    why);
	}
	return e;
}

/* --- rows ------------------------------------------------------------------ */

/* Counts a match in its bucket. */
static void
bucket_count(struct search *s, int64_t received_us)
{
	const struct search_ask *ask = s->ask;
	__extension__ unsigned __int128 at;

	s->out->count++;
	if (ask->buckets == 0)
		return;
	at = (uint64_t)(received_us - ask->since_us);
	at = at * ask->buckets / (uint64_t)(ask->until_us - ask->since_us);
	s->out->bucket[(size_t)at]++;
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
	if (s->ask->limit == 0)
		return ERR_OK;
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

static enum err
row_look(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct search *s = arg;
	const struct search_ask *ask = s->ask;

	(void)why;
	s->stream = stream;
	if (ev->received_us < ask->since_us ||
	    ev->received_us >= ask->until_us ||
	    (ask->from_place &&
		!is_behind(&ask->place, ev->received_us, stream, r->seq)))
		return ERR_OK;
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
	bucket_count(s, ev->received_us);
	return row_keep(s, r, ev);
}

/* Damage inside a block that is searched. */
static void
damage_miss(void *arg, const struct segment_damage *d)
{
	miss(arg, "%.250s", d->text);
}

static enum err
block_look(struct search *s, const struct unit *u, struct fault *why)
{
	struct segment *g;
	enum err e = segment_hold(s, u->item, &g, why);

	s->sealed = true;
	if (e == ERR_OK)
		e = segment_rows(g, u->block, row_look, s, damage_miss, s, why);
	return e == ERR_DAMAGE || e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
group_look(struct search *s, const struct unit *u, struct fault *why)
{
	struct inbox *inbox = view_inbox(s->v);
	struct shelf *shelf = view_shelf(s->v);
	const struct inbox_group *g;
	const char *stream;
	struct fault what;
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row r;
	size_t n;
	enum err e;

	g = &inbox_groups(inbox, &n)[u->block];
	stream = inbox_stream_name(inbox, g->stream);
	e = inbox_read(inbox, g, &rows, &what);
	if (e == ERR_DAMAGE || e == ERR_NOT_FOUND) {
		miss(s, "%.250s", what.text);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return fault_set(why, e, "%s", what.text);
	s->sealed = false;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g->n && e == ERR_OK; i++) {
		if (!row_get(&c, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, &what) != ERR_OK) {
			miss(s, "record %s.%llu does not read", stream,
			    (unsigned long long)(g->first_seq + i));
			return ERR_OK;
		}
		if (shelf != NULL &&
		    shelf_holding(shelf, stream, r.seq) != NULL)
			continue;
		e = row_look(s, stream, &r, &ev, why);
	}
	return e;
}

/* --- the whole -------------------------------------------------------------- */

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
		if (u.item == INBOX_UNIT)
			e = group_look(s, &u, why);
		else if (u.block == WHOLE_SEGMENT)
			e = segment_expand(s, &u, why);
		else
			e = block_look(s, &u, why);
		if (e == ERR_LIMIT && s->full) {
			*early = true;
			*frontier = u.greatest_us;
			return ERR_OK;
		}
	}
	return e;
}

/* Puts the answer together. */
static void
answer_make(struct search *s, bool early, int64_t frontier)
{
	struct search_answer *o = s->out;

	if (s->n_rows > 1)
		qsort(s->row, s->n_rows, sizeof *s->row, row_order);
	if (early) { /* what is older than the frontier may have gaps */
		while (s->n_rows > 0 &&
		    s->row[s->n_rows - 1].event.received_us <= frontier)
			s->n_rows--;
		o->more = true;
		o->complete = false;
		o->covered_us = frontier + 1;
		o->next = (struct search_place){ .received_us = frontier + 1 };
		miss(s,
		    s->full ? "the answer is full: go on from here"
			    : "the time is up: go on from here");
	}
	o->row = s->row;
	o->n = s->n_rows;
	if (!early && s->n_rows > 0 && (s->dropped || s->n_units > 0)) {
		const struct search_row *last = &s->row[s->n_rows - 1];

		o->more = true;
		o->next = (struct search_place){
			.received_us = last->event.received_us, .seq = last->seq
		};
		memcpy(o->next.stream, last->stream, sizeof o->next.stream);
	}
	if (o->regex_cut > 0)
		miss(s, "a regular expression took too long on %llu records",
		    (unsigned long long)o->regex_cut);
}

/* Whether the ask makes sense. */
static enum err
ask_check(const struct search_ask *ask, struct fault *why)
{
	if (ask->limit > SEARCH_LIMIT_MAX || ask->buckets > SEARCH_BUCKETS_MAX)
		return fault_set(why, ERR_RANGE,
		    "at most %u records and %u buckets", SEARCH_LIMIT_MAX,
		    SEARCH_BUCKETS_MAX);
	if (ask->since_us >= ask->until_us)
		return fault_set(
		    why, ERR_RANGE, "the time begins after its end");
	return ERR_OK;
}

enum err
search_run(struct view *v, const struct search_ask *ask, struct arena *a,
    struct search_answer *out, struct fault *why)
{
	struct search s = { .v = v, .ask = ask, .out = out, .a = a };
	struct env *env = view_env(v);
	int64_t frontier = 0;
	bool early = false;
	enum err e = ask_check(ask, why);

	if (e != ERR_OK)
		return e;
	*out = (struct search_answer){ .complete = true,
		.covered_us = ask->since_us };
	s.begun_us = env->ops->now_us(env);
	s.row = arena_array(a, ask->limit, sizeof *s.row);
	out->bucket = arena_array(a, ask->buckets, sizeof *out->bucket);
	if (s.row == NULL || out->bucket == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	if ((e = units_collect(&s, why)) == ERR_OK)
		e = units_work(&s, &early, &frontier, why);
	if (e == ERR_OK)
		answer_make(&s, early, frontier);
	for (unsigned i = 0; i < HELD_MAX; i++)
		segment_close(s.held[i].segment);
	free(s.unit);
	return e;
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
