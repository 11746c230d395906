/*
 * net/tlsfar.h: a server's certificate, and its key that is elsewhere.
 *
 * The process that listens has the certificate chain and a way to ask for
 * signatures; the key itself stays in another process (net/tlskey.h). What
 * GnuTLS asks of the key it is told here: ECDSA P-256 over SHA-256 and
 * nothing else.
 */
#ifndef NET_TLSFAR_H
#define NET_TLSFAR_H

#include "base/fault.h"
#include "base/span.h"

#include <gnutls/abstract.h>

#define TLSFAR_CHAIN_MAX 8
/* For TLS 1.2 and 1.3 alone, with forward secrecy; our order counts. */
#define TLSFAR_PRIORITY                                  \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:" \
	"-RSA:%SERVER_PRECEDENCE"

/* Sign a SHA-256 digest with the TLS key (tlskey_sign): sig has room for
 * TLSKEY_SIG_MAX bytes. */
typedef enum err tlsfar_sign_fn(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why);
/* A line about a signature that was not had; may be NULL. */
typedef void tlsfar_log_fn(void *arg, const char *line);

struct tlsfar;

/*
 * tlsfar_new: from a certificate chain in PEM.
 *   out   [out] handed over: tlsfar_free
 * Fails   ERR_RANGE: certificate unusable; ERR_MEMORY.
 */
MUST_CHECK enum err tlsfar_new(struct span cert_pem, tlsfar_sign_fn *sign,
    tlsfar_log_fn *log, void *arg, struct tlsfar **out, struct fault *why);
void tlsfar_free(struct tlsfar *f);

/* tlsfar_give: chain and key as GnuTLS's certificate callbacks want them;
 * borrowed while f lives. */
void tlsfar_give(struct tlsfar *f, gnutls_pcert_st **pcert, unsigned *n,
    gnutls_privkey_t *key);

#endif
