/*
 * vault/vault_open.c: finding out, after any kind of end, what is held.
 *
 * Journals and segments are the truth; the catalogue says which of them book
 * has, and what rows alone do not tell.
 */
#include <stdlib.h>

#include "base/when.h"
#include "vault/line.h"
#include "vault/vault_own.h"

static const unsigned keep_default[CLASS_N] = {
	[CLASS_GENERAL] = 60,
	[CLASS_AUDIT] = 60,
	[CLASS_FIREWALL_ADMIN] = 90,
	[CLASS_FIREWALL_CONN] = 45,
	[CLASS_PERSONAL] = 180,
};

static void
options_fill(struct vault *v, const struct vault_options *o)
{
	size_t len;

	if (o != NULL)
		v->o = *o;
	if (v->o.seal_bytes == 0)
		v->o.seal_bytes = (uint64_t)64 << 20;
	if (v->o.seal_us == 0)
		v->o.seal_us = WHEN_HOUR;
	if (v->o.inbox_bytes == 0)
		v->o.inbox_bytes = (uint64_t)1 << 30;
	if (v->o.inbox_most == 0)
		v->o.inbox_most = (uint64_t)4 << 30;
	if (v->o.jump_us == 0)
		v->o.jump_us = WHEN_HOUR;
	for (unsigned i = 0; i < CLASS_N; i++)
		if (v->o.keep_days[i] == 0)
			v->o.keep_days[i] = keep_default[i];
	len = v->o.agency == NULL ? 0 : strlen(v->o.agency);
	if (len > 0 && len <= STREAM_AGENCY_MAX)
		memcpy(v->agency, v->o.agency, len + 1);
	else
		memcpy(v->agency, "main", 5);
	v->o.agency = v->agency;
}

/* --- segments --------------------------------------------------------- */

/* Unfinished files of a sealing that was cut short. */
struct parts {
	char name[16][32];
	unsigned n;
};

static enum err
part_note(void *arg, const char *name)
{
	struct parts *p = arg;
	size_t len = strlen(name);

	if (p->n < 16 && len < sizeof p->name[0] &&
	    span_ends(span_text(name), ".part"))
		memcpy(p->name[p->n++], name, len + 1);
	return ERR_OK;
}

enum err
parts_remove(struct vault *v, struct fault *why)
{
	struct parts p = { .n = 0 };
	enum err e = v->env->ops->list(
	    v->env, v->segments_dir, part_note, &p, why);

	for (unsigned i = 0; i < p.n && e == ERR_OK; i++) {
		e = v->env->ops->unlink(
		    v->env, v->segments_dir, p.name[i], why);
		if (e == ERR_NOT_FOUND) /* it was finished this moment */
			e = ERR_OK;
	}
	return e;
}

/* Learns the sources of a segment that the catalogue may not know. */
static enum err
origins_take(
    struct vault *v, const struct hash *name, bool count, struct fault *why)
{
	struct fault what;
	struct segment *g;
	enum err e = shelf_segment(v->shelf, name, &g, &what);

	if (e == ERR_DAMAGE)
		return ERR_OK; /* told by whoever verifies */
	if (e != ERR_OK)
		return fault_set(why, e, "%s", what.text);
	for (size_t i = 0; i < segment_about(g)->n_origins; i++) {
		const struct segment_origin *o = &segment_about(g)->origin[i];
		struct vault_source *s;

		e = sources_put(v->sources, o->source, o->sender, o->host, why);
		if (e == ERR_DAMAGE) {
			e = ERR_OK;
			continue;
		}
		if (e != ERR_OK)
			break;
		s = sources_at(v->sources, o->source);
		if (!count)
			continue;
		if (s->records == 0 || o->first_us < s->first_us)
			s->first_us = o->first_us;
		if (s->records == 0 || o->last_us > s->last_us)
			s->last_us = o->last_us;
		s->records += o->n;
	}
	segment_close(g);
	return e;
}

/* What the shelf says of streams; segments book may not have. */
static enum err
shelf_take(
    struct vault *v, bool rebuild, struct vault_found *found, struct fault *why)
{
	const struct shelf_item *it;
	enum err e = ERR_OK;
	size_t n;

	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct span key = span_of(it[i].name.at, HASH_LEN);
		struct stream_state *s;
		uint32_t at;
		bool known = map_get(v->committed, key) != MAP_NONE;

		if (it[i].unreadable || map_get(v->gone, key) != MAP_NONE)
			continue;
		e = inbox_stream(
		    v->inbox, shelf_stream(v->shelf, it[i].stream), &at, why);
		if (e == ERR_OK)
			e = vault_state(v, at, &s, why);
		if (e != ERR_OK)
			break;
		vault_sealed_widen(
		    s, it[i].first_seq + it[i].n - 1, &it[i].chain_after);
		if (it[i].last_us > s->pub.last_us)
			s->pub.last_us = it[i].last_us;
		found->offered += !known;
		if (!known || rebuild)
			e = origins_take(v, &it[i].name, rebuild, why);
	}
	return e;
}

/* Finishes deletions that were decided. */
static enum err
gone_remove(struct vault *v, struct fault *why)
{
	const struct shelf_item *it;
	enum err e = ERR_OK;
	size_t n;

	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n && e == ERR_OK;) {
		struct hash name = it[i].name;

		if (map_get(v->gone, span_of(name.at, HASH_LEN)) == MAP_NONE) {
			i++;
			continue;
		}
		e = segment_remove(v, &name, why);
		it = shelf_items(v->shelf, &n);
	}
	return e;
}

/* --- journals --------------------------------------------------------- */

static void
loss_add(
    struct vault_found *found, const char *stream, uint64_t from, uint64_t to)
{
	if (found->n_losses++ < 8)
		line_put(found->loss[found->n_losses - 1],
		    sizeof found->loss[0],
		    "records %s.%llu to .%llu are in no journal and no segment",
		    stream, (unsigned long long)from, (unsigned long long)to);
}

/* The chain after the last rows of a group. */
static enum err
group_chain(struct vault *v, const struct inbox_group *g, struct hash *h,
    struct fault *why)
{
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row r;
	enum err e = inbox_read(v->inbox, g, &rows, why);

	if (e != ERR_OK)
		return e == ERR_DAMAGE ? ERR_OK : e;
	*h = g->chain;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g->n; i++) {
		if (!row_get(&c, g->first_seq + i, &r) ||
		    event_decode(r.event, &ev, NULL) != ERR_OK)
			return ERR_OK;
		*h = chain_step(h, r.seq, &ev);
	}
	return ERR_OK;
}

/* Positions of the streams from the journals' groups. */
static enum err
groups_take(struct vault *v, struct vault_found *found, struct fault *why)
{
	const struct inbox_group *g;
	size_t n;
	size_t *last;
	enum err e = ERR_OK;

	g = inbox_groups(v->inbox, &n);
	last = calloc(inbox_streams(v->inbox) + 1U, sizeof *last);
	if (last == NULL)
		return fault_set(why, ERR_MEMORY, "vault");
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct stream_state *s;
		uint64_t end = g[i].first_seq + g[i].n - 1;

		if ((e = vault_state(v, g[i].stream, &s, why)) != ERR_OK)
			break;
		if (last[g[i].stream] == 0) {
			s->base = s->mid = g[i].first_seq - 1;
		}
		if (g[i].first_seq > s->pub.last_seq + 1)
			loss_add(found, s->pub.name, s->pub.last_seq + 1,
			    g[i].first_seq - 1);
		if (end > s->pub.last_seq) {
			s->pub.last_seq = end;
			last[g[i].stream] = i + 1;
		} else if (last[g[i].stream] == 0) {
			last[g[i].stream] = SIZE_MAX;
		}
	}
	for (uint32_t i = 0; i < v->n_streams && e == ERR_OK; i++) {
		struct stream_state *s = v->stream[i];
		size_t at = i < inbox_streams(v->inbox) ? last[i] : 0;

		if (at == 0)
			s->base = s->mid = s->pub.last_seq;
		else if (at != SIZE_MAX)
			e = group_chain(v, &g[at - 1], &s->pub.chain, why);
		s->staged_seq = s->pub.last_seq;
		s->staged_chain = s->pub.chain;
	}
	free(last);
	return e;
}

static void
batch_take(void *arg, const struct inbox_batch *b)
{
	peer_note(arg, b->epoch, b->number, true);
}

/* --- all together ----------------------------------------------------- */

/* The tables and folders. */
static enum err
vault_prepare(struct vault *v, struct fault *why)
{
	struct env *env = v->env;
	uint64_t seed[2] = { 0, 0 };
	enum err e = env->ops->random(env, seed, sizeof seed, why);

	if (e != ERR_OK)
		return e;
	v->sources = sources_new(seed[0], seed[1]);
	v->committed = map_new(seed[0], seed[1]);
	v->gone = map_new(seed[0], seed[1]);
	v->ids = idset_new();
	v->detect = detect_new(v->o.rules, 0);
	buf_init(&v->row, ROW_EVENT_MAX);
	buf_init(&v->state, FRAME_PAYLOAD_MAX);
	if (v->sources == NULL || v->committed == NULL || v->gone == NULL ||
	    v->ids == NULL || v->detect == NULL)
		return fault_set(why, ERR_MEMORY, "vault");
	e = env->ops->open_dir(env, v->dir, "inbox", true, &v->inbox_dir, why);
	if (e == ERR_OK)
		e = env->ops->open_dir(
		    env, v->dir, "segments", true, &v->segments_dir, why);
	if (e == ERR_OK)
		e = env->ops->sync(env, v->dir, why);
	return e;
}

/* An id of a batch that some journal holds. */
static void
id_take(void *arg, const uint8_t id[static INBOX_ID_LEN])
{
	struct vault *v = arg;

	idset_add(v->ids, id);
}

/* Reads everything there is. */
static enum err
vault_load(struct vault *v, struct vault_found *found, struct fault *why)
{
	struct inbox_options io = { .rotate = v->o.rotate,
		.reserve = v->o.reserve / 4,
		.id = id_take,
		.id_arg = v };
	struct catalogue_found cf;
	bool rebuild;
	size_t n;
	enum err e;

	e = inbox_open(
	    v->env, v->inbox_dir, true, &io, &v->inbox, &found->inbox, why);
	if (e == ERR_OK)
		e = catalogue_open(v->env, v->dir, vault_item_take, v,
		    &v->catalogue, &cf, why);
	if (e == ERR_OK)
		e = parts_remove(v, why);
	if (e == ERR_OK)
		e = shelf_open(v->env, v->segments_dir, &v->shelf, why);
	if (e == ERR_OK)
		shelf_keys(v->shelf, v->o.keyring);
	if (e != ERR_OK)
		return e;
	inbox_expect(v->inbox, v->trim_journal, v->trim_frame, &v->trim_hash,
	    &found->inbox);
	(void)shelf_items(v->shelf, &n);
	rebuild = cf.damaged || (n > 0 && v->state.len == 0 && !cf.there);
	found->catalogue_rebuilt = rebuild;
	if ((e = gone_remove(v, why)) != ERR_OK ||
	    (e = shelf_take(v, rebuild, found, why)) != ERR_OK)
		return e;
	if (!rebuild && v->state.len > 0 &&
	    vault_state_get(v, buf_view(&v->state), NULL) != ERR_OK)
		found->catalogue_rebuilt = true; /* detectors begin anew */
	inbox_batches(v->inbox, batch_take, v);
	if ((e = groups_take(v, found, why)) != ERR_OK ||
	    (e = vault_feed(v, why)) != ERR_OK)
		return e;
	vault_settle(v);
	if (rebuild || catalogue_bytes(v->catalogue) > CATALOGUE_RENEW)
		e = vault_renew(v, why);
	return e;
}

enum err
vault_open(struct env *env, int dir, const struct vault_options *o,
    struct vault **out, struct vault_found *found, struct fault *why)
{
	struct vault *v = calloc(1, sizeof *v);
	struct vault_found *f = calloc(1, sizeof *f);
	enum err e;

	if (v == NULL || f == NULL) {
		free(v);
		free(f);
		return fault_set(why, ERR_MEMORY, "vault");
	}
	v->env = env;
	v->dir = dir;
	v->inbox_dir = v->segments_dir = -1;
	options_fill(v, o);
	if ((e = vault_prepare(v, why)) == ERR_OK)
		e = vault_load(v, f, why);
	if (e == ERR_OK) {
		(void)vault_tick(v);
		if (found != NULL)
			*found = *f;
		*out = v;
		v = NULL;
	}
	free(f);
	vault_close(v);
	return e;
}

void
vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	segment_close(v->made);
	segment_close(v->offer);
	segment_close(v->expired);
	inbox_close(v->inbox);
	catalogue_close(v->catalogue);
	shelf_close(v->shelf);
	sources_free(v->sources);
	map_free(v->committed);
	map_free(v->gone);
	idset_free(v->ids);
	detect_free(v->detect);
	for (uint32_t i = 0; i < v->n_streams; i++) {
		buf_clear(&v->stream[i]->lane);
		rollup_free(v->stream[i]->acc);
		rollup_free(v->stream[i]->tail);
		free(v->stream[i]);
	}
	for (size_t i = 0; i < v->n_boundaries; i++)
		buf_clear(&v->boundary[i].state);
	if (v->inbox_dir != -1)
		v->env->ops->close(v->env, v->inbox_dir);
	if (v->segments_dir != -1)
		v->env->ops->close(v->env, v->segments_dir);
	buf_clear(&v->row);
	buf_clear(&v->state);
	free(v->boundary);
	free(v->stream);
	free(v->route);
	free(v->staged);
	free(v->touched);
	free(v->found);
	free(v->told);
	free(v);
}
