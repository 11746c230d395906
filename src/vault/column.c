/*
 * vault/column.c: lists of numbers and of bytes, to bytes and back.
 *
 * Numbers are taken modulo 2^64, so that any 64 bits come back. What would
 * suit is estimated by the entropy of the values (order 0); only what Zstandard
 * may better by more than its own head is given to it.
 */
#include "vault/column.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "pack/zstd.h"

#define LEVEL 3
#define SQUEEZE_MIN 24U /* shorter byte lists stay as they are */
#define SQUEEZE_HEAD 14.0 /* bytes that a squeezed list costs beside */
#define TABLE_MAX 256U

enum { CONSTANT, PACKED, DIFFERENCES, TABLE, PLANES };

struct column {
	struct zstd *zstd;
	struct buf squeezed;
	uint64_t *work; /* differences */
	uint8_t *byte; /* a plane, or places in a table */
	size_t cap;
	/* Values seen, in a hash of places from 1; 0: free. */
	uint64_t table[TABLE_MAX];
	uint16_t slot[4 * TABLE_MAX];
	uint32_t times[TABLE_MAX];
	float log2[4097]; /* n * log2(n) for small n */
};

struct column *
column_new(void)
{
	struct column *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	if ((c->zstd = zstd_new()) == NULL) {
		free(c);
		return NULL;
	}
	buf_init(&c->squeezed, (size_t)16 << 20);
	return c;
}

void
column_free(struct column *c)
{
	if (c == NULL)
		return;
	zstd_free(c->zstd);
	buf_clear(&c->squeezed);
	free(c->work);
	free(c->byte);
	free(c);
}

/* Room for n values in the working lists. */
static enum err
room(struct column *c, size_t n, struct fault *why)
{
	uint64_t *work;
	uint8_t *byte;

	if (n <= c->cap)
		return ERR_OK;
	if (n > COLUMN_VALUES_MAX)
		return fault_set(why, ERR_LIMIT, "column: too many values");
	n = n < 4096 ? 4096 : n;
	if ((work = reallocarray(c->work, n, sizeof *work)) != NULL)
		c->work = work;
	if ((byte = realloc(c->byte, n)) != NULL)
		c->byte = byte;
	if (work == NULL || byte == NULL)
		return fault_set(why, ERR_MEMORY, "column");
	c->cap = n;
	return ERR_OK;
}

void
number_put(struct buf *b, uint64_t v)
{
	while (v >= 0x80) {
		buf_u8(b, (uint8_t)(v | 0x80));
		v >>= 7;
	}
	buf_u8(b, (uint8_t)v);
}

uint64_t
number_get(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor_u8(c);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			if (shift == 63 && byte > 1)
				break;
			return v;
		}
	}
	c->bad = true;
	return 0;
}

/* How many bytes number_put makes. */
static unsigned
number_len(uint64_t v)
{
	unsigned n = 1;

	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}

static uint64_t
zigzag(uint64_t v)
{
	return v << 1 ^ (0 - (v >> 63));
}

static uint64_t
unzigzag(uint64_t v)
{
	return v >> 1 ^ (0 - (v & 1));
}

/* How many bits v needs. */
static unsigned
bits_of(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

/* --- bits ------------------------------------------------------------- */

static size_t
packed_len(size_t n, unsigned width)
{
	return (n * width + 7) / 8;
}

/* Appends n values less base, width bits each, the lowest bit first. */
static void
bits_put(
    struct buf *b, const uint64_t *v, size_t n, uint64_t base, unsigned width)
{
	size_t len = packed_len(n, width);
	uint8_t *to = buf_room(b, len);
	unsigned __int128 hold = 0;
	unsigned held = 0;
	size_t at = 0;

	if (to == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		hold |= (unsigned __int128)(v[i] - base) << held;
		held += width;
		for (; held >= 8; held -= 8, hold >>= 8)
			to[at++] = (uint8_t)hold;
	}
	if (held > 0)
		to[at++] = (uint8_t)hold;
	assert(at == len);
	buf_took(b, len);
}

/* Eight bytes at `at`, the lowest first; zeroes past the end. */
static uint64_t
eight(struct span s, size_t at)
{
	uint64_t v = 0;

	if (at + 8 <= s.len) {
		memcpy(&v, s.at + at, 8);
		return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		    ? v
		    : __builtin_bswap64(v);
	}
	for (unsigned i = 0; i < 8 && at + i < s.len; i++)
		v |= (uint64_t)s.at[at + i] << (8 * i);
	return v;
}

static void
bits_get(struct span s, uint64_t *v, size_t n, uint64_t base, unsigned width)
{
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	size_t bit = 0;

	for (size_t i = 0; i < n; i++, bit += width) {
		unsigned shift = bit & 7;
		uint64_t got = eight(s, bit / 8) >> shift;

		if (shift + width > 64)
			got |= eight(s, bit / 8 + 8) << (64 - shift);
		v[i] = base + (got & mask);
	}
}

/* --- bytes ------------------------------------------------------------ */

/* The writer's table, made when it is first needed. */
static void
table_make(struct column *c)
{
	for (unsigned i = 1; i <= 4096 && c->log2[4096] == 0; i++)
		c->log2[i] = (float)(i * log2(i));
}

/* n log2 n. */
static double
n_log_n(const struct column *c, uint32_t n)
{
	return n <= 4096 ? (double)c->log2[n] : n * log2(n);
}

/* Bytes that n symbols take at least, given how often each occurs. */
static double
entropy(
    const struct column *c, const uint32_t *times, unsigned symbols, size_t n)
{
	double bits = n_log_n(c, (uint32_t)n);

	for (unsigned i = 0; i < symbols; i++)
		if (times[i] > 1)
			bits -= n_log_n(c, times[i]);
	return bits / 8;
}

enum err
column_put_bytes(
    struct column *c, struct buf *b, struct span s, struct fault *why)
{
	enum err e;

	if (s.len >= SQUEEZE_MIN) {
		buf_reset(&c->squeezed);
		e = zstd_squeeze(c->zstd, &c->squeezed, s, LEVEL, why);
		if (e != ERR_OK)
			return e;
		if (c->squeezed.len + 2 < s.len) {
			number_put(b, c->squeezed.len);
			buf_span(b, buf_view(&c->squeezed));
			return ERR_OK;
		}
	}
	number_put(b, 0);
	buf_span(b, s);
	return ERR_OK;
}

enum err
column_get_bytes(struct column *c, struct cursor *from, uint8_t *to, size_t len,
    struct fault *why)
{
	uint64_t squeezed = number_get(from);
	struct span s;

	if (squeezed > SIZE_MAX)
		return fault_set(why, ERR_DAMAGE, "column: length");
	s = cursor_take(from, squeezed == 0 ? len : (size_t)squeezed);
	if (from->bad)
		return fault_set(why, ERR_DAMAGE, "column: cut short");
	if (squeezed != 0)
		return zstd_expand(c->zstd, s, to, len, why);
	if (len > 0)
		memcpy(to, s.at, len);
	return ERR_OK;
}

/* Symbols below 2^width: squeezed, or their bits packed. */
static enum err
symbols_put(struct column *c, struct buf *b, const uint8_t *v, size_t n,
    unsigned width, double least, struct fault *why)
{
	size_t plain = packed_len(n, width);
	enum err e;

	if (least + SQUEEZE_HEAD < (double)plain * 0.98) {
		buf_reset(&c->squeezed);
		e = zstd_squeeze(
		    c->zstd, &c->squeezed, span_of(v, n), LEVEL, why);
		if (e != ERR_OK)
			return e;
		if (c->squeezed.len + 1 < plain) {
			number_put(b, c->squeezed.len);
			buf_span(b, buf_view(&c->squeezed));
			return ERR_OK;
		}
	}
	number_put(b, 0);
	if (width == 8) {
		buf_add(b, v, n);
		return ERR_OK;
	}
	/* The difference of two lists would be the same memory: widen. */
	for (size_t i = 0; i < n; i++)
		c->work[i] = v[i];
	bits_put(b, c->work, n, 0, width);
	return ERR_OK;
}

static enum err
symbols_get(struct column *c, struct cursor *from, uint8_t *v, size_t n,
    unsigned width, struct fault *why)
{
	uint64_t squeezed = number_get(from);
	struct span s;

	if (squeezed > SIZE_MAX)
		return fault_set(why, ERR_DAMAGE, "column: length");
	s = cursor_take(
	    from, squeezed == 0 ? packed_len(n, width) : (size_t)squeezed);
	if (from->bad)
		return fault_set(why, ERR_DAMAGE, "column: cut short");
	if (squeezed != 0)
		return zstd_expand(c->zstd, s, v, n, why);
	if (width == 8) {
		memcpy(v, s.at, n);
		return ERR_OK;
	}
	for (size_t i = 0, bit = 0; i < n; i++, bit += width)
		v[i] = (uint8_t)((eight(s, bit / 8) >> (bit & 7)) &
		    ((1U << width) - 1));
	return ERR_OK;
}

/* --- numbers ---------------------------------------------------------- */

/* What is known of a list before it is written. */
struct look {
	uint64_t min, max;
	unsigned k; /* different values; TABLE_MAX + 1: more */
	double cost[PLANES + 1]; /* bytes, about */
	double table_least; /* of its symbols */
};

/* Notes the different values of v in c->table; how many there are. */
static unsigned
values_note(struct column *c, const uint64_t *v, size_t n)
{
	unsigned k = 0;

	memset(c->slot, 0, sizeof c->slot);
	for (size_t i = 0; i < n; i++) {
		uint64_t h = v[i] * UINT64_C(0x9E3779B97F4A7C15) >> 54;

		while (c->slot[h] != 0 && c->table[c->slot[h] - 1] != v[i])
			h = (h + 1) % (4 * TABLE_MAX);
		if (c->slot[h] == 0) {
			if (k == TABLE_MAX)
				return TABLE_MAX + 1;
			c->table[k] = v[i];
			c->times[k] = 0;
			c->slot[h] = (uint16_t)++k;
		}
		c->times[c->slot[h] - 1]++;
	}
	return k;
}

static unsigned
table_width(unsigned k)
{
	return bits_of(k - 1);
}

/* The cost of byte planes. */
static double
planes_cost(const struct column *c, const uint64_t *v, size_t n, uint64_t base,
    unsigned width)
{
	double cost = 2 + number_len(base);

	for (unsigned p = 0; p < (width + 7) / 8; p++) {
		uint32_t times[256] = { 0 };
		unsigned top = width - 8 * p < 8 ? width - 8 * p : 8;
		double plain = (double)packed_len(n, top), least;

		for (size_t i = 0; i < n; i++)
			times[(v[i] - base) >> (8 * p) & 0xff]++;
		least = entropy(c, times, 256, n) + SQUEEZE_HEAD;
		cost += 1 + (least < plain ? least : plain);
	}
	return cost;
}

/* Looks at n > 0 values. */
static void
look_at(struct column *c, const uint64_t *v, size_t n, struct look *l)
{
	unsigned width;
	double packed, least;

	*l = (struct look){ .min = v[0], .max = v[0] };
	for (size_t i = 1; i < n; i++) {
		l->min = v[i] < l->min ? v[i] : l->min;
		l->max = v[i] > l->max ? v[i] : l->max;
	}
	width = bits_of(l->max - l->min);
	packed = (double)packed_len(n, width);
	l->cost[CONSTANT] = l->min == l->max ? 1 + number_len(l->min) : 1e18;
	l->cost[PACKED] = 2 + number_len(l->min) + packed;
	l->cost[TABLE] = l->cost[PLANES] = 1e18;
	if (width == 0)
		return;
	l->k = values_note(c, v, n);
	if (l->k <= TABLE_MAX) {
		l->table_least = least = entropy(c, c->times, l->k, n);
		if (least + SQUEEZE_HEAD >
		    (double)packed_len(n, table_width(l->k)))
			least = (double)packed_len(n, table_width(l->k));
		else
			least += SQUEEZE_HEAD;
		l->cost[TABLE] = 3 + number_len(l->min) + least +
		    (l->k - 1) *
			(1.0 + bits_of((l->max - l->min) / l->k) / 8.0);
	}
	/* A table of many values and planes are for the skewed: they cannot
	 * gain on what is as good as random. */
	if (l->k > 32 && n >= 64)
		l->cost[PLANES] = planes_cost(c, v, n, l->min, width);
}

static int
value_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The values that occur, in order, and the place of each in that order. */
static enum err
table_put(struct column *c, struct buf *b, const uint64_t *v, size_t n,
    struct fault *why)
{
	unsigned k = values_note(c, v, n), width = table_width(k);
	double least = entropy(c, c->times, k, n);
	uint64_t order[TABLE_MAX];
	uint8_t place[TABLE_MAX];

	memcpy(order, c->table, k * sizeof *order);
	qsort(order, k, sizeof *order, value_order);
	for (unsigned i = 0; i < k; i++) {
		unsigned lo = 0, hi = k;

		while (hi - lo > 1) {
			unsigned mid = (lo + hi) / 2;

			if (order[mid] <= c->table[i])
				lo = mid;
			else
				hi = mid;
		}
		place[i] = (uint8_t)lo;
	}
	buf_u8(b, TABLE);
	number_put(b, k);
	for (unsigned i = 0; i < k; i++)
		number_put(b, i == 0 ? order[0] : order[i] - order[i - 1]);
	for (size_t i = 0; i < n; i++) {
		uint64_t h = v[i] * UINT64_C(0x9E3779B97F4A7C15) >> 54;

		while (c->table[c->slot[h] - 1] != v[i])
			h = (h + 1) % (4 * TABLE_MAX);
		c->byte[i] = place[c->slot[h] - 1];
	}
	return symbols_put(c, b, c->byte, n, width, least, why);
}

/* Byte planes, the lowest first. */
static enum err
planes_put(struct column *c, struct buf *b, const uint64_t *v, size_t n,
    const struct look *l, struct fault *why)
{
	unsigned width = bits_of(l->max - l->min);
	enum err e = ERR_OK;

	buf_u8(b, PLANES);
	buf_u8(b, (uint8_t)width);
	number_put(b, l->min);
	for (unsigned p = 0; p < (width + 7) / 8 && e == ERR_OK; p++) {
		unsigned top = width - 8 * p < 8 ? width - 8 * p : 8;
		uint32_t times[256] = { 0 };

		for (size_t i = 0; i < n; i++) {
			c->byte[i] = (uint8_t)((v[i] - l->min) >> (8 * p));
			times[c->byte[i]]++;
		}
		e = symbols_put(
		    c, b, c->byte, n, top, entropy(c, times, 256, n), why);
	}
	return e;
}

/* The list by the cheapest way but differences. */
static enum err
plain_put(struct column *c, struct buf *b, const uint64_t *v, size_t n,
    const struct look *l, struct fault *why)
{
	unsigned width;

	if (l->min == l->max) {
		buf_u8(b, CONSTANT);
		number_put(b, l->min);
		return ERR_OK;
	}
	if (l->cost[TABLE] < l->cost[PACKED] &&
	    l->cost[TABLE] <= l->cost[PLANES])
		return table_put(c, b, v, n, why);
	if (l->cost[PLANES] < l->cost[PACKED])
		return planes_put(c, b, v, n, l, why);
	width = bits_of(l->max - l->min);
	buf_u8(b, PACKED);
	buf_u8(b, (uint8_t)width);
	number_put(b, l->min);
	bits_put(b, v, n, l->min, width);
	return ERR_OK;
}

static double
cheapest(const struct look *l)
{
	double best = l->cost[PACKED];

	if (l->cost[CONSTANT] < best)
		best = l->cost[CONSTANT];
	if (l->cost[TABLE] < best)
		best = l->cost[TABLE];
	return l->cost[PLANES] < best ? l->cost[PLANES] : best;
}

/* The greatest number that all n divide by; 0 when all are 0. */
static uint64_t
divisor(const uint64_t *v, size_t n)
{
	uint64_t g = 0;

	for (size_t i = 0; i < n && g != 1; i++) {
		uint64_t a = v[i], b = g;

		while (b != 0) {
			uint64_t t = a % b;

			a = b;
			b = t;
		}
		g = a;
	}
	return g;
}

/* Whether a sample says that differences may be smaller than values. */
static bool
differences_may(const uint64_t *v, size_t n, const struct look *l)
{
	uint64_t sum = 0, span = l->max - l->min;
	size_t m = n < 64 ? n : 64;

	if (n < 4 || span < 2 || span >> 56 != 0)
		return n >= 4 && span >> 56 != 0;
	for (size_t i = 1; i < m; i++)
		sum += zigzag(v[i] - v[i - 1]) >> 1;
	return sum / (m - 1) < span / 5;
}

enum err
column_put(struct column *c, struct buf *b, const uint64_t *v, size_t n,
    struct fault *why)
{
	struct look l, d;
	uint64_t g, *w;
	enum err e;

	if (n == 0)
		return ERR_OK;
	if ((e = room(c, n, why)) != ERR_OK)
		return e;
	table_make(c);
	look_at(c, v, n, &l);
	if (l.min == l.max || !differences_may(v, n, &l))
		return plain_put(c, b, v, n, &l, why);
	/* symbols_put works in c->work too: a list of its own. */
	if ((w = calloc(n - 1, sizeof *w)) == NULL)
		return fault_set(why, ERR_MEMORY, "column");
	for (size_t i = 1; i < n; i++) {
		uint64_t x = v[i] - v[i - 1];

		w[i - 1] = x >> 63 != 0 ? 0 - x : x;
	}
	g = divisor(w, n - 1);
	g = g == 0 ? 1 : g;
	for (size_t i = 1; i < n; i++) {
		uint64_t x = v[i] - v[i - 1];

		w[i - 1] = zigzag(
		    x >> 63 != 0 ? 0 - w[i - 1] / g : w[i - 1] / g);
	}
	look_at(c, w, n - 1, &d);
	if (cheapest(&d) + 1 + number_len(v[0]) + number_len(g) <
	    cheapest(&l)) {
		buf_u8(b, DIFFERENCES);
		number_put(b, v[0]);
		number_put(b, g);
		e = plain_put(c, b, w, n - 1, &d, why);
	} else {
		e = plain_put(c, b, v, n, &l, why);
	}
	free(w);
	return e;
}

static enum err
table_get(struct column *c, struct cursor *from, uint64_t *v, size_t n,
    struct fault *why)
{
	uint64_t k = number_get(from), sum = 0;
	enum err e;

	if (k < 2 || k > TABLE_MAX)
		return fault_set(why, ERR_DAMAGE, "column: table");
	for (unsigned i = 0; i < k; i++)
		c->table[i] = sum += number_get(from);
	e = symbols_get(c, from, c->byte, n, table_width((unsigned)k), why);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (c->byte[i] >= k)
			return fault_set(why, ERR_DAMAGE, "column: table");
		v[i] = c->table[c->byte[i]];
	}
	return ERR_OK;
}

static enum err
planes_get(struct column *c, struct cursor *from, uint64_t *v, size_t n,
    struct fault *why)
{
	unsigned width = cursor_u8(from);
	uint64_t base = number_get(from);
	enum err e = ERR_OK;

	if (width == 0 || width > 64)
		return fault_set(why, ERR_DAMAGE, "column: width");
	for (size_t i = 0; i < n; i++)
		v[i] = base;
	for (unsigned p = 0; p < (width + 7) / 8 && e == ERR_OK; p++) {
		unsigned top = width - 8 * p < 8 ? width - 8 * p : 8;

		e = symbols_get(c, from, c->byte, n, top, why);
		for (size_t i = 0; i < n && e == ERR_OK; i++)
			v[i] += (uint64_t)c->byte[i] << (8 * p);
	}
	return e;
}

/* A list of the way `how`, which is not differences. */
static enum err
plain_get(struct column *c, unsigned how, struct cursor *from, uint64_t *v,
    size_t n, struct fault *why)
{
	unsigned width;
	uint64_t base;
	struct span s;

	switch (how) {
	case CONSTANT:
		base = number_get(from);
		for (size_t i = 0; i < n; i++)
			v[i] = base;
		return ERR_OK;
	case PACKED:
		width = cursor_u8(from);
		base = number_get(from);
		if (width > 64)
			return fault_set(why, ERR_DAMAGE, "column: width");
		s = cursor_take(from, packed_len(n, width));
		if (!from->bad)
			bits_get(s, v, n, base, width);
		return ERR_OK;
	case TABLE:
		return table_get(c, from, v, n, why);
	case PLANES:
		return planes_get(c, from, v, n, why);
	default:
		return fault_set(why, ERR_DAMAGE, "column: unknown kind");
	}
}

enum err
column_get(struct column *c, struct cursor *from, uint64_t *v, size_t n,
    struct fault *why)
{
	unsigned how;
	uint64_t g;
	enum err e;

	if (n == 0)
		return ERR_OK;
	if ((e = room(c, n, why)) != ERR_OK)
		return e;
	how = cursor_u8(from);
	if (how == DIFFERENCES) {
		v[0] = number_get(from);
		g = number_get(from);
		how = n > 1 ? cursor_u8(from) : CONSTANT;
		if (n > 1)
			e = plain_get(c, how, from, v + 1, n - 1, why);
		for (size_t i = 1; i < n && e == ERR_OK; i++)
			v[i] = v[i - 1] + unzigzag(v[i]) * g;
	} else {
		e = plain_get(c, how, from, v, n, why);
	}
	if (e == ERR_OK && from->bad)
		e = fault_set(why, ERR_DAMAGE, "column: cut short");
	return e;
}
