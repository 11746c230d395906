/*
 * crypt/leaf.h: what is hashed for a record and for a block.
 *
 * The bytes are fixed for ever (beimen-formats(5), "leaf"); numbers are
 * big-endian. The leaves of an agency's log are in ledger/leaf.h.
 */
#ifndef CRYPT_LEAF_H
#define CRYPT_LEAF_H

#include "base/buf.h"
#include "base/fault.h"
#include "crypt/hash.h"

#define LEAF_SALT_LEN 16 /* keystream bytes in a record's leaf */
#define LEAF_SENDER_MAX 255 /* bytes */
#define LEAF_RAW_MAX 65536 /* bytes of one record, as EVENT_RAW_MAX */
#define LEAF_BLOCK_LEN 61 /* bytes of a block's leaf data, always */

enum leaf_kind {
	LEAF_RECORD = 1,
	LEAF_BLOCK = 2,
};

/* u8 1 | 16 keystream | u64 seq | i64 received_us | u8 len, sender
 * | u32 len, raw */
struct leaf_record {
	uint8_t salt[LEAF_SALT_LEN]; /* keystream 16*i .. of the block's seed */
	uint64_t seq;
	int64_t received_us;
	struct span sender, raw; /* borrowed */
};

/* u8 2 | u64 first seq | u32 n | i64 first received_us
 * | i64 last received_us | 32 block root */
struct leaf_block {
	uint64_t first_seq;
	uint32_t n; /* records */
	int64_t first_us, last_us;
	struct hash root;
};

/*
 * leaf_record: append the leaf data of a record. leaf_record_hash: its RFC
 * 9162 leaf hash, without copying the raw bytes; equal to
 * merkle_leaf_hash(leaf data). sender and raw must be within their maxima.
 * leaf_record_read: the reverse; spans point into data.
 *
 * Fails   ERR_SYNTAX: not a record's leaf; *r stays.
 */
void leaf_record(struct buf *b, const struct leaf_record *r);
struct hash leaf_record_hash(const struct leaf_record *r);
MUST_CHECK enum err leaf_record_read(
    struct span data, struct leaf_record *r, struct fault *why);

/* leaf_block, leaf_block_hash, leaf_block_read: the same for a block. */
void leaf_block(struct buf *b, const struct leaf_block *k);
struct hash leaf_block_hash(const struct leaf_block *k);
MUST_CHECK enum err leaf_block_read(
    struct span data, struct leaf_block *k, struct fault *why);

/* leaf_salts: the salts of records 0 .. n-1 of a block, from its seed: n *
 * LEAF_SALT_LEN bytes into `to`. leaf_salt: the one of record i. */
void leaf_salts(const uint8_t seed[static 32], uint8_t *to, size_t n);
void leaf_salt(const uint8_t seed[static 32], uint64_t i,
    uint8_t to[static LEAF_SALT_LEN]);

#endif
