/*
 * book/log.h: each agency's log: its leaves, heads and proofs.
 *
 * Tables: log(agency, origin, size, root), leaf(agency, at, kind, data, hash,
 * at_us), tile (ledger/) and checkpoint(agency, size, root, note, at_us). A
 * leaf is appended in the transaction that stores what it stands for.
 */
#ifndef BOOK_LOG_H
#define BOOK_LOG_H

#include "book/book.h"
#include "crypt/hash.h"
#include "crypt/merkle.h"

/* book_log_append: append leaf data to the agency's log, inside a
 * transaction (its own if none is open); makes the log when it is new.
 * *at [out]: its place; *hash [out] its leaf hash (may be NULL). */
MUST_CHECK enum err book_log_append(struct book *b, struct span agency,
    struct span data, int64_t now_us, uint64_t *at, struct hash *hash,
    struct fault *why);

/* One log; text is borrowed during the callback. */
struct log_head {
	struct span agency, origin;
	uint64_t size;
	struct hash root;
	uint64_t signed_size; /* of the last stored checkpoint; 0: none */
	struct span note; /* that checkpoint; empty: none */
	int64_t signed_us;
};
typedef enum err log_head_fn(
    void *arg, const struct log_head *h, struct fault *why);

/* book_logs: every log. book_log: one; ERR_NOT_FOUND. The callback may not
 * write. */
MUST_CHECK enum err book_logs(
    struct book *b, log_head_fn *fn, void *arg, struct fault *why);
MUST_CHECK enum err book_log(struct book *b, struct span agency,
    log_head_fn *fn, void *arg, struct fault *why);

/* A head that wants signing, with the proof that it extends the last one. */
struct log_unsigned {
	struct span agency, origin;
	uint64_t old_size, size;
	struct hash root;
	const struct hash *proof; /* consistency old_size .. size */
	unsigned n_proof;
};
typedef enum err log_unsigned_fn(
    void *arg, const struct log_unsigned *u, struct fault *why);
/* book_unsigned: every log whose size is ahead of its last checkpoint. */
MUST_CHECK enum err book_unsigned(
    struct book *b, log_unsigned_fn *fn, void *arg, struct fault *why);

/*
 * book_checkpoint_store: keep the signed note of (agency, size, root). Root
 * and size are compared with the log's own; older than the last one: ignored.
 * Fails   ERR_PROOF: it is not a head of this log; ERR_SYNTAX: not a note.
 */
MUST_CHECK enum err book_checkpoint_store(struct book *b, struct span agency,
    struct span note, int64_t now_us, struct fault *why);
/* book_checkpoint: append the last signed note. ERR_NOT_FOUND. */
MUST_CHECK enum err book_checkpoint(
    struct book *b, struct span agency, struct buf *note, struct fault *why);

/* An inclusion proof under the last checkpoint. */
struct log_proof {
	uint64_t at, size;
	struct hash path[MERKLE_DEPTH];
	unsigned n;
};
/*
 * book_log_prove: of leaf `at` under the last signed size. data [out, may be
 * NULL] gets the leaf data, note [may be NULL] the signed note.
 * Fails   ERR_NOT_FOUND no such log or leaf; ERR_STATE not signed yet.
 */
MUST_CHECK enum err book_log_prove(struct book *b, struct span agency,
    uint64_t at, struct log_proof *p, struct buf *data, struct buf *note,
    struct fault *why);
/* book_entry_leaf, book_segment_leaf: where the leaf of an entry (of a
 * segment) is. ERR_NOT_FOUND. */
MUST_CHECK enum err book_entry_leaf(struct book *b, struct span agency,
    uint64_t seq, uint64_t *at, struct fault *why);
MUST_CHECK enum err book_segment_leaf(struct book *b, const struct hash *file,
    struct buf *agency, uint64_t *at, struct fault *why);

/* book_log_consistency: the proof that the head of old_size is a prefix of
 * that of new_size, for a signer that is not where the checkpoint is.
 * ERR_RANGE, ERR_NOT_FOUND. */
MUST_CHECK enum err book_log_consistency(struct book *b, struct span agency,
    uint64_t old_size, uint64_t new_size, struct hash path[static MERKLE_DEPTH],
    unsigned *n, struct fault *why);

/*
 * book_entry_bundle: append the proof bundle of one entry (ledger/proof.h).
 * Fails   ERR_NOT_FOUND; ERR_STATE not signed yet. Whether the viewer
 *         may see the body is for the caller to ask.
 */
MUST_CHECK enum err book_entry_bundle(struct book *b, struct span agency,
    uint64_t seq, struct buf *out, struct fault *why);

/*
 * book_tile: append the bytes of a C2SP tlog-tiles tile ("tile/0/000",
 * "tile/0/000.p/7", "tile/entries/000", …; path without leading slash).
 * Fails   ERR_SYNTAX not such a path; ERR_NOT_FOUND the log is not so long.
 * Source  C2SP tlog-tiles. A heads leaf whose body is gone is an entry of
 *         length zero; its hash is in the tiles of level 0.
 */
MUST_CHECK enum err book_tile(struct book *b, struct span agency,
    struct span path, struct buf *out, struct fault *why);

#endif
