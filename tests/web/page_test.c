/*
 * tests/web/page_test.c: who gets which page, and what a form must carry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "fake.h"
#include "web/page.h"

#define ADMIN "__Host-beimen=t-admin; beimen-language=en"
#define FRESH "__Host-beimen=t-fresh"
#define FORM_TYPE "application/x-www-form-urlencoded"

static struct fake fake;
static struct web *web;
static struct http_reply reply;

/* Ask; the reply stays in `reply` until the next. */
static const char *
ask(enum http_method m, const char *path, const char *query, const char *cookie,
    const char *type, const char *body)
{
	struct http_request q = { .method = m,
		.path = path,
		.query = query,
		.host = "beimen.test",
		.cookie = cookie,
		.authorization = "",
		.accept_language = "en",
		.content_type = type,
		.origin = "",
		.fetch_site = "",
		.form_token = "",
		.if_none_match = "",
		.address = "192.0.2.9",
		.body = span_text(body) };

	http_reply_clear(&reply);
	http_reply_init(&reply, HTTP_REPLY_MAX);
	web_answer_request(web, &q, &reply);
	return buf_string(&reply.body);
}

/* GET. */
static const char *
get(const char *path, const char *query, const char *cookie)
{
	return ask(HTTP_GET, path, query, cookie, "", "");
}

/* A header of the reply; "" when it is not there. */
static const char *
header(const char *name)
{
	for (unsigned i = 0; i < reply.n_headers; i++)
		if (strcmp(reply.header[i].name, name) == 0)
			return reply.header[i].value;
	return "";
}

/* The form token of a page; static memory. */
static const char *
token_of(const char *page)
{
	static char token[128];
	const char *at = strstr(page, "name=\"token\" value=\"");

	assert_non_null(at);
	(void)snprintf(token, sizeof token, "%.64s",
	    at + strlen("name=\"token\" value=\""));
	return token;
}

/* POST with a token taken from `from`. */
static const char *
post(const char *path, const char *from, const char *cookie, const char *rest)
{
	char body[2048];

	(void)snprintf(body, sizeof body, "token=%s&%s",
	    token_of(get(from, "", cookie)), rest);
	return ask(HTTP_POST, path, "", cookie, FORM_TYPE, body);
}

static int
setup(void **state)
{
	struct web_backend b;
	struct fault why = { 0 };

	(void)state;
	fake_load(&fake, getenv("FAKE"));
	b = fake_backend(&fake);
	http_reply_init(&reply, 1);
	if (crypt_start(&why) != ERR_OK || web_new(&b, &web, &why) != ERR_OK) {
		print_error("%s\n", why.text);
		return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	http_reply_clear(&reply);
	web_free(web);
	fake_clear(&fake);
	return 0;
}

/* Every page of the table but sign-in sends a stranger to sign in, and asks
 * the backend nothing for him. */
static void
a_stranger_is_sent_to_sign_in(void **state)
{
	char path[128];

	(void)state;
	for (unsigned i = 0; i < n_pages; i++) {
		const struct page *p = &page_table[i];
		size_t n = 0;

		if (p->may == MAY_ANYONE || p->method != HTTP_GET)
			continue;
		for (const char *c = p->path; *c != '\0'; c++)
			if (*c != '{' && *c != '}')
				path[n++] = *c;
		path[n] = '\0';
		fake.n_reads = 0;
		(void)get(path, "", "");
		assert_int_equal(reply.status, 303);
		assert_true(
		    span_starts(span_text(header("Location")), "/sign-in"));
		assert_int_equal(fake.n_reads, 0);
	}
	(void)get("/log", "q=a%20b", "");
	assert_string_equal(
	    header("Location"), "/sign-in?next=%2Flog%3Fq%3Da%2520b");
}

/* Every page draws for a signed-in reader, in both languages. */
static void
every_page_draws_in_both_languages(void **state)
{
	static const char *const path[] = { "/", "/city", "/agencies/main",
		"/clauses", "/clauses/1.1", "/log", "/log/stat",
		"/log/records/main.audit-60.1039", "/registers",
		"/registers/system", "/registers/system/new",
		"/registers/system/import", "/registers/system/main/sys0",
		"/ledger", "/ledger/main", "/health", "/account", "/password" };

	(void)state;
	for (size_t i = 0; i < sizeof path / sizeof *path; i++)
		for (int zh = 0; zh < 2; zh++) {
			const char *page = get(
			    path[i], zh ? "lang=zh" : "lang=en", ADMIN);

			if (reply.status != 200)
				fail_msg("%s: %d", path[i], reply.status);
			assert_non_null(strstr(page,
			    zh ? "<html lang=\"zh-Hant-TW\">"
			       : "<html lang=\"en\">"));
			assert_non_null(strstr(page, "</html>"));
			assert_null(strstr(page, "<script>"));
			assert_null(strstr(page, "onerror=alert(1)>"));
		}
}

/* The same page as data: the answer itself, and a table. */
static void
every_list_is_given_as_json_and_csv(void **state)
{
	static const char *const path[] = { "/city", "/agencies/main",
		"/clauses", "/clauses/1.1", "/log", "/log/stat", "/registers",
		"/registers/system", "/ledger", "/ledger/main", "/health" };
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		json_t *v = NULL;

		(void)snprintf(name, sizeof name, "%s.json", path[i]);
		(void)get(name, "", ADMIN);
		assert_int_equal(reply.status, 200);
		assert_string_equal(reply.type, "application/json");
		assert_int_equal(
		    json_read(buf_view(&reply.body), &v, NULL), ERR_OK);
		assert_null(json_object_get(v, "states"));
		json_decref(v);
		(void)snprintf(name, sizeof name, "%s.csv", path[i]);
		(void)get(name, "", ADMIN);
		assert_int_equal(reply.status, 200);
		assert_string_equal(reply.type, "text/csv; charset=utf-8");
		assert_non_null(
		    strstr(header("Content-Disposition"), "attachment"));
	}
	(void)get("/registers/system.csv", "q=x&page=2", ADMIN);
	assert_string_equal(fake.last_query, "q=x&all=1");
	(void)get("/account.json", "", ADMIN);
	assert_int_equal(reply.status, 404);
}

/* No POST of the table does anything without the token of our own form. */
static void
a_form_without_its_token_changes_nothing(void **state)
{
	static const char long_zero[] =
	    "token=0000000000000000000000000000000000000000000000000000000"
	    "000000000";
	static const char *const bad[] = { "", "token=", "token=00",
		long_zero };
	char path[128];

	(void)state;
	for (unsigned i = 0; i < n_pages; i++) {
		const struct page *p = &page_table[i];
		size_t n = 0;

		if (p->method != HTTP_POST)
			continue;
		for (const char *c = p->path; *c != '\0'; c++)
			if (*c != '{' && *c != '}')
				path[n++] = *c;
		path[n] = '\0';
		for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
			fake.n_writes = 0;
			(void)ask(
			    HTTP_POST, path, "", ADMIN, FORM_TYPE, bad[k]);
			assert_int_equal(reply.status, 403);
			assert_int_equal(fake.n_writes, 0);
		}
		(void)ask(HTTP_POST, path, "", ADMIN, "text/plain", "x");
		assert_int_equal(reply.status, 400);
	}
}

/* A token of one session is worth nothing in another. */
static void
a_token_of_another_session_is_refused(void **state)
{
	char body[256];

	(void)state;
	(void)snprintf(body, sizeof body, "token=%s",
	    token_of(get("/account", "", ADMIN)));
	(void)ask(HTTP_POST, "/sign-out", "", FRESH, FORM_TYPE, body);
	assert_int_equal(reply.status, 403);
	(void)ask(HTTP_POST, "/sign-out", "", ADMIN, FORM_TYPE, body);
	assert_int_equal(reply.status, 303);
	assert_non_null(strstr(header("Set-Cookie"), "Max-Age=0"));
}

/* What another site's page sends is refused, token or not. */
static void
a_request_from_another_site_is_refused(void **state)
{
	struct http_request q = { .method = HTTP_POST,
		.path = "/sign-out",
		.query = "",
		.host = "beimen.test",
		.cookie = ADMIN,
		.authorization = "",
		.accept_language = "",
		.content_type = FORM_TYPE,
		.origin = "https://evil.test",
		.fetch_site = "",
		.form_token = "",
		.if_none_match = "",
		.address = "" };
	char body[256];

	(void)state;
	(void)snprintf(body, sizeof body, "token=%s",
	    token_of(get("/account", "", ADMIN)));
	q.body = span_text(body);
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			q.origin = "null";
		if (i == 2) {
			q.origin = "";
			q.fetch_site = "cross-site";
		}
		http_reply_clear(&reply);
		http_reply_init(&reply, 1 << 20);
		web_answer_request(web, &q, &reply);
		assert_int_equal(reply.status, 403);
	}
	q.origin = "https://beimen.test";
	q.fetch_site = "same-origin";
	http_reply_clear(&reply);
	http_reply_init(&reply, 1 << 20);
	web_answer_request(web, &q, &reply);
	assert_int_equal(reply.status, 303);
}

/* Sign in with a form of ours; the cookie is for this host alone. */
static const char *
sign_in(const char *name, const char *password, const char *next)
{
	char cookie[128], body[512], token[128];
	const char *set;

	(void)snprintf(
	    token, sizeof token, "%s", token_of(get("/sign-in", "", "")));
	set = header("Set-Cookie");
	(void)snprintf(
	    cookie, sizeof cookie, "%.*s", (int)strcspn(set, ";"), set);
	(void)snprintf(body, sizeof body,
	    "token=%s&name=%s&password=%s&next=%s", token, name, password,
	    next);
	return ask(HTTP_POST, "/sign-in", "", cookie, FORM_TYPE, body);
}

static void
signing_in_opens_the_page_asked_for(void **state)
{
	(void)state;
	(void)sign_in("admin", "correct-1%21", "%2Flog%3Fq%3Da");
	assert_int_equal(reply.status, 303);
	assert_string_equal(header("Location"), "/log?q=a");
	assert_string_equal(header("Set-Cookie"),
	    "__Host-beimen=t-admin; "
	    "Path=/; HttpOnly; SameSite=Lax; Secure");
}

/* The next page is a path of ours, whatever the link said. */
static void
signing_in_never_leads_to_another_site(void **state)
{
	static const char *const bad[] = { "https%3A%2F%2Fevil", "%2F%2Fevil",
		"%2F%5Cevil", "javascript%3Aalert(1)", "%5C%5Cevil",
		"%2F%09%2Fevil", "%2F%0D%0ASet-Cookie%3A%20a", "evil",
		"%2F%C2%A0" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		(void)sign_in("admin", "correct-1%21", bad[i]);
		assert_int_equal(reply.status, 303);
		assert_string_equal(header("Location"), "/");
	}
	(void)get("/account/language", "to=en&next=//evil", "");
	assert_string_equal(header("Location"), "/");
}

/* Wrong, unknown and throttled are said plainly, and say no more. */
static void
a_refused_sign_in_tells_no_secret(void **state)
{
	char wrong[4096], unknown[4096];

	(void)state;
	(void)snprintf(wrong, sizeof wrong, "%s",
	    strstr(sign_in("admin", "no", "/"), "note bad"));
	assert_int_equal(reply.status, 401);
	(void)snprintf(unknown, sizeof unknown, "%s",
	    strstr(sign_in("nobody", "no", "/"), "note bad"));
	assert_int_equal(reply.status, 401);
	assert_int_equal(strncmp(wrong, unknown, 150), 0);
	assert_non_null(strstr(sign_in("slow", "no", "/"), "60 seconds"));
	assert_int_equal(reply.status, 429);
	(void)sign_in("broken", "x", "/");
	assert_int_equal(reply.status, 503);
}

/* Whoever must change his password sees nothing else before. */
static void
a_first_sign_in_leads_to_the_password_alone(void **state)
{
	(void)state;
	(void)sign_in("fresh", "correct-1%21", "%2Flog");
	assert_string_equal(header("Location"), "/password");
	(void)get("/log", "", FRESH);
	assert_string_equal(header("Location"), "/password");
	(void)get("/password", "", FRESH);
	assert_int_equal(reply.status, 200);
	(void)post("/password", "/password", FRESH,
	    "old=correct-1%21&new=Better-2%21&again=Better-3%21");
	assert_int_equal(reply.status, 400);
	(void)post("/password", "/password", FRESH,
	    "old=correct-1%21&new=short&again=short");
	assert_int_equal(reply.status, 400);
	assert_non_null(strstr(buf_string(&reply.body), "at least 8"));
	(void)post("/password", "/password", FRESH,
	    "old=correct-1%21&new=Better-2%21&again=Better-2%21");
	assert_string_equal(header("Location"), "/account?changed=1");
	fake.changed = false;
}

/* A masked field is masked, and its neighbours are not; pages are counted. */
static void
a_list_masks_what_is_masked_alone(void **state)
{
	const char *page = get("/registers/system", "", ADMIN);

	(void)state;
	assert_non_null(strstr(page, "<td><bdi>系統 0</bdi>"));
	assert_non_null(strstr(page, "Page 1 of 3"));
	page = get("/registers/system/main/sys0", "", ADMIN);
	assert_non_null(strstr(page, "You see this field masked"));
	assert_null(strstr(page, "f.phone"));
}

/* A row is written as JSON, and a refused one comes back with its errors
 * by the fields and what was typed still there. */
static void
a_row_is_saved_or_comes_back_with_its_errors(void **state)
{
	const char *page;

	(void)state;
	(void)post("/registers/system/main/sys0", "/registers/system/main/sys0",
	    ADMIN,
	    "f=1&f.name=New&f.owner=p2&f.core=1&f.users=9&"
	    "f.online=115%2F11%2F22&masked.phone=1&prev=40");
	assert_int_equal(reply.status, 303);
	assert_string_equal(
	    header("Location"), "/registers/system/main/sys0?saved=42");
	assert_string_equal(fake.last_body,
	    "{\"fields\":{\"core\":true,\"grade_c\":\"\",\"name\":\"New\","
	    "\"note\":\"\",\"online\":\"2026-11-22\",\"owner\":\"p2\","
	    "\"users\":\"9\"},\"prev\":40}");
	page = post("/registers/system/main/sys0",
	    "/registers/system/main/sys0", ADMIN,
	    "f=1&f.name=&f.owner=p2&f.note=%3Cb%3Ekept");
	assert_int_equal(reply.status, 400);
	assert_non_null(strstr(page, "aria-invalid=\"true\""));
	assert_non_null(strstr(page, "&lt;b&gt;kept"));
	(void)post("/registers/system/main/sys0/void",
	    "/registers/system/main/sys0", ADMIN, "ground=");
	assert_int_equal(reply.status, 400);
	(void)post("/registers/system/main/sys0/void",
	    "/registers/system/main/sys0", ADMIN, "ground=twice");
	assert_int_equal(reply.status, 303);
}

/* An import is tried first; only then can it be written. */
static void
an_import_is_checked_before_it_is_written(void **state)
{
	char body[2048];
	const char *token, *page;

	(void)state;
	token = token_of(get("/registers/system/import", "", ADMIN));
	(void)snprintf(body, sizeof body,
	    "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n%s"
	    "\r\n--b\r\nContent-Disposition: form-data; name=\"agency\"\r\n\r\n"
	    "main\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; "
	    "filename=\"a.csv\"\r\n\r\nname\nbad\n\r\n--b--\r\n",
	    token);
	page = ask(HTTP_POST, "/registers/system/import", "", ADMIN,
	    "multipart/form-data; boundary=b", body);
	assert_int_equal(reply.status, 200);
	assert_string_equal(fake.last_write, "dry=1");
	assert_string_equal(fake.last_body, "name\nbad\n");
	assert_non_null(strstr(page, "no such person"));
	assert_null(strstr(page, "name=\"write\""));
	assert_null(strstr(page, "<b>系統"));
}

/* The API answers JSON; a change by cookie needs the token header. */
static void
the_api_passes_on_what_is_allowed(void **state)
{
	struct http_request q = { .method = HTTP_PUT,
		.path = "/api/v1/registers/system/main/x",
		.query = "",
		.host = "beimen.test",
		.cookie = ADMIN,
		.authorization = "",
		.accept_language = "",
		.content_type = "application/json",
		.origin = "",
		.fetch_site = "",
		.form_token = "",
		.if_none_match = "",
		.address = "",
		.body = SPAN_LIT("{}") };

	(void)state;
	(void)get("/api/v1/city", "", "");
	assert_int_equal(reply.status, 401);
	(void)get("/api/v1/clauses", "q=1.1", ADMIN);
	assert_int_equal(reply.status, 200);
	assert_string_equal(fake.last_query, "q=1.1");
	assert_string_equal(get("/api/v1/ledger/main/checkpoint", "", ADMIN),
	    "beimen.invalid\n41\n");
	assert_string_equal(reply.type, "text/plain; charset=utf-8");
	(void)get("/api/v1/openapi.json", "", "");
	assert_int_equal(reply.status, 200);
	(void)get("/api/v1/../x", "", ADMIN);
	assert_int_equal(reply.status, 400);
	fake.n_writes = 0;
	http_reply_clear(&reply);
	http_reply_init(&reply, 1 << 20);
	web_answer_request(web, &q, &reply);
	assert_int_equal(reply.status, 403);
	assert_int_equal(fake.n_writes, 0);
	q.cookie = "";
	q.authorization = "Bearer t-admin";
	http_reply_clear(&reply);
	http_reply_init(&reply, 1 << 20);
	web_answer_request(web, &q, &reply);
	assert_int_equal(reply.status, 200);
	assert_int_equal(fake.n_writes, 1);
}

/* Addresses that nobody gave out are refused plainly. */
static void
a_strange_address_is_refused(void **state)
{
	static const struct {
		const char *path, *query;
		int status;
	} row[] = { { "/nowhere", "", 404 }, { "/log/", "", 400 },
		{ "//evil", "", 400 }, { "/agencies/../x", "", 400 },
		{ "/agencies/%00", "", 404 }, { "/agencies/%zz", "", 404 },
		{ "/agencies/%2e%2e%2fx", "", 404 },
		{ "/agencies/%2e%2e", "", 404 },
		{ "/api/v1/a/%2E%2e", "", 400 }, { "/api/v1//a", "", 400 },
		{ "/log", "q=%ff", 400 }, { "/a\\b", "", 400 },
		{ "/style/../x", "", 400 }, { "/clauses/99.9", "", 404 },
		{ "/registers/secret", "", 403 },
		{ "/city", "at=tomorrow", 400 }, { "/sign-out", "", 405 },
		{ "/log", "since=x", 400 }, { "/log", "q=%28", 400 } };

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		(void)get(row[i].path, row[i].query, ADMIN);
		if (reply.status != row[i].status)
			fail_msg("%s?%s: %d", row[i].path, row[i].query,
			    reply.status);
	}
	(void)get("/", "", "__Host-beimen=t-broken");
	assert_int_equal(reply.status, 503);
}

/* Every reply forbids what a page of ours never does. */
static void
every_reply_carries_the_security_headers(void **state)
{
	static const char *const path[] = { "/", "/nowhere", "/sign-in",
		"/style/beimen.css", "/api/v1/city", "/city.csv" };

	(void)state;
	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		(void)get(path[i], "", ADMIN);
		assert_non_null(strstr(
		    header("Content-Security-Policy"), "default-src 'self'"));
		assert_null(
		    strstr(header("Content-Security-Policy"), "unsafe"));
		assert_string_equal(
		    header("X-Content-Type-Options"), "nosniff");
		assert_true(header("Strict-Transport-Security")[0] != '\0');
	}
}

/* The past is asked for by date, in ROC years too. */
static void
a_past_date_is_passed_on_as_its_last_moment(void **state)
{
	(void)state;
	(void)get("/city", "at=115/10/31", ADMIN);
	assert_string_equal(
	    fake.last_query, "at=2026-10-31T23%3A59%3A59.999999%2B08%3A00");
	(void)get("/city", "at=2026-11-22", ADMIN);
	assert_string_equal(
	    fake.last_query, "at=2026-11-22T23%3A07%3A27%2B08%3A00");
	(void)get("/clauses", "q=%E4%B8%80(%E4%B8%80)&go=1", ADMIN);
	assert_int_equal(reply.status, 303);
	assert_string_equal(header("Location"), "/clauses/1.1");
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(a_stranger_is_sent_to_sign_in),
		cmocka_unit_test(every_page_draws_in_both_languages),
		cmocka_unit_test(every_list_is_given_as_json_and_csv),
		cmocka_unit_test(a_form_without_its_token_changes_nothing),
		cmocka_unit_test(a_token_of_another_session_is_refused),
		cmocka_unit_test(a_request_from_another_site_is_refused),
		cmocka_unit_test(signing_in_opens_the_page_asked_for),
		cmocka_unit_test(signing_in_never_leads_to_another_site),
		cmocka_unit_test(a_refused_sign_in_tells_no_secret),
		cmocka_unit_test(a_first_sign_in_leads_to_the_password_alone),
		cmocka_unit_test(a_list_masks_what_is_masked_alone),
		cmocka_unit_test(a_row_is_saved_or_comes_back_with_its_errors),
		cmocka_unit_test(an_import_is_checked_before_it_is_written),
		cmocka_unit_test(the_api_passes_on_what_is_allowed),
		cmocka_unit_test(a_strange_address_is_refused),
		cmocka_unit_test(every_reply_carries_the_security_headers),
		cmocka_unit_test(a_past_date_is_passed_on_as_its_last_moment),
	};

	return cmocka_run_group_tests(test, setup, teardown);
}
