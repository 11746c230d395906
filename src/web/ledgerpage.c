/*
 * web/ledgerpage.c: logs, checkpoints and proofs; the self-check.
 *
 * About     what lets a stranger verify, and what Beimen says of itself.
 * Runs      in the web process, in any of its threads.
 */
#include "base/text.h"
#include "web/page.h"

void
ledger_show(struct ask *k)
{
	static const char *const columns[] = { "agency.key", "origin", "size",
		"root", "at", "key", NULL };
	json_t *d;

	if (!ask_read(k, "/ledger", NULL, &d))
		return;
	if (page_json(k, d) || page_csv(k, json_object_get(d, "logs"), columns))
		return;
	page_draw(k, 200, "ledger", d);
}

/* Links to the page before and after. */
static void
pager_add(struct ask *k, json_t *d, const char *path)
{
	json_int_t page = json_get_int(d, "page", 1);
	json_int_t pages = json_get_int(d, "pages", 1);
	static const char *const names[] = { "q", "agency", "register",
		"voided", NULL };
	const char *q = ask_query(k, names);
	const char *join = *q == '\0' ? "" : "&";

	view_put(d, "page_no", json_integer(page));
	if (page > 1)
		view_text(d, "page_before",
		    ask_printf(k, "%s?%s%spage=%" JSON_INTEGER_FORMAT, path, q,
			join, page - 1));
	if (page < pages)
		view_text(d, "page_after",
		    ask_printf(k, "%s?%s%spage=%" JSON_INTEGER_FORMAT, path, q,
			join, page + 1));
}

void
ledger_entries(struct ask *k)
{
	static const char *const names[] = { "register", "page", NULL };
	static const char *const columns[] = { "seq", "register", "key",
		"action", "actor", "received", NULL };
	const char *a = ask_escape(k, k->arg[0]);
	json_t *d;

	if (!ask_read(k, ask_printf(k, "/ledger/%s/entries", a),
		ask_query(k, names), &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "entries"), columns))
		return;
	view_text(d, "agency", k->arg[0]);
	view_text(d, "heading", k->arg[0]);
	view_text(d, "register", form_get(&k->query, "register", ""));
	pager_add(k, d, ask_printf(k, "/ledger/%s", a));
	page_draw(k, 200, "entries", d);
}

void
ledger_checkpoint(struct ask *k)
{
	json_t *d;
	struct buf b;

	if (!ask_read(k,
		ask_printf(
		    k, "/ledger/%s/checkpoint", ask_escape(k, k->arg[0])),
		NULL, &d))
		return;
	buf_init(&b, 1 << 20);
	if (text_unbase64(&b, span_text(json_get_text(d, "base64", "-"))))
		page_bytes(
		    k, 200, "text/plain; charset=utf-8", buf_view(&b), NULL);
	else
		page_error(k, 503, "error.unreachable", NULL);
	buf_clear(&b);
}

void
health_show(struct ask *k)
{
	static const char *const columns[] = { "name", "title", "state", "text",
		NULL };
	json_t *d;

	if (!ask_read(k, "/health", NULL, &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "checks"), columns))
		return;
	page_draw(k, 200, "health", d);
}
