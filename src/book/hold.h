/*
 * book/hold.h: legal holds: what may not be deleted although its period is
 * over.
 *
 * Rows of the register `legal_hold` that are not voided, in a list that book
 * hands to keeper as text. A hold covers what its agency received: of one
 * class or all, of one log source or all, within its days (both inclusive,
 * Taipei). It ends with its last day, or when it is voided with a ground.
 */
#ifndef BOOK_HOLD_H
#define BOOK_HOLD_H

#include "book/book.h"

struct holds;

/* holds_print: the holds of this database as JSON, appended to out. */
MUST_CHECK enum err holds_print(
    struct book *b, struct buf *out, struct fault *why);
/* holds_read: from that JSON. Handed over (holds_free). */
MUST_CHECK enum err holds_read(
    struct span json, struct holds **out, struct fault *why);
void holds_free(struct holds *h);
size_t holds_count(const struct holds *h);

/* What somebody would delete: records of one agency and class, received from
 * first_us to last_us, of the log sources named by `from`. */
struct hold_ask {
	const char *agency, *class;
	int64_t first_us, last_us;
	/* from: the key of a log source of these records, i = 0, 1, …; NULL
	 * past the last. A source that no rule knows is "". */
	const char *(*from)(void *arg, size_t i);
	void *arg;
};

/* holds_find: the key of a hold in force at now_us that covers any of it;
 * NULL when none does. Valid as long as the holds. */
const char *holds_find(
    const struct holds *h, const struct hold_ask *ask, int64_t now_us);

#endif
