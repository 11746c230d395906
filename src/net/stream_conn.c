/*
 * net/stream_conn.c: connections, plain and with TLS: accepted, read in
 * fair shares, written to, and let go.
 */
#include "net/stream_inner.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- senders ---- */

/* The row of an address, made if need be; NULL without memory. */
static struct sender *
sender_take(struct stream *s, const char *text)
{
	uint32_t hash = 2166136261U;
	struct sender *p;

	for (const char *c = text; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619U;
	for (p = s->senders[hash % SENDERS_N]; p != NULL; p = p->next)
		if (p->hash == hash && strcmp(p->text, text) == 0)
			break;
	if (p == NULL) {
		if ((p = calloc(1, sizeof *p)) == NULL)
			return NULL;
		p->hash = hash;
		memcpy(p->text, text, strlen(text) + 1);
		p->next = s->senders[hash % SENDERS_N];
		s->senders[hash % SENDERS_N] = p;
	}
	p->conns++;
	return p;
}

/* One connection fewer. */
static void
sender_leave(struct stream *s, struct sender *p)
{
	struct sender **at;

	if (p == NULL || --p->conns > 0)
		return;
	at = &s->senders[p->hash % SENDERS_N];
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
}

/* What one connection may give in a pass: the sender's part of it. */
static size_t
share_of(const struct stream_link *c)
{
	size_t share = STREAM_CHUNK / c->from->conns;

	return share < STREAM_SHARE ? STREAM_SHARE : share;
}

/* ---- ending ---- */

/* Takes a connection out of everything and frees it. */
static void
link_free(struct stream_link *c)
{
	struct stream *s = c->s;

	loop_del(s->inner, c->fd);
	tls_conn_free(c->tls);
	(void)close(c->fd);
	if (c->prev == NULL)
		s->links = c->next;
	else
		c->prev->next = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->counts.conns--;
	sender_leave(s, c->from);
	buf_clear(&c->out);
	free(c);
}

void
link_close(struct stream_link *c, enum stream_end end)
{
	struct stream *s = c->s;

	if (c->tls != NULL && c->state != LINK_HELLO)
		tls_conn_bye(c->tls);
	if (c->state != LINK_HELLO) {
		s->counts.ended[end]++;
		if (s->ops->close != NULL)
			s->ops->close(s->arg, c->own, end);
	}
	link_free(c);
}

/* A handshake that failed: nobody but the counter knew of it. */
static void
stranger_leave(struct stream_link *c, const char *why)
{
	struct stream *s = c->s;

	s->counts.strangers++;
	if (s->ops->stranger != NULL)
		s->ops->stranger(s->arg, c->tag, span_text(c->from->text), why);
	link_free(c);
}

void
link_tick(struct stream_link *c, int64_t now)
{
	const struct stream_limits *l = &c->s->limits;

	if (c->state == LINK_HELLO) {
		if (l->hello_us > 0 && now - c->began_us >= l->hello_us)
			stranger_leave(c, "the handshake took too long");
	} else if (c->state == LINK_DEAF) {
		link_close(c, STREAM_DEAF);
	} else if (l->slow_us > 0 && c->began_us != -1 &&
	    now - c->began_us >= l->slow_us) {
		link_close(
		    c, c->state == LINK_FINISH ? STREAM_FINISHED : STREAM_SLOW);
	} else if (l->idle_us > 0 && now - c->last_us >= l->idle_us) {
		link_close(c, STREAM_IDLE);
	}
}

/* ---- writing ---- */

/* Has the loop watch for what the connection now waits for. */
static bool
link_watch(struct stream_link *c, unsigned watch)
{
	if (c->watch == watch)
		return true;
	if (loop_want(c->s->inner, c->fd, watch, NULL) != ERR_OK)
		return false;
	c->watch = watch;
	return true;
}

/* One write; TLS_OK when *n bytes went. */
static enum tls_io
link_write(struct stream_link *c, struct span bytes, size_t *n)
{
	ssize_t rc;

	if (c->tls != NULL)
		return tls_write(c->tls, bytes, n, NULL);
	rc = send(c->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (rc >= 0) {
		*n = (size_t)rc;
		return TLS_OK;
	}
	return errno == EAGAIN || errno == EINTR ? TLS_WAIT_WRITE : TLS_BROKEN;
}

/* Sends what waits, as far as the socket takes it. False: it is broken. */
static bool
link_flush(struct stream_link *c)
{
	enum tls_io io = TLS_OK;
	size_t done = 0, n = 0;

	while (done < c->out.len &&
	    (io = link_write(c, span_slice(buf_view(&c->out), done, SIZE_MAX),
		 &n)) == TLS_OK)
		done += n;
	buf_drop(&c->out, done);
	if (io != TLS_OK && io != TLS_WAIT_WRITE && io != TLS_WAIT_READ)
		return false;
	if (c->out.len == 0)
		buf_clear(&c->out);
	return link_watch(c,
	    c->out.len == 0               ? LOOP_READ
		: c->state == LINK_FINISH ? LOOP_WRITE
					  : LOOP_READ | LOOP_WRITE);
}

void
stream_send(struct stream_link *c, struct span bytes)
{
	if (c->state != LINK_OPEN)
		return;
	buf_span(&c->out, bytes);
	/* A broken connection tells its owner when it is read next. */
	if (buf_error(&c->out) != ERR_OK || !link_flush(c))
		c->state = LINK_DEAF;
}

void
stream_end(struct stream_link *c)
{
	if (c->state != LINK_OPEN)
		return;
	c->state = LINK_FINISH;
	c->began_us = stream_clock(c->s);
	if (!link_watch(c, LOOP_WRITE)) /* closed when its socket is writable */
		c->state = LINK_DEAF;
}

/* ---- reading ---- */

/* Takes what the owner said of the bytes into the connection's times. False:
 * the connection is no more. */
static bool
link_next(struct stream_link *c, enum stream_next next)
{
	int64_t now = stream_clock(c->s);

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
	case STREAM_FINISH:
		c->began_us = now;
		if (c->out.len == 0) {
			link_close(c, STREAM_FINISHED);
			return false;
		}
		c->state = LINK_FINISH;
		return link_watch(c, LOOP_WRITE);
	case STREAM_REFUSE:
		link_close(c, STREAM_REFUSED);
		return false;
	}
	return true;
}

/* Reads at most max bytes, as tls_read. */
static enum tls_io
link_read(struct stream_link *c, size_t max, size_t *n)
{
	ssize_t rc;

	/* Of a TLS record nothing may stay behind: no socket would tell. */
	if (c->tls != NULL)
		return tls_read(c->tls, c->s->bytes, STREAM_CHUNK, n, NULL);
	rc = recv(c->fd, c->s->bytes, max, 0);
	if (rc > 0) {
		*n = (size_t)rc;
		return TLS_OK;
	}
	if (rc == 0)
		return TLS_END;
	return errno == EAGAIN || errno == EINTR ? TLS_WAIT_READ : TLS_BROKEN;
}

/* Takes the connection's share of this pass. */
static void
link_take(struct stream_link *c)
{
	struct stream *s = c->s;
	size_t left = share_of(c), n = 0;

	while (left > 0 && !s->paused && c->state == LINK_OPEN) {
		enum tls_io io = link_read(c, left, &n);

		if (io == TLS_WAIT_READ || io == TLS_WAIT_WRITE)
			return;
		if (io != TLS_OK) {
			link_close(
			    c, io == TLS_END ? STREAM_BY_PEER : STREAM_BROKEN);
			return;
		}
		s->got = true;
		s->counts.bytes += n;
		if (!link_next(
			c, s->ops->data(s->arg, c->own, span_of(s->bytes, n))))
			return;
		/* A plain socket that gave less has no more just now; TLS
		 * gives one of its records at a time. */
		if (c->tls == NULL && n < left)
			return;
		left -= n < left ? n : left;
	}
}

/* Shows the connection to its owner. False: it is no more. */
static bool
link_open(struct stream_link *c)
{
	struct stream *s = c->s;
	const struct stream_from from = {
		.tag = c->tag,
		.sender = span_text(c->from->text),
		.peer = c->tls == NULL ? SPAN_EMPTY : tls_peer(c->tls),
	};

	c->own = s->ops->open(s->arg, c, &from);
	if (c->own == NULL) {
		s->counts.refused++;
		link_free(c);
		return false;
	}
	c->state = LINK_OPEN;
	c->began_us = -1;
	c->last_us = stream_clock(s);
	s->counts.accepted++;
	return true;
}

/* Goes on with the handshake. */
static void
link_hello(struct stream_link *c)
{
	struct fault why = { .code = ERR_OK };
	enum tls_io io = tls_hello(c->tls, &why);
	bool good = true;

	if (io == TLS_OK)
		good = link_watch(c, LOOP_READ);
	else if (io == TLS_WAIT_READ || io == TLS_WAIT_WRITE)
		good = link_watch(
		    c, io == TLS_WAIT_READ ? LOOP_READ : LOOP_WRITE);
	if (!good || io == TLS_BROKEN || io == TLS_END) {
		stranger_leave(c, why.code == ERR_OK ? "it ended" : why.text);
		return;
	}
	/* The last of the handshake may have come with the first data. */
	if (io == TLS_OK && link_open(c))
		link_take(c);
}

static void
link_ready(void *arg, unsigned ready)
{
	struct stream_link *c = arg;

	if (c->s->paused)
		return;
	if (c->state == LINK_HELLO) {
		link_hello(c);
		return;
	}
	if (c->state == LINK_DEAF) {
		link_close(c, STREAM_DEAF);
		return;
	}
	if ((ready & LOOP_WRITE) != 0 && !link_flush(c)) {
		link_close(c, STREAM_BROKEN);
		return;
	}
	if (c->state == LINK_FINISH) {
		if (c->out.len == 0 || (ready & LOOP_GONE) != 0)
			link_close(c, STREAM_FINISHED);
		return;
	}
	if ((ready & (LOOP_READ | LOOP_GONE)) != 0)
		link_take(c);
}

/* ---- beginning ---- */

/* Finds out early that a peer's machine is gone, and lets answers go at once.
 * Only a wish. */
static void
options_set(int fd)
{
	const int on = 1, idle = 120, every = 30, times = 4;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Puts it into the stream's list. */
static void
link_enlist(struct stream_link *c)
{
	struct stream *s = c->s;

	c->next = s->links;
	if (c->next != NULL)
		c->next->prev = c;
	s->links = c;
	s->counts.conns++;
}

enum err
link_add(struct stream *s, int fd, const struct sock *k, unsigned tag,
    const struct sockaddr_storage *from, struct fault *why)
{
	char sender[LISTEN_ADDRESS_MAX];
	struct stream_link *c = NULL;
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
	*c = (struct stream_link){ .s = s, .fd = fd, .tag = tag };
	buf_init(&c->out, STREAM_UNSENT_MAX);
	c->began_us = c->last_us = stream_clock(s);
	c->watch = LOOP_READ;
	options_set(fd);
	listen_address(from, sender);
	link_enlist(c);
	c->from = sender_take(s, sender);
	if (c->from == NULL ||
	    (k != NULL && k->tls != NULL &&
		(c->tls = tls_conn_new(k->tls, fd)) == NULL)) {
		link_free(c);
		return fault_set(why, ERR_MEMORY, "connection");
	}
	e = loop_add(s->inner, fd, LOOP_READ, link_ready, c, why);
	if (e != ERR_OK) {
		link_free(c);
		return e;
	}
	c->state = LINK_HELLO;
	if (c->tls == NULL && !link_open(c))
		return fault_set(why, ERR_DENIED, "connection was refused");
	return ERR_OK;
}
