/*
 * vault/segment_unpack.h: records out of the columns of a frame.
 *
 * The heads are read at once; each column of the texts only when a record
 * that is asked for needs it. All bytes are foreign.
 * Source: doc/format-vault.md, "Frame of format 2".
 */
#ifndef VAULT_SEGMENT_UNPACK_H
#define VAULT_SEGMENT_UNPACK_H

#include "vault/lexicon.h"
#include "vault/segment.h"

struct unpacker;

/* Gives the frame's texts when they are first needed; the span lives until
 * the next frame. */
typedef enum err unpack_texts_fn(
    void *arg, struct span *texts, struct fault *why);

/* unpacker_new: NULL when memory is out. */
struct unpacker *unpacker_new(void);
void unpacker_free(struct unpacker *u);
/* unpacker_lexicon: read the segment's; once. ERR_DAMAGE, ERR_MEMORY. */
MUST_CHECK enum err unpacker_lexicon(
    struct unpacker *u, struct span bytes, struct fault *why);
/* unpacker_origins: the segment's sources, ascending; borrowed. */
MUST_CHECK enum err unpacker_origins(struct unpacker *u,
    const struct segment_origin *o, size_t n, struct fault *why);

/*
 * unpack_begin: a frame of n records.
 *
 *   heads  borrowed for the call
 *   raw    bytes of all its records; more are damage
 *   texts  called at most once
 *
 * Fails   ERR_DAMAGE, ERR_MEMORY.
 */
MUST_CHECK enum err unpack_begin(struct unpacker *u, struct span heads,
    uint32_t n, uint64_t raw, unpack_texts_fn *texts, void *arg,
    struct fault *why);
/*
 * unpack_next: the next record's parts that are wanted, borrowed until the
 * next call; unpack_skip: pass over it.
 * Fails   ERR_DAMAGE, ERR_MEMORY; as texts.
 */
MUST_CHECK enum err unpack_next(struct unpacker *u,
    const struct segment_want *want, uint32_t *source, struct event *ev,
    struct fault *why);
void unpack_skip(struct unpacker *u);

#endif
