/*
 * book/replica.h: what a second host says it holds, compared with ours.
 *
 * Clause 12.4. The host computed its root from the leaves themselves; book
 * compares it with the root it had signed at that size and keeps one row an
 * hour and replica, numbered without gap. A root that differed once stays
 * noted for that hour.
 */
#ifndef BOOK_REPLICA_H
#define BOOK_REPLICA_H

#include "book/book.h"
#include "crypt/hash.h"

/* What a replica says of one agency's log. */
struct replica_claim {
	struct span agency, name; /* name: text_is_name, at most 64 bytes */
	uint64_t size;
	struct hash root;
	uint64_t segments, missing;
};

struct replica_answer {
	bool agrees; /* the root is the one signed at this size */
	uint64_t behind; /* leaves signed since */
};

/* replica_claim_put: compare and keep. A size that was never signed does not
 * agree. Fails ERR_RANGE: no such name, or numbers past all measure. */
MUST_CHECK enum err replica_claim_put(struct book *b,
    const struct replica_claim *c, int64_t now_us, struct replica_answer *out,
    struct fault *why);

#endif
