/*
 * net/http_inner.h: the HTTP server between http.c and http_tls.c. Nobody
 * else includes it.
 */
#ifndef NET_HTTP_INNER_H
#define NET_HTTP_INNER_H

#include "net/http.h"
#include "net/tlsfar.h"

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <pthread.h>
#include <time.h>

/* What a connection is doing, which says until when it may. */
enum phase {
	PHASE_HEAD, /* since it was accepted */
	PHASE_BODY, /* its head is whole */
	PHASE_SEND, /* our reply is under way */
	PHASE_BETWEEN /* waiting for another request, or for its head */
};

struct connection {
	struct connection *next, *prev;
	int fd;
	enum phase phase;
	time_t until; /* CLOCK_MONOTONIC seconds */
};

struct http {
	struct http_options o;
	struct MHD_Daemon *daemon;
	struct tlsfar *far; /* certificate and key */
	pthread_t cutter;
	bool cutting; /* the thread exists */
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t wake;
	bool ending;
	struct connection *first;
};

/* What the headers of one request add up to. */
struct head_check {
	bool bad;
	unsigned hosts, lengths, codings, singles[5];
	bool chunked;
	uint64_t length;
};

/* http_head_check: the status that refuses this head, or 0; *k is filled. */
unsigned http_head_check(
    struct MHD_Connection *mc, const char *version, struct head_check *k);

/* http_clock_start: begin to watch connections; http_clock_stop ends it. */
MUST_CHECK enum err http_clock_start(struct http *h, struct fault *why);
void http_clock_stop(struct http *h);
/* http_connection: our note beside libmicrohttpd's connection. */
struct connection *http_connection(struct MHD_Connection *mc);
/* http_phase: it enters a phase (NULL: nothing); its clock begins anew. */
void http_phase(struct http *h, struct connection *c, enum phase p);
/* http_connection_told: libmicrohttpd tells that one began or ended. */
void http_connection_told(void *arg, struct MHD_Connection *mc, void **ctx,
    enum MHD_ConnectionNotificationCode code);

/* http_say: hand a line to the owner. */
void http_say(const struct http *h, const char *line);

/*
 * http_tls_load: certificate chain and outside key of this server, from its
 * options; one HTTPS server a process. http_tls_unload: give them back.
 * Fails   ERR_RANGE: no signer, or a bad certificate; ERR_STATE: there is
 *         one already; ERR_MEMORY.
 */
MUST_CHECK enum err http_tls_load(struct http *h, struct fault *why);
void http_tls_unload(struct http *h);
/* http_tls_give: libmicrohttpd's certificate callback. */
int http_tls_give(gnutls_session_t s, const gnutls_datum_t *ca, int n_ca,
    const gnutls_pk_algorithm_t *algo, int n_algo, gnutls_pcert_st **pcert,
    unsigned *n_pcert, gnutls_privkey_t *key);

#endif
