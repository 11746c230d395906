/*
 * vault/segment_own.h: the segment's own insides: format.c and lexis.c know
 * the bytes, write.c makes them, read.c, frames.c and verify.c take them
 * apart.
 */
#ifndef VAULT_SEGMENT_OWN_H
#define VAULT_SEGMENT_OWN_H

#include "base/arena.h"
#include "crypt/aead.h"
#include "vault/rollup.h"
#include "vault/segment.h"
#include "vault/segment_unpack.h"

#define SEGMENT_HEAD_MAX 320U
#define SEGMENT_HEAD_FIXED 12U /* magic, format, length */
#define BLOCK_HEAD_FIXED 124U /* format 1; format 2 has more before its lists */
#define BLOCK_HEAD_FIXED_2 140U
#define BLOCK_PIECES_MAX 32U /* format 1 */
#define BLOCK_FRAMES_MAX 64U
#define BLOCK_SOURCES_MAX 64U
#define BLOCK_HEAD_MAX                                                        \
	(BLOCK_HEAD_FIXED_2 + 4 * BLOCK_SOURCES_MAX + 50 * BLOCK_FRAMES_MAX + \
	    32)
#define PIECE_PACKED_MAX ((uint32_t)2 << 20)
#define PIECE_RAW_MAX ((uint32_t)(65536 + ROW_EVENT_MAX + 8))
#define FRAME_ROWS 1024U
#define FRAME_RAW ((uint32_t)131072)
#define CHECK_LEN 16U /* of a SHA-256 that only tells damage */
#define TRAILER_LEN 52U
#define INDEX_MAX ((size_t)256 << 20)
#define INDEX_MAGIC "BEIMENX1"
#define SEARCH_MAGIC "INDX" /* format 2: stands behind the last block */
#define SEALED_SEED_LEN (32U + AEAD_TAG_LEN)

/* A piece of format 1: rows. */
struct piece {
	uint32_t n, raw, packed;
	struct hash digest; /* of the packed bytes */
};

/* A frame of format 2: heads and texts. */
enum { FRAME_HEADS, FRAME_TEXTS, FRAME_PIECES };

struct segment_frame {
	uint32_t n, raw; /* records, their raw bytes */
	uint32_t len[FRAME_PIECES]; /* as stored */
	uint8_t check[FRAME_PIECES][CHECK_LEN];
	/* Not stored: where it stands. */
	uint32_t first; /* its first record in the block */
	uint32_t at[FRAME_PIECES]; /* behind the block's head */
};

/* A block as its head tells it. */
struct block {
	struct segment_block about;
	uint32_t index;
	uint64_t at; /* offset of the head in the file */
	struct span head; /* the head's bytes */
	uint32_t data_len; /* of all pieces */
	uint16_t n_pieces; /* or frames */
	const struct piece *piece; /* format 1 */
	const struct segment_frame *frame; /* format 2 */
	uint8_t sealed_seed[SEALED_SEED_LEN]; /* format 2 */
};

/* The segment's head. */
struct head {
	unsigned format;
	int64_t sealed_us;
	uint64_t first_seq;
	struct hash chain_before;
	char stream[STREAM_NAME_MAX];
	struct stream_name parts;
	char key_id[KEYRING_NAME_MAX]; /* "": not encrypted */
	uint8_t nonce[AEAD_NONCE_LEN]; /* of the wrapping */
	uint8_t wrapped[KEYRING_KEY_LEN + AEAD_TAG_LEN];
	struct hash digest; /* of the head: the segment's identity in blocks */
};

/* Bytes that are stored with a check for each chunk. */
#define CHUNK_LEN 4096U
#define LEXICON_GROUP 16U /* chunks that share one of parity */
#define LEXICON_PIECE ((size_t)1 << 18) /* of its plain bytes */
#define LEXICON_PIECES_MAX 1024U
#define LEXICON_STORED_MAX ((uint32_t)64 << 20)
#define LEXICON_HEAD_FIXED 16U
#define LEXICON_HEAD_MAX                                                  \
	(LEXICON_HEAD_FIXED + 8 * LEXICON_PIECES_MAX +                    \
	    CHECK_LEN *                                                   \
		(LEXICON_STORED_MAX / CHUNK_LEN +                         \
		    LEXICON_STORED_MAX / CHUNK_LEN / LEXICON_GROUP + 2) + \
	    HASH_LEN)

/* Where the lexicon lies, as its head tells it. */
struct lexicon_place {
	uint64_t at; /* offset of its head in the file */
	struct span head; /* the head's bytes */
	uint32_t n_pieces, stored; /* bytes of all pieces */
	uint32_t n_chunks, n_groups;
	const uint8_t *piece; /* n_pieces x (u32 raw, u32 stored) */
	const uint8_t *check; /* of chunks, then of groups */
};

/* Where the search index lies. */
struct index_place {
	uint64_t at, len; /* len: plain bytes */
	const uint8_t *check; /* of its chunks */
};

/* What nonces of one segment's key stand for. */
enum segment_secret {
	SECRET_FRAME = 1,
	SECRET_SEED,
	SECRET_LEXICON,
	SECRET_INDEX
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
	/* Format 2. */
	uint64_t attributes; /* sum over all records, when indexed */
	struct lexicon_place lexicon;
	struct index_place index;
	uint8_t key[AEAD_KEY_LEN]; /* the data key */
	struct hash blind;
	bool has_key;
	char locked[120]; /* "" or why records cannot be read */
	struct unpacker *unpacker; /* with its lexicon, once needed */
	struct buf heads, texts, index_bytes;
	unsigned mended; /* chunks of the lexicon that were made anew */
};

/* Writing of the parts, format 2. */
/* head_front: what stands before the key's wrapping. */
void head_front(struct buf *b, const struct head *h);
void head_put(struct buf *b, struct head *h, const struct segment_crypt *crypt,
    const uint8_t *data_key);
void block_put(struct buf *b, struct block *k, const struct hash *identity);
void index_put(struct buf *b, struct span head, const struct segment_info *info,
    const struct block *block, uint64_t attributes,
    const struct lexicon_place *lexicon, const struct index_place *index);
void trailer_put(struct buf *b, uint64_t at, struct span index);
/* origins_put: the list of sources, as index and lexicon have it. */
void origins_put(struct buf *b, const struct segment_info *info);

/*
 * Reading them: everything is bounded, spans and arrays are copied into the
 * arena. ERR_SYNTAX with what is wrong; ERR_MEMORY.
 */
MUST_CHECK enum err head_get(struct span s, struct head *h, struct fault *why);
/* head_len: the length that a head's first SEGMENT_HEAD_FIXED bytes tell; 0 none. */
size_t head_len(struct span front);
/* block_head_len: the same of a block's first BLOCK_HEAD_FIXED_2 bytes. */
size_t block_head_len(struct span front);
MUST_CHECK enum err block_get(struct arena *a, struct span s,
    const struct hash *identity, struct block *k, struct fault *why);
/* index_get: lexicon and index stay empty in format 1. */
MUST_CHECK enum err index_get(struct arena *a, struct span s, struct head *h,
    struct segment_info *info, struct block **block, uint64_t *attributes,
    struct lexicon_place *lexicon, struct index_place *index,
    struct fault *why);
MUST_CHECK enum err trailer_get(struct span s, uint64_t size, uint64_t *at,
    uint32_t *len, struct hash *digest, struct fault *why);
MUST_CHECK enum err origins_get(struct arena *a, struct cursor *c,
    struct segment_info *info, struct fault *why);
/* check_of: the first CHECK_LEN bytes of SHA-256. */
void check_of(struct span s, uint8_t to[static CHECK_LEN]);
bool check_is(struct span s, const uint8_t *check);
/* attributes_of: a record's part of the sum by which texts and fields are
 * compared; leaves cover only raw bytes, sender and time. */
uint64_t attributes_of(uint64_t seq, const struct event *ev);

/* The lexicon (segment_lexis.c). lexis_put appends head, pieces and parity of
 * `plain`; key NULL: not encrypted. lexis_get reads the head at the front of
 * s. lexis_head_len: as head_len, of its first LEXICON_HEAD_FIXED bytes. */
MUST_CHECK enum err lexis_put(struct buf *b, struct span plain,
    const struct hash *identity, const uint8_t *key,
    struct lexicon_place *place, struct arena *a, struct fault *why);
size_t lexis_head_len(struct span front);
MUST_CHECK enum err lexis_get(struct arena *a, struct span s,
    const struct hash *identity, struct lexicon_place *place,
    struct fault *why);
/* lexis_len: bytes of pieces and parity behind the head. */
uint64_t lexis_len(const struct lexicon_place *place);
/* lexis_load: the segment's lexicon into its unpacker, mended if need be.
 * Once. ERR_DAMAGE, ERR_DENIED (locked), ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err lexis_load(struct segment *s, struct fault *why);

/* Encryption (segment_crypt.c). secret_seal, secret_open: append, under the
 * segment's data key; identity is authenticated with it. */
MUST_CHECK enum err secret_seal(struct buf *b, const uint8_t *key,
    enum segment_secret what, uint64_t number, const struct hash *identity,
    struct span plain, struct fault *why);
MUST_CHECK enum err secret_open(struct buf *b, const uint8_t *key,
    enum segment_secret what, uint64_t number, const struct hash *identity,
    struct span sealed, struct fault *why);
/* frame_number: the number of a frame's piece for its nonce. */
uint64_t frame_number(uint32_t block, unsigned frame, unsigned piece);
/* segment_unlock: the data key from the keyring, the seeds; sets locked. */
MUST_CHECK enum err segment_unlock(
    struct segment *s, const struct keyring *keys, struct fault *why);

/* segment_unlock_with: the same with the stream key itself. ERR_DAMAGE: it
 * is not the one of this segment. */
MUST_CHECK enum err segment_unlock_with(
    struct segment *s, struct span key, struct fault *why);

/* segment_weigh: after segment_finish, where the bytes went, for whoever
 * improves the format. */
void segment_weigh(const struct segment_writer *w, struct buf *out);

/* segment_open_file: as segment_open, by file name. */
MUST_CHECK enum err segment_open_file(struct env *env, int dir,
    const char *file, const struct hash *name, const struct keyring *keys,
    struct segment **out, struct fault *why);
/* segment_bytes: len bytes at `at` into b, which is emptied first. ERR_SYNTAX:
 * the file ends before. */
MUST_CHECK enum err segment_bytes(struct segment *s, uint64_t at, size_t len,
    struct buf *b, struct fault *why);
/* piece_read: format 1: the rows of one piece into s->raw, checked by its
 * digest. ERR_DAMAGE with what is wrong. */
MUST_CHECK enum err piece_read(struct segment *s, const struct block *k,
    unsigned piece, struct fault *why);
/* piece_first: sequence of a piece's first row. */
uint64_t piece_first(const struct block *k, unsigned piece);
/* rows_1: segment_rows of format 1. */
MUST_CHECK enum err rows_1(struct segment *s, uint32_t block, row_fn *fn,
    void *arg, segment_damage_fn *bad, void *bad_arg, struct fault *why);
/* frame_stored: a frame's piece as stored into b, checked where `check`. */
MUST_CHECK enum err frame_stored(struct segment *s, const struct block *k,
    unsigned frame, unsigned piece, bool check, struct buf *b,
    struct fault *why);
/* segment_say: tell of damage, with segment, block and records before it. */
void segment_say(const struct segment *s, uint32_t block, uint64_t first,
    uint64_t last, const char *what, segment_damage_fn *bad, void *arg);

#endif
