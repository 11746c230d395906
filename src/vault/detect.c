/*
 * vault/detect.c: the two kinds of detectors, and their state.
 *
 * Each rule keeps a bounded number of keys (source and subject), the least
 * recently hit forgotten first and counted. Nothing depends on the clock or
 * on chance, so a replay from a saved state says the same again.
 */
#include "vault/detect.h"

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "vault/map.h"

#define STATE_VERSION 1
#define NONE UINT32_MAX

/* One sign-in of a watched user. */
struct sign_in {
	int64_t at_us;
	bool open; /* its session has not ended, as far as is known */
	char address[DETECT_TEXT_MAX + 1];
	char session[DETECT_TEXT_MAX + 1];
};

/* What is known of one source and subject. */
struct watch {
	uint32_t source;
	char subject[DETECT_TEXT_MAX + 1];
	uint32_t newer, older; /* by last hit */
	uint32_t next_free;
	int64_t last_us;
	/* The run that was told, if any. */
	bool told;
	uint64_t n, count, next_told;
	int64_t first_us;
	bool locked, succeeded;
	/* DETECT_REPEATED: the last hits, a ring. */
	int64_t hit[DETECT_COUNT_MAX];
	unsigned n_hits, at_hit;
	/* DETECT_CONCURRENT. */
	struct sign_in *sign_in; /* DETECT_SIGNINS_MAX; NULL: none yet */
	unsigned n_sign_ins;
};

struct watched {
	struct map *by_key;
	struct watch *at;
	uint32_t n, cap;
	uint32_t newest, oldest;
};

struct detect {
	const struct detect_rule *rule;
	unsigned n_rules;
	size_t keys_max;
	struct watched *watched; /* one a rule */
	uint64_t *told; /* detections of each source */
	uint32_t n_told;
	uint64_t dropped;
};

const struct detect_rule *
detect_rules(unsigned *n)
{
	static const struct detect_rule rules[] = {
		{ .name = "brute-force",
		    .kind = DETECT_REPEATED,
		    .by = DETECT_BY_USER,
		    .hit = DETECT_CAT(SIGN_IN_FAILED),
		    .good = DETECT_CAT(SIGN_IN),
		    .lock = DETECT_CAT(ACCOUNT_LOCK),
		    .count = 5,
		    .window_us = 15 * WHEN_MINUTE },
		{ .name = "brute-force-address",
		    .kind = DETECT_REPEATED,
		    .by = DETECT_BY_ADDRESS,
		    .hit = DETECT_CAT(SIGN_IN_FAILED),
		    .good = DETECT_CAT(SIGN_IN),
		    .lock = DETECT_CAT(ACCOUNT_LOCK),
		    .count = 20,
		    .window_us = 15 * WHEN_MINUTE },
		{ .name = "concurrent-use",
		    .kind = DETECT_CONCURRENT,
		    .by = DETECT_BY_USER,
		    .hit = DETECT_CAT(SIGN_IN),
		    .leave = DETECT_CAT(SIGN_OUT),
		    .window_us = 10 * WHEN_MINUTE,
		    .session_us = 12 * WHEN_HOUR },
	};

	*n = sizeof rules / sizeof rules[0];
	return rules;
}

struct detect *
detect_new(const struct detect_rule *rules, unsigned n, size_t keys_max)
{
	struct detect *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->rule = rules;
	d->n_rules = n;
	d->keys_max = keys_max == 0 ? DETECT_KEYS_MAX : keys_max;
	d->watched = calloc(n + 1U, sizeof *d->watched);
	for (unsigned i = 0; i < n && d->watched != NULL; i++) {
		struct watched *w = &d->watched[i];

		assert(rules[i].count <= DETECT_COUNT_MAX);
		w->newest = w->oldest = NONE;
		/* Order never depends on it, and the keys are few. */
		w->by_key = map_new(
		    UINT64_C(0x6265696d656e2d31) + i, (uintptr_t)d);
		if (w->by_key == NULL) {
			detect_free(d);
			return NULL;
		}
	}
	if (d->watched == NULL) {
		free(d);
		return NULL;
	}
	return d;
}

/* Empties one rule's table. */
static void
watched_reset(struct watched *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		free(w->at[i].sign_in);
	free(w->at);
	w->at = NULL;
	w->n = w->cap = 0;
	w->newest = w->oldest = NONE;
	map_reset(w->by_key);
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
	free(d->watched);
	free(d->told);
	free(d);
}

uint64_t
detect_dropped(const struct detect *d)
{
	return d->dropped;
}

/* A field as text of at most DETECT_TEXT_MAX bytes, without NULs. */
static void
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

/* --- the table of watched subjects ------------------------------------ */

/* The key: source number and subject. */
static struct span
key_of(uint8_t to[static 4 + DETECT_TEXT_MAX], uint32_t source,
    const char *subject)
{
	size_t len = strlen(subject);

	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(source >> (24 - 8 * i));
	memcpy(to + 4, subject, len);
	return span_of(to, 4 + len);
}

/* Takes entry i out of the order of use. */
static void
unlink_watch(struct watched *w, uint32_t i)
{
	struct watch *x = &w->at[i];

	if (x->newer != NONE)
		w->at[x->newer].older = x->older;
	else if (w->newest == i)
		w->newest = x->older;
	if (x->older != NONE)
		w->at[x->older].newer = x->newer;
	else if (w->oldest == i)
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

/* Puts a fresh entry of the same key in the place of an old one. */
static void
watch_reset(struct watch *x)
{
	x->told = x->locked = x->succeeded = false;
	x->n = x->count = x->next_told = 0;
	x->n_hits = x->at_hit = x->n_sign_ins = 0;
	x->first_us = x->last_us = 0;
}

/* An entry that can be used: a new one, or the least recently used. */
static enum err
watch_take(
    struct detect *d, struct watched *w, uint32_t *out, struct fault *why)
{
	uint8_t key[4 + DETECT_TEXT_MAX];
	uint32_t cap = w->cap == 0 ? 64 : w->cap * 2;
	struct watch *at;

	if (w->n >= d->keys_max) {
		*out = w->oldest;
		map_drop(w->by_key,
		    key_of(key, w->at[*out].source, w->at[*out].subject));
		unlink_watch(w, *out);
		watch_reset(&w->at[*out]);
		d->dropped++;
		return ERR_OK;
	}
	if (w->n == w->cap) {
		if ((at = reallocarray(w->at, cap, sizeof *at)) == NULL)
			return fault_set(why, ERR_MEMORY, "detectors");
		w->at = at;
		w->cap = cap;
	}
	w->at[w->n] = (struct watch){ .newer = NONE, .older = NONE };
	*out = w->n++;
	return ERR_OK;
}

/* The entry of (source, subject); NULL when it is new and not `make`. */
static enum err
watch_at(struct detect *d, struct watched *w, uint32_t source,
    const char *subject, bool make, struct watch **out, struct fault *why)
{
	uint8_t key[4 + DETECT_TEXT_MAX];
	struct span k = key_of(key, source, subject);
	uint32_t i = map_get(w->by_key, k);
	enum err e;

	*out = NULL;
	if (i == MAP_NONE) {
		if (!make)
			return ERR_OK;
		if ((e = watch_take(d, w, &i, why)) != ERR_OK)
			return e;
		w->at[i].source = source;
		memcpy(w->at[i].subject, subject, strlen(subject) + 1);
		if ((e = map_put(w->by_key, k, i, why)) != ERR_OK)
			return e;
	} else if (make) {
		unlink_watch(w, i);
	}
	if (make)
		link_watch(w, i);
	*out = &w->at[i];
	return ERR_OK;
}

/* --- telling ---------------------------------------------------------- */

/* One record as the rules see it. */
struct sight {
	uint32_t source, stream;
	uint64_t seq;
	int64_t at_us;
	uint64_t category; /* its bit */
	char user[DETECT_TEXT_MAX + 1], target[DETECT_TEXT_MAX + 1];
	char address[DETECT_TEXT_MAX + 1], session[DETECT_TEXT_MAX + 1];
	detection_fn *fn;
	void *arg;
};

/* The next number of a source. */
static enum err
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

/* Tells of a run: for the first time, or again with more. */
static enum err
tell(struct detect *d, const struct detect_rule *rule, struct watch *x,
    const struct sight *s, struct fault *why)
{
	struct detection out = { .source = s->source,
		.again = x->told,
		.rule = rule->name,
		.first_us = x->first_us,
		.last_us = x->last_us,
		.count = x->count,
		.succeeded = x->succeeded,
		.locked = x->locked,
		.stream = s->stream,
		.seq = s->seq };
	enum err e;

	if (!x->told) {
		if ((e = number_next(d, s->source, &x->n, why)) != ERR_OK)
			return e;
		x->told = true;
	}
	x->next_told = x->count * 2;
	out.n = x->n;
	memcpy(out.subject, x->subject, sizeof out.subject);
	memcpy(out.user, s->user, sizeof out.user);
	memcpy(out.address, s->address, sizeof out.address);
	return s->fn(s->arg, &out, why);
}

/* --- repeated failures ------------------------------------------------- */

/* Whether the ring is full of hits no further apart than the window. */
static bool
ring_is_hot(
    const struct watch *x, const struct detect_rule *rule, int64_t *first_us)
{
	int64_t least = INT64_MAX, greatest = INT64_MIN;

	if (x->n_hits < rule->count)
		return false;
	for (unsigned i = 0; i < x->n_hits; i++) {
		if (x->hit[i] < least)
			least = x->hit[i];
		if (x->hit[i] > greatest)
			greatest = x->hit[i];
	}
	*first_us = least;
	return greatest - least <= rule->window_us;
}

static enum err
repeated_hit(struct detect *d, const struct detect_rule *rule, struct watch *x,
    const struct sight *s, struct fault *why)
{
	int64_t step = s->at_us - x->last_us;

	/* A pause longer than the window, or a clock set back, ends a run. */
	if (x->n_hits > 0 &&
	    (step > rule->window_us || step < -rule->window_us))
		watch_reset(x);
	x->hit[x->at_hit] = s->at_us;
	x->at_hit = (x->at_hit + 1) % rule->count;
	if (x->n_hits < rule->count)
		x->n_hits++;
	if (x->n_hits == 1 || s->at_us > x->last_us)
		x->last_us = s->at_us;
	if (x->told) {
		x->count++;
		return x->count >= x->next_told ? tell(d, rule, x, s, why)
						: ERR_OK;
	}
	if (!ring_is_hot(x, rule, &x->first_us))
		return ERR_OK;
	x->count = x->n_hits;
	return tell(d, rule, x, s, why);
}

/* A success or a lock after failures, for one subject. */
static enum err
repeated_after(struct detect *d, const struct detect_rule *rule,
    struct watch *x, const struct sight *s, struct fault *why)
{
	enum err e = ERR_OK;

	if (x == NULL || x->n_hits == 0)
		return ERR_OK;
	if (s->at_us - x->last_us > rule->window_us) {
		watch_reset(x);
		return ERR_OK;
	}
	if (s->category & rule->lock) {
		bool first = !x->locked;

		x->locked = true;
		return x->told && first ? tell(d, rule, x, s, why) : ERR_OK;
	}
	if (x->told && !x->succeeded) {
		x->succeeded = true;
		e = tell(d, rule, x, s, why);
	}
	/* A user who is in begins anew. An address does not: whoever has one
	 * account of his own could hide his guesses at others behind it. */
	if (rule->by == DETECT_BY_USER)
		watch_reset(x);
	return e;
}

static enum err
repeated_feed(
    struct detect *d, unsigned at, const struct sight *s, struct fault *why)
{
	const struct detect_rule *rule = &d->rule[at];
	struct watched *w = &d->watched[at];
	bool by_user = rule->by == DETECT_BY_USER;
	const char *subject = by_user ? s->user : s->address;
	struct watch *x;
	enum err e;

	if (by_user && (s->category & rule->lock) && s->target[0] != '\0')
		subject = s->target;
	if (subject[0] == '\0')
		return ERR_OK;
	e = watch_at(
	    d, w, s->source, subject, (s->category & rule->hit) != 0, &x, why);
	if (e != ERR_OK)
		return e;
	if (s->category & rule->hit)
		return repeated_hit(d, rule, x, s, why);
	return repeated_after(d, rule, x, s, why);
}

/* --- one user in several places ---------------------------------------- */

/* Forgets sign-ins that are over. */
static void
sign_ins_prune(struct watch *x, const struct detect_rule *rule, int64_t now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < x->n_sign_ins; i++) {
		const struct sign_in *g = &x->sign_in[i];
		int64_t age = now - g->at_us;

		if (age <= rule->window_us ||
		    (g->open && age <= rule->session_us))
			x->sign_in[n++] = *g;
	}
	x->n_sign_ins = n;
}

/* How many other addresses the user is at; first [out] the earliest. */
static unsigned
others_count(const struct watch *x, const struct sight *s, int64_t *first)
{
	unsigned n = 0;

	*first = s->at_us;
	for (unsigned i = 0; i < x->n_sign_ins; i++) {
		const struct sign_in *g = &x->sign_in[i];
		bool new = strcmp(g->address, s->address) != 0;

		for (unsigned k = 0; k < i && new; k++)
			new = strcmp(g->address, x->sign_in[k].address) != 0;
		n += new;
		if (strcmp(g->address, s->address) != 0 && g->at_us < *first)
			*first = g->at_us;
	}
	return n;
}

/* Remembers this sign-in, the oldest giving way. */
static enum err
sign_in_add(
    struct detect *d, struct watch *x, const struct sight *s, struct fault *why)
{
	struct sign_in *g;

	if (x->sign_in == NULL) {
		x->sign_in = calloc(DETECT_SIGNINS_MAX, sizeof *x->sign_in);
		if (x->sign_in == NULL)
			return fault_set(why, ERR_MEMORY, "detectors");
	}
	if (x->n_sign_ins == DETECT_SIGNINS_MAX) {
		memmove(&x->sign_in[0], &x->sign_in[1],
		    (DETECT_SIGNINS_MAX - 1) * sizeof *x->sign_in);
		x->n_sign_ins--;
		d->dropped++;
	}
	g = &x->sign_in[x->n_sign_ins++];
	*g = (struct sign_in){ .at_us = s->at_us,
		.open = s->session[0] != '\0' };
	memcpy(g->address, s->address, sizeof g->address);
	memcpy(g->session, s->session, sizeof g->session);
	return ERR_OK;
}

/* A sign-out ends the session it names, else those from its address, else
 * all. */
static void
sign_out(struct watch *x, const struct sight *s)
{
	for (unsigned i = 0; x != NULL && i < x->n_sign_ins; i++) {
		struct sign_in *g = &x->sign_in[i];

		if (s->session[0] != '\0' ? strcmp(g->session, s->session) == 0
					  : s->address[0] == '\0' ||
			    strcmp(g->address, s->address) == 0)
			g->open = false;
	}
}

static enum err
concurrent_feed(
    struct detect *d, unsigned at, const struct sight *s, struct fault *why)
{
	const struct detect_rule *rule = &d->rule[at];
	struct watch *x;
	unsigned others;
	int64_t first;
	enum err e;

	if (s->user[0] == '\0')
		return ERR_OK;
	if (s->category & rule->leave) {
		e = watch_at(
		    d, &d->watched[at], s->source, s->user, false, &x, why);
		if (e == ERR_OK)
			sign_out(x, s);
		return e;
	}
	if (s->address[0] == '\0')
		return ERR_OK;
	e = watch_at(d, &d->watched[at], s->source, s->user, true, &x, why);
	if (e != ERR_OK)
		return e;
	sign_ins_prune(x, rule, s->at_us);
	others = others_count(x, s, &first);
	if ((e = sign_in_add(d, x, s, why)) != ERR_OK)
		return e;
	if (others == 0 || (x->told && s->at_us - x->last_us > rule->window_us))
		x->told = false; /* the run is over */
	if (others == 0)
		return ERR_OK;
	if (x->told && others + 1 <= x->count)
		return ERR_OK;
	if (!x->told)
		x->first_us = first;
	x->last_us = s->at_us;
	x->count = others + 1;
	return tell(d, rule, x, s, why);
}

/* --- feeding ------------------------------------------------------------ */

/* The time a record speaks of, when it can be believed. */
static int64_t
time_of(const struct event *ev)
{
	if (ev->event_us != 0 && ev->event_us <= ev->received_us)
		return ev->event_us;
	return ev->received_us;
}

enum err
detect_feed(struct detect *d, uint32_t source, uint32_t stream, uint64_t seq,
    const struct event *ev, detection_fn *fn, void *arg, struct fault *why)
{
	struct sight s = { .source = source,
		.stream = stream,
		.seq = seq,
		.category = UINT64_C(1) << ev->category,
		.fn = fn,
		.arg = arg };
	uint64_t all = 0;
	enum err e = ERR_OK;

	for (unsigned i = 0; i < d->n_rules; i++)
		all |= d->rule[i].hit | d->rule[i].good | d->rule[i].lock |
		    d->rule[i].leave;
	if (!(s.category & all))
		return ERR_OK;
	s.at_us = time_of(ev);
	text_of(s.user, ev->field[FIELD_USER]);
	text_of(s.target, ev->field[FIELD_TARGET]);
	text_of(s.address, ev->field[FIELD_SRC_IP]);
	text_of(s.session, ev->field[FIELD_SESSION]);
	for (unsigned i = 0; i < d->n_rules && e == ERR_OK; i++) {
		const struct detect_rule *r = &d->rule[i];

		if (!(s.category & (r->hit | r->good | r->lock | r->leave)))
			continue;
		e = r->kind == DETECT_REPEATED ? repeated_feed(d, i, &s, why)
					       : concurrent_feed(d, i, &s, why);
	}
	return e;
}

/* --- the state ---------------------------------------------------------- */

static void
text_put(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	buf_u8(b, (uint8_t)len);
	buf_add(b, s, len);
}

static void
text_get(struct cursor *c, char to[static DETECT_TEXT_MAX + 1])
{
	struct span s = cursor_take(c, cursor_u8(c));

	if (s.len > DETECT_TEXT_MAX)
		c->bad = true;
	else
		text_of(to, s);
}

static void
watch_put(struct buf *b, const struct watch *x)
{
	buf_u32(b, x->source);
	text_put(b, x->subject);
	buf_u64(b, (uint64_t)x->last_us);
	buf_u8(b, (uint8_t)(x->told | x->locked << 1 | x->succeeded << 2));
	buf_u64(b, x->n);
	buf_u64(b, x->count);
	buf_u64(b, x->next_told);
	buf_u64(b, (uint64_t)x->first_us);
	buf_u8(b, (uint8_t)x->n_hits);
	buf_u8(b, (uint8_t)x->at_hit);
	for (unsigned i = 0; i < x->n_hits; i++)
		buf_u64(b, (uint64_t)x->hit[i]);
	buf_u8(b, (uint8_t)x->n_sign_ins);
	for (unsigned i = 0; i < x->n_sign_ins; i++) {
		buf_u64(b, (uint64_t)x->sign_in[i].at_us);
		buf_u8(b, x->sign_in[i].open);
		text_put(b, x->sign_in[i].address);
		text_put(b, x->sign_in[i].session);
	}
}

void
detect_save(const struct detect *d, struct buf *b)
{
	uint32_t n = 0;

	buf_u8(b, STATE_VERSION);
	buf_u8(b, (uint8_t)d->n_rules);
	buf_u64(b, d->dropped);
	for (uint32_t i = 0; i < d->n_told; i++)
		n += d->told[i] != 0;
	buf_u32(b, n);
	for (uint32_t i = 0; i < d->n_told; i++) {
		if (d->told[i] == 0)
			continue;
		buf_u32(b, i);
		buf_u64(b, d->told[i]);
	}
	for (unsigned i = 0; i < d->n_rules; i++) {
		const struct watched *w = &d->watched[i];

		buf_u32(b, (uint32_t)map_count(w->by_key));
		/* From the least recently used on, so that order is kept. */
		for (uint32_t k = w->oldest; k != NONE; k = w->at[k].newer)
			watch_put(b, &w->at[k]);
	}
}

/* One saved entry. */
static enum err
watch_get(struct detect *d, unsigned rule, struct cursor *c, struct fault *why)
{
	char subject[DETECT_TEXT_MAX + 1];
	uint32_t source = cursor_u32(c);
	struct watch *x;
	unsigned flags;
	enum err e;

	text_get(c, subject);
	if (c->bad)
		return fault_set(why, ERR_SYNTAX, "detectors: state");
	e = watch_at(d, &d->watched[rule], source, subject, true, &x, why);
	if (e != ERR_OK)
		return e;
	x->last_us = (int64_t)cursor_u64(c);
	flags = cursor_u8(c);
	x->told = flags & 1;
	x->locked = flags >> 1 & 1;
	x->succeeded = flags >> 2 & 1;
	x->n = cursor_u64(c);
	x->count = cursor_u64(c);
	x->next_told = cursor_u64(c);
	x->first_us = (int64_t)cursor_u64(c);
	x->n_hits = cursor_u8(c);
	x->at_hit = cursor_u8(c);
	if (x->n_hits > d->rule[rule].count ||
	    (x->n_hits > 0 && x->at_hit >= d->rule[rule].count))
		c->bad = true;
	for (unsigned i = 0; i < x->n_hits && !c->bad; i++)
		x->hit[i] = (int64_t)cursor_u64(c);
	flags = cursor_u8(c);
	for (unsigned i = 0; i < flags && !c->bad; i++) {
		struct sight s = { .at_us = (int64_t)cursor_u64(c) };
		bool open = cursor_u8(c) != 0;

		text_get(c, s.address);
		text_get(c, s.session);
		if (c->bad || i >= DETECT_SIGNINS_MAX)
			break;
		if ((e = sign_in_add(d, x, &s, why)) != ERR_OK)
			return e;
		x->sign_in[x->n_sign_ins - 1].open = open;
	}
	if (c->bad || flags > DETECT_SIGNINS_MAX) {
		watch_reset(x);
		return fault_set(why, ERR_SYNTAX, "detectors: state");
	}
	return ERR_OK;
}

/* Forgets everything. */
static void
detect_reset(struct detect *d)
{
	for (unsigned i = 0; i < d->n_rules; i++)
		watched_reset(&d->watched[i]);
	free(d->told);
	d->told = NULL;
	d->n_told = 0;
	d->dropped = 0;
}

enum err
detect_load(struct detect *d, struct span s, struct fault *why)
{
	struct cursor c = cursor_of(s);
	unsigned version = cursor_u8(&c), rules = cursor_u8(&c);
	uint64_t dropped = cursor_u64(&c), n;
	uint32_t count = cursor_u32(&c);
	enum err e = ERR_OK;

	detect_reset(d);
	if (version != STATE_VERSION || rules != d->n_rules)
		return fault_set(why, ERR_SYNTAX, "detectors: other rules");
	for (uint32_t i = 0; i < count && !c.bad && e == ERR_OK; i++) {
		uint32_t source = cursor_u32(&c);
		uint64_t told = cursor_u64(&c);

		if (source > 1000000)
			c.bad = true;
		if (!c.bad && (e = number_next(d, source, &n, why)) == ERR_OK)
			d->told[source] = told;
	}
	for (unsigned i = 0; i < rules && !c.bad && e == ERR_OK; i++) {
		count = cursor_u32(&c);
		if (count > d->keys_max)
			c.bad = true;
		for (uint32_t k = 0; k < count && !c.bad && e == ERR_OK; k++)
			e = watch_get(d, i, &c, why);
	}
	if (e == ERR_OK && !cursor_done(&c))
		e = fault_set(why, ERR_SYNTAX, "detectors: state");
	if (e != ERR_OK)
		detect_reset(d);
	else
		d->dropped = dropped;
	return e;
}
