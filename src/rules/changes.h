/*
 * rules/changes.h: what is new against the stored verdicts, for book.
 *
 * One JSON object a clause (only clauses in which something changed):
 *
 *     {"clause": "12.1", "chapter": 5, "at_us": …, "next_us": …|null,
 *      "refused": "12.1/check.sql:3: …"|null,
 *      "verdicts": [{"agency", "state", "since_us", "problem"|null,
 *         "n_met", "n_due", "n_unmet", "n_unknown", "n_excepted", "n_na",
 *         "was": state|null}],                 changed or new
 *      "verdicts_gone": ["agency", …],
 *      "findings": [{"agency", "subject", "subject_title", "state",
 *         "since_us", "due_us"|null, "problem"|null, "evidence": {…},
 *         "known_state"|null, "known_since_us"|null}],   changed or new
 *      "findings_gone": [{"agency", "subject"}, …]}
 *
 * book applies it in one transaction: `verdicts` and `findings` replace the
 * rows of their key, the gone ones are deleted, and each element of
 * `verdicts` whose `was` differs from its `state` becomes an entry. Findings
 * of every state are stored: what was met must be missed too when it goes.
 *
 * Evidence gains `judged_us`. Where nothing but the evidence differs, a
 * finding is given again only 15 minutes after it was stored last.
 */
#ifndef RULES_CHANGES_H
#define RULES_CHANGES_H

#include "pack/json.h"
#include "rules/judge.h"

/*
 * rules_changes: compare j with the tables `verdict` and `finding` of db.
 *
 *   out   [out] the object, handed over (json_decref); NULL: nothing changed
 */
MUST_CHECK enum err rules_changes(struct sql *db, const struct judged *j,
    int64_t at_us, json_t **out, struct fault *why);

#endif
