/*
 * web/multipart.h: multipart/form-data, split within bounds.
 *
 * Source: RFC 7578, RFC 2046 section 5.1.1, strictly: CRLF lines, the first
 * boundary at the very start, a final boundary at the end, one
 * Content-Disposition per part, no nesting, no transfer encodings. Nothing
 * is copied: parts point into the body. Every byte is hostile.
 */
#ifndef WEB_MULTIPART_H
#define WEB_MULTIPART_H

#include "base/fault.h"
#include "base/span.h"

#define MULTIPART_PARTS_MAX 32
#define MULTIPART_HEAD_MAX 2048
#define MULTIPART_NAME_MAX 128

struct multipart_part {
	struct span name; /* 1..MULTIPART_NAME_MAX bytes of UTF-8 */
	struct span filename; /* at == NULL: not a file. Never use as a path */
	struct span type; /* Content-Type or empty */
	struct span content;
};

struct multipart {
	unsigned n;
	struct multipart_part part[MULTIPART_PARTS_MAX];
};

/* multipart_is: the Content-Type header says multipart/form-data. */
bool multipart_is(const char *content_type);

/*
 * multipart_parse: split body by the boundary named in content_type.
 * Fails   ERR_SYNTAX: with the place, as "part 2: no name"; ERR_LIMIT. *m
 *         stays.
 */
MUST_CHECK enum err multipart_parse(const char *content_type, struct span body,
    struct multipart *m, struct fault *why);

/* multipart_find: the one part of that name; NULL if none or several. */
const struct multipart_part *multipart_find(
    const struct multipart *m, const char *name);

#endif
