/*
 * vault/row.h: one record as journals and segments hold it, and the chain
 * that a stream's records make.
 *
 * Chain (doc/format-vault.md, "chain"): d = SHA-256(u8 0x20 | u64 seq | i64
 * received_us | u8 len, sender | u32 len, raw), h' = SHA-256(h || d), h0 = 32
 * zeroes. It needs no block seed, so heads can be published before sealing.
 */
#ifndef VAULT_ROW_H
#define VAULT_ROW_H

#include "base/event.h"
#include "crypt/hash.h"

/* An encoded event is at most this long (all fields full). */
#define ROW_EVENT_MAX ((size_t)131072)

struct row {
	uint64_t seq;
	uint32_t source; /* as numbered by the vault; from 1 */
	struct span event; /* as event_encode made it; borrowed */
};

/* row_put: append u32 source | u32 len, event. row_get: the next row; seq is
 * given by the caller, who counts. False (and c->bad) when there is none. */
void row_put(struct buf *b, const struct row *r);
bool row_get(struct cursor *c, uint64_t seq, struct row *r);

/* chain_step: the head after this record. */
struct hash chain_step(
    const struct hash *head, uint64_t seq, const struct event *ev);

/* Called for each row in order; ev is r->event decoded. Not ERR_OK stops. */
typedef enum err row_fn(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why);

#endif
