/*
 * book/entry.h: the one way by which a register changes.
 *
 * A command is checked against schema and rights; then, in one transaction,
 * an entry is appended (numbered from 1 in its agency, naming the previous
 * entry of its register), its leaf 0x10 is appended to the agency's log, and
 * the register's table is brought up to date. Entries are never changed or
 * deleted (the database refuses it); a mistake is corrected by a later entry.
 *
 * A row is what its entry with the greatest (effective, sequence) says, so an
 * entry that takes effect before the present one is kept as history and
 * leaves the table alone.
 */
#ifndef BOOK_ENTRY_H
#define BOOK_ENTRY_H

#include "book/book.h"
#include "crypt/hash.h"

#define ENTRY_BODY_MAX ((size_t)256 << 10) /* bytes of a canonical body */
#define ENTRY_SALT_LEN 32

enum entry_action {
	ENTRY_SET, /* the whole row */
	ENTRY_VOID, /* the row stays, voided, with a ground */
	ENTRY_NOTE, /* no row: what the software itself writes down */
};

const char *entry_action_name(enum entry_action a); /* "set" */

/* All spans and `fields` are borrowed. */
struct command {
	struct span actor; /* book/rights.h */
	struct span agency;
	struct span reg; /* register's name; "beimen.…" for notes */
	struct span key;
	enum entry_action action;
	int64_t effective_us; /* 0: when received */
	const json_t *fields; /* set, note: an object; void: NULL */
	struct span ground; /* void: needed; else may be empty */
	/* The row's entry as the writer saw it: where it is another by now,
	 * the command is refused (ERR_STATE). 0: not asked. */
	uint64_t prev;
};

struct written {
	uint64_t seq; /* of the entry; the row's last when unchanged */
	char key[SCHEMA_KEY_MAX + 1]; /* the row's, also where "-" was asked */
	uint64_t leaf; /* its place in the agency's log, from 0 */
	int64_t received_us, effective_us;
	bool unchanged; /* the row was so already: no entry was made */
	bool added; /* there was no such row before */
	bool history; /* the present row is later: it stays */
};

/*
 * book_write: carry out one command. A set that changes nothing writes
 * nothing. received time = now_us, or the agency's last one where the clock
 * went back. Row and refs: a ref names a row of its register in the same
 * agency that is not voided (register agency: any agency); writing register
 * `agency` needs agency == key, and an agency's first entry makes its log.
 * The key "-" makes a fresh one (of the fields its register names, else
 * REGISTER-N).
 *
 *   now_us  the clock
 *   bad     refusals are added here
 *   out     [out] what was written
 *
 * Fails   ERR_RANGE: refused, see bad; ERR_DENIED: the actor may not, see
 *         bad; ERR_NOT_FOUND: no such register or agency (bad too), or
 *         voiding a row that is not there; ERR_STATE; what sql/ fails with.
 *         Nothing is stored then.
 */
MUST_CHECK enum err book_write(struct book *b, const struct command *c,
    int64_t now_us, struct refusals *bad, struct written *out,
    struct fault *why);

/*
 * book_note: an entry of the software itself (register "beimen.…"), by actor
 * "process:book"; not checked against a schema.
 */
MUST_CHECK enum err book_note(struct book *b, struct span agency,
    const char *reg, struct span key, const json_t *fields, int64_t now_us,
    struct written *out, struct fault *why);

/*
 * book_undo: correct the entry `seq` by a new one that writes the row as it
 * was before it, or voids a row that the entry made; effective when the
 * undone entry was. Ground: "更正第 N 號 / undoes entry N".
 *
 * Fails   ERR_STATE (bad "state"): a later entry of that key stands in the
 *         way; ERR_NOT_FOUND; as book_write.
 */
MUST_CHECK enum err book_undo(struct book *b, struct span actor,
    struct span agency, uint64_t seq, int64_t now_us, struct refusals *bad,
    struct written *out, struct fault *why);

/*
 * book_rebuild: make every register table anew from the entries, in one
 * transaction, and tell whether they were the same before (the chains too).
 */
MUST_CHECK enum err book_rebuild(struct book *b, bool *same, struct fault *why);

/*
 * book_same: the same question without touching the tables (a reader may ask
 * it): the entries are replayed in memory, and fn is told each register whose
 * rows differ.
 */
typedef void book_differs_fn(void *arg, const char *reg);
MUST_CHECK enum err book_same(
    struct book *b, book_differs_fn *fn, void *arg, struct fault *why);

#endif
