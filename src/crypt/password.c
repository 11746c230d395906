/*
 * crypt/password.c: Argon2id through libsodium, over a peppered password.
 */
#include "crypt/password.h"

#include <assert.h>

#include <sodium.h>

#include "crypt/crypt.h"

static_assert(PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "");

static uint64_t memory = PASSWORD_MEMORY;
static unsigned passes = PASSWORD_PASSES;

void
password_cost(uint64_t memory_bytes, unsigned n_passes)
{
	memory = memory_bytes;
	passes = n_passes;
}

/* What Argon2id is given: the pepper and the password, always 32 bytes. */
static struct hash
peppered(const uint8_t pepper[static PASSWORD_PEPPER_LEN], struct span password)
{
	return crypt_hmac(span_of(pepper, PASSWORD_PEPPER_LEN), password);
}

enum err
password_hash(const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    struct span password, char out[static PASSWORD_HASH_MAX], struct fault *why)
{
	struct hash h = peppered(pepper, password);
	char made[PASSWORD_HASH_MAX];
	int bad;

	bad = crypto_pwhash_str_alg(made, (const char *)h.at, HASH_LEN, passes,
	    (size_t)memory, crypto_pwhash_ALG_ARGON2ID13);
	crypt_wipe(&h, sizeof h);
	if (bad != 0)
		return fault_set(why, ERR_MEMORY,
		    "no memory to hash a password (%llu bytes needed)",
		    (unsigned long long)memory);
	memcpy(out, made, sizeof made);
	return ERR_OK;
}

/* As much work as a check, for an answer that is no already. */
static void
work_all_the_same(const struct hash *h)
{
	static const uint8_t salt[crypto_pwhash_SALTBYTES] = { 1 };
	uint8_t scratch[32];

	(void)!crypto_pwhash(scratch, sizeof scratch, (const char *)h->at,
	    HASH_LEN, salt, passes, (size_t)memory,
	    crypto_pwhash_ALG_ARGON2ID13);
	crypt_wipe(scratch, sizeof scratch);
}

bool
password_check(const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    struct span password, const char *hash)
{
	struct hash h = peppered(pepper, password);
	bool same = false;

	if (hash == NULL ||
	    crypto_pwhash_str_needs_rehash(hash, passes, (size_t)memory) < 0)
		work_all_the_same(&h);
	else
		same = crypto_pwhash_str_verify(
			   hash, (const char *)h.at, HASH_LEN) == 0;
	crypt_wipe(&h, sizeof h);
	return same;
}
