/*
 * web/view.c: numbers turned into places on a drawing.
 *
 * About     stacked bars, the bitmap, the histogram and time lines, as SVG
 *           numbers that templates put in place. No averages anywhere.
 * Runs      in the web process, in any of its threads.
 */
#include "base/when.h"
#include "web/page.h"

#include <stdlib.h>

#define BAR_WIDTH 100
#define BAR_LEAST 3
#define LINE_WIDTH 600
#define LINES_MAX 30
#define HISTOGRAM_HEIGHT 80
#define BITMAP_CELL 7

/* The states in the order bars are stacked: what needs work first. */
static const struct {
	const char *count, *state;
	char letter;
} state_table[] = {
	{ "unmet", "unmet", 'u' },
	{ "unknown", "unknown", 'k' },
	{ "due", "due", 'd' },
	{ "excepted", "excepted", 'e' },
	{ "met", "met", 'm' },
	{ "adopted", "adopted", 'a' },
	{ "not_adopted", "not adopted", 'o' },
	{ "na", "n/a", 'n' },
};
#define N_STATES (sizeof state_table / sizeof *state_table)

const char *
letter_state(char letter)
{
	for (size_t i = 0; i < N_STATES; i++)
		if (state_table[i].letter == letter)
			return state_table[i].state;
	return NULL;
}

void
view_put(json_t *o, const char *key, json_t *v)
{
	if (v != NULL && json_object_set_new(o, key, v) != 0)
		(void)json_object_del(o, key);
}

void
view_text(json_t *o, const char *key, const char *s)
{
	view_put(o, key, json_string(s));
}

void
view_flag(json_t *o, const char *key, bool v)
{
	view_put(o, key, json_boolean(v));
}

/* A count that cannot be negative or absurd. */
static json_int_t
count_get(const json_t *counts, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(counts, key));

	return n < 0 ? 0 : n > 1000000000 ? 1000000000 : n;
}

/* Widths of the stacks: in proportion, but what is there is seen. */
static void
bar_widths(const json_int_t n[static N_STATES], json_int_t total,
    json_int_t w[static N_STATES])
{
	json_int_t sum = 0;
	size_t widest = 0;

	for (size_t i = 0; i < N_STATES; i++) {
		w[i] = n[i] == 0 ? 0 : n[i] * BAR_WIDTH / total;
		if (n[i] != 0 && w[i] < BAR_LEAST)
			w[i] = BAR_LEAST;
		sum += w[i];
		if (w[i] > w[widest])
			widest = i;
	}
	w[widest] += BAR_WIDTH - sum;
}

void
view_counts(json_t *o)
{
	const json_t *counts = json_object_get(o, "counts");
	json_t *states = json_array();
	json_int_t n[N_STATES], w[N_STATES], total = 0, x = 0;

	if (!json_is_object(counts))
		counts = o;
	for (size_t i = 0; i < N_STATES; i++) {
		n[i] = count_get(counts, state_table[i].count);
		total += n[i];
	}
	if (total > 0)
		bar_widths(n, total, w);
	for (size_t i = 0; i < N_STATES && total > 0; i++) {
		if (n[i] == 0)
			continue;
		(void)json_array_append_new(states,
		    json_pack("{s:s,s:I,s:I,s:I}", "state",
			state_table[i].state, "n", n[i], "x", x, "w", w[i]));
		x += w[i];
	}
	view_put(o, "states", states);
	view_put(o, "total", json_integer(total));
	view_put(o, "bad", json_integer(n[0] + n[1]));
}

void
view_counts_each(json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		view_counts(json_array_get(list, i));
}

json_t *
view_select(const json_t *from, const char *selected)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(from); i++) {
		const json_t *o = json_array_get(from, i);
		const char *key = json_get_text(o, "key", "");
		json_t *title = json_object_get(o, "title");

		(void)json_array_append_new(list,
		    json_pack("{s:s,s:O,s:b}", "value", key, "title",
			title == NULL ? json_null() : title, "selected",
			strcmp(key, selected) == 0));
	}
	return list;
}

/* One row of the bitmap: a path per state. */
static json_t *
bitmap_row(const char *states)
{
	json_t *paths = json_array();

	for (size_t s = 0; s < N_STATES; s++) {
		struct buf d;

		buf_init(&d, 1 << 16);
		for (size_t i = 0; states[i] != '\0'; i++)
			if (states[i] == state_table[s].letter)
				buf_printf(&d, "M%zu 0h%dv12h-%dz",
				    i * BITMAP_CELL, BITMAP_CELL - 1,
				    BITMAP_CELL - 1);
		if (d.len != 0 && buf_error(&d) == ERR_OK)
			(void)json_array_append_new(paths,
			    json_pack("{s:s,s:s}", "state",
				state_table[s].state, "path", buf_string(&d)));
		buf_clear(&d);
	}
	return paths;
}

/* Where each chapter's clauses begin: marks above the bitmap. */
static json_t *
bitmap_marks(const json_t *chapters)
{
	json_t *marks = json_array();
	json_int_t last = 0;

	for (size_t i = 0; i < json_array_size(chapters); i++) {
		json_int_t no = json_integer_value(json_array_get(chapters, i));

		if (no == last)
			continue;
		last = no;
		(void)json_array_append_new(marks,
		    json_pack("{s:I,s:I}", "x", (json_int_t)(i * BITMAP_CELL),
			"no", no));
	}
	return marks;
}

json_t *
view_bitmap(json_t *city)
{
	const json_t *b = json_object_get(city, "bitmap");
	const json_t *clauses = json_object_get(b, "clauses");
	const json_t *from = json_object_get(b, "rows");
	const json_t *agencies = json_object_get(city, "agencies");
	size_t width = json_array_size(clauses) * BITMAP_CELL;
	json_t *rows = json_array();

	if (json_array_size(clauses) == 0) {
		json_decref(rows);
		return NULL;
	}
	for (size_t i = 0; i < json_array_size(from); i++) {
		const char *s = json_get_text(
		    json_array_get(from, i), "states", "");
		json_t *a = json_array_get(agencies, i);

		if (a == NULL)
			break;
		(void)json_array_append_new(rows,
		    json_pack("{s:O,s:O,s:O,s:o}", "key",
			json_object_get(a, "key"), "title",
			json_object_get(a, "title"), "counts",
			json_object_get(a, "counts"), "paths", bitmap_row(s)));
	}
	return json_pack("{s:I,s:o,s:o}", "width", (json_int_t)width, "marks",
	    bitmap_marks(json_object_get(b, "chapters")), "rows", rows);
}

json_t *
view_histogram(const json_t *h)
{
	const json_t *buckets = json_object_get(h, "buckets");
	size_t n = json_array_size(buckets);
	json_t *bars = json_array();
	json_int_t most = 1, width;

	if (n == 0) {
		json_decref(bars);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		json_int_t c = count_get(json_array_get(buckets, i), "n");

		if (c > most)
			most = c;
	}
	width = LINE_WIDTH / (json_int_t)n;
	width = width < 2 ? 2 : width;
	for (size_t i = 0; i < n; i++) {
		const json_t *b = json_array_get(buckets, i);
		json_int_t c = count_get(b, "n");
		json_int_t high = c * HISTOGRAM_HEIGHT / most;

		if (c > 0 && high < 2)
			high = 2;
		(void)json_array_append_new(bars,
		    json_pack("{s:I,s:I,s:I,s:I,s:s,s:I}", "x",
			(json_int_t)i * width, "y", HISTOGRAM_HEIGHT - high,
			"w", width - 1, "h", high, "from",
			json_get_text(b, "from", ""), "n", c));
	}
	return json_pack("{s:o,s:I,s:I,s:s,s:s}", "bars", bars, "width",
	    width * (json_int_t)n, "most", most, "from",
	    json_get_text(json_array_get(buckets, 0), "from", ""), "until",
	    json_get_text(json_array_get(buckets, n - 1), "from", ""));
}

/* Evidence whose link is no path of ours is shown without one. */
static void
links_check(json_t *evidence)
{
	for (size_t i = 0; i < json_array_size(evidence); i++) {
		json_t *e = json_array_get(evidence, i);
		const char *link = json_get_text(e, "link", "/");

		if (strcmp(page_local(link), link) != 0)
			view_put(e, "link", json_null());
	}
}

void
view_findings(json_t *d, bool with_clause)
{
	json_t *list = json_object_get(d, "findings");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *f = json_array_get(list, i);

		links_check(json_object_get(f, "evidence"));
		view_flag(f, "has_evidence",
		    json_array_size(json_object_get(f, "evidence")) != 0);
	}
	view_flag(d, "with_clause", with_clause);
	view_flag(d, "more_findings",
	    json_get_int(d, "findings_total", 0) >
		(json_int_t)json_array_size(list));
}

/* A time of an answer in microseconds; or_ where it is null. */
static int64_t
time_of(const json_t *v, int64_t or_)
{
	int64_t us = or_;

	if (json_is_string(v) &&
	    when_parse(span_of(json_string_value(v), json_string_length(v)),
		&us, NULL) != ERR_OK)
		us = or_;
	return us;
}

/* The line of one agency; a new one when it has none yet. */
static json_t *
line_of(json_t *lines, json_t *agency)
{
	const char *key = json_get_text(agency, "key", "");
	json_t *line;

	for (size_t i = 0; i < json_array_size(lines); i++) {
		line = json_array_get(lines, i);
		if (strcmp(json_get_text(
			       json_object_get(line, "agency"), "key", ""),
			key) == 0)
			return line;
	}
	if (json_array_size(lines) == LINES_MAX)
		return NULL;
	line = json_pack("{s:O,s:[]}", "agency", agency, "spans");
	if (json_array_append_new(lines, line) != 0)
		return NULL;
	return line;
}

json_t *
view_history(const json_t *spans, const char *now)
{
	int64_t end = 0, begin = WHEN_NEVER, wide;
	json_t *lines = json_array(), *out;
	size_t n = json_array_size(spans);
	struct buf b;

	if (when_parse(span_text(now), &end, NULL) != ERR_OK)
		end = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t from = time_of(
		    json_object_get(json_array_get(spans, i), "from"), end);

		begin = from < begin ? from : begin;
	}
	if (n == 0 || begin >= end) {
		json_decref(lines);
		return NULL;
	}
	wide = (end - begin) / LINE_WIDTH + 1;
	for (size_t i = 0; i < n; i++) {
		json_t *s = json_array_get(spans, i);
		int64_t from = time_of(json_object_get(s, "from"), begin);
		int64_t until = time_of(json_object_get(s, "until"), end);
		json_t *line = line_of(lines, json_object_get(s, "agency"));
		int64_t x = (from - begin) / wide, to = (until - begin) / wide;

		if (line == NULL || until < from)
			continue;
		to = to <= x ? x + 1 : to;
		(void)json_array_append_new(json_object_get(line, "spans"),
		    json_pack("{s:s,s:I,s:I,s:O,s:O}", "state",
			json_get_text(s, "state", ""), "x", (json_int_t)x, "w",
			(json_int_t)(to - x), "from",
			json_object_get(s, "from"), "until",
			json_object_get(s, "until")));
	}
	buf_init(&b, 64);
	when_print(&b, begin);
	out = json_pack("{s:o,s:s,s:s}", "lines", lines, "from", buf_string(&b),
	    "until", now);
	buf_clear(&b);
	return out;
}
