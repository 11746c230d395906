/*
 * vault/vault_items.c: what the catalogue holds, as bytes (catalogue.h,
 * doc/format-vault.md).
 */
#include "vault/vault_own.h"

static void
short_put(struct buf *b, struct span s)
{
	buf_u8(b, (uint8_t)s.len);
	buf_span(b, s);
}

/* Stages what is in b as one item, and empties b. */
static void
item_add(struct vault *v, enum catalogue_kind kind, struct buf *b)
{
	if (buf_error(b) == ERR_OK)
		catalogue_add(v->catalogue, kind, buf_view(b));
	else
		catalogue_spoil(v->catalogue, buf_error(b));
	buf_clear(b);
}

void
vault_add_source(struct vault *v, struct vault_source *s)
{
	struct buf b;

	buf_init(&b, 1024);
	buf_u32(&b, s->id);
	short_put(&b, s->sender);
	short_put(&b, s->host);
	item_add(v, ITEM_SOURCE, &b);
	s->saved = true;
}

void
vault_add_peer(struct vault *v, const struct peer *p)
{
	struct buf b;

	buf_init(&b, 1024);
	buf_u64(&b, p->epoch);
	buf_u64(&b, p->greatest);
	for (unsigned i = 0; i < PEER_WORDS; i++)
		buf_u64(&b, p->bit[i]);
	item_add(v, ITEM_PEER, &b);
}

void
vault_add_trimmed(struct vault *v)
{
	struct buf b;

	buf_init(&b, 64);
	buf_u32(&b, v->trim_journal);
	buf_u64(&b, v->trim_frame);
	buf_add(&b, v->trim_hash.at, HASH_LEN);
	item_add(v, ITEM_TRIMMED, &b);
}

void
vault_add_clock(struct vault *v)
{
	struct buf b;

	buf_init(&b, 16);
	buf_u64(&b, (uint64_t)v->clock_held_us);
	buf_u64(&b, (uint64_t)v->clock_last_us);
	item_add(v, ITEM_CLOCK, &b);
}

void
vault_add_committed(struct vault *v, const struct shelf_item *it)
{
	struct buf b;

	buf_init(&b, 256);
	buf_add(&b, it->name.at, HASH_LEN);
	buf_u64(&b, it->first_seq);
	buf_u32(&b, it->n);
	buf_add(&b, it->chain_after.at, HASH_LEN);
	short_put(&b, span_text(shelf_stream(v->shelf, it->stream)));
	item_add(v, ITEM_COMMITTED, &b);
}

static void
stream_add(struct vault *v, const struct stream_state *s)
{
	struct buf b;

	buf_init(&b, 256);
	buf_u64(&b, s->pub.sealed_seq);
	buf_add(&b, s->sealed_chain.at, HASH_LEN);
	short_put(&b, span_text(s->pub.name));
	item_add(v, ITEM_STREAM, &b);
}

#define IDS_OF_ITEM ((size_t)4096)

void
vault_add_ids(struct vault *v, uint64_t from)
{
	uint64_t end = idset_added(v->ids) - v->n_ids;
	struct buf b;

	if (end > IDSET_MAX && from < end - IDSET_MAX)
		from = end - IDSET_MAX;
	while (from < end) {
		buf_init(&b, IDS_OF_ITEM * IDSET_LEN);
		for (; from < end && b.len < IDS_OF_ITEM * IDSET_LEN; from++) {
			const uint8_t *id = idset_at(v->ids, from);

			if (id != NULL)
				buf_add(&b, id, IDSET_LEN);
		}
		item_add(v, ITEM_IDS, &b);
	}
	v->saved_ids = end;
}

enum err
vault_renew(struct vault *v, struct fault *why)
{
	const struct shelf_item *it;
	size_t n;

	for (uint32_t id = 1; id <= sources_count(v->sources); id++) {
		struct vault_source *s = sources_at(v->sources, id);

		if (s != NULL)
			vault_add_source(v, s);
	}
	for (uint32_t i = 0; i < v->n_streams; i++)
		stream_add(v, v->stream[i]);
	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n; i++)
		if (map_get(v->committed, span_of(it[i].name.at, HASH_LEN)) !=
		    MAP_NONE)
			vault_add_committed(v, &it[i]);
	for (unsigned i = 0; i < v->n_peers; i++)
		vault_add_peer(v, &v->peer[i]);
	vault_add_ids(v, 0);
	vault_add_clock(v);
	if (v->trim_frame != 0)
		vault_add_trimmed(v);
	if (v->state.len > 0)
		catalogue_add(v->catalogue, ITEM_STATE, buf_view(&v->state));
	return catalogue_renew(v->catalogue, why);
}

void
vault_state_put(struct vault *v, uint64_t frame, struct buf *b)
{
	uint32_t n = 0;

	for (uint32_t id = 1; id <= sources_count(v->sources); id++)
		n += sources_at(v->sources, id) != NULL;
	buf_u64(b, frame);
	buf_u32(b, n);
	for (uint32_t id = 1; id <= sources_count(v->sources); id++) {
		const struct vault_source *s = sources_at(v->sources, id);

		if (s == NULL)
			continue;
		buf_u32(b, id);
		buf_u8(b, (uint8_t)s->via);
		buf_u64(b, (uint64_t)s->first_us);
		buf_u64(b, (uint64_t)s->last_us);
		buf_u64(b, s->records);
	}
	detect_save(v->detect, b);
}

enum err
vault_state_get(struct vault *v, struct span s, struct fault *why)
{
	struct cursor c = cursor_of(s);
	uint64_t frame = cursor_u64(&c);
	uint32_t n = cursor_u32(&c);

	for (uint32_t i = 0; i < n && !c.bad; i++) {
		struct vault_source *to = sources_at(
		    v->sources, cursor_u32(&c));
		unsigned via = cursor_u8(&c);
		int64_t first = (int64_t)cursor_u64(&c);
		int64_t last = (int64_t)cursor_u64(&c);
		uint64_t records = cursor_u64(&c);

		if (to == NULL || via >= VIA_N)
			continue;
		to->via = (enum event_transport)via;
		to->first_us = first;
		to->last_us = last;
		to->records = records;
	}
	if (c.bad)
		return fault_set(why, ERR_SYNTAX, "catalogue: state");
	v->state_frame = frame;
	return detect_load(v->detect, cursor_rest(&c), why);
}

static void
hash_get(struct cursor *c, struct hash *h)
{
	struct span s = cursor_take(c, HASH_LEN);

	if (s.len == HASH_LEN)
		memcpy(h->at, s.at, HASH_LEN);
}

/* The stream that an item names. */
static enum err
stream_get(struct vault *v, struct cursor *c, struct stream_state **s,
    struct fault *why)
{
	struct span text = cursor_take(c, cursor_u8(c));
	char name[STREAM_NAME_MAX] = "";
	struct stream_name parts;
	uint32_t at;
	enum err e;

	if (!cursor_done(c) || stream_parse(text, &parts, NULL) != ERR_OK)
		return fault_set(why, ERR_SYNTAX, "catalogue: stream");
	memcpy(name, text.at, text.len);
	if ((e = inbox_stream(v->inbox, name, &at, why)) != ERR_OK)
		return e;
	return vault_state(v, at, s, why);
}

/* All up to seq is sealed, the chain then being at h. */
void
vault_sealed_widen(struct stream_state *s, uint64_t seq, const struct hash *h)
{
	if (seq <= s->pub.sealed_seq)
		return;
	s->pub.sealed_seq = seq;
	s->sealed_chain = *h;
	if (seq > s->pub.last_seq) {
		s->pub.last_seq = seq;
		s->pub.chain = *h;
	}
}

static enum err
committed_take(struct vault *v, struct cursor *c, struct fault *why)
{
	struct hash name = { { 0 } }, chain = { { 0 } };
	struct stream_state *s;
	uint64_t first;
	uint32_t n;
	enum err e;

	hash_get(c, &name);
	first = cursor_u64(c);
	n = cursor_u32(c);
	hash_get(c, &chain);
	if ((e = stream_get(v, c, &s, why)) != ERR_OK)
		return e;
	if (n == 0 || first == 0 || first > UINT64_MAX - n)
		return fault_set(why, ERR_SYNTAX, "catalogue: segment");
	vault_sealed_widen(s, first + n - 1, &chain);
	return map_put(v->committed, span_of(name.at, HASH_LEN), 1, why);
}

static enum err
peer_take(struct vault *v, struct cursor *c, struct fault *why)
{
	uint64_t epoch = cursor_u64(c), greatest = cursor_u64(c);

	for (unsigned i = 0; i < PEER_WORDS; i++) {
		uint64_t bits = cursor_u64(c);

		if (c->bad)
			return fault_set(why, ERR_SYNTAX, "catalogue: peer");
		if (i == 0)
			peer_note(v, epoch, greatest, true);
		for (unsigned k = 0; k < v->n_peers; k++)
			if (v->peer[k].epoch == epoch)
				v->peer[k].bit[i] = bits;
	}
	return ERR_OK;
}

/* One item of the catalogue. */
enum err
vault_item_take(
    void *arg, enum catalogue_kind kind, struct span body, struct fault *why)
{
	struct vault *v = arg;
	struct cursor c = cursor_of(body);
	struct hash h = { { 0 } };
	struct stream_state *s;
	uint64_t seq;
	uint32_t id;
	enum err e;

	switch (kind) {
	case ITEM_SOURCE: {
		struct span sender, host;

		id = cursor_u32(&c);
		sender = cursor_take(&c, cursor_u8(&c));
		host = cursor_take(&c, cursor_u8(&c));
		if (!cursor_done(&c))
			return fault_set(why, ERR_SYNTAX, "catalogue: source");
		e = sources_put(v->sources, id, sender, host, why);
		if (e == ERR_OK)
			sources_at(v->sources, id)->saved = true;
		return e;
	}
	case ITEM_COMMITTED:
		return committed_take(v, &c, why);
	case ITEM_GONE:
		hash_get(&c, &h);
		return map_put(v->gone, span_of(h.at, HASH_LEN), 1, why);
	case ITEM_STREAM:
		seq = cursor_u64(&c);
		hash_get(&c, &h);
		if ((e = stream_get(v, &c, &s, why)) == ERR_OK && seq > 0)
			vault_sealed_widen(s, seq, &h);
		return e;
	case ITEM_PEER:
		return peer_take(v, &c, why);
	case ITEM_STATE:
		buf_reset(&v->state);
		buf_span(&v->state, body);
		return buf_error(&v->state) == ERR_OK
		    ? ERR_OK
		    : fault_set(why, ERR_MEMORY, "catalogue");
	case ITEM_TRIMMED:
		v->trim_journal = cursor_u32(&c);
		v->trim_frame = cursor_u64(&c);
		hash_get(&c, &v->trim_hash);
		return ERR_OK;
	case ITEM_CLOCK:
		v->clock_held_us = (int64_t)cursor_u64(&c);
		v->clock_saved_us = v->clock_held_us;
		if (!cursor_done(&c)) /* told since it is kept */
			v->clock_last_us = (int64_t)cursor_u64(&c);
		return ERR_OK;
	case ITEM_IDS:
		while (!cursor_done(&c)) {
			struct span s16 = cursor_take(&c, IDSET_LEN);

			if (s16.len != IDSET_LEN)
				return fault_set(
				    why, ERR_SYNTAX, "catalogue: ids");
			idset_add(v->ids, s16.at);
		}
		return ERR_OK;
	}
	return fault_set(why, ERR_SYNTAX, "catalogue: kind %u", (unsigned)kind);
}
