/*
 * fuzz/web/web_request.c: a whole request of any path, query, headers and
 * body, a line each, against a backend that refuses everything.
 */
#include "crypt/crypt.h"
#include "web/web.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err
refuse_read(void *arg, const struct web_caller *who, const char *path,
    const char *query, struct web_answer *a, struct fault *why)
{
	(void)arg;
	(void)who;
	(void)query;
	(void)why;
	if (strstr(path, "/../") != NULL || span_ends(span_text(path), "/.."))
		abort(); /* a path out of the tree reached the backend */
	a->status = strcmp(path, "/self") == 0 ? 200 : 404;
	buf_text(&a->body,
	    a->status == 200
		? "{\"account\":\"a\"}"
		: "{\"error\":{\"code\":\"not-found\",\"text\":\"<b>\"}}");
	return ERR_OK;
}

static enum err
refuse_write(void *arg, const struct web_caller *who, const char *method,
    const char *path, const char *query, const char *type, struct span body,
    struct web_answer *a, struct fault *why)
{
	(void)arg;
	(void)method;
	(void)path;
	(void)query;
	(void)type;
	(void)body;
	(void)why;
	if (who->token.len == 0)
		abort(); /* a change by nobody */
	a->status = 403;
	return ERR_OK;
}

static enum err
refuse_sign_in(void *arg, struct span name, struct span password,
    const char *address, struct web_signed *s, struct fault *why)
{
	(void)arg;
	(void)name;
	(void)password;
	(void)address;
	(void)why;
	s->how = WEB_REFUSED;
	return ERR_OK;
}

static enum err
refuse_out(void *arg, const struct web_caller *who, struct fault *why)
{
	(void)arg;
	(void)who;
	return fault_set(why, ERR_GONE, "nobody there");
}

static enum err
refuse_password(void *arg, const struct web_caller *who, struct span old_,
    struct span new_, struct web_answer *a, struct fault *why)
{
	(void)arg;
	(void)who;
	(void)old_;
	(void)new_;
	(void)a;
	return fault_set(why, ERR_GONE, "nobody there");
}

static int64_t
now(void *arg)
{
	(void)arg;
	return INT64_C(1795360047000000);
}

/* The next line as a string; the caller frees it. */
static char *
line(struct cursor *c)
{
	struct span s = cursor_until(c, '\n', NULL);
	char *t = calloc(1, s.len + 1);

	if (t == NULL)
		abort();
	if (s.len != 0)
		memcpy(t, s.at, s.len);
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct web *w;
	static const struct web_backend b = { .read = refuse_read,
		.write = refuse_write,
		.sign_in = refuse_sign_in,
		.sign_out = refuse_out,
		.password = refuse_password,
		.now_us = now };
	struct cursor c = cursor_of(span_of(data, len));
	unsigned method = cursor_u8(&c) % 5;
	char *part[6];
	struct http_request q = { 0 };
	struct http_reply r;

	if (w == NULL &&
	    (crypt_start(NULL) != ERR_OK || web_new(&b, &w, NULL) != ERR_OK))
		abort();
	for (int i = 0; i < 6; i++)
		part[i] = line(&c);
	q = (struct http_request){ .method = (enum http_method)method,
		.path = part[0],
		.query = part[1],
		.host = "a",
		.cookie = part[2],
		.authorization = part[3],
		.accept_language = part[4],
		.content_type = part[5],
		.origin = "",
		.fetch_site = "",
		.form_token = "",
		.if_none_match = "",
		.address = "192.0.2.1",
		.body = cursor_rest(&c) };
	http_reply_init(&r, HTTP_REPLY_MAX);
	if (q.body.len > web_body_max(w, &q))
		q.body = SPAN_EMPTY;
	web_answer_request(w, &q, &r);
	if (r.status < 200 || r.status > 599)
		abort();
	http_reply_clear(&r);
	for (int i = 0; i < 6; i++)
		free(part[i]);
	return 0;
}
