/*
 * vault/segment_read.c: opening a segment, damaged or not, and its rows.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "pack/zstd.h"
#include "vault/line.h"
#include "vault/segment_own.h"

void
segment_close(struct segment *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		s->env->ops->close(s->env, s->fd);
	arena_free(s->arena);
	buf_clear(&s->packed);
	buf_clear(&s->raw);
	buf_clear(&s->heads);
	buf_clear(&s->texts);
	buf_clear(&s->index_bytes);
	unpacker_free(s->unpacker);
	crypt_wipe(s->key, sizeof s->key);
	crypt_wipe(&s->blind, sizeof s->blind);
	free(s);
}

const struct segment_info *
segment_about(const struct segment *s)
{
	return &s->info;
}

const struct segment_block *
segment_block_at(const struct segment *s, uint32_t block)
{
	assert(block < s->info.blocks);
	return &s->block[block].about;
}

const char *
segment_wrong(const struct segment *s)
{
	return s->wrong[0] == '\0' ? NULL : s->wrong;
}

enum err
segment_bytes(struct segment *s, uint64_t at, size_t len, struct buf *b,
    struct fault *why)
{
	uint8_t *to;
	enum err e;

	buf_reset(b);
	if (at > s->size || len > s->size - at)
		return fault_set(why, ERR_SYNTAX, "the file ends too early");
	if ((to = buf_room(b, len)) == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	if ((e = s->env->ops->read(s->env, s->fd, at, to, len, why)) == ERR_OK)
		buf_took(b, len);
	return e;
}

/* Whether an error says something of the bytes, not of the machine. */
static bool
of_bytes(enum err e)
{
	return e == ERR_SYNTAX || e == ERR_DAMAGE || e == ERR_LIMIT;
}

/* The head at the front of the file. */
static enum err
front_read(struct segment *s, struct head *h, size_t *len, struct fault *why)
{
	enum err e = segment_bytes(s, 0, SEGMENT_HEAD_FIXED, &s->raw, why);

	if (e != ERR_OK)
		return e;
	if ((*len = head_len(buf_view(&s->raw))) == 0)
		return fault_set(why, ERR_SYNTAX, "no segment head");
	if ((e = segment_bytes(s, 0, *len, &s->raw, why)) != ERR_OK)
		return e;
	return head_get(buf_view(&s->raw), h, why);
}

/* The index, by the trailer. */
static enum err
index_read(struct segment *s, struct fault *why)
{
	struct hash want, got;
	uint32_t len;
	uint64_t at;
	enum err e;

	if (s->size < TRAILER_LEN)
		return fault_set(why, ERR_SYNTAX, "the file is cut short");
	e = segment_bytes(s, s->size - TRAILER_LEN, TRAILER_LEN, &s->raw, why);
	if (e == ERR_OK)
		e = trailer_get(
		    buf_view(&s->raw), s->size, &at, &len, &want, why);
	if (e == ERR_OK) {
		s->tail_sound = true;
		e = segment_bytes(s, at, len, &s->raw, why);
	}
	if (e != ERR_OK)
		return e;
	got = hash_of(buf_view(&s->raw));
	if (!hash_equal(&got, &want))
		return fault_set(why, ERR_SYNTAX, "the index is damaged");
	s->index_at = at;
	return index_get(s->arena, buf_view(&s->raw), &s->head, &s->info,
	    &s->block, &s->attributes, &s->lexicon, &s->index, why);
}

/* Bytes of the search index as stored. */
static uint64_t
index_stored(const struct segment *s)
{
	uint64_t chunks = (s->index.len + CHUNK_LEN - 1) / CHUNK_LEN;

	return s->index.len +
	    (s->head.key_id[0] == '\0' ? 0 : chunks * AEAD_TAG_LEN);
}

/* Whether a section of len bytes at `at` lies between *end and the index;
 * *end is then its end. */
static bool
place_fits(const struct segment *s, uint64_t at, uint64_t len, uint64_t *end)
{
	if (at < *end || at > s->index_at || s->index_at - at < len)
		return false;
	*end = at + len;
	return true;
}

/* Whether the parts of a sound index lie one behind the other. */
static enum err
index_places(struct segment *s, struct fault *why)
{
	uint64_t end = 0;

	if (s->head.format == 2 &&
	    !place_fits(s, s->lexicon.at,
		s->lexicon.head.len + lexis_len(&s->lexicon), &end))
		return fault_set(
		    why, ERR_SYNTAX, "index: place of the lexicon");
	for (uint32_t i = 0; i < s->info.blocks; i++) {
		const struct block *k = &s->block[i];

		if ((k->frame != NULL) != (s->head.format == 2) ||
		    !place_fits(
			s, k->at, k->head.len + (uint64_t)k->data_len, &end))
			return fault_set(
			    why, ERR_SYNTAX, "index: place of block %u", i);
	}
	if (s->head.format == 2 &&
	    !place_fits(s, s->index.at, index_stored(s), &end))
		return fault_set(
		    why, ERR_SYNTAX, "index: place of the search index");
	return ERR_OK;
}

/* One block head at `at`; ERR_SYNTAX when none stands there. */
static enum err
block_read(struct segment *s, uint64_t at, struct block *k, struct fault *why)
{
	size_t len;
	enum err e = segment_bytes(s, at, BLOCK_HEAD_FIXED_2, &s->raw, why);

	if (e != ERR_OK)
		return e;
	if ((len = block_head_len(buf_view(&s->raw))) == 0)
		return fault_set(why, ERR_SYNTAX, "no block head");
	if ((e = segment_bytes(s, at, len, &s->raw, why)) == ERR_OK)
		e = block_get(
		    s->arena, buf_view(&s->raw), &s->head.digest, k, why);
	if (e == ERR_OK)
		k->at = at;
	return e;
}

/* Without an index: the lexicon by its own head; *at is then behind it. */
static enum err
lexicon_find(struct segment *s, uint64_t *at, struct fault *why)
{
	struct lexicon_place p = { .at = 0 };
	size_t len = 0;
	enum err e = segment_bytes(s, *at, LEXICON_HEAD_FIXED, &s->raw, why);

	if (e == ERR_OK && (len = lexis_head_len(buf_view(&s->raw))) == 0)
		e = fault_set(why, ERR_SYNTAX, "no lexicon");
	if (e == ERR_OK)
		e = segment_bytes(s, *at, len, &s->raw, why);
	if (e == ERR_OK)
		e = lexis_get(
		    s->arena, buf_view(&s->raw), &s->head.digest, &p, why);
	if (e == ERR_OK) {
		s->lexicon = p;
		s->lexicon.at = *at;
		*at += len + lexis_len(&p);
	}
	return e;
}

/* Without an index: the blocks as their own heads tell, one by one. */
static enum err
blocks_walk(struct segment *s, uint64_t at, struct fault *why)
{
	size_t cap = 0, n = 0;
	struct block *list = NULL, *grown, k;
	uint64_t seq = s->head.first_seq;
	enum err e = ERR_OK;

	if (s->head.format == 2)
		e = lexicon_find(s, &at, why);
	while (e == ERR_OK && (e = block_read(s, at, &k, why)) == ERR_OK) {
		if (k.index != n || k.about.first_seq != seq ||
		    (k.frame != NULL) != (s->head.format == 2))
			break;
		if (n == cap) {
			cap = cap == 0 ? 16 : cap * 2;
			grown = reallocarray(list, cap, sizeof *list);
			if (grown == NULL) {
				e = fault_set(why, ERR_MEMORY, "segment");
				break;
			}
			list = grown;
		}
		list[n++] = k;
		seq += k.about.n;
		at += k.head.len + k.data_len;
		if (n == SEGMENT_BLOCKS_MAX)
			break;
	}
	if (e == ERR_OK || of_bytes(e))
		e = ERR_OK;
	s->block = arena_array(s->arena, n, sizeof *list);
	if (e == ERR_OK && s->block == NULL)
		e = fault_set(why, ERR_MEMORY, "segment");
	if (e == ERR_OK && n > 0)
		memcpy(s->block, list, n * sizeof *list);
	free(list);
	if (e != ERR_OK)
		return e;
	s->info.blocks = (uint32_t)n;
	e = segment_bytes(s, at, 4, &s->raw, why);
	s->all_blocks = e == ERR_OK &&
	    (span_is(buf_view(&s->raw), SEARCH_MAGIC) ||
		span_is(buf_view(&s->raw), "BEIM"));
	return e == ERR_OK || of_bytes(e) ? ERR_OK : e;
}

/* What the blocks tell, for want of an index. */
static void
info_from_blocks(struct segment *s)
{
	struct segment_info *info = &s->info;

	info->first_us = INT64_MAX;
	info->last_us = INT64_MIN;
	for (uint32_t i = 0; i < info->blocks; i++) {
		const struct segment_block *k = &s->block[i].about;

		info->n += k->n;
		if (k->first_us < info->first_us)
			info->first_us = k->first_us;
		if (k->last_us > info->last_us)
			info->last_us = k->last_us;
	}
	if (info->blocks == 0)
		info->first_us = info->last_us = s->head.sealed_us;
}

/* Reads the index or, failing that, what the heads tell. */
static enum err
segment_load(struct segment *s, struct fault *why)
{
	struct fault index = { .code = ERR_OK }, front = { .code = ERR_OK };
	struct head h;
	size_t len = 0;
	enum err e = front_read(s, &h, &len, &front);

	if (e != ERR_OK && !of_bytes(e))
		return fault_set(why, e, "%s", front.text);
	s->head_sound = e == ERR_OK;
	if ((e = index_read(s, &index)) == ERR_OK)
		e = index_places(s, &index);
	if (e != ERR_OK && !of_bytes(e))
		return fault_set(why, e, "%s", index.text);
	s->indexed = e == ERR_OK;
	if (s->indexed && s->head_sound &&
	    !hash_equal(&h.digest, &s->head.digest))
		s->head_sound = false;
	if (s->indexed) {
		if (!s->head_sound)
			line_put(
			    s->wrong, sizeof s->wrong, "the head is damaged");
		return ERR_OK;
	}
	line_put(s->wrong, sizeof s->wrong, "%.150s", index.text);
	if (!s->head_sound)
		return fault_set(why, ERR_DAMAGE,
		    "neither head nor index can be read: %s", index.text);
	s->info = (struct segment_info){ .n = 0 };
	s->lexicon = (struct lexicon_place){ .at = 0 };
	s->index = (struct index_place){ .at = 0 };
	s->head = h;
	if ((e = blocks_walk(s, len, why)) == ERR_OK)
		info_from_blocks(s);
	return e;
}

enum err
segment_open_file(struct env *env, int dir, const char *file,
    const struct hash *name, const struct keyring *keys, struct segment **out,
    struct fault *why)
{
	struct segment *s = calloc(1, sizeof *s);
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	s->env = env;
	s->fd = -1;
	buf_init(&s->packed, 2 * (size_t)LEXICON_STORED_MAX);
	buf_init(&s->raw, INDEX_MAX);
	buf_init(&s->heads, PIECE_PACKED_MAX);
	buf_init(&s->texts, PIECE_PACKED_MAX);
	buf_init(&s->index_bytes, INDEX_MAX);
	if ((s->arena = arena_new((size_t)512 << 20)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "segment");
		goto out;
	}
	e = env->ops->open(env, dir, file, ENV_READ, &s->fd, why);
	if (e != ERR_OK) {
		s->fd = -1;
		goto out;
	}
	if ((e = env->ops->size(env, s->fd, &s->size, why)) != ERR_OK)
		goto out;
	if ((e = segment_load(s, why)) != ERR_OK) {
		(void)fault_at(
		    why, "segment %.12s", file[2] == '/' ? file + 3 : file);
		goto out;
	}
	if ((e = segment_unlock(s, keys, why)) != ERR_OK)
		goto out;
	s->info.name = *name;
	s->info.file_bytes = s->size;
	s->info.parts = s->head.parts;
	memcpy(s->info.stream, s->head.stream, sizeof s->info.stream);
	s->info.first_seq = s->head.first_seq;
	s->info.sealed_us = s->head.sealed_us;
	s->info.chain_before = s->head.chain_before;
	*out = s;
	s = NULL;
out:
	segment_close(s);
	return e;
}

enum err
segment_open(struct env *env, int dir, const struct hash *name,
    const struct keyring *keys, struct segment **out, struct fault *why)
{
	char file[SEGMENT_FILE_MAX];

	segment_file(name, file);
	return segment_open_file(env, dir, file, name, keys, out, why);
}

uint64_t
piece_first(const struct block *k, unsigned piece)
{
	uint64_t seq = k->about.first_seq;

	for (unsigned i = 0; i < piece; i++)
		seq += k->piece[i].n;
	return seq;
}

enum err
piece_read(
    struct segment *s, const struct block *k, unsigned piece, struct fault *why)
{
	const struct piece *p = &k->piece[piece];
	uint64_t at = k->at + k->head.len;
	struct hash got;
	enum err e;

	for (unsigned i = 0; i < piece; i++)
		at += k->piece[i].packed;
	e = segment_bytes(s, at, p->packed, &s->packed, why);
	if (e == ERR_SYNTAX)
		return fault_set(why, ERR_DAMAGE, "the file ends before it");
	if (e != ERR_OK)
		return e;
	got = hash_of(buf_view(&s->packed));
	if (!hash_equal(&got, &p->digest))
		return fault_set(why, ERR_DAMAGE, "not the bytes written");
	buf_reset(&s->raw);
	e = zstd_unpack(&s->raw, buf_view(&s->packed), p->raw, why);
	if (e == ERR_LIMIT || (e == ERR_OK && s->raw.len != p->raw))
		return fault_set(why, ERR_DAMAGE, "unpacks to another length");
	return e;
}

void
segment_say(const struct segment *s, uint32_t block, uint64_t first,
    uint64_t last, const char *what, segment_damage_fn *bad, void *arg)
{
	struct segment_damage d = {
		.block = block, .first_seq = first, .last_seq = last
	};
	char hex[SEGMENT_NAME_LEN + 1], where[40] = "";
	char records[2 * STREAM_NAME_MAX + 64] = "";

	if (bad == NULL)
		return;
	segment_print_name(&s->info.name, hex);
	if (block < SEGMENT_BLOCKS_MAX)
		line_put(where, sizeof where, " block %u:", block);
	if (first != 0 && last == UINT64_MAX)
		line_put(records, sizeof records,
		    " record %s.%llu and after:", s->head.stream,
		    (unsigned long long)first);
	else if (first != 0 && first == last)
		line_put(records, sizeof records,
		    " record %s.%llu:", s->head.stream,
		    (unsigned long long)first);
	else if (first != 0)
		line_put(records, sizeof records,
		    " records %s.%llu to .%llu:", s->head.stream,
		    (unsigned long long)first, (unsigned long long)last);
	line_put(d.text, sizeof d.text, "segment %.12s:%s%s %s", hex, where,
	    records, what);
	bad(arg, &d);
}

/* Gives the rows of the piece in s->raw to fn. */
static enum err
piece_rows(struct segment *s, const struct block *k, unsigned piece, row_fn *fn,
    void *arg, struct fault *why)
{
	struct cursor c = cursor_of(buf_view(&s->raw));
	uint64_t seq = piece_first(k, piece);
	struct event ev;
	struct row r;

	for (uint32_t i = 0; i < k->piece[piece].n; i++) {
		enum err e;

		if (!row_get(&c, seq + i, &r) ||
		    event_decode(r.event, &ev, NULL) != ERR_OK)
			return fault_set(why, ERR_DAMAGE,
			    "record %s.%llu does not read", s->head.stream,
			    (unsigned long long)(seq + i));
		e = fn(arg, s->head.stream, &r, &ev, why);
		if (e != ERR_OK)
			return e;
	}
	if (!cursor_done(&c))
		return fault_set(
		    why, ERR_DAMAGE, "bytes behind the last record");
	return ERR_OK;
}

enum err
rows_1(struct segment *s, uint32_t block, row_fn *fn, void *arg,
    segment_damage_fn *bad, void *bad_arg, struct fault *why)
{
	const struct block *k = &s->block[block];
	struct fault what = { .code = ERR_OK }, first = { .code = ERR_OK };
	enum err e;

	assert(block < s->info.blocks);
	for (unsigned i = 0; i < k->n_pieces; i++) {
		uint64_t seq = piece_first(k, i);
		bool read;

		e = piece_read(s, k, i, &what);
		read = e == ERR_OK;
		if (read)
			e = piece_rows(s, k, i, fn, arg, &what);
		if (e == ERR_DAMAGE) {
			segment_say(s, block, seq, seq + k->piece[i].n - 1,
			    what.text, bad, bad_arg);
			if (first.code == ERR_OK)
				first = what;
		} else if (e != ERR_OK) {
			return fault_set(why, e, "%s", what.text);
		}
	}
	if (first.code != ERR_OK)
		return fault_set(why, ERR_DAMAGE, "segment: block %u: %s",
		    block, first.text);
	return ERR_OK;
}

const char *
segment_key_id(const struct segment *s)
{
	return s->head.key_id;
}

const char *
segment_locked(const struct segment *s)
{
	return s->locked[0] == '\0' ? NULL : s->locked;
}

bool
segment_blind(const struct segment *s, struct hash *out)
{
	if (s->has_key)
		*out = s->blind;
	return s->has_key;
}
