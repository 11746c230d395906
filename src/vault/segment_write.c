/*
 * vault/segment_write.c: records into the frames and blocks of a segment.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "vault/line.h"
#include "vault/segment_writer.h"

void
segment_writer_free(struct segment_writer *w)
{
	if (w == NULL)
		return;
	if (w->fd != -1)
		w->env->ops->close(w->env, w->fd);
	if (w->temp[0] != '\0')
		(void)w->env->ops->unlink(w->env, w->dir, w->temp, NULL);
	hasher_free(w->hasher);
	rollup_free(w->rollup);
	arena_free(w->arena);
	buf_clear(&w->out);
	for (unsigned i = 0; i < FRAME_PIECES; i++) {
		buf_clear(&w->piece[i]);
		buf_clear(&w->stored[i]);
	}
	buf_clear(&w->blocks);
	packer_free(w->packer);
	indexer_free(w->indexer);
	crypt_wipe(&w->crypt, sizeof w->crypt);
	crypt_wipe(w->key, sizeof w->key);
	crypt_wipe(&w->blind, sizeof w->blind);
	free(w->block);
	free(w->tally);
	free(w->salts);
	free(w->leaf);
	free(w->block_leaf);
	free(w);
}

/* The writer's memory. */
static bool
writer_init(struct segment_writer *w, const uint64_t seed[static 2])
{
	w->arena = arena_new((size_t)256 << 20);
	w->hasher = hasher_new();
	w->rollup = rollup_new();
	w->packer = packer_new(seed);
	w->indexer = indexer_new(w->encrypted ? &w->blind : NULL);
	w->salts = calloc(SEGMENT_BLOCK_ROWS, LEAF_SALT_LEN);
	w->leaf = calloc(SEGMENT_BLOCK_ROWS, sizeof *w->leaf);
	buf_init(&w->out, INDEX_MAX + TRAILER_LEN);
	buf_init(&w->blocks, BLOCKS_MAX);
	for (unsigned i = 0; i < FRAME_PIECES; i++) {
		buf_init(&w->piece[i], PIECE_PACKED_MAX - AEAD_TAG_LEN);
		buf_init(
		    &w->stored[i], (size_t)PIECE_PACKED_MAX * BLOCK_FRAMES_MAX);
	}
	return w->arena != NULL && w->hasher != NULL && w->rollup != NULL &&
	    w->packer != NULL && w->indexer != NULL && w->salts != NULL &&
	    w->leaf != NULL;
}

/* Begins an empty block with a fresh seed. */
static enum err
block_begin(struct segment_writer *w, uint64_t seq, struct fault *why)
{
	enum err e;

	w->now = (struct segment_block){
		.first_seq = seq, .first_us = INT64_MAX, .last_us = INT64_MIN
	};
	e = w->env->ops->random(w->env, w->now.seed, sizeof w->now.seed, why);
	if (e != ERR_OK)
		return e;
	leaf_salts(w->now.seed, w->salts, SEGMENT_BLOCK_ROWS);
	for (unsigned i = 0; i < FRAME_PIECES; i++)
		buf_reset(&w->stored[i]);
	w->block_raw = 0;
	w->frame_n = w->frame_raw = w->frame_weight = 0;
	w->n_frames = w->n_list = 0;
	w->many = false;
	return ERR_OK;
}

enum err
segment_begin(struct env *env, int dir, const char *stream, uint64_t first_seq,
    const struct hash *chain, struct sources *sources,
    const struct segment_crypt *crypt, struct segment_writer **out,
    struct fault *why)
{
	struct segment_writer *w = calloc(1, sizeof *w);
	uint64_t r[3];
	struct span bytes;
	enum err e;

	if (w == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	w->env = env;
	w->dir = dir;
	w->fd = -1;
	w->sources = sources;
	w->chain = *chain;
	w->head = (struct head){ .sealed_us = env->ops->now_us(env),
		.first_seq = first_seq,
		.chain_before = *chain };
	if ((e = env->ops->random(env, r, sizeof r, why)) != ERR_OK)
		goto out;
	if (crypt != NULL) {
		w->encrypted = true;
		w->crypt = *crypt;
		crypt_random(w->key, sizeof w->key);
		w->blind = index_blind_key(
		    span_of(crypt->key, sizeof crypt->key));
	}
	if (!writer_init(w, r + 1)) {
		e = fault_set(why, ERR_MEMORY, "segment");
		goto out;
	}
	e = stream_parse(span_text(stream), &w->head.parts, why);
	if (e != ERR_OK)
		goto out;
	memcpy(w->head.stream, stream, strlen(stream) + 1);
	line_put(
	    w->temp, sizeof w->temp, "%016llx.part", (unsigned long long)r[0]);
	e = env->ops->open(env, dir, w->temp, ENV_CREATE, &w->fd, why);
	if (e != ERR_OK) {
		w->temp[0] = '\0';
		goto out;
	}
	head_put(&w->out, &w->head, crypt, w->key);
	bytes = buf_view(&w->out);
	w->head_bytes = arena_copy(w->arena, bytes);
	if (w->head_bytes.at == NULL) {
		e = fault_set(why, ERR_MEMORY, "segment");
		goto out;
	}
	if ((e = segment_put_out(w, why)) != ERR_OK ||
	    (e = block_begin(w, first_seq, why)) != ERR_OK)
		goto out;
	*out = w;
	w = NULL;
out:
	segment_writer_free(w);
	return e;
}

/* Stores one piece of the open frame behind those of the block. */
static enum err
piece_end(struct segment_writer *w, unsigned piece, struct fault *why)
{
	struct segment_frame *f = &w->frame[w->n_frames];
	struct buf *to = &w->stored[piece];
	struct span plain = buf_view(&w->piece[piece]);
	size_t before = to->len;
	enum err e = ERR_OK;

	if (w->encrypted)
		e = secret_seal(to, w->key, SECRET_FRAME,
		    frame_number((uint32_t)w->n_blocks, w->n_frames, piece),
		    &w->head.digest, plain, why);
	else
		buf_span(to, plain);
	if (e == ERR_OK && buf_error(to) != ERR_OK)
		e = fault_set(why, buf_error(to), "segment: block too long");
	if (e != ERR_OK)
		return e;
	f->len[piece] = (uint32_t)(to->len - before);
	check_of(span_slice(buf_view(to), before, SIZE_MAX), f->check[piece]);
	return ERR_OK;
}

/* Ends the open frame. */
static enum err
frame_end(struct segment_writer *w, struct fault *why)
{
	struct segment_frame *f = &w->frame[w->n_frames];
	enum err e;

	if (w->frame_n == 0)
		return ERR_OK;
	assert(w->n_frames < BLOCK_FRAMES_MAX);
	for (unsigned i = 0; i < FRAME_PIECES; i++)
		buf_reset(&w->piece[i]);
	e = packer_end(
	    w->packer, &w->piece[FRAME_HEADS], &w->piece[FRAME_TEXTS], why);
	for (unsigned i = 0; i < FRAME_PIECES && e == ERR_OK; i++)
		e = piece_end(w, i, why);
	f->n = w->frame_n;
	f->raw = w->frame_raw;
	w->n_frames++;
	w->frame_n = w->frame_raw = w->frame_weight = 0;
	return e;
}

/* The block's seed as its head holds it. */
static enum err
seed_put(struct segment_writer *w, struct block *k, struct fault *why)
{
	struct span seed = span_of(w->now.seed, sizeof w->now.seed);
	struct buf b;
	enum err e;

	memcpy(k->sealed_seed, seed.at, seed.len);
	if (!w->encrypted)
		return ERR_OK;
	buf_init(&b, SEALED_SEED_LEN);
	e = secret_seal(
	    &b, w->key, SECRET_SEED, w->n_blocks, &w->head.digest, seed, why);
	if (e == ERR_OK)
		memcpy(k->sealed_seed, b.at, sizeof k->sealed_seed);
	buf_clear(&b);
	return e;
}

/* Room for one more block in the list. */
static enum err
blocks_grow(struct segment_writer *w, struct fault *why)
{
	size_t cap = w->cap_blocks == 0 ? 64 : w->cap_blocks * 2;
	struct block *b;

	if (w->n_blocks >= SEGMENT_BLOCKS_MAX)
		return fault_set(why, ERR_LIMIT, "segment: too many blocks");
	if (w->n_blocks < w->cap_blocks)
		return ERR_OK;
	if ((b = reallocarray(w->block, cap, sizeof *b)) == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	w->block = b;
	w->cap_blocks = cap;
	return ERR_OK;
}

static int
number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

enum err
segment_block_end(struct segment_writer *w, struct fault *why)
{
	struct block k = { .about = w->now,
		.index = (uint32_t)w->n_blocks,
		.at = w->blocks.len, /* the lexicon's length is not known yet */
		.frame = w->frame };
	enum err e;

	if (w->now.n == 0)
		return ERR_OK;
	if ((e = frame_end(w, why)) != ERR_OK ||
	    (e = blocks_grow(w, why)) != ERR_OK ||
	    (e = seed_put(w, &k, why)) != ERR_OK)
		return e;
	merkle_root(w->leaf, w->now.n, &k.about.root);
	if (w->n_list > 1)
		qsort(w->list, w->n_list, sizeof *w->list, number_order);
	k.about.n_sources = w->many ? SEGMENT_MANY : (uint16_t)w->n_list;
	k.about.source = w->list;
	k.data_len = (uint32_t)(w->stored[FRAME_HEADS].len +
	    w->stored[FRAME_TEXTS].len);
	k.n_pieces = (uint16_t)w->n_frames;
	block_put(&w->blocks, &k, &w->head.digest);
	k.head = arena_copy(
	    w->arena, span_slice(buf_view(&w->blocks), k.at, SIZE_MAX));
	if (k.head.at == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	k.about.source = NULL; /* these lists end with the block */
	k.frame = NULL;
	for (unsigned i = 0; i < FRAME_PIECES; i++)
		buf_span(&w->blocks, buf_view(&w->stored[i]));
	if (buf_error(&w->blocks) != ERR_OK)
		return fault_set(
		    why, buf_error(&w->blocks), "segment: too long");
	w->block[w->n_blocks++] = k;
	return ERR_OK;
}

/* Notes a row's source in the block's list and the segment's tally. */
static enum err
source_note(struct segment_writer *w, uint32_t id, const struct event *ev,
    struct fault *why)
{
	uint32_t cap = w->cap_tally == 0 ? 256 : w->cap_tally;
	unsigned i = 0;
	struct tally *t;

	while (i < w->n_list && w->list[i] != id)
		i++;
	if (i == w->n_list && !w->many) {
		w->many = w->n_list == BLOCK_SOURCES_MAX;
		if (!w->many)
			w->list[w->n_list++] = id;
		else
			w->n_list = 0;
	}
	if (id == 0 || id > SOURCES_MAX)
		return fault_set(why, ERR_DAMAGE, "source number %u", id);
	while (cap <= id)
		cap *= 2;
	if (cap != w->cap_tally) {
		if ((t = reallocarray(w->tally, cap, sizeof *t)) == NULL)
			return fault_set(why, ERR_MEMORY, "segment");
		memset(t + w->cap_tally, 0, (cap - w->cap_tally) * sizeof *t);
		w->tally = t;
		w->cap_tally = cap;
	}
	t = &w->tally[id];
	if (t->n == 0 || ev->received_us < t->first_us)
		t->first_us = ev->received_us;
	if (t->n == 0 || ev->received_us > t->last_us)
		t->last_us = ev->received_us;
	t->n++;
	return ERR_OK;
}

/* Widens times by one record; 0 stands for no event time. */
static void
times_widen(struct segment_block *k, const struct event *ev)
{
	if (ev->received_us < k->first_us)
		k->first_us = ev->received_us;
	if (ev->received_us > k->last_us)
		k->last_us = ev->received_us;
	if (ev->event_us == 0)
		return;
	if (k->event_first_us == 0 || ev->event_us < k->event_first_us)
		k->event_first_us = ev->event_us;
	if (k->event_last_us == 0 || ev->event_us > k->event_last_us)
		k->event_last_us = ev->event_us;
}

/* Whether an event is within the bounds of event.h as it is. */
static bool
is_bounded(const struct event *ev)
{
	const struct span text[] = { ev->sender, ev->host, ev->app, ev->proc,
		ev->msgid };

	for (unsigned i = 0; i < sizeof text / sizeof *text; i++)
		if (text[i].len > EVENT_TEXT_MAX)
			return false;
	for (unsigned f = 0; f < FIELD_N; f++)
		if (ev->field[f].len > EVENT_FIELD_MAX)
			return false;
	return ev->raw.len <= EVENT_RAW_MAX &&
	    (ev->message.len == 0 ||
		(ev->message.at >= ev->raw.at &&
		    ev->message.at + ev->message.len <=
			ev->raw.at + ev->raw.len));
}

/* Makes room: a new frame or block where the record does not fit. */
static enum err
room_make(struct segment_writer *w, uint64_t seq, uint32_t weight, uint32_t raw,
    struct fault *why)
{
	enum err e = ERR_OK;

	if (w->now.n > 0 &&
	    (w->now.n == SEGMENT_BLOCK_ROWS ||
		w->block_raw + weight > SEGMENT_BLOCK_RAW)) {
		if ((e = segment_block_end(w, why)) == ERR_OK)
			e = block_begin(w, seq, why);
	}
	if (e == ERR_OK && w->frame_n > 0 &&
	    (w->frame_n == FRAME_ROWS || w->frame_raw + raw > FRAME_RAW ||
		w->frame_weight + weight > FRAME_RAW))
		e = frame_end(w, why);
	return e;
}

/* The record into the frame, the search index and the sums. */
static enum err
record_add(struct segment_writer *w, const struct row *r,
    const struct event *ev, struct fault *why)
{
	const struct vault_source *s = sources_at(w->sources, r->source);
	struct leaf_record leaf = { .seq = r->seq,
		.received_us = ev->received_us,
		.sender = ev->sender,
		.raw = ev->raw };
	enum err e;

	if (s == NULL)
		return fault_set(
		    why, ERR_DAMAGE, "source %u is not known", r->source);
	e = packer_add(w->packer, r->source, ev, s->sender, s->host, why);
	if (e == ERR_OK)
		e = indexer_add(w->indexer, w->info.n, ev, why);
	if (e == ERR_OK)
		e = rollup_add(w->rollup, r->source, ev, why);
	if (e != ERR_OK)
		return e;
	memcpy(leaf.salt, w->salts + (size_t)w->now.n * LEAF_SALT_LEN,
	    LEAF_SALT_LEN);
	w->leaf[w->now.n++] = leaf_record_hash(&leaf);
	w->chain = chain_step(&w->chain, r->seq, ev);
	w->attributes += attributes_of(r->seq, ev);
	times_widen(&w->now, ev);
	w->info.n++;
	w->info.category[ev->category]++;
	w->info.raw_bytes += ev->raw.len;
	return ERR_OK;
}

enum err
segment_add(struct segment_writer *w, const struct row *r,
    const struct event *given, struct fault *why)
{
	const struct event *ev = given;
	struct event bounded;
	uint32_t weight, raw;
	enum err e = ERR_OK;

	assert(r->seq == w->head.first_seq + w->info.n);
	if (!is_bounded(ev)) {
		if ((e = event_decode(r->event, &bounded, why)) != ERR_OK)
			return e;
		ev = &bounded;
	}
	raw = (uint32_t)ev->raw.len;
	/* Texts that do not stand in the raw bytes weigh too. */
	weight = (uint32_t)(r->event.len / 4);
	weight = (weight < raw ? raw : weight) + 1;
	if ((e = room_make(w, r->seq, weight, raw, why)) != ERR_OK ||
	    (e = source_note(w, r->source, ev, why)) != ERR_OK ||
	    (e = record_add(w, r, ev, why)) != ERR_OK)
		return e;
	w->frame_n++;
	w->frame_raw += raw;
	w->frame_weight += weight;
	w->block_raw += weight;
	return ERR_OK;
}
