/*
 * intake/bulk.h: Elasticsearch's bulk API, as far as records need it: index
 * and create actions, each followed by its document.
 *
 * A record cannot be changed or taken back: update and delete are refused,
 * each by itself, and so is a document that is not JSON; the others go in.
 *
 * Source: Elasticsearch 8.17, "Bulk API".
 */
#ifndef INTAKE_BULK_H
#define INTAKE_BULK_H

#include "intake/httpfeed.h"

#define BULK_DOCS_MAX 100000U /* documents of one request */

struct bulk {
	struct span index; /* of the path; where an action names none */
	bool brief; /* the client asked for errors and status only */
	uint64_t refused; /* [out] documents not taken */
};

/*
 * bulk_read: give every document of a body, and write the answer's JSON.
 *
 *   answer  [out] appended: one item a document, in order
 *
 * Fails  ERR_SYNTAX: a line where an action should be is none, with its
 *        number; ERR_LIMIT: too many documents. Then nothing was given.
 */
MUST_CHECK enum err bulk_read(struct httpfeed *f, struct bulk *b,
    struct span body, struct buf *answer, struct fault *why);

/* bulk_one: one document alone (POST /INDEX/_doc); id may be empty. Fails
 * ERR_SYNTAX: not a document; answer has the error then. */
MUST_CHECK enum err bulk_one(struct httpfeed *f, struct span index,
    struct span id, struct span doc, struct buf *answer, struct fault *why);

#endif
