/*
 * web/api.c: /api/v1, passed on with the caller's session.
 *
 * About     who may ask by cookie or bearer token, what is passed to the
 *           backend, and the description of it all.
 * Runs      in the web process, in any of its threads.
 * Source    OpenAPI 3.1; RFC 6750 (bearer tokens).
 */
#include "base/text.h"
#include "web/page.h"

static const struct {
	const char *method, *path, *query, *what;
} api_table[] = {
#define API(method, path, query, what) { method, path, query, what },
#include "web/api.tab"
};

/* An error in the API's own form. */
static void
api_error(struct ask *k, int status, const char *code, const char *text)
{
	json_t *e = json_pack(
	    "{s:{s:s,s:s}}", "error", "code", code, "text", text);
	struct buf b;

	buf_init(&b, 4096);
	if (e != NULL)
		json_canonical(&b, e);
	page_bytes(k, status, "application/json", buf_view(&b), NULL);
	buf_clear(&b);
	json_decref(e);
}

/* The backend could not be asked. */
static void
unreachable(struct ask *k)
{
	if (k->w->b.log != NULL)
		k->w->b.log(k->w->b.arg, k->why.text);
	api_error(k, 503, "gone", "the answer could not be had");
}

/* The {name} segments of a path, as OpenAPI parameters. */
static void
path_parameters(json_t *list, const char *path)
{
	struct cursor c = cursor_of(span_text(path));

	while (c.pos < c.all.len) {
		bool found = false;
		struct span name;

		(void)cursor_until(&c, '{', &found);
		if (!found)
			return;
		name = cursor_until(&c, '}', NULL);
		(void)json_array_append_new(list,
		    json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name",
			(const char *)name.at, name.len, "in", "path",
			"required", 1, "schema", "type", "string"));
	}
}

/* The query names, likewise. */
static void
query_parameters(json_t *list, const char *query)
{
	struct cursor c = cursor_of(span_text(query));

	while (c.pos < c.all.len) {
		struct span name = cursor_until(&c, ' ', NULL);

		(void)json_array_append_new(list,
		    json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name",
			(const char *)name.at, name.len, "in", "query",
			"required", 0, "schema", "type", "string"));
	}
}

/* /api/v1/openapi.json, from the table. */
static void
openapi_answer(struct ask *k)
{
	json_t *paths = json_object();
	json_t *doc = json_pack("{s:s,s:{s:s,s:s},s:[{s:s}],s:O}", "openapi",
	    "3.1.0", "info", "title", "Beimen", "version", "1", "servers",
	    "url", "/api/v1", "paths", paths);
	struct buf b;

	for (size_t i = 0; i < sizeof api_table / sizeof *api_table; i++) {
		json_t *at = json_object_get(paths, api_table[i].path);
		json_t *list = json_array();

		if (at == NULL) {
			view_put(paths, api_table[i].path, json_object());
			at = json_object_get(paths, api_table[i].path);
		}
		path_parameters(list, api_table[i].path);
		query_parameters(list, api_table[i].query);
		view_put(at, api_table[i].method,
		    json_pack("{s:s,s:o,s:{s:{s:s},s:{s:s}}}", "summary",
			api_table[i].what, "parameters", list, "responses",
			"200", "description", "doc/api.md", "default",
			"description", "an error"));
	}
	buf_init(&b, 1 << 20);
	json_pretty(&b, doc);
	page_bytes(k, buf_error(&b) == ERR_OK ? 200 : 500, "application/json",
	    buf_view(&b), NULL);
	buf_clear(&b);
	json_decref(doc);
	json_decref(paths);
}

/* Types of bytes that an answer may carry; nothing a browser would run. */
static const char *
type_known(const char *type)
{
	static const char *const known[] = { "text/plain; charset=utf-8",
		"application/octet-stream" };

	for (size_t i = 0; i < 2; i++)
		if (strcmp(type, known[i]) == 0)
			return known[i];
	return known[1];
}

/* Where an answer may be bytes in a wrapper (doc/api.md). */
static bool
path_has_bytes(const char *path)
{
	return span_ends(span_text(path), "/checkpoint") ||
	    span_starts(span_text(path), "/segments/") ||
	    strstr(path, "/tile/") != NULL;
}

/* Send an answer on: JSON as it came, wrapped bytes as bytes. */
static void
answer_pass(struct ask *k, const char *path, const struct web_answer *a)
{
	struct span body = buf_view(&a->body);
	json_t *v = NULL;
	struct buf b;

	if (a->status != 200 || !path_has_bytes(path)) {
		page_bytes(k, a->status, "application/json", body, NULL);
		return;
	}
	buf_init(&b, WEB_ANSWER_MAX);
	if (json_read(body, &v, &k->why) == ERR_OK &&
	    text_unbase64(&b, span_text(json_get_text(v, "base64", "-"))))
		page_bytes(k, 200, type_known(json_get_text(v, "type", "")),
		    buf_view(&b), NULL);
	else
		api_error(k, 503, "gone", "the answer could not be read");
	json_decref(v);
	buf_clear(&b);
}

/* A change: from a bearer, or from our own page with its form token. */
static void
change_pass(struct ask *k, const char *path)
{
	static const char *const name[] = { "GET", "HEAD", "POST", "PUT",
		"DELETE" };
	struct span type = span_text(k->q->content_type);
	bool csv = span_starts(type, "text/csv");
	struct web_answer a = { .status = 503 };

	if (*k->q->authorization == '\0' && !session_form_ok(k)) {
		api_error(k, 403, "denied",
		    "a change by cookie needs the X-Beimen-Token header");
		return;
	}
	if (!csv && !span_starts(type, "application/json")) {
		api_error(k, 400, "syntax",
		    "the body must be application/json or text/csv");
		return;
	}
	buf_init(&a.body, WEB_ANSWER_MAX);
	if (k->w->b.write(k->w->b.arg, &k->who, name[k->q->method], path,
		k->q->query, csv ? "text/csv" : "application/json", k->q->body,
		&a, &k->why) == ERR_OK)
		answer_pass(k, path, &a);
	else
		unreachable(k);
	buf_clear(&a.body);
}

/* A question. */
static void
question_pass(struct ask *k, const char *path)
{
	struct web_answer a = { .status = 503 };

	buf_init(&a.body, WEB_ANSWER_MAX);
	if (k->w->b.read(k->w->b.arg, &k->who, path, k->q->query, &a,
		&k->why) != ERR_OK) {
		unreachable(k);
	} else {
		if (strcmp(path, "/self") == 0 && a.status == 200 &&
		    http_header(k->r, "X-Beimen-Token",
			session_form_token(k)) != ERR_OK)
			a.status = 500;
		answer_pass(k, path, &a);
	}
	buf_clear(&a.body);
}

void
api_answer(struct ask *k)
{
	const char *path = k->q->path + strlen("/api/v1");

	if (!page_path_is_sound(path) || strstr(path, "%2e") != NULL ||
	    strstr(path, "%2E") != NULL)
		api_error(k, 400, "syntax", "no such path");
	else if (strcmp(path, "/openapi.json") == 0)
		openapi_answer(k);
	else if (k->who.token.len == 0)
		api_error(k, 401, "sign-in", "no session");
	else if (k->q->method != HTTP_GET && k->q->method != HTTP_HEAD)
		change_pass(k, path);
	else
		question_pass(k, path);
}
