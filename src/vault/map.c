/*
 * vault/map.c: open addressing, linear probing, backward-shift deletion.
 *
 * Source: Aumasson and Bernstein, SipHash (here 1-3, as hash tables use it).
 */
#include "vault/map.h"

#include <stdlib.h>

struct slot {
	uint8_t *key; /* NULL: free */
	uint32_t len;
	uint32_t value;
	uint64_t hash;
};

struct map {
	uint64_t k0, k1;
	struct slot *slot;
	size_t cap; /* a power of two, or 0 */
	size_t n;
};

static uint64_t
rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void
sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t
sip_hash(uint64_t k0, uint64_t k1, struct span s)
{
	uint64_t v[4] = { k0 ^ UINT64_C(0x736f6d6570736575),
		k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261),
		k1 ^ UINT64_C(0x7465646279746573) };
	uint64_t tail = (uint64_t)s.len << 56;
	size_t whole = s.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m;

		memcpy(&m, s.at + i, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	for (size_t i = whole; i < s.len; i++)
		tail |= (uint64_t)s.at[i] << (8 * (i - whole));
	v[3] ^= tail;
	sip_round(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *
map_new(uint64_t key0, uint64_t key1)
{
	struct map *m = calloc(1, sizeof *m);

	if (m != NULL) {
		m->k0 = key0;
		m->k1 = key1;
	}
	return m;
}

void
map_reset(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		free(m->slot[i].key);
	free(m->slot);
	m->slot = NULL;
	m->cap = m->n = 0;
}

void
map_free(struct map *m)
{
	if (m == NULL)
		return;
	map_reset(m);
	free(m);
}

size_t
map_count(const struct map *m)
{
	return m->n;
}

/* Where key stands, or the free slot where it would. cap is not 0. */
static size_t
place(const struct map *m, struct span key, uint64_t hash)
{
	size_t i = (size_t)hash & (m->cap - 1);

	while (m->slot[i].key != NULL &&
	    (m->slot[i].hash != hash ||
		!span_equal(span_of(m->slot[i].key, m->slot[i].len), key)))
		i = (i + 1) & (m->cap - 1);
	return i;
}

uint32_t
map_get(const struct map *m, struct span key)
{
	size_t i;

	if (m->n == 0)
		return MAP_NONE;
	i = place(m, key, sip_hash(m->k0, m->k1, key));
	return m->slot[i].key == NULL ? MAP_NONE : m->slot[i].value;
}

/* Doubles the table when it is over three quarters full. */
static bool
grow(struct map *m)
{
	size_t cap = m->cap == 0 ? 64 : m->cap * 2;
	struct slot *old = m->slot;
	size_t old_cap = m->cap;
	struct slot *slot;

	if (m->cap != 0 && m->n < m->cap / 4 * 3)
		return true;
	if ((slot = calloc(cap, sizeof *slot)) == NULL)
		return false;
	m->slot = slot;
	m->cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		size_t k;

		if (old[i].key == NULL)
			continue;
		k = (size_t)old[i].hash & (cap - 1);
		while (slot[k].key != NULL)
			k = (k + 1) & (cap - 1);
		slot[k] = old[i];
	}
	free(old);
	return true;
}

enum err
map_put(struct map *m, struct span key, uint32_t value, struct fault *why)
{
	uint64_t hash = sip_hash(m->k0, m->k1, key);
	struct slot *s;
	uint8_t *copy;

	if (key.len > UINT32_MAX || !grow(m))
		return fault_set(why, ERR_MEMORY, "table of names");
	s = &m->slot[place(m, key, hash)];
	if (s->key == NULL) {
		if ((copy = malloc(key.len == 0 ? 1 : key.len)) == NULL)
			return fault_set(why, ERR_MEMORY, "table of names");
		if (key.len > 0)
			memcpy(copy, key.at, key.len);
		*s = (struct slot){
			.key = copy, .len = (uint32_t)key.len, .hash = hash
		};
		m->n++;
	}
	s->value = value;
	return ERR_OK;
}

void
map_drop(struct map *m, struct span key)
{
	size_t i, k;

	if (m->n == 0)
		return;
	i = place(m, key, sip_hash(m->k0, m->k1, key));
	if (m->slot[i].key == NULL)
		return;
	free(m->slot[i].key);
	m->n--;
	/* Entries that were pushed past the hole move back into it. */
	for (k = (i + 1) & (m->cap - 1); m->slot[k].key != NULL;
	     k = (k + 1) & (m->cap - 1)) {
		size_t home = (size_t)m->slot[k].hash & (m->cap - 1);

		if (((k - home) & (m->cap - 1)) >= ((k - i) & (m->cap - 1))) {
			m->slot[i] = m->slot[k];
			i = k;
		}
	}
	m->slot[i] = (struct slot){ .key = NULL };
}
