/*
 * rules/memory.c: what was known before, so that loss never helps.
 *
 * Works on the stored findings of a clause and those just made. Runs in
 * rules. Source: the design, "Silence never helps".
 */
#include "rules/inner.h"

#include <stdlib.h>

/* A text column in the arena; NULL stays NULL. */
static enum err
column_text(struct run *r, struct sql_stmt *s, unsigned at, const char **out,
    struct fault *why)
{
	*out = NULL;
	if (sql_is_null(s, at))
		return ERR_OK;
	*out = arena_text(r->arena, sql_text(s, at));
	return *out == NULL ? fault_set(why, ERR_MEMORY, "finding") : ERR_OK;
}

/* One stored row. */
static enum err
before_row(struct run *r, struct sql_stmt *s, struct fault *why)
{
	struct found *b = found_add(&r->before);
	const char *state, *known;
	struct finding *f;
	enum err e;

	if (b == NULL)
		return fault_set(why, ERR_MEMORY, "findings");
	f = &b->f;
	if ((e = column_text(r, s, 0, &f->agency, why)) != ERR_OK ||
	    (e = column_text(r, s, 1, &f->subject, why)) != ERR_OK ||
	    (e = column_text(r, s, 2, &f->title, why)) != ERR_OK ||
	    (e = column_text(r, s, 3, &state, why)) != ERR_OK ||
	    (e = column_text(r, s, 6, &f->problem, why)) != ERR_OK ||
	    (e = column_text(r, s, 7, &f->evidence, why)) != ERR_OK ||
	    (e = column_text(r, s, 8, &known, why)) != ERR_OK)
		return e;
	f->since_us = sql_int(s, 4);
	f->due_us = sql_int(s, 5);
	f->known_since_us = sql_int(s, 9);
	f->state = state_find(span_text(state));
	f->known_state = known == NULL ? STATE_N : state_find(span_text(known));
	if (f->state >= STATE_SUBJECT_N)
		return fault_set(why, ERR_DAMAGE,
		    "finding (%s, %s): no such state: %s", f->agency,
		    f->subject, state);
	return ERR_OK;
}

enum err
before_load(struct run *r, struct fault *why)
{
	struct sql_stmt *s = NULL;
	bool more = true;
	enum err e;

	e = sql_prepare(r->db,
	    "SELECT agency, subject, subject_title, state, since_us, due_us, "
	    "problem, evidence, known_state, known_since_us "
	    "FROM finding WHERE clause = :clause",
	    &s, why);
	if (e == ERR_OK)
		e = sql_bind_text(s, ":clause", span_text(r->clause->id), why);
	while (e == ERR_OK && (e = sql_step(s, &more, why)) == ERR_OK && more)
		e = before_row(r, s, why);
	sql_stmt_free(s);
	if (e == ERR_OK)
		found_sort(&r->before);
	return e;
}

/* What becomes unknown keeps what was known last. */
static void
keep_known(struct finding *now, const struct finding *before)
{
	if (before->state == STATE_UNKNOWN) {
		now->known_state = before->known_state;
		now->known_since_us = before->known_since_us;
		return;
	}
	now->known_state = before->state;
	now->known_since_us = before->since_us;
}

/* Marks of `before` that are higher than now; the highest of both are put
 * into now's evidence. *fell tells whether there were any. */
static enum err
marks_merge(struct run *r, struct finding *now, const struct finding *before,
    bool *fell, struct fault *why)
{
	json_t *old = NULL, *new = NULL, *marks, *v;
	const char *key;
	struct buf b;
	enum err e;

	*fell = false;
	if (strcmp(now->evidence, before->evidence) == 0 ||
	    strstr(before->evidence, "\"marks\"") == NULL)
		return ERR_OK;
	buf_init(&b, (size_t)1 << 20);
	e = json_read(span_text(before->evidence), &old, why);
	if (e == ERR_OK)
		e = json_read(span_text(now->evidence), &new, why);
	if (e != ERR_OK)
		goto out;
	marks = json_object_get(new, "marks");
	json_object_foreach(json_object_get(old, "marks"), key, v) {
		json_t *m = json_object_get(marks, key);

		if (!json_is_integer(m) || !json_is_integer(v) ||
		    json_integer_value(m) >= json_integer_value(v))
			continue;
		*fell = true;
		(void)json_integer_set(m, json_integer_value(v));
	}
	if (!*fell)
		goto out;
	json_canonical(&b, new);
	now->evidence = arena_text(r->arena, buf_view(&b));
	if (buf_error(&b) != ERR_OK || now->evidence == NULL)
		e = fault_set(why, ERR_MEMORY, "evidence");
out:
	json_decref(old);
	json_decref(new);
	buf_clear(&b);
	return e;
}

/* A subject that is there now and was there before. */
static enum err
remember_same(struct run *r, struct found *now, const struct found *before,
    struct fault *why)
{
	bool fell;
	enum err e;

	if (now->removed)
		return ERR_OK;
	e = marks_merge(r, &now->f, &before->f, &fell, why);
	if (e != ERR_OK)
		return e;
	if (fell && state_rank(now->f.state) < state_rank(STATE_UNKNOWN)) {
		now->f.state = STATE_UNKNOWN;
		now->f.problem = PROBLEM_LOST;
		now->f.since_us = 0;
		now->f.due_us = 0;
		now->next_us = 0;
	}
	if (now->f.state == STATE_UNKNOWN)
		keep_known(&now->f, &before->f);
	if (now->f.since_us == 0 && now->f.state == before->f.state)
		now->f.since_us = before->f.since_us;
	return ERR_OK;
}

/* The texts of every `identity` in the rows now, sorted. */
struct names {
	const char **at;
	size_t n, room;
	bool made;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keep one more name. */
static bool
names_add(struct run *r, struct names *names, const char *s)
{
	const char **more;

	if (names->n == names->room) {
		names->room = names->room == 0 ? 256 : names->room * 2;
		more = reallocarray(names->at, names->room, sizeof *more);
		if (more == NULL)
			return false;
		names->at = more;
	}
	names->at[names->n] = arena_text(r->arena, span_text(s));
	return names->at[names->n++] != NULL;
}

/* Collect the identities of all rows; done once, when first wanted. */
static enum err
names_make(struct run *r, struct names *names, struct fault *why)
{
	for (size_t i = 0; i < r->now.n; i++) {
		const char *text = r->now.at[i].f.evidence;
		json_t *v = NULL, *list;
		bool full = false;

		if (strstr(text, "\"identity\"") == NULL)
			continue;
		if (json_read(span_text(text), &v, why) != ERR_OK)
			return ERR_SYNTAX;
		list = json_object_get(v, "identity");
		for (size_t k = 0; k < json_array_size(list) && !full; k++)
			full = !names_add(r, names,
			    json_string_value(json_array_get(list, k)));
		json_decref(v);
		if (full)
			return fault_set(why, ERR_MEMORY, "identities");
	}
	if (names->n > 0)
		qsort(names->at, names->n, sizeof *names->at, by_text);
	names->made = true;
	return ERR_OK;
}

/* Whether all that a vanished subject was made of stands in other rows. */
static enum err
has_moved(struct run *r, struct names *names, const struct finding *f,
    bool *moved, struct fault *why)
{
	json_t *v = NULL, *list;
	enum err e;

	*moved = false;
	if (strstr(f->evidence, "\"identity\"") == NULL)
		return ERR_OK;
	if (!names->made && (e = names_make(r, names, why)) != ERR_OK)
		return e;
	if ((e = json_read(span_text(f->evidence), &v, why)) != ERR_OK)
		return e;
	list = json_object_get(v, "identity");
	*moved = json_array_size(list) > 0;
	for (size_t k = 0; *moved && k < json_array_size(list); k++) {
		const char *s = json_string_value(json_array_get(list, k));

		*moved = s != NULL && names->n > 0 &&
		    bsearch(&s, names->at, names->n, sizeof *names->at,
			by_text) != NULL;
	}
	json_decref(v);
	return ERR_OK;
}

/* A subject that was there before and is not given any more. */
static enum err
remember_gone(struct run *r, struct names *names, struct found_list *gone,
    const struct found *before, struct fault *why)
{
	struct found *f;
	bool moved;
	enum err e;

	if (before->f.state == STATE_NA || !run_has_agency(r, before->f.agency))
		return ERR_OK;
	if ((e = has_moved(r, names, &before->f, &moved, why)) != ERR_OK ||
	    moved)
		return e;
	if ((f = found_add(gone)) == NULL)
		return fault_set(why, ERR_MEMORY, "findings");
	*f = *before;
	keep_known(&f->f, &before->f);
	f->f.state = STATE_UNKNOWN;
	f->f.problem = PROBLEM_VANISHED;
	f->f.due_us = 0;
	if (before->f.state != STATE_UNKNOWN)
		f->f.since_us = 0;
	return ERR_OK;
}

enum err
run_remember(struct run *r, struct fault *why)
{
	struct found_list gone = { 0 };
	struct names names = { 0 };
	enum err e = ERR_OK;
	size_t n = 0;

	for (size_t b = 0; b < r->before.n && e == ERR_OK; b++) {
		const struct found *before = &r->before.at[b];
		int c = -1;

		while (n < r->now.n &&
		    (c = found_compare(&r->now.at[n], before)) < 0)
			n++;
		if (n < r->now.n && c == 0)
			e = remember_same(r, &r->now.at[n], before, why);
		else
			e = remember_gone(r, &names, &gone, before, why);
	}
	for (size_t g = 0; g < gone.n && e == ERR_OK; g++) {
		struct found *f = found_add(&r->now);

		if (f == NULL)
			e = fault_set(why, ERR_MEMORY, "findings");
		else
			*f = gone.at[g];
	}
	if (e == ERR_OK && gone.n > 0)
		found_sort(&r->now);
	free(gone.at);
	free(names.at);
	return e;
}
