/*
 * proc/ingest_read.c: from a body to events and an answer.
 */
#include "proc/ingest_own.h"

#include <string.h>

#include "base/when.h"
#include "intake/bulk.h"
#include "intake/httplines.h"
#include "intake/loki.h"
#include "intake/osquery.h"
#include "intake/otlp.h"
#include "pack/gzip.h"
#include "pack/snappy.h"
#include "pack/zstd.h"

#define PLAIN_MAX ((size_t)64 << 20) /* a body that was compressed */

static bool
type_is(const struct post *p, const char *type)
{
	return strncmp(p->q.content_type, type, strlen(type)) == 0;
}

/* The body without its compression; *status says what is wrong with it. */
static enum err
body_unpack(struct post *p, struct span *body, int *status, struct fault *why)
{
	const char *how = p->q.content_encoding;
	struct buf *to = &p->s->plain;
	bool loki = p->route.format == FORMAT_LOKI &&
	    type_is(p, "application/x-protobuf");
	enum err e = ERR_OK;

	*body = p->q.body;
	*status = 400;
	buf_clear(to);
	if (strcmp(how, "gzip") == 0 || strcmp(how, "deflate") == 0)
		e = gzip_unpack(to, *body, PLAIN_MAX, why);
	else if (strcmp(how, "zstd") == 0)
		e = zstd_unpack(to, *body, PLAIN_MAX, why);
	else if (strcmp(how, "snappy") == 0 || (loki && how[0] == '\0'))
		e = snappy_unpack(to, *body, PLAIN_MAX, why);
	else if (how[0] == '\0' || strcmp(how, "identity") == 0)
		return ERR_OK;
	else {
		*status = 415;
		return fault_set(why, ERR_UNSUPPORTED,
		    "Content-Encoding may be gzip, deflate, zstd or snappy");
	}
	if (e == ERR_LIMIT)
		*status = 413;
	if (e == ERR_MEMORY)
		*status = 503;
	*body = buf_view(to);
	return e;
}

static void
bulk_do(struct post *p, struct httpfeed *f, struct span body)
{
	struct bulk b = { .index = p->route.index };
	struct fault why;

	b.brief = strstr(p->q.query, "filter_path") != NULL &&
	    strstr(p->q.query, "status") != NULL;
	p->reply.type = "application/json";
	if (bulk_read(f, &b, body, &p->reply.body, &why) != ERR_OK)
		ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
}

static void
doc_do(struct post *p, struct httpfeed *f, struct span body)
{
	struct fault why;

	p->reply.type = "application/json";
	p->reply.status = 201;
	if (bulk_one(f, p->route.index, p->route.id, span_trim(body),
		&p->reply.body, &why) != ERR_OK)
		p->reply.status = 400;
}

static void
loki_do(struct post *p, struct httpfeed *f, struct span body)
{
	bool json = type_is(p, "application/json");
	uint64_t refused = 0;
	struct fault why;
	enum err e = json ? loki_json(f, body, &refused, &why)
			  : loki_proto(f, body, &refused, &why);

	p->reply.status = 204;
	p->reply.type = "";
	/* As Loki does: what could be taken is, and the answer is an error. */
	if (e != ERR_OK || refused > 0)
		ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
}

static void
otlp_do(struct post *p, struct httpfeed *f, struct span body)
{
	bool json = type_is(p, "application/json");
	uint64_t refused = 0;
	struct fault why = { .code = ERR_OK };
	enum err e;

	if (!json && !type_is(p, "application/x-protobuf")) {
		ingest_error(&p->route, &p->q, &p->reply, 415,
		    "Content-Type is application/x-protobuf or "
		    "application/json");
		return;
	}
	e = json ? otlp_json(f, body, &refused, &why)
		 : otlp_proto(f, body, &refused, &why);
	p->reply.type = json ? "application/json" : "application/x-protobuf";
	if (e != ERR_OK)
		ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
	else
		otlp_answer(&p->reply.body, json, refused, why.text);
}

/* Enrolling: the secret is a sender's token; this machine itself needs none
 * where no file names senders. */
static void
osquery_enroll(struct post *p, const struct osquery_head *h)
{
	const char *name = who_by_token(p->s->who, h->secret);

	if (name == NULL)
		name = who_is(
		    p->s->who, p->q.authorization, p->q.peer, p->sender);
	if (name == NULL) {
		buf_text(&p->reply.body, "{\"node_invalid\":true}");
		return;
	}
	buf_text(&p->reply.body, "{\"node_key\":\"");
	who_enroll(p->s->who, name, &p->reply.body);
	buf_text(&p->reply.body, "\",\"node_invalid\":false}");
}

static void
osquery_do(struct post *p, struct httpfeed *f, struct span body)
{
	struct osquery_head h;
	const char *name;
	uint64_t refused = 0;
	struct fault why;

	p->reply.type = "application/json";
	if (osquery_head(f->arena, body, &h, &why) != ERR_OK)
		goto bad;
	if (p->route.enroll) {
		osquery_enroll(p, &h);
		return;
	}
	if ((name = who_by_key(p->s->who, h.key)) == NULL) {
		/* osquery enrols anew, and sends this again. */
		buf_text(&p->reply.body, "{\"node_invalid\":true}");
		return;
	}
	ingest_name(p->who, sizeof p->who, name);
	if (osquery_log(f, body, &refused, &why) != ERR_OK)
		goto bad;
	buf_text(&p->reply.body, "{\"node_invalid\":false}");
	return;
bad:
	ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
}

static void
lines_do(struct post *p, struct httpfeed *f, struct span body)
{
	struct fault why;

	p->reply.type = "application/json";
	if (httplines_read(f, body, &why) != ERR_OK)
		ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
	else
		buf_printf(&p->reply.body, "{\"records\":%llu}",
		    (unsigned long long)f->given);
}

void
ingest_read(struct post *p, struct httpfeed *f)
{
	static void (*const read[])(
	    struct post * p, struct httpfeed * f, struct span body) = {
		[FORMAT_BULK] = bulk_do,
		[FORMAT_DOC] = doc_do,
		[FORMAT_LOKI] = loki_do,
		[FORMAT_OTLP] = otlp_do,
		[FORMAT_OSQUERY] = osquery_do,
		[FORMAT_LINES] = lines_do,
	};
	struct fault why;
	struct span body;
	int status;

	if (body_unpack(p, &body, &status, &why) != ERR_OK)
		ingest_error(&p->route, &p->q, &p->reply, status, why.text);
	else
		read[p->route.format](p, f, body);
	arena_reset(f->arena);
	buf_clear(&p->s->plain);
	p->given = f->given;
}
