/*
 * crypt/sign.c: Ed25519 through libsodium.
 */
#include "crypt/sign.h"

#include <assert.h>

#include <sodium.h>

static_assert(SIGN_SEED_LEN == crypto_sign_ed25519_SEEDBYTES, "");
static_assert(SIGN_PUBLIC_LEN == crypto_sign_ed25519_PUBLICKEYBYTES, "");
static_assert(SIGN_LEN == crypto_sign_ed25519_BYTES, "");
static_assert(SIGN_SEED_LEN <= crypto_generichash_BYTES_MAX, "");

void
sign_derive(const uint8_t master[static SIGN_SEED_LEN], struct span label,
    uint8_t seed[static SIGN_SEED_LEN])
{
	int bad;

	bad = crypto_generichash(
	    seed, SIGN_SEED_LEN, label.at, label.len, master, SIGN_SEED_LEN);
	assert(bad == 0);
}

void
sign_public(const uint8_t seed[static SIGN_SEED_LEN],
    uint8_t public[static SIGN_PUBLIC_LEN])
{
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];

	(void)crypto_sign_ed25519_seed_keypair(public, secret, seed);
	sodium_memzero(secret, sizeof secret);
}

void
sign_make(const uint8_t seed[static SIGN_SEED_LEN], struct span message,
    uint8_t sig[static SIGN_LEN])
{
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
	uint8_t public[SIGN_PUBLIC_LEN];

	(void)crypto_sign_ed25519_seed_keypair(public, secret, seed);
	(void)crypto_sign_ed25519_detached(
	    sig, NULL, message.at, message.len, secret);
	sodium_memzero(secret, sizeof secret);
}

bool
sign_check(const uint8_t public[static SIGN_PUBLIC_LEN], struct span message,
    const uint8_t sig[static SIGN_LEN])
{
	return crypto_sign_ed25519_verify_detached(
		   sig, message.at, message.len, public) == 0;
}
