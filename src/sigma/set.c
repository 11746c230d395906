/*
 * sigma/set.c: a set of rules: made, finished, loaded from a folder.
 */
#include "sigma/inner.h"

#include <assert.h>
#include <stdlib.h>

#define MISTAKE_MAX 1200

struct sigma *
sigma_new(void)
{
	struct sigma *s = calloc(1, sizeof *s);

	if (s == NULL || (s->arena = arena_new(ARENA_MAX)) == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
sigma_free(struct sigma *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->n_rules; i++)
		yaml_doc_free(s->rule[i].yaml);
	for (uint32_t i = 0; i < s->n_regexes; i++)
		regex_free(s->regex[i]);
	for (uint32_t i = 0; i < s->n_tables; i++)
		arena_free(s->table[i].own);
	for (unsigned i = 0; i < s->n_kept; i++)
		yaml_doc_free(s->kept[i].yaml);
	free(s->rule);
	free(s->node);
	free(s->test);
	free(s->field);
	free(s->regex);
	free(s->table);
	free(s->source);
	arena_free(s->arena);
	free(s);
}

/* ---- finishing ---- */

struct finish {
	struct sigma *s;
	sigma_mistake_fn *mistake;
	void *arg;
	uint32_t *order; /* new place -> old */
	uint32_t *place; /* old place -> new; SIGMA_NONE */
	uint8_t *state; /* 0 not seen, 1 under way, 2 done */
	uint32_t n;
};

static void
say(struct finish *f, const char *line)
{
	if (f->mistake != NULL)
		f->mistake(f->arg, line);
}

static void
reject(struct finish *f, uint32_t i, const char *what, uint32_t other)
{
	struct rule *r = &f->s->rule[i];
	struct buf b;

	buf_init(&b, MISTAKE_MAX);
	buf_printf(&b, "%s:%u:1: %s '%s'", r->pub.file, r->pub.line, what,
	    f->s->rule[other].pub.name);
	r->bad = true;
	say(f, buf_string(&b));
	buf_clear(&b);
}

/* Puts a filter's condition beside that of one rule. */
static enum err
filter_hang(struct sigma *s, struct rule *r, uint32_t filter, struct fault *why)
{
	uint32_t up, last = SIGMA_NONE;
	enum err e = node_new(s, NODE_AND, &up, why);

	if (e != ERR_OK)
		return e;
	node_hang(s, up, &last, r->node);
	/* The filter's own node stands last, so many rules can share it. */
	node_hang(s, up, &last, filter);
	r->node = up;
	return ERR_OK;
}

static enum err
filter_apply(struct finish *f, uint32_t i, struct fault *why)
{
	struct sigma *s = f->s;
	const json_t *list = json_object_get(
	    json_object_get(yaml_root(s->rule[i].yaml), "filter"), "rules");
	size_t n = json_is_string(list) ? 1 : json_array_size(list);
	enum err e = ERR_OK;

	for (size_t k = 0; k < n && e == ERR_OK; k++) {
		const char *name = json_string_value(
		    json_is_string(list) ? list : json_array_get(list, k));
		bool any = name != NULL && strcmp(name, "any") == 0;
		bool found = any;

		for (uint32_t j = 0; j < s->n_rules && e == ERR_OK; j++) {
			struct rule *r = &s->rule[j];

			if (r->filter || r->pub.kind != SIGMA_PLAIN ||
			    name == NULL ||
			    (!any && strcmp(r->pub.name, name) != 0 &&
				strcmp(r->pub.id, name) != 0))
				continue;
			found = true;
			e = filter_hang(s, r, s->rule[i].node, why);
		}
		if (!found)
			reject(f, i, "a rule it names is not there:", i);
	}
	return e;
}

static enum err
correlations_read(struct finish *f, struct fault *why)
{
	struct sigma *s = f->s;
	struct fault line;
	enum err e;

	for (uint32_t i = 0; i < s->n_rules; i++) {
		if (s->rule[i].filter || s->rule[i].pub.kind == SIGMA_PLAIN)
			continue;
		e = correlation_read(s, i, &line);
		if (e == ERR_MEMORY)
			return fault_set(why, e, "%s", line.text);
		if (e == ERR_OK)
			continue;
		s->rule[i].bad = true;
		say(f, line.text);
	}
	return ERR_OK;
}

/* Puts rule i behind all it refers to; false when it cannot be had. */
static bool
order(struct finish *f, uint32_t i, unsigned depth)
{
	struct rule *r = &f->s->rule[i];
	uint32_t need[SIGMA_PARTS_MAX + 2];
	unsigned n = 0;

	if (r->bad || r->filter)
		return false;
	if (f->state[i] == 2)
		return true;
	if (f->state[i] == 1 || depth > DEPTH_MAX) {
		reject(f, i, "a circle of correlations holds", i);
		return false;
	}
	f->state[i] = 1;
	if (r->pub.kind != SIGMA_PLAIN) {
		for (unsigned k = 0; k < r->pub.count.n_parts; k++)
			need[n++] = r->pub.count.part[k];
		need[n++] = r->pub.count.reset;
		need[n++] = r->pub.count.close;
	}
	for (unsigned k = 0; k < n; k++) {
		if (need[k] == SIGMA_NONE || order(f, need[k], depth + 1))
			continue;
		if (!r->bad)
			reject(f, i,
			    "it refers to a rule that is wrong:", need[k]);
		return false;
	}
	f->state[i] = 2;
	f->place[i] = f->n;
	f->order[f->n++] = i;
	return true;
}

/* Which rules tell of themselves. */
static void
speakers(struct sigma *s)
{
	for (uint32_t i = 0; i < s->n_rules; i++) {
		const struct rule *r = &s->rule[i];

		if (r->bad || r->filter || r->pub.kind == SIGMA_PLAIN)
			continue;
		for (unsigned k = 0; k < r->pub.count.n_parts; k++) {
			struct rule *part = &s->rule[r->pub.count.part[k]];

			part->used = true;
			part->pub.speaks = part->pub.speaks || r->generate;
		}
	}
	for (uint32_t i = 0; i < s->n_rules; i++) {
		struct rule *r = &s->rule[i];

		r->pub.speaks = (r->pub.speaks || !r->used) && !r->filter &&
		    !r->bad && r->pub.level != SIGMA_INFORMATIONAL;
	}
}

static uint64_t
mix(uint64_t h, const void *p, size_t len)
{
	struct span s = span_of(p, len);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.at[i]) * UINT64_C(1099511628211);
	return h;
}

/* The rules in their order, their references with them. */
static enum err
settle(struct finish *f, struct fault *why)
{
	struct sigma *s = f->s;
	struct rule *sorted = calloc(f->n + 1U, sizeof *sorted);

	if (sorted == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	for (uint32_t i = 0; i < f->n; i++) {
		struct rule *r = &sorted[i];
		struct sigma_count *c = &r->pub.count;

		*r = s->rule[f->order[i]];
		r->mark = mix(UINT64_C(14695981039346656037), r->pub.text.at,
		    r->pub.text.len);
		for (unsigned k = 0; k < c->n_parts; k++) {
			c->part[k] = f->place[c->part[k]];
			if (c->part[k] < i)
				r->mark = mix(r->mark, &sorted[c->part[k]].mark,
				    sizeof r->mark);
		}
		if (c->n_parts > 0 && c->reset != SIGMA_NONE)
			c->reset = f->place[c->reset];
		if (c->n_parts > 0 && c->close != SIGMA_NONE)
			c->close = f->place[c->close];
		r->yaml = NULL;
	}
	for (uint32_t i = 0; i < s->n_rules; i++)
		yaml_doc_free(s->rule[i].yaml);
	free(s->rule);
	s->rule = sorted;
	s->n_rules = f->n;
	s->cap_rules = f->n;
	return ERR_OK;
}

static enum err
buckets(struct sigma *s, struct fault *why)
{
	for (unsigned c = 0; c < CAT_N; c++) {
		s->bucket[c] = arena_array(
		    s->arena, s->n_rules + 1U, sizeof **s->bucket);
		if (s->bucket[c] == NULL)
			return fault_set(why, ERR_MEMORY, "rules");
		for (uint32_t i = 0; i < s->n_rules; i++) {
			const struct rule *r = &s->rule[i];

			if (r->pub.kind == SIGMA_PLAIN && !r->pub.idle &&
			    (r->pub.speaks || r->used) &&
			    (s->source[r->source].categories >> c & 1))
				s->bucket[c][s->n_bucket[c]++] = i;
		}
	}
	return ERR_OK;
}

/* Rules that only end another's runs are used too. */
static void
enders(struct sigma *s)
{
	for (uint32_t i = 0; i < s->n_rules; i++) {
		const struct sigma_count *c = &s->rule[i].pub.count;

		if (s->rule[i].bad || s->rule[i].filter ||
		    s->rule[i].pub.kind == SIGMA_PLAIN)
			continue;
		if (c->reset != SIGMA_NONE)
			s->rule[c->reset].used = true;
		if (c->close != SIGMA_NONE)
			s->rule[c->close].used = true;
	}
}

enum err
sigma_finish(
    struct sigma *s, sigma_mistake_fn *mistake, void *arg, struct fault *why)
{
	struct finish f = { .s = s, .mistake = mistake, .arg = arg };
	enum err e = ERR_OK;

	assert(!s->ready);
	f.order = calloc(s->n_rules + 1U, sizeof *f.order);
	f.place = calloc(s->n_rules + 1U, sizeof *f.place);
	f.state = calloc(s->n_rules + 1U, 1);
	if (f.order == NULL || f.place == NULL || f.state == NULL)
		e = fault_set(why, ERR_MEMORY, "rules");
	for (uint32_t i = 0; i < s->n_rules && e == ERR_OK; i++)
		if (s->rule[i].filter)
			e = filter_apply(&f, i, why);
	if (e == ERR_OK)
		e = correlations_read(&f, why);
	for (uint32_t i = 0; i < s->n_rules && e == ERR_OK; i++)
		(void)order(&f, i, 0);
	if (e == ERR_OK) {
		speakers(s);
		enders(s);
	}
	for (uint32_t i = 0; i < s->n_rules && e == ERR_OK; i++) {
		struct rule *r = &s->rule[i];
		struct fault line;

		if (r->pub.kind != SIGMA_PLAIN || r->bad || !r->pub.speaks)
			continue;
		e = rule_alone(s, i, &line);
		if (e == ERR_MEMORY) {
			(void)fault_set(why, e, "%s", line.text);
		} else if (e != ERR_OK) {
			say(&f, line.text);
			r->pub.speaks = false;
			e = ERR_OK;
		}
	}
	if (e == ERR_OK)
		e = settle(&f, why);
	if (e == ERR_OK)
		e = buckets(s, why);
	s->ready = e == ERR_OK;
	free(f.order);
	free(f.place);
	free(f.state);
	return e;
}

/* ---- asking ---- */

unsigned
sigma_count(const struct sigma *s)
{
	return s->ready ? s->n_rules : 0;
}

const struct sigma_rule *
sigma_at(const struct sigma *s, unsigned i)
{
	assert(i < s->n_rules);
	return &s->rule[i].pub;
}

uint32_t
sigma_find(const struct sigma *s, struct span name)
{
	for (uint32_t i = 0; i < s->n_rules; i++)
		if (span_is(name, s->rule[i].pub.name) ||
		    (name.len > 0 && span_is(name, s->rule[i].pub.id)))
			return i;
	return SIGMA_NONE;
}

uint64_t
sigma_mark(const struct sigma *s, unsigned i)
{
	return s->rule[i].mark;
}

bool
sigma_may(const struct sigma *s, enum event_category c)
{
	return s->n_bucket[c] > 0;
}
