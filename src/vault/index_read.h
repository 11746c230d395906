/*
 * vault/index_read.h: asking a segment's index which granules to read.
 *
 * Answers are bitmaps, bit g for granule g. They may name granules that do
 * not hold what was asked; they never leave one out that does. One lookup
 * reads one page of the index (about 1 KiB), or two where pseudonyms are
 * under a key.
 */
#ifndef VAULT_INDEX_READ_H
#define VAULT_INDEX_READ_H

#include "vault/index_own.h"

struct index;

/* Bytes of the index: as segment_index_read. */
typedef enum err index_fetch_fn(
    void *arg, uint64_t at, size_t len, struct span *out, struct fault *why);

/*
 * index_open: read head, numbers and directory.
 *
 *   len     bytes of the whole index
 *   fetch   how they are had; arg is borrowed until index_close
 *   blind   the key of pseudonyms, NULL: none
 *
 * Fails   ERR_DAMAGE: this is no index, or not a whole one; as fetch.
 */
MUST_CHECK enum err index_open(uint64_t len, index_fetch_fn *fetch, void *arg,
    const struct hash *blind, struct index **out, struct fault *why);
void index_close(struct index *ix);

/* index_records: how many it was made of. index_granules: how many there
 * are, 1 << index_shift records each. index_words: u64 of a bitmap. */
uint32_t index_records(const struct index *ix);
uint32_t index_granules(const struct index *ix);
unsigned index_shift(const struct index *ix);
size_t index_words(const struct index *ix);

/* index_find: set the bits of a token found as `tag` (or TAG_ANY). *n counts
 * the bytes read. Fails ERR_DAMAGE and as fetch. */
MUST_CHECK enum err index_find(struct index *ix, uint64_t token, unsigned tag,
    uint64_t *bits, uint64_t *n, struct fault *why);
/* index_range: set the bits of the granules in which a number within low ..
 * high may stand. */
MUST_CHECK enum err index_range(struct index *ix, unsigned number, uint64_t low,
    uint64_t high, uint64_t *bits, uint64_t *n, struct fault *why);

/* index_fill: all of the index's granules. */
void index_fill(const struct index *ix, uint64_t *bits);

#endif
