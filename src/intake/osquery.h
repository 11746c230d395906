/*
 * intake/osquery.h: osquery's TLS logger: enrolling and logs.
 *
 * A record is one element of "data", with the bytes as received: a row of a
 * differential query, a snapshot, or a status line.
 *
 * Source: osquery.readthedocs.io 5.15, "Remote API", "Logging".
 */
#ifndef INTAKE_OSQUERY_H
#define INTAKE_OSQUERY_H

#include "intake/httpfeed.h"

/* What a request says of itself; escapes taken out into the arena. */
struct osquery_head {
	struct span secret; /* enroll_secret */
	struct span host; /* host_identifier */
	struct span key; /* node_key */
};

/* osquery_head: of an enroll, config or log request. ERR_SYNTAX: not one. */
MUST_CHECK enum err osquery_head(struct arena *a, struct span body,
    struct osquery_head *h, struct fault *why);

/*
 * osquery_log: give every element of a log request.
 *   refused  [out] elements that are no objects
 * Fails  ERR_SYNTAX: not a log request; nothing was given.
 */
MUST_CHECK enum err osquery_log(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why);

#endif
