/*
 * pack/gzip.h: the door to gzip and zlib streams, unpacking only, bounded.
 *
 * Source: RFC 1952, RFC 1950 (which HTTP calls `deflate`); libz.
 */
#ifndef PACK_GZIP_H
#define PACK_GZIP_H

#include "base/buf.h"
#include "base/fault.h"

/* What is unpacked may be so many times longer than what was sent, once it
 * passes GZIP_FREE bytes: more is a bomb, not a log. */
#define GZIP_RATIO_MAX ((size_t)400)
#define GZIP_FREE ((size_t)4 << 20)

/*
 * gzip_unpack: append what the stream holds; several gzip members in a row
 * are one stream. The check sums are held.
 * Fails  ERR_DAMAGE: not whole, or bytes behind it; ERR_LIMIT: longer than
 *        max, than b's room, or a bomb; ERR_MEMORY. *b keeps its length.
 */
MUST_CHECK enum err gzip_unpack(
    struct buf *b, struct span packed, size_t max, struct fault *why);

#endif
