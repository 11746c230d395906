/*
 * crypt/password.h: Argon2id (RFC 9106) password hashes.
 */
#ifndef CRYPT_PASSWORD_H
#define CRYPT_PASSWORD_H

#include "base/fault.h"
#include "base/span.h"

#define PASSWORD_HASH_MAX 128 /* bytes, NUL included */
#define PASSWORD_PEPPER_LEN 32

/*
 * password_cost: what the next hashes cost. It is one setting for the whole
 * process, made before threads start; only tests call it. A hash carries its
 * own cost, so that older ones stay checkable.
 */
#define PASSWORD_MEMORY (UINT64_C(64) << 20)
#define PASSWORD_PASSES 3
void password_cost(uint64_t memory_bytes, unsigned passes);

/*
 * password_hash: the encoded Argon2id hash of HMAC-SHA-256(pepper, password),
 * 64 MiB and 3 passes.
 * Fails  ERR_MEMORY.
 */
MUST_CHECK enum err password_hash(
    const uint8_t pepper[static PASSWORD_PEPPER_LEN], struct span password,
    char out[static PASSWORD_HASH_MAX], struct fault *why);
/* password_check: true when it is the one hashed. A NULL or malformed hash is
 * worked on all the same, so that time does not tell whether an account
 * exists. */
bool password_check(const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    struct span password, const char *hash);

#endif
