/*
 * intake/intake.h: bytes from the network become struct event.
 *
 * Framing, header and meaning in one place; no sockets, no clock, no process.
 * Every record comes out, understood or not; what was not understood is
 * counted by reason and sender (intake/counts.h).
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "base/event.h"
#include "intake/counts.h"
#include "intake/normalize.h"

struct intake;
struct intake_conn;

/* Where records come from. Spans are borrowed for the call. */
struct intake_from {
	enum event_transport via;
	struct span sender; /* the address, or "file:PATH" */
	struct span peer; /* name of its certificate; empty: none */
	struct span host, app; /* for records that name none; may be empty */
};

/* Beside the FRAME_ marks: it was sent once before on a connection that broke,
 * and may have been stored then. */
#define INTAKE_REPEAT 256U

/* One event, borrowed for the call. */
typedef void intake_fn(void *arg, const struct event *ev);

/*
 * intake_new: n may be NULL (no category is set); it and counts are borrowed
 * for the intake's life. NULL when memory is out.
 */
struct intake *intake_new(
    const struct normalizer *n, struct counts *c, intake_fn *fn, void *arg);
void intake_free(struct intake *in);

/* intake_record: one whole record of at most EVENT_RAW_MAX bytes, framed by
 * the caller; marks as intake/frame.h, and INTAKE_REPEAT. */
void intake_record(struct intake *in, const struct intake_from *from,
    int64_t received_us, struct span raw, unsigned marks);

/* intake_datagram: one datagram is one record. */
void intake_datagram(struct intake *in, enum event_transport via,
    struct span sender, int64_t received_us, struct span bytes);

/*
 * intake_open: a connection's own state, small until a record is unfinished;
 * NULL when memory is out. intake_close: gives what is unfinished as it is
 * and frees; NULL is fine.
 */
struct intake_conn *intake_open(
    struct intake *in, const struct intake_from *from);
void intake_close(struct intake_conn *c, int64_t received_us);

/*
 * intake_feed: the next bytes of a connection.
 *
 *   n   [out] records that ended in them
 *
 * Fails   ERR_MEMORY (counted): close the connection.
 */
MUST_CHECK enum err intake_feed(
    struct intake_conn *c, int64_t received_us, struct span bytes, uint64_t *n);
/* intake_is_quiet: the connection stands between two records. */
bool intake_is_quiet(const struct intake_conn *c);
/* intake_note: count something the owner saw about a connection. */
void intake_note(struct intake_conn *c, enum counts_reason r);

#endif
