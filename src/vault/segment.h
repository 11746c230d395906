/*
 * vault/segment.h: sealed segments, formats 1 (rows) and 2 (columns).
 *
 * One file holds consecutive records of one stream in blocks of at most 4,096
 * records and 1 MiB; a block is hashed as one Merkle tree and packed in
 * frames of at most 128 KiB, which are the unit of unpacking and of damage.
 * The file is named by the SHA-256 of its bytes and never changes. Format 2
 * is written; both are read. Byte by byte: doc/format-vault.md.
 */
#ifndef VAULT_SEGMENT_H
#define VAULT_SEGMENT_H

#include "base/env.h"
#include "crypt/hash.h"
#include "vault/keyring.h"
#include "vault/row.h"
#include "vault/source.h"
#include "vault/stream.h"

#define SEGMENT_FORMAT 2 /* what is written */
#define SEGMENT_BLOCK_ROWS 4096U
#define SEGMENT_BLOCK_RAW ((size_t)1 << 20) /* bytes of records */
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

/* A block. Of a locked segment the seed is zeroes. */
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

/* segment_file: where it lies below DIR/vault/segments: "ab/abcd….seg". */
#define SEGMENT_FILE_MAX (3 + SEGMENT_NAME_LEN + 5)
void segment_file(const struct hash *name, char to[static SEGMENT_FILE_MAX]);

/* --- writing ---------------------------------------------------------- */

struct segment_writer;

/* The stream key under which a segment's own random key is wrapped. */
struct segment_crypt {
	char key_id[KEYRING_NAME_MAX]; /* its name in the keyring */
	uint8_t key[KEYRING_KEY_LEN];
};

/*
 * segment_begin: a new segment in folder `dir` (DIR/vault/segments), under a
 * temporary name. first_seq is the first row's; chain the head before it.
 * sources is borrowed until finish or abandon. crypt (copied, wiped at the
 * end) encrypts the records, their index and the seeds of the leaves under a
 * fresh random key; NULL: nothing is encrypted.
 */
MUST_CHECK enum err segment_begin(struct env *env, int dir, const char *stream,
    uint64_t first_seq, const struct hash *chain, struct sources *sources,
    const struct segment_crypt *crypt, struct segment_writer **out,
    struct fault *why);
/* segment_add: the next row; rows come in sequence, without gap. ev is
 * r->event decoded; its texts and fields are within event.h's bounds. */
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
 * segment_open: open by name and read its descriptor; where that is damaged
 * it is rebuilt as far as block heads tell, and segment_wrong says so. keys
 * (borrowed for the call; NULL: none) has the stream keys. A segment whose
 * key is not among them opens all the same: its descriptor is known, its
 * records are not (segment_locked).
 * Fails   ERR_NOT_FOUND no such file; ERR_DAMAGE nothing of it can be used.
 */
MUST_CHECK enum err segment_open(struct env *env, int dir,
    const struct hash *name, const struct keyring *keys, struct segment **out,
    struct fault *why);
void segment_close(struct segment *s);
/* segment_key_id: the name of the stream key; "" when not encrypted. */
const char *segment_key_id(const struct segment *s);
/* segment_locked: NULL, or why its records cannot be read: "key NAME of this
 * segment is not here or was destroyed". */
const char *segment_locked(const struct segment *s);
/* segment_blind: the key of index_blind_key for its stream key; false where
 * it is not encrypted, or locked. */
bool segment_blind(const struct segment *s, struct hash *out);
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
 * segment_rows: call fn for the rows of one block, in order. A frame that is
 * damaged is told to `bad` (may be NULL) and passed over. A row's `event` is
 * empty (format 1: as stored); the decoded event says all.
 * Fails   as fn; ERR_IO; ERR_MEMORY; ERR_DAMAGE when a frame was damaged
 *         (after all the others were given); ERR_DENIED: locked.
 */
MUST_CHECK enum err segment_rows(struct segment *s, uint32_t block, row_fn *fn,
    void *arg, segment_damage_fn *bad, void *bad_arg, struct fault *why);

/*
 * What is wanted of a record. Number, source, sender, received time and
 * category always come.
 */
struct segment_want {
	bool raw; /* raw bytes and message */
	bool texts; /* host, app, proc, msgid, event time, via, parse,
		     * facility, severity */
	uint64_t fields; /* bit f: field f */
};

/*
 * segment_pick: as segment_rows, for the named records of a block and the
 * parts wanted only; the others are empty (format 1 gives all). Only the
 * frames needed are read, only the columns needed are decoded.
 *
 *   pick    places in the block, ascending, each once; NULL: all
 *   n_pick  how many; not looked at when pick is NULL
 */
MUST_CHECK enum err segment_pick(struct segment *s, uint32_t block,
    const struct segment_want *want, const uint16_t *pick, size_t n_pick,
    row_fn *fn, void *arg, segment_damage_fn *bad, void *bad_arg,
    struct fault *why);

/*
 * segment_index_len: bytes of the search index (vault/index.h); 0: none.
 * segment_index_read: len plain bytes of it from `at`, decrypted, checked by
 * their digest; borrowed until the next call on this segment.
 * Fails   ERR_RANGE; ERR_DAMAGE; ERR_DENIED: locked; ERR_IO; ERR_MEMORY.
 */
uint64_t segment_index_len(const struct segment *s);
MUST_CHECK enum err segment_index_read(struct segment *s, uint64_t at,
    size_t len, struct span *out, struct fault *why);

/* segment_leaves: the leaf hashes of one block, n of them, into `leaf`.
 * Fails as segment_rows. */
MUST_CHECK enum err segment_leaves(
    struct segment *s, uint32_t block, struct hash *leaf, struct fault *why);

/*
 * segment_verify: read everything: file digest, heads, index, every record's
 * leaf, roots, chain, counts, roll-ups. Damage goes to `bad`, one call each.
 * *records [out] how many were found good; *damages [out] calls of bad. Of a
 * locked segment the bytes are compared with their digests, not the leaves.
 * Fails   ERR_IO, ERR_MEMORY only.
 */
MUST_CHECK enum err segment_verify(struct segment *s, segment_damage_fn *bad,
    void *arg, uint64_t *records, unsigned *damages, struct fault *why);

#endif
