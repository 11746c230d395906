/*
 * vault/prove.c: from one record up to its segment's root.
 */
#include <stdlib.h>

#include "vault/verify.h"

/* Leaf data and leaf hashes of one block. */
static enum err
block_part(struct segment *s, struct arena *a, const struct view_place *at,
    const struct record_name *id, struct vault_proof *p, struct fault *why)
{
	const struct segment_block *k = segment_block_at(s, at->block);
	struct leaf_record leaf = { .seq = id->seq,
		.received_us = p->event.received_us,
		.sender = p->event.sender,
		.raw = p->event.raw };
	struct hash *hashes = calloc(k->n, sizeof *hashes), root;
	struct buf b;
	enum err e;

	if (hashes == NULL)
		return fault_set(why, ERR_MEMORY, "proof");
	buf_init(&b, LEAF_RAW_MAX + 512);
	leaf_salt(k->seed, at->index, leaf.salt);
	leaf_record(&b, &leaf);
	p->leaf = arena_copy(a, buf_view(&b));
	e = segment_leaves(s, at->block, hashes, why);
	if (e == ERR_OK && (buf_error(&b) != ERR_OK || p->leaf.at == NULL))
		e = fault_set(why, ERR_MEMORY, "proof");
	if (e == ERR_OK) {
		struct hash own = merkle_leaf_hash(p->leaf);

		merkle_root(hashes, k->n, &root);
		if (!hash_equal(&root, &k->root) ||
		    !hash_equal(&own, &hashes[at->index]))
			e = fault_set(why, ERR_DAMAGE,
			    "the block of %s.%llu does not give its root",
			    id->stream, (unsigned long long)id->seq);
	}
	if (e == ERR_OK)
		e = merkle_path(hashes, k->n, at->index, p->block_path,
		    &p->n_block_path, why);
	p->block_index = at->index;
	p->block_size = k->n;
	buf_clear(&b);
	free(hashes);
	return e;
}

/* Block leaf and its path to the segment's root. */
static enum err
segment_part(struct segment *s, struct arena *a, uint32_t block,
    struct vault_proof *p, struct fault *why)
{
	const struct segment_info *info = segment_about(s);
	struct hash *hashes = calloc(info->blocks, sizeof *hashes), root;
	struct buf b;
	enum err e = ERR_OK;

	if (hashes == NULL)
		return fault_set(why, ERR_MEMORY, "proof");
	buf_init(&b, LEAF_BLOCK_LEN);
	for (uint32_t i = 0; i < info->blocks; i++) {
		const struct segment_block *k = segment_block_at(s, i);
		struct leaf_block leaf = { .first_seq = k->first_seq,
			.n = k->n,
			.first_us = k->first_us,
			.last_us = k->last_us,
			.root = k->root };

		hashes[i] = leaf_block_hash(&leaf);
		if (i == block) {
			leaf_block(&b, &leaf);
			p->block_leaf = arena_copy(a, buf_view(&b));
		}
	}
	merkle_root(hashes, info->blocks, &root);
	if (buf_error(&b) != ERR_OK || p->block_leaf.at == NULL)
		e = fault_set(why, ERR_MEMORY, "proof");
	else if (!hash_equal(&root, &info->root))
		e = fault_set(why, ERR_DAMAGE,
		    "the blocks of a segment do not give its root");
	else
		e = merkle_path(hashes, info->blocks, block, p->segment_path,
		    &p->n_segment_path, why);
	p->segment_index = block;
	p->segment_size = info->blocks;
	p->segment_root = root;
	buf_clear(&b);
	free(hashes);
	return e;
}

/* The descriptor, its texts in the arena. */
static enum err
info_copy(struct arena *a, const struct segment_info *from,
    struct segment_info *to, struct fault *why)
{
	struct segment_origin *o = arena_array(a, from->n_origins, sizeof *o);

	if (o == NULL)
		return fault_set(why, ERR_MEMORY, "proof");
	*to = *from;
	for (size_t i = 0; i < from->n_origins; i++) {
		o[i] = from->origin[i];
		o[i].sender = arena_copy(a, o[i].sender);
		o[i].host = arena_copy(a, o[i].host);
	}
	to->origin = o;
	return ERR_OK;
}

enum err
vault_prove(struct view *v, const struct record_name *id, struct arena *a,
    struct vault_proof *out, struct fault *why)
{
	struct vault_proof p = { .source = 0 };
	struct view_place at;
	struct segment *s;
	enum err e = view_record(v, id, a, &p.event, &p.source, &at, why);

	if (e != ERR_OK)
		return e;
	if (!at.sealed)
		return fault_set(why, ERR_STATE,
		    "record %s.%llu is not sealed yet", id->stream,
		    (unsigned long long)id->seq);
	e = shelf_segment(view_shelf(v), &at.segment, &s, why);
	if (e != ERR_OK)
		return e;
	if (segment_wrong(s) != NULL)
		e = fault_set(why, ERR_DAMAGE, "the segment of %s.%llu: %s",
		    id->stream, (unsigned long long)id->seq, segment_wrong(s));
	if (e == ERR_OK)
		e = block_part(s, a, &at, id, &p, why);
	if (e == ERR_OK)
		e = segment_part(s, a, at.block, &p, why);
	if (e == ERR_OK)
		e = info_copy(a, segment_about(s), &p.segment, why);
	segment_close(s);
	if (e == ERR_OK)
		*out = p;
	return e;
}
