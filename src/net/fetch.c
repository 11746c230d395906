/*
 * net/fetch.c: asking another Beimen over HTTPS.
 *
 * Works on: answers of a host that may be hostile. Runs in: `beimen replica`.
 */
#include "net/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define BASE_MAX 512
#define ADDRESS_MAX 2048

struct fetch {
	CURL *curl;
	struct curl_slist *headers;
	struct buf address;
	char base[BASE_MAX + 1];
	char said[CURL_ERROR_SIZE];
};

/* libcurl gives bytes of the answer; fewer taken ends the transfer. */
static size_t
took(char *at, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, at, size * n);
	return buf_error(b) == ERR_OK ? size * n : 0;
}

/* Adds "Name: value" to the headers of every ask. */
static bool
header_add(struct fetch *f, const char *name, const char *value)
{
	struct curl_slist *more;
	struct buf b;

	buf_init(&b, 4096);
	buf_text(&b, name);
	buf_text(&b, value);
	more = buf_error(&b) == ERR_OK
	    ? curl_slist_append(f->headers, buf_string(&b))
	    : NULL;
	buf_clear(&b);
	if (more == NULL)
		return false;
	f->headers = more;
	return true;
}

enum err
fetch_new(const struct fetch_options *o, struct fetch **out, struct fault *why)
{
	struct span base = span_text(o->base);
	struct fetch *f;
	bool good;

	if (!span_starts(base, "https://") || base.len > BASE_MAX ||
	    base.len < 9)
		return fault_set(why, ERR_RANGE,
		    "not an address that begins with https://: %.200s",
		    o->base);
	if ((f = calloc(1, sizeof *f)) == NULL ||
	    curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (f->curl = curl_easy_init()) == NULL) {
		free(f);
		return fault_set(why, ERR_MEMORY, "HTTPS");
	}
	memcpy(f->base, base.at, base.len);
	buf_init(&f->address, ADDRESS_MAX);
	good = header_add(f, "Accept: ", "*/*") &&
	    (o->bearer == NULL ||
		header_add(f, "Authorization: Bearer ", o->bearer));
	if (o->ca != NULL)
		good = good &&
		    curl_easy_setopt(f->curl, CURLOPT_CAINFO, o->ca) ==
			CURLE_OK;
	curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(f->curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(f->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(f->curl, CURLOPT_CONNECTTIMEOUT,
	    (long)(o->connect_s == 0 ? 10 : o->connect_s));
	curl_easy_setopt(f->curl, CURLOPT_TIMEOUT,
	    (long)(o->total_s == 0 ? 120 : o->total_s));
	curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, took);
	curl_easy_setopt(f->curl, CURLOPT_ERRORBUFFER, f->said);
	if (!good) {
		fetch_free(f);
		return fault_set(why, ERR_MEMORY, "HTTPS");
	}
	*out = f;
	return ERR_OK;
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	curl_slist_free_all(f->headers);
	curl_easy_cleanup(f->curl);
	buf_clear(&f->address);
	free(f);
}

/* One ask with the options set so far. */
static enum err
ask(struct fetch *f, const char *path, struct buf *answer, long *status,
    struct fault *why)
{
	CURLcode code;

	buf_reset(&f->address);
	buf_text(&f->address, f->base);
	buf_text(&f->address, path);
	if (buf_error(&f->address) != ERR_OK)
		return fault_set(why, ERR_LIMIT, "address too long");
	buf_reset(answer);
	f->said[0] = '\0';
	curl_easy_setopt(f->curl, CURLOPT_URL, buf_string(&f->address));
	curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, answer);
	code = curl_easy_perform(f->curl);
	if (code == CURLE_WRITE_ERROR && buf_error(answer) != ERR_OK)
		return fault_set(why, ERR_LIMIT, "%s%s: the answer is too long",
		    f->base, path);
	if (code != CURLE_OK)
		return fault_set(why, ERR_IO, "%s%s: %s", f->base, path,
		    f->said[0] != '\0' ? f->said : curl_easy_strerror(code));
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, status);
	return ERR_OK;
}

enum err
fetch_get(struct fetch *f, const char *path, struct buf *answer, long *status,
    struct fault *why)
{
	curl_easy_setopt(f->curl, CURLOPT_HTTPGET, 1L);
	return ask(f, path, answer, status, why);
}

enum err
fetch_post(struct fetch *f, const char *path, struct span body,
    struct buf *answer, long *status, struct fault *why)
{
	struct curl_slist *own = f->headers, *more;
	enum err e;

	if ((more = curl_slist_append(
		 NULL, "Content-Type: application/json")) == NULL)
		return fault_set(why, ERR_MEMORY, "HTTPS");
	/* The type goes before the headers of every ask, for this one. */
	more->next = own;
	f->headers = more;
	curl_easy_setopt(f->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, (const char *)body.at);
	curl_easy_setopt(
	    f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	e = ask(f, path, answer, status, why);
	f->headers = own;
	more->next = NULL;
	curl_slist_free_all(more);
	return e;
}
