/*
 * crypt/aead.h: AES-256-GCM (NIST SP 800-38D).
 */
#ifndef CRYPT_AEAD_H
#define CRYPT_AEAD_H

#include "base/buf.h"
#include "base/fault.h"

#define AEAD_KEY_LEN 32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16

/* aead_seal: append ciphertext and tag. A nonce is used once per key. */
MUST_CHECK enum err aead_seal(struct buf *b,
    const uint8_t key[static AEAD_KEY_LEN],
    const uint8_t nonce[static AEAD_NONCE_LEN], struct span aad,
    struct span plain, struct fault *why);
/* aead_open: append the plain text. ERR_DAMAGE when it does not verify; *b
 * keeps its length. */
MUST_CHECK enum err aead_open(struct buf *b,
    const uint8_t key[static AEAD_KEY_LEN],
    const uint8_t nonce[static AEAD_NONCE_LEN], struct span aad,
    struct span sealed, struct fault *why);

#endif
