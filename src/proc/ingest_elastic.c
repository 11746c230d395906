/*
 * proc/ingest_elastic.c: what shippers ask of Elasticsearch before and beside
 * their bulk requests: version, license, templates, lifecycle policies,
 * health. There is nothing to set up here, so what they look for is there
 * already, and what they put is taken and not used.
 *
 * Source: Elasticsearch 8.17's REST API; libbeat (client and index
 * management), logstash-output-elasticsearch, Vector's and Fluent Bit's
 * Elasticsearch outputs, rsyslog's omelasticsearch.
 */
#include "proc/ingest_own.h"

#include "intake/httpjson.h"

static void
json_begin(struct http_reply *to)
{
	to->type = "application/json";
}

/* GET / */
static void
root_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	json_begin(to);
	buf_text(&to->body,
	    "{\"name\":\"beimen\",\"cluster_name\":\"beimen\","
	    "\"cluster_uuid\":\"YmVpbWVuLWxvZy12YXVsdA\",\"version\":{"
	    "\"number\":\"8.17.0\",\"build_flavor\":\"default\","
	    "\"build_type\":\"deb\",\"build_hash\":\"beimen\","
	    "\"build_date\":\"2024-12-11T12:08:05.663969764Z\","
	    "\"build_snapshot\":false,\"lucene_version\":\"9.12.0\","
	    "\"minimum_wire_compatibility_version\":\"7.17.0\","
	    "\"minimum_index_compatibility_version\":\"7.0.0\"},"
	    "\"tagline\":\"You Know, for Search\"}");
}

/* GET /_license */
static void
license_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	json_begin(to);
	buf_text(&to->body,
	    "{\"license\":{\"status\":\"active\",\"uid\":"
	    "\"00000000-0000-0000-0000-000000000000\",\"type\":\"basic\","
	    "\"issue_date\":\"2024-01-01T00:00:00.000Z\","
	    "\"issue_date_in_millis\":1704067200000,\"max_nodes\":1000,"
	    "\"issued_to\":\"beimen\",\"issuer\":\"elasticsearch\","
	    "\"start_date_in_millis\":-1}}");
}

/* GET /_xpack */
static void
xpack_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	json_begin(to);
	buf_text(&to->body,
	    "{\"license\":{\"uid\":\"00000000-0000-0000-0000-000000000000\","
	    "\"type\":\"basic\",\"mode\":\"basic\",\"status\":\"active\"},"
	    "\"features\":{\"ilm\":{\"available\":true,\"enabled\":true},"
	    "\"monitoring\":{\"available\":false,\"enabled\":false},"
	    "\"security\":{\"available\":true,\"enabled\":true}},"
	    "\"tagline\":\"You know, for X\"}");
}

/* GET /_cluster/health */
static void
health_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	json_begin(to);
	buf_text(&to->body,
	    "{\"cluster_name\":\"beimen\",\"status\":\"green\","
	    "\"timed_out\":false,\"number_of_nodes\":1,"
	    "\"number_of_data_nodes\":1,\"active_primary_shards\":1,"
	    "\"active_shards\":1,\"relocating_shards\":0,"
	    "\"initializing_shards\":0,\"unassigned_shards\":0,"
	    "\"delayed_unassigned_shards\":0,\"number_of_pending_tasks\":0,"
	    "\"number_of_in_flight_fetch\":0,"
	    "\"task_max_waiting_in_queue_millis\":0,"
	    "\"active_shards_percent_as_number\":100.0}");
}

/* GET /_cat/… */
static void
cat_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)q;
	to->type = "text/plain; charset=UTF-8";
	if (span_is(r->index, "health"))
		buf_text(&to->body,
		    "1704067200 00:00:00 beimen green 1 1 1 1 0 0 0 0 - "
		    "100.0%\n");
	else if (r->id.len > 0) { /* a template that is asked for is there */
		buf_span(&to->body, r->id);
		buf_text(&to->body, " [*] 0\n");
	}
}

/* GET /_nodes… : no list, so that nobody looks for other nodes. */
static void
nodes_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	json_begin(to);
	buf_text(&to->body,
	    "{\"_nodes\":{\"total\":1,\"successful\":1,\"failed\":0},"
	    "\"cluster_name\":\"beimen\",\"nodes\":{}}");
}

/* GET and PUT of things to set up. */
static void
there_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	json_begin(to);
	if (q->method != HTTP_GET && q->method != HTTP_HEAD) {
		buf_text(&to->body, "{\"acknowledged\":true}");
		return;
	}
	if (span_is(r->index, "_data_stream")) {
		buf_text(&to->body, "{\"data_streams\":[{\"name\":");
		httpjson_quote(&to->body, r->id);
		buf_text(&to->body, ",\"status\":\"GREEN\"}]}");
	} else if (span_is(r->index, "_index_template")) {
		buf_text(&to->body, "{\"index_templates\":[{\"name\":");
		httpjson_quote(&to->body, r->id);
		buf_text(&to->body,
		    ",\"index_template\":{\"index_patterns\":"
		    "[\"*\"]}}]}");
	} else if (span_is(r->index, "_component_template")) {
		buf_text(&to->body, "{\"component_templates\":[{\"name\":");
		httpjson_quote(&to->body, r->id);
		buf_text(&to->body, "}]}");
	} else {
		buf_u8(&to->body, '{');
		httpjson_quote(&to->body, r->id);
		buf_text(&to->body,
		    span_is(r->index, "_ilm")
			? ":{\"version\":1,\"policy\":{\"phases\":{}}}}"
			: ":{}}");
	}
}

/* PUT /INDEX, HEAD /INDEX, GET /INDEX/_mapping … */
static void
index_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	json_begin(to);
	if (q->method == HTTP_PUT || q->method == HTTP_POST) {
		buf_text(&to->body,
		    "{\"acknowledged\":true,"
		    "\"shards_acknowledged\":true,\"index\":");
		httpjson_quote(&to->body, r->index);
		buf_u8(&to->body, '}');
	} else {
		buf_u8(&to->body, '{');
		httpjson_quote(&to->body, r->index);
		buf_text(&to->body,
		    ":{\"aliases\":{},\"mappings\":{},"
		    "\"settings\":{}}}");
	}
}

/* POST /_monitoring/bulk: a shipper's own figures, which are no records. */
static void
ignored_answer(
    const struct route *r, const struct http_request *q, struct http_reply *to)
{
	(void)r;
	(void)q;
	json_begin(to);
	buf_text(&to->body, "{\"took\":0,\"ignored\":true,\"errors\":false}");
}

typedef void answer_fn_(
    const struct route *r, const struct http_request *q, struct http_reply *to);

/* Paths that begin with '_'. */
static const struct row {
	const char *first;
	answer_fn_ *answer;
} rows[] = {
	{ "_license", license_answer },
	{ "_xpack", xpack_answer },
	{ "_cluster", health_answer },
	{ "_cat", cat_answer },
	{ "_nodes", nodes_answer },
	{ "_template", there_answer },
	{ "_index_template", there_answer },
	{ "_component_template", there_answer },
	{ "_ilm", there_answer },
	{ "_ingest", there_answer },
	{ "_data_stream", there_answer },
	{ "_alias", there_answer },
	{ "_aliases", there_answer },
	{ "_monitoring", ignored_answer },
};

static bool
own_path(const struct span *part, unsigned n, struct route *r)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (span_is(part[0], rows[i].first)) {
			r->answer = rows[i].answer;
			r->index = rows[i].answer == cat_answer && n > 1
			    ? part[1]
			    : part[0];
			r->id = n > 1 ? part[n - 1] : SPAN_EMPTY;
			return true;
		}
	return false;
}

bool
ingest_elastic(const struct http_request *q, const struct span *part,
    unsigned n, struct route *r)
{
	bool writes = q->method == HTTP_POST || q->method == HTTP_PUT;

	r->elastic = true;
	r->answer = NULL;
	if (n == 0) {
		r->answer = root_answer;
		return q->method == HTTP_GET || q->method == HTTP_HEAD;
	}
	if (writes && span_is(part[n - 1], "_bulk") && n <= 3) {
		r->format = FORMAT_BULK;
		r->index = n > 1 ? part[0] : SPAN_LIT("_none");
		return true;
	}
	if (part[0].at[0] == '_')
		return own_path(part, n, r);
	r->index = part[0];
	if (writes && n >= 2 &&
	    (span_is(part[1], "_doc") || span_is(part[1], "_create")) &&
	    n <= 3) {
		r->format = FORMAT_DOC;
		r->id = n == 3 ? part[2] : SPAN_EMPTY;
		return true;
	}
	if (q->method == HTTP_DELETE || (n == 2 && part[1].at[0] != '_') ||
	    n > 2)
		return false;
	r->answer = index_answer;
	return true;
}
