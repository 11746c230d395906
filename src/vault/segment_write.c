/*
 * vault/segment_write.c: making a segment, and reading it back before anybody
 * relies on it.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "vault/index.h"
#include "vault/line.h"
#include "vault/segment_own.h"
#include "vault/segment_pack.h"

#define BLOCKS_MAX ((size_t)1 << 30) /* bytes of all blocks */
#define WRITE_CHUNK ((size_t)1 << 20)

/* What one source gave so far; at its number. */
struct tally {
	uint32_t n;
	int64_t first_us, last_us;
};

struct segment_writer {
	struct env *env;
	int dir;
	int fd;
	char temp[32];
	struct sources *sources;
	struct head head;
	struct span head_bytes;
	struct arena *arena; /* heads of finished blocks, the info's texts */
	uint64_t at; /* bytes written */
	struct hasher *hasher;
	struct buf out;
	struct block *block;
	size_t n_blocks, cap_blocks;
	struct segment_info info;
	struct hash chain;
	struct rollup *rollup;
	struct tally *tally;
	uint32_t cap_tally;
	struct packer *packer;
	struct indexer *indexer;
	struct hash blind;
	struct lexicon_place lexicon;
	struct index_place index;
	uint64_t attributes;
	/* Encryption. */
	bool encrypted;
	struct segment_crypt crypt;
	uint8_t key[AEAD_KEY_LEN]; /* the data key */
	/* The block being filled, and its open frame. */
	struct segment_block now;
	uint64_t block_raw;
	struct segment_frame frame[BLOCK_FRAMES_MAX];
	unsigned n_frames;
	uint32_t frame_n, frame_raw, frame_weight;
	struct buf piece[FRAME_PIECES]; /* the open frame's, plain */
	struct buf stored[FRAME_PIECES]; /* of the block's frames */
	struct buf blocks; /* all of them: the lexicon goes before */
	uint32_t list[BLOCK_SOURCES_MAX];
	unsigned n_list;
	bool many;
	uint8_t *salts;
	struct hash *leaf;
	struct hash *block_leaf; /* one a block; made at the end */
};

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

/* Writes what is in w->out to the file and into its digest. */
static enum err
put_out(struct segment_writer *w, struct fault *why)
{
	enum err e;

	if (buf_error(&w->out) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "segment");
	hasher_add(w->hasher, buf_view(&w->out));
	e = w->env->ops->write(w->env, w->fd, buf_view(&w->out), why);
	w->at += w->out.len;
	buf_reset(&w->out);
	return e;
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
	if ((e = put_out(w, why)) != ERR_OK ||
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

/* Ends the block: its root, head and pieces go to the file. */
static enum err
block_end(struct segment_writer *w, struct fault *why)
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
		if ((e = block_end(w, why)) == ERR_OK)
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

/* The leaf hash of one finished block. */
static struct hash
block_leaf_hash(const struct segment_block *k)
{
	struct leaf_block leaf = { .first_seq = k->first_seq,
		.n = k->n,
		.first_us = k->first_us,
		.last_us = k->last_us,
		.root = k->root };

	return leaf_block_hash(&leaf);
}

/* The sources of the segment, in order, with their texts. */
static enum err
origins_make(struct segment_writer *w, struct fault *why)
{
	struct segment_origin *o;
	size_t n = 0;

	for (uint32_t id = 1; id < w->cap_tally; id++)
		n += w->tally[id].n > 0;
	if ((o = arena_array(w->arena, n, sizeof *o)) == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	n = 0;
	for (uint32_t id = 1; id < w->cap_tally; id++) {
		const struct vault_source *s = sources_at(w->sources, id);

		if (w->tally[id].n == 0)
			continue;
		if (s == NULL)
			return fault_set(
			    why, ERR_DAMAGE, "source %u is not known", id);
		o[n++] = (struct segment_origin){ .source = id,
			.n = w->tally[id].n,
			.sender = s->sender,
			.host = s->host,
			.first_us = w->tally[id].first_us,
			.last_us = w->tally[id].last_us };
	}
	w->info.origin = o;
	w->info.n_origins = n;
	return ERR_OK;
}

/* Fills the descriptor from what was written. */
static enum err
info_make(struct segment_writer *w, struct fault *why)
{
	struct segment_info *info = &w->info;
	enum err e;

	info->parts = w->head.parts;
	memcpy(info->stream, w->head.stream, sizeof info->stream);
	info->first_seq = w->head.first_seq;
	info->blocks = (uint32_t)w->n_blocks;
	info->sealed_us = w->head.sealed_us;
	info->chain_before = w->head.chain_before;
	info->chain_after = w->chain;
	info->first_us = INT64_MAX;
	info->last_us = INT64_MIN;
	w->block_leaf = calloc(w->n_blocks, sizeof *w->block_leaf);
	if (w->block_leaf == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	for (size_t i = 0; i < w->n_blocks; i++) {
		const struct segment_block *k = &w->block[i].about;

		w->block_leaf[i] = block_leaf_hash(k);
		if (k->first_us < info->first_us)
			info->first_us = k->first_us;
		if (k->last_us > info->last_us)
			info->last_us = k->last_us;
		if (k->event_first_us != 0 &&
		    (info->event_first_us == 0 ||
			k->event_first_us < info->event_first_us))
			info->event_first_us = k->event_first_us;
		if (k->event_last_us > info->event_last_us)
			info->event_last_us = k->event_last_us;
	}
	merkle_root(w->block_leaf, w->n_blocks, &info->root);
	if ((e = rollup_digest(w->rollup, &info->rollups, why)) != ERR_OK)
		return e;
	return origins_make(w, why);
}

/* Keeps the first line of damage. */
static void
first_line(void *arg, const struct segment_damage *d)
{
	struct fault *what = arg;

	if (what->code == ERR_OK)
		(void)fault_set(what, ERR_DAMAGE, "%s", d->text);
}

/* Gives the finished file the key it was written with; that the wrapped one
 * is the same is looked at too. */
static enum err
key_lend(const struct segment_writer *w, struct segment *s, struct fault *why)
{
	enum err e = segment_unlock_with(
	    s, span_of(w->crypt.key, sizeof w->crypt.key), why);

	if (e == ERR_OK &&
	    !span_equal(
		span_of(s->key, sizeof s->key), span_of(w->key, sizeof w->key)))
		e = fault_set(
		    why, ERR_DAMAGE, "a segment read back has another key");
	return e;
}

/* Reads the finished file again and compares everything. */
static enum err
read_back(struct segment_writer *w, struct fault *why)
{
	struct fault what = { .code = ERR_OK };
	struct segment *s = NULL;
	const struct segment_info *got;
	uint64_t records;
	unsigned damages;
	enum err e = segment_open_file(
	    w->env, w->dir, w->temp, &w->info.name, NULL, &s, why);

	if (e != ERR_OK)
		return e;
	if (w->encrypted && (e = key_lend(w, s, why)) != ERR_OK) {
		segment_close(s);
		return e;
	}
	e = segment_verify(s, first_line, &what, &records, &damages, why);
	got = segment_about(s);
	if (e == ERR_OK &&
	    (damages > 0 || segment_wrong(s) != NULL || records != w->info.n ||
		got->n != w->info.n || !hash_equal(&got->root, &w->info.root) ||
		!hash_equal(&got->chain_after, &w->info.chain_after) ||
		!hash_equal(&got->rollups, &w->info.rollups)))
		e = fault_set(why, ERR_DAMAGE,
		    "a segment read back is not what was written: %s",
		    what.text);
	segment_close(s);
	return e;
}

/* Gives the file its name, for good. */
static enum err
name_it(struct segment_writer *w, struct fault *why)
{
	struct env *env = w->env;
	char file[SEGMENT_FILE_MAX], sub[3] = "";
	int fd;
	enum err e;

	segment_file(&w->info.name, file);
	memcpy(sub, file, 2);
	if ((e = env->ops->open_dir(env, w->dir, sub, true, &fd, why)) !=
	    ERR_OK)
		return e;
	if ((e = env->ops->sync(env, w->dir, why)) == ERR_OK)
		e = env->ops->rename(env, w->dir, w->temp, file, why);
	if (e == ERR_OK) {
		w->temp[0] = '\0';
		e = env->ops->sync(env, fd, why);
	}
	env->ops->close(env, fd);
	if (e == ERR_OK)
		e = env->ops->sync(env, w->dir, why);
	return e;
}

/* The lexicon's section. */
static enum err
lexicon_end(struct segment_writer *w, struct fault *why)
{
	struct buf plain;
	enum err e;

	buf_init(&plain, LEXICON_BYTES_MAX);
	origins_put(&plain, &w->info);
	e = packer_lexicon(w->packer, &plain, why);
	w->lexicon.at = w->at;
	if (e == ERR_OK)
		e = lexis_put(&w->out, buf_view(&plain), &w->head.digest,
		    w->encrypted ? w->key : NULL, &w->lexicon, w->arena, why);
	buf_clear(&plain);
	return e == ERR_OK ? put_out(w, why) : e;
}

/* The blocks, behind the lexicon. */
static enum err
blocks_end(struct segment_writer *w, struct fault *why)
{
	struct span all = buf_view(&w->blocks);
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->n_blocks; i++)
		w->block[i].at += w->at;
	for (size_t at = 0; at < all.len && e == ERR_OK; at += WRITE_CHUNK) {
		buf_span(&w->out, span_slice(all, at, WRITE_CHUNK));
		e = put_out(w, why);
	}
	return e;
}

/* The search index's section, chunk by chunk. */
static enum err
index_chunks(struct segment_writer *w, struct span plain, struct fault *why)
{
	size_t n = (plain.len + CHUNK_LEN - 1) / CHUNK_LEN;
	uint8_t *check = arena_array(w->arena, n, CHECK_LEN);
	enum err e = ERR_OK;

	if (check == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	buf_text(&w->out, SEARCH_MAGIC);
	w->index = (struct index_place){
		.at = w->at + w->out.len, .len = plain.len, .check = check
	};
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct span one = span_slice(plain, i * CHUNK_LEN, CHUNK_LEN);
		size_t before = w->out.len;

		if (w->encrypted)
			e = secret_seal(&w->out, w->key, SECRET_INDEX, i,
			    &w->head.digest, one, why);
		else
			buf_span(&w->out, one);
		if (e == ERR_OK)
			check_of(
			    span_slice(buf_view(&w->out), before, SIZE_MAX),
			    check + i * CHECK_LEN);
	}
	return e == ERR_OK ? put_out(w, why) : e;
}

static enum err
index_end(struct segment_writer *w, struct fault *why)
{
	struct buf plain;
	enum err e;

	buf_init(&plain, INDEX_MAX);
	e = indexer_finish(w->indexer, &plain, why);
	if (e == ERR_OK && buf_error(&plain) != ERR_OK)
		e = fault_set(why, buf_error(&plain), "segment: index");
	if (e == ERR_OK)
		e = index_chunks(w, buf_view(&plain), why);
	buf_clear(&plain);
	return e;
}

/* Descriptor and trailer. */
static enum err
descriptor_end(struct segment_writer *w, struct fault *why)
{
	struct span index;
	struct buf tail;

	index_put(&w->out, w->head_bytes, &w->info, w->block, w->attributes,
	    &w->lexicon, &w->index);
	if (buf_error(&w->out) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "segment");
	buf_init(&tail, TRAILER_LEN);
	index = buf_view(&w->out);
	trailer_put(&tail, w->at, index);
	buf_span(&w->out, buf_view(&tail));
	buf_clear(&tail);
	return put_out(w, why);
}

enum err
segment_finish(struct segment_writer *w, const struct segment_info **info,
    struct fault *why)
{
	enum err e;

	if (w->info.n == 0)
		return fault_set(why, ERR_STATE, "a segment without records");
	if ((e = block_end(w, why)) != ERR_OK ||
	    (e = info_make(w, why)) != ERR_OK ||
	    (e = lexicon_end(w, why)) != ERR_OK ||
	    (e = blocks_end(w, why)) != ERR_OK ||
	    (e = index_end(w, why)) != ERR_OK ||
	    (e = descriptor_end(w, why)) != ERR_OK)
		return e;
	w->info.file_bytes = w->at;
	w->info.name = hasher_end(w->hasher);
	if ((e = w->env->ops->sync(w->env, w->fd, why)) != ERR_OK)
		return e;
	w->env->ops->close(w->env, w->fd);
	w->fd = -1;
	if ((e = read_back(w, why)) != ERR_OK ||
	    (e = name_it(w, why)) != ERR_OK)
		return e;
	*info = &w->info;
	return ERR_OK;
}

void
segment_weigh(const struct segment_writer *w, struct buf *out)
{
	buf_printf(out,
	    "%u records, %llu raw bytes, %llu stored: lexicon %llu, "
	    "search index %llu, blocks %llu\n",
	    w->info.n, (unsigned long long)w->info.raw_bytes,
	    (unsigned long long)w->info.file_bytes,
	    (unsigned long long)(w->lexicon.head.len + lexis_len(&w->lexicon)),
	    (unsigned long long)w->index.len,
	    (unsigned long long)w->blocks.len);
	packer_weigh(w->packer, out);
}
