/*
 * book/verdict.h: the verdicts that rules found, as rows and spans.
 *
 * Tables verdict, finding and verdict_span as in ARCHITECTURE.md, `verdict`
 * with the clause's chapter besides; tally(agency, chapter, state, n) counts
 * verdicts; tally_version grows with every change of a verdict.
 */
#ifndef BOOK_VERDICT_H
#define BOOK_VERDICT_H

#include "book/book.h"

/*
 * book_verdicts: take over a set of changes from rules.
 *
 *   changes  {"at": us, "pack": text,
 *             "verdicts": [{clause, agency, chapter, state, since_us,
 *                n_met, n_due, n_unmet, n_unknown, n_excepted, n_na}],
 *             "gone": [{clause, agency}],          verdicts no longer given
 *             "findings": [{clause, agency, subject, subject_title, state,
 *                since_us, due_us, problem, evidence, known_state,
 *                known_since_us}],
 *             "findings_gone": [{clause, agency, subject}]}
 *            each list may be missing; evidence is an object or its text;
 *            states: met due unmet unknown excepted n/a adopted, "not
 *            adopted", info
 *   changed  [out, may be NULL] verdicts whose state changed: each is an
 *            entry beimen.verdict (key = clause) in that agency and a span
 *
 * All of it is one transaction. Taking the same set again changes nothing.
 * Fails   ERR_SYNTAX: names the item; ERR_NOT_FOUND: no such agency.
 */
MUST_CHECK enum err book_verdicts(struct book *b, const json_t *changes,
    int64_t now_us, uint64_t *changed, struct fault *why);

/* book_tally_version: 0 before the first verdict. */
MUST_CHECK enum err book_tally_version(
    struct book *b, uint64_t *version, struct fault *why);

#endif
