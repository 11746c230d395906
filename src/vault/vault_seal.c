/*
 * vault/vault_seal.c: from journals to segments, and their handing over.
 */
#include <assert.h>
#include <stdlib.h>

#include "vault/segment_own.h"
#include "vault/vault_own.h"

/* --- when ------------------------------------------------------------- */

/* The stream that holds the oldest unsealed record of the inbox. */
static bool
oldest_stream(const struct vault *v, uint32_t *stream)
{
	const struct inbox_group *g;
	size_t n;

	g = inbox_groups(v->inbox, &n);
	for (size_t i = 0; i < n; i++) {
		const struct vault_stream *s = &v->stream[g[i].stream]->pub;

		if (g[i].first_seq + g[i].n - 1 > s->sealed_seq) {
			*stream = g[i].stream;
			return true;
		}
	}
	return false;
}

bool
vault_due(struct vault *v, int64_t now_us, uint32_t *stream)
{
	(void)vault_tick(v);
	if (inbox_has_failed(v->inbox))
		return false;
	for (uint32_t i = 0; i < v->n_streams; i++) {
		const struct vault_stream *s = &v->stream[i]->pub;

		if (s->last_seq <= s->sealed_seq)
			continue;
		if (s->unsealed_bytes >= v->o.seal_bytes ||
		    now_us - s->oldest_us >= v->o.seal_us) {
			*stream = i;
			return true;
		}
	}
	if (inbox_bytes(v->inbox) > v->o.inbox_bytes)
		return oldest_stream(v, stream);
	return false;
}

/* --- sealing ---------------------------------------------------------- */

/* Recounts what of a stream is not sealed. */
static void
unsealed_count(struct vault *v, uint32_t stream)
{
	struct vault_stream *s = &v->stream[stream]->pub;
	const struct inbox_group *g;
	size_t n;

	g = inbox_groups(v->inbox, &n);
	s->unsealed_bytes = 0;
	s->oldest_us = 0;
	for (size_t i = 0; i < n; i++) {
		if (g[i].stream != stream ||
		    g[i].first_seq + g[i].n - 1 <= s->sealed_seq)
			continue;
		s->unsealed_bytes += g[i].len;
		if (s->oldest_us == 0)
			s->oldest_us = g[i].least_us;
	}
}

/* Adds the rows of one group behind what is sealed. */
static enum err
group_add(struct vault *v, struct segment_writer *w,
    const struct inbox_group *g, uint64_t after, struct fault *why)
{
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row r;
	enum err e = inbox_read(v->inbox, g, &rows, why);

	if (e != ERR_OK)
		return e;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g->n; i++) {
		if (!row_get(&c, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, NULL) != ERR_OK)
			return fault_set(why, ERR_DAMAGE,
			    "inbox: journal %08u: record %s.%llu does not read",
			    g->journal, inbox_stream_name(v->inbox, g->stream),
			    (unsigned long long)(g->first_seq + i));
		if (r.seq <= after)
			continue;
		if ((e = segment_add(w, &r, &ev, why)) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Whether all rows of a group can be read. */
static enum err
group_sound(struct vault *v, const struct inbox_group *g, struct fault *why)
{
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row r;
	enum err e = inbox_read(v->inbox, g, &rows, why);

	if (e != ERR_OK)
		return e;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g->n; i++)
		if (!row_get(&c, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, NULL) != ERR_OK)
			return fault_set(why, ERR_DAMAGE,
			    "inbox: journal %08u: record %s.%llu does not read",
			    g->journal, inbox_stream_name(v->inbox, g->stream),
			    (unsigned long long)(g->first_seq + i));
	return ERR_OK;
}

/* Passes over a group that cannot be read: its journal is kept. */
static void
group_lost(struct vault *v, const struct inbox_group *g)
{
	struct stream_state *s = v->stream[g->stream];

	inbox_keep(v->inbox, g->journal);
	s->pub.sealed_seq = g->first_seq + g->n - 1;
}

/* The next group of a stream that is not sealed whole; n when none. */
static size_t
group_next(const struct vault *v, uint32_t stream, uint64_t sealed, size_t at)
{
	const struct inbox_group *g;
	size_t n;

	g = inbox_groups(v->inbox, &n);
	while (at < n &&
	    (g[at].stream != stream || g[at].first_seq + g[at].n - 1 <= sealed))
		at++;
	return at;
}

/* Opens a writer for what begins with group g. */
static enum err
writer_begin(struct vault *v, const struct inbox_group *g, struct fault *why)
{
	struct stream_state *s = v->stream[g->stream];
	bool goes_on = g->first_seq <= s->pub.sealed_seq;
	uint64_t first = goes_on ? s->pub.sealed_seq + 1 : g->first_seq;
	const struct hash *chain = goes_on ? &s->sealed_chain : &g->chain;

	segment_writer_free(v->writer);
	v->writer = NULL;
	return segment_begin(v->env, v->segments_dir, s->pub.name, first, chain,
	    v->sources, NULL, &v->writer, why);
}

/* Fills the writer with groups that follow on one another. */
static enum err
writer_fill(struct vault *v, uint32_t stream, size_t at, uint64_t *end,
    struct fault *why)
{
	struct stream_state *s = v->stream[stream];
	const struct inbox_group *g;
	uint64_t raw = 0, last = s->pub.sealed_seq;
	struct fault what;
	size_t n;
	enum err e = ERR_OK;

	g = inbox_groups(v->inbox, &n);
	if (last + 1 < g[at].first_seq)
		last = g[at].first_seq - 1;
	while (at < n && raw < v->o.seal_bytes && g[at].first_seq <= last + 1) {
		e = group_sound(v, &g[at], &what);
		if (e == ERR_DAMAGE) /* up to here, then behind it */
			break;
		if (e == ERR_OK)
			e = group_add(v, v->writer, &g[at], last, &what);
		if (e != ERR_OK)
			return fault_set(why, e, "%s", what.text);
		raw += g[at].len;
		last = g[at].first_seq + g[at].n - 1;
		at = group_next(v, stream, last, at + 1);
	}
	*end = last;
	return ERR_OK;
}

enum err
vault_seal(struct vault *v, uint32_t stream, const struct segment_info **info,
    struct fault *why)
{
	const struct inbox_group *g;
	struct stream_state *s;
	uint64_t end = 0;
	size_t at, n;
	enum err e;

	if (stream >= v->n_streams)
		return fault_set(why, ERR_NOT_FOUND, "no such stream");
	s = v->stream[stream];
	at = group_next(v, stream, s->pub.sealed_seq, 0);
	g = inbox_groups(v->inbox, &n);
	if (at == n)
		return fault_set(
		    why, ERR_NOT_FOUND, "%s: nothing to seal", s->pub.name);
	if ((e = group_sound(v, &g[at], why)) == ERR_DAMAGE)
		group_lost(v, &g[at]);
	if (e != ERR_OK || (e = writer_begin(v, &g[at], why)) != ERR_OK)
		return e;
	if ((e = writer_fill(v, stream, at, &end, why)) == ERR_OK)
		e = segment_finish(v->writer, info, why);
	/* Unknown to the shelf, the same records would be sealed once more. */
	if (e == ERR_OK && (e = shelf_put(v->shelf, *info, why)) != ERR_OK)
		(void)!segment_remove(v, &(*info)->name, NULL);
	if (e != ERR_OK) {
		segment_writer_free(v->writer);
		v->writer = NULL;
		return e;
	}
	s->pub.sealed_seq = end;
	s->sealed_chain = (*info)->chain_after;
	vault_settle(v);
	unsealed_count(v, stream);
	return ERR_OK;
}

/* --- handing over ----------------------------------------------------- */

void
vault_settle(struct vault *v)
{
	const struct shelf_item *it;
	size_t n;

	for (uint32_t i = 0; i < v->n_streams; i++)
		v->stream[i]->pub.committed_seq = v->stream[i]->pub.sealed_seq;
	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n; i++) {
		struct vault_stream *s;
		uint32_t at;

		if (it[i].unreadable ||
		    map_get(v->committed, span_of(it[i].name.at, HASH_LEN)) !=
			MAP_NONE)
			continue;
		if (inbox_stream(v->inbox, shelf_stream(v->shelf, it[i].stream),
			&at, NULL) != ERR_OK ||
		    at >= v->n_streams)
			continue;
		s = &v->stream[at]->pub;
		if (s->committed_seq >= it[i].first_seq)
			s->committed_seq = it[i].first_seq - 1;
	}
}

enum err
vault_offer(
    struct vault *v, const struct segment_info **info, struct fault *why)
{
	const struct shelf_item *it;
	size_t n;
	enum err e;

	segment_close(v->offer);
	v->offer = NULL;
	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n; i++) {
		if (it[i].unreadable ||
		    map_get(v->committed, span_of(it[i].name.at, HASH_LEN)) !=
			MAP_NONE)
			continue;
		e = shelf_segment(v->shelf, &it[i].name, &v->offer, why);
		if (e != ERR_OK)
			return e;
		*info = segment_about(v->offer);
		return ERR_OK;
	}
	return fault_set(why, ERR_NOT_FOUND, "every segment is committed");
}

enum err
vault_sealed(struct vault *v, const struct hash *name, struct fault *why)
{
	const struct shelf_item *it = shelf_find(v->shelf, name);
	struct span key = span_of(name->at, HASH_LEN);
	enum err e;

	if (map_get(v->committed, key) != MAP_NONE)
		return ERR_OK;
	if (it == NULL || it->unreadable)
		return fault_set(why, ERR_NOT_FOUND, "no such segment");
	vault_add_committed(v, it);
	if ((e = catalogue_sync(v->catalogue, why)) != ERR_OK ||
	    (e = map_put(v->committed, key, 1, why)) != ERR_OK)
		return e;
	vault_settle(v);
	return ERR_OK;
}

/* Whether a group is no longer needed in the inbox. */
static bool
group_may_go(void *arg, const struct inbox_group *g)
{
	const struct vault *v = arg;
	const struct vault_stream *s = &v->stream[g->stream]->pub;
	uint64_t last = g->first_seq + g->n - 1;

	return last <= s->committed_seq && last <= s->reported_seq;
}

/* The state that was kept for a journal, or the present one for the last. */
static enum err
boundary_take(
    struct vault *v, uint32_t journal, uint64_t frame, struct fault *why)
{
	if (frame == 0 || frame <= v->state_frame)
		return ERR_OK;
	buf_reset(&v->state);
	for (size_t i = 0; i < v->n_boundaries; i++)
		if (v->boundary[i].journal == journal)
			buf_span(&v->state, buf_view(&v->boundary[i].state));
	if (v->state.len == 0)
		vault_state_put(v, frame, &v->state);
	if (buf_error(&v->state) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "catalogue");
	v->state_frame = frame;
	catalogue_add(v->catalogue, ITEM_STATE, buf_view(&v->state));
	return ERR_OK;
}

/* Before a journal goes: what only it told goes to the catalogue. */
static enum err
journal_before(void *arg, uint32_t journal, uint64_t frame,
    const struct hash *hash, struct fault *why)
{
	struct vault *v = arg;
	enum err e;

	for (uint32_t id = 1; id <= sources_count(v->sources); id++) {
		struct vault_source *s = sources_at(v->sources, id);

		if (s != NULL && !s->saved && s->records > 0)
			vault_add_source(v, s);
	}
	for (unsigned i = 0; i < v->n_peers; i++) {
		if (v->peer[i].changed)
			vault_add_peer(v, &v->peer[i]);
		v->peer[i].changed = false;
	}
	vault_add_ids(v, v->saved_ids);
	if ((e = boundary_take(v, journal, frame, why)) != ERR_OK)
		return e;
	if (frame > v->trim_frame) {
		v->trim_journal = journal;
		v->trim_frame = frame;
		v->trim_hash = *hash;
		vault_add_trimmed(v);
	}
	return catalogue_sync(v->catalogue, why);
}

enum err
vault_trim(struct vault *v, struct fault *why)
{
	size_t before, n, kept = 0;
	enum err e;

	if (v->staged_bytes > 0)
		return fault_set(why, ERR_STATE, "sync before trimming");
	(void)inbox_groups(v->inbox, &before);
	e = inbox_trim(v->inbox, group_may_go, journal_before, v, NULL, why);
	(void)inbox_groups(v->inbox, &n);
	v->n_fed -= before - n;
	for (size_t i = 0; i < v->n_boundaries; i++) {
		if (v->boundary[i].journal <= v->trim_journal)
			buf_clear(&v->boundary[i].state);
		else
			v->boundary[kept++] = v->boundary[i];
	}
	v->n_boundaries = kept;
	if (e == ERR_OK && catalogue_bytes(v->catalogue) > 8 * CATALOGUE_RENEW)
		e = vault_renew(v, why);
	return e;
}
