/*
 * rules/judge.h: clauses against the city at one moment: verdicts.
 *
 * The whole city at once: each clause's check is one query over all agencies.
 * The answer is a pure function of database, pack, moment and parameters.
 * With `memory` the findings stored in the database (table `finding`) are
 * what was known before, and nothing that was lost, stopped or merely aged
 * improves on them:
 *
 * - a subject known before that the check no longer gives, without being
 *   given as removed, becomes unknown (problem `vanished`); it has moved, not
 *   vanished, when all of its `identity` stands in other rows;
 * - a subject whose marks fell (clause/check.h) becomes unknown (`lost`);
 * - what becomes unknown keeps `known_state` and `known_since_us`, the last
 *   that was known, until the check knows again.
 */
#ifndef RULES_JUDGE_H
#define RULES_JUDGE_H

#include "clause/check.h"

/* Codes that the engine itself gives; rules_sentence knows their words. */
#define PROBLEM_NO_INSTRUMENT "no_instrument" /* the clause has no check */
#define PROBLEM_REFUSED "refused" /* its check or row is wrong */
#define PROBLEM_NO_SUBJECT "no_subject" /* nothing declared */
#define PROBLEM_VANISHED "vanished"
#define PROBLEM_LOST "lost"

struct finding { /* one subject; texts live as long as the judged clause */
	const char *agency, *subject, *title;
	enum state state;
	int64_t since_us; /* 0: not known */
	int64_t due_us; /* 0: none */
	const char *problem; /* code; NULL: none */
	const char *evidence; /* JSON object */
	enum state known_state; /* STATE_N: nothing else was known before */
	int64_t known_since_us;
};

struct verdict { /* clause x agency */
	const char *agency;
	enum state state;
	int64_t since_us; /* of the subjects in this state, the earliest */
	const char *problem; /* for a verdict without subjects; else NULL */
	unsigned n[STATE_SUBJECT_N]; /* subjects in each state */
};

struct judged { /* one clause */
	const struct clause *clause;
	const char *refused; /* place and cause; NULL: it ran */
	const struct finding *findings; /* ordered by agency, subject */
	size_t n_findings;
	const struct verdict *verdicts; /* ordered by agency: all of them */
	size_t n_verdicts;
	int64_t next_us; /* time alone changes something then; WHEN_NEVER */
};

struct judge_ask {
	int64_t at_us;
	const char *agency; /* NULL: all */
	const struct clause *clause; /* NULL: all that have a verdict */
	const struct check_set *sets; /* parameters, of whichever clause */
	size_t n_sets;
	bool memory;
};

/* Not ERR_OK ends the judging with it. *j is borrowed during the call. */
typedef enum err judged_fn(
    void *arg, const struct judged *j, struct fault *why);

/*
 * rules_judge: judge and hand over clause by clause, in the pack's order, from
 * one snapshot of the database. A clause whose check is refused, or gives one
 * bad row, is unknown for every agency, with the place; others are unharmed.
 *
 * Fails   as sql does, or as fn does; ERR_MEMORY.
 */
MUST_CHECK enum err rules_judge(struct sql *db, const struct pack *p,
    const struct judge_ask *ask, judged_fn *fn, void *arg, struct fault *why);

/*
 * rules_set_parse: "12.3.days=180" → clause 12.3, its parameter, 180.
 * Fails   ERR_SYNTAX, ERR_NOT_FOUND; *clause may be NULL if not wanted.
 */
MUST_CHECK enum err rules_set_parse(const struct pack *p, struct span text,
    struct check_set *set, const struct clause **clause, struct fault *why);

/*
 * rules_sentence: append what a finding or verdict says, and how it gets
 * green, in zh and en. `problem` is a code of the clause or of the engine.
 * Nothing is appended for a code that neither knows.
 */
struct rules_words {
	struct buf *zh, *en, *fix_zh, *fix_en; /* each may be NULL */
};
void rules_sentence(const struct clause *c, const char *problem,
    const char *evidence, const struct rules_words *to);

#endif
