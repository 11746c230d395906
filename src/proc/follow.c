/*
 * proc/follow.c: the process that reads watched folders of files.
 *
 * Holds    the folders of the setting `follow`, opened by whoever started us,
 *          and DIR/follow, where it remembers how far it has read.
 * Reads    their files, line by line. Every byte of it is hostile.
 * Asks     keeper, for APPEND.
 * Leaves   the network, the database, keys, the vault.
 * Fence    user beimen-follow with its own groups, reading in these folders.
 *
 * It goes in rounds: look what has grown, note the ranges (follow_state.c),
 * put their lines, and move on when keeper says that they are durable. A
 * range that was on its way when the process ended is put first at the next
 * start, exactly as it was, so that no line is lost and none stored twice.
 */
#include "proc/follow_own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/env.h"
#include "base/when.h"
#include "intake/frame.h"
#include "proc/roles.h"
#include "proc/normal.h"

#define LOOK_US (20 * INT64_C(1000)) /* changes gather so long */
#define EVERY_US (3 * WHEN_SECOND) /* what no event told of */
#define STEP ((size_t)256 << 10) /* bytes of one file in a round, at most */
#define ROUND ((size_t)1 << 20) /* bytes of all files, at most */
#define END_US (5 * WHEN_SECOND) /* a file that left has so long to grow */
#define WAIT_MS 200

static void look(void *arg);

static void
look_soon(struct follow_state *s, int64_t wait_us)
{
	struct fault why;

	if (loop_arm(s->child->loop, &s->look, wait_us, look, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

/* ---- records ---- */

/* An intake_fn. */
static void
record(void *arg, const struct event *ev)
{
	struct follow_state *s = arg;

	/* A round is begun only where there is room; the rest waits here. */
	while (!outlet_put(s->out, ev)) {
		if (s->child->quitting) {
			s->dropped = true; /* the range stays on its way */
			return;
		}
		outlet_wait(s->out, WAIT_MS);
	}
}

/* The name of the program a file is of, when nobody says: "access.log.1" is
 * "access". */
static struct span
app_of(const struct follow_file *f)
{
	struct span name = span_text(f->name);
	size_t dot = span_find(name, '.');

	if (f->dir->app[0] != '\0')
		return span_text(f->dir->app);
	return span_slice(name, 0, dot == SIZE_MAX ? name.len : dot);
}

/* A follow_fn. */
static void
line(void *arg, struct span text, unsigned marks)
{
	struct follow_state *s = arg;
	const struct follow_file *f = s->now;
	const struct intake_from from = {
		.via = VIA_FILE,
		.sender = span_text(f->dir->sender),
		.host = span_text(f->dir->host),
		.app = app_of(f),
	};

	intake_record(s->intake, &from, env_system()->ops->now_us(env_system()),
	    text, marks);
}

/* The id of one batch: which file, which bytes of it, and what they are. */
static struct hash
batch_id(const struct follow_file *f, uint64_t from, struct span batch)
{
	struct hash of = hash_of(batch), id;
	struct buf b;

	buf_init(&b, 256);
	buf_text(&b, "beimen follow 1");
	buf_u64(&b, f->id.dev);
	buf_u64(&b, f->id.ino);
	buf_u64(&b, (uint64_t)f->id.born_us);
	buf_u64(&b, f->id.gen);
	buf_u64(&b, from);
	buf_u64(&b, batch.len);
	buf_add(&b, of.at, HASH_LEN);
	id = hash_of(buf_view(&b));
	buf_clear(&b);
	return id;
}

/* Puts the lines of the range that lies in s->bytes. */
static void
range_put(struct follow_state *s, const struct follow_file *f)
{
	struct span all = buf_view(&s->bytes);
	size_t at = 0, len;

	s->now = f;
	while ((len = follow_batch(span_slice(all, at, SIZE_MAX), true)) > 0) {
		struct span batch = span_slice(all, at, len);
		struct hash id = batch_id(f, f->at + at, batch);

		outlet_mark(s->out, &id);
		follow_lines(batch, line, s);
		at += len;
	}
	outlet_mark(s->out, NULL);
}

/* ---- rounds ---- */

/* A file that has left its folder, or has the name of a rotated one, and has
 * not grown for a while ends where it ends: its last line may lack a line
 * feed. */
static bool
is_over(const struct follow_state *s, const struct follow_file *f)
{
	struct span name = span_text(f->name);

	return (f->left || follow_stem(name).len < name.len) &&
	    loop_now(s->child->loop) - f->grown_us >= END_US;
}

/* Settles on the range that is to be read next; false: nothing. */
static bool
range_find(struct follow_state *s, struct follow_file *f, size_t room)
{
	uint64_t left;
	size_t at = 0, len;
	bool last;

	if (!tail_settle(s, f))
		return false;
	if (f->to > f->at) /* a copy, with what was on its way */
		return true;
	left = f->size - f->at;
	last = left <= room && is_over(s, f);
	if (left > room)
		left = room;
	if (left == 0 || !tail_read(s, f, f->at, f->at + left))
		return false;
	while ((len = follow_batch(
		    span_slice(buf_view(&s->bytes), at, SIZE_MAX), last)) > 0)
		at += len;
	f->to = f->at + at;
	return at > 0;
}

/* An outlet_after_fn: the round is durable. */
static void
on_durable(void *arg, bool durable, unsigned repeated)
{
	struct follow_state *s = arg;

	(void)repeated;
	s->under_way = false;
	if (!durable || s->dropped)
		return;
	for (struct follow_file *f = s->files; f != NULL; f = f->next)
		if (f->to > f->at) {
			f->at = f->to;
			s->dirty = true;
		}
	look_soon(s, 0);
}

/* Puts every range that was noted, and waits for keeper. */
static void
round_put(struct follow_state *s)
{
	struct fault why;

	for (struct follow_file *f = s->files; f != NULL; f = f->next) {
		if (f->to == f->at)
			continue;
		if (f->fd != -1 && tail_read(s, f, f->at, f->to)) {
			range_put(s, f);
			continue;
		}
		child_log(s->child, "%s/%s was cut while it was read",
		    f->dir->path, f->name);
		f->to = f->at;
	}
	s->under_way = true;
	if (outlet_after(s->out, on_durable, s, &why) == ERR_OK)
		return;
	child_log(s->child, "%s", why.text);
	s->under_way = false;
	look_soon(s, WAIT_MS * INT64_C(1000));
}

/* Begins a round, if something has grown. */
static void
round_begin(struct follow_state *s)
{
	size_t room = ROUND;
	bool some = false;
	struct fault why;

	if (s->under_way || !outlet_is_open(s->out))
		return;
	for (struct follow_file *f = s->files; f != NULL && room > 0;
	     f = f->next) {
		size_t step = room < STEP ? room : STEP;

		if (!range_find(s, f, step))
			continue;
		some = true;
		room -= (size_t)(f->to - f->at);
		if (room < EVENT_RAW_MAX + 1)
			room = 0;
	}
	/* The next round begins with whom this one did not reach. */
	if (room == 0 && s->files != NULL && s->files->next != NULL) {
		struct follow_file *first = s->files, *end = first;

		while (end->next != NULL)
			end = end->next;
		s->files = first->next;
		first->next = NULL;
		end->next = first;
	}
	if (!some && !s->dirty)
		return;
	if (tail_state_save(s, &why) != ERR_OK) {
		child_log(s->child, "%s", why.text);
		for (struct follow_file *f = s->files; f != NULL; f = f->next)
			f->to = f->at;
		return; /* the next look tries again */
	}
	if (some)
		round_put(s);
}

/* What was on its way when the process ended, exactly as it was. */
static void
round_again(struct follow_state *s)
{
	bool some = false;

	for (struct follow_file *f = s->files; f != NULL; f = f->next) {
		uint64_t gen = f->gen, to = f->to;

		f->size = 0;
		if (to == f->at)
			continue;
		if (!tail_settle(s, f) || f->gen != gen || f->size < to) {
			child_log(s->child,
			    "%s/%s was cut or replaced while nobody read it "
			    "(its copy, where there is one, is read on)",
			    f->dir->path, f->name);
			f->to = f->at;
			continue;
		}
		some = true;
	}
	if (some)
		round_put(s);
}

/* ---- looking ---- */

/* One name of a folder. */
static void
name_look(struct follow_state *s, struct follow_dir *d, const char *name)
{
	struct span text = span_text(name);
	bool fits = follow_fits(text, span_text(d->pattern));
	struct follow_file *f;
	struct stat st;
	int64_t born_us;

	if (text.len > FOLLOW_NAME_MAX || follow_ignores(text) ||
	    fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return;
	born_us = tail_born(d->fd, name);
	f = tail_known(s, d, &st, born_us);
	if (f == NULL &&
	    (!fits || (f = tail_add(s, d, name, &st, born_us)) == NULL))
		return;
	if (strcmp(f->name, name) != 0) {
		memcpy(f->name, name, text.len + 1);
		s->dirty = true;
	}
	f->seen = true;
	f->fits = fits;
}

/* Every name of a folder; files that are gone are noted. */
static void
dir_look(struct follow_state *s, struct follow_dir *d)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (list == NULL) {
		child_log(s->child, "%s cannot be read: %s", d->path,
		    strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return;
	}
	for (struct follow_file *f = s->files; f != NULL; f = f->next)
		if (f->dir == d)
			f->seen = f->fits = false;
	while ((entry = readdir(list)) != NULL)
		name_look(s, d, entry->d_name);
	(void)closedir(list);
	for (struct follow_file *f = s->files; f != NULL; f = f->next)
		if (f->dir == d)
			f->left = !f->seen || !f->fits;
}

/* Forgets what has left and is read to its end. */
static void
files_drop(struct follow_state *s)
{
	struct follow_file *next;

	for (struct follow_file *f = s->files; f != NULL; f = next) {
		next = f->next;
		if (f->to == f->at && f->left &&
		    (f->fd == -1 ? !f->seen
				 : is_over(s, f) && f->at >= f->size))
			tail_drop(s, f);
	}
}

/* A loop_timer_fn. */
static void
look(void *arg)
{
	struct follow_state *s = arg;

	if (s->look_all) {
		s->look_all = false;
		for (unsigned i = 0; i < s->n_dirs; i++)
			if (s->dir[i].fd != -1)
				dir_look(s, &s->dir[i]);
	}
	round_begin(s);
	if (!s->under_way)
		files_drop(s);
}

/* A loop_timer_fn: what no event told of. */
static void
every(void *arg)
{
	struct follow_state *s = arg;
	struct fault why;

	s->look_all = true;
	look_soon(s, 0);
	if (loop_arm(s->child->loop, &s->every, EVERY_US, every, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

/* A loop_fn: the kernel tells that something changed. Which file it was is
 * looked up: that costs little and misses nothing. */
static void
notified(void *arg, unsigned ready)
{
	struct follow_state *s = arg;
	_Alignas(struct inotify_event) uint8_t room[16384];
	ssize_t n;

	(void)ready;
	while ((n = read(s->notify, room, sizeof room)) > 0) {
		struct span all = span_of(room, (size_t)n);
		struct inotify_event ev;

		while (all.len >= sizeof ev) {
			memcpy(&ev, all.at, sizeof ev);
			if ((ev.mask & IN_MODIFY) == 0)
				s->look_all = true;
			all = span_slice(all, sizeof ev + ev.len, SIZE_MAX);
		}
	}
	if (s->look.place == 0)
		look_soon(s, LOOK_US);
}

/* An outlet_room_fn. */
static void
room(void *arg, bool open)
{
	if (open)
		look_soon(arg, 0);
}

/* ---- life ---- */

/* Opens one folder as whoever started us, and has it watched. */
static enum err
dir_open(struct follow_state *s, const json_t *row, struct fault *why)
{
	struct follow_dir *d = &s->dir[s->n_dirs++];
	struct buf sender;

	*d = (struct follow_dir){
		.watch = -1,
		.path = json_get_text(row, "path", ""),
		.pattern = json_get_text(row, "pattern", "*"),
		.host = json_get_text(row, "host", ""),
		.app = json_get_text(row, "app", ""),
	};
	if (d->host[0] == '\0')
		d->host = json_get_text(s->child->config, "host", "");
	buf_init(&sender, sizeof d->sender - 1);
	buf_printf(&sender, "file:%.200s", d->path);
	memcpy(d->sender, buf_string(&sender), sender.len + 1);
	buf_clear(&sender);
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd == -1) { /* the others are followed all the same */
		child_log(s->child, "%s is not followed: %s", d->path,
		    strerror(errno));
		return ERR_OK;
	}
	d->watch = inotify_add_watch(s->notify, d->path,
	    IN_CREATE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
		IN_CLOSE_WRITE | IN_ONLYDIR);
	if (d->watch == -1) /* looked at now and then all the same */
		child_log(s->child, "%s is not watched: %s", d->path,
		    strerror(errno));
	if (s->child->n_reads == CHILD_READS)
		return fault_set(why, ERR_LIMIT, "too many folders");
	s->child->reads[s->child->n_reads++] = d->fd;
	return ERR_OK;
}

enum err
follow_proc_load(struct child *c, struct fault *why)
{
	struct follow_state *s = calloc(1, sizeof *s);
	const json_t *list = json_object_get(c->config, "follow");
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "follow");
	c->state = s;
	s->child = c;
	s->state_dir = -1;
	buf_init(&s->bytes, STEP + EVENT_RAW_MAX);
	if ((s->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) == -1)
		return fault_sys(why, ERR_IO, "inotify");
	for (size_t i = 0; i < json_array_size(list) && i < FOLLOW_DIRS; i++)
		if ((e = dir_open(s, json_array_get(list, i), why)) != ERR_OK)
			return e;
	return normal_load(c->config, &s->rules, why);
}

enum err
follow_proc_start(struct child *c, struct fault *why)
{
	struct follow_state *s = c->state;
	struct env *env = env_system();
	struct buf path;
	enum err e;

	buf_init(&path, 4096);
	e = child_path(c, "follow", &path, why);
	if (e == ERR_OK)
		e = env->ops->open_dir(env, AT_FDCWD, buf_string(&path), false,
		    &s->state_dir, why);
	buf_clear(&path);
	if (e != ERR_OK)
		return e;
	if ((s->out = outlet_new(c, room, s)) == NULL ||
	    (s->counts = counts_new()) == NULL ||
	    (s->intake = intake_new(s->rules, s->counts, record, s)) == NULL)
		return fault_set(why, ERR_MEMORY, "follow");
	e = tail_state_load(s, why);
	if (e == ERR_OK)
		e = loop_add(c->loop, s->notify, LOOP_READ, notified, s, why);
	return e;
}

enum err
follow_proc_ready(struct child *c, struct fault *why)
{
	struct follow_state *s = c->state;

	/* Under which names the files of an earlier run now stand. */
	for (unsigned i = 0; i < s->n_dirs; i++)
		if (s->dir[i].fd != -1)
			dir_look(s, &s->dir[i]);
	round_again(s);
	return loop_arm(c->loop, &s->every, 0, every, s, why);
}

void
follow_proc_stop(struct child *c)
{
	struct follow_state *s = c->state;
	struct fault why;

	outlet_free(s->out); /* waits for what is on its way */
	if (s->dirty && tail_state_save(s, &why) != ERR_OK)
		child_log(c, "%s", why.text);
	while (s->files != NULL)
		tail_drop(s, s->files);
	for (unsigned i = 0; i < s->n_dirs; i++)
		if (s->dir[i].fd != -1)
			(void)close(s->dir[i].fd);
	intake_free(s->intake);
	counts_free(s->counts);
	normalize_free(s->rules);
	buf_clear(&s->bytes);
	buf_clear(&s->text);
	free(s);
}
