/*
 * net/loop.c: epoll, a table by descriptor number, and a heap of timers.
 *
 * An epoll event carries the descriptor and the serial number of its
 * registration: after loop_del, and even when the number is used again in
 * the same pass, an event of the old registration no longer finds its slot.
 */
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256
#define FD_MAX (1 << 20)

struct slot {
	loop_fn *fn; /* NULL: empty */
	void *arg;
	uint32_t serial;
};

struct loop {
	int fd;
	bool stop;
	loop_now_fn *now;
	void *now_arg;
	struct slot *slots; /* by descriptor number */
	size_t n_slots, used;
	uint32_t serial;
	struct loop_timer **heap; /* from 1, the earliest first */
	size_t n_timers, cap_timers;
	int64_t running_us; /* while timers run: nothing new is due by then */
	bool running;
};

int64_t
loop_clock(void *arg)
{
	struct timespec t;

	(void)arg;
	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

enum err
loop_new(loop_now_fn *now, void *now_arg, struct loop **out, struct fault *why)
{
	struct loop *l = calloc(1, sizeof *l);

	if (l == NULL)
		return fault_set(why, ERR_MEMORY, "event loop");
	l->now = now;
	l->now_arg = now_arg;
	if ((l->fd = epoll_create1(EPOLL_CLOEXEC)) == -1) {
		enum err e = fault_sys(why, ERR_IO, "cannot make epoll");

		free(l);
		return e;
	}
	*out = l;
	return ERR_OK;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	(void)close(l->fd);
	free(l->slots);
	free(l->heap);
	free(l);
}

int64_t
loop_now(const struct loop *l)
{
	return l->now(l->now_arg);
}

int
loop_fd(const struct loop *l)
{
	return l->fd;
}

size_t
loop_count(const struct loop *l)
{
	return l->used;
}

/* The slot of fd when it is in use, else NULL. */
static struct slot *
slot_of(struct loop *l, int fd)
{
	if (fd < 0 || (size_t)fd >= l->n_slots || l->slots[fd].fn == NULL)
		return NULL;
	return &l->slots[fd];
}

/* Makes the table long enough for fd. */
static bool
slots_grow(struct loop *l, int fd)
{
	size_t n = l->n_slots == 0 ? 64 : l->n_slots;
	struct slot *p;

	while (n <= (size_t)fd)
		n *= 2;
	if (n == l->n_slots)
		return true;
	if ((p = reallocarray(l->slots, n, sizeof *p)) == NULL)
		return false;
	for (size_t i = l->n_slots; i < n; i++)
		p[i] = (struct slot){ .fn = NULL };
	l->slots = p;
	l->n_slots = n;
	return true;
}

/* Tells epoll what to watch for on fd. */
static int
control(struct loop *l, int op, int fd, unsigned events, uint32_t serial)
{
	struct epoll_event ev = { .events = 0 };

	if ((events & LOOP_READ) != 0)
		ev.events |= EPOLLIN;
	if ((events & LOOP_WRITE) != 0)
		ev.events |= EPOLLOUT;
	ev.data.u64 = (uint64_t)serial << 32 | (uint32_t)fd;
	return epoll_ctl(l->fd, op, fd, &ev);
}

enum err
loop_add(struct loop *l, int fd, unsigned events, loop_fn *fn, void *arg,
    struct fault *why)
{
	assert(fn != NULL);
	if (fd < 0 || fd >= FD_MAX)
		return fault_set(why, ERR_RANGE, "descriptor %d", fd);
	if (slot_of(l, fd) != NULL)
		return fault_set(why, ERR_EXISTS,
		    "descriptor %d is in the loop already", fd);
	if (!slots_grow(l, fd))
		return fault_set(why, ERR_MEMORY, "event loop");
	l->serial++;
	if (control(l, EPOLL_CTL_ADD, fd, events, l->serial) == -1)
		return fault_sys(why, ERR_IO, "cannot watch descriptor %d", fd);
	l->slots[fd] = (struct slot){ fn, arg, l->serial };
	l->used++;
	return ERR_OK;
}

enum err
loop_want(struct loop *l, int fd, unsigned events, struct fault *why)
{
	struct slot *s = slot_of(l, fd);

	if (s == NULL)
		return fault_set(
		    why, ERR_NOT_FOUND, "descriptor %d is not in the loop", fd);
	if (control(l, EPOLL_CTL_MOD, fd, events, s->serial) == -1)
		return fault_sys(why, ERR_IO, "cannot watch descriptor %d", fd);
	return ERR_OK;
}

void
loop_del(struct loop *l, int fd)
{
	struct slot *s = slot_of(l, fd);

	if (s == NULL)
		return;
	/* Fails only for a descriptor closed before: the kernel has then
	 * forgotten it by itself. */
	(void)control(l, EPOLL_CTL_DEL, fd, 0, 0);
	*s = (struct slot){ .fn = NULL };
	l->used--;
}

/* Puts t at a place of the heap. */
static void
heap_put(struct loop *l, size_t place, struct loop_timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

/* Moves the timer at `place` up or down to where it belongs. */
static void
heap_settle(struct loop *l, size_t place)
{
	struct loop_timer *t = l->heap[place];

	while (place > 1 && l->heap[place / 2]->at_us > t->at_us) {
		heap_put(l, place, l->heap[place / 2]);
		place /= 2;
	}
	for (;;) {
		size_t low = place * 2;

		if (low < l->n_timers &&
		    l->heap[low + 1]->at_us < l->heap[low]->at_us)
			low++;
		if (low > l->n_timers || l->heap[low]->at_us >= t->at_us)
			break;
		heap_put(l, place, l->heap[low]);
		place = low;
	}
	heap_put(l, place, t);
}

enum err
loop_arm(struct loop *l, struct loop_timer *t, int64_t wait_us,
    loop_timer_fn *fn, void *arg, struct fault *why)
{
	int64_t at;

	if (wait_us < 0)
		wait_us = 0;
	if (__builtin_add_overflow(loop_now(l), wait_us, &at))
		at = INT64_MAX;
	if (l->running && at <= l->running_us)
		at = l->running_us + 1;
	if (t->place == 0) {
		if (l->n_timers + 2 > l->cap_timers) {
			size_t cap = l->cap_timers * 2 + 16;
			struct loop_timer **p = reallocarray(
			    l->heap, cap, sizeof(*p));

			if (p == NULL)
				return fault_set(why, ERR_MEMORY, "timer");
			l->heap = p;
			l->cap_timers = cap;
		}
		l->n_timers++;
		heap_put(l, l->n_timers, t);
	}
	t->at_us = at;
	t->fn = fn;
	t->arg = arg;
	heap_settle(l, t->place);
	return ERR_OK;
}

void
loop_disarm(struct loop *l, struct loop_timer *t)
{
	size_t place = t->place;
	struct loop_timer *last;

	if (place == 0)
		return;
	assert(place <= l->n_timers && l->heap[place] == t);
	last = l->heap[l->n_timers--];
	t->place = 0;
	if (last != t) {
		heap_put(l, place, last);
		heap_settle(l, place);
	}
}

/* How long to wait: not past the next timer. */
static int
wait_bound(struct loop *l, int wait_ms)
{
	int64_t left, ms;

	if (l->n_timers == 0)
		return wait_ms;
	if (__builtin_sub_overflow(l->heap[1]->at_us, loop_now(l), &left))
		return wait_ms;
	if (left <= 0)
		return 0;
	ms = left / 1000 + (left % 1000 != 0);
	if (ms > INT_MAX)
		ms = INT_MAX;
	return wait_ms < 0 || ms < wait_ms ? (int)ms : wait_ms;
}

/* Runs the timers due now; one armed by them runs in the next pass. */
static void
timers_run(struct loop *l)
{
	if (l->n_timers == 0)
		return;
	l->running_us = loop_now(l);
	l->running = true;
	while (l->n_timers > 0 && l->heap[1]->at_us <= l->running_us) {
		struct loop_timer *t = l->heap[1];

		loop_disarm(l, t);
		t->fn(t->arg);
	}
	l->running = false;
}

/* Calls the owner of one event, unless it was removed meanwhile. */
static void
event_tell(struct loop *l, const struct epoll_event *ev)
{
	struct slot *s = slot_of(l, (int)(ev->data.u64 & UINT32_MAX));
	unsigned ready = 0;

	if (s == NULL || s->serial != (uint32_t)(ev->data.u64 >> 32))
		return;
	if ((ev->events & EPOLLIN) != 0)
		ready |= LOOP_READ;
	if ((ev->events & EPOLLOUT) != 0)
		ready |= LOOP_WRITE;
	if ((ev->events & (EPOLLHUP | EPOLLERR)) != 0)
		ready |= LOOP_GONE;
	s->fn(s->arg, ready);
}

enum err
loop_turn(struct loop *l, int wait_ms, struct fault *why)
{
	struct epoll_event ev[BATCH];
	int n = epoll_wait(l->fd, ev, BATCH, wait_bound(l, wait_ms));

	if (n == -1 && errno != EINTR)
		return fault_sys(why, ERR_IO, "epoll_wait");
	for (int i = 0; i < n; i++)
		event_tell(l, &ev[i]);
	timers_run(l);
	return ERR_OK;
}

enum err
loop_run(struct loop *l, struct fault *why)
{
	l->stop = false;
	while (!l->stop) {
		enum err e = loop_turn(l, -1, why);

		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}
