/*
 * replica/replica.h: a second host that holds what the first one sealed.
 *
 * DIR/replica holds copies of the logs (replica/copy.h), DIR/vault/segments
 * the sealed segments, byte for byte under the names they have at home. A
 * round asks the first host for each log's newest head, the leaves before it
 * and the segments they name, checks all of it here, and tells the first host
 * how far this copy is, so that clause 12.4 can be judged from both sides'
 * roots. A segment is given up only when its period is over by this host's
 * own clock, whatever the first one says.
 */
#ifndef REPLICA_REPLICA_H
#define REPLICA_REPLICA_H

#include "base/env.h"
#include "net/fetch.h"
#include "pack/json.h"

#define REPLICA_SEGMENT_MAX ((size_t)256 << 20) /* bytes of one segment */

struct replica;

/* replica_open: the copy in `dir` (DIR, borrowed), made when there is none.
 * name: what this host is called in the first one's evidence. */
MUST_CHECK enum err replica_open(struct env *env, int dir, const char *name,
    struct replica **out, struct fault *why);
void replica_close(struct replica *r);

/* One line for each thing that is wrong, and for what was done. */
typedef void replica_say_fn(void *arg, bool wrong, const char *line);

/* What a round came to, over all logs. */
struct replica_round {
	unsigned logs, refused; /* refused: another history, or set back */
	uint64_t leaves; /* new ones */
	uint64_t segments, fetched, missing, damaged, dropped;
};

/*
 * replica_round: fetch what is new. What one log refuses does not keep the
 * others from being copied.
 * Fails   ERR_IO: the first host does not answer, ERR_DENIED: it does not
 *         let us; ERR_FULL, ERR_MEMORY. All else is in *out and said.
 */
MUST_CHECK enum err replica_round(struct replica *r, struct fetch *f,
    replica_say_fn *say, void *arg, struct replica_round *out,
    struct fault *why);

/* replica_check: read everything held here again, from the bytes up; without
 * the first host. */
MUST_CHECK enum err replica_check(struct replica *r, replica_say_fn *say,
    void *arg, struct replica_round *out, struct fault *why);

#endif
