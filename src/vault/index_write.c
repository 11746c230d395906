/*
 * vault/index_write.c: from sorted tokens to pages of bits.
 *
 * A page holds the tokens whose hashes begin alike: one lookup reads one
 * page. Of each token so many bits of hash are kept that one that is not
 * there is taken for one that is about once in 500 lookups.
 */
#include "vault/index_own.h"

#include <assert.h>
#include <stdlib.h>

#define ENTRIES_A_PAGE 400U
#define SPARE_BITS 6U /* of hash beyond what tells the tokens apart */

/* Bits, the first one highest, behind one another. */
struct bits_out {
	struct buf *b;
	uint64_t word;
	unsigned n; /* in word: 0 .. 7 after each call */
};

static void
bits_put(struct bits_out *o, uint64_t v, unsigned n)
{
	while (n > 32) {
		bits_put(o, v >> (n - 32) & 0xFFFFFFFFU, 32);
		n -= 32;
	}
	o->word = o->word << n | (v & ((UINT64_C(1) << n) - 1));
	o->n += n;
	while (o->n >= 8) {
		buf_u8(o->b, (uint8_t)(o->word >> (o->n - 8)));
		o->n -= 8;
	}
}

static void
bits_end(struct bits_out *o)
{
	if (o->n > 0)
		bits_put(o, 0, 8 - o->n);
}

/* v ones and a zero. */
static void
unary_put(struct bits_out *o, uint64_t v)
{
	for (; v >= 32; v -= 32)
		bits_put(o, UINT32_MAX, 32);
	bits_put(o, (UINT64_C(1) << (v + 1)) - 2, (unsigned)v + 1);
}

/* Rice: the high part unary, k low bits. */
static void
rice_put(struct bits_out *o, uint64_t v, unsigned k)
{
	unary_put(o, v >> k);
	bits_put(o, v, k);
}

/* Elias gamma of v >= 1. */
static void
gamma_put(struct bits_out *o, uint64_t v)
{
	unsigned n = 0;

	while (v >> (n + 1) > 0)
		n++;
	unary_put(o, n);
	bits_put(o, v, n);
}

/* Sorts by hash and tag; granules came in order and stay so. */
static enum err
posts_sort(struct indexer *ix, struct fault *why)
{
	uint64_t *from = ix->post, *to = reallocarray(NULL, ix->n + 1, 8), *t;

	if (to == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	for (unsigned shift = 16; shift < 64; shift += 8) {
		size_t at[257] = { 0 };

		for (size_t i = 0; i < ix->n; i++)
			at[(from[i] >> shift & 0xFF) + 1]++;
		for (unsigned i = 0; i < 256; i++)
			at[i + 1] += at[i];
		for (size_t i = 0; i < ix->n; i++)
			to[at[from[i] >> shift & 0xFF]++] = from[i];
		t = from;
		from = to;
		to = t;
	}
	assert(from == ix->post); /* an even number of passes */
	free(to);
	return ERR_OK;
}

/* Takes repetitions out; returns how many tokens there are. */
static size_t
posts_unique(struct indexer *ix)
{
	size_t n = 0, tokens = 0;

	for (size_t i = 0; i < ix->n; i++) {
		if (n > 0 && ix->post[n - 1] == ix->post[i])
			continue;
		tokens += n == 0 || ix->post[n - 1] >> 16 != ix->post[i] >> 16;
		ix->post[n++] = ix->post[i];
	}
	ix->n = n;
	return tokens;
}

/* The granules of one token: p[0 .. n), of `all`. */
static void
granules_put(struct bits_out *o, const uint64_t *p, uint32_t n, uint32_t all)
{
	unsigned k;
	uint64_t cost, last = 0;

	if (n == 1) {
		bits_put(o, 0, 1);
		bits_put(o, p[0] & 0xFFFF, index_width(all));
		return;
	}
	if ((uint64_t)n * 10 >= (uint64_t)all * 9) {
		bits_put(o, 7, 3);
		return;
	}
	k = index_gap_bits(n, all);
	cost = (uint64_t)n * (k + 1) + ((uint64_t)all >> k);
	if (cost > all) {
		bits_put(o, 6, 3);
		for (uint32_t g = 0, i = 0; g < all; g++) {
			bool in = i < n && (p[i] & 0xFFFF) == g;

			bits_put(o, in, 1);
			i += in;
		}
		return;
	}
	bits_put(o, 2, 2);
	gamma_put(o, n - 1);
	for (uint32_t i = 0; i < n; i++) {
		rice_put(o, (p[i] & 0xFFFF) - last, k);
		last = (p[i] & 0xFFFF) + 1;
	}
}

/* One page: the tokens from `at` on whose first page_bits are `page`.
 * Returns where the next page's begin. */
static size_t
page_put(struct indexer *ix, struct buf *out, size_t at, uint64_t page,
    unsigned page_bits, unsigned key_bits, uint32_t all)
{
	struct bits_out o = { .b = out };
	size_t end = at, entries = 0;
	uint64_t last = 0;
	unsigned k = key_bits;

	while (end < ix->n &&
	    (page_bits == 0 || ix->post[end] >> (64 - page_bits) == page)) {
		entries += end == at ||
		    ix->post[end] >> 16 != ix->post[end - 1] >> 16;
		end++;
	}
	while (k > 0 && (uint64_t)entries << k > UINT64_C(1) << key_bits)
		k--;
	gamma_put(&o, entries + 1);
	bits_put(&o, k, 6);
	while (at < end) {
		uint64_t key = ix->post[at] << page_bits >> (64 - key_bits);
		unsigned tag = (unsigned)(ix->post[at] >> 16 & 0xFF);
		size_t n = 1;

		while (at + n < end &&
		    ix->post[at + n] >> 16 == ix->post[at] >> 16)
			n++;
		rice_put(&o, key - last, k);
		last = key;
		bits_put(&o, tag != TAG_WORD, 1);
		if (tag != TAG_WORD)
			bits_put(&o, tag, 7);
		granules_put(&o, &ix->post[at], (uint32_t)n, all);
		at += n;
	}
	bits_end(&o);
	return end;
}

/* The listed values of the numbers, or only their bounds. */
static void
numbers_put(const struct indexer *ix, struct buf *out)
{
	for (unsigned i = 0; i < NUMBER_N; i++) {
		const struct values *v = &ix->number[i];

		if (!v->there)
			continue;
		buf_u8(out, (uint8_t)i);
		buf_u64(out, v->least);
		buf_u64(out, v->greatest);
		buf_u16(out, v->many ? UINT16_MAX : (uint16_t)v->n);
		for (unsigned k = 0; k < v->n && !v->many; k++)
			buf_u64(out, v->at[k]);
	}
}

enum err
indexer_finish(struct indexer *ix, struct buf *out, struct fault *why)
{
	uint32_t all = (uint32_t)(((uint64_t)ix->records +
				      (UINT64_C(1) << ix->shift) - 1) >>
	    ix->shift);
	unsigned page_bits = 0, key_bits;
	struct buf pages, numbers, places;
	size_t tokens, at = 0;
	enum err e = posts_sort(ix, why);

	if (e != ERR_OK)
		return e;
	tokens = posts_unique(ix);
	while (page_bits < INDEX_PAGE_BITS_MAX &&
	    tokens >> page_bits > ENTRIES_A_PAGE)
		page_bits++;
	key_bits = index_width(tokens + 1) + SPARE_BITS;
	key_bits = key_bits > INDEX_HASH_BITS ? INDEX_HASH_BITS : key_bits;
	key_bits = key_bits > page_bits ? key_bits - page_bits : 1;
	buf_init(&pages, (size_t)1 << 31);
	buf_init(&numbers, (size_t)1 << 20);
	buf_init(&places, (size_t)8 << INDEX_PAGE_BITS_MAX);
	numbers_put(ix, &numbers);
	for (uint64_t page = 0; page < UINT64_C(1) << page_bits; page++) {
		buf_u32(&places, (uint32_t)pages.len);
		at = page_put(ix, &pages, at, page, page_bits, key_bits, all);
	}
	buf_u32(&places, (uint32_t)pages.len);
	buf_text(out, INDEX_MAGIC_TEXT);
	buf_u8(out, (uint8_t)ix->shift);
	buf_u8(out, (uint8_t)page_bits);
	buf_u8(out, (uint8_t)key_bits);
	buf_u8(out, ix->blinded);
	buf_u32(out, ix->records);
	buf_u32(out, all);
	buf_u32(out, (uint32_t)tokens);
	buf_u32(out, (uint32_t)numbers.len);
	buf_u32(out, (uint32_t)places.len);
	buf_u32(out, (uint32_t)pages.len);
	buf_span(out, buf_view(&numbers));
	buf_span(out, buf_view(&places));
	buf_span(out, buf_view(&pages));
	if (buf_error(&pages) != ERR_OK || buf_error(&numbers) != ERR_OK ||
	    buf_error(&places) != ERR_OK || buf_error(out) != ERR_OK)
		e = fault_set(why, ERR_MEMORY, "index");
	buf_clear(&pages);
	buf_clear(&numbers);
	buf_clear(&places);
	return e;
}
