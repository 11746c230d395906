/*
 * vault/source.c: the table of senders.
 */
#include "vault/source.h"

#include <stdlib.h>

#include "vault/map.h"

#define NEAR 1024U /* sources met last, by a cheap mark; a power of two */

struct sources {
	struct vault_source **at; /* number id stands at id - 1; NULL: hole */
	uint32_t n, cap;
	struct map *by_key;
	uint32_t near[NEAR]; /* numbers; 0: none */
};

/* Eight bytes from the end of s, which is where names differ. */
static uint64_t
tail_of(struct span s)
{
	uint64_t v = 0;
	size_t n = s.len < sizeof v ? s.len : sizeof v;

	if (n > 0)
		memcpy(&v, s.at + (s.len - n), n);
	return v;
}

/* Where (sender, host) stands among the near ones. A bad sender can make
 * marks meet; that only costs him the way through the map. */
static uint32_t
near_place(struct span sender, struct span host)
{
	uint64_t h = tail_of(sender) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ tail_of(host) ^ host.len) * UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(h >> 54) & (NEAR - 1);
}

/* Whether s is this (sender, host). */
static bool
source_is(const struct vault_source *s, struct span sender, struct span host)
{
	return s != NULL && span_equal(s->sender, sender) &&
	    span_equal(s->host, host);
}

struct sources *
sources_new(uint64_t seed0, uint64_t seed1)
{
	struct sources *t = calloc(1, sizeof *t);

	if (t != NULL && (t->by_key = map_new(seed0, seed1)) == NULL) {
		free(t);
		t = NULL;
	}
	return t;
}

void
sources_free(struct sources *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->n; i++)
		free(t->at[i]);
	free(t->at);
	map_free(t->by_key);
	free(t);
}

uint32_t
sources_count(const struct sources *t)
{
	return t->n;
}

struct vault_source *
sources_at(struct sources *t, uint32_t id)
{
	return id == 0 || id > t->n ? NULL : t->at[id - 1];
}

/* The map's key: length of sender, sender, host. At most 511 bytes. */
static struct span
key_of(uint8_t to[static 512], struct span sender, struct span host)
{
	sender = span_slice(sender, 0, EVENT_TEXT_MAX);
	host = span_slice(host, 0, EVENT_TEXT_MAX);
	to[0] = (uint8_t)sender.len;
	if (sender.len > 0)
		memcpy(to + 1, sender.at, sender.len);
	if (host.len > 0)
		memcpy(to + 1 + sender.len, host.at, host.len);
	return span_of(to, 1 + sender.len + host.len);
}

uint32_t
sources_find(const struct sources *t, struct span sender, struct span host)
{
	uint8_t key[512];
	uint32_t id = map_get(t->by_key, key_of(key, sender, host));

	return id == MAP_NONE ? 0 : id;
}

/* One allocation holds the source and its two texts. */
static struct vault_source *
source_new(uint32_t id, struct span sender, struct span host)
{
	struct vault_source *s;
	uint8_t *text;

	sender = span_slice(sender, 0, EVENT_TEXT_MAX);
	host = span_slice(host, 0, EVENT_TEXT_MAX);
	if ((s = calloc(1, sizeof *s + sender.len + host.len)) == NULL)
		return NULL;
	text = (uint8_t *)(s + 1);
	if (sender.len > 0)
		memcpy(text, sender.at, sender.len);
	if (host.len > 0)
		memcpy(text + sender.len, host.at, host.len);
	s->id = id;
	s->sender = span_of(text, sender.len);
	s->host = span_of(text + sender.len, host.len);
	return s;
}

/* Makes place for number id. */
static bool
reach(struct sources *t, uint32_t id)
{
	uint32_t cap = t->cap == 0 ? 64 : t->cap;
	struct vault_source **at;

	while (cap < id)
		cap *= 2;
	if (cap != t->cap) {
		if ((at = realloc(t->at, cap * sizeof(*at))) == NULL)
			return false;
		for (uint32_t i = t->cap; i < cap; i++)
			at[i] = NULL;
		t->at = at;
		t->cap = cap;
	}
	if (t->n < id)
		t->n = id;
	return true;
}

enum err
sources_put(struct sources *t, uint32_t id, struct span sender,
    struct span host, struct fault *why)
{
	struct vault_source *s = sources_at(t, id);
	uint8_t key[512];
	uint32_t there;
	enum err e;

	if (source_is(s, sender, host))
		return ERR_OK;
	there = sources_find(t, sender, host);
	if (there == id && s != NULL) /* names longer than are kept */
		return ERR_OK;
	if (id == 0 || id > SOURCES_MAX)
		return fault_set(why, ERR_DAMAGE, "source number %u", id);
	if (there != 0 || s != NULL)
		return fault_set(
		    why, ERR_DAMAGE, "source %u stands for two senders", id);
	if (!reach(t, id) || (s = source_new(id, sender, host)) == NULL)
		return fault_set(why, ERR_MEMORY, "source %u", id);
	e = map_put(t->by_key, key_of(key, sender, host), id, why);
	if (e != ERR_OK) {
		free(s);
		return e;
	}
	t->at[id - 1] = s;
	return ERR_OK;
}

enum err
sources_add(struct sources *t, struct span sender, struct span host,
    uint32_t *id, struct fault *why)
{
	uint32_t *near = &t->near[near_place(sender, host)];
	uint32_t there = *near;
	enum err e;

	if (source_is(sources_at(t, there), sender, host)) {
		*id = there;
		return ERR_OK;
	}
	if ((there = sources_find(t, sender, host)) == 0) {
		if (t->n >= SOURCES_MAX)
			return fault_set(why, ERR_LIMIT,
			    "more than %u log sources", SOURCES_MAX);
		there = t->n + 1;
		if ((e = sources_put(t, there, sender, host, why)) != ERR_OK)
			return e;
	}
	*id = *near = there;
	return ERR_OK;
}

void
sources_seen(struct sources *t, uint32_t id, const struct event *ev)
{
	struct vault_source *s = sources_at(t, id);

	if (s == NULL)
		return;
	if (s->records == 0 || ev->received_us < s->first_us)
		s->first_us = ev->received_us;
	if (s->records == 0 || ev->received_us > s->last_us)
		s->last_us = ev->received_us;
	s->via = ev->via;
	s->records++;
}

void
sources_forget(struct sources *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i] != NULL)
			t->at[i]->resolved = false;
}
