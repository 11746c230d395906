/*
 * net/tlsfar.c: signatures of a TLS server asked of another process.
 *
 * About     the certificate, and a key of GnuTLS that only forwards.
 * Runs      in every process that listens with TLS, in any of its threads.
 * Source    RFC 8446, RFC 5246.
 */
#include "net/tlsfar.h"

#include <stdlib.h>
#include <string.h>

#include "net/tlskey.h"

struct tlsfar {
	gnutls_pcert_st pcert[TLSFAR_CHAIN_MAX];
	unsigned n_pcert;
	gnutls_privkey_t key;
	tlsfar_sign_fn *sign;
	tlsfar_log_fn *log;
	void *arg;
};

/* GnuTLS asks for a signature, which another process makes. */
static int
key_sign(gnutls_privkey_t key, gnutls_sign_algorithm_t algo, void *arg,
    unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *out)
{
	struct tlsfar *f = arg;
	uint8_t sig[TLSKEY_SIG_MAX];
	size_t len = 0;
	struct fault why = { 0 };

	(void)key;
	(void)flags;
	if (algo != GNUTLS_SIGN_ECDSA_SHA256 &&
	    algo != GNUTLS_SIGN_ECDSA_SECP256R1_SHA256)
		return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
	if (f->sign(f->arg, span_of(hash->data, hash->size), sig, &len, &why) !=
	    ERR_OK) {
		if (f->log != NULL)
			f->log(f->arg, why.text);
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

/* Reads the chain. */
static enum err
chain_read(struct tlsfar *f, struct span pem, struct fault *why)
{
	gnutls_datum_t d = { NULL, (unsigned)pem.len };
	unsigned n = TLSFAR_CHAIN_MAX;
	int rc;

	if ((d.data = malloc(pem.len + 1)) == NULL)
		return fault_set(why, ERR_MEMORY, "certificate");
	if (pem.len > 0)
		memcpy(d.data, pem.at, pem.len);
	rc = gnutls_pcert_list_import_x509_raw(
	    f->pcert, &n, &d, GNUTLS_X509_FMT_PEM, 0);
	free(d.data);
	if (rc != 0)
		return fault_set(
		    why, ERR_RANGE, "certificate: %s", gnutls_strerror(rc));
	f->n_pcert = n;
	return ERR_OK;
}

enum err
tlsfar_new(struct span cert_pem, tlsfar_sign_fn *sign, tlsfar_log_fn *log,
    void *arg, struct tlsfar **out, struct fault *why)
{
	struct tlsfar *f = calloc(1, sizeof *f);
	enum err e;
	int rc;

	if (f == NULL)
		return fault_set(why, ERR_MEMORY, "certificate");
	f->sign = sign;
	f->log = log;
	f->arg = arg;
	if ((e = chain_read(f, cert_pem, why)) != ERR_OK)
		goto out;
	if ((rc = gnutls_privkey_init(&f->key)) != 0 ||
	    (rc = gnutls_privkey_import_ext4(
		 f->key, f, NULL, key_sign, NULL, NULL, key_tell, 0)) != 0) {
		e = fault_set(
		    why, ERR_MEMORY, "TLS key: %s", gnutls_strerror(rc));
		goto out;
	}
	*out = f;
	f = NULL;
out:
	tlsfar_free(f);
	return e;
}

void
tlsfar_free(struct tlsfar *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; i < f->n_pcert; i++)
		gnutls_pcert_deinit(&f->pcert[i]);
	if (f->key != NULL)
		gnutls_privkey_deinit(f->key);
	free(f);
}

void
tlsfar_give(struct tlsfar *f, gnutls_pcert_st **pcert, unsigned *n,
    gnutls_privkey_t *key)
{
	*pcert = f->pcert;
	*n = f->n_pcert;
	*key = f->key;
}
