/*
 * pack/json.h: the door to JSON (RFC 8259), read strictly and written in one
 * canonical form. Other rooms use jansson's json_t through this header.
 */
#ifndef PACK_JSON_H
#define PACK_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "base/fault.h"

#define JSON_DEPTH_MAX 64

/*
 * json_read: parse all of s: one value, UTF-8, depth <= JSON_DEPTH_MAX, no
 * duplicate keys, integers within int64, no NUL in text. *out is handed over (json_decref).
 * Fails  ERR_SYNTAX "line 3, column 7: ..."; ERR_LIMIT; ERR_MEMORY.
 */
MUST_CHECK enum err json_read(struct span s, json_t **out, struct fault *why);

/*
 * json_canonical: append v with keys sorted by bytes, no white space, and
 * integers only in their shortest form (RFC 8785 for values without
 * fractions; entry bodies hold none). This is what entries hash. Keys that
 * differ beyond U+FFFF sort by bytes, which is by code point. A value deeper
 * than JSON_DEPTH_MAX notes ERR_LIMIT in b.
 */
void json_canonical(struct buf *b, const json_t *v);
/* json_pretty: two-space indent, for people. */
void json_pretty(struct buf *b, const json_t *v);

/* Getters that answer a default when the key is missing or of another type;
 * `o` may be NULL. Text is borrowed from o. */
const char *json_get_text(const json_t *o, const char *key, const char *or_);
int64_t json_get_int(const json_t *o, const char *key, int64_t or_);
bool json_get_bool(const json_t *o, const char *key, bool or_);

/* json_put_text: set key to s scrubbed to valid UTF-8 (a NUL is malformed
 * too); json_put_str: the same of a NUL-ended string, NULL giving null.
 * json_put_int: an integer. json_put_time: an instant as when_print writes it
 * (RFC 3339, Taipei); 0 and WHEN_NEVER give null. A failure for want of
 * memory leaves the key out. */
void json_put_text(json_t *o, const char *key, struct span s);
void json_put_str(json_t *o, const char *key, const char *s);
void json_put_int(json_t *o, const char *key, int64_t v);
void json_put_time(json_t *o, const char *key, int64_t us);

#endif
