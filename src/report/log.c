/*
 * report/log.c: machines' records: searching, counting, one of them.
 */
#include "report/inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "book/log.h"
#include "book/start.h"
#include "vault/search.h"
#include "vault/verify.h"

#define LIMIT_DEFAULT 100
#define BUDGET_US (5 * WHEN_SECOND)
#define BUCKETS_MAX 120

/* ---- a record as a document ---- */

static json_t *
fields_json(const struct event *ev)
{
	json_t *list = json_array();

	for (unsigned f = 0; f < FIELD_N; f++) {
		json_t *o;

		if (ev->field[f].at == NULL)
			continue;
		o = json_object();
		json_put_str(o, "name", event_field_name((enum event_field)f));
		json_put_text(o, "value", ev->field[f]);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
level_put(json_t *o, const char *key, uint8_t v)
{
	if (v == EVENT_NO_SEVERITY)
		put(o, key, NULL);
	else
		json_put_int(o, key, v);
}

static void
raw_put(json_t *o, const struct event *ev)
{
	struct buf b;

	buf_init(&b, EVENT_RAW_MAX * 2);
	text_base64(&b, ev->raw);
	json_put_text(o, "raw", ev->raw);
	json_put_str(o, "raw_base64", buf_string(&b));
	buf_clear(&b);
}

static json_t *
record_json(struct report *r, const char *stream, uint64_t seq,
    const struct event *ev, bool sealed)
{
	json_t *o = json_object();
	struct stream_name name;
	struct buf id;
	struct fault why;

	buf_init(&id, 256);
	record_print(&id, stream, seq);
	json_put_str(o, "id", buf_string(&id));
	buf_clear(&id);
	if (stream_parse(span_text(stream), &name, &why) == ERR_OK) {
		put(o, "agency", agency_json(r, span_text(name.agency)));
		json_put_str(o, "class", event_class_name(name.class));
	}
	json_put_time(o, "received", ev->received_us);
	json_put_time(o, "event", ev->event_us);
	json_put_text(o, "sender", ev->sender);
	json_put_text(o, "host", ev->host);
	json_put_text(o, "app", ev->app);
	json_put_text(o, "proc", ev->proc);
	if (ev->msgid.len == 0)
		put(o, "msgid", NULL);
	else
		json_put_text(o, "msgid", ev->msgid);
	level_put(o, "facility", ev->facility);
	level_put(o, "severity", ev->severity);
	json_put_str(o, "category", event_category_name(ev->category));
	json_put_str(o, "via", event_via_name(ev->via));
	json_put_str(o, "parse", event_parse_name(ev->parse));
	json_put_text(o, "message", ev->message);
	put(o, "fields", fields_json(ev));
	put(o, "sealed", json_boolean(sealed));
	return o;
}

/* ---- searching ---- */

/* May the viewer look at this agency's records? */
static bool
may_search(void *arg, const char *agency)
{
	struct report *r = arg;

	return rights_may(r->rights, span_text(agency), MAY_LOGS);
}

struct only {
	struct report *r;
	char *agency;
};

static bool
may_search_one(void *arg, const char *agency)
{
	struct only *o = arg;

	return strcmp(o->agency, agency) == 0 && may_search(o->r, agency);
}

/* What a search asks, from the question's parameters. */
struct searching {
	struct query *query;
	struct search_ask ask;
	struct only only;
};

/*
 * The query's words. Beimen's own records of earlier reads hold those words
 * too, so they are left out unless the query speaks of them.
 */
static enum err
words_read(
    struct report *r, struct span text, struct query **out, struct fault *why)
{
	struct query *q;
	char *whole;
	enum err e = query_parse(text, &q, why);

	if (e != ERR_OK || span_find_text(text, "read-records") != SIZE_MAX) {
		*out = e == ERR_OK ? q : NULL;
		return e;
	}
	query_free(q);
	whole = span_trim(text).len == 0
	    ? arena_printf(r->arena, "-action:read-records")
	    : arena_printf(r->arena, "(%.*s) -action:read-records",
		  (int)text.len, (const char *)text.at);
	if (whole == NULL)
		return fault_set(why, ERR_MEMORY, "search");
	return query_parse(span_text(whole), out, why);
}

static enum err
search_read(struct report *r, const struct question *q, struct searching *s,
    struct fault *why)
{
	struct span class = param(r, q, "class");
	struct span agency = param(r, q, "agency");
	struct span before = param(r, q, "before");
	uint64_t limit;
	enum err e;

	*s = (struct searching){ .ask = { .may = may_search,
				     .may_arg = r,
				     .budget_us = BUDGET_US } };
	if (agency.len > 0) {
		s->only = (struct only){ r, arena_text(r->arena, agency) };
		s->ask.may = may_search_one;
		s->ask.may_arg = &s->only;
	}
	if (class.len > 0) {
		enum event_class found = event_class_find(class);

		if (found == CLASS_N)
			return fault_set(why, ERR_RANGE,
			    "class: there is no '%.*s'", (int)class.len,
			    (const char *)class.at);
		s->ask.classes = 1U << found;
	}
	if ((e = param_time(r, q, "since", 0, &s->ask.since_us, why)) !=
		ERR_OK ||
	    (e = param_time(r, q, "until", r->now_us + WHEN_SECOND,
		 &s->ask.until_us, why)) != ERR_OK ||
	    (e = param_int(r, q, "limit", LIMIT_DEFAULT, SEARCH_LIMIT_MAX,
		 &limit, why)) != ERR_OK)
		return e;
	s->ask.limit = (unsigned)limit;
	s->ask.count = param(r, q, "count").len > 0;
	if (before.len > 0) {
		if ((e = search_place_parse(before, &s->ask.place, why)) !=
		    ERR_OK)
			return e;
		s->ask.from_place = true;
	}
	return words_read(r, param(r, q, "q"), &s->query, why);
}

/* What was not looked at, in words for people. */
static json_t *
missing_json(const struct search_answer *x)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < x->n_missing && i < SEARCH_MISSING; i++)
		(void)json_array_append_new(list,
		    words_json(x->missing[i].text, x->missing[i].text));
	if (x->regex_cut > 0)
		(void)json_array_append_new(list,
		    words_json("有些紀錄太長，正規表示式未比對完",
			"the regular expression did not finish on some "
			"records"));
	return list;
}

static void
search_head(struct report *r, const struct question *q,
    const struct searching *s, json_t *o)
{
	struct span agency = param(r, q, "agency");
	struct span class = param(r, q, "class");

	json_put_text(o, "q", param(r, q, "q"));
	put(o, "agency", agency.len == 0 ? NULL : agency_json(r, agency));
	if (class.len == 0)
		put(o, "class", NULL);
	else
		json_put_text(o, "class", class);
	json_put_time(o, "since", s->ask.since_us);
	json_put_time(o, "until", s->ask.until_us);
}

static enum err
agency_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct span key = arena_copy(r->arena, sql_text(s, 0));

	(void)why;
	if (rights_may(r->rights, key, MAY_LOGS))
		(void)json_array_append_new(arg, agency_json(r, key));
	return ERR_OK;
}

/* The agencies and classes one may choose from. */
static enum err
choices_put(struct report *r, json_t *o, struct fault *why)
{
	const struct bind every[] = { BIND_TEXT(":agency", SPAN_EMPTY),
		BIND_TEXT(":parent", SPAN_EMPTY) };
	json_t *agencies = json_array(), *classes = json_array();

	put(o, "agencies", agencies);
	put(o, "classes", classes);
	for (unsigned i = 0; i < CLASS_N; i++)
		(void)json_array_append_new(classes,
		    json_string(event_class_name((enum event_class)i)));
	return rows(r, "agency_list", every, 2, agency_each, agencies, why);
}

enum err
report_search(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	bool raw = param(r, q, "raw").len > 0;
	struct searching s;
	struct search_answer x;
	json_t *o, *list;
	int64_t began = env_system()->ops->now_us(env_system());
	enum err e = search_read(r, q, &s, why);

	if (e != ERR_OK)
		return e;
	s.ask.query = s.query;
	if ((e = view_refresh(r->view, why)) == ERR_OK)
		e = search_run(r->view, &s.ask, r->arena, &x, why);
	query_free(s.query);
	if (e != ERR_OK)
		return e;
	o = json_object();
	list = json_array();
	for (size_t i = 0; i < x.n; i++) {
		json_t *one = record_json(r, x.row[i].stream, x.row[i].seq,
		    &x.row[i].event, x.row[i].sealed);

		if (raw)
			raw_put(one, &x.row[i].event);
		(void)json_array_append_new(list, one);
	}
	search_head(r, q, &s, o);
	put(o, "records", list);
	if (x.more) {
		struct buf next;

		buf_init(&next, 1024);
		search_place_print(&next, &x.next);
		json_put_str(o, "next", buf_string(&next));
		buf_clear(&next);
	} else {
		put(o, "next", NULL);
	}
	put(o, "count", s.ask.count ? json_integer((json_int_t)x.count) : NULL);
	put(o, "complete", json_boolean(x.complete));
	put(o, "missing", missing_json(&x));
	json_put_int(
	    o, "ms", (env_system()->ops->now_us(env_system()) - began) / 1000);
	a->json = o;
	return choices_put(r, o, why);
}

enum err
report_histogram(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct searching s;
	struct search_answer x;
	json_t *o, *list;
	int64_t width;
	enum err e = search_read(r, q, &s, why);

	if (e != ERR_OK)
		return e;
	s.ask.query = s.query;
	s.ask.limit = 0;
	s.ask.count = true;
	s.ask.buckets = BUCKETS_MAX;
	/* Without a beginning, the last day. */
	if (s.ask.since_us == 0)
		s.ask.since_us = s.ask.until_us - WHEN_DAY;
	width = (s.ask.until_us - s.ask.since_us) / BUCKETS_MAX;
	if ((e = view_refresh(r->view, why)) == ERR_OK)
		e = search_run(r->view, &s.ask, r->arena, &x, why);
	query_free(s.query);
	if (e != ERR_OK)
		return e;
	o = json_object();
	list = json_array();
	for (unsigned i = 0; i < BUCKETS_MAX; i++) {
		json_t *one = json_object();

		json_put_time(one, "from", s.ask.since_us + width * i);
		json_put_int(one, "n", (int64_t)x.bucket[i]);
		(void)json_array_append_new(list, one);
	}
	json_put_int(o, "bucket_s", width / WHEN_SECOND);
	put(o, "buckets", list);
	json_put_int(o, "total", (int64_t)x.count);
	put(o, "complete", json_boolean(x.complete));
	put(o, "missing", missing_json(&x));
	a->json = o;
	return ERR_OK;
}

/* ---- what is held ---- */

static json_t *
streams_json(struct report *r, struct fault *why)
{
	const struct view_stream *s;
	json_t *list = json_array();
	size_t n;

	if (view_streams(r->view, r->arena, &s, &n, why) != ERR_OK)
		return list;
	for (size_t i = 0; i < n; i++) {
		struct stream_name name;
		json_t *o;

		if (stream_parse(span_text(s[i].name), &name, why) != ERR_OK ||
		    !agency_may(r, span_text(name.agency)))
			continue;
		o = json_object();
		json_put_str(o, "name", s[i].name);
		put(o, "agency", agency_json(r, span_text(name.agency)));
		json_put_str(o, "class", event_class_name(name.class));
		json_put_int(o, "keep_days", name.keep_days);
		json_put_int(o, "records", (int64_t)s[i].records);
		json_put_int(o, "unsealed", (int64_t)s[i].unsealed);
		json_put_int(o, "last_seq", (int64_t)s[i].last_seq);
		json_put_int(o, "bytes", (int64_t)s[i].bytes);
		json_put_time(o, "first", s[i].first_us);
		json_put_time(o, "last", s[i].last_us);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static enum err
source_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object();

	(void)why;
	json_put_int(o, "id", sql_int(s, 0));
	put(o, "agency", agency_json(r, arena_copy(r->arena, sql_text(s, 1))));
	json_put_text(o, "sender", sql_text(s, 2));
	json_put_text(o, "host", sql_text(s, 3));
	json_put_text(o, "via", sql_text(s, 4));
	json_put_int(o, "records", sql_int(s, 5));
	json_put_time(o, "first", sql_int(s, 6));
	json_put_time(o, "last", sql_int(s, 7));
	if (sql_is_null(s, 8))
		put(o, "log_source", NULL);
	else
		json_put_text(o, "log_source", sql_text(s, 8));
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

static enum err
loss_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object();

	(void)r;
	(void)why;
	json_put_time(o, "at", sql_int(s, 0));
	json_put_text(o, "socket", sql_text(s, 1));
	json_put_int(o, "lost", sql_int(s, 2));
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

/* What intake could not read: one item a sender and reason. Its senders are
 * not told apart by agency: they count as the first one's. */
static json_t *
unread_json(struct report *r, const json_t *stat)
{
	json_t *list = json_array(), *row, *n;
	const char *reason;
	size_t i;

	if (!rights_may(r->rights, span_text(START_AGENCY), MAY_LOGS))
		return list;
	json_array_foreach(json_object_get(stat, "unread"), i, row) {
		json_object_foreach(row, reason, n) {
			json_t *o;

			if (!json_is_integer(n))
				continue;
			o = json_object();
			json_put_str(
			    o, "sender", json_get_text(row, "sender", ""));
			json_put_str(o, "reason", reason);
			json_put_int(o, "n", json_integer_value(n));
			(void)json_array_append_new(list, o);
		}
	}
	return list;
}

enum err
report_stat(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	json_t *o, *sources = json_array(), *losses = json_array();
	json_t *stat = r->keeper_stat == NULL ? NULL : r->keeper_stat(r->arg);
	json_t *inbox = json_object();
	enum err e = view_refresh(r->view, why);

	(void)q;
	o = json_object();
	json_put_int(inbox, "records", json_get_int(stat, "inbox_records", 0));
	json_put_int(inbox, "bytes", json_get_int(stat, "inbox_bytes", 0));
	put(inbox, "oldest", NULL);
	put(o, "streams", streams_json(r, why));
	put(o, "inbox", inbox);
	put(o, "unread", unread_json(r, stat));
	put(o, "keeper", stat);
	put(o, "sources", sources);
	put(o, "losses", losses);
	if (e == ERR_OK)
		e = rows(r, "sources", NULL, 0, source_each, sources, why);
	if (e == ERR_OK)
		e = rows(r, "losses", NULL, 0, loss_each, losses, why);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	a->json = o;
	return ERR_OK;
}

/* ---- one record ---- */

/* Reads the id, and says 'not found' for what the viewer may not see. */
static enum err
id_read(struct report *r, struct span text, struct record_name *id,
    struct fault *why)
{
	struct stream_name name;
	enum err e = record_parse(text, id, why);

	if (e == ERR_OK)
		e = stream_parse(span_text(id->stream), &name, why);
	if (e != ERR_OK)
		return e;
	if (!may_search(r, name.agency))
		return fault_set(why, ERR_NOT_FOUND, "no such record");
	return view_refresh(r->view, why);
}

enum err
report_record(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct record_name id;
	struct view_place place;
	struct event ev;
	uint32_t source;
	json_t *o;
	enum err e = id_read(r, q->part[2], &id, why);

	if (e == ERR_OK)
		e = view_record(
		    r->view, &id, r->arena, &ev, &source, &place, why);
	if (e != ERR_OK)
		return e;
	o = json_object();
	put(o, "record", record_json(r, id.stream, id.seq, &ev, place.sealed));
	raw_put(o, &ev);
	if (place.sealed) {
		char name[SEGMENT_NAME_LEN + 1];
		struct buf agency;
		json_t *p = json_object();
		uint64_t leaf;
		struct fault own;

		segment_print_name(&place.segment, name);
		json_put_str(p, "segment", name);
		json_put_int(p, "block", place.block);
		json_put_int(p, "index", place.index);
		buf_init(&agency, 256);
		if (book_segment_leaf(r->book, &place.segment, &agency, &leaf,
			&own) == ERR_OK)
			json_put_int(p, "leaf", (int64_t)leaf);
		else
			put(p, "leaf", NULL);
		buf_clear(&agency);
		put(o, "place", p);
	} else {
		put(o, "place", NULL);
	}
	a->json = o;
	return ERR_OK;
}

/* ---- is what is stored what was accepted? ---- */

static void
damage_each(void *arg, const struct verify_damage *d)
{
	json_t *o = json_object();

	json_put_str(o, "text", d->text);
	json_put_str(o, "stream", d->stream);
	json_put_int(o, "first", (int64_t)d->first_seq);
	json_put_int(o, "last", (int64_t)d->last_seq);
	if (d->segment != NULL) {
		char name[SEGMENT_NAME_LEN + 1];

		segment_print_name(d->segment, name);
		json_put_str(o, "segment", name);
	}
	(void)json_array_append_new(arg, o);
}

/* A bounded part; the asker goes on from `next`. */
enum err
report_log_verify(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span agency = param(r, q, "agency");
	struct verify_ask ask = { .budget_us = BUDGET_US,
		.inbox = param(r, q, "from").len == 0 };
	struct verify_count count;
	uint64_t from;
	json_t *damages = json_array();
	enum err e = param_int(r, q, "from", 0, INT64_MAX, &from, why);

	if (e == ERR_OK && !rights_all(r->rights) && agency.len == 0)
		e = fault_set(why, ERR_RANGE, "agency: say which");
	if (e == ERR_OK && agency.len > 0 && !agency_may(r, agency))
		e = fault_set(why, ERR_NOT_FOUND, "no such agency");
	ask.since_us = (int64_t)from;
	if (agency.len > 0)
		ask.agency = arena_text(r->arena, agency);
	if (e == ERR_OK && (e = view_refresh(r->view, why)) == ERR_OK)
		e = verify_run(
		    r->view, &ask, &count, damage_each, damages, why);
	if (e != ERR_OK) {
		json_decref(damages);
		return e;
	}
	a->json = json_object();
	json_put_int(a->json, "segments", (int64_t)count.segments);
	json_put_int(a->json, "records", (int64_t)count.records);
	json_put_int(a->json, "failed", (int64_t)count.failed);
	put(a->json, "complete", json_boolean(count.complete));
	json_put_int(a->json, "next", count.next_since_us);
	put(a->json, "damages", damages);
	return ERR_OK;
}
