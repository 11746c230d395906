/*
 * vault/detect_watch.c: the subjects that a rule watches, a bounded number.
 *
 * The least recently hit goes first, and is counted. Nothing depends on the
 * clock or on chance, so a replay from a saved state says the same again.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "vault/detect_own.h"

void
text_of(char to[static DETECT_TEXT_MAX + 1], struct span s)
{
	size_t len = s.len, at;

	if ((at = span_find(s, 0)) != SIZE_MAX)
		len = at;
	if (len > DETECT_TEXT_MAX)
		len = text_cut((const char *)s.at, DETECT_TEXT_MAX);
	if (len > 0)
		memcpy(to, s.at, len);
	to[len] = '\0';
}

/* The key: source number and subject. */
static struct span
key_of(uint8_t to[static KEY_MAX], uint32_t source, const char *subject)
{
	size_t len = strlen(subject);

	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(source >> (24 - 8 * i));
	memcpy(to + 4, subject, len);
	return span_of(to, 4 + len);
}

void
watch_reset(struct watch *x)
{
	x->told = false;
	x->n = x->count = x->next_told = 0;
	x->n_items = 0;
	x->n_ids = x->at_id = 0;
	x->first_us = x->last_us = 0;
	free(x->seen);
	x->seen = NULL;
}

static void
watch_clear(struct watch *x)
{
	free(x->hit);
	free(x->held);
	free(x->seen);
}

void
watched_reset(struct watched *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		watch_clear(&w->at[i]);
	free(w->at);
	w->at = NULL;
	w->n = w->cap = 0;
	w->newest = w->oldest = w->unused = NONE;
	w->bytes = 0;
	map_reset(w->by_key);
}

/* Takes entry i out of the order of use. */
static void
unlink_watch(struct watched *w, uint32_t i)
{
	struct watch *x = &w->at[i];

	if (x->newer != NONE)
		w->at[x->newer].older = x->older;
	else
		w->newest = x->older;
	if (x->older != NONE)
		w->at[x->older].newer = x->newer;
	else
		w->oldest = x->newer;
	x->newer = x->older = NONE;
}

/* Puts entry i at the front of it. */
static void
link_watch(struct watched *w, uint32_t i)
{
	w->at[i].older = w->newest;
	w->at[i].newer = NONE;
	if (w->newest != NONE)
		w->at[w->newest].newer = i;
	w->newest = i;
	if (w->oldest == NONE)
		w->oldest = i;
}

size_t
watch_bytes(const struct detect *d, unsigned rule, const struct watch *x)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	size_t n = 64 + strlen(x->subject) + 12U * x->n_ids;

	if (r->kind == SIGMA_VALUE_COUNT)
		for (uint32_t i = 0; i < x->n_items; i++)
			n += 24 + strlen(x->held[i].value) +
			    strlen(x->held[i].session);
	else
		n += 16U * (size_t)x->n_items;
	return x->seen == NULL ? n : n + 45U * r->count.n_parts;
}

/* Forgets the least recently hit subject of a rule. */
static void
watch_forget(struct detect *d, unsigned rule)
{
	struct watched *w = &d->watched[rule];
	uint8_t key[KEY_MAX];
	uint32_t i = w->oldest;
	struct watch *x = &w->at[i];
	size_t bytes = watch_bytes(d, rule, x);

	map_drop(w->by_key, key_of(key, x->source, x->subject));
	unlink_watch(w, i);
	watch_clear(x);
	*x = (struct watch){ .newer = w->unused, .older = NONE };
	w->unused = i;
	w->bytes -= bytes;
	d->bytes -= bytes;
	d->dropped++;
}

void
room_make(struct detect *d, unsigned rule, const struct watch *x)
{
	while (d->bytes > DETECT_STATE_MAX) {
		unsigned most = rule;

		for (unsigned i = 0; i < d->n_rules; i++)
			if (d->watched[i].bytes > d->watched[most].bytes)
				most = i;
		if (&d->watched[most].at[d->watched[most].oldest] == x)
			return; /* one alone never takes so much */
		watch_forget(d, most);
	}
}

/* An entry that can be used: a new one, or the least recently used. */
static enum err
watch_take(struct detect *d, unsigned rule, uint32_t *out, struct fault *why)
{
	struct watched *w = &d->watched[rule];
	uint32_t cap = w->cap == 0 ? 16 : w->cap * 2;
	struct watch *at;

	if (map_count(w->by_key) >= d->keys_max)
		watch_forget(d, rule);
	if (w->unused != NONE) {
		*out = w->unused;
		w->unused = w->at[*out].newer;
	} else {
		if (w->n == w->cap) {
			at = reallocarray(w->at, cap, sizeof *at);
			if (at == NULL)
				return fault_set(why, ERR_MEMORY, "detectors");
			w->at = at;
			w->cap = cap;
		}
		*out = w->n++;
	}
	w->at[*out] = (struct watch){ .newer = NONE, .older = NONE };
	return ERR_OK;
}

enum err
watch_at(struct detect *d, unsigned rule, uint32_t source, const char *subject,
    bool make, struct watch **out, struct fault *why)
{
	struct watched *w = &d->watched[rule];
	uint8_t key[KEY_MAX];
	struct span k = key_of(key, source, subject);
	uint32_t i = map_get(w->by_key, k);
	size_t bytes;
	enum err e;

	*out = NULL;
	if (i == MAP_NONE) {
		if (!make)
			return ERR_OK;
		if ((e = watch_take(d, rule, &i, why)) != ERR_OK)
			return e;
		w->at[i].source = source;
		memcpy(w->at[i].subject, subject, strlen(subject) + 1);
		if ((e = map_put(w->by_key, k, i, why)) != ERR_OK) {
			w->at[i].newer = w->unused;
			w->unused = i;
			return e;
		}
		bytes = watch_bytes(d, rule, &w->at[i]);
		w->bytes += bytes;
		d->bytes += bytes;
	} else if (make) {
		unlink_watch(w, i);
	}
	if (make)
		link_watch(w, i);
	*out = &w->at[i];
	return ERR_OK;
}

enum err
watch_hit(
    struct watch *x, struct hit h, uint32_t keep, bool *went, struct fault *why)
{
	uint32_t cap = x->cap_items == 0 ? 8 : x->cap_items * 2;
	struct hit *at;

	*went = x->n_items >= keep;
	if (*went) {
		x->n_items = keep - 1;
		memmove(x->hit, x->hit + 1, x->n_items * sizeof *x->hit);
	}
	if (x->n_items == x->cap_items) {
		if ((at = reallocarray(x->hit, cap, sizeof *at)) == NULL)
			return fault_set(why, ERR_MEMORY, "detectors");
		x->hit = at;
		x->cap_items = cap;
	}
	x->hit[x->n_items++] = h;
	return ERR_OK;
}

enum err
watch_hold(struct watch *x, uint32_t keep, struct held **out, bool *went,
    struct fault *why)
{
	uint32_t cap = x->cap_items == 0 ? 8 : x->cap_items * 2;
	struct held *at;

	*went = x->n_items >= keep;
	if (*went) {
		x->n_items = keep - 1;
		memmove(x->held, x->held + 1, x->n_items * sizeof *x->held);
	}
	if (x->n_items == x->cap_items) {
		if ((at = reallocarray(x->held, cap, sizeof *at)) == NULL)
			return fault_set(why, ERR_MEMORY, "detectors");
		x->held = at;
		x->cap_items = cap;
	}
	*out = &x->held[x->n_items++];
	return ERR_OK;
}

enum err
watch_seen(struct watch *x, unsigned n_parts, struct fault *why)
{
	if (x->seen == NULL)
		x->seen = calloc(n_parts, sizeof *x->seen);
	return x->seen == NULL ? fault_set(why, ERR_MEMORY, "detectors")
			       : ERR_OK;
}

void
watch_id(struct watch *x, struct place_id id)
{
	x->id[x->at_id] = id;
	x->at_id = (uint8_t)((x->at_id + 1) % DETECT_RECORDS_MAX);
	if (x->n_ids < DETECT_RECORDS_MAX)
		x->n_ids++;
}
