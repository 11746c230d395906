/*
 * intake/rule_index.c: which few of many rules a record can fit.
 *
 * Rules that name programs are found by the record's program. Rules for any
 * program must have literals: one pass over the message finds which stand in
 * it. Rules of a form that ask a value to be one of several texts (Windows
 * event numbers) are told apart by that value at once: a fork. Each answer is
 * a set of bits, and rules are tried in order among those left in all.
 */
#include "intake/rule.h"

/* Rules that ask for one value's text before it is worth a fork. */
#define FORK_LEAST 3

static bool
set_make(const struct normalizer *n, struct rule_set *s)
{
	s->word = arena_array(n->arena, n->n_words, sizeof s->word[0]);
	return s->word != NULL;
}

/* A hash that does not see the case of ASCII letters. */
static uint32_t
text_hash(struct span s)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c >= 'A' && c <= 'Z')
			c |= 32;
		h = (h ^ c) * 16777619U;
	}
	return h ^ h >> 15;
}

/* The slot of a program: its own, or the empty one where it would go. */
static struct app_rules *
app_slot(const struct normalizer *n, struct span app)
{
	size_t at = text_hash(app) & (n->n_apps - 1);

	while (n->app[at].app.at != NULL &&
	    !span_equal_nocase(n->app[at].app, app))
		at = (at + 1) & (n->n_apps - 1);
	return &n->app[at];
}

static enum err
apps_index(struct normalizer *n, struct fault *why)
{
	size_t names = 1;

	for (size_t i = 0; i < n->n_rules; i++)
		names += n->rule[i]->apps.n;
	for (n->n_apps = 16; n->n_apps < names * 4; n->n_apps *= 2)
		;
	n->app = arena_array(n->arena, n->n_apps, sizeof n->app[0]);
	if (n->app == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	for (size_t i = 0; i < n->n_rules; i++)
		for (size_t k = 0; k < n->rule[i]->apps.n; k++) {
			struct span app = n->rule[i]->apps.at[k];
			struct app_rules *a = app_slot(n, app);

			if (a->app.at == NULL && !set_make(n, &a->own))
				return fault_set(why, ERR_MEMORY, "rules");
			a->app = app;
			rule_set_add(a->own, i);
		}
	return ERR_OK;
}

#define APP_MAX 64

const struct app_rules *
rule_app(const struct normalizer *n, struct span app)
{
	const struct app_rules *a;
	size_t slash = app.len, open;

	if (app.len == 0 || app.len > APP_MAX)
		return NULL;
	if ((a = app_slot(n, app))->app.at != NULL)
		return a;
	while (slash > 0 && app.at[slash - 1] != '/')
		slash--;
	if (slash > 0 && slash < app.len &&
	    (a = app_slot(n, span_slice(app, slash, SIZE_MAX)))->app.at != NULL)
		return a;
	open = span_find(app, '(');
	if (open != SIZE_MAX && open > 0 &&
	    (a = app_slot(n, span_slice(app, 0, open)))->app.at != NULL)
		return a;
	return NULL;
}

/* The number of a literal among those found so far, new or known. */
static size_t
literal_number(struct span *known, size_t *n, struct span s)
{
	for (size_t i = 0; i < *n; i++)
		if (span_equal(known[i], s))
			return i;
	known[*n] = s;
	return (*n)++;
}

static enum err
literals_index(struct normalizer *n, struct fault *why)
{
	size_t most = 1, n_known = 0;
	struct span *known;

	for (size_t i = 0; i < n->n_rules; i++)
		most += n->rule[i]->apps.n == 0 ? n->rule[i]->literals.n : 0;
	known = arena_array(n->arena, most, sizeof *known);
	n->by_literal = arena_array(n->arena, most, sizeof n->by_literal[0]);
	if (known == NULL || n->by_literal == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	for (size_t i = 0; i < n->n_rules; i++)
		for (size_t k = 0;
		     n->rule[i]->apps.n == 0 && k < n->rule[i]->literals.n;
		     k++) {
			size_t at = literal_number(
			    known, &n_known, n->rule[i]->literals.at[k]);
			struct rule_set *s = &n->by_literal[at];

			if (s->word == NULL && !set_make(n, s))
				return fault_set(why, ERR_MEMORY, "rules");
			rule_set_add(*s, i);
		}
	return literals_new(known, n_known, false, &n->literals, why);
}

/* A text that stands for itself only. */
static bool
is_plain(struct span s)
{
	return s.len > 0 && s.at[0] != '*' && s.at[s.len - 1] != '*';
}

/* The texts that rule r wants of a path, if it asks for plain texts: of its
 * `when`, else of the value its category goes by. At i: the i-th of them;
 * at == NULL: no more. *asks tells whether it asks at all. */
static struct span
rule_wants(const struct rule *r, size_t path, size_t i, bool *asks)
{
	*asks = false;
	for (size_t c = 0; c < r->n_conds; c++) {
		const struct cond *cond = &r->cond[c];
		bool plain = cond->from == path && !cond->unless;

		for (size_t k = 0; plain && k < cond->values.n; k++)
			plain = is_plain(cond->values.at[k]);
		if (!plain)
			continue;
		*asks = true;
		return i < cond->values.n ? cond->values.at[i] : SPAN_EMPTY;
	}
	if (r->n_choices == 0 || r->by != path)
		return SPAN_EMPTY;
	for (size_t k = 0; k < r->n_choices; k++)
		if (!is_plain(r->choice[k].value))
			return SPAN_EMPTY;
	*asks = true;
	return i < r->n_choices ? r->choice[i].value : SPAN_EMPTY;
}

static struct fork_row *
fork_slot(const struct fork *f, struct span value)
{
	size_t at = text_hash(value) & f->mask;

	while (
	    f->row[at].value.at != NULL && !span_equal(f->row[at].value, value))
		at = (at + 1) & f->mask;
	return &f->row[at];
}

struct rule_set
rule_fork(const struct fork *f, struct span value)
{
	const struct fork_row *row;

	if (value.len == 0)
		return f->other;
	row = fork_slot(f, value);
	return row->value.at == NULL ? f->other : row->may;
}

/* Fills a fork on a path: every value that rules want gets a row, with the
 * rules that want it and those that do not ask. */
static bool
fork_make(const struct normalizer *n, size_t path, struct fork *f)
{
	size_t values = 1;
	bool asks;

	*f = (struct fork){ .path = path };
	for (size_t i = 0; i < n->n_rules; i++)
		for (size_t k = 0;
		     rule_wants(n->rule[i], path, k, &asks).at != NULL; k++)
			values++;
	for (f->mask = 16; f->mask < values * 4; f->mask *= 2)
		;
	f->row = arena_array(n->arena, f->mask, sizeof f->row[0]);
	f->mask--;
	if (f->row == NULL || !set_make(n, &f->other))
		return false;
	for (size_t i = 0; i < n->n_rules; i++) {
		(void)rule_wants(n->rule[i], path, 0, &asks);
		if (n->rule[i]->form != n->path[path].form || !asks)
			rule_set_add(f->other, i);
	}
	for (size_t i = 0; i < n->n_rules; i++) {
		struct span value;

		for (size_t k = 0; n->rule[i]->form == n->path[path].form &&
		     (value = rule_wants(n->rule[i], path, k, &asks)).at !=
			 NULL;
		     k++) {
			struct fork_row *row = fork_slot(f, value);

			if (row->value.at == NULL) {
				if (!set_make(n, &row->may))
					return false;
				memcpy(row->may.word, f->other.word,
				    n->n_words * sizeof row->may.word[0]);
				row->value = value;
			}
			rule_set_add(row->may, i);
		}
	}
	return true;
}

/* How many rules ask a path for plain texts. */
static size_t
askers(const struct normalizer *n, size_t path)
{
	size_t count = 0;
	bool asks;

	for (size_t i = 0; i < n->n_rules; i++) {
		if (n->rule[i]->form != n->path[path].form)
			continue;
		(void)rule_wants(n->rule[i], path, 0, &asks);
		count += asks;
	}
	return count;
}

static enum err
forms_index(struct normalizer *n, struct fault *why)
{
	for (unsigned f = 0; f < FORM_N; f++) {
		struct form_rules *form = &n->by_form[f];

		form->fork = arena_array(
		    n->arena, n->n_paths + 1, sizeof form->fork[0]);
		if (form->fork == NULL || !set_make(n, &form->own))
			return fault_set(why, ERR_MEMORY, "rules");
		for (size_t i = 0; i < n->n_rules; i++)
			if (n->rule[i]->form == (enum form)f)
				rule_set_add(form->own, i);
		for (size_t i = 0; i < n->n_paths; i++) {
			if (n->path[i].form != (enum form)f ||
			    askers(n, i) < FORK_LEAST)
				continue;
			if (!fork_make(n, i, &form->fork[form->n_forks]))
				return fault_set(why, ERR_MEMORY, "rules");
			form->n_forks++;
		}
	}
	return ERR_OK;
}

enum err
rule_index(struct normalizer *n, struct fault *why)
{
	enum err e;

	n->n_words = (n->n_rules + 63) / 64 + (n->n_rules == 0);
	n->values = arena_alloc(n->arena, sizeof *n->values);
	if (n->values == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	if ((e = values_build(n->values, n->arena, n->path, n->n_paths, why)) !=
		ERR_OK ||
	    (e = apps_index(n, why)) != ERR_OK ||
	    (e = literals_index(n, why)) != ERR_OK)
		return e;
	return forms_index(n, why);
}
