/*
 * intake/frame.h: records out of a TCP byte stream (RFC 6587).
 *
 * Octet counting and newline framing are told apart anew for each record, as
 * rsyslog does: digits and a space at its start are a count, anything else
 * runs to the next LF or NUL. A count that is zero, has a leading zero or
 * passes FRAME_COUNT_MAX is an error: the bytes, count included, are read as
 * a line, which resynchronises at the next LF. Nothing is dropped but empty
 * lines and what a record has beyond EVENT_RAW_MAX bytes.
 *
 * How the stream is cut into pieces makes no difference to the records.
 */
#ifndef INTAKE_FRAME_H
#define INTAKE_FRAME_H

#include "base/event.h"

/* A longer counted record is not believed. */
#define FRAME_COUNT_MAX (64U << 20)

/* What is to be said of a record. */
#define FRAME_CUT 1U /* longer than EVENT_RAW_MAX: the rest is gone */
#define FRAME_BAD_COUNT 2U /* began with an impossible count; read as line */
#define FRAME_UNFINISHED 4U /* the stream ended inside a counted record */

/* A record, borrowed for the call, 1 .. EVENT_RAW_MAX bytes. */
typedef void frame_fn(void *arg, struct span record, unsigned marks);

struct framer {
	struct buf held; /* the record's bytes of earlier pieces */
	uint64_t left; /* of a counted record, bytes to come */
	unsigned digits, marks; /* of the record begun */
	uint8_t state; /* which part of a record comes next */
	bool zero; /* the count began with 0 */
};

/* frame_init, frame_clear: the caller's own storage. It holds memory only
 * while a record is unfinished. */
void frame_init(struct framer *f);
void frame_clear(struct framer *f);

/*
 * frame_feed: give every record that ends in `piece` to fn, in order.
 *
 * Fails   ERR_MEMORY: an unfinished record could not be kept; the stream must
 *         be closed. Records before it were given.
 * Cost    linear in the piece; at most EVENT_RAW_MAX bytes are held.
 */
MUST_CHECK enum err frame_feed(
    struct framer *f, struct span piece, frame_fn *fn, void *arg);

/* frame_end: the stream is over; an unfinished record is given as it is. */
void frame_end(struct framer *f, frame_fn *fn, void *arg);

/* frame_is_quiet: no record is unfinished. */
bool frame_is_quiet(const struct framer *f);

#endif
