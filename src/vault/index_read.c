/*
 * vault/index_read.c: lookups in a segment's index.
 *
 * What is read was checked by its digest before it came here; still nothing
 * in it is believed further than its own length.
 */
#include "vault/index_read.h"

#include <stdlib.h>

#define RANGE_LOOKUPS 48U /* values of a range asked one by one */
#define FRONT_MAX ((size_t)16 << 20) /* numbers and directory */

/* What is known of one number. */
struct listed {
	uint64_t least, greatest;
	bool there, many;
	size_t n;
	uint64_t *at;
};

struct index {
	index_fetch_fn *fetch;
	void *arg;
	bool blinded; /* pseudonyms are under a key */
	bool has_key;
	struct hash blind;
	unsigned shift, page_bits, key_bits;
	uint32_t records, all;
	struct listed number[NUMBER_N];
	uint32_t *place; /* of each page, and the end */
	uint64_t pages_at; /* in the index */
};

/* Bits, the first one highest. */
struct bits_in {
	struct span s;
	size_t at; /* in bits */
	bool bad;
};

static uint64_t
bits_get(struct bits_in *in, unsigned n)
{
	uint64_t v = 0;
	size_t byte = in->at / 8;
	unsigned used = in->at % 8, got;

	if (n > in->s.len * 8 - in->at) {
		in->bad = true;
		return 0;
	}
	if (n == 0)
		return 0;
	in->at += n;
	v = in->s.at[byte++] & (0xFFU >> used);
	got = 8 - used;
	while (got < n && got <= 56) {
		v = v << 8 | in->s.at[byte++];
		got += 8;
	}
	if (got < n) { /* more than 56 + 8 bits: the last byte apart */
		unsigned rest = n - got;

		return v << rest | in->s.at[byte] >> (8 - rest);
	}
	return v >> (got - n);
}

/* Ones up to a zero. */
static uint64_t
unary_get(struct bits_in *in)
{
	uint64_t v = 0;

	while (!in->bad && bits_get(in, 1) == 1)
		v++;
	return v;
}

static uint64_t
rice_get(struct bits_in *in, unsigned k)
{
	uint64_t high = unary_get(in);

	if (k > 40 || high > UINT32_MAX)
		in->bad = true;
	return in->bad ? 0 : high << k | bits_get(in, k);
}

static uint64_t
gamma_get(struct bits_in *in)
{
	uint64_t n = unary_get(in);

	if (n > 40)
		in->bad = true;
	return in->bad ? 0 : UINT64_C(1) << n | bits_get(in, (unsigned)n);
}

static void
bit_set(const struct index *ix, uint64_t *bits, uint64_t g, bool *bad)
{
	if (g >= ix->all)
		*bad = true;
	else
		bits[g / 64] |= UINT64_C(1) << g % 64;
}

void
index_fill(const struct index *ix, uint64_t *bits)
{
	memset(bits, 0xFF, ix->all / 64 * 8);
	if (ix->all % 64 != 0)
		bits[ix->all / 64] = (UINT64_C(1) << ix->all % 64) - 1;
}

/* The granules of one token into bits; NULL: passed over. */
static void
granules_get(const struct index *ix, struct bits_in *in, uint64_t *bits)
{
	uint64_t n, g;
	unsigned k;

	if (bits_get(in, 1) == 0) {
		g = bits_get(in, index_width(ix->all));
		if (bits != NULL && !in->bad)
			bit_set(ix, bits, g, &in->bad);
		return;
	}
	if (bits_get(in, 1) == 0) {
		n = gamma_get(in) + 1;
		if (in->bad || n > ix->all) {
			in->bad = true;
			return;
		}
		k = index_gap_bits((uint32_t)n, ix->all);
		for (g = 0; n > 0 && !in->bad; n--) {
			g += rice_get(in, k);
			if (!in->bad && bits != NULL)
				bit_set(ix, bits, g, &in->bad);
			g++;
		}
		return;
	}
	if (bits_get(in, 1) == 1) {
		if (bits != NULL)
			index_fill(ix, bits);
		return;
	}
	if (bits == NULL) {
		in->at += ix->all;
		in->bad = in->bad || in->at > in->s.len * 8;
		return;
	}
	for (g = 0; g < ix->all && !in->bad; g++)
		if (bits_get(in, 1) == 1)
			bits[g / 64] |= UINT64_C(1) << g % 64;
}

/* --- opening --------------------------------------------------------------- */

void
index_close(struct index *ix)
{
	if (ix == NULL)
		return;
	for (unsigned i = 0; i < NUMBER_N; i++)
		free(ix->number[i].at);
	free(ix->place);
	explicit_bzero(&ix->blind, sizeof ix->blind);
	free(ix);
}

static enum err
no_index(struct fault *why, const char *what)
{
	return fault_set(why, ERR_DAMAGE, "the search index: %s", what);
}

/* The head; *numbers, *places [out] the lengths of the next parts. */
static enum err
head_read(struct index *ix, struct span s, uint64_t len, uint32_t *numbers,
    uint32_t *places, struct fault *why)
{
	struct cursor c = cursor_of(s);
	uint64_t sum;
	uint32_t pages;

	if (!span_equal(cursor_take(&c, 8), SPAN_LIT(INDEX_MAGIC_TEXT)))
		return no_index(why, "unknown format");
	ix->shift = cursor_u8(&c);
	ix->page_bits = cursor_u8(&c);
	ix->key_bits = cursor_u8(&c);
	ix->blinded = cursor_u8(&c) != 0;
	ix->records = cursor_u32(&c);
	ix->all = cursor_u32(&c);
	(void)cursor_u32(&c); /* how many tokens */
	*numbers = cursor_u32(&c);
	*places = cursor_u32(&c);
	pages = cursor_u32(&c);
	sum = (uint64_t)INDEX_HEAD_LEN + *numbers + *places + pages;
	ix->pages_at = sum - pages;
	if (!cursor_done(&c) || sum != len || ix->shift > 30 ||
	    ix->page_bits > INDEX_PAGE_BITS_MAX || ix->key_bits == 0 ||
	    ix->page_bits + ix->key_bits > INDEX_HASH_BITS ||
	    ix->all > INDEX_GRANULES_MAX || ix->records > INDEX_RECORDS_MAX ||
	    ((uint64_t)ix->records + (UINT64_C(1) << ix->shift) - 1) >>
		    ix->shift !=
		ix->all ||
	    *places != ((uint64_t)4 << ix->page_bits) + 4 ||
	    *numbers > FRONT_MAX)
		return no_index(why, "its head");
	return ERR_OK;
}

static enum err
numbers_read(struct index *ix, struct span s, struct fault *why)
{
	struct cursor c = cursor_of(s);

	while (!c.bad && c.pos < c.all.len) {
		unsigned i = cursor_u8(&c);
		struct listed v = { .there = true };

		v.least = cursor_u64(&c);
		v.greatest = cursor_u64(&c);
		v.n = cursor_u16(&c);
		v.many = v.n == UINT16_MAX;
		v.n = v.many ? 0 : v.n;
		if (c.bad || v.n > INDEX_VALUES_MAX ||
		    (i < NUMBER_N && ix->number[i].there))
			return no_index(why, "its numbers");
		if (i < NUMBER_N) {
			v.at = calloc(v.n + 1, sizeof *v.at);
			if (v.at == NULL)
				return fault_set(why, ERR_MEMORY, "index");
			ix->number[i] = v;
		}
		for (size_t k = 0; k < v.n; k++) {
			uint64_t value = cursor_u64(&c);

			if (i < NUMBER_N)
				v.at[k] = value;
		}
	}
	return c.bad ? no_index(why, "its numbers") : ERR_OK;
}

static enum err
places_read(struct index *ix, struct span s, uint64_t pages, struct fault *why)
{
	size_t n = s.len / 4;
	struct cursor c = cursor_of(s);

	if ((ix->place = calloc(n, sizeof *ix->place)) == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	for (size_t i = 0; i < n; i++) {
		ix->place[i] = cursor_u32(&c);
		if (ix->place[i] > pages ||
		    (i > 0 && ix->place[i] < ix->place[i - 1]))
			return no_index(why, "its directory");
	}
	return ERR_OK;
}

enum err
index_open(uint64_t len, index_fetch_fn *fetch, void *arg,
    const struct hash *blind, struct index **out, struct fault *why)
{
	struct index *ix = calloc(1, sizeof *ix);
	uint32_t numbers = 0, places = 0;
	struct span s;
	enum err e;

	if (ix == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	ix->fetch = fetch;
	ix->arg = arg;
	if (blind != NULL) {
		ix->has_key = true;
		ix->blind = *blind;
	}
	if (len < INDEX_HEAD_LEN) {
		e = no_index(why, "too short");
		goto out;
	}
	if ((e = fetch(arg, 0, INDEX_HEAD_LEN, &s, why)) != ERR_OK ||
	    (e = head_read(ix, s, len, &numbers, &places, why)) != ERR_OK ||
	    (e = fetch(arg, INDEX_HEAD_LEN, (size_t)numbers + places, &s,
		 why)) != ERR_OK ||
	    (e = numbers_read(ix, span_slice(s, 0, numbers), why)) != ERR_OK ||
	    (e = places_read(ix, span_slice(s, numbers, places),
		 len - ix->pages_at, why)) != ERR_OK)
		goto out;
	*out = ix;
	ix = NULL;
out:
	index_close(ix);
	return e;
}

uint32_t
index_records(const struct index *ix)
{
	return ix->records;
}

uint32_t
index_granules(const struct index *ix)
{
	return ix->all;
}

unsigned
index_shift(const struct index *ix)
{
	return ix->shift;
}

size_t
index_words(const struct index *ix)
{
	return ((size_t)ix->all + 63) / 64;
}

/* --- lookups --------------------------------------------------------------- */

/* One token, exactly this hash. */
static enum err
token_find(struct index *ix, uint64_t token, unsigned tag, uint64_t *bits,
    uint64_t *bytes, struct fault *why)
{
	uint64_t page = ix->page_bits == 0 ? 0 : token >> (64 - ix->page_bits);
	uint64_t want = token << ix->page_bits >> (64 - ix->key_bits);
	uint64_t key = 0, n;
	uint32_t from = ix->place[page], to = ix->place[page + 1];
	struct bits_in in = { .at = 0 };
	unsigned k;
	enum err e = ix->fetch(
	    ix->arg, ix->pages_at + from, to - from, &in.s, why);

	if (e != ERR_OK)
		return e;
	*bytes += to - from;
	n = gamma_get(&in) - 1;
	k = (unsigned)bits_get(&in, 6);
	for (; n > 0 && !in.bad; n--) {
		unsigned as;

		key += rice_get(&in, k);
		as = bits_get(&in, 1) == 0 ? TAG_WORD
					   : (unsigned)bits_get(&in, 7);
		if (in.bad || key > want)
			break;
		granules_get(ix, &in,
		    key == want && (tag == TAG_ANY || tag == as) ? bits : NULL);
	}
	return in.bad ? no_index(why, "a page") : ERR_OK;
}

enum err
index_find(struct index *ix, uint64_t token, unsigned tag, uint64_t *bits,
    uint64_t *n, struct fault *why)
{
	enum err e = token_find(ix, token, tag, bits, n, why);

	if (e != ERR_OK || !ix->blinded ||
	    (tag != TAG_ANY && tag != TAG_FIELD + FIELD_SUBJECT))
		return e;
	if (!ix->has_key) { /* nobody here can tell */
		index_fill(ix, bits);
		return ERR_OK;
	}
	return token_find(
	    ix, index_blind(&ix->blind, token), tag, bits, n, why);
}

enum err
index_range(struct index *ix, unsigned number, uint64_t low, uint64_t high,
    uint64_t *bits, uint64_t *n, struct fault *why)
{
	const struct listed *v = &ix->number[number];
	unsigned some = 0;
	enum err e = ERR_OK;

	if (!v->there || high < v->least || low > v->greatest)
		return ERR_OK;
	for (size_t i = 0; i < v->n; i++)
		some += v->at[i] >= low && v->at[i] <= high;
	if (v->many || some > RANGE_LOOKUPS || some == v->n) {
		index_fill(ix, bits);
		return ERR_OK;
	}
	for (size_t i = 0; i < v->n && e == ERR_OK; i++)
		if (v->at[i] >= low && v->at[i] <= high)
			e = token_find(ix, index_number_token(number, v->at[i]),
			    TAG_WORD, bits, n, why);
	return e;
}
