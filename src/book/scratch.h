/*
 * book/scratch.h: the book as it was known at (T, K).
 *
 * T is the time judged, K the time of knowledge: entries with effective <= T
 * and received <= K make the registers; of the evidence, what began at or
 * before min(T, K). Rows that reach past T are cut so that nothing later
 * shows: last := first, counts := 1 (lacking 1 if a record lacked by T);
 * what was sealed, verified, damaged, deleted or detected later is not there.
 * A hole among numbered rows stays a hole.
 */
#ifndef BOOK_SCRATCH_H
#define BOOK_SCRATCH_H

#include "book/book.h"

/*
 * book_scratch: a book in memory, without entries and logs; checks run on it.
 *
 *   b       the source; one read snapshot is taken
 *   at_us   T
 *   known_us K; INT64_MAX: all that is known
 *   out     handed over (book_close)
 */
MUST_CHECK enum err book_scratch(struct book *b, int64_t at_us,
    int64_t known_us, struct book **out, struct fault *why);

#endif
