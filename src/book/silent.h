/*
 * book/silent.h: what the registers tell the detectors, and the one detection
 * that no record can make: that none came.
 */
#ifndef BOOK_SILENT_H
#define BOOK_SILENT_H

#include "book/book.h"

#define SILENT_HOURS 24 /* where the log source's row gives none */

/*
 * silent_look: a detection `silent-source` for each log source in service
 * that has been silent for longer than it may be; once for each silence, with
 * its own number. *n [out]: how many are new.
 */
MUST_CHECK enum err silent_look(
    struct book *b, int64_t now_us, uint64_t *n, struct fault *why);

/* inventory_print: the MAC addresses of the register of hosts, separated by
 * newlines, appended to out. */
MUST_CHECK enum err inventory_print(
    struct book *b, struct buf *out, struct fault *why);

#endif
