/*
 * intake/normalize.c: rules applied to a record, and the slow way to compare.
 *
 * Works on  hostile records; see rule_index.c for what makes it fast.
 */
#include "intake/rule.h"
#include "intake/scan.h"

/* Nothing is known of the record. */
static void
event_reset(struct event *ev)
{
	ev->category = CAT_OTHER;
	memset(ev->field, 0, sizeof ev->field);
}

/* The rules that are still possible for a record. */
struct possible {
	const struct normalizer *n;
	uint64_t word[RULE_WORDS];
};

/* A literals_find_fn: the rules of this literal are possible. */
static void
on_literal(void *arg, unsigned which)
{
	struct possible *left = arg;
	const uint64_t *more = left->n->by_literal[which].word;

	for (size_t i = 0; i < left->n->n_words; i++)
		left->word[i] |= more[i];
}

static void
possible_find(
    struct possible *left, const struct normalizer *n, const struct event *ev)
{
	const struct app_rules *app = rule_app(n, ev->app);
	struct span m = ev->message;
	size_t at = 0;

	left->n = n;
	for (size_t i = 0; i < n->n_words; i++)
		left->word[i] = app == NULL ? 0 : app->own.word[i];
	literals_find(n->literals, m, on_literal, left);
	while (at < m.len && scan_is_blank(m.at[at]))
		at++;
	if (at < m.len && (m.at[at] == '{' || m.at[at] == '@'))
		return;
	for (size_t i = 0; i < n->n_words; i++) /* it is no JSON */
		left->word[i] &= ~n->by_form[FORM_JSON].own.word[i];
}

/* Reads a form, and leaves those of its rules that its values allow. */
static void
possible_narrow(struct possible *left, struct probe *p, enum form f)
{
	const struct form_rules *form = &left->n->by_form[f];
	bool has = rule_form(p, f);

	for (size_t i = 0; !has && i < left->n->n_words; i++)
		left->word[i] &= ~form->own.word[i];
	for (size_t k = 0; has && k < form->n_forks; k++) {
		struct rule_set may = rule_fork(&form->fork[k],
		    values_get(left->n->values, form->fork[k].path, p->arena));

		for (size_t i = 0; i < left->n->n_words; i++)
			left->word[i] &= may.word[i];
	}
}

/* Whether a rule's turn brings an answer; what is dear waits until its
 * literal was seen. */
static bool
rule_turn(struct possible *left, struct probe *p, size_t at)
{
	const struct rule *r = left->n->rule[at];
	bool seen = r->apps.n == 0; /* it is possible by its literal only */

	if (r->form != FORM_TEXT) {
		seen = seen || rule_literal(p, r);
		if (!seen)
			return false;
		if ((p->read >> r->form & 1) == 0) {
			possible_narrow(left, p, r->form);
			if ((left->word[at / 64] >> (at % 64) & 1) == 0)
				return false;
		}
	}
	return rule_fits(p, r, seen);
}

const struct rule *
rule_first(
    const struct normalizer *n, size_t file, struct arena *a, struct event *ev)
{
	struct possible left;
	struct probe p;

	event_reset(ev);
	possible_find(&left, n, ev);
	rule_probe(&p, n, a, ev);
	for (size_t w = 0; w < n->n_words; w++)
		while (left.word[w] != 0) {
			size_t at = w * 64 +
			    (size_t)__builtin_ctzll(left.word[w]);

			if ((file == SIZE_MAX || n->rule[at]->file == file) &&
			    rule_turn(&left, &p, at))
				return n->rule[at];
			left.word[w] &= ~(UINT64_C(1) << (at % 64));
		}
	if (n->values->full)
		event_reset(ev);
	return NULL;
}

const char *
normalize_apply(const struct normalizer *n, struct arena *a, struct event *ev)
{
	const struct rule *r = rule_first(n, SIZE_MAX, a, ev);

	return r == NULL ? NULL : r->name;
}

/* Whether a rule is for this program (at == NULL: one nobody names). */
static bool
rule_is_for(const struct rule *r, const struct app_rules *app)
{
	if (r->apps.n == 0)
		return true;
	for (size_t i = 0; app != NULL && i < r->apps.n; i++)
		if (span_equal_nocase(r->apps.at[i], app->app))
			return true;
	return false;
}

const char *
normalize_slow(const struct normalizer *n, struct arena *a, struct event *ev)
{
	const struct app_rules *app = rule_app(n, ev->app);
	struct probe p;

	event_reset(ev);
	rule_probe(&p, n, a, ev);
	for (size_t i = 0; i < n->n_rules; i++)
		if (rule_is_for(n->rule[i], app) &&
		    rule_fits(&p, n->rule[i], false))
			return n->rule[i]->name;
	if (n->values->full)
		event_reset(ev);
	return NULL;
}

size_t
normalize_n_rules(const struct normalizer *n)
{
	return n->n_rules;
}

size_t
normalize_n_tests(const struct normalizer *n)
{
	return n->n_tests;
}
