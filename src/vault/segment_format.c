/*
 * vault/segment_format.c: the bytes of a segment's parts.
 *
 * Everything here is described in doc/format-vault.md; numbers are
 * big-endian.
 */

#include "base/text.h"
#include "crypt/crypt.h"
#include "vault/line.h"
#include "vault/segment_own.h"

static const uint8_t head_magic[8] = { 'B', 'E', 'I', 'M', 'E', 'N', 'S', '1' };
static const uint8_t block_magic[4] = { 'B', 'L', 'O', 'K' };
static const uint8_t block_magic_2[4] = { 'B', 'L', 'K', '2' };
static const uint8_t index_magic[8] = { 'B', 'E', 'I', 'M', 'E', 'N', 'X',
	'1' };
static const uint8_t index_magic_2[8] = { 'B', 'E', 'I', 'M', 'E', 'N', 'X',
	'2' };
static const uint8_t tail_magic[8] = { 'B', 'E', 'I', 'M', 'E', 'N', 'T', '1' };

void
segment_print_name(
    const struct hash *name, char to[static SEGMENT_NAME_LEN + 1])
{
	static const char digit[] = "0123456789abcdef";

	for (unsigned i = 0; i < HASH_LEN; i++) {
		to[2 * i] = digit[name->at[i] >> 4];
		to[2 * i + 1] = digit[name->at[i] & 15];
	}
	to[SEGMENT_NAME_LEN] = '\0';
}

void
segment_file(const struct hash *name, char to[static SEGMENT_FILE_MAX])
{
	char hex[SEGMENT_NAME_LEN + 1];

	segment_print_name(name, hex);
	line_put(to, SEGMENT_FILE_MAX, "%c%c/%s.seg", hex[0], hex[1], hex);
}

/* Takes len bytes and compares them. */
static bool
magic_is(struct cursor *c, const uint8_t *magic, size_t len)
{
	return span_equal(cursor_take(c, len), span_of(magic, len));
}

static void
hash_get(struct cursor *c, struct hash *h)
{
	struct span s = cursor_take(c, HASH_LEN);

	*h = (struct hash){ { 0 } };
	if (s.len == HASH_LEN)
		memcpy(h->at, s.at, HASH_LEN);
}

static int64_t
time_get(struct cursor *c)
{
	return (int64_t)cursor_u64(c);
}

/* Wraps the data key; what stands before it in the head is authenticated. */
static void
key_put(struct buf *b, size_t start, struct head *h,
    const struct segment_crypt *crypt, const uint8_t *data_key)
{
	struct span front = span_slice(buf_view(b), start, SIZE_MAX);
	struct buf wrapped;

	buf_init(&wrapped, sizeof h->wrapped);
	crypt_random(h->nonce, sizeof h->nonce);
	if (aead_seal(&wrapped, crypt->key, h->nonce, front,
		span_of(data_key, KEYRING_KEY_LEN), NULL) != ERR_OK) {
		b->bad = ERR_MEMORY;
	} else {
		buf_add(b, h->nonce, sizeof h->nonce);
		buf_span(b, buf_view(&wrapped));
	}
	buf_clear(&wrapped);
}

void
head_front(struct buf *b, const struct head *h)
{
	struct span name = span_text(h->stream), key = span_text(h->key_id);
	size_t len = 63 + 1 + name.len + 1 + key.len + HASH_LEN +
	    (key.len == 0 ? 0 : sizeof h->nonce + sizeof h->wrapped);

	buf_add(b, head_magic, sizeof head_magic);
	buf_u16(b, SEGMENT_FORMAT);
	buf_u16(b, (uint16_t)len);
	buf_u64(b, (uint64_t)h->sealed_us);
	buf_u64(b, h->first_seq);
	buf_add(b, h->chain_before.at, HASH_LEN);
	buf_u16(b, (uint16_t)h->parts.keep_days);
	buf_u8(b, (uint8_t)h->parts.class);
	buf_u8(b, (uint8_t)name.len);
	buf_span(b, name);
	buf_u8(b, (uint8_t)key.len);
	buf_span(b, key);
}

void
head_put(struct buf *b, struct head *h, const struct segment_crypt *crypt,
    const uint8_t *data_key)
{
	size_t start = b->len;

	h->format = SEGMENT_FORMAT;
	if (crypt != NULL)
		memcpy(h->key_id, crypt->key_id, sizeof h->key_id);
	head_front(b, h);
	if (crypt != NULL)
		key_put(b, start, h, crypt, data_key);
	if (b->bad != ERR_OK)
		return;
	h->digest = hash_of(span_slice(buf_view(b), start, SIZE_MAX));
	buf_add(b, h->digest.at, HASH_LEN);
}

size_t
head_len(struct span front)
{
	struct cursor c = cursor_of(front);
	unsigned format;
	size_t len;

	if (!magic_is(&c, head_magic, sizeof head_magic))
		return 0;
	format = cursor_u16(&c);
	len = cursor_u16(&c);
	if (format != 1 && format != 2)
		return 0;
	return c.bad || len > SEGMENT_HEAD_MAX || len < 64 + HASH_LEN ? 0 : len;
}

/* The key's name and the wrapped data key. */
static void
key_get(struct cursor *c, struct head *h)
{
	struct span name = cursor_take(c, cursor_u8(c)), s;

	if (name.len == 0)
		return;
	if (!text_is_name(name, sizeof h->key_id - 1)) {
		c->bad = true;
		return;
	}
	memcpy(h->key_id, name.at, name.len);
	s = cursor_take(c, sizeof h->nonce);
	if (s.len == sizeof h->nonce)
		memcpy(h->nonce, s.at, s.len);
	s = cursor_take(c, sizeof h->wrapped);
	if (s.len == sizeof h->wrapped)
		memcpy(h->wrapped, s.at, s.len);
}

enum err
head_get(struct span s, struct head *h, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct head got = { .sealed_us = 0 };
	unsigned keep, class;
	struct hash check;
	struct span name;

	if (s.len == 0 || head_len(s) != s.len)
		return fault_set(why, ERR_SYNTAX, "no segment head");
	(void)cursor_take(&c, sizeof head_magic);
	got.format = cursor_u16(&c);
	(void)cursor_u16(&c);
	got.sealed_us = time_get(&c);
	got.first_seq = cursor_u64(&c);
	hash_get(&c, &got.chain_before);
	keep = cursor_u16(&c);
	class = cursor_u8(&c);
	name = cursor_take(&c, cursor_u8(&c));
	if (got.format == 2)
		key_get(&c, &got);
	hash_get(&c, &check);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX, "segment head: length");
	got.digest = hash_of(span_slice(s, 0, s.len - HASH_LEN));
	if (!hash_equal(&check, &got.digest))
		return fault_set(why, ERR_SYNTAX, "the head is damaged");
	if (stream_parse(name, &got.parts, NULL) != ERR_OK ||
	    got.parts.keep_days != keep || got.parts.class != class ||
	    got.first_seq == 0)
		return fault_set(why, ERR_SYNTAX, "segment head: stream");
	memcpy(got.stream, name.at, name.len);
	*h = got;
	return ERR_OK;
}

void
block_put(struct buf *b, struct block *k, const struct hash *identity)
{
	const struct segment_block *a = &k->about;
	size_t start = b->len;
	struct hash check;

	buf_add(b, block_magic_2, sizeof block_magic_2);
	buf_u32(b, k->index);
	buf_u32(b, a->n);
	buf_u32(b, k->data_len);
	buf_u64(b, a->first_seq);
	buf_u64(b, (uint64_t)a->first_us);
	buf_u64(b, (uint64_t)a->last_us);
	buf_u64(b, (uint64_t)a->event_first_us);
	buf_u64(b, (uint64_t)a->event_last_us);
	buf_add(b, k->sealed_seed, sizeof k->sealed_seed);
	buf_add(b, a->root.at, HASH_LEN);
	buf_u16(b, a->n_sources);
	buf_u16(b, k->n_pieces);
	for (unsigned i = 0; i < a->n_sources && a->n_sources != SEGMENT_MANY;
	     i++)
		buf_u32(b, a->source[i]);
	for (unsigned i = 0; i < k->n_pieces; i++) {
		buf_u16(b, (uint16_t)k->frame[i].n);
		buf_u32(b, k->frame[i].raw);
		for (unsigned p = 0; p < FRAME_PIECES; p++) {
			buf_u32(b, k->frame[i].len[p]);
			buf_add(b, k->frame[i].check[p], CHECK_LEN);
		}
	}
	if (b->bad != ERR_OK)
		return;
	check = hash_of_parts(
	    (const struct span[]){ span_of(identity->at, HASH_LEN),
		span_slice(buf_view(b), start, SIZE_MAX) },
	    2);
	buf_add(b, check.at, HASH_LEN);
}

size_t
block_head_len(struct span front)
{
	bool second = span_starts(front, "BLK2");
	size_t fixed = second ? BLOCK_HEAD_FIXED_2 : BLOCK_HEAD_FIXED;
	struct cursor c = cursor_of(front);
	size_t sources, pieces;

	if (!second && !magic_is(&c, block_magic, sizeof block_magic))
		return 0;
	c.pos = 0;
	(void)cursor_take(&c, fixed - 4);
	sources = cursor_u16(&c);
	pieces = cursor_u16(&c);
	if (sources == SEGMENT_MANY)
		sources = 0;
	if (c.bad || sources > BLOCK_SOURCES_MAX || pieces == 0 ||
	    pieces > (second ? BLOCK_FRAMES_MAX : BLOCK_PIECES_MAX))
		return 0;
	return fixed + 4 * sources + (second ? 46 : 44) * pieces + HASH_LEN;
}

/* The frames of a block's head, format 2. */
static enum err
block_frames(
    struct arena *a, struct cursor *c, struct block *k, struct fault *why)
{
	struct segment_frame *frame = arena_array(
	    a, k->n_pieces, sizeof *frame);
	uint32_t rows = 0, at = 0;
	uint64_t sum = 0;

	if (frame == NULL)
		return fault_set(why, ERR_MEMORY, "block head");
	for (unsigned i = 0; i < k->n_pieces; i++) {
		struct segment_frame *f = &frame[i];

		f->n = cursor_u16(c);
		f->raw = cursor_u32(c);
		f->first = rows;
		rows += f->n;
		for (unsigned p = 0; p < FRAME_PIECES; p++) {
			struct span check;

			f->len[p] = cursor_u32(c);
			check = cursor_take(c, CHECK_LEN);
			if (c->bad || f->len[p] > PIECE_PACKED_MAX)
				return fault_set(
				    why, ERR_SYNTAX, "block head: frame");
			memcpy(f->check[p], check.at, CHECK_LEN);
			sum += f->len[p];
		}
		if (f->n == 0 || f->n > SEGMENT_BLOCK_ROWS ||
		    f->raw > FRAME_RAW)
			return fault_set(why, ERR_SYNTAX, "block head: frame");
	}
	if (rows != k->about.n || sum != k->data_len)
		return fault_set(why, ERR_SYNTAX, "block head: sums");
	for (unsigned p = 0; p < FRAME_PIECES; p++)
		for (unsigned i = 0; i < k->n_pieces; i++) {
			frame[i].at[p] = at;
			at += frame[i].len[p];
		}
	k->frame = frame;
	return ERR_OK;
}

/* The list of sources and the list of pieces of a block's head. */
static enum err
block_lists(struct arena *a, struct cursor *c, struct block *k, bool second,
    struct fault *why)
{
	unsigned n = k->about.n_sources == SEGMENT_MANY ? 0
							: k->about.n_sources;
	uint32_t *source = arena_array(a, n, sizeof *source);
	struct piece *piece;
	uint64_t rows = 0, packed = 0, raw = 0;

	if (source == NULL)
		return fault_set(why, ERR_MEMORY, "block head");
	for (unsigned i = 0; i < n; i++)
		source[i] = cursor_u32(c);
	k->about.source = source;
	if (second)
		return block_frames(a, c, k, why);
	if ((piece = arena_array(a, k->n_pieces, sizeof *piece)) == NULL)
		return fault_set(why, ERR_MEMORY, "block head");
	for (unsigned i = 0; i < k->n_pieces; i++) {
		piece[i].n = cursor_u32(c);
		piece[i].raw = cursor_u32(c);
		piece[i].packed = cursor_u32(c);
		hash_get(c, &piece[i].digest);
		rows += piece[i].n;
		raw += piece[i].raw;
		packed += piece[i].packed;
		if (piece[i].n == 0 || piece[i].raw > PIECE_RAW_MAX ||
		    piece[i].packed > PIECE_PACKED_MAX)
			return fault_set(why, ERR_SYNTAX, "block head: piece");
	}
	if (rows != k->about.n || packed != k->data_len ||
	    raw > SEGMENT_BLOCK_RAW + ROW_EVENT_MAX)
		return fault_set(why, ERR_SYNTAX, "block head: sums");
	k->piece = piece;
	return ERR_OK;
}

enum err
block_get(struct arena *a, struct span s, const struct hash *identity,
    struct block *k, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct block got = { .head = arena_copy(a, s) };
	struct segment_block *about = &got.about;
	bool second = span_starts(s, "BLK2");
	struct hash check, sum;
	struct span seed;
	enum err e;

	if (got.head.at == NULL)
		return fault_set(why, ERR_MEMORY, "block head");
	if (s.len == 0 || block_head_len(s) != s.len)
		return fault_set(why, ERR_SYNTAX, "no block head");
	(void)cursor_take(&c, sizeof block_magic);
	got.index = cursor_u32(&c);
	about->n = cursor_u32(&c);
	got.data_len = cursor_u32(&c);
	about->first_seq = cursor_u64(&c);
	about->first_us = time_get(&c);
	about->last_us = time_get(&c);
	about->event_first_us = time_get(&c);
	about->event_last_us = time_get(&c);
	seed = cursor_take(&c, second ? SEALED_SEED_LEN : sizeof about->seed);
	hash_get(&c, &about->root);
	about->n_sources = cursor_u16(&c);
	got.n_pieces = cursor_u16(&c);
	sum = hash_of_parts(
	    (const struct span[]){ span_of(identity->at, HASH_LEN),
		span_slice(s, 0, s.len - HASH_LEN) },
	    2);
	memcpy(check.at, s.at + (s.len - HASH_LEN), HASH_LEN);
	if (!hash_equal(&sum, &check))
		return fault_set(why, ERR_SYNTAX,
		    "the head is damaged or of another segment");
	if (about->n == 0 || about->n > SEGMENT_BLOCK_ROWS ||
	    about->first_seq == 0 || about->first_seq > UINT64_MAX - about->n)
		return fault_set(why, ERR_SYNTAX, "block head: records");
	memcpy(second ? got.sealed_seed : about->seed, seed.at, seed.len);
	if ((e = block_lists(a, &c, &got, second, why)) == ERR_OK)
		*k = got;
	return e;
}

void
origins_put(struct buf *b, const struct segment_info *info)
{
	buf_u32(b, (uint32_t)info->n_origins);
	for (size_t i = 0; i < info->n_origins; i++) {
		const struct segment_origin *o = &info->origin[i];

		buf_u32(b, o->source);
		buf_u8(b, (uint8_t)o->sender.len);
		buf_span(b, o->sender);
		buf_u8(b, (uint8_t)o->host.len);
		buf_span(b, o->host);
		buf_u64(b, (uint64_t)o->first_us);
		buf_u64(b, (uint64_t)o->last_us);
		buf_u32(b, o->n);
	}
}

/* How many chunks so many bytes make. */
static uint64_t
chunks_of(uint64_t len)
{
	return (len + CHUNK_LEN - 1) / CHUNK_LEN;
}

void
index_put(struct buf *b, struct span head, const struct segment_info *info,
    const struct block *block, uint64_t attributes,
    const struct lexicon_place *lexicon, const struct index_place *index)
{
	unsigned n = 0;

	buf_add(b, index_magic_2, sizeof index_magic_2);
	buf_u16(b, (uint16_t)head.len);
	buf_span(b, head);
	buf_u32(b, info->blocks);
	for (uint32_t i = 0; i < info->blocks; i++) {
		buf_u64(b, block[i].at);
		buf_block(b, block[i].head);
	}
	origins_put(b, info);
	for (unsigned i = 0; i < CAT_N; i++)
		n += info->category[i] != 0;
	buf_u8(b, (uint8_t)n);
	for (unsigned i = 0; i < CAT_N; i++) {
		if (info->category[i] == 0)
			continue;
		buf_u8(b, (uint8_t)i);
		buf_u64(b, info->category[i]);
	}
	buf_u32(b, info->n);
	buf_u64(b, (uint64_t)info->first_us);
	buf_u64(b, (uint64_t)info->last_us);
	buf_u64(b, (uint64_t)info->event_first_us);
	buf_u64(b, (uint64_t)info->event_last_us);
	buf_u64(b, info->raw_bytes);
	buf_add(b, info->chain_after.at, HASH_LEN);
	buf_add(b, info->root.at, HASH_LEN);
	buf_add(b, info->rollups.at, HASH_LEN);
	buf_u64(b, attributes);
	buf_u64(b, lexicon->at);
	buf_block(b, lexicon->head);
	buf_u64(b, index->at);
	buf_u64(b, index->len);
	buf_add(b, index->check, CHECK_LEN * (size_t)chunks_of(index->len));
}

/* The block table of the index. */
static enum err
index_blocks(struct arena *a, struct cursor *c, const struct head *h,
    struct segment_info *info, struct block **out, struct fault *why)
{
	uint64_t seq = h->first_seq;
	struct block *block;
	enum err e = ERR_OK;

	info->blocks = cursor_u32(c);
	if (c->bad || info->blocks == 0 || info->blocks > SEGMENT_BLOCKS_MAX)
		return fault_set(why, ERR_SYNTAX, "index: number of blocks");
	block = arena_array(a, info->blocks, sizeof *block);
	if (block == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	for (uint32_t i = 0; i < info->blocks && e == ERR_OK; i++) {
		uint64_t at = cursor_u64(c);
		struct span head = cursor_block(c, BLOCK_HEAD_MAX);

		if (c->bad)
			return fault_set(why, ERR_SYNTAX, "index: block %u", i);
		e = block_get(a, head, &h->digest, &block[i], why);
		if (e == ERR_OK &&
		    (block[i].index != i || block[i].about.first_seq != seq))
			e = fault_set(
			    why, ERR_SYNTAX, "index: block %u out of order", i);
		block[i].at = at;
		seq += block[i].about.n;
	}
	*out = block;
	return e;
}

enum err
origins_get(struct arena *a, struct cursor *c, struct segment_info *info,
    struct fault *why)
{
	uint32_t n = cursor_u32(c);
	struct segment_origin *o;

	if (c->bad || n > (c->all.len - c->pos) / 26)
		return fault_set(why, ERR_SYNTAX, "index: number of sources");
	if ((o = arena_array(a, n, sizeof *o)) == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	for (uint32_t i = 0; i < n; i++) {
		o[i].source = cursor_u32(c);
		o[i].sender = arena_copy(a, cursor_take(c, cursor_u8(c)));
		o[i].host = arena_copy(a, cursor_take(c, cursor_u8(c)));
		o[i].first_us = time_get(c);
		o[i].last_us = time_get(c);
		o[i].n = cursor_u32(c);
		if (c->bad || o[i].source == 0 ||
		    (i > 0 && o[i].source <= o[i - 1].source))
			return fault_set(
			    why, ERR_SYNTAX, "index: source %u", i);
	}
	info->origin = o;
	info->n_origins = n;
	return ERR_OK;
}

/* What format 2 has behind the rest: where the other sections lie. */
static enum err
index_places(struct arena *a, struct cursor *c, const struct head *h,
    struct lexicon_place *lexicon, struct index_place *index, struct fault *why)
{
	uint64_t at = cursor_u64(c);
	struct span head = cursor_block(c, LEXICON_HEAD_MAX), check;
	enum err e;

	if (c->bad)
		return fault_set(why, ERR_SYNTAX, "index: lexicon");
	if ((e = lexis_get(a, head, &h->digest, lexicon, why)) != ERR_OK)
		return e;
	lexicon->at = at;
	index->at = cursor_u64(c);
	index->len = cursor_u64(c);
	if (c->bad || index->len > INDEX_MAX)
		return fault_set(why, ERR_SYNTAX, "index: search index");
	check = cursor_take(c, CHECK_LEN * (size_t)chunks_of(index->len));
	check = arena_copy(a, check);
	if (check.at == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	index->check = check.at;
	return ERR_OK;
}

enum err
index_get(struct arena *a, struct span s, struct head *h,
    struct segment_info *info, struct block **block, uint64_t *attributes,
    struct lexicon_place *lexicon, struct index_place *index, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct segment_info got = { .n = 0 };
	bool second = span_starts(s, "BEIMENX2");
	unsigned n;
	enum err e;

	if (!second && !magic_is(&c, index_magic, sizeof index_magic))
		return fault_set(why, ERR_SYNTAX, "no index");
	c.pos = sizeof index_magic;
	e = head_get(cursor_take(&c, cursor_u16(&c)), h, why);
	if (e == ERR_OK && h->format != (second ? 2 : 1))
		e = fault_set(why, ERR_SYNTAX, "index: another format");
	if (e == ERR_OK)
		e = index_blocks(a, &c, h, &got, block, why);
	if (e == ERR_OK)
		e = origins_get(a, &c, &got, why);
	if (e != ERR_OK)
		return e;
	n = cursor_u8(&c);
	for (unsigned i = 0; i < n; i++) {
		unsigned category = cursor_u8(&c);
		uint64_t count = cursor_u64(&c);

		if (category >= CAT_N)
			return fault_set(why, ERR_SYNTAX, "index: category");
		got.category[category] = count;
	}
	got.n = cursor_u32(&c);
	got.first_us = time_get(&c);
	got.last_us = time_get(&c);
	got.event_first_us = time_get(&c);
	got.event_last_us = time_get(&c);
	got.raw_bytes = cursor_u64(&c);
	hash_get(&c, &got.chain_after);
	hash_get(&c, &got.root);
	hash_get(&c, &got.rollups);
	if (second) {
		*attributes = cursor_u64(&c);
		e = index_places(a, &c, h, lexicon, index, why);
		if (e != ERR_OK)
			return e;
	}
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX, "index: length");
	if (got.n !=
	    (*block)[got.blocks - 1].about.first_seq +
		(*block)[got.blocks - 1].about.n - h->first_seq)
		return fault_set(why, ERR_SYNTAX, "index: number of records");
	*info = got;
	return ERR_OK;
}

void
check_of(struct span s, uint8_t to[static CHECK_LEN])
{
	struct hash h = hash_of(s);

	memcpy(to, h.at, CHECK_LEN);
}

bool
check_is(struct span s, const uint8_t *check)
{
	struct hash h = hash_of(s);

	return memcmp(h.at, check, CHECK_LEN) == 0;
}

/* Up to eight bytes as a number, the lowest first. */
static uint64_t
word_of(struct span s, size_t at)
{
	uint64_t v = 0;
	size_t len = s.len - at < 8 ? s.len - at : 8;

	if (len > 0)
		memcpy(&v, s.at + at, len);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v
							 : __builtin_bswap64(v);
}

/* One step of a sum that tells a decoder's mistake, not an attacker's work. */
static uint64_t
stir(uint64_t h, struct span s)
{
	const uint64_t k = UINT64_C(0x9E3779B97F4A7C15);
	size_t at = 0;

	h = (h ^ s.len) * k;
	for (; at + 8 <= s.len; at += 8)
		h = (h ^ word_of(s, at)) * k ^ h >> 29;
	return (h ^ word_of(s, at)) * k ^ h >> 29;
}

uint64_t
attributes_of(uint64_t seq, const struct event *ev)
{
	uint64_t h = stir(seq, ev->host);

	h = stir(h ^ (uint64_t)ev->event_us, ev->app);
	h = stir(h ^ (uint64_t)ev->via << 32 ^ (uint64_t)ev->parse << 24 ^
		(uint64_t)ev->facility << 8 ^ ev->severity,
	    ev->proc);
	h = stir(h, ev->msgid);
	if (ev->message.len > 0)
		h = stir(h ^ (uint64_t)(ev->message.at - ev->raw.at) << 20 ^
			ev->message.len,
		    SPAN_EMPTY);
	for (unsigned f = 0; f < FIELD_N; f++)
		if (ev->field[f].at != NULL)
			h = stir(h ^ (f + 1), ev->field[f]);
	return h;
}

void
trailer_put(struct buf *b, uint64_t at, struct span index)
{
	struct hash digest = hash_of(index);

	buf_u64(b, at);
	buf_u32(b, (uint32_t)index.len);
	buf_add(b, digest.at, HASH_LEN);
	buf_add(b, tail_magic, sizeof tail_magic);
}

enum err
trailer_get(struct span s, uint64_t size, uint64_t *at, uint32_t *len,
    struct hash *digest, struct fault *why)
{
	struct cursor c = cursor_of(s);
	uint64_t from = cursor_u64(&c);
	uint32_t n = cursor_u32(&c);

	hash_get(&c, digest);
	if (!magic_is(&c, tail_magic, sizeof tail_magic) || !cursor_done(&c))
		return fault_set(why, ERR_SYNTAX, "no trailer at the end");
	if (n > INDEX_MAX || from > size || size - from != n + TRAILER_LEN)
		return fault_set(
		    why, ERR_SYNTAX, "trailer: place of the index");
	*at = from;
	*len = n;
	return ERR_OK;
}
