/*
 * report/storage.c: how long what is kept will last, and the days it covers.
 */
#include "report/inner.h"

#include <stdlib.h>
#include <string.h>

#include "report/calendar.h"
#include "report/forecast.h"

#define RATE_US (7 * WHEN_DAY) /* the present rate is that of seven days */
#define DAYS_DEFAULT 60
#define SILENT_HOURS 24 /* where the source's row says nothing (12.1) */

/* ---- the forecast ---- */

/* One stream: what it has, and what came of late. */
struct kept {
	const char *name;
	struct stream_name parts;
	uint64_t n, recent_bytes, recent_n, unsealed;
	int64_t first_us, last_us;
	struct forecast_stream f;
};

/* The clause that asks for a class's period; NULL: a setting of ours. */
static const char *asked_by(enum event_class class)
{
	switch (class) {
	case CLASS_AUDIT:
		return "12.3";
	case CLASS_FIREWALL_ADMIN:
	case CLASS_FIREWALL_CONN:
		return "18.3";
	default:
		return NULL;
	}
}

/* The streams with their totals; *n of them, in the arena. */
static enum err
kept_list(struct report *r, struct kept **out, size_t *n, struct fault *why)
{
	const struct view_stream *s;
	struct kept *k;
	enum err e = view_streams(r->view, r->arena, &s, n, why);

	if (e != ERR_OK)
		return e;
	if ((k = arena_array(r->arena, *n + 1, sizeof *k)) == NULL)
		return fault_set(why, ERR_MEMORY, "streams");
	for (size_t i = 0; i < *n; i++) {
		k[i] = (struct kept){ .name = s[i].name,
			.n = s[i].records,
			.unsealed = s[i].unsealed,
			.first_us = s[i].first_us,
			.last_us = s[i].last_us,
			.f = { .bytes = s[i].bytes } };
		if (stream_parse(span_text(s[i].name), &k[i].parts, why) !=
		    ERR_OK)
			k[i].parts = (struct stream_name){ .keep_days = 0 };
		k[i].f.keep_days = k[i].parts.keep_days;
	}
	*out = k;
	return ERR_OK;
}

/* Adds what sealed segments of the last days hold to their streams. */
static void
kept_recent(struct report *r, struct kept *k, size_t n)
{
	struct shelf *shelf = view_shelf(r->view);
	const struct shelf_item *it = NULL;
	size_t items = 0;

	if (shelf != NULL)
		it = shelf_items(shelf, &items);
	for (size_t i = 0; i < items; i++) {
		const char *name = shelf_stream(shelf, it[i].stream);

		if (it[i].unreadable || it[i].last_us < r->now_us - RATE_US)
			continue;
		for (size_t j = 0; j < n; j++)
			if (strcmp(k[j].name, name) == 0) {
				k[j].recent_bytes += it[i].file_bytes;
				k[j].recent_n += it[i].n;
				break;
			}
	}
}

/* Bytes a day, from the last days; what is not sealed yet counts as much as
 * what is, record for record. */
static void
kept_rate(struct report *r, struct kept *k)
{
	int64_t since = k->first_us > r->now_us - RATE_US ? k->first_us
							  : r->now_us - RATE_US;
	uint64_t each = k->recent_n > 0 ? k->recent_bytes / k->recent_n : 64;

	k->f.day_bytes = forecast_rate(
	    k->recent_bytes + each * k->unsealed, r->now_us - since);
}

static json_t *
kept_json(struct report *r, const struct kept *k, uint32_t days)
{
	const char *clause = asked_by(k->parts.class);
	bool enough = days >= k->parts.keep_days;
	json_t *o = json_object();

	json_put_str(o, "name", k->name);
	put(o, "agency", agency_json(r, span_text(k->parts.agency)));
	json_put_str(o, "class", event_class_name(k->parts.class));
	json_put_int(o, "keep_days", k->parts.keep_days);
	put(o, "clause", clause == NULL ? NULL : json_string(clause));
	put(o, "label", clause == NULL ? NULL : label_json(clause));
	json_put_int(o, "records", (int64_t)k->n);
	json_put_int(o, "bytes", (int64_t)k->f.bytes);
	json_put_int(o, "day_bytes", (int64_t)k->f.day_bytes);
	json_put_time(o, "first", k->first_us);
	json_put_time(o, "last", k->last_us);
	json_put_int(o, "holds_days",
	    enough ? (int64_t)k->parts.keep_days : (int64_t)days);
	put(o, "enough", json_boolean(enough));
	return o;
}

static enum err
hold_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object();

	(void)why;
	put(o, "agency", agency_json(r, sql_text(s, 0)));
	json_put_text(o, "key", sql_text(s, 1));
	json_put_text(o, "title", sql_text(s, 2));
	put(o, "class",
	    sql_is_null(s, 3) ? NULL : json_string(row_text(r, s, 3)));
	put(o, "log_source",
	    sql_is_null(s, 4) ? NULL : json_string(row_text(r, s, 4)));
	if (!sql_is_null(s, 5))
		json_put_time(o, "records_from", sql_int(s, 5));
	if (!sql_is_null(s, 6))
		json_put_time(o, "records_until", sql_int(s, 6));
	if (!sql_is_null(s, 7))
		json_put_time(o, "until", sql_int(s, 7));
	(void)json_array_append_new(arg, o);
	return ERR_OK;
}

enum err
report_storage(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	const struct bind now[] = { BIND_INT(":now", r->now_us) };
	struct env *env = view_env(r->view);
	json_t *o, *streams, *holds;
	struct forecast_stream *f;
	uint64_t free_bytes = 0;
	struct kept *k = NULL;
	uint32_t days;
	size_t n = 0;
	enum err e = view_refresh(r->view, why);

	(void)q;
	if (e == ERR_OK)
		e = kept_list(r, &k, &n, why);
	if (e == ERR_OK)
		e = env->ops->space(env, view_dir(r->view), &free_bytes, why);
	if (e != ERR_OK)
		return e;
	if ((f = arena_array(r->arena, n + 1, sizeof *f)) == NULL)
		return fault_set(why, ERR_MEMORY, "streams");
	kept_recent(r, k, n);
	for (size_t i = 0; i < n; i++) {
		kept_rate(r, &k[i]);
		f[i] = k[i].f;
	}
	days = forecast_days(f, n, free_bytes);
	o = json_object();
	streams = json_array();
	holds = json_array();
	json_put_time(o, "now", r->now_us);
	json_put_int(o, "free_bytes", (int64_t)free_bytes);
	put(o, "enough", json_boolean(days == FORECAST_ENOUGH));
	put(o, "days",
	    days == FORECAST_ENOUGH ? NULL : json_integer((json_int_t)days));
	put(o, "streams", streams);
	put(o, "holds", holds);
	for (size_t i = 0; i < n; i++)
		if (agency_may(r, span_text(k[i].parts.agency)))
			(void)json_array_append_new(
			    streams, kept_json(r, &k[i], days));
	if ((e = rows(r, "holds", now, 1, hold_each, holds, why)) != ERR_OK) {
		json_decref(o);
		return e;
	}
	a->json = o;
	return ERR_OK;
}

/* ---- the calendar ---- */

/* A source whose days are being read. */
struct dated {
	int64_t id;
	uint32_t silent_hours;
	json_t *json; /* borrowed from the answer */
	struct calendar *c;
};

struct dated_list {
	struct dated *at;
	size_t n, next; /* next: where days_each goes on */
	uint32_t days;
	json_t *json;
};

static enum err
dated_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct dated_list *l = arg;
	struct dated *d = &l->at[l->n];
	int64_t silent = sql_is_null(s, 9) ? SILENT_HOURS : sql_int(s, 9);
	int64_t end = sql_is_null(s, 10) || sql_int(s, 10) > r->now_us
	    ? r->now_us
	    : sql_int(s, 10);

	*d = (struct dated){ .id = sql_int(s, 0),
		.silent_hours = silent < 1 ? 1 : (uint32_t)silent,
		.json = json_object(),
		.c = arena_alloc(r->arena, sizeof *d->c) };
	if (d->c == NULL)
		return fault_set(why, ERR_MEMORY, "calendar");
	calendar_begin(d->c, l->days, sql_int(s, 5), end, r->now_us);
	json_put_int(d->json, "source", d->id);
	put(d->json, "agency", agency_json(r, sql_text(s, 1)));
	json_put_text(d->json, "sender", sql_text(s, 2));
	json_put_text(d->json, "host", sql_text(s, 3));
	put(d->json, "log_source",
	    sql_is_null(s, 4) ? NULL : json_string(row_text(r, s, 4)));
	put(d->json, "title",
	    sql_is_null(s, 8) ? NULL : json_string(row_text(r, s, 8)));
	json_put_time(d->json, "first", sql_int(s, 5));
	json_put_time(d->json, "last", sql_int(s, 6));
	json_put_int(d->json, "records", sql_int(s, 7));
	json_put_int(d->json, "silent_hours", d->silent_hours);
	l->n++;
	return json_array_append_new(l->json, d->json) == 0
	    ? ERR_OK
	    : fault_set(why, ERR_MEMORY, "calendar");
}

static int
by_id(const void *a, const void *b)
{
	int64_t x = ((const struct dated *)a)->id;
	int64_t y = ((const struct dated *)b)->id;

	return x < y ? -1 : x > y;
}

/* A day of one source; both come in order of source. */
static enum err
days_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct dated_list *l = arg;
	int64_t id = sql_int(s, 0);

	(void)r;
	(void)why;
	while (l->next < l->n && l->at[l->next].id < id)
		l->next++;
	if (l->next < l->n && l->at[l->next].id == id)
		calendar_add(l->at[l->next].c, sql_int(s, 1), sql_text(s, 2));
	return ERR_OK;
}

/* The letters and gaps of a source, with how many of its days are whole. */
static void
dated_settle(struct dated *d)
{
	json_t *gaps = json_array();
	unsigned whole = 0, lived = 0;
	uint32_t shown;

	calendar_settle(d->c, d->silent_hours);
	for (uint32_t i = 0; i < d->c->days; i++) {
		lived += d->c->letter[i] != CALENDAR_BEFORE;
		whole += d->c->letter[i] == CALENDAR_FULL ||
		    d->c->letter[i] == CALENDAR_PART;
	}
	shown = d->c->n_gaps < CALENDAR_GAPS_MAX ? d->c->n_gaps
						 : CALENDAR_GAPS_MAX;
	for (uint32_t i = 0; i < shown; i++) {
		json_t *g = json_object();

		json_put_time(g, "from", d->c->gap[i].from_us);
		json_put_time(g, "until", d->c->gap[i].until_us);
		json_put_int(g, "hours", d->c->gap[i].hours);
		(void)json_array_append_new(gaps, g);
	}
	json_put_str(d->json, "days", d->c->letter);
	json_put_int(d->json, "lived", lived);
	json_put_int(d->json, "whole", whole);
	json_put_int(d->json, "n_gaps", d->c->n_gaps);
	put(d->json, "gaps", gaps);
}

enum err
report_calendar(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span agency = param(r, q, "agency");
	const struct bind of[] = { BIND_TEXT(":agency", agency) };
	struct dated_list l = { .json = json_array() };
	uint64_t days = DAYS_DEFAULT;
	json_t *o = json_object();
	enum err e;

	put(o, "sources", l.json);
	e = param_int(
	    r, q, "days", DAYS_DEFAULT, CALENDAR_DAYS_MAX, &days, why);
	if (e == ERR_OK && days == 0)
		e = fault_set(why, ERR_RANGE, "days: at least 1");
	if (e == ERR_OK)
		e = agency_known(r, agency, why);
	l.days = (uint32_t)days;
	l.at = arena_array(r->arena, 1000, sizeof *l.at);
	if (e == ERR_OK && l.at == NULL)
		e = fault_set(why, ERR_MEMORY, "calendar");
	if (e == ERR_OK)
		e = rows(r, "calendar_sources", of, 1, dated_each, &l, why);
	if (e == ERR_OK && l.n > 0) {
		const struct bind within[] = {
			BIND_INT(":from",
			    when_day_start(r->now_us) -
				(int64_t)(days - 1) * WHEN_DAY),
		};

		qsort(l.at, l.n, sizeof *l.at, by_id);
		e = rows(r, "calendar_days", within, 1, days_each, &l, why);
	}
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	for (size_t i = 0; i < l.n; i++)
		dated_settle(&l.at[i]);
	json_put_time(o, "now", r->now_us);
	json_put_int(o, "n_days", (int64_t)days);
	json_put_time(o, "from",
	    when_day_start(r->now_us) - (int64_t)(days - 1) * WHEN_DAY);
	a->json = o;
	return ERR_OK;
}
