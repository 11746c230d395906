/*
 * proc/outlet.h: the way of records from a receiver to keeper.
 *
 * A receiver puts records; the outlet gathers them into batches, hands them
 * to keeper without waiting, several at once and in order, and tells when
 * they are durable. What keeper refuses (no space) or cannot take (restarted)
 * stays here and is offered again in the same order; meanwhile the receiver
 * is told to stop reading. Nothing put is ever dropped while the process
 * lives. One thread, one loop (the child's).
 */
#ifndef PROC_OUTLET_H
#define PROC_OUTLET_H

#include "base/event.h"
#include "crypt/hash.h"
#include "proc/child.h"

struct outlet;

/* open false: the outlet is nearly full, or keeper refuses: stop reading (what
 * is in hand may still be put). true: there is room again. Called only when
 * that changes, also from inside outlet_put; must not put records itself. */
typedef void outlet_room_fn(void *arg, bool open);

/*
 * The records put before outlet_after was called are durable; or, durable
 * false, the process ends before that is known. `repeated`: how many of the
 * batches with an id among them (parts of a long one counting each) were
 * stored before and have not been stored again.
 */
typedef void outlet_after_fn(void *arg, bool durable, unsigned repeated);

/*
 * outlet_new: for child c, whose role may ask KEEPER_APPEND. room may be NULL.
 * outlet_free: waits some seconds for what was put to become durable; afters
 * that are left are called with false. Stop reading first.
 */
struct outlet *outlet_new(struct child *c, outlet_room_fn *room, void *arg);
void outlet_free(struct outlet *o);

/* outlet_put: take one record (copied). False: full, not taken; offer it again
 * after room(arg, true), or after outlet_wait. outlet_wait: at most wait_ms
 * for keeper to take something, outside the loop: for a receiver with a
 * record in its hand that it cannot keep. */
MUST_CHECK bool outlet_put(struct outlet *o, const struct event *ev);
void outlet_wait(struct outlet *o, int wait_ms);

/*
 * outlet_mark: all records put from here to the next mark are one batch with
 * this id, stored once even if it is sent again (also after a restart; the
 * last 65,536 ids at least are known). NULL: from here on, records without
 * batch. The id stands before its records, since a batch may be longer than
 * one message; it is then stored in parts, each once. Mix the sender into the
 * id: whoever knows another's id could otherwise keep his records out. Put a
 * marked batch without another's records between, and without going back to
 * the loop but when outlet_put says full. outlet_after ends it too.
 */
void outlet_mark(struct outlet *o, const struct hash *id);

/*
 * outlet_after: call fn when everything put so far is durable, never earlier,
 * never from inside this call, in the order of calling. What was put is sent
 * on with the end of the loop's round.
 * Fails   ERR_MEMORY: fn will not be called.
 */
MUST_CHECK enum err outlet_after(
    struct outlet *o, outlet_after_fn *fn, void *arg, struct fault *why);
/* outlet_forget: no after is called for this arg any more (its connection has
 * ended). */
void outlet_forget(struct outlet *o, const void *arg);

/* outlet_flush: send what was put at once. outlet_is_open: what room was last
 * told; true at first. outlet_waiting: records put and not yet durable. */
void outlet_flush(struct outlet *o);
bool outlet_is_open(const struct outlet *o);
uint64_t outlet_waiting(const struct outlet *o);

#endif
