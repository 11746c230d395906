/*
 * web/reply.c: turning what was asked into a reply.
 *
 * About     pages, errors, redirects, downloads, and the headers that keep
 *           a browser from doing more than we meant.
 * Runs      in the web process, in any of its threads.
 * Source    CSP Level 3; RFC 6266 (Content-Disposition); RFC 4180 (CSV).
 */
#include "web/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Add a header; a reply without one of ours is not sent. */
static void
header_add(struct ask *k, const char *name, const char *value)
{
	if (http_header(k->r, name, value) != ERR_OK)
		k->r->status = 500;
}

void
page_headers(struct ask *k)
{
	header_add(k, "Content-Security-Policy",
	    "default-src 'self'; script-src 'self'; style-src 'self'; "
	    "img-src 'self'; object-src 'none'; base-uri 'none'; "
	    "form-action 'self'; frame-ancestors 'none'");
	header_add(k, "X-Content-Type-Options", "nosniff");
	header_add(k, "X-Frame-Options", "DENY");
	header_add(k, "Referrer-Policy", "same-origin");
	header_add(k, "Cross-Origin-Opener-Policy", "same-origin");
	header_add(k, "Cross-Origin-Resource-Policy", "same-origin");
	header_add(k, "Permissions-Policy",
	    "camera=(), geolocation=(), microphone=()");
	if (!k->w->plain)
		header_add(k, "Strict-Transport-Security", "max-age=31536000");
}

const char *
page_local(const char *to)
{
	if (to[0] != '/' || to[1] == '/')
		return "/";
	for (const char *p = to; *p != '\0'; p++)
		if ((uint8_t)*p <= 0x20 || (uint8_t)*p >= 0x7f || *p == '\\')
			return "/";
	return to;
}

void
page_redirect(struct ask *k, const char *to)
{
	k->r->status = 303;
	k->r->type = "text/plain; charset=utf-8";
	header_add(k, "Location", page_local(to));
	header_add(k, "Cache-Control", "no-store");
}

/* The section of the menu this page belongs to. */
static const char *
section_of(const char *path)
{
	static const char *const part[] = { "/clauses", "/log", "/detections",
		"/registers", "/ledger", "/health", "/account", "/password" };

	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		if (span_starts(span_text(path), part[i]))
			return part[i] + 1;
	return "city";
}

/* What every template may know about its own page. */
static json_t *
page_facts(struct ask *k)
{
	json_t *p = json_object(), *section = json_object();
	const char *here = k->path, *q = k->q->query;

	view_text(p, "title", k->page == NULL ? "error" : k->page->title);
	view_text(p, "lang", lang_code(k->lang));
	view_put(p, "zh", json_boolean(k->lang == LANG_ZH));
	view_text(p, "path", here);
	view_text(p, "query", q);
	view_text(
	    p, "url", *q == '\0' ? here : ask_printf(k, "%s?%s", here, q));
	if (k->page != NULL && k->page->also == AS_DATA) {
		const char *base = strcmp(here, "/") == 0 ? "/city" : here;

		view_text(p, "json",
		    ask_printf(
			k, "%s.json%s%s", base, *q == '\0' ? "" : "?", q));
		view_text(p, "csv",
		    ask_printf(
			k, "%s.csv%s%s", base, *q == '\0' ? "" : "?", q));
	}
	view_text(p, "token", session_form_token(k));
	view_text(p, "at", form_get(&k->query, "at", ""));
	view_put(p, "htmx", json_boolean(WEB_HTMX));
	view_put(section, section_of(here), json_true());
	view_put(p, "in", section);
	return p;
}

void
page_draw(struct ask *k, int status, const char *template_, json_t *data)
{
	json_t *root = json_object();

	if (root == NULL || (data != NULL && json_object_update(root, data)))
		k->r->status = 500;
	view_put(root, "page", page_facts(k));
	if (k->self != NULL)
		view_put(root, "self", json_incref(k->self));
	if (status != 0)
		k->r->status = status;
	k->r->type = "text/html; charset=utf-8";
	header_add(k, "Cache-Control", "no-store");
	header_add(k, "Content-Language", lang_code(k->lang));
	buf_reset(&k->r->body);
	if (template_draw(k->w->t, template_, root, k->lang, &k->r->body,
		&k->why) != ERR_OK) {
		k->r->status = 500;
		buf_reset(&k->r->body);
		buf_text(&k->r->body, "<!doctype html><title>500</title>");
		if (k->w->b.log != NULL)
			k->w->b.log(k->w->b.arg, k->why.text);
	}
	json_decref(root);
}

void
page_error(struct ask *k, int status, const char *key, const json_t *answer)
{
	json_t *error = json_object_get(answer, "error");
	json_t *d = ask_keep(k, json_object());
	char name[48] = "";

	for (size_t i = 0; key[i] != '\0' && i + 1 < sizeof name; i++)
		name[i] = key[i] == '.' ? '-' : key[i];
	view_text(d, "key", name);
	view_put(d, "status", json_integer(status));
	view_put(d, "said", json_incref(json_object_get(error, "text")));
	view_put(d, "where", json_incref(json_object_get(error, "where")));
	page_draw(k, status, "error", d);
}

void
page_bytes(struct ask *k, int status, const char *type, struct span bytes,
    const char *file)
{
	k->r->status = status;
	k->r->type = type;
	header_add(k, "Cache-Control", "no-store");
	if (file != NULL)
		header_add(k, "Content-Disposition",
		    ask_printf(k, "attachment; filename=\"%s\"", file));
	buf_reset(&k->r->body);
	buf_span(&k->r->body, bytes);
}

bool
page_json(struct ask *k, const json_t *data)
{
	struct buf b;

	if (k->as != FORM_JSON)
		return false;
	buf_init(&b, WEB_ANSWER_MAX);
	json_pretty(&b, data);
	buf_text(&b, "\n");
	page_bytes(k, buf_error(&b) == ERR_OK ? 200 : 500, "application/json",
	    buf_view(&b), NULL);
	buf_clear(&b);
	return true;
}

/* The value at "agency.key" in a row; texts in the reader's language. */
static const json_t *
cell_find(struct ask *k, const json_t *row, const char *path)
{
	struct cursor all = cursor_of(span_text(path));
	struct cursor c = cursor_of(cursor_until(&all, '=', NULL));

	while (c.pos < c.all.len) {
		struct span step = cursor_until(&c, '.', NULL);

		row = json_object_getn(row, (const char *)step.at, step.len);
	}
	if (json_is_object(row))
		row = json_object_get(row, k->lang == LANG_EN ? "en" : "zh");
	return row;
}

/* One cell, quoted, and never a formula. */
static void
cell_print(struct buf *b, const json_t *v)
{
	struct span s;
	uint64_t n;

	if (json_is_integer(v)) {
		buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return;
	}
	if (json_is_boolean(v)) {
		buf_text(b, json_is_true(v) ? "true" : "false");
		return;
	}
	if (!json_is_string(v))
		return;
	s = span_of(json_string_value(v), json_string_length(v));
	buf_u8(b, '"');
	if (s.len != 0 && strchr("=+-@\t\r", s.at[0]) != NULL &&
	    !span_number(span_slice(s, 1, SIZE_MAX), UINT64_MAX, &n))
		buf_u8(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '"')
			buf_u8(b, '"');
		buf_u8(b, s.at[i]);
	}
	buf_u8(b, '"');
}

/* "log.csv" for "/log". */
static const char *
file_name(struct ask *k)
{
	const char *last = strrchr(k->path, '/');

	if (last == NULL || last[1] == '\0')
		return "city.csv";
	for (const char *p = last + 1; *p != '\0'; p++)
		if (*p == '"' || *p == '%')
			return "beimen.csv";
	return ask_printf(k, "%s.csv", last + 1);
}

/* A column's heading: what stands behind "=", or the path itself. */
static void
heading_print(struct buf *b, const char *column, bool first)
{
	const char *h = strchr(column, '=');

	if (!first)
		buf_u8(b, ',');
	buf_u8(b, '"');
	for (h = h == NULL ? column : h + 1; *h != '\0'; h++) {
		if (*h == '"')
			buf_u8(b, '"');
		buf_u8(b, (uint8_t)*h);
	}
	buf_u8(b, '"');
}

bool
page_csv(struct ask *k, const json_t *rows, const char *const columns[])
{
	struct buf b;

	if (k->as != FORM_CSV)
		return false;
	buf_init(&b, WEB_ANSWER_MAX);
	buf_text(&b, "\xef\xbb\xbf"); /* so that spreadsheets see UTF-8 */
	for (unsigned i = 0; columns[i] != NULL; i++)
		heading_print(&b, columns[i], i == 0);
	buf_text(&b, "\r\n");
	for (size_t r = 0; r < json_array_size(rows); r++) {
		const json_t *row = json_array_get(rows, r);

		for (unsigned i = 0; columns[i] != NULL; i++) {
			if (i != 0)
				buf_u8(&b, ',');
			cell_print(&b, cell_find(k, row, columns[i]));
		}
		buf_text(&b, "\r\n");
	}
	page_bytes(k, buf_error(&b) == ERR_OK ? 200 : 500,
	    "text/csv; charset=utf-8", buf_view(&b), file_name(k));
	buf_clear(&b);
	return true;
}
