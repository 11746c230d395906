/*
 * base/event.h: one log record, as received and as understood.
 *
 * Intake makes it, keeper stores it, searches and rules read it; the same
 * encoding goes between processes, into the inbox and into segment rows
 * (beimen-formats(5), "row"). The raw bytes are the evidence; everything
 * else is derived from them and may be derived again.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

#define EVENT_RAW_MAX 65536 /* bytes of one record as received */
#define EVENT_TEXT_MAX 255 /* bytes of host, application, … */
#define EVENT_FIELD_MAX 2048 /* bytes of one extracted field */
#define EVENT_FIELDS_MAX 32768 /* and of all of them: more are left out */

/* Retention classes; a stream is agency x class x keep period. */
enum event_class {
	CLASS_GENERAL,
	CLASS_AUDIT,
	CLASS_FIREWALL_ADMIN,
	CLASS_FIREWALL_CONN,
	CLASS_PERSONAL,
	CLASS_N
};

enum event_category {
#define CATEGORY(name, text, class, ocsf) CAT_##name,
#include "base/event.tab"
	CAT_N
};

enum event_field {
#define FIELD(name, text, short) FIELD_##name,
#include "base/event.tab"
	FIELD_N
};

enum event_transport {
	VIA_UDP,
	VIA_TCP,
	VIA_TLS,
	VIA_RELP,
	VIA_HTTP,
	VIA_FILE,
	VIA_SELF, /* Beimen's own processes */
	VIA_N
};

/* How far the bytes were understood. */
enum event_parse {
	PARSE_RFC5424,
	PARSE_RFC3164,
	PARSE_BARE, /* no syslog header: the whole is the message */
	PARSE_BAD_PRI, /* kept as received; each reason is counted */
	PARSE_BAD_HEADER,
	PARSE_BAD_TIME,
	PARSE_BAD_UTF8,
	PARSE_CUT, /* longer than EVENT_RAW_MAX: the rest was dropped */
	PARSE_N
};

#define EVENT_NO_SEVERITY 255

/* All spans are borrowed. Times are instants in microseconds, 0 = none. */
struct event {
	int64_t received_us; /* when our socket gave it */
	int64_t event_us; /* what the record says of itself */
	enum event_transport via;
	enum event_parse parse;
	enum event_category category;
	uint8_t facility, severity; /* RFC 5424; EVENT_NO_SEVERITY = none */
	struct span sender; /* the peer's address, no port: "192.0.2.7" */
	struct span host, app, proc, msgid;
	struct span message; /* the part of raw after the header */
	struct span field[FIELD_N]; /* at == NULL: not there */
	struct span raw;
};

const char *event_class_name(enum event_class c); /* "audit" */
const char *event_category_name(enum event_category c); /* "sign-in" */
const char *event_field_name(enum event_field f); /* "user.name" */
const char *event_field_short(enum event_field f); /* "user" */
const char *event_parse_name(enum event_parse p); /* "rfc5424" */
const char *event_via_name(enum event_transport v); /* "udp" */
/* The reverse; *_N when there is none. Fields by long or short name. */
enum event_class event_class_find(struct span s);
enum event_category event_category_find(struct span s);
enum event_field event_field_find(struct span s);
/* event_class_of: the class a category is kept in. */
enum event_class event_class_of(enum event_category c);

/*
 * event_encode: append ev to b as one row. event_decode: read one row; its
 * spans point into `row`. `message` must lie inside `raw` (or be empty) and
 * is stored as offset and length. Every field is bounded as above; what is
 * longer is cut, texts between characters.
 *
 * Fails   ERR_SYNTAX: not a row; the line names the field. *ev stays.
 */
void event_encode(struct buf *b, const struct event *ev);
MUST_CHECK enum err event_decode(
    struct span row, struct event *ev, struct fault *why);

#endif
