/*
 * ledger/leaf.c: leaves of an agency's log, to bytes and back.
 */
#include "ledger/leaf.h"

#include <assert.h>

/* Appends a u8 length and the name. */
static void
put_name(struct buf *b, struct span name)
{
	assert(name.len <= LEAF_NAME_MAX);
	buf_u8(b, (uint8_t)name.len);
	buf_span(b, name);
}

/* The next 32 bytes; zeroes once the cursor is bad. */
static struct hash
take_hash(struct cursor *c)
{
	struct hash h = { 0 };
	struct span s = cursor_take(c, HASH_LEN);

	if (s.len == HASH_LEN)
		memcpy(h.at, s.at, HASH_LEN);
	return h;
}

struct hash
leaf_body_hash(const uint8_t salt[static LEAF_ENTRY_SALT_LEN], struct span body)
{
	struct span part[2] = { span_of(salt, LEAF_ENTRY_SALT_LEN), body };

	return hash_of_parts(part, 2);
}

unsigned
leaf_kind_of(struct span data)
{
	return data.len == 0 ? 0 : data.at[0];
}

void
leaf_chain(struct hash *head, const struct hash *leaf)
{
	struct span part[2] = { span_of(head->at, HASH_LEN),
		span_of(leaf->at, HASH_LEN) };

	*head = hash_of_parts(part, 2);
}

void
leaf_entry(struct buf *b, const struct leaf_entry *l)
{
	buf_u8(b, LEAF_ENTRY);
	buf_u64(b, l->seq);
	buf_u64(b, (uint64_t)l->received_us);
	buf_add(b, l->body.at, HASH_LEN);
}

enum err
leaf_entry_read(struct span data, struct leaf_entry *l, struct fault *why)
{
	struct cursor c = cursor_of(data);
	struct leaf_entry got = { 0 };

	if (cursor_u8(&c) != LEAF_ENTRY)
		return fault_set(why, ERR_SYNTAX, "not an entry's leaf");
	got.seq = cursor_u64(&c);
	got.received_us = (int64_t)cursor_u64(&c);
	got.body = take_hash(&c);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX,
		    "an entry's leaf of %zu bytes is cut or too long",
		    data.len);
	*l = got;
	return ERR_OK;
}

void
leaf_segment(struct buf *b, const struct leaf_segment *l)
{
	buf_u8(b, LEAF_SEGMENT);
	put_name(b, l->stream);
	buf_u64(b, l->first_seq);
	buf_u32(b, l->n);
	buf_u32(b, l->blocks);
	buf_u64(b, (uint64_t)l->first_us);
	buf_u64(b, (uint64_t)l->last_us);
	buf_add(b, l->file.at, HASH_LEN);
	buf_add(b, l->root.at, HASH_LEN);
	buf_add(b, l->rollup.at, HASH_LEN);
}

enum err
leaf_segment_read(struct span data, struct leaf_segment *l, struct fault *why)
{
	struct cursor c = cursor_of(data);
	struct leaf_segment got = { 0 };

	if (cursor_u8(&c) != LEAF_SEGMENT)
		return fault_set(why, ERR_SYNTAX, "not a segment's leaf");
	got.stream = cursor_take(&c, cursor_u8(&c));
	got.first_seq = cursor_u64(&c);
	got.n = cursor_u32(&c);
	got.blocks = cursor_u32(&c);
	got.first_us = (int64_t)cursor_u64(&c);
	got.last_us = (int64_t)cursor_u64(&c);
	got.file = take_hash(&c);
	got.root = take_hash(&c);
	got.rollup = take_hash(&c);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX,
		    "a segment's leaf of %zu bytes is cut or too long",
		    data.len);
	*l = got;
	return ERR_OK;
}

enum err
leaf_heads(struct buf *b, int64_t at_us, const struct leaf_head *head, size_t n,
    struct fault *why)
{
	size_t len = 1 + 8 + 2;

	for (size_t i = 0; i < n && len <= LEAF_DATA_MAX; i++)
		len += 1 + head[i].name.len + 8 + 8 + HASH_LEN;
	if (len > LEAF_DATA_MAX)
		return fault_set(
		    why, ERR_LIMIT, "%zu heads do not fit one leaf", n);
	buf_u8(b, LEAF_HEADS);
	buf_u64(b, (uint64_t)at_us);
	buf_u16(b, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		put_name(b, head[i].name);
		buf_u64(b, head[i].count);
		buf_u64(b, head[i].last_seq);
		buf_add(b, head[i].head.at, HASH_LEN);
	}
	return ERR_OK;
}

/* One head; the cursor turns bad where there is none. */
static struct leaf_head
take_head(struct cursor *c)
{
	struct leaf_head h = { 0 };

	h.name = cursor_take(c, cursor_u8(c));
	h.count = cursor_u64(c);
	h.last_seq = cursor_u64(c);
	h.head = take_hash(c);
	return h;
}

enum err
leaf_heads_read(struct span data, struct leaf_heads *l, struct fault *why)
{
	struct cursor c = cursor_of(data);
	struct leaf_heads got = { 0 };

	if (cursor_u8(&c) != LEAF_HEADS)
		return fault_set(why, ERR_SYNTAX, "not a heads leaf");
	got.at_us = (int64_t)cursor_u64(&c);
	got.n = cursor_u16(&c);
	got.rest = c;
	for (unsigned i = 0; i < got.n && !c.bad; i++)
		(void)take_head(&c);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX,
		    "a heads leaf of %zu bytes is cut or too long", data.len);
	*l = got;
	return ERR_OK;
}

bool
leaf_heads_next(struct leaf_heads *l, struct leaf_head *head)
{
	if (l->rest.bad || l->rest.pos >= l->rest.all.len)
		return false;
	*head = take_head(&l->rest);
	return true;
}

void
leaf_gone(struct buf *b, const struct leaf_gone *l)
{
	buf_u8(b, LEAF_GONE);
	buf_u64(b, (uint64_t)l->at_us);
	buf_add(b, l->file.at, HASH_LEN);
	put_name(b, l->ground);
}

enum err
leaf_gone_read(struct span data, struct leaf_gone *l, struct fault *why)
{
	struct cursor c = cursor_of(data);
	struct leaf_gone got = { 0 };

	if (cursor_u8(&c) != LEAF_GONE)
		return fault_set(why, ERR_SYNTAX, "not a deletion's leaf");
	got.at_us = (int64_t)cursor_u64(&c);
	got.file = take_hash(&c);
	got.ground = cursor_take(&c, cursor_u8(&c));
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX,
		    "a deletion's leaf of %zu bytes is cut or too long",
		    data.len);
	*l = got;
	return ERR_OK;
}
