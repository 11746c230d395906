/*
 * vault/seal.h: making one segment out of ranges of journals.
 *
 * Keeper plans (vault_plan), whoever has the time runs the plan (the process
 * `sealer`; keeper itself when it is asked to seal at once), keeper takes the
 * result (vault_take). The plan names every place to read, so that running
 * it needs no knowledge of the vault; what it makes is written, read back and
 * compared before it has a name (segment_finish), so that an end at any time
 * leaves the journals as they were and at most an unnamed file.
 */
#ifndef VAULT_SEAL_H
#define VAULT_SEAL_H

#include "vault/inbox.h"
#include "vault/segment.h"

#define SEAL_GROUPS_MAX 200000U

struct seal_plan {
	char stream[STREAM_NAME_MAX];
	uint64_t first_seq; /* of the segment; rows before it are passed over */
	struct hash chain; /* before it */
	struct segment_crypt
	    crypt; /* to encrypt under; key_id "": not at all */
	struct inbox_group *group; /* that follow on one another */
	size_t n, cap;
};

struct seal_done {
	bool any; /* a segment was made */
	struct hash name;
	uint64_t end; /* its last record */
	uint32_t lost; /* which group could not be read and ended it; n: none */
	char text[192]; /* and why */
};

typedef bool seal_stop_fn(void *arg);

/* seal_plan_clear: frees and wipes. */
void seal_plan_clear(struct seal_plan *p);
/* seal_plan_put, seal_plan_get: as bytes between processes; of the groups
 * only what reading needs. ERR_SYNTAX, ERR_MEMORY. */
void seal_plan_put(struct buf *b, const struct seal_plan *p);
MUST_CHECK enum err seal_plan_get(
    struct span s, struct seal_plan *p, struct fault *why);
void seal_done_put(struct buf *b, const struct seal_done *d);
MUST_CHECK enum err seal_done_get(
    struct span s, struct seal_done *d, struct fault *why);

/*
 * seal_run: make the segment, in folder `dir` (DIR/vault/segments), from what
 * `x` reads. A group that cannot be read ends the segment before it.
 *
 *   stop   asked before each group; true ends it with ERR_STATE; may be NULL
 *
 * Fails   ERR_FULL, ERR_IO, ERR_MEMORY; ERR_DAMAGE: what was written does not
 *         read back.
 */
MUST_CHECK enum err seal_run(struct env *env, int dir, struct inbox *x,
    const struct seal_plan *p, seal_stop_fn *stop, void *arg,
    struct seal_done *d, struct fault *why);

#endif
