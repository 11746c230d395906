/*
 * vault/verify.h: is what is stored what was accepted? And the parts of a
 * proof.
 */
#ifndef VAULT_VERIFY_H
#define VAULT_VERIFY_H

#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "vault/view.h"

struct verify_ask {
	int64_t since_us; /* only segments sealed at or after; 0: all */
	const char *agency; /* NULL: all */
	int64_t budget_us; /* of the env's clock; 0: no end */
	bool inbox; /* the unsealed records too */
};

struct verify_count {
	uint64_t segments, records, failed; /* failed: segments or journals */
	uint64_t damages;
	uint64_t bytes; /* of the files read */
	int64_t next_since_us; /* when not complete: go on from here */
	bool complete;
};

/* One line for each damage, located; stream "" when not known. */
struct verify_damage {
	const struct hash *segment; /* NULL: the inbox, or a missing file */
	char stream[STREAM_NAME_MAX];
	uint64_t first_seq, last_seq; /* records affected; 0, 0 none known */
	char text[256];
};
typedef void verify_fn(void *arg, const struct verify_damage *d);

/*
 * verify_run: segments in the order of sealing: each whole file; that one
 * stream's segments follow on one another in sequence and chain (a gap is a
 * lost file, unless only the oldest are gone); that every segment the
 * catalogue holds is there; and the inbox's frames.
 * Fails   ERR_IO, ERR_MEMORY. Damage is no failure.
 */
MUST_CHECK enum err verify_run(struct view *v, const struct verify_ask *ask,
    struct verify_count *out, verify_fn *fn, void *arg, struct fault *why);

/* What the vault adds to a proof bundle; ledger adds log path and head. */
struct vault_proof {
	struct span leaf; /* leaf data of the record, in the arena */
	uint32_t block_index, block_size; /* place among the block's records */
	unsigned n_block_path;
	struct hash block_path[MERKLE_DEPTH];
	struct span block_leaf; /* leaf data of the block, in the arena */
	uint32_t segment_index, segment_size; /* place among the blocks */
	unsigned n_segment_path;
	struct hash segment_path[MERKLE_DEPTH];
	struct hash segment_root;
	struct segment_info segment; /* texts in the arena */
	struct event event; /* the record, in the arena */
	uint32_t source;
};

/*
 * vault_prove: everything up to the segment's root, checked before it is
 * given. The leaf data holds the record's sender and raw bytes.
 * Fails   ERR_NOT_FOUND; ERR_STATE the record is not sealed yet; ERR_DAMAGE.
 */
MUST_CHECK enum err vault_prove(struct view *v, const struct record_name *id,
    struct arena *a, struct vault_proof *out, struct fault *why);

#endif
