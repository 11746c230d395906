/*
 * check/inner.h: what the files of this room share.
 */
#ifndef CHECK_INNER_H
#define CHECK_INNER_H

#include "check/check.h"

#define PATH_MAX_HASHES 64

/* no: writes the line into why (may be NULL) and answers false. */
bool no(struct check_why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* --- bytes (bytes.c) -------------------------------------------------------- */

/* Bytes read one after another. Past the end every read gives zeroes and
 * `bad` is set. */
struct reader {
	struct check_bytes all;
	size_t at;
	bool bad;
};

struct check_bytes bytes_of(const void *at, size_t len);
struct check_bytes bytes_part(struct check_bytes b, size_t from, size_t len);
bool bytes_are(struct check_bytes b, const char *text);
bool bytes_same(struct check_bytes a, struct check_bytes b);
struct check_bytes read_bytes(struct reader *r, size_t len);
uint64_t read_number(struct reader *r, unsigned len); /* big-endian */
bool read_done(const struct reader *r); /* all read, nothing bad */
/* read_line: up to, and past, the next `end`; false when it is not there. */
bool read_line(struct reader *r, char end, struct check_bytes *line);
/* decimal: digits without leading zero, at most INT64_MAX. */
bool decimal(struct check_bytes b, uint64_t *n);
/* rune: the length of the well-formed UTF-8 character that b begins with, 0
 * when there is none. */
size_t rune(struct check_bytes b, uint32_t *cp);

/* Memory for what is decoded: never more than was given at the start. */
struct pool {
	uint8_t *at;
	size_t len, used;
};
/* unbase64: padded, canonical; into the pool. False: not such text. */
bool unbase64(
    struct check_bytes text, struct pool *pool, struct check_bytes *out);

/* --- hashes and signatures (hash.c) ------------------------------------------- */

/* sha256 of up to 3 parts, one after another. False: no memory. */
bool sha256(
    const struct check_bytes *part, unsigned n, uint8_t out[CHECK_HASH]);
/* leaf_hash: RFC 9162: SHA-256(0x00 || data). */
bool leaf_hash(struct check_bytes data, uint8_t out[CHECK_HASH]);
bool ed25519(const uint8_t public[32], struct check_bytes message,
    struct check_bytes sig);

/* --- JSON (json.c) --------------------------------------------------------------- */

enum json_kind {
	JSON_OTHER, /* null, true, false, a number with a fraction */
	JSON_WHOLE,
	JSON_TEXT,
	JSON_LIST,
	JSON_MAP,
};

struct json {
	enum json_kind kind;
	struct check_bytes key; /* as a member */
	struct check_bytes text;
	int64_t number;
	uint32_t first, next; /* children of this; next brother; 0: none */
	uint32_t n; /* children */
};

struct json_doc {
	struct json *node; /* node[1] is the top; [0] stands for none */
	uint32_t n, cap;
	uint8_t *text; /* the bytes, decoded in place */
};

/* json_parse: one whole value, strictly; json_end ends it, also after
 * false. */
bool json_parse(
    struct json_doc *d, struct check_bytes json, struct check_why *why);
void json_end(struct json_doc *d);
/* json_member: NULL when `of` is no map or has none of that name. */
const struct json *json_member(
    const struct json_doc *d, const struct json *of, const char *name);
const struct json *json_child(
    const struct json_doc *d, const struct json *of, const struct json *after);

#endif
