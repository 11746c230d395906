/*
 * vault/token.c: cutting texts into tokens.
 *
 * The one loop that every byte of every record goes through: a table tells
 * what a byte is, eight bytes are hashed at a time. The hash is no secret:
 * whoever makes tokens meet only makes searches for those read more.
 */
#include "vault/token.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define RUNS 8 /* a power of two; the longest address has 6 */

/* What a byte is; 0 parts words. */
enum {
	IS_DIGIT = 1,
	IS_HEX = 2, /* a-f */
	IS_OTHER = 4, /* g-z and _ */
	IS_WORD = 7,
	IS_LEAD = 8, /* begins a character beyond ASCII */
	IS_TAIL = 16,
	IS_STRAY = 32, /* in no UTF-8 */
};

#define H IS_HEX
#define O IS_OTHER
#define D IS_DIGIT
static const uint8_t kind_of[256] = {
	['0'] = D,
	D,
	D,
	D,
	D,
	D,
	D,
	D,
	D,
	D,
	['A'] = H,
	H,
	H,
	H,
	H,
	H,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	['_'] = O,
	['a'] = H,
	H,
	H,
	H,
	H,
	H,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	O,
	[0x80 ... 0xBF] = IS_TAIL,
	[0xC0 ... 0xF7] = IS_LEAD,
	[0xF8 ... 0xFF] = IS_STRAY,
};
#undef H
#undef O
#undef D

/* A run of letters and digits. */
struct run {
	uint64_t hash;
	size_t len;
	uint8_t kinds; /* of all its bytes */
	uint8_t join; /* the one byte before it; 'x' is `::`, 0 another */
	bool whole;
};

struct cut {
	uint64_t *to;
	size_t n;
	struct run run[RUNS]; /* a ring */
	unsigned head; /* the newest */
};

/* What the 64 bytes from `at` on are, a bit each; none past the end. */
struct look {
	size_t at;
	uint64_t word, digit, hex, high;
};

static const struct run *
run_at(const struct cut *c, unsigned back)
{
	return &c->run[(c->head - back) % RUNS];
}

static uint64_t
fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 m = a;

	m *= b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t
token_mix(uint64_t token, uint64_t with)
{
	return fold(token ^ UINT64_C(0xA0761D6478BD642F),
	    with ^ UINT64_C(0xE7037ED1A0B428DB));
}

/* Up to 8 bytes as a number, capital letters made small: among the bytes of
 * a run the bit 0x20 changes nothing else that could be confused. */
static uint64_t
eight(struct span s, size_t at, size_t n)
{
	uint64_t v = 0;

	if (at + 8 <= s.len) {
		memcpy(&v, s.at + at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		v = __builtin_bswap64(v);
#endif
	} else {
		for (size_t i = 0; i < n; i++)
			v |= (uint64_t)s.at[at + i] << 8 * i;
	}
	v |= UINT64_C(0x2020202020202020);
	return n < 8 ? v & ((UINT64_C(1) << 8 * n) - 1) : v;
}

/* The hash of len bytes of a run at `at`. */
static uint64_t
run_hash(struct span s, size_t at, size_t len)
{
	uint64_t h = len * UINT64_C(0x8EBC6AF09C88C6E3);
	size_t n = len;

	for (; n > 8; n -= 8, at += 8)
		h = token_mix(h, eight(s, at, 8));
	return token_mix(h, eight(s, at, n));
}

/* Words that are not remembered, for being short numbers or parts of longer
 * things. */
static bool
is_weak(const struct run *r)
{
	if (r->kinds == IS_DIGIT)
		return r->len <= 6;
	if (r->len <= 2)
		return r->len == 1 || (r->kinds & IS_OTHER) == 0;
	return r->len <= 4 && r->kinds == (IS_DIGIT | IS_HEX);
}

/* Words that are rare by themselves. */
static bool
is_strong(const struct run *r)
{
	return r->len >= 8 && (r->kinds & IS_DIGIT) != 0;
}

/* Whether the last n runs are joined by this byte, all whole. */
static bool
are_joined(const struct cut *c, unsigned n, uint8_t join)
{
	for (unsigned i = 0; i + 1 < n; i++)
		if (run_at(c, i)->join != join || !run_at(c, i)->whole)
			return false;
	return run_at(c, n - 1)->whole;
}

/* Whether the last n runs have so many bytes each and only these kinds. */
static bool
are_of(
    const struct cut *c, unsigned n, size_t least, size_t most, unsigned kinds)
{
	for (unsigned i = 0; i < n; i++)
		if (run_at(c, i)->len < least || run_at(c, i)->len > most ||
		    (run_at(c, i)->kinds & ~kinds) != 0)
			return false;
	return true;
}

/* The last n runs as one token. */
static void
window_add(struct cut *c, unsigned n)
{
	uint64_t h = n;

	for (unsigned i = n; i-- > 0;)
		h = token_mix(h, run_at(c, i)->hash);
	c->to[c->n++] = h;
}

/* Three neighbours of an IPv6 address. A time of day is none. */
static void
three_add(struct cut *c)
{
	bool long_ = false, all_two = true;

	for (unsigned i = 0; i < 3; i++) {
		const struct run *r = run_at(c, i);

		if (!r->whole || r->len == 0 || r->len > 4 ||
		    (r->kinds & IS_OTHER) != 0 ||
		    (i < 2 && r->join != ':' && r->join != 'x'))
			return;
		long_ = long_ || r->len >= 3 || (r->kinds & IS_HEX) != 0;
		all_two = all_two && r->len == 2;
	}
	if (long_ && !all_two)
		window_add(c, 3);
}

/* What the newest run makes together with those before it. */
static void
windows_add(struct cut *c)
{
	const struct run *r = run_at(c, 0), *b = run_at(c, 1);

	switch (r->join) {
	case '.':
		if (are_joined(c, 4, '.') && are_of(c, 4, 1, 3, IS_DIGIT))
			window_add(c, 4);
		else if (are_joined(c, 3, '.') &&
		    are_of(c, 3, 4, 4, IS_DIGIT | IS_HEX))
			window_add(c, 3);
		break;
	case ':':
	case '-':
		if (are_joined(c, 6, r->join) &&
		    are_of(c, 6, 2, 2, IS_DIGIT | IS_HEX))
			window_add(c, 6);
		break;
	default:
		break;
	}
	if (r->join == ':' || r->join == 'x') {
		three_add(c);
		return;
	}
	if (r->whole && b->whole && !is_weak(r) && !is_weak(b) &&
	    !is_strong(r) && !is_strong(b))
		window_add(c, 2);
}

/* What joins a run at `at` with one that ended at `end`. */
static uint8_t
join_of(struct span s, size_t end, size_t at)
{
	uint8_t c;

	if (at == end + 2 && s.at[end] == ':' && s.at[end + 1] == ':')
		return 'x';
	if (at != end + 1)
		return 0;
	c = s.at[end];
	return c == '-' || c == '.' || c == '@' || c == '\\' || c == ':' ? c
									 : 0;
}

/* The character that begins at `at`: its bytes, 0 when it is none. */
static size_t
char_len(struct span s, size_t at)
{
	uint8_t c = s.at[at];
	size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;

	if (n > s.len - at)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (kind_of[s.at[at + i]] != IS_TAIL)
			return 0;
	return n;
}

/* Marks of Chinese punctuation part words as blanks do: U+3000 to U+303F,
 * U+FF00 to U+FF0F, U+FF1A to U+FF20. */
static bool
is_mark(uint32_t c)
{
	return c >> 8 == 0xE380 ||
	    (c >> 8 == 0xEFBC &&
		((c & 0xFF) < 0x90 ||
		    ((c & 0xFF) >= 0x9A && (c & 0xFF) < 0xA1)));
}

/* Characters beyond ASCII from `at` on: each two neighbours. */
static size_t
chars_add(struct cut *c, struct span s, size_t at)
{
	uint32_t before = 0;

	while (at < s.len && kind_of[s.at[at]] > IS_WORD) {
		size_t n = kind_of[s.at[at]] == IS_LEAD ? char_len(s, at) : 0;
		uint32_t now = 0;

		if (n == 0) {
			before = 0;
			at++;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			now = now << 8 | s.at[at + i];
		at += n;
		if (is_mark(now))
			now = 0;
		else if (before != 0)
			c->to[c->n++] = token_mix(before, now);
		before = now;
	}
	return at;
}

#ifdef __SSE2__
/* Which of 16 bytes lie within low .. low + n - 1. */
static uint64_t
within(__m128i v, char low, char n)
{
	__m128i x = _mm_sub_epi8(v, _mm_set1_epi8(low));

	return (uint32_t)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8((char)(n - 1))), x));
}

static void
look_16(struct look *k, const uint8_t *p, unsigned at)
{
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20));
	uint64_t line = (uint32_t)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
	uint64_t digit = within(v, '0', 10);

	k->digit |= digit << at;
	k->hex |= within(low, 'a', 6) << at;
	k->word |= (digit | line | within(low, 'a', 26)) << at;
	k->high |= (uint64_t)(uint32_t)_mm_movemask_epi8(v) << at;
}
#else
static void
look_16(struct look *k, const uint8_t *p, unsigned at)
{
	for (unsigned i = 0; i < 16; i++) {
		uint64_t bit = UINT64_C(1) << (at + i);
		uint8_t kind = kind_of[p[i]];

		k->digit |= (kind & IS_DIGIT) != 0 ? bit : 0;
		k->hex |= (kind & IS_HEX) != 0 ? bit : 0;
		k->word |= (kind & IS_WORD) != 0 ? bit : 0;
		k->high |= p[i] >= 0x80 ? bit : 0;
	}
}
#endif

/* Looks at 64 bytes, or as many as are left. */
static void
look(struct look *k, struct span s, size_t at)
{
	uint8_t tail[64];
	const uint8_t *p = s.at + at;

	*k = (struct look){ .at = at };
	if (s.len - at < sizeof tail) {
		memset(tail, 0, sizeof tail);
		memcpy(tail, p, s.len - at);
		p = tail;
	}
	for (unsigned i = 0; i < 64; i += 16)
		look_16(k, p + i, i);
}

/* The run that begins at `at`: its kinds. Returns where it ends. */
static size_t
run_look(struct look *k, struct span s, size_t at, uint8_t *kinds)
{
	uint64_t digit = 0, hex = 0, other = 0;

	for (;;) {
		unsigned from = (unsigned)(at - k->at);
		uint64_t rest = ~(k->word >> from), in;
		unsigned n = rest == 0 ? 64 : (unsigned)__builtin_ctzll(rest);

		in = (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << from;
		digit |= k->digit & in;
		hex |= k->hex & in;
		other |= in & ~(k->digit | k->hex);
		at += n;
		if (at < k->at + 64 || at >= s.len)
			break;
		look(k, s, at);
		if ((k->word & 1) == 0)
			break;
	}
	*kinds = (uint8_t)((digit != 0 ? IS_DIGIT : 0) |
	    (hex != 0 ? IS_HEX : 0) | (other != 0 ? IS_OTHER : 0));
	return at;
}

size_t
token_list(struct span s, bool open_left, bool open_right, uint64_t *to)
{
	struct cut c; /* runs are looked at only behind one that joins them */
	struct look k;
	size_t at = 0, end = SIZE_MAX - 2;

	c.to = to;
	c.n = 0;
	c.head = 0;
	if (s.len == 0)
		return 0;
	look(&k, s, 0);
	for (;;) {
		uint64_t next = (k.word | k.high) & UINT64_MAX << (at - k.at);
		struct run *r;
		size_t from;

		if (next == 0) {
			if (s.len - k.at <= 64)
				return c.n;
			at = k.at + 64;
			look(&k, s, at);
			continue;
		}
		at = from = k.at + (unsigned)__builtin_ctzll(next);
		if ((k.high >> (at - k.at) & 1) != 0) {
			at = chars_add(&c, s, at);
		} else {
			r = &c.run[++c.head % RUNS];
			at = run_look(&k, s, at, &r->kinds);
			r->len = at - from;
			r->whole = !(from == 0 && open_left) &&
			    !(at == s.len && open_right);
			r->hash = run_hash(s, from, r->len);
			r->join = join_of(s, end, from);
			end = at;
			if (r->whole && !is_weak(r))
				c.to[c.n++] = r->hash;
			if (r->join != 0)
				windows_add(&c);
		}
		if (at >= s.len)
			return c.n;
		if (at - k.at >= 64)
			look(&k, s, at);
	}
}

/* Four numbers with dots, and nothing else. */
static bool
is_quad(struct span s)
{
	unsigned digits = 0, dots = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '.' && digits > 0) {
			dots++;
			digits = 0;
		} else if (kind_of[s.at[i]] != IS_DIGIT || ++digits > 3) {
			return false;
		}
	}
	return dots == 3 && digits > 0;
}

uint64_t
token_value(struct span s, bool *word)
{
	struct run r = { .len = s.len };
	uint64_t got[TOKEN_MOST(16)], h;

	for (size_t i = 0; i < s.len; i++)
		r.kinds |= kind_of[s.at[i]] == 0 ? IS_TAIL : kind_of[s.at[i]];
	*word = true;
	if (s.len > 0 && r.kinds <= IS_WORD && !is_weak(&r))
		return run_hash(s, 0, s.len);
	if (s.len <= 15 && is_quad(s) && token_list(s, false, false, got) == 1)
		return got[0];
	*word = false;
	h = UINT64_C(0x589965CC75374CC3) + s.len;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + ('a' - 'A'));
		h = (h ^ c) * UINT64_C(0x100000001B3);
	}
	return token_mix(h, s.len);
}
