/*
 * vault/vault_append.c: accepting batches, and making them durable together.
 *
 * Rows gather in one lane a stream until the sync; a batch that cannot be
 * taken whole leaves nothing behind. What was read from a receiver goes into
 * the lane as it came: it was validated, and is not made again.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "vault/vault_own.h"

#define STAGE_MAX (INBOX_STAGE_MAX - ((size_t)1 << 20)) /* heads beside rows */

/* --- repeated batches ------------------------------------------------- */

static struct peer *
peer_find(struct vault *v, uint64_t epoch)
{
	for (unsigned i = 0; i < v->n_peers; i++)
		if (v->peer[i].epoch == epoch)
			return &v->peer[i];
	return NULL;
}

enum peer_answer
peer_ask(struct vault *v, uint64_t epoch, uint64_t number)
{
	const struct peer *p = peer_find(v, epoch);
	uint64_t at = number % PEER_WINDOW;

	if (p == NULL || number > p->greatest)
		return PEER_NEW;
	if (p->greatest - number >= PEER_WINDOW)
		return PEER_TOO_OLD;
	return p->bit[at / 64] >> at % 64 & 1 ? PEER_KNOWN : PEER_NEW;
}

/* The peer's memory, in place of the one not heard of for longest. */
static struct peer *
peer_make(struct vault *v, uint64_t epoch)
{
	struct peer *p = peer_find(v, epoch);

	if (p != NULL)
		return p;
	if (v->n_peers < PEERS_MAX) {
		p = &v->peer[v->n_peers++];
	} else {
		p = &v->peer[0];
		for (unsigned i = 1; i < PEERS_MAX; i++)
			if (v->peer[i].used < p->used)
				p = &v->peer[i];
	}
	*p = (struct peer){ .epoch = epoch };
	return p;
}

void
peer_note(struct vault *v, uint64_t epoch, uint64_t number, bool stored)
{
	struct peer *p;
	uint64_t at = number % PEER_WINDOW;

	if (epoch == 0)
		return;
	p = peer_make(v, epoch);
	/* Numbers passed over on the way up have not been stored. */
	if (number > p->greatest) {
		uint64_t n = number - p->greatest;

		if (n >= PEER_WINDOW)
			memset(p->bit, 0, sizeof p->bit);
		for (uint64_t i = 1; i <= n && n < PEER_WINDOW; i++) {
			uint64_t k = (p->greatest + i) % PEER_WINDOW;

			p->bit[k / 64] &= ~(UINT64_C(1) << k % 64);
		}
		p->greatest = number;
	} else if (p->greatest - number >= PEER_WINDOW) {
		return;
	}
	if (stored)
		p->bit[at / 64] |= UINT64_C(1) << at % 64;
	else
		p->bit[at / 64] &= ~(UINT64_C(1) << at % 64);
	p->used = ++v->peer_clock;
	p->changed = true;
}

/* --- which stream ----------------------------------------------------- */

/* Asks to whom a source belongs. */
static enum err
source_resolve(struct vault *v, struct vault_source *s, struct fault *why)
{
	struct source_home home = { .agency = NULL };
	size_t len;

	if (v->o.home != NULL)
		v->o.home(v->o.home_arg, s->sender, s->host, &home);
	if (home.agency == NULL || home.agency[0] == '\0')
		home.agency = v->agency;
	if (!text_is_name(span_text(home.agency), STREAM_AGENCY_MAX))
		return fault_set(why, ERR_RANGE,
		    "not the key of an agency: \"%.60s\"", home.agency);
	memcpy(s->agency, home.agency, strlen(home.agency) + 1);
	len = home.log_source == NULL ? 0 : strlen(home.log_source);
	if (len >= sizeof s->log_source)
		len = text_cut(home.log_source, sizeof s->log_source - 1);
	if (len > 0)
		memcpy(s->log_source, home.log_source, len);
	s->log_source[len] = '\0';
	s->keep_days = home.keep_days;
	s->resolved = true;
	return ERR_OK;
}

/* Room for source id in the table of routes. */
static enum err
routes_grow(struct vault *v, uint32_t id, struct fault *why)
{
	uint32_t cap = v->n_routes == 0 ? 64 : v->n_routes;
	struct route *r;

	if (id < v->n_routes)
		return ERR_OK;
	while (cap <= id)
		cap *= 2;
	if ((r = reallocarray(v->route, cap, sizeof *r)) == NULL)
		return fault_set(why, ERR_MEMORY, "sources");
	for (uint32_t i = v->n_routes; i < cap; i++)
		for (unsigned c = 0; c < CLASS_N; c++)
			r[i].stream[c] = MAP_NONE;
	v->route = r;
	v->n_routes = cap;
	return ERR_OK;
}

/* The source and the stream of one event. */
static enum err
event_route(struct vault *v, const struct event *ev, struct vault_id *id,
    struct fault *why)
{
	enum event_class class = event_class_of(ev->category);
	struct stream_name parts = { .class = class };
	char name[STREAM_NAME_MAX];
	struct stream_state *state;
	struct vault_source *s;
	enum err e;

	e = sources_add(v->sources, ev->sender, ev->host, &id->source, why);
	if (e != ERR_OK || (e = routes_grow(v, id->source, why)) != ERR_OK)
		return e;
	id->stream = v->route[id->source].stream[class];
	if (id->stream != MAP_NONE)
		return ERR_OK;
	s = sources_at(v->sources, id->source);
	if (!s->resolved && (e = source_resolve(v, s, why)) != ERR_OK)
		return e;
	memcpy(parts.agency, s->agency, sizeof parts.agency);
	parts.keep_days = v->o.keep_days[class];
	if (s->keep_days > parts.keep_days)
		parts.keep_days = s->keep_days;
	if (parts.keep_days > STREAM_KEEP_MAX)
		parts.keep_days = STREAM_KEEP_MAX;
	stream_print(&parts, name);
	if ((e = inbox_stream(v->inbox, name, &id->stream, why)) != ERR_OK ||
	    (e = vault_state(v, id->stream, &state, why)) != ERR_OK)
		return e;
	v->route[id->source].stream[class] = id->stream;
	return ERR_OK;
}

/* --- appending -------------------------------------------------------- */

/* Begins a stream's part of the batch at hand: where to go back to. */
static enum err
lane_begin(struct vault *v, uint32_t stream, struct fault *why)
{
	struct stream_state *s = v->stream[stream];
	size_t cap = v->cap_touched;
	void *at = v->touched;
	enum err e;

	e = grow_array(&at, &cap, v->n_touched, sizeof *v->touched, why);
	v->touched = at;
	v->cap_touched = (uint32_t)cap;
	if (e != ERR_OK)
		return e;
	v->touched[v->n_touched++] = stream;
	s->in_batch = true;
	s->before = (struct lane_mark){ .len = s->lane.len,
		.n = s->lane_n,
		.seq = s->staged_seq,
		.least = s->lane_least,
		.greatest = s->lane_greatest,
		.chain = s->staged_chain };
	if (s->lane_n == 0) {
		s->lane_least = INT64_MAX;
		s->lane_greatest = INT64_MIN;
	}
	return ERR_OK;
}

/* Ends the batch's part of each lane; with undo, as if it had not been. */
static void
lanes_end(struct vault *v, bool undo)
{
	for (uint32_t i = 0; i < v->n_touched; i++) {
		struct stream_state *s = v->stream[v->touched[i]];

		s->in_batch = false;
		if (!undo)
			continue;
		v->staged_bytes -= s->lane.len - s->before.len;
		s->lane.len = s->before.len;
		s->lane.bad = ERR_OK;
		s->lane_n = s->before.n;
		s->staged_seq = s->before.seq;
		s->lane_least = s->before.least;
		s->lane_greatest = s->before.greatest;
		s->staged_chain = s->before.chain;
	}
	v->n_touched = 0;
}

/* Empties all lanes after a sync, or when what is staged is given up. */
static void
lanes_reset(struct vault *v)
{
	for (uint32_t i = 0; i < v->n_streams; i++) {
		struct stream_state *s = v->stream[i];

		buf_reset(&s->lane);
		s->lane_n = 0;
	}
	v->staged_bytes = 0;
}

/* Puts one event into its stream's lane; row: its bytes, or empty. */
static enum err
lane_add(struct vault *v, const struct event *ev, struct span row,
    struct vault_id *id, struct fault *why)
{
	struct stream_state *s = v->stream[id->stream];
	struct row r = { .source = id->source, .event = row };
	size_t before;
	enum err e;

	if (!s->in_batch && (e = lane_begin(v, id->stream, why)) != ERR_OK)
		return e;
	if (row.len == 0) {
		buf_reset(&v->row);
		event_encode(&v->row, ev);
		if (buf_error(&v->row) != ERR_OK)
			return fault_set(why, ERR_MEMORY, "batch");
		r.event = buf_view(&v->row);
	}
	if (v->staged_bytes + r.event.len + 8 > STAGE_MAX)
		return fault_set(why, ERR_LIMIT, "the batch is too long");
	r.seq = id->seq = s->staged_seq + 1;
	before = s->lane.len;
	row_put(&s->lane, &r);
	if (buf_error(&s->lane) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "batch");
	v->staged_bytes += s->lane.len - before;
	s->lane_n++;
	s->staged_seq = r.seq;
	s->staged_chain = chain_step(&s->staged_chain, r.seq, ev);
	if (ev->received_us < s->lane_least)
		s->lane_least = ev->received_us;
	if (ev->received_us > s->lane_greatest)
		s->lane_greatest = ev->received_us;
	return ERR_OK;
}

/* Notes a staged batch, so that it can be taken back. */
static enum err
batch_note(struct vault *v, const struct inbox_batch *b, struct fault *why)
{
	void *at = v->staged;
	enum err e;

	if (b->epoch == 0)
		return ERR_OK;
	e = grow_array(&at, &v->cap_staged, v->n_staged, sizeof *b, why);
	v->staged = at;
	return e;
}

/* Whether the part that begins at row i is stored already; its id is noted
 * otherwise. *n [out]: rows from i that are one part, or up to the next. */
static bool
part_known(struct vault *v, const struct vault_batch *b, size_t *part, size_t i,
    size_t *n)
{
	const struct vault_part *p = *part < b->n_parts ? &b->part[*part]
							: NULL;

	*n = (p == NULL ? b->n : p->first) - i;
	if (p == NULL || p->first > i)
		return false;
	assert(p->first == i && p->n > 0 && p->n <= b->n - i);
	*n = p->n;
	++*part;
	if (idset_has(v->ids, p->id.at)) {
		v->repeats++;
		if (b->known != NULL)
			b->known[*part - 1] = true;
		return true;
	}
	idset_add(v->ids, p->id.at);
	v->n_ids++;
	return false;
}

/* All rows of the batch that are not stored yet. */
static enum err
rows_add(struct vault *v, const struct vault_batch *b, struct vault_id *id,
    struct fault *why)
{
	size_t part = 0, n;
	struct vault_id one;
	enum err e = ERR_OK;

	for (size_t i = 0; i < b->n && e == ERR_OK; i += n) {
		if (part_known(v, b, &part, i, &n))
			continue;
		for (size_t k = i; k < i + n && e == ERR_OK; k++) {
			struct vault_id *to = id == NULL ? &one : &id[k];

			e = event_route(v, &b->ev[k], to, why);
			if (e == ERR_OK)
				e = lane_add(v, &b->ev[k],
				    b->row == NULL ? SPAN_EMPTY : b->row[k], to,
				    why);
		}
	}
	return e;
}

/* Stages the batch whole, or nothing of it. */
static enum err
batch_stage(struct vault *v, const struct vault_batch *b, struct vault_id *id,
    struct fault *why)
{
	uint64_t ids = v->n_ids;
	enum err e = rows_add(v, b, id, why);

	lanes_end(v, e != ERR_OK);
	if (e == ERR_OK)
		return e;
	idset_undo(v->ids, v->n_ids - ids);
	v->n_ids = ids;
	return e;
}

enum err
vault_put(struct vault *v, const struct vault_batch *b, struct vault_id *id,
    bool *repeated, struct fault *why)
{
	struct inbox_batch note = { .epoch = b->epoch, .number = b->number };
	enum err e = ERR_OK;

	(void)vault_tick(v);
	*repeated = false;
	if (inbox_has_failed(v->inbox))
		return fault_set(why, ERR_IO, "the inbox has failed");
	switch (b->epoch == 0 ? PEER_NEW : peer_ask(v, b->epoch, b->number)) {
	case PEER_KNOWN:
		v->repeats++;
		*repeated = true;
		return ERR_OK;
	case PEER_TOO_OLD:
		return fault_set(why, ERR_STATE,
		    "batch %llu is too old to tell whether it is stored",
		    (unsigned long long)b->number);
	case PEER_NEW:
		break;
	}
	if (b->after != 0 && peer_find(v, b->epoch) != NULL &&
	    peer_ask(v, b->epoch, b->after) == PEER_NEW)
		return fault_set(why, ERR_STATE,
		    "batch %llu before it is not stored",
		    (unsigned long long)b->after);
	e = batch_note(v, &note, why);
	if (e == ERR_OK && (e = batch_stage(v, b, id, why)) == ERR_LIMIT &&
	    v->staged_bytes > 0) {
		e = vault_sync(v, why);
		if (e == ERR_OK)
			e = batch_stage(v, b, id, why);
	}
	if (e == ERR_OK && b->epoch != 0) {
		v->staged[v->n_staged++] = note;
		peer_note(v, b->epoch, b->number, true);
	}
	return e;
}

enum err
vault_append(struct vault *v, uint64_t epoch, uint64_t number,
    const struct event *ev, size_t n, struct vault_id *id, bool *repeated,
    struct fault *why)
{
	const struct vault_batch b = {
		.epoch = epoch, .number = number, .ev = ev, .n = n
	};

	return vault_put(v, &b, id, repeated, why);
}

/* Takes back everything staged. */
static void
stage_undo(struct vault *v)
{
	for (size_t i = 0; i < v->n_staged; i++)
		peer_note(v, v->staged[i].epoch, v->staged[i].number, false);
	v->n_staged = 0;
	idset_undo(v->ids, v->n_ids);
	v->n_ids = 0;
	inbox_undo(v->inbox);
	lanes_reset(v);
	for (uint32_t i = 0; i < v->n_streams; i++) {
		struct stream_state *s = v->stream[i];

		s->staged_seq = s->pub.last_seq;
		s->staged_chain = s->pub.chain;
	}
}

enum err
vault_room(struct vault *v, size_t len, struct fault *why)
{
	uint64_t free_bytes, want = v->o.reserve;
	enum err e;

	if (inbox_bytes(v->inbox) > v->o.inbox_most)
		return fault_set(why, ERR_FULL,
		    "the inbox is full: sealing or the book is behind");
	if (v->o.reserve == 0)
		return ERR_OK;
	e = v->env->ops->space(v->env, v->inbox_dir, &free_bytes, why);
	want += v->staged_bytes + len;
	if (e == ERR_OK && free_bytes < want)
		return fault_set(why, ERR_FULL,
		    "no space left for records: %llu bytes free, %llu are kept "
		    "in reserve",
		    (unsigned long long)free_bytes,
		    (unsigned long long)v->o.reserve);
	return e;
}

size_t
vault_staged(const struct vault *v)
{
	return v->staged_bytes;
}

/* Hands all lanes, ids and numbers of batches to the inbox. */
static enum err
lanes_stage(struct vault *v, struct fault *why)
{
	uint64_t first_id = idset_added(v->ids) - v->n_ids;
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < v->n_streams && e == ERR_OK; i++) {
		struct stream_state *s = v->stream[i];
		struct inbox_group g = { .stream = i,
			.n = s->lane_n,
			.first_seq = s->pub.last_seq + 1,
			.least_us = s->lane_least,
			.greatest_us = s->lane_greatest,
			.chain = s->pub.chain };

		if (s->lane_n > 0)
			e = inbox_stage(v->inbox, &g, buf_view(&s->lane), why);
	}
	for (uint64_t i = 0; i < v->n_ids && e == ERR_OK; i++)
		e = inbox_stage_id(
		    v->inbox, idset_at(v->ids, first_id + i), why);
	for (size_t i = 0; i < v->n_staged && e == ERR_OK; i++)
		e = inbox_stage_batch(v->inbox, &v->staged[i], why);
	if (e == ERR_OK && v->n_staged == 0)
		e = inbox_stage_batch(
		    v->inbox, &(struct inbox_batch){ .epoch = 0 }, why);
	return e;
}

enum err
vault_sync(struct vault *v, struct fault *why)
{
	enum err e = lanes_stage(v, why);

	if (e == ERR_OK)
		e = inbox_sync(v->inbox, why);
	(void)vault_tick(v);
	if (e != ERR_OK) {
		stage_undo(v);
		return e;
	}
	v->n_staged = 0;
	v->n_ids = 0;
	for (uint32_t i = 0; i < v->n_streams; i++) {
		struct stream_state *s = v->stream[i];

		v->records += s->staged_seq - s->pub.last_seq;
		s->pub.last_seq = s->staged_seq;
		s->pub.chain = s->staged_chain;
	}
	lanes_reset(v);
	return vault_feed(v, why);
}
