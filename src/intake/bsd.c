/*
 * intake/bsd.c: RFC 3164 in its real variety.
 *
 * About    time, host and tag, each of which may be missing, in the shapes of
 *          rsyslog, systemd, Cisco, Juniper, F5, Meraki and Windows agents.
 * Source   RFC 3164 sections 4.1 and 5.4; vendors' guides. Which word is the
 *          host follows rsyslog's parser where the line leaves it open.
 */
#include "intake/bsd.h"

#include "intake/scan.h"
#include "intake/stamp.h"

#define TAG_MAX 128
#define PROC_MAX 64

/* What a byte may be part of. */
enum { HOST = 1, TAG = 2, NAMED = 4 };

/* A host name or address: Windows names may be Chinese. A tag: what programs
 * are called. A host of marks only is none. */
static const uint8_t class[256] = {
	['0' ... '9'] = HOST | TAG | NAMED,
	['A' ... 'Z'] = HOST | TAG | NAMED,
	['a' ... 'z'] = HOST | TAG | NAMED,
	[0x80 ... 0xff] = HOST | NAMED,
	['.'] = HOST | TAG,
	['-'] = HOST | TAG,
	['_'] = HOST | TAG,
	[':'] = HOST,
	['/'] = HOST | TAG,
	['%'] = HOST,
	['['] = HOST,
	[']'] = HOST,
	['@'] = HOST | TAG,
	['('] = TAG,
	[')'] = TAG,
	['+'] = TAG,
	['#'] = TAG,
	['&'] = TAG,
	['~'] = TAG,
	['!'] = TAG,
	['*'] = TAG,
	['\\'] = TAG,
};

static struct span
drop(struct span s, size_t n)
{
	return n >= s.len ? SPAN_EMPTY : span_of(s.at + n, s.len - n);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The byte at i, 0 past the end. */
static uint8_t
at(struct span s, size_t i)
{
	return i < s.len ? s.at[i] : 0;
}

static struct span
skip_blanks(struct span s)
{
	size_t n = 0;

	while (n < s.len && is_blank(s.at[n]))
		n++;
	return n == 0 ? s : drop(s, n);
}

/* Bytes before the next blank. */
static size_t
word_len(struct span s)
{
	return scan_for(s, 0, ' ', '\t');
}

/* Any of the times at the front; *rest goes past it and its marks. */
static enum stamp
time_take(struct span *rest, int64_t received_us, struct event *ev)
{
	struct span s = *rest;
	enum stamp got;
	size_t used = 0;

	if (at(s, 0) == '*' || at(s, 0) == '.') /* Cisco: clock not in sync */
		s = drop(s, 1);
	got = stamp_bsd(s, received_us, &used, &ev->event_us);
	if (got == STAMP_NONE)
		got = stamp_iso(s, &used, &ev->event_us);
	if (got == STAMP_NONE)
		return got;
	s = drop(s, used);
	if (at(s, 0) == ':')
		s = drop(s, 1);
	*rest = skip_blanks(s);
	return got;
}

/* Cisco's "29: " or "000031: " before the time. */
static struct span
sequence_skip(struct span s)
{
	size_t n = 0;

	while (n < 12 && is_digit(at(s, n)))
		n++;
	if (n == 0 || at(s, n) != ':' || !is_blank(at(s, n + 1)))
		return s;
	return skip_blanks(drop(s, n + 1));
}

/* Time with what network devices put before it: sequence number, host. */
static enum stamp
lead_take(struct span *rest, int64_t received_us, struct event *ev)
{
	struct span s = skip_blanks(*rest), after;
	enum stamp got;
	size_t n;

	if (at(s, 0) == ':' && at(s, 1) == ' ') /* Cisco Nexus */
		s = drop(s, 2);
	got = time_take(&s, received_us, ev);
	if (got == STAMP_NONE) {
		s = sequence_skip(s);
		got = time_take(&s, received_us, ev);
	}
	n = word_len(s);
	if (got == STAMP_NONE && n > 1 && at(s, n - 1) == ':') {
		after = sequence_skip(skip_blanks(drop(s, n)));
		got = time_take(&after, received_us, ev);
		if (got != STAMP_NONE) {
			ev->host = span_slice(s, 0, n - 1);
			s = after;
		}
	}
	if (got != STAMP_NONE)
		*rest = s;
	return got;
}

/* Meraki: "1 1563249630.774247467 MX84 …". */
static enum stamp
meraki_take(struct span *rest, struct event *ev)
{
	struct span s = drop(*rest, 2);
	size_t used;

	if (at(*rest, 0) != '1' || at(*rest, 1) != ' ' ||
	    stamp_epoch(s, &used, &ev->event_us) != STAMP_OK ||
	    at(s, used) != ' ')
		return STAMP_NONE;
	*rest = skip_blanks(drop(s, used));
	return STAMP_OK;
}

static bool
is_host(struct span word)
{
	uint8_t any = 0;

	if (word.len == 0 || word.at[0] == '%' || word.at[0] == '/')
		return false;
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = class[word.at[i]];

		if ((c & HOST) == 0 || (i > 0 && word.at[i] == '['))
			return false;
		any |= c;
	}
	return (any & NAMED) != 0;
}

/* The "%FACILITY-5-MNEMONIC:" of Cisco at the front of s. */
static bool
is_cisco(struct span s)
{
	return at(s, 0) == '%' && is_alpha(at(s, 1)) &&
	    span_find(span_slice(s, 0, word_len(s)), '-') != SIZE_MAX;
}

/* Takes the host, if the next word is one rather than a tag or text. */
static void
host_take(struct span *rest, struct event *ev)
{
	size_t n = word_len(*rest);
	struct span word = span_slice(*rest, 0, n);
	struct span after = skip_blanks(drop(*rest, n));

	if (!is_host(word) || after.len == 0 ||
	    (word.at[0] == 'l' && span_starts(*rest, "last message repeated ")))
		return;
	if (at(word, n - 1) == ':') {
		if (!is_cisco(after)) /* "sshd: …": a tag, no host */
			return;
		word.len--;
	} else if (after.at[0] == ':' && span_starts(after, ": %")) {
		after = drop(after, 2);
	}
	ev->host = word;
	*rest = after;
}

/* "%ASA-6-302013: Built…": application ASA, message id the whole. */
static void
cisco_take(struct span *rest, struct event *ev)
{
	size_t n = word_len(*rest), dash;
	struct span id = span_slice(*rest, 1, n - 1);

	if (id.len > 1 && id.at[id.len - 1] == ':')
		id.len--;
	dash = span_find(id, '-');
	ev->app = span_slice(id, 0, dash);
	ev->msgid = id;
	*rest = drop(*rest, n);
}

/* "[1234]" at the front: the bytes it takes, 0 if it is none. */
static size_t
proc_len(struct span s)
{
	size_t end = span_find(span_slice(s, 0, PROC_MAX + 2), ']');
	uint8_t next;

	if (at(s, 0) != '[' || end == SIZE_MAX ||
	    word_len(span_slice(s, 0, end)) != end)
		return 0;
	next = at(s, end + 1);
	return next == ':' || next == 0 || is_blank(next) ? end + 1 : 0;
}

/* Whether a colon at i ends a tag, rather than standing in a word. */
static bool
colon_ends(struct span s, size_t i)
{
	uint8_t next = at(s, i + 1);

	/* "app:text" is a tag, "12:30" and "http://" are not. */
	if (is_alpha(next) && is_alpha(s.at[0]))
		return true;
	return next == 0 || is_blank(next) || next == '[' || next == '{' ||
	    next == '%';
}

/* Takes "app:", "app[1234]:" or "app[1234]" and sets app and proc. */
static bool
tag_take(struct span *rest, struct event *ev)
{
	struct span s = *rest;
	size_t n = 0, proc;

	while (n < TAG_MAX && n < s.len && (class[s.at[n]] & TAG) != 0)
		n++;
	if (n == 0)
		return false;
	switch (at(s, n)) {
	case ':':
		if (!colon_ends(s, n))
			return false;
		*rest = drop(s, n + 1);
		break;
	case '\t': /* Snare's MSWinEventLog */
		*rest = drop(s, n + 1);
		break;
	case '[':
		if ((proc = proc_len(drop(s, n))) == 0)
			return false;
		ev->proc = span_slice(s, n + 1, proc - 2);
		*rest = drop(s, n + proc);
		if (at(*rest, 0) == ':')
			*rest = drop(*rest, 1);
		break;
	default:
		return false;
	}
	ev->app = span_slice(s, 0, n);
	return true;
}

/* F5 and others name the severity in words before the tag. */
static bool
is_severity(struct span word)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err",
		"error", "warning", "warn", "notice", "info", "debug" };

	if (word.len < 3 || word.len > 7 ||
	    !is_alpha(word.at[word.len - 1])) /* nearly always a colon */
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_is(word, names[i]))
			return true;
	return false;
}

/* Takes whatever names the program. */
static bool
program_take(struct span *rest, struct event *ev)
{
	size_t n = word_len(*rest);
	struct span after;

	if (is_cisco(*rest)) {
		cisco_take(rest, ev);
		return true;
	}
	if (!is_severity(span_slice(*rest, 0, n)))
		return tag_take(rest, ev);
	after = skip_blanks(drop(*rest, n));
	if (!tag_take(&after, ev))
		return false;
	*rest = after;
	return true;
}

void
bsd_read(struct span line, int64_t received_us, bool pri, struct event *ev)
{
	struct span rest = line;
	enum stamp time = meraki_take(&rest, ev);
	bool epoch = time == STAMP_OK, program = false;

	if (!epoch)
		time = lead_take(&rest, received_us, ev);
	if (time != STAMP_NONE && ev->host.len == 0)
		host_take(&rest, ev);
	if (!epoch && (time != STAMP_NONE || pri))
		program = program_take(&rest, ev);
	rest = skip_blanks(rest);
	ev->message = time != STAMP_NONE || program ? rest : line;
	if (time == STAMP_BAD)
		ev->parse = PARSE_BAD_TIME;
	else if (time == STAMP_OK || program)
		ev->parse = PARSE_RFC3164;
	else
		ev->parse = PARSE_BARE;
	if (time != STAMP_OK)
		ev->event_us = 0;
}
