/*
 * vault/vault_seal.c: from journals to segments, and their handing over.
 */
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

enum err
vault_plan(
    struct vault *v, uint32_t stream, struct seal_plan *p, struct fault *why)
{
	struct stream_state *s;
	const struct inbox_group *g;
	uint64_t raw = 0, last;
	void *room;
	size_t at, n;
	enum err e = ERR_OK;

	*p = (struct seal_plan){ .n = 0 };
	if (stream >= v->n_streams)
		return fault_set(why, ERR_NOT_FOUND, "no such stream");
	s = v->stream[stream];
	last = s->pub.sealed_seq;
	at = group_next(v, stream, last, 0);
	g = inbox_groups(v->inbox, &n);
	if (at == n)
		return fault_set(
		    why, ERR_NOT_FOUND, "%s: nothing to seal", s->pub.name);
	memcpy(p->stream, s->pub.name, sizeof p->stream);
	if (v->o.key != NULL &&
	    !v->o.key(v->o.key_arg, s->pub.parts.class,
		v->env->ops->now_us(v->env), &p->crypt))
		p->crypt.key_id[0] = '\0';
	if (g[at].first_seq <= last) {
		p->first_seq = last + 1;
		p->chain = s->sealed_chain;
	} else {
		p->first_seq = g[at].first_seq;
		p->chain = g[at].chain;
		last = p->first_seq - 1;
	}
	while (at < n && raw < v->o.seal_bytes && g[at].first_seq <= last + 1 &&
	    p->n < SEAL_GROUPS_MAX) {
		room = p->group;
		e = grow_array(&room, &p->cap, p->n, sizeof *p->group, why);
		p->group = room;
		if (e != ERR_OK)
			break;
		p->group[p->n++] = g[at];
		raw += g[at].len;
		last = g[at].first_seq + g[at].n - 1;
		at = group_next(v, stream, last, at + 1);
	}
	if (e != ERR_OK)
		seal_plan_clear(p);
	return e;
}

/* Opens what was made, to see that it is what the plan asked for. */
static enum err
made_open(struct vault *v, const struct seal_plan *p, const struct seal_done *d,
    struct fault *why)
{
	const struct segment_info *info;
	enum err e;

	segment_close(v->made);
	v->made = NULL;
	e = segment_open(
	    v->env, v->segments_dir, &d->name, v->o.keyring, &v->made, why);
	if (e != ERR_OK)
		return e;
	info = segment_about(v->made);
	if (strcmp(info->stream, p->stream) != 0 ||
	    info->first_seq != p->first_seq || info->n == 0 ||
	    info->first_seq + info->n - 1 != d->end ||
	    !hash_equal(&info->chain_before, &p->chain))
		return fault_set(why, ERR_DAMAGE,
		    "%s: the segment made is not the one asked for", p->stream);
	return ERR_OK;
}

enum err
vault_take(struct vault *v, uint32_t stream, const struct seal_plan *p,
    const struct seal_done *d, const struct segment_info **info,
    struct fault *why)
{
	struct stream_state *s = v->stream[stream];
	bool known;
	enum err e;

	if (!d->any) {
		if (p->n > 0 && d->lost == 0)
			group_lost(v, &p->group[0]);
		return fault_set(why, ERR_DAMAGE, "%s", d->text);
	}
	known = shelf_find(v->shelf, &d->name) != NULL;
	e = made_open(v, p, d, why);
	if (e == ERR_OK) {
		*info = segment_about(v->made);
		if (!known)
			e = shelf_put(v->shelf, *info, why);
	}
	/* Left there, the same records would be sealed once more beside it. */
	if (e != ERR_OK) {
		if (!known)
			(void)!segment_remove(v, &d->name, NULL);
		return e;
	}
	s->pub.sealed_seq = d->end;
	s->sealed_chain = (*info)->chain_after;
	vault_settle(v);
	unsealed_count(v, stream);
	return ERR_OK;
}

enum err
vault_seal(struct vault *v, uint32_t stream, const struct segment_info **info,
    struct fault *why)
{
	struct seal_plan p;
	struct seal_done d;
	enum err e = vault_plan(v, stream, &p, why);

	if (e == ERR_OK)
		e = seal_run(
		    v->env, v->segments_dir, v->inbox, &p, NULL, NULL, &d, why);
	if (e == ERR_OK)
		e = vault_take(v, stream, &p, &d, info, why);
	seal_plan_clear(&p);
	return e;
}

enum err
vault_look(struct vault *v, struct fault *why)
{
	const struct shelf_item *it;
	enum err e = shelf_refresh(v->shelf, why);
	size_t n;

	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		uint32_t at;

		if (it[i].unreadable ||
		    map_get(v->gone, span_of(it[i].name.at, HASH_LEN)) !=
			MAP_NONE)
			continue;
		e = inbox_stream(
		    v->inbox, shelf_stream(v->shelf, it[i].stream), &at, why);
		if (e != ERR_OK || at >= v->n_streams ||
		    it[i].first_seq + it[i].n - 1 <=
			v->stream[at]->pub.sealed_seq)
			continue;
		vault_sealed_widen(v->stream[at], it[i].first_seq + it[i].n - 1,
		    &it[i].chain_after);
		unsealed_count(v, at);
	}
	if (e == ERR_OK)
		vault_settle(v);
	return e == ERR_OK ? parts_remove(v, why) : e;
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
