/*
 * vault/vault.c: streams, the clock, and what follows the acknowledgement.
 */
#include <assert.h>
#include <stdlib.h>

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
		.staged = v->staged_bytes,
		.records = v->records,
		.repeats = v->repeats,
		.detector_dropped = detect_dropped(v->detect),
		.clock_held_us = v->clock_held_us > 0 ? v->clock_held_us : 0,
		.failed = inbox_has_failed(v->inbox) };
	for (size_t i = 0; i < n; i++)
		s->inbox_records += g[i].n;
}

/*
 * A step of the clock, also the one while nothing ran. What goes past jump_us
 * is not believed; up to 31 days of it are after three days of steady work
 * (the machine was off), more only when the clock comes back: till then
 * nothing is deleted on its word.
 */
static void
clock_step(struct vault *v, int64_t step)
{
	if (step > v->o.jump_us) {
		v->clock_held_us += step - v->o.jump_us;
		v->clock_steady_us = 0;
	} else if (step < -WHEN_SECOND) {
		v->clock_held_us += step;
		v->clock_steady_us = 0;
	} else {
		v->clock_steady_us += step;
	}
	if (v->clock_held_us < 0 ||
	    (v->clock_steady_us >= 3 * WHEN_DAY &&
		v->clock_held_us <= 31 * WHEN_DAY))
		v->clock_held_us = 0;
}

int64_t
vault_tick(struct vault *v)
{
	int64_t now = v->env->ops->now_us(v->env);
	int64_t step = now - v->clock_last_us, off;

	clock_step(v, v->clock_last_us == 0 ? 0 : step);
	v->clock_last_us = now;
	off = v->clock_held_us - v->clock_saved_us;
	if (off >= WHEN_MINUTE || off <= -WHEN_MINUTE ||
	    now - v->clock_written_us >= WHEN_HOUR ||
	    now < v->clock_written_us) {
		v->clock_written_us = now;
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
		s->acc = rollup_new();
		s->tail = rollup_new();
		if (s->acc == NULL || s->tail == NULL) {
			rollup_free(s->acc);
			rollup_free(s->tail);
			free(s);
			return fault_set(why, ERR_MEMORY, "stream");
		}
		v->stream[v->n_streams] = s;
		buf_init(&s->lane, INBOX_STAGE_MAX);
		e = stream_parse(span_text(name), &s->pub.parts, why);
		memcpy(s->pub.name, name, strlen(name) + 1);
		v->n_streams++;
		if (e != ERR_OK)
			return e;
	}
	*out = v->stream[i];
	return ERR_OK;
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
