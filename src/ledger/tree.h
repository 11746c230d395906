/*
 * ledger/tree.h: a tree that grows and lasts.
 *
 * One agency's log. Hashes are kept in tiles of 256, as C2SP tlog-tiles lays
 * them out: tile (level, at) holds hashes 256*at .. 256*at+255 of that level,
 * level 0 the leaf hashes, level L+1 the roots of the full tiles of level L.
 * Only the last tile of a level is ever rewritten, and only by adding to it.
 *
 * Source: RFC 9162 section 2.1; C2SP tlog-tiles.
 */
#ifndef LEDGER_TREE_H
#define LEDGER_TREE_H

#include "base/buf.h"
#include "base/fault.h"
#include "crypt/merkle.h"

#define TILE_WIDTH 256
#define TILE_LEVELS 8 /* 256^8 leaves are more than MERKLE_SIZE_MAX */

/*
 * struct tree_store: where tiles lie. All three may fail with ERR_IO and the
 * like.
 *
 *   size  leaves kept: 256 * (index of the last tile of level 0) + its width
 *   get   hashes of a tile into `to`, *n [out] how many there are (0: no
 *         such tile; more than TILE_WIDTH never)
 *   put   keep n hashes, 1 .. TILE_WIDTH, as tile (level, at), in the place
 *         of an earlier, shorter version
 */
struct tree_store {
	enum err (*size)(void *arg, uint64_t *n, struct fault *why);
	enum err (*get)(void *arg, unsigned level, uint64_t at,
	    struct hash to[static TILE_WIDTH], unsigned *n, struct fault *why);
	enum err (*put)(void *arg, unsigned level, uint64_t at,
	    const struct hash *hash, unsigned n, struct fault *why);
	void *arg;
};

struct tree;

/*
 * tree_open: the tree kept in a store (copied; its arg is borrowed until
 * tree_close). Reads the last tiles and compares them level by level. Handed
 * over (tree_close).
 *
 * Fails   ERR_DAMAGE: tiles are missing, too long, or a tile's root is not
 *         the hash its parent holds.
 */
MUST_CHECK enum err tree_open(
    const struct tree_store *store, struct tree **out, struct fault *why);
void tree_close(struct tree *t);

/* tree_reload: forget what is in memory and read the store again. Needed
 * after an undone transaction, and after tree_append or tree_flush failed. */
MUST_CHECK enum err tree_reload(struct tree *t, struct fault *why);

/* tree_size: leaves, those not yet flushed included. */
uint64_t tree_size(const struct tree *t);

/*
 * tree_append: add one leaf hash (merkle_leaf_hash of the leaf data) at the
 * end. A tile that becomes full is put at once. tree_flush: put the partial
 * tiles that changed; after it the store holds the whole tree. Both belong
 * inside the caller's transaction.
 *
 * Fails   as the store does; ERR_STATE after an earlier failure (tree_reload
 *         heals it); ERR_LIMIT at MERKLE_SIZE_MAX.
 * Cost    O(1) hashes and puts, amortised.
 */
MUST_CHECK enum err tree_append(
    struct tree *t, const struct hash *leaf, struct fault *why);
MUST_CHECK enum err tree_flush(struct tree *t, struct fault *why);

/*
 * tree_root: the root of the first `size` leaves. tree_leaf: the hash of
 * leaf `at`. tree_inclusion: the audit path of leaf `at` in the tree of the
 * first `size`. tree_consistency: the proof that the tree of old_size leaves
 * is a prefix of that of new_size (empty when they are equal or old_size is
 * 0). path is the caller's own array; *n [out] hashes written.
 *
 * Fails   ERR_RANGE: at >= size, old_size > new_size, or a size beyond
 *         tree_size; ERR_DAMAGE: a tile is missing or short. Outputs stay.
 * Cost    O(log size) tiles and hashes.
 */
MUST_CHECK enum err tree_root(
    struct tree *t, uint64_t size, struct hash *root, struct fault *why);
MUST_CHECK enum err tree_leaf(
    struct tree *t, uint64_t at, struct hash *leaf, struct fault *why);
MUST_CHECK enum err tree_inclusion(struct tree *t, uint64_t at, uint64_t size,
    struct hash path[static MERKLE_DEPTH], unsigned *n, struct fault *why);
MUST_CHECK enum err tree_consistency(struct tree *t, uint64_t old_size,
    uint64_t new_size, struct hash path[static MERKLE_DEPTH], unsigned *n,
    struct fault *why);

/*
 * tree_tile: append the bytes of a tile (n hashes, 32 bytes each) to b.
 *
 *   n   hashes wanted, 1 .. TILE_WIDTH
 *
 * Fails   ERR_NOT_FOUND: the tree does not hold so many hashes there.
 */
MUST_CHECK enum err tree_tile(struct tree *t, unsigned level, uint64_t at,
    unsigned n, struct buf *b, struct fault *why);

#endif
