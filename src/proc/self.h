/*
 * proc/self.h: what Beimen's own processes record about themselves: sign-ins,
 * sign-outs, privileged use, reads. They go to keeper like anybody's records
 * (sender "beimen"), so Beimen is judged by the same clauses.
 */
#ifndef PROC_SELF_H
#define PROC_SELF_H

#include "call/append.h"
#include "proc/child.h"

struct self_event {
	enum event_category category;
	const char *what; /* "sign-in", "search", … */
	const char *user; /* NULL: none */
	const char *address; /* NULL: none */
	const char *session; /* NULL: none */
	const char *detail; /* NULL: none */
};

/*
 * self_record: make one record durable before it returns.
 *   a   the process's own batch counter, made with self_init
 * Fails  as child_ask: then the act it speaks of must not go on.
 */
MUST_CHECK enum err self_record(struct child *c, struct append *a,
    const struct self_event *ev, struct fault *why);
/* self_event_make: the same as an event alone, for keeper itself. Its spans
 * point into `raw` (emptied by the caller) and what it was made of. */
MUST_CHECK enum err self_event_make(struct child *c,
    const struct self_event *what, struct buf *raw, struct event *ev,
    struct fault *why);
/* self_init: a batch counter with a random epoch. */
void self_init(struct append *a);

#endif
