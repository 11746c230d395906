/*
 * ledger/tree.c: the growing tree over its tiles.
 *
 * In memory lie the partial tile of each level (the right edge) and, per
 * level, the tile read last. A subtree's hash comes from one tile: 2^k
 * leaves, aligned, are 2^(k mod 8) hashes in a row of level k/8.
 */
#include "ledger/tree.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define TILE_BITS 8

struct tile {
	bool valid;
	uint64_t at; /* which tile of its level */
	unsigned n; /* hashes held */
	struct hash hash[TILE_WIDTH];
};

struct tree {
	struct tree_store store;
	uint64_t size;
	bool broken; /* memory and store may differ */
	bool dirty[TILE_LEVELS];
	struct tile edge[TILE_LEVELS]; /* the partial tile; n < TILE_WIDTH */
	struct tile seen[TILE_LEVELS]; /* the full or edge tile read last */
};

/* How many hashes level `level` of a tree of `size` leaves has. */
static uint64_t
level_count(uint64_t size, unsigned level)
{
	return level >= TILE_LEVELS ? 0 : size >> (TILE_BITS * level);
}

/* Reads a tile that must hold n hashes. */
static enum err
tile_load(struct tree *t, unsigned level, uint64_t at, unsigned n,
    struct tile *to, struct fault *why)
{
	unsigned got = 0;
	enum err e;

	to->valid = false;
	e = t->store.get(t->store.arg, level, at, to->hash, &got, why);
	if (e != ERR_OK)
		return e;
	if (got < n || got > TILE_WIDTH)
		return fault_set(why, ERR_DAMAGE,
		    "tile %u/%" PRIu64 " holds %u hashes, not %u", level, at,
		    got, n);
	to->at = at;
	to->n = got;
	to->valid = true;
	return ERR_OK;
}

/* The tile that holds n hashes at least: the edge, the one seen, or read. */
static enum err
tile_find(struct tree *t, unsigned level, uint64_t at, unsigned n,
    const struct tile **out, struct fault *why)
{
	struct tile *seen = &t->seen[level];
	enum err e;

	if (t->edge[level].at == at && t->edge[level].n >= n) {
		*out = &t->edge[level];
		return ERR_OK;
	}
	if (!seen->valid || seen->at != at || seen->n < n) {
		e = tile_load(t, level, at, n, seen, why);
		if (e != ERR_OK)
			return e;
	}
	*out = seen;
	return ERR_OK;
}

/* The hash over 2^bits leaves from leaf `lo`, a multiple of 2^bits. */
static enum err
subtree(struct tree *t, uint64_t lo, unsigned bits, struct hash *out,
    struct fault *why)
{
	unsigned level = bits / TILE_BITS;
	uint64_t first = lo >> (TILE_BITS * level); /* hash of that level */
	unsigned from = (unsigned)(first % TILE_WIDTH);
	unsigned n = 1U << (bits % TILE_BITS);
	const struct tile *tile;
	enum err e;

	e = tile_find(t, level, first / TILE_WIDTH, from + n, &tile, why);
	if (e == ERR_OK)
		merkle_root(tile->hash + from, n, out);
	return e;
}

/* log2 of the greatest power of two that is smaller than n; n >= 2. */
static unsigned
split_bits(uint64_t n)
{
	return 63U - (unsigned)__builtin_clzll(n - 1);
}

/* log2 of the greatest power of two that is at most n; n >= 1. */
static unsigned
top_bits(uint64_t n)
{
	return 63U - (unsigned)__builtin_clzll(n);
}

/* The hash over leaves lo .. hi-1, where lo is what a split left of it. */
static enum err
range_hash(struct tree *t, uint64_t lo, uint64_t hi, struct hash *out,
    struct fault *why)
{
	struct hash part[MERKLE_DEPTH], r;
	unsigned n = 0;
	enum err e;

	while (lo < hi) {
		unsigned bits = top_bits(hi - lo);

		assert(n < MERKLE_DEPTH);
		if ((e = subtree(t, lo, bits, &part[n++], why)) != ERR_OK)
			return e;
		lo += UINT64_C(1) << bits;
	}
	assert(n > 0);
	r = part[--n];
	while (n > 0)
		r = merkle_node_hash(&part[--n], &r);
	*out = r;
	return ERR_OK;
}

/* Reads the partial tiles and holds them against each other. */
static enum err
edge_read(struct tree *t, struct fault *why)
{
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		uint64_t count = level_count(t->size, level);
		struct tile *edge = &t->edge[level];
		unsigned n = (unsigned)(count % TILE_WIDTH);
		enum err e;

		edge->at = count / TILE_WIDTH;
		edge->n = 0;
		edge->valid = true;
		if (n == 0)
			continue;
		e = tile_load(t, level, count / TILE_WIDTH, n, edge, why);
		if (e != ERR_OK)
			return e;
		if (edge->n != n)
			return fault_set(why, ERR_DAMAGE,
			    "tile %u/%" PRIu64 " holds %u hashes, not %u",
			    level, edge->at, edge->n, n);
	}
	return ERR_OK;
}

/* Is the last full tile of each level what its parent says it is? */
static enum err
edge_check(struct tree *t, struct fault *why)
{
	for (unsigned level = 0; level + 1 < TILE_LEVELS; level++) {
		uint64_t full = level_count(t->size, level + 1);
		const struct tile *tile;
		struct hash want, have;
		enum err e;

		if (full == 0)
			break;
		e = tile_find(t, level, full - 1, TILE_WIDTH, &tile, why);
		if (e != ERR_OK)
			return e;
		merkle_root(tile->hash, TILE_WIDTH, &have);
		e = subtree(t, (full - 1) << (TILE_BITS * (level + 1)),
		    TILE_BITS * (level + 1), &want, why);
		if (e != ERR_OK)
			return e;
		if (!hash_equal(&have, &want))
			return fault_set(why, ERR_DAMAGE,
			    "tile %u/%" PRIu64 " is not what level %u says",
			    level, full - 1, level + 1);
	}
	return ERR_OK;
}

enum err
tree_reload(struct tree *t, struct fault *why)
{
	enum err e;

	t->broken = true;
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		t->seen[level].valid = false;
		t->dirty[level] = false;
	}
	if ((e = t->store.size(t->store.arg, &t->size, why)) != ERR_OK)
		return e;
	if (t->size > MERKLE_SIZE_MAX)
		return fault_set(why, ERR_DAMAGE, "the tree is too large");
	if ((e = edge_read(t, why)) != ERR_OK)
		return e;
	if ((e = edge_check(t, why)) != ERR_OK)
		return e;
	t->broken = false;
	return ERR_OK;
}

enum err
tree_open(const struct tree_store *store, struct tree **out, struct fault *why)
{
	struct tree *t = calloc(1, sizeof *t);
	enum err e;

	if (t == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a tree");
	t->store = *store;
	if ((e = tree_reload(t, why)) != ERR_OK) {
		tree_close(t);
		return e;
	}
	*out = t; /* handed over */
	return ERR_OK;
}

void
tree_close(struct tree *t)
{
	free(t);
}

uint64_t
tree_size(const struct tree *t)
{
	return t->size;
}

/* Puts a full edge tile, and carries its root to the next level. */
static enum err
edge_full(struct tree *t, unsigned level, struct hash *root, struct fault *why)
{
	struct tile *edge = &t->edge[level];
	enum err e;

	e = t->store.put(
	    t->store.arg, level, edge->at, edge->hash, TILE_WIDTH, why);
	if (e != ERR_OK)
		return e;
	merkle_root(edge->hash, TILE_WIDTH, root);
	t->seen[level] = *edge;
	t->seen[level].n = TILE_WIDTH;
	edge->at++;
	edge->n = 0;
	t->dirty[level] = false;
	return ERR_OK;
}

enum err
tree_append(struct tree *t, const struct hash *leaf, struct fault *why)
{
	struct hash h = *leaf;
	enum err e;

	if (t->broken)
		return fault_set(
		    why, ERR_STATE, "the tree must be reloaded first");
	if (t->size >= MERKLE_SIZE_MAX)
		return fault_set(why, ERR_LIMIT, "the tree is full");
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		struct tile *edge = &t->edge[level];

		edge->hash[edge->n++] = h;
		t->dirty[level] = true;
		if (edge->n < TILE_WIDTH)
			break;
		if ((e = edge_full(t, level, &h, why)) != ERR_OK) {
			t->broken = true;
			return e;
		}
	}
	t->size++;
	return ERR_OK;
}

enum err
tree_flush(struct tree *t, struct fault *why)
{
	if (t->broken)
		return fault_set(
		    why, ERR_STATE, "the tree must be reloaded first");
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		const struct tile *edge = &t->edge[level];
		enum err e;

		if (!t->dirty[level])
			continue;
		e = t->store.put(
		    t->store.arg, level, edge->at, edge->hash, edge->n, why);
		if (e != ERR_OK) {
			t->broken = true;
			return e;
		}
		t->dirty[level] = false;
	}
	return ERR_OK;
}

/* May be asked about the first `size` leaves. */
static enum err
may_ask(const struct tree *t, uint64_t size, struct fault *why)
{
	if (t->broken)
		return fault_set(
		    why, ERR_STATE, "the tree must be reloaded first");
	if (size > t->size)
		return fault_set(why, ERR_RANGE,
		    "the tree has %" PRIu64 " leaves, not %" PRIu64, t->size,
		    size);
	return ERR_OK;
}

enum err
tree_root(struct tree *t, uint64_t size, struct hash *root, struct fault *why)
{
	enum err e;

	if ((e = may_ask(t, size, why)) != ERR_OK)
		return e;
	if (size == 0) {
		*root = merkle_empty();
		return ERR_OK;
	}
	return range_hash(t, 0, size, root, why);
}

enum err
tree_leaf(struct tree *t, uint64_t at, struct hash *leaf, struct fault *why)
{
	enum err e;

	if ((e = may_ask(t, 0, why)) != ERR_OK)
		return e;
	if (at >= t->size)
		return fault_set(why, ERR_RANGE,
		    "no leaf %" PRIu64 " in a tree of %" PRIu64, at, t->size);
	return subtree(t, at, 0, leaf, why);
}

enum err
tree_inclusion(struct tree *t, uint64_t at, uint64_t size,
    struct hash path[static MERKLE_DEPTH], unsigned *n, struct fault *why)
{
	struct hash down[MERKLE_DEPTH]; /* root side first */
	uint64_t lo = 0, hi = size;
	unsigned depth = 0;
	enum err e;

	if ((e = may_ask(t, size, why)) != ERR_OK)
		return e;
	if (at >= size)
		return fault_set(why, ERR_RANGE,
		    "no leaf %" PRIu64 " in a tree of %" PRIu64, at, size);
	while (hi - lo > 1) {
		uint64_t mid = lo + (UINT64_C(1) << split_bits(hi - lo));

		assert(depth < MERKLE_DEPTH);
		if (at < mid) {
			e = range_hash(t, mid, hi, &down[depth++], why);
			hi = mid;
		} else {
			e = range_hash(t, lo, mid, &down[depth++], why);
			lo = mid;
		}
		if (e != ERR_OK)
			return e;
	}
	*n = depth;
	for (unsigned i = 0; i < depth; i++)
		path[i] = down[depth - 1 - i];
	return ERR_OK;
}

/* RFC 9162 section 2.1.4.1, SUBPROOF, walked down from the root. */
static enum err
consistency(struct tree *t, uint64_t old_size, uint64_t new_size,
    struct hash down[static MERKLE_DEPTH], unsigned *n, struct fault *why)
{
	uint64_t lo = 0, hi = new_size;
	bool whole = true; /* lo .. old_size is the old tree itself */
	unsigned depth = 0;
	enum err e = ERR_OK;

	while (old_size < hi) {
		uint64_t mid = lo + (UINT64_C(1) << split_bits(hi - lo));

		assert(depth < MERKLE_DEPTH);
		if (old_size <= mid) {
			e = range_hash(t, mid, hi, &down[depth++], why);
			hi = mid;
		} else {
			e = range_hash(t, lo, mid, &down[depth++], why);
			lo = mid;
			whole = false;
		}
		if (e != ERR_OK)
			return e;
	}
	if (!whole) {
		assert(depth < MERKLE_DEPTH);
		e = range_hash(t, lo, hi, &down[depth++], why);
	}
	*n = depth;
	return e;
}

enum err
tree_consistency(struct tree *t, uint64_t old_size, uint64_t new_size,
    struct hash path[static MERKLE_DEPTH], unsigned *n, struct fault *why)
{
	struct hash down[MERKLE_DEPTH];
	unsigned depth = 0;
	enum err e;

	if ((e = may_ask(t, new_size, why)) != ERR_OK)
		return e;
	if (old_size > new_size)
		return fault_set(why, ERR_RANGE,
		    "a tree of %" PRIu64 " is no part of one of %" PRIu64,
		    old_size, new_size);
	if (old_size > 0 && old_size < new_size) {
		e = consistency(t, old_size, new_size, down, &depth, why);
		if (e != ERR_OK)
			return e;
	}
	*n = depth;
	for (unsigned i = 0; i < depth; i++)
		path[i] = down[depth - 1 - i];
	return ERR_OK;
}

enum err
tree_tile(struct tree *t, unsigned level, uint64_t at, unsigned n,
    struct buf *b, struct fault *why)
{
	const struct tile *tile;
	uint64_t count;
	enum err e;

	if ((e = may_ask(t, 0, why)) != ERR_OK)
		return e;
	count = level_count(t->size, level);
	if (n == 0 || n > TILE_WIDTH || at > count / TILE_WIDTH ||
	    at * TILE_WIDTH + n > count)
		return fault_set(why, ERR_NOT_FOUND,
		    "no tile %u/%" PRIu64 " of %u hashes", level, at, n);
	if ((e = tile_find(t, level, at, n, &tile, why)) != ERR_OK)
		return e;
	for (unsigned i = 0; i < n; i++)
		buf_add(b, tile->hash[i].at, HASH_LEN);
	return buf_error(b) == ERR_OK
	    ? ERR_OK
	    : fault_set(why, buf_error(b), "no room for a tile");
}
