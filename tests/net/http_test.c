/*
 * tests/net/http_test.c: requests over a real socket, honest and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "net/http.h"
#include "net/tlskey.h"

static uint16_t port;
static struct http *server;
static struct tlskey *key;
static unsigned signatures;

/* Says back what it heard. */
static void
echo(void *arg, const struct http_request *q, struct http_reply *r)
{
	(void)arg;
	r->type = "text/plain";
	buf_printf(&r->body, "%d|%s|%s|%s|%s|%zu|", (int)q->method, q->path,
	    q->query, q->cookie, q->address, q->body.len);
	buf_span(&r->body, span_slice(q->body, 0, 64));
}

static size_t
body_max(void *arg, const struct http_request *q)
{
	(void)arg;
	return strcmp(q->path, "/big") == 0 ? HTTP_BODY_MAX : 1000;
}

static enum err
sign(void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	signatures++;
	return tlskey_sign(arg, hash, sig, len, why);
}

/* Listen on a free loopback port. */
static int
listening(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;

	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
	return fd;
}

static void
serve(bool tls)
{
	static const char *const names[] = { "localhost", "127.0.0.1", NULL };
	struct http_options o = { .listen_fd = listening(),
		.answer = echo,
		.body_max = body_max,
		.head_s = 1,
		.idle_s = 2,
		.body_s = 2 };
	struct fault why = { 0 };
	struct buf pem;

	buf_init(&pem, 1 << 16);
	if (tls) {
		assert_int_equal(tlskey_make(names,
				     (int64_t)time(NULL) * 1000000, &key, &why),
		    ERR_OK);
		assert_int_equal(tlskey_cert(key, &pem, &why), ERR_OK);
		o.cert_pem = buf_view(&pem);
		o.sign = sign;
		o.arg = key;
	}
	if (http_open(&o, &server, &why) != ERR_OK)
		fail_msg("%s", why.text);
	buf_clear(&pem);
}

static int
start_plain(void **state)
{
	(void)state;
	serve(false);
	return 0;
}

static int
start_tls(void **state)
{
	(void)state;
	serve(true);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	http_close(server);
	server = NULL;
	tlskey_free(key);
	key = NULL;
	return 0;
}

/* A connected socket that gives up reading after 5 s. */
static int
dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { .tv_sec = 5 };

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	return fd;
}

/* Send bytes, read until the end or until 3 s pass; static memory. */
static const char *
talk(const char *bytes)
{
	static char got[8192];
	int fd = dial();
	size_t n = 0;
	ssize_t k;

	(void)send(fd, bytes, strlen(bytes), MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	while (n + 1 < sizeof got &&
	    (k = recv(fd, got + n, sizeof got - 1 - n, 0)) > 0)
		n += (size_t)k;
	got[n] = '\0';
	(void)close(fd);
	return got;
}

/* The status of the first reply; 0 when there was none. */
static int
status_of(const char *reply)
{
	return strncmp(reply, "HTTP/1.1 ", 9) == 0
	    ? (int)strtol(reply + 9, NULL, 10)
	    : 0;
}

#define HOST "Host: a\r\n"

/* Path and query come as sent, escapes untouched; the address is the peer's. */
static void
a_request_arrives_as_it_was_sent(void **state)
{
	const char *got = talk("GET /a%2Fb?q=%41+c HTTP/1.1\r\n" HOST
			       "Cookie: x=1\r\nConnection: close\r\n\r\n");

	(void)state;
	assert_int_equal(status_of(got), 200);
	assert_non_null(strstr(got, "0|/a%2Fb|q=%41+c|x=1|127.0.0.1|0|"));
	got = talk("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
		   "Connection: close\r\n\r\nhello");
	assert_non_null(strstr(got, "2|/x|||127.0.0.1|5|hello"));
	got = talk("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
		   "Connection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	assert_non_null(strstr(got, "|5|hello"));
}

/* A request whose bounds two readers could see differently is refused, and
 * what follows it on the connection is never taken for a request. */
static void
an_ambiguous_request_is_refused(void **state)
{
	static const char *const bad[] = {
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
		"Content-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
		"Content-Length: 6\r\n\r\nhello",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: gzip, chunked\r\n"
		"\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"
		"0\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST HOST "\r\n",
		"GET / HTTP/1.1\r\n" HOST "Bad Name: x\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Cookie: a=1\r\nCookie: b=1\r\n\r\n",
		"GET http://a/ HTTP/1.1\r\n" HOST "\r\n",
		"GET * HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.0\r\n" HOST "\r\n",
		"GET / HTTP/2.0\r\n" HOST "\r\n",
		"BREW / HTTP/1.1\r\n" HOST "\r\n",
		"\x16\x03\x01\x02\x00\x01",
	};
	char two[2048];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *got;

		(void)snprintf(two, sizeof two,
		    "%sGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", bad[i]);
		got = talk(two);
		if (status_of(got) == 200 || strstr(got, "/smuggled") != NULL)
			fail_msg("%zu was answered: %s", i, got);
	}
}

/* A body past what the path allows is refused before it is read. */
static void
a_body_too_long_is_refused(void **state)
{
	(void)state;
	assert_int_equal(status_of(talk("POST /x HTTP/1.1\r\n" HOST
					"Content-Length: 1001\r\n\r\n")),
	    413);
	assert_int_equal(status_of(talk("POST /big HTTP/1.1\r\n" HOST
					"Content-Length: 10485761\r\n\r\n")),
	    413);
	assert_int_equal(status_of(talk("GET /x HTTP/1.1\r\n" HOST
					"Content-Length: 1\r\n\r\nx")),
	    413);
}

/* A head without end does not grow without end. */
static void
a_head_too_long_is_refused(void **state)
{
	char *big = malloc(200000);
	size_t n;

	(void)state;
	assert_non_null(big);
	n = (size_t)snprintf(big, 200000, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(big + n, 'a', 199000 - n);
	big[199000] = '\0';
	assert_int_not_equal(status_of(talk(big)), 200);
	free(big);
}

/* One byte a second never ends a head, so the connection is cut. */
static void
a_dripping_head_is_cut(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaa";
	int fd = dial();
	bool cut = false;

	(void)state;
	for (size_t i = 0; i < sizeof head - 1 && !cut; i++) {
		char byte;
		struct timespec pause = { .tv_nsec = 250000000 };

		if (send(fd, head + i, 1, MSG_NOSIGNAL) != 1)
			cut = true;
		(void)nanosleep(&pause, NULL);
		if (recv(fd, &byte, 1, MSG_DONTWAIT) == 0)
			cut = true;
	}
	assert_true(cut);
	(void)close(fd);
}

/* No value of ours can start a header of its own. */
static void
a_header_cannot_be_split(void **state)
{
	struct http_reply r;

	(void)state;
	http_reply_init(&r, 100);
	assert_int_equal(
	    http_header(&r, "Location", "/a\r\nSet-Cookie: b"), ERR_RANGE);
	assert_int_equal(http_header(&r, "Location", "/a\n"), ERR_RANGE);
	assert_int_equal(http_header(&r, "Location", "/a"), ERR_OK);
	http_reply_clear(&r);
}

/* TLS 1.3 with a key that only the signer holds; and not below 1.2. */
static void
a_handshake_is_signed_elsewhere(void **state)
{
	gnutls_certificate_credentials_t cred;
	gnutls_session_t s;
	char got[512];
	ssize_t n;
	int fd = dial(), rc;

	(void)state;
	signatures = 0;
	assert_int_equal(gnutls_certificate_allocate_credentials(&cred), 0);
	assert_int_equal(gnutls_init(&s, GNUTLS_CLIENT), 0);
	(void)gnutls_set_default_priority(s);
	(void)gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(s, fd);
	do
		rc = gnutls_handshake(s);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	assert_int_equal(rc, 0);
	assert_int_equal(gnutls_protocol_get_version(s), GNUTLS_TLS1_3);
	assert_int_equal(signatures, 1);
	(void)gnutls_record_send(s, "GET /t HTTP/1.1\r\nHost: a\r\n\r\n", 28);
	n = gnutls_record_recv(s, got, sizeof got - 1);
	assert_true(n > 12);
	got[n] = '\0';
	assert_int_equal(status_of(got), 200);
	gnutls_deinit(s);
	(void)close(fd);

	fd = dial();
	assert_int_equal(gnutls_init(&s, GNUTLS_CLIENT), 0);
	(void)gnutls_priority_set_direct(
	    s, "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT", NULL);
	(void)gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(s, fd);
	do
		rc = gnutls_handshake(s);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	assert_int_not_equal(rc, 0);
	gnutls_deinit(s);
	(void)close(fd);
	gnutls_certificate_free_credentials(cred);
}

static int
group_setup(void **state)
{
	(void)state;
	return crypt_start(NULL) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test_setup_teardown(
		    a_request_arrives_as_it_was_sent, start_plain, stop),
		cmocka_unit_test_setup_teardown(
		    an_ambiguous_request_is_refused, start_plain, stop),
		cmocka_unit_test_setup_teardown(
		    a_body_too_long_is_refused, start_plain, stop),
		cmocka_unit_test_setup_teardown(
		    a_head_too_long_is_refused, start_plain, stop),
		cmocka_unit_test_setup_teardown(
		    a_dripping_head_is_cut, start_plain, stop),
		cmocka_unit_test(a_header_cannot_be_split),
		cmocka_unit_test_setup_teardown(
		    a_handshake_is_signed_elsewhere, start_tls, stop),
	};

	return cmocka_run_group_tests(test, group_setup, NULL);
}
