/*
 * net/http_clock.c: connections, and the time each may take.
 *
 * About     a client that drips bytes is cut, however busy it seems.
 * Runs      in the web process: in libmicrohttpd's threads, and in one of
 *           its own that looks every second.
 * Source    RELIABILITY F6.
 */
#include "net/http_inner.h"

#include <stdlib.h>
#include <sys/socket.h>

#define HTTP_SEND_S 300 /* for a whole reply to a slow reader */
#define HTTP_WAIT_S 300 /* until records are durable, or there is room */

/* Seconds that only go forward. */
static time_t
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

struct connection *
http_connection(struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(
	    mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i == NULL ? NULL : i->socket_context;
}

void
http_phase(struct http *h, struct connection *c, enum phase p)
{
	unsigned s = h->o.head_s;

	if (c == NULL)
		return;
	if (p == PHASE_BODY)
		s = h->o.body_s;
	else if (p == PHASE_SEND)
		s = HTTP_SEND_S;
	else if (p == PHASE_WAIT)
		s = HTTP_WAIT_S;
	else if (p == PHASE_BETWEEN)
		s = h->o.idle_s + h->o.head_s;
	(void)pthread_mutex_lock(&h->lock);
	c->phase = p;
	c->until = now_s() + (time_t)s;
	(void)pthread_mutex_unlock(&h->lock);
}

void
http_connection_told(void *arg, struct MHD_Connection *mc, void **ctx,
    enum MHD_ConnectionNotificationCode code)
{
	struct http *h = arg;
	struct connection *c = *ctx;
	const union MHD_ConnectionInfo *i;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		i = MHD_get_connection_info(
		    mc, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (i == NULL || (c = calloc(1, sizeof *c)) == NULL)
			return;
		c->fd = i->connect_fd;
		*ctx = c;
		http_phase(h, c, PHASE_HEAD);
		(void)pthread_mutex_lock(&h->lock);
		c->next = h->first;
		if (c->next != NULL)
			c->next->prev = c;
		h->first = c;
		(void)pthread_mutex_unlock(&h->lock);
		return;
	}
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&h->lock);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		h->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	(void)pthread_mutex_unlock(&h->lock);
	*ctx = NULL;
	free(c);
}

/* A connection leaves the list before its descriptor is closed, so no other
 * can be hit. */
void
http_clock_look(struct http *h)
{
	time_t now = now_s();

	for (struct connection *c = h->first; c != NULL; c = c->next)
		if (c->until < now)
			(void)shutdown(c->fd, SHUT_RDWR);
}

/* The thread that cuts connections whose time is up. */
static void *
cutter_run(void *arg)
{
	struct http *h = arg;
	struct timespec t;

	(void)pthread_mutex_lock(&h->lock);
	while (!h->ending) {
		http_clock_look(h);
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_sec += 1;
		(void)pthread_cond_timedwait(&h->wake, &h->lock, &t);
	}
	(void)pthread_mutex_unlock(&h->lock);
	return NULL;
}

enum err
http_clock_start(struct http *h, struct fault *why)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&h->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (h->o.loop != NULL)
		return ERR_OK; /* net/http_loop.c looks */
	if (pthread_create(&h->cutter, NULL, cutter_run, h) != 0)
		return fault_set(why, ERR_MEMORY, "no thread");
	h->cutting = true;
	return ERR_OK;
}

void
http_clock_stop(struct http *h)
{
	if (h->cutting) {
		(void)pthread_mutex_lock(&h->lock);
		h->ending = true;
		(void)pthread_cond_signal(&h->wake);
		(void)pthread_mutex_unlock(&h->lock);
		(void)pthread_join(h->cutter, NULL);
	}
	(void)pthread_cond_destroy(&h->wake);
	(void)pthread_mutex_destroy(&h->lock);
}
