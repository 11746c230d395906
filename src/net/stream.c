/*
 * net/stream.c: accepting, receiving, and letting go.
 *
 * Sockets and connections wait in a loop of their own, which is one
 * descriptor in the owner's loop: pausing all of them is one system call.
 * Connections' times are kept on a clock that stands still while paused.
 */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define SOCKETS_MAX 64
#define ACCEPT_BATCH 64
#define UDP_BATCHES 4 /* a pass, while they come full */
#define TICK_US 1000000
#define AGAIN_US 100000 /* accepting rests so long without descriptors */

struct sock {
	struct stream *s;
	int fd;
	unsigned tag;
	enum listen_kind kind;
	uint32_t drops; /* the kernel's counter as told last */
};

struct conn {
	struct stream *s;
	struct conn *prev, *next;
	int fd;
	void *own; /* what open answered */
	int64_t last_us; /* last byte, on the stream's clock */
	int64_t began_us; /* the unfinished record, or -1 */
};

/* Room for one recvmmsg. */
struct batch {
	struct mmsghdr head[STREAM_BATCH];
	struct iovec part[STREAM_BATCH];
	struct sockaddr_storage from[STREAM_BATCH];
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(uint32_t)) + 32];
	} control[STREAM_BATCH];
	uint8_t bytes[STREAM_BATCH][STREAM_DATAGRAM_MAX];
};

struct stream {
	struct loop *outer, *inner;
	const struct stream_ops *ops;
	void *arg;
	struct stream_limits limits;
	struct stream_counts counts;
	struct sock *socks[SOCKETS_MAX];
	size_t n_socks;
	struct conn *conns;
	struct batch *batch; /* its bytes serve TCP too */
	struct loop_timer tick, again;
	bool paused, got;
	int64_t paused_at_us, paused_us; /* since, and in all before */
	struct sockaddr_storage last_from;
	char last_text[LISTEN_ADDRESS_MAX]; /* of last_from */
};

/* The stream's clock: the loop's, without the time spent paused. */
static int64_t
clock_us(const struct stream *s)
{
	int64_t now = s->paused ? s->paused_at_us : loop_now(s->outer);

	return now - s->paused_us;
}

/* Ends a connection and tells its owner why. */
static void
conn_close(struct conn *c, enum stream_end end)
{
	struct stream *s = c->s;

	loop_del(s->inner, c->fd);
	(void)close(c->fd);
	if (c->prev == NULL)
		s->conns = c->next;
	else
		c->prev->next = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->counts.conns--;
	s->counts.ended[end]++;
	if (s->ops->close != NULL)
		s->ops->close(s->arg, c->own, end);
	free(c);
}

/* Takes what the owner said of the bytes into the connection's times. */
static void
conn_next(struct conn *c, enum stream_next next)
{
	int64_t now = clock_us(c->s);

	c->last_us = now;
	switch (next) {
	case STREAM_QUIET:
		c->began_us = -1;
		break;
	case STREAM_PROGRESS:
		c->began_us = now;
		break;
	case STREAM_PARTIAL:
		if (c->began_us == -1)
			c->began_us = now;
		break;
	case STREAM_REFUSE:
		conn_close(c, STREAM_REFUSED);
		break;
	}
}

static void
conn_ready(void *arg, unsigned ready)
{
	struct conn *c = arg;
	struct stream *s = c->s;
	uint8_t *to = s->batch->bytes[0];
	ssize_t n;

	(void)ready; /* recv tells an end or error as well */
	if (s->paused)
		return;
	n = recv(c->fd, to, STREAM_CHUNK, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c, n == 0 ? STREAM_BY_PEER : STREAM_BROKEN);
		return;
	}
	s->got = true;
	s->counts.bytes += (uint64_t)n;
	conn_next(c, s->ops->data(s->arg, c->own, span_of(to, (size_t)n)));
}

/* Finds out early that a peer's machine is gone. Only a wish. */
static void
keep_alive(int fd)
{
	const int on = 1, idle = 120, every = 30, times = 4;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
}

/* A connection becomes ours; fd is given, also on failure. */
static enum err
conn_add(struct stream *s, int fd, unsigned tag,
    const struct sockaddr_storage *from, struct fault *why)
{
	char sender[LISTEN_ADDRESS_MAX];
	struct conn *c = NULL;
	enum err e;

	if (s->counts.conns >= s->limits.conns) {
		s->counts.refused++;
		(void)close(fd);
		return fault_set(
		    why, ERR_LIMIT, "%u connections are open", s->counts.conns);
	}
	if ((c = calloc(1, sizeof *c)) == NULL) {
		(void)close(fd);
		return fault_set(why, ERR_MEMORY, "connection");
	}
	*c = (struct conn){ .s = s, .fd = fd, .began_us = -1 };
	c->last_us = clock_us(s);
	keep_alive(fd);
	listen_address(from, sender);
	e = loop_add(s->inner, fd, LOOP_READ, conn_ready, c, why);
	if (e != ERR_OK)
		goto out;
	c->own = s->ops->open(s->arg, tag, span_text(sender));
	if (c->own == NULL) {
		s->counts.refused++;
		e = fault_set(why, ERR_DENIED, "connection was refused");
		goto out;
	}
	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->counts.conns++;
	s->counts.accepted++;
	return ERR_OK;
out:
	loop_del(s->inner, fd);
	(void)close(fd);
	free(c);
	return e;
}

/* Watches, or stops watching, every listening TCP socket. */
static void
accept_watch(struct stream *s, unsigned events)
{
	for (size_t i = 0; i < s->n_socks; i++) {
		struct sock *k = s->socks[i];

		if (k->kind != LISTEN_TCP)
			continue;
		if (loop_want(s->inner, k->fd, events, NULL) != ERR_OK)
			return; /* epoll itself fails: the next turn says so */
	}
}

static void
accept_again(void *arg)
{
	accept_watch(arg, LOOP_READ);
}

/* Without descriptors or memory accepting would spin: it rests a moment. */
static void
accept_rest(struct stream *s)
{
	if (loop_arm(s->outer, &s->again, AGAIN_US, accept_again, s, NULL) ==
	    ERR_OK)
		accept_watch(s, 0);
}

static void
accept_ready(void *arg, unsigned ready)
{
	struct sock *k = arg;
	struct stream *s = k->s;

	(void)ready;
	for (unsigned i = 0; i < ACCEPT_BATCH && !s->paused; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof from;
		int fd = accept4(k->fd, (struct sockaddr *)&from, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd == -1) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOMEM || errno == ENOBUFS)
				accept_rest(s);
			return; /* else EAGAIN, or a peer that left */
		}
		/* A refusal is counted where it is made. */
		if (conn_add(s, fd, k->tag, &from, NULL) == ERR_MEMORY)
			s->counts.refused++;
	}
}

/* Takes a new reading of a socket's drop counter. It may wrap around. */
static void
drops_tell(struct sock *k, uint32_t drops)
{
	uint32_t n = drops - k->drops;

	if (n == 0 || n > UINT32_MAX / 2) /* an older reading */
		return;
	k->drops = drops;
	k->s->counts.lost += n;
	if (k->s->ops->lost != NULL)
		k->s->ops->lost(k->s->arg, k->tag, n);
}

/* The counter that the kernel put beside a datagram, if it did. */
static void
drops_beside(struct sock *k, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		uint32_t drops;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SO_RXQ_OVFL ||
		    c->cmsg_len < CMSG_LEN(sizeof drops))
			continue;
		memcpy(&drops, CMSG_DATA(c), sizeof drops);
		drops_tell(k, drops);
	}
}

/* Asks the kernel for the counters: a burst's end has no datagram after. */
static void
drops_ask(struct stream *s)
{
	for (size_t i = 0; i < s->n_socks; i++) {
		struct sock *k = s->socks[i];
		uint32_t info[SK_MEMINFO_VARS] = { 0 };
		socklen_t len = sizeof info;

		if (k->kind != LISTEN_UDP ||
		    getsockopt(k->fd, SOL_SOCKET, SO_MEMINFO, info, &len) ==
			-1 ||
		    len < (SK_MEMINFO_DROPS + 1) * sizeof info[0])
			continue;
		drops_tell(k, info[SK_MEMINFO_DROPS]);
	}
}

/* Makes the batch ready to receive into. */
static void
batch_ready(struct batch *b)
{
	for (size_t i = 0; i < STREAM_BATCH; i++) {
		b->part[i] = (struct iovec){ b->bytes[i], sizeof b->bytes[i] };
		b->head[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof b->from[i],
			.msg_iov = &b->part[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
			.msg_controllen = sizeof b->control[i],
		};
	}
}

/* The sender's address as text; most come many times in a row. */
static struct span
sender_text(
    struct stream *s, const struct sockaddr_storage *from, socklen_t len)
{
	if (len > sizeof *from)
		len = sizeof *from;
	if (s->last_text[0] == '\0' || memcmp(&s->last_from, from, len) != 0) {
		s->last_from = (struct sockaddr_storage){ 0 };
		memcpy(&s->last_from, from, len);
		listen_address(&s->last_from, s->last_text);
	}
	return span_text(s->last_text);
}

/* Receives one batch; the number of datagrams, or -1. */
static int
udp_batch(struct sock *k)
{
	struct stream *s = k->s;
	struct batch *b = s->batch;
	int n;

	batch_ready(b);
	n = recvmmsg(k->fd, b->head, STREAM_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct msghdr *m = &b->head[i].msg_hdr;
		struct span bytes = span_of(b->bytes[i], b->head[i].msg_len);

		s->counts.datagrams++;
		s->counts.bytes += bytes.len;
		s->ops->datagram(s->arg, k->tag,
		    sender_text(s, &b->from[i], m->msg_namelen), bytes);
		drops_beside(k, m);
	}
	s->got = s->got || n > 0;
	return n;
}

static void
udp_ready(void *arg, unsigned ready)
{
	struct sock *k = arg;

	(void)ready; /* recvmmsg takes a pending error away by itself */
	for (unsigned i = 0; i < UDP_BATCHES && !k->s->paused; i++)
		if (udp_batch(k) < STREAM_BATCH)
			return;
}

/* One pass over sockets and connections. */
static void
inner_ready(void *arg, unsigned ready)
{
	struct stream *s = arg;

	(void)ready;
	s->got = false;
	/* It fails only when epoll does, and then so does the outer loop. */
	if (loop_turn(s->inner, 0, NULL) != ERR_OK)
		return;
	if (s->got && s->ops->pass != NULL)
		s->ops->pass(s->arg);
}

/* Whether a connection has used up its patience, and which. */
static bool
conn_is_over(const struct conn *c, int64_t now, enum stream_end *end)
{
	const struct stream_limits *l = &c->s->limits;

	if (l->slow_us > 0 && c->began_us != -1 &&
	    now - c->began_us >= l->slow_us) {
		*end = STREAM_SLOW;
		return true;
	}
	*end = STREAM_IDLE;
	return l->idle_us > 0 && now - c->last_us >= l->idle_us;
}

/* Once a second: losses, and connections that wait for nothing. */
static void
tick(void *arg)
{
	struct stream *s = arg;
	struct conn *next;
	enum stream_end end;
	int64_t now;
	enum err e;

	/* Re-arming takes the place just left: it needs no memory. */
	e = loop_arm(s->outer, &s->tick, TICK_US, tick, s, NULL);
	assert(e == ERR_OK);
	drops_ask(s);
	if (s->paused || (s->limits.idle_us <= 0 && s->limits.slow_us <= 0))
		return;
	now = clock_us(s);
	for (struct conn *c = s->conns; c != NULL; c = next) {
		next = c->next;
		if (conn_is_over(c, now, &end))
			conn_close(c, end);
	}
}

enum err
stream_new(struct loop *l, const struct stream_ops *ops, void *arg,
    const struct stream_limits *limits, struct stream **out, struct fault *why)
{
	struct stream *s = calloc(1, sizeof *s);
	enum err e = ERR_MEMORY;

	if (s == NULL || (s->batch = calloc(1, sizeof *s->batch)) == NULL) {
		free(s);
		return fault_set(why, ERR_MEMORY, "stream");
	}
	s->outer = l;
	s->ops = ops;
	s->arg = arg;
	s->limits = *limits;
	if ((e = loop_new(loop_clock, NULL, &s->inner, why)) != ERR_OK)
		goto out;
	e = loop_add(l, loop_fd(s->inner), LOOP_READ, inner_ready, s, why);
	if (e != ERR_OK)
		goto out;
	e = loop_arm(l, &s->tick, TICK_US, tick, s, why);
	if (e != ERR_OK)
		goto out;
	*out = s;
	s = NULL;
out:
	stream_free(s);
	return e;
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	while (s->conns != NULL)
		conn_close(s->conns, STREAM_CLOSED);
	for (size_t i = 0; i < s->n_socks; i++) {
		(void)close(s->socks[i]->fd);
		free(s->socks[i]);
	}
	loop_disarm(s->outer, &s->tick);
	loop_disarm(s->outer, &s->again);
	if (s->inner != NULL)
		loop_del(s->outer, loop_fd(s->inner));
	loop_free(s->inner);
	free(s->batch);
	free(s);
}

enum err
stream_listen(struct stream *s, int fd, unsigned tag, uint64_t lost_before,
    struct fault *why)
{
	struct sock *k = NULL;
	enum listen_kind kind;
	enum err e;

	if ((e = listen_kind_of(fd, &kind, why)) != ERR_OK)
		goto out;
	if (s->n_socks == SOCKETS_MAX) {
		e = fault_set(
		    why, ERR_LIMIT, "more than %u sockets", SOCKETS_MAX);
		goto out;
	}
	if ((k = calloc(1, sizeof *k)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "socket");
		goto out;
	}
	*k = (struct sock){ s, fd, tag, kind, (uint32_t)lost_before };
	e = loop_add(s->inner, fd, LOOP_READ,
	    kind == LISTEN_UDP ? udp_ready : accept_ready, k, why);
	if (e != ERR_OK)
		goto out;
	s->socks[s->n_socks++] = k;
	return ERR_OK;
out:
	(void)close(fd);
	free(k);
	return e;
}

enum err
stream_adopt(struct stream *s, int fd, unsigned tag, struct fault *why)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof from;

	if (getpeername(fd, (struct sockaddr *)&from, &len) == -1) {
		enum err e = fault_sys(why, ERR_STATE, "descriptor %d", fd);

		(void)close(fd);
		return e;
	}
	return conn_add(s, fd, tag, &from, why);
}

void
stream_pause_all(struct stream *s)
{
	if (s->paused ||
	    loop_want(s->outer, loop_fd(s->inner), 0, NULL) != ERR_OK)
		return;
	s->paused_at_us = loop_now(s->outer);
	s->paused = true;
}

void
stream_resume_all(struct stream *s)
{
	if (!s->paused ||
	    loop_want(s->outer, loop_fd(s->inner), LOOP_READ, NULL) != ERR_OK)
		return;
	s->paused_us += loop_now(s->outer) - s->paused_at_us;
	s->paused = false;
}

bool
stream_is_paused(const struct stream *s)
{
	return s->paused;
}

void
stream_counts_get(struct stream *s, struct stream_counts *out)
{
	drops_ask(s);
	*out = s->counts;
}
