/*
 * proc/intake.c: the process that hears the network.
 *
 * Holds    the listening sockets, opened and passed down by the supervisor.
 * Reads    syslog over UDP and TCP. Every byte of it is hostile.
 * Asks     keeper, for APPEND; that and the count of what was lost are its
 *          only errands.
 * Leaves   the database, keys, vault files and outgoing connections: nothing
 *          here can reach them.
 * Fence    user beimen-intake, empty root, no opening of files.
 *
 * While keeper makes batches durable, reading goes on (proc/outlet.h). When
 * it cannot keep up or refuses, reading stops: TCP senders are held back by
 * the kernel, and what UDP loses meanwhile is counted and told.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "intake/intake.h"
#include "net/stream.h"
#include "proc/outlet.h"
#include "proc/roles.h"
#include "proc/share.h"

#define AGAIN_MS 200 /* while keeper takes nothing */
#define COUNTS_US (5 * WHEN_SECOND)
#define COUNTS_ROWS 200 /* senders told of, at most */

enum tag { TAG_UDP, TAG_TCP };

struct intake_state {
	struct child *child;
	struct normalizer *rules;
	struct counts *counts;
	struct intake *intake;
	struct stream *stream;
	struct outlet *out;
	struct loop_timer tell;
	uint64_t told; /* all counts together, when last told */
};

static int64_t
now(void)
{
	return env_system()->ops->now_us(env_system());
}

/* ---- to keeper ---- */

static void
room(void *arg, bool open)
{
	struct intake_state *s = arg;

	if (open)
		stream_resume_all(s->stream);
	else
		stream_pause_all(s->stream);
}

/* One record, understood or not. */
static void
record(void *arg, const struct event *ev)
{
	struct intake_state *s = arg;

	/* Full. Until there is room again nothing else is read; the record in
	 * hand must not be lost, so we stay with it. */
	while (!outlet_put(s->out, ev) && !s->child->quitting)
		outlet_wait(s->out, AGAIN_MS);
}

/* ---- from the network ---- */

static void *
conn_open(void *arg, unsigned tag, struct span sender)
{
	struct intake_state *s = arg;

	(void)tag;
	return intake_open(s->intake, VIA_TCP, sender);
}

static enum stream_next
conn_data(void *arg, void *conn, struct span bytes)
{
	uint64_t n;

	(void)arg;
	if (intake_feed(conn, now(), bytes, &n) != ERR_OK)
		return STREAM_REFUSE;
	if (intake_is_quiet(conn))
		return STREAM_QUIET;
	return n > 0 ? STREAM_PROGRESS : STREAM_PARTIAL;
}

static void
conn_close(void *arg, void *conn, enum stream_end why)
{
	(void)arg;
	if (why == STREAM_SLOW)
		intake_note(conn, COUNTS_SLOW);
	intake_close(conn, now());
}

static void
datagram(void *arg, unsigned tag, struct span sender, struct span bytes)
{
	struct intake_state *s = arg;

	(void)tag;
	intake_datagram(s->intake, VIA_UDP, sender, now(), bytes);
}

/* The kernel dropped datagrams: counted loss, told to keeper at once. */
static void
lost(void *arg, unsigned tag, uint64_t n)
{
	struct intake_state *s = arg;
	struct buf b;

	(void)tag;
	buf_init(&b, 128);
	buf_block(&b, SPAN_LIT("syslog-udp"));
	buf_u64(&b, n);
	child_note(s->child, ROLE_KEEPER, KEEPER_LOSS, buf_view(&b));
	buf_clear(&b);
}

static const struct stream_ops ops = {
	.open = conn_open,
	.data = conn_data,
	.close = conn_close,
	.datagram = datagram,
	.lost = lost,
};

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
	struct intake_state *s = arg;
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
intake_proc_load(struct child *c, struct fault *why)
{
	struct intake_state *s = calloc(1, sizeof *s);
	struct buf path;
	const char *paths[1];
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "intake");
	c->state = s;
	s->child = c;
	buf_init(&path, 4096);
	e = share_path(c->config, "normalize", &path, why);
	paths[0] = buf_string(&path);
	if (e == ERR_OK)
		e = normalize_load(paths, 1, &s->rules, why);
	buf_clear(&path);
	return e;
}

enum err
intake_proc_start(struct child *c, struct fault *why)
{
	struct intake_state *s = c->state;
	const struct stream_limits limits = {
		.conns = (unsigned)json_get_int(
		    c->config, "tcp_connections", 4096),
		.idle_us = WHEN_HOUR,
		.slow_us = 60 * WHEN_SECOND,
	};
	enum err e;

	if ((s->out = outlet_new(c, room, s)) == NULL ||
	    (s->counts = counts_new()) == NULL ||
	    (s->intake = intake_new(s->rules, s->counts, record, s)) == NULL)
		return fault_set(why, ERR_MEMORY, "intake");
	e = stream_new(c->loop, &ops, s, &limits, &s->stream, why);
	if (e == ERR_OK)
		e = stream_listen(
		    s->stream, child_fd(c, "syslog-udp"), TAG_UDP, 0, why);
	if (e == ERR_OK)
		e = stream_listen(
		    s->stream, child_fd(c, "syslog-tcp"), TAG_TCP, 0, why);
	if (e == ERR_OK)
		e = loop_arm(c->loop, &s->tell, COUNTS_US, tell, s, why);
	return e;
}

void
intake_proc_stop(struct child *c)
{
	struct intake_state *s = c->state;

	stream_free(s->stream);
	intake_free(s->intake);
	counts_free(s->counts);
	normalize_free(s->rules);
	outlet_free(s->out);
	free(s);
}
