/*
 * proc/follow_file.c: which file is which, through rename, truncation, copy
 * and a number used again.
 */
#include "proc/follow_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t
tail_born(int fd, const char *name)
{
	struct statx x;
	int flags = AT_SYMLINK_NOFOLLOW | (name[0] == '\0' ? AT_EMPTY_PATH : 0);

	if (statx(fd, name, flags, STATX_BTIME, &x) == -1 ||
	    (x.stx_mask & STATX_BTIME) == 0)
		return 0;
	return x.stx_btime.tv_sec * INT64_C(1000000) +
	    x.stx_btime.tv_nsec / 1000;
}

struct follow_file *
tail_known(struct follow_state *s, const struct follow_dir *d,
    const struct stat *st, int64_t born_us)
{
	for (struct follow_file *f = s->files; f != NULL; f = f->next)
		if (f->dir == d && f->dev == (uint64_t)st->st_dev &&
		    f->ino == (uint64_t)st->st_ino && f->born_us == born_us)
			return f;
	return NULL;
}

struct follow_file *
tail_add(struct follow_state *s, struct follow_dir *d, const char *name,
    const struct stat *st, int64_t born_us)
{
	struct follow_file *f;
	size_t len = strlen(name);

	if (s->n_files == FOLLOW_FILES || len > FOLLOW_NAME_MAX ||
	    (f = calloc(1, sizeof *f)) == NULL) {
		if (!s->told_full)
			child_log(s->child,
			    "%s: %s is not followed: no room for more files",
			    d->path, name);
		s->told_full = true;
		return NULL;
	}
	memcpy(f->name, name, len + 1);
	f->dir = d;
	f->dev = (uint64_t)st->st_dev;
	f->ino = (uint64_t)st->st_ino;
	f->born_us = born_us;
	f->id = (struct follow_id){ f->dev, f->ino, born_us, 0 };
	f->fd = -1;
	f->next = s->files;
	s->files = f;
	s->n_files++;
	return f;
}

void
tail_drop(struct follow_state *s, struct follow_file *f)
{
	struct follow_file **at = &s->files;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	for (struct follow_file *o = s->files; o != NULL; o = o->next)
		if (o->copy_of == f)
			o->copy_of = NULL;
	if (f->fd != -1)
		(void)close(f->fd);
	free(f);
	s->n_files--;
	s->told_full = false;
	s->dirty = true;
}

bool
tail_open(struct follow_file *f)
{
	struct stat st;

	if (f->fd != -1)
		return true;
	f->fd = openat(f->dir->fd, f->name,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd == -1)
		return false;
	/* Its name may be another's by now. */
	if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_ino == f->ino && (uint64_t)st.st_dev == f->dev)
		return true;
	(void)close(f->fd);
	f->fd = -1;
	return false;
}

/* Exactly len bytes at `at`. */
static bool
read_at(int fd, uint64_t at, uint8_t *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(
		    fd, to + done, len - done, (off_t)(at + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* The digest of the first n bytes. */
static bool
head_read(const struct follow_file *f, uint32_t n, struct hash *out)
{
	uint8_t bytes[FOLLOW_HEAD];

	if (!read_at(f->fd, 0, bytes, n))
		return false;
	*out = hash_of(span_of(bytes, n));
	return true;
}

/* It is another file than it was: everything begins anew. */
static void
tail_anew(struct follow_state *s, struct follow_file *f)
{
	f->cut_at = f->at;
	f->cut_to = f->to;
	f->cut_id = f->id;
	f->cut_head_n = f->head_n;
	f->cut_head = f->head;
	f->gen++;
	f->id = (struct follow_id){ f->dev, f->ino, f->born_us, f->gen };
	f->at = f->to = 0;
	f->head_n = 0;
	f->copy_of = NULL;
	s->dirty = true;
}

/* Whether f begins with these bytes. */
static bool
begins_so(const struct follow_file *f, uint32_t n, const struct hash *head)
{
	struct hash h;

	return n >= FOLLOW_HEAD_LEAST && n <= f->size && head_read(f, n, &h) &&
	    hash_equal(&h, head);
}

/* A copy goes on where its original was when it was cut; what was on its way
 * then is sent again from here, with the ids it had. */
static void
copy_go_on(struct follow_file *f, const struct follow_file *o)
{
	if (o->cut_to > f->size) {
		f->at = f->to = o->cut_at < f->size ? o->cut_at : f->size;
		return;
	}
	f->at = o->cut_at;
	f->to = o->cut_to;
	f->id = o->cut_id;
}

/* Sees whether a new file begins as another does, or did before it was cut,
 * of which something was read. */
static void
copy_find(struct follow_state *s, struct follow_file *f)
{
	for (struct follow_file *o = s->files; o != NULL; o = o->next) {
		if (o == f || o->dir != f->dir)
			continue;
		if (o->at > 0 && begins_so(f, o->head_n, &o->head)) {
			f->copy_of = o;
			f->copy_gen = o->gen;
			f->copy_at = o->at;
			return;
		}
		if (o->cut_to > 0 &&
		    begins_so(f, o->cut_head_n, &o->cut_head)) {
			copy_go_on(f, o);
			return;
		}
	}
}

/*
 * A copy waits for its original to be cut, and then begins where that was
 * read to. It is let go earlier when the original is gone or the copy has
 * outgrown it. True: it may be read.
 */
static bool
copy_settle(struct follow_state *s, struct follow_file *f)
{
	struct follow_file *o = f->copy_of;

	if (o == NULL)
		return true;
	/* How long the original is now, and whether it was just cut. */
	if (o->gen == f->copy_gen && o->copy_of == NULL)
		(void)tail_settle(s, o);
	if (o->gen == f->copy_gen) {
		f->copy_at = o->at;
		if (f->size <= o->size)
			return false;
	}
	if (o->gen == f->copy_gen + 1)
		copy_go_on(f, o);
	else
		f->at = f->to = f->copy_at < f->size ? f->copy_at : f->size;
	f->copy_of = NULL;
	s->dirty = true;
	return true;
}

static int64_t
stat_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
}

bool
tail_settle(struct follow_state *s, struct follow_file *f)
{
	struct stat st;
	struct hash h;
	uint32_t n;

	if (!tail_open(f) || fstat(f->fd, &st) == -1)
		return false;
	/* Nothing new: the usual case of most files. */
	if (f->copy_of == NULL && (uint64_t)st.st_size == f->size &&
	    f->changed_ns == stat_ns(&st) && f->at == f->size)
		return false;
	f->changed_ns = stat_ns(&st);
	if ((uint64_t)st.st_size != f->size) {
		f->size = (uint64_t)st.st_size;
		f->grown_us = loop_now(s->child->loop);
	}
	if (f->size < f->at || f->size < f->head_n ||
	    (f->head_n > 0 && head_read(f, f->head_n, &h) &&
		!hash_equal(&h, &f->head)))
		tail_anew(s, f);
	n = f->size < FOLLOW_HEAD ? (uint32_t)f->size : FOLLOW_HEAD;
	if (n > f->head_n) {
		bool first = f->at == 0 && f->gen == 0 && f->copy_of == NULL;

		if (!head_read(f, n, &h))
			return false;
		f->head_n = n;
		f->head = h;
		if (first)
			copy_find(s, f);
	}
	return copy_settle(s, f);
}

bool
tail_read(
    struct follow_state *s, struct follow_file *f, uint64_t from, uint64_t to)
{
	size_t len = (size_t)(to - from);
	uint8_t *room;

	buf_reset(&s->bytes);
	if ((room = buf_room(&s->bytes, len)) == NULL ||
	    !read_at(f->fd, from, room, len))
		return false;
	buf_took(&s->bytes, len);
	return true;
}
