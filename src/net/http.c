/*
 * net/http.c: an HTTPS server over an already listening socket.
 *
 * About     requests in, replies out; hostile clients are bounded in bytes,
 *           connections and time.
 * Runs      in the web process: a pool of libmicrohttpd's threads, and one
 *           thread that cuts connections whose time is up.
 * Source    RFC 9110, RFC 9112; RELIABILITY F5, F6.
 */
#include "net/http.h"

#include "net/http_inner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HTTP_CONNECTION_BYTES ((size_t)16 << 10)
#define HTTP_LOOP_BYTES ((size_t)64 << 10) /* batches come in larger reads */
#define HTTP_URI_MAX 8192

/* libmicrohttpd's own lines. */
static void
mhd_log(void *arg, const char *fmt, va_list ap)
{
	char line[512];
	size_t n;

	if (vsnprintf(line, sizeof line, fmt, ap) < 0)
		return;
	n = strlen(line);
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	http_say(arg, line);
}

enum err
http_header(struct http_reply *r, const char *name, const char *value)
{
	char *copy;

	for (const char *p = value; *p != '\0'; p++)
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			return ERR_RANGE;
	if (r->n_headers == HTTP_HEADERS_MAX)
		return ERR_LIMIT;
	if ((copy = strdup(value)) == NULL)
		return ERR_MEMORY;
	r->header[r->n_headers].name = name;
	r->header[r->n_headers++].value = copy;
	return ERR_OK;
}

void
http_reply_init(struct http_reply *r, size_t max)
{
	*r = (struct http_reply){ .status = 200,
		.type = "text/html; charset=utf-8" };
	buf_init(&r->body, max);
}

void
http_reply_clear(struct http_reply *r)
{
	for (unsigned i = 0; i < r->n_headers; i++)
		free(r->header[i].value);
	r->n_headers = 0;
	buf_clear(&r->body);
}

/* The raw request target, before libmicrohttpd looks into it. */
static void *
uri_told(void *arg, const char *uri, struct MHD_Connection *mc)
{
	struct http_hold *g = calloc(1, sizeof *g);
	char *mark;

	if (g == NULL)
		return NULL;
	g->h = arg;
	g->mc = mc;
	buf_init(&g->body, g->h->o.body_most);
	http_reply_init(&g->reply, 0);
	if ((g->uri = strdup(uri)) == NULL) {
		free(g);
		return NULL;
	}
	g->query = "";
	if ((mark = strchr(g->uri, '?')) != NULL) {
		*mark = '\0';
		g->query = mark + 1;
	}
	return g;
}

/* libmicrohttpd shall leave escapes to us. */
static size_t
keep_escapes(void *arg, struct MHD_Connection *mc, char *s)
{
	(void)arg;
	(void)mc;
	return strlen(s);
}

/* Its body is needed no more. */
static void
body_drop(struct http_hold *g)
{
	g->h->bodies -= g->h->o.loop != NULL ? g->body.cap : 0;
	buf_clear(&g->body);
}

/* The request is over, well or not. */
static void
request_done(void *arg, struct MHD_Connection *mc, void **ctx,
    enum MHD_RequestTerminationCode code)
{
	struct http_hold *g = *ctx;

	(void)code;
	http_phase(arg, http_connection(mc), PHASE_BETWEEN);
	if (g == NULL)
		return;
	http_hold_forget(g);
	body_drop(g);
	http_reply_clear(&g->reply);
	free(g->uri);
	free(g);
	*ctx = NULL;
}

/* A header's value, or "". */
static const char *
header_get(struct MHD_Connection *mc, const char *name)
{
	const char *v = MHD_lookup_connection_value(mc, MHD_HEADER_KIND, name);

	return v == NULL ? "" : v;
}

/* The peer's address as text, IPv4 in IPv6 unwrapped. */
static void
address_print(struct MHD_Connection *mc, char to[static INET6_ADDRSTRLEN])
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(
	    mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = i == NULL ? NULL : i->client_addr;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	to[0] = '\0';
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof v4);
		(void)inet_ntop(AF_INET, &v4.sin_addr, to, INET6_ADDRSTRLEN);
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof v6);
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
			(void)inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], to,
			    INET6_ADDRSTRLEN);
		else
			(void)inet_ntop(
			    AF_INET6, &v6.sin6_addr, to, INET6_ADDRSTRLEN);
	}
}

/* Send a reply; its body goes with it. */
static enum MHD_Result
reply_send(
    struct http *h, struct MHD_Connection *mc, struct http_reply *r, bool end)
{
	struct MHD_Response *m;
	enum MHD_Result ok = MHD_YES;

	if (buf_error(&r->body) != ERR_OK) {
		buf_clear(&r->body);
		r->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		http_say(h, "a reply did not fit");
	}
	m = MHD_create_response_from_buffer(
	    r->body.len, r->body.at, MHD_RESPMEM_MUST_FREE);
	if (m == NULL)
		return MHD_NO;
	r->body.at = NULL; /* given */
	buf_clear(&r->body);
	if (r->type != NULL && *r->type != '\0')
		ok = MHD_add_response_header(m, "Content-Type", r->type);
	for (unsigned i = 0; i < r->n_headers && ok == MHD_YES; i++)
		ok = MHD_add_response_header(
		    m, r->header[i].name, r->header[i].value);
	if (end && ok == MHD_YES)
		ok = MHD_add_response_header(m, "Connection", "close");
	if (ok == MHD_YES) {
		http_phase(h, http_connection(mc), PHASE_SEND);
		ok = MHD_queue_response(mc, (unsigned)r->status, m);
	}
	MHD_destroy_response(m);
	return ok;
}

/* Refuse with a bare status, and end the connection: what follows on it
 * cannot be trusted to be a request. */
static enum MHD_Result
refuse(struct http *h, struct MHD_Connection *mc, unsigned status)
{
	struct http_reply r;
	enum MHD_Result ok;

	http_reply_init(&r, 256);
	r.status = (int)status;
	r.type = "text/plain; charset=utf-8";
	buf_printf(
	    &r.body, "%u %s\n", status, MHD_get_reason_phrase_for(status));
	ok = reply_send(h, mc, &r, true);
	http_reply_clear(&r);
	return ok;
}

/* The method, or -1. */
static int
method_of(const char *m)
{
	static const char *const name[] = { "GET", "HEAD", "POST", "PUT",
		"DELETE" };

	for (int i = 0; i < 5; i++)
		if (strcmp(m, name[i]) == 0)
			return i;
	return -1;
}

/* Fill the request the handler sees. */
static void
request_fill(struct MHD_Connection *mc, struct http_hold *g, int method,
    char address[static INET6_ADDRSTRLEN], struct http_request *q)
{
	address_print(mc, address);
	*q = (struct http_request){
		.method = (enum http_method)method,
		.path = g->uri,
		.query = g->query,
		.host = header_get(mc, "Host"),
		.cookie = header_get(mc, "Cookie"),
		.authorization = header_get(mc, "Authorization"),
		.accept_language = header_get(mc, "Accept-Language"),
		.content_type = header_get(mc, "Content-Type"),
		.origin = header_get(mc, "Origin"),
		.fetch_site = header_get(mc, "Sec-Fetch-Site"),
		.form_token = header_get(mc, "X-Beimen-Token"),
		.if_none_match = header_get(mc, "If-None-Match"),
		.content_encoding = header_get(mc, "Content-Encoding"),
		.idempotency_key = header_get(mc, "Idempotency-Key"),
		.address = address,
		.peer = g->h->o.ask_peer
		    ? http_tls_peer(mc, http_connection(mc))
		    : "",
		.body = buf_view(&g->body),
		.own = &g->own,
		.hold = g->h->o.loop == NULL ? NULL : g,
	};
}

/* The head is whole: refuse it, or learn how much body may come. */
static enum MHD_Result
head_told(struct http *h, struct MHD_Connection *mc, struct http_hold *g,
    int method, const char *version)
{
	char address[INET6_ADDRSTRLEN];
	struct head_check k = { 0 };
	struct http_request q;
	unsigned status;

	http_phase(h, http_connection(mc), PHASE_BODY);
	if ((status = http_head_check(mc, version, &k)) != 0)
		return refuse(h, mc, status);
	if (g == NULL || g->uri[0] != '/')
		return refuse(h, mc, MHD_HTTP_BAD_REQUEST);
	if (strlen(g->uri) + strlen(g->query) > HTTP_URI_MAX)
		return refuse(h, mc, MHD_HTTP_URI_TOO_LONG);
	if (method < 0)
		return refuse(h, mc, MHD_HTTP_METHOD_NOT_ALLOWED);
	request_fill(mc, g, method, address, &q);
	g->started = true;
	g->body_max = 0;
	if (method != HTTP_GET && method != HTTP_HEAD && h->o.body_max != NULL)
		g->body_max = h->o.body_max(h->o.arg, &q);
	g->stream = g->body_max == HTTP_STREAM && h->o.piece != NULL;
	if (g->stream)
		return MHD_YES;
	if (g->body_max > h->o.body_most)
		g->body_max = h->o.body_most;
	if (k.length > g->body_max)
		return refuse(h, mc, MHD_HTTP_CONTENT_TOO_LARGE);
	return MHD_YES;
}

/* There is no room for more bodies now: come again in a second. */
static enum MHD_Result
busy_answer(struct http *h, struct MHD_Connection *mc)
{
	struct http_reply r;
	enum MHD_Result ok = MHD_NO;

	http_reply_init(&r, 256);
	r.status = MHD_HTTP_TOO_MANY_REQUESTS;
	r.type = "text/plain; charset=utf-8";
	buf_text(&r.body, "too many requests at one time\n");
	if (http_header(&r, "Retry-After", "1") == ERR_OK)
		ok = reply_send(h, mc, &r, false);
	http_reply_clear(&r);
	return ok;
}

/* The request is whole: let the owner answer it, now or later. */
static enum MHD_Result
request_answer(
    struct http *h, struct MHD_Connection *mc, struct http_hold *g, int method)
{
	char address[INET6_ADDRSTRLEN];
	struct http_request q;
	struct http_reply r;
	enum MHD_Result ok;

	if (g->late) {
		if (g->ready)
			return reply_send(h, mc, &g->reply, false);
		http_suspend(g); /* woken for nothing */
		return MHD_YES;
	}
	if (g->busy)
		return busy_answer(h, mc);
	if (g->refused)
		return refuse(h, mc, MHD_HTTP_CONTENT_TOO_LARGE);
	request_fill(mc, g, method, address, &q);
	http_reply_init(&r, HTTP_REPLY_MAX);
	h->o.answer(h->o.arg, &q, &r);
	if (g->late) {
		/* What it answers with was not made yet, or by http_reply. */
		http_reply_clear(&r);
		if (g->ready)
			return reply_send(h, mc, &g->reply, false);
		http_suspend(g);
		return MHD_YES;
	}
	ok = reply_send(h, mc, &r, false);
	http_reply_clear(&r);
	return ok;
}

/* A piece of a body that is gathered. */
static void
body_add(struct http *h, struct http_hold *g, struct span s)
{
	size_t before = g->body.cap;

	if (s.len > g->body_max - g->body.len)
		g->refused = true;
	if (h->o.bodies_most != 0 &&
	    h->bodies + s.len > h->o.bodies_most + g->body.cap - g->body.len)
		g->busy = true;
	if (g->refused || g->busy) {
		body_drop(g);
		g->body_max = 0;
		return;
	}
	buf_span(&g->body, s);
	if (h->o.loop != NULL)
		h->bodies += g->body.cap - before;
	if (buf_error(&g->body) != ERR_OK)
		g->refused = true;
}

/* A piece of a body that the owner takes as it comes. */
static void
piece_give(struct http *h, struct MHD_Connection *mc, struct http_hold *g,
    int method, struct span s)
{
	char address[INET6_ADDRSTRLEN];
	struct http_request q;

	if (g->skip)
		return;
	http_phase(h, http_connection(mc), PHASE_BODY);
	request_fill(mc, g, method, address, &q);
	switch (h->o.piece(h->o.arg, &q, s)) {
	case HTTP_WAIT:
		http_suspend(g);
		break;
	case HTTP_SKIP:
		g->skip = true;
		break;
	default:
		break;
	}
}

/* libmicrohttpd's access handler: head, then body in pieces, then the end. */
static enum MHD_Result
access_told(void *arg, struct MHD_Connection *mc, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	struct http *h = arg;
	struct http_hold *g = *ctx;
	int m = method_of(method);

	(void)url;
	if (g == NULL || !g->started)
		return head_told(h, mc, g, m, version);
	if (*len != 0) {
		if (g->stream)
			piece_give(h, mc, g, m, span_of(data, *len));
		else
			body_add(h, g, span_of(data, *len));
		*len = 0;
		return MHD_YES;
	}
	return request_answer(h, mc, g, m);
}

/* Start libmicrohttpd. */
static enum err
daemon_start(struct http *h, struct fault *why)
{
	bool tls = h->o.cert_pem.len != 0;
	bool loop = h->o.loop != NULL;
	unsigned flags = MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0) |
	    (loop ? MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME
		  : MHD_USE_EPOLL_INTERNAL_THREAD);
	struct MHD_OptionItem with_pool[] = {
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)h->o.threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem with_tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    (void *)(uintptr_t)TLSFAR_PRIORITY },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
		    (void *)(uintptr_t)http_tls_give },
		{ MHD_OPTION_END, 0, NULL },
	};

	h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_told, h,
	    MHD_OPTION_EXTERNAL_LOGGER, mhd_log, h, MHD_OPTION_LISTEN_SOCKET,
	    h->o.listen_fd, MHD_OPTION_ARRAY, loop ? &with_pool[1] : with_pool,
	    MHD_OPTION_CONNECTION_LIMIT, h->o.connections,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->o.per_address,
	    MHD_OPTION_CONNECTION_TIMEOUT, h->o.idle_s,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    loop ? HTTP_LOOP_BYTES : HTTP_CONNECTION_BYTES,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
	    uri_told, h, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, h,
	    MHD_OPTION_NOTIFY_COMPLETED, request_done, h,
	    MHD_OPTION_NOTIFY_CONNECTION, http_connection_told, h,
	    MHD_OPTION_ARRAY, tls ? with_tls : &with_tls[2], MHD_OPTION_END);
	if (h->daemon == NULL)
		return fault_set(why, ERR_IO, "the HTTP server did not start");
	return ERR_OK;
}

enum err
http_open(const struct http_options *o, struct http **out, struct fault *why)
{
	struct http *h = calloc(1, sizeof *h);
	enum err e;

	if (h == NULL) {
		(void)close(o->listen_fd);
		return fault_set(why, ERR_MEMORY, "HTTP server");
	}
	/* Four threads race for a connection; the losers must not wait. */
	(void)fcntl(
	    o->listen_fd, F_SETFL, fcntl(o->listen_fd, F_GETFL) | O_NONBLOCK);
	h->o = *o;
	h->o.threads = o->threads ? o->threads : 4;
	h->o.connections = o->connections ? o->connections : 2000;
	h->o.per_address = o->per_address ? o->per_address : 200;
	h->o.head_s = o->head_s ? o->head_s : 10;
	h->o.body_s = o->body_s ? o->body_s : 60;
	h->o.idle_s = o->idle_s ? o->idle_s : 30;
	h->o.body_most = o->body_most ? o->body_most : HTTP_BODY_MAX;
	h->loop_fd = -1;
	if ((e = http_clock_start(h, why)) != ERR_OK)
		goto out;
	if (o->cert_pem.len != 0 && (e = http_tls_load(h, why)) != ERR_OK)
		goto out;
	if ((e = daemon_start(h, why)) != ERR_OK)
		goto out;
	if (h->o.loop != NULL && (e = http_loop_start(h, why)) != ERR_OK)
		goto out;
	*out = h;
	h = NULL;
out:
	http_close(h);
	return e;
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	http_loop_stop(h);
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon); /* closes the listening socket */
	else
		(void)close(h->o.listen_fd);
	http_clock_stop(h);
	http_tls_unload(h);
	free(h);
}
