/*
 * intake/stamp.c: the times that log lines begin with.
 *
 * About    ISO 8601 as senders write it, and BSD syslog's local times.
 * Source   RFC 3339, RFC 3164 section 4.1.2, Cisco and Juniper guides.
 */
#include "intake/stamp.h"

#include "base/when.h"

#define HALF_YEAR (183 * WHEN_DAY)
#define ZONE_UNSAID (8 * 60) /* minutes: Taipei */

/* A time being read from left to right. */
struct reader {
	struct span s;
	size_t pos;
	struct day day;
	uint64_t hour, minute, second, micro;
	int zone; /* minutes east of UTC */
	bool bad; /* the shape is right, a value is not */
};

/* The byte at pos + ahead, 0 past the end. */
static uint8_t
peek(const struct reader *r, size_t ahead)
{
	return r->pos + ahead < r->s.len ? r->s.at[r->pos + ahead] : 0;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Passes over c if it is next. */
static bool
pass(struct reader *r, uint8_t c)
{
	if (peek(r, 0) != c)
		return false;
	r->pos++;
	return true;
}

/* Reads exactly n digits, n <= 9. */
static bool
digits(struct reader *r, unsigned n, uint64_t *v)
{
	uint64_t got = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!is_digit(peek(r, i)))
			return false;
		got = got * 10 + (unsigned)(peek(r, i) - '0');
	}
	r->pos += n;
	*v = got;
	return true;
}

/* "hh:mm:ss"; the hour may have one digit. */
static bool
clock_read(struct reader *r)
{
	if (!digits(r, is_digit(peek(r, 1)) ? 2 : 1, &r->hour) ||
	    !pass(r, ':') || !digits(r, 2, &r->minute) || !pass(r, ':') ||
	    !digits(r, 2, &r->second))
		return false;
	if (r->hour > 23 || r->minute > 59 || r->second > 60)
		r->bad = true;
	return true;
}

/* A fraction after '.' or ','; digits past the sixth are passed over. */
static void
fraction_read(struct reader *r)
{
	uint64_t unit = 100000;

	if ((peek(r, 0) != '.' && peek(r, 0) != ',') || !is_digit(peek(r, 1)))
		return;
	r->pos++;
	while (is_digit(peek(r, 0))) {
		r->micro += unit * (unsigned)(peek(r, 0) - '0');
		unit /= 10;
		r->pos++;
	}
}

/* The day that was asked for last: the lines of a second share it. */
static _Thread_local struct {
	struct day day;
	int64_t start_us;
	bool real;
} last_day;

/* A day's first instant; false if there is no such day. */
static bool
day_begin(struct day d, int64_t *us)
{
	if (last_day.day.day != d.day || last_day.day.month != d.month ||
	    last_day.day.year != d.year) {
		last_day.day = d;
		last_day.real = day_is_real(d);
		last_day.start_us = last_day.real ? day_start(d) : 0;
	}
	*us = last_day.start_us;
	return last_day.real;
}

/* The year of the time of receipt, and when it begins and ends. */
static _Thread_local struct {
	int64_t from_us, until_us;
	int year;
} last_year;

static int
year_of(int64_t us)
{
	if (us < last_year.from_us || us >= last_year.until_us) {
		last_year.year = when_day(us).year;
		last_year.from_us = when_year_start(us);
		/* a year has 365 days at least; the last may be asked anew */
		last_year.until_us = last_year.from_us + 365 * WHEN_DAY;
	}
	return last_year.year;
}

/* What was read, as an instant. */
static enum stamp
stamp_end(struct reader *r, size_t *used, int64_t *us)
{
	int64_t t;

	*used = r->pos;
	if (r->bad || !day_begin(r->day, &t))
		return STAMP_BAD;
	t += (ZONE_UNSAID - r->zone) * WHEN_MINUTE;
	t += (int64_t)(r->hour * 3600 + r->minute * 60 + r->second) *
	    WHEN_SECOND;
	t += (int64_t)r->micro;
	if ((r->day.year < 1913 || r->day.year > 9998) &&
	    !day_is_real(when_day(t))) /* the zone took it out of all years */
		return STAMP_BAD;
	*us = t;
	return STAMP_OK;
}

/* "Z", "+08:00", "+0800", "+08" or nothing. */
static void
offset_read(struct reader *r)
{
	uint64_t hour = 0, minute = 0;
	bool west = peek(r, 0) == '-';

	if (pass(r, 'Z') || pass(r, 'z')) {
		r->zone = 0;
		return;
	}
	if ((peek(r, 0) != '+' && !west) || !is_digit(peek(r, 1)) ||
	    !is_digit(peek(r, 2)))
		return;
	r->pos++;
	if (!digits(r, 2, &hour))
		return;
	if (is_digit(peek(r, peek(r, 0) == ':'))) {
		(void)pass(r, ':');
		if (!digits(r, 2, &minute))
			r->bad = true;
	}
	if (hour > 23 || minute > 59)
		r->bad = true;
	r->zone = (int)(hour * 60 + minute) * (west ? -1 : 1);
}

enum stamp
stamp_iso(struct span s, size_t *used, int64_t *us)
{
	struct reader r = { .s = s, .zone = ZONE_UNSAID };
	uint64_t year, month, day;
	uint8_t dash;

	if (!digits(&r, 4, &year))
		return STAMP_NONE;
	dash = peek(&r, 0);
	if ((dash != '-' && dash != '/') || !pass(&r, dash) ||
	    !digits(&r, 2, &month) || !pass(&r, dash) || !digits(&r, 2, &day))
		return STAMP_NONE;
	if (!pass(&r, 'T') && !pass(&r, 't') && !pass(&r, ' '))
		return STAMP_NONE;
	if (!clock_read(&r))
		return STAMP_NONE;
	r.day = (struct day){ (int)year, (int)month, (int)day };
	fraction_read(&r);
	offset_read(&r);
	return stamp_end(&r, used, us);
}

/* A three-letter name out of a list of them, from 0; -1 if it is none. */
static int
name_read(struct reader *r, const char *names)
{
	struct span name = span_slice(r->s, r->pos, 3);

	for (size_t i = 0; name.len == 3 && names[i] != '\0'; i += 3)
		if (span_equal_nocase(name, span_of(names + i, 3))) {
			r->pos += 3;
			return (int)(i / 3);
		}
	return -1;
}

/* Zone names that network devices in Taiwan are set to. CST is Taipei's. */
static const struct {
	const char *name;
	int minutes;
} zones[] = {
	{ "UTC", 0 },
	{ "GMT", 0 },
	{ "CST", 480 },
	{ "TST", 480 },
	{ "TPE", 480 },
	{ "HKT", 480 },
	{ "SGT", 480 },
	{ "JST", 540 },
	{ "KST", 540 },
};

/* " UTC" after the time. */
static void
zone_read(struct reader *r)
{
	uint8_t after = peek(r, 4);

	if (peek(r, 0) != ' ' ||
	    (after != ' ' && after != ':' && after != '\0'))
		return;
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		if (!span_is(span_slice(r->s, r->pos + 1, 3), zones[i].name))
			continue;
		r->zone = zones[i].minutes;
		r->pos += 4;
		return;
	}
}

/* " 2024" before or after the time of day, then a space, a colon and space, or
 * the end (" 2001:db8::7" is a host); 0 when there is none. */
static int
year_read(struct reader *r)
{
	struct reader at = *r;
	uint64_t year;
	size_t n;

	if (!pass(&at, ' ') || !digits(&at, 4, &year) || year < 1970 ||
	    year > 2199)
		return 0;
	n = peek(&at, 0) == ':';
	if (peek(&at, n) != ' ' && peek(&at, n) != '\0')
		return 0;
	*r = at;
	return (int)year;
}

/* The same time in the year that lies nearest to the time of receipt. */
static enum stamp
nearest(struct reader *r, int64_t received_us, size_t *used, int64_t *us)
{
	int year = year_of(received_us);
	int64_t least = INT64_MAX, got = 0;

	*used = r->pos;
	for (int i = 0; i < 3; i++) {
		static const int step[3] = { 0, -1, 1 };
		int64_t t, gap;
		size_t n;

		r->day.year = year + step[i];
		if (stamp_end(r, &n, &t) != STAMP_OK)
			continue;
		gap = t > received_us ? t - received_us : received_us - t;
		if (gap < least) {
			least = gap;
			got = t;
		}
		if (gap < HALF_YEAR - WHEN_DAY)
			break;
	}
	if (least == INT64_MAX)
		return STAMP_BAD;
	*us = got;
	return STAMP_OK;
}

/* A month's number by its three letters in their usual case; 0: none. */
static int
month_of(struct span s)
{
	static const uint8_t names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (s.at[1] == names[3 * i + 1] &&
		    s.at[2] == names[3 * i + 2] && s.at[0] == names[3 * i])
			return i + 1;
	return 0;
}

/* Two digits at i, the first perhaps a blank; 100 or more: none. */
static unsigned
two(struct span s, size_t i, bool blank)
{
	unsigned high = s.at[i] - (unsigned)'0',
		 low = s.at[i + 1] - (unsigned)'0';

	if (blank && s.at[i] == ' ')
		high = 0;
	return high > 9 || low > 9 ? 100 : high * 10 + low;
}

/*
 * "Oct 11 22:14:15 " and then neither a zone nor a year: nearly all lines.
 * False: the long way must tell.
 */
static bool
bsd_plain(struct span s, int64_t received_us, size_t *used, int64_t *us)
{
	unsigned hour, minute, second;
	struct day d;
	int64_t t, gap;

	if (s.len < 20 || s.at[3] != ' ' || s.at[6] != ' ' || s.at[9] != ':' ||
	    s.at[12] != ':' || s.at[15] != ' ' || is_digit(s.at[16]) ||
	    s.at[19] == ' ' || s.at[19] == ':')
		return false;
	d = (struct day){ year_of(received_us), month_of(s),
		(int)two(s, 4, true) };
	hour = two(s, 7, false);
	minute = two(s, 10, false);
	second = two(s, 13, false);
	if (d.month == 0 || hour > 23 || minute > 59 || second > 60 ||
	    !day_begin(d, &t))
		return false;
	t += (int64_t)(hour * 3600 + minute * 60 + second) * WHEN_SECOND;
	gap = t > received_us ? t - received_us : received_us - t;
	if (gap >= HALF_YEAR - WHEN_DAY)
		return false;
	*used = 15;
	*us = t;
	return true;
}

enum stamp
stamp_bsd(struct span s, int64_t received_us, size_t *used, int64_t *us)
{
	struct reader r = { .s = s, .zone = ZONE_UNSAID };
	uint64_t day, first;
	int month, year = 0;

	if (bsd_plain(s, received_us, used, us))
		return STAMP_OK;
	if (digits(&r, 4, &first)) /* Cisco Nexus: "2024 Oct 11 22:14:15" */
		year = pass(&r, ' ') && first >= 1970 ? (int)first : -1;
	if (year == 0 && name_read(&r, "SunMonTueWedThuFriSat") >= 0) {
		(void)pass(&r, ',');
		if (!pass(&r, ' '))
			return STAMP_NONE;
	}
	month = year < 0
	    ? -1
	    : name_read(&r, "JanFebMarAprMayJunJulAugSepOctNovDec");
	if (month < 0 || !pass(&r, ' '))
		return STAMP_NONE;
	(void)pass(&r, ' ');
	if (!digits(&r, is_digit(peek(&r, 1)) ? 2 : 1, &day))
		return STAMP_NONE;
	(void)pass(&r, ','); /* "Oct 11, 2024" */
	if (year == 0)
		year = year_read(&r);
	if (!pass(&r, ' ') || !clock_read(&r))
		return STAMP_NONE;
	r.day = (struct day){ year, month + 1, (int)day };
	fraction_read(&r);
	zone_read(&r);
	if (year == 0)
		r.day.year = year = year_read(&r);
	if (year == 0)
		return nearest(&r, received_us, used, us);
	return stamp_end(&r, used, us);
}

enum stamp
stamp_epoch(struct span s, size_t *used, int64_t *us)
{
	struct reader r = { .s = s };
	uint64_t high, low;

	if (!digits(&r, 5, &high) || !digits(&r, 5, &low) ||
	    is_digit(peek(&r, 0)))
		return STAMP_NONE;
	fraction_read(&r);
	*used = r.pos;
	*us = (int64_t)(high * 100000 + low) * WHEN_SECOND + (int64_t)r.micro;
	return STAMP_OK;
}

bool
stamp_number(struct span s, int64_t *us)
{
	uint64_t n;

	if (!span_number(s, INT64_MAX, &n))
		return false;
	switch (s.len) {
	case 10:
		*us = (int64_t)n * WHEN_SECOND;
		return true;
	case 13:
		*us = (int64_t)n * 1000;
		return true;
	case 16:
		*us = (int64_t)n;
		return true;
	case 19:
		*us = (int64_t)(n / 1000);
		return true;
	default:
		return false;
	}
}
