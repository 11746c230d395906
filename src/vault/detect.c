/*
 * vault/detect.c: from a record to what is told about it.
 *
 * A record is matched against the plain rules of its category; what counts
 * those counts it; what counts that comes after it: rules stand in an order
 * in which each follows all it refers to.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/when.h"
#include "vault/detect_own.h"

/* ---- life ---- */

/* Lists for each rule the rules that count it. */
static bool
users_make(struct detect *d)
{
	size_t n = 0;

	d->users_at = calloc(d->n_rules + 1U, sizeof *d->users_at);
	if (d->users_at == NULL)
		return false;
	for (unsigned pass = 0; pass < 2; pass++) {
		n = 0;
		for (unsigned i = 0; i < d->n_rules; i++) {
			if (pass == 1)
				d->users_at[i] = (uint32_t)n;
			for (unsigned k = i; k < d->n_rules; k++) {
				const struct sigma_count *c =
				    &sigma_at(d->rules, k)->count;
				bool uses = c->n_parts > 0 &&
				    (c->reset == i || c->close == i);

				for (unsigned p = 0; p < c->n_parts; p++)
					uses = uses || c->part[p] == i;
				if (uses && pass == 1)
					d->users[n] = k;
				n += uses;
			}
		}
		if (pass == 0 &&
		    (d->users = calloc(n + 1, sizeof *d->users)) == NULL)
			return false;
	}
	d->users_at[d->n_rules] = (uint32_t)n;
	return true;
}

struct detect *
detect_new(const struct sigma *rules, size_t keys_max)
{
	struct detect *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->rules = rules;
	d->n_rules = rules == NULL ? 0 : sigma_count(rules);
	d->keys_max = keys_max == 0 ? DETECT_KEYS_MAX : keys_max;
	d->watched = calloc(d->n_rules + 1U, sizeof *d->watched);
	d->fired = calloc(d->n_rules + 1U, sizeof *d->fired);
	d->todo = calloc(d->n_rules / 64 + 1U, sizeof *d->todo);
	if (rules != NULL)
		d->record = sigma_record_new(rules);
	if (d->watched == NULL || d->fired == NULL || d->todo == NULL ||
	    (rules != NULL && d->record == NULL) || !users_make(d)) {
		detect_free(d);
		return NULL;
	}
	for (unsigned i = 0; i < d->n_rules; i++) {
		struct watched *w = &d->watched[i];

		w->newest = w->oldest = w->unused = NONE;
		w->keep = hits_needed(sigma_at(rules, i));
		/* Order never depends on it, and the keys are few. */
		w->by_key = map_new(
		    UINT64_C(0x6265696d656e2d31) + i, (uintptr_t)d);
		if (w->by_key == NULL) {
			detect_free(d);
			return NULL;
		}
	}
	return d;
}

void
detect_free(struct detect *d)
{
	if (d == NULL)
		return;
	for (unsigned i = 0; i < d->n_rules && d->watched != NULL; i++) {
		if (d->watched[i].by_key == NULL)
			continue;
		watched_reset(&d->watched[i]);
		map_free(d->watched[i].by_key);
	}
	sigma_record_free(d->record);
	free(d->watched);
	free(d->fired);
	free(d->users);
	free(d->users_at);
	free(d->todo);
	free(d->told);
	free(d);
}

uint64_t
detect_dropped(const struct detect *d)
{
	return d->dropped;
}

/* ---- telling ---- */

enum err
number_next(struct detect *d, uint32_t source, uint64_t *n, struct fault *why)
{
	uint32_t cap = d->n_told == 0 ? 64 : d->n_told;
	uint64_t *told;

	while (cap <= source)
		cap *= 2;
	if (cap != d->n_told) {
		if ((told = reallocarray(d->told, cap, sizeof *told)) == NULL)
			return fault_set(why, ERR_MEMORY, "detectors");
		memset(told + d->n_told, 0, (cap - d->n_told) * sizeof *told);
		d->told = told;
		d->n_told = cap;
	}
	*n = ++d->told[source];
	return ERR_OK;
}

enum err
tell(struct detect *d, unsigned rule, struct watch *x, const struct sight *s,
    struct detection *out, struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	enum err e;

	out->again = x->told;
	if (!x->told) {
		/* What does not speak has no number. */
		if (r->speaks &&
		    (e = number_next(d, s->source, &x->n, why)) != ERR_OK)
			return e;
		x->told = true;
	}
	x->next_told = x->count * 2;
	if (!r->speaks)
		return ERR_OK;
	out->source = s->source;
	out->rule = r->name;
	out->first_us = x->first_us;
	out->last_us = x->last_us;
	out->count = x->count;
	out->stream = s->id.stream;
	out->seq = s->id.seq;
	out->n = x->n;
	memcpy(out->subject, x->subject, sizeof out->subject);
	memcpy(out->user, s->user, sizeof out->user);
	memcpy(out->address, s->address, sizeof out->address);
	return s->fn(s->arg, out, why);
}

/* ---- feeding ---- */

/* The time a record speaks of, when it can be believed. */
static int64_t
time_of(const struct event *ev)
{
	if (ev->event_us != 0 && ev->event_us <= ev->received_us)
		return ev->event_us;
	return ev->received_us;
}

static void
users_call(struct detect *d, uint32_t rule)
{
	for (uint32_t i = d->users_at[rule]; i < d->users_at[rule + 1]; i++)
		d->todo[d->users[i] / 64] |= UINT64_C(1) << d->users[i] % 64;
}

static bool
has_fired(const struct detect *d, uint32_t rule)
{
	return rule != SIGMA_NONE && d->fired[rule].turn == d->turn;
}

/* Rule i counts what has fired. */
static enum err
rule_count(
    struct detect *d, unsigned i, const struct sight *s, struct fault *why)
{
	const struct sigma_count *c = &sigma_at(d->rules, i)->count;
	bool plain = sigma_at(d->rules, i)->kind == SIGMA_PLAIN;
	struct fired before = d->fired[i];
	enum err e = ERR_OK;

	/* The last part first: one record is not two steps of an order. */
	for (unsigned k = c->n_parts; k-- > 0 && e == ERR_OK;)
		if (has_fired(d, c->part[k]))
			e = count_hit(d, i, k, s, why);
	if (e == ERR_OK && has_fired(d, c->reset))
		e = count_end(d, i, false, s, why);
	if (e == ERR_OK && has_fired(d, c->close))
		e = count_end(d, i, true, s, why);
	if (plain)
		d->fired[i] = before; /* others count the record itself */
	else if (has_fired(d, i))
		users_call(d, i);
	return e;
}

enum err
detect_feed(struct detect *d, uint32_t source, uint32_t stream, uint64_t seq,
    const struct event *ev, detection_fn *fn, void *arg, struct fault *why)
{
	struct sight s = { .source = source,
		.id = { stream, seq },
		.ev = ev,
		.fn = fn,
		.arg = arg };
	const uint32_t *hit;
	size_t n;
	enum err e = ERR_OK;

	if (d->rules == NULL || !sigma_may(d->rules, ev->category))
		return ERR_OK;
	s.at_us = time_of(ev);
	sigma_record_take(d->record, ev, s.at_us);
	hit = sigma_matches(d->record, &n);
	if (n == 0)
		return ERR_OK;
	d->turn++;
	for (size_t i = 0; i < n; i++) {
		d->fired[hit[i]] = (struct fired){ d->turn, s.at_us, 1 };
		users_call(d, hit[i]);
	}
	text_of(s.user, ev->field[FIELD_USER]);
	text_of(s.address, ev->field[FIELD_SRC_IP]);
	for (unsigned w = 0; w <= d->n_rules / 64 && e == ERR_OK; w++)
		while (d->todo[w] != 0 && e == ERR_OK) {
			unsigned low = (unsigned)__builtin_ctzll(d->todo[w]);

			d->todo[w] &= d->todo[w] - 1;
			e = rule_count(d, w * 64 + low, &s, why);
		}
	for (unsigned w = 0; w <= d->n_rules / 64; w++)
		d->todo[w] = 0;
	return e;
}
