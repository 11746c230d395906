/*
 * tests/power/plant.c: faults put under the running product, from outside.
 *
 * A library that the test loads before the program (LD_PRELOAD). It stands
 * between the program and the C library for the calls that make bytes last.
 * What it does is read from a file mapped into memory when a process starts,
 * so it works inside every fence and can be switched while all runs:
 *
 *     byte 0  N  nothing
 *             S  no sync: of a journal, fsync and fdatasync only say they did
 *             A  acknowledge before the commit: a journal's sync is done when
 *                the next one is asked for
 *             R  no sync of a segment before its rename
 *             T  trim before verify: journals go as soon as a segment begins
 *             E  a journal's sync fails once with EIO
 *             B  a database's sync fails once with EIO
 *             Q  writing to a journal fails with EDQUOT
 *     byte 1  counts what was done so (wraps)
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 1024

static volatile unsigned char *way; /* NULL: nothing is planted */
static int (*real_fsync)(int), (*real_fdatasync)(int);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);

enum what { OTHER, JOURNAL, SEGMENT, BOOK };
static unsigned char kind[FDS]; /* of each descriptor, when it was opened */
static int waiting = -1; /* a journal whose sync is still to be done */
static int inbox = -1; /* the folder where journals lie */

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("BEIMEN_PLANT");
	int fd;

	*(void **)&real_fsync = next("fsync");
	*(void **)&real_fdatasync = next("fdatasync");
	*(void **)&real_openat = next("openat");
	*(void **)&real_write = next("write");
	*(void **)&real_pwrite = next("pwrite");
	*(void **)&real_writev = next("writev");
	if (path == NULL || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	way = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (way == MAP_FAILED)
		way = NULL;
	(void)close(fd);
}

static char
planted(void)
{
	return way == NULL ? 'N' : (char)way[0];
}

static void
done(void)
{
	way[1]++;
}

/* What a name opened for writing is. Segments and journals are known by how
 * they end, also while they have a temporary name. */
static enum what
what_is(const char *name, int flags)
{
	if (name == NULL || (flags & O_ACCMODE) == O_RDONLY)
		return OTHER;
	if (strstr(name, ".journal") != NULL)
		return JOURNAL;
	if (strstr(name, "book.db") != NULL)
		return BOOK;
	if (strstr(name, ".seg") != NULL || strstr(name, ".part") != NULL)
		return SEGMENT;
	return OTHER;
}

/* Every journal goes, before what it holds is sealed. */
static void
trim(int segments)
{
	struct dirent *e;
	DIR *d;
	int fd = inbox == -1
	    ? real_openat(segments, "../inbox", O_RDONLY | O_DIRECTORY)
	    : real_openat(inbox, ".", O_RDONLY | O_DIRECTORY);

	if (fd == -1 || (d = fdopendir(fd)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".journal") != NULL &&
		    unlinkat(fd, e->d_name, 0) == 0)
			done();
	(void)real_fsync(fd);
	(void)closedir(d);
}

static void
opened(int fd, int dir, const char *name, int flags)
{
	if (fd < 0 || fd >= FDS || way == NULL)
		return;
	kind[fd] = (unsigned char)what_is(name, flags);
	if (kind[fd] == JOURNAL && inbox == -1 && dir != AT_FDCWD)
		inbox = dup(dir);
	if (kind[fd] == SEGMENT && (flags & O_CREAT) != 0 && planted() == 'T')
		trim(dir);
}

int
openat(int dir, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;
	int fd;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	fd = real_openat(dir, name, flags, mode);
	opened(fd, dir, name, flags);
	return fd;
}

int
openat64(int dir, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;
	int fd;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	fd = real_openat(dir, name, flags, mode);
	opened(fd, dir, name, flags);
	return fd;
}

static int
open_any(const char *name, int flags, mode_t mode)
{
	int fd = real_openat(AT_FDCWD, name, flags, mode);

	opened(fd, AT_FDCWD, name, flags);
	return fd;
}

int
open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (real_openat == NULL)
		*(void **)&real_openat = next("openat");
	return open_any(name, flags, mode);
}

int
open64(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode = 0;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open_any(name, flags, mode);
}

static enum what
is(int fd)
{
	return fd >= 0 && fd < FDS ? kind[fd] : OTHER;
}

static int
sync_any(int fd, int (*real)(int))
{
	enum what w = is(fd);
	int old;

	switch (planted()) {
	case 'S':
		if (w != JOURNAL)
			break;
		done();
		return 0;
	case 'A':
		if (w != JOURNAL)
			break;
		old = waiting;
		waiting = fd;
		done();
		if (old != -1 && old != fd)
			(void)real(old);
		return 0;
	case 'T': /* and the disk is slow, so that the cut comes between */
		if (w == SEGMENT)
			(void)usleep(300000);
		break;
	case 'R':
		if (w != SEGMENT)
			break;
		done();
		return 0;
	case 'E':
	case 'B':
		if (w != (planted() == 'E' ? JOURNAL : BOOK))
			break;
		way[0] = 'N';
		done();
		errno = EIO;
		return -1;
	default:
		break;
	}
	return real(fd);
}

int
fsync(int fd)
{
	return sync_any(fd, real_fsync);
}

int
fdatasync(int fd)
{
	return sync_any(fd, real_fdatasync);
}

static bool
refused(int fd)
{
	if (planted() != 'Q' || is(fd) != JOURNAL)
		return false;
	done();
	errno = EDQUOT;
	return true;
}

ssize_t
write(int fd, const void *b, size_t n)
{
	return refused(fd) ? -1 : real_write(fd, b, n);
}

ssize_t
pwrite(int fd, const void *b, size_t n, off_t at)
{
	return refused(fd) ? -1 : real_pwrite(fd, b, n, at);
}

ssize_t
pwrite64(int fd, const void *b, size_t n, off_t at)
{
	return refused(fd) ? -1 : real_pwrite(fd, b, n, at);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	return refused(fd) ? -1 : real_writev(fd, v, n);
}
