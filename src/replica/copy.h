/*
 * replica/copy.h: a copy of one agency's log on a second host.
 *
 * Folder DIR/replica holds for each agency AGENCY.key (the log's verifier
 * key, taken at the first contact and never changed), AGENCY.leaves (leaf
 * data as in C2SP entries tiles: u16 length, bytes) and AGENCY.head (the last
 * signed checkpoint whose root was computed here from those leaves). A head
 * is kept only when it continues the one before: the copy is then a witness
 * of its own that nothing was changed, and says so when it is not.
 */
#ifndef REPLICA_COPY_H
#define REPLICA_COPY_H

#include "base/buf.h"
#include "base/env.h"
#include "ledger/checkpoint.h"

struct copy;

/* A segment as the log names it. */
struct copy_segment {
	struct hash file; /* SHA-256 of its bytes */
	int64_t last_us; /* its last record */
	unsigned keep_days;
	bool gone; /* the log says that it was deleted */
};

/*
 * copy_open: the copy of an agency in `dir` (DIR/replica, borrowed), read
 * from the leaves up; a new one when there is none. vkey: the key as the
 * other side shows it, for a first contact.
 *
 * Fails   ERR_PROOF: the key is not the one known, or the leaves are not
 *         those of the head; ERR_SYNTAX a malformed key or file; ERR_IO;
 *         ERR_MEMORY; ERR_RANGE no such agency name.
 */
MUST_CHECK enum err copy_open(struct env *env, int dir, struct span agency,
    struct span vkey, struct copy **out, struct fault *why);
void copy_close(struct copy *c);

const char *copy_agency(const struct copy *c);
uint64_t copy_size(const struct copy *c); /* leaves, all under a head */
struct hash copy_root(const struct copy *c);

/*
 * copy_begin: a newer checkpoint; *size [out] how many leaves it has.
 * copy_add: the next leaves, as an entries tile gives them; the first `skip`
 * of the tile are known already. copy_end: keep leaves and checkpoint when
 * the root is right, else give up what was added.
 *
 * Fails   ERR_PROOF: the checkpoint's signature is bad, it is smaller than
 *         the one held (the log was set back), or the root of the leaves is
 *         not the signed one (another history). ERR_SYNTAX; ERR_IO, ERR_FULL.
 */
MUST_CHECK enum err copy_begin(
    struct copy *c, struct span note, uint64_t *size, struct fault *why);
MUST_CHECK enum err copy_add(struct copy *c, struct span tile, unsigned skip,
    uint64_t *have, struct fault *why);
MUST_CHECK enum err copy_end(struct copy *c, struct fault *why);

/* copy_segments: what the log's leaves name, in order of file hash; borrowed
 * until the next copy_end. */
const struct copy_segment *copy_segments(struct copy *c, size_t *n);

#endif
