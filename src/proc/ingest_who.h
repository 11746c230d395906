/*
 * proc/ingest_who.h: which HTTP senders are let in.
 *
 * The file named by the setting `ingest_tokens` has a sender a line:
 *
 *     NAME sha256:HEX        SHA-256 of its token
 *     NAME certificate:HEX   SHA-256 of its client certificate
 *     NAME from:ADDRESS/BITS whatever comes from there
 *
 * A token comes as bearer, as the password of basic authentication (the user
 * is NAME), as Elasticsearch's ApiKey (NAME:TOKEN), or as osquery's enroll
 * secret. Without a file only this machine itself is let in.
 */
#ifndef PROC_INGEST_WHO_H
#define PROC_INGEST_WHO_H

#include "base/buf.h"
#include "base/fault.h"

#define WHO_NAME_MAX 64
#define WHO_MAX 10000 /* lines of the file that name a sender */

struct who;

/* who_load: from a file; path "": none. *out is handed over (who_free).
 * Fails  ERR_SYNTAX "FILE:LINE: …"; ERR_IO; ERR_LIMIT; ERR_MEMORY. */
MUST_CHECK enum err who_load(
    const char *path, struct who **out, struct fault *why);
/* who_read: the same from a text. */
MUST_CHECK enum err who_read(
    struct span text, const char *file, struct who **out, struct fault *why);
void who_free(struct who *w);

/* who_is: the name of whom these belong to; NULL: nobody who is let in.
 * authorization and peer may be "". who_by_token: by its token alone. */
const char *who_is(const struct who *w, const char *authorization,
    const char *peer, const char *address);
const char *who_by_token(const struct who *w, struct span token);

/*
 * who_enroll: a node key for a host that showed its secret, appended to b; it
 * holds until the process ends, and the host then enrols anew by itself.
 * who_by_key: whose key it is; NULL: nobody's, or of an earlier process.
 */
void who_enroll(struct who *w, const char *name, struct buf *b);
const char *who_by_key(const struct who *w, struct span key);

#endif
