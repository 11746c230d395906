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
 * password_hash: the encoded Argon2id hash of HMAC-SHA-256(pepper, password),
 * 64 MiB and 3 passes.
 * Fails  ERR_MEMORY.
 */
MUST_CHECK enum err password_hash(const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    struct span password, char out[static PASSWORD_HASH_MAX], struct fault *why);
/* password_check: true when it is the one hashed. A NULL or malformed hash is
 * worked on all the same, so that time does not tell whether an account
 * exists. */
bool password_check(const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    struct span password, const char *hash);

#endif
