/*
 * crypt/crypt.c: starting the libraries; randomness, comparing, wiping,
 * HMAC and the salts' key stream, through libsodium.
 */
#include "crypt/crypt.h"

#include <assert.h>

#include <sodium.h>

#include "crypt/start.h"

enum err
crypt_start(struct fault *why)
{
	if (sodium_init() < 0)
		return fault_set(
		    why, ERR_UNSUPPORTED, "libsodium does not start");
	if (!hash_start())
		return fault_set(
		    why, ERR_UNSUPPORTED, "libcrypto gives no SHA-256");
	if (!aead_start())
		return fault_set(
		    why, ERR_UNSUPPORTED, "libcrypto gives no AES-256-GCM");
	return ERR_OK;
}

void
crypt_random(void *to, size_t len)
{
	randombytes_buf(to, len);
}

bool
crypt_equal(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || sodium_memcmp(a.at, b.at, a.len) == 0;
}

void
crypt_wipe(void *p, size_t len)
{
	if (len > 0)
		sodium_memzero(p, len);
}

struct hash
crypt_hmac(struct span k, struct span message)
{
	crypto_auth_hmacsha256_state st;
	struct hash h;

	static_assert(sizeof h.at == crypto_auth_hmacsha256_BYTES, "");
	crypto_auth_hmacsha256_init(&st, k.at, k.len);
	if (message.len > 0)
		crypto_auth_hmacsha256_update(&st, message.at, message.len);
	crypto_auth_hmacsha256_final(&st, h.at);
	sodium_memzero(&st, sizeof st);
	return h;
}

void
crypt_keystream(
    const uint8_t seed[static 32], uint64_t block, uint8_t *to, size_t len)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	/* With a nonce of zeroes the form with a 64-bit counter is the same
	 * stream as RFC 8439's, and goes on where that one ends. */
	if (len == 0)
		return;
	memset(to, 0, len);
	crypto_stream_chacha20_xor_ic(to, to, len, nonce, block, seed);
}
