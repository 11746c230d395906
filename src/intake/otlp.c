/*
 * intake/otlp.c: OTLP requests in JSON, and the event a log record is.
 *
 * Works on  bodies from OpenTelemetry's SDKs and collector, hostile.
 * Runs in   proc/ingest.c.
 */
#include "intake/otlp.h"

#include "intake/httpdoc.h"
#include "intake/httpjson.h"
#include "intake/otlp_own.h"
#include "pack/proto.h"

/* ---- attributes ---- */

/* What a key of the semantic conventions is in an event. */
static const struct attribute {
	const char *key;
	int to; /* enum event_field, or one of these: */
#define TO_HOST (-1)
#define TO_APP (-2)
#define TO_PROC (-3)
} attributes[] = {
	{ "host.name", TO_HOST },
	{ "service.name", TO_APP },
	{ "process.pid", TO_PROC },
	{ "user.name", FIELD_USER },
	{ "enduser.id", FIELD_USER },
	{ "client.address", FIELD_SRC_IP },
	{ "source.address", FIELD_SRC_IP },
	{ "client.port", FIELD_SRC_PORT },
	{ "source.port", FIELD_SRC_PORT },
	{ "destination.address", FIELD_DST_IP },
	{ "destination.port", FIELD_DST_PORT },
	{ "network.transport", FIELD_PROTO },
	{ "session.id", FIELD_SESSION },
	{ "process.command_line", FIELD_COMMAND },
	{ "url.full", FIELD_URL },
	{ "url.path", FIELD_URL },
	{ "http.response.status_code", FIELD_STATUS },
	{ "event.name", FIELD_ACTION },
};

#define N_ATTRIBUTES (sizeof attributes / sizeof attributes[0])

static void
attribute_use(struct event *ev, struct span key, struct span value)
{
	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		int to = attributes[i].to;
		struct span *at = to == TO_HOST ? &ev->host
		    : to == TO_APP              ? &ev->app
		    : to == TO_PROC             ? &ev->proc
						: &ev->field[to];

		if (span_is(key, attributes[i].key) && at->len == 0 &&
		    value.len > 0)
			*at = value;
	}
}

/* The one member of an AnyValue that is a scalar. */
static struct httpjson_text
any_value(struct httpjson *j)
{
	struct httpjson_text key, t = { SPAN_EMPTY, false };

	if (!httpjson_enter(j, '{'))
		return t;
	while (httpjson_key(j, &key))
		if (httpjson_is(&key, "arrayValue") ||
		    httpjson_is(&key, "kvlistValue"))
			(void)httpjson_skip(j, NULL);
		else
			t = httpjson_scalar(j);
	return t;
}

/* [{"key": …, "value": {…}}, …] */
static void
attributes_use(struct arena *a, struct httpjson *j, struct event *ev)
{
	if (httpjson_kind(j) != HTTPJSON_LIST) {
		(void)httpjson_skip(j, NULL);
		return;
	}
	(void)httpjson_enter(j, '[');
	while (httpjson_item(j)) {
		struct httpjson_text key, name = { SPAN_EMPTY, false };
		struct httpjson_text value = { SPAN_EMPTY, false };

		if (!httpjson_enter(j, '{'))
			return;
		while (httpjson_key(j, &key))
			if (httpjson_is(&key, "key"))
				name = httpjson_scalar(j);
			else if (httpjson_is(&key, "value") &&
			    httpjson_kind(j) == HTTPJSON_OBJECT)
				value = any_value(j);
			else
				(void)httpjson_skip(j, NULL);
		attribute_use(ev, name.raw, httpjson_plain(a, &value));
	}
}

/* ---- a record ---- */

/* What the record's own members say. */
struct record {
	struct span time, observed, number;
	struct httpjson_text text, body, name;
};

static void
record_read(
    struct httpfeed *f, struct httpjson *j, struct record *r, struct event *ev)
{
	struct httpjson_text key;

	if (!httpjson_enter(j, '{'))
		return;
	while (httpjson_key(j, &key)) {
		if (httpjson_is(&key, "timeUnixNano"))
			r->time = httpjson_scalar(j).raw;
		else if (httpjson_is(&key, "observedTimeUnixNano"))
			r->observed = httpjson_scalar(j).raw;
		else if (httpjson_is(&key, "severityNumber"))
			r->number = httpjson_scalar(j).raw;
		else if (httpjson_is(&key, "severityText"))
			r->text = httpjson_scalar(j);
		else if (httpjson_is(&key, "eventName"))
			r->name = httpjson_scalar(j);
		else if (httpjson_is(&key, "attributes"))
			attributes_use(f->arena, j, ev);
		else if (httpjson_is(&key, "body") &&
		    httpjson_kind(j) == HTTPJSON_OBJECT)
			r->body = any_value(j);
		else
			(void)httpjson_skip(j, NULL);
	}
}

/* 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal; also
 * by name, as "SEVERITY_NUMBER_WARN2". */
static uint8_t
severity_of(struct arena *a, const struct record *r)
{
	static const uint8_t of[] = { 7, 7, 6, 4, 3, 2 };
	struct span name = r->number;
	uint64_t n;

	if (span_number(r->number, 24, &n) && n > 0)
		return of[(n - 1) / 4];
	if (span_starts(name, "SEVERITY_NUMBER_")) {
		name = span_slice(name, 16, SIZE_MAX);
		while (name.len > 0 && name.at[name.len - 1] <= '9')
			name.len--;
		return httpfeed_severity(name);
	}
	return httpfeed_severity(httpjson_plain(a, &r->text));
}

/* Nanoseconds, as text or number. */
static void
time_use(struct event *ev, struct span s)
{
	uint64_t ns;

	if (ev->event_us == 0 && span_number(s, INT64_MAX, &ns))
		ev->event_us = (int64_t)(ns / 1000);
}

void
otlp_record_give(struct httpfeed *f, struct span raw, struct span resource,
    struct span record)
{
	struct httpjson j = httpjson_of(record), in = httpjson_of(resource);
	struct record r = { .time = SPAN_EMPTY };
	struct httpjson_text key;
	struct span text;
	struct event ev;
	struct event from;

	httpfeed_begin(f, &ev);
	record_read(f, &j, &r, &ev);
	if (resource.len > 0 && httpjson_enter(&in, '{')) {
		while (httpjson_key(&in, &key))
			if (httpjson_is(&key, "attributes"))
				attributes_use(f->arena, &in, &ev);
			else
				(void)httpjson_skip(&in, NULL);
	}
	time_use(&ev, r.time);
	time_use(&ev, r.observed);
	ev.severity = severity_of(f->arena, &r);
	ev.msgid = httpjson_plain(f->arena, &r.name);
	text = httpjson_plain(f->arena, &r.body);
	from = ev;
	if (text.len > 0)
		httpfeed_text(f, &ev, text);
	else
		ev.message = raw;
	for (unsigned i = 0; i < FIELD_N; i++)
		if (ev.field[i].at == NULL)
			ev.field[i] = from.field[i];
	httpdoc_raw(f, &r.body, text, raw, &ev);
	httpfeed_give(f, &ev, SPAN_EMPTY);
}

/* ---- a request in JSON ---- */

struct request {
	struct httpfeed *f;
	uint64_t n, refused;
	struct fault *why;
	struct buf raw;
};

/* An object's named members as bytes; false: not an object. */
static bool
members_find(struct span s, const char *const *name, struct span *to, size_t n)
{
	struct httpjson j = httpjson_of(s);
	struct httpjson_text key;
	struct span value;

	if (!httpjson_enter(&j, '{'))
		return false;
	while (httpjson_key(&j, &key)) {
		if (!httpjson_skip(&j, &value))
			return false;
		for (size_t i = 0; i < n; i++)
			if (httpjson_is(&key, name[i]))
				to[i] = value;
	}
	return !j.bad;
}

void
otlp_raw_begin(struct buf *b)
{
	buf_reset(b);
	buf_text(b, "{\"logRecord\":");
}

void
otlp_raw_end(struct buf *b, struct span resource, struct span scope)
{
	buf_text(b, ",\"resource\":");
	buf_span(b, resource.len > 0 ? resource : SPAN_LIT("{}"));
	buf_text(b, ",\"scope\":");
	buf_span(b, scope.len > 0 ? scope : SPAN_LIT("{}"));
	buf_u8(b, '}');
}

/* A record that cannot be taken: the first is told. */
static void
record_refuse(struct request *q, const char *cause)
{
	if (q->refused++ == 0)
		(void)fault_set(q->why, ERR_SYNTAX, "log record %llu %s",
		    (unsigned long long)q->n, cause);
}

static void
json_records(struct request *q, struct span resource, struct span scope,
    struct span list)
{
	struct httpjson j = httpjson_of(list);
	struct span record, all;

	if (list.len == 0 || !httpjson_enter(&j, '['))
		return;
	while (httpjson_item(&j)) {
		bool fits = httpjson_kind(&j) == HTTPJSON_OBJECT;
		size_t at;

		q->n++;
		if (!httpjson_skip(&j, &record))
			return;
		if (!fits || httpfeed_is_full(q->f)) {
			record_refuse(q, fits ? HTTPFEED_FULL : "is no object");
			continue;
		}
		otlp_raw_begin(&q->raw);
		at = q->raw.len;
		buf_span(&q->raw, record);
		otlp_raw_end(&q->raw, resource, scope);
		all = buf_view(&q->raw);
		/* Read it where it will be kept: the message lies in raw. */
		otlp_record_give(
		    q->f, all, resource, span_slice(all, at, record.len));
	}
}

static void
json_scopes(struct request *q, struct span resource, struct span list)
{
	static const char *const names[] = { "scope", "logRecords" };
	struct httpjson j = httpjson_of(list);
	struct span s;

	if (list.len == 0 || !httpjson_enter(&j, '['))
		return;
	while (httpjson_item(&j) && httpjson_skip(&j, &s)) {
		struct span part[2] = { SPAN_EMPTY, SPAN_EMPTY };

		if (members_find(s, names, part, 2))
			json_records(q, resource, part[0], part[1]);
	}
}

enum err
otlp_json(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why)
{
	static const char *const top[] = { "resourceLogs" };
	static const char *const names[] = { "resource", "scopeLogs" };
	struct httpjson j = httpjson_of(body);
	struct request q = { .f = f, .why = why };
	struct span list[1] = { SPAN_EMPTY }, s;

	if (httpjson_kind(&j) != HTTPJSON_OBJECT || !httpjson_skip(&j, NULL) ||
	    !httpjson_done(&j))
		return fault_set(
		    why, ERR_SYNTAX, "not a JSON object (byte %zu)", j.pos + 1);
	(void)members_find(body, top, list, 1);
	j = httpjson_of(list[0]);
	if (list[0].len > 0 && !httpjson_enter(&j, '['))
		return fault_set(
		    why, ERR_SYNTAX, "\"resourceLogs\" is not a list");
	buf_init(&q.raw, (size_t)64 << 20);
	while (list[0].len > 0 && httpjson_item(&j) && httpjson_skip(&j, &s)) {
		struct span part[2] = { SPAN_EMPTY, SPAN_EMPTY };

		if (members_find(s, names, part, 2))
			json_scopes(&q, part[0], part[1]);
	}
	buf_clear(&q.raw);
	*refused = q.refused;
	return ERR_OK;
}

/* ---- answers ---- */

void
otlp_answer(struct buf *b, bool json, uint64_t refused, const char *cause)
{
	struct buf in;

	if (json && refused == 0) {
		buf_text(b, "{}");
	} else if (json) {
		buf_printf(b,
		    "{\"partialSuccess\":{\"rejectedLogRecords\":\"%llu\","
		    "\"errorMessage\":",
		    (unsigned long long)refused);
		httpjson_quote(b, span_text(cause));
		buf_text(b, "}}");
	} else if (refused > 0) {
		buf_init(&in, 4096);
		proto_varint(&in, 1, refused);
		proto_bytes(&in, 2, span_text(cause));
		proto_bytes(b, 1, buf_view(&in));
		buf_clear(&in);
	}
}

void
otlp_error(struct buf *b, bool json, unsigned code, const char *text)
{
	if (json) {
		buf_printf(b, "{\"code\":%u,\"message\":", code);
		httpjson_quote(b, span_text(text));
		buf_u8(b, '}');
		return;
	}
	proto_varint(b, 1, code);
	proto_bytes(b, 2, span_text(text));
}
