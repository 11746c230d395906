/*
 * crypt/hash.c: SHA-256 through libcrypto.
 *
 * By its low-level calls, which OpenSSL 3 calls deprecated: leaves and chain
 * steps are short, and a third of their time went into the newer interface
 * around the same code. The state is on the stack: no allocation, no look-up.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypt/hash.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "crypt/start.h"

struct hasher {
	SHA256_CTX ctx;
};

bool
hash_start(void)
{
	return hash_of(SPAN_EMPTY).at[0] == 0xe3;
}

struct hash
hash_of_parts(const struct span *part, size_t n)
{
	SHA256_CTX ctx;
	struct hash h;
	int ok;

	ok = SHA256_Init(&ctx);
	for (size_t i = 0; i < n; i++)
		if (part[i].len > 0)
			ok &= SHA256_Update(&ctx, part[i].at, part[i].len);
	ok &= SHA256_Final(h.at, &ctx);
	assert(ok == 1);
	return h;
}

struct hash
hash_of(struct span s)
{
	return hash_of_parts(&s, 1);
}

bool
hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->at, b->at, HASH_LEN) == 0;
}

struct hasher *
hasher_new(void)
{
	struct hasher *h = calloc(1, sizeof *h);

	if (h != NULL && SHA256_Init(&h->ctx) != 1) {
		free(h);
		return NULL;
	}
	return h;
}

void
hasher_add(struct hasher *h, struct span s)
{
	int ok = 1;

	if (s.len > 0)
		ok = SHA256_Update(&h->ctx, s.at, s.len);
	assert(ok == 1);
}

struct hash
hasher_end(struct hasher *h)
{
	struct hash out;
	int ok;

	ok = SHA256_Final(out.at, &h->ctx);
	ok &= SHA256_Init(&h->ctx);
	assert(ok == 1);
	return out;
}

void
hasher_free(struct hasher *h)
{
	free(h);
}
