/*
 * base/event.c: names and the row encoding of a log record.
 *
 * Row, version 1 (numbers big-endian):
 *   u8  version (1)        u8 via   u8 parse   u8 category
 *   u8  facility           u8 severity
 *   i64 received_us        i64 event_us
 *   5 short texts (u8 length, bytes): sender host app proc msgid
 *   u32 message offset in raw, u32 message length
 *   u8  number of fields; each: u8 field, u16 length, bytes
 *   u32 raw length, bytes
 */
#include "base/event.h"

#include <assert.h>

#include "base/text.h"

#define ROW_VERSION 1

static const char *const class_names[CLASS_N] = {
	[CLASS_GENERAL] = "general",
	[CLASS_AUDIT] = "audit",
	[CLASS_FIREWALL_ADMIN] = "firewall-admin",
	[CLASS_FIREWALL_CONN] = "firewall-conn",
	[CLASS_PERSONAL] = "personal",
};

static const char *const category_names[CAT_N] = {
#define CATEGORY(name, text, class, ocsf) [CAT_##name] = text,
#include "base/event.tab"
};

static const enum event_class category_class[CAT_N] = {
#define CATEGORY(name, text, class, ocsf) [CAT_##name] = CLASS_##class,
#include "base/event.tab"
};

static const char *const field_names[FIELD_N] = {
#define FIELD(name, text, short) [FIELD_##name] = text,
#include "base/event.tab"
};

static const char *const field_shorts[FIELD_N] = {
#define FIELD(name, text, short) [FIELD_##name] = short,
#include "base/event.tab"
};

static const char *const via_names[VIA_N] = {
	[VIA_UDP] = "udp",
	[VIA_TCP] = "tcp",
	[VIA_TLS] = "tls",
	[VIA_RELP] = "relp",
	[VIA_HTTP] = "http",
	[VIA_FILE] = "file",
	[VIA_SELF] = "self",
};

static const char *const parse_names[PARSE_N] = {
	[PARSE_RFC5424] = "rfc5424",
	[PARSE_RFC3164] = "rfc3164",
	[PARSE_BARE] = "bare",
	[PARSE_BAD_PRI] = "bad-pri",
	[PARSE_BAD_HEADER] = "bad-header",
	[PARSE_BAD_TIME] = "bad-time",
	[PARSE_BAD_UTF8] = "bad-utf8",
	[PARSE_CUT] = "cut",
};

/* The name at `at`, or "?" past the end. */
static const char *
name_at(const char *const *names, unsigned n, unsigned at)
{
	return at < n ? names[at] : "?";
}

/* Where s stands among the names, or n. */
static unsigned
name_find(const char *const *names, unsigned n, struct span s)
{
	unsigned i = 0;

	while (i < n && !span_is(s, names[i]))
		i++;
	return i;
}

const char *
event_class_name(enum event_class c)
{
	return name_at(class_names, CLASS_N, c);
}

const char *
event_category_name(enum event_category c)
{
	return name_at(category_names, CAT_N, c);
}

const char *
event_field_name(enum event_field f)
{
	return name_at(field_names, FIELD_N, f);
}

const char *
event_field_short(enum event_field f)
{
	return name_at(field_shorts, FIELD_N, f);
}

const char *
event_parse_name(enum event_parse p)
{
	return name_at(parse_names, PARSE_N, p);
}

const char *
event_via_name(enum event_transport v)
{
	return name_at(via_names, VIA_N, v);
}

enum event_class
event_class_find(struct span s)
{
	return (enum event_class)name_find(class_names, CLASS_N, s);
}

enum event_category
event_category_find(struct span s)
{
	return (enum event_category)name_find(category_names, CAT_N, s);
}

enum event_field
event_field_find(struct span s)
{
	unsigned at = name_find(field_names, FIELD_N, s);

	if (at == FIELD_N)
		at = name_find(field_shorts, FIELD_N, s);
	return (enum event_field)at;
}

enum event_class
event_class_of(enum event_category c)
{
	assert((unsigned)c < CAT_N);
	return category_class[c];
}

/* At most max bytes of s, cut between characters. */
static struct span
shorter(struct span s, size_t max)
{
	if (s.len <= max)
		return s;
	return span_of(s.at, text_cut((const char *)s.at, max));
}

/* Writes v big-endian, len bytes of it. */
static uint8_t *
number_put(uint8_t *to, uint64_t v, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		to[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	return to + len;
}

static uint8_t *
bytes_put(uint8_t *to, struct span s)
{
	if (s.len > 0)
		memcpy(to, s.at, s.len);
	return to + s.len;
}

/* A short text: one length byte, and what is longer is cut. */
static uint8_t *
short_put(uint8_t *to, struct span s)
{
	s = shorter(s, EVENT_TEXT_MAX);
	*to++ = (uint8_t)s.len;
	return bytes_put(to, s);
}

/* The extracted fields; what would pass EVENT_FIELDS_MAX is left out. */
static uint8_t *
fields_put(uint8_t *to, const struct event *ev)
{
	uint8_t *n = to++;
	size_t all = 0;

	*n = 0;
	for (unsigned f = 0; f < FIELD_N; f++) {
		struct span v;

		if (ev->field[f].at == NULL)
			continue;
		v = shorter(ev->field[f], EVENT_FIELD_MAX);
		if (all + v.len > EVENT_FIELDS_MAX)
			continue;
		all += v.len;
		++*n;
		*to++ = (uint8_t)f;
		to = number_put(to, v.len, 2);
		to = bytes_put(to, v);
	}
	return to;
}

/* As long as the row of ev can be, at most. */
static size_t
row_most(const struct event *ev, size_t raw_len)
{
	size_t n = 0;

	for (unsigned f = 0; f < FIELD_N && n < EVENT_FIELDS_MAX; f++)
		n += ev->field[f].len;
	if (n > EVENT_FIELDS_MAX)
		n = EVENT_FIELDS_MAX;
	return 64 + raw_len + 5 * (1 + EVENT_TEXT_MAX) + 3 * FIELD_N + n;
}

void
event_encode(struct buf *b, const struct event *ev)
{
	struct span raw = span_slice(ev->raw, 0, EVENT_RAW_MAX);
	uint8_t *start = buf_room(b, row_most(ev, raw.len)), *to = start;
	size_t at = 0, len = 0;

	if (start == NULL)
		return;
	if (ev->message.len > 0 && raw.len > 0 && ev->message.at >= raw.at &&
	    ev->message.at < raw.at + raw.len) {
		at = (size_t)(ev->message.at - raw.at);
		len = span_slice(raw, at, ev->message.len).len;
	}
	*to++ = ROW_VERSION;
	*to++ = (uint8_t)ev->via;
	*to++ = (uint8_t)ev->parse;
	*to++ = (uint8_t)ev->category;
	*to++ = ev->facility;
	*to++ = ev->severity;
	to = number_put(to, (uint64_t)ev->received_us, 8);
	to = number_put(to, (uint64_t)ev->event_us, 8);
	to = short_put(to, ev->sender);
	to = short_put(to, ev->host);
	to = short_put(to, ev->app);
	to = short_put(to, ev->proc);
	to = short_put(to, ev->msgid);
	to = number_put(to, at, 4);
	to = number_put(to, len, 4);
	to = fields_put(to, ev);
	to = number_put(to, raw.len, 4);
	to = bytes_put(to, raw);
	buf_took(b, (size_t)(to - start));
}

static struct span
short_get(struct cursor *c)
{
	return cursor_take(c, cursor_u8(c));
}

/* Reads the extracted fields; each may stand once. */
static bool
fields_get(struct cursor *c, struct event *ev)
{
	static const uint8_t nothing[1];
	unsigned n = cursor_u8(c);

	for (unsigned i = 0; i < n && !c->bad; i++) {
		unsigned f = cursor_u8(c);
		size_t len = cursor_u16(c);
		struct span v = cursor_take(c, len);

		if (c->bad || f >= FIELD_N || len > EVENT_FIELD_MAX ||
		    ev->field[f].at != NULL)
			return false;
		ev->field[f] = len == 0 ? span_of(nothing, 0) : v;
	}
	return !c->bad;
}

enum err
event_decode(struct span row, struct event *ev, struct fault *why)
{
	struct cursor c = cursor_of(row);
	struct event got = { .sender = SPAN_EMPTY };
	uint32_t at, len;

	if (cursor_u8(&c) != ROW_VERSION)
		return fault_set(why, ERR_SYNTAX, "row: unknown version");
	got.via = (enum event_transport)cursor_u8(&c);
	got.parse = (enum event_parse)cursor_u8(&c);
	got.category = (enum event_category)cursor_u8(&c);
	got.facility = cursor_u8(&c);
	got.severity = cursor_u8(&c);
	got.received_us = (int64_t)cursor_u64(&c);
	got.event_us = (int64_t)cursor_u64(&c);
	if (got.via >= VIA_N || got.parse >= PARSE_N || got.category >= CAT_N)
		return fault_set(why, ERR_SYNTAX,
		    "row: unknown transport, parse or category");
	got.sender = short_get(&c);
	got.host = short_get(&c);
	got.app = short_get(&c);
	got.proc = short_get(&c);
	got.msgid = short_get(&c);
	at = cursor_u32(&c);
	len = cursor_u32(&c);
	if (!fields_get(&c, &got))
		return fault_set(why, ERR_SYNTAX, "row: bad field");
	got.raw = cursor_block(&c, EVENT_RAW_MAX);
	if (!cursor_done(&c))
		return fault_set(why, ERR_SYNTAX, "row: wrong length");
	if (at > got.raw.len || len > got.raw.len - at)
		return fault_set(
		    why, ERR_SYNTAX, "row: message lies outside the raw bytes");
	got.message = span_slice(got.raw, at, len);
	*ev = got;
	return ERR_OK;
}
