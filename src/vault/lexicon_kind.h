/*
 * vault/lexicon_kind.h: which kind a record is of. For lexicon_learn.c.
 */
#ifndef VAULT_LEXICON_KIND_H
#define VAULT_LEXICON_KIND_H

#include "vault/lexicon_learn.h"

struct kinds;

/* kinds_new: of an empty lexicon, borrowed; NULL when memory is out. */
struct kinds *kinds_new(struct lexicon *l);
void kinds_free(struct kinds *k);
/* kinds_find: as learner_kind. */
uint32_t kinds_find(struct kinds *k, const struct event *ev,
    const struct cut *c, uint32_t template, uint8_t flags);

#endif
