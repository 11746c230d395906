/*
 * web/logpage.c: searching the log, and one record.
 *
 * About     log lines are the most hostile text there is; they come out as
 *           text by way of the templates.
 * Runs      in the web process, in any of its threads.
 */
#include <string.h>

#include "base/when.h"
#include "web/page.h"

/* The ranges one can choose, with their hours; the first is the default. */
static const struct {
	const char *name;
	int64_t hours;
} range_table[] = { { "24h", 24 }, { "1h", 1 }, { "7d", 168 }, { "30d", 720 },
	{ "all", 0 } };
#define N_RANGES (sizeof range_table / sizeof *range_table)

/* Append "&name=value" in the arena. */
static const char *
query_add(struct ask *k, const char *q, const char *name, const char *v)
{
	return ask_printf(
	    k, "%s%s%s=%s", q, *q == '\0' ? "" : "&", name, ask_escape(k, v));
}

/* The time that a range's name begins at, as RFC 3339; "" for all. */
static const char *
range_begin(struct ask *k, const char *range)
{
	int64_t now = k->w->b.now_us(k->w->b.arg);
	const char *s = "";
	struct buf b;
	size_t i;

	for (i = 0; i < N_RANGES; i++)
		if (strcmp(range_table[i].name, range) == 0)
			break;
	if (i == N_RANGES)
		i = 0;
	if (range_table[i].hours == 0)
		return "";
	buf_init(&b, 64);
	when_print(&b, now - range_table[i].hours * WHEN_HOUR);
	s = ask_printf(k, "%s", buf_string(&b));
	buf_clear(&b);
	return s;
}

/* The backend's query from what the page was asked; NULL when a time could
 * not be read, *bad then names the field. */
static const char *
search_query(struct ask *k, const char **bad)
{
	static const char *const names[] = { "q", "agency", "class", NULL };
	static const char *const times[] = { "since", "until" };
	const char *q = ask_query(k, names);
	bool since = false;

	for (int i = 0; i < 2; i++) {
		const char *typed = form_get(&k->query, times[i], ""), *t;

		if (*typed == '\0')
			continue;
		if ((t = ask_time(k, typed, i == 1)) == NULL) {
			*bad = times[i];
			return NULL;
		}
		q = query_add(k, q, times[i], t);
		since = since || i == 0;
	}
	if (!since) {
		const char *t = range_begin(
		    k, form_get(&k->query, "range", "24h"));

		if (*t != '\0')
			q = query_add(k, q, "since", t);
	}
	return q;
}

/* The form as it was filled in, for drawing it again. */
static void
search_form(struct ask *k, json_t *d)
{
	static const char *const name[] = { "q", "since", "until", "class" };
	const char *range = form_get(&k->query, "range", "24h");
	const char *class_ = form_get(&k->query, "class", "");
	json_t *f = json_object(), *ranges = json_array();
	json_t *classes = json_array(), *from;

	for (int i = 0; i < 4; i++)
		view_text(f, name[i], form_get(&k->query, name[i], ""));
	for (size_t i = 0; i < N_RANGES; i++)
		(void)json_array_append_new(ranges,
		    json_pack("{s:s,s:b}", "value", range_table[i].name,
			"selected", strcmp(range, range_table[i].name) == 0));
	from = json_object_get(d, "classes");
	for (size_t i = 0; i < json_array_size(from); i++) {
		const char *c = json_string_value(json_array_get(from, i));

		if (c != NULL)
			(void)json_array_append_new(classes,
			    json_pack("{s:s,s:b}", "value", c, "selected",
				strcmp(c, class_) == 0));
	}
	view_put(f, "ranges", ranges);
	view_put(f, "classes", classes);
	view_put(f, "agencies",
	    view_select(json_object_get(d, "agencies"),
		form_get(&k->query, "agency", "")));
	view_put(d, "form", f);
}

/* The page's own link to older records. */
static void
next_link(struct ask *k, json_t *d)
{
	static const char *const names[] = { "q", "agency", "class", "since",
		"until", "range", NULL };
	const char *next = json_get_text(d, "next", "");

	if (*next != '\0')
		view_text(d, "older",
		    ask_printf(k, "/log?%s",
			query_add(k, ask_query(k, names), "before", next)));
}

/* The histogram as the page draws it, in place of the backend's. */
static void
histogram_draw(json_t *d)
{
	json_t *h = json_object_get(d, "histogram");
	json_t *drawn = h == NULL ? NULL : view_histogram(h);

	if (drawn != NULL) {
		view_put(
		    drawn, "total", json_incref(json_object_get(h, "total")));
		view_put(drawn, "complete",
		    json_incref(json_object_get(h, "complete")));
	}
	view_put(d, "histogram", drawn == NULL ? json_null() : drawn);
}

/* The parameters of this page but the query and the place in the list. */
static const char *const kept[] = { "agency", "class", "since", "until",
	"range", NULL };

/* The link that narrows the search to one value of a field. */
static const char *
narrow_link(struct ask *k, const char *field, const char *value)
{
	const char *q = form_get(&k->query, "q", "");
	struct buf b;
	const char *link = NULL;

	buf_init(&b, 16384);
	if (*q != '\0')
		buf_printf(&b, "(%s) ", q);
	buf_printf(&b, "%s:\"", field);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_text(&b, "\\");
		buf_u8(&b, (uint8_t)*value);
	}
	buf_text(&b, "\"");
	if (buf_error(&b) == ERR_OK)
		link = ask_printf(k, "/log?%s",
		    query_add(k, ask_query(k, kept), "q", buf_string(&b)));
	buf_clear(&b);
	return link;
}

/* Beside the list: the most frequent values of some fields. */
static void
facets_draw(struct ask *k, json_t *d)
{
	json_t *list = json_object_get(d, "top");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *f = json_array_get(list, i);
		json_t *values = json_object_get(f, "values");
		const char *field = json_get_text(f, "field", "");

		view_flag(f, "by_category", strcmp(field, "category") == 0);
		for (size_t n = 0; n < json_array_size(values); n++) {
			json_t *v = json_array_get(values, n);
			const char *link = narrow_link(
			    k, field, json_get_text(v, "value", ""));

			view_text(v, "narrow", link == NULL ? "" : link);
		}
	}
	view_put(d, "facets", list == NULL ? json_null() : json_incref(list));
	view_put(d, "facets_partial",
	    json_boolean(!json_get_bool(d, "counted", true)));
}

/* What the search took, for its line. */
static void
cost_draw(json_t *d)
{
	json_t *c = json_object_get(d, "cost");

	if (c != NULL)
		view_put(
		    c, "kib", json_integer(json_get_int(c, "bytes", 0) / 1024));
}

/* Watching: the page again every few seconds. */
static void
live_draw(struct ask *k, json_t *d)
{
	static const char *const names[] = { "q", "agency", "class", "range",
		NULL };
	const char *q = ask_query(k, names);
	bool live = *form_get(&k->query, "live", "") != '\0';

	view_flag(d, "live", live);
	view_text(d, "live_link",
	    ask_printf(k, "/log?%s", query_add(k, q, "live", "1")));
	view_text(d, "still_link", ask_printf(k, "/log?%s", q));
}

/* Severity 0 is one too, but no truth to a template. */
static void
severities_mark(json_t *d)
{
	json_t *list = json_object_get(d, "records");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *r = json_array_get(list, i);

		view_flag(r, "severity_there",
		    json_is_integer(json_object_get(r, "severity")));
	}
}

/* A search that was refused: the form again, with the reason by it. */
static void
search_refused(struct ask *k, const char *field, const json_t *answer)
{
	json_t *d = ask_keep(k, json_object());
	json_t *error = json_object_get(answer, "error");

	search_form(k, d);
	view_text(d, "bad", field);
	view_put(d, "said", json_incref(json_object_get(error, "text")));
	page_draw(k, 400, "log", d);
}

void
log_search(struct ask *k)
{
	static const char *const columns[] = { "id", "received", "event",
		"agency.key", "class", "sender", "host", "app", "category",
		"severity", "message", NULL };
	const char *bad = NULL, *q = search_query(k, &bad), *all;
	const char *before = form_get(&k->query, "before", "");
	const char *wanted;
	json_t *d = NULL;
	int status = 0;

	if (q == NULL) {
		search_refused(k, bad, NULL);
		return;
	}
	all = *before == '\0' ? q : query_add(k, q, "before", before);
	wanted = query_add(k, all, "limit", "100");
	if (*before == '\0') /* the figures, with the first page only */
		wanted = ask_printf(k, "%s&%s", wanted,
		    "histogram=1&quick=1&n=6&top=host,user,category,src");
	if (!ask_try(k, "/log/search", wanted, &status, &d))
		return;
	if (status == 400) {
		search_refused(k, "q", d);
		return;
	}
	if (status != 200 && !ask_read(k, "/log/search", all, &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "records"), columns))
		return;
	search_form(k, d);
	next_link(k, d);
	view_put(
	    d, "partial", json_boolean(!json_get_bool(d, "complete", false)));
	severities_mark(d);
	view_put(d, "shown",
	    json_integer(
		(json_int_t)json_array_size(json_object_get(d, "records"))));
	histogram_draw(d);
	facets_draw(k, d);
	cost_draw(d);
	live_draw(k, d);
	page_draw(k, 200, "log", d);
}

void
log_stat(struct ask *k)
{
	static const char *const columns[] = { "name", "agency.key", "class",
		"keep_days", "records", "bytes", "first", "last", NULL };
	json_t *d;

	if (!ask_read(k, "/log/stat", NULL, &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "streams"), columns))
		return;
	page_draw(k, 200, "logstat", d);
}

void
record_show(struct ask *k)
{
	static const char *const columns[] = { "name", "value", NULL };
	json_t *d, *r;

	if (!ask_read(k,
		ask_printf(k, "/log/records/%s", ask_escape(k, k->arg[0])),
		NULL, &d))
		return;
	r = json_object_get(d, "record");
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(r, "fields"), columns))
		return;
	view_put(d, "heading", json_incref(json_object_get(r, "id")));
	page_draw(k, 200, "record", d);
}

/* A proof bundle as a download: JSON as the backend gave it. */
static void
bundle_send(struct ask *k, const char *path, const char *file)
{
	json_t *d;
	struct buf b;

	if (!ask_read(k, path, NULL, &d))
		return;
	buf_init(&b, WEB_ANSWER_MAX);
	json_pretty(&b, d);
	buf_text(&b, "\n");
	page_bytes(k, buf_error(&b) == ERR_OK ? 200 : 500, "application/json",
	    buf_view(&b), file);
	buf_clear(&b);
}

/* A name for a file, from a key: other bytes become '_'. */
static const char *
file_name(struct ask *k, const char *prefix, const char *key)
{
	char name[80];
	size_t n = 0;

	for (; key[n] != '\0' && n + 1 < sizeof name; n++)
		name[n] = (key[n] >= 'a' && key[n] <= 'z') ||
			(key[n] >= '0' && key[n] <= '9') || key[n] == '.' ||
			key[n] == '-'
		    ? key[n]
		    : '_';
	name[n] = '\0';
	return ask_printf(k, "%s%s.json", prefix, name);
}

void
record_proof(struct ask *k)
{
	bundle_send(k,
	    ask_printf(k, "/log/records/%s/proof", ask_escape(k, k->arg[0])),
	    file_name(k, "proof-", k->arg[0]));
}

void
entry_proof(struct ask *k)
{
	bundle_send(k,
	    ask_printf(k, "/ledger/%s/entries/%s/proof",
		ask_escape(k, k->arg[0]), ask_escape(k, k->arg[1])),
	    file_name(k,
		ask_printf(k, "proof-%s-", file_name(k, "", k->arg[0])),
		k->arg[1]));
}
