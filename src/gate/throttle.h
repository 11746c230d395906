/*
 * gate/throttle.h: counting failures to sign in, by name and by address.
 *
 * For this room only. A name is counted the same whether there is such an
 * account or not, so that nothing here tells. Names and addresses are stored
 * as keyed hashes. Callers hold a transaction around read and write.
 */
#ifndef GATE_THROTTLE_H
#define GATE_THROTTLE_H

#include "gate/inner.h"

enum throttle_kind {
	THROTTLE_NAME = 'n',
	THROTTLE_ADDRESS = 'a',
};

struct throttle {
	struct hash key;
	enum throttle_kind kind;
	unsigned n; /* failures within the window */
	int64_t at[GATE_FAIL_MAX + 1]; /* oldest first */
	int64_t last_us;
	int64_t locked_us; /* until when; 0: never locked */
	unsigned locks; /* in a row */
	struct hash wrong; /* keyed hash of the last wrong password */
};

/* throttle_read: what counts at now_us. An IPv6 address counts as its /64,
 * an IPv4 address written in IPv6 as IPv4. */
MUST_CHECK enum err throttle_read(struct gate *g, enum throttle_kind kind,
    struct span who, int64_t now_us, struct throttle *t, struct fault *why);
MUST_CHECK enum err throttle_write(
    struct gate *g, const struct throttle *t, struct fault *why);
MUST_CHECK enum err throttle_drop(struct gate *g, enum throttle_kind kind,
    struct span who, struct fault *why);

/* throttle_fail: count one failure at now_us; for a name, begin a lock when
 * it is one too many, and then tell so. throttle_undo: take the failure just
 * counted back (addresses). */
bool throttle_fail(const struct gate *g, struct throttle *t, int64_t now_us);
void throttle_undo(struct throttle *t);

/* throttle_wrong: the keyed hash of a password tried under a name. */
struct hash throttle_wrong(
    const struct gate *g, struct span name, struct span password);

/* throttle_sweep: forget what no longer counts. */
MUST_CHECK enum err throttle_sweep(
    struct gate *g, int64_t now_us, struct fault *why);

#endif
