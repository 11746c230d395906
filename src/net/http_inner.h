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
	PHASE_WAIT, /* the owner makes up its mind */
	PHASE_BETWEEN /* waiting for another request, or for its head */
};

struct connection {
	struct connection *next, *prev;
	int fd;
	enum phase phase;
	time_t until; /* CLOCK_MONOTONIC seconds */
	bool asked; /* for its certificate */
	char peer[65]; /* SHA-256 of that in hex; "" */
};

/* One request being received and answered. */
struct http_hold {
	struct http *h;
	struct MHD_Connection *mc;
	char *uri; /* path, NUL, query */
	const char *query;
	bool started, refused;
	bool busy; /* no room for its body */
	bool stream, skip; /* pieces go to the owner; the rest does not */
	bool waits; /* libmicrohttpd has suspended it */
	bool late; /* the answer comes by http_reply */
	bool ready; /* …and is there */
	size_t body_max;
	struct buf body;
	void *own;
	struct http_reply reply;
	struct http_hold *next, *prev; /* of those that wait */
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
	struct loop_timer turn, look; /* in a loop */
	int loop_fd; /* libmicrohttpd's, in the loop; -1 */
	struct http_hold *waiting;
	size_t bodies; /* bytes of bodies being received */
};

/* What the headers of one request add up to. */
struct head_check {
	bool bad;
	unsigned hosts, lengths, codings, singles[7];
	bool chunked;
	uint64_t length;
};

/* http_head_check: the status that refuses this head, or 0; *k is filled. */
unsigned http_head_check(
    struct MHD_Connection *mc, const char *version, struct head_check *k);

/* http_clock_look: cut the connections whose time is up; the lock is held. */
void http_clock_look(struct http *h);
/* http_loop_start: turn libmicrohttpd in the owner's loop; http_loop_stop: no
 * more, and everybody who waits is sent away. */
MUST_CHECK enum err http_loop_start(struct http *h, struct fault *why);
void http_loop_stop(struct http *h);
/* http_suspend: put a request among those that wait. */
void http_suspend(struct http_hold *g);
/* http_hold_forget: a request is over. */
void http_hold_forget(struct http_hold *g);
/* http_tls_peer: the fingerprint of the certificate a client showed, or "". */
const char *http_tls_peer(struct MHD_Connection *mc, struct connection *c);

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
