/*
 * intake/pattern_fit.c: a pattern tried on a message.
 *
 * Works on  hostile messages; each part is decided once, left to right.
 */
#include "intake/pattern_own.h"

#include <arpa/inet.h>

#include "intake/scan.h"
#include "intake/stamp.h"

/* What follows the first n bytes of s, n <= s.len. */
static struct span
after(struct span s, size_t n)
{
	return n == s.len ? SPAN_EMPTY : span_of(s.at + n, s.len - n);
}

/* Where the text of p first stands in s; SIZE_MAX if nowhere. */
static size_t
find_first(struct span s, const struct part *p)
{
	size_t at = p->rare, len = p->text.len;

	while ((at = scan_for(
		    s, at, p->text.at[p->rare], p->text.at[p->rare])) < s.len) {
		size_t from = at - p->rare;

		if (len > s.len - from)
			break;
		if (memcmp(s.at + from, p->text.at, len) == 0)
			return from;
		at++;
	}
	return SIZE_MAX;
}

/* Where it last stands. */
static size_t
find_last(struct span s, const struct part *p)
{
	size_t len = p->text.len;
	uint8_t first = p->text.at[0];

	if (len > s.len)
		return SIZE_MAX;
	for (size_t at = s.len - len + 1; at-- > 0;)
		if (s.at[at] == first &&
		    memcmp(s.at + at, p->text.at, len) == 0)
			return at;
	return SIZE_MAX;
}

/* Where a byte of the text of p first stands. */
static size_t
find_any(struct span s, const struct part *p)
{
	for (size_t i = 0; i < s.len; i++)
		if (span_find(p->text, s.at[i]) != SIZE_MAX)
			return i;
	return SIZE_MAX;
}

/* Bytes of a word: to the next blank, or to the literal that follows. */
static size_t
word_len(struct span s, const struct part *next)
{
	size_t n, at;

	n = scan_blank(s, 0);
	/* a literal that begins with a blank cannot stand inside the word */
	if (next == NULL || next->type != LITERAL || next->text.at[0] == ' ')
		return n;
	at = find_first(span_slice(s, 0, n + next->text.len), next);
	return at < n ? at : n;
}

/* Bytes of a dotted IPv4 address; 0 if it is none. */
static size_t
ipv4_len(struct span s)
{
	size_t n = 0;

	for (unsigned part = 0; part < 4; part++) {
		unsigned v = 0, digits = 0;

		while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9') {
			v = v * 10 + (unsigned)(s.at[n++] - '0');
			if (++digits > 3 || v > 255 || (digits > 1 && v < 10))
				return 0;
		}
		if (digits == 0)
			return 0;
		if (part < 3 && (n >= s.len || s.at[n++] != '.'))
			return 0;
	}
	return n;
}

static bool
is_ip_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == ':' || c == '.' ||
	    ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Bytes of an IPv4 or IPv6 address; 0 if it is none. */
static size_t
ip_len(struct span s)
{
	char text[INET6_ADDRSTRLEN] = { 0 };
	uint8_t to[sizeof(struct in6_addr)];
	size_t n = 0, four = ipv4_len(s);

	/* "192.0.2.7:514" too: a port is no part of it */
	if (four > 0 &&
	    (four == s.len || !is_ip_byte(s.at[four]) || s.at[four] == ':' ||
		(s.at[four] == '.' &&
		    (four + 1 == s.len || !is_ip_byte(s.at[four + 1])))))
		return four;
	while (n < s.len && is_ip_byte(s.at[n]))
		n++;
	/* "192.0.2.7:" and "192.0.2.7." at a sentence's end */
	while (n > 0 &&
	    (s.at[n - 1] == '.' ||
		(s.at[n - 1] == ':' && n > 1 && s.at[n - 2] != ':')))
		n--;
	if (n == 0 || n >= sizeof text)
		return 0;
	memcpy(text, s.at, n);
	return inet_pton(AF_INET6, text, to) == 1 ? n : 0;
}

/* Bytes of a sign, digits and one point. */
static size_t
decimal_len(struct span s)
{
	size_t n = 0, digits = 0;
	bool point = false;

	if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+'))
		n++;
	for (; n < s.len; n++) {
		if (s.at[n] >= '0' && s.at[n] <= '9')
			digits++;
		else if (s.at[n] == '.' && !point)
			point = true;
		else
			break;
	}
	return digits > 0 ? n : 0;
}

/* Bytes of "0x" and hex digits, or of hex digits alone. */
static size_t
hex_len(struct span s)
{
	size_t n = span_starts(s, "0x") ? 2 : 0, from = n;

	while (n < s.len &&
	    ((s.at[n] >= '0' && s.at[n] <= '9') ||
		((s.at[n] | 32) >= 'a' && (s.at[n] | 32) <= 'f')))
		n++;
	return n > from ? n : 0;
}

/* Bytes of a time in any of the forms that headers have. */
static size_t
time_len(struct span s)
{
	size_t used = 0;
	int64_t us;

	if (stamp_iso(s, &used, &us) != STAMP_NONE ||
	    stamp_bsd(s, 0, &used, &us) != STAMP_NONE ||
	    stamp_epoch(s, &used, &us) != STAMP_NONE)
		return used;
	return 0;
}

/* Bytes of a "quoted" text with its quotes; 0 if it is none. */
static size_t
quoted_len(struct span s)
{
	if (!span_starts(s, "\""))
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		if (s.at[i] == '"')
			return i + 1;
		i += s.at[i] == '\\';
	}
	return 0;
}

/* What part p takes at the front of s; false if s does not fit. */
static bool
part_fits(
    const struct part *p, const struct part *next, struct span s, size_t *len)
{
	size_t n = 0;

	switch (p->type) {
	case LITERAL:
		*len = p->text.len;
		return s.len >= p->text.len &&
		    memcmp(s.at, p->text.at, p->text.len) == 0;
	case WORD:
		return (*len = word_len(s, next)) > 0;
	case IP:
		return (*len = ip_len(s)) > 0;
	case NUMBER:
		while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
			n++;
		return (*len = n) > 0;
	case QUOTED:
		return (*len = quoted_len(s)) > 0;
	case HEX:
		return (*len = hex_len(s)) > 0;
	case DECIMAL:
		return (*len = decimal_len(s)) > 0;
	case TIME:
		return (*len = time_len(s)) > 0;
	case UNTIL:
		return (*len = find_first(s, p)) != SIZE_MAX;
	case UNTIL_LAST:
		return (*len = find_last(s, p)) != SIZE_MAX;
	case UNTIL_ANY:
		return (*len = find_any(s, p)) != SIZE_MAX;
	case REST:
		*len = s.len;
		return true;
	case BLANK:
		while (n < s.len && scan_is_blank(s.at[n]))
			n++;
		*len = n;
		return true;
	case END:
		*len = 0;
		return span_trim(s).len == 0;
	}
	return false;
}

bool
pattern_fits(const struct pattern *t, struct span s,
    struct span slot[static PATTERN_SLOTS_MAX])
{
	size_t from = 0;

	/* Most patterns are told apart by the text they begin with. */
	if (t->part[0].type == LITERAL) {
		const struct part *p = &t->part[0];

		if (s.len < p->text.len || s.at[0] != p->text.at[0] ||
		    memcmp(s.at, p->text.at, p->text.len) != 0)
			return false;
		s = after(s, p->text.len);
		from = 1;
	}
	for (size_t i = 0; i < t->names->n; i++)
		slot[i] = SPAN_EMPTY;
	for (size_t i = from; i < t->n; i++) {
		const struct part *p = &t->part[i];
		const struct part *next = i + 1 < t->n ? p + 1 : NULL;
		struct span got;
		size_t len;

		if (!part_fits(p, next, s, &len))
			return false;
		got = span_of(s.at, len);
		if (p->type == QUOTED)
			got = span_slice(s, 1, len - 2);
		else if (p->type == REST)
			got = span_trim(got);
		if (p->slot != NO_SLOT)
			slot[p->slot] = got;
		s = after(s, len);
	}
	return true;
}

bool
pattern_is_led(const struct pattern *t)
{
	return t->part[0].type == LITERAL;
}
