/*
 * crypt/aead.c: AES-256-GCM through libcrypto.
 */
#include "crypt/aead.h"

#include <assert.h>
#include <limits.h>

#include "crypt/crypt.h"
#include "crypt/evp.h"
#include "crypt/start.h"

static EVP_CIPHER *gcm;

bool
aead_start(void)
{
	if (gcm == NULL)
		gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	return gcm != NULL;
}

/* Begins one sealing or opening and feeds the header; NULL: no memory. */
static EVP_CIPHER_CTX *
begin(const uint8_t *key, const uint8_t *nonce, struct span aad, int seal)
{
	EVP_CIPHER_CTX *ctx;
	int n;

	assert(gcm != NULL); /* crypt_start was called */
	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return NULL;
	if (EVP_CipherInit_ex2(ctx, gcm, key, nonce, seal, NULL) != 1 ||
	    (aad.len > 0 &&
		EVP_CipherUpdate(ctx, NULL, &n, aad.at, (int)aad.len) != 1)) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* libcrypto counts in int. */
static enum err
too_long(struct span aad, struct span text, struct fault *why)
{
	if (aad.len > INT_MAX || text.len > INT_MAX - AEAD_TAG_LEN)
		return fault_set(
		    why, ERR_LIMIT, "too long to encrypt in one piece");
	return ERR_OK;
}

enum err
aead_seal(struct buf *b, const uint8_t key[static AEAD_KEY_LEN],
    const uint8_t nonce[static AEAD_NONCE_LEN], struct span aad,
    struct span plain, struct fault *why)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t *to;
	enum err e;
	int n = 0, rest = 0, ok = 1;

	if ((e = too_long(aad, plain, why)) != ERR_OK)
		return e;
	if ((to = buf_room(b, plain.len + AEAD_TAG_LEN)) == NULL)
		return fault_set(why, buf_error(b), "no room to encrypt");
	if ((ctx = begin(key, nonce, aad, 1)) == NULL)
		return fault_set(why, ERR_MEMORY, "cannot start encrypting");

	if (plain.len > 0)
		ok = EVP_EncryptUpdate(ctx, to, &n, plain.at, (int)plain.len);
	ok &= EVP_EncryptFinal_ex(ctx, to + n, &rest);
	ok &= EVP_CIPHER_CTX_ctrl(
	    ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, to + plain.len);
	EVP_CIPHER_CTX_free(ctx);
	if (ok != 1 || (size_t)(n + rest) != plain.len)
		return fault_set(why, ERR_MEMORY, "cannot encrypt");
	buf_took(b, plain.len + AEAD_TAG_LEN);
	return ERR_OK;
}

enum err
aead_open(struct buf *b, const uint8_t key[static AEAD_KEY_LEN],
    const uint8_t nonce[static AEAD_NONCE_LEN], struct span aad,
    struct span sealed, struct fault *why)
{
	uint8_t tag[AEAD_TAG_LEN], *to;
	EVP_CIPHER_CTX *ctx;
	size_t len;
	enum err e;
	int n = 0, rest = 0, ok = 1;

	if ((e = too_long(aad, sealed, why)) != ERR_OK)
		return e;
	if (sealed.len < AEAD_TAG_LEN)
		return fault_set(
		    why, ERR_DAMAGE, "encrypted bytes are cut short");
	len = sealed.len - AEAD_TAG_LEN;
	memcpy(tag, sealed.at + len, sizeof tag);
	if ((to = buf_room(b, len)) == NULL)
		return fault_set(why, buf_error(b), "no room to decrypt");
	if ((ctx = begin(key, nonce, aad, 0)) == NULL)
		return fault_set(why, ERR_MEMORY, "cannot start decrypting");

	if (len > 0)
		ok = EVP_DecryptUpdate(ctx, to, &n, sealed.at, (int)len);
	ok &= EVP_CIPHER_CTX_ctrl(
	    ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag);
	if (ok == 1 && EVP_DecryptFinal_ex(ctx, to + n, &rest) != 1)
		ok = 0;
	EVP_CIPHER_CTX_free(ctx);
	if (ok != 1) {
		crypt_wipe(to, len); /* nobody sees what does not verify */
		return fault_set(
		    why, ERR_DAMAGE, "encrypted bytes do not verify");
	}
	buf_took(b, len);
	return ERR_OK;
}
