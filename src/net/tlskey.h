/*
 * net/tlskey.h: the TLS key and certificate of our own listeners.
 *
 * The signer process holds the key and signs with it; the process that
 * listens has only the certificate and a callback (net/http.h), so a flaw in
 * the web process cannot give the key away. ECDSA P-256, self-signed at the
 * first start; a certificate of the city's own may be laid in its place.
 *
 * Source: RFC 5280, RFC 5480; RFC 8446 section 4.4.3 for what is signed.
 */
#ifndef NET_TLSKEY_H
#define NET_TLSKEY_H

#include "base/buf.h"
#include "base/fault.h"

#define TLSKEY_HASH_LEN 32
#define TLSKEY_SIG_MAX 80 /* bytes of a DER ECDSA P-256 signature, at most */

struct tlskey;

/*
 * tlskey_make: a fresh key and a certificate for it, signed by itself.
 *
 *   names   host names and addresses ("beimen.example", "192.0.2.7", "::1"),
 *           ended by NULL, at least one; the first is the subject's name
 *   now_us  valid from an hour before this, for 825 days
 *   out     [out] handed over: tlskey_free
 *
 * Fails   ERR_RANGE: no name, or one that is neither; ERR_MEMORY.
 */
MUST_CHECK enum err tlskey_make(const char *const names[], int64_t now_us,
    struct tlskey **out, struct fault *why);

/*
 * tlskey_load: read key and certificate (chain) from PEM files in folder dir.
 * The key file must not be readable by group or others.
 *
 * Fails   ERR_NOT_FOUND: one of the files is missing; ERR_DENIED: the key's
 *         mode is too open; ERR_SYNTAX: not PEM of a P-256 key, or key and
 *         certificate do not belong together; ERR_IO.
 */
MUST_CHECK enum err tlskey_load(int dir, const char *key_name,
    const char *cert_name, struct tlskey **out, struct fault *why);

/* tlskey_save: write both as new files, key 0400 and certificate 0444, synced.
 * Fails   ERR_EXISTS, ERR_IO, ERR_FULL. */
MUST_CHECK enum err tlskey_save(const struct tlskey *k, int dir,
    const char *key_name, const char *cert_name, struct fault *why);

/* tlskey_cert: append the certificate (chain) as PEM. */
MUST_CHECK enum err tlskey_cert(
    const struct tlskey *k, struct buf *pem, struct fault *why);

/* tlskey_print: append the certificate's SHA-256 fingerprint as upper-case hex
 * pairs with colons, as browsers show it. */
MUST_CHECK enum err tlskey_print(
    const struct tlskey *k, struct buf *b, struct fault *why);

/*
 * tlskey_sign: ECDSA over a SHA-256 digest, DER form.
 *
 *   sig     [out] room for TLSKEY_SIG_MAX bytes
 *   len     [out] bytes written
 *
 * Fails   ERR_RANGE: hash is not TLSKEY_HASH_LEN bytes.
 */
MUST_CHECK enum err tlskey_sign(const struct tlskey *k, struct span hash,
    uint8_t sig[static TLSKEY_SIG_MAX], size_t *len, struct fault *why);

void tlskey_free(struct tlskey *k);

#endif
