/*
 * vault/tally.h: how often each value of a field was seen.
 *
 * Memory is bounded: once as many different values are known as allowed, new
 * ones are only counted together, and the tally says so.
 */
#ifndef VAULT_TALLY_H
#define VAULT_TALLY_H

#include "base/arena.h"
#include "base/fault.h"

#define TALLY_VALUES_MAX 250000U
#define TALLY_BYTES_MAX ((size_t)48 << 20)

struct tally;

/* One value and how many records have it. */
struct tally_value {
	struct span value;
	uint64_t n;
};

MUST_CHECK enum err tally_new(struct tally **out, struct fault *why);
void tally_free(struct tally *t);

/* tally_add: n more records with this value; at == NULL: without one. */
MUST_CHECK enum err tally_add(
    struct tally *t, struct span value, uint64_t n, struct fault *why);

/* tally_top: the `most` values seen most often (fewer when there are fewer),
 * equal ones by their bytes; copied into the arena. */
MUST_CHECK enum err tally_top(const struct tally *t, size_t most,
    struct arena *a, const struct tally_value **out, size_t *n,
    struct fault *why);
/* tally_distinct: different values known. tally_none: records without the
 * field. tally_others: records whose value was one too many. */
size_t tally_distinct(const struct tally *t);
uint64_t tally_none(const struct tally *t);
uint64_t tally_others(const struct tally *t);

#endif
