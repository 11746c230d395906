/*
 * intake/heard.h: who was heard over UDP in this second and the one before.
 *
 * The kernel tells how many datagrams a socket lost, never whose. Those who
 * sent in the same second are the ones it may have been. Bounded: senders
 * beyond the room of a second are not remembered by name.
 */
#ifndef INTAKE_HEARD_H
#define INTAKE_HEARD_H

#include "base/span.h"

#define HEARD_SENDERS 1024

struct heard;

/* heard_new: NULL when memory is out. All of it is taken here. */
struct heard *heard_new(void);
void heard_free(struct heard *h);

/* heard_add: one datagram of a sender. Allocates nothing. */
void heard_add(struct heard *h, struct span sender, int64_t now_us);

/* heard_each: every sender of this second and the one before, once; or, if
 * there is none, of the last two in which somebody was heard. */
typedef void heard_fn(void *arg, struct span sender, uint64_t n);
void heard_each(const struct heard *h, int64_t now_us, heard_fn *fn, void *arg);

#endif
