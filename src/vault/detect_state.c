/*
 * vault/detect_state.c: the detectors' state as bytes, and back.
 *
 * Source: beimen-formats(5), "state of the detectors". Rules are known by
 * their marks: what belongs to another is passed over by its length.
 */
#include <stdlib.h>

#include "vault/detect_own.h"

#define STATE_VERSION 2
#define SOURCES_MAX 1000000U

/* ---- out ---- */

static void
text_put(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	buf_u8(b, (uint8_t)len);
	buf_add(b, s, len);
}

static void
id_put(struct buf *b, struct place_id id)
{
	buf_u32(b, id.stream);
	buf_u64(b, id.seq);
}

static void
items_put(struct buf *b, const struct sigma_rule *r, const struct watch *x)
{
	buf_u32(b, x->n_items);
	for (uint32_t i = 0; i < x->n_items; i++) {
		uint64_t bits;

		if (r->kind == SIGMA_VALUE_COUNT) {
			const struct held *h = &x->held[i];

			buf_u64(b, (uint64_t)h->at_us);
			buf_u8(b, h->open);
			text_put(b, h->value);
			text_put(b, h->session);
			id_put(b, h->id);
			continue;
		}
		memcpy(&bits, &x->hit[i].value, sizeof bits);
		buf_u64(b, (uint64_t)x->hit[i].at_us);
		buf_u64(b, bits);
	}
}

static void
watch_put(struct buf *b, const struct sigma_rule *r, const struct watch *x)
{
	buf_u32(b, x->source);
	text_put(b, x->subject);
	buf_u64(b, (uint64_t)x->last_us);
	buf_u8(b, (uint8_t)(x->told | (x->seen != NULL) << 1));
	buf_u64(b, x->n);
	buf_u64(b, x->count);
	buf_u64(b, x->next_told);
	buf_u64(b, (uint64_t)x->first_us);
	buf_u8(b, x->n_ids);
	buf_u8(b, x->at_id);
	for (unsigned i = 0; i < x->n_ids; i++)
		id_put(b, x->id[i]);
	items_put(b, r, x);
	for (unsigned k = 0; x->seen != NULL && k < r->count.n_parts; k++) {
		const struct seen *s = &x->seen[k];

		buf_u8(b, s->there);
		buf_u64(b, (uint64_t)s->at_us);
		buf_u64(b, (uint64_t)s->start_us);
		buf_u64(b, (uint64_t)s->first_us);
		buf_u64(b, s->count);
		id_put(b, s->id);
	}
}

static void
block_put(const struct detect *d, unsigned rule, struct buf *b)
{
	const struct watched *w = &d->watched[rule];
	struct buf all;

	buf_init(&all, DETECT_STATE_MAX + 65536);
	/* From the least recently used on, so that order is kept. */
	for (uint32_t k = w->oldest; k != NONE; k = w->at[k].newer)
		watch_put(&all, sigma_at(d->rules, rule), &w->at[k]);
	buf_u64(b, sigma_mark(d->rules, rule));
	buf_u32(b, (uint32_t)map_count(w->by_key));
	buf_block(b, buf_view(&all));
	if (buf_error(&all) != ERR_OK)
		b->bad = buf_error(&all);
	buf_clear(&all);
}

void
detect_save(const struct detect *d, struct buf *b)
{
	uint32_t n = 0;

	buf_u8(b, STATE_VERSION);
	buf_u64(b, d->dropped);
	for (uint32_t i = 0; i < d->n_told; i++)
		n += d->told[i] != 0;
	buf_u32(b, n);
	for (uint32_t i = 0; i < d->n_told; i++) {
		if (d->told[i] == 0)
			continue;
		buf_u32(b, i);
		buf_u64(b, d->told[i]);
	}
	n = 0;
	for (unsigned i = 0; i < d->n_rules; i++)
		n += map_count(d->watched[i].by_key) > 0;
	buf_u32(b, n);
	for (unsigned i = 0; i < d->n_rules; i++)
		if (map_count(d->watched[i].by_key) > 0)
			block_put(d, i, b);
}

/* ---- in ---- */

static void
text_get(struct cursor *c, char to[static DETECT_TEXT_MAX + 1])
{
	struct span s = cursor_take(c, cursor_u8(c));

	if (s.len > DETECT_TEXT_MAX)
		c->bad = true;
	else
		text_of(to, s);
}

static struct place_id
id_get(struct cursor *c)
{
	struct place_id id = { cursor_u32(c), 0 };

	id.seq = cursor_u64(c);
	return id;
}

static int64_t
time_get(struct cursor *c)
{
	return (int64_t)cursor_u64(c);
}

static enum err
items_get(struct detect *d, unsigned rule, struct watch *x, struct cursor *c,
    struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	uint32_t n = cursor_u32(c), keep = d->watched[rule].keep;
	enum err e = ERR_OK;
	bool went;

	if (n > keep)
		c->bad = true;
	for (uint32_t i = 0; i < n && !c->bad && e == ERR_OK; i++) {
		struct hit h = { .at_us = time_get(c) };
		struct held *v;
		uint64_t bits;

		if (r->kind == SIGMA_VALUE_COUNT) {
			e = watch_hold(x, keep, &v, &went, why);
			if (e != ERR_OK)
				return e;
			*v = (struct held){ .at_us = h.at_us,
				.open = cursor_u8(c) != 0 };
			text_get(c, v->value);
			text_get(c, v->session);
			v->id = id_get(c);
			continue;
		}
		bits = cursor_u64(c);
		memcpy(&h.value, &bits, sizeof bits);
		if (!(h.value >= -1e300 && h.value <= 1e300))
			c->bad = true;
		e = watch_hit(x, h, keep, &went, why);
	}
	return e;
}

/* The rest of an entry, behind source and subject. */
static enum err
watch_get(struct detect *d, unsigned rule, struct watch *x, struct cursor *c,
    struct fault *why)
{
	unsigned parts = sigma_at(d->rules, rule)->count.n_parts;
	uint8_t flags;
	enum err e;

	x->last_us = time_get(c);
	flags = cursor_u8(c);
	x->told = flags & 1;
	x->n = cursor_u64(c);
	x->count = cursor_u64(c);
	x->next_told = cursor_u64(c);
	x->first_us = time_get(c);
	x->n_ids = cursor_u8(c);
	x->at_id = cursor_u8(c);
	if (x->n_ids > DETECT_RECORDS_MAX || x->at_id >= DETECT_RECORDS_MAX) {
		x->n_ids = x->at_id = 0;
		c->bad = true;
	}
	for (unsigned i = 0; i < x->n_ids; i++)
		x->id[i] = id_get(c);
	if ((e = items_get(d, rule, x, c, why)) != ERR_OK || !(flags & 2) ||
	    c->bad)
		return e;
	if ((e = watch_seen(x, parts, why)) != ERR_OK)
		return e;
	for (unsigned k = 0; k < parts; k++) {
		struct seen *s = &x->seen[k];

		s->there = cursor_u8(c) != 0;
		s->at_us = time_get(c);
		s->start_us = time_get(c);
		s->first_us = time_get(c);
		s->count = cursor_u64(c);
		s->id = id_get(c);
	}
	return ERR_OK;
}

static enum err
block_get(struct detect *d, unsigned rule, uint32_t count, struct span s,
    struct fault *why)
{
	struct watched *w = &d->watched[rule];
	struct cursor c = cursor_of(s);
	char subject[DETECT_TEXT_MAX + 1];
	size_t before, after;
	struct watch *x;
	enum err e = ERR_OK;

	if (count > d->keys_max || map_count(w->by_key) > 0)
		return fault_set(why, ERR_SYNTAX, "detectors: state");
	for (uint32_t i = 0; i < count && e == ERR_OK; i++) {
		uint32_t source = cursor_u32(&c);

		text_get(&c, subject);
		if (c.bad)
			break;
		e = watch_at(d, rule, source, subject, false, &x, why);
		if (e == ERR_OK && x != NULL)
			c.bad = true; /* the same twice */
		if (e == ERR_OK && !c.bad)
			e = watch_at(d, rule, source, subject, true, &x, why);
		if (e != ERR_OK || c.bad)
			break;
		before = watch_bytes(d, rule, x);
		e = watch_get(d, rule, x, &c, why);
		after = watch_bytes(d, rule, x);
		w->bytes += after - before;
		d->bytes += after - before;
	}
	if (e == ERR_OK && !cursor_done(&c))
		e = fault_set(why, ERR_SYNTAX, "detectors: state");
	return e;
}

/* Forgets everything. */
static void
detect_reset(struct detect *d)
{
	for (unsigned i = 0; i < d->n_rules; i++)
		watched_reset(&d->watched[i]);
	free(d->told);
	d->told = NULL;
	d->n_told = 0;
	d->dropped = 0;
	d->bytes = 0;
}

static enum err
blocks_get(
    struct detect *d, struct cursor *c, uint64_t *lost, struct fault *why)
{
	uint32_t n = cursor_u32(c);
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < n && !c->bad && e == ERR_OK; i++) {
		uint64_t mark = cursor_u64(c);
		uint32_t count = cursor_u32(c);
		struct span s = cursor_block(c, DETECT_STATE_MAX + 65536);
		unsigned rule = 0;

		if (c->bad)
			break;
		while (rule < d->n_rules && sigma_mark(d->rules, rule) != mark)
			rule++;
		if (rule == d->n_rules)
			*lost += count;
		else
			e = block_get(d, rule, count, s, why);
	}
	return e;
}

enum err
detect_load(struct detect *d, struct span s, struct fault *why)
{
	struct cursor c = cursor_of(s);
	unsigned version = cursor_u8(&c);
	uint64_t dropped = cursor_u64(&c), n;
	uint32_t count = cursor_u32(&c);
	enum err e = ERR_OK;

	detect_reset(d);
	if (version != STATE_VERSION)
		return fault_set(
		    why, ERR_SYNTAX, "detectors: a state of another version");
	for (uint32_t i = 0; i < count && !c.bad && e == ERR_OK; i++) {
		uint32_t source = cursor_u32(&c);
		uint64_t told = cursor_u64(&c);

		if (source > SOURCES_MAX)
			c.bad = true;
		if (!c.bad && (e = number_next(d, source, &n, why)) == ERR_OK)
			d->told[source] = told;
	}
	if (e == ERR_OK && !c.bad)
		e = blocks_get(d, &c, &dropped, why);
	if (e == ERR_OK && !cursor_done(&c))
		e = fault_set(why, ERR_SYNTAX, "detectors: state");
	if (e != ERR_OK)
		detect_reset(d);
	else
		d->dropped = dropped;
	return e;
}
