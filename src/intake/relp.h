/*
 * intake/relp.h: one RELP session, the receiving side, without sockets.
 *
 * Bytes of a connection go in; records come out, and the answers to be sent.
 * A record is answered only when its owner says that it is durable
 * (relp_durable), in the order in which records came. A sender with nothing
 * but answered records may throw them away; so an answer is a promise.
 *
 *   frame = txnr SP command SP length [SP data] LF
 *
 * txnr has one to nine digits, 0 being ours alone; a command one to 32
 * letters; length at most nine digits. `open` comes first and once, with the
 * sender's offers; `syslog` carries one record; `close` ends the session after
 * all before it is answered, `abort` at once. What else comes is answered
 * 500. Bounds: a record keeps EVENT_RAW_MAX bytes (the rest is dropped and
 * marked), offers RELP_OFFERS_MAX, unanswered numbers that do not follow one
 * another RELP_RUNS_MAX runs.
 *
 * Source: rsyslog's RELP specification (doc/relp.html of librelp), version 1;
 * librelp 1.10 for what it leaves open.
 */
#ifndef INTAKE_RELP_H
#define INTAKE_RELP_H

#include "base/event.h"
#include "base/fault.h"

#define RELP_TXNR_MAX 999999999U
#define RELP_DATA_MAX (64U << 20) /* a longer frame is not believed */
#define RELP_OFFERS_MAX 4096
#define RELP_RUNS_MAX 1024

/* A record, borrowed for the call, 1 .. EVENT_RAW_MAX bytes; marks as
 * intake/frame.h (FRAME_CUT). */
typedef void relp_fn(void *arg, struct span record, unsigned marks);

/* Numbers that follow one another: first, first + 1, … */
struct relp_run {
	uint32_t first, n;
};

struct relp {
	struct buf held; /* the frame's data of earlier pieces */
	struct buf out; /* answers to be sent; the owner takes them away */
	struct relp_run *run; /* unanswered records, the oldest first */
	size_t n_runs, cap_runs;
	uint64_t taken; /* records so far */
	uint64_t empty; /* syslog frames without a byte */
	uint64_t durable; /* of taken, answered */
	uint32_t txnr, length, left; /* of the frame begun */
	uint32_t close_txnr;
	unsigned digits, letters;
	unsigned marks;
	char command[33];
	uint8_t state;
	bool open; /* offers were exchanged */
	bool closing; /* close came; its answer waits for the records */
	bool done; /* nothing more is to be sent after out */
};

/* relp_init, relp_clear: the caller's own storage. */
void relp_init(struct relp *r);
void relp_clear(struct relp *r);

/*
 * relp_feed: the next bytes; every record that ends in them is given to fn.
 *
 * Fails   ERR_SYNTAX, ERR_LIMIT: not RELP, or beyond a bound: send what out
 *         holds and close; the line says what was wrong. ERR_MEMORY: close.
 */
MUST_CHECK enum err relp_feed(struct relp *r, struct span piece, relp_fn *fn,
    void *arg, struct fault *why);

/* relp_durable: the first `upto` records (of r->taken) are durable: their
 * answers, and that to `close` after the last, go to out. */
void relp_durable(struct relp *r, uint64_t upto);

/* relp_is_quiet: no frame is unfinished. */
bool relp_is_quiet(const struct relp *r);

#endif
