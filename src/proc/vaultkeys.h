/*
 * proc/vaultkeys.h: stream keys on disk: DIR/keys/vault, keeper's own.
 *
 * One key for each retention class and calendar year (Taipei), named
 * CLASS-YEAR, in a file of its own, 0400. Keeper makes them as time comes and
 * is the only process that opens the files; it gives the keys to those who
 * seal and read over their socket pair. A command line without a server reads
 * the files itself.
 */
#ifndef PROC_VAULTKEYS_H
#define PROC_VAULTKEYS_H

#include "base/event.h"
#include "vault/segment.h"

#define VAULTKEYS_FOLDER "keys/vault"

/* vaultkeys_load: every key file of folder `dir` into the ring; a key that
 * cannot be read is told by the error and ends it. */
MUST_CHECK enum err vaultkeys_load(
    int dir, struct keyring *ring, struct fault *why);
/* vaultkeys_tend: make what is missing for this year, and, in its last month,
 * for the next. *made [out] how many. */
MUST_CHECK enum err vaultkeys_tend(int dir, struct keyring *ring,
    int64_t now_us, unsigned *made, struct fault *why);
/* vaultkeys_for: the key in force for a class; false when there is none. The
 * caller wipes *out. */
bool vaultkeys_for(const struct keyring *ring, enum event_class class,
    int64_t now_us, struct segment_crypt *out);
/* vaultkeys_destroy: remove the key's file, durably, and forget the key. */
MUST_CHECK enum err vaultkeys_destroy(
    int dir, struct keyring *ring, const char *name, struct fault *why);

/* vaultkeys_print, vaultkeys_read: the whole ring as a message between
 * processes: u32 n, n x (block name, i64 from, i64 until, 32 bytes). read
 * gives a new ring, handed over. */
void vaultkeys_print(struct buf *b, const struct keyring *ring);
MUST_CHECK enum err vaultkeys_read(
    struct span s, struct keyring **out, struct fault *why);

#endif
