/*
 * web/session.c: sessions, form tokens, and the pages about them.
 *
 * About     cookies, sign-in, sign-out, the password change, the account
 *           page. Whether a session is good is the gate's to say.
 * Runs      in the web process.
 * Source    RFC 6265bis (__Host- cookies); OWASP ASVS 5.0 V3, V7.
 */
#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "web/page.h"

#include <stdlib.h>

const char *
session_cookie_name(const struct web *w)
{
	return w->plain ? "beimen" : "__Host-beimen";
}

const char *
session_pre_cookie_name(const struct web *w)
{
	return w->plain ? "beimen-form" : "__Host-beimen-form";
}

void
session_cookie_set(
    struct ask *k, const char *name, const char *value, bool lasting)
{
	const char *age = lasting ? "; Max-Age=31536000" : "";

	if (*value == '\0')
		age = "; Max-Age=0";
	if (http_header(k->r, "Set-Cookie",
		ask_printf(k, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name,
		    value, k->w->plain ? "" : "; Secure", age)) != ERR_OK)
		k->r->status = 500;
}

/* A token of ours: 1..WEB_TOKEN_MAX characters that need no quoting. */
static bool
token_is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return s.len > 0 && s.len <= WEB_TOKEN_MAX;
}

/* HMAC of one secret under this process's key, as hex. */
static const char *
token_make(struct ask *k, const char *kind, struct span secret)
{
	struct buf b;
	struct hash h;
	const char *s;

	buf_init(&b, 512);
	buf_text(&b, kind);
	buf_span(&b, secret);
	h = crypt_hmac(
	    span_of(k->w->form_key, sizeof k->w->form_key), buf_view(&b));
	buf_reset(&b);
	text_hex(&b, span_of(h.at, sizeof h.at));
	s = buf_error(&b) == ERR_OK ? arena_text(k->mem, buf_view(&b)) : NULL;
	buf_clear(&b);
	return s == NULL ? "" : s;
}

const char *
session_form_token(struct ask *k)
{
	struct span pre = form_cookie(
	    k->q->cookie, session_pre_cookie_name(k->w));
	const char *fresh;
	uint8_t seed[16];
	struct buf b;

	if (k->who.token.len != 0)
		return token_make(k, "session.", k->who.token);
	if (token_is_plain(pre))
		return token_make(k, "sign-in.", pre);
	crypt_random(seed, sizeof seed);
	buf_init(&b, 64);
	text_hex(&b, span_of(seed, sizeof seed));
	fresh = ask_printf(k, "%s", buf_string(&b));
	buf_clear(&b);
	session_cookie_set(k, session_pre_cookie_name(k->w), fresh, false);
	return token_make(k, "sign-in.", span_text(fresh));
}

/* The request says itself that another site made it. */
static bool
is_foreign(const struct ask *k)
{
	const char *origin = k->q->origin;
	size_t at = span_find_text(span_text(origin), "://");

	if (strcmp(k->q->fetch_site, "cross-site") == 0 ||
	    strcmp(k->q->fetch_site, "same-site") == 0)
		return true;
	if (*origin == '\0')
		return false;
	return at == SIZE_MAX || strcmp(origin + at + 3, k->q->host) != 0;
}

bool
session_form_ok(struct ask *k)
{
	struct span pre = form_cookie(
	    k->q->cookie, session_pre_cookie_name(k->w));
	const struct multipart_part *p = multipart_find(&k->parts, "token");
	struct span got = span_text(form_get(&k->form, "token", ""));
	const char *want;

	if (p != NULL)
		got = p->content;
	if (*k->q->form_token != '\0')
		got = span_text(k->q->form_token);
	if (is_foreign(k))
		return false;
	if (k->who.token.len == 0 && !token_is_plain(pre))
		return false;
	want = session_form_token(k);
	return *want != '\0' && crypt_equal(got, span_text(want));
}

void
session_to_sign_in(struct ask *k)
{
	const char *next = k->q->path;

	if (k->q->method != HTTP_GET)
		next = "/";
	else if (*k->q->query != '\0')
		next = ask_printf(k, "%s?%s", next, k->q->query);
	page_redirect(k,
	    strcmp(next, "/") == 0
		? "/sign-in"
		: ask_printf(k, "/sign-in?next=%s", ask_escape(k, next)));
}

/* The sign-in page, with what it has to say. */
static void
sign_in_draw(struct ask *k, int status, const char *problem, unsigned retry_s)
{
	json_t *d = ask_keep(k, json_object());
	const char *next = form_get(&k->form, "next", NULL);

	if (next == NULL)
		next = form_get(&k->query, "next", "/");
	view_text(d, "next", page_local(next));
	view_text(d, "name", form_get(&k->form, "name", ""));
	view_text(d, "problem", problem);
	view_put(d, "retry_s", json_integer(retry_s));
	view_put(d, "ended", json_boolean(*form_get(&k->query, "ended", "")));
	page_draw(k, status, "sign-in", d);
}

void
sign_in_form(struct ask *k)
{
	sign_in_draw(k, 200, "", 0);
}

void
sign_in_take(struct ask *k)
{
	struct span name = span_text(form_get(&k->form, "name", ""));
	struct span password = span_text(form_get(&k->form, "password", ""));
	struct web_signed s = { .how = WEB_REFUSED };

	if (k->w->b.sign_in(k->w->b.arg, name, password, k->q->address, &s,
		&k->why) != ERR_OK) {
		if (k->w->b.log != NULL)
			k->w->b.log(k->w->b.arg, k->why.text);
		page_error(k, 503, "error.unreachable", NULL);
		return;
	}
	switch (s.how) {
	case WEB_REFUSED:
		sign_in_draw(k, 401, "refused", 0);
		return;
	case WEB_THROTTLED:
		sign_in_draw(k, 429, "throttled", s.retry_s);
		return;
	case WEB_SIGNED_IN:
	case WEB_MUST_CHANGE:
		break;
	}
	session_cookie_set(k, session_cookie_name(k->w), s.token, false);
	session_cookie_set(k, session_pre_cookie_name(k->w), "", false);
	crypt_wipe(s.token, sizeof s.token);
	page_redirect(k,
	    s.how == WEB_MUST_CHANGE
		? "/password"
		: page_local(form_get(&k->form, "next", "/")));
}

void
sign_out_take(struct ask *k)
{
	if (k->w->b.sign_out(k->w->b.arg, &k->who, &k->why) != ERR_OK &&
	    k->w->b.log != NULL)
		k->w->b.log(k->w->b.arg, k->why.text);
	session_cookie_set(k, session_cookie_name(k->w), "", false);
	page_redirect(k, "/sign-in?ended=1");
}

/* The password page, with what the gate found wrong. */
static void
password_draw(
    struct ask *k, int status, const char *problem, const json_t *answer)
{
	json_t *d = ask_keep(k, json_object());

	view_text(d, "problem", problem);
	if (answer != NULL)
		view_put(d, "said",
		    json_incref(json_object_get(
			json_object_get(answer, "error"), "text")));
	page_draw(k, status, "password", d);
}

void
password_form(struct ask *k)
{
	password_draw(k, 200, "", NULL);
}

void
password_change(struct ask *k)
{
	const char *old_ = form_get(&k->form, "old", "");
	const char *new_ = form_get(&k->form, "new", "");
	struct web_answer a = { .status = 0 };
	json_t *v = NULL;

	if (strcmp(new_, form_get(&k->form, "again", "")) != 0) {
		password_draw(k, 400, "differ", NULL);
		return;
	}
	buf_init(&a.body, WEB_ANSWER_MAX);
	if (k->w->b.password(k->w->b.arg, &k->who, span_text(old_),
		span_text(new_), &a, &k->why) != ERR_OK) {
		buf_clear(&a.body);
		if (k->w->b.log != NULL)
			k->w->b.log(k->w->b.arg, k->why.text);
		page_error(k, 503, "error.unreachable", NULL);
		return;
	}
	if (json_read(buf_view(&a.body), &v, &k->why) == ERR_OK)
		v = ask_keep(k, v);
	buf_clear(&a.body);
	if (a.status == 200) {
		/* The old token is dead: the session goes on under a new one. */
		const char *token = json_get_text(v, "token", "");

		if (*token != '\0')
			session_cookie_set(
			    k, session_cookie_name(k->w), token, false);
		page_redirect(k, "/account?changed=1");
		return;
	}
	if (a.status == 401) {
		session_to_sign_in(k);
		return;
	}
	password_draw(k, a.status, "refused", v);
}

void
account_show(struct ask *k)
{
	json_t *d = ask_keep(k, json_object());

	view_put(d, "changed",
	    json_boolean(*form_get(&k->query, "changed", "") != '\0'));
	page_draw(k, 200, "account", d);
}

void
account_language(struct ask *k)
{
	const char *l = form_get(&k->query, "to", "");

	session_cookie_set(
	    k, "beimen-language", strcmp(l, "en") == 0 ? "en" : "zh", true);
	page_redirect(k, page_local(form_get(&k->query, "next", "/")));
}
