/*
 * proc/ingest.c: the process that hears HTTP senders.
 *
 * Holds    the ingest listener, opened and passed down by the supervisor.
 * Reads    HTTPS: Elasticsearch bulk, Loki, OTLP, osquery, journal upload and
 *          plain lines. Every byte of it is hostile.
 * Asks     keeper, for APPEND; the signer, for TLS handshakes. These are its
 *          only errands.
 * Leaves   the database, keys, vault files and outgoing connections: nothing
 *          here can reach them.
 * Fence    user beimen-ingest, empty root, no opening of files, one thread.
 *
 * A request is read whole, its records are put on their way, and it is
 * answered when they are durable (proc/outlet.h); meanwhile it is suspended
 * and others are read. While the outlet is full, requests wait in order of
 * arrival; those that wait too long, or do not fit, are told to come again.
 * A journal upload has no end in sight: it is read as it comes, and paused
 * while there is no room.
 */
#include "proc/ingest_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "crypt/crypt.h"
#include "net/tlskey.h"
#include "proc/roles.h"
#include "proc/share.h"

#define COUNTS_US (5 * WHEN_SECOND)
#define COUNTS_ROWS 200 /* senders told of, at most */
#define TICK_US (WHEN_SECOND / 2)
#define QUEUE_US (10 * WHEN_SECOND) /* a request waits so long for room */
#define SIGN_MS 1000 /* the signer's answer; handshakes wait one by one */
#define BODY_MAX ((size_t)32 << 20) /* of one request, as sent */
#define BODIES_MAX ((size_t)96 << 20) /* of all requests together */
/* What one request can bring beyond the outlet's room, written as rows. */
#define SPILL_MAX ((size_t)512 << 20)

/* What stands in the spill. */
enum spilt { SPILT_ROW, SPILT_MARK, SPILT_UNMARK };

static int64_t
now(void)
{
	return env_system()->ops->now_us(env_system());
}

/* ---- records on their way ---- */

/* The records put from here on are one batch with this id; NULL: none. */
static void
mark_put(struct ingest_state *s, const struct hash *id)
{
	s->marked = id != NULL;
	if (s->spill.len == 0) {
		outlet_mark(s->out, id);
		return;
	}
	buf_u8(&s->spill, id == NULL ? SPILT_UNMARK : SPILT_MARK);
	if (id != NULL)
		buf_add(&s->spill, id->at, HASH_LEN);
}

/* Keeps a record in hand until there is room. */
static void
spill_add(struct ingest_state *s, const struct event *ev)
{
	struct buf row;

	buf_init(&row, WIRE_MAX);
	event_encode(&row, ev);
	buf_u8(&s->spill, SPILT_ROW);
	buf_block(&s->spill, buf_view(&row));
	buf_clear(&row);
}

/* An httpfeed_fn. The id is the sender's own: another's is another id. */
static void
record(void *arg, const struct event *ev, struct span id)
{
	struct ingest_state *s = arg;
	const struct post *p = s->now;
	bool batch = p->q.idempotency_key[0] != '\0';

	if (!batch && id.len > 0) {
		const struct span part[] = { span_text(p->who), SPAN_LIT("\n"),
			id, SPAN_LIT("\n"), ev->raw };
		const struct hash h = hash_of_parts(part, 5);

		mark_put(s, &h);
	} else if (!batch && s->marked) {
		mark_put(s, NULL);
	}
	if (s->spill.len > 0 || !outlet_put(s->out, ev))
		spill_add(s, ev);
}

/* Puts what had to wait, as far as there is room. */
static void
spill_put(struct ingest_state *s)
{
	struct cursor c = cursor_of(buf_view(&s->spill));
	size_t done = 0;
	struct hash h;

	while (c.pos < c.all.len) {
		enum spilt what = (enum spilt)cursor_u8(&c);
		struct event ev;
		struct fault why;

		if (what == SPILT_MARK) {
			struct span at = cursor_take(&c, HASH_LEN);

			if (!c.bad) {
				memcpy(h.at, at.at, HASH_LEN);
				outlet_mark(s->out, &h);
			}
		} else if (what == SPILT_UNMARK) {
			outlet_mark(s->out, NULL);
		} else if (event_decode(cursor_block(&c, WIRE_MAX), &ev,
			       &why) != ERR_OK) {
			/* It was encoded here: never. */
			child_log(s->child, "a record in hand: %s", why.text);
		} else if (!outlet_put(s->out, &ev)) {
			break;
		}
		done = c.pos;
	}
	buf_drop(&s->spill, done);
	if (s->spill.len == 0)
		buf_clear(&s->spill);
}

/* ---- a request's way ---- */

static void
post_reply(struct post *p, int status, const char *text)
{
	ingest_error(&p->route, &p->q, &p->reply, status, text);
	http_reply(p->hold, &p->reply);
}

/* An outlet_after_fn: its records are durable. */
static void
durable(void *arg, bool yes, unsigned repeated)
{
	struct post *p = arg;
	char text[16];

	if (!yes) {
		post_reply(p, 503, "the server is stopping");
		return;
	}
	(void)snprintf(text, sizeof text, "%u", repeated);
	if (repeated > 0 &&
	    http_header(&p->reply, "Beimen-Repeated", text) != ERR_OK)
		child_log(p->s->child, "a reply's header");
	http_reply(p->hold, &p->reply);
}

/* Everything of this request was put: answer when it is durable. */
static void
post_sent(struct post *p)
{
	struct fault why;

	if (p->given == 0) {
		http_reply(p->hold, &p->reply);
		return;
	}
	p->state = POST_SENT;
	if (outlet_after(p->s->out, durable, p, &why) != ERR_OK)
		post_reply(p, 503, why.text);
}

static void
feed_init(struct ingest_state *s, const struct post *p, struct httpfeed *f)
{
	*f = (struct httpfeed){ .rules = s->rules,
		.counts = s->counts,
		.arena = s->arena,
		.received_us = now(),
		.sender = span_text(p->sender),
		.fn = record,
		.arg = s };
}

/* A batch that its sender named is one batch, the same bytes again the same
 * batch; under the same name with other bytes it is another. */
static void
batch_mark(struct ingest_state *s, const struct post *p)
{
	const struct span part[] = { span_text(p->who), SPAN_LIT("\nbatch "),
		span_text(p->q.idempotency_key), SPAN_LIT("\n"),
		span_text(p->q.path), SPAN_LIT("\n"), p->q.body };
	const struct hash h = hash_of_parts(part, 7);

	mark_put(s, &h);
}

/* Reads a request whose turn it is. */
static void
post_read(struct post *p)
{
	struct ingest_state *s = p->s;
	struct httpfeed f;

	s->now = p;
	feed_init(s, p, &f);
	if (p->q.idempotency_key[0] != '\0')
		batch_mark(s, p);
	ingest_read(p, &f);
	if (s->marked)
		mark_put(s, NULL);
	s->now = NULL;
	if (buf_error(&s->spill) != ERR_OK) {
		/* Not all of it is in hand: it must not be acknowledged. */
		post_reply(p, 503, "no room for this request's records");
	} else if (s->spill.len > 0) {
		p->state = POST_SPILT;
	} else {
		post_sent(p);
	}
}

/* Everybody who waits, in order, as long as there is room. */
static void
queue_run(struct ingest_state *s)
{
	struct post *p = s->first;

	spill_put(s);
	while (p != NULL && s->spill.len == 0) {
		struct post *next = p->next;

		if (p->state == POST_SPILT)
			post_sent(p);
		else if (p->state == POST_QUEUED && outlet_is_open(s->out)) {
			p->state = POST_NEW;
			post_read(p);
		} else if (p->paused && outlet_is_open(s->out)) {
			p->paused = false;
			http_go(p->hold);
		}
		p = next;
	}
}

/* An outlet_room_fn. */
static void
room(void *arg, bool open)
{
	if (open)
		queue_run(arg);
}

/* Requests that have waited too long for room are told to come again: none
 * of their records was taken. */
static void
tick(void *arg)
{
	struct ingest_state *s = arg;
	int64_t now_us = loop_now(s->child->loop);
	struct fault why;

	for (struct post *p = s->first; p != NULL; p = p->next)
		if (p->state == POST_QUEUED &&
		    now_us - p->since_us > QUEUE_US) {
			p->state = POST_SENT;
			post_reply(p, 429, "no room now: send it again later");
		}
	if (loop_arm(s->child->loop, &s->tick, TICK_US, tick, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

static struct post *
post_new(struct ingest_state *s, const struct http_request *q,
    const struct route *r, const char *who)
{
	struct post *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->s = s;
	p->hold = q->hold;
	p->route = *r;
	p->q = *q;
	(void)snprintf(p->sender, sizeof p->sender, "%s", q->address);
	/* Where everybody here is let in, addresses tell senders apart. */
	(void)snprintf(p->who, sizeof p->who, "%s",
	    strcmp(who, "local") == 0 ? p->sender : who);
	http_reply_init(&p->reply, HTTP_REPLY_MAX);
	p->prev = s->last;
	if (s->last != NULL)
		s->last->next = p;
	else
		s->first = p;
	s->last = p;
	*q->own = p;
	return p;
}

/* An http_over_fn: the request is over, answered or not. Records that were
 * put go on their way all the same. */
static void
over(void *arg, void *own)
{
	struct ingest_state *s = arg;
	struct post *p = own;

	outlet_forget(s->out, p);
	if (p->prev != NULL)
		p->prev->next = p->next;
	else
		s->first = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	else
		s->last = p->prev;
	journal_free(p->journal);
	http_reply_clear(&p->reply);
	free(p);
}

/* ---- from HTTP ---- */

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
	feed_init(s, p, &f);
	e = journal_feed(p->journal, &f, piece, &why);
	if (s->marked)
		mark_put(s, NULL);
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
		    (p = post_new(s, q, &r, who)) == NULL)
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
		post_reply(p, 503, "no memory");
		return;
	}
	s->now = p;
	feed_init(s, p, &f);
	if (!p->failed && journal_end(p->journal, &f, &why) != ERR_OK)
		ingest_error(&p->route, &p->q, &p->reply, 400, why.text);
	if (s->marked)
		mark_put(s, NULL);
	s->now = NULL;
	p->given += f.given;
	if (s->spill.len > 0)
		p->state = POST_SPILT;
	else
		post_sent(p);
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
		p = post_new(s, q, &r, head_who(s, q, &r));
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
		post_read(p);
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

/* ---- what could not be read ---- */

static json_t *
row_json(const struct counts_row *row)
{
	json_t *o = json_object();

	json_put_str(o, "sender", row->sender);
	for (unsigned i = 0; i < COUNTS_N; i++)
		if (row->n[i] > 0)
			json_put_int(o, counts_name((enum counts_reason)i),
			    (int64_t)row->n[i]);
	return o;
}

/* Tells keeper the counts by sender and reason, when they have moved. */
static void
tell(void *arg)
{
	struct ingest_state *s = arg;
	const struct counts_row *row;
	uint64_t sum = 0;
	struct fault why;
	struct buf b;

	for (unsigned i = 0; i < COUNTS_N; i++)
		sum += counts_total(s->counts, (enum counts_reason)i);
	if (sum != s->told) {
		json_t *list = json_array();

		for (size_t i = 0;
		     i < COUNTS_ROWS && (row = counts_at(s->counts, i)) != NULL;
		     i++)
			(void)json_array_append_new(list, row_json(row));
		buf_init(&b, WIRE_MAX);
		json_canonical(&b, list);
		child_note(s->child, ROLE_KEEPER, KEEPER_COUNTS, buf_view(&b));
		buf_clear(&b);
		json_decref(list);
		s->told = sum;
	}
	if (loop_arm(s->child->loop, &s->tell, COUNTS_US, tell, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

/* ---- life ---- */

enum err
ingest_proc_load(struct child *c, struct fault *why)
{
	struct ingest_state *s = calloc(1, sizeof *s);
	struct buf path;
	const char *paths[1];
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "ingest");
	c->state = s;
	s->child = c;
	buf_init(&s->cert, 1 << 16);
	buf_init(&s->plain, (size_t)64 << 20);
	buf_init(&s->spill, SPILL_MAX);
	buf_init(&path, 4096);
	e = share_path(c->config, "normalize", &path, why);
	paths[0] = buf_string(&path);
	if (e == ERR_OK)
		e = normalize_load(paths, 1, &s->rules, why);
	buf_clear(&path);
	if (e == ERR_OK)
		e = who_load(json_get_text(c->config, "ingest_tokens", ""),
		    &s->who, why);
	return e;
}

enum err
ingest_proc_start(struct child *c, struct fault *why)
{
	struct ingest_state *s = c->state;

	s->out = outlet_new(c, room, s);
	s->counts = counts_new();
	s->arena = arena_new(HTTPFEED_ARENA);
	if (s->out == NULL || s->counts == NULL || s->arena == NULL)
		return fault_set(why, ERR_MEMORY, "ingest");
	return child_ask(c, ROLE_SIGNER, SIGNER_TLS_CERT, SPAN_EMPTY,
	    CHILD_ASK_MS, true, &s->cert, why);
}

enum err
ingest_proc_ready(struct child *c, struct fault *why)
{
	struct ingest_state *s = c->state;
	struct http_options o = {
		.listen_fd = child_fd(c, "ingest"),
		.cert_pem = buf_view(&s->cert),
		.sign = tls_sign,
		.answer = answer,
		.body_max = body_max,
		.piece = piece,
		.over = over,
		.log = http_line,
		.arg = s,
		.loop = c->loop,
		.body_most = BODY_MAX,
		.bodies_most = BODIES_MAX,
		.ask_peer = true,
		.connections = 2000,
		.per_address = 1000,
		.body_s = 120,
		.idle_s = 120,
	};
	enum err e = ERR_OK;

	if (o.listen_fd != -1)
		e = http_open(&o, &s->http, why);
	if (e == ERR_OK)
		e = loop_arm(c->loop, &s->tick, TICK_US, tick, s, why);
	if (e == ERR_OK)
		e = loop_arm(c->loop, &s->tell, COUNTS_US, tell, s, why);
	return e;
}

void
ingest_proc_stop(struct child *c)
{
	struct ingest_state *s = c->state;

	http_close(s->http);
	spill_put(s);
	outlet_free(s->out);
	who_free(s->who);
	counts_free(s->counts);
	arena_free(s->arena);
	normalize_free(s->rules);
	buf_clear(&s->spill);
	buf_clear(&s->plain);
	buf_clear(&s->cert);
	free(s);
}
