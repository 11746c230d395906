/*
 * intake/syslog.c: the PRI, the RFC 5424 header, and what kind a line is.
 *
 * Works on  one record, hostile; reads it once from left to right.
 * Source    RFC 5424, RFC 3164.
 */
#include "intake/syslog.h"

#include "base/text.h"
#include "intake/bsd.h"
#include "intake/scan.h"
#include "intake/stamp.h"

#define PRI_MAX 191

static struct span
drop(struct span s, size_t n)
{
	return n >= s.len ? SPAN_EMPTY : span_of(s.at + n, s.len - n);
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* At most EVENT_TEXT_MAX bytes, cut between characters; "-" is nothing. */
static struct span
short_text(struct span s)
{
	if (s.len == 1 && s.at[0] == '-')
		return SPAN_EMPTY;
	if (s.len <= EVENT_TEXT_MAX)
		return s;
	return span_slice(s, 0, text_cut((const char *)s.at, EVENT_TEXT_MAX));
}

/* Without the NULs and line ends that senders close a datagram with. */
static struct span
without_end(struct span s)
{
	while (s.len > 0 &&
	    (s.at[s.len - 1] == '\0' || s.at[s.len - 1] == '\n' ||
		s.at[s.len - 1] == '\r'))
		s.len--;
	return s;
}

/* Well-formed UTF-8 without NUL; ASCII goes eight bytes at a time. */
static bool
is_text(struct span s)
{
	size_t n = 0;

	while (n < s.len) {
		while (s.len - n >= 8) {
			uint64_t w = scan_word(s, n);

			if (((w & SCAN_HIGHS) | scan_zero(w)) != 0)
				break;
			n += 8;
		}
		while (n < s.len && s.at[n] > 0 && s.at[n] < 0x80)
			n++;
		if (n < s.len && (s.at[n] == 0 || s.at[n] >= 0x80)) {
			size_t rune = s.at[n] == 0
			    ? 0
			    : text_rune(drop(s, n), NULL);

			if (rune == 0)
				return false;
			n += rune;
		}
	}
	return true;
}

/*
 * Reads "<134>" at the front. Returns its length; 0 when the line has no PRI
 * or none whose end could be found, and *bad tells the latter.
 */
static size_t
pri_read(struct span s, struct event *ev, bool *bad)
{
	unsigned pri = 0;
	size_t n = 1, end;

	if (s.len == 0 || s.at[0] != '<')
		return 0;
	/* "<Event xmlns=…" is a message that begins so. */
	if (s.len > 1 && !is_digit(s.at[1]) &&
	    span_find(SPAN_LIT("+-> \t"), s.at[1]) == SIZE_MAX)
		return 0;
	while (n < s.len && n < 4 && is_digit(s.at[n]))
		pri = pri * 10 + (unsigned)(s.at[n++] - '0');
	if (n > 1 && n < s.len && s.at[n] == '>' && pri <= PRI_MAX) {
		ev->facility = (uint8_t)(pri / 8);
		ev->severity = (uint8_t)(pri % 8);
		return n + 1;
	}
	*bad = true;
	end = span_find(span_slice(s, 0, 16), '>');
	return end == SIZE_MAX ? 0 : end + 1;
}

/* Takes the next word and the space after it; false at the end. */
static bool
word_take(struct span *rest, struct span *word)
{
	size_t n = scan_for(*rest, 0, ' ', ' ');

	if (rest->len == 0)
		return false;
	*word = span_of(rest->at, n);
	*rest = drop(*rest, n + 1);
	return word->len > 0;
}

/* Bytes of one SD-ELEMENT at the front of s, brackets included; 0: none. */
static size_t
element_len(struct span s)
{
	bool quoted = false;

	if (!span_starts(s, "["))
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == ']' && !quoted)
			return i + 1;
	}
	return 0;
}

/* Takes the structured data off the front of *rest. */
static bool
params_take(struct span *rest, struct span *params)
{
	size_t n = 0, one;

	*params = SPAN_EMPTY;
	if (span_is(*rest, "-") || span_starts(*rest, "- ")) {
		*rest = drop(*rest, 2);
		return true;
	}
	while ((one = element_len(drop(*rest, n))) > 0)
		n += one;
	if (n == 0)
		return false;
	*params = span_slice(*rest, 0, n);
	*rest = drop(*rest, n);
	if (rest->len > 0 && rest->at[0] != ' ')
		return false;
	*rest = drop(*rest, 1);
	return true;
}

/* Whether a time, or the nil that stands for it, follows the version. */
static bool
is_5424(struct span s)
{
	struct span after;
	size_t used;
	int64_t us;

	if (s.len < 3 || s.at[0] != '1' || s.at[1] != ' ')
		return false;
	after = drop(s, 2);
	return span_starts(after, "- ") || span_is(after, "-") ||
	    stamp_iso(after, &used, &us) != STAMP_NONE ||
	    (after.len > 10 && is_digit(after.at[0]) && after.at[4] == '-');
}

/* The header after the version. Sets ev->parse to what it found wrong. */
static void
read_5424(struct span rest, struct event *ev, struct span *params)
{
	struct span whole = rest, word;
	struct span *const part[4] = { &ev->host, &ev->app, &ev->proc,
		&ev->msgid };
	size_t used;

	ev->parse = PARSE_RFC5424;
	if (!word_take(&rest, &word)) {
		ev->parse = PARSE_BAD_HEADER;
		return;
	}
	if (!span_is(word, "-") &&
	    (stamp_iso(word, &used, &ev->event_us) != STAMP_OK ||
		used != word.len)) {
		ev->event_us = 0;
		ev->parse = PARSE_BAD_TIME;
	}
	for (size_t i = 0; i < 4; i++) {
		if (!word_take(&rest, &word)) {
			ev->parse = PARSE_BAD_HEADER;
			ev->message = whole;
			return;
		}
		*part[i] = short_text(word);
	}
	if (!params_take(&rest, params))
		ev->parse = PARSE_BAD_HEADER;
	if (span_starts(rest, "\xEF\xBB\xBF"))
		rest = drop(rest, 3);
	ev->message = rest;
}

/* All but the UTF-8 judgement; structured data into *params. */
static void
header_read(
    struct span raw, int64_t received_us, struct event *ev, struct span *params)
{
	struct span line = without_end(raw);
	bool bad_pri = false;
	size_t pri = pri_read(line, ev, &bad_pri);

	line = drop(line, pri);
	if (is_5424(line))
		read_5424(drop(line, 2), ev, params);
	else if (bad_pri && pri == 0)
		ev->message = line;
	else
		bsd_read(line, received_us, pri > 0, ev);
	if (bad_pri)
		ev->parse = PARSE_BAD_PRI;
}

/* An event that knows nothing yet of its record. */
static void
event_blank(struct span raw, struct event *ev)
{
	ev->raw = raw;
	ev->event_us = 0;
	ev->parse = PARSE_BARE;
	ev->facility = ev->severity = EVENT_NO_SEVERITY;
	ev->host = ev->app = ev->proc = ev->msgid = SPAN_EMPTY;
	ev->message = SPAN_EMPTY;
}

void
syslog_parse(struct span raw, int64_t received_us, struct event *ev)
{
	struct span params = SPAN_EMPTY;

	event_blank(raw, ev);
	header_read(raw, received_us, ev, &params);
	ev->host = short_text(ev->host);
	ev->app = short_text(ev->app);
	ev->proc = short_text(ev->proc);
	ev->msgid = short_text(ev->msgid);
	if (!is_text(without_end(raw)))
		ev->parse = PARSE_BAD_UTF8;
}

struct span
syslog_params(struct span raw)
{
	struct event ev = { .received_us = 0 };
	struct span params = SPAN_EMPTY;

	event_blank(raw, &ev);
	header_read(raw, 0, &ev, &params);
	return params;
}

/* The value of `name` in what follows an SD-ID, up to the closing bracket. */
static struct span
element_param(struct span s, struct span name)
{
	while (s.len > 0) {
		size_t eq = span_find(s, '='), end;
		struct span key;

		if (eq == SIZE_MAX || eq + 1 >= s.len || s.at[eq + 1] != '"')
			return SPAN_EMPTY;
		key = span_trim(span_slice(s, 0, eq));
		s = drop(s, eq + 2);
		for (end = 0; end < s.len && s.at[end] != '"'; end++)
			end += s.at[end] == '\\';
		if (end >= s.len)
			return SPAN_EMPTY;
		if (span_equal(key, name))
			return span_of(s.at, end);
		s = drop(s, end + 1);
	}
	return SPAN_EMPTY;
}

struct span
syslog_param(struct span params, struct span id, struct span name)
{
	size_t n;

	for (; (n = element_len(params)) > 0; params = drop(params, n)) {
		struct span inside = span_slice(params, 1, n - 2);
		size_t space = span_find(inside, ' ');
		struct span got;

		if (space == SIZE_MAX)
			continue;
		if (!span_is(id, "*") &&
		    !span_equal(span_slice(inside, 0, space), id))
			continue;
		got = element_param(drop(inside, space + 1), name);
		if (got.at != NULL)
			return got;
	}
	return SPAN_EMPTY;
}
