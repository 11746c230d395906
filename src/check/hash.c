/*
 * check/hash.c: SHA-256, Ed25519, and Merkle paths (RFC 9162 2.1.3.2).
 *
 * Another library than the server's: a fault of one is not the other's.
 */
#include "check/inner.h"

#include <string.h>

#include <openssl/evp.h>

bool
sha256(const struct check_bytes *part, unsigned n, uint8_t out[CHECK_HASH])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;

	for (unsigned i = 0; good && i < n; i++)
		good = part[i].len == 0 ||
		    EVP_DigestUpdate(c, part[i].at, part[i].len) == 1;
	good = good && EVP_DigestFinal_ex(c, out, NULL) == 1;
	EVP_MD_CTX_free(c);
	return good;
}

bool
leaf_hash(struct check_bytes data, uint8_t out[CHECK_HASH])
{
	const struct check_bytes part[2] = { { (const uint8_t *)"\0", 1 },
		data };

	return sha256(part, 2, out);
}

/* The node above two others. */
static bool
node_hash(const uint8_t left[CHECK_HASH], const uint8_t right[CHECK_HASH],
    uint8_t out[CHECK_HASH])
{
	const struct check_bytes part[3] = { { (const uint8_t *)"\1", 1 },
		{ left, CHECK_HASH }, { right, CHECK_HASH } };

	return sha256(part, 3, out);
}

bool
check_inclusion(const uint8_t leaf[CHECK_HASH], uint64_t index, uint64_t size,
    const uint8_t (*path)[CHECK_HASH], size_t n, const uint8_t root[CHECK_HASH])
{
	uint64_t fn = index, sn = size - 1;
	uint8_t r[CHECK_HASH];

	if (index >= size)
		return false;
	memcpy(r, leaf, sizeof r);
	for (size_t i = 0; i < n; i++) {
		bool good;

		if (sn == 0)
			return false;
		if ((fn & 1) == 1 || fn == sn) {
			good = node_hash(path[i], r, r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			good = node_hash(r, path[i], r);
		}
		if (!good)
			return false;
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, sizeof r) == 0;
}

bool
ed25519(const uint8_t public[32], struct check_bytes message,
    struct check_bytes sig)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, public, 32);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = key != NULL && c != NULL && sig.len == 64 &&
	    EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(c, sig.at, sig.len, message.at, message.len) == 1;

	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return good;
}
