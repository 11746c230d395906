/*
 * crypt/crypt.h: starting the cryptographic libraries, and randomness.
 */
#ifndef CRYPT_CRYPT_H
#define CRYPT_CRYPT_H

#include "base/fault.h"
#include "base/span.h"
#include "crypt/hash.h"

/* crypt_start: call once per process, before any other crypt/ function and
 * before the fence closes (it loads what later calls need). */
MUST_CHECK enum err crypt_start(struct fault *why);

/* crypt_random: len bytes from the system's generator; cannot fail. */
void crypt_random(void *to, size_t len);
/* crypt_equal: same content, in time that does not depend on it. */
bool crypt_equal(struct span a, struct span b);
/* crypt_wipe: zero memory so that the compiler cannot leave it out. */
void crypt_wipe(void *p, size_t len);
/* crypt_hmac: HMAC-SHA-256 (RFC 2104, FIPS 198-1); a key of any length. */
struct hash crypt_hmac(struct span key, struct span message);
/* crypt_keystream: len bytes of the ChaCha20 keystream (RFC 8439, nonce 0)
 * of a 32-byte seed, starting at byte 64*block. Source: DECISIONS, "Trees":
 * a record's leaf takes 16 bytes of it. */
void crypt_keystream(
    const uint8_t seed[static 32], uint64_t block, uint8_t *to, size_t len);

#endif
