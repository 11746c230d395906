/*
 * net/tlskey.c: the TLS key and certificate of our own listeners.
 *
 * About     making, loading, saving and using one ECDSA P-256 key.
 * Runs      in the signer process; in tests.
 * Source    RFC 5280 (certificates), RFC 5480 (ECDSA).
 */
#include "net/tlskey.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "crypt/crypt.h"

#define TLSKEY_CHAIN_MAX 8
#define TLSKEY_PEM_MAX ((size_t)64 << 10)
#define TLSKEY_VALID_DAYS 825

struct tlskey {
	gnutls_x509_privkey_t x509;
	gnutls_privkey_t key;
	gnutls_x509_crt_t chain[TLSKEY_CHAIN_MAX];
	unsigned n_chain;
};

/* Note what GnuTLS answered. */
static enum err
tls_fault(struct fault *why, enum err e, const char *what, int rc)
{
	return fault_set(why, rc == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : e,
	    "%s: %s", what, gnutls_strerror(rc));
}

void
tlskey_free(struct tlskey *k)
{
	if (k == NULL)
		return;
	for (unsigned i = 0; i < k->n_chain; i++)
		gnutls_x509_crt_deinit(k->chain[i]);
	if (k->key != NULL)
		gnutls_privkey_deinit(k->key);
	if (k->x509 != NULL)
		gnutls_x509_privkey_deinit(k->x509);
	free(k);
}

/* Memory for a key without content. */
static enum err
key_new(struct tlskey **out, struct fault *why)
{
	struct tlskey *k = calloc(1, sizeof *k);

	if (k == NULL || gnutls_x509_privkey_init(&k->x509) != 0 ||
	    gnutls_privkey_init(&k->key) != 0) {
		tlskey_free(k);
		return fault_set(why, ERR_MEMORY, "TLS key");
	}
	*out = k;
	return ERR_OK;
}

/* A host name: letters, digits, '-' and '.', as certificates hold it. */
static bool
is_host(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || s[i] == '-' ||
			(s[i] >= 'A' && s[i] <= 'Z') || s[i] == '.' ||
			(s[i] >= '0' && s[i] <= '9')))
			return false;
	return n > 0 && n < 254 && s[0] != '-' && s[0] != '.';
}

/* Put one name or address into the certificate. */
static enum err
name_add(gnutls_x509_crt_t crt, const char *name, struct fault *why)
{
	uint8_t ip[16];
	int rc;

	if (inet_pton(AF_INET, name, ip) == 1)
		rc = gnutls_x509_crt_set_subject_alt_name(
		    crt, GNUTLS_SAN_IPADDRESS, ip, 4, GNUTLS_FSAN_APPEND);
	else if (inet_pton(AF_INET6, name, ip) == 1)
		rc = gnutls_x509_crt_set_subject_alt_name(
		    crt, GNUTLS_SAN_IPADDRESS, ip, 16, GNUTLS_FSAN_APPEND);
	else if (is_host(name))
		rc = gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
		    GNUTLS_FSAN_APPEND);
	else
		return fault_set(why, ERR_RANGE,
		    "neither a host name nor an address: %s", name);
	if (rc != 0)
		return tls_fault(why, ERR_MEMORY, name, rc);
	return ERR_OK;
}

/* The certificate of a key that exists. */
static enum err
cert_fill(struct tlskey *k, const char *const names[], int64_t now_us,
    struct fault *why)
{
	gnutls_x509_crt_t crt = k->chain[0];
	time_t from = (time_t)((now_us - WHEN_HOUR) / WHEN_SECOND);
	time_t until = from + (time_t)TLSKEY_VALID_DAYS * 86400;
	uint8_t serial[16], id[32];
	size_t id_len = sizeof id;
	enum err e;
	int rc;

	crypt_random(serial, sizeof serial);
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); /* positive */
	if ((rc = gnutls_x509_crt_set_version(crt, 3)) != 0 ||
	    (rc = gnutls_x509_crt_set_serial(crt, serial, sizeof serial)) !=
		0 ||
	    (rc = gnutls_x509_crt_set_activation_time(crt, from)) != 0 ||
	    (rc = gnutls_x509_crt_set_expiration_time(crt, until)) != 0 ||
	    (rc = gnutls_x509_crt_set_key(crt, k->x509)) != 0 ||
	    (rc = gnutls_x509_crt_set_dn_by_oid(crt,
		 GNUTLS_OID_X520_COMMON_NAME, 0, names[0],
		 (unsigned)strnlen(names[0], 64))) != 0 ||
	    (rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1)) != 0 ||
	    (rc = gnutls_x509_crt_set_key_usage(
		 crt, GNUTLS_KEY_DIGITAL_SIGNATURE)) != 0 ||
	    (rc = gnutls_x509_crt_set_key_purpose_oid(
		 crt, GNUTLS_KP_TLS_WWW_SERVER, 0)) != 0 ||
	    (rc = gnutls_x509_crt_get_key_id(crt, 0, id, &id_len)) != 0 ||
	    (rc = gnutls_x509_crt_set_subject_key_id(crt, id, id_len)) != 0)
		return tls_fault(why, ERR_RANGE, "certificate", rc);
	for (size_t i = 0; names[i] != NULL; i++)
		if ((e = name_add(crt, names[i], why)) != ERR_OK)
			return e;
	if ((rc = gnutls_x509_crt_privkey_sign(
		 crt, crt, k->key, GNUTLS_DIG_SHA256, 0)) != 0)
		return tls_fault(why, ERR_RANGE, "certificate", rc);
	return ERR_OK;
}

/* Let the abstract key use the X.509 one. */
static enum err
key_join(struct tlskey *k, struct fault *why)
{
	int rc = gnutls_privkey_import_x509(k->key, k->x509, 0);

	return rc == 0 ? ERR_OK : tls_fault(why, ERR_SYNTAX, "TLS key", rc);
}

enum err
tlskey_make(const char *const names[], int64_t now_us, struct tlskey **out,
    struct fault *why)
{
	struct tlskey *k = NULL;
	enum err e;
	int rc;

	if (names[0] == NULL)
		return fault_set(why, ERR_RANGE, "a certificate needs a name");
	if ((e = key_new(&k, why)) != ERR_OK)
		return e;
	if ((rc = gnutls_x509_privkey_generate(k->x509, GNUTLS_PK_ECDSA,
		 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0)) != 0 ||
	    (rc = gnutls_x509_crt_init(&k->chain[0])) != 0) {
		e = tls_fault(why, ERR_MEMORY, "TLS key", rc);
		goto out;
	}
	k->n_chain = 1;
	if ((e = key_join(k, why)) != ERR_OK ||
	    (e = cert_fill(k, names, now_us, why)) != ERR_OK)
		goto out;
	*out = k;
	k = NULL;
out:
	tlskey_free(k);
	return e;
}

/* Read one PEM file whole; secret: others may not read it. */
static enum err
file_read(
    int dir, const char *name, bool secret, struct buf *b, struct fault *why)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err e = ERR_OK;
	struct stat st;
	ssize_t n;

	if (fd == -1)
		return fault_sys(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "cannot open %s", name);
	if (fstat(fd, &st) == -1) {
		e = fault_sys(why, ERR_IO, "%s", name);
	} else if (secret && (st.st_mode & 077) != 0) {
		e = fault_set(why, ERR_DENIED,
		    "%s may be read by others: mode must be 0400", name);
	}
	while (e == ERR_OK) {
		uint8_t *to = buf_room(b, 4096);

		if (to == NULL) {
			e = fault_set(
			    why, buf_error(b), "%s is too long", name);
			break;
		}
		if ((n = read(fd, to, 4096)) == -1 && errno != EINTR)
			e = fault_sys(why, ERR_IO, "cannot read %s", name);
		if (n == 0)
			break;
		if (n > 0)
			buf_took(b, (size_t)n);
	}
	(void)close(fd);
	return e;
}

/* Do key and first certificate belong together, and is it P-256? */
static enum err
pair_check(const struct tlskey *k, const char *name, struct fault *why)
{
	uint8_t a[32], b[32];
	size_t a_len = sizeof a, b_len = sizeof b;
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

	if (gnutls_x509_privkey_get_pk_algorithm(k->x509) != GNUTLS_PK_ECDSA ||
	    gnutls_x509_privkey_export_ecc_raw(
		k->x509, &curve, NULL, NULL, NULL) != 0 ||
	    curve != GNUTLS_ECC_CURVE_SECP256R1)
		return fault_set(
		    why, ERR_SYNTAX, "%s: the key is not ECDSA P-256", name);
	if (gnutls_x509_privkey_get_key_id(k->x509, 0, a, &a_len) != 0 ||
	    gnutls_x509_crt_get_key_id(k->chain[0], 0, b, &b_len) != 0 ||
	    !span_equal(span_of(a, a_len), span_of(b, b_len)))
		return fault_set(why, ERR_SYNTAX,
		    "%s: certificate and key do not belong together", name);
	return ERR_OK;
}

enum err
tlskey_load(int dir, const char *key_name, const char *cert_name,
    struct tlskey **out, struct fault *why)
{
	struct tlskey *k = NULL;
	gnutls_datum_t d;
	struct buf key, cert;
	enum err e;
	int rc;

	buf_init(&key, TLSKEY_PEM_MAX);
	buf_init(&cert, TLSKEY_PEM_MAX);
	if ((e = file_read(dir, key_name, true, &key, why)) != ERR_OK ||
	    (e = file_read(dir, cert_name, false, &cert, why)) != ERR_OK ||
	    (e = key_new(&k, why)) != ERR_OK)
		goto out;
	d = (gnutls_datum_t){ key.at, (unsigned)key.len };
	if ((rc = gnutls_x509_privkey_import2(
		 k->x509, &d, GNUTLS_X509_FMT_PEM, NULL, 0)) != 0) {
		e = tls_fault(why, ERR_SYNTAX, key_name, rc);
		goto out;
	}
	d = (gnutls_datum_t){ cert.at, (unsigned)cert.len };
	k->n_chain = TLSKEY_CHAIN_MAX;
	rc = gnutls_x509_crt_list_import(k->chain, &k->n_chain, &d,
	    GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (rc <= 0) {
		k->n_chain = 0;
		e = tls_fault(why, ERR_SYNTAX, cert_name, rc);
		goto out;
	}
	if ((e = pair_check(k, cert_name, why)) != ERR_OK ||
	    (e = key_join(k, why)) != ERR_OK)
		goto out;
	*out = k;
	k = NULL;
out:
	if (key.at != NULL)
		crypt_wipe(key.at, key.cap);
	buf_clear(&key);
	buf_clear(&cert);
	tlskey_free(k);
	return e;
}

/* Write a new file of exactly this content and mode, synced. */
static enum err
file_write(
    int dir, const char *name, mode_t mode, struct span s, struct fault *why)
{
	int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	enum err e = ERR_OK;
	size_t at = 0;

	if (fd == -1)
		return fault_sys(why, errno == EEXIST ? ERR_EXISTS : ERR_IO,
		    "cannot make %s", name);
	while (at < s.len && e == ERR_OK) {
		struct span rest = span_slice(s, at, SIZE_MAX);
		ssize_t n = write(fd, rest.at, rest.len);

		if (n == -1 && errno != EINTR)
			e = fault_sys(why, ERR_IO, "cannot write %s", name);
		if (n > 0)
			at += (size_t)n;
	}
	if (e == ERR_OK && fsync(fd) == -1)
		e = fault_sys(why, ERR_IO, "cannot sync %s", name);
	if (close(fd) == -1 && e == ERR_OK)
		e = fault_sys(why, ERR_IO, "cannot close %s", name);
	return e;
}

enum err
tlskey_save(const struct tlskey *k, int dir, const char *key_name,
    const char *cert_name, struct fault *why)
{
	gnutls_datum_t d = { NULL, 0 };
	struct buf pem;
	enum err e;
	int rc;

	buf_init(&pem, TLSKEY_PEM_MAX);
	if ((e = tlskey_cert(k, &pem, why)) != ERR_OK)
		goto out;
	rc = gnutls_x509_privkey_export2(k->x509, GNUTLS_X509_FMT_PEM, &d);
	if (rc != 0) {
		e = tls_fault(why, ERR_MEMORY, key_name, rc);
		goto out;
	}
	if ((e = file_write(dir, key_name, 0400, span_of(d.data, d.size),
		 why)) != ERR_OK ||
	    (e = file_write(dir, cert_name, 0444, buf_view(&pem), why)) !=
		ERR_OK)
		goto out;
	if (fsync(dir) == -1)
		e = fault_sys(why, ERR_IO, "cannot sync the key folder");
out:
	if (d.data != NULL)
		crypt_wipe(d.data, d.size);
	gnutls_free(d.data);
	buf_clear(&pem);
	return e;
}

enum err
tlskey_cert(const struct tlskey *k, struct buf *pem, struct fault *why)
{
	for (unsigned i = 0; i < k->n_chain; i++) {
		gnutls_datum_t d = { NULL, 0 };
		int rc = gnutls_x509_crt_export2(
		    k->chain[i], GNUTLS_X509_FMT_PEM, &d);

		if (rc != 0)
			return tls_fault(why, ERR_MEMORY, "certificate", rc);
		buf_add(pem, d.data, d.size);
		gnutls_free(d.data);
	}
	if (buf_error(pem) != ERR_OK)
		return fault_set(why, buf_error(pem), "certificate");
	return ERR_OK;
}

enum err
tlskey_print(const struct tlskey *k, struct buf *b, struct fault *why)
{
	uint8_t id[32];
	size_t len = sizeof id;
	int rc = gnutls_x509_crt_get_fingerprint(
	    k->chain[0], GNUTLS_DIG_SHA256, id, &len);

	if (rc != 0)
		return tls_fault(why, ERR_MEMORY, "certificate", rc);
	for (size_t i = 0; i < len; i++)
		buf_printf(b, i == 0 ? "%02X" : ":%02X", id[i]);
	return ERR_OK;
}

enum err
tlskey_sign(const struct tlskey *k, struct span hash,
    uint8_t sig[static TLSKEY_SIG_MAX], size_t *len, struct fault *why)
{
	uint8_t copy[TLSKEY_HASH_LEN];
	gnutls_datum_t in = { copy, sizeof copy }, out = { NULL, 0 };
	int rc;

	if (hash.len != TLSKEY_HASH_LEN)
		return fault_set(why, ERR_RANGE,
		    "what TLS signs is %d bytes, not %zu", TLSKEY_HASH_LEN,
		    hash.len);
	memcpy(copy, hash.at, sizeof copy);
	rc = gnutls_privkey_sign_hash2(
	    k->key, GNUTLS_SIGN_ECDSA_SHA256, 0, &in, &out);
	if (rc != 0)
		return tls_fault(why, ERR_MEMORY, "TLS signature", rc);
	if (out.size > TLSKEY_SIG_MAX) {
		gnutls_free(out.data);
		return fault_set(why, ERR_RANGE, "TLS signature too long");
	}
	memcpy(sig, out.data, out.size);
	*len = out.size;
	gnutls_free(out.data);
	return ERR_OK;
}
