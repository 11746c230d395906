/*
 * net/http_loop.c: the HTTP server in its owner's loop, and requests that
 * wait there for something.
 *
 * About     libmicrohttpd's own epoll descriptor stands in the loop; a request
 *           that waits is suspended, so that it costs nothing.
 * Runs      in the ingest process, in its one thread.
 */
#include "net/http_inner.h"

#include <stdlib.h>

#define LOOK_US INT64_C(1000000)

static void turn(void *arg);

/* Turns once more after all that is ready now. */
static void
turn_soon(struct http *h, int64_t wait_us)
{
	struct fault why;

	if (loop_arm(h->o.loop, &h->turn, wait_us, turn, h, &why) != ERR_OK)
		http_say(h, why.text);
}

/* One pass of libmicrohttpd. It reads each connection once; what it has in
 * hand beyond that it says by a timeout of zero. */
static void
turn(void *arg)
{
	struct http *h = arg;
	MHD_UNSIGNED_LONG_LONG wait_ms;

	(void)MHD_run(h->daemon);
	if (MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES)
		turn_soon(
		    h, wait_ms > 60000 ? 60000000 : (int64_t)wait_ms * 1000);
}

static void
ready(void *arg, unsigned events)
{
	(void)events;
	turn(arg);
}

static void
look(void *arg)
{
	struct http *h = arg;
	struct fault why;

	(void)pthread_mutex_lock(&h->lock);
	http_clock_look(h);
	(void)pthread_mutex_unlock(&h->lock);
	if (loop_arm(h->o.loop, &h->look, LOOK_US, look, h, &why) != ERR_OK)
		http_say(h, why.text);
}

enum err
http_loop_start(struct http *h, struct fault *why)
{
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(
	    h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	enum err e;

	if (i == NULL || i->epoll_fd == -1)
		return fault_set(
		    why, ERR_UNSUPPORTED, "libmicrohttpd without epoll");
	e = loop_add(h->o.loop, i->epoll_fd, LOOP_READ, ready, h, why);
	if (e != ERR_OK)
		return e;
	h->loop_fd = i->epoll_fd;
	return loop_arm(h->o.loop, &h->look, LOOK_US, look, h, why);
}

void
http_suspend(struct http_hold *g)
{
	struct http *h = g->h;

	http_phase(h, http_connection(g->mc), PHASE_WAIT);
	MHD_suspend_connection(g->mc);
	g->waits = true;
	g->next = h->waiting;
	g->prev = NULL;
	if (g->next != NULL)
		g->next->prev = g;
	h->waiting = g;
}

void
http_hold_forget(struct http_hold *g)
{
	struct http *h = g->h;
	void *own = g->own;

	if (g->waits) {
		if (g->prev != NULL)
			g->prev->next = g->next;
		else
			h->waiting = g->next;
		if (g->next != NULL)
			g->next->prev = g->prev;
		g->waits = false;
	}
	g->own = NULL;
	if (own != NULL && h->o.over != NULL)
		h->o.over(h->o.arg, own);
}

/* Wakes a request that waits; nothing if it does not. */
static void
wake(struct http_hold *g, enum phase p)
{
	struct http *h = g->h;

	if (!g->waits)
		return;
	g->waits = false;
	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		h->waiting = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
	http_phase(h, http_connection(g->mc), p);
	MHD_resume_connection(g->mc);
	turn_soon(h, 0);
}

void
http_wait(struct http_hold *g)
{
	g->late = true;
}

void
http_go(struct http_hold *g)
{
	wake(g, PHASE_BODY);
}

void
http_reply(struct http_hold *g, struct http_reply *r)
{
	http_reply_clear(&g->reply);
	g->reply = *r;
	http_reply_init(r, r->body.max);
	g->late = g->ready = true;
	wake(g, PHASE_SEND);
}

void
http_loop_stop(struct http *h)
{
	if (h->loop_fd == -1)
		return;
	/* libmicrohttpd does not stop while it has suspended ones. */
	while (h->waiting != NULL) {
		struct http_hold *g = h->waiting;

		g->late = g->ready = true;
		g->skip = true;
		g->reply.status = MHD_HTTP_SERVICE_UNAVAILABLE;
		wake(g, PHASE_SEND);
	}
	for (unsigned i = 0; i < 3; i++)
		(void)MHD_run(h->daemon);
	loop_disarm(h->o.loop, &h->turn);
	loop_disarm(h->o.loop, &h->look);
	loop_del(h->o.loop, h->loop_fd);
	h->loop_fd = -1;
}
