/*
 * net/stream.c: accepting, receiving, and letting go.
 *
 * Sockets and connections wait in a loop of their own, which is one
 * descriptor in the owner's loop: pausing all of them is one system call.
 * Connections' times are kept on a clock that stands still while paused.
 */
#include "net/stream_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCEPT_BATCH 64
#define TICK_US 1000000
#define AGAIN_US 100000 /* accepting rests so long without descriptors */

int64_t
stream_clock(const struct stream *s)
{
	int64_t now = s->paused ? s->paused_at_us : loop_now(s->outer);

	return now - s->paused_us;
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
		if (link_add(s, fd, k, k->tag, &from, NULL) == ERR_MEMORY)
			s->counts.refused++;
	}
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

/* Once a second: losses, and connections that wait for nothing. */
static void
tick(void *arg)
{
	struct stream *s = arg;
	struct stream_link *next;
	int64_t now;
	enum err e;

	/* Re-arming takes the place just left: it needs no memory. */
	e = loop_arm(s->outer, &s->tick, TICK_US, tick, s, NULL);
	assert(e == ERR_OK);
	udp_drops_ask(s);
	if (s->paused)
		return;
	now = stream_clock(s);
	for (struct stream_link *c = s->links; c != NULL; c = next) {
		next = c->next;
		link_tick(c, now);
	}
}

enum err
stream_new(struct loop *l, const struct stream_ops *ops, void *arg,
    const struct stream_limits *limits, struct stream **out, struct fault *why)
{
	struct stream *s = calloc(1, sizeof *s);
	enum err e = ERR_MEMORY;

	if (s == NULL ||
	    (s->senders = calloc(SENDERS_N, sizeof(*s->senders))) == NULL ||
	    (s->bytes = malloc(STREAM_CHUNK)) == NULL) {
		if (s != NULL)
			free(s->senders);
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
	while (s->links != NULL)
		link_close(s->links, STREAM_CLOSED);
	for (size_t i = 0; i < s->n_socks; i++) {
		(void)close(s->socks[i]->fd);
		free(s->socks[i]);
	}
	loop_disarm(s->outer, &s->tick);
	loop_disarm(s->outer, &s->again);
	if (s->inner != NULL)
		loop_del(s->outer, loop_fd(s->inner));
	loop_free(s->inner);
	udp_close(s);
	free(s->senders);
	free(s->bytes);
	free(s);
}

/* Takes a socket in; fd is given, also on failure. */
static enum err
sock_add(struct stream *s, int fd, const struct sock *want, bool datagrams,
    struct fault *why)
{
	struct sock *k = NULL;
	enum listen_kind kind;
	enum err e;

	if ((e = listen_kind_of(fd, &kind, why)) != ERR_OK)
		goto out;
	if (kind == LISTEN_UDP && !datagrams) {
		e = fault_set(why, ERR_STATE, "TLS needs a TCP listener");
		goto out;
	}
	if (s->n_socks == SOCKETS_MAX) {
		e = fault_set(
		    why, ERR_LIMIT, "more than %u sockets", SOCKETS_MAX);
		goto out;
	}
	if ((k = calloc(1, sizeof *k)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "socket");
		goto out;
	}
	*k = *want;
	k->kind = kind;
	if (kind == LISTEN_UDP && (e = udp_open(s, why)) != ERR_OK)
		goto out;
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
stream_listen(struct stream *s, int fd, unsigned tag, uint64_t lost_before,
    struct fault *why)
{
	const struct sock k = {
		.s = s, .fd = fd, .tag = tag, .drops = (uint32_t)lost_before
	};

	return sock_add(s, fd, &k, true, why);
}

enum err
stream_listen_tls(struct stream *s, int fd, unsigned tag, struct tls_server *t,
    struct fault *why)
{
	const struct sock k = { .s = s, .fd = fd, .tag = tag, .tls = t };

	return sock_add(s, fd, &k, false, why);
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
	return link_add(s, fd, NULL, tag, &from, why);
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
	udp_drops_ask(s);
	*out = s->counts;
}
