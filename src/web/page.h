/*
 * web/page.h: what the pages of this room share. Nobody outside includes it.
 *
 * A struct ask is one request on its way to an answer. Everything hung on it
 * (arena, JSON) ends with it.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "base/arena.h"
#include "web/form.h"
#include "web/multipart.h"
#include "web/template.h"
#include "web/web.h"

#define PAGE_ARGS_MAX 4

struct ask;
typedef void page_fn(struct ask *k);

/* Who may ask for a page at all. Every POST also needs the form token. */
enum page_may {
	MAY_ANYONE, /* without a session too */
	MAY_CHANGE, /* a session, even one that must change its password */
	MAY_READ /* a session */
};

enum page_also { AS_PAGE, AS_DATA };
enum page_form { FORM_HTML, FORM_JSON, FORM_CSV };

struct page {
	enum http_method method;
	const char *path;
	enum page_may may;
	page_fn *show;
	const char *title; /* the message "title." and this */
	enum page_also also;
};

extern const struct page page_table[];
extern const unsigned n_pages;

#define PAGE(method, path, may, show, title, also) page_fn show;
#include "web/pages.tab"
#undef PAGE

struct web {
	struct web_backend b;
	struct templates *t;
	uint8_t form_key[32]; /* for form tokens; of this process alone */
	bool plain; /* no TLS: for tests */
	http_sign_fn *sign;
	void *sign_arg;
};

struct ask {
	struct web *w;
	const struct http_request *q;
	struct http_reply *r;
	struct arena *mem;
	const struct page *page; /* NULL while none is found */
	enum page_form as;
	enum lang lang;
	const char *path; /* without .json or .csv; as sent */
	const char *arg[PAGE_ARGS_MAX]; /* decoded {a} segments */
	struct form query, form;
	struct multipart parts;
	struct web_caller who;
	json_t *view; /* what the template sees */
	json_t *self; /* the answer of /self; NULL without a session */
	struct fault why;
};

/* ---- asking (ask.c) ---- */

/*
 * ask_read: ask the backend; path and query as in doc/api.md, query may be
 * NULL. On 200 *out is handed to the ask (freed with it) and the answer is
 * true. Else the reply is made (sign-in, password change, an error page) and
 * the answer is false: return at once.
 */
bool ask_read(struct ask *k, const char *path, const char *query, json_t **out);
/* ask_try: the same, but any status is given with its body (NULL when the
 * body is not JSON); false only where the backend could not be asked. */
bool ask_try(struct ask *k, const char *path, const char *query, int *status,
    json_t **out);
/* ask_write: as ask_try, for a change; body is borrowed. */
bool ask_write(struct ask *k, const char *method, const char *path,
    const char *query, const char *type, struct span body, int *status,
    json_t **out);
/* ask_keep: free v when the ask ends; returns v. */
json_t *ask_keep(struct ask *k, json_t *v);
/* ask_printf: text in the ask's arena; "" when memory is out. */
const char *ask_printf(struct ask *k, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* ask_escape: percent-encoded, in the arena. */
const char *ask_escape(struct ask *k, const char *s);
/* ask_query: "a=1&b=2" from the given names of the request's query, those
 * that are empty left out; NULL ends the names. */
const char *ask_query(struct ask *k, const char *const names[]);
/* ask_time: what a person typed as a time, as RFC 3339: a date (ROC or
 * Gregorian), a date and time without zone (Taipei), or RFC 3339. day_end: a
 * date alone means its last moment, but not after now. NULL: not a time. */
const char *ask_time(struct ask *k, const char *text, bool day_end);
/* ask_at: the query name `at` as "at=…", "" when absent, NULL when bad (the
 * reply is then an error page). */
const char *ask_at(struct ask *k);

/* ---- answering (reply.c) ---- */

/* page_draw: answer with a template: view = data's keys beside `page` and
 * `self`. status 0: 200. */
void page_draw(struct ask *k, int status, const char *template_, json_t *data);
/* page_error: an error page (JSON for the API): status, a message key for
 * the sentence, and optionally the backend's own words. */
void page_error(
    struct ask *k, int status, const char *key, const json_t *answer);
/* page_redirect: 303 to a path of ours; anything else becomes "/". */
void page_redirect(struct ask *k, const char *to);
/* page_local: to, when it is a path of ours, else "/". */
const char *page_local(const char *to);
/* page_path_is_sound: a path as we give them out: visible ASCII, no empty or
 * dot segments. */
bool page_path_is_sound(const char *path);
/* page_bytes: answer with bytes; file: for Content-Disposition, or NULL. */
void page_bytes(struct ask *k, int status, const char *type, struct span bytes,
    const char *file);
/* page_json: answer with data itself. True when .json was asked. */
bool page_json(struct ask *k, const json_t *data);
/* page_csv: answer with the table `rows` (array) of data; columns are
 * paths into a row ("agency.key", or "fields.name=名稱" with a heading of its
 * own), NULL ends them. True when .csv was asked.
 * A cell that a spreadsheet would take for a formula gets a ' before it. */
bool page_csv(struct ask *k, const json_t *rows, const char *const columns[]);
/* page_headers: the security headers, on every reply. */
void page_headers(struct ask *k);

/* ---- sessions (session.c) ---- */

/* session_cookie_name: with __Host- over TLS. */
const char *session_cookie_name(const struct web *w);
const char *session_pre_cookie_name(const struct web *w);
/* session_cookie_set: set a cookie of ours; value "" removes it. lasting:
 * kept for a year (language), else until the browser ends. */
void session_cookie_set(
    struct ask *k, const char *name, const char *value, bool lasting);
/* session_form_token: what this page's forms carry, in the arena. */
const char *session_form_token(struct ask *k);
/* session_form_ok: the request carries it, from our own origin. */
bool session_form_ok(struct ask *k);
/* session_to_sign_in: redirect there, remembering this page. */
void session_to_sign_in(struct ask *k);

/* ---- views (view.c) ---- */

/* view_counts: add `states` ([{state, n, x, w}], zero left out; x and w place
 * them in a bar 100 wide), `total` and `bad` (unmet and unknown) to o, from
 * o.counts or o itself. */
void view_counts(json_t *o);
/* view_counts_each: view_counts for every object of an array. */
void view_counts_each(json_t *list);
/* view_put: set key; v is given; a failure leaves it out. */
void view_put(json_t *o, const char *key, json_t *v);
void view_text(json_t *o, const char *key, const char *s);
void view_flag(json_t *o, const char *key, bool v);
/* view_findings: what the finding template asks for, in d's findings. */
void view_findings(json_t *d, bool with_clause);
/* view_select: a list of {value, title, selected} from an array of {key,
 * title} objects. */
json_t *view_select(const json_t *from, const char *selected);
/* view_bitmap: rows and columns of the city's bitmap as SVG paths. */
json_t *view_bitmap(json_t *city);
/* view_histogram: buckets as bars. */
json_t *view_histogram(const json_t *h);
/* view_history: spans as a time line, newest first in. */
json_t *view_history(const json_t *spans, const char *now);

/* letter_state: the name of a letter of the bitmap; NULL for '.'. */
const char *letter_state(char letter);

/* ---- the API (api.c) ---- */
/* api_answer: everything below /api/v1. */
void api_answer(struct ask *k);

#endif
