/*
 * call/append.h: the ask KEEPER_APPEND: a batch of records.
 *
 *   u64 epoch   chosen at random by the asking process when it starts
 *   u64 batch   from 1; the same (epoch, batch) again is stored once
 *   u64 after   a batch of this epoch that must be stored already, so that
 *               order is kept when several are under way; 0: none
 *   u32 n, u32 length of the rows, n rows as u32-length blocks (base/event.h)
 *   u16 parts, each: u32 first row from 0, u32 rows, 32 bytes id: rows that
 *               are stored once even if other batches bring them again
 *
 * The answer: a bit for each part, the first in the highest bit of the first
 * byte: this part was stored before and has not been stored again.
 */
#ifndef CALL_APPEND_H
#define CALL_APPEND_H

#include "base/event.h"
#include "crypt/hash.h"

#define APPEND_BATCH_MAX ((size_t)256 << 10) /* bytes of one batch, about */
#define APPEND_ROWS_MAX 4096U
#define APPEND_PARTS_MAX 512U

struct append_part {
	uint32_t first, n;
	struct hash id;
};

struct append {
	uint64_t epoch, batch, after;
	struct buf ask; /* the head's place, then rows */
	uint32_t n;
	struct append_part *part; /* APPEND_PARTS_MAX; NULL: none yet */
	uint32_t n_parts;
	bool in_part;
};

/* append_init, append_clear: the caller's own storage. append_next: an empty
 * batch with the next number. */
void append_init(struct append *a, uint64_t epoch);
void append_clear(struct append *a);
void append_next(struct append *a);
/* append_add: one more record. False: the batch is full; send it first. */
bool append_add(struct append *a, const struct event *ev);
/* append_part: the records added from here to append_part_end are the part
 * `id`. False: there is no room for another; send the batch first. */
bool append_part(struct append *a, const struct hash *id);
void append_part_end(struct append *a);
/* append_print: the whole ask; borrowed until the next call about a. Not
 * OK in buf_error(&a->ask): memory is out, and the batch can only be given
 * up. */
struct span append_print(struct append *a);

/* What an ask holds; borrowed from it. */
struct append_ask {
	uint64_t epoch, batch, after;
	uint32_t n; /* rows, 1 .. APPEND_ROWS_MAX */
	struct span rows;
	uint32_t n_parts;
	struct cursor parts; /* for append_part_read */
};
/* append_read: ERR_SYNTAX when it is none. append_part_read: the next part;
 * parts lie in order, without overlap, within the rows (else ERR_SYNTAX by
 * append_read). */
MUST_CHECK enum err append_read(
    struct span ask, struct append_ask *a, struct fault *why);
void append_part_read(struct cursor *parts, struct append_part *p);

#endif
