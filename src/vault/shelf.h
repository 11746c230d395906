/*
 * vault/shelf.h: the sealed segments of one vault, by stream and sequence.
 */
#ifndef VAULT_SHELF_H
#define VAULT_SHELF_H

#include "vault/index_read.h"
#include "vault/segment.h"

#define SHELF_OPEN_MAX 128U /* segments kept open */

/* What is kept in memory of each segment. */
struct shelf_item {
	struct hash name;
	uint32_t stream; /* shelf_stream */
	uint32_t n, blocks;
	uint64_t first_seq;
	int64_t first_us, last_us, sealed_us;
	uint64_t file_bytes, raw_bytes;
	struct hash chain_before, chain_after;
	bool unreadable; /* only its name is known */
};

struct shelf;

/* shelf_open: list folder `dir` (DIR/vault/segments, borrowed) and read the
 * index of each file. Unfinished files are passed over. */
MUST_CHECK enum err shelf_open(
    struct env *env, int dir, struct shelf **out, struct fault *why);
void shelf_close(struct shelf *s);
/* shelf_keys: the stream keys to open segments with; borrowed for the shelf's
 * life, NULL: none. */
void shelf_keys(struct shelf *s, const struct keyring *keys);
/* shelf_refresh: take in what is new and forget what is gone. */
MUST_CHECK enum err shelf_refresh(struct shelf *s, struct fault *why);
/* shelf_put, shelf_drop: the same for one, without listing. */
MUST_CHECK enum err shelf_put(
    struct shelf *s, const struct segment_info *info, struct fault *why);
void shelf_drop(struct shelf *s, const struct hash *name);

/* Ordered by stream name, then first sequence; unreadable ones last. */
const struct shelf_item *shelf_items(const struct shelf *s, size_t *n);
const char *shelf_stream(const struct shelf *s, uint32_t stream);
/* shelf_find: by name, or the one that holds a record; NULL when none. */
const struct shelf_item *shelf_find(
    const struct shelf *s, const struct hash *name);
const struct shelf_item *shelf_holding(
    const struct shelf *s, const char *stream, uint64_t seq);
/* shelf_segment: open one; the caller closes it. */
MUST_CHECK enum err shelf_segment(struct shelf *s, const struct hash *name,
    struct segment **out, struct fault *why);

/*
 * shelf_keep: the same, but it stays open among the last SHELF_OPEN_MAX used;
 * borrowed until the next call of shelf_keep or shelf_refresh.
 *
 *   index  [out] its search index; NULL where it has none, is locked, or its
 *          index cannot be used: then every record has to be looked at
 */
MUST_CHECK enum err shelf_keep(struct shelf *s, const struct hash *name,
    struct segment **out, struct index **index, struct fault *why);
/* shelf_bytes: bytes read from segments' files so far. */
uint64_t shelf_bytes(const struct shelf *s);

#endif
