/*
 * web/web.h: the web face: pages and API over HTTPS, for one process.
 *
 * The room draws; it knows no database and no key. What it shows it asks for
 * through struct web_backend, each time with the session's token, so that
 * rights are decided elsewhere and a flaw here shows no more than the
 * session may see. The shapes of answers are in doc/api.md.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/buf.h"
#include "base/fault.h"
#include "net/http.h"

#define WEB_TOKEN_MAX 128 /* bytes of a session token */
#define WEB_ANSWER_MAX ((size_t)24 << 20) /* bytes of one answer */

/* Who asks: the session's token (empty: nobody) and the peer's address. */
struct web_caller {
	struct span token;
	const char *address;
};

/* An answer; web makes the buffer, the backend appends JSON. */
struct web_answer {
	int status; /* HTTP: 200, 201, 400, 401, 403, 404, 409, 413, 429, 503 */
	struct buf body;
};

enum web_sign_in {
	WEB_SIGNED_IN, /* token is good for everything */
	WEB_MUST_CHANGE, /* token is good for a password change alone */
	WEB_REFUSED, /* unknown, wrong, locked or disabled: not told apart */
	WEB_THROTTLED /* come back after retry_s */
};

struct web_signed {
	enum web_sign_in how;
	char token[WEB_TOKEN_MAX + 1]; /* characters of base64url or hex */
	unsigned retry_s;
};

/*
 * What the process gives the face. Every function answers synchronously, may
 * be called from several threads at once, and returns ERR_OK when it could
 * ask; anything else (with a line) becomes 503 for the person, and the line
 * goes to log. Pointers are borrowed during the call.
 */
struct web_backend {
	void *arg;
	/* path below /api/v1 as in "/clauses/12.1", percent-decoded nowhere;
	 * query without '?'. */
	enum err (*read)(void *arg, const struct web_caller *who,
	    const char *path, const char *query, struct web_answer *a,
	    struct fault *why);
	/* method PUT, POST or DELETE; type "application/json" or "text/csv". */
	enum err (*write)(void *arg, const struct web_caller *who,
	    const char *method, const char *path, const char *query,
	    const char *type, struct span body, struct web_answer *a,
	    struct fault *why);
	enum err (*sign_in)(void *arg, struct span name, struct span password,
	    const char *address, struct web_signed *s, struct fault *why);
	enum err (*sign_out)(
	    void *arg, const struct web_caller *who, struct fault *why);
	/* status 200 with {"token"}, the session's new token (absent: the old
	 * one goes on), or 400 with an error (doc/api.md). */
	enum err (*password)(void *arg, const struct web_caller *who,
	    struct span old_, struct span new_, struct web_answer *a,
	    struct fault *why);
	/* The time, for cookies and dates shown; UTC microseconds. */
	int64_t (*now_us)(void *arg);
	void (*log)(void *arg, const char *line);
};

struct web;

/*
 * web_new: compile templates and messages; no thread, no socket yet. Call
 * crypt_start first.
 * Fails   ERR_SYNTAX: a template or table is wrong (a fault of the build);
 *         ERR_MEMORY.
 */
MUST_CHECK enum err web_new(
    const struct web_backend *b, struct web **out, struct fault *why);
void web_free(struct web *w);

/* web_answer_request: an http_fn: answer one request; arg is the struct web.
 * web_body_max: the http_body_fn beside it. */
void web_answer_request(
    void *arg, const struct http_request *q, struct http_reply *r);
size_t web_body_max(void *arg, const struct http_request *q);

/*
 * web_serve: start serving on a listening descriptor (given). cert_pem empty
 * means plain HTTP on loopback for tests; cookies then lack __Host- and
 * Secure. *out is handed over: http_close, before web_free.
 * sign   called with sign_arg for each handshake
 */
MUST_CHECK enum err web_serve(struct web *w, int listen_fd,
    struct span cert_pem, http_sign_fn *sign, void *sign_arg, struct http **out,
    struct fault *why);

#endif
