/*
 * vault/query.h: the language of searches.
 *
 *   failed root           both words (ASCII without case; whole words)
 *   "session opened"      the phrase         登入 失敗    Chinese: substrings
 *   fail*  *.example      with any bytes for the star
 *   user:root  host:web*  a field, by long or short name; also host app proc
 *                         msgid sender category class severity facility via
 *                         parse source message raw
 *   user:*  -user:*       the field is there; is not
 *   port:1..1024          a range; severity<=3, status>=500, dport=22
 *   src:10.0.0.0/8        a network (src dst sender)
 *   time:-2h              received in the last two hours; time:2026-11-22,
 *                         time:115/11/21..115/11/22, time<2026-11-22T10:00;
 *                         event: likewise, the record's own time
 *   /fail(ed|ure)/i       a regular expression (PCRE2); user:/^adm/
 *   a AND b, a OR b, NOT a, -a, ( )      AND binds closer than OR
 *
 * `port` means sport or dport. A word is looked for in the raw bytes, the
 * sender, the host and every extracted field. The empty query matches all.
 */
#ifndef VAULT_QUERY_H
#define VAULT_QUERY_H

#include "base/event.h"

#define QUERY_TEXT_MAX 4096 /* bytes */
#define QUERY_WORD_MAX 256 /* bytes of one word or phrase */
#define QUERY_NODES_MAX 256U
#define QUERY_DEPTH_MAX 32U

enum query_found {
	QUERY_NO = 0,
	QUERY_MAYBE = 1, /* a regular expression met its limit */
	QUERY_YES = 2,
};

struct query;

/*
 * query_parse: compile. Handed over (query_free).
 * Fails   ERR_SYNTAX "at 5: unknown field \"foo\" …" (bytes from 1);
 *         ERR_LIMIT; ERR_MEMORY.
 */
MUST_CHECK enum err query_parse(
    struct span text, struct query **out, struct fault *why);
/* query_parse_at: the same; "-2h" is counted from now_us. query_parse counts
 * from this moment. */
MUST_CHECK enum err query_parse_at(
    struct span text, int64_t now_us, struct query **out, struct fault *why);
void query_free(struct query *q);

/*
 * query_time: a time as searches have it: a day, "2026-11-22T10:00" with or
 * without seconds and zone, "-2h" (s m h d w), "now".
 *
 *   from_us, until_us  [out] what it spans; from -2h on it goes to INT64_MAX
 *
 * Fails   ERR_SYNTAX.
 */
MUST_CHECK enum err query_time(struct span s, int64_t now_us, int64_t *from_us,
    int64_t *until_us, struct fault *why);

/* query_span: narrow since <= t < until to what the query itself asks of the
 * received time. */
void query_span(const struct query *q, int64_t *since_us, int64_t *until_us);

/* What of a record has to be known; sender, source, category and received
 * time always are. */
struct query_need {
	bool raw; /* raw bytes and message */
	bool texts; /* host, app, … severity */
	uint64_t fields; /* bit f: field f */
};
/* query_need: add to *need what comparing a record takes. */
void query_need(const struct query *q, struct query_need *need);

/*
 * A field by which records are counted: every one of the language but
 * message, raw and port. query_field: its number; QUERY_NO_FIELD: no such
 * field. query_field_value: what a record has there (at == NULL: nothing);
 * numbers are printed into `room`.
 */
#define QUERY_NO_FIELD 0xFFFFU
#define QUERY_FIELD_ROOM 24
unsigned query_field(struct span name);
void query_field_need(unsigned field, struct query_need *need);
struct span query_field_value(unsigned field, uint32_t source,
    const struct event *ev, char room[static QUERY_FIELD_ROOM]);

enum query_found query_match(
    const struct query *q, uint32_t source, const struct event *ev);
/* query_may: could a record of this source match? Only QUERY_NO is certain. */
enum query_found query_may(const struct query *q, uint32_t source,
    struct span sender, struct span host);

#endif
