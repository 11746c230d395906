/*
 * crypt/hash.h: SHA-256 (FIPS 180-4), at the machine's own speed.
 */
#ifndef CRYPT_HASH_H
#define CRYPT_HASH_H

#include "base/span.h"

#define HASH_LEN 32

struct hash {
	uint8_t at[HASH_LEN];
};

/* hash_of: of one piece. hash_of_parts: of n pieces in a row. They cannot
 * fail and allocate nothing; any thread may call them. */
struct hash hash_of(struct span s);
struct hash hash_of_parts(const struct span *part, size_t n);
bool hash_equal(const struct hash *a, const struct hash *b);

/* A hash taken piece by piece. */
struct hasher;
struct hasher *hasher_new(void);
void hasher_add(struct hasher *h, struct span s);
/* hasher_end: the digest; the hasher is then fresh for another. */
struct hash hasher_end(struct hasher *h);
void hasher_free(struct hasher *h);

#endif
