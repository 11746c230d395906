/*
 * base/when_text.c: instants and dates as people and machines write them.
 *
 * Source: RFC 3339 section 5.6; the ROC forms of Taiwan's offices.
 */
#include "base/when.h"

#include "base/text.h"

#define TAIPEI (8 * WHEN_HOUR)
#define YEAR_FIRST 1912

/* Prints an instant at an offset, and then the offset's own letters. */
static void
print(struct buf *b, int64_t us, int64_t east, const char *zone)
{
	/* The clock face in Taipei when it shows this there. */
	int64_t at = us < INT64_MIN + TAIPEI ? us : us - (TAIPEI - east);
	int64_t rest = at - when_day_start(at);
	struct day d = when_day(at);
	int second = (int)(rest / WHEN_SECOND);
	int micro = (int)(rest % WHEN_SECOND);

	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day,
	    second / 3600, second / 60 % 60, second % 60);
	if (micro != 0)
		buf_printf(b, ".%06d", micro);
	buf_text(b, zone);
}

void
when_print(struct buf *b, int64_t us)
{
	print(b, us, TAIPEI, "+08:00");
}

void
when_print_utc(struct buf *b, int64_t us)
{
	print(b, us, 0, "Z");
}

void
day_print(struct buf *b, struct day d)
{
	buf_printf(b, "%04d-%02d-%02d", d.year, d.month, d.day);
}

void
roc_print(struct buf *b, struct day d)
{
	if (d.year >= YEAR_FIRST)
		buf_printf(
		    b, "民國%d年%d月%d日", d.year - 1911, d.month, d.day);
	else
		buf_printf(b, "民國前%d年%d月%d日", YEAR_FIRST - d.year,
		    d.month, d.day);
}

/* How much of a foreign text an error line repeats. */
static int
shown(struct span s)
{
	size_t most = 60;

	return (
	    int)(s.len <= most ? s.len : text_cut((const char *)s.at, most));
}

static enum err
not_a_date(struct span s, struct fault *why)
{
	return fault_set(
	    why, ERR_SYNTAX, "not a date: %.*s", shown(s), (const char *)s.at);
}

static enum err
no_such(const char *what, struct span s, struct fault *why)
{
	return fault_set(why, ERR_RANGE, "no such %s: %.*s", what, shown(s),
	    (const char *)s.at);
}

/* Takes a number of least..most digits; false if there are fewer. A further
 * digit is left where it is and fails whatever is expected next. */
static bool
take_digits(struct cursor *c, size_t least, size_t most, int *n)
{
	struct span rest = span_slice(c->all, c->pos, most);
	uint64_t v;
	size_t len = 0;

	while (len < rest.len && rest.at[len] >= '0' && rest.at[len] <= '9')
		len++;
	if (len < least || !span_number(cursor_take(c, len), 999999999, &v))
		return false;
	*n = (int)v;
	return true;
}

/* Takes text that must stand next. */
static bool
take_text(struct cursor *c, const char *text)
{
	struct span rest = span_slice(c->all, c->pos, SIZE_MAX);

	if (!span_starts(rest, text))
		return false;
	(void)cursor_take(c, strlen(text));
	return true;
}

/* Takes year, month, day with '-' or '/' twice between them. */
static bool
take_date(struct cursor *c, size_t year_least, size_t year_most, size_t least,
    struct day *d)
{
	const char *mark;

	if (!take_digits(c, year_least, year_most, &d->year))
		return false;
	mark = take_text(c, "-") ? "-" : "/";
	return (*mark == '-' || take_text(c, mark)) &&
	    take_digits(c, least, 2, &d->month) && take_text(c, mark) &&
	    take_digits(c, least, 2, &d->day);
}

enum err
day_parse(struct span s, struct day *d, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct day got;

	if (!take_date(&c, 4, 4, 1, &got) || !cursor_done(&c))
		return not_a_date(s, why);
	if (!day_is_real(got))
		return no_such("day", s, why);
	*d = got;
	return ERR_OK;
}

/* Takes 民國115年11月22日. */
static bool
take_roc_words(struct cursor *c, struct day *d)
{
	return take_text(c, "民國") && take_digits(c, 1, 3, &d->year) &&
	    take_text(c, "年") && take_digits(c, 1, 2, &d->month) &&
	    take_text(c, "月") && take_digits(c, 1, 2, &d->day) &&
	    take_text(c, "日");
}

/* Takes 1151122, of exactly seven digits. */
static bool
take_roc_digits(struct cursor *c, struct day *d)
{
	return c->all.len == 7 && take_digits(c, 3, 3, &d->year) &&
	    take_digits(c, 2, 2, &d->month) && take_digits(c, 2, 2, &d->day);
}

enum err
roc_parse(struct span s, struct day *d, struct fault *why)
{
	struct day got;
	struct cursor c = cursor_of(s);
	bool fits = take_roc_words(&c, &got) && cursor_done(&c);

	if (!fits) {
		c = cursor_of(s);
		fits = take_roc_digits(&c, &got) && cursor_done(&c);
	}
	if (!fits) {
		c = cursor_of(s);
		fits = take_date(&c, 1, 3, 1, &got) && cursor_done(&c);
	}
	if (!fits)
		return not_a_date(s, why);
	got.year += 1911;
	if (!day_is_real(got))
		return no_such("day", s, why);
	*d = got;
	return ERR_OK;
}

/* Takes ".123" when it is there; digits past the sixth are passed over. */
static bool
take_fraction(struct cursor *c, int64_t *us)
{
	int64_t unit = WHEN_SECOND / 10;
	int digit;
	size_t n = 0;

	*us = 0;
	if (!take_text(c, "."))
		return true;
	for (; take_digits(c, 1, 1, &digit); n++) {
		*us += digit * unit;
		unit /= 10;
	}
	return n > 0;
}

/* Takes Z or +08:00 into microseconds east; *fits tells whether it exists. */
static bool
take_zone(struct cursor *c, int64_t *east, bool *fits)
{
	int hour, minute, sign;

	*east = 0;
	*fits = true;
	if (take_text(c, "Z") || take_text(c, "z"))
		return true;
	sign = take_text(c, "-") ? -1 : 1;
	if ((sign == 1 && !take_text(c, "+")) || !take_digits(c, 2, 2, &hour) ||
	    !take_text(c, ":") || !take_digits(c, 2, 2, &minute))
		return false;
	*fits = hour <= 23 && minute <= 59;
	*east = sign * (hour * WHEN_HOUR + minute * WHEN_MINUTE);
	return true;
}

/* A leap second stands only at 23:59:60 UTC on a month's last day; `us` is
 * the second after it. */
static bool
leap_may_be(int64_t us)
{
	int64_t there = us - TAIPEI;

	return there - when_day_start(there) < WHEN_SECOND &&
	    when_day(there).day == 1;
}

/* RFC 3339 section 5.6, date-time. *form tells whether s has that form. */
static enum err
time_parse(struct span s, int64_t *us, bool *form, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct day d;
	int hour, minute, second;
	int64_t micro, east, at;
	bool zone_fits;

	*form = take_date(&c, 4, 4, 2, &d) &&
	    (take_text(&c, "T") || take_text(&c, "t") || take_text(&c, " ")) &&
	    s.at[4] == '-' && take_digits(&c, 2, 2, &hour) &&
	    take_text(&c, ":") && take_digits(&c, 2, 2, &minute) &&
	    take_text(&c, ":") && take_digits(&c, 2, 2, &second) &&
	    take_fraction(&c, &micro) && take_zone(&c, &east, &zone_fits) &&
	    cursor_done(&c);
	if (!*form)
		return ERR_SYNTAX;
	if (!day_is_real(d))
		return no_such("day", s, why);
	if (hour > 23 || minute > 59 || second > 60 || !zone_fits)
		return no_such("time", s, why);
	at = day_start(d) + TAIPEI + hour * WHEN_HOUR + minute * WHEN_MINUTE +
	    second * WHEN_SECOND + micro - east;
	if (second == 60 && !leap_may_be(at))
		return no_such("time", s, why);
	if (!day_is_real(when_day(at)))
		return fault_set(why, ERR_RANGE,
		    "outside the years 1912 to 9999: %.*s", shown(s),
		    (const char *)s.at);
	*us = at;
	return ERR_OK;
}

enum err
when_parse(struct span s, int64_t *us, struct fault *why)
{
	struct fault line = { .code = ERR_OK };
	struct day d;
	bool form;
	enum err e = time_parse(s, us, &form, &line);

	if (form)
		goto out;
	if ((e = day_parse(s, &d, &line)) == ERR_SYNTAX)
		e = roc_parse(s, &d, &line);
	if (e == ERR_SYNTAX)
		(void)fault_set(&line, e, "not a date or time: %.*s", shown(s),
		    (const char *)s.at);
	if (e == ERR_OK)
		*us = day_start(d);
out:
	if (e != ERR_OK && why != NULL)
		*why = line;
	return e;
}
