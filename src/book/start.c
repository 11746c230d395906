/*
 * book/start.c: the first rows of a new book.
 *
 * Works on: what the machine knows of itself. Each row is an ordinary entry
 * by process:book, so that a person corrects it like any other. Runs in:
 * book, once.
 */
#include "book/start.h"

#include "base/text.h"
#include "base/when.h"
#include "book/inner.h"

/* One first start on its way. */
struct starting {
	struct book *b;
	const struct start *s;
	struct refusals *bad;
	int64_t now_us;
	struct fault *why;
};

/* One row; fields is given (ended here). */
static enum err
row_set(struct starting *st, const char *reg, const char *key, json_t *fields)
{
	struct command c = { .actor = SPAN_LIT("process:book"),
		.agency = SPAN_LIT(START_AGENCY),
		.reg = span_text(reg),
		.key = span_text(key),
		.action = ENTRY_SET,
		.fields = fields };
	struct written w;
	enum err e = book_write(st->b, &c, st->now_us, st->bad, &w, st->why);

	json_decref(fields);
	return e == ERR_OK ? e : fault_at(st->why, "first row of %s", reg);
}

/* An object with one text in it, to be added to. */
static json_t *
named(const char *field, const char *text)
{
	json_t *o = json_object();

	json_put_str(o, field, text);
	return o;
}

/* Agency, unit, administrator. */
static enum err
people_set(struct starting *st)
{
	json_t *o = json_object();
	struct buf today;
	enum err e;

	json_put_text(o, "name",
	    st->s->agency_zh.len > 0 ? st->s->agency_zh : SPAN_LIT("本機關"));
	json_put_text(o, "name_en",
	    st->s->agency_en.len > 0 ? st->s->agency_en
				     : SPAN_LIT("This agency"));
	if ((e = row_set(st, "agency", START_AGENCY, o)) != ERR_OK)
		return e;
	o = named("name", "資訊單位");
	json_put_str(o, "kind", "information");
	if ((e = row_set(st, "unit", "information", o)) != ERR_OK)
		return e;
	o = named("name", "系統管理者");
	json_put_str(o, "unit", "information");
	if ((e = row_set(st, "person", START_ADMIN, o)) != ERR_OK)
		return e;
	buf_init(&today, 32);
	day_print(&today, when_day(st->now_us));
	o = named("person", START_ADMIN);
	json_put_str(o, "role", "administrator");
	json_put_text(o, "from", buf_view(&today));
	buf_clear(&today);
	return row_set(st, "appointment", "admin.administrator", o);
}

/* This machine: system, host, and what sends its logs. */
static enum err
machine_set(struct starting *st)
{
	struct buf names;
	json_t *o;
	enum err e;

	o = json_object();
	json_put_text(o, "name", st->s->host);
	json_put_str(o, "name_en", "This machine");
	json_put_str(o, "unit", "information");
	if ((e = row_set(st, "system", "this-machine", o)) != ERR_OK)
		return e;
	o = json_object();
	json_put_text(o, "name", st->s->host);
	json_put_str(o, "system", "this-machine");
	json_put_str(o, "address", "127.0.0.1 ::1");
	json_put_str(o, "kind", "server");
	if ((e = row_set(st, "host", "this-machine", o)) != ERR_OK)
		return e;
	buf_init(&names, 600);
	buf_span(&names, st->s->host);
	if (st->s->fqdn.len > 0 && !span_equal(st->s->fqdn, st->s->host)) {
		buf_u8(&names, ' ');
		buf_span(&names, st->s->fqdn);
	}
	buf_text(&names, " localhost");
	o = json_object();
	json_put_text(o, "name", st->s->host);
	json_put_str(o, "system", "this-machine");
	json_put_str(o, "host", "this-machine");
	json_put_text(o, "match_host", buf_view(&names));
	json_put_str(o, "match_address", "127.0.0.0/8 ::1");
	json_put_str(o, "kind", "server");
	json_object_set_new(o, "sign_in", json_true());
	json_object_set_new(o, "sign_out", json_true());
	json_object_set_new(o, "privilege", json_true());
	buf_clear(&names);
	return row_set(st, "log_source", "this-machine", o);
}

/* Beimen itself, its first judged subject. */
static enum err
beimen_set(struct starting *st)
{
	json_t *o = named("name", "北門 Beimen");
	enum err e;

	json_put_str(o, "name_en", "Beimen");
	json_put_str(o, "unit", "information");
	json_put_str(o, "owner", START_ADMIN);
	json_object_set_new(o, "personal_data", json_true());
	if ((e = row_set(st, "system", "beimen", o)) != ERR_OK)
		return e;
	o = named("name", "北門 Beimen");
	json_put_str(o, "system", "beimen");
	json_put_str(o, "host", "this-machine");
	json_put_str(o, "kind", "beimen");
	json_object_set_new(o, "sign_in", json_true());
	json_object_set_new(o, "sign_out", json_true());
	json_object_set_new(o, "privilege", json_true());
	return row_set(st, "log_source", "beimen", o);
}

/* True when no entry was ever written. */
static enum err
is_empty(struct book *b, bool *empty, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "entry_any", &s, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	sql_reset(s);
	*empty = !row;
	return ERR_OK;
}

enum err
book_first_start(struct book *b, const struct start *s, int64_t now_us,
    bool *made, struct fault *why)
{
	struct arena *a = arena_new((size_t)4 << 20);
	struct refusals *bad = a != NULL ? arena_alloc(a, sizeof *bad) : NULL;
	struct starting st = { b, s, bad, now_us, why };
	bool empty = false;
	enum err e;

	if (bad == NULL) {
		e = fault_set(why, ERR_MEMORY, "first start");
		goto out;
	}
	refusals_init(bad, a);
	if ((e = book_join(b, why)) != ERR_OK)
		goto out;
	if ((e = is_empty(b, &empty, why)) == ERR_OK && empty &&
	    (e = people_set(&st)) == ERR_OK && (e = machine_set(&st)) == ERR_OK)
		e = beimen_set(&st);
	if ((e = book_leave(b, e, why)) == ERR_OK)
		*made = empty;
out:
	arena_free(a);
	return e;
}
