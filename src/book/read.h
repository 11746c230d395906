/*
 * book/read.h: what the registers say, as JSON under the viewer's rights.
 *
 * The objects are those of doc/api.md ("row", "schema", …). Fields the viewer
 * may not see are null and named in "masked". Every function hands its answer
 * over (json_decref).
 */
#ifndef BOOK_READ_H
#define BOOK_READ_H

#include "book/book.h"
#include "book/rights.h"

#define BOOK_PAGE 50
#define BOOK_ALL_MAX 100000 /* rows of "all" */
#define BOOK_CHOICES_MAX 1000

struct book_query {
	struct span agency; /* empty: all that the viewer may read */
	bool below; /* and the agencies below it */
	struct span q; /* words; each must occur in the key or in text the
			       viewer may see */
	struct span order; /* a field, "key", "agency" or "received"; "-x"
			       falls; empty: agency, key */
	bool voided; /* voided rows too */
	uint64_t page; /* from 1; 0 = 1 */
	bool all; /* one page of at most BOOK_ALL_MAX */
};

/* book_registers: {"registers":[{name,title,help,rows,writable}]}, those the
 * viewer may read somewhere. */
MUST_CHECK enum err book_registers(
    struct book *b, const struct rights *r, json_t **out, struct fault *why);
/*
 * book_list: {"register","agency","q","page","pages","total","agencies",
 * "writable","rows"}.
 * Fails   ERR_NOT_FOUND no such register or order field; ERR_DENIED.
 */
MUST_CHECK enum err book_list(struct book *b, const struct rights *r,
    struct span reg, const struct book_query *q, json_t **out,
    struct fault *why);
/*
 * book_form: {"register","agency","writable","row","title","choices"}; an
 * empty key gives an empty form (row null).
 * Fails   ERR_NOT_FOUND, ERR_DENIED.
 */
MUST_CHECK enum err book_form(struct book *b, const struct rights *r,
    struct span reg, struct span agency, struct span key, json_t **out,
    struct fault *why);
/* book_history: {"entries":[…]} of one row, newest first. */
MUST_CHECK enum err book_history(struct book *b, const struct rights *r,
    struct span reg, struct span agency, struct span key, json_t **out,
    struct fault *why);
/* book_entries: {"entries","page","pages","total"} of one agency's log, newest
 * first; reg empty: all that the viewer may read, and the software's own. */
MUST_CHECK enum err book_entries(struct book *b, const struct rights *r,
    struct span agency, struct span reg, uint64_t page, json_t **out,
    struct fault *why);

/* book_agency_json: {"key","title":{zh,en}} of doc/api.md. book_title: what a
 * row is called: its name, title, subject or key; appended. */
MUST_CHECK enum err book_agency_json(
    struct book *b, struct span agency, json_t **out, struct fault *why);
MUST_CHECK enum err book_title(struct book *b, const struct schema_register *r,
    struct span agency, struct span key, struct buf *out, struct fault *why);

/*
 * book_export: exactly the rows of book_list in its order, all pages: CSV
 * with a heading of labels in lang ("zh" or "en"), which book_import takes
 * again, or a JSON array of rows.
 */
enum book_form_as { BOOK_CSV, BOOK_JSON };
MUST_CHECK enum err book_export(struct book *b, const struct rights *r,
    struct span reg, const struct book_query *q, enum book_form_as as,
    const char *lang, struct buf *out, struct fault *why);

#endif
