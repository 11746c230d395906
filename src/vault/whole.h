/*
 * vault/whole.h: a sealed segment's file as it is, for a copy elsewhere.
 */
#ifndef VAULT_WHOLE_H
#define VAULT_WHOLE_H

#include "base/buf.h"
#include "base/env.h"
#include "crypt/hash.h"

/*
 * whole_read: append at most `most` bytes of a segment's file from `from` on;
 * nothing at its end. `dir` is DIR/vault/segments.
 * Fails   ERR_NOT_FOUND no such segment; ERR_IO; ERR_MEMORY.
 */
MUST_CHECK enum err whole_read(struct env *env, int dir,
    const struct hash *name, uint64_t from, size_t most, struct buf *out,
    struct fault *why);

#endif
