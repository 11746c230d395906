/*
 * crypt/merkle.c: roots, paths and their checks (RFC 9162 section 2.1).
 */
#include "crypt/merkle.h"

#include <assert.h>

static const uint8_t leaf_tag = 0x00, node_tag = 0x01;

struct hash
merkle_leaf_hash(struct span data)
{
	struct span part[2] = { span_of(&leaf_tag, 1), data };

	return hash_of_parts(part, 2);
}

struct hash
merkle_node_hash(const struct hash *left, const struct hash *right)
{
	struct span part[3] = { span_of(&node_tag, 1),
		span_of(left->at, HASH_LEN), span_of(right->at, HASH_LEN) };

	return hash_of_parts(part, 3);
}

struct hash
merkle_empty(void)
{
	return hash_of(SPAN_EMPTY);
}

void
merkle_root(const struct hash *leaf, size_t n, struct hash *root)
{
	struct hash
	    full[MERKLE_DEPTH]; /* roots of full trees, great to small */
	unsigned depth = 0;
	struct hash r;

	if (n == 0) {
		*root = merkle_empty();
		return;
	}
	for (size_t i = 0; i < n; i++) {
		full[depth++] = leaf[i];
		/* One merge for each bit that adding this leaf carries. */
		for (size_t k = i; (k & 1) != 0; k >>= 1) {
			depth--;
			full[depth - 1] = merkle_node_hash(
			    &full[depth - 1], &full[depth]);
		}
	}
	r = full[--depth];
	while (depth > 0)
		r = merkle_node_hash(&full[--depth], &r);
	*root = r;
}

/* The greatest power of two smaller than n; n >= 2. */
static size_t
split(size_t n)
{
	size_t k = 1;

	while (k < n - k)
		k <<= 1;
	return k;
}

enum err
merkle_path(const struct hash *leaf, size_t n, size_t at,
    struct hash path[static MERKLE_DEPTH], unsigned *n_path, struct fault *why)
{
	struct hash down[MERKLE_DEPTH]; /* root side first */
	unsigned depth = 0;

	if (at >= n)
		return fault_set(
		    why, ERR_RANGE, "no leaf %zu in a tree of %zu", at, n);
	while (n > 1) {
		size_t k = split(n);

		assert(depth < MERKLE_DEPTH);
		if (at < k) {
			merkle_root(leaf + k, n - k, &down[depth++]);
			n = k;
		} else {
			merkle_root(leaf, k, &down[depth++]);
			leaf += k;
			n -= k;
			at -= k;
		}
	}
	*n_path = depth;
	for (unsigned i = 0; i < depth; i++)
		path[i] = down[depth - 1 - i];
	return ERR_OK;
}

bool
merkle_check_inclusion(const struct hash *leaf, uint64_t at, uint64_t size,
    const struct hash *path, unsigned n, const struct hash *root)
{
	struct hash r = *leaf;
	uint64_t fn = at, sn;

	if (at >= size)
		return false;
	sn = size - 1;
	for (unsigned i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			r = merkle_node_hash(&path[i], &r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else
			r = merkle_node_hash(&r, &path[i]);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_equal(&r, root);
}

/* The walk of RFC 9162 section 2.1.4.2 from `first`, over the rest. */
static bool
consistency_walk(uint64_t fn, uint64_t sn, const struct hash *first,
    const struct hash *path, unsigned n, const struct hash *old_root,
    const struct hash *new_root)
{
	struct hash fr = *first, sr = *first;

	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	for (unsigned i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			fr = merkle_node_hash(&path[i], &fr);
			sr = merkle_node_hash(&path[i], &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else
			sr = merkle_node_hash(&sr, &path[i]);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_equal(&fr, old_root) &&
	    hash_equal(&sr, new_root);
}

bool
merkle_check_consistency(uint64_t old_size, const struct hash *old_root,
    uint64_t new_size, const struct hash *new_root, const struct hash *path,
    unsigned n)
{
	if (old_size > new_size)
		return false;
	if (old_size == new_size)
		return n == 0 && hash_equal(old_root, new_root);
	if (old_size == 0) {
		struct hash none = merkle_empty();

		return n == 0 && hash_equal(old_root, &none);
	}
	if (n == 0)
		return false;
	/* A full old tree is a node of the new one: its root is the start. */
	if ((old_size & (old_size - 1)) == 0)
		return consistency_walk(old_size - 1, new_size - 1, old_root,
		    path, n, old_root, new_root);
	return consistency_walk(old_size - 1, new_size - 1, &path[0], path + 1,
	    n - 1, old_root, new_root);
}
