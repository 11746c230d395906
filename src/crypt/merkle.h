/*
 * crypt/merkle.h: hash trees as Certificate Transparency builds them.
 *
 * The pure part: hashes in, hashes out, no storage. Blocks and segments
 * (vault/) and the agencies' logs (ledger/) all stand on it.
 *
 * Source: RFC 9162 section 2.1 (leaf 0x00, node 0x01, SHA-256).
 */
#ifndef CRYPT_MERKLE_H
#define CRYPT_MERKLE_H

#include "base/fault.h"
#include "crypt/hash.h"

/* No audit path is longer; a consistency path is at most one hash longer
 * than the depth of its tree, which is why trees end at 2^63 leaves. */
#define MERKLE_DEPTH 64
#define MERKLE_SIZE_MAX (UINT64_C(1) << 63)

/* merkle_leaf_hash: SHA-256(0x00 || data). merkle_node_hash: SHA-256(0x01 ||
 * left || right). merkle_empty: the root of no leaves, SHA-256(""). */
struct hash merkle_leaf_hash(struct span data);
struct hash merkle_node_hash(const struct hash *left, const struct hash *right);
struct hash merkle_empty(void);

/*
 * merkle_root: the root over n leaf hashes; n may be 0 (merkle_empty).
 *
 * Cost    n - 1 node hashes; allocates nothing.
 */
void merkle_root(const struct hash *leaf, size_t n, struct hash *root);

/*
 * merkle_path: the audit path of one leaf of an array of leaf hashes.
 *
 *   leaf    n leaf hashes, borrowed
 *   at      which leaf, from 0; at < n
 *   path    [out] leaf side first; the caller's own array
 *   n_path  [out] hashes written, 0 .. MERKLE_DEPTH
 *
 * Fails   ERR_RANGE: at >= n; path and n_path stay as they were.
 * Cost    n - 1 node hashes; allocates nothing.
 * Source  RFC 9162 section 2.1.3.1.
 */
MUST_CHECK enum err merkle_path(const struct hash *leaf, size_t n, size_t at,
    struct hash path[static MERKLE_DEPTH], unsigned *n_path, struct fault *why);

/*
 * merkle_check_inclusion: does this path lead from the leaf hash at place
 * `at` of a tree of `size` leaves to this root, using every hash of it?
 *
 * Source  RFC 9162 section 2.1.3.2.
 */
MUST_CHECK bool merkle_check_inclusion(const struct hash *leaf, uint64_t at,
    uint64_t size, const struct hash *path, unsigned n,
    const struct hash *root);

/*
 * merkle_check_consistency: is the tree of new_size leaves and new_root the
 * one of old_size leaves and old_root with leaves added at its end?
 * From size 0 (old_root must be merkle_empty) and between equal trees the
 * path must be empty.
 *
 * Source  RFC 9162 section 2.1.4.2.
 */
MUST_CHECK bool merkle_check_consistency(uint64_t old_size,
    const struct hash *old_root, uint64_t new_size, const struct hash *new_root,
    const struct hash *path, unsigned n);

#endif
