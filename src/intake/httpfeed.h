/*
 * intake/httpfeed.h: what the bodies of HTTP senders become: events.
 *
 * Each format (bulk, loki, otlp, osquery, journal, plain lines) reads its
 * body and gives one event a record through a feed; how it travels on from
 * there is the process's business. No sockets, no clock, no process.
 */
#ifndef INTAKE_HTTPFEED_H
#define INTAKE_HTTPFEED_H

#include "base/event.h"
#include "intake/counts.h"
#include "intake/normalize.h"

/*
 * One event, borrowed for the call. `id` is what the sender calls this record
 * (a document's _id, a journal cursor), made unlike that of any other record:
 * the same id again is the same record sent again. Empty: it has none.
 */
typedef void httpfeed_fn(void *arg, const struct event *ev, struct span id);

struct httpfeed {
	const struct normalizer *rules; /* NULL: no category is set */
	struct counts *counts;
	struct arena *arena; /* of one record; emptied after each */
	int64_t received_us;
	struct span sender; /* the peer's address */
	httpfeed_fn *fn;
	void *arg;
	uint64_t given, bytes; /* records and their raw bytes so far */
};

/* What one record may take while it is understood. */
#define HTTPFEED_ARENA ((size_t)4 << 20)

/* httpfeed_begin: an event of this feed: received now, by HTTP, no facility
 * and no severity. */
void httpfeed_begin(const struct httpfeed *f, struct event *ev);

/*
 * httpfeed_text: understand a record's text: its syslog header if it has one
 * (files and containers are often shipped line by line, header and all), then
 * category and fields. What the header says of host, program and time wins
 * over what ev has: it is the origin's word, the rest the shipper's. Message
 * becomes the part of text behind the header.
 */
void httpfeed_text(struct httpfeed *f, struct event *ev, struct span text);

/* httpfeed_rules: category and fields of ev->message, by the rules. */
void httpfeed_rules(struct httpfeed *f, struct event *ev);

/*
 * httpfeed_give: count what is to be counted, and hand the event on; the
 * arena is emptied. raw longer than EVENT_RAW_MAX is cut.
 */
void httpfeed_give(struct httpfeed *f, struct event *ev, struct span id);

/*
 * httpfeed_is_full: one request has given HTTPFEED_BYTES_MAX raw bytes. Formats
 * that write what a batch shares (labels, a resource) into each record ask
 * before each: a small body must not become a great many bytes.
 */
bool httpfeed_is_full(const struct httpfeed *f);
#define HTTPFEED_BYTES_MAX ((uint64_t)128 << 20)
#define HTTPFEED_FULL "and those behind it: the request comes to too much"

/* httpfeed_line: the whole of a plain line: header, category, out. */
void httpfeed_line(struct httpfeed *f, struct span line);

/* httpfeed_severity: 0..7 of a name as programs write it ("warn", "ERROR",
 * "information", …) or a digit; EVENT_NO_SEVERITY when it is none. */
uint8_t httpfeed_severity(struct span s);
/* httpfeed_facility: 0..23 of a name ("authpriv") or a number. */
uint8_t httpfeed_facility(struct span s);
/* httpfeed_time: an instant: RFC 3339, or seconds, milli-, micro- or
 * nanoseconds since 1970. False: none of them; *us stays. */
bool httpfeed_time(struct span s, int64_t *us);

#endif
