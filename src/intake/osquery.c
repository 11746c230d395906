/*
 * intake/osquery.c: requests of osqueryd.
 *
 * Works on  JSON, hostile.
 * Runs in   proc/ingest.c.
 */
#include "intake/osquery.h"

#include "intake/httpdoc.h"
#include "intake/httpjson.h"

enum err
osquery_head(struct arena *a, struct span body, struct osquery_head *h,
    struct fault *why)
{
	struct httpjson j = httpjson_of(body);
	struct httpjson_text key;

	*h = (struct osquery_head){ .secret = SPAN_EMPTY };
	if (httpjson_kind(&j) != HTTPJSON_OBJECT)
		return fault_set(why, ERR_SYNTAX, "not a JSON object");
	(void)httpjson_enter(&j, '{');
	while (httpjson_key(&j, &key)) {
		struct span *to = httpjson_is(&key, "enroll_secret")
		    ? &h->secret
		    : httpjson_is(&key, "host_identifier") ? &h->host
		    : httpjson_is(&key, "node_key")        ? &h->key
							   : NULL;
		struct httpjson_text t;

		if (to == NULL) {
			(void)httpjson_skip(&j, NULL);
			continue;
		}
		t = httpjson_scalar(&j);
		*to = httpjson_plain(a, &t);
	}
	if (!httpjson_done(&j))
		return fault_set(
		    why, ERR_SYNTAX, "not JSON at byte %zu", j.pos + 1);
	return ERR_OK;
}

/* What a row's columns say. */
static void
columns_read(struct arena *a, struct httpjson *j, struct event *ev)
{
	static const struct {
		const char *name;
		enum event_field to;
	} rows[] = {
		{ "username", FIELD_USER },
		{ "user", FIELD_USER },
		{ "cmdline", FIELD_COMMAND },
		{ "remote_address", FIELD_SRC_IP },
		{ "remote_port", FIELD_SRC_PORT },
	};
	struct httpjson_text key, t;

	if (httpjson_kind(j) != HTTPJSON_OBJECT) {
		(void)httpjson_skip(j, NULL);
		return;
	}
	(void)httpjson_enter(j, '{');
	while (httpjson_key(j, &key)) {
		t = httpjson_scalar(j);
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
			if (httpjson_is(&key, rows[i].name) && t.raw.len > 0 &&
			    ev->field[rows[i].to].len == 0)
				ev->field[rows[i].to] = httpjson_plain(a, &t);
	}
}

/* osquery's status severities: 0 info, 1 warning, 2 error, 3 fatal. */
static uint8_t
severity_of(struct span s)
{
	static const uint8_t of[] = { 6, 4, 3, 2 };
	uint64_t n;

	return span_number(s, 3, &n) ? of[n] : EVENT_NO_SEVERITY;
}

static void
element_give(struct httpfeed *f, struct span doc)
{
	struct httpjson j = httpjson_of(doc);
	struct httpjson_text key, message = { SPAN_EMPTY, false }, t;
	struct event ev, from;
	struct span text;

	httpfeed_begin(f, &ev);
	ev.app = SPAN_LIT("osquery");
	(void)httpjson_enter(&j, '{');
	while (httpjson_key(&j, &key)) {
		if (httpjson_is(&key, "columns")) {
			columns_read(f->arena, &j, &ev);
			continue;
		}
		t = httpjson_scalar(&j);
		if (t.raw.len == 0)
			continue;
		if (httpjson_is(&key, "hostIdentifier"))
			ev.host = httpjson_plain(f->arena, &t);
		else if (httpjson_is(&key, "unixTime"))
			(void)httpfeed_time(t.raw, &ev.event_us);
		else if (httpjson_is(&key, "name"))
			ev.msgid = httpjson_plain(f->arena, &t);
		else if (httpjson_is(&key, "action"))
			ev.field[FIELD_ACTION] = httpjson_plain(f->arena, &t);
		else if (httpjson_is(&key, "severity"))
			ev.severity = severity_of(t.raw);
		else if (httpjson_is(&key, "message"))
			message = t;
	}
	from = ev;
	text = httpjson_plain(f->arena, &message);
	ev.message = doc;
	httpfeed_rules(f, &ev);
	for (unsigned i = 0; i < FIELD_N; i++)
		if (ev.field[i].at == NULL)
			ev.field[i] = from.field[i];
	ev.message = message.raw;
	httpdoc_raw(f, &message, text, doc, &ev);
	httpfeed_give(f, &ev, SPAN_EMPTY);
}

enum err
osquery_log(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why)
{
	struct httpjson j = httpjson_of(body);
	struct httpjson_text key;
	struct span s, data = SPAN_EMPTY;

	if (!httpjson_enter(&j, '{'))
		return fault_set(why, ERR_SYNTAX, "not a JSON object");
	while (httpjson_key(&j, &key))
		if (httpjson_skip(&j, &s) && httpjson_is(&key, "data"))
			data = s;
	if (!httpjson_done(&j))
		return fault_set(
		    why, ERR_SYNTAX, "not JSON at byte %zu", j.pos + 1);
	j = httpjson_of(data);
	if (!httpjson_enter(&j, '['))
		return fault_set(
		    why, ERR_SYNTAX, "a log request has a list \"data\"");
	*refused = 0;
	while (httpjson_item(&j)) {
		bool fits = httpjson_kind(&j) == HTTPJSON_OBJECT;

		if (!httpjson_skip(&j, &s))
			break;
		if (fits)
			element_give(f, s);
		else
			(*refused)++;
	}
	return ERR_OK;
}
