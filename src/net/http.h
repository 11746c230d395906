/*
 * net/http.h: an HTTPS server over an already listening socket.
 *
 * HTTP/1.1 only, by libmicrohttpd over GnuTLS, TLS 1.2 or later, a pool of
 * threads. It opens no file and no socket, so it can be started inside a
 * fence. Requests that are ambiguous (repeated or conflicting lengths, both
 * length and chunked, folded or malformed header names, no host) are
 * refused and their connection is closed. A connection that has not sent its
 * whole head in time is cut, however busily it drips.
 *
 * Source: RFC 9110, RFC 9112; RELIABILITY F5 and F6.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/buf.h"
#include "base/fault.h"
#include "net/loop.h"

struct http;

/* The methods that reach a handler; any other is answered 405 here. */
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE };

/* One request. All borrowed, valid during the call; in a loop all but address
 * until the request is over. Text that was not sent is "". path and query are as sent: still percent-encoded. */
struct http_request {
	enum http_method method;
	const char *path; /* from '/', without the query */
	const char *query; /* without the '?' */
	const char *host, *cookie, *authorization, *accept_language;
	const char *content_type, *origin, *fetch_site, *form_token;
	const char *if_none_match;
	const char *content_encoding, *idempotency_key;
	const char *address; /* the peer's, no port */
	const char *peer; /* SHA-256 of its certificate, lower-case hex; "" */
	struct span body;
	void **own; /* the owner's, of this request; NULL at first */
	struct http_hold *hold; /* for http_wait; NULL: a server of threads */
};

#define HTTP_HEADERS_MAX 24

/* The answer; made empty by the server, filled by the handler. */
struct http_reply {
	int status; /* 200 unless set */
	const char
	    *type; /* static text; "text/html; charset=utf-8" unless set */
	struct buf body;
	unsigned n_headers;
	struct {
		const char *name; /* static text */
		char *value; /* freed by the server */
	} header[HTTP_HEADERS_MAX];
};

/* http_header: add a header. Bytes below 0x20 and 0x7f in value refuse it
 * (ERR_RANGE), so that no value can start another header. */
MUST_CHECK enum err http_header(
    struct http_reply *r, const char *name, const char *value);
/* http_reply_init, http_reply_clear: for callers that hold a reply of their
 * own (tests, fuzzers). max: greatest body. */
void http_reply_init(struct http_reply *r, size_t max);
void http_reply_clear(struct http_reply *r);

/* Called from several threads at once; must answer every request. */
typedef void http_fn(
    void *arg, const struct http_request *q, struct http_reply *r);
/* How long a body may be for this head (body is still empty); at most
 * HTTP_BODY_MAX counts. */
typedef size_t http_body_fn(void *arg, const struct http_request *q);
/* Sign a SHA-256 digest with the TLS key (net/tlskey.h: tlskey_sign). */
typedef enum err http_sign_fn(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why);
/* One line about a connection that failed; may be NULL. */
typedef void http_log_fn(void *arg, const char *line);

/*
 * A server in a loop (options.loop) can wait without blocking:
 *
 *   body_max may return HTTP_STREAM: the body is not gathered, each piece goes
 *   to `piece` as it comes, and `answer` is called at its end.
 *
 *   piece returns HTTP_WAIT: nothing more is read until http_go. HTTP_SKIP:
 *   the rest is passed over, and answer is called at its end.
 *
 *   answer may call http_wait(q->hold): nothing is sent until http_reply.
 *
 *   over is called once for each request that left *own non-NULL, when it is
 *   over, well or not: nothing may be called for its hold after that.
 */
struct http_hold;
#define HTTP_STREAM SIZE_MAX
enum http_next { HTTP_ON, HTTP_WAIT, HTTP_SKIP };
typedef enum http_next http_piece_fn(
    void *arg, const struct http_request *q, struct span piece);
typedef void http_over_fn(void *arg, void *own);
void http_wait(struct http_hold *g);
/* http_go: read on. http_reply: send r (its body and headers are taken). */
void http_go(struct http_hold *g);
void http_reply(struct http_hold *g, struct http_reply *r);

#define HTTP_BODY_MAX ((size_t)10 << 20)
#define HTTP_REPLY_MAX ((size_t)32 << 20)

struct http_options {
	int listen_fd; /* given: closed by http_close */
	struct span cert_pem; /* borrowed; empty: plain HTTP, for tests only */
	http_sign_fn *sign; /* needed with cert_pem */
	http_fn *answer;
	http_body_fn *body_max;
	http_log_fn *log;
	void *arg; /* for all of them */
	struct loop *loop; /* NULL: threads; else all runs in this loop */
	http_piece_fn *piece; /* in a loop; may be NULL, as the next */
	http_over_fn *over;
	size_t body_most; /* greatest body; 0: HTTP_BODY_MAX */
	size_t bodies_most; /* of all being received; more is answered 429; in a
			       loop only; 0: no bound */
	bool ask_peer; /* ask clients for a certificate; none is needed, and
			  any is taken: its owner has proved to have the key */
	unsigned threads; /* 0: 4 */
	unsigned connections; /* 0: 2,000 in all */
	unsigned per_address; /* 0: 200 */
	unsigned head_s; /* 0: 10 s for a whole head */
	unsigned body_s; /* 0: 60 s for a whole body */
	unsigned idle_s; /* 0: 30 s without a byte */
};

/*
 * http_open: start serving. Everything is loaded before it returns; its
 * threads are running then.
 * Fails   ERR_RANGE: certificate unusable; ERR_MEMORY; ERR_IO.
 */
MUST_CHECK enum err http_open(
    const struct http_options *o, struct http **out, struct fault *why);
/* http_close: stop, end connections, wait for the threads. */
void http_close(struct http *h);

#endif
