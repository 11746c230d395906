/*
 * ledger/leaf.h: the leaves of an agency's log.
 *
 * The leaf data is what tiles publish and what the tree hashes; its bytes are
 * fixed for ever (beimen-formats(5), "leaf"). Numbers are big-endian. None
 * of them holds a body: an entry's leaf holds a salted hash only.
 */
#ifndef LEDGER_LEAF_H
#define LEDGER_LEAF_H

#include "base/buf.h"
#include "base/fault.h"
#include "crypt/hash.h"

#define LEAF_ENTRY_SALT_LEN 32
#define LEAF_NAME_MAX 255 /* bytes of a stream's, register's name, ground */
#define LEAF_DATA_MAX 65535 /* bytes of any leaf: tiles give it a u16 */

enum leaf_log_kind {
	LEAF_ENTRY = 0x10,
	LEAF_SEGMENT = 0x11,
	LEAF_HEADS = 0x12,
	LEAF_GONE = 0x13,
};

/* u8 0x10 | u64 seq | i64 received_us | 32 SHA-256(salt || body) */
struct leaf_entry {
	uint64_t seq;
	int64_t received_us;
	struct hash body; /* leaf_body_hash */
};

/* u8 0x11 | u8 len, stream | u64 first seq | u32 n | u32 blocks
 * | i64 first received_us | i64 last received_us | 32 file SHA-256
 * | 32 segment tree root | 32 roll-up digest */
struct leaf_segment {
	struct span stream;
	uint64_t first_seq;
	uint32_t n, blocks;
	int64_t first_us, last_us;
	struct hash file, root, rollup;
};

/* u8 len, name | u64 count | u64 last seq | 32 chain head */
struct leaf_head {
	struct span name;
	uint64_t count, last_seq;
	struct hash head;
};

/* u8 0x12 | i64 at_us | u16 n | n heads */
struct leaf_heads {
	int64_t at_us;
	uint16_t n;
	struct cursor rest; /* the heads, read one by one: leaf_heads_next */
};

/* u8 0x13 | i64 at_us | 32 file SHA-256 | u8 len, ground */
struct leaf_gone {
	int64_t at_us;
	struct hash file;
	struct span ground;
};

/* leaf_body_hash: SHA-256(salt || canonical body): what an entry's leaf
 * keeps of its body. */
struct hash leaf_body_hash(
    const uint8_t salt[static LEAF_ENTRY_SALT_LEN], struct span body);

/*
 * leaf_entry, leaf_segment, leaf_gone: append leaf data; names within their
 * maxima. leaf_kind_of: the first byte of leaf data, 0 when it is empty.
 */
void leaf_entry(struct buf *b, const struct leaf_entry *l);
void leaf_segment(struct buf *b, const struct leaf_segment *l);
void leaf_gone(struct buf *b, const struct leaf_gone *l);
unsigned leaf_kind_of(struct span data);

/*
 * leaf_heads: append one heads leaf for n heads.
 *
 * Fails   ERR_LIMIT: it would pass LEAF_DATA_MAX; *b keeps its length. The
 *         caller writes several heads leaves then.
 */
MUST_CHECK enum err leaf_heads(struct buf *b, int64_t at_us,
    const struct leaf_head *head, size_t n, struct fault *why);

/*
 * leaf_*_read: the reverse; spans point into data. leaf_heads_read checks
 * every head before it answers; leaf_heads_next gives them in turn, false
 * after the last.
 *
 * Fails   ERR_SYNTAX: not such a leaf; *l stays.
 */
MUST_CHECK enum err leaf_entry_read(
    struct span data, struct leaf_entry *l, struct fault *why);
MUST_CHECK enum err leaf_segment_read(
    struct span data, struct leaf_segment *l, struct fault *why);
MUST_CHECK enum err leaf_heads_read(
    struct span data, struct leaf_heads *l, struct fault *why);
bool leaf_heads_next(struct leaf_heads *l, struct leaf_head *head);
MUST_CHECK enum err leaf_gone_read(
    struct span data, struct leaf_gone *l, struct fault *why);

/* leaf_chain: the next head of a chain (of a stream over record leaf hashes,
 * of a register over entry leaf hashes): SHA-256(head || leaf hash). The
 * first head is 32 zeroes. */
void leaf_chain(struct hash *head, const struct hash *leaf);

#endif
