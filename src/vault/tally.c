/*
 * vault/tally.c: counting values.
 *
 * Neighbouring records often share a value, so the last one is tried first.
 */
#include "vault/tally.h"

#include <stdlib.h>

#include "base/env.h"
#include "vault/map.h"

struct tally {
	struct map *map; /* value -> place in list */
	struct arena *arena;
	struct tally_value *list;
	size_t n, cap;
	uint32_t last; /* the value met last; MAP_NONE */
	uint64_t none, others;
};

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	map_free(t->map);
	arena_free(t->arena);
	free(t->list);
	free(t);
}

enum err
tally_new(struct tally **out, struct fault *why)
{
	struct tally *t = calloc(1, sizeof *t);
	struct env *env = env_system();
	uint64_t seed[2] = { 0, 0 };
	enum err e;

	if (t == NULL)
		return fault_set(why, ERR_MEMORY, "tally");
	t->last = MAP_NONE;
	if ((e = env->ops->random(env, seed, sizeof seed, why)) != ERR_OK)
		goto out;
	t->map = map_new(seed[0], seed[1]);
	t->arena = arena_new(TALLY_BYTES_MAX);
	if (t->map == NULL || t->arena == NULL) {
		e = fault_set(why, ERR_MEMORY, "tally");
		goto out;
	}
	*out = t;
	t = NULL;
out:
	tally_free(t);
	return e;
}

/* A value never met before; its place, MAP_NONE when there is no room. */
static enum err
value_new(struct tally *t, struct span value, uint32_t *at, struct fault *why)
{
	size_t cap = t->cap == 0 ? 256 : t->cap * 2;
	struct tally_value *list;
	struct span copy;

	*at = MAP_NONE;
	if (t->n >= TALLY_VALUES_MAX)
		return ERR_OK;
	copy = arena_copy(t->arena, value);
	if (copy.at == NULL)
		return ERR_OK;
	if (t->n == t->cap) {
		list = reallocarray(t->list, cap, sizeof *list);
		if (list == NULL)
			return fault_set(why, ERR_MEMORY, "tally");
		t->list = list;
		t->cap = cap;
	}
	t->list[t->n] = (struct tally_value){ .value = copy };
	*at = (uint32_t)t->n;
	return map_put(t->map, copy, (uint32_t)t->n++, why);
}

enum err
tally_add(struct tally *t, struct span value, uint64_t n, struct fault *why)
{
	uint32_t at = t->last;
	enum err e;

	if (value.at == NULL) {
		t->none += n;
		return ERR_OK;
	}
	if (at == MAP_NONE || !span_equal(t->list[at].value, value))
		at = map_get(t->map, value);
	if (at == MAP_NONE && (e = value_new(t, value, &at, why)) != ERR_OK)
		return e;
	if (at == MAP_NONE) {
		t->others += n;
		return ERR_OK;
	}
	t->list[at].n += n;
	t->last = at;
	return ERR_OK;
}

/* More often first, then by bytes. */
static int
value_order(const void *a, const void *b)
{
	const struct tally_value *x = a, *y = b;
	size_t len = x->value.len < y->value.len ? x->value.len : y->value.len;
	int by;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	by = len == 0 ? 0 : memcmp(x->value.at, y->value.at, len);
	return by != 0
	    ? by
	    : (x->value.len > y->value.len) - (x->value.len < y->value.len);
}

enum err
tally_top(const struct tally *t, size_t most, struct arena *a,
    const struct tally_value **out, size_t *n, struct fault *why)
{
	struct tally_value *all, *top;
	size_t count = t->n < most ? t->n : most;

	all = reallocarray(NULL, t->n + 1, sizeof *all);
	top = arena_array(a, count, sizeof *top);
	if (all == NULL || top == NULL) {
		free(all);
		return fault_set(why, ERR_MEMORY, "tally");
	}
	for (size_t i = 0; i < t->n; i++)
		all[i] = t->list[i];
	if (t->n > 1)
		qsort(all, t->n, sizeof *all, value_order);
	for (size_t i = 0; i < count; i++) {
		top[i] = all[i];
		top[i].value = arena_copy(a, all[i].value);
		if (top[i].value.at == NULL) {
			free(all);
			return fault_set(why, ERR_MEMORY, "tally");
		}
	}
	free(all);
	*out = top;
	*n = count;
	return ERR_OK;
}

size_t
tally_distinct(const struct tally *t)
{
	return t->n;
}

uint64_t
tally_none(const struct tally *t)
{
	return t->none;
}

uint64_t
tally_others(const struct tally *t)
{
	return t->others;
}
