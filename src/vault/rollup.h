/*
 * vault/rollup.h: how many records of which category a source gave in which
 * hour: all that most checks need of the logs.
 *
 * Hours are Taipei hours of the received time. `lacking` counts records that
 * lack what their kind must have: a firewall connection without source or
 * destination address or port, an operation on personal data without user or
 * subject.
 */
#ifndef VAULT_ROLLUP_H
#define VAULT_ROLLUP_H

#include "base/event.h"
#include "crypt/hash.h"

struct rollup_row {
	uint32_t source;
	enum event_category category;
	int64_t hour_us;
	uint64_t n, lacking;
	int64_t first_us, last_us;
	int64_t lacking_us; /* the first that lacked; 0: none */
};

struct rollup;

struct rollup *rollup_new(void);
void rollup_free(struct rollup *r);
void rollup_reset(struct rollup *r);
MUST_CHECK enum err rollup_add(struct rollup *r, uint32_t source,
    const struct event *ev, struct fault *why);
/* rollup_merge: all of `more` into r. */
MUST_CHECK enum err rollup_merge(
    struct rollup *r, const struct rollup *more, struct fault *why);
/* rollup_rows: ordered by source, category, hour; borrowed until the next
 * add. */
const struct rollup_row *rollup_rows(struct rollup *r, size_t *n);
/* rollup_digest: SHA-256 over the ordered rows, each u32 source | u8 category
 * | i64 hour | u64 n | u64 lacking | i64 first | i64 last. ERR_MEMORY. */
MUST_CHECK enum err rollup_digest(
    struct rollup *r, struct hash *digest, struct fault *why);

/* event_lacks: as said above. */
bool event_lacks(const struct event *ev);

#endif
