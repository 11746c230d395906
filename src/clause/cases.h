/*
 * clause/cases.h: a clause's fixtures, run.
 *
 * cases.yaml is a list of
 *
 *     - name: one microsecond before the limit it still holds
 *       like: an earlier case's name     # optional: its rows come first
 *       at: 2026-03-01T00:00:00+08:00
 *       set: {silent_hours: 12}          # optional: parameters
 *       given:                           # tables named here replace those
 *         source:                        # of `like`
 *           - {id: 1, agency: main, last_us: 2026-02-28T23:59:59.999999+08:00}
 *       expect:
 *         - {agency: main, subject: crm/sign-in, state: met}
 *         - {agency: main, subject: crm/sign-out, state: unmet,
 *            problem: absent, due: 2026-03-02}
 *
 * A text that is a whole RFC 3339 instant or date becomes its microseconds.
 * A value {from: DATE, to: DATE} makes one row for each Taipei day in
 * [from, to). A column that the table demands and the row lacks becomes 0 or
 * the empty text. `expect` lists every row of the check, in any order; `since`,
 * `due` and `problem` are compared where given. Rows of state due, unmet or
 * unknown must carry a problem whose sentences find all their placeholders.
 */
#ifndef CLAUSE_CASES_H
#define CLAUSE_CASES_H

#include "clause/check.h"

/* Makes the tables of an empty database (the book's schema). */
typedef enum err cases_schema_fn(void *arg, struct sql *db, struct fault *why);
/* One case was run; `wrong` is NULL, or what differs. */
typedef void cases_done_fn(
    void *arg, const struct clause *c, const char *name, const char *wrong);

/* How many cases, which failed, and which states were reached. */
struct cases_sum {
	unsigned n, failed;
	bool reached[STATE_SUBJECT_N];
};

/*
 * cases_run: run all cases of one clause, each in a database of its own in
 * memory, and add to *sum.
 *
 *   dir, path   the pack's folder, as given to pack_load
 *
 * Fails   ERR_NOT_FOUND: the clause has no cases.yaml; ERR_SYNTAX: it is
 *         wrong, with file and line. A case that differs is no failure.
 */
MUST_CHECK enum err cases_run(int dir, const char *path, const struct clause *c,
    cases_schema_fn *schema, void *schema_arg, cases_done_fn *done, void *arg,
    struct cases_sum *sum, struct fault *why);

#endif
