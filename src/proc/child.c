/*
 * proc/child.c: the life of a process, from its control line to its end.
 */
#include "proc/child.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "proc/control.h"
#include "proc/role.h"

#define CONN_TAKE ((size_t)1 << 20)

/* A connection over which this process answers. */
struct conn {
	struct child *child;
	struct conn *next, *prev;
	struct wire *wire;
	struct caller who;
	struct loop_timer dead; /* armed to free it outside its own callback, or
				 * to go on with what was read */
	bool gone;
	/* Asks put off with ERR_LATER, in order. */
	struct late {
		struct wire_frame ask;
		uint8_t content[CHILD_LATE_LEN];
		size_t len;
	} late[CHILD_LATER_MAX];
	unsigned n_late;
	struct conn *next_late;
	bool held; /* read frames wait until these are answered */
	bool writes; /* the loop also tells of room to send */
};

void
child_log(const struct child *c, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	char line[1024];

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	buf_init(&b, 2048);
	buf_printf(&b, "beimen %s: %s\n", role_name(c->row->role), line);
	/* One write, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, buf_string(&b), b.len) == -1)
		errno = 0; /* nobody to tell */
	buf_clear(&b);
}

int
child_fd(const struct child *c, const char *name)
{
	for (unsigned i = 0; i < c->n_files; i++)
		if (strcmp(c->files[i].name, name) == 0)
			return c->files[i].fd;
	return -1;
}

enum err
child_path(
    const struct child *c, const char *below, struct buf *to, struct fault *why)
{
	buf_printf(to, "%s/%s", c->data, below);
	if (buf_error(to) != ERR_OK || to->len > 4000)
		return fault_set(
		    why, ERR_LIMIT, "the path of %s is too long", below);
	return ERR_OK;
}

/* ---- asking ---- */

static enum err control_take(struct child *c, bool wait, struct fault *why);
static loop_fn later_ready;

static struct timespec
moment_in(int wait_ms)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += (wait_ms % 1000) * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* Waits a little for news of peers: on the control line if that is ours. */
static void
news_wait(struct child *c)
{
	struct timespec until = moment_in(20);
	struct fault why;

	if (pthread_equal(pthread_self(), c->main)) {
		const struct timespec nap = { 0, 5000000 };

		if (control_take(c, false, &why) != ERR_OK)
			c->quitting = true;
		(void)nanosleep(&nap, NULL);
		return;
	}
	(void)pthread_mutex_lock(&c->lock);
	(void)pthread_cond_timedwait(&c->news, &c->lock, &until);
	(void)pthread_mutex_unlock(&c->lock);
}

/* Takes a free instance's lock; when all are busy, waits for the first. */
static struct peer *
peer_take(struct child *c, enum role callee)
{
	struct peer *first = &c->peers[callee][0];

	for (unsigned i = 0; i < CHILD_INSTANCES; i++) {
		struct peer *p = &c->peers[callee][i];

		if (p->expected && pthread_mutex_trylock(&p->lock) == 0) {
			if (p->wire != NULL)
				return p;
			(void)pthread_mutex_unlock(&p->lock);
		}
	}
	if (!first->expected)
		return NULL;
	(void)pthread_mutex_lock(&first->lock);
	return first;
}

/* Takes the i-th ask without waiting off the list, and tells its asker. */
static void
later_done(struct child *c, struct peer *p, unsigned i, enum err code,
    const struct fault *said, struct span body)
{
	child_done_fn *fn = p->later[i].fn;
	void *arg = p->later[i].arg;

	p->n_later--;
	memmove(&p->later[i], &p->later[i + 1],
	    (p->n_later - i) * sizeof p->later[0]);
	fn(c, arg, code, said, body);
}

/* Drops a peer's broken connection; the supervisor will send another. All
 * that was asked over it is told at once, for a new one may come meanwhile. */
static void
peer_drop(struct child *c, struct peer *p)
{
	const struct fault gone = { ERR_GONE, "the peer went away" };
	unsigned n = p->n_later;
	struct wire *w = p->wire;

	if (p->watched)
		loop_del(c->loop, wire_fd(w));
	p->watched = p->writes = false;
	p->wire = NULL;
	wire_free(w);
	while (n-- > 0)
		later_done(c, p, 0, ERR_GONE, &gone, SPAN_EMPTY);
}

/* Asks over one peer that may be away; its lock is held. */
static enum err
peer_ask(struct child *c, struct peer *p, uint16_t call, struct span ask,
    int wait_ms, struct buf *answer, struct fault *why)
{
	struct span body = SPAN_EMPTY;
	enum err e;

	if (p->wire == NULL)
		return fault_set(why, ERR_GONE, "not there now");
	e = wire_ask(p->wire, call, ask, wait_ms, &body, why);
	if (e == ERR_OK && answer != NULL)
		buf_span(answer, body);
	if (e == ERR_GONE || e == ERR_TIMEOUT)
		peer_drop(c, p);
	if (e == ERR_OK && answer != NULL && buf_error(answer) != ERR_OK)
		e = fault_set(why, ERR_LIMIT, "the answer is too long");
	return e;
}

enum err
child_ask(struct child *c, enum role callee, uint16_t call, struct span ask,
    int wait_ms, bool again, struct buf *answer, struct fault *why)
{
	int64_t until = loop_clock(NULL) + (int64_t)wait_ms * 1000;
	struct fault own;
	enum err e;

	for (;;) {
		struct peer *p = peer_take(c, callee);
		int64_t left = (until - loop_clock(NULL)) / 1000;
		bool away;

		if (p == NULL)
			return fault_set(why, ERR_DENIED, "%s may not ask %s",
			    role_name(c->row->role), role_name(callee));
		away = p->wire == NULL;
		e = peer_ask(
		    c, p, call, ask, left > 0 ? (int)left : 0, answer, &own);
		(void)pthread_mutex_unlock(&p->lock);
		if (e != ERR_GONE || (!away && !again) || left <= 0 ||
		    c->quitting)
			break;
		news_wait(c);
	}
	if (e != ERR_OK && why != NULL)
		*why = own;
	if (e == ERR_GONE || e == ERR_TIMEOUT)
		(void)fault_at(why, "%s", role_name(callee));
	return e;
}

void
child_note(struct child *c, enum role callee, uint16_t call, struct span note)
{
	struct peer *p = peer_take(c, callee);
	struct fault why;

	if (p == NULL)
		return;
	if (p->wire != NULL &&
	    (wire_put(p->wire, WIRE_NOTE, call, 0, note, &why) != ERR_OK ||
		wire_flush(p->wire, NULL, &why) != ERR_OK))
		peer_drop(c, p);
	(void)pthread_mutex_unlock(&p->lock);
}

/* Tells the loop what to wait for on a peer's connection. */
static enum err
later_watch(struct child *c, struct peer *p, enum role callee, bool writes,
    struct fault *why)
{
	unsigned want = writes ? LOOP_READ | LOOP_WRITE : LOOP_READ;
	enum err e = ERR_OK;

	if (!p->watched) {
		c->later[callee] = (struct later){ c, callee };
		e = loop_add(c->loop, wire_fd(p->wire), want, later_ready,
		    &c->later[callee], why);
		p->watched = e == ERR_OK;
	} else if (writes != p->writes) {
		e = loop_want(c->loop, wire_fd(p->wire), want, why);
	}
	p->writes = writes;
	return e;
}

/* One answer that came: whose is it? False: nobody's. */
static bool
later_take(struct child *c, struct peer *p, const struct wire_frame *f)
{
	struct span line, body;
	struct fault said;
	unsigned i = 0;
	enum err code;

	while (i < p->n_later && p->later[i].number != f->number)
		i++;
	if (f->kind != WIRE_ANSWER || i == p->n_later ||
	    wire_parse_answer(f->body, &code, &line, &body) != ERR_OK)
		return false;
	(void)fault_set(
	    &said, code, "%.*s", (int)line.len, (const char *)line.at);
	later_done(c, p, i, code, &said, body);
	return true;
}

/* Answers to asks without waiting came, or their connection broke. */
static void
later_ready(void *arg, unsigned ready)
{
	struct later *l = arg;
	struct child *c = l->child;
	struct peer *p = &c->peers[l->callee][0];
	struct wire *w = p->wire;
	bool got = false, left = false, fill = (ready & ~LOOP_WRITE) != 0;
	struct wire_frame f;
	struct fault said;

	/* A callback may drop the connection; another may then be there. */
	while (p->wire == w) {
		if (wire_get(w, fill, &f, &got, &said) != ERR_OK ||
		    (got && !later_take(c, p, &f))) {
			peer_drop(c, p);
			return;
		}
		if (!got)
			break;
		fill = false;
	}
	if (p->wire == w &&
	    (wire_flush(w, &left, &said) != ERR_OK ||
		later_watch(c, p, l->callee, left, &said) != ERR_OK))
		peer_drop(c, p);
}

enum err
child_ask_later(struct child *c, enum role callee, uint16_t call,
    struct span ask, child_done_fn *fn, void *arg, struct fault *why)
{
	struct peer *p = &c->peers[callee][0];
	bool left = false;
	enum err e;

	if (p->wire == NULL)
		return fault_set(
		    why, ERR_GONE, "%s is not there now", role_name(callee));
	if (p->n_later == CHILD_LATER_MAX)
		return fault_set(
		    why, ERR_STATE, "%s still has asks", role_name(callee));
	e = wire_put(p->wire, WIRE_ASK, call, p->numbered + 1, ask, why);
	if (e == ERR_LIMIT) /* nothing was queued */
		return e;
	p->numbered++;
	if (e == ERR_OK)
		e = wire_flush(p->wire, &left, why);
	if (e == ERR_OK)
		e = later_watch(c, p, callee, left, why);
	if (e != ERR_OK) {
		peer_drop(c, p);
		return e;
	}
	p->later[p->n_later].fn = fn;
	p->later[p->n_later].arg = arg;
	p->later[p->n_later++].number = p->numbered;
	return ERR_OK;
}

void
child_wait(struct child *c, enum role callee, int wait_ms)
{
	struct peer *p = &c->peers[callee][0];
	struct fault why;

	if (p->wire == NULL || !p->watched) {
		news_wait(c);
		return;
	}
	if (wire_wait(p->wire, wait_ms, &why) == ERR_OK)
		later_ready(&c->later[callee], LOOP_READ);
}

/* ---- answering ---- */

static void
conn_free(void *arg)
{
	struct conn *conn = arg;
	struct child *c = conn->child;

	loop_disarm(c->loop, &conn->dead);
	loop_del(c->loop, wire_fd(conn->wire));
	for (struct conn **at = &c->late; *at != NULL; at = &(*at)->next_late)
		if (*at == conn) {
			*at = conn->next_late;
			break;
		}
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		c->conns = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	wire_free(conn->wire);
	free(conn);
}

/* Ends a connection after the present callbacks. */
static void
conn_end(struct conn *conn)
{
	struct fault why;

	if (conn->gone)
		return;
	conn->gone = true;
	loop_del(conn->child->loop, wire_fd(conn->wire));
	if (loop_arm(conn->child->loop, &conn->dead, 0, conn_free, conn,
		&why) != ERR_OK)
		child_log(conn->child, "%s", why.text);
}

static loop_timer_fn conn_resume;

/* Sends what is queued; asks to be told when the socket takes more. */
static void
conn_flush(struct conn *conn)
{
	struct fault why;
	bool left = false;

	if (wire_flush(conn->wire, &left, &why) != ERR_OK)
		conn_end(conn);
	else if (left != conn->writes &&
	    loop_want(conn->child->loop, wire_fd(conn->wire),
		left ? LOOP_READ | LOOP_WRITE : LOOP_READ, &why) != ERR_OK)
		conn_end(conn);
	conn->writes = left;
}

/* The row of the permit table that lets this frame through, or NULL. */
static const struct call_row *
frame_permit(const struct conn *conn, const struct wire_frame *f)
{
	const struct child *c = conn->child;
	unsigned n;
	const struct call_row *rows = call_rows(c->row->role, &n);

	if (f->kind == WIRE_ANSWER || f->call >= n)
		return NULL;
	if ((rows[f->call].from & 1U << conn->who.role) == 0)
		return NULL;
	if (rows[f->call].when == AT_START && c->ready)
		return NULL;
	return &rows[f->call];
}

/* Notes an ask that is answered later, with what its answer will hold. */
static void
late_add(struct conn *conn, const struct wire_frame *f)
{
	struct child *c = conn->child;
	struct late *l = &conn->late[conn->n_late];
	struct conn **at = &c->late;

	assert(c->answer.len <= CHILD_LATE_LEN);
	l->ask = *f;
	l->ask.body = SPAN_EMPTY;
	l->len = c->answer.len;
	if (l->len > 0)
		memcpy(l->content, c->answer.at, l->len);
	if (conn->n_late++ > 0)
		return;
	conn->next_late = NULL;
	while (*at != NULL)
		at = &(*at)->next_late;
	*at = conn;
}

/* Answers one frame. False: the connection is to end. */
static bool
frame_answer(struct conn *conn, const struct wire_frame *f)
{
	struct child *c = conn->child;
	const struct call_row *row = frame_permit(conn, f);
	struct cursor ask = cursor_of(f->body);
	struct fault said = { .code = ERR_OK }, why;
	enum err e;

	if (row == NULL) {
		child_log(c, "%s asked what it may not (call %u): cut off",
		    role_name(conn->who.role), f->call);
		return false;
	}
	arena_reset(c->arena);
	buf_reset(&c->answer);
	e = c->row->answers[f->call].fn(c, &conn->who, &ask, &c->answer, &said);
	if (f->kind == WIRE_NOTE)
		return true;
	if (e == (enum err)ERR_LATER) {
		late_add(conn, f);
		return true;
	}
	if (e == ERR_OK && buf_error(&c->answer) != ERR_OK)
		e = fault_set(&said, ERR_LIMIT, "the answer is too long");
	return wire_answer(conn->wire, f, e, &said, buf_view(&c->answer),
		   &why) == ERR_OK;
}

/* Goes on with frames that were read already, in the next round. */
static void
conn_again(struct conn *conn)
{
	struct fault why;

	if (loop_arm(conn->child->loop, &conn->dead, 0, conn_resume, conn,
		&why) != ERR_OK)
		conn_end(conn);
}

/* Answers what has come: at most CONN_TAKE bytes in one round, so that other
 * connections have their turn and what waits for a sync does not wait long. */
static void
conn_ready(void *arg, unsigned ready)
{
	struct conn *conn = arg;
	struct wire_frame f;
	struct fault why;
	bool got = true, fill = (ready & ~LOOP_WRITE) != 0;
	size_t taken = 0;
	enum err e = ERR_OK;

	if (conn->gone)
		return;
	while (got && conn->n_late < CHILD_LATER_MAX && taken < CONN_TAKE) {
		e = wire_get(conn->wire, fill, &f, &got, &why);
		if (e != ERR_OK)
			break;
		if (got && !frame_answer(conn, &f)) {
			conn_end(conn);
			return;
		}
		taken += got ? f.body.len + WIRE_HEADER : 0;
	}
	conn->held = got;
	if (e != ERR_OK)
		conn_end(conn);
	else
		conn_flush(conn);
	if (conn->held && conn->n_late < CHILD_LATER_MAX && !conn->gone)
		conn_again(conn);
}

static void
conn_resume(void *arg)
{
	conn_ready(arg, LOOP_READ);
}

void
child_answer_late(struct child *c, enum err code, const struct fault *said)
{
	struct conn *conn;

	while ((conn = c->late) != NULL) {
		struct fault why;
		unsigned n = conn->n_late;

		c->late = conn->next_late;
		conn->next_late = NULL;
		conn->n_late = 0;
		for (unsigned i = 0; i < n && !conn->gone; i++) {
			struct late *l = &conn->late[i];

			if (wire_answer(conn->wire, &l->ask, code, said,
				span_of(l->content, l->len), &why) != ERR_OK)
				conn_end(conn);
		}
		if (conn->gone)
			continue;
		conn_flush(conn);
		if (conn->held && !conn->gone)
			conn_again(conn);
	}
}

static enum err
conn_add(struct child *c, const struct caller *who, int fd, struct fault *why)
{
	struct conn *conn = calloc(1, sizeof *conn);
	enum err e;

	if (conn == NULL || (conn->wire = wire_new(fd)) == NULL) {
		free(conn);
		(void)close(fd);
		return fault_set(why, ERR_MEMORY, "a connection");
	}
	conn->child = c;
	conn->who = *who;
	e = loop_add(c->loop, fd, LOOP_READ, conn_ready, conn, why);
	if (e != ERR_OK) {
		wire_free(conn->wire);
		free(conn);
		return e;
	}
	conn->next = c->conns;
	if (c->conns != NULL)
		c->conns->prev = conn;
	c->conns = conn;
	return ERR_OK;
}

/* ---- the control line ---- */

/* A connection to another process, ours to ask over or to answer on. */
static enum err
peer_add(struct child *c, const struct control *m, struct fault *why)
{
	const struct caller who = { m->role, m->uid };
	struct wire *w;
	struct peer *p;

	if (m->side == SIDE_ANSWERER)
		return conn_add(c, &who, m->fd, why);
	if (m->instance >= CHILD_INSTANCES || (w = wire_new(m->fd)) == NULL) {
		(void)close(m->fd);
		return fault_set(why, ERR_RANGE, "cannot take a peer");
	}
	p = &c->peers[m->role][m->instance];
	(void)pthread_mutex_lock(&p->lock);
	peer_drop(c, p);
	p->wire = w;
	p->expected = true;
	(void)pthread_mutex_unlock(&p->lock);
	(void)pthread_mutex_lock(&c->lock);
	(void)pthread_cond_broadcast(&c->news);
	(void)pthread_mutex_unlock(&c->lock);
	return ERR_OK;
}

static enum err
file_add(struct child *c, const struct control *m, struct fault *why)
{
	if (c->n_files == 16 || m->text.len >= 32 || m->fd == -1)
		return fault_set(why, ERR_LIMIT, "too many descriptors");
	memcpy(c->files[c->n_files].name, m->text.at, m->text.len);
	c->files[c->n_files++].fd = m->fd;
	return ERR_OK;
}

/* What one control message asks of us; *go when all was given. */
static enum err
control_do(
    struct child *c, const struct control *m, bool *go, struct fault *why)
{
	json_t *status = NULL;
	enum err e;

	switch (m->kind) {
	case CONTROL_SETUP:
		json_decref(c->config);
		c->config = NULL;
		return json_read(m->text, &c->config, why);
	case CONTROL_FILE:
		return file_add(c, m, why);
	case CONTROL_PEER:
		return peer_add(c, m, why);
	case CONTROL_GO:
		if (go != NULL)
			*go = true;
		return ERR_OK;
	case CONTROL_QUIT:
		c->quitting = true;
		return ERR_OK;
	case CONTROL_STATUS:
		if ((e = json_read(m->text, &status, why)) != ERR_OK)
			return e;
		json_decref(c->status);
		c->status = status;
		return ERR_OK;
	default:
		return fault_set(why, ERR_SYNTAX, "control: not for a child");
	}
}

/* Takes all that waits on the control line; with wait, until GO. */
static enum err
control_take(struct child *c, bool wait, struct fault *why)
{
	static uint8_t room[CONTROL_MAX];
	struct control m;
	bool got = true, go = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && got && !go) {
		e = control_receive(CONTROL_FD, wait, room, &m, &got, why);
		if (e == ERR_OK && got)
			e = control_do(c, &m, wait ? &go : NULL, why);
	}
	return e;
}

bool
child_ends(struct child *c)
{
	struct fault why;

	if (!c->quitting && control_take(c, false, &why) != ERR_OK)
		c->quitting = true;
	return c->quitting;
}

static void
control_ready(void *arg, unsigned ready)
{
	struct child *c = arg;
	struct fault why;

	(void)ready;
	/* Without a supervisor there is nothing left to serve. */
	if (control_take(c, false, &why) != ERR_OK)
		c->quitting = true;
}

/* ---- life ---- */

static enum err
tell(struct child *c, enum control_kind kind, json_t *v, struct fault *why)
{
	struct control m = { .kind = kind, .role = c->row->role, .fd = -1 };
	struct buf b;
	enum err e;

	buf_init(&b, CONTROL_MAX / 2);
	if (v != NULL)
		json_canonical(&b, v);
	m.text = buf_view(&b);
	e = control_send(CONTROL_FD, &m, why);
	buf_clear(&b);
	return e;
}

/* Becomes the own user, with the data folder as the root of paths. */
static enum err
user_become(struct child *c, struct fault *why)
{
	bool changed;
	int root = child_fd(c, c->row->sees_data ? "data" : "empty");
	enum err e = fence_user(c->row->user, c->row->sees_data, c->row->groups,
	    root, &changed, why);

	if (e != ERR_OK)
		return e;
	c->data = changed ? "" : json_get_text(c->config, "data", ".");
	return ERR_OK;
}

/* Closes the fence; folders become paths as this process sees them. */
static enum err
fence_shut(struct child *c, json_t *told, struct fault *why)
{
	struct fence f = c->row->fence;
	struct buf path[4];
	enum err e = ERR_OK;

	f.reads = c->reads;
	f.n_reads = c->n_reads;
	for (unsigned i = 0; i < 4; i++)
		buf_init(&path[i], 4096);
	for (unsigned i = 0; i < 4 && e == ERR_OK; i++) {
		if (f.folder[i] == NULL)
			continue;
		e = child_path(c, f.folder[i], &path[i], why);
		f.folder[i] = buf_string(&path[i]);
	}
	if (e == ERR_OK)
		e = fence_close(&f, told, why);
	for (unsigned i = 0; i < 4; i++)
		buf_clear(&path[i]);
	return e;
}

/* Everything up to READY. */
static enum err
child_begin(struct child *c, struct fault *why)
{
	const struct role_row *row = c->row;
	json_t *told = json_object();
	enum err e;

	(void)umask(027);
	if ((e = control_take(c, true, why)) != ERR_OK)
		goto out;
	if ((e = crypt_start(why)) != ERR_OK)
		goto out;
	if (row->load != NULL && (e = row->load(c, why)) != ERR_OK)
		goto out;
	if ((e = fence_limits(why)) != ERR_OK ||
	    (e = user_become(c, why)) != ERR_OK)
		goto out;
	if ((e = row->start(c, why)) != ERR_OK)
		goto out;
	if ((e = fence_shut(c, told, why)) != ERR_OK)
		goto out;
	if (row->ready != NULL && (e = row->ready(c, why)) != ERR_OK)
		goto out;
	if ((e = loop_add(c->loop, CONTROL_FD, LOOP_READ, control_ready, c,
		 why)) != ERR_OK)
		goto out;
	c->ready = true;
	e = tell(c, CONTROL_READY, told, why);
out:
	json_decref(told);
	return e;
}

/* Rounds until told to stop. */
static enum err
child_serve(struct child *c, struct fault *why)
{
	enum err e = ERR_OK;

	while (!c->quitting && e == ERR_OK) {
		e = loop_turn(c->loop, -1, why);
		if (e == ERR_OK && c->round_end != NULL)
			c->round_end(c);
	}
	return e;
}

/* Which processes this one may ask, so that it waits for them to come. */
static void
peers_init(struct child *c)
{
	for (unsigned r = 0; r < ROLE_N; r++) {
		const struct role_row *row = role_row((enum role)r);

		for (unsigned i = 0; i < CHILD_INSTANCES; i++) {
			struct peer *p = &c->peers[r][i];

			(void)pthread_mutex_init(&p->lock, NULL);
			p->expected = row != NULL && i < row->instances &&
			    call_may(c->row->role, (enum role)r);
		}
	}
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->news, NULL);
	c->main = pthread_self();
}

int
child_main(const struct role_row *row, unsigned instance)
{
	static struct child self;
	struct child *c = &self;
	struct fault why = { .code = ERR_OK };
	enum err e;

	c->row = row;
	c->instance = instance;
	/* The supervisor's word ends us, not the terminal's. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	peers_init(c);
	buf_init(&c->answer, WIRE_WHOLE - FAULT_TEXT_MAX - 16);
	c->arena = arena_new((size_t)64 << 20);
	if (c->arena == NULL)
		return 3;
	e = loop_new(loop_clock, NULL, &c->loop, &why);
	if (e == ERR_OK)
		e = child_begin(c, &why);
	if (e == ERR_OK)
		e = child_serve(c, &why);
	if (e != ERR_OK)
		child_log(c, "%s", why.text);
	if (c->ready && row->stop != NULL)
		row->stop(c);
	return e == ERR_OK ? 0 : 3;
}
