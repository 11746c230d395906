/*
 * net/fetch.h: asking another Beimen over HTTPS.
 *
 * One connection, kept open between asks. The other side's certificate is
 * checked against a file of certificates (its own, when it made it itself) or
 * the system's; names are checked. Redirects are not followed, bodies are
 * bounded, nothing waits for ever.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include "base/buf.h"
#include "base/fault.h"

struct fetch;

struct fetch_options {
	const char *base; /* "https://host:8443", no slash at the end */
	const char *bearer; /* the key we ask with; NULL: none */
	const char *ca; /* file of trusted certificates, PEM; NULL: system */
	unsigned connect_s, total_s; /* 0: 10 and 120 */
};

/* fetch_new: texts are copied. Fails ERR_RANGE: not an https address;
 * ERR_MEMORY. */
MUST_CHECK enum err fetch_new(
    const struct fetch_options *o, struct fetch **out, struct fault *why);
void fetch_free(struct fetch *f);

/*
 * fetch_get, fetch_post: one ask for a path below the base.
 *
 *   body     what is sent; JSON
 *   answer   [out] replaced; at most its own maximum
 *   status   [out] the HTTP status, whatever it is
 *
 * Fails   ERR_IO: no answer (name, connection, certificate, time); ERR_LIMIT:
 *         the answer is longer than its buffer may be.
 */
MUST_CHECK enum err fetch_get(struct fetch *f, const char *path,
    struct buf *answer, long *status, struct fault *why);
MUST_CHECK enum err fetch_post(struct fetch *f, const char *path,
    struct span body, struct buf *answer, long *status, struct fault *why);

#endif
