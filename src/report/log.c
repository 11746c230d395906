/*
 * report/log.c: machines' records: what is held, one of them, are they whole.
 */
#include "report/inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "book/log.h"
#include "book/start.h"
#include "report/logrecord.h"
#include "vault/search.h"
#include "vault/verify.h"

#define BUDGET_US (5 * WHEN_SECOND)

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
	if (!logs_may(r, name.agency))
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
	put(o, "record",
	    logrecord_json(r, id.stream, id.seq, &ev, place.sealed));
	logrecord_raw(o, &ev);
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
