/*
 * intake/bulk.c: bulk requests.
 *
 * Works on  NDJSON of log shippers: rsyslog, Beats, Logstash, Fluent Bit,
 *           Vector; hostile.
 * Runs in   proc/ingest.c.
 */
#include "intake/bulk.h"

#include "intake/httpdoc.h"
#include "intake/httpjson.h"

#define BULK_WHOLE_MAX 20000 /* items with all their members, at most */
#define NAME_MAX_LEN 512 /* of an index or an _id, as Elasticsearch has it */

/* One action line. */
struct action {
	struct span verb; /* "index", "create", "update", "delete" */
	struct span index, id; /* escapes left in; empty: not named */
	bool has_doc;
};

/* The next line that is not blank; *n counts lines. */
static bool
line_next(struct cursor *c, struct span *line, uint64_t *n)
{
	while (c->pos < c->all.len) {
		*line = span_trim(cursor_until(c, '\n', NULL));
		(*n)++;
		if (line->len > 0)
			return true;
	}
	return false;
}

/* What an action says of its document. */
static void
target_read(struct httpjson *j, struct action *a)
{
	struct httpjson_text key, t;

	if (!httpjson_enter(j, '{'))
		return;
	while (httpjson_key(j, &key)) {
		bool id = httpjson_is(&key, "_id");

		if (!id && !httpjson_is(&key, "_index")) {
			(void)httpjson_skip(j, NULL);
			continue;
		}
		t = httpjson_scalar(j);
		if (t.raw.len > NAME_MAX_LEN)
			j->bad = true;
		else if (id)
			a->id = t.raw;
		else
			a->index = t.raw;
	}
}

static bool
action_read(struct span line, struct action *a)
{
	struct httpjson j = httpjson_of(line);
	struct httpjson_text key;

	*a = (struct action){ .has_doc = true };
	if (!httpjson_enter(&j, '{') || !httpjson_key(&j, &key) || key.escaped)
		return false;
	a->verb = key.raw;
	if (span_is(a->verb, "delete"))
		a->has_doc = false;
	else if (!span_is(a->verb, "index") && !span_is(a->verb, "create") &&
	    !span_is(a->verb, "update"))
		return false;
	target_read(&j, a);
	return !httpjson_key(&j, &key) && httpjson_done(&j);
}

/* Every action line is one, before anything is given. */
static enum err
actions_check(struct span body, uint64_t *n_docs, struct fault *why)
{
	struct cursor c = cursor_of(body);
	struct action a;
	struct span line;
	uint64_t n = 0, docs = 0;

	while (line_next(&c, &line, &n)) {
		if (!action_read(line, &a))
			return fault_set(why, ERR_SYNTAX,
			    "Malformed action/metadata line [%llu]",
			    (unsigned long long)n);
		if (a.has_doc && !line_next(&c, &line, &n))
			return fault_set(why, ERR_SYNTAX,
			    "line [%llu] has no document behind it",
			    (unsigned long long)n);
		docs++;
	}
	if (docs == 0)
		return fault_set(why, ERR_SYNTAX, "request body is required");
	if (docs > BULK_DOCS_MAX)
		return fault_set(why, ERR_LIMIT,
		    "more than %u documents in one request", BULK_DOCS_MAX);
	*n_docs = docs;
	return ERR_OK;
}

/* What is the same whenever this document is sent again. */
static struct span
id_make(struct arena *a, struct span index, struct span id)
{
	char *p;

	if (id.len == 0)
		return SPAN_EMPTY;
	p = arena_printf(a, "es %.*s %.*s", (int)index.len,
	    (const char *)index.at, (int)id.len, (const char *)id.at);
	return p == NULL ? SPAN_EMPTY : span_text(p);
}

/* The id shown for a document that brought none. */
static void
id_print(const struct httpfeed *f, struct span id, struct buf *b)
{
	buf_text(b, "\"_id\":\"");
	if (id.len > 0)
		buf_span(b, id); /* escapes as they came */
	else
		buf_printf(b, "%llx-%llx", (unsigned long long)f->received_us,
		    (unsigned long long)f->given);
	buf_text(b, "\"");
}

static void
item_print(const struct httpfeed *f, const struct action *a, bool brief,
    const struct fault *bad, struct buf *b)
{
	buf_printf(
	    b, "{\"%.*s\":{", (int)a->verb.len, (const char *)a->verb.at);
	if (!brief) {
		buf_text(b, "\"_index\":\"");
		buf_span(b, a->index);
		buf_text(b, "\",");
		id_print(f, a->id, b);
		buf_u8(b, ',');
	}
	if (bad != NULL) {
		buf_text(b,
		    "\"status\":400,\"error\":{\"type\":"
		    "\"document_parsing_exception\",\"reason\":");
		httpjson_quote(b, span_text(bad->text));
		buf_text(b, "}}}");
		return;
	}
	if (!brief)
		buf_printf(b,
		    "\"_version\":1,\"result\":\"created\",\"_shards\":"
		    "{\"total\":1,\"successful\":1,\"failed\":0},"
		    "\"_seq_no\":%llu,\"_primary_term\":1,",
		    (unsigned long long)f->given);
	buf_text(b, "\"status\":201}}");
}

/* One action and its document: given, or refused by itself. */
static void
action_do(struct httpfeed *f, struct bulk *b, const struct action *a,
    struct span doc, uint64_t line, struct buf *items)
{
	struct fault bad;
	enum err e;

	if (!a->has_doc || span_is(a->verb, "update"))
		e = fault_set(&bad, ERR_DENIED,
		    "a record is not changed or deleted by its sender");
	else
		e = httpdoc_give(f, doc, SPAN_EMPTY, SPAN_EMPTY,
		    id_make(f->arena, a->index, a->id), &bad);
	if (e != ERR_OK) {
		(void)fault_at(&bad, "line %llu", (unsigned long long)line);
		b->refused++;
		arena_reset(f->arena);
	}
	if (items->len > 0)
		buf_u8(items, ',');
	item_print(f, a, b->brief, e == ERR_OK ? NULL : &bad, items);
}

enum err
bulk_read(struct httpfeed *f, struct bulk *b, struct span body,
    struct buf *answer, struct fault *why)
{
	struct cursor c = cursor_of(body);
	struct span line, doc = SPAN_EMPTY;
	struct action a;
	struct buf items;
	uint64_t n = 0, docs = 0;
	enum err e = actions_check(body, &docs, why);

	if (e != ERR_OK)
		return e;
	b->brief |= docs > BULK_WHOLE_MAX;
	b->refused = 0;
	buf_init(&items, answer->max);
	while (line_next(&c, &line, &n)) {
		(void)action_read(line, &a);
		if (a.has_doc)
			(void)line_next(&c, &doc, &n);
		if (a.index.len == 0)
			a.index = b->index;
		action_do(f, b, &a, doc, n, &items);
	}
	buf_text(answer, b->brief ? "{" : "{\"took\":0,");
	buf_printf(answer, "\"errors\":%s,\"items\":[",
	    b->refused > 0 ? "true" : "false");
	buf_span(answer, buf_view(&items));
	buf_text(answer, "]}");
	if (buf_error(&items) != ERR_OK)
		e = fault_set(why, buf_error(&items), "the answer's items");
	buf_clear(&items);
	return e;
}

enum err
bulk_one(struct httpfeed *f, struct span index, struct span id, struct span doc,
    struct buf *answer, struct fault *why)
{
	enum err e = httpdoc_give(
	    f, doc, SPAN_EMPTY, SPAN_EMPTY, id_make(f->arena, index, id), why);

	if (e != ERR_OK) {
		buf_text(answer,
		    "{\"error\":{\"type\":"
		    "\"document_parsing_exception\",\"reason\":");
		httpjson_quote(answer, span_text(why == NULL ? "" : why->text));
		buf_text(answer, "},\"status\":400}");
		return e;
	}
	buf_text(answer, "{\"_index\":");
	httpjson_quote(answer, index);
	buf_u8(answer, ',');
	id_print(f, id, answer);
	buf_text(answer,
	    ",\"_version\":1,\"result\":\"created\",\"_shards\":"
	    "{\"total\":1,\"successful\":1,\"failed\":0},"
	    "\"_seq_no\":0,\"_primary_term\":1}");
	return ERR_OK;
}
