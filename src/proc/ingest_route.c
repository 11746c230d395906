/*
 * proc/ingest_route.c: the paths of HTTP senders.
 *
 * Each row is a path as one of their clients writes it. Elasticsearch's are
 * in proc/ingest_elastic.c, since an index may have any name.
 */
#include "proc/ingest_own.h"

#include "intake/httpjson.h"
#include "intake/otlp.h"

#define GET (1U << HTTP_GET | 1U << HTTP_HEAD)
#define POST (1U << HTTP_POST)
#define PUT (1U << HTTP_PUT)

static void
ready_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	to->type = "text/plain; charset=utf-8";
	buf_text(&to->body, "ready\n");
}

/* osquery keeps its own configuration; this adds nothing to it. */
static void
config_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	to->type = "application/json";
	buf_text(&to->body, "{\"node_invalid\":false}");
}

static const struct row {
	unsigned methods;
	const char *path;
	struct route route;
} rows[] = {
	{ POST | PUT, "/ingest", { .format = FORMAT_LINES } },
	{ POST, "/upload", { .format = FORMAT_JOURNAL } },
	{ POST, "/loki/api/v1/push", { .format = FORMAT_LOKI } },
	{ POST, "/api/prom/push", { .format = FORMAT_LOKI } },
	{ POST, "/v1/logs", { .format = FORMAT_OTLP } },
	{ POST, "/otlp/v1/logs", { .format = FORMAT_OTLP } },
	{ POST, "/osquery/enroll",
	    { .format = FORMAT_OSQUERY, .enroll = true, .open = true } },
	{ POST, "/osquery/log", { .format = FORMAT_OSQUERY, .open = true } },
	{ POST, "/osquery/config", { .answer = config_answer, .open = true } },
	{ GET, "/ready", { .answer = ready_answer, .open = true } },
	{ GET, "/loki/ready", { .answer = ready_answer, .open = true } },
};

/* The parts of a path between slashes, empty ones left out; at most 5. */
static unsigned
path_split(struct span path, struct span part[static 5])
{
	struct cursor c = cursor_of(path);
	unsigned n = 0;

	while (c.pos < c.all.len) {
		struct span s = cursor_until(&c, '/', NULL);

		if (s.len == 0)
			continue;
		if (n == 5)
			return 6;
		part[n++] = s;
	}
	return n;
}

bool
ingest_route(const struct http_request *q, struct route *r)
{
	struct span part[5], path = span_text(q->path);
	unsigned n = path_split(path, part);

	while (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (span_is(path, rows[i].path) &&
		    (rows[i].methods & 1U << q->method) != 0) {
			*r = rows[i].route;
			return true;
		}
	*r = (struct route){ .format = FORMAT_NONE };
	return n <= 5 && ingest_elastic(q, part, n, r);
}

/* Elasticsearch's words for a status. */
static const char *
error_type(int status)
{
	switch (status) {
	case 401:
		return "security_exception";
	case 413:
	case 429:
		return "es_rejected_execution_exception";
	case 404:
		return "invalid_index_name_exception";
	default:
		return "illegal_argument_exception";
	}
}

void
ingest_error(const struct route *r, const struct http_request *q,
    struct http_reply *to, int status, const char *text)
{
	bool proto = strncmp(q->content_type, "application/x-protobuf", 22) ==
	    0;

	buf_reset(&to->body);
	to->status = status;
	to->type = "application/json";
	if (r->format == FORMAT_OTLP) {
		/* google.rpc.Code: invalid argument, unavailable, … */
		unsigned code = status == 429 || status == 503 ? 14
		    : status == 401                            ? 16
							       : 3;

		otlp_error(&to->body, !proto, code, text);
		if (proto)
			to->type = "application/x-protobuf";
	} else if (r->elastic) {
		buf_printf(&to->body,
		    "{\"error\":{\"root_cause\":[],\"type\":\"%s\",\"reason\":",
		    error_type(status));
		httpjson_quote(&to->body, span_text(text));
		buf_printf(&to->body, "},\"status\":%d}", status);
	} else if (r->format == FORMAT_LOKI || r->format == FORMAT_JOURNAL) {
		to->type = "text/plain; charset=utf-8";
		buf_printf(&to->body, "%s\n", text);
	} else {
		buf_text(&to->body, "{\"error\":{\"text\":");
		httpjson_quote(&to->body, span_text(text));
		buf_text(&to->body, "}}");
	}
	if ((status == 429 || status == 503) &&
	    http_header(to, "Retry-After", "2") != ERR_OK)
		to->status = 503;
	if (status == 401 &&
	    http_header(to, "WWW-Authenticate", "Basic realm=\"beimen\"") !=
		ERR_OK)
		to->status = 401;
}
