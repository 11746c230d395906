/*
 * rules/explain.h: why a clause stands as it does in one agency.
 *
 * The document (JSON) holds: `clause` (id, chapter, title, text, mode,
 * modality, exception, decided_by, limits, actor, instruments, parameters,
 * sql), `agency`, `at_us`, `verdict` (state, since, counts, says, fix),
 * `population` (subjects in each state), `subjects` (each with state, since,
 * due, problem, says and fix in zh and en, evidence, last known) with the
 * deciding ones first, `deciding` (how many subjects carry the verdict),
 * `act` (who must act, by when, the shortest way to green) and `next_us`.
 */
#ifndef RULES_EXPLAIN_H
#define RULES_EXPLAIN_H

#include "pack/json.h"
#include "rules/judge.h"

#define EXPLAIN_SUBJECTS_MAX 2000 /* more are counted, not listed */

/*
 * rules_explain: judge ask->clause for ask->agency (both given) and explain.
 * *out is handed over (json_decref).
 */
MUST_CHECK enum err rules_explain(struct sql *db, const struct pack *p,
    const struct judge_ask *ask, json_t **out, struct fault *why);

/* rules_clause_json: the clause's own fields, as in `clause` above. */
json_t *rules_clause_json(const struct clause *c);

#endif
