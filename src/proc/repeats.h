/*
 * proc/repeats.h: records that may come a second time.
 *
 * A RELP sender whose connection broke sends again what it has no answer for,
 * on a new connection, though it may be stored. It is then marked, not
 * removed (two equal lines may be two events). What is remembered: of each
 * connection its last REPEATS_RECENT records, and, once it broke, these in
 * one table of REPEATS_N for all, the oldest giving way. It does not outlive
 * the process.
 */
#ifndef PROC_REPEATS_H
#define PROC_REPEATS_H

#include "base/span.h"

#define REPEATS_RECENT 1024
#define REPEATS_N 65536

struct repeats;

/* One connection's latest records; all zero at first. */
struct repeats_recent {
	uint64_t *hash; /* REPEATS_RECENT, a ring; NULL until the first */
	uint64_t n; /* so many were added */
};

/* repeats_new: NULL without memory. */
struct repeats *repeats_new(void);
void repeats_free(struct repeats *r);

/* repeats_hash: what a record of a sender is remembered by. */
uint64_t repeats_hash(
    const struct repeats *r, struct span sender, struct span record);

/* repeats_note: the connection gave this one. Without memory it is forgotten:
 * a repeat of it will not be marked. */
void repeats_note(struct repeats_recent *c, uint64_t hash);
/* repeats_break: the connection broke; repeats_clear: it ended well. Both
 * free what it holds. */
void repeats_break(struct repeats *r, struct repeats_recent *c);
void repeats_clear(struct repeats_recent *c);

/* repeats_take: it was among those of a broken connection; it is then no
 * more. repeats_any: there is one at all. */
bool repeats_take(struct repeats *r, uint64_t hash);
bool repeats_any(const struct repeats *r);

#endif
