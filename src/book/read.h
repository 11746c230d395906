/*
 * book/read.h: what the registers say, as JSON under the viewer's rights.
 *
 * Rows come in the normal form of book/schema.h, with "agency", "key",
 * "effective" and "received" (RFC 3339), "entry", "voided", "ground". Fields
 * the viewer may not see are left out and named in "masked". Every function
 * hands its answer over (json_decref).
 */
#ifndef BOOK_READ_H
#define BOOK_READ_H

#include "book/book.h"
#include "book/rights.h"

#define BOOK_PAGE_MAX 500

struct book_query {
	struct span agency; /* empty: all that the viewer may read */
	bool below; /* and the agencies below it */
	struct span q; /* words; all must occur in key or seen text */
	struct span order; /* a field, "key", "agency", "received"; "-x" falls;
			       empty: agency, key */
	bool voided; /* voided rows too */
	uint64_t page; /* from 1; 0 = 1 */
	unsigned per_page; /* 1..BOOK_PAGE_MAX; 0 = 50 */
};

/*
 * book_list: {"register","rows":[…],"total","page","pages","per_page"}.
 * Fails   ERR_NOT_FOUND no such register or order field; ERR_DENIED.
 */
MUST_CHECK enum err book_list(struct book *b, const struct rights *r,
    struct span reg, const struct book_query *q, json_t **out,
    struct fault *why);
/* book_row: one row, voided or not. ERR_NOT_FOUND, ERR_DENIED. */
MUST_CHECK enum err book_row(struct book *b, const struct rights *r,
    struct span reg, struct span agency, struct span key, json_t **out,
    struct fault *why);
/*
 * book_history: {"entries":[…]} of one row, newest first, each with "seq",
 * "received", "effective", "actor", "action", "fields", "ground", "leaf",
 * "hash", "prev". An empty list is ERR_NOT_FOUND.
 */
MUST_CHECK enum err book_history(struct book *b, const struct rights *r,
    struct span reg, struct span agency, struct span key, json_t **out,
    struct fault *why);

/*
 * book_export: exactly the rows of book_list, all pages, in its order: CSV
 * with a heading of zh labels (lang "zh") or en labels, or a JSON array.
 * A CSV so written can be imported again.
 */
enum book_form { BOOK_CSV, BOOK_JSON };
MUST_CHECK enum err book_export(struct book *b, const struct rights *r,
    struct span reg, const struct book_query *q, enum book_form form,
    const char *lang, struct buf *out, struct fault *why);

#endif
