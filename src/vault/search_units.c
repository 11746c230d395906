/*
 * vault/search_units.c: which segments, blocks and groups are looked at.
 *
 * A segment is put apart into blocks when its turn comes: by time, by source,
 * and by what its index says. Where the descriptor alone answers (everything
 * of it matches and only counts are asked), nothing of it is read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vault/query_own.h"
#include "vault/search_own.h"

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

struct unit
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

	if (greatest_us < s->since_us || least_us >= s->until_us)
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

/* Sealed segments. */
static enum err
items_collect(struct search *s, struct fault *why)
{
	struct shelf *shelf = view_shelf(s->v);
	const struct shelf_item *it = NULL;
	enum err e = ERR_OK;

	if (shelf == NULL)
		return ERR_OK;
	it = shelf_items(shelf, &s->n_items);
	s->granules = calloc(s->n_items + 1, sizeof *s->granules);
	if (s->granules == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	for (size_t i = 0; i < s->n_items && e == ERR_OK; i++) {
		char hex[SEGMENT_NAME_LEN + 1];

		if (it[i].unreadable) {
			segment_print_name(&it[i].name, hex);
			miss(s, 0, 0, "segment %.12s cannot be read", hex);
			continue;
		}
		if (!times_fit(s, it[i].first_us, it[i].last_us) ||
		    !stream_fits(s, shelf_stream(shelf, it[i].stream)))
			continue;
		s->out->cost.segments++;
		e = unit_push(s,
		    (struct unit){ .greatest_us = it[i].last_us,
			.item = (uint32_t)i,
			.block = WHOLE_SEGMENT },
		    why);
	}
	return e;
}

/* Whether segments hold all records of a group. */
static bool
group_is_sealed(const struct search *s, const struct inbox_group *g)
{
	struct shelf *shelf = view_shelf(s->v);
	const char *stream = inbox_stream_name(view_inbox(s->v), g->stream);
	const struct shelf_item *it = shelf == NULL
	    ? NULL
	    : shelf_holding(shelf, stream, g->first_seq);

	return it != NULL && g->first_seq - it->first_seq + g->n <= it->n;
}

enum err
units_collect(struct search *s, struct fault *why)
{
	struct inbox *inbox = view_inbox(s->v);
	const struct inbox_group *g = NULL;
	size_t n = 0;
	enum err e = items_collect(s, why);

	if (inbox != NULL)
		g = inbox_groups(inbox, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (times_fit(s, g[i].least_us, g[i].greatest_us) &&
		    stream_fits(s, inbox_stream_name(inbox, g[i].stream)) &&
		    !group_is_sealed(s, &g[i]))
			e = unit_push(s,
			    (struct unit){ .greatest_us = g[i].greatest_us,
				.item = INBOX_UNIT,
				.block = (uint32_t)i },
			    why);
	if (view_found(s->v)->n_damages > 0)
		miss(s, 0, 0, "%s", view_found(s->v)->damage[0].text);
	return e;
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

/* --- what the index and the descriptor know --------------------------------- */

/* Whether a bit of from .. to is set (any) or every one (each). */
static bool
bits_in(const uint64_t *bits, uint64_t from, uint64_t to, bool each)
{
	for (uint64_t g = from; g <= to; g++)
		if ((bits[g / 64] >> g % 64 & 1) != each)
			return !each;
	return each;
}

/* Asks the index; *nothing [out]: no record of the segment matches. */
static enum err
granules_ask(struct search *s, const struct unit *u, struct index *ix,
    bool *nothing, struct fault *why)
{
	struct granules *k = &s->granules[u->item];
	struct fault what;
	uint64_t asked = 0;
	size_t words;
	enum err e;

	*nothing = false;
	if (ix == NULL || s->plan == NULL)
		return ERR_OK;
	words = index_words(ix);
	if ((k->may = calloc(words * 2 + 1, sizeof *k->may)) == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	k->all = k->may + words;
	k->shift = index_shift(ix);
	k->n = index_granules(ix);
	e = plan_granules(s->plan, ix, k->may, k->all, &asked, &what);
	if (e == ERR_OK)
		*nothing = !bits_in(k->may, 0, k->n - 1, false);
	if (e != ERR_OK || *nothing) {
		free(k->may);
		k->may = NULL;
	}
	/* A damaged index costs time, no answer. */
	return e == ERR_MEMORY ? fault_set(why, e, "%s", what.text) : ERR_OK;
}

/* Whether counts of n records need no look at them: all are in the time, in
 * one bucket, and match. */
static bool
is_known(const struct search *s, int64_t first_us, int64_t last_us)
{
	const struct search_ask *ask = s->ask;

	return s->counts_only && !ask->from_place && first_us >= s->since_us &&
	    last_us < s->until_us &&
	    bucket_at(s, first_us) == bucket_at(s, last_us);
}

static void
known_count(struct search *s, uint64_t n, int64_t at_us)
{
	s->out->count += n;
	s->out->cost.known += n;
	if (s->ask->buckets > 0)
		s->out->bucket[bucket_at(s, at_us)] += n;
}

/* Whether the descriptor tells how often each value of a field occurs. */
static bool
is_described(unsigned field)
{
	return field == WHERE_HOST || field == WHERE_SENDER ||
	    field == WHERE_CATEGORY || field == WHERE_CLASS;
}

/* The values of a described field. */
static enum err
described_add(struct tally *t, unsigned field, const struct segment_info *info,
    struct fault *why)
{
	enum err e = ERR_OK;

	if (field == WHERE_HOST || field == WHERE_SENDER) {
		for (size_t i = 0; i < info->n_origins && e == ERR_OK; i++) {
			const struct segment_origin *o = &info->origin[i];
			struct span v = field == WHERE_HOST ? o->host
							    : o->sender;

			e = tally_add(
			    t, v.len == 0 ? SPAN_EMPTY : v, o->n, why);
		}
		return e;
	}
	for (unsigned c = 0; c < CAT_N && e == ERR_OK; c++) {
		const char *name = field == WHERE_CATEGORY
		    ? event_category_name((enum event_category)c)
		    : event_class_name(event_class_of((enum event_category)c));

		if (info->category[c] > 0)
			e = tally_add(
			    t, span_text(name), info->category[c], why);
	}
	return e;
}

/* A whole segment from its descriptor alone; false: it has to be read. */
static bool
segment_known(struct search *s, const struct unit *u, const struct segment *g,
    enum err *e, struct fault *why)
{
	const struct segment_info *info = segment_about(g);
	const struct granules *k = &s->granules[u->item];

	if (s->ask->limit > 0 || s->ask->scan || segment_wrong(g) != NULL ||
	    info->n_origins == 0 || s->ask->from_place ||
	    info->first_us < s->since_us || info->last_us >= s->until_us ||
	    bucket_at(s, info->first_us) != bucket_at(s, info->last_us))
		return false;
	for (unsigned i = 0; i < s->ask->n_by; i++)
		if (!is_described(s->ask->by[i]))
			return false;
	if (k->may != NULL
		? !bits_in(k->all, 0, k->n - 1, true)
		: s->ask->query->node[s->ask->query->root].kind != NODE_ALL)
		return false;
	known_count(s, info->n, info->first_us);
	for (unsigned i = 0; i < s->ask->n_by && *e == ERR_OK; i++)
		*e = described_add(s->tally[i], s->ask->by[i], info, why);
	return true;
}

/* --- segments --------------------------------------------------------------- */

/* The granules that a block touches; false: no record of it can match. */
static bool
block_granules(const struct search *s, const struct unit *u,
    const struct segment_info *info, const struct segment_block *b,
    uint64_t *from, uint64_t *to)
{
	const struct granules *k = &s->granules[u->item];
	uint64_t first = b->first_seq - info->first_seq;

	*from = first >> k->shift;
	*to = (first + b->n - 1) >> k->shift;
	return b->n > 0 && *to < k->n;
}

/* Opens a segment for one unit; *g NULL: it has gone, or cannot be read, and
 * that is noted. */
static enum err
segment_get(struct search *s, const struct unit *u, struct segment **g,
    struct index **ix, struct fault *why)
{
	size_t n;
	const struct shelf_item *it = &shelf_items(
	    view_shelf(s->v), &n)[u->item];
	struct fault what;
	enum err e = shelf_keep(view_shelf(s->v), &it->name, g, ix, &what);

	if (e == ERR_OK)
		return e;
	*g = NULL;
	if (e == ERR_NOT_FOUND) /* deleted at the end of its period */
		return ERR_OK;
	if (e == ERR_DAMAGE || e == ERR_IO) {
		miss(s, it->first_us, it->last_us, "%.200s", what.text);
		return ERR_OK;
	}
	return fault_set(why, e, "%s", what.text);
}

/* Puts a segment's blocks in its place. */
static enum err
segment_expand(struct search *s, const struct unit *u, struct fault *why)
{
	const struct segment_info *info;
	struct granules *k = &s->granules[u->item];
	struct segment *g;
	struct index *ix;
	bool nothing;
	enum err e = segment_get(s, u, &g, &ix, why);

	if (e != ERR_OK || g == NULL)
		return e;
	info = segment_about(g);
	if (segment_locked(g) != NULL) {
		miss(s, info->first_us, info->last_us, "%.200s",
		    segment_locked(g));
		return ERR_OK;
	}
	if (segment_wrong(g) != NULL)
		miss(s, info->first_us, info->last_us,
		    "a segment of %s: %.100s", info->stream, segment_wrong(g));
	e = granules_ask(s, u, ix, &nothing, why);
	if (e != ERR_OK || nothing || segment_known(s, u, g, &e, why))
		return e;
	for (uint32_t i = 0; i < info->blocks && e == ERR_OK; i++) {
		const struct segment_block *b = segment_block_at(g, i);
		uint64_t from, to;

		if (!times_fit(s, b->first_us, b->last_us) ||
		    !block_may(s, info, b))
			continue;
		if (k->may != NULL &&
		    block_granules(s, u, info, b, &from, &to)) {
			if (!bits_in(k->may, from, to, false))
				continue;
			if (is_known(s, b->first_us, b->last_us) &&
			    bits_in(k->all, from, to, true)) {
				known_count(s, b->n, b->first_us);
				continue;
			}
		}
		e = unit_push(s,
		    (struct unit){ .greatest_us = b->last_us,
			.item = u->item,
			.block = i },
		    why);
	}
	return e;
}

/* Damage inside a block that is searched. */
static void
damage_miss(void *arg, const struct segment_damage *d)
{
	struct search *s = arg;

	miss(s, s->first_us, s->last_us, "%.250s", d->text);
}

/* The records of a block that may match; *all: each of them. */
static size_t
block_pick(const struct search *s, const struct unit *u,
    const struct segment_info *info, const struct segment_block *b,
    uint16_t pick[static SEGMENT_BLOCK_ROWS], bool *all)
{
	const struct granules *k = &s->granules[u->item];
	uint64_t from, to, first = b->first_seq - info->first_seq;
	size_t n = 0;

	*all = true;
	if (k->may == NULL || b->n > SEGMENT_BLOCK_ROWS ||
	    !block_granules(s, u, info, b, &from, &to))
		return 0;
	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t at = (first + i) >> k->shift;

		if ((k->may[at / 64] >> at % 64 & 1) != 0)
			pick[n++] = (uint16_t)i;
	}
	*all = n == b->n;
	return n;
}

static enum err
block_look(struct search *s, const struct unit *u, struct fault *why)
{
	uint16_t pick[SEGMENT_BLOCK_ROWS];
	const struct segment_block *b;
	struct granules *k = &s->granules[u->item];
	struct segment *g;
	struct index *ix;
	bool all;
	size_t n;
	enum err e = segment_get(s, u, &g, &ix, why);

	if (e != ERR_OK || g == NULL)
		return e;
	b = segment_block_at(g, u->block);
	s->sealed = true;
	s->first_us = b->first_us;
	s->last_us = b->last_us;
	s->now = k->may == NULL ? NULL : k;
	s->now_seq = segment_about(g)->first_seq;
	s->out->cost.blocks++;
	s->out->cost.segments_read += !k->read;
	k->read = true;
	n = block_pick(s, u, segment_about(g), b, pick, &all);
	e = segment_pick(g, u->block, &s->want, all ? NULL : pick, n, row_look,
	    s, damage_miss, s, why);
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
		miss(s, g->least_us, g->greatest_us, "%.250s", what.text);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return fault_set(why, e, "%s", what.text);
	s->sealed = false;
	s->now = NULL;
	s->out->cost.groups++;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g->n && e == ERR_OK; i++) {
		if (!row_get(&c, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, &what) != ERR_OK) {
			miss(s, g->least_us, g->greatest_us,
			    "record %s.%llu does not read", stream,
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

enum err
unit_work(struct search *s, const struct unit *u, struct fault *why)
{
	if (u->item == INBOX_UNIT)
		return group_look(s, u, why);
	if (u->block == WHOLE_SEGMENT)
		return segment_expand(s, u, why);
	return block_look(s, u, why);
}
