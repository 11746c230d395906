/*
 * proc/told.c: keeper's messages to book.
 */
#include "proc/told.h"

#include <string.h>

#define TEXT_MAX 4096

static void
hash_put(struct buf *b, const struct hash *h)
{
	buf_add(b, h->at, HASH_LEN);
}

static void
hash_get(struct cursor *c, struct hash *h)
{
	struct span s = cursor_take(c, HASH_LEN);

	if (s.len == HASH_LEN)
		memcpy(h->at, s.at, HASH_LEN);
}

static int64_t
time_get(struct cursor *c)
{
	return (int64_t)cursor_u64(c);
}

static void
time_put(struct buf *b, int64_t us)
{
	buf_u64(b, (uint64_t)us);
}

static struct span
text_get(struct cursor *c)
{
	return cursor_block(c, TEXT_MAX);
}

/* Room for n things of `size` bytes, of which each takes at least `least`
 * bytes of what is left; NULL when the message cannot hold so many. */
static void *
list_room(
    struct cursor *c, struct arena *a, uint32_t n, size_t size, size_t least)
{
	if (c->bad || n > (c->all.len - c->pos) / least) {
		c->bad = true;
		return NULL;
	}
	return arena_array(a, n == 0 ? 1 : n, size);
}

static enum err
done(const struct cursor *c, const void *list, const char *what,
    struct fault *why)
{
	if (!c->bad && list == NULL)
		return fault_set(why, ERR_MEMORY, "%s", what);
	if (!cursor_done(c))
		return fault_set(why, ERR_SYNTAX, "not a message: %s", what);
	return ERR_OK;
}

void
told_report(struct buf *b, const struct stream_report *r)
{
	buf_u32(b, (uint32_t)r->n_sources);
	for (size_t i = 0; i < r->n_sources; i++) {
		const struct source_report *s = &r->source[i];

		time_put(b, s->id);
		buf_block(b, s->agency);
		buf_block(b, s->log_source);
		buf_block(b, s->sender);
		buf_block(b, s->host);
		buf_u8(b, (uint8_t)s->via);
		time_put(b, s->first_us);
		time_put(b, s->last_us);
		buf_u64(b, s->records);
	}
	buf_block(b, r->stream);
	buf_u64(b, r->from);
	buf_u64(b, r->to);
	buf_u32(b, (uint32_t)r->n_deltas);
	for (size_t i = 0; i < r->n_deltas; i++) {
		const struct rollup_delta *d = &r->delta[i];

		time_put(b, d->source);
		buf_u8(b, (uint8_t)d->category);
		time_put(b, d->hour_us);
		buf_u64(b, d->n);
		buf_u64(b, d->lacking);
		time_put(b, d->first_us);
		time_put(b, d->last_us);
		time_put(b, d->lacking_us);
	}
	buf_u32(b, (uint32_t)r->n_detections);
	for (size_t i = 0; i < r->n_detections; i++) {
		const struct detection_report *d = &r->detection[i];

		time_put(b, d->source);
		buf_block(b, d->rule);
		buf_block(b, d->subject);
		buf_block(b, d->user);
		time_put(b, d->first_us);
		time_put(b, d->last_us);
		buf_u64(b, d->count);
		buf_block(b, d->record);
		buf_block(b, d->records);
	}
}

static struct source_report *
sources_get(struct cursor *c, struct arena *a, size_t *n)
{
	uint32_t count = cursor_u32(c);
	struct source_report *s = list_room(c, a, count, sizeof *s, 40);

	for (*n = 0; s != NULL && *n < count && !c->bad; (*n)++) {
		struct source_report *at = &s[*n];
		uint8_t via;

		at->id = time_get(c);
		at->agency = text_get(c);
		at->log_source = text_get(c);
		at->sender = text_get(c);
		at->host = text_get(c);
		via = cursor_u8(c);
		c->bad = c->bad || via >= VIA_N;
		at->via = (enum event_transport)via;
		at->first_us = time_get(c);
		at->last_us = time_get(c);
		at->records = cursor_u64(c);
	}
	return s;
}

static struct rollup_delta *
deltas_get(struct cursor *c, struct arena *a, size_t *n)
{
	uint32_t count = cursor_u32(c);
	struct rollup_delta *d = list_room(c, a, count, sizeof *d, 57);

	for (*n = 0; d != NULL && *n < count && !c->bad; (*n)++) {
		struct rollup_delta *at = &d[*n];
		uint8_t category;

		at->source = time_get(c);
		category = cursor_u8(c);
		c->bad = c->bad || category >= CAT_N;
		at->category = (enum event_category)category;
		at->hour_us = time_get(c);
		at->n = cursor_u64(c);
		at->lacking = cursor_u64(c);
		at->first_us = time_get(c);
		at->last_us = time_get(c);
		at->lacking_us = time_get(c);
	}
	return d;
}

static struct detection_report *
detections_get(struct cursor *c, struct arena *a, size_t *n)
{
	uint32_t count = cursor_u32(c);
	struct detection_report *d = list_room(c, a, count, sizeof *d, 52);

	for (*n = 0; d != NULL && *n < count && !c->bad; (*n)++) {
		struct detection_report *at = &d[*n];

		at->source = time_get(c);
		at->rule = text_get(c);
		at->subject = text_get(c);
		at->user = text_get(c);
		at->first_us = time_get(c);
		at->last_us = time_get(c);
		at->count = cursor_u64(c);
		at->record = text_get(c);
		at->records = text_get(c);
	}
	return d;
}

enum err
told_report_read(struct cursor *c, struct arena *a, struct stream_report *r,
    struct fault *why)
{
	*r = (struct stream_report){ .stream = SPAN_EMPTY };
	r->source = sources_get(c, a, &r->n_sources);
	r->stream = text_get(c);
	r->from = cursor_u64(c);
	r->to = cursor_u64(c);
	r->delta = deltas_get(c, a, &r->n_deltas);
	r->detection = detections_get(c, a, &r->n_detections);
	return done(c,
	    r->source == NULL || r->delta == NULL ? NULL : r->detection,
	    "report", why);
}

void
told_heads(struct buf *b, const struct stream_head *h, size_t n)
{
	buf_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		buf_block(b, h[i].stream);
		buf_block(b, h[i].agency);
		buf_block(b, h[i].class_name);
		buf_u32(b, h[i].keep_days);
		buf_u64(b, h[i].first_seq);
		buf_u64(b, h[i].last_seq);
		buf_u64(b, h[i].count);
		time_put(b, h[i].first_us);
		time_put(b, h[i].last_us);
		hash_put(b, &h[i].chain);
	}
}

enum err
told_heads_read(struct cursor *c, struct arena *a, const struct stream_head **h,
    size_t *n, struct fault *why)
{
	uint32_t count = cursor_u32(c);
	struct stream_head *all = list_room(c, a, count, sizeof *all, 88);

	for (*n = 0; all != NULL && *n < count && !c->bad; (*n)++) {
		struct stream_head *at = &all[*n];

		at->stream = text_get(c);
		at->agency = text_get(c);
		at->class_name = text_get(c);
		at->keep_days = cursor_u32(c);
		at->first_seq = cursor_u64(c);
		at->last_seq = cursor_u64(c);
		at->count = cursor_u64(c);
		at->first_us = time_get(c);
		at->last_us = time_get(c);
		hash_get(c, &at->chain);
	}
	*h = all;
	return done(c, all, "heads", why);
}

void
told_segment(struct buf *b, const struct segment_report *s)
{
	hash_put(b, &s->file);
	buf_block(b, s->agency);
	buf_block(b, s->stream);
	buf_block(b, s->class_name);
	buf_u32(b, s->keep_days);
	buf_u64(b, s->first_seq);
	buf_u32(b, s->n);
	buf_u32(b, s->blocks);
	time_put(b, s->first_us);
	time_put(b, s->last_us);
	time_put(b, s->sealed_us);
	hash_put(b, &s->root);
	hash_put(b, &s->rollups);
	buf_u32(b, (uint32_t)s->n_sources);
	for (size_t i = 0; i < s->n_sources; i++) {
		time_put(b, s->source[i].source);
		time_put(b, s->source[i].first_us);
		time_put(b, s->source[i].last_us);
		buf_u64(b, s->source[i].n);
	}
}

enum err
told_segment_read(struct cursor *c, struct arena *a, struct segment_report *s,
    struct fault *why)
{
	struct segment_source *from;
	uint32_t n;

	*s = (struct segment_report){ .keep_days = 0 };
	hash_get(c, &s->file);
	s->agency = text_get(c);
	s->stream = text_get(c);
	s->class_name = text_get(c);
	s->keep_days = cursor_u32(c);
	s->first_seq = cursor_u64(c);
	s->n = cursor_u32(c);
	s->blocks = cursor_u32(c);
	s->first_us = time_get(c);
	s->last_us = time_get(c);
	s->sealed_us = time_get(c);
	hash_get(c, &s->root);
	hash_get(c, &s->rollups);
	n = cursor_u32(c);
	from = list_room(c, a, n, sizeof *from, 32);
	for (; from != NULL && s->n_sources < n && !c->bad; s->n_sources++) {
		struct segment_source *at = &from[s->n_sources];

		at->source = time_get(c);
		at->first_us = time_get(c);
		at->last_us = time_get(c);
		at->n = cursor_u64(c);
	}
	s->source = from;
	return done(c, from, "segment", why);
}

void
told_verify(struct buf *b, const struct told_verify *v)
{
	buf_block(b, v->run.agency);
	time_put(b, v->run.from_us);
	time_put(b, v->run.at_us);
	buf_u64(b, v->run.segments);
	buf_u64(b, v->run.records);
	buf_u64(b, v->run.failed);
	buf_block(b, v->run.detail);
	buf_u32(b, (uint32_t)v->n_damages);
	for (size_t i = 0; i < v->n_damages; i++) {
		hash_put(b, &v->damage[i].file);
		buf_block(b, v->damage[i].detail);
	}
}

enum err
told_verify_read(
    struct cursor *c, struct arena *a, struct told_verify *v, struct fault *why)
{
	struct told_damage *d;
	uint32_t n;

	*v = (struct told_verify){ .n_damages = 0 };
	v->run.agency = text_get(c);
	v->run.from_us = time_get(c);
	v->run.at_us = time_get(c);
	v->run.segments = cursor_u64(c);
	v->run.records = cursor_u64(c);
	v->run.failed = cursor_u64(c);
	v->run.detail = text_get(c);
	n = cursor_u32(c);
	d = list_room(c, a, n, sizeof *d, HASH_LEN + 4);
	for (; d != NULL && v->n_damages < n && !c->bad; v->n_damages++) {
		hash_get(c, &d[v->n_damages].file);
		d[v->n_damages].detail = text_get(c);
	}
	v->damage = d;
	return done(c, d, "verification", why);
}
