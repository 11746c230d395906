/*
 * vault/idset.h: the ids of batches that are stored, so that one sent again
 * is known. The newest IDSET_MAX are kept; memory is taken once.
 *
 * Of each id 16 bytes are kept: a chance match of two honest ids is less
 * likely than 2^-90 at any one time. Source: RFC 9110 has no such key; the
 * Idempotency-Key draft (draft-ietf-httpapi-idempotency-key-header) and
 * Elasticsearch's _id are what senders use.
 */
#ifndef VAULT_IDSET_H
#define VAULT_IDSET_H

#include "base/fault.h"
#include "crypt/hash.h"

#define IDSET_MAX 131072U
#define IDSET_LEN 16

struct idset;

struct idset *idset_new(void);
void idset_free(struct idset *s);
bool idset_has(const struct idset *s, const uint8_t id[static IDSET_LEN]);
/* idset_add: the oldest goes when it is full; nothing if it is there. */
void idset_add(struct idset *s, const uint8_t id[static IDSET_LEN]);
/* idset_undo: forget the n added last. */
void idset_undo(struct idset *s, uint64_t n);
/* idset_added: how many were added in all. idset_at: the at-th of them, from
 * 0; NULL when it went long ago. */
uint64_t idset_added(const struct idset *s);
const uint8_t *idset_at(const struct idset *s, uint64_t at);

#endif
