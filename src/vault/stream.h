/*
 * vault/stream.h: names of streams and of records.
 *
 * A stream is agency x class x keep period: "main.audit-60". A record is
 * "main.audit-60.1042". Agency keys may hold dots and dashes, so names are
 * read from their right end.
 */
#ifndef VAULT_STREAM_H
#define VAULT_STREAM_H

#include "base/event.h"

#define STREAM_AGENCY_MAX 40 /* bytes */
#define STREAM_NAME_MAX 64 /* bytes, NUL included */
#define STREAM_KEEP_MAX 36500U /* days */

struct stream_name {
	char agency[STREAM_AGENCY_MAX + 1];
	enum event_class class;
	unsigned keep_days; /* 1 .. STREAM_KEEP_MAX */
};

struct record_name {
	char stream[STREAM_NAME_MAX];
	uint64_t seq; /* from 1 */
};

/* stream_print: the name as text. n's fields must be within their bounds. */
void stream_print(const struct stream_name *n, char to[static STREAM_NAME_MAX]);
/* stream_parse, record_parse: the reverse. ERR_SYNTAX; the result stays. */
MUST_CHECK enum err stream_parse(
    struct span s, struct stream_name *n, struct fault *why);
MUST_CHECK enum err record_parse(
    struct span s, struct record_name *r, struct fault *why);
/* record_print: append "stream.seq". */
void record_print(struct buf *b, const char *stream, uint64_t seq);

#endif
