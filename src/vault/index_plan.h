/*
 * vault/index_plan.h: which granules of a segment a search must look at.
 *
 * For each granule of 256 records one of three: no record matches; some may;
 * every record matches (which `a search for nothing` and what is denied and
 * not there allow). The first is passed over, the last need not be compared.
 */
#ifndef VAULT_INDEX_PLAN_H
#define VAULT_INDEX_PLAN_H

#include "vault/index_read.h"
#include "vault/query.h"
#include "vault/segment.h"

struct plan;

/* plan_new: cut a query's texts into tokens; the query is borrowed. Handed
 * over (plan_free). Fails ERR_MEMORY. */
MUST_CHECK enum err plan_new(
    const struct query *q, struct plan **out, struct fault *why);
void plan_free(struct plan *p);

/*
 * plan_granules: ask one segment's index.
 *
 *   may   [out] bit g: records of granule g may match
 *   all   [out] bit g: all of them do; both index_words long
 *   n     counts the bytes of index read
 *
 * Fails   ERR_MEMORY; ERR_DAMAGE and as the index's fetch: the bitmaps are
 *         then good for nothing, and every record has to be compared.
 */
MUST_CHECK enum err plan_granules(struct plan *p, struct index *ix,
    uint64_t *may, uint64_t *all, uint64_t *n, struct fault *why);

/* plan_is_open: it asks for everything: no index is worth a look. */
bool plan_is_open(const struct plan *p);

#endif
