/*
 * tests/web/fake.c: a backend that answers from a table.
 */
#include "fake.h"

#include "web/form.h"

#include <stdio.h>
#include <stdlib.h>

void
fake_load(struct fake *f, const char *path)
{
	json_error_t e;

	*f = (struct fake){ .now_us = INT64_C(1795360047000000) };
	if ((f->answers = json_load_file(path, 0, &e)) == NULL) {
		(void)fprintf(stderr, "%s: %s\n", path, e.text);
		exit(3);
	}
}

void
fake_clear(struct fake *f)
{
	json_decref(f->answers);
	f->answers = NULL;
}

/* Answer with an error in the API's form. */
static void
refuse(struct web_answer *a, int status, const char *code, const char *text)
{
	a->status = status;
	buf_printf(&a->body, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}",
	    code, text);
}

/* Answer with one value. */
static void
answer(struct web_answer *a, int status, const json_t *v)
{
	char *s = json_dumps(v, JSON_COMPACT);

	a->status = status;
	buf_text(&a->body, s == NULL ? "" : s);
	free(s);
}

/* Remember what was asked, for the test to look at. */
static void
note(struct fake *f, const char *path, const char *query, struct span body)
{
	(void)snprintf(f->last_path, sizeof f->last_path, "%s", path);
	(void)snprintf(f->last_query, sizeof f->last_query, "%s", query);
	if (body.len != 0) {
		(void)snprintf(
		    f->last_write, sizeof f->last_write, "%s", query);
		(void)snprintf(f->last_body, sizeof f->last_body, "%.*s",
		    (int)(body.len < 4000 ? body.len : 4000),
		    (const char *)body.at);
	}
}

/* Whose token: 0 nobody, 1 admin, 2 fresh. */
static int
who_is(const struct web_caller *who)
{
	if (span_is(who->token, "t-admin"))
		return 1;
	return span_is(who->token, "t-fresh") ? 2 : 0;
}

/* Clauses whose label or id holds q. */
static void
clauses_answer(struct web_answer *a, const json_t *all, const char *query)
{
	struct arena *m = arena_new(1 << 16);
	json_t *out = json_copy((json_t *)(uintptr_t)all);
	json_t *hits = json_array();
	const json_t *list = json_object_get(all, "clauses");
	struct form q = { 0, NULL };
	const char *want;

	if (form_parse(m, span_text(query), &q, NULL) != ERR_OK)
		q.n = 0;
	want = form_get(&q, "q", "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *c = json_array_get(list, i);
		const char *zh = json_get_text(
		    json_object_get(c, "label"), "zh", "");

		if (*want == '\0' || strcmp(want, zh) == 0 ||
		    strcmp(want, json_get_text(c, "id", "")) == 0)
			(void)json_array_append(hits, c);
	}
	(void)json_object_set_new(out, "clauses", hits);
	(void)json_object_set_new(out, "q", json_string(want));
	answer(a, 200, out);
	json_decref(out);
	arena_free(m);
}

static enum err
fake_read(void *arg, const struct web_caller *who, const char *path,
    const char *query, struct web_answer *a, struct fault *why)
{
	struct fake *f = arg;
	const char *key = path;
	const json_t *v;
	int is = who_is(who);

	f->n_reads++;
	if (strcmp(path, "/self") != 0)
		note(f, path, query, SPAN_EMPTY);
	if (span_is(who->token, "t-broken"))
		return fault_set(why, ERR_GONE, "the reader went away");
	if (is == 0) {
		refuse(a, 401, "sign-in", "no session");
		return ERR_OK;
	}
	if (is == 2 && !f->changed) {
		if (strcmp(path, "/self") != 0) {
			refuse(a, 403, "must-change", "change it first");
			return ERR_OK;
		}
		key = "/self?must-change";
	}
	if (strcmp(path, "/log/search") == 0 &&
	    strstr(query, "q=%28") != NULL) {
		refuse(a, 400, "syntax", "column 1: nothing closes (");
		return ERR_OK;
	}
	if (strcmp(path, "/log/search") == 0 && strstr(query, "q=partial"))
		key = "/log/search?partial";
	if (strcmp(path, "/registers/secret") == 0) {
		refuse(a, 403, "denied", "not for you");
		return ERR_OK;
	}
	if ((v = json_object_get(f->answers, key)) == NULL)
		refuse(a, 404, "not-found", "no such thing");
	else if (strcmp(path, "/clauses") == 0)
		clauses_answer(a, v, query);
	else
		answer(a, 200, v);
	return ERR_OK;
}

/* An import: a line that holds "bad" is wrong. */
static void
import_answer(struct web_answer *a, const char *query, struct span body)
{
	bool bad = span_find_text(body, "bad") != SIZE_MAX;
	bool dry = strstr(query, "dry=1") != NULL;
	json_t *v = json_pack(
	    "{s:b,s:i,s:i,s:i,s:i,s:i,s:[{s:s,s:s},{s:s,s:n}],s:[],"
	    "s:[{s:i,s:s,s:s,s:{s:s}}]}",
	    "dry", dry, "rows", 2, "add", 1, "change", 1, "same", 0, "failed",
	    bad ? 1 : 0, "columns", "heading", "名稱", "field", "name",
	    "heading", "顏色", "field", "errors", "preview", "line", 2, "key",
	    "sys1", "action", "add", "fields", "name", "<b>系統</b>");

	if (bad)
		(void)json_array_append_new(json_object_get(v, "errors"),
		    json_pack("{s:i,s:s,s:s,s:{s:s,s:s}}", "line", 3, "column",
			"負責人", "field", "owner", "text", "zh", "查無此人",
			"en", "no such person"));
	if (bad && !dry)
		(void)json_object_set_new(v, "error",
		    json_pack("{s:s,s:s}", "code", "range", "text",
			"1 row is wrong"));
	answer(a, bad && !dry ? 400 : 200, v);
	json_decref(v);
}

static enum err
fake_write(void *arg, const struct web_caller *who, const char *method,
    const char *path, const char *query, const char *type, struct span body,
    struct web_answer *a, struct fault *why)
{
	struct fake *f = arg;

	(void)type;
	(void)why;
	f->n_writes++;
	note(f, path, query, body);
	if (who_is(who) == 0)
		refuse(a, 401, "sign-in", "no session");
	else if (span_ends(span_text(path), "/import"))
		import_answer(a, query, body);
	else if (span_ends(span_text(path), "/void") &&
	    span_find_text(body, "\"ground\":\"\"") != SIZE_MAX)
		refuse(a, 400, "range", "a ground is required");
	else if (strcmp(method, "PUT") == 0 &&
	    span_find_text(body, "\"name\":\"\"") != SIZE_MAX) {
		a->status = 400;
		buf_text(&a->body,
		    "{\"error\":{\"code\":\"range\",\"text\":"
		    "\"1 field is wrong\"},\"errors\":[{\"field\""
		    ":\"name\",\"text\":{\"zh\":\"必填\",\"en\":"
		    "\"required\"}}]}");
	} else {
		a->status = 200;
		buf_text(&a->body,
		    "{\"seq\":42,\"agency\":\"main\",\"key\":\"sys2\"}");
	}
	return ERR_OK;
}

static enum err
fake_sign_in(void *arg, struct span name, struct span password,
    const char *address, struct web_signed *s, struct fault *why)
{
	(void)arg;
	(void)address;
	if (span_is(name, "broken"))
		return fault_set(why, ERR_GONE, "the gate went away");
	if (span_is(name, "slow")) {
		s->how = WEB_THROTTLED;
		s->retry_s = 60;
		return ERR_OK;
	}
	s->how = WEB_REFUSED;
	if (!span_is(password, "correct-1!"))
		return ERR_OK;
	if (span_is(name, "admin")) {
		s->how = WEB_SIGNED_IN;
		(void)snprintf(s->token, sizeof s->token, "t-admin");
	} else if (span_is(name, "fresh")) {
		s->how = WEB_MUST_CHANGE;
		(void)snprintf(s->token, sizeof s->token, "t-fresh");
	}
	return ERR_OK;
}

static enum err
fake_sign_out(void *arg, const struct web_caller *who, struct fault *why)
{
	(void)arg;
	(void)who;
	(void)why;
	return ERR_OK;
}

static enum err
fake_password(void *arg, const struct web_caller *who, struct span old_,
    struct span new_, struct web_answer *a, struct fault *why)
{
	struct fake *f = arg;

	(void)why;
	if (who_is(who) == 0) {
		refuse(a, 401, "sign-in", "no session");
	} else if (!span_is(old_, "correct-1!")) {
		refuse(a, 400, "denied", "the present password is wrong");
	} else if (new_.len < 8) {
		refuse(a, 400, "range", "at least 8 characters");
	} else {
		f->changed = true;
		a->status = 200;
		buf_text(&a->body, "{}");
	}
	return ERR_OK;
}

static int64_t
fake_now(void *arg)
{
	const struct fake *f = arg;

	return f->now_us;
}

/* Lines that would go to the process's log. */
static void
fake_log(void *arg, const char *line)
{
	(void)arg;
	if (getenv("FAKE_LOG") != NULL)
		(void)fprintf(stderr, "%s\n", line);
}

struct web_backend
fake_backend(struct fake *f)
{
	return (struct web_backend){ .arg = f,
		.read = fake_read,
		.write = fake_write,
		.sign_in = fake_sign_in,
		.sign_out = fake_sign_out,
		.password = fake_password,
		.now_us = fake_now,
		.log = fake_log };
}
