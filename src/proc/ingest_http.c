/*
 * proc/ingest_http.c: requests of HTTP senders, from their heads to the point
 * where records are read from them, and back to the answer.
 */
#include "proc/ingest_own.h"

#include <string.h>

#include "base/when.h"
#include "net/tlskey.h"

#define SIGN_MS 1000 /* the signer's answer; handshakes wait one by one */
#define BODY_MAX ((size_t)32 << 20) /* of one request, as sent */
#define BODIES_MAX ((size_t)96 << 20) /* of all requests together */

/* Who this is by its head; NULL: nobody who is let in. */
static const char *
head_who(const struct ingest_state *s, const struct http_request *q,
    const struct route *r)
{
	const char *who = who_is(s->who, q->authorization, q->peer, q->address);

	if (who == NULL && r->open)
		who = "";
	return who;
}

/* An http_body_fn. What will be refused anyway is passed over unseen. */
static size_t
body_max(void *arg, const struct http_request *q)
{
	const struct ingest_state *s = arg;
	struct route r;

	if (!ingest_route(q, &r) || r.format == FORMAT_NONE ||
	    r.format == FORMAT_JOURNAL || head_who(s, q, &r) == NULL)
		return HTTP_STREAM;
	return r.format == FORMAT_OSQUERY && r.enroll ? (size_t)1 << 20
						      : BODY_MAX;
}

/* An upload's next piece is read. */
static enum http_next
upload_feed(struct post *p, struct span piece)
{
	struct ingest_state *s = p->s;
	struct fault why;
	struct httpfeed f;
	enum err e;

	s->now = p;
	ingest_feed(s, p, &f);
	e = journal_feed(p->journal, &f, piece, &why);
	if (s->marked)
		ingest_mark(s, NULL);
	s->now = NULL;
	p->given += f.given;
	if (e == ERR_OK)
		e = buf_error(&s->spill);
	if (e != ERR_OK) {
		p->failed = true;
		ingest_error(&p->route, &p->q, &p->reply,
		    e == ERR_SYNTAX ? 400 : 503, why.text);
		return HTTP_SKIP;
	}
	if (s->spill.len == 0 && outlet_is_open(s->out))
		return HTTP_ON;
	p->paused = true;
	return HTTP_WAIT;
}

/* An http_piece_fn. */
static enum http_next
piece(void *arg, const struct http_request *q, struct span bytes)
{
	struct ingest_state *s = arg;
	struct post *p = *q->own;
	struct route r;
	const char *who;

	if (p == NULL) {
		if (!ingest_route(q, &r) || r.format != FORMAT_JOURNAL ||
		    (who = head_who(s, q, &r)) == NULL ||
		    q->content_encoding[0] != '\0' ||
		    (p = ingest_post(s, q, &r, who)) == NULL)
			return HTTP_SKIP;
		p->journal = journal_new();
		p->reply.status = 202;
		p->reply.type = "text/plain; charset=utf-8";
		buf_text(&p->reply.body, "OK.\n");
	}
	if (p->journal == NULL)
		return HTTP_SKIP;
	return upload_feed(p, bytes);
}

/* An upload is over. */
static void
upload_end(struct post *p)
{
	struct ingest_state *s = p->s;
	struct fault why;
	struct httpfeed f;

	if (p->journal == NULL) {
		ingest_reply(p, 503, "no memory");
		return;
	}
	s->now = p;
	ingest_feed(s, p, &f);
	if (!p->failed && journal_end(p->journal, &f, &why) != ERR_OK)
		ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
	if (s->marked)
		ingest_mark(s, NULL);
	s->now = NULL;
	p->given += f.given;
	if (s->spill.len > 0)
		p->state = POST_SPILT;
	else
		ingest_sent(p);
}

/* One a second is logged. */
static void
stranger_log(struct ingest_state *s, const struct http_request *q)
{
	int64_t now_us = loop_now(s->child->loop);

	if (s->log_us != 0 && now_us - s->log_us < WHEN_SECOND)
		return;
	s->log_us = now_us;
	child_log(s->child, "%s is not let in (%s)", q->address,
	    q->authorization[0] == '\0' ? "it showed no token"
					: "its token is not in the list");
}

/* Those answered from the head alone. */
static bool
head_answer(struct ingest_state *s, const struct http_request *q,
    const struct route *r, bool found, struct http_reply *to)
{
	if (found && r->elastic &&
	    http_header(to, "X-Elastic-Product", "Elasticsearch") != ERR_OK)
		child_log(s->child, "a reply's header");
	if (head_who(s, q, r) == NULL) {
		stranger_log(s, q);
		ingest_error(r, q, to, 401, "show a token of a sender");
		return true;
	}
	if (!found) {
		ingest_error(r, q, to, 404, "no such path");
		return true;
	}
	if (r->format == FORMAT_NONE)
		r->answer(r, q, to);
	return r->format == FORMAT_NONE;
}

/* An http_fn. */
static void
answer(void *arg, const struct http_request *q, struct http_reply *to)
{
	struct ingest_state *s = arg;
	struct post *p = *q->own;
	struct route r;
	bool found = ingest_route(q, &r);

	if (p == NULL) {
		if (head_answer(s, q, &r, found, to))
			return;
		if (r.format == FORMAT_JOURNAL && q->content_encoding[0] != 0) {
			ingest_error(&r, q, to, 415, "send it uncompressed");
			return;
		}
		p = ingest_post(s, q, &r, head_who(s, q, &r));
		if (p == NULL) {
			ingest_error(&r, q, to, 503, "no memory");
			return;
		}
		if (r.format == FORMAT_JOURNAL) { /* without a byte */
			p->journal = journal_new();
			p->reply.status = 202;
		}
	}
	p->q = *q;
	if (r.elastic &&
	    http_header(&p->reply, "X-Elastic-Product", "Elasticsearch") !=
		ERR_OK)
		child_log(s->child, "a reply's header");
	http_wait(q->hold);
	if (p->journal != NULL || r.format == FORMAT_JOURNAL) {
		upload_end(p);
	} else if (s->spill.len > 0 || !outlet_is_open(s->out)) {
		p->state = POST_QUEUED;
		p->since_us = loop_now(s->child->loop);
	} else {
		ingest_turn(p);
	}
}

/* TLS handshakes are signed by the signer, which alone has the key. */
static enum err
tls_sign(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	struct ingest_state *s = arg;
	struct buf got;
	enum err e;

	buf_init(&got, TLSKEY_SIG_MAX);
	e = child_ask(s->child, ROLE_SIGNER, SIGNER_TLS_SIGN, hash, SIGN_MS,
	    true, &got, why);
	if (e == ERR_OK) {
		memcpy(sig, got.at, got.len);
		*len = got.len;
	}
	buf_clear(&got);
	return e;
}

/* libmicrohttpd's lines: of connections that fail there are many. */
static void
http_line(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

/* An http_over_fn. */
static void
over(void *arg, void *own)
{
	(void)arg;
	ingest_over(own);
}

enum err
ingest_listen(struct ingest_state *s, struct fault *why)
{
	const struct http_options o = {
		.listen_fd = child_fd(s->child, "ingest"),
		.cert_pem = buf_view(&s->cert),
		.sign = tls_sign,
		.answer = answer,
		.body_max = body_max,
		.piece = piece,
		.over = over,
		.log = http_line,
		.arg = s,
		.loop = s->child->loop,
		.body_most = BODY_MAX,
		.bodies_most = BODIES_MAX,
		.ask_peer = true,
		.connections = 2000,
		.per_address = 1000,
		.body_s = 120,
		.idle_s = 120,
	};

	if (o.listen_fd == -1) /* its port was taken, or it is not wanted */
		return ERR_OK;
	return http_open(&o, &s->http, why);
}
