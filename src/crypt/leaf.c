/*
 * crypt/leaf.c: leaf data of records and blocks, to bytes and back.
 */
#include "crypt/leaf.h"

#include <assert.h>

#include "crypt/crypt.h"
#include "crypt/merkle.h"

/* Everything of a record's leaf before the raw bytes. */
#define HEAD_MAX (1 + LEAF_SALT_LEN + 8 + 8 + 1 + LEAF_SENDER_MAX + 4)

/* Writes v big-endian, len bytes of it. */
static uint8_t *
put(uint8_t *p, uint64_t v, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		p[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	return p + len;
}

/* The head of a record's leaf; how many bytes it has. */
static size_t
record_head(const struct leaf_record *r, uint8_t head[static HEAD_MAX])
{
	uint8_t *p = head;

	assert(r->sender.len <= LEAF_SENDER_MAX && r->raw.len <= LEAF_RAW_MAX);
	*p++ = LEAF_RECORD;
	memcpy(p, r->salt, LEAF_SALT_LEN);
	p = put(p + LEAF_SALT_LEN, r->seq, 8);
	p = put(p, (uint64_t)r->received_us, 8);
	p = put(p, r->sender.len, 1);
	if (r->sender.len > 0)
		memcpy(p, r->sender.at, r->sender.len);
	p = put(p + r->sender.len, r->raw.len, 4);
	return (size_t)(p - head);
}

void
leaf_record(struct buf *b, const struct leaf_record *r)
{
	uint8_t head[HEAD_MAX];

	buf_add(b, head, record_head(r, head));
	buf_span(b, r->raw);
}

struct hash
leaf_record_hash(const struct leaf_record *r)
{
	uint8_t tagged[1 + HEAD_MAX] = { 0x00 };
	struct span part[2] = { span_of(tagged, 1 + record_head(r, tagged + 1)),
		r->raw };

	return hash_of_parts(part, 2);
}

enum err
leaf_record_read(struct span data, struct leaf_record *r, struct fault *why)
{
	struct cursor c = cursor_of(data);
	struct leaf_record got = { 0 };
	struct span salt;

	if (cursor_u8(&c) != LEAF_RECORD)
		return fault_set(why, ERR_SYNTAX, "not a record's leaf");
	salt = cursor_take(&c, LEAF_SALT_LEN);
	got.seq = cursor_u64(&c);
	got.received_us = (int64_t)cursor_u64(&c);
	got.sender = cursor_take(&c, cursor_u8(&c));
	got.raw = cursor_block(&c, LEAF_RAW_MAX);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX,
		    "a record's leaf of %zu bytes is cut or too long",
		    data.len);
	memcpy(got.salt, salt.at, LEAF_SALT_LEN);
	*r = got;
	return ERR_OK;
}

/* A block's leaf data; no memory is needed for it. */
static void
block_data(const struct leaf_block *k, uint8_t data[static LEAF_BLOCK_LEN])
{
	uint8_t *p = data;

	*p++ = LEAF_BLOCK;
	p = put(p, k->first_seq, 8);
	p = put(p, k->n, 4);
	p = put(p, (uint64_t)k->first_us, 8);
	p = put(p, (uint64_t)k->last_us, 8);
	memcpy(p, k->root.at, HASH_LEN);
}

void
leaf_block(struct buf *b, const struct leaf_block *k)
{
	uint8_t data[LEAF_BLOCK_LEN];

	block_data(k, data);
	buf_add(b, data, sizeof data);
}

struct hash
leaf_block_hash(const struct leaf_block *k)
{
	uint8_t data[LEAF_BLOCK_LEN];

	block_data(k, data);
	return merkle_leaf_hash(span_of(data, sizeof data));
}

enum err
leaf_block_read(struct span data, struct leaf_block *k, struct fault *why)
{
	struct cursor c = cursor_of(data);
	struct leaf_block got = { 0 };
	struct span root;

	if (cursor_u8(&c) != LEAF_BLOCK)
		return fault_set(why, ERR_SYNTAX, "not a block's leaf");
	got.first_seq = cursor_u64(&c);
	got.n = cursor_u32(&c);
	got.first_us = (int64_t)cursor_u64(&c);
	got.last_us = (int64_t)cursor_u64(&c);
	root = cursor_take(&c, HASH_LEN);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX,
		    "a block's leaf has %d bytes, not %zu", LEAF_BLOCK_LEN,
		    data.len);
	memcpy(got.root.at, root.at, HASH_LEN);
	*k = got;
	return ERR_OK;
}

void
leaf_salts(const uint8_t seed[static 32], uint8_t *to, size_t n)
{
	crypt_keystream(seed, 0, to, n * LEAF_SALT_LEN);
}

void
leaf_salt(
    const uint8_t seed[static 32], uint64_t i, uint8_t to[static LEAF_SALT_LEN])
{
	uint8_t four[4 * LEAF_SALT_LEN]; /* one block of the stream */

	crypt_keystream(seed, i / 4, four, sizeof four);
	memcpy(to, four + (i % 4) * LEAF_SALT_LEN, LEAF_SALT_LEN);
	crypt_wipe(four, sizeof four);
}
