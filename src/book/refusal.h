/*
 * book/refusal.h: why a row was not taken, said to the person who wrote it.
 *
 * A fault (base/fault.h) is for the log; a refusal is for the form: it names
 * register, field and, in an import, row and column, and says the reason in
 * plain words in both languages.
 */
#ifndef BOOK_REFUSAL_H
#define BOOK_REFUSAL_H

#include "base/arena.h"
#include "pack/json.h"

#define REFUSALS_MAX 200 /* kept; the rest are counted only */

/* The reasons, as code, and when each is said. */
#define REFUSE_REQUIRED "required" /* a field that must be there is empty */
#define REFUSE_UNKNOWN "unknown" /* no such field, register or heading */
#define REFUSE_TYPE "type" /* not of the field's type */
#define REFUSE_RANGE "range" /* too long, too great, no such day */
#define REFUSE_VALUE "value" /* not among the values of an enum */
#define REFUSE_REF "ref" /* the row it points to is not there */
#define REFUSE_COMPUTED "computed" /* differs from what the fields give */
#define REFUSE_GROUND "ground" /* voiding without a ground */
#define REFUSE_KEY "key" /* the key is missing or malformed */
#define REFUSE_DUPLICATE "duplicate" /* the same key twice in one file */
#define REFUSE_DENIED "denied" /* the actor may not */
#define REFUSE_FUTURE "future" /* effective after it was received */
#define REFUSE_STATE "state" /* a later change stands in the way */
#define REFUSE_APPROVAL "approval" /* requester and approver, or who decides */

/* Text is borrowed from the list's arena; "" where it does not apply. */
struct refusal {
	const char *code;
	const char *reg, *field;
	const char *value; /* what was given, cut to 120 bytes */
	const char *zh, *en;
	unsigned row, column; /* import: from 1, heading = row 1; else 0 */
};

struct refusals {
	struct arena *a; /* borrowed; set by the caller */
	struct refusal at[REFUSALS_MAX];
	size_t n; /* in `at` */
	size_t total; /* all, the dropped ones too */
};

/* refusals_init: an empty list whose text lives in a. */
void refusals_init(struct refusals *r, struct arena *a);

/*
 * refuse: add one. zh and en are the reasons, whole sentences without the
 * names of register and field. Returns the entry, NULL when the list is full.
 */
struct refusal *refuse(struct refusals *r, const char *code, const char *reg,
    const char *field, struct span value, const char *zh, const char *en);
/* refuse_at: set the place in a file of every entry from `first` on that has
 * none yet. */
void refuse_at(struct refusals *r, size_t first, unsigned row, unsigned column);

/* refusal_json: {"code","register","field","value","text":{zh,en},"line"};
 * handed over (json_decref). refusals_json: the list. */
json_t *refusal_json(const struct refusal *r);
json_t *refusals_json(const struct refusals *r);

#endif
