/*
 * web/city.c: the city, an agency, the clauses and one clause.
 *
 * About     pages about verdicts. Shapes of the answers: doc/api.md.
 * Runs      in the web process, in any of its threads.
 */
#include "web/page.h"

static const char *const verdict_columns[] = { "clause", "title", "agency.key",
	"agency.title", "state", "since", "counts.met", "counts.due",
	"counts.unmet", "counts.unknown", "counts.excepted", "counts.na",
	NULL };

void
city_show(struct ask *k)
{
	static const char *const columns[] = { "key", "title", "level",
		"counts.unmet", "counts.unknown", "counts.due",
		"counts.excepted", "counts.met", "counts.na", "counts.adopted",
		"counts.not_adopted", NULL };
	const char *at = ask_at(k);
	json_t *d, *list;

	if (at == NULL || !ask_read(k, "/city", at, &d))
		return;
	list = json_object_get(d, "agencies");
	if (page_json(k, d) || page_csv(k, list, columns))
		return;
	view_counts(d);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *a = json_array_get(list, i);

		view_counts(a);
		view_counts_each(json_object_get(a, "chapters"));
	}
	view_put(d, "map", view_bitmap(d));
	page_draw(k, 200, "city", d);
}

/* Group verdicts by chapter, so that the page can head them. */
static json_t *
by_chapter(const json_t *verdicts, const json_t *chapters)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < json_array_size(chapters); i++) {
		json_t *c = json_array_get(chapters, i), *list = json_array();
		json_int_t no = json_get_int(c, "no", 0);

		for (size_t v = 0; v < json_array_size(verdicts); v++) {
			json_t *o = json_array_get(verdicts, v);

			if (json_get_int(o, "chapter", -1) == no)
				(void)json_array_append(list, o);
		}
		if (json_array_size(list) == 0) {
			json_decref(list);
			continue;
		}
		view_put(c, "list", list);
		(void)json_array_append(groups, c);
	}
	return groups;
}

void
agency_show(struct ask *k)
{
	const char *at = ask_at(k);
	json_t *d, *list;

	if (at == NULL ||
	    !ask_read(k,
		ask_printf(k, "/agencies/%s", ask_escape(k, k->arg[0])), at,
		&d))
		return;
	list = json_object_get(d, "verdicts");
	if (page_json(k, d) || page_csv(k, list, verdict_columns))
		return;
	view_counts(d);
	view_counts_each(json_object_get(d, "chapters"));
	view_counts_each(json_object_get(d, "children"));
	view_counts_each(list);
	view_put(d, "groups", by_chapter(list, json_object_get(d, "chapters")));
	view_findings(d, true);
	view_flag(d, "has_children",
	    json_array_size(json_object_get(d, "children")) != 0);
	view_put(d, "heading",
	    json_incref(
		json_object_get(json_object_get(d, "agency"), "title")));
	page_draw(k, 200, "agency", d);
}

void
clause_list(struct ask *k)
{
	static const char *const names[] = { "q", "agency", NULL };
	static const char *const columns[] = { "id", "label", "chapter",
		"title", "modality", "mode", "counts.unmet", "counts.unknown",
		"counts.due", "counts.excepted", "counts.met", "counts.na",
		NULL };
	json_t *d, *list;

	if (!ask_read(k, "/clauses", ask_query(k, names), &d))
		return;
	list = json_object_get(d, "clauses");
	if (page_json(k, d) || page_csv(k, list, columns))
		return;
	/* One hit of a search for a number is that clause. */
	if (json_array_size(list) == 1 && *form_get(&k->query, "q", "") &&
	    *form_get(&k->query, "go", "")) {
		page_redirect(k,
		    ask_printf(k, "/clauses/%s",
			ask_escape(k,
			    json_get_text(json_array_get(list, 0), "id", ""))));
		return;
	}
	view_counts_each(list);
	view_put(d, "found", json_integer((json_int_t)json_array_size(list)));
	view_put(d, "groups", by_chapter(list, json_object_get(d, "chapters")));
	page_draw(k, 200, "clauses", d);
}

void
clause_show(struct ask *k)
{
	const char *at = ask_at(k), *agency, *q;
	json_t *d, *list, *heading;

	if (at == NULL)
		return;
	agency = form_get(&k->query, "agency", "");
	q = *agency == '\0'
	    ? at
	    : ask_printf(k, "%s%sagency=%s", at, *at == '\0' ? "" : "&",
		  ask_escape(k, agency));
	if (!ask_read(k, ask_printf(k, "/clauses/%s", ask_escape(k, k->arg[0])),
		q, &d))
		return;
	list = json_object_get(d, "verdicts");
	if (page_json(k, d) || page_csv(k, list, verdict_columns))
		return;
	view_counts(d);
	view_counts_each(list);
	view_findings(d, false);
	view_flag(d, "has_parameters",
	    json_array_size(json_object_get(d, "parameters")) != 0);
	view_put(d, "timeline",
	    view_history(
		json_object_get(d, "history"), json_get_text(d, "now", "")));
	heading = json_object_get(json_object_get(d, "clause"), "title");
	view_put(d, "heading", json_incref(heading));
	page_draw(k, 200, "clause", d);
}
