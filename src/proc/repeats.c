/*
 * proc/repeats.c: a ring of hashes and a table that finds them.
 */
#include "proc/repeats.h"

#include <stdlib.h>

#include "crypt/crypt.h"

#define TABLE_N (REPEATS_N * 2)

struct repeats {
	uint64_t seed;
	uint64_t ring[REPEATS_N]; /* in the order of breaking; 0: gone */
	uint64_t added;
	uint64_t held; /* of them still there */
	uint32_t slot[TABLE_N]; /* hash -> place in ring + 1, open addressing */
};

struct repeats *
repeats_new(void)
{
	struct repeats *r = calloc(1, sizeof *r);

	if (r != NULL)
		crypt_random(&r->seed, sizeof r->seed);
	return r;
}

void
repeats_free(struct repeats *r)
{
	free(r);
}

/* Takes bytes into a sum, eight at a time. It only has to tell lines apart:
 * whoever makes two alike gets his own line marked. */
static uint64_t
mix(uint64_t sum, struct span s)
{
	uint64_t word;

	for (size_t at = 0; at < s.len; at += sizeof word) {
		size_t n = s.len - at < sizeof word ? s.len - at : sizeof word;

		word = n;
		memcpy(&word, s.at + at, n);
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 29;
	}
	return (sum ^ s.len) * UINT64_C(0xff51afd7ed558ccd);
}

uint64_t
repeats_hash(const struct repeats *r, struct span sender, struct span record)
{
	return mix(mix(r->seed, sender), record) | 1;
}

void
repeats_note(struct repeats_recent *c, uint64_t hash)
{
	if (c->hash == NULL &&
	    (c->hash = calloc(REPEATS_RECENT, sizeof *c->hash)) == NULL)
		return;
	c->hash[c->n++ % REPEATS_RECENT] = hash;
}

void
repeats_clear(struct repeats_recent *c)
{
	free(c->hash);
	*c = (struct repeats_recent){ .n = 0 };
}

/* The slot that finds a hash, or the empty one where it would stand. */
static size_t
slot_of(const struct repeats *r, uint64_t hash)
{
	size_t at = (size_t)(hash % TABLE_N);

	while (r->slot[at] != 0 && r->ring[r->slot[at] - 1] != hash)
		at = (at + 1) % TABLE_N;
	return at;
}

/* Empties a slot and moves up those behind it that stood there for want of
 * room. */
static void
slot_empty(struct repeats *r, size_t at)
{
	size_t next = at;

	r->slot[at] = 0;
	for (;;) {
		uint32_t place;

		next = (next + 1) % TABLE_N;
		if ((place = r->slot[next]) == 0)
			return;
		r->slot[next] = 0;
		r->slot[slot_of(r, r->ring[place - 1])] = place;
	}
}

bool
repeats_any(const struct repeats *r)
{
	return r->held > 0;
}

bool
repeats_take(struct repeats *r, uint64_t hash)
{
	size_t at = slot_of(r, hash);
	uint32_t place = r->slot[at];

	if (place == 0)
		return false;
	slot_empty(r, at);
	r->ring[place - 1] = 0;
	r->held--;
	return true;
}

/* Remembers one; equal ones count once. */
static void
repeats_add(struct repeats *r, uint64_t hash)
{
	size_t place = (size_t)(r->added % REPEATS_N), at;

	if (r->ring[place] != 0)
		(void)repeats_take(r, r->ring[place]);
	at = slot_of(r, hash);
	if (r->slot[at] != 0)
		return;
	r->ring[place] = hash;
	r->slot[at] = (uint32_t)place + 1;
	r->added++;
	r->held++;
}

void
repeats_break(struct repeats *r, struct repeats_recent *c)
{
	uint64_t from = c->n > REPEATS_RECENT ? c->n - REPEATS_RECENT : 0;

	if (c->hash != NULL)
		for (uint64_t i = from; i < c->n; i++)
			repeats_add(r, c->hash[i % REPEATS_RECENT]);
	repeats_clear(c);
}
