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

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "crypt/crypt.h"
#include "proc/roles.h"
#include "proc/normal.h"

#define COUNTS_US (5 * WHEN_SECOND)
#define COUNTS_ROWS 200 /* senders told of, at most */
#define TICK_US (WHEN_SECOND / 2)
#define QUEUE_US (10 * WHEN_SECOND) /* a request waits so long for room */
#define SENT_US (20 * WHEN_SECOND) /* …and so long until it is durable */
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
void
ingest_mark(struct ingest_state *s, const struct hash *id)
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

		ingest_mark(s, &h);
	} else if (!batch && s->marked) {
		ingest_mark(s, NULL);
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

void
ingest_reply(struct post *p, int status, const char *text)
{
	p->state = POST_DONE;
	ingest_error(&p->route, &p->q, &p->reply, status, text);
	http_reply(p->hold, &p->reply);
}

/* An outlet_after_fn: its records are durable. */
static void
durable(void *arg, bool yes, unsigned repeated)
{
	struct post *p = arg;
	struct buf text;

	if (!yes) {
		ingest_reply(p, 503, "the server is stopping");
		return;
	}
	buf_init(&text, 16);
	buf_printf(&text, "%u", repeated);
	if (repeated > 0 &&
	    http_header(&p->reply, "Beimen-Repeated", buf_string(&text)) !=
		ERR_OK)
		child_log(p->s->child, "a reply's header");
	buf_clear(&text);
	p->state = POST_DONE;
	http_reply(p->hold, &p->reply);
}

/* Everything of this request was put: answer when it is durable. */
void
ingest_sent(struct post *p)
{
	struct fault why;

	if (p->given == 0) {
		p->state = POST_DONE;
		http_reply(p->hold, &p->reply);
		return;
	}
	p->state = POST_SENT;
	p->since_us = loop_now(p->s->child->loop);
	if (outlet_after(p->s->out, durable, p, &why) != ERR_OK)
		ingest_reply(p, 503, why.text);
}

void
ingest_feed(struct ingest_state *s, const struct post *p, struct httpfeed *f)
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

	ingest_mark(s, &h);
}

/* Reads a request whose turn it is. */
void
ingest_turn(struct post *p)
{
	struct ingest_state *s = p->s;
	struct httpfeed f;

	s->now = p;
	ingest_feed(s, p, &f);
	if (p->q.idempotency_key[0] != '\0')
		batch_mark(s, p);
	ingest_read(p, &f);
	if (s->marked)
		ingest_mark(s, NULL);
	s->now = NULL;
	if (buf_error(&s->spill) != ERR_OK) {
		/* Not all of it is in hand: it must not be acknowledged. */
		ingest_reply(p, 503, "no room for this request's records");
	} else if (s->spill.len > 0) {
		p->state = POST_SPILT;
	} else {
		ingest_sent(p);
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
			ingest_sent(p);
		else if (p->state == POST_QUEUED && outlet_is_open(s->out)) {
			p->state = POST_NEW;
			ingest_turn(p);
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

/*
 * Nobody waits without an answer. A request that has waited too long for room
 * is told to come again: nothing of it was taken. One whose records are on
 * their way and are not durable in time is told so: they may yet be stored,
 * but they are not acknowledged.
 */
static void
tick(void *arg)
{
	struct ingest_state *s = arg;
	int64_t now_us = loop_now(s->child->loop);
	struct fault why;

	for (struct post *p = s->first; p != NULL; p = p->next) {
		int64_t waits_us = now_us - p->since_us;

		if (p->state == POST_QUEUED && waits_us > QUEUE_US) {
			ingest_reply(p, 429, "no room now: send it again");
		} else if (p->state == POST_SENT && waits_us > SENT_US) {
			outlet_forget(s->out, p);
			ingest_reply(p, 503, "not on disk yet: send it again");
		}
	}
	if (loop_arm(s->child->loop, &s->tick, TICK_US, tick, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

struct post *
ingest_post(struct ingest_state *s, const struct http_request *q,
    const struct route *r, const char *who)
{
	struct post *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->s = s;
	p->hold = q->hold;
	p->route = *r;
	p->q = *q;
	ingest_name(p->sender, sizeof p->sender, q->address);
	/* Where everybody here is let in, addresses tell senders apart. */
	ingest_name(
	    p->who, sizeof p->who, strcmp(who, "local") == 0 ? p->sender : who);
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

void
ingest_name(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

void
ingest_over(struct post *p)
{
	struct ingest_state *s = p->s;

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
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "ingest");
	c->state = s;
	s->child = c;
	buf_init(&s->cert, 1 << 16);
	buf_init(&s->plain, (size_t)64 << 20);
	buf_init(&s->spill, SPILL_MAX);
	e = normal_load(c->config, &s->rules, why);
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
	enum err e = ingest_listen(s, why);

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
