/*
 * intake/otlp_proto.c: OTLP requests in protobuf, written in OTLP's JSON form.
 *
 * Works on  bodies from OpenTelemetry's SDKs and collector, hostile. Every
 *           body is walked twice: first only to see that it is whole.
 * Runs in   proc/ingest.c.
 * Source    opentelemetry-proto 1.5: logs.proto, common.proto, resource.proto;
 *           the JSON mapping of the OTLP specification (ids in hex).
 */
#include "intake/otlp.h"

#include "base/text.h"
#include "intake/httpjson.h"
#include "intake/otlp_own.h"
#include "pack/proto.h"

#define VALUE_DEPTH_MAX 32 /* lists and maps inside one another */

struct writer {
	struct buf *b;
	unsigned depth;
	bool bad;
};

/* How a field of a message is written. */
enum form {
	FORM_TEXT,
	FORM_NUMBER, /* 32 bits or fewer: a JSON number */
	FORM_LONG, /* 64 bits: digits in quotes */
	FORM_SIGNED, /* int64: digits in quotes */
	FORM_BOOL,
	FORM_DOUBLE,
	FORM_HEX, /* trace and span ids */
	FORM_BASE64,
	FORM_VALUE, /* AnyValue */
	FORM_PAIR, /* KeyValue */
	FORM_ARRAY, /* ArrayValue */
	FORM_MAP, /* KeyValueList */
	FORM_ENTITY, /* EntityRef */
};

struct row {
	uint32_t number;
	const char *name;
	enum form form;
	bool many;
};

static const struct row value_rows[] = {
	{ 1, "stringValue", FORM_TEXT, false },
	{ 2, "boolValue", FORM_BOOL, false },
	{ 3, "intValue", FORM_SIGNED, false },
	{ 4, "doubleValue", FORM_DOUBLE, false },
	{ 5, "arrayValue", FORM_ARRAY, false },
	{ 6, "kvlistValue", FORM_MAP, false },
	{ 7, "bytesValue", FORM_BASE64, false },
	{ 0 },
};
static const struct row pair_rows[] = {
	{ 1, "key", FORM_TEXT, false },
	{ 2, "value", FORM_VALUE, false },
	{ 0 },
};
static const struct row array_rows[] = {
	{ 1, "values", FORM_VALUE, true },
	{ 0 },
};
static const struct row map_rows[] = {
	{ 1, "values", FORM_PAIR, true },
	{ 0 },
};
static const struct row entity_rows[] = {
	{ 1, "schemaUrl", FORM_TEXT, false },
	{ 2, "type", FORM_TEXT, false },
	{ 3, "idKeys", FORM_TEXT, true },
	{ 4, "descriptionKeys", FORM_TEXT, true },
	{ 0 },
};
static const struct row resource_rows[] = {
	{ 1, "attributes", FORM_PAIR, true },
	{ 2, "droppedAttributesCount", FORM_NUMBER, false },
	{ 3, "entityRefs", FORM_ENTITY, true },
	{ 0 },
};
static const struct row scope_rows[] = {
	{ 1, "name", FORM_TEXT, false },
	{ 2, "version", FORM_TEXT, false },
	{ 3, "attributes", FORM_PAIR, true },
	{ 4, "droppedAttributesCount", FORM_NUMBER, false },
	{ 0 },
};
static const struct row record_rows[] = {
	{ 1, "timeUnixNano", FORM_LONG, false },
	{ 11, "observedTimeUnixNano", FORM_LONG, false },
	{ 2, "severityNumber", FORM_NUMBER, false },
	{ 3, "severityText", FORM_TEXT, false },
	{ 12, "eventName", FORM_TEXT, false },
	{ 5, "body", FORM_VALUE, false },
	{ 6, "attributes", FORM_PAIR, true },
	{ 7, "droppedAttributesCount", FORM_NUMBER, false },
	{ 8, "flags", FORM_NUMBER, false },
	{ 9, "traceId", FORM_HEX, false },
	{ 10, "spanId", FORM_HEX, false },
	{ 0 },
};

static void message_write(
    struct writer *w, struct span s, const struct row *rows);

/* The rows of a form that is a message; NULL: it is none. */
static const struct row *
form_rows(enum form f)
{
	switch (f) {
	case FORM_VALUE:
		return value_rows;
	case FORM_PAIR:
		return pair_rows;
	case FORM_ARRAY:
		return array_rows;
	case FORM_MAP:
		return map_rows;
	case FORM_ENTITY:
		return entity_rows;
	default:
		return NULL;
	}
}

/* The wire type that a form has. */
static enum proto_wire
form_wire(const struct row *r)
{
	switch (r->form) {
	case FORM_NUMBER:
		return r->number == 8 ? PROTO_FIXED32 : PROTO_VARINT;
	case FORM_SIGNED:
	case FORM_BOOL:
		return PROTO_VARINT;
	case FORM_LONG:
	case FORM_DOUBLE:
		return PROTO_FIXED64;
	default:
		return PROTO_BYTES;
	}
}

static void
double_write(struct buf *b, uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	if (d != d)
		buf_text(b, "\"NaN\"");
	else if (d - d != 0.0)
		buf_text(b, d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	else
		buf_printf(b, "%.17g", d);
}

static void
value_write(struct writer *w, enum form form, const struct proto_field *f)
{
	struct buf *b = w->b;

	switch (form) {
	case FORM_TEXT:
		httpjson_quote(b, f->bytes);
		break;
	case FORM_NUMBER:
		buf_printf(b, "%u", (unsigned)f->value);
		break;
	case FORM_LONG:
		buf_printf(b, "\"%llu\"", (unsigned long long)f->value);
		break;
	case FORM_SIGNED:
		buf_printf(b, "\"%lld\"", (long long)f->value);
		break;
	case FORM_BOOL:
		buf_text(b, f->value != 0 ? "true" : "false");
		break;
	case FORM_DOUBLE:
		double_write(b, f->value);
		break;
	case FORM_HEX:
	case FORM_BASE64:
		buf_u8(b, '"');
		if (form == FORM_HEX)
			text_hex(b, f->bytes);
		else
			text_base64(b, f->bytes);
		buf_u8(b, '"');
		break;
	default:
		message_write(w, f->bytes, form_rows(form));
	}
}

/* The fields of one row: all of them in a list, or the last. */
static void
row_write(struct writer *w, struct span s, const struct row *r, bool *first)
{
	struct cursor c = cursor_of(s);
	struct proto_field f, last = { .number = 0 };
	bool open = false;

	while (proto_next(&c, &f)) {
		if (f.number != r->number || f.wire != form_wire(r))
			continue;
		last = f;
		if (!r->many)
			continue;
		if (!open)
			buf_printf(
			    w->b, "%s\"%s\":[", *first ? "" : ",", r->name);
		else
			buf_u8(w->b, ',');
		open = true;
		*first = false;
		value_write(w, r->form, &f);
	}
	w->bad |= c.bad;
	if (open)
		buf_u8(w->b, ']');
	if (r->many || last.number == 0)
		return;
	buf_printf(w->b, "%s\"%s\":", *first ? "" : ",", r->name);
	*first = false;
	value_write(w, r->form, &last);
}

/* Which of the rows a message has: most have few of many. */
static uint32_t
numbers_seen(struct writer *w, struct span s)
{
	struct cursor c = cursor_of(s);
	struct proto_field f;
	uint32_t seen = 0;

	while (proto_next(&c, &f))
		if (f.number < 32)
			seen |= UINT32_C(1) << f.number;
	w->bad |= c.bad;
	return seen;
}

/* A message as a JSON object. */
static void
message_write(struct writer *w, struct span s, const struct row *rows)
{
	uint32_t seen;
	bool first = true;

	if (++w->depth > VALUE_DEPTH_MAX)
		w->bad = true;
	if (w->bad)
		return;
	seen = numbers_seen(w, s);
	buf_u8(w->b, '{');
	for (; rows->number != 0 && !w->bad; rows++)
		if ((seen & UINT32_C(1) << rows->number) != 0)
			row_write(w, s, rows, &first);
	buf_u8(w->b, '}');
	w->depth--;
}

/* ---- a request ---- */

struct request {
	struct httpfeed *f;
	bool dry; /* only look */
	uint64_t n, refused;
	struct fault *why;
	struct buf resource, scope, raw;
};

static bool
record_do(struct request *q, struct span s)
{
	struct writer w = { .b = &q->raw };
	struct span all;
	size_t at, end;

	q->n++;
	if (!q->dry && httpfeed_is_full(q->f)) {
		if (q->refused++ == 0)
			(void)fault_set(q->why, ERR_LIMIT, "log record %llu %s",
			    (unsigned long long)q->n, HTTPFEED_FULL);
		return true;
	}
	otlp_raw_begin(&q->raw);
	at = q->raw.len;
	message_write(&w, s, record_rows);
	if (w.bad || buf_error(&q->raw) != ERR_OK)
		return false;
	if (q->dry)
		return true;
	end = q->raw.len;
	otlp_raw_end(&q->raw, buf_view(&q->resource), buf_view(&q->scope));
	all = buf_view(&q->raw);
	otlp_record_give(
	    q->f, all, buf_view(&q->resource), span_slice(all, at, end - at));
	return true;
}

/* Writes the last field 1 of a message (resource, scope) as JSON. */
static bool
head_write(struct span s, struct buf *to, const struct row *rows)
{
	struct writer w = { .b = to };
	struct span head = SPAN_EMPTY;
	struct cursor c = cursor_of(s);
	struct proto_field f;

	buf_reset(to);
	while (proto_next(&c, &f))
		if (f.number == 1 && f.wire == PROTO_BYTES)
			head = f.bytes;
	message_write(&w, head, rows);
	return !c.bad && !w.bad && buf_error(to) == ERR_OK;
}

/* scope = 1, log_records = 2 */
static bool
scope_do(struct request *q, struct span s)
{
	struct cursor c = cursor_of(s);
	struct proto_field f;

	if (!head_write(s, &q->scope, scope_rows))
		return false;
	while (proto_next(&c, &f))
		if (f.number == 2 && f.wire == PROTO_BYTES &&
		    !record_do(q, f.bytes))
			return false;
	return !c.bad;
}

/* resource = 1, scope_logs = 2 (1000: what it was before 0.15) */
static bool
resource_do(struct request *q, struct span s)
{
	struct cursor c = cursor_of(s);
	struct proto_field f;

	if (!head_write(s, &q->resource, resource_rows))
		return false;
	while (proto_next(&c, &f))
		if ((f.number == 2 || f.number == 1000) &&
		    f.wire == PROTO_BYTES && !scope_do(q, f.bytes))
			return false;
	return !c.bad;
}

/* resource_logs = 1 */
static bool
request_do(struct request *q, struct span body)
{
	struct cursor c = cursor_of(body);
	struct proto_field f;

	q->n = 0;
	while (proto_next(&c, &f))
		if (f.number == 1 && f.wire == PROTO_BYTES &&
		    !resource_do(q, f.bytes))
			return false;
	return !c.bad;
}

enum err
otlp_proto(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why)
{
	struct request q = { .f = f, .dry = true, .why = why };
	enum err e = ERR_OK;

	buf_init(&q.resource, (size_t)1 << 20);
	buf_init(&q.scope, (size_t)1 << 20);
	buf_init(&q.raw, (size_t)64 << 20);
	if (!request_do(&q, body))
		e = fault_set(why, ERR_SYNTAX,
		    "not an ExportLogsServiceRequest (at log record %llu)",
		    (unsigned long long)q.n);
	q.dry = false;
	if (e == ERR_OK)
		(void)request_do(&q, body);
	*refused = q.refused;
	buf_clear(&q.resource);
	buf_clear(&q.scope);
	buf_clear(&q.raw);
	return e;
}
