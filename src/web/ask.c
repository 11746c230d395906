/*
 * web/ask.c: asking the backend on behalf of one request.
 *
 * About     paths, queries and times made from what a person typed; answers
 *           read as JSON; refusals turned into pages.
 * Runs      in the web process, in any of its threads.
 */
#include "base/when.h"
#include "web/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

json_t *
ask_keep(struct ask *k, json_t *v)
{
	json_t *kept = json_object_get(k->view, "kept");

	if (v == NULL)
		return NULL;
	if (json_array_append_new(kept, v) != 0)
		return NULL;
	return v;
}

const char *
ask_printf(struct ask *k, const char *fmt, ...)
{
	const char *s = "";
	struct buf b;
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return "";
	buf_init(&b, (size_t)n);
	buf_add(&b, text, (size_t)n);
	if (buf_error(&b) == ERR_OK)
		s = arena_text(k->mem, buf_view(&b));
	buf_clear(&b);
	free(text);
	return s == NULL ? "" : s;
}

const char *
ask_escape(struct ask *k, const char *s)
{
	const char *t;
	struct buf b;

	buf_init(&b, 64 << 10);
	form_escape(&b, span_text(s));
	t = buf_error(&b) == ERR_OK ? arena_text(k->mem, buf_view(&b)) : NULL;
	buf_clear(&b);
	return t == NULL ? "" : t;
}

const char *
ask_query(struct ask *k, const char *const names[])
{
	const char *all = "";

	for (unsigned i = 0; names[i] != NULL; i++) {
		const char *v = form_get(&k->query, names[i], "");

		if (*v != '\0')
			all = ask_printf(k, "%s%s%s=%s", all,
			    *all == '\0' ? "" : "&", names[i],
			    ask_escape(k, v));
	}
	return all;
}

const char *
ask_time(struct ask *k, const char *text, bool day_end)
{
	struct span s = span_trim(span_text(text));
	int64_t us, now = k->w->b.now_us(k->w->b.arg);
	struct day d;
	struct buf b;
	const char *out;

	if (day_parse(s, &d, NULL) == ERR_OK ||
	    roc_parse(s, &d, NULL) == ERR_OK) {
		us = day_start(d);
		if (day_end && (us += WHEN_DAY - 1) > now)
			us = now;
	} else if (when_parse(s, &us, NULL) != ERR_OK) {
		/* "2026-11-22T23:07", as a browser sends it. */
		const char *secs = s.len == 16 ? ":00" : "";

		out = ask_printf(
		    k, "%.*s%s+08:00", (int)s.len, (const char *)s.at, secs);
		if (s.len < 16 || s.len > 26 ||
		    when_parse(span_text(out), &us, NULL) != ERR_OK)
			return NULL;
	}
	buf_init(&b, 64);
	when_print(&b, us);
	out = buf_error(&b) == ERR_OK ? arena_text(k->mem, buf_view(&b)) : NULL;
	buf_clear(&b);
	return out;
}

const char *
ask_at(struct ask *k)
{
	const char *typed = form_get(&k->query, "at", ""), *at;

	if (*typed == '\0')
		return "";
	if ((at = ask_time(k, typed, true)) == NULL) {
		page_error(k, 400, "error.time", NULL);
		return NULL;
	}
	return ask_printf(k, "at=%s", ask_escape(k, at));
}

/* Read an answer's body; NULL when it is not JSON. */
static json_t *
answer_read(struct ask *k, struct web_answer *a)
{
	json_t *v = NULL;

	if (buf_error(&a->body) == ERR_OK &&
	    json_read(buf_view(&a->body), &v, &k->why) == ERR_OK)
		v = ask_keep(k, v);
	buf_clear(&a->body);
	return v;
}

/* The backend could not be asked: say so, and log why. */
static void
unreachable(struct ask *k)
{
	if (k->w->b.log != NULL)
		k->w->b.log(k->w->b.arg, k->why.text);
	page_error(k, 503, "error.unreachable", NULL);
}

bool
ask_try(struct ask *k, const char *path, const char *query, int *status,
    json_t **out)
{
	struct web_answer a = { .status = 0 };

	buf_init(&a.body, WEB_ANSWER_MAX);
	if (k->w->b.read(k->w->b.arg, &k->who, path, query == NULL ? "" : query,
		&a, &k->why) != ERR_OK) {
		buf_clear(&a.body);
		unreachable(k);
		return false;
	}
	*status = a.status;
	*out = answer_read(k, &a);
	return true;
}

bool
ask_write(struct ask *k, const char *method, const char *path,
    const char *query, const char *type, struct span body, int *status,
    json_t **out)
{
	struct web_answer a = { .status = 0 };

	buf_init(&a.body, WEB_ANSWER_MAX);
	if (k->w->b.write(k->w->b.arg, &k->who, method, path,
		query == NULL ? "" : query, type, body, &a,
		&k->why) != ERR_OK) {
		buf_clear(&a.body);
		unreachable(k);
		return false;
	}
	*status = a.status;
	*out = answer_read(k, &a);
	return true;
}

bool
ask_read(struct ask *k, const char *path, const char *query, json_t **out)
{
	json_t *v = NULL;
	const char *code;
	int status = 0;

	if (!ask_try(k, path, query, &status, &v))
		return false;
	if (status == 200 && json_is_object(v)) {
		*out = v;
		return true;
	}
	code = json_get_text(json_object_get(v, "error"), "code", "");
	if (status == 401)
		session_to_sign_in(k);
	else if (status == 403 && strcmp(code, "must-change") == 0)
		page_redirect(k, "/password");
	else if (status == 403)
		page_error(k, 403, "error.denied", v);
	else if (status == 404)
		page_error(k, 404, "error.not-found", v);
	else if (status == 400 || status == 413)
		page_error(k, status, "error.request", v);
	else if (status == 409)
		page_error(k, 409, "error.state", v);
	else if (status == 429)
		page_error(k, 429, "error.throttled", v);
	else
		page_error(k, 503, "error.unreachable", v);
	return false;
}
