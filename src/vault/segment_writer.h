/*
 * vault/segment_writer.h: a segment while it is made. For segment_write.c,
 * which takes records in, and segment_finish.c, which makes the file of them.
 */
#ifndef VAULT_SEGMENT_WRITER_H
#define VAULT_SEGMENT_WRITER_H

#include "vault/index.h"
#include "vault/segment_own.h"
#include "vault/segment_pack.h"

#define BLOCKS_MAX ((size_t)1 << 30) /* bytes of all blocks */

/* What one source gave so far; at its number. */
struct tally {
	uint32_t n;
	int64_t first_us, last_us;
};

struct segment_writer {
	struct env *env;
	int dir;
	int fd;
	char temp[32];
	struct sources *sources;
	struct head head;
	struct span head_bytes;
	struct arena *arena; /* heads of finished blocks, the info's texts */
	uint64_t at; /* bytes written */
	struct hasher *hasher;
	struct buf out;
	struct block *block;
	size_t n_blocks, cap_blocks;
	struct segment_info info;
	struct hash chain;
	struct rollup *rollup;
	struct tally *tally;
	uint32_t cap_tally;
	struct packer *packer;
	struct indexer *indexer;
	struct hash blind;
	struct lexicon_place lexicon;
	struct index_place index;
	uint64_t attributes;
	/* Encryption. */
	bool encrypted;
	struct segment_crypt crypt;
	uint8_t key[AEAD_KEY_LEN]; /* the data key */
	/* The block being filled, and its open frame. */
	struct segment_block now;
	uint64_t block_raw;
	struct segment_frame frame[BLOCK_FRAMES_MAX];
	unsigned n_frames;
	uint32_t frame_n, frame_raw, frame_weight;
	struct buf piece[FRAME_PIECES]; /* the open frame's, plain */
	struct buf stored[FRAME_PIECES]; /* of the block's frames */
	struct buf blocks; /* all of them: the lexicon goes before */
	uint32_t list[BLOCK_SOURCES_MAX];
	unsigned n_list;
	bool many;
	uint8_t *salts;
	struct hash *leaf;
	struct hash *block_leaf; /* one a block; made at the end */
};

/* segment_put_out: what is in w->out to the file and into its digest. */
MUST_CHECK enum err segment_put_out(
    struct segment_writer *w, struct fault *why);
/* segment_block_end: end the block: its root, head and pieces join the
 * others; nothing when it is empty. */
MUST_CHECK enum err segment_block_end(
    struct segment_writer *w, struct fault *why);

#endif
