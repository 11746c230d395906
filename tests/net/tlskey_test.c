/*
 * tests/net/tlskey_test.c: the TLS key and its certificate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "net/tlskey.h"

#define NOW INT64_C(1795360047000000)

static char dir_name[256];
static int dir;

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(dir_name, sizeof dir_name, "%s/tlskey-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(dir_name) == NULL)
		return -1;
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir == -1 || crypt_start(NULL) != ERR_OK ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, "tls.key", 0);
	(void)unlinkat(dir, "tls.crt", 0);
	(void)close(dir);
	return rmdir(dir_name);
}

/* The certificate of a key, read back. */
static gnutls_x509_crt_t
certificate(const struct tlskey *k)
{
	gnutls_x509_crt_t c;
	gnutls_datum_t d;
	struct buf pem;

	buf_init(&pem, 1 << 16);
	assert_int_equal(tlskey_cert(k, &pem, NULL), ERR_OK);
	d = (gnutls_datum_t){ pem.at, (unsigned)pem.len };
	assert_int_equal(gnutls_x509_crt_init(&c), 0);
	assert_int_equal(gnutls_x509_crt_import(c, &d, GNUTLS_X509_FMT_PEM), 0);
	buf_clear(&pem);
	return c;
}

/* The certificate names what it was made for, and what the key signs
 * verifies under it. */
static void
a_made_key_signs_under_its_own_certificate(void **state)
{
	static const char *const names[] = { "beimen.example", "192.0.2.7",
		"2001:db8::1", NULL };
	uint8_t hash[32] = { 1, 2, 3 }, sig[TLSKEY_SIG_MAX];
	gnutls_datum_t h = { hash, 32 }, s;
	struct tlskey *k = NULL;
	gnutls_pubkey_t pub;
	gnutls_x509_crt_t c;
	struct buf b;
	size_t len = 0;

	(void)state;
	assert_int_equal(tlskey_make(names, NOW, &k, NULL), ERR_OK);
	c = certificate(k);
	assert_true(gnutls_x509_crt_check_hostname(c, "beimen.example") != 0);
	assert_true(gnutls_x509_crt_check_hostname(c, "192.0.2.7") != 0);
	assert_true(gnutls_x509_crt_check_hostname(c, "2001:db8::1") != 0);
	assert_int_equal(gnutls_x509_crt_check_hostname(c, "other.example"), 0);
	assert_int_equal(
	    gnutls_x509_crt_get_activation_time(c), NOW / 1000000 - 3600);
	assert_int_equal(
	    tlskey_sign(k, span_of(hash, 32), sig, &len, NULL), ERR_OK);
	assert_int_equal(
	    tlskey_sign(k, span_of(hash, 31), sig, &len, NULL), ERR_RANGE);
	s = (gnutls_datum_t){ sig, (unsigned)len };
	assert_int_equal(gnutls_pubkey_init(&pub), 0);
	assert_int_equal(gnutls_pubkey_import_x509(pub, c, 0), 0);
	assert_true(gnutls_pubkey_verify_hash2(
			pub, GNUTLS_SIGN_ECDSA_SHA256, 0, &h, &s) >= 0);
	buf_init(&b, 200);
	assert_int_equal(tlskey_print(k, &b, NULL), ERR_OK);
	assert_int_equal(b.len, 95);
	buf_clear(&b);
	gnutls_pubkey_deinit(pub);
	gnutls_x509_crt_deinit(c);
	tlskey_free(k);
}

/* A key comes back from its files, which only the owner may read. */
static void
a_saved_key_loads_and_is_private(void **state)
{
	static const char *const names[] = { "localhost", NULL };
	struct tlskey *k = NULL, *back = NULL;
	struct fault why = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(
	    tlskey_load(dir, "tls.key", "tls.crt", &back, &why), ERR_NOT_FOUND);
	assert_int_equal(tlskey_make(names, NOW, &k, NULL), ERR_OK);
	assert_int_equal(
	    tlskey_save(k, dir, "tls.key", "tls.crt", &why), ERR_OK);
	assert_int_equal(
	    tlskey_save(k, dir, "tls.key", "tls.crt", &why), ERR_EXISTS);
	assert_int_equal(fstatat(dir, "tls.key", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	assert_int_equal(
	    tlskey_load(dir, "tls.key", "tls.crt", &back, &why), ERR_OK);
	tlskey_free(back);
	assert_int_equal(fchmodat(dir, "tls.key", 0440, 0), 0);
	assert_int_equal(
	    tlskey_load(dir, "tls.key", "tls.crt", &back, &why), ERR_DENIED);
	assert_int_equal(fchmodat(dir, "tls.key", 0400, 0), 0);
	tlskey_free(k);

	/* Another key's certificate does not fit. */
	assert_int_equal(unlinkat(dir, "tls.key", 0), 0);
	assert_int_equal(tlskey_make(names, NOW, &k, NULL), ERR_OK);
	assert_int_equal(
	    tlskey_save(k, dir, "tls.key", "other.crt", &why), ERR_OK);
	assert_int_equal(
	    tlskey_load(dir, "tls.key", "tls.crt", &back, &why), ERR_SYNTAX);
	assert_int_equal(unlinkat(dir, "other.crt", 0), 0);
	tlskey_free(k);
}

/* A name that is neither host nor address is refused by name. */
static void
a_name_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "a b", "", "-x", "x\ny", ".x" };
	static const char *const none[] = { NULL };
	struct tlskey *k = NULL;

	(void)state;
	assert_int_equal(tlskey_make(none, NOW, &k, NULL), ERR_RANGE);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *const names[] = { "ok", bad[i], NULL };

		assert_int_equal(tlskey_make(names, NOW, &k, NULL), ERR_RANGE);
	}
	assert_null(k);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(a_made_key_signs_under_its_own_certificate),
		cmocka_unit_test(a_saved_key_loads_and_is_private),
		cmocka_unit_test(a_name_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(test, setup, teardown);
}
