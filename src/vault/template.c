/*
 * vault/template.c: cutting records into parts, and printing parts.
 *
 * The bytes are foreign: every look ahead is bounded by the record's length.
 */
#include "vault/template.h"

#include <stdlib.h>

#define TEXT_MOST 200U /* bytes of a quoted value taken as one */
#define SECONDS_MAX INT64_C(253402300800) /* the year 10000 */

enum { C_DIGIT = 1, C_SMALL = 2, C_LARGE = 4, C_LETTER = 8, C_JOIN = 16 };

#define C_HEX (C_DIGIT | C_SMALL | C_LARGE)
#define C_WORD (C_HEX | C_LETTER)

/* The class of each byte: what is past ASCII is a letter. */
#define ROW_OF(c) c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c
static const uint8_t classes[256] = {
	ROW_OF(0),
	ROW_OF(0),
	/* space to '/': '-' and '.' join words */
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	C_JOIN,
	C_JOIN,
	0,
	/* digits */
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	C_DIGIT,
	0,
	0,
	0,
	0,
	0,
	0,
	/* '@', A to O, P to Z, '_' */
	C_JOIN,
	C_LARGE,
	C_LARGE,
	C_LARGE,
	C_LARGE,
	C_LARGE,
	C_LARGE,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	0,
	0,
	0,
	0,
	C_LETTER,
	/* a to z */
	0,
	C_SMALL,
	C_SMALL,
	C_SMALL,
	C_SMALL,
	C_SMALL,
	C_SMALL,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	C_LETTER,
	0,
	0,
	0,
	0,
	0,
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
	ROW_OF(C_LETTER),
};

static inline uint8_t
class_of(uint8_t c)
{
	return classes[c];
}

/* --- times ------------------------------------------------------------ */

/* Two digits. */
static void
two(char *to, unsigned v)
{
	to[0] = (char)('0' + v / 10 % 10);
	to[1] = (char)('0' + v % 10);
}

/* Both texts of a second of the zone's own clock. */
static bool
stamp_make(struct stamp *s, int64_t second)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint32_t z, era_day, era_year, year_day, mp, day, month, year, rest;

	if (second < 1 || second >= SECONDS_MAX)
		return false;
	if (s->second == second)
		return true;
	/* Days since 0000-03-01; the years are counted from March. */
	z = (uint32_t)(second / 86400) + 719468;
	rest = (uint32_t)(second % 86400);
	era_day = z % 146097;
	era_year = (era_day - era_day / 1460 + era_day / 36524 -
		       era_day / 146096) /
	    365;
	year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	mp = (5 * year_day + 2) / 153;
	day = year_day - (153 * mp + 2) / 5 + 1;
	month = mp < 10 ? mp + 3 : mp - 9;
	year = era_year + z / 146097 * 400 + (month <= 2);
	memcpy(s->text, "0000-00-00T00:00:00", 20);
	two(s->text, year / 100);
	two(s->text + 2, year);
	two(s->text + 5, month);
	two(s->text + 8, day);
	two(s->text + 11, rest / 3600);
	two(s->text + 14, rest / 60 % 60);
	two(s->text + 17, rest % 60);
	memcpy(s->bsd, months + 3 * (size_t)(month - 1), 3);
	s->bsd[3] = ' ';
	two(s->bsd + 4, day);
	if (day < 10)
		s->bsd[4] = ' ';
	s->bsd[6] = ' ';
	memcpy(s->bsd + 7, s->text + 11, 8);
	s->second = second;
	return true;
}

size_t
part_print_time(struct stamp *s, unsigned type, unsigned param,
    int64_t event_us, uint8_t to[static PART_TIME_MAX])
{
	uint32_t micros;
	unsigned digits;

	if (event_us <= 0 ||
	    !stamp_make(
		s, event_us / 1000000 + ((int64_t)param - ZONE_ZERO) * 900))
		return 0;
	if (type == PART_BSD) {
		memcpy(to, s->bsd, 15);
		return 15;
	}
	memcpy(to, s->text, 19);
	digits = type - PART_ISO;
	if (digits == 0)
		return 19;
	micros = (uint32_t)(event_us % 1000000);
	to[19] = '.';
	for (unsigned i = 0; i < digits; i++) {
		to[20 + i] = (uint8_t)('0' + micros / 100000);
		micros = micros % 100000 * 10;
	}
	return 20 + digits;
}

/* Whether the bytes at `at` are the event's time as `type` prints it. */
static bool
time_is(struct cut *c, struct span raw, size_t at, unsigned type, unsigned zone,
    int64_t event_us, struct part *p)
{
	uint8_t text[PART_TIME_MAX];
	size_t len = part_print_time(
	    &c->stamp[zone == ZONE_ZERO], type, zone, event_us, text);

	if (len == 0 || at + len > raw.len ||
	    memcmp(raw.at + at, text, len) != 0)
		return false;
	*p = (struct part){ .type = (uint8_t)type,
		.param = (uint8_t)zone,
		.at = (uint32_t)at,
		.size = (uint32_t)len };
	return true;
}

/* "Nov 22 10:00:00". */
static bool
bsd_cut(
    struct cut *c, struct span raw, size_t at, int64_t event_us, struct part *p)
{
	const uint8_t *r = raw.at + at;

	if (event_us <= 0 || raw.len - at < 15 || r[3] != ' ' || r[6] != ' ' ||
	    r[9] != ':' || r[12] != ':')
		return false;
	return time_is(c, raw, at, PART_BSD, ZONE_ZERO + 32, event_us, p) ||
	    time_is(c, raw, at, PART_BSD, ZONE_ZERO, event_us, p);
}

/* The zone that is written behind a time: "Z", "+08:00". */
static unsigned
zone_of(struct span s)
{
	unsigned quarters;

	if (s.len < 6 || (s.at[0] != '+' && s.at[0] != '-') || s.at[3] != ':')
		return ZONE_ZERO;
	for (unsigned i = 1; i < 6; i++)
		if (i != 3 && class_of(s.at[i]) != C_DIGIT)
			return ZONE_ZERO;
	quarters = ((s.at[1] - '0') * 10U + (s.at[2] - '0')) * 4 +
	    ((s.at[4] - '0') * 10U + (s.at[5] - '0')) / 15;
	if (quarters > 60)
		return ZONE_ZERO;
	return s.at[0] == '+' ? ZONE_ZERO + quarters : ZONE_ZERO - quarters;
}

/* "2026-11-22T10:00:00.123456+08:00", up to the zone. */
static bool
iso_cut(
    struct cut *c, struct span raw, size_t at, int64_t event_us, struct part *p)
{
	const uint8_t *r = raw.at + at;
	unsigned digits = 0, zone;

	if (event_us <= 0 || raw.len - at < 19 || r[4] != '-' || r[7] != '-' ||
	    r[10] != 'T' || r[13] != ':' || r[16] != ':')
		return false;
	if (raw.len - at > 20 && r[19] == '.')
		while (digits < 7 && 20 + digits < raw.len - at &&
		    class_of(r[20 + digits]) == C_DIGIT)
			digits++;
	if (digits == 7)
		return false;
	zone = zone_of(span_slice(
	    raw, at + 19 + (digits == 0 ? 0 : digits + 1), SIZE_MAX));
	return time_is(c, raw, at, PART_ISO + digits, zone, event_us, p) ||
	    (zone == ZONE_ZERO &&
		time_is(c, raw, at, PART_ISO + digits, ZONE_ZERO + 32, event_us,
		    p));
}

/* --- numbers and addresses -------------------------------------------- */

/* A dotted quad at `at`; 0 when there is none, else its length. */
static size_t
ip4_read(struct span raw, size_t at, uint64_t *value)
{
	size_t i = at;
	uint32_t v = 0;

	for (unsigned octet = 0; octet < 4; octet++) {
		uint32_t n = 0;
		size_t from;

		if (octet > 0 && (i >= raw.len || raw.at[i++] != '.'))
			return 0;
		for (from = i; i < raw.len && i < from + 4 &&
		     class_of(raw.at[i]) == C_DIGIT;
		     i++)
			n = n * 10 + (raw.at[i] - '0');
		if (i == from || n > 255 ||
		    (raw.at[from] == '0' && i > from + 1))
			return 0;
		v = v << 8 | n;
	}
	if (i < raw.len && (class_of(raw.at[i]) & C_WORD) != 0)
		return 0;
	if (i + 1 < raw.len && raw.at[i] == '.' &&
	    class_of(raw.at[i + 1]) == C_DIGIT)
		return 0;
	*value = v;
	return i - at;
}

static unsigned
hex_value(uint8_t c)
{
	return c <= '9' ? c - 48U : (c | 0x20U) - 'a' + 10;
}

/* Six pairs of hex digits. */
static bool
mac_cut(struct span raw, size_t at, struct part *p)
{
	const uint8_t *r = raw.at + at;
	uint64_t v = 0;
	uint8_t all = 0;

	if (raw.len - at < 17 || (r[2] != ':' && r[2] != '-'))
		return false;
	for (unsigned i = 0; i < 17; i++) {
		uint8_t class = class_of(r[i]);

		if (i % 3 == 2) {
			if (r[i] != r[2])
				return false;
			continue;
		}
		if ((class & C_HEX) == 0)
			return false;
		all |= class;
		v = v << 4 | hex_value(r[i]);
	}
	if ((all & C_SMALL) != 0 && (all & C_LARGE) != 0)
		return false;
	if (raw.len - at > 17 && (class_of(r[17]) & C_WORD) != 0)
		return false;
	*p = (struct part){ .type = PART_MAC,
		.param = (uint8_t)(((all & C_LARGE) != 0) | (r[2] == '-') << 1),
		.len = 12,
		.at = (uint32_t)at,
		.size = 17,
		.value = v };
	return true;
}

/* A run of word bytes as a number, when all of it is one. */
static bool
number_cut(struct span raw, size_t at, size_t end, uint8_t all, struct part *p)
{
	size_t len = end - at;
	unsigned base = all == C_DIGIT ? 10 : 16;
	uint64_t v = 0;

	if (all == C_DIGIT) {
		if (len > 18)
			return false;
	} else if (len > 16 || (all & C_DIGIT) == 0 ||
	    (all & ~(C_DIGIT | C_SMALL) && all & ~(C_DIGIT | C_LARGE))) {
		return false;
	}
	for (size_t i = at; i < end; i++)
		v = v * base + hex_value(raw.at[i]);
	*p = (struct part){ .type = all == C_DIGIT ? PART_DECIMAL
		    : (all & C_SMALL) != 0         ? PART_HEX
						   : PART_HEX_LARGE,
		.len = (uint8_t)len,
		.at = (uint32_t)at,
		.size = (uint32_t)len,
		.value = v };
	return true;
}

bool
part_is_number(unsigned type)
{
	return type == PART_DECIMAL || type == PART_HEX ||
	    type == PART_HEX_LARGE || type == PART_MAC;
}

/* Digits of v to the base, at least len of them; how many. */
static size_t
digits_print(
    uint64_t v, unsigned base, const char *digit, unsigned len, uint8_t *to)
{
	uint8_t back[20];
	unsigned n = 0;

	do {
		back[n++] = (uint8_t)digit[v % base];
		v /= base;
	} while (v != 0);
	while (n < len && n < sizeof back)
		back[n++] = '0';
	for (unsigned i = 0; i < n; i++)
		to[i] = back[n - 1 - i];
	return n;
}

/* Decimal digits, at least len; the common case. */
static size_t
decimal_print(uint64_t v, unsigned len, uint8_t *to)
{
	unsigned n = 1;

	for (uint64_t rest = v; rest >= 10; rest /= 10)
		n++;
	if (n < len)
		n = len < 20 ? len : 20;
	for (unsigned i = n; i-- > 0; v /= 10)
		to[i] = (uint8_t)('0' + v % 10);
	return n;
}

size_t
part_print(unsigned type, unsigned param, uint64_t value, unsigned len,
    uint8_t to[static PART_PRINT_MAX])
{
	static const char small[] = "0123456789abcdef";
	static const char large[] = "0123456789ABCDEF";
	size_t n = 0;

	switch (type) {
	case PART_DECIMAL:
		return decimal_print(value, len, to);
	case PART_HEX:
		return digits_print(value, 16, small, len, to);
	case PART_HEX_LARGE:
		return digits_print(value, 16, large, len, to);
	case PART_MAC:
		for (unsigned i = 0; i < 6; i++) {
			const char *digit = (param & 1) != 0 ? large : small;
			unsigned pair = value >> (40 - 8 * i) & 0xff;

			to[n++] = (uint8_t)digit[pair >> 4];
			to[n++] = (uint8_t)digit[pair & 15];
			if (i < 5)
				to[n++] = (param & 2) != 0 ? '-' : ':';
		}
		return n;
	default: /* PART_IP4 */
		for (unsigned i = 0; i < 4; i++) {
			n += decimal_print(
			    value >> (24 - 8 * i) & 0xff, 1, to + n);
			if (i < 3)
				to[n++] = '.';
		}
		return n;
	}
}

/* --- cutting ---------------------------------------------------------- */

bool
cut_init(struct cut *c)
{
	c->n = 0;
	c->len = 0;
	c->stamp[0].second = c->stamp[1].second = 0;
	c->skeleton = malloc(TEMPLATE_RAW_MAX + 3 * TEMPLATE_PARTS_MAX);
	return c->skeleton != NULL;
}

void
cut_clear(struct cut *c)
{
	free(c->skeleton);
	c->skeleton = NULL;
}

/* The end of the run of word bytes at `at`, and which classes it has. */
static size_t
word_end(struct span raw, size_t at, uint8_t *all)
{
	size_t i = at;
	uint8_t class;

	while (i < raw.len && ((class = class_of(raw.at[i])) & C_WORD) != 0) {
		*all |= class;
		i++;
	}
	return i;
}

/* Whether what stands before `at` says that a value begins there. */
static bool
value_begins(struct span raw, size_t at)
{
	return at > 0 && raw.at[at - 1] == '=';
}

/* A typed part at `at`: time, address, number. */
static bool
typed_cut(struct cut *c, struct span raw, size_t at, size_t end, uint8_t all,
    int64_t event_us, struct part *p)
{
	uint8_t first = class_of(raw.at[at]);
	size_t len;
	uint64_t v;

	if ((all & C_DIGIT) == 0 && end - at > 3)
		return false; /* a word */
	if (first == C_DIGIT) {
		if (end - at == 4 && iso_cut(c, raw, at, event_us, p))
			return true;
		if (end < raw.len && raw.at[end] == '.' && end - at <= 3 &&
		    (len = ip4_read(raw, at, &v)) != 0) {
			*p = (struct part){ .type = PART_IP4,
				.at = (uint32_t)at,
				.size = (uint32_t)len,
				.value = v };
			return true;
		}
	} else if (end - at == 3 && bsd_cut(c, raw, at, event_us, p)) {
		return true;
	}
	if (end - at == 2 && (all & ~C_HEX) == 0 && mac_cut(raw, at, p))
		return true;
	return (all & ~C_HEX) == 0 && number_cut(raw, at, end, all, p);
}

/* The part that begins with the word byte at `at`. Fixed: a constant word. */
static struct part
word_cut(struct cut *c, struct span raw, size_t at, struct span host,
    int64_t event_us, bool loose)
{
	uint8_t all = 0;
	size_t end = word_end(raw, at, &all);
	struct part p;

	if (host.len > 0 && raw.at[at] == host.at[0] &&
	    raw.len - at >= host.len &&
	    memcmp(raw.at + at, host.at, host.len) == 0 &&
	    (raw.len - at == host.len ||
		(class_of(raw.at[at + host.len]) & C_WORD) == 0))
		return (struct part){ .type = PART_HOST,
			.at = (uint32_t)at,
			.size = (uint32_t)host.len };
	if (typed_cut(c, raw, at, end, all, event_us, &p))
		return p;
	while (end + 1 < raw.len && class_of(raw.at[end]) == C_JOIN &&
	    (class_of(raw.at[end + 1]) & C_WORD) != 0)
		end = word_end(raw, end + 1, &all);
	p = (struct part){ .type = PART_FIXED,
		.at = (uint32_t)at,
		.size = (uint32_t)(end - at) };
	if ((all & C_DIGIT) != 0 || loose || value_begins(raw, at))
		p.type = PART_TEXT;
	return p;
}

/* The value between the quotes at `at` - 1 and later, as one part. */
static bool
quoted_cut(struct cut *c, struct span raw, size_t at, struct span host,
    int64_t event_us, struct part *p)
{
	struct span in = span_slice(raw, at, TEXT_MOST + 1);
	size_t len = span_find(in, '"');

	if (len == SIZE_MAX || len == 0)
		return false;
	if ((class_of(raw.at[at]) & C_WORD) != 0) {
		*p = word_cut(c, raw, at, host, event_us, true);
		if (p->size == len)
			return true;
	}
	*p = (struct part){
		.type = PART_TEXT, .at = (uint32_t)at, .size = (uint32_t)len
	};
	return true;
}

/* Whether the quote at `at` opens a value: behind ':' or '='. */
static bool
quote_opens(struct span raw, size_t at)
{
	if (at == 0)
		return false;
	if (raw.at[at - 1] == ' ' && at > 1)
		at--;
	return raw.at[at - 1] == ':' || raw.at[at - 1] == '=';
}

/* The part that begins at *at, if a variable does; else *at moves on. */
static bool
part_cut(struct cut *c, struct span raw, size_t *at, struct span host,
    int64_t event_us, bool loose, struct part *p)
{
	if ((class_of(raw.at[*at]) & C_WORD) != 0) {
		*p = word_cut(c, raw, *at, host, event_us, loose);
		*at += p->size;
		return p->type != PART_FIXED;
	}
	if (raw.at[(*at)++] != '"' || !quote_opens(raw, *at - 1) ||
	    *at == raw.len || !quoted_cut(c, raw, *at, host, event_us, p))
		return false;
	*at += p->size;
	return true;
}

/* The end of a constant word at `at`, when it is plainly that: letters alone,
 * no part of a longer word, no time, no value, not the host. 0: look closer. */
static size_t
plain_word(struct span raw, size_t at, struct span host)
{
	uint8_t all = 0;
	size_t end;

	if (class_of(raw.at[at]) == C_DIGIT || value_begins(raw, at) ||
	    (host.len > 0 && raw.at[at] == host.at[0]))
		return 0;
	end = word_end(raw, at, &all);
	if ((all & C_DIGIT) != 0 || end - at <= 3 ||
	    (end < raw.len && class_of(raw.at[end]) == C_JOIN))
		return 0;
	return end;
}

/* Appends fixed text to parts and skeleton; false when it cannot be. */
static bool
fixed_add(struct cut *c, struct span raw, size_t from, size_t to)
{
	if (from == to)
		return true;
	if (memchr(raw.at + from, TEMPLATE_MARK, to - from) != NULL)
		return false;
	c->part[c->n++] = (struct part){ .type = PART_FIXED,
		.at = (uint32_t)from,
		.size = (uint32_t)(to - from) };
	memcpy(c->skeleton + c->len, raw.at + from, to - from);
	c->len += to - from;
	return true;
}

/* Appends a variable. */
static void
part_add(struct cut *c, const struct part *p)
{
	c->part[c->n++] = *p;
	c->skeleton[c->len++] = TEMPLATE_MARK;
	c->skeleton[c->len++] = p->type;
	c->skeleton[c->len++] = p->param;
}

bool
cut_make(struct cut *c, struct span raw, struct span host, int64_t event_us,
    bool loose)
{
	size_t at = 0, fixed = 0, word;
	struct part p;

	c->n = 0;
	c->len = 0;
	if (raw.len == 0 || raw.len > TEMPLATE_RAW_MAX)
		return false;
	/* "<134>" is of the template: its number says what it is. */
	if (raw.at[0] == '<')
		while (at < raw.len && at < 5 && raw.at[at] != '>')
			at++;
	while (at < raw.len) {
		uint8_t class = class_of(raw.at[at]);

		if ((class & C_WORD) == 0 && raw.at[at] != '"') {
			at++;
			continue;
		}
		if (!loose && (class & C_WORD) != 0 &&
		    (word = plain_word(raw, at, host)) != 0) {
			at = word;
			continue;
		}
		if (c->n + 4 > TEMPLATE_PARTS_MAX) {
			/* What is left is one. */
			p = (struct part){ .type = PART_TEXT,
				.at = (uint32_t)at,
				.size = (uint32_t)(raw.len - at) };
			at = raw.len;
		} else if (!part_cut(c, raw, &at, host, event_us, loose, &p)) {
			continue;
		}
		if (!fixed_add(c, raw, fixed, p.at))
			return false;
		part_add(c, &p);
		fixed = at;
	}
	return fixed_add(c, raw, fixed, raw.len);
}
