/*
 * vault/catalogue.h: the vault's own small memory: file `catalogue` in
 * DIR/vault, frames of items, append only.
 *
 * It holds what rows and segments alone do not tell: which sources were
 * numbered, which segments book has committed or let go, which batches were
 * stored, where trimming and detectors stand. All of it but the last two can
 * be rebuilt from segments and journals when it is damaged.
 */
#ifndef VAULT_CATALOGUE_H
#define VAULT_CATALOGUE_H

#include "base/buf.h"
#include "base/env.h"
#include "crypt/hash.h"

enum catalogue_kind {
	ITEM_SOURCE = 1, /* u32 id | u8 len, sender | u8 len, host */
	ITEM_COMMITTED = 2, /* 32 name | u64 first seq | u32 n | 32 chain after
			     * | u8 len, stream */
	ITEM_GONE = 3, /* 32 name | i64 at */
	ITEM_STREAM = 4, /* u64 last seq | 32 chain | u8 len, stream */
	ITEM_PEER = 5, /* u64 epoch | u64 greatest | 64 x u64 bits */
	ITEM_STATE = 6, /* u64 frame | u32 n | n x (u32 source | u8 via |
			     * i64 first | i64 last | u64 records) | state of
			     * the detectors: all as after that frame */
	ITEM_TRIMMED = 7, /* u32 journal | u64 frame | 32 hash */
	ITEM_CLOCK = 8, /* i64 held_us | i64 the clock when it was written */
	ITEM_IDS = 9, /* ids of stored batches, 16 bytes each, oldest first */
};

typedef enum err catalogue_fn(
    void *arg, enum catalogue_kind kind, struct span body, struct fault *why);

struct catalogue;

struct catalogue_found {
	bool there; /* the file existed */
	bool damaged; /* something of it could not be read */
	uint64_t torn; /* bytes of an unfinished end */
	uint64_t bytes;
};

/*
 * catalogue_read: give every item that can be read to fn, in order; changes
 * nothing. catalogue_open: the same, then ready to add; an unfinished end is
 * cut off, a damaged file is renamed catalogue.damaged and begun anew (the
 * caller adds everything it knows).
 */
MUST_CHECK enum err catalogue_read(struct env *env, int dir, catalogue_fn *fn,
    void *arg, struct catalogue_found *found, struct fault *why);
MUST_CHECK enum err catalogue_open(struct env *env, int dir, catalogue_fn *fn,
    void *arg, struct catalogue **out, struct catalogue_found *found,
    struct fault *why);
void catalogue_close(struct catalogue *c);

/* catalogue_add: stage an item. catalogue_sync: write what is staged and make
 * it durable. ERR_FULL: nothing was stored, the stage is empty. ERR_IO: the
 * catalogue takes nothing more. */
void catalogue_add(
    struct catalogue *c, enum catalogue_kind kind, struct span body);
/* catalogue_spoil: an item could not be made: the next sync fails with e,
 * rather than keep everything but that. */
void catalogue_spoil(struct catalogue *c, enum err e);
MUST_CHECK enum err catalogue_sync(struct catalogue *c, struct fault *why);
/* catalogue_renew: put a new file with what is staged in the old one's
 * place. */
MUST_CHECK enum err catalogue_renew(struct catalogue *c, struct fault *why);
uint64_t catalogue_bytes(const struct catalogue *c);

#endif
