/*
 * book/evidence.c: what keeper reports of its streams, applied exactly once.
 *
 * Works on: sources, roll-ups and detections; segments, heads and the rest
 * are in catalogue.c. Runs in: book.
 */
#include "book/evidence.h"

#include "base/when.h"
#include "book/inner.h"

/* Insert or widen one source. */
static enum err
source_put(struct book *b, const struct source_report *r, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if (r->id < 1 || r->via >= VIA_N || r->first_us > r->last_us)
		return fault_set(
		    why, ERR_RANGE, "source %lld: malformed", (long long)r->id);
	if ((e = sql_named(b->db, "source_put", &s, why)) ||
	    (e = sql_bind_int(s, ":id", r->id, why)) ||
	    (e = sql_bind_text(s, ":agency", r->agency, why)) ||
	    (e = bind_text_or_null(s, ":log_source", r->log_source, why)) ||
	    (e = sql_bind_text(s, ":sender", r->sender, why)) ||
	    (e = sql_bind_text(s, ":host", r->host, why)) ||
	    (e = sql_bind_text(
		 s, ":via", span_text(event_via_name(r->via)), why)) ||
	    (e = sql_bind_int(s, ":first_us", r->first_us, why)) ||
	    (e = sql_bind_int(s, ":last_us", r->last_us, why)) ||
	    (e = sql_bind_int(s, ":records", (int64_t)r->records, why)))
		return e;
	book_touch(b, "source");
	return sql_do(s, why);
}

enum err
evidence_source(
    struct book *b, const struct source_report *s, struct fault *why)
{
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = source_put(b, s, why);
	return book_leave(b, e, why);
}

enum err
evidence_position(
    struct book *b, struct span stream, uint64_t *at, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "position_get", &s, why)) ||
	    (e = sql_bind_text(s, ":stream", stream, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	*at = row ? (uint64_t)sql_int(s, 0) : 0;
	sql_reset(s);
	return ERR_OK;
}

static enum err
position_put(struct book *b, struct span stream, uint64_t at, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "position_put", &s, why)) ||
	    (e = sql_bind_text(s, ":stream", stream, why)) ||
	    (e = sql_bind_int(s, ":seq", (int64_t)at, why)))
		return e;
	return sql_do(s, why);
}

/* What the two roll-up statements share. */
static enum err
delta_bind(struct sql_stmt *s, const struct rollup_delta *d, struct fault *why)
{
	int64_t lacking_us = 0;
	enum err e;

	if (d->lacking > 0)
		lacking_us = d->lacking_us != 0 ? d->lacking_us : d->first_us;
	if ((e = sql_bind_int(s, ":source", d->source, why)) ||
	    (e = sql_bind_text(s, ":category",
		 span_text(event_category_name(d->category)), why)) ||
	    (e = sql_bind_int(s, ":n", (int64_t)d->n, why)) ||
	    (e = sql_bind_int(s, ":lacking", (int64_t)d->lacking, why)) ||
	    (e = sql_bind_int(s, ":first_us", d->first_us, why)) ||
	    (e = sql_bind_int(s, ":last_us", d->last_us, why)))
		return e;
	return sql_bind_int(s, ":lacking_us", lacking_us, why);
}

/* One delta into its hour and its day. */
static enum err
delta_add(struct book *b, const struct rollup_delta *d, struct fault *why)
{
	int64_t day = when_day_start(d->hour_us);
	struct sql_stmt *s;
	enum err e;

	if (d->n == 0 || d->category >= CAT_N || d->lacking > d->n ||
	    d->n > INT64_MAX || d->hour_us != when_hour(d->hour_us) ||
	    d->first_us < d->hour_us || d->last_us < d->first_us ||
	    d->last_us >= d->hour_us + WHEN_HOUR)
		return fault_set(why, ERR_RANGE,
		    "roll-up of source %lld: malformed", (long long)d->source);
	if ((e = sql_named(b->db, "rollup_hour_add", &s, why)) ||
	    (e = delta_bind(s, d, why)) ||
	    (e = sql_bind_int(s, ":hour_us", d->hour_us, why)) ||
	    (e = sql_do(s, why)) ||
	    (e = sql_named(b->db, "rollup_day_add", &s, why)) ||
	    (e = delta_bind(s, d, why)) ||
	    (e = sql_bind_int(s, ":day_us", day, why)) ||
	    (e = sql_do(s, why)) ||
	    (e = sql_named(b->db, "rollup_day_seen", &s, why)) ||
	    (e = sql_bind_int(s, ":source", d->source, why)) ||
	    (e = sql_bind_int(s, ":day_us", day, why)) ||
	    (e = sql_bind_int(s, ":hour", (d->hour_us - day) / WHEN_HOUR, why)))
		return e;
	book_touch(b, "rollup_hour");
	book_touch(b, "rollup_day");
	return sql_do(s, why);
}

/* The agency of a source and how many detections it has had. */
static enum err
source_counted(struct book *b, int64_t id, struct buf *agency, int64_t *n,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "source_get", &s, why)) ||
	    (e = sql_bind_int(s, ":id", id, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(
		    why, ERR_NOT_FOUND, "no source %lld", (long long)id);
	buf_span(agency, sql_text(s, 0));
	*n = sql_int(s, 5);
	sql_reset(s);
	return buf_error(agency);
}

/* The stored detection of the same beginning: its number, or 0. */
static enum err
detection_find(struct book *b, const struct detection_report *d, int64_t *n,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	*n = 0;
	if ((e = sql_named(b->db, "detection_same", &s, why)) ||
	    (e = sql_bind_int(s, ":source", d->source, why)) ||
	    (e = sql_bind_text(s, ":rule", d->rule, why)) ||
	    (e = sql_bind_text(s, ":subject", d->subject, why)) ||
	    (e = sql_bind_int(s, ":first_us", d->first_us, why)) ||
	    (e = sql_step(s, &row, why)) || !row)
		return e;
	*n = sql_int(s, 0);
	sql_reset(s);
	return ERR_OK;
}

static enum err
detection_grow(struct book *b, const struct detection_report *d, int64_t n,
    struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "detection_grow", &s, why)) ||
	    (e = sql_bind_int(s, ":source", d->source, why)) ||
	    (e = sql_bind_int(s, ":n", n, why)) ||
	    (e = sql_bind_int(s, ":last_us", d->last_us, why)) ||
	    (e = sql_bind_int(s, ":count", (int64_t)d->count, why)))
		return e;
	book_touch(b, "detection");
	return sql_do(s, why);
}

/* The row, the source's own count, and the entry. */
static enum err
detection_row(struct book *b, const struct detection_report *d, int64_t n,
    struct span agency, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "detection_add", &s, why)) ||
	    (e = sql_bind_int(s, ":source", d->source, why)) ||
	    (e = sql_bind_int(s, ":n", n, why)) ||
	    (e = sql_bind_text(s, ":rule", d->rule, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":subject", d->subject, why)) ||
	    (e = bind_text_or_null(s, ":user", d->user, why)) ||
	    (e = sql_bind_int(s, ":first_us", d->first_us, why)) ||
	    (e = sql_bind_int(s, ":last_us", d->last_us, why)) ||
	    (e = sql_bind_int(s, ":count", (int64_t)d->count, why)) ||
	    (e = bind_text_or_null(s, ":record", d->record, why)) ||
	    (e = sql_do(s, why)) ||
	    (e = sql_named(b->db, "source_detected", &s, why)) ||
	    (e = sql_bind_int(s, ":id", d->source, why)) ||
	    (e = sql_bind_int(s, ":n", n, why)))
		return e;
	book_touch(b, "detection");
	book_touch(b, "source");
	return sql_do(s, why);
}

/* The entry of a new detection; it names no user. */
static enum err
detection_note(struct book *b, const struct detection_report *d, int64_t n,
    struct span agency, int64_t now_us, struct fault *why)
{
	json_t *o = json_object();
	struct written w;
	struct buf key;
	enum err e;

	buf_init(&key, 64);
	buf_printf(&key, "%lld.%lld", (long long)d->source, (long long)n);
	json_put_int(o, "source", d->source);
	json_put_int(o, "n", n);
	json_put_text(o, "rule", d->rule);
	json_put_int(o, "first_us", d->first_us);
	json_put_text(o, "record", d->record);
	e = json_object_size(o) != 5 ? fault_set(why, ERR_MEMORY, "a detection")
				     : book_note(b, agency, "beimen.detection",
					   buf_view(&key), o, now_us, &w, why);
	json_decref(o);
	buf_clear(&key);
	return e;
}

/* The records it cites, of which a bounded number is kept. */
static enum err
detection_records(struct book *b, const struct detection_report *d, int64_t n,
    struct fault *why)
{
	struct cursor c = cursor_of(d->records);
	struct sql_stmt *s;
	enum err e = ERR_OK;

	while (c.pos < c.all.len && e == ERR_OK) {
		struct span one = cursor_until(&c, ' ', NULL);

		if (one.len == 0)
			continue;
		if ((e = sql_named(b->db, "detection_record_add", &s, why)) ||
		    (e = sql_bind_int(s, ":source", d->source, why)) ||
		    (e = sql_bind_int(s, ":n", n, why)) ||
		    (e = sql_bind_text(s, ":record", one, why)))
			return e;
		e = sql_do(s, why);
	}
	return e;
}

/* A detection: known and grown, or new. */
static enum err
detection_add(struct book *b, const struct detection_report *d, int64_t now_us,
    struct fault *why)
{
	struct buf agency;
	int64_t n = 0, counted = 0;
	enum err e;

	if (d->rule.len == 0 || d->first_us > d->last_us || d->count == 0 ||
	    d->count > INT64_MAX)
		return fault_set(why, ERR_RANGE,
		    "detection of source %lld: malformed",
		    (long long)d->source);
	buf_init(&agency, BOOK_AGENCY_MAX);
	if ((e = source_counted(b, d->source, &agency, &counted, why)) ||
	    (e = detection_find(b, d, &n, why)))
		goto out;
	if (n > 0)
		e = detection_grow(b, d, n, why);
	else if ((e = detection_row(
		      b, d, counted + 1, buf_view(&agency), why)) == ERR_OK)
		e = detection_note(
		    b, d, counted + 1, buf_view(&agency), now_us, why);
	if (e == ERR_OK)
		e = detection_records(b, d, n > 0 ? n : counted + 1, why);
out:
	buf_clear(&agency);
	return e;
}

/* The whole report, inside its transaction. */
static enum err
report_apply(struct book *b, const struct stream_report *r, int64_t now_us,
    uint64_t *stored, struct fault *why)
{
	uint64_t at;
	enum err e;

	if (r->to <= r->from || r->to > INT64_MAX)
		return fault_set(why, ERR_RANGE, "a report of no records");
	if ((e = evidence_position(b, r->stream, &at, why)) != ERR_OK)
		return e;
	*stored = at;
	if (at != r->from)
		return ERR_OK;
	for (size_t i = 0; i < r->n_sources && e == ERR_OK; i++)
		e = source_put(b, &r->source[i], why);
	for (size_t i = 0; i < r->n_deltas && e == ERR_OK; i++)
		e = delta_add(b, &r->delta[i], why);
	for (size_t i = 0; i < r->n_detections && e == ERR_OK; i++)
		e = detection_add(b, &r->detection[i], now_us, why);
	if (e == ERR_OK)
		e = position_put(b, r->stream, r->to, why);
	return e;
}

enum err
evidence_report(struct book *b, const struct stream_report *r, int64_t now_us,
    uint64_t *stored, struct fault *why)
{
	uint64_t at = 0;
	bool fits;
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = report_apply(b, r, now_us, &at, why);
	fits = at == r->from;
	if ((e = book_leave(b, e, why)) == ERR_OK)
		*stored = fits ? r->to : at;
	return e;
}

enum err
evidence_detection(struct book *b, const struct detection_report *d,
    int64_t now_us, struct fault *why)
{
	enum err e = book_join(b, why);

	if (e != ERR_OK)
		return e;
	e = detection_add(b, d, now_us, why);
	return book_leave(b, e, why);
}

/* One trimming statement. */
static enum err
trim(struct book *b, const char *name, int64_t before, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, name, &s, why)) ||
	    (e = sql_bind_int(s, ":before", before, why)))
		return e;
	return sql_do(s, why);
}

enum err
evidence_trim(struct book *b, int64_t now_us, struct fault *why)
{
	int64_t today = when_day_start(now_us);
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	if ((e = trim(b, "trim_hours", today - EVIDENCE_HOUR_DAYS * WHEN_DAY,
		 why)) == ERR_OK &&
	    (e = trim(b, "trim_days", today - EVIDENCE_DAY_DAYS * WHEN_DAY,
		 why)) == ERR_OK &&
	    (e = trim(b, "trim_heads", today - EVIDENCE_HOUR_DAYS * WHEN_DAY,
		 why)) == ERR_OK)
		e = trim(b, "trim_checkpoints", today - 2 * WHEN_DAY, why);
	return book_leave(b, e, why);
}
