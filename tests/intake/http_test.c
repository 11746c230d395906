/*
 * tests/intake/http_test.c: the bodies of HTTP senders, as those senders write
 * them, become records; bytes that are none of it are refused with a place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"
#include "intake/bulk.h"
#include "intake/httpdoc.h"
#include "intake/httpjson.h"
#include "intake/httplines.h"
#include "intake/journal.h"
#include "intake/loki.h"
#include "intake/osquery.h"
#include "intake/otlp.h"
#include "pack/proto.h"

#define KEPT_MAX 16

/* What was given: events copied by encoding them. */
static struct {
	unsigned n;
	struct buf row[KEPT_MAX];
	struct event ev[KEPT_MAX];
	char id[KEPT_MAX][128];
} kept;
static struct httpfeed feed;

static void
keep(void *arg, const struct event *ev, struct span id)
{
	struct fault why;
	unsigned n = kept.n;

	(void)arg;
	assert_true(n < KEPT_MAX);
	buf_reset(&kept.row[n]);
	event_encode(&kept.row[n], ev);
	if (event_decode(buf_view(&kept.row[n]), &kept.ev[n], &why) != ERR_OK)
		fail_msg("%s", why.text);
	(void)snprintf(kept.id[n], sizeof kept.id[n], "%.*s", (int)id.len,
	    id.len == 0 ? "" : (const char *)id.at);
	kept.n++;
}

static int
begin(void **state)
{
	(void)state;
	kept.n = 0;
	for (unsigned i = 0; i < KEPT_MAX; i++)
		buf_init(&kept.row[i], 1 << 18);
	feed = (struct httpfeed){ .counts = counts_new(),
		.arena = arena_new(HTTPFEED_ARENA),
		.received_us = INT64_C(1732248000000000),
		.sender = SPAN_LIT("192.0.2.7"),
		.fn = keep };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEPT_MAX; i++)
		buf_clear(&kept.row[i]);
	counts_free(feed.counts);
	arena_free(feed.arena);
	return 0;
}

static void
is(struct span got, const char *wanted)
{
	if (!span_is(got, wanted))
		fail_msg("got '%.*s', wanted '%s'", (int)got.len,
		    got.len == 0 ? "" : (const char *)got.at, wanted);
}

static void
instant_is(int64_t us, const char *wanted)
{
	int64_t t = 0;

	assert_int_equal(when_parse(span_text(wanted), &t, NULL), ERR_OK);
	assert_int_equal(us, t);
}

static void
a_filebeat_document_keeps_its_bytes_and_names_its_host(void **state)
{
	static const char doc[] =
	    "{\"@timestamp\":\"2024-11-22T03:59:58.123Z\",\"log\":{\"offset\":"
	    "7,\"file\":{\"path\":\"/var/log/auth.log\"}},\"message\":\"Nov 22 "
	    "11:59:58 web1 sshd[764]: Failed password for root from 192.0.2.9 "
	    "port 22 ssh2\",\"input\":{\"type\":\"filestream\"},\"host\":{"
	    "\"name\":\"shipper\"},\"agent\":{\"type\":\"filebeat\"}}";
	struct fault why;

	(void)state;
	assert_int_equal(httpdoc_give(&feed, span_text(doc), SPAN_EMPTY,
			     SPAN_EMPTY, SPAN_EMPTY, &why),
	    ERR_OK);
	assert_int_equal(kept.n, 1);
	is(kept.ev[0].raw, doc);
	is(kept.ev[0].host, "web1");
	is(kept.ev[0].app, "sshd");
	is(kept.ev[0].proc, "764");
	is(kept.ev[0].message,
	    "Failed password for root from 192.0.2.9 port 22 ssh2");
	instant_is(kept.ev[0].event_us, "2024-11-22T03:59:58Z");
	assert_int_equal(kept.ev[0].via, VIA_HTTP);
}

static void
ecs_says_who_signed_in_from_where(void **state)
{
	static const char doc[] =
	    "{\"@timestamp\":\"2024-11-22T04:00:00Z\",\"event\":{\"category\":["
	    "\"authentication\"],\"type\":[\"start\"],\"outcome\":\"failure\","
	    "\"action\":\"user_login\",\"code\":4625},\"user.name\":\"alice\","
	    "\"source\":{\"ip\":\"2001:db8::7\",\"port\":52814},\"host.name\":"
	    "\"dc1\",\"process\":{\"name\":\"login\",\"pid\":9},\"log\":{"
	    "\"level\":\"warning\",\"syslog\":{\"facility\":{\"code\":10}}},"
	    "\"message\":\"no\"}";
	struct event *ev = &kept.ev[0];

	(void)state;
	assert_int_equal(httpdoc_give(&feed, span_text(doc), SPAN_EMPTY,
			     SPAN_EMPTY, SPAN_EMPTY, NULL),
	    ERR_OK);
	assert_int_equal(ev->category, CAT_SIGN_IN_FAILED);
	is(ev->field[FIELD_USER], "alice");
	is(ev->field[FIELD_SRC_IP], "2001:db8::7");
	is(ev->field[FIELD_SRC_PORT], "52814");
	is(ev->field[FIELD_ACTION], "user_login");
	is(ev->field[FIELD_CODE], "4625");
	is(ev->host, "dc1");
	is(ev->app, "login");
	is(ev->proc, "9");
	assert_int_equal(ev->severity, 4);
	assert_int_equal(ev->facility, 10);
}

/* Fluent Bit writes Chinese as \u escapes: searches must find it. */
static void
a_message_behind_escapes_is_written_out(void **state)
{
	static const char doc[] = "{\"date\":1732248000.5,\"log\":"
				  "\"\\u5317\\u9580 \\ud83d\\ude00 \\\"ok\\\"\""
				  ",\"tag\":\"portal[7]:\"}";

	(void)state;
	assert_int_equal(httpdoc_give(&feed, span_text(doc), SPAN_EMPTY,
			     SPAN_LIT("h1"), SPAN_EMPTY, NULL),
	    ERR_OK);
	is(kept.ev[0].message, "北門 😀 \"ok\"");
	assert_true(span_starts(kept.ev[0].raw, doc));
	assert_int_equal(kept.ev[0].raw.at[sizeof doc - 1], '\n');
	is(kept.ev[0].app, "portal");
	is(kept.ev[0].proc, "7");
	is(kept.ev[0].host, "h1");
	assert_int_equal(kept.ev[0].event_us, INT64_C(1732248000500000));
}

static void
a_bad_document_is_refused_by_itself(void **state)
{
	static const char body[] =
	    "{\"index\":{\"_index\":\"logs\",\"_id\":\"a1\"}}\n"
	    "{\"message\":\"one\"}\n"
	    "{\"create\":{}}\n"
	    "{\"message\":\"two\n"
	    "{\"delete\":{\"_id\":\"a1\"}}\n"
	    "{\"create\":{\"_index\":\"x\"}}\r\n"
	    "{\"message\":\"three\"}";
	struct bulk b = { .index = SPAN_LIT("path") };
	struct buf answer;
	struct fault why;

	(void)state;
	buf_init(&answer, 1 << 16);
	assert_int_equal(
	    bulk_read(&feed, &b, span_text(body), &answer, &why), ERR_OK);
	assert_int_equal(kept.n, 2);
	assert_int_equal(b.refused, 2);
	is(kept.ev[0].message, "one");
	is(kept.ev[1].raw, "{\"message\":\"three\"}");
	assert_string_equal(kept.id[0], "es logs a1");
	assert_string_equal(kept.id[1], "");
	assert_non_null(strstr(buf_string(&answer), "\"errors\":true"));
	assert_non_null(
	    strstr(buf_string(&answer), "{\"create\":{\"_index\":\"path\","));
	assert_non_null(
	    strstr(buf_string(&answer), "line 4: not JSON at byte 16"));
	buf_reset(&answer);
	b.brief = true;
	kept.n = 0;
	assert_int_equal(
	    bulk_read(&feed, &b, SPAN_LIT("{\"index\":{}}\n{\"a\":1}\n"),
		&answer, &why),
	    ERR_OK);
	assert_string_equal(buf_string(&answer),
	    "{\"errors\":false,\"items\":[{\"index\":{\"status\":201}}]}");
	buf_clear(&answer);
}

static void
a_line_that_is_no_action_refuses_the_whole(void **state)
{
	static const char *const bad[] = { "", "\n\n", "{}\n{}\n",
		"{\"index\":{}}\n", "{\"index\":[]}\n{}\n",
		"{\"index\":{}}\n{\"m\":1}\nhello\n{}\n",
		"{\"grow\":{}}\n{}\n" };
	struct bulk b = { .index = SPAN_LIT("path") };
	struct buf answer;

	(void)state;
	buf_init(&answer, 1 << 16);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    bulk_read(&feed, &b, span_text(bad[i]), &answer, NULL),
		    ERR_SYNTAX);
	assert_int_equal(kept.n, 0);
	assert_int_equal(answer.len, 0);
	buf_clear(&answer);
}

static void
loki_lines_keep_their_labels_and_their_bytes(void **state)
{
	static const char body[] =
	    "{\"streams\":[{\"stream\":{\"job\":\"varlogs\",\"host\":\"web1\","
	    "\"level\":\"error\"},\"values\":[[\"1732248000000000123\","
	    "\"say \\\"hi\\\" 北門\",{\"trace\":\"t1\"}],[\"x\",\"no time\"],"
	    "[\"1732248000000000124\",\"two\"]]}]}";
	uint64_t refused = 0;
	struct fault why;

	(void)state;
	assert_int_equal(
	    loki_json(&feed, span_text(body), &refused, &why), ERR_OK);
	assert_int_equal(refused, 1);
	assert_string_equal(
	    why.text, "entry 2: its time is not nanoseconds in digits");
	assert_int_equal(kept.n, 2);
	is(kept.ev[0].raw,
	    "{job=\"varlogs\",host=\"web1\",level=\"error\"} "
	    "1732248000000000123 {trace=\"t1\"} say \"hi\" 北門");
	is(kept.ev[0].message, "say \"hi\" 北門");
	is(kept.ev[0].host, "web1");
	is(kept.ev[0].app, "varlogs");
	assert_int_equal(kept.ev[0].severity, 3);
	assert_int_equal(kept.ev[0].event_us, INT64_C(1732248000000000));
}

/* One stream of Loki's protobuf form. */
static void
loki_body(struct buf *b)
{
	struct buf stream, entry, time;

	buf_init(&stream, 1024);
	buf_init(&entry, 1024);
	buf_init(&time, 64);
	proto_varint(&time, 1, 1732248000);
	proto_varint(&time, 2, 7);
	proto_bytes(&entry, 1, buf_view(&time));
	proto_bytes(&entry, 2, SPAN_LIT("line one"));
	proto_bytes(&stream, 1, SPAN_LIT("{app=\"portal\", hostname=\"w2\"}"));
	proto_bytes(&stream, 2, buf_view(&entry));
	proto_bytes(b, 1, buf_view(&stream));
	buf_clear(&stream);
	buf_clear(&entry);
	buf_clear(&time);
}

static void
loki_protobuf_gives_the_same_and_nothing_when_cut(void **state)
{
	uint64_t refused;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	loki_body(&b);
	for (size_t n = 1; n < b.len; n++)
		assert_int_equal(
		    loki_proto(
			&feed, span_slice(buf_view(&b), 0, n), &refused, NULL),
		    ERR_SYNTAX);
	assert_int_equal(kept.n, 0);
	assert_int_equal(
	    loki_proto(&feed, buf_view(&b), &refused, NULL), ERR_OK);
	assert_int_equal(kept.n, 1);
	is(kept.ev[0].raw,
	    "{app=\"portal\", hostname=\"w2\"} "
	    "1732248000000000007 line one");
	is(kept.ev[0].host, "w2");
	is(kept.ev[0].app, "portal");
	buf_clear(&b);
}

static void
otlp_json_names_resource_severity_and_trace(void **state)
{
	static const char body[] =
	    "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":"
	    "\"service.name\",\"value\":{\"stringValue\":\"portal\"}},{\"key\":"
	    "\"host.name\",\"value\":{\"stringValue\":\"k1\"}}]},\"scopeLogs\":"
	    "[{\"scope\":{\"name\":\"s\"},\"logRecords\":[{\"timeUnixNano\":"
	    "\"1732248000000001000\",\"severityNumber\":17,\"body\":{"
	    "\"stringValue\":\"it broke\"},\"attributes\":[{\"key\":"
	    "\"user.name\",\"value\":{\"stringValue\":\"bob\"}},{\"key\":"
	    "\"http.response.status_code\",\"value\":{\"intValue\":\"500\"}}],"
	    "\"traceId\":\"5b8efff798038103d269b633813fc60c\"},7]}]}]}";
	uint64_t refused = 0;
	struct fault why;

	(void)state;
	assert_int_equal(
	    otlp_json(&feed, span_text(body), &refused, &why), ERR_OK);
	assert_int_equal(refused, 1);
	assert_string_equal(why.text, "log record 2 is no object");
	assert_int_equal(kept.n, 1);
	is(kept.ev[0].host, "k1");
	is(kept.ev[0].app, "portal");
	is(kept.ev[0].message, "it broke");
	is(kept.ev[0].field[FIELD_USER], "bob");
	is(kept.ev[0].field[FIELD_STATUS], "500");
	assert_int_equal(kept.ev[0].severity, 3);
	assert_int_equal(kept.ev[0].event_us, INT64_C(1732248000000001));
	assert_true(span_starts(kept.ev[0].raw,
	    "{\"logRecord\":{\"timeUnixNano\":\"1732248000000001000\""));
	assert_true(span_ends(kept.ev[0].raw, ",\"scope\":{\"name\":\"s\"}}"));
}

/* name: value as an OTLP attribute of text. */
static void
attribute(struct buf *to, uint32_t number, const char *name, const char *value)
{
	struct buf pair, any;

	buf_init(&pair, 512);
	buf_init(&any, 512);
	proto_bytes(&any, 1, span_text(value));
	proto_bytes(&pair, 1, span_text(name));
	proto_bytes(&pair, 2, buf_view(&any));
	proto_bytes(to, number, buf_view(&pair));
	buf_clear(&pair);
	buf_clear(&any);
}

static void
otlp_body(struct buf *b)
{
	struct buf r, resource, scope, record, any;

	buf_init(&r, 4096);
	buf_init(&resource, 1024);
	buf_init(&scope, 4096);
	buf_init(&record, 1024);
	buf_init(&any, 1024);
	attribute(&resource, 1, "service.name", "portal");
	attribute(&resource, 1, "host.name", "k1");
	proto_fixed64(&record, 1, UINT64_C(1732248000000001000));
	proto_varint(&record, 2, 9);
	proto_bytes(&any, 1, SPAN_LIT("hello 北門"));
	proto_bytes(&record, 5, buf_view(&any));
	attribute(&record, 6, "client.address", "192.0.2.1");
	proto_bytes(&record, 9, SPAN_LIT("\x5b\x8e\xff"));
	proto_bytes(&scope, 2, buf_view(&record));
	proto_bytes(&r, 1, buf_view(&resource));
	proto_bytes(&r, 2, buf_view(&scope));
	proto_bytes(b, 1, buf_view(&r));
	buf_clear(&r);
	buf_clear(&resource);
	buf_clear(&scope);
	buf_clear(&record);
	buf_clear(&any);
}

static void
otlp_protobuf_is_kept_in_otlp_json(void **state)
{
	uint64_t refused;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	otlp_body(&b);
	for (size_t n = 1; n < b.len; n++)
		assert_int_equal(
		    otlp_proto(
			&feed, span_slice(buf_view(&b), 0, n), &refused, NULL),
		    ERR_SYNTAX);
	assert_int_equal(
	    otlp_proto(&feed, buf_view(&b), &refused, NULL), ERR_OK);
	assert_int_equal(kept.n, 1);
	is(kept.ev[0].raw,
	    "{\"logRecord\":{\"timeUnixNano\":\"1732248000000001000\","
	    "\"severityNumber\":9,\"body\":{\"stringValue\":\"hello 北門\"},"
	    "\"attributes\":[{\"key\":\"client.address\",\"value\":{"
	    "\"stringValue\":\"192.0.2.1\"}}],\"traceId\":\"5b8eff\"},"
	    "\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
	    "{\"stringValue\":\"portal\"}},{\"key\":\"host.name\",\"value\":{"
	    "\"stringValue\":\"k1\"}}]},\"scope\":{}}");
	is(kept.ev[0].host, "k1");
	is(kept.ev[0].field[FIELD_SRC_IP], "192.0.2.1");
	is(kept.ev[0].message, "hello 北門");
	assert_int_equal(kept.ev[0].severity, 6);
	buf_clear(&b);
}

/* Values inside values without end must not eat the stack. */
static void
otlp_values_nested_too_deep_are_refused(void **state)
{
	struct buf in, out, record, b;
	uint64_t refused;

	(void)state;
	buf_init(&in, 1 << 16);
	buf_init(&out, 1 << 16);
	buf_init(&record, 1 << 16);
	buf_init(&b, 1 << 16);
	for (unsigned i = 0; i <= 200; i++) {
		buf_reset(&out);
		proto_bytes(&out, i % 2 == 0 ? 5 : 1, buf_view(&in));
		buf_reset(&in);
		buf_span(&in, buf_view(&out));
	}
	proto_bytes(&record, 5, buf_view(&in));
	buf_reset(&out);
	proto_bytes(&out, 2, buf_view(&record));
	buf_reset(&in);
	proto_bytes(&in, 2, buf_view(&out));
	proto_bytes(&b, 1, buf_view(&in));
	assert_int_equal(
	    otlp_proto(&feed, buf_view(&b), &refused, NULL), ERR_SYNTAX);
	assert_int_equal(kept.n, 0);
	buf_clear(&in);
	buf_clear(&out);
	buf_clear(&record);
	buf_clear(&b);
}

static void
osquery_rows_are_records(void **state)
{
	static const char body[] =
	    "{\"node_key\":\"k\",\"log_type\":\"result\",\"data\":[{\"name\":"
	    "\"pack_users\",\"hostIdentifier\":\"pc9\",\"calendarTime\":\"x\","
	    "\"unixTime\":1732248000,\"epoch\":0,\"counter\":1,\"columns\":{"
	    "\"username\":\"carol\",\"cmdline\":\"sh -c id\"},\"action\":"
	    "\"added\"},5,{\"hostIdentifier\":\"pc9\",\"unixTime\":\"1732248001"
	    "\",\"severity\":\"1\",\"filename\":\"a.cpp\",\"line\":\"3\","
	    "\"message\":\"low disk\",\"version\":\"5.15.0\"}]}";
	struct osquery_head h;
	uint64_t refused = 0;

	(void)state;
	assert_int_equal(
	    osquery_head(feed.arena, span_text(body), &h, NULL), ERR_OK);
	is(h.key, "k");
	assert_int_equal(
	    osquery_log(&feed, span_text(body), &refused, NULL), ERR_OK);
	assert_int_equal(refused, 1);
	assert_int_equal(kept.n, 2);
	is(kept.ev[0].host, "pc9");
	is(kept.ev[0].msgid, "pack_users");
	is(kept.ev[0].field[FIELD_USER], "carol");
	is(kept.ev[0].field[FIELD_ACTION], "added");
	assert_int_equal(kept.ev[0].event_us, INT64_C(1732248000000000));
	is(kept.ev[1].message, "low disk");
	assert_int_equal(kept.ev[1].severity, 4);
}

static const char entries[] =
    "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1732248000000001\n"
    "_HOSTNAME=web3\nPRIORITY=4\nSYSLOG_IDENTIFIER=sshd\n_PID=7\n"
    "MESSAGE\n\x0b\0\0\0\0\0\0\0two\nlines\xff \n_COMM=x\n\n"
    "__CURSOR=s=1;i=3\nMESSAGE=plain\n_TRANSPORT=kernel\n";

/* However the stream is cut, the same two entries come out. */
static void
journal_entries_come_whole_however_they_are_cut(void **state)
{
	const struct span all = span_of(entries, sizeof entries - 1);

	(void)state;
	for (size_t cut = 1; cut < all.len; cut += 3) {
		struct journal *j = journal_new();
		struct fault why;

		assert_non_null(j);
		kept.n = 0;
		for (size_t at = 0; at < all.len; at += cut)
			if (journal_feed(j, &feed, span_slice(all, at, cut),
				&why) != ERR_OK)
				fail_msg("%s", why.text);
		assert_int_equal(journal_end(j, &feed, &why), ERR_OK);
		journal_free(j);
		assert_int_equal(kept.n, 2);
		assert_int_equal(kept.ev[0].message.len, 11);
		is(kept.ev[0].host, "web3");
		is(kept.ev[0].app, "sshd");
		is(kept.ev[0].proc, "7");
		assert_int_equal(kept.ev[0].severity, 4);
		assert_int_equal(
		    kept.ev[0].event_us, INT64_C(1732248000000001));
		assert_int_equal(kept.ev[0].parse, PARSE_BAD_UTF8);
		assert_string_equal(kept.id[0], "journal s=1;i=2");
		is(kept.ev[1].message, "plain");
		is(kept.ev[1].app, "kernel");
		is(kept.ev[1].raw,
		    "__CURSOR=s=1;i=3\nMESSAGE=plain\n"
		    "_TRANSPORT=kernel\n");
	}
}

static void
a_journal_stream_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *at;
		size_t len;
	} bad[] = { { "hello world\n", 12 }, { "a=b\n", 4 }, { "=b\n", 3 },
		{ "A\n\xff\xff\xff\xff\xff\xff\xff\xffx", 11 },
		{ "A\n\x01\0\0\0\0\0\0\0xy\n", 13 } };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct journal *j = journal_new();

		assert_int_equal(journal_feed(j, &feed,
				     span_of(bad[i].at, bad[i].len), NULL),
		    ERR_SYNTAX);
		journal_free(j);
	}
	assert_int_equal(kept.n, 0);
}

static void
plain_lines_and_lists_are_records(void **state)
{
	struct fault why;

	(void)state;
	assert_int_equal(
	    httplines_read(&feed,
		SPAN_LIT("<34>1 2024-11-22T12:00:00+08:00 h app 1 - - one\r\n"
			 "\n{\"message\":\"two\",\"host\":\"x\"}\n{broken\n"),
		&why),
	    ERR_OK);
	assert_int_equal(kept.n, 3);
	is(kept.ev[0].app, "app");
	is(kept.ev[0].message, "one");
	is(kept.ev[1].host, "x");
	is(kept.ev[2].raw, "{broken");
	kept.n = 0;
	assert_int_equal(
	    httplines_read(&feed,
		SPAN_LIT("[{\"msg\":\"a\"},\"b\",{\"msg\":\"c\"}]"), &why),
	    ERR_OK);
	assert_int_equal(kept.n, 3);
	is(kept.ev[1].raw, "b");
	assert_int_equal(
	    httplines_read(&feed, SPAN_LIT("[{\"msg\":\"a\"},"), &why),
	    ERR_SYNTAX);
	assert_int_equal(kept.n, 3);
}

static void
json_is_held_to_its_grammar(void **state)
{
	static const char *const good[] = { "{}", "[]", " [1, -2.5e+3,true] ",
		"\"\\u00e9\\\\\"", "{\"a\":[{\"b\":null}],\"c\":{}}", "0" };
	static const char *const bad[] = { "", "{", "[1,]", "{\"a\"}", "01",
		"1.", "tru", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "[1 2]",
		"{\"a\":1,}", "{1:2}", "[1]]", "\"", "-", "nul", "{\"a\":}" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct httpjson j = httpjson_of(span_text(good[i]));

		assert_true(httpjson_skip(&j, NULL) && httpjson_done(&j));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct httpjson j = httpjson_of(span_text(bad[i]));

		if (httpjson_skip(&j, NULL) && httpjson_done(&j))
			fail_msg("taken for JSON: %s", bad[i]);
	}
}

static void
json_deeper_than_its_limit_is_refused(void **state)
{
	struct httpjson j;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < 100000; i++)
		buf_text(&b, "[");
	j = httpjson_of(buf_view(&b));
	assert_false(httpjson_skip(&j, NULL));
	assert_int_equal(j.pos, HTTPJSON_DEPTH_MAX);
	buf_clear(&b);
}

static void
one_small_body_cannot_become_very_many_bytes(void **state)
{
	struct buf b;
	uint64_t refused = 0;

	(void)state;
	feed.bytes = HTTPFEED_BYTES_MAX;
	buf_init(&b, 4096);
	loki_body(&b);
	assert_int_equal(
	    loki_proto(&feed, buf_view(&b), &refused, NULL), ERR_OK);
	assert_int_equal(refused, 1);
	buf_reset(&b);
	otlp_body(&b);
	assert_int_equal(
	    otlp_proto(&feed, buf_view(&b), &refused, NULL), ERR_OK);
	assert_int_equal(refused, 1);
	assert_int_equal(kept.n, 0);
	buf_clear(&b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_filebeat_document_keeps_its_bytes_and_names_its_host),
		TEST(ecs_says_who_signed_in_from_where),
		TEST(a_message_behind_escapes_is_written_out),
		TEST(a_bad_document_is_refused_by_itself),
		TEST(a_line_that_is_no_action_refuses_the_whole),
		TEST(loki_lines_keep_their_labels_and_their_bytes),
		TEST(loki_protobuf_gives_the_same_and_nothing_when_cut),
		TEST(otlp_json_names_resource_severity_and_trace),
		TEST(otlp_protobuf_is_kept_in_otlp_json),
		TEST(otlp_values_nested_too_deep_are_refused),
		TEST(osquery_rows_are_records),
		TEST(journal_entries_come_whole_however_they_are_cut),
		TEST(a_journal_stream_that_is_none_is_refused),
		TEST(plain_lines_and_lists_are_records),
		TEST(json_is_held_to_its_grammar),
		TEST(json_deeper_than_its_limit_is_refused),
		TEST(one_small_body_cannot_become_very_many_bytes),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
