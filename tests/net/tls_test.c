/*
 * tests/net/tls_test.c: names of certificates, and sessions over a real
 * socket pair. Whole handshakes with real senders and a table of certificates
 * that must be refused: tests/counterpart/tls_test.py.
 */
#include "net/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <pthread.h>

#include "net/tlskey.h"

/* CVE-2024-47619: what looks like the listed name is not it. */
static void
a_name_is_the_listed_one_or_it_is_not(void **state)
{
	static const struct {
		struct span have, want;
		bool good;
	} table[] = {
#define ROW(have, want, good) { SPAN_LIT(have), SPAN_LIT(want), good }
		ROW("web01.example", "web01.example", true),
		ROW("WEB01.Example", "web01.example", true),
		ROW("sender@agency.example", "sender@agency.example", true),
		ROW("web02.example", "web01.example", false),
		ROW("web01.example.evil", "web01.example", false),
		ROW("a.web01.example", "web01.example", false),
		ROW("web01", "web01.example", false),
		ROW("web01.example.", "web01.example", false),
		ROW(".web01.example", "web01.example", false),
		ROW("web01..example", "web01..example", false),
		ROW("*.example", "web01.example", false),
		ROW("*", "web01.example", false),
		ROW("web*.example", "web01.example", false),
		ROW("*eb01.example", "web01.example", false),
		ROW("web01.*.example", "web01.a.example", false),
		ROW("*.*", "web01.example", false),
		ROW("*.example", "*.example", false),
		ROW("web01.example", "*.example", false),
		ROW("web01.example", "*", false),
		ROW("web01.example\0.evil", "web01.example", false),
		ROW("web01.example\0", "web01.example", false),
		ROW(" web01.example", "web01.example", false),
		ROW("web01.example\n", "web01.example", false),
		ROW("w\xc3\xa9"
		    "b01.example",
		    "web01.example", false),
		ROW("", "web01.example", false),
		ROW("", "", false),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (tls_name_is(table[i].have, table[i].want) != table[i].good)
			fail_msg("row %zu: %s", i, table[i].have.at);
}

static enum err
sign(void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	return tlskey_sign(arg, hash, sig, len, why);
}

/* A key with its certificate as PEM. */
static struct tlskey *
key_new(struct buf *pem)
{
	static const char *const names[] = { "server.example", NULL };
	struct tlskey *k;
	struct fault why;

	assert_int_equal(
	    tlskey_make(names, INT64_C(1800000000000000), &k, &why), ERR_OK);
	buf_init(pem, 1 << 16);
	assert_int_equal(tlskey_cert(k, pem, &why), ERR_OK);
	return k;
}

static void
rules_that_let_nobody_or_anybody_in_are_refused(void **state)
{
	static const char *const star[] = { "*.example" };
	struct buf pem;
	struct tlskey *k = key_new(&pem);
	struct tls_options o = {
		.cert_pem = buf_view(&pem),
		.sign = sign,
		.arg = k,
		.clients = TLS_CLIENTS_REQUIRE,
	};
	struct tls_server *t = NULL;
	struct fault why;

	(void)state;
	assert_int_equal(tls_server_new(&o, &t, &why), ERR_RANGE);
	assert_non_null(strstr(why.text, "neither authorities"));
	o.ca_pem = SPAN_LIT("not a certificate");
	assert_int_equal(tls_server_new(&o, &t, &why), ERR_RANGE);
	o.ca_pem = buf_view(&pem);
	o.name = star;
	o.n_names = 1;
	assert_int_equal(tls_server_new(&o, &t, &why), ERR_RANGE);
	assert_non_null(strstr(why.text, "*.example"));
	o.n_names = 0;
	o.cert_pem = SPAN_LIT("nothing");
	assert_int_equal(tls_server_new(&o, &t, &why), ERR_RANGE);
	assert_null(t);
	tlskey_free(k);
	buf_clear(&pem);
}

/* The other end: a plain GnuTLS client without a certificate. */
static void *
client(void *arg)
{
	const int fd = *(const int *)arg;
	gnutls_session_t s;
	gnutls_certificate_credentials_t cred;
	char back[8] = { 0 };

	(void)gnutls_certificate_allocate_credentials(&cred);
	(void)gnutls_init(&s, GNUTLS_CLIENT);
	(void)gnutls_set_default_priority(s);
	(void)gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(s, fd);
	if (gnutls_handshake(s) == 0 && gnutls_record_send(s, "hello", 5) == 5)
		(void)gnutls_record_recv(s, back, sizeof back - 1);
	(void)gnutls_bye(s, GNUTLS_SHUT_RDWR);
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(cred);
	return strcmp(back, "world") == 0 ? arg : NULL;
}

static void
bytes_go_both_ways_with_the_key_elsewhere(void **state)
{
	struct buf pem;
	struct tlskey *k = key_new(&pem);
	const struct tls_options o = {
		.cert_pem = buf_view(&pem), .sign = sign, .arg = k
	};
	struct tls_server *t;
	struct tls_conn *c;
	struct fault why;
	enum tls_io io;
	char to[64];
	size_t n = 0;
	void *good;
	pthread_t other;
	int pair[2];

	(void)state;
	assert_int_equal(tls_server_new(&o, &t, &why), ERR_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(pthread_create(&other, NULL, client, &pair[1]), 0);
	assert_non_null(c = tls_conn_new(t, pair[0]));
	while ((io = tls_hello(c, &why)) == TLS_WAIT_READ)
		;
	assert_int_equal(io, TLS_OK);
	assert_int_equal(tls_peer(c).len, 0);
	while ((io = tls_read(c, to, sizeof to, &n, &why)) == TLS_WAIT_READ)
		;
	assert_int_equal(io, TLS_OK);
	assert_true(span_is(span_of(to, n), "hello"));
	assert_int_equal(tls_write(c, SPAN_LIT("world"), &n, &why), TLS_OK);
	assert_int_equal(n, 5);
	while ((io = tls_read(c, to, sizeof to, &n, &why)) == TLS_WAIT_READ)
		;
	assert_int_equal(io, TLS_END);
	tls_conn_bye(c);
	assert_int_equal(pthread_join(other, &good), 0);
	assert_non_null(good);
	tls_conn_free(c);
	tls_server_free(t);
	tlskey_free(k);
	buf_clear(&pem);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_listed_one_or_it_is_not),
		cmocka_unit_test(
		    rules_that_let_nobody_or_anybody_in_are_refused),
		cmocka_unit_test(bytes_go_both_ways_with_the_key_elsewhere),
	};

	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
