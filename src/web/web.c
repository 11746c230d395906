/*
 * web/web.c: one request from its first byte to its reply.
 *
 * About     finding the page, the session and the form; the checks that the
 *           page's row asks for; files of the program itself.
 * Runs      in the web process, in any of its threads.
 * Source    OWASP ASVS 5.0 V3.
 */
#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "web/page.h"

#include <assert.h>
#include <stdlib.h>

#define WEB_REQUEST_MEMORY ((size_t)32 << 20)
#define WEB_BODY_FORM ((size_t)256 << 10)

extern const struct embedded web_templates[]; /* made by the build */
extern const struct embedded web_style[];

#define GET HTTP_GET
#define POST HTTP_POST
const struct page page_table[] = {
#define PAGE(method, path, may, show, title, also) \
	{ method, path, may, show, title, also },
#include "web/pages.tab"
#undef PAGE
};
#undef GET
#undef POST
const unsigned n_pages = sizeof page_table / sizeof *page_table;

enum err
web_new(const struct web_backend *b, struct web **out, struct fault *why)
{
	struct web *w = calloc(1, sizeof *w);
	enum err e;

	if (w == NULL)
		return fault_set(why, ERR_MEMORY, "web");
	w->b = *b;
	json_object_seed(0); /* reads the system's randomness: before a fence */
	crypt_random(w->form_key, sizeof w->form_key);
	if ((e = template_compile(web_templates, &w->t, why)) != ERR_OK)
		goto out;
	*out = w;
	w = NULL;
out:
	web_free(w);
	return e;
}

void
web_free(struct web *w)
{
	if (w == NULL)
		return;
	templates_free(w->t);
	crypt_wipe(w->form_key, sizeof w->form_key);
	free(w);
}

bool
page_path_is_sound(const char *path)
{
	struct cursor c = cursor_of(span_text(path));

	for (const char *p = path; *p != '\0'; p++)
		if ((uint8_t)*p <= 0x20 || (uint8_t)*p >= 0x7f || *p == '\\')
			return false;
	if (!span_is(cursor_take(&c, 1), "/"))
		return false;
	while (c.pos < c.all.len) {
		bool more = false;
		struct span s = cursor_until(&c, '/', &more);

		if (s.len == 0 || span_is(s, ".") || span_is(s, ".."))
			return false;
		if (more && c.pos == c.all.len)
			return false; /* "/log/" */
	}
	return true;
}

/* Does the path fit the row? Its {a} segments are then in k->arg. */
static bool
page_fits(struct ask *k, const struct page *p)
{
	struct cursor want = cursor_of(span_text(p->path));
	struct cursor got = cursor_of(span_text(k->path));
	unsigned n = 0;

	memset(k->arg, 0, sizeof k->arg);
	if (strcmp(k->path, "/") == 0 || strcmp(p->path, "/") == 0)
		return strcmp(k->path, p->path) == 0;
	for (;;) {
		struct span w = cursor_until(&want, '/', NULL);
		struct span g = cursor_until(&got, '/', NULL);

		if (span_is(w, "{a}")) {
			assert(n < PAGE_ARGS_MAX);
			k->arg[n] = form_unescape(k->mem, g, false);
			if (k->arg[n] == NULL || *k->arg[n] == '\0' ||
			    strcmp(k->arg[n], ".") == 0 ||
			    strcmp(k->arg[n], "..") == 0)
				return false;
			n++;
		} else if (!span_equal(w, g)) {
			return false;
		}
		if (want.pos == want.all.len || got.pos == got.all.len)
			return want.pos == want.all.len &&
			    got.pos == got.all.len;
	}
}

/* Find the row; *other tells that the path exists with another method. */
static const struct page *
page_find(struct ask *k, bool *other)
{
	enum http_method m = k->q->method;

	*other = false;
	if (m == HTTP_HEAD)
		m = HTTP_GET;
	for (unsigned i = 0; i < n_pages; i++) {
		const struct page *p = &page_table[i];

		if (!page_fits(k, p))
			continue;
		if (k->as != FORM_HTML && p->also != AS_DATA)
			continue;
		if (p->method == m)
			return p;
		*other = true;
	}
	return NULL;
}

/* Take ".json" or ".csv" off the path. */
static void
suffix_take(struct ask *k)
{
	struct span s = span_text(k->path);
	size_t cut = 0;

	if (span_ends(s, ".json")) {
		k->as = FORM_JSON;
		cut = 5;
	} else if (span_ends(s, ".csv")) {
		k->as = FORM_CSV;
		cut = 4;
	}
	if (cut != 0)
		k->path = arena_text(k->mem, span_slice(s, 0, s.len - cut));
	if (k->path == NULL || *k->path == '\0')
		k->path = "/";
}

/* The bearer's or the cookie's token; the API alone takes a bearer. */
static struct span
token_find(const struct ask *k, bool api)
{
	struct span b = span_text(k->q->authorization);
	struct span t = form_cookie(k->q->cookie, session_cookie_name(k->w));

	if (api && span_equal_nocase(span_slice(b, 0, 7), SPAN_LIT("Bearer ")))
		t = span_trim(span_slice(b, 7, SIZE_MAX));
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] <= 0x20 || t.at[i] >= 0x7f || t.at[i] == '"')
			return SPAN_EMPTY;
	return t.len <= WEB_TOKEN_MAX ? t : SPAN_EMPTY;
}

/* Read a POST's body by its type. */
static bool
form_read(struct ask *k)
{
	static const char plain[] = "application/x-www-form-urlencoded";
	struct span type = span_text(k->q->content_type);
	enum err e = ERR_SYNTAX;

	if (multipart_is(k->q->content_type))
		e = multipart_parse(
		    k->q->content_type, k->q->body, &k->parts, &k->why);
	else if (span_equal_nocase(
		     span_slice(type, 0, sizeof plain - 1), SPAN_LIT(plain)))
		e = form_parse(k->mem, k->q->body, &k->form, &k->why);
	if (e != ERR_OK)
		page_error(k, 400, "error.form-bytes", NULL);
	return e == ERR_OK;
}

/* Ask who this is; false when the reply is made. */
static bool
self_ask(struct ask *k)
{
	json_t *self = NULL;

	if (k->who.token.len == 0) {
		session_to_sign_in(k);
		return false;
	}
	if (!ask_read(k, "/self", NULL, &self))
		return false;
	k->self = self;
	if (k->page->may == MAY_READ &&
	    json_get_bool(self, "must_change", false)) {
		page_redirect(k, "/password");
		return false;
	}
	return true;
}

/* A page: the checks of its row, then its handler. */
static void
page_answer(struct ask *k)
{
	bool other;

	suffix_take(k);
	if (k->why.code != ERR_OK || !page_path_is_sound(k->q->path)) {
		page_error(k, 400, "error.address", NULL);
		return;
	}
	if ((k->page = page_find(k, &other)) == NULL) {
		page_error(k, other ? 405 : 404, "error.not-found", NULL);
		return;
	}
	if (k->q->method == HTTP_POST) {
		if (!form_read(k))
			return;
		if (!session_form_ok(k)) {
			page_error(k, 403, "error.form", NULL);
			return;
		}
	}
	if (k->page->may == MAY_ANYONE || self_ask(k))
		k->page->show(k);
}

/* A file of the program: style, script, icon. True when it was one. */
static bool
file_answer(struct ask *k)
{
	static const struct {
		const char *end, *type;
	} kind[] = { { ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".svg", "image/svg+xml" } };
	struct span path = span_text(k->q->path);
	struct span name = span_slice(path, 7, SIZE_MAX);

	if (span_is(path, "/favicon.ico"))
		name = SPAN_LIT("icon.svg");
	else if (!span_starts(path, "/style/"))
		return false;
	for (const struct embedded *f = web_style; f->name != NULL; f++) {
		if (!span_is(name, f->name))
			continue;
		for (unsigned i = 0; i < 3; i++)
			if (span_ends(name, kind[i].end))
				page_bytes(k, 200, kind[i].type, f->data, NULL);
		return true;
	}
	return false;
}

/* Fill an ask; false when memory is out. */
static bool
ask_begin(struct ask *k, struct web *w, const struct http_request *q,
    struct http_reply *r)
{
	*k = (struct ask){ .w = w, .q = q, .r = r, .path = q->path };
	k->mem = arena_new(WEB_REQUEST_MEMORY);
	k->view = json_object();
	view_put(k->view, "kept", json_array());
	return k->mem != NULL && json_object_size(k->view) == 1;
}

void
web_answer_request(
    void *arg, const struct http_request *q, struct http_reply *r)
{
	struct ask k;
	bool api = span_starts(span_text(q->path), "/api/v1/");
	bool began = ask_begin(&k, arg, q, r);

	if (!began) {
		r->status = 503;
		goto out;
	}
	if (form_parse(k.mem, span_text(q->query), &k.query, &k.why) == ERR_OK)
		k.why.code = ERR_OK;
	k.lang = lang_choose(form_get(&k.query, "lang", ""),
	    form_cookie(q->cookie, "beimen-language"), q->accept_language);
	k.who = (struct web_caller){ token_find(&k, api), q->address };
	page_headers(&k);
	if (file_answer(&k))
		goto out;
	if (api)
		api_answer(&k);
	else
		page_answer(&k);
out:
	json_decref(k.view);
	arena_free(k.mem);
}

size_t
web_body_max(void *arg, const struct http_request *q)
{
	struct span path = span_text(q->path);

	(void)arg;
	if (*q->cookie == '\0' && *q->authorization == '\0')
		return 64 << 10;
	if (span_ends(path, "/import"))
		return HTTP_BODY_MAX;
	return span_starts(path, "/api/v1/") ? FORM_BYTES_MAX : WEB_BODY_FORM;
}

/* http_sign_fn: the process's own signer, with its own argument. */
static enum err
sign_pass(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	const struct web *w = arg;

	return w->sign(w->sign_arg, hash, sig, len, why);
}

/* http_log_fn. */
static void
log_pass(void *arg, const char *line)
{
	const struct web *w = arg;

	if (w->b.log != NULL)
		w->b.log(w->b.arg, line);
}

enum err
web_serve(struct web *w, int listen_fd, struct span cert_pem,
    http_sign_fn *sign, void *sign_arg, struct http **out, struct fault *why)
{
	struct http_options o = { .listen_fd = listen_fd,
		.cert_pem = cert_pem,
		.answer = web_answer_request,
		.body_max = web_body_max,
		.log = log_pass,
		.arg = w };

	w->plain = cert_pem.len == 0;
	w->sign = sign;
	w->sign_arg = sign_arg;
	if (sign != NULL)
		o.sign = sign_pass;
	return http_open(&o, out, why);
}
