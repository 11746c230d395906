/*
 * clause/state.h: what can be said of a subject, and of a clause in an agency.
 *
 * A check gives the first six; the last two are verdicts of `may` clauses
 * only. Words as in the design: unmet and unknown are one rank, "not met".
 */
#ifndef CLAUSE_STATE_H
#define CLAUSE_STATE_H

#include "base/span.h"

enum state {
	STATE_MET,
	STATE_DUE,
	STATE_UNMET,
	STATE_UNKNOWN,
	STATE_EXCEPTED,
	STATE_NA,
	STATE_SUBJECT_N, /* a subject's state is below this */
	STATE_ADOPTED = STATE_SUBJECT_N,
	STATE_NOT_ADOPTED,
	STATE_N
};

/* state_name: "met" "due" "unmet" "unknown" "excepted" "n/a" "adopted"
 * "not adopted". state_zh, state_en: the words people read. */
const char *state_name(enum state s);
const char *state_zh(enum state s);
const char *state_en(enum state s);
/* state_find: the reverse of state_name; STATE_N when there is none. */
enum state state_find(struct span s);

/* state_rank: 0 n/a, 1 met and adopted, 2 excepted, 3 due, 4 unmet, unknown
 * and not adopted: higher is worse. */
unsigned state_rank(enum state s);
/* state_worse: the one that names the verdict: the higher rank, and of unmet
 * and unknown unmet. */
enum state state_worse(enum state a, enum state b);

#endif
