/*
 * net/loop.h: one thread waiting for many descriptors and timers.
 *
 * Every process turns one loop. Descriptors are level-triggered: what is not
 * read now is told again in the next pass, so a callback may take a bounded
 * part and return, and no descriptor starves another. Timers that are due run
 * after the descriptors of the same pass; a timer of 0 us is therefore "once,
 * after all that is ready now" (group commit). Signals are the owner's: a
 * signalfd is a descriptor like any other. A loop may be a descriptor of
 * another loop (loop_fd), which makes whole groups easy to pause.
 *
 * A callback may add, change and remove any descriptor and timer, its own
 * included, and may free the loop's owner, but not the loop itself.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

#define LOOP_READ 1U
#define LOOP_WRITE 2U
#define LOOP_GONE 4U /* hung up or failed; told whether asked for or not */

/* What is ready, of the three above. */
typedef void loop_fn(void *arg, unsigned ready);
typedef void loop_timer_fn(void *arg);
/* The time in microseconds; should not go backward. */
typedef int64_t loop_now_fn(void *arg);

/*
 * A timer, laid out by its owner and all zero at first; it must stay where it
 * is while armed. The members are the loop's own.
 */
struct loop_timer {
	int64_t at_us;
	loop_timer_fn *fn;
	void *arg;
	size_t place; /* in the heap, from 1; 0: not armed */
};

/* loop_clock: the system's monotonic clock, for loop_new; arg is not used. */
loop_now_fn loop_clock;

/*
 * loop_new: *out is handed over (loop_free). loop_free closes the loop's own
 * descriptor only; the owner's stay open.
 */
MUST_CHECK enum err loop_new(
    loop_now_fn *now, void *now_arg, struct loop **out, struct fault *why);
void loop_free(struct loop *l);

/*
 * loop_add: call fn when fd is ready for what `events` asks (LOOP_READ,
 * LOOP_WRITE, or 0: only LOOP_GONE). The descriptor stays the owner's, who
 * must call loop_del before closing it.
 * Fails  ERR_EXISTS: fd is there already; ERR_MEMORY; ERR_IO (a plain file).
 */
MUST_CHECK enum err loop_add(struct loop *l, int fd, unsigned events,
    loop_fn *fn, void *arg, struct fault *why);
/* loop_want: ask for other events. Fails ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK enum err loop_want(
    struct loop *l, int fd, unsigned events, struct fault *why);
/* loop_del: no callback for fd after this; nothing if it is not there. */
void loop_del(struct loop *l, int fd);
/* loop_count: descriptors in the loop. */
size_t loop_count(const struct loop *l);

/*
 * loop_arm: call fn once, wait_us from now (below 0 counts as 0). Armed
 * again before that, it only changes. loop_disarm: nothing if not armed.
 * Fails  ERR_MEMORY: not armed.
 */
MUST_CHECK enum err loop_arm(struct loop *l, struct loop_timer *t,
    int64_t wait_us, loop_timer_fn *fn, void *arg, struct fault *why);
void loop_disarm(struct loop *l, struct loop_timer *t);

/* loop_now: the time as the loop's callback tells it. */
int64_t loop_now(const struct loop *l);
/* loop_fd: readable while the loop has something ready (timers not counted). */
int loop_fd(const struct loop *l);

/*
 * loop_turn: one pass: wait at most wait_ms (-1: until something comes, 0:
 * not at all) or until a timer is due, call what is ready, run due timers.
 * A signal ends the wait without error.
 * Fails  ERR_IO.
 */
MUST_CHECK enum err loop_turn(struct loop *l, int wait_ms, struct fault *why);
/* loop_run: turns until loop_stop, which a callback may call. */
MUST_CHECK enum err loop_run(struct loop *l, struct fault *why);
void loop_stop(struct loop *l);

#endif
