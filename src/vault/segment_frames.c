/*
 * vault/segment_frames.c: records out of the frames of format 2, and the
 * search index's bytes.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/leaf.h"
#include "vault/segment_own.h"

static const struct segment_want want_all = {
	.raw = true, .texts = true, .fields = UINT64_MAX
};

enum err
frame_stored(struct segment *s, const struct block *k, unsigned frame,
    unsigned piece, bool check, struct buf *b, struct fault *why)
{
	const struct segment_frame *f = &k->frame[frame];
	enum err e = segment_bytes(
	    s, k->at + k->head.len + f->at[piece], f->len[piece], b, why);

	if (e == ERR_SYNTAX)
		return fault_set(why, ERR_DAMAGE, "the file ends before it");
	if (e == ERR_OK && check && !check_is(buf_view(b), f->check[piece]))
		return fault_set(why, ERR_DAMAGE, "not the bytes written");
	return e;
}

/* A frame's piece, plain: checked by its digest, or by its key. */
static enum err
frame_plain(struct segment *s, const struct block *k, unsigned frame,
    unsigned piece, struct buf *to, struct fault *why)
{
	enum err e = frame_stored(
	    s, k, frame, piece, !s->has_key, s->has_key ? &s->packed : to, why);

	if (e != ERR_OK || !s->has_key)
		return e;
	buf_reset(to);
	e = secret_open(to, s->key, SECRET_FRAME,
	    frame_number(k->index, frame, piece), &s->head.digest,
	    buf_view(&s->packed), why);
	return e == ERR_DAMAGE
	    ? fault_set(why, ERR_DAMAGE, "not the bytes written")
	    : e;
}

/* The frame whose texts may be asked for. */
struct asked {
	struct segment *s;
	const struct block *k;
	unsigned frame;
};

static enum err
texts_give(void *arg, struct span *texts, struct fault *why)
{
	struct asked *a = arg;
	enum err e = frame_plain(
	    a->s, a->k, a->frame, FRAME_TEXTS, &a->s->texts, why);

	if (e == ERR_OK)
		*texts = buf_view(&a->s->texts);
	return e;
}

/* What is to be done with a block's rows. */
struct job {
	struct segment *s;
	const struct block *k;
	const struct segment_want *want;
	const uint16_t *pick; /* NULL: all */
	size_t n_pick, at;
	row_fn *fn;
	void *arg;
	bool stopped; /* fn said so */
};

/* Whether record i of the block is asked for; picks before it are passed. */
static bool
is_picked(struct job *j, uint32_t i)
{
	if (j->pick == NULL)
		return true;
	while (j->at < j->n_pick && j->pick[j->at] < i)
		j->at++;
	return j->at < j->n_pick && j->pick[j->at] == i;
}

/* The first place asked for that is not before i; the block's end if none. */
static uint32_t
next_pick(struct job *j, uint32_t i)
{
	if (j->pick == NULL || is_picked(j, i))
		return i;
	return j->at < j->n_pick ? j->pick[j->at] : j->k->about.n;
}

/* The rows of one frame; *done [out] how many of its records were passed. */
static enum err
frame_rows(struct job *j, unsigned frame, uint32_t *done, struct fault *why)
{
	struct segment *s = j->s;
	const struct segment_frame *f = &j->k->frame[frame];
	struct asked asked = { .s = s, .k = j->k, .frame = frame };
	enum err e = frame_plain(s, j->k, frame, FRAME_HEADS, &s->heads, why);

	*done = 0;
	if (e == ERR_OK)
		e = unpack_begin(s->unpacker, buf_view(&s->heads), f->n, f->raw,
		    texts_give, &asked, why);
	for (; *done < f->n && e == ERR_OK; ++*done) {
		struct row r = { .seq = j->k->about.first_seq + f->first +
			    *done };
		struct event ev;

		if (next_pick(j, f->first + *done) >= f->first + f->n)
			break;
		if (!is_picked(j, f->first + *done)) {
			unpack_skip(s->unpacker);
			continue;
		}
		e = unpack_next(s->unpacker, j->want, &r.source, &ev, why);
		if (e != ERR_OK)
			break;
		e = j->fn(j->arg, s->head.stream, &r, &ev, why);
		j->stopped = e != ERR_OK;
	}
	return e;
}

/* Rows of format 2. */
static enum err
rows_2(struct job *j, uint32_t block, segment_damage_fn *bad, void *bad_arg,
    struct fault *why)
{
	struct fault what = { .code = ERR_OK }, first = { .code = ERR_OK };
	const struct segment_block *about = &j->k->about;
	enum err e = lexis_load(j->s, &what);

	if (e == ERR_DAMAGE)
		segment_say(j->s, block, about->first_seq,
		    about->first_seq + about->n - 1, what.text, bad, bad_arg);
	if (e != ERR_OK)
		return fault_set(why, e, "segment: %s", what.text);
	for (unsigned i = 0; i < j->k->n_pieces; i++) {
		const struct segment_frame *f = &j->k->frame[i];
		uint32_t done;

		if (next_pick(j, f->first) >= f->first + f->n)
			continue;
		e = frame_rows(j, i, &done, &what);
		if (e == ERR_OK)
			continue;
		if (e != ERR_DAMAGE || j->stopped)
			return fault_set(why, e, "%s", what.text);
		segment_say(j->s, block, about->first_seq + f->first + done,
		    about->first_seq + f->first + f->n - 1, what.text, bad,
		    bad_arg);
		if (first.code == ERR_OK)
			first = what;
	}
	if (first.code != ERR_OK)
		return fault_set(why, ERR_DAMAGE, "segment: block %u: %s",
		    block, first.text);
	return ERR_OK;
}

/* Format 1 gives all; this passes on what was picked. */
static enum err
row_picked(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct job *j = arg;

	if (!is_picked(j, (uint32_t)(r->seq - j->k->about.first_seq)))
		return ERR_OK;
	return j->fn(j->arg, stream, r, ev, why);
}

enum err
segment_pick(struct segment *s, uint32_t block, const struct segment_want *want,
    const uint16_t *pick, size_t n_pick, row_fn *fn, void *arg,
    segment_damage_fn *bad, void *bad_arg, struct fault *why)
{
	struct job j = { .s = s,
		.k = &s->block[block],
		.want = want,
		.pick = pick,
		.n_pick = n_pick,
		.fn = fn,
		.arg = arg };

	assert(block < s->info.blocks);
	if (s->head.format == 1)
		return rows_1(s, block, row_picked, &j, bad, bad_arg, why);
	return rows_2(&j, block, bad, bad_arg, why);
}

enum err
segment_rows(struct segment *s, uint32_t block, row_fn *fn, void *arg,
    segment_damage_fn *bad, void *bad_arg, struct fault *why)
{
	return segment_pick(
	    s, block, &want_all, NULL, 0, fn, arg, bad, bad_arg, why);
}

/* Leaves of a block as they are counted. */
struct leaves {
	const struct segment_block *k;
	const uint8_t *salt;
	struct hash *to;
};

static enum err
leaf_make(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct leaves *l = arg;
	uint64_t at = r->seq - l->k->first_seq;
	struct leaf_record leaf = { .seq = r->seq,
		.received_us = ev->received_us,
		.sender = ev->sender,
		.raw = ev->raw };

	(void)stream;
	(void)why;
	memcpy(leaf.salt, l->salt + at * LEAF_SALT_LEN, LEAF_SALT_LEN);
	l->to[at] = leaf_record_hash(&leaf);
	return ERR_OK;
}

enum err
segment_leaves(
    struct segment *s, uint32_t block, struct hash *leaf, struct fault *why)
{
	static const struct segment_want want = { .raw = true };
	const struct segment_block *k = segment_block_at(s, block);
	uint8_t *salt = calloc(k->n, LEAF_SALT_LEN);
	struct leaves l = { .k = k, .salt = salt, .to = leaf };
	enum err e;

	if (salt == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	leaf_salts(k->seed, salt, k->n);
	e = segment_pick(
	    s, block, &want, NULL, 0, leaf_make, &l, NULL, NULL, why);
	free(salt);
	return e;
}

/* --- the search index ------------------------------------------------- */

uint64_t
segment_index_len(const struct segment *s)
{
	return s->index.len;
}

/* Appends the plain bytes of one chunk to s->index_bytes. */
static enum err
chunk_read(struct segment *s, uint64_t chunk, struct fault *why)
{
	uint64_t from = chunk * CHUNK_LEN;
	size_t tag = s->has_key ? AEAD_TAG_LEN : 0;
	size_t len = s->index.len - from < CHUNK_LEN
	    ? (size_t)(s->index.len - from)
	    : CHUNK_LEN;
	enum err e = segment_bytes(s, s->index.at + chunk * (CHUNK_LEN + tag),
	    len + tag, &s->packed, why);

	if (e == ERR_SYNTAX)
		return fault_set(
		    why, ERR_DAMAGE, "the file ends before its index");
	if (e != ERR_OK)
		return e;
	if (s->has_key) {
		e = secret_open(&s->index_bytes, s->key, SECRET_INDEX, chunk,
		    &s->head.digest, buf_view(&s->packed), why);
	} else if (check_is(buf_view(&s->packed),
		       s->index.check + CHECK_LEN * chunk)) {
		buf_span(&s->index_bytes, buf_view(&s->packed));
	} else {
		e = ERR_DAMAGE;
	}
	if (e == ERR_DAMAGE)
		return fault_set(
		    why, ERR_DAMAGE, "the search index is damaged");
	return e;
}

enum err
segment_index_read(struct segment *s, uint64_t at, size_t len, struct span *out,
    struct fault *why)
{
	uint64_t first = at / CHUNK_LEN;
	enum err e = ERR_OK;

	if (at > s->index.len || len > s->index.len - at)
		return fault_set(
		    why, ERR_RANGE, "the search index ends before");
	if (s->locked[0] != '\0')
		return fault_set(why, ERR_DENIED, "%s", s->locked);
	buf_reset(&s->index_bytes);
	for (uint64_t i = first; i * CHUNK_LEN < at + len && e == ERR_OK; i++)
		e = chunk_read(s, i, why);
	if (e == ERR_OK && buf_error(&s->index_bytes) != ERR_OK)
		e = fault_set(why, ERR_MEMORY, "segment");
	if (e == ERR_OK)
		*out = span_slice(buf_view(&s->index_bytes),
		    (size_t)(at - first * CHUNK_LEN), len);
	return e;
}
