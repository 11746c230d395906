/*
 * crypt/hash.c: SHA-256 through libcrypto.
 *
 * The digest is fetched once. Each thread keeps one context of its own, so
 * that hashing a leaf costs no allocation and no look-up.
 */
#include "crypt/hash.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "crypt/evp.h"
#include "crypt/start.h"

struct hasher {
	EVP_MD_CTX *ctx;
};

static EVP_MD *sha256;
static pthread_key_t key; /* ends a thread's context with the thread */
static _Thread_local EVP_MD_CTX *mine;

/* What a thread's end calls. */
static void
context_end(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

/* This thread's context, made at its first hash. */
static EVP_MD_CTX *
context(void)
{
	if (mine == NULL) {
		assert(sha256 != NULL); /* crypt_start was called */
		mine = EVP_MD_CTX_new();
		assert(mine != NULL);
		(void)pthread_setspecific(key, mine);
	}
	return mine;
}

bool
hash_start(void)
{
	if (sha256 != NULL)
		return true;
	if (pthread_key_create(&key, context_end) != 0)
		return false;
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	return sha256 != NULL && hash_of(SPAN_EMPTY).at[0] == 0xe3;
}

struct hash
hash_of_parts(const struct span *part, size_t n)
{
	EVP_MD_CTX *ctx = context();
	struct hash h = { 0 };
	int ok;

	ok = EVP_DigestInit_ex2(ctx, sha256, NULL);
	for (size_t i = 0; i < n; i++)
		if (part[i].len > 0)
			ok &= EVP_DigestUpdate(ctx, part[i].at, part[i].len);
	ok &= EVP_DigestFinal_ex(ctx, h.at, NULL);
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

	assert(sha256 != NULL);
	if (h == NULL)
		return NULL;
	h->ctx = EVP_MD_CTX_new();
	if (h->ctx == NULL || EVP_DigestInit_ex2(h->ctx, sha256, NULL) != 1) {
		hasher_free(h);
		return NULL;
	}
	return h;
}

void
hasher_add(struct hasher *h, struct span s)
{
	int ok = 1;

	if (s.len > 0)
		ok = EVP_DigestUpdate(h->ctx, s.at, s.len);
	assert(ok == 1);
}

struct hash
hasher_end(struct hasher *h)
{
	struct hash out = { 0 };
	int ok;

	ok = EVP_DigestFinal_ex(h->ctx, out.at, NULL);
	ok &= EVP_DigestInit_ex2(h->ctx, sha256, NULL);
	assert(ok == 1);
	return out;
}

void
hasher_free(struct hasher *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}
