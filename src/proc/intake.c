/*
 * proc/intake.c: the process that hears the network.
 *
 * Holds    the listening sockets, opened and passed down by the supervisor.
 * Reads    syslog over UDP, TCP and TLS, and RELP (proc/intake_relp.c). Every
 *          byte of it is hostile.
 * Asks     keeper, for APPEND, and tells it what was lost; the signer, for
 *          TLS handshakes. These are its only errands.
 * Leaves   the database, keys, vault files and outgoing connections: nothing
 *          here can reach them.
 * Fence    user beimen-intake, empty root, no opening of files.
 *
 * While keeper makes batches durable, reading goes on (proc/outlet.h). When
 * it cannot keep up or refuses, reading stops: TCP senders are held back by
 * the kernel, and what UDP loses meanwhile is counted and told.
 */
#include "proc/intake_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "proc/roles.h"
#include "proc/normal.h"

#define COUNTS_US (5 * WHEN_SECOND)
#define COUNTS_ROWS 200 /* senders told of, at most */
/* What one pass over the sockets can bring beyond the outlet's room. */
#define SPILL_MAX ((size_t)256 << 20)

int64_t
intake_now(void)
{
	return env_system()->ops->now_us(env_system());
}

/* ---- to keeper ---- */

/* Puts what had to wait, as far as there is room. */
static void
spill_put(struct intake_state *s)
{
	struct cursor c = cursor_of(buf_view(&s->spill));
	size_t done = 0;

	while (c.pos < c.all.len) {
		struct span row = cursor_block(&c, WIRE_MAX);
		struct event ev;
		struct fault why;

		if (event_decode(row, &ev, &why) == ERR_OK) {
			if (!outlet_put(s->out, &ev))
				break;
		} else { /* it was encoded here: never */
			child_log(s->child, "a record in hand: %s", why.text);
		}
		done = c.pos;
	}
	buf_drop(&s->spill, done);
	if (s->spill.len == 0)
		buf_clear(&s->spill);
}

/* An outlet_room_fn. */
static void
room(void *arg, bool open)
{
	struct intake_state *s = arg;

	if (!open) {
		stream_pause_all(s->stream);
		return;
	}
	spill_put(s);
	if (s->spill.len > 0)
		return; /* full again: another word will come */
	relp_pass_end(s);
	if (outlet_is_open(s->out))
		stream_resume_all(s->stream);
}

/* Keeps a record in hand until there is room; nothing else is read then. */
static void
spill_add(struct intake_state *s, const struct event *ev)
{
	struct buf row;

	stream_pause_all(s->stream);
	buf_init(&row, WIRE_MAX);
	event_encode(&row, ev);
	buf_block(&s->spill, buf_view(&row));
	if (buf_error(&row) != ERR_OK || buf_error(&s->spill) != ERR_OK)
		counts_add(s->counts, COUNTS_NO_MEMORY, ev->sender, 1);
	buf_clear(&row);
}

void
intake_put(struct intake_state *s, const struct event *ev)
{
	if (s->spill.len > 0 || !outlet_put(s->out, ev))
		spill_add(s, ev);
}

/* An intake_fn: one record, understood or not. */
static void
record(void *arg, const struct event *ev)
{
	intake_put(arg, ev);
}

/* ---- from the network ---- */

/* One connection, by what is spoken on it. */
struct talk {
	struct intake_conn *syslog; /* one of the two */
	struct relp_conn *relp;
};

static void *
conn_open(void *arg, struct stream_link *link, const struct stream_from *from)
{
	struct intake_state *s = arg;
	struct talk *t = calloc(1, sizeof *t);
	const struct intake_from who = {
		.via = from->tag == TAG_TLS ? VIA_TLS : VIA_TCP,
		.sender = from->sender,
		.peer = from->peer,
	};

	if (t == NULL)
		return NULL;
	if (from->tag == TAG_RELP || from->tag == TAG_RELP_TLS)
		t->relp = relp_conn_open(s, link, from);
	else
		t->syslog = intake_open(s->intake, &who);
	if (t->relp == NULL && t->syslog == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

static enum stream_next
conn_data(void *arg, void *conn, struct span bytes)
{
	struct talk *t = conn;
	uint64_t n;

	if (t->relp != NULL)
		return relp_conn_data(arg, t->relp, bytes);
	if (intake_feed(t->syslog, intake_now(), bytes, &n) != ERR_OK)
		return STREAM_REFUSE;
	if (intake_is_quiet(t->syslog))
		return STREAM_QUIET;
	return n > 0 ? STREAM_PROGRESS : STREAM_PARTIAL;
}

static void
conn_close(void *arg, void *conn, enum stream_end why)
{
	struct talk *t = conn;

	if (t->relp != NULL)
		relp_conn_close(arg, t->relp, why);
	else if (why == STREAM_SLOW)
		intake_note(t->syslog, COUNTS_SLOW);
	intake_close(t->syslog, intake_now());
	free(t);
}

static void
datagram(void *arg, unsigned tag, struct span sender, struct span bytes)
{
	struct intake_state *s = arg;
	int64_t now_us = intake_now();

	(void)tag;
	heard_add(s->heard, sender, now_us);
	intake_datagram(s->intake, VIA_UDP, sender, now_us, bytes);
}

static void
pass(void *arg)
{
	relp_pass_end(arg);
}

/* A handshake failed: counted by sender, and one a second is logged. */
static void
stranger(void *arg, unsigned tag, struct span sender, const char *why)
{
	struct intake_state *s = arg;
	int64_t now_us = loop_now(s->child->loop);

	(void)tag;
	counts_add(s->counts, COUNTS_STRANGER, sender, 1);
	if (s->log_us != 0 && now_us - s->log_us < WHEN_SECOND)
		return;
	s->log_us = now_us;
	child_log(s->child, "TLS with %.*s: %s", (int)sender.len,
	    (const char *)sender.at, why);
}

/* What a socket lost in this second, and whom of those heard we told. */
struct beside {
	struct counts *counts;
	struct buf names;
	uint64_t lost;
	unsigned n, more;
};

/* A heard_fn. */
static void
beside_add(void *arg, struct span sender, uint64_t n)
{
	struct beside *b = arg;

	counts_add(b->counts, COUNTS_LOST_BESIDE, sender, b->lost);
	if (b->n++ < 8)
		buf_printf(&b->names, "%s%.*s (%llu)", b->n == 1 ? "" : ", ",
		    (int)sender.len, (const char *)sender.at,
		    (unsigned long long)n);
	else
		b->more++;
}

/*
 * The kernel dropped datagrams: counted loss, told to keeper at once. Whose
 * they were it does not say: every sender heard in that second and the one
 * before is shown with the number.
 */
static void
lost(void *arg, unsigned tag, uint64_t n)
{
	struct intake_state *s = arg;
	struct beside beside = { .counts = s->counts, .lost = n };
	int64_t now_us = loop_now(s->child->loop);
	struct buf b;

	(void)tag;
	buf_init(&b, 128);
	buf_block(&b, SPAN_LIT("syslog-udp"));
	buf_u64(&b, n);
	child_note(s->child, ROLE_KEEPER, KEEPER_LOSS, buf_view(&b));
	buf_clear(&b);
	buf_init(&beside.names, 1024);
	heard_each(s->heard, intake_now(), beside_add, &beside);
	s->lost += n;
	if (s->lost_log_us == 0 || now_us - s->lost_log_us >= WHEN_SECOND) {
		child_log(s->child,
		    "syslog-udp: %llu datagrams lost; heard in that second "
		    "(datagrams): %s%s",
		    (unsigned long long)s->lost, buf_string(&beside.names),
		    beside.more > 0 ? ", and others" : "");
		s->lost = 0;
		s->lost_log_us = now_us;
	}
	buf_clear(&beside.names);
}

static const struct stream_ops ops = {
	.open = conn_open,
	.data = conn_data,
	.close = conn_close,
	.datagram = datagram,
	.pass = pass,
	.stranger = stranger,
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
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "intake");
	c->state = s;
	s->child = c;
	e = normal_load(c->config, &s->rules, why);
	return e == ERR_OK ? intake_tls_load(s, why) : e;
}

/* Listens on every socket that was passed down. */
static enum err
sockets_take(struct intake_state *s, struct fault *why)
{
	static const struct {
		const char *name;
		enum tag tag;
		bool tls;
	} sockets[] = {
		{ "syslog-udp", TAG_UDP, false },
		{ "syslog-tcp", TAG_TCP, false },
		{ "syslog-tls", TAG_TLS, true },
		{ "relp", TAG_RELP, false },
		{ "relp-tls", TAG_RELP_TLS, true },
	};
	enum err e = ERR_OK;

	for (size_t i = 0;
	     i < sizeof sockets / sizeof sockets[0] && e == ERR_OK; i++) {
		int fd = child_fd(s->child, sockets[i].name);

		if (fd == -1)
			continue;
		if (sockets[i].tls && s->tls == NULL)
			e = intake_tls_start(s, why);
		if (e != ERR_OK)
			break;
		e = sockets[i].tls
		    ? stream_listen_tls(
			  s->stream, fd, sockets[i].tag, s->tls, why)
		    : stream_listen(s->stream, fd, sockets[i].tag, 0, why);
	}
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
		.hello_us = 10 * WHEN_SECOND,
	};
	enum err e;

	buf_init(&s->spill, SPILL_MAX);
	if ((s->out = outlet_new(c, room, s)) == NULL ||
	    (s->counts = counts_new()) == NULL ||
	    (s->heard = heard_new()) == NULL ||
	    (s->repeats = repeats_new()) == NULL ||
	    (s->intake = intake_new(s->rules, s->counts, record, s)) == NULL)
		return fault_set(why, ERR_MEMORY, "intake");
	e = stream_new(c->loop, &ops, s, &limits, &s->stream, why);
	if (e == ERR_OK)
		e = sockets_take(s, why);
	if (e == ERR_OK)
		e = loop_arm(c->loop, &s->tell, COUNTS_US, tell, s, why);
	return e;
}

void
intake_proc_stop(struct child *c)
{
	struct intake_state *s = c->state;

	/* What the connections still hold goes on its way first. */
	stream_free(s->stream);
	spill_put(s);
	outlet_free(s->out);
	relp_stop(s);
	tls_server_free(s->tls);
	intake_free(s->intake);
	counts_free(s->counts);
	heard_free(s->heard);
	repeats_free(s->repeats);
	normalize_free(s->rules);
	buf_clear(&s->spill);
	buf_clear(&s->cert);
	buf_clear(&s->ca);
	free(s);
}
