/*
 * call/append.h: the ask KEEPER_APPEND: a batch of records.
 *
 *   u64 epoch   chosen at random by the asking process when it starts
 *   u64 batch   from 1; the same (epoch, batch) again is stored once
 *   u32 n, n rows as u32-length blocks (base/event.h)
 */
#ifndef CALL_APPEND_H
#define CALL_APPEND_H

#include "base/event.h"

#define APPEND_BATCH_MAX ((size_t)900 << 10) /* bytes of one batch, about */

struct append {
	uint64_t epoch, batch;
	struct buf rows;
	uint32_t n;
	struct buf row; /* the one being encoded */
};

/* append_init, append_clear: the caller's own storage. append_next: an empty
 * batch with the next number. */
void append_init(struct append *a, uint64_t epoch);
void append_clear(struct append *a);
void append_next(struct append *a);
/* append_add: one more record. False: the batch is full; send it first. */
bool append_add(struct append *a, const struct event *ev);
/* append_print: the whole ask, appended to b. */
void append_print(const struct append *a, struct buf *b);

/* append_read: the head of an ask; rows then follow as blocks. */
void append_read(
    struct cursor *ask, uint64_t *epoch, uint64_t *batch, uint32_t *n);

#endif
