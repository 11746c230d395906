/*
 * vault/lexicon_learn.h: the writer's side of a lexicon: what of the records
 * so far is worth a template, a number, a kind.
 *
 * About memory of the recent past, bounded: a template is made when its
 * skeleton comes a second time; a text gets a number when its column repeats
 * itself, or when it comes again. What was decided wrongly costs bytes, and
 * nothing else.
 */
#ifndef VAULT_LEXICON_LEARN_H
#define VAULT_LEXICON_LEARN_H

#include "vault/lexicon.h"

struct learner;

/* learner_new: of an empty lexicon, borrowed; seed makes the hashes its own.
 * NULL when memory is out. */
struct learner *learner_new(struct lexicon *l, const uint64_t seed[static 2]);
void learner_free(struct learner *lr);

/*
 * learner_cut: the parts of ev's raw bytes by its template, borrowed until
 * the next call; *template [out] its number, TEMPLATE_PLAIN when it has none
 * (then there is one part).
 */
const struct cut *learner_cut(struct learner *lr, const struct event *ev,
    struct span host, uint32_t *template);

/* learner_kind: the kind of the record that was cut, a new one if need be;
 * KIND_WHOLE when there is no room. flags: KIND_SOURCE_SENDER and _HOST as
 * they hold. */
uint32_t learner_kind(struct learner *lr, const struct event *ev,
    uint32_t template, uint8_t flags);

/* learner_text, learner_ip: the number of a value of this family; 0: it is
 * to be written out. */
uint32_t learner_text(struct learner *lr, uint32_t family, struct span s);
uint32_t learner_ip(struct learner *lr, uint32_t family, uint32_t address);

/* ref_span: what a reference means in a record that was cut so; false when it
 * means nothing in it. Of REF_FIXED, REF_RANGE only. */
bool ref_span(const struct ref *r, const struct cut *c, struct span raw,
    struct span *out);

#endif
