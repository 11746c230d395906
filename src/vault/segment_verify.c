/*
 * vault/segment_verify.c: reading everything of a segment, and saying of each
 * thing that is wrong where it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "vault/segment_own.h"

#define READ_CHUNK ((size_t)1 << 18)
#define WHOLE SEGMENT_BLOCKS_MAX /* the file's own parts */

struct check {
	struct segment *s;
	segment_damage_fn *bad;
	void *arg;
	unsigned damages;
	uint64_t good; /* records */
	/* The block at hand. */
	struct hash *leaf;
	uint8_t *salts;
	uint32_t seen; /* its records read */
	/* The whole. */
	struct hash chain;
	struct rollup *rollup;
	uint64_t category[CAT_N];
	uint64_t raw_bytes, attributes;
	int64_t first_us, last_us, event_first_us, event_last_us;
};

static void
say(struct check *c, uint32_t block, uint64_t first, uint64_t last,
    const char *what)
{
	c->damages++;
	segment_say(c->s, block, first, last, what, c->bad, c->arg);
}

/* Damage of a frame, as segment_rows tells it. */
static void
piece_bad(void *arg, const struct segment_damage *d)
{
	struct check *c = arg;

	c->damages++;
	if (c->bad != NULL)
		c->bad(c->arg, d);
}

/* One record: its leaf, and its part of the sums. */
static enum err
record_check(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct check *c = arg;
	struct leaf_record leaf = { .seq = r->seq,
		.received_us = ev->received_us,
		.sender = ev->sender,
		.raw = ev->raw };

	(void)stream;
	memcpy(leaf.salt, c->salts + (size_t)c->seen * LEAF_SALT_LEN,
	    LEAF_SALT_LEN);
	c->leaf[c->seen++] = leaf_record_hash(&leaf);
	c->chain = chain_step(&c->chain, r->seq, ev);
	c->category[ev->category]++;
	c->raw_bytes += ev->raw.len;
	c->attributes += attributes_of(r->seq, ev);
	if (ev->received_us < c->first_us)
		c->first_us = ev->received_us;
	if (ev->received_us > c->last_us)
		c->last_us = ev->received_us;
	if (ev->event_us != 0) {
		if (c->event_first_us == 0 || ev->event_us < c->event_first_us)
			c->event_first_us = ev->event_us;
		if (c->event_last_us == 0 || ev->event_us > c->event_last_us)
			c->event_last_us = ev->event_us;
	}
	return rollup_add(c->rollup, r->source, ev, why);
}

/* The head in the file against the one in the index. */
static enum err
head_check(struct check *c, uint32_t block, struct fault *why)
{
	struct segment *s = c->s;
	const struct block *k = &s->block[block];
	uint8_t bytes[BLOCK_HEAD_MAX];
	enum err e;

	if (!s->indexed) /* it was read from the file itself */
		return ERR_OK;
	e = s->env->ops->read(s->env, s->fd, k->at, bytes, k->head.len, why);
	if (e != ERR_OK)
		return e;
	if (!span_equal(span_of(bytes, k->head.len), k->head))
		say(c, block, 0, 0,
		    "its head is damaged; the index still finds its records");
	return ERR_OK;
}

/* A block whose key is not here: its bytes are as they were written. */
static enum err
locked_check(struct check *c, uint32_t block, struct fault *why)
{
	const struct block *k = &c->s->block[block];
	enum err e = ERR_OK;

	for (unsigned i = 0; i < k->n_pieces; i++) {
		uint64_t first = k->about.first_seq + k->frame[i].first;
		struct fault what;

		for (unsigned p = 0; p < FRAME_PIECES && e == ERR_OK; p++)
			e = frame_stored(
			    c->s, k, i, p, true, &c->s->packed, &what);
		if (e == ERR_DAMAGE)
			say(c, block, first, first + k->frame[i].n - 1,
			    what.text);
		else if (e != ERR_OK)
			return fault_set(why, e, "%s", what.text);
		else
			c->good += k->frame[i].n;
		e = ERR_OK;
	}
	return ERR_OK;
}

static enum err
block_check(struct check *c, uint32_t block, struct fault *why)
{
	const struct segment_block *k = segment_block_at(c->s, block);
	unsigned before;
	uint64_t last = k->first_seq + k->n - 1;
	struct hash root;
	enum err e;

	if ((e = head_check(c, block, why)) != ERR_OK)
		return e;
	if (c->s->locked[0] != '\0')
		return locked_check(c, block, why);
	c->seen = 0;
	leaf_salts(k->seed, c->salts, k->n);
	before = c->damages;
	e = segment_rows(c->s, block, record_check, c, piece_bad, c, why);
	if (e != ERR_OK && e != ERR_DAMAGE)
		return e;
	c->good += c->seen;
	if (c->damages != before)
		return ERR_OK;
	merkle_root(c->leaf, c->seen, &root);
	if (c->seen != k->n || !hash_equal(&root, &k->root)) {
		c->good -= c->seen;
		say(c, block, k->first_seq, last,
		    "the records do not give the block's root");
	}
	return ERR_OK;
}

/* The root over the blocks' leaves against the index. */
static enum err
root_check(struct check *c, struct fault *why)
{
	const struct segment_info *info = &c->s->info;
	struct hash *leaf = calloc(info->blocks, sizeof *leaf), root;

	if (leaf == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	for (uint32_t i = 0; i < info->blocks; i++) {
		const struct segment_block *k = segment_block_at(c->s, i);
		struct leaf_block b = { .first_seq = k->first_seq,
			.n = k->n,
			.first_us = k->first_us,
			.last_us = k->last_us,
			.root = k->root };

		leaf[i] = leaf_block_hash(&b);
	}
	merkle_root(leaf, info->blocks, &root);
	free(leaf);
	if (!hash_equal(&root, &info->root))
		say(c, WHOLE, 0, 0, "the blocks do not give the tree's root");
	return ERR_OK;
}

/* Sums over all records against the index; only when all were read. */
static enum err
sums_check(struct check *c, struct fault *why)
{
	const struct segment_info *info = &c->s->info;
	struct hash rollups;
	enum err e = rollup_digest(c->rollup, &rollups, why);

	if (e != ERR_OK)
		return e;
	if (!hash_equal(&c->chain, &info->chain_after))
		say(c, WHOLE, 0, 0, "the chain does not end as the index says");
	if (!hash_equal(&rollups, &info->rollups))
		say(c, WHOLE, 0, 0, "the roll-ups are not as the index says");
	if (memcmp(c->category, info->category, sizeof c->category) != 0 ||
	    c->raw_bytes != info->raw_bytes ||
	    (c->s->head.format == 2 && c->attributes != c->s->attributes) ||
	    c->first_us != info->first_us || c->last_us != info->last_us ||
	    c->event_first_us != info->event_first_us ||
	    c->event_last_us != info->event_last_us)
		say(c, WHOLE, 0, 0,
		    "times, counts or texts are not as the index says");
	return root_check(c, why);
}

/* The lexicon: what of it had to be made anew, and its head in the file. */
static enum err
lexicon_check(struct check *c, struct fault *why)
{
	struct segment *s = c->s;
	const struct lexicon_place *p = &s->lexicon;
	enum err e;

	if (s->head.format == 1 || p->head.len == 0)
		return ERR_OK;
	if (s->mended > 0)
		say(c, WHOLE, 0, 0,
		    "its lexicon is damaged and was made anew from parity");
	e = segment_bytes(s, p->at, p->head.len, &s->packed, why);
	if (e == ERR_OK && !span_equal(buf_view(&s->packed), p->head))
		say(c, WHOLE, 0, 0, "its lexicon's head is damaged");
	return e == ERR_SYNTAX ? ERR_OK : e;
}

/* The search index, chunk by chunk, as stored. */
static enum err
search_index_check(struct check *c, struct fault *why)
{
	struct segment *s = c->s;
	size_t tag = s->head.key_id[0] == '\0' ? 0 : AEAD_TAG_LEN;
	uint64_t bad = 0, at = s->index.at;
	enum err e = ERR_OK;

	for (uint64_t from = 0; from < s->index.len && e == ERR_OK;
	     from += CHUNK_LEN) {
		size_t len = (s->index.len - from < CHUNK_LEN
				     ? (size_t)(s->index.len - from)
				     : CHUNK_LEN) +
		    tag;

		e = segment_bytes(s, at, len, &s->packed, why);
		if (e == ERR_OK)
			bad += !check_is(buf_view(&s->packed),
			    s->index.check + CHECK_LEN * (from / CHUNK_LEN));
		at += len;
	}
	if (bad > 0)
		say(c, WHOLE, 0, 0,
		    "its search index is damaged; the records are not");
	return e == ERR_SYNTAX ? ERR_OK : e;
}

/* The digest of the whole file against its name. */
static enum err
name_check(struct check *c, struct fault *why)
{
	struct segment *s = c->s;
	struct hasher *h = hasher_new();
	struct hash got;
	enum err e = ERR_OK;
	uint8_t *to;

	buf_reset(&s->raw);
	to = buf_room(&s->raw, READ_CHUNK);
	if (h == NULL || to == NULL) {
		hasher_free(h);
		return fault_set(why, ERR_MEMORY, "segment");
	}
	for (uint64_t at = 0; at < s->size && e == ERR_OK;) {
		size_t len = s->size - at < READ_CHUNK ? (size_t)(s->size - at)
						       : READ_CHUNK;

		e = s->env->ops->read(s->env, s->fd, at, to, len, why);
		if (e == ERR_OK)
			hasher_add(h, span_of(to, len));
		at += len;
	}
	got = hasher_end(h);
	hasher_free(h);
	if (e == ERR_OK && !hash_equal(&got, &s->info.name) && c->damages == 0)
		say(c, WHOLE, 0, 0, "its bytes do not give its name");
	return e;
}

/* Records that the head promises and no block holds. */
static void
missing_check(struct check *c)
{
	const struct segment *s = c->s;

	if (!s->indexed && !s->all_blocks)
		say(c, WHOLE, s->info.first_seq + s->info.n, UINT64_MAX,
		    "lost, if there were any");
}

enum err
segment_verify(struct segment *s, segment_damage_fn *bad, void *arg,
    uint64_t *records, unsigned *damages, struct fault *why)
{
	struct check c = { .s = s,
		.bad = bad,
		.arg = arg,
		.chain = s->head.chain_before,
		.first_us = INT64_MAX,
		.last_us = INT64_MIN };
	enum err e = ERR_OK;

	c.leaf = calloc(SEGMENT_BLOCK_ROWS, sizeof *c.leaf);
	c.salts = calloc(SEGMENT_BLOCK_ROWS, LEAF_SALT_LEN);
	c.rollup = rollup_new();
	if (c.leaf == NULL || c.salts == NULL || c.rollup == NULL) {
		e = fault_set(why, ERR_MEMORY, "segment");
		goto out;
	}
	if (s->wrong[0] != '\0')
		say(&c, WHOLE, 0, 0, s->wrong);
	for (uint32_t i = 0; i < s->info.blocks && e == ERR_OK; i++)
		e = block_check(&c, i, why);
	if (e == ERR_OK)
		e = lexicon_check(&c, why);
	if (e == ERR_OK)
		e = search_index_check(&c, why);
	if (e == ERR_OK && s->locked[0] != '\0')
		e = s->indexed ? root_check(&c, why) : ERR_OK;
	else if (e == ERR_OK && c.good == s->info.n && s->indexed)
		e = sums_check(&c, why);
	else if (e == ERR_OK)
		missing_check(&c);
	if (e == ERR_OK)
		e = name_check(&c, why);
	if (e == ERR_OK) {
		*records = c.good;
		*damages = c.damages;
	}
out:
	free(c.leaf);
	free(c.salts);
	rollup_free(c.rollup);
	return e;
}
