/*
 * vault/idset.c: a ring of ids in the order of coming, and a table of places
 * in it (open addressing, backward-shift deletion).
 */
#include "vault/idset.h"

#include <stdlib.h>

#define TABLE (2 * IDSET_MAX) /* a power of two; half full at most */

struct idset {
	uint64_t added;
	uint8_t ring[IDSET_MAX][IDSET_LEN];
	uint32_t table[TABLE]; /* place in the ring + 1; 0: free */
};

struct idset *
idset_new(void)
{
	return calloc(1, sizeof(struct idset));
}

void
idset_free(struct idset *s)
{
	free(s);
}

/* Where an id's search begins. Ids are hashes: their bytes are even already. */
static uint32_t
home_of(const uint8_t id[static IDSET_LEN])
{
	uint32_t h;

	memcpy(&h, id, sizeof h);
	return h & (TABLE - 1);
}

/* Where id stands, or the free place where it would. */
static uint32_t
place(const struct idset *s, const uint8_t id[static IDSET_LEN])
{
	uint32_t i = home_of(id);

	while (s->table[i] != 0 &&
	    memcmp(s->ring[s->table[i] - 1], id, IDSET_LEN) != 0)
		i = (i + 1) & (TABLE - 1);
	return i;
}

/* Takes the entry at i out; entries pushed past it move back. */
static void
drop(struct idset *s, uint32_t i)
{
	for (uint32_t k = (i + 1) & (TABLE - 1); s->table[k] != 0;
	     k = (k + 1) & (TABLE - 1)) {
		uint32_t home = home_of(s->ring[s->table[k] - 1]);

		if (((k - home) & (TABLE - 1)) >= ((k - i) & (TABLE - 1))) {
			s->table[i] = s->table[k];
			i = k;
		}
	}
	s->table[i] = 0;
}

/* Forgets what stands at this place of the ring, if the table names it. */
static void
forget(struct idset *s, uint32_t at)
{
	uint32_t i = place(s, s->ring[at]);

	if (s->table[i] == at + 1)
		drop(s, i);
}

bool
idset_has(const struct idset *s, const uint8_t id[static IDSET_LEN])
{
	return s->table[place(s, id)] != 0;
}

void
idset_add(struct idset *s, const uint8_t id[static IDSET_LEN])
{
	uint32_t at = (uint32_t)(s->added % IDSET_MAX);

	if (idset_has(s, id))
		return;
	if (s->added >= IDSET_MAX)
		forget(s, at);
	memcpy(s->ring[at], id, IDSET_LEN);
	s->table[place(s, id)] = at + 1;
	s->added++;
}

void
idset_undo(struct idset *s, uint64_t n)
{
	for (; n > 0 && s->added > 0; n--)
		forget(s, (uint32_t)(--s->added % IDSET_MAX));
}

uint64_t
idset_added(const struct idset *s)
{
	return s->added;
}

const uint8_t *
idset_at(const struct idset *s, uint64_t at)
{
	if (at >= s->added || s->added - at > IDSET_MAX)
		return NULL;
	return s->ring[at % IDSET_MAX];
}
