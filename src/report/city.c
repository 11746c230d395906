/*
 * report/city.c: the whole city, and one agency.
 */
#include "report/inner.h"

#include <stdlib.h>
#include <string.h>

#define CHAPTERS_MAX 64
#define WORST_MAX 10
#define FINDINGS_MAX 50
#define CHANGES_MAX 20

/* One agency of the matrix. */
struct member {
	struct span key;
	json_t *json;
	struct counts all, chapter[CHAPTERS_MAX];
	char *letters; /* a state letter a clause, '.' at first */
};

/* One clause of the lists. */
struct column {
	const struct clause *clause;
	int64_t unmet, unknown, agencies;
};

struct city {
	struct member *member;
	size_t n, cap;
	struct column *column;
	size_t n_columns;
	struct counts all;
	unsigned chapters;
	json_t *newly;
};

static enum err
member_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct city *c = arg;
	struct member *m;

	if (c->n == c->cap)
		return fault_set(why, ERR_LIMIT, "too many agencies");
	m = &c->member[c->n++];
	*m = (struct member){ .key = arena_copy(r->arena, sql_text(s, 0)),
		.json = json_object() };
	m->letters = arena_alloc(r->arena, c->n_columns + 1);
	if (m->letters == NULL)
		return fault_set(why, ERR_MEMORY, "city");
	memset(m->letters, '.', c->n_columns);
	json_put_text(m->json, "key", sql_text(s, 0));
	put(m->json, "title",
	    words_json(row_text(r, s, 1),
		sql_is_null(s, 2) ? row_text(r, s, 1) : row_text(r, s, 2)));
	if (sql_is_null(s, 3))
		put(m->json, "level", NULL);
	else
		json_put_text(m->json, "level", sql_text(s, 3));
	if (sql_is_null(s, 4))
		put(m->json, "parent", NULL);
	else
		json_put_text(m->json, "parent", sql_text(s, 4));
	return ERR_OK;
}

static struct member *
member_find(struct city *c, struct span key)
{
	size_t low = 0, high = c->n;

	while (low < high) { /* in order of key */
		size_t mid = (low + high) / 2;
		size_t n = key.len < c->member[mid].key.len
		    ? key.len
		    : c->member[mid].key.len;
		int d = memcmp(key.at, c->member[mid].key.at, n);

		if (d == 0)
			d = (key.len > c->member[mid].key.len) -
			    (key.len < c->member[mid].key.len);
		if (d == 0)
			return &c->member[mid];
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static size_t
column_find(const struct city *c, struct span id)
{
	size_t i = 0;

	while (i < c->n_columns && !span_is(id, c->column[i].clause->id))
		i++;
	return i;
}

static enum err
verdict_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct city *c = arg;
	struct member *m = member_find(c, sql_text(s, 0));
	size_t col = column_find(c, sql_text(s, 1));
	enum state state = state_find(sql_text(s, 2));
	unsigned chapter;

	(void)r;
	(void)why;
	if (m == NULL || col == c->n_columns || state == STATE_N)
		return ERR_OK;
	chapter = c->column[col].clause->chapter;
	c->all.n[state]++;
	m->all.n[state]++;
	if (chapter < CHAPTERS_MAX)
		m->chapter[chapter].n[state]++;
	m->letters[col] = state_letter(state);
	c->column[col].unmet += state == STATE_UNMET;
	c->column[col].unknown += state == STATE_UNKNOWN;
	c->column[col].agencies++;
	return ERR_OK;
}

static enum err
newly_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct city *c = arg;
	char *id = row_text(r, s, 1);
	const struct clause *clause = pack_clause(r->pack, id);
	json_t *o = json_object();

	(void)why;
	put(o, "agency", agency_json(r, arena_copy(r->arena, sql_text(s, 0))));
	json_put_str(o, "clause", id);
	put(o, "title",
	    clause == NULL ? words_json(id, id)
			   : words_json(clause->title.zh, clause->title.en));
	json_put_text(o, "state", sql_text(s, 2));
	json_put_time(o, "since", sql_int(s, 3));
	(void)json_array_append_new(c->newly, o);
	return ERR_OK;
}

/* Worst first: most agencies unmet, then most unknown. */
static int
column_order(const void *a, const void *b)
{
	const struct column *x = a, *y = b;

	if (x->unmet != y->unmet)
		return x->unmet < y->unmet ? 1 : -1;
	if (x->unknown != y->unknown)
		return x->unknown < y->unknown ? 1 : -1;
	return clause_id_compare(x->clause->id, y->clause->id);
}

static json_t *
worst_json(struct report *r, const struct city *c)
{
	struct column *by = arena_array(r->arena, c->n_columns + 1, sizeof *by);
	json_t *list = json_array();

	if (by == NULL)
		return list;
	memcpy(by, c->column, c->n_columns * sizeof *by);
	qsort(by, c->n_columns, sizeof *by, column_order);
	for (size_t i = 0; i < c->n_columns && i < WORST_MAX; i++) {
		json_t *o;

		if (by[i].unmet + by[i].unknown == 0)
			break;
		o = json_object();
		json_put_str(o, "clause", by[i].clause->id);
		put(o, "title",
		    words_json(by[i].clause->title.zh, by[i].clause->title.en));
		json_put_int(o, "unmet", by[i].unmet);
		json_put_int(o, "unknown", by[i].unknown);
		json_put_int(o, "agencies", by[i].agencies);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static enum err
coverage_take(
    struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	static const char *const name[] = { "systems", "systems_seen",
		"sources", "sources_inventoried" };

	(void)r;
	(void)why;
	for (unsigned i = 0; i < 4; i++)
		json_put_int(arg, name[i], sql_int(s, i));
	return ERR_OK;
}

static enum err
coverage_put(struct report *r, struct span agency, int64_t at_us, json_t *o,
    struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":agency", agency),
		BIND_INT(":at", at_us) };
	json_t *c = json_object();

	put(o, "coverage", c);
	return rows(r, "coverage", b, 2, coverage_take, c, why);
}

/* Agencies, columns and every verdict among them. */
static enum err
city_fill(struct report *r, struct city *c, int64_t at_us, struct fault *why)
{
	const struct bind every[] = { BIND_TEXT(":agency", SPAN_EMPTY),
		BIND_TEXT(":parent", SPAN_EMPTY) };
	int64_t n;
	enum err e;

	c->chapters = chapters_count(r->pack);
	c->column = arena_array(
	    r->arena, pack_count(r->pack) + 1, sizeof *c->column);
	if ((e = one_int(r, "agency_count", NULL, 0, &n, why)) != ERR_OK)
		return e;
	c->cap = (size_t)n;
	c->member = arena_array(r->arena, c->cap + 1, sizeof *c->member);
	if (c->column == NULL || c->member == NULL)
		return fault_set(why, ERR_MEMORY, "city");
	for (size_t i = 0; i < pack_count(r->pack); i++)
		if (clause_judged(pack_at(r->pack, i)))
			c->column[c->n_columns++].clause = pack_at(r->pack, i);
	e = rows(r, "agency_list", every, 2, member_add, c, why);
	if (e == ERR_OK)
		e = verdict_list(
		    r, SPAN_EMPTY, SPAN_EMPTY, at_us, verdict_add, c, why);
	return e;
}

static json_t *
member_json(const struct city *c, struct member *m)
{
	json_t *chapters = json_array();

	put(m->json, "counts", counts_json(&m->all));
	for (unsigned i = 1; i <= c->chapters && i < CHAPTERS_MAX; i++) {
		json_t *o = counts_json(&m->chapter[i]);

		json_put_int(o, "no", i);
		(void)json_array_append_new(chapters, o);
	}
	put(m->json, "chapters", chapters);
	return m->json;
}

static json_t *
bitmap_json(const struct city *c)
{
	json_t *o = json_object(), *ids = json_array(), *list = json_array();

	for (size_t i = 0; i < c->n_columns; i++)
		(void)json_array_append_new(
		    ids, json_string(c->column[i].clause->id));
	for (size_t i = 0; i < c->n; i++) {
		json_t *row = json_object();

		json_put_text(row, "agency", c->member[i].key);
		json_put_str(row, "states", c->member[i].letters);
		(void)json_array_append_new(list, row);
	}
	put(o, "clauses", ids);
	put(o, "rows", list);
	return o;
}

enum err
report_city(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct city c = { .newly = NULL };
	json_t *o = json_object(), *agencies = json_array();
	int64_t at_us;
	enum err e = param_time(r, q, "at", r->now_us, &at_us, why);
	const struct bind newly[] = { BIND_INT(":at", at_us),
		BIND_INT(":most", WORST_MAX) };

	c.newly = json_array();
	if (e == ERR_OK)
		e = city_fill(r, &c, at_us, why);
	if (e == ERR_OK)
		e = rows(r, "newly", newly, 2, newly_add, &c, why);
	for (size_t i = 0; i < c.n; i++)
		(void)json_array_append_new(
		    agencies, member_json(&c, &c.member[i]));
	put(o, "agencies", agencies);
	put(o, "newly", c.newly);
	if (e == ERR_OK)
		e = coverage_put(r, SPAN_EMPTY, at_us, o, why);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	json_put_time(o, "at", at_us);
	json_put_time(o, "now", r->now_us);
	put(o, "pack", pack_json(r->pack));
	put(o, "counts", counts_json(&c.all));
	put(o, "chapters", chapters_json(r->pack));
	put(o, "worst", worst_json(r, &c));
	put(o, "bitmap", bitmap_json(&c));
	a->json = o;
	return ERR_OK;
}

/* ---- one agency ---- */

struct agency {
	json_t *verdicts, *people, *findings, *changes, *children, *head;
	struct counts all, chapter[CHAPTERS_MAX];
};

static enum err
agency_verdict(
    struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct agency *x = arg;
	enum state state = state_find(sql_text(s, 2));
	json_t *v = verdict_json(r, s);
	int64_t chapter = json_get_int(v, "chapter", 0);

	(void)why;
	if (state != STATE_N) {
		x->all.n[state]++;
		if (chapter < CHAPTERS_MAX)
			x->chapter[chapter].n[state]++;
	}
	(void)json_array_append_new(x->verdicts, v);
	return ERR_OK;
}

static enum err
person_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object(), *p = json_object();

	(void)r;
	(void)why;
	json_put_text(o, "role", sql_text(s, 0));
	json_put_text(p, "key", sql_text(s, 1));
	json_put_text(p, "title", sql_text(s, 2));
	put(o, "person", p);
	json_put_time(o, "until", sql_int(s, 3));
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

static enum err
finding_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	(void)why;
	return json_array_append_new(arg, finding_json(r, s)) == 0 ? ERR_OK
								   : ERR_MEMORY;
}

static enum err
change_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	char *id = row_text(r, s, 0);
	const struct clause *c = pack_clause(r->pack, id);
	json_t *o = json_object();

	(void)why;
	json_put_str(o, "clause", id);
	put(o, "title",
	    c == NULL ? words_json(id, id)
		      : words_json(c->title.zh, c->title.en));
	if (sql_is_null(s, 4))
		put(o, "from", NULL);
	else
		json_put_text(o, "from", sql_text(s, 4));
	json_put_text(o, "to", sql_text(s, 1));
	json_put_time(o, "at", sql_int(s, 2));
	json_put_int(o, "entry", sql_int(s, 3));
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

static enum err
head_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = agency_json(r, arena_copy(r->arena, sql_text(s, 0)));

	(void)why;
	if (sql_is_null(s, 3))
		put(o, "level", NULL);
	else
		json_put_text(o, "level", sql_text(s, 3));
	if (sql_is_null(s, 5))
		put(o, "oid", NULL);
	else
		json_put_text(o, "oid", sql_text(s, 5));
	put(o, "parent",
	    sql_is_null(s, 4)
		? NULL
		: agency_json(r, arena_copy(r->arena, sql_text(s, 4))));
	json_decref(*(json_t **)arg);
	*(json_t **)arg = o;
	return ERR_OK;
}

static enum err
child_count(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct counts *c = arg;
	enum state state = state_find(sql_text(s, 2));

	(void)r;
	(void)why;
	if (state != STATE_N)
		c->n[state]++;
	return ERR_OK;
}

struct keys {
	struct span key[4096];
	size_t n;
};

static enum err
key_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct keys *k = arg;

	(void)why;
	if (k->n < sizeof k->key / sizeof k->key[0])
		k->key[k->n++] = arena_copy(r->arena, sql_text(s, 0));
	return ERR_OK;
}

/* The agencies right below, each with its counts. */
static enum err
children_fill(struct report *r, struct span agency, int64_t at_us, json_t *to,
    struct fault *why)
{
	const struct bind below[] = { BIND_TEXT(":agency", SPAN_EMPTY),
		BIND_TEXT(":parent", agency) };
	struct keys *k = arena_alloc(r->arena, sizeof *k);
	enum err e;

	if (k == NULL)
		return fault_set(why, ERR_MEMORY, "agency");
	e = rows(r, "agency_list", below, 2, key_take, k, why);
	for (size_t i = 0; i < k->n && e == ERR_OK; i++) {
		struct counts c = { { 0 } };
		json_t *o = agency_json(r, k->key[i]);

		e = verdict_list(
		    r, k->key[i], SPAN_EMPTY, at_us, child_count, &c, why);
		put(o, "counts", counts_json(&c));
		(void)json_array_append_new(to, o);
	}
	return e;
}

/* All lists of the page. */
static enum err
agency_fill(struct report *r, struct agency *x, struct span key, int64_t at_us,
    json_t *o, struct fault *why)
{
	const struct bind one[] = { BIND_TEXT(":agency", key),
		BIND_TEXT(":parent", SPAN_EMPTY) };
	const struct bind at[] = { BIND_TEXT(":agency", key),
		BIND_INT(":at", at_us), BIND_INT(":most", CHANGES_MAX) };
	const struct bind find[] = { BIND_TEXT(":agency", key),
		BIND_TEXT(":clause", SPAN_EMPTY), BIND_INT(":every", 0),
		BIND_INT(":most", FINDINGS_MAX) };
	int64_t total = 0;
	enum err e = rows(r, "agency_list", one, 2, head_take, &x->head, why);

	if (e == ERR_OK)
		e = verdict_list(
		    r, key, SPAN_EMPTY, at_us, agency_verdict, x, why);
	if (e == ERR_OK)
		e = rows(r, "people", at, 2, person_add, x->people, why);
	if (e == ERR_OK)
		e = rows(r, "changes", at, 3, change_add, x->changes, why);
	if (e == ERR_OK)
		e = rows(r, "findings", find, 4, finding_add, x->findings, why);
	if (e == ERR_OK)
		e = one_int(r, "findings_count", find, 3, &total, why);
	if (e == ERR_OK)
		e = children_fill(r, key, at_us, x->children, why);
	json_put_int(o, "findings_total", total);
	return e;
}

enum err
report_agency(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span key = q->part[1];
	struct agency *x = arena_alloc(r->arena, sizeof *x);
	json_t *o, *chapters, *one;
	int64_t at_us;
	size_t i;
	enum err e;

	if (x == NULL)
		return fault_set(why, ERR_MEMORY, "agency");
	if (!agency_may(r, key))
		return fault_set(why, ERR_NOT_FOUND, "no such agency");
	if ((e = param_time(r, q, "at", r->now_us, &at_us, why)) != ERR_OK)
		return e;
	o = json_object();
	put(o, "verdicts", x->verdicts = json_array());
	put(o, "people", x->people = json_array());
	put(o, "findings", x->findings = json_array());
	put(o, "changes", x->changes = json_array());
	put(o, "children", x->children = json_array());
	e = agency_fill(r, x, key, at_us, o, why);
	if (e == ERR_OK && x->head == NULL)
		e = fault_set(why, ERR_NOT_FOUND, "no such agency");
	if (e == ERR_OK)
		e = coverage_put(r, key, at_us, o, why);
	if (e != ERR_OK) {
		json_decref(x->head);
		json_decref(o);
		return e;
	}
	json_put_time(o, "at", at_us);
	json_put_time(o, "now", r->now_us);
	put(o, "agency", x->head);
	put(o, "counts", counts_json(&x->all));
	chapters = chapters_json(r->pack);
	json_array_foreach(chapters, i, one) {
		int64_t no = json_get_int(one, "no", 0);

		if (no < CHAPTERS_MAX)
			put(one, "counts", counts_json(&x->chapter[no]));
	}
	put(o, "chapters", chapters);
	a->json = o;
	return ERR_OK;
}
