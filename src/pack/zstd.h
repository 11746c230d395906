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

/*
 * Many small pieces whose lengths are known elsewhere: struct zstd keeps the
 * library's working memory from one to the next. A bare frame lacks what its
 * reader knows (magic, length, checksum).
 *
 * zstd_new: NULL when memory is out; handed over (zstd_free).
 * zstd_squeeze: append s as a bare frame; *b keeps its length on failure.
 * zstd_expand: the reverse, exactly len bytes into `to`.
 * Fails   ERR_DAMAGE: no bare frame of len bytes; ERR_LIMIT, ERR_MEMORY.
 */
struct zstd;
struct zstd *zstd_new(void);
void zstd_free(struct zstd *z);
MUST_CHECK enum err zstd_squeeze(
    struct zstd *z, struct buf *b, struct span s, int level, struct fault *why);
MUST_CHECK enum err zstd_expand(struct zstd *z, struct span bare, uint8_t *to,
    size_t len, struct fault *why);

#endif
