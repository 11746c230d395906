/*
 * vault/segment_own.h: the segment's own insides: format.c knows the bytes,
 * write.c makes them, read.c and verify.c take them apart.
 */
#ifndef VAULT_SEGMENT_OWN_H
#define VAULT_SEGMENT_OWN_H

#include "base/arena.h"
#include "vault/rollup.h"
#include "vault/segment.h"

#define SEGMENT_PIECE_RAW ((size_t)65536) /* format 1: a piece ends past this */
#define SEGMENT_HEAD_MAX 256U
#define SEGMENT_HEAD_FIXED 12U /* magic, format, length */
#define BLOCK_HEAD_FIXED 124U
#define BLOCK_PIECES_MAX 32U
#define BLOCK_SOURCES_MAX 64U
#define BLOCK_HEAD_MAX \
	(BLOCK_HEAD_FIXED + 4 * BLOCK_SOURCES_MAX + 44 * BLOCK_PIECES_MAX + 32)
#define PIECE_PACKED_MAX ((uint32_t)1 << 20)
#define PIECE_RAW_MAX ((uint32_t)(SEGMENT_PIECE_RAW + ROW_EVENT_MAX + 8))
#define TRAILER_LEN 52U
#define INDEX_MAX ((size_t)256 << 20)
#define INDEX_MAGIC "BEIMENX1"

struct piece {
	uint32_t n, raw, packed;
	struct hash digest; /* of the packed bytes */
};

/* A block as its head tells it. */
struct block {
	struct segment_block about;
	uint32_t index;
	uint64_t at; /* offset of the head in the file */
	struct span head; /* the head's bytes */
	uint32_t data_len; /* of all pieces */
	uint16_t n_pieces;
	const struct piece *piece;
};

/* The segment's head. */
struct head {
	int64_t sealed_us;
	uint64_t first_seq;
	struct hash chain_before;
	char stream[STREAM_NAME_MAX];
	struct stream_name parts;
	struct hash digest; /* of the head: the segment's identity in blocks */
};

struct segment {
	struct env *env;
	int fd;
	uint64_t size;
	struct arena *arena;
	struct segment_info info;
	struct head head;
	struct block *block;
	bool indexed; /* the index is sound: info is complete */
	bool head_sound; /* the head at the file's front is */
	bool tail_sound; /* the trailer is */
	bool all_blocks; /* without index: the walk met its beginning */
	uint64_t index_at; /* where the index begins, when indexed */
	char wrong[200]; /* "" or what opening found */
	struct buf packed, raw;
};

/* Writing of the parts. */
void head_put(struct buf *b, struct head *h);
void block_put(struct buf *b, struct block *k, const struct hash *identity);
void index_put(struct buf *b, struct span head, const struct segment_info *info,
    const struct block *block);
void trailer_put(struct buf *b, uint64_t at, struct span index);

/*
 * Reading them: everything is bounded, spans and arrays are copied into the
 * arena. ERR_SYNTAX with what is wrong; ERR_MEMORY.
 */
MUST_CHECK enum err head_get(struct span s, struct head *h, struct fault *why);
/* head_len: the length that a head's first SEGMENT_HEAD_FIXED bytes tell; 0 none. */
size_t head_len(struct span front);
/* block_head_len: the same of a block's first BLOCK_HEAD_FIXED bytes. */
size_t block_head_len(struct span front);
MUST_CHECK enum err block_get(struct arena *a, struct span s,
    const struct hash *identity, struct block *k, struct fault *why);
MUST_CHECK enum err index_get(struct arena *a, struct span s, struct head *h,
    struct segment_info *info, struct block **block, struct fault *why);
MUST_CHECK enum err trailer_get(struct span s, uint64_t size, uint64_t *at,
    uint32_t *len, struct hash *digest, struct fault *why);

/* segment_open_file: as segment_open, by file name. */
MUST_CHECK enum err segment_open_file(struct env *env, int dir,
    const char *file, const struct hash *name, const struct keyring *keys,
    struct segment **out, struct fault *why);
/* piece_read: the rows of one piece into s->raw, checked by its digest.
 * ERR_DAMAGE with what is wrong. */
MUST_CHECK enum err piece_read(struct segment *s, const struct block *k,
    unsigned piece, struct fault *why);
/* piece_first: sequence of a piece's first row. */
uint64_t piece_first(const struct block *k, unsigned piece);
/* segment_say: tell of damage, with segment, block and records before it. */
void segment_say(const struct segment *s, uint32_t block, uint64_t first,
    uint64_t last, const char *what, segment_damage_fn *bad, void *arg);
/* segment_file: "ab/abcd….seg". */
#define SEGMENT_FILE_MAX (3 + SEGMENT_NAME_LEN + 5)
void segment_file(const struct hash *name, char to[static SEGMENT_FILE_MAX]);

#endif
