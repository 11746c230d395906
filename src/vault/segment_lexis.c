/*
 * vault/segment_lexis.c: the lexicon's section of a segment.
 *
 * Every frame needs it, so it is the best kept part of the file: each chunk
 * has its own check, and chunks in groups share one of parity, from which one
 * damaged chunk of the group is made anew. Neighbours are of different
 * groups.
 */
#include "pack/zstd.h"
#include "vault/segment_own.h"

#define LEVEL 9

static const uint8_t magic[4] = { 'L', 'E', 'X', 'N' };

/* Chunks and groups of so many stored bytes. */
static void
counts_make(struct lexicon_place *p)
{
	p->n_chunks = (p->stored + CHUNK_LEN - 1) / CHUNK_LEN;
	p->n_groups = (p->n_chunks + LEXICON_GROUP - 1) / LEXICON_GROUP;
}

/* Bytes of a chunk of parity: as the longest chunk. */
static size_t
parity_len(const struct lexicon_place *p)
{
	return p->stored < CHUNK_LEN ? p->stored : CHUNK_LEN;
}

/* A group's chunk of parity among all of them. */
static struct span
parity_at(const struct lexicon_place *p, struct span all, uint32_t group)
{
	return span_slice(all, group * parity_len(p), parity_len(p));
}

uint64_t
lexis_len(const struct lexicon_place *p)
{
	return p->stored + (uint64_t)p->n_groups * parity_len(p);
}

/* Packs (and encrypts) the plain bytes piece by piece. */
static enum err
pieces_put(struct buf *stored, struct buf *list, struct span plain,
    const struct hash *identity, const uint8_t *key, uint32_t *n,
    struct fault *why)
{
	struct zstd *z = zstd_new();
	struct buf packed;
	enum err e = ERR_OK;

	*n = 0;
	if (z == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	buf_init(&packed, 2 * LEXICON_PIECE);
	for (size_t at = 0; at < plain.len && e == ERR_OK;
	     at += LEXICON_PIECE) {
		struct span s = span_slice(plain, at, LEXICON_PIECE);
		size_t before = stored->len;

		buf_reset(&packed);
		e = zstd_squeeze(z, &packed, s, LEVEL, why);
		if (e == ERR_OK && key != NULL)
			e = secret_seal(stored, key, SECRET_LEXICON, *n,
			    identity, buf_view(&packed), why);
		else if (e == ERR_OK)
			buf_span(stored, buf_view(&packed));
		buf_u32(list, (uint32_t)s.len);
		buf_u32(list, (uint32_t)(stored->len - before));
		++*n;
	}
	buf_clear(&packed);
	zstd_free(z);
	return e;
}

/* The parity chunk of one group into `to`. */
static void
parity_of(const struct lexicon_place *p, struct span stored, uint32_t group,
    uint8_t to[static CHUNK_LEN])
{
	memset(to, 0, CHUNK_LEN);
	for (uint32_t i = group; i < p->n_chunks; i += p->n_groups) {
		struct span s = span_slice(
		    stored, (size_t)i * CHUNK_LEN, CHUNK_LEN);

		for (size_t k = 0; k < s.len; k++)
			to[k] ^= s.at[k];
	}
}

enum err
lexis_put(struct buf *b, struct span plain, const struct hash *identity,
    const uint8_t *key, struct lexicon_place *place, struct arena *a,
    struct fault *why)
{
	struct buf stored, list;
	size_t start = b->len;
	struct lexicon_place p = { .at = place->at };
	uint8_t parity[CHUNK_LEN];
	uint8_t check[CHECK_LEN];
	struct hash h;
	enum err e;

	buf_init(&stored, LEXICON_STORED_MAX);
	buf_init(&list, 8 * LEXICON_PIECES_MAX);
	e = pieces_put(&stored, &list, plain, identity, key, &p.n_pieces, why);
	if (e == ERR_OK &&
	    (buf_error(&stored) != ERR_OK || buf_error(&list) != ERR_OK))
		e = fault_set(
		    why, ERR_LIMIT, "segment: the lexicon is too long");
	if (e != ERR_OK)
		goto out;
	p.stored = (uint32_t)stored.len;
	counts_make(&p);
	buf_add(b, magic, sizeof magic);
	buf_u32(b, p.n_pieces);
	buf_u32(b, p.stored);
	buf_u32(b, 0);
	buf_span(b, buf_view(&list));
	for (uint32_t i = 0; i < p.n_chunks; i++) {
		check_of(span_slice(buf_view(&stored), (size_t)i * CHUNK_LEN,
			     CHUNK_LEN),
		    check);
		buf_add(b, check, sizeof check);
	}
	for (uint32_t i = 0; i < p.n_groups; i++) {
		parity_of(&p, buf_view(&stored), i, parity);
		check_of(span_of(parity, parity_len(&p)), check);
		buf_add(b, check, sizeof check);
	}
	h = hash_of_parts(
	    (const struct span[]){ span_of(identity->at, HASH_LEN),
		span_slice(buf_view(b), start, SIZE_MAX) },
	    2);
	buf_add(b, h.at, HASH_LEN);
	p.head = arena_copy(a, span_slice(buf_view(b), start, SIZE_MAX));
	buf_span(b, buf_view(&stored));
	for (uint32_t i = 0; i < p.n_groups; i++) {
		parity_of(&p, buf_view(&stored), i, parity);
		buf_add(b, parity, parity_len(&p));
	}
	if (buf_error(b) != ERR_OK || p.head.at == NULL)
		e = fault_set(why, ERR_MEMORY, "segment");
	else
		*place = p;
out:
	buf_clear(&stored);
	buf_clear(&list);
	return e;
}

size_t
lexis_head_len(struct span front)
{
	struct lexicon_place p = { .at = 0 };
	struct cursor c = cursor_of(front);

	if (!span_equal(
		cursor_take(&c, sizeof magic), span_of(magic, sizeof magic)))
		return 0;
	p.n_pieces = cursor_u32(&c);
	p.stored = cursor_u32(&c);
	if (c.bad || p.n_pieces == 0 || p.n_pieces > LEXICON_PIECES_MAX ||
	    p.stored == 0 || p.stored > LEXICON_STORED_MAX)
		return 0;
	counts_make(&p);
	return LEXICON_HEAD_FIXED + 8 * (size_t)p.n_pieces +
	    CHECK_LEN * ((size_t)p.n_chunks + p.n_groups) + HASH_LEN;
}

enum err
lexis_get(struct arena *a, struct span s, const struct hash *identity,
    struct lexicon_place *place, struct fault *why)
{
	struct lexicon_place p = { .head = arena_copy(a, s) };
	struct cursor c;
	struct hash sum;
	uint64_t stored = 0;

	if (p.head.at == NULL)
		return fault_set(why, ERR_MEMORY, "lexicon");
	if (s.len == 0 || lexis_head_len(s) != s.len)
		return fault_set(why, ERR_SYNTAX, "no head of a lexicon");
	sum = hash_of_parts(
	    (const struct span[]){ span_of(identity->at, HASH_LEN),
		span_slice(s, 0, s.len - HASH_LEN) },
	    2);
	if (!span_equal(span_of(sum.at, HASH_LEN),
		span_slice(s, s.len - HASH_LEN, HASH_LEN)))
		return fault_set(why, ERR_SYNTAX,
		    "the lexicon's head is damaged or of another segment");
	c = cursor_of(p.head);
	(void)cursor_take(&c, sizeof magic);
	p.n_pieces = cursor_u32(&c);
	p.stored = cursor_u32(&c);
	(void)cursor_u32(&c);
	counts_make(&p);
	p.piece = cursor_take(&c, 8 * (size_t)p.n_pieces).at;
	p.check =
	    cursor_take(&c, CHECK_LEN * ((size_t)p.n_chunks + p.n_groups)).at;
	c = cursor_of(span_of(p.piece, 8 * (size_t)p.n_pieces));
	for (uint32_t i = 0; i < p.n_pieces; i++) {
		uint32_t raw = cursor_u32(&c);

		stored += cursor_u32(&c);
		if (raw > LEXICON_PIECE)
			return fault_set(why, ERR_SYNTAX, "lexicon: piece");
	}
	if (stored != p.stored)
		return fault_set(why, ERR_SYNTAX, "lexicon: sums");
	*place = p;
	return ERR_OK;
}

/* --- loading ---------------------------------------------------------- */

/* Makes the one damaged chunk of a group anew; false when it cannot be. */
static bool
chunk_mend(struct segment *s, const struct lexicon_place *p, struct span parity,
    uint32_t at)
{
	uint32_t group = at % p->n_groups;
	struct span sum = parity_at(p, parity, group);
	uint8_t anew[CHUNK_LEN];
	size_t len = p->stored - (size_t)at * CHUNK_LEN;

	if (!check_is(sum, p->check + CHECK_LEN * (p->n_chunks + group)))
		return false;
	memcpy(anew, sum.at, sum.len);
	for (uint32_t i = group; i < p->n_chunks; i += p->n_groups) {
		struct span one = span_slice(
		    buf_view(&s->packed), (size_t)i * CHUNK_LEN, CHUNK_LEN);

		one = span_slice(one, 0, p->stored - (size_t)i * CHUNK_LEN);
		if (i != at)
			for (size_t k = 0; k < one.len; k++)
				anew[k] ^= one.at[k];
	}
	len = len < CHUNK_LEN ? len : CHUNK_LEN;
	if (!check_is(span_of(anew, len), p->check + CHECK_LEN * at))
		return false;
	memcpy(s->packed.at + (size_t)at * CHUNK_LEN, anew, len);
	return true;
}

/* All stored bytes into s->packed, checked and mended. */
static enum err
stored_read(struct segment *s, struct fault *why)
{
	const struct lexicon_place *p = &s->lexicon;
	struct span all, parity;
	enum err e = segment_bytes(
	    s, p->at + p->head.len, (size_t)lexis_len(p), &s->packed, why);

	if (e == ERR_SYNTAX)
		return fault_set(why, ERR_DAMAGE, "the file ends before it");
	if (e != ERR_OK)
		return e;
	all = buf_view(&s->packed);
	parity = span_slice(all, p->stored, SIZE_MAX);
	s->mended = 0;
	for (uint32_t i = 0; i < p->n_chunks; i++) {
		struct span one = span_slice(span_slice(all, 0, p->stored),
		    (size_t)i * CHUNK_LEN, CHUNK_LEN);

		if (check_is(one, p->check + CHECK_LEN * i))
			continue;
		if (!chunk_mend(s, p, parity, i))
			return fault_set(why, ERR_DAMAGE,
			    "the lexicon, which all its records need, is "
			    "damaged");
		s->mended++;
	}
	for (uint32_t i = 0; i < p->n_groups; i++)
		s->mended += !check_is(parity_at(p, parity, i),
		    p->check + CHECK_LEN * (p->n_chunks + i));
	return ERR_OK;
}

/* The plain bytes of all pieces into s->raw. */
static enum err
pieces_get(struct segment *s, struct fault *why)
{
	const struct lexicon_place *p = &s->lexicon;
	struct cursor c = cursor_of(span_of(p->piece, 8 * p->n_pieces));
	struct zstd *z = zstd_new();
	struct buf open;
	size_t at = 0;
	enum err e = ERR_OK;

	if (z == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	buf_init(&open, 2 * LEXICON_PIECE);
	buf_reset(&s->raw);
	for (uint32_t i = 0; i < p->n_pieces && e == ERR_OK; i++) {
		uint32_t raw = cursor_u32(&c), stored = cursor_u32(&c);
		struct span one = span_slice(buf_view(&s->packed), at, stored);
		uint8_t *to = buf_room(&s->raw, raw);

		at += stored;
		if (to == NULL)
			e = fault_set(why, ERR_MEMORY, "segment");
		buf_reset(&open);
		if (e == ERR_OK && s->has_key) {
			e = secret_open(&open, s->key, SECRET_LEXICON, i,
			    &s->head.digest, one, why);
			one = buf_view(&open);
		}
		if (e == ERR_OK)
			e = zstd_expand(z, one, to, raw, why);
		if (e == ERR_OK)
			buf_took(&s->raw, raw);
	}
	buf_clear(&open);
	zstd_free(z);
	return e;
}

/* The unpacker from the plain bytes: sources, then the lexicon. */
static enum err
unpacker_make(struct segment *s, struct fault *why)
{
	struct cursor c = cursor_of(buf_view(&s->raw));
	struct segment_info info = { .n = 0 };
	struct unpacker *u;
	enum err e;

	if ((e = origins_get(s->arena, &c, &info, why)) != ERR_OK)
		return e == ERR_SYNTAX
		    ? fault_set(why, ERR_DAMAGE, "the lexicon's sources")
		    : e;
	if ((u = unpacker_new()) == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	e = unpacker_lexicon(u, cursor_rest(&c), why);
	if (e == ERR_OK)
		e = unpacker_origins(u, info.origin, info.n_origins, why);
	if (e != ERR_OK) {
		unpacker_free(u);
		return e;
	}
	s->unpacker = u;
	if (!s->indexed) { /* then the only place that tells */
		s->info.origin = info.origin;
		s->info.n_origins = info.n_origins;
	}
	return ERR_OK;
}

enum err
lexis_load(struct segment *s, struct fault *why)
{
	enum err e;

	if (s->unpacker != NULL)
		return ERR_OK;
	if (s->locked[0] != '\0')
		return fault_set(why, ERR_DENIED, "%s", s->locked);
	if (s->lexicon.head.len == 0)
		return fault_set(why, ERR_DAMAGE,
		    "the lexicon, which all its records need, is not found");
	if ((e = stored_read(s, why)) != ERR_OK ||
	    (e = pieces_get(s, why)) != ERR_OK)
		return e;
	return unpacker_make(s, why);
}
