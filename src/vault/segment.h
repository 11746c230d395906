/*
 * vault/segment.h: sealed segments, format 1: rows.
 *
 * One file holds consecutive records of one stream in blocks of at most 4,096
 * records and 1 MiB of rows; a block is hashed as one Merkle tree and packed
 * in pieces of about 64 KiB, which are the unit of unpacking and of damage.
 * The file is named by the SHA-256 of its bytes and never changes. Byte by
 * byte: doc/format-vault.md.
 */
#ifndef VAULT_SEGMENT_H
#define VAULT_SEGMENT_H

#include "base/env.h"
#include "crypt/hash.h"
#include "vault/row.h"
#include "vault/source.h"
#include "vault/stream.h"

#define SEGMENT_FORMAT 1
#define SEGMENT_BLOCK_ROWS 4096U
#define SEGMENT_BLOCK_RAW ((size_t)1 << 20) /* bytes of rows */
#define SEGMENT_PIECE_RAW ((size_t)65536) /* a piece ends past this */
#define SEGMENT_BLOCKS_MAX 65536U
#define SEGMENT_NAME_LEN 64 /* hex digits */
#define SEGMENT_MANY UINT16_MAX

/* What one source gave to a segment. */
struct segment_origin {
	uint32_t source, n;
	struct span sender, host;
	int64_t first_us, last_us; /* received times: least and greatest */
};

/* A segment's descriptor: what its leaf in the agency's log says, and what
 * the catalogue keeps. Texts live as long as the segment or the vault's
 * next call. */
struct segment_info {
	struct hash name; /* SHA-256 of the file */
	char stream[STREAM_NAME_MAX];
	struct stream_name parts;
	uint64_t first_seq;
	uint32_t n, blocks;
	int64_t first_us, last_us; /* received: least and greatest */
	int64_t event_first_us, event_last_us; /* of records that say; else 0 */
	int64_t sealed_us;
	uint64_t raw_bytes, file_bytes;
	struct hash chain_before, chain_after;
	struct hash root; /* over the blocks' leaves */
	struct hash rollups; /* rollup_digest of its records */
	uint64_t category[CAT_N];
	const struct segment_origin *origin; /* by source number */
	size_t n_origins;
};

struct segment_block {
	uint32_t n;
	uint64_t first_seq;
	int64_t first_us, last_us, event_first_us, event_last_us;
	uint8_t seed[32];
	struct hash root;
	uint16_t n_sources; /* SEGMENT_MANY: not listed, may be any */
	const uint32_t *source;
};

/* segment_print_name: 64 hex digits and NUL. */
void segment_print_name(
    const struct hash *name, char to[static SEGMENT_NAME_LEN + 1]);

/* --- writing ---------------------------------------------------------- */

struct segment_writer;

/*
 * segment_begin: a new segment in folder `dir` (DIR/vault/segments), under a
 * temporary name. first_seq is the first row's; chain the head before it.
 * sources is borrowed until finish or abandon.
 */
MUST_CHECK enum err segment_begin(struct env *env, int dir, const char *stream,
    uint64_t first_seq, const struct hash *chain, struct sources *sources,
    struct segment_writer **out, struct fault *why);
/* segment_add: the next row; rows come in sequence, without gap. */
MUST_CHECK enum err segment_add(struct segment_writer *w, const struct row *r,
    const struct event *ev, struct fault *why);
/*
 * segment_finish: write index and trailer, sync, READ BACK AND COMPARE (every
 * block decoded, leaves hashed anew, roots, chain and roll-ups compared),
 * rename to the name, sync the folders. *info [out] borrows from w.
 * Fails   ERR_DAMAGE: what was read is not what was written; ERR_FULL;
 *         ERR_IO. The temporary file is then removed.
 */
MUST_CHECK enum err segment_finish(struct segment_writer *w,
    const struct segment_info **info, struct fault *why);
void segment_writer_free(struct segment_writer *w);

/* --- reading ---------------------------------------------------------- */

struct segment;

/*
 * segment_open: open by name and read its index; where the index is damaged
 * it is rebuilt as far as block heads tell, and segment_wrong says so.
 * Fails   ERR_NOT_FOUND no such file; ERR_DAMAGE nothing of it can be used.
 */
MUST_CHECK enum err segment_open(struct env *env, int dir,
    const struct hash *name, struct segment **out, struct fault *why);
void segment_close(struct segment *s);
const struct segment_info *segment_about(const struct segment *s);
const struct segment_block *segment_block_at(
    const struct segment *s, uint32_t block);
/* segment_wrong: NULL, or what opening found wrong. */
const char *segment_wrong(const struct segment *s);

/* Damage by place: block SEGMENT_BLOCKS_MAX stands for the file's own parts.
 * Records first .. last of the stream are affected; 0, 0 when none is; last UINT64_MAX: the end is not known. */
struct segment_damage {
	uint32_t block;
	uint64_t first_seq, last_seq;
	char text
	    [256]; /* "segment ab12…: block 3: record main.audit-60.1042 …" */
};
typedef void segment_damage_fn(void *arg, const struct segment_damage *d);

/*
 * segment_rows: call fn for the rows of one block, in order. A piece that is
 * damaged is told to `bad` (may be NULL) and passed over.
 * Fails   as fn; ERR_IO; ERR_MEMORY; ERR_DAMAGE when a piece was damaged
 *         (after all the others were given).
 */
MUST_CHECK enum err segment_rows(struct segment *s, uint32_t block, row_fn *fn,
    void *arg, segment_damage_fn *bad, void *bad_arg, struct fault *why);

/* segment_leaves: the leaf hashes of one block, n of them, into `leaf`.
 * Fails as segment_rows. */
MUST_CHECK enum err segment_leaves(
    struct segment *s, uint32_t block, struct hash *leaf, struct fault *why);

/*
 * segment_verify: read everything: file digest, heads, index, every record's
 * leaf, roots, chain, counts, roll-ups. Damage goes to `bad`, one call each.
 * *records [out] how many were found good; *damages [out] calls of bad.
 * Fails   ERR_IO, ERR_MEMORY only.
 */
MUST_CHECK enum err segment_verify(struct segment *s, segment_damage_fn *bad,
    void *arg, uint64_t *records, unsigned *damages, struct fault *why);

#endif
