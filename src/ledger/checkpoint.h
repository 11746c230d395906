/*
 * ledger/checkpoint.h: the head of a log, as it is signed and shown around.
 *
 *     <origin>
 *     <size, decimal>
 *     <root, base64>
 *     [extension lines]
 *
 * Source: C2SP tlog-checkpoint.
 */
#ifndef LEDGER_CHECKPOINT_H
#define LEDGER_CHECKPOINT_H

#include "crypt/hash.h"
#include "ledger/note.h"

#define CHECKPOINT_ORIGIN_MAX NOTE_NAME_MAX

struct checkpoint {
	struct span origin;
	uint64_t size;
	struct hash root;
	struct span more; /* extension lines, each ended; usually empty */
};

/* checkpoint_print: append the note text. checkpoint_parse: read it; spans
 * point into text. Fails ERR_SYNTAX; *c stays. */
void checkpoint_print(struct buf *b, const struct checkpoint *c);
MUST_CHECK enum err checkpoint_parse(
    struct span text, struct checkpoint *c, struct fault *why);

/*
 * checkpoint_sign: append the signed note of c.
 *
 *   key   NOTE_ED25519; its name is c's origin
 *
 * Fails   ERR_RANGE: key and origin have different names; as note_sign.
 */
MUST_CHECK enum err checkpoint_sign(struct buf *b, const struct checkpoint *c,
    const struct note_key *key, note_sign_fn *sign, void *arg,
    struct fault *why);

/*
 * checkpoint_open: read a signed checkpoint and check its signatures.
 *
 *   key    the keys trusted; at least one of type NOTE_ED25519 that has the
 *          origin's name must have signed
 *   c      [out] borrows from `note`
 *   good   [out] one flag a key, may be NULL
 *
 * Fails   ERR_SYNTAX, ERR_LIMIT: not a checkpoint; ERR_PROOF: no trusted key
 *         of the origin signed it, or a signature of a known key is bad.
 */
MUST_CHECK enum err checkpoint_open(struct span note,
    const struct note_key *key, unsigned n_key, struct arena *a,
    struct checkpoint *c, bool *good, struct fault *why);

#endif
