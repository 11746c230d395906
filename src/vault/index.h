/*
 * vault/index.h: what a sealed segment's index is made of, for its writer.
 *
 * A segment is cut into granules of 128 consecutive records (or a power of
 * two more, when it is very long). For each token (vault/token.h) the index
 * says in which granules it stands; a search then reads those alone and
 * compares every record of them with the whole query, so that the index
 * decides what is read, never what is found. Tokens are kept as bits of
 * their hash: no text of a record can be read from an index.
 *
 * Where     vault/segment_write.c calls the writer for every record and
 *           stores its bytes as the index section; vault/index_read.h reads.
 * Source    doc/format-index.md, byte by byte.
 */
#ifndef VAULT_INDEX_H
#define VAULT_INDEX_H

#include "base/event.h"
#include "crypt/hash.h"

#define INDEX_RECORDS_MAX ((uint32_t)1 << 30) /* of one segment */

struct indexer;

/*
 * indexer_new: an empty index.
 *
 *   blind  the key under which pseudonyms of persons are hashed, from
 *          index_blind_key; NULL: none, they are hashed as all else is
 *
 * NULL when memory is out; handed over (indexer_free).
 */
struct indexer *indexer_new(const struct hash *blind);
void indexer_free(struct indexer *ix);

/*
 * indexer_add: take in one record.
 *
 *   record  its number in the segment, from 0; each one greater than the last
 *   ev      borrowed for the call
 *
 * Fails   ERR_MEMORY, ERR_LIMIT: the index is then good for nothing.
 */
MUST_CHECK enum err indexer_add(struct indexer *ix, uint32_t record,
    const struct event *ev, struct fault *why);

/* indexer_finish: append the index's bytes to out; afterwards only
 * indexer_free. Fails ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err indexer_finish(
    struct indexer *ix, struct buf *out, struct fault *why);

/*
 * index_blind_key: the blind key that belongs to a stream's key. The writer
 * passes it to indexer_new; the reading side gets the same by
 *     bool segment_blind(const struct segment *s, struct hash *out);
 * of vault/segment.h, which is false where the segment is not encrypted.
 */
struct hash index_blind_key(struct span key);

#endif
