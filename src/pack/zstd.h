/*
 * pack/zstd.h: the door to Zstandard (RFC 8878), bounded both ways.
 */
#ifndef PACK_ZSTD_H
#define PACK_ZSTD_H

#include "base/buf.h"
#include "base/fault.h"

/* zstd_pack: append s, compressed at `level` with content size and checksum,
 * as one frame. *b keeps its length on failure.
 * Fails  ERR_LIMIT: it does not fit into b; ERR_MEMORY. */
MUST_CHECK enum err zstd_pack(
    struct buf *b, struct span s, int level, struct fault *why);
/*
 * zstd_unpack: append what the frame holds.
 * Fails  ERR_DAMAGE: not one whole frame or checksum wrong; ERR_LIMIT: it
 *        says or turns out to be longer than max. *b keeps its length.
 */
MUST_CHECK enum err zstd_unpack(
    struct buf *b, struct span frame, size_t max, struct fault *why);

#endif
