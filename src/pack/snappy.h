/*
 * pack/snappy.h: the door to Snappy's raw block format, unpacking only.
 *
 * Source: google/snappy format_description.txt; libsnappy's C interface.
 */
#ifndef PACK_SNAPPY_H
#define PACK_SNAPPY_H

#include "base/buf.h"
#include "base/fault.h"

/*
 * snappy_unpack: append what the block holds. Its first bytes say how long
 * that is, which is believed only up to max and up to what a block of this
 * length can hold at all.
 * Fails  ERR_DAMAGE: not a block; ERR_LIMIT: longer than max or than b's
 *        room; ERR_MEMORY. *b keeps its length.
 */
MUST_CHECK enum err snappy_unpack(
    struct buf *b, struct span packed, size_t max, struct fault *why);
/* snappy_pack: append s as one block (tests and benchmarks). */
MUST_CHECK enum err snappy_pack(
    struct buf *b, struct span s, struct fault *why);

#endif
