/*
 * net/tls.h: TLS for the connections of log senders.
 *
 * TLS 1.2 and 1.3 over non-blocking sockets, the key elsewhere
 * (net/tlsfar.h). A sender may have to show a certificate. It is accepted
 * when its SHA-256 fingerprint is listed, or when the listed authorities
 * vouch for it and, if names are listed, one of its names is exactly one of
 * them. A certificate that is shown and not accepted ends the handshake,
 * also where none is required.
 *
 * Names are compared whole, ASCII case aside; no wildcard means anything, on
 * either side (CVE-2024-47619). A certificate's names are its DNS names;
 * only where it has none, its one common name.
 *
 * Source: RFC 5425; RFC 6125 section 6.4.4; RFC 8446, RFC 5246.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/fault.h"
#include "base/span.h"

#include <stdbool.h>

#define TLS_FINGERPRINT_LEN 32
#define TLS_NAME_MAX 253 /* bytes of a name in a certificate */
#define TLS_PEER_MAX 256 /* room for one, NUL included */

struct tls_server;
struct tls_conn;

enum tls_clients { TLS_CLIENTS_NONE, TLS_CLIENTS_ASK, TLS_CLIENTS_REQUIRE };

/* As tlskey_sign and tlsfar_log_fn (net/tlsfar.h). */
typedef enum err tls_sign_fn(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why);
typedef void tls_log_fn(void *arg, const char *line);

struct tls_options {
	struct span cert_pem; /* borrowed: our own chain */
	tls_sign_fn *sign;
	tls_log_fn *log;
	void *arg; /* for both */
	enum tls_clients clients;
	struct span ca_pem; /* borrowed; empty: no authority */
	const char *const *name; /* borrowed; n_names 0: any name */
	size_t n_names;
	const uint8_t (*fingerprint)[TLS_FINGERPRINT_LEN]; /* borrowed */
	size_t n_fingerprints;
};

/*
 * tls_server_new: everything is copied.
 *   out   [out] handed over: tls_server_free, after its connections
 * Fails   ERR_RANGE: a certificate unusable, a name that is none, clients
 *         are asked for a certificate and nothing could accept one;
 *         ERR_MEMORY.
 */
MUST_CHECK enum err tls_server_new(
    const struct tls_options *o, struct tls_server **out, struct fault *why);
void tls_server_free(struct tls_server *t);

/* How a step ended. */
enum tls_io {
	TLS_OK,
	TLS_WAIT_READ, /* go on when the socket is readable */
	TLS_WAIT_WRITE, /* … writable */
	TLS_END, /* the peer ended it in good order */
	TLS_BROKEN, /* it failed; the line says why */
};

/* tls_conn_new: over a connected non-blocking socket, which stays the
 * caller's. NULL: no memory. */
struct tls_conn *tls_conn_new(struct tls_server *t, int fd);
/* tls_conn_free: NULL is fine. tls_conn_bye: say that nothing more comes. */
void tls_conn_free(struct tls_conn *c);
void tls_conn_bye(struct tls_conn *c);

/* tls_hello: one step of the handshake; TLS_OK: it is done. */
enum tls_io tls_hello(struct tls_conn *c, struct fault *why);
/* tls_read: at most max bytes; TLS_OK: *n > 0 of them. */
enum tls_io tls_read(
    struct tls_conn *c, void *to, size_t max, size_t *n, struct fault *why);
/* tls_write: TLS_OK: *n bytes were taken. After TLS_WAIT_WRITE the same bytes
 * must be offered again, with more after them or not. */
enum tls_io tls_write(
    struct tls_conn *c, struct span bytes, size_t *n, struct fault *why);

/* tls_peer: after tls_hello: the name of the accepted certificate (one of the
 * listed names; else its first name; else its fingerprint); empty when none
 * was shown. */
struct span tls_peer(const struct tls_conn *c);

/* tls_name_is: `have` is the wanted name; both must be names. tls_is_name:
 * letters, digits and -._@ only, no empty label: no wildcard, no NUL. */
bool tls_name_is(struct span have, struct span want);
bool tls_is_name(struct span s);

#endif
