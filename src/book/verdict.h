/*
 * book/verdict.h: the verdicts that rules found, as rows and spans.
 *
 * Tables verdict, finding and verdict_span as in ARCHITECTURE.md, `verdict`
 * with chapter and problem besides; clause_run(clause, at_us, next_us,
 * refused); tally(agency, chapter, state, n) counts
 * verdicts; tally_version grows with every change of a verdict.
 */
#ifndef BOOK_VERDICT_H
#define BOOK_VERDICT_H

#include "book/book.h"

/*
 * book_verdicts: take over what rules found to be new for one clause.
 *
 *   changes  the object of rules/changes.h: {"clause", "at_us", "next_us",
 *            "refused", "verdicts": [...], "verdicts_gone": [...],
 *            "findings": [...], "findings_gone": [...]}, and "chapter": its
 *            number, for the tally (0 when missing); lists may be missing
 *   changed  [out, may be NULL] verdicts whose state changed: each is an
 *            entry beimen.verdict (key = clause) in that agency and a span.
 *            What it was is taken from the table, not from "was".
 *
 * All of it is one transaction. Taking the same object again changes nothing.
 * Fails   ERR_SYNTAX: names the item; ERR_NOT_FOUND: no such agency.
 */
MUST_CHECK enum err book_verdicts(struct book *b, const json_t *changes,
    int64_t now_us, uint64_t *changed, struct fault *why);

/* book_tally_version: 0 before the first verdict. */
MUST_CHECK enum err book_tally_version(
    struct book *b, uint64_t *version, struct fault *why);

#endif
