/*
 * intake/httpjson.h: JSON read from left to right, once, without a tree.
 *
 * Batches of HTTP senders are megabytes of JSON of which few values are
 * wanted, so values are passed by and borrowed, never built. The grammar is
 * held strictly, depth is bounded, and like a cursor the reader remembers its
 * first failure and gives nothing after it.
 *
 * Source: RFC 8259.
 */
#ifndef INTAKE_HTTPJSON_H
#define INTAKE_HTTPJSON_H

#include "base/arena.h"
#include "base/buf.h"

#define HTTPJSON_DEPTH_MAX 64

struct httpjson {
	struct span s;
	size_t pos;
	unsigned depth;
	bool fresh; /* the object or list entered last has given nothing yet */
	bool bad;
};

enum httpjson_kind {
	HTTPJSON_NOTHING, /* the end, or no value */
	HTTPJSON_OBJECT,
	HTTPJSON_LIST,
	HTTPJSON_TEXT,
	HTTPJSON_LITERAL, /* a number, true, false, null */
};

/* A string as it stands between its quotes. */
struct httpjson_text {
	struct span raw;
	bool escaped; /* has a backslash */
};

struct httpjson httpjson_of(struct span s);
/* httpjson_kind: what the next value is, by its first byte. */
enum httpjson_kind httpjson_kind(struct httpjson *j);

/* httpjson_enter: go into the object ('{') or list ('[') that comes next.
 * httpjson_key: the next member's key; its value is next. False at the end,
 * which is passed over. httpjson_item: the same for a list. */
bool httpjson_enter(struct httpjson *j, uint8_t open);
bool httpjson_key(struct httpjson *j, struct httpjson_text *key);
bool httpjson_item(struct httpjson *j);

/* httpjson_text, httpjson_literal: the next value, which must be one.
 * httpjson_skip: any value; *s (may be NULL) is the bytes of it. */
bool httpjson_text(struct httpjson *j, struct httpjson_text *t);
bool httpjson_literal(struct httpjson *j, struct span *s);
bool httpjson_skip(struct httpjson *j, struct span *s);
/* httpjson_scalar: a text or a literal; null and others give at == NULL, and
 * are passed over. */
struct httpjson_text httpjson_scalar(struct httpjson *j);

/* httpjson_done: nothing is left but white space, and nothing failed. */
bool httpjson_done(struct httpjson *j);

/* httpjson_plain: the text without its escapes, from the arena when it has
 * some; at == NULL when that could not be had. A surrogate without its other
 * half and a NUL become U+FFFD. */
struct span httpjson_plain(struct arena *a, const struct httpjson_text *t);
/* httpjson_is: the key is this one (keys with escapes never are). */
bool httpjson_is(const struct httpjson_text *key, const char *name);
/* httpjson_quote: append s as a JSON string, scrubbed to UTF-8. */
void httpjson_quote(struct buf *b, struct span s);

#endif
