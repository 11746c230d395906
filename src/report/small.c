/*
 * report/small.c: parameters, rows and the small documents all answers share.
 */
#include "report/inner.h"

#include <string.h>

/* ---- parameters ---- */

struct span
param(struct report *r, const struct question *q, const char *name)
{
	return question_param(r->arena, q->query, name);
}

enum err
param_time(struct report *r, const struct question *q, const char *name,
    int64_t or_, int64_t *us, struct fault *why)
{
	struct span s = param(r, q, name);

	*us = or_;
	if (s.len == 0)
		return ERR_OK;
	if (when_parse(s, us, why) != ERR_OK)
		return fault_at(why, "%s", name);
	return ERR_OK;
}

enum err
param_int(struct report *r, const struct question *q, const char *name,
    uint64_t or_, uint64_t max, uint64_t *n, struct fault *why)
{
	struct span s = param(r, q, name);

	*n = or_;
	if (s.len == 0 || span_number(s, max, n))
		return ERR_OK;
	return fault_set(why, ERR_RANGE, "%s: not a number up to %llu", name,
	    (unsigned long long)max);
}

/* ---- small documents ---- */

void
put(json_t *o, const char *key, json_t *v)
{
	(void)json_object_set_new(o, key, v == NULL ? json_null() : v);
}

json_t *
words_json(const char *zh, const char *en)
{
	json_t *o = json_object();

	json_put_str(o, "zh", zh == NULL ? "" : zh);
	json_put_str(o, "en", en == NULL ? "" : en);
	return o;
}

json_t *
agency_json(struct report *r, struct span agency)
{
	json_t *o = NULL;
	struct fault why;

	if (book_agency_json(r->book, agency, &o, &why) == ERR_OK)
		return o;
	o = json_object();
	json_put_text(o, "key", agency);
	json_put_text(o, "title", agency);
	return o;
}

json_t *
pack_json(const struct pack *p)
{
	json_t *o = json_object();
	struct words t = pack_title(p);

	json_put_str(o, "id", pack_id(p));
	put(o, "title", words_json(t.zh, t.en));
	json_put_str(o, "edition", pack_edition(p));
	return o;
}

/* 1..99 as Chinese write it: 十二, 二十, 九十九. */
static void
numeral(struct buf *b, unsigned n)
{
	static const char *const digit[] = { "", "一", "二", "三", "四", "五",
		"六", "七", "八", "九" };

	if (n >= 20)
		buf_text(b, digit[n / 10 % 10]);
	if (n >= 10)
		buf_text(b, "十");
	buf_text(b, digit[n % 10]);
}

json_t *
label_json(const char *id)
{
	struct cursor c = cursor_of(span_text(id));
	struct buf zh;
	json_t *o;

	buf_init(&zh, 256);
	for (unsigned i = 0; c.pos < c.all.len; i++) {
		uint64_t n = 0;

		if (!span_number(cursor_until(&c, '.', NULL), 99, &n))
			break;
		/* Point, sub-point in brackets, item by a plain number. */
		if (i == 1)
			buf_text(&zh, "(");
		if (i < 2)
			numeral(&zh, (unsigned)n);
		else
			buf_printf(&zh, "%u", (unsigned)n);
		if (i == 1)
			buf_text(&zh, ")");
	}
	o = words_json(buf_string(&zh), id);
	buf_clear(&zh);
	return o;
}

json_t *
chapters_json(const struct pack *p)
{
	json_t *all = json_array();
	unsigned last = 0;

	for (size_t i = 0; i < pack_count(p); i++) {
		const struct clause *c = pack_at(p, i);
		json_t *o;

		if (c->chapter <= last)
			continue;
		last = c->chapter;
		o = json_object();
		json_put_int(o, "no", c->chapter);
		put(o, "title",
		    words_json(c->chapter_title.zh, c->chapter_title.en));
		(void)json_array_append_new(all, o);
	}
	return all;
}

unsigned
chapters_count(const struct pack *p)
{
	unsigned most = 0;

	for (size_t i = 0; i < pack_count(p); i++)
		if (pack_at(p, i)->chapter > most)
			most = pack_at(p, i)->chapter;
	return most;
}

json_t *
counts_json(const struct counts *c)
{
	static const struct {
		const char *name;
		enum state state;
	} all[] = { { "met", STATE_MET }, { "due", STATE_DUE },
		{ "unmet", STATE_UNMET }, { "unknown", STATE_UNKNOWN },
		{ "excepted", STATE_EXCEPTED }, { "na", STATE_NA },
		{ "adopted", STATE_ADOPTED },
		{ "not_adopted", STATE_NOT_ADOPTED } };
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		json_put_int(o, all[i].name, c->n[all[i].state]);
	return o;
}

char
state_letter(enum state s)
{
	static const char letters[] = { [STATE_MET] = 'm',
		[STATE_DUE] = 'd',
		[STATE_UNMET] = 'u',
		[STATE_UNKNOWN] = 'k',
		[STATE_EXCEPTED] = 'e',
		[STATE_NA] = 'n',
		[STATE_ADOPTED] = 'a',
		[STATE_NOT_ADOPTED] = 'o' };

	return (unsigned)s < STATE_N ? letters[s] : '.';
}

/* ---- rows ---- */

static enum err
bind_all(struct report *r, struct sql_stmt *s, const struct bind *b, size_t n,
    struct fault *why)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = b[i].is_text ? sql_bind_text(s, b[i].name, b[i].text, why)
				 : sql_bind_int(s, b[i].name, b[i].number, why);
	if (e == ERR_OK && sql_has(s, ":agencies")) {
		struct buf list;

		buf_init(&list, (size_t)1 << 20);
		rights_agencies(r->rights, NULL, &list);
		e = sql_bind_text(s, ":agencies", buf_view(&list), why);
		buf_clear(&list);
	}
	return e;
}

enum err
rows(struct report *r, const char *name, const struct bind *b, size_t n,
    row_each_fn *fn, void *arg, struct fault *why)
{
	struct sql_stmt *s;
	bool row = true;
	enum err e = sql_named(book_db(r->book), name, &s, why);

	if (e == ERR_OK)
		e = bind_all(r, s, b, n, why);
	while (e == ERR_OK && (e = sql_step(s, &row, why)) == ERR_OK && row)
		e = fn(r, s, arg, why);
	return e;
}

static enum err
take_int(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	(void)r;
	(void)why;
	*(int64_t *)arg = sql_int(s, 0);
	return ERR_OK;
}

enum err
one_int(struct report *r, const char *name, const struct bind *b, size_t n,
    int64_t *out, struct fault *why)
{
	*out = 0;
	return rows(r, name, b, n, take_int, out, why);
}

char *
row_text(struct report *r, struct sql_stmt *s, unsigned at)
{
	return arena_text(r->arena, sql_text(s, at));
}

bool
agency_may(struct report *r, struct span agency)
{
	return rights_all(r->rights) || rights_offices(r->rights, agency) != 0;
}

enum err
agency_known(struct report *r, struct span agency, struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":agency", agency) };
	int64_t n = 0;
	enum err e = ERR_OK;

	if (agency.len == 0)
		return ERR_OK;
	if (agency_may(r, agency))
		e = one_int(r, "agency_known", b, 1, &n, why);
	if (e == ERR_OK && n == 0)
		e = fault_set(why, ERR_NOT_FOUND, "no agency '%.*s'",
		    (int)agency.len, (const char *)agency.at);
	return e;
}
