/*
 * proc/supervisor.c: starts, connects, restarts and stops the processes.
 */
#include "proc/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/when.h"
#include "net/loop.h"
#include "proc/control.h"
#include "proc/folder.h"
#include "proc/listen.h"
#include "proc/role.h"
#include "proc/welcome.h"

#define CHILDREN_MAX 16
#define START_MS 60000 /* a child has so long to become ready */
#define STOP_MS 15000 /* and so long to end in good order */
#define CALM_US (60 * WHEN_SECOND) /* after so long a child counts as sound */
#define BACKOFF_MIN_US (WHEN_SECOND / 10)
#define BACKOFF_MAX_US (10 * WHEN_SECOND)

/* One process of the table. */
struct kid {
	const struct role_row *row;
	unsigned instance;
	pid_t pid; /* 0: not running */
	int control; /* our end of its line; -1 */
	bool ready;
	int64_t since_us; /* started (monotonic) */
	int64_t started_us; /* started (wall clock) */
	int64_t again_us; /* when to start it again */
	int64_t backoff_us;
	unsigned restarts;
	json_t *fence; /* what it said of its fence */
	char said[256]; /* how it last ended */
};

struct supervisor {
	json_t *settings;
	struct kid kid[CHILDREN_MAX];
	unsigned n_kids;
	int data, empty; /* folders */
	int control; /* the command line's listener */
	int signals;
	struct listeners listen;
	bool stopping;
};

static struct kid *
kid_find(struct supervisor *s, enum role r, unsigned instance)
{
	for (unsigned i = 0; i < s->n_kids; i++)
		if (s->kid[i].row->role == r && s->kid[i].instance == instance)
			return &s->kid[i];
	return NULL;
}

/* ---- connecting ---- */

static enum err
send_text(struct kid *k, enum control_kind kind, const char *text, int fd,
    struct fault *why)
{
	const struct control m = { .kind = kind,
		.role = k->row->role,
		.text = span_text(text),
		.fd = fd };

	return control_send(k->control, &m, why);
}

static enum err
send_peer(struct kid *to, enum control_side side, enum role role,
    unsigned instance, uint32_t uid, int fd, struct fault *why)
{
	const struct control m = { CONTROL_PEER, role, instance, side, uid,
		SPAN_EMPTY, fd };

	return control_send(to->control, &m, why);
}

/* Makes a pair so that `asker` may ask `callee`, where the tables say so. */
static enum err
kids_connect(struct kid *asker, struct kid *callee, struct fault *why)
{
	int pair[2];
	enum err e;

	if (!call_may(asker->row->role, callee->row->role))
		return ERR_OK;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return fault_sys(why, ERR_IO, "cannot connect processes");
	e = send_peer(callee, SIDE_ANSWERER, asker->row->role, asker->instance,
	    0, pair[0], why);
	if (e == ERR_OK)
		e = send_peer(asker, SIDE_ASKER, callee->row->role,
		    callee->instance, 0, pair[1], why);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return e;
}

/* An asker's end to one process, for us or for a command line. */
static enum err
kid_visit(struct kid *k, enum role as, uint32_t uid, int *fd, struct fault *why)
{
	int pair[2];
	enum err e;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return fault_sys(why, ERR_IO, "cannot connect processes");
	e = send_peer(k, SIDE_ANSWERER, as, 0, uid, pair[0], why);
	(void)close(pair[0]);
	if (e != ERR_OK) {
		(void)close(pair[1]);
		return e;
	}
	*fd = pair[1];
	return ERR_OK;
}

/* ---- starting ---- */

/* The child's side of fork: itself again, with its line at CONTROL_FD. */
static void
kid_exec(const struct kid *k, int line)
{
	struct buf instance;
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	buf_init(&instance, 16);
	buf_printf(&instance, "%u", k->instance);
	if (dup2(line, CONTROL_FD) == -1)
		_exit(3);
	if (line == CONTROL_FD)
		(void)fcntl(line, F_SETFD, 0);
	(void)close_range(CONTROL_FD + 1, ~0U, 0);
	(void)execl("/proc/self/exe", "beimen", "--role",
	    role_name(k->row->role), buf_string(&instance), (char *)NULL);
	_exit(3);
}

/* Forks and gives the child its line. */
static enum err
kid_fork(struct kid *k, struct fault *why)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return fault_sys(why, ERR_IO, "cannot make a control line");
	pid = fork();
	if (pid == -1) {
		(void)close(pair[0]);
		(void)close(pair[1]);
		return fault_sys(why, ERR_IO, "cannot fork");
	}
	if (pid == 0)
		kid_exec(k, pair[1]);
	(void)close(pair[1]);
	k->pid = pid;
	k->control = pair[0];
	k->ready = false;
	k->since_us = loop_clock(NULL);
	k->started_us = env_system()->ops->now_us(env_system());
	return ERR_OK;
}

/* Gives what its row says it holds. */
static enum err
kid_equip(struct supervisor *s, struct kid *k, struct fault *why)
{
	const struct {
		unsigned of;
		const char *name;
		int fd;
	} all[] = {
		{ 0, "data", s->data },
		{ 0, "empty", s->empty },
		{ HOLDS_WEB, "web", s->listen.web },
		{ HOLDS_SYSLOG, "syslog-udp", s->listen.syslog_udp },
		{ HOLDS_SYSLOG, "syslog-tcp", s->listen.syslog_tcp },
	};
	struct buf b;
	enum err e;

	buf_init(&b, CONTROL_MAX - 256);
	json_canonical(&b, s->settings);
	e = buf_error(&b) == ERR_OK
	    ? send_text(k, CONTROL_SETUP, buf_string(&b), -1, why)
	    : fault_set(why, ERR_LIMIT, "the settings are too long");
	buf_clear(&b);
	for (size_t i = 0; i < sizeof all / sizeof all[0] && e == ERR_OK; i++)
		if ((all[i].of == 0 || (all[i].of & k->row->holds) != 0) &&
		    all[i].fd != -1)
			e = send_text(
			    k, CONTROL_FILE, all[i].name, all[i].fd, why);
	for (unsigned i = 0; i < LISTENER_N && e == ERR_OK; i++)
		if ((listen_rows[i].of & k->row->holds) != 0 &&
		    s->listen.more[i].fd != -1)
			e = send_text(k, CONTROL_FILE, listen_rows[i].name,
			    s->listen.more[i].fd, why);
	return e;
}

/* Connects it with everybody who runs, and lets it go. */
static enum err
kid_introduce(struct supervisor *s, struct kid *k, struct fault *why)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; i < s->n_kids && e == ERR_OK; i++) {
		struct kid *other = &s->kid[i];

		if (other == k || other->pid == 0 || !other->ready)
			continue;
		e = kids_connect(k, other, why);
		if (e == ERR_OK)
			e = kids_connect(other, k, why);
	}
	if (e == ERR_OK)
		e = send_text(k, CONTROL_GO, "", -1, why);
	return e;
}

static void
kid_log(const struct kid *k, const char *text)
{
	(void)fprintf(stderr, "beimen supervisor: %s[%d]: %s\n",
	    role_name(k->row->role), (int)k->pid, text);
}

/* Tells every reader how all are. */
static void
status_tell(struct supervisor *s)
{
	json_t *all = json_array();
	struct buf b;
	struct fault why;

	buf_init(&b, CONTROL_MAX / 2);
	for (unsigned i = 0; i < s->n_kids; i++) {
		const struct kid *k = &s->kid[i];
		json_t *o = json_object();

		json_put_str(o, "name", role_name(k->row->role));
		json_put_int(o, "instance", k->instance);
		json_put_int(o, "pid", k->pid);
		json_put_int(o, "since_us", k->started_us);
		json_put_int(o, "restarts", k->restarts);
		json_put_str(o, "state",
		    k->ready          ? "running"
			: k->pid == 0 ? "stopped"
				      : "starting");
		json_put_str(o, "user", geteuid() == 0 ? k->row->user : "");
		json_put_str(o, "said", k->said);
		if (k->fence != NULL)
			json_object_set(o, "fence", k->fence);
		json_array_append_new(all, o);
	}
	json_canonical(&b, all);
	for (unsigned i = 0; i < s->n_kids; i++)
		if (s->kid[i].ready && s->kid[i].row->role == ROLE_READER &&
		    send_text(&s->kid[i], CONTROL_STATUS, buf_string(&b), -1,
			&why) != ERR_OK)
			kid_log(&s->kid[i], why.text);
	buf_clear(&b);
	json_decref(all);
}

/* Takes one message of a child; ERR_GONE when its line is closed. */
static enum err
kid_hear(struct supervisor *s, struct kid *k, bool wait, struct fault *why)
{
	static uint8_t room[CONTROL_MAX];
	struct control m = { .fd = -1 };
	bool got;
	enum err e = control_receive(k->control, wait, room, &m, &got, why);

	if (e != ERR_OK || !got)
		return e;
	if (m.fd != -1)
		(void)close(m.fd); /* children pass nothing */
	if (m.kind != CONTROL_READY || k->ready)
		return ERR_OK;
	json_decref(k->fence);
	k->fence = NULL;
	if ((e = json_read(m.text, &k->fence, why)) != ERR_OK)
		return e;
	k->ready = true;
	status_tell(s);
	return ERR_OK;
}

/* Waits until a child is ready, has ended, or its time is over. */
static enum err
kid_await(struct supervisor *s, struct kid *k, struct fault *why)
{
	int64_t until = loop_clock(NULL) + START_MS * INT64_C(1000);

	while (!k->ready) {
		struct pollfd p = { .fd = k->control, .events = POLLIN };
		int64_t left = (until - loop_clock(NULL)) / 1000;
		enum err e;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return fault_set(why, ERR_TIMEOUT,
			    "%s did not become ready", role_name(k->row->role));
		if ((e = kid_hear(s, k, false, why)) != ERR_OK)
			return fault_set(why, e, "%s could not start",
			    role_name(k->row->role));
	}
	return ERR_OK;
}

/* The whole start of one child. */
static enum err
kid_start(struct supervisor *s, struct kid *k, struct fault *why)
{
	enum err e = kid_fork(k, why);

	if (e == ERR_OK)
		e = kid_equip(s, k, why);
	if (e == ERR_OK)
		e = kid_introduce(s, k, why);
	if (e == ERR_OK)
		e = kid_await(s, k, why);
	return e;
}

/* ---- ending ---- */

/* Notes that a child is no more. */
static void
kid_ended(struct kid *k, int status)
{
	struct buf b;

	buf_init(&b, sizeof k->said - 1);
	if (WIFSIGNALED(status))
		buf_printf(&b, "ended by signal %d", WTERMSIG(status));
	else
		buf_printf(&b, "ended with %d", WEXITSTATUS(status));
	memcpy(k->said, buf_string(&b), b.len + 1);
	buf_clear(&b);
	if (k->control != -1)
		(void)close(k->control);
	k->control = -1;
	k->pid = 0;
	k->ready = false;
}

/* Reaps what ended, and plans its return. */
static void
kids_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < s->n_kids; i++) {
			struct kid *k = &s->kid[i];
			int64_t now_us = loop_clock(NULL);

			if (k->pid != pid)
				continue;
			kid_ended(k, status);
			if (s->stopping)
				continue;
			kid_log(k, k->said);
			if (now_us - k->since_us > CALM_US)
				k->backoff_us = BACKOFF_MIN_US;
			k->again_us = now_us + k->backoff_us;
			k->backoff_us *= 2;
			if (k->backoff_us > BACKOFF_MAX_US)
				k->backoff_us = BACKOFF_MAX_US;
			k->restarts++;
			status_tell(s);
		}
	}
}

/* Starts again whose time has come. */
static void
kids_revive(struct supervisor *s)
{
	for (unsigned i = 0; i < s->n_kids && !s->stopping; i++) {
		struct kid *k = &s->kid[i];
		struct fault why;

		if (k->pid != 0 || loop_clock(NULL) < k->again_us)
			continue;
		if (kid_start(s, k, &why) == ERR_OK)
			continue;
		kid_log(k, why.text);
		if (k->pid != 0)
			(void)kill(k->pid, SIGKILL);
	}
}

/* Ends all in the reverse order of starting. */
static void
kids_stop(struct supervisor *s)
{
	s->stopping = true;
	for (unsigned i = s->n_kids; i-- > 0;) {
		struct kid *k = &s->kid[i];
		int64_t until = loop_clock(NULL) + STOP_MS * INT64_C(1000);
		struct fault why;
		int status;

		if (k->pid == 0)
			continue;
		if (send_text(k, CONTROL_QUIT, "", -1, &why) != ERR_OK)
			(void)kill(k->pid, SIGKILL);
		while (waitpid(k->pid, &status, WNOHANG) == 0) {
			if (loop_clock(NULL) > until) {
				kid_log(k, "did not end: killed");
				(void)kill(k->pid, SIGKILL);
				until = INT64_MAX;
			}
			(void)poll(NULL, 0, 5);
		}
		kid_ended(k, status);
	}
}

/* ---- the command line ---- */

static enum err
address_of(const char *data, struct sockaddr_un *to, struct fault *why)
{
	struct buf b;
	enum err e = ERR_OK;

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	buf_init(&b, sizeof to->sun_path - 1);
	buf_printf(&b, "%s/control", data);
	if (buf_error(&b) != ERR_OK)
		e = fault_set(why, ERR_LIMIT,
		    "the data folder's path is too long for its socket");
	else
		memcpy(to->sun_path, buf_string(&b), b.len + 1);
	buf_clear(&b);
	return e;
}

static enum err
control_listen(struct supervisor *s, struct fault *why)
{
	struct sockaddr_un at;
	enum err e = address_of(
	    json_get_text(s->settings, "data", "."), &at, why);
	mode_t was;
	int fd;

	if (e != ERR_OK)
		return e;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return fault_sys(why, ERR_IO, "control socket");
	(void)unlink(at.sun_path); /* ours: we hold the lock */
	was = umask(0177);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) == -1 ||
	    listen(fd, 64) == -1)
		e = fault_sys(why, ERR_IO, "control socket %s", at.sun_path);
	(void)umask(was);
	if (e != ERR_OK)
		(void)close(fd);
	else
		s->control = fd;
	return e;
}

/*
 * A command line came: hand it one connection to every process that answers
 * command lines. What it wants we do not hear.
 */
static void
visitor_take(struct supervisor *s)
{
	struct ucred who;
	socklen_t len = sizeof who;
	int sock = accept4(s->control, NULL, NULL, SOCK_CLOEXEC);

	if (sock == -1)
		return;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1 ||
	    (who.uid != 0 && who.uid != geteuid())) {
		(void)close(sock);
		return;
	}
	for (unsigned i = 0; i < s->n_kids; i++) {
		struct kid *k = &s->kid[i];
		struct control m = { .kind = CONTROL_PEER,
			.role = k->row->role,
			.side = SIDE_ASKER };
		struct fault why;

		if (!k->ready || k->instance != 0 ||
		    !call_may(ROLE_CLI, k->row->role))
			continue;
		if (kid_visit(k, ROLE_CLI, who.uid, &m.fd, &why) != ERR_OK)
			continue;
		if (control_send(sock, &m, &why) != ERR_OK)
			kid_log(k, why.text);
		(void)close(m.fd);
	}
	(void)close(sock);
}

enum err
supervisor_visit(const char *data, enum role role, int *fd, struct fault *why)
{
	static uint8_t room[CONTROL_MAX];
	struct sockaddr_un at;
	struct control m;
	bool got;
	int sock, found = -1;
	enum err e = address_of(data, &at, why);

	if (e != ERR_OK)
		return e;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock == -1)
		return fault_sys(why, ERR_IO, "control socket");
	if (connect(sock, (struct sockaddr *)&at, sizeof at) == -1) {
		(void)close(sock);
		return fault_sys(why, ERR_GONE, "no server on %s", data);
	}
	while (control_receive(sock, true, room, &m, &got, why) == ERR_OK) {
		if (m.fd != -1 && m.role == role && found == -1)
			found = m.fd;
		else if (m.fd != -1)
			(void)close(m.fd);
	}
	(void)close(sock);
	if (found == -1)
		return fault_set(
		    why, ERR_GONE, "%s is not running", role_name(role));
	*fd = found;
	return ERR_OK;
}

/* ---- the whole ---- */

/* Signals as a descriptor, so that no handler runs. */
static enum err
signals_open(struct supervisor *s, struct fault *why)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		return fault_sys(why, ERR_IO, "signals");
	return ERR_OK;
}

static void
signals_take(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo == SIGCHLD)
			kids_reap(s);
		else
			s->stopping = true;
}

/* One wait over everything the supervisor hears. */
static void
round_once(struct supervisor *s)
{
	struct pollfd p[CHILDREN_MAX + 2];
	unsigned n = 0;

	p[n++] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	p[n++] = (struct pollfd){ .fd = s->control, .events = POLLIN };
	for (unsigned i = 0; i < s->n_kids; i++)
		p[n++] = (struct pollfd){ .fd = s->kid[i].control,
			.events = POLLIN };
	if (poll(p, n, 100) > 0) {
		for (unsigned i = 0; i < s->n_kids; i++) {
			struct kid *k = &s->kid[i];
			struct fault why;

			if ((p[i + 2].revents & (POLLIN | POLLHUP)) != 0 &&
			    k->control != -1 &&
			    kid_hear(s, k, false, &why) != ERR_OK) {
				(void)close(k->control);
				k->control = -1;
			}
		}
		if ((p[0].revents & POLLIN) != 0)
			signals_take(s);
		if ((p[1].revents & POLLIN) != 0)
			visitor_take(s);
	}
	kids_revive(s);
}

static enum err
folders_hold(struct supervisor *s, struct fault *why)
{
	const char *data = json_get_text(s->settings, "data", ".");

	s->data = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->empty = s->data == -1
	    ? -1
	    : openat(s->data, "empty", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->empty == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", data);
	return ERR_OK;
}

static void
kids_list(struct supervisor *s)
{
	for (const enum role *r = role_order; *r != ROLE_N; r++) {
		const struct role_row *row = role_row(*r);

		if (row->only_with != NULL &&
		    json_array_size(
			json_object_get(s->settings, row->only_with)) == 0)
			continue;
		for (unsigned i = 0; i < row->instances; i++)
			s->kid[s->n_kids++] = (struct kid){ .row = row,
				.instance = i,
				.control = -1,
				.backoff_us = BACKOFF_MIN_US };
	}
}

static enum err
all_start(struct supervisor *s, struct fault *why)
{
	enum err e = signals_open(s, why);

	if (e == ERR_OK)
		e = folders_hold(s, why);
	if (e == ERR_OK)
		e = listeners_open(s->settings, &s->listen, why);
	if (e == ERR_OK)
		e = control_listen(s, why);
	kids_list(s);
	for (unsigned i = 0; i < s->n_kids && e == ERR_OK; i++)
		e = kid_start(s, &s->kid[i], why);
	return e;
}

/* Asks book and gate for their first start and greets whoever started us. */
static enum err
all_greet(struct supervisor *s, struct fault *why)
{
	int book = -1, gate = -1;
	enum err e = kid_visit(
	    kid_find(s, ROLE_BOOK, 0), ROLE_SUPERVISOR, 0, &book, why);

	if (e == ERR_OK)
		e = kid_visit(
		    kid_find(s, ROLE_GATE, 0), ROLE_SUPERVISOR, 0, &gate, why);
	if (e == ERR_OK)
		e = welcome(s->settings, &s->listen, book, gate, why);
	else if (book != -1)
		(void)close(book);
	return e;
}

int
supervisor_serve(json_t *settings)
{
	static struct supervisor s = {
		.data = -1, .empty = -1, .control = -1, .signals = -1
	};
	const char *data = json_get_text(settings, "data", ".");
	struct fault why = { .code = ERR_OK };
	int lock = -1;
	enum err e;

	listeners_init(&s.listen);
	s.settings = settings;
	e = folder_open(data, &lock, &why);
	if (e == ERR_OK)
		e = all_start(&s, &why);
	if (e == ERR_OK)
		e = all_greet(&s, &why);
	if (e != ERR_OK)
		(void)fprintf(stderr, "beimen: %s\n", why.text);
	while (e == ERR_OK && !s.stopping)
		round_once(&s);
	kids_stop(&s);
	if (lock != -1)
		(void)close(lock);
	return e == ERR_OK ? 0 : 3;
}

enum err
supervisor_lend(json_t *settings, enum role role, int *fd, struct fault *why)
{
	static struct supervisor s = {
		.data = -1, .empty = -1, .control = -1, .signals = -1
	};
	struct kid *k = &s.kid[0];
	enum err e;

	listeners_init(&s.listen);
	s.settings = settings;
	s.n_kids = 1;
	*k = (struct kid){ .row = role_row(role), .control = -1 };
	json_put_str(settings, "stopped", "yes");
	if ((e = folders_hold(&s, why)) != ERR_OK ||
	    (e = kid_start(&s, k, why)) != ERR_OK)
		return e;
	return kid_visit(k, ROLE_CLI, (uint32_t)geteuid(), fd, why);
}
