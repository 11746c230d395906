/*
 * web/form.h: application/x-www-form-urlencoded, query strings and cookies.
 *
 * Source: WHATWG URL (urlencoded parsing), RFC 6265 section 4.2 for cookies.
 * Every byte is hostile. Names and values are decoded, well-formed UTF-8 and
 * without NUL; a form that breaks this is refused whole.
 */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

#define FORM_FIELDS_MAX 512
#define FORM_BYTES_MAX ((size_t)1 << 20)

struct form_field {
	const char *name, *value;
};

struct form {
	unsigned n;
	const struct form_field *field; /* in the order sent */
};

/*
 * form_parse: read "a=1&b=%E5%8C%97+x" into the arena.
 * Fails   ERR_SYNTAX: a bad escape, bytes that are not UTF-8, a NUL;
 *         ERR_LIMIT: too many fields or bytes; ERR_MEMORY. *f stays.
 */
MUST_CHECK enum err form_parse(
    struct arena *a, struct span s, struct form *f, struct fault *why);
/* form_get: the first value of that name, or or_. */
const char *form_get(const struct form *f, const char *name, const char *or_);
/* form_count: how many fields have that name. */
unsigned form_count(const struct form *f, const char *name);

/* form_escape: append s percent-encoded for a query or one path segment
 * (RFC 3986 unreserved bytes stay). */
void form_escape(struct buf *b, struct span s);
/* form_unescape: percent-decode into the arena (plus: '+' is a space); NULL
 * when the escape is bad, not UTF-8, or holds NUL. */
const char *form_unescape(struct arena *a, struct span s, bool plus);

/* form_cookie: the value of the cookie `name` in a Cookie header; the empty
 * span when it is absent or stands there twice. Borrowed from header. */
struct span form_cookie(const char *header, const char *name);

#endif
