/*
 * crypt/sign.h: Ed25519 (RFC 8032).
 */
#ifndef CRYPT_SIGN_H
#define CRYPT_SIGN_H

#include "base/fault.h"
#include "base/span.h"

#define SIGN_SEED_LEN 32
#define SIGN_PUBLIC_LEN 32
#define SIGN_LEN 64

/* sign_derive: a seed of its own for `label`, from one master seed (keyed
 * BLAKE2b): the signer keeps one secret for all logs. */
void sign_derive(const uint8_t master[static SIGN_SEED_LEN], struct span label,
    uint8_t seed[static SIGN_SEED_LEN]);
void sign_public(const uint8_t seed[static SIGN_SEED_LEN],
    uint8_t public[static SIGN_PUBLIC_LEN]);
void sign_make(const uint8_t seed[static SIGN_SEED_LEN], struct span message,
    uint8_t sig[static SIGN_LEN]);
bool sign_check(const uint8_t public[static SIGN_PUBLIC_LEN],
    struct span message, const uint8_t sig[static SIGN_LEN]);

#endif
