/*
 * vault/lexicon_learn.c: templates, families and numbers as records come.
 *
 * The records are foreign: every table is bounded, and hashes are seeded so
 * that nobody can aim at one place.
 */
#include "vault/lexicon_learn.h"

#include <stdlib.h>

#include "vault/lexicon_kind.h"

#define SEEN_TEMPLATES (1U << 16) /* skeletons seen once */
#define SEEN_TEXTS (1U << 16)
#define SHAPES (1U << 14)
#define LOOSE_AFTER 24U /* skeletons of one shape before words vary */
#define CONTEXT 24U /* bytes of fixed text that tell a family */
#define TEXT_NUMBERED 255U /* longer texts get no number */
#define FRESH 64U /* values of a family before it is judged */
#define FORGET 4096U

/* Hash to number, open addressing; hash 0 is free. */
struct map {
	uint64_t *key;
	uint32_t *value;
	size_t n, cap; /* cap is a power of two */
};

/* How a family's texts behave. */
struct habit {
	uint32_t seen, hits;
};

struct learner {
	struct lexicon *l;
	uint64_t seed[2];
	struct cut cut;
	struct span *skeleton; /* of each template; in the lexicon's arena */
	uint32_t cap_skeletons;
	struct map templates, families, texts, ips;
	uint32_t *seen_template; /* tags */
	uint32_t *seen_text;
	uint16_t *shape_times;
	struct habit habit[LEXICON_FAMILIES_MAX];
	uint32_t accounts; /* dictionary of names of persons; UINT32_MAX none */
	struct kinds *kinds;
};

/* --- hashing ---------------------------------------------------------- */

static uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t
hash_bytes(const struct learner *lr, uint64_t start, struct span s)
{
	uint64_t h = lr->seed[0] ^ start, word;
	size_t at = 0;

	for (; at + 8 <= s.len; at += 8) {
		memcpy(&word, s.at + at, 8);
		h = mix(h ^ word, lr->seed[1]);
	}
	word = 0;
	if (at < s.len)
		memcpy(&word, s.at + at, s.len - at);
	h = mix(h ^ word, lr->seed[1] ^ s.len);
	h = mix(h, UINT64_C(0x9E3779B97F4A7C15));
	return h == 0 ? 1 : h;
}

/* Where a key stands, or the free place for it. */
static size_t
map_at(const struct map *m, uint64_t key)
{
	size_t i = key & (m->cap - 1);

	while (m->key[i] != 0 && m->key[i] != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

/* The number of a key; UINT32_MAX when there is none. */
static uint32_t
map_get(const struct map *m, uint64_t key)
{
	size_t i;

	if (m->cap == 0)
		return UINT32_MAX;
	i = map_at(m, key);
	return m->key[i] == 0 ? UINT32_MAX : m->value[i];
}

static bool
map_grow(struct map *m)
{
	struct map more = { .n = m->n, .cap = m->cap == 0 ? 1024 : m->cap * 2 };

	more.key = calloc(more.cap, sizeof *more.key);
	more.value = calloc(more.cap, sizeof *more.value);
	if (more.key == NULL || more.value == NULL) {
		free(more.key);
		free(more.value);
		return false;
	}
	for (size_t i = 0; i < m->cap; i++) {
		size_t at;

		if (m->key[i] == 0)
			continue;
		at = map_at(&more, m->key[i]);
		more.key[at] = m->key[i];
		more.value[at] = m->value[i];
	}
	free(m->key);
	free(m->value);
	*m = more;
	return true;
}

/* Sets a new key; without memory it is forgotten, which costs bytes only. */
static void
map_put(struct map *m, uint64_t key, uint32_t value)
{
	size_t i;

	if (m->n * 2 >= m->cap && !map_grow(m))
		return;
	i = map_at(m, key);
	m->n += m->key[i] == 0;
	m->key[i] = key;
	m->value[i] = value;
}

static void
map_clear(struct map *m)
{
	free(m->key);
	free(m->value);
}

struct learner *
learner_new(struct lexicon *l, const uint64_t seed[static 2])
{
	struct learner *lr = calloc(1, sizeof *lr);

	if (lr == NULL)
		return NULL;
	lr->l = l;
	lr->seed[0] = seed[0];
	lr->seed[1] = seed[1] | 1;
	lr->accounts = UINT32_MAX;
	lr->seen_template = calloc(SEEN_TEMPLATES, sizeof(uint32_t));
	lr->seen_text = calloc(SEEN_TEXTS, sizeof(uint32_t));
	lr->shape_times = calloc(SHAPES, sizeof(uint16_t));
	lr->kinds = kinds_new(l);
	if (!cut_init(&lr->cut) || lr->seen_template == NULL ||
	    lr->seen_text == NULL || lr->shape_times == NULL ||
	    lr->kinds == NULL) {
		learner_free(lr);
		return NULL;
	}
	return lr;
}

void
learner_free(struct learner *lr)
{
	if (lr == NULL)
		return;
	cut_clear(&lr->cut);
	map_clear(&lr->templates);
	map_clear(&lr->families);
	map_clear(&lr->texts);
	map_clear(&lr->ips);
	free(lr->skeleton);
	free(lr->seen_template);
	free(lr->seen_text);
	free(lr->shape_times);
	kinds_free(lr->kinds);
	free(lr);
}

/* --- templates -------------------------------------------------------- */

/* The dictionary of a new family of texts: names of persons share one. */
static uint32_t
dict_for(struct learner *lr, const struct event *ev, struct span text)
{
	if (!span_equal(text, ev->field[FIELD_USER]) &&
	    !span_equal(text, ev->field[FIELD_TARGET]))
		return lexicon_dict_add(lr->l);
	if (lr->accounts == UINT32_MAX)
		lr->accounts = lexicon_dict_add(lr->l);
	return lr->accounts;
}

/* The family of a key, made when it is new. */
static uint32_t
family_for(struct learner *lr, uint64_t key, uint8_t type,
    const struct event *ev, struct span text)
{
	uint32_t f = map_get(&lr->families, key), dict = 0;

	if (f != UINT32_MAX && lr->l->family[f].type == type)
		return f;
	if (type == PART_TEXT && (dict = dict_for(lr, ev, text)) == UINT32_MAX)
		return UINT32_MAX;
	f = lexicon_family_add(lr->l, type, dict);
	if (f != UINT32_MAX)
		map_put(&lr->families, key, f);
	return f;
}

/* What tells a family: the type, and the fixed text before it and before the
 * part in front of it. */
static uint64_t
context_key(
    const struct learner *lr, const struct cut *c, struct span raw, unsigned at)
{
	uint64_t key = c->part[at].type;
	unsigned back = 0;

	for (unsigned i = at; i > 0 && back < 2; back++) {
		const struct part *p = &c->part[i - 1];
		struct span s = SPAN_EMPTY;

		if (p->type == PART_FIXED) {
			size_t len = p->size < CONTEXT ? p->size : CONTEXT;

			s = span_slice(raw, p->at + p->size - len, len);
			i--;
		}
		key = hash_bytes(lr, key, s);
		if (i > 0)
			key = key * 31 + c->part[i - 1].type;
		i -= i > 0;
	}
	return key == 0 ? 1 : key;
}

/* Keeps the skeleton at hand as that of template t; false without memory. */
static bool
skeleton_keep(struct learner *lr, uint32_t t)
{
	uint32_t cap = lr->l->cap_templates;
	struct span *more;

	if (lr->cap_skeletons < cap) {
		more = reallocarray(lr->skeleton, cap, sizeof *more);
		if (more == NULL)
			return false;
		lr->skeleton = more;
		lr->cap_skeletons = cap;
	}
	lr->skeleton[t] = arena_copy(
	    lr->l->arena, span_of(lr->cut.skeleton, lr->cut.len));
	return lr->skeleton[t].at != NULL;
}

/* A template of the cut at hand; UINT32_MAX when there is no room. */
static uint32_t
template_make(
    struct learner *lr, const struct event *ev, uint64_t hash, bool loose)
{
	struct template_part part[TEMPLATE_PARTS_MAX];
	struct template t = { .part = part, .n = lr->cut.n };
	uint32_t got;

	for (unsigned i = 0; i < lr->cut.n; i++) {
		const struct part *p = &lr->cut.part[i];
		struct span text = span_slice(ev->raw, p->at, p->size);

		part[i] = (struct template_part){
			.type = p->type, .param = p->param, .text = text
		};
		if (p->type == PART_FIXED || p->type >= PART_HOST)
			continue;
		part[i].family = family_for(lr,
		    loose ? hash_bytes(lr, hash ^ (i + 1), SPAN_EMPTY)
			  : context_key(lr, &lr->cut, ev->raw, i),
		    p->type, ev, text);
		if (part[i].family == UINT32_MAX)
			return UINT32_MAX;
		for (unsigned k = 0; k < i; k++)
			part[i].nth = (uint16_t)(part[i].nth +
			    (part[k].type == p->type &&
				part[k].family == part[i].family));
	}
	got = lexicon_template_add(lr->l, &t);
	if (got != UINT32_MAX && skeleton_keep(lr, got))
		map_put(&lr->templates, hash, got);
	return got;
}

/* The template of the cut at hand, if it is known. */
static uint32_t
template_find(const struct learner *lr, uint64_t hash)
{
	uint32_t t = map_get(&lr->templates, hash);

	/* Equal hashes are not enough. */
	return t != UINT32_MAX &&
		span_equal(
		    lr->skeleton[t], span_of(lr->cut.skeleton, lr->cut.len))
	    ? t
	    : UINT32_MAX;
}

/* Notes a hash; whether it was there. */
static bool
seen_before(uint32_t *list, uint32_t size, uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	uint32_t *at = &list[hash & (size - 1)];
	bool was = *at == tag;

	*at = tag;
	return was;
}

static uint64_t
skeleton_hash(const struct learner *lr)
{
	return hash_bytes(lr, 0, span_of(lr->cut.skeleton, lr->cut.len));
}

/* The template of a record whose words are not known as constant. */
static uint32_t
template_learn(struct learner *lr, const struct event *ev, struct span host,
    uint64_t tight)
{
	bool again = seen_before(lr->seen_template, SEEN_TEMPLATES, tight);
	uint16_t *times;
	uint64_t loose;
	uint32_t t;

	if (!cut_make(&lr->cut, ev->raw, host, ev->event_us, true))
		return UINT32_MAX;
	loose = skeleton_hash(lr) ^ UINT64_C(0x4C4F4F5345);
	if ((t = template_find(lr, loose)) != UINT32_MAX)
		return t;
	times = &lr->shape_times[loose & (SHAPES - 1)];
	if (*times < UINT16_MAX)
		++*times;
	if (*times > LOOSE_AFTER)
		return template_make(lr, ev, loose, true);
	if (!again || !cut_make(&lr->cut, ev->raw, host, ev->event_us, false))
		return UINT32_MAX;
	return template_make(lr, ev, tight, false);
}

const struct cut *
learner_cut(struct learner *lr, const struct event *ev, struct span host,
    uint32_t *template)
{
	uint32_t t = UINT32_MAX;
	uint64_t hash;

	if (cut_make(&lr->cut, ev->raw, host, ev->event_us, false)) {
		hash = skeleton_hash(lr);
		t = template_find(lr, hash);
		if (t == UINT32_MAX)
			t = template_learn(lr, ev, host, hash);
	}
	if (t == UINT32_MAX) {
		t = TEMPLATE_PLAIN;
		lr->cut.n = 1;
		lr->cut.part[0] = (struct part){ .type = PART_TEXT,
			.size = (uint32_t)ev->raw.len };
	}
	*template = t;
	return &lr->cut;
}

uint32_t
learner_kind(struct learner *lr, const struct event *ev, uint32_t template,
    uint8_t flags)
{
	return kinds_find(lr->kinds, ev, &lr->cut, template, flags);
}

/* --- numbers of values ------------------------------------------------ */

/* Counts one value of a family; whether new ones are numbered at once. */
static bool
habit_note(struct learner *lr, uint32_t family, bool hit)
{
	struct habit *h = &lr->habit[family];

	h->hits += hit;
	if (++h->seen >= FORGET) {
		h->seen /= 2;
		h->hits /= 2;
	}
	return h->seen < FRESH || h->hits * 8 >= h->seen;
}

uint32_t
learner_text(struct learner *lr, uint32_t family, struct span s)
{
	uint32_t dict = lr->l->family[family].dict, code;
	uint64_t hash;
	bool eager;

	if (s.len > TEXT_NUMBERED)
		return 0;
	hash = hash_bytes(lr, dict + 1, s);
	code = map_get(&lr->texts, hash);
	if (code != UINT32_MAX &&
	    (code > lr->l->dict[dict].n ||
		!span_equal(dict_at(&lr->l->dict[dict], code), s)))
		return 0; /* another text of the same hash */
	eager = habit_note(lr, family, code != UINT32_MAX);
	if (code != UINT32_MAX)
		return code;
	if (!seen_before(lr->seen_text, SEEN_TEXTS, hash) && !eager)
		return 0;
	code = lexicon_text_add(lr->l, dict, s);
	if (code != 0)
		map_put(&lr->texts, hash, code);
	return code;
}

uint32_t
learner_ip(struct learner *lr, uint32_t family, uint32_t address)
{
	uint64_t hash = mix(lr->seed[0] ^ address, lr->seed[1]) | 1;
	uint32_t code = map_get(&lr->ips, hash);
	bool eager;

	if (code != UINT32_MAX && lr->l->ip[code - 1] != address)
		return 0;
	eager = habit_note(lr, family, code != UINT32_MAX);
	if (code != UINT32_MAX)
		return code;
	if (!seen_before(lr->seen_text, SEEN_TEXTS, hash) && !eager)
		return 0;
	code = lexicon_ip_add(lr->l, address);
	if (code != 0)
		map_put(&lr->ips, hash, code);
	return code;
}
