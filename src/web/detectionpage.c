/*
 * web/detectionpage.c: what the rules saw: the list, one detection with the
 * records it cites, and the rules.
 *
 * Runs      in the web process, in any of its threads.
 */
#include "base/when.h"
#include "web/page.h"

/* Adds to every rule of a list what its template asks. */
static void
rule_view(json_t *rule)
{
	view_flag(rule, "has_clauses",
	    json_array_size(json_object_get(rule, "clauses")) > 0);
	view_text(rule, "severity", json_get_text(rule, "level", "medium"));
}

static void
counts_view(struct ask *k, json_t *d)
{
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(d, "counts"), i, c) {
		rule_view(json_object_get(c, "rule"));
		view_text(c, "link",
		    ask_printf(k, "/detections?rule=%s",
			ask_escape(k,
			    json_get_text(
				json_object_get(c, "rule"), "name", ""))));
	}
	json_array_foreach(json_object_get(d, "detections"), i, c)
		rule_view(json_object_get(c, "rule"));
}

/* The backend's query; NULL when a time could not be read: *bad names it. */
static const char *
list_query(struct ask *k, const char **bad)
{
	static const char *const names[] = { "agency", "rule", "subject",
		"open", "page", NULL };
	static const char *const times[] = { "since", "until" };
	const char *q = ask_query(k, names);

	for (int i = 0; i < 2; i++) {
		const char *typed = form_get(&k->query, times[i], ""), *t;

		if (*typed == '\0')
			continue;
		if ((t = ask_time(k, typed, i == 1)) == NULL) {
			*bad = times[i];
			return NULL;
		}
		q = ask_printf(k, "%s%s%s=%s", q, *q == '\0' ? "" : "&",
		    times[i], ask_escape(k, t));
	}
	return q;
}

static void
pager_view(struct ask *k, json_t *d)
{
	static const char *const names[] = { "agency", "rule", "subject",
		"open", "since", "until", NULL };
	json_int_t page = json_get_int(d, "page", 1);
	const char *q = ask_query(k, names);
	const char *join = *q == '\0' ? "" : "&";

	if (page > 1)
		view_text(d, "page_before",
		    ask_printf(k, "/detections?%s%spage=%" JSON_INTEGER_FORMAT,
			q, join, page - 1));
	if (json_get_bool(d, "more", false))
		view_text(d, "page_after",
		    ask_printf(k, "/detections?%s%spage=%" JSON_INTEGER_FORMAT,
			q, join, page + 1));
	view_flag(d, "pages", page > 1 || json_get_bool(d, "more", false));
}

void
detection_list(struct ask *k)
{
	static const char *const columns[] = { "id", "rule.name", "agency.key",
		"host", "subject", "user", "first", "last", "count", "record",
		"answer", NULL };
	static const char *const fields[] = { "rule", "subject", "since",
		"until", "agency", "open" };
	const char *bad = NULL, *q = list_query(k, &bad);
	json_t *d, *f = json_object();

	if (q == NULL) {
		json_decref(f);
		page_error(k, 400, "error.time", NULL);
		return;
	}
	if (!ask_read(k, "/detections", q, &d)) {
		json_decref(f);
		return;
	}
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "detections"), columns)) {
		json_decref(f);
		return;
	}
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		view_text(f, fields[i], form_get(&k->query, fields[i], ""));
	view_put(d, "form", f);
	counts_view(k, d);
	pager_view(k, d);
	view_flag(
	    d, "some", json_array_size(json_object_get(d, "detections")) > 0);
	page_draw(k, 200, "detections", d);
}

void
detection_show(struct ask *k)
{
	static const char *const columns[] = { "record", NULL };
	json_t *d, *one, *list = json_array(), *c;
	struct buf now;
	size_t i;

	if (!ask_read(k,
		ask_printf(k, "/detections/%s", ask_escape(k, k->arg[0])), NULL,
		&d)) {
		json_decref(list);
		return;
	}
	if (page_json(k, d)) {
		json_decref(list);
		return;
	}
	json_array_foreach(json_object_get(d, "cites"), i, c)
		(void)json_array_append_new(
		    list, json_pack("{s:O}", "record", c));
	view_put(d, "cited", list);
	if (page_csv(k, list, columns))
		return;
	one = json_object_get(d, "detection");
	rule_view(json_object_get(one, "rule"));
	buf_init(&now, 64);
	when_print(
	    &now, k->w->b.now_us(k->w->b.arg) / WHEN_MINUTE * WHEN_MINUTE);
	view_text(d, "now", buf_string(&now));
	buf_clear(&now);
	view_text(d, "heading", k->arg[0]);
	view_put(d, "person",
	    json_incref(
		json_object_get(json_object_get(k->self, "person"), "key")));
	view_flag(
	    d, "answered", json_array_size(json_object_get(d, "answers")) > 0);
	page_draw(k, 200, "detection", d);
}

void
detection_rules(struct ask *k)
{
	static const char *const columns[] = { "name", "level", "title.zh",
		"title.en", "file", NULL };
	json_t *d, *x;
	size_t i;

	if (!ask_read(k, "/detections/rules", NULL, &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "rules"), columns))
		return;
	json_array_foreach(json_object_get(d, "rules"), i, x)
		rule_view(x);
	view_flag(
	    d, "wrong", json_array_size(json_object_get(d, "mistakes")) > 0);
	page_draw(k, 200, "detectionrules", d);
}
