/*
 * intake/loki.c: pushes for Loki.
 *
 * Works on  JSON or protobuf, hostile. Every body is walked twice: first only
 *           to see that it is whole, so that nothing is stored of one that is
 *           then refused.
 * Runs in   proc/ingest.c.
 */
#include "intake/loki.h"

#include "base/when.h"
#include "intake/httpjson.h"
#include "pack/proto.h"

#define LABELS_MAX 8192

/* What an entry is made of, whatever it came in. */
struct entry {
	struct span labels; /* {a="b",c="d"} */
	struct span metadata; /* the same form; empty: none */
	int64_t ns;
	struct span line;
};

struct push {
	struct httpfeed *f;
	bool dry; /* only look */
	uint64_t n, refused;
	struct fault *why;
	struct buf labels, metadata, raw;
};

/* ---- labels ---- */

/* Appends one label to a list that begins with '{'. */
static void
label_put(struct buf *b, struct span name, struct span value)
{
	buf_text(b, b->len == 0 ? "{" : ",");
	buf_span(b, name);
	buf_u8(b, '=');
	httpjson_quote(b, value);
}

static void
labels_close(struct buf *b)
{
	if (b->len > 0)
		buf_u8(b, '}');
}

/* Which part of an event a label names; lower is better. */
struct rank {
	unsigned host, app, level;
};

static void
label_use(struct arena *a, struct event *ev, struct rank *r, struct span name,
    const struct httpjson_text *value)
{
	static const char *const hosts[] = { "host", "hostname", "host_name",
		"nodename", "node_name", "node", "computer", "instance" };
	static const char *const apps[] = { "syslog_identifier", "app",
		"application", "service_name", "service", "container",
		"container_name", "compose_service", "unit", "job" };
	static const char *const levels[] = { "level", "severity",
		"detected_level" };

	for (unsigned i = 0; i < 8 && i < r->host; i++)
		if (span_is(name, hosts[i])) {
			r->host = i;
			ev->host = httpjson_plain(a, value);
		}
	for (unsigned i = 0; i < 10 && i < r->app; i++)
		if (span_is(name, apps[i])) {
			r->app = i;
			ev->app = httpjson_plain(a, value);
		}
	for (unsigned i = 0; i < 3 && i < r->level; i++)
		if (span_is(name, levels[i])) {
			r->level = i;
			ev->severity = httpfeed_severity(
			    httpjson_plain(a, value));
		}
}

/* Reads {a="b", c="d"}: Go's quoting, of which JSON's is what is used. What
 * is not of this form is left; the labels stand in the raw bytes anyway. */
static void
labels_use(struct arena *a, struct event *ev, struct rank *r, struct span s)
{
	struct httpjson j = httpjson_of(s);

	if (s.len == 0 || s.at[0] != '{')
		return;
	j.pos = 1;
	while (j.pos < s.len) {
		struct httpjson_text value;
		struct span rest = span_slice(s, j.pos, SIZE_MAX);
		size_t equal = span_find(rest, '=');

		if (equal == SIZE_MAX)
			return;
		j.pos += equal + 1;
		if (!httpjson_text(&j, &value))
			return;
		label_use(
		    a, ev, r, span_trim(span_slice(rest, 0, equal)), &value);
		if (j.pos >= s.len || s.at[j.pos] != ',')
			return;
		j.pos++;
	}
}

/* ---- an entry ---- */

/* An entry that cannot be taken: the first is told. */
static void
entry_refuse(struct push *p, const char *cause)
{
	p->n++;
	if (p->dry)
		return;
	if (p->refused++ == 0)
		(void)fault_set(p->why, ERR_SYNTAX, "entry %llu: %s",
		    (unsigned long long)p->n, cause);
}

static void
entry_give(struct push *p, const struct entry *in)
{
	struct rank r = { 99, 99, 99 };
	struct event ev;
	size_t line_at;

	if (!p->dry && httpfeed_is_full(p->f)) {
		entry_refuse(p, HTTPFEED_FULL);
		return;
	}
	p->n++;
	if (p->dry)
		return;
	httpfeed_begin(p->f, &ev);
	buf_reset(&p->raw);
	buf_span(&p->raw, in->labels);
	buf_printf(&p->raw, " %lld ", (long long)in->ns);
	if (in->metadata.len > 0) {
		buf_span(&p->raw, in->metadata);
		buf_u8(&p->raw, ' ');
	}
	line_at = p->raw.len;
	buf_span(&p->raw, in->line);
	labels_use(p->f->arena, &ev, &r, in->labels);
	labels_use(p->f->arena, &ev, &r, in->metadata);
	ev.event_us = in->ns / 1000;
	ev.raw = buf_view(&p->raw);
	httpfeed_text(p->f, &ev, span_slice(ev.raw, line_at, SIZE_MAX));
	httpfeed_give(p->f, &ev, SPAN_EMPTY);
}

/* ---- JSON ---- */

/* An object of texts as a list of labels. */
static bool
json_labels(struct push *p, struct httpjson *j, struct buf *b)
{
	struct httpjson_text key, value;
	struct span name;

	if (!httpjson_enter(j, '{'))
		return false;
	while (httpjson_key(j, &key)) {
		value = httpjson_scalar(j);
		name = httpjson_plain(p->f->arena, &key);
		label_put(b, name, httpjson_plain(p->f->arena, &value));
	}
	labels_close(b);
	return !j->bad;
}

/* ["nanoseconds", "line", {metadata}] */
static void
json_value(struct push *p, struct httpjson *j, struct span labels)
{
	struct entry in = { .labels = labels };
	struct httpjson_text ns, line = { SPAN_EMPTY, false };
	struct span text;
	uint64_t n = 0;
	bool is_text;

	buf_reset(&p->metadata);
	if (!httpjson_enter(j, '['))
		return;
	ns = httpjson_item(j) ? httpjson_scalar(j) : line;
	is_text = !j->bad && httpjson_item(j) &&
	    httpjson_kind(j) == HTTPJSON_TEXT && httpjson_text(j, &line);
	while (!j->bad && j->depth > 0 && httpjson_item(j))
		if (httpjson_kind(j) == HTTPJSON_OBJECT)
			(void)json_labels(p, j, &p->metadata);
		else
			(void)httpjson_skip(j, NULL);
	if (j->bad)
		return;
	if (!span_number(ns.raw, INT64_MAX, &n)) {
		entry_refuse(p, "its time is not nanoseconds in digits");
	} else if (!is_text) {
		entry_refuse(p, "its line is not a text");
	} else {
		text = httpjson_plain(p->f->arena, &line);
		in.ns = (int64_t)n;
		in.line = text;
		in.metadata = buf_view(&p->metadata);
		entry_give(p, &in);
	}
	arena_reset(p->f->arena);
}

/* {"ts": RFC 3339, "line": text}: what senders before Loki 0.4 wrote. */
static void
json_old(struct push *p, struct httpjson *j, struct span labels)
{
	struct entry in = { .labels = labels };
	struct httpjson_text key, v;
	int64_t us = 0;

	if (!httpjson_enter(j, '{'))
		return;
	while (httpjson_key(j, &key)) {
		v = httpjson_scalar(j);
		if (httpjson_is(&key, "line"))
			in.line = httpjson_plain(p->f->arena, &v);
		else if (httpjson_is(&key, "ts"))
			(void)httpfeed_time(v.raw, &us);
	}
	if (j->bad)
		return;
	in.ns = us > INT64_MAX / 1000 || us < 0 ? 0 : us * 1000;
	if (in.line.at == NULL)
		entry_refuse(p, "it has no line");
	else
		entry_give(p, &in);
	arena_reset(p->f->arena);
}

/* One stream: labels wherever they stand, then its entries. */
static void
json_stream(struct push *p, struct span stream)
{
	struct httpjson j = httpjson_of(stream), labels, values;
	struct httpjson_text key, t;
	struct span s;
	bool have = false, old = false;

	buf_reset(&p->labels);
	if (!httpjson_enter(&j, '{'))
		return;
	while (httpjson_key(&j, &key)) {
		bool text = httpjson_is(&key, "labels") &&
		    httpjson_kind(&j) == HTTPJSON_TEXT;
		bool list = httpjson_is(&key, "values") ||
		    httpjson_is(&key, "entries");

		if (text && httpjson_text(&j, &t)) {
			buf_span(&p->labels, httpjson_plain(p->f->arena, &t));
			continue;
		}
		if (!httpjson_skip(&j, &s))
			return;
		labels = values = httpjson_of(s);
		if (httpjson_is(&key, "stream"))
			(void)json_labels(p, &labels, &p->labels);
		if (list) {
			have = true;
			old = httpjson_is(&key, "entries");
			stream = s;
		}
	}
	arena_reset(p->f->arena);
	if (!have || buf_error(&p->labels) != ERR_OK) {
		entry_refuse(p, "its stream has no values, or long labels");
		return;
	}
	if (p->labels.len == 0)
		buf_text(&p->labels, "{}");
	values = httpjson_of(stream);
	if (!httpjson_enter(&values, '[')) {
		entry_refuse(p, "its stream's values are not a list");
		return;
	}
	while (!values.bad && httpjson_item(&values)) {
		bool fits = httpjson_kind(&values) ==
		    (old ? HTTPJSON_OBJECT : HTTPJSON_LIST);

		if (!fits) {
			entry_refuse(p, "it is not of Loki's form");
			(void)httpjson_skip(&values, NULL);
		} else if (old) {
			json_old(p, &values, buf_view(&p->labels));
		} else {
			json_value(p, &values, buf_view(&p->labels));
		}
	}
}

static void
push_init(struct push *p, struct httpfeed *f, struct fault *why)
{
	*p = (struct push){ .f = f, .why = why };
	buf_init(&p->labels, LABELS_MAX);
	buf_init(&p->metadata, LABELS_MAX);
	buf_init(&p->raw, (size_t)64 << 20);
}

static void
push_clear(struct push *p)
{
	buf_clear(&p->labels);
	buf_clear(&p->metadata);
	buf_clear(&p->raw);
}

enum err
loki_json(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why)
{
	struct httpjson j = httpjson_of(body);
	struct httpjson_text key;
	struct span s, streams = SPAN_EMPTY;
	struct push p;

	if (!httpjson_enter(&j, '{'))
		return fault_set(why, ERR_SYNTAX, "not a JSON object");
	while (httpjson_key(&j, &key))
		if (httpjson_skip(&j, &s) && httpjson_is(&key, "streams"))
			streams = s;
	if (!httpjson_done(&j))
		return fault_set(
		    why, ERR_SYNTAX, "not JSON at byte %zu", j.pos + 1);
	j = httpjson_of(streams);
	if (!httpjson_enter(&j, '['))
		return fault_set(
		    why, ERR_SYNTAX, "a push has a list \"streams\"");
	push_init(&p, f, why);
	while (httpjson_item(&j) && httpjson_skip(&j, &s))
		json_stream(&p, s);
	*refused = p.refused;
	push_clear(&p);
	return ERR_OK;
}

/* ---- protobuf ---- */

/* seconds = 1, nanos = 2 */
static int64_t
proto_time(struct span s, bool *bad)
{
	struct cursor c = cursor_of(s);
	struct proto_field f;
	int64_t sec = 0, ns = 0, all;

	while (proto_next(&c, &f)) {
		if (f.number == 1 && f.wire == PROTO_VARINT)
			sec = (int64_t)f.value;
		else if (f.number == 2 && f.wire == PROTO_VARINT)
			ns = (int64_t)f.value;
	}
	*bad |= c.bad;
	if (__builtin_mul_overflow(sec, INT64_C(1000000000), &all) ||
	    __builtin_add_overflow(all, ns, &all) || all < 0)
		return 0;
	return all;
}

/* name = 1, value = 2 */
static void
proto_label(struct push *p, struct span s, bool *bad)
{
	struct cursor c = cursor_of(s);
	struct span name = SPAN_EMPTY, value = SPAN_EMPTY;
	struct proto_field f;

	while (proto_next(&c, &f)) {
		if (f.number == 1 && f.wire == PROTO_BYTES)
			name = f.bytes;
		else if (f.number == 2 && f.wire == PROTO_BYTES)
			value = f.bytes;
	}
	*bad |= c.bad;
	label_put(&p->metadata, name, value);
}

/* timestamp = 1, line = 2, structuredMetadata = 3 */
static void
proto_entry(struct push *p, struct span s, struct span labels, bool *bad)
{
	struct entry in = { .labels = labels };
	struct cursor c = cursor_of(s);
	struct proto_field f;

	buf_reset(&p->metadata);
	while (proto_next(&c, &f)) {
		if (f.wire != PROTO_BYTES)
			continue;
		if (f.number == 1)
			in.ns = proto_time(f.bytes, bad);
		else if (f.number == 2)
			in.line = f.bytes;
		else if (f.number == 3)
			proto_label(p, f.bytes, bad);
	}
	*bad |= c.bad;
	if (*bad)
		return;
	labels_close(&p->metadata);
	in.metadata = buf_view(&p->metadata);
	if (buf_error(&p->metadata) != ERR_OK)
		entry_refuse(p, "its metadata are too long");
	else
		entry_give(p, &in);
}

/* labels = 1, entries = 2 */
static void
proto_stream(struct push *p, struct span s, bool *bad)
{
	struct cursor c = cursor_of(s);
	struct span labels = SPAN_LIT("{}");
	struct proto_field f;

	while (proto_next(&c, &f))
		if (f.number == 1 && f.wire == PROTO_BYTES)
			labels = f.bytes;
	*bad |= c.bad || labels.len > LABELS_MAX;
	c = cursor_of(s);
	while (!*bad && proto_next(&c, &f))
		if (f.number == 2 && f.wire == PROTO_BYTES)
			proto_entry(p, f.bytes, labels, bad);
}

/* streams = 1 */
static bool
proto_push(struct push *p, struct span body)
{
	struct cursor c = cursor_of(body);
	struct proto_field f;
	bool bad = false;

	p->n = 0;
	while (!bad && proto_next(&c, &f))
		if (f.number == 1 && f.wire == PROTO_BYTES)
			proto_stream(p, f.bytes, &bad);
	return !bad && !c.bad;
}

enum err
loki_proto(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why)
{
	struct push p;
	enum err e = ERR_OK;

	push_init(&p, f, why);
	p.dry = true;
	if (!proto_push(&p, body))
		e = fault_set(why, ERR_SYNTAX,
		    "not a push of Loki's protobuf form (entry %llu)",
		    (unsigned long long)p.n + 1);
	p.dry = false;
	if (e == ERR_OK)
		(void)proto_push(&p, body);
	*refused = p.refused;
	push_clear(&p);
	return e;
}
