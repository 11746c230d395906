/*
 * book/verdict.c: what rules found to be new, stored, and each change of a
 * verdict written down as an entry.
 *
 * Works on: the object of rules/changes.h. Runs in: book.
 */
#include "book/verdict.h"

#include "base/text.h"
#include "book/inner.h"

#define CLAUSE_MAX 64 /* bytes of a clause's id */
#define EVIDENCE_TEXT_MAX ((size_t)1 << 20)

/* One set of changes being taken. */
struct taking {
	struct book *b;
	const json_t *all;
	struct span clause;
	int64_t at_us, now_us, chapter;
	uint64_t changed;
	bool tallied;
	struct fault *why;
};

static bool
state_known(const char *s)
{
	static const char *const states[] = { "met", "due", "unmet", "unknown",
		"excepted", "n/a", "adopted", "not adopted", "info", NULL };

	for (size_t i = 0; states[i] != NULL; i++)
		if (strcmp(states[i], s) == 0)
			return true;
	return false;
}

static enum err
malformed(struct taking *t, const char *list, size_t at, const char *what)
{
	return fault_set(t->why, ERR_SYNTAX,
	    "verdicts of clause %.*s: "
	    "%s[%zu]: %s",
	    (int)t->clause.len, (const char *)t->clause.at, list, at, what);
}

/* A text of an item; empty when it is missing or null. */
static struct span
text_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v)
	    ? span_of(json_string_value(v), json_string_length(v))
	    : SPAN_EMPTY;
}

/* Bind a number that may be missing or null. */
static enum err
bind_number(struct sql_stmt *s, const char *param, const json_t *o,
    const char *key, struct fault *why)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v)
	    ? sql_bind_int(s, param, json_integer_value(v), why)
	    : sql_bind_null(s, param, why);
}

/* n more (or fewer) verdicts of that state. */
static enum err
tally_add(struct taking *t, struct span agency, int64_t chapter,
    struct span state, int64_t n)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(t->b->db, "tally_add", &s, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_bind_int(s, ":chapter", chapter, t->why)) ||
	    (e = sql_bind_text(s, ":state", state, t->why)) ||
	    (e = sql_bind_int(s, ":n", n, t->why)))
		return e;
	t->tallied = true;
	return sql_do(s, t->why);
}

/* The verdict as it is stored. */
struct stored {
	bool there, same;
	int64_t chapter;
	char state[16];
};

/* Parameters; without the colon, members of an item. */
static const char *const counts[] = { ":n_met", ":n_due", ":n_unmet",
	":n_unknown", ":n_excepted", ":n_na" };

/* Read it, and compare it with what rules say (o may be NULL). */
static enum err
verdict_get(
    struct taking *t, struct span agency, const json_t *o, struct stored *v)
{
	struct sql_stmt *s;
	struct span state;
	enum err e;

	memset(v, 0, sizeof *v);
	if ((e = sql_named(t->b->db, "verdict_get", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_step(s, &v->there, t->why)) || !v->there)
		return e;
	v->chapter = sql_int(s, 0);
	state = sql_text(s, 1);
	if (state.len >= sizeof v->state)
		return fault_set(t->why, ERR_DAMAGE, "a verdict's state");
	memcpy(v->state, state.at, state.len);
	v->same = o != NULL && v->chapter == t->chapter &&
	    span_equal(state, text_of(o, "state")) &&
	    sql_int(s, 2) == json_get_int(o, "since_us", 0) &&
	    span_equal(sql_text(s, 9), text_of(o, "problem"));
	for (unsigned i = 0; i < 6; i++)
		if (sql_int(s, 3 + i) != json_get_int(o, counts[i] + 1, 0))
			v->same = false;
	sql_reset(s);
	return ERR_OK;
}

/* The row, new or replaced. */
static enum err
verdict_put(struct taking *t, struct span agency, const json_t *o)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(t->b->db, "verdict_put", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_bind_int(s, ":chapter", t->chapter, t->why)) ||
	    (e = sql_bind_text(s, ":state", text_of(o, "state"), t->why)) ||
	    (e = sql_bind_int(
		 s, ":since_us", json_get_int(o, "since_us", 0), t->why)) ||
	    (e = bind_text_or_null(
		 s, ":problem", text_of(o, "problem"), t->why)))
		return e;
	for (unsigned i = 0; i < 6; i++)
		if ((e = sql_bind_int(s, counts[i],
			 json_get_int(o, counts[i] + 1, 0), t->why)) != ERR_OK)
			return e;
	return sql_do(s, t->why);
}

/* The entry beimen.verdict of a change; o NULL: no verdict any more. */
static enum err
verdict_note(struct taking *t, struct span agency, const json_t *o,
    const struct stored *was, uint64_t *seq)
{
	json_t *f = json_object();
	struct written w = { .seq = 0 };
	enum err e;

	json_put_int(f, "at_us", t->at_us);
	if (o != NULL)
		json_put_text(f, "state", text_of(o, "state"));
	else
		json_object_set_new(f, "state", json_null());
	if (was->there)
		json_put_str(f, "was", was->state);
	else
		json_object_set_new(f, "was", json_null());
	for (unsigned i = 0; o != NULL && i < 6; i++)
		json_put_int(
		    f, counts[i] + 1, json_get_int(o, counts[i] + 1, 0));
	e = json_object_size(f) != (o != NULL ? 9 : 3)
	    ? fault_set(t->why, ERR_MEMORY, "a verdict's entry")
	    : book_note(t->b, agency, "beimen.verdict", t->clause, f, t->now_us,
		  &w, t->why);
	json_decref(f);
	*seq = w.seq;
	t->changed++;
	return e;
}

/* End the open span; open the next one unless there is no verdict. */
static enum err
span_turn(struct taking *t, struct span agency, const json_t *o, uint64_t seq)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(t->b->db, "span_close", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_bind_int(s, ":at", t->at_us, t->why)) ||
	    (e = sql_do(s, t->why)) || o == NULL)
		return e;
	if ((e = sql_named(t->b->db, "span_open", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_bind_text(s, ":state", text_of(o, "state"), t->why)) ||
	    (e = sql_bind_int(s, ":at", t->at_us, t->why)) ||
	    (e = sql_bind_int(s, ":entry", (int64_t)seq, t->why)))
		return e;
	return sql_do(s, t->why);
}

/* One verdict of the list. */
static enum err
verdict_take(struct taking *t, const json_t *o, size_t at)
{
	struct span agency = text_of(o, "agency");
	struct stored was;
	uint64_t seq = 0;
	enum err e;

	if (!text_is_name(agency, BOOK_AGENCY_MAX))
		return malformed(t, "verdicts", at, "no agency");
	if (!state_known(json_get_text(o, "state", "")))
		return malformed(t, "verdicts", at, "no such state");
	if ((e = verdict_get(t, agency, o, &was)) != ERR_OK || was.same)
		return e;
	if ((e = verdict_put(t, agency, o)) != ERR_OK)
		return e;
	if (was.there && was.chapter == t->chapter &&
	    span_is(text_of(o, "state"), was.state))
		return ERR_OK; /* only its counts moved */
	if (was.there &&
	    (e = tally_add(t, agency, was.chapter, span_text(was.state), -1)) !=
		ERR_OK)
		return e;
	if ((e = tally_add(t, agency, t->chapter, text_of(o, "state"), 1)))
		return e;
	if (was.there && span_is(text_of(o, "state"), was.state))
		return ERR_OK; /* its chapter became known */
	if ((e = verdict_note(t, agency, o, &was, &seq)) != ERR_OK)
		return e;
	return span_turn(t, agency, o, seq);
}

/* A verdict that rules no longer give. */
static enum err
verdict_gone(struct taking *t, const json_t *item, size_t at)
{
	struct span agency = json_is_string(item)
	    ? span_of(json_string_value(item), json_string_length(item))
	    : text_of(item, "agency");
	struct stored was;
	struct sql_stmt *s;
	uint64_t seq = 0;
	enum err e;

	if (!text_is_name(agency, BOOK_AGENCY_MAX))
		return malformed(t, "verdicts_gone", at, "no agency");
	if ((e = verdict_get(t, agency, NULL, &was)) != ERR_OK || !was.there)
		return e;
	if ((e = sql_named(t->b->db, "verdict_drop", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_do(s, t->why)) ||
	    (e = tally_add(t, agency, was.chapter, span_text(was.state), -1)) ||
	    (e = verdict_note(t, agency, NULL, &was, &seq)))
		return e;
	return span_turn(t, agency, NULL, seq);
}

/* A finding's evidence as text: an object in canonical form. */
static enum err
evidence_bind(struct taking *t, struct sql_stmt *s, const json_t *o)
{
	const json_t *v = json_object_get(o, "evidence");
	struct buf b;
	enum err e;

	buf_init(&b, EVIDENCE_TEXT_MAX);
	if (json_is_object(v))
		json_canonical(&b, v);
	else if (json_is_string(v))
		buf_span(&b, text_of(o, "evidence"));
	else
		buf_text(&b, "{}");
	if ((e = buf_error(&b)) != ERR_OK)
		e = fault_set(t->why, e, "a finding's evidence");
	else
		e = sql_bind_text(s, ":evidence", buf_view(&b), t->why);
	buf_clear(&b);
	return e;
}

/* One finding of the list. */
static enum err
finding_take(struct taking *t, const json_t *o, size_t at)
{
	struct span agency = text_of(o, "agency"),
		    known = text_of(o, "known_state");
	struct sql_stmt *s;
	enum err e;

	if (!text_is_name(agency, BOOK_AGENCY_MAX))
		return malformed(t, "findings", at, "no agency");
	if (!state_known(json_get_text(o, "state", "")) ||
	    (known.len > 0 &&
		!state_known(json_get_text(o, "known_state", ""))))
		return malformed(t, "findings", at, "no such state");
	if ((e = sql_named(t->b->db, "finding_put", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", agency, t->why)) ||
	    (e = sql_bind_text(s, ":subject", text_of(o, "subject"), t->why)) ||
	    (e = sql_bind_text(
		 s, ":subject_title", text_of(o, "subject_title"), t->why)) ||
	    (e = sql_bind_text(s, ":state", text_of(o, "state"), t->why)) ||
	    (e = bind_number(s, ":since_us", o, "since_us", t->why)) ||
	    (e = bind_number(s, ":due_us", o, "due_us", t->why)) ||
	    (e = bind_text_or_null(
		 s, ":problem", text_of(o, "problem"), t->why)) ||
	    (e = bind_text_or_null(s, ":known_state", known, t->why)) ||
	    (e = bind_number(
		 s, ":known_since_us", o, "known_since_us", t->why)) ||
	    (e = evidence_bind(t, s, o)))
		return e;
	return sql_do(s, t->why);
}

static enum err
finding_gone(struct taking *t, const json_t *o, size_t at)
{
	struct sql_stmt *s;
	enum err e;

	if (!text_is_name(text_of(o, "agency"), BOOK_AGENCY_MAX))
		return malformed(t, "findings_gone", at, "no agency");
	if ((e = sql_named(t->b->db, "finding_drop", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_text(s, ":agency", text_of(o, "agency"), t->why)) ||
	    (e = sql_bind_text(s, ":subject", text_of(o, "subject"), t->why)))
		return e;
	return sql_do(s, t->why);
}

/* Every item of a list, which may be missing. */
static enum err
each(struct taking *t, const char *list,
    enum err (*fn)(struct taking *, const json_t *, size_t))
{
	const json_t *l = json_object_get(t->all, list);
	enum err e = ERR_OK;

	if (l != NULL && !json_is_null(l) && !json_is_array(l))
		return malformed(t, list, 0, "no list");
	for (size_t i = 0; i < json_array_size(l) && e == ERR_OK; i++)
		e = fn(t, json_array_get(l, i), i);
	return e;
}

/* When the clause ran, when it must again, and whether it was refused. */
static enum err
run_put(struct taking *t)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(t->b->db, "clause_run_put", &s, t->why)) ||
	    (e = sql_bind_text(s, ":clause", t->clause, t->why)) ||
	    (e = sql_bind_int(s, ":at_us", t->at_us, t->why)) ||
	    (e = bind_number(s, ":next_us", t->all, "next_us", t->why)) ||
	    (e = bind_text_or_null(
		 s, ":refused", text_of(t->all, "refused"), t->why)))
		return e;
	return sql_do(s, t->why);
}

/* One statement without parameters. */
static enum err
run_plain(struct taking *t, const char *name)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(t->b->db, name, &s, t->why)) != ERR_OK)
		return e;
	return sql_do(s, t->why);
}

static enum err
take_all(struct taking *t)
{
	enum err e;

	if ((e = run_put(t)) || (e = each(t, "verdicts", verdict_take)) ||
	    (e = each(t, "verdicts_gone", verdict_gone)) ||
	    (e = each(t, "findings", finding_take)) ||
	    (e = each(t, "findings_gone", finding_gone)) || !t->tallied)
		return e;
	if ((e = run_plain(t, "tally_sweep")) != ERR_OK)
		return e;
	return run_plain(t, "tally_grow");
}

enum err
book_verdicts(struct book *b, const json_t *changes, int64_t now_us,
    uint64_t *changed, struct fault *why)
{
	struct taking t = { .b = b,
		.all = changes,
		.clause = text_of(changes, "clause"),
		.at_us = json_get_int(changes, "at_us", now_us),
		.now_us = now_us,
		.chapter = json_get_int(changes, "chapter", 0),
		.why = why };
	enum err e;

	if (!json_is_object(changes) || t.clause.len == 0 ||
	    t.clause.len > CLAUSE_MAX)
		return fault_set(why, ERR_SYNTAX, "verdicts: no clause");
	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = take_all(&t);
	if ((e = book_leave(b, e, why)) == ERR_OK && changed != NULL)
		*changed = t.changed;
	return e;
}

enum err
book_tally_version(struct book *b, uint64_t *version, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "tally_version", &s, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	*version = row ? (uint64_t)sql_int(s, 0) : 0;
	sql_reset(s);
	return ERR_OK;
}
