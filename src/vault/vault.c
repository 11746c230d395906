/*
 * vault/vault.c: accepting records, and making them durable together.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "vault/vault_own.h"

uint32_t
vault_streams(const struct vault *v)
{
	return v->n_streams;
}

const struct vault_stream *
vault_stream_at(const struct vault *v, uint32_t i)
{
	return i < v->n_streams ? &v->stream[i]->pub : NULL;
}

struct sources *
vault_sources(struct vault *v)
{
	return v->sources;
}

void
vault_home_changed(struct vault *v)
{
	sources_forget(v->sources);
	for (uint32_t i = 0; i < v->n_routes; i++)
		for (unsigned c = 0; c < CLASS_N; c++)
			v->route[i].stream[c] = MAP_NONE;
}

void
vault_stat(const struct vault *v, struct vault_stat *s)
{
	size_t n;
	const struct inbox_group *g = inbox_groups(v->inbox, &n);

	*s = (struct vault_stat){ .inbox_bytes = inbox_bytes(v->inbox),
		.staged = inbox_staged(v->inbox),
		.records = v->records,
		.repeats = v->repeats,
		.detector_dropped = detect_dropped(v->detect),
		.clock_held_us = v->clock_held_us > 0 ? v->clock_held_us : 0,
		.failed = inbox_has_failed(v->inbox) };
	for (size_t i = 0; i < n; i++)
		s->inbox_records += g[i].n;
}

int64_t
vault_tick(struct vault *v)
{
	int64_t now = v->env->ops->now_us(v->env);
	int64_t step = now - v->clock_last_us, off;

	if (v->clock_last_us != 0 && step > v->o.jump_us)
		v->clock_held_us += step - v->o.jump_us;
	else if (v->clock_last_us != 0 && step < -WHEN_SECOND)
		v->clock_held_us += step;
	v->clock_last_us = now;
	off = v->clock_held_us - v->clock_saved_us;
	if (off >= WHEN_MINUTE || off <= -WHEN_MINUTE) {
		vault_add_clock(v);
		if (catalogue_sync(v->catalogue, NULL) == ERR_OK)
			v->clock_saved_us = v->clock_held_us;
	}
	return now;
}

enum err
vault_state(
    struct vault *v, uint32_t i, struct stream_state **out, struct fault *why)
{
	struct stream_state *s;
	size_t cap = v->cap_streams;
	void *at = v->stream;
	enum err e;

	while (v->n_streams <= i) {
		const char *name = inbox_stream_name(v->inbox, v->n_streams);

		e = grow_array(
		    &at, &cap, v->n_streams, sizeof(*v->stream), why);
		v->stream = at;
		v->cap_streams = (uint32_t)cap;
		if (e != ERR_OK)
			return e;
		if ((s = calloc(1, sizeof *s)) == NULL)
			return fault_set(why, ERR_MEMORY, "stream");
		v->stream[v->n_streams] = s;
		buf_init(&s->lane, INBOX_STAGE_MAX);
		s->acc = rollup_new();
		s->tail = rollup_new();
		e = stream_parse(span_text(name), &s->pub.parts, why);
		memcpy(s->pub.name, name, strlen(name) + 1);
		v->n_streams++;
		if (s->acc == NULL || s->tail == NULL)
			return fault_set(why, ERR_MEMORY, "stream");
		if (e != ERR_OK)
			return e;
	}
	*out = v->stream[i];
	return ERR_OK;
}

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

/* Empties the lanes of the batch at hand. */
static void
lanes_reset(struct vault *v)
{
	for (uint32_t i = 0; i < v->n_touched; i++) {
		struct stream_state *s = v->stream[v->touched[i]];

		buf_reset(&s->lane);
		s->lane_n = 0;
	}
	v->n_touched = 0;
}

/* Puts one event into its stream's lane. */
static enum err
lane_add(struct vault *v, const struct event *ev, struct vault_id *id,
    struct fault *why)
{
	struct stream_state *s = v->stream[id->stream];
	size_t cap = v->cap_touched;
	void *at = v->touched;
	struct row r = { .source = id->source };
	enum err e;

	if (s->lane_n == 0) {
		e = grow_array(
		    &at, &cap, v->n_touched, sizeof *v->touched, why);
		v->touched = at;
		v->cap_touched = (uint32_t)cap;
		if (e != ERR_OK)
			return e;
		v->touched[v->n_touched++] = id->stream;
		s->lane_least = INT64_MAX;
		s->lane_greatest = INT64_MIN;
		s->lane_chain = s->staged_chain;
	}
	buf_reset(&v->row);
	event_encode(&v->row, ev);
	r.event = buf_view(&v->row);
	r.seq = id->seq = s->staged_seq + s->lane_n + 1;
	row_put(&s->lane, &r);
	if (buf_error(&v->row) != ERR_OK || buf_error(&s->lane) == ERR_MEMORY)
		return fault_set(why, ERR_MEMORY, "batch");
	if (buf_error(&s->lane) != ERR_OK)
		return fault_set(why, ERR_LIMIT, "the batch is too long");
	s->lane_n++;
	s->lane_chain = chain_step(&s->lane_chain, r.seq, ev);
	if (ev->received_us < s->lane_least)
		s->lane_least = ev->received_us;
	if (ev->received_us > s->lane_greatest)
		s->lane_greatest = ev->received_us;
	return ERR_OK;
}

/* Hands all lanes and the batch's number to the inbox. */
static enum err
lanes_stage(struct vault *v, const struct inbox_batch *b, struct fault *why)
{
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < v->n_touched && e == ERR_OK; i++) {
		struct stream_state *s = v->stream[v->touched[i]];
		struct inbox_group g = { .stream = v->touched[i],
			.n = s->lane_n,
			.first_seq = s->staged_seq + 1,
			.least_us = s->lane_least,
			.greatest_us = s->lane_greatest,
			.chain = s->staged_chain };

		e = inbox_stage(v->inbox, &g, buf_view(&s->lane), why);
	}
	if (e == ERR_OK)
		e = inbox_stage_batch(v->inbox, b, why);
	if (e != ERR_OK) {
		inbox_undo_batch(v->inbox);
		return e;
	}
	for (uint32_t i = 0; i < v->n_touched; i++) {
		struct stream_state *s = v->stream[v->touched[i]];

		s->staged_seq += s->lane_n;
		s->staged_chain = s->lane_chain;
	}
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

enum err
vault_append(struct vault *v, uint64_t epoch, uint64_t number,
    const struct event *ev, size_t n, struct vault_id *id, bool *repeated,
    struct fault *why)
{
	struct inbox_batch b = { .epoch = epoch, .number = number };
	struct vault_id one;
	enum err e = ERR_OK;

	(void)vault_tick(v);
	*repeated = false;
	if (inbox_has_failed(v->inbox))
		return fault_set(why, ERR_IO, "the inbox has failed");
	switch (epoch == 0 ? PEER_NEW : peer_ask(v, epoch, number)) {
	case PEER_KNOWN:
		v->repeats++;
		*repeated = true;
		return ERR_OK;
	case PEER_TOO_OLD:
		return fault_set(why, ERR_STATE,
		    "batch %llu is too old to tell whether it is stored",
		    (unsigned long long)number);
	case PEER_NEW:
		break;
	}
	e = batch_note(v, &b, why);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct vault_id *to = id == NULL ? &one : &id[i];

		e = event_route(v, &ev[i], to, why);
		if (e == ERR_OK)
			e = lane_add(v, &ev[i], to, why);
	}
	if (e == ERR_OK && (e = lanes_stage(v, &b, why)) == ERR_LIMIT &&
	    inbox_staged(v->inbox) > 0) {
		e = vault_sync(v, why); /* positions of the lanes stay */
		if (e == ERR_OK)
			e = lanes_stage(v, &b, why);
	}
	if (e == ERR_OK && epoch != 0) {
		v->staged[v->n_staged++] = b;
		peer_note(v, epoch, number, true);
	}
	lanes_reset(v);
	return e;
}

/* Takes back everything staged. */
static void
stage_undo(struct vault *v)
{
	for (size_t i = 0; i < v->n_staged; i++)
		peer_note(v, v->staged[i].epoch, v->staged[i].number, false);
	v->n_staged = 0;
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

	if (v->o.reserve == 0)
		return ERR_OK;
	e = v->env->ops->space(v->env, v->inbox_dir, &free_bytes, why);
	want += inbox_staged(v->inbox) + len;
	if (e == ERR_OK && free_bytes < want)
		return fault_set(why, ERR_FULL,
		    "no space left for records: %llu bytes free, %llu are kept "
		    "in reserve",
		    (unsigned long long)free_bytes,
		    (unsigned long long)v->o.reserve);
	return e;
}

enum err
vault_sync(struct vault *v, struct fault *why)
{
	enum err e = inbox_sync(v->inbox, why);

	(void)vault_tick(v);
	if (e != ERR_OK) {
		stage_undo(v);
		return e;
	}
	v->n_staged = 0;
	for (uint32_t i = 0; i < v->n_streams; i++) {
		struct stream_state *s = v->stream[i];

		v->records += s->staged_seq - s->pub.last_seq;
		s->pub.last_seq = s->staged_seq;
		s->pub.chain = s->staged_chain;
	}
	return vault_feed(v, why);
}

/* --- behind the acknowledgement --------------------------------------- */

/* Keeps a detection until book has it. */
static enum err
detection_keep(void *arg, const struct detection *d, struct fault *why)
{
	struct vault *v = arg;
	void *at = v->found;
	enum err e = grow_array(&at, &v->cap_found, v->n_found, sizeof *d, why);

	v->found = at;
	if (e == ERR_OK)
		v->found[v->n_found++] = *d;
	return e;
}

/* Keeps the state after the last frame of the journal before this one. */
static enum err
boundary_note(struct vault *v, const struct inbox_group *g, struct fault *why)
{
	void *at = v->boundary;
	struct boundary b = { .journal = v->fed_journal };
	enum err e;

	if (v->fed_journal == g->journal)
		return ERR_OK;
	if (v->fed_journal == 0 || g->frame <= v->state_frame) {
		v->fed_journal = g->journal;
		return ERR_OK;
	}
	e = grow_array(&at, &v->cap_boundaries, v->n_boundaries, sizeof b, why);
	v->boundary = at;
	if (e != ERR_OK)
		return e;
	buf_init(&b.state, FRAME_PAYLOAD_MAX - 64);
	vault_state_put(v, g->frame - 1, &b.state);
	if (buf_error(&b.state) != ERR_OK) {
		buf_clear(&b.state);
		return fault_set(why, ERR_MEMORY, "detectors");
	}
	v->boundary[v->n_boundaries++] = b;
	v->fed_journal = g->journal;
	return ERR_OK;
}

/* One row of a group. */
static enum err
row_feed(struct vault *v, const struct inbox_group *g, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct stream_state *s = v->stream[g->stream];
	enum err e = sources_put(
	    v->sources, r->source, ev->sender, ev->host, why);

	if (e != ERR_OK)
		return e;
	if (r->seq > s->pub.sealed_seq) {
		s->pub.unsealed_bytes += r->event.len + 8;
		if (s->pub.oldest_us == 0)
			s->pub.oldest_us = ev->received_us;
	}
	if (ev->received_us > s->pub.last_us)
		s->pub.last_us = ev->received_us;
	if ((e = rollup_add(s->tail, r->source, ev, why)) != ERR_OK)
		return e;
	if (g->frame <= v->state_frame)
		return ERR_OK;
	sources_seen(v->sources, r->source, ev);
	return detect_feed(v->detect, r->source, g->stream, r->seq, ev,
	    detection_keep, v, why);
}

/* All rows of a group; what cannot be read is passed over here, and named by
 * whoever seals or verifies. */
static enum err
group_feed(struct vault *v, const struct inbox_group *g, struct fault *why)
{
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row r;
	enum err e = boundary_note(v, g, why);

	if (e == ERR_OK)
		e = inbox_read(v->inbox, g, &rows, why);
	if (e == ERR_DAMAGE) {
		inbox_keep(v->inbox, g->journal);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g->n; i++) {
		if (!row_get(&c, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, NULL) != ERR_OK) {
			inbox_keep(v->inbox, g->journal);
			return ERR_OK;
		}
		e = row_feed(v, g, &r, &ev, why);
		if (e == ERR_DAMAGE) { /* a source number that contradicts */
			inbox_keep(v->inbox, g->journal);
			e = ERR_OK;
		}
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
vault_feed(struct vault *v, struct fault *why)
{
	const struct inbox_group *g;
	size_t n;
	enum err e = ERR_OK;

	g = inbox_groups(v->inbox, &n);
	while (v->n_fed < n && e == ERR_OK)
		e = group_feed(v, &g[v->n_fed++], why);
	return e;
}
