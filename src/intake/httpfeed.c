/*
 * intake/httpfeed.c: what the records of all HTTP senders share.
 *
 * Works on  texts that were taken out of JSON, protobuf or a journal.
 * Runs in   proc/ingest.c.
 */
#include "intake/httpfeed.h"

#include "base/text.h"
#include "intake/stamp.h"
#include "intake/syslog.h"

void
httpfeed_begin(const struct httpfeed *f, struct event *ev)
{
	*ev = (struct event){
		.received_us = f->received_us,
		.via = VIA_HTTP,
		.parse = PARSE_BARE,
		.facility = EVENT_NO_SEVERITY,
		.severity = EVENT_NO_SEVERITY,
		.sender = f->sender,
	};
}

/* A header is believed when it names time and host: a message that merely
 * begins with a word is none. */
static bool
header_take(struct event *ev, struct span text, int64_t received_us)
{
	struct event in = { .received_us = received_us };

	syslog_parse(span_slice(text, 0, EVENT_RAW_MAX), received_us, &in);
	if ((in.parse != PARSE_RFC5424 && in.parse != PARSE_RFC3164) ||
	    in.event_us == 0 || in.host.len == 0 || in.app.len == 0)
		return false;
	ev->event_us = in.event_us;
	ev->host = in.host;
	ev->app = in.app;
	ev->proc = in.proc;
	ev->msgid = in.msgid;
	if (in.facility != EVENT_NO_SEVERITY)
		ev->facility = in.facility;
	if (in.severity != EVENT_NO_SEVERITY)
		ev->severity = in.severity;
	ev->message = in.message;
	ev->parse = in.parse;
	return true;
}

void
httpfeed_text(struct httpfeed *f, struct event *ev, struct span text)
{
	while (text.len > 0 &&
	    (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
		text.len--;
	ev->message = text;
	(void)header_take(ev, text, f->received_us);
	httpfeed_rules(f, ev);
}

void
httpfeed_rules(struct httpfeed *f, struct event *ev)
{
	if (f->rules != NULL)
		(void)normalize_apply(f->rules, f->arena, ev);
}

void
httpfeed_give(struct httpfeed *f, struct event *ev, struct span id)
{
	if (ev->raw.len > EVENT_RAW_MAX) {
		ev->raw.len = EVENT_RAW_MAX;
		ev->parse = PARSE_CUT;
		counts_add(f->counts, COUNTS_CUT, f->sender, 1);
	} else if (ev->parse == PARSE_BAD_UTF8) {
		counts_add(f->counts, COUNTS_BAD_UTF8, f->sender, 1);
	}
	f->given++;
	f->bytes += ev->raw.len;
	f->fn(f->arg, ev, id);
	arena_reset(f->arena);
}

bool
httpfeed_is_full(const struct httpfeed *f)
{
	return f->bytes >= HTTPFEED_BYTES_MAX;
}

void
httpfeed_line(struct httpfeed *f, struct span line)
{
	struct event ev;

	httpfeed_begin(f, &ev);
	syslog_parse(span_slice(line, 0, EVENT_RAW_MAX), f->received_us, &ev);
	httpfeed_rules(f, &ev);
	if (ev.parse == PARSE_BAD_PRI)
		counts_add(f->counts, COUNTS_BAD_PRI, f->sender, 1);
	else if (ev.parse == PARSE_BAD_HEADER)
		counts_add(f->counts, COUNTS_BAD_HEADER, f->sender, 1);
	else if (ev.parse == PARSE_BAD_TIME)
		counts_add(f->counts, COUNTS_BAD_TIME, f->sender, 1);
	ev.raw = line;
	httpfeed_give(f, &ev, SPAN_EMPTY);
}

uint8_t
httpfeed_severity(struct span s)
{
	static const struct {
		const char *name;
		uint8_t n;
	} names[] = {
		{ "info", 6 },
		{ "information", 6 },
		{ "informational", 6 },
		{ "warn", 4 },
		{ "warning", 4 },
		{ "err", 3 },
		{ "error", 3 },
		{ "notice", 5 },
		{ "debug", 7 },
		{ "trace", 7 },
		{ "verbose", 7 },
		{ "crit", 2 },
		{ "critical", 2 },
		{ "fatal", 2 },
		{ "alert", 1 },
		{ "emerg", 0 },
		{ "emergency", 0 },
		{ "panic", 0 },
	};

	s = span_trim(s);
	if (s.len == 1 && s.at[0] >= '0' && s.at[0] <= '7')
		return (uint8_t)(s.at[0] - '0');
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_equal_nocase(s, span_text(names[i].name)))
			return names[i].n;
	return EVENT_NO_SEVERITY;
}

uint8_t
httpfeed_facility(struct span s)
{
	static const char *const names[] = { "kern", "user", "mail", "daemon",
		"auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
		"ftp", "ntp", "audit", "alert", "clock", "local0", "local1",
		"local2", "local3", "local4", "local5", "local6", "local7" };
	uint64_t n;

	s = span_trim(s);
	if (span_number(s, 23, &n))
		return (uint8_t)n;
	for (uint8_t i = 0; i < 24; i++)
		if (span_equal_nocase(s, span_text(names[i])))
			return i;
	return EVENT_NO_SEVERITY;
}

bool
httpfeed_time(struct span s, int64_t *us)
{
	size_t used = 0;
	int64_t got = 0;

	s = span_trim(s);
	if (stamp_number(s, &got)) {
		*us = got;
		return true;
	}
	if ((stamp_iso(s, &used, &got) == STAMP_OK && used == s.len) ||
	    (stamp_epoch(s, &used, &got) == STAMP_OK && used == s.len)) {
		*us = got;
		return true;
	}
	return false;
}
