/*
 * match/literals.h: which of many literal texts stand in a message, found in
 * one pass over it.
 *
 * Hyperscan does it, and is reached only from here. On a machine whose
 * processor it does not run on, each text is looked for by itself: slower,
 * with the same answers.
 */
#ifndef MATCH_LITERALS_H
#define MATCH_LITERALS_H

#include "base/fault.h"
#include "base/span.h"

#define LITERALS_MAX 4096

struct literals;

/*
 * literals_new: a set of n texts, none of them empty, copied. Handed over
 * (literals_free). One set serves one thread at a time.
 *
 *   plain   without Hyperscan; for comparing answers
 *
 * Fails   ERR_LIMIT: more than LITERALS_MAX; ERR_MEMORY.
 */
MUST_CHECK enum err literals_new(const struct span *text, size_t n, bool plain,
    struct literals **out, struct fault *why);
void literals_free(struct literals *l);

/* literals_find_fn: text number `which` stands in the message; each is told
 * at least once if it does, in no order. */
typedef void literals_find_fn(void *arg, unsigned which);

/* literals_find: tell fn every text of the set that stands in s. */
void literals_find(
    struct literals *l, struct span s, literals_find_fn *fn, void *arg);

#endif
