/*
 * clause/check.h: a clause's SQL, prepared under restraint and run.
 *
 * A check is one SELECT that gives a row per subject in scope, over all
 * agencies at once, with exactly the columns
 *
 *     agency, subject, subject_title, state, since, due, problem, evidence
 *
 * state     a name below STATE_SUBJECT_N (clause/state.h)
 * since     microseconds or NULL: from when this state holds
 * due       microseconds or NULL: by when somebody must have acted
 * problem   a code of clause.yaml, or NULL; wanted for due, unmet, unknown
 * evidence  the text of a JSON object: ids of rows, figures, times as
 *           integers ending in `_us`. Three keys are read by the engine:
 *   next_us   the next moment at which time alone changes this row
 *   marks     an object of integers that only ever grow (the newest sighting,
 *             the highest number); one that fell since the previous finding
 *             tells that evidence was lost. A mark that is null or not there
 *             is not compared; a count that a register may lawfully lower
 *             carries that register's entries in its name ("sources@812")
 *   identity  what the subject is made of, as a list of texts: when all of
 *             them appear in other rows the subject has moved, not vanished
 *
 * A subject that left the scope lawfully (a voided row with its ground, a
 * system past its last day) is given as state `n/a` with the reserved problem
 * code `removed`: it is no finding and is not counted, and its end is no
 * loss. Of two rows of one subject the worse counts.
 *
 * Bound: :at, :year_from, :year_to, :half_from, :month_from (Taipei calendar,
 * UTC microseconds) and :NAME for each parameter of the clause.
 */
#ifndef CLAUSE_CHECK_H
#define CLAUSE_CHECK_H

#include "clause/pack.h"
#include "clause/state.h"
#include "sql/sql.h"

#define CHECK_LIMIT_MS 20000 /* one run of one check over all agencies */

struct check;

/* A parameter replaced for one run: what if. */
struct check_set {
	const struct clause_param *param;
	int64_t value;
};

struct check_row {
	struct span agency, subject, title; /* borrowed until the next row */
	enum state state;
	bool removed; /* left the scope lawfully */
	bool has_since, has_due;
	int64_t since_us, due_us;
	int64_t next_us; /* of the evidence; 0: none */
	const struct clause_problem *problem; /* NULL: none */
	struct span evidence; /* well-formed JSON object, borrowed likewise */
};

/*
 * check_prepare: prepare c->sql on db. Refused with place and cause: more than
 * one statement, anything but a SELECT, a table or column that is not there,
 * other column names, a parameter that clause.yaml lacks.
 * Handed over (check_free); c and db must outlive it.
 *
 * Fails   ERR_STATE: the clause has no check; ERR_SYNTAX, ERR_DENIED, with
 *         "<id>/check.sql:LINE: …".
 */
MUST_CHECK enum err check_prepare(struct sql *db, const struct clause *c,
    unsigned limit_ms, struct check **out, struct fault *why);
void check_free(struct check *k);

/* check_reads: whether the check reads this table. check_table: the tables
 * by number, NULL past the last; what changes them calls for a new run. */
bool check_reads(const struct check *k, const char *table);
const char *check_table(const struct check *k, unsigned at);

/* check_start: bind everything for one run at at_us. */
MUST_CHECK enum err check_start(struct check *k, int64_t at_us,
    const struct check_set *sets, size_t n_sets, struct fault *why);
/*
 * check_next: the next row, validated: *more false after the last.
 * Fails   ERR_RANGE: a row breaks the rules above; the line names the column
 *         and subject; ERR_LIMIT: it ran past its time. The run is over.
 */
MUST_CHECK enum err check_next(
    struct check *k, struct check_row *row, bool *more, struct fault *why);

#endif
