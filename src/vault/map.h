/*
 * vault/map.h: small numbers found by bytes.
 *
 * Keys are copied; they may come from hostile senders, so the hash is keyed
 * (SipHash-1-3). Values are the caller's: an index into its own array. The
 * order of entries is nobody's business: there is no walk.
 */
#ifndef VAULT_MAP_H
#define VAULT_MAP_H

#include "base/fault.h"
#include "base/span.h"

#define MAP_NONE UINT32_MAX

struct map;

struct map *map_new(uint64_t key0, uint64_t key1);
void map_free(struct map *m);
size_t map_count(const struct map *m);
/* map_get: the value of key, or MAP_NONE. */
uint32_t map_get(const struct map *m, struct span key);
/* map_put: set it; value is not MAP_NONE. ERR_MEMORY. */
MUST_CHECK enum err map_put(
    struct map *m, struct span key, uint32_t value, struct fault *why);
void map_drop(struct map *m, struct span key);
void map_reset(struct map *m);

#endif
