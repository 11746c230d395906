/*
 * book/start.h: what stands in the book before anybody has written.
 *
 * Agency `main`, its unit for information, one person and an appointment as
 * administrator, this machine and Beimen itself as the first systems: all by
 * ordinary entries of the actor process:book.
 */
#ifndef BOOK_START_H
#define BOOK_START_H

#include "book/book.h"

#define START_AGENCY "main"
#define START_ADMIN "admin"

struct start {
	struct span agency_zh, agency_en; /* empty: 本機關 / This agency */
	struct span host; /* this machine's name; not empty */
	struct span fqdn; /* may be empty */
};

/*
 * book_first_start: write the first rows where there is no entry at all.
 * *made [out]: whether it did. The administrator is
 * person:main/admin (START_AGENCY, START_ADMIN).
 */
MUST_CHECK enum err book_first_start(struct book *b, const struct start *s,
    int64_t now_us, bool *made, struct fault *why);

#endif
