/*
 * net/http_tls.c: TLS for the HTTP server, with a key that is elsewhere.
 *
 * About     the certificate, and signatures asked of another process.
 * Runs      in the web process, inside a handshake, in any thread.
 * Source    RFC 8446, RFC 5246.
 */
#include "net/http_inner.h"

#include <stdlib.h>

#include "net/tlskey.h"

/* libmicrohttpd's certificate callback has no argument of ours, so the one
 * TLS server of a process stands here. */
static struct http *tls_server;

void
http_say(const struct http *h, const char *line)
{
	if (h->o.log != NULL)
		h->o.log(h->o.arg, line);
}

int
http_tls_give(gnutls_session_t s, const gnutls_datum_t *ca, int n_ca,
    const gnutls_pk_algorithm_t *algo, int n_algo, gnutls_pcert_st **pcert,
    unsigned *n_pcert, gnutls_privkey_t *key)
{
	(void)s;
	(void)ca;
	(void)n_ca;
	(void)algo;
	(void)n_algo;
	*pcert = tls_server->pcert;
	*n_pcert = tls_server->n_pcert;
	*key = tls_server->key;
	return 0;
}

/* GnuTLS asks for a signature, which another process makes. */
static int
key_sign(gnutls_privkey_t key, gnutls_sign_algorithm_t algo, void *arg,
    unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *out)
{
	struct http *h = arg;
	uint8_t sig[TLSKEY_SIG_MAX];
	size_t len = 0;
	struct fault why = { 0 };

	(void)key;
	(void)flags;
	if (algo != GNUTLS_SIGN_ECDSA_SHA256 &&
	    algo != GNUTLS_SIGN_ECDSA_SECP256R1_SHA256)
		return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
	if (h->o.sign(h->o.arg, span_of(hash->data, hash->size), sig, &len,
		&why) != ERR_OK) {
		http_say(h, why.text);
		return GNUTLS_E_PK_SIGN_FAILED;
	}
	if ((out->data = gnutls_malloc(len)) == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(out->data, sig, len);
	out->size = (unsigned)len;
	return 0;
}

/* GnuTLS asks what the key is like. */
static int
key_tell(gnutls_privkey_t key, unsigned flags, void *arg)
{
	(void)key;
	(void)arg;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return GNUTLS_PK_ECDSA;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return 256;
	if (flags & GNUTLS_PRIVKEY_INFO_SIGN_ALGO)
		return GNUTLS_SIGN_ECDSA_SHA256;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) {
		gnutls_sign_algorithm_t a =
		    (gnutls_sign_algorithm_t)GNUTLS_FLAGS_TO_SIGN_ALGO(flags);

		return a == GNUTLS_SIGN_ECDSA_SHA256 ||
		    a == GNUTLS_SIGN_ECDSA_SECP256R1_SHA256;
	}
	return -1;
}

enum err
http_tls_load(struct http *h, struct fault *why)
{
	gnutls_datum_t d = { NULL, (unsigned)h->o.cert_pem.len };
	unsigned n = HTTP_CHAIN_MAX;
	int rc;

	if (h->o.sign == NULL)
		return fault_set(why, ERR_RANGE, "HTTPS needs a signer");
	if (tls_server != NULL)
		return fault_set(why, ERR_STATE, "one HTTPS server a process");
	if ((d.data = malloc(h->o.cert_pem.len)) == NULL)
		return fault_set(why, ERR_MEMORY, "certificate");
	memcpy(d.data, h->o.cert_pem.at, h->o.cert_pem.len);
	rc = gnutls_pcert_list_import_x509_raw(
	    h->pcert, &n, &d, GNUTLS_X509_FMT_PEM, 0);
	free(d.data);
	if (rc != 0)
		return fault_set(
		    why, ERR_RANGE, "certificate: %s", gnutls_strerror(rc));
	h->n_pcert = n;
	if ((rc = gnutls_privkey_init(&h->key)) != 0 ||
	    (rc = gnutls_privkey_import_ext4(
		 h->key, h, NULL, key_sign, NULL, NULL, key_tell, 0)) != 0)
		return fault_set(
		    why, ERR_MEMORY, "TLS key: %s", gnutls_strerror(rc));
	tls_server = h;
	return ERR_OK;
}

void
http_tls_unload(struct http *h)
{
	for (unsigned i = 0; i < h->n_pcert; i++)
		gnutls_pcert_deinit(&h->pcert[i]);
	if (h->key != NULL)
		gnutls_privkey_deinit(h->key);
	if (tls_server == h)
		tls_server = NULL;
}
