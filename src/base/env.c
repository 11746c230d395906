/*
 * base/env.c: the real clock, disk and randomness.
 *
 * About    POSIX files, opened below a folder's descriptor, never through a
 *          symbolic link in the last place, never kept across exec.
 * Works on descriptors as the handles of struct env; AT_FDCWD is a folder.
 * Source   POSIX.1-2008; a failed fsync is never tried again, since the
 *          kernel may by then have dropped the pages it could not write.
 */
#include "base/env.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE 0640
#define DIR_MODE 0750

/* The code that errno stands for, where it is not ERR_IO. */
static enum err
code(void)
{
	if (errno == ENOENT)
		return ERR_NOT_FOUND;
	if (errno == EEXIST)
		return ERR_EXISTS;
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return ERR_DENIED;
	return ERR_IO;
}

static int64_t
sys_now_us(struct env *env)
{
	struct timespec t;

	(void)env;
	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail on Linux */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static enum err
sys_random(struct env *env, void *to, size_t len, struct fault *why)
{
	uint8_t *p = to;

	(void)env;
	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return fault_sys(why, ERR_IO, "no random bytes");
		p += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

static enum err
sys_open(struct env *env, int dir, const char *name, enum env_open how, int *fd,
    struct fault *why)
{
	static const int flags[] = {
		[ENV_READ] = O_RDONLY,
		[ENV_APPEND] = O_RDWR | O_CREAT | O_APPEND,
		[ENV_CREATE] = O_RDWR | O_CREAT | O_EXCL,
	};
	int got;

	(void)env;
	do
		got = openat(
		    dir, name, flags[how] | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return fault_sys(why, code(), "cannot open %s", name);
	*fd = got;
	return ERR_OK;
}

static enum err
sys_open_dir(struct env *env, int dir, const char *name, bool make, int *fd,
    struct fault *why)
{
	int got;

	(void)env;
	if (make && mkdirat(dir, name, DIR_MODE) == -1 && errno != EEXIST)
		return fault_sys(why, code(), "cannot make folder %s", name);
	got = openat(
	    dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (got == -1)
		return fault_sys(why, code(), "cannot open folder %s", name);
	*fd = got;
	return ERR_OK;
}

static void
sys_close(struct env *env, int fd)
{
	(void)env;
	(void)close(fd); /* what had to last was synced before */
}

static enum err
sys_size(struct env *env, int fd, uint64_t *len, struct fault *why)
{
	struct stat st;

	(void)env;
	if (fstat(fd, &st) == -1)
		return fault_sys(why, ERR_IO, "cannot ask a file's length");
	*len = (uint64_t)st.st_size;
	return ERR_OK;
}

static enum err
sys_read(struct env *env, int fd, uint64_t at, void *to, size_t len,
    struct fault *why)
{
	uint8_t *p = to;
	size_t done = 0;

	(void)env;
	if (at > INT64_MAX || len > INT64_MAX - at)
		return fault_set(why, ERR_RANGE, "read past any file's end");
	while (done < len) {
		ssize_t n = pread(fd, p + done, len - done, (off_t)(at + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_sys(why, ERR_IO, "cannot read");
		if (n == 0)
			return fault_set(why, ERR_DAMAGE,
			    "the file ends at byte %llu, before %llu",
			    (unsigned long long)(at + done),
			    (unsigned long long)(at + len));
		done += (size_t)n;
	}
	return ERR_OK;
}

static enum err
sys_write(struct env *env, int fd, struct span s, struct fault *why)
{
	(void)env;
	while (s.len > 0) {
		ssize_t n = write(fd, s.at, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_sys(why, ERR_IO, "cannot write");
		s = span_slice(s, (size_t)n, SIZE_MAX);
	}
	return ERR_OK;
}

static enum err
sys_truncate(struct env *env, int fd, uint64_t len, struct fault *why)
{
	int rc;

	(void)env;
	if (len > INT64_MAX)
		return fault_set(why, ERR_RANGE, "longer than any file");
	do
		rc = ftruncate(fd, (off_t)len);
	while (rc == -1 && errno == EINTR);
	if (rc == -1)
		return fault_sys(why, ERR_IO, "cannot cut a file");
	if (lseek(fd, (off_t)len, SEEK_SET) == -1)
		return fault_sys(why, ERR_IO, "cannot cut a file");
	return ERR_OK;
}

static enum err
sys_sync(struct env *env, int fd, struct fault *why)
{
	struct stat st;

	(void)env;
	if (fstat(fd, &st) == -1 ||
	    (S_ISDIR(st.st_mode) ? fsync(fd) : fdatasync(fd)) == -1)
		return fault_sys(why, ERR_IO, "cannot sync");
	return ERR_OK;
}

static enum err
sys_rename(struct env *env, int dir, const char *from, const char *to,
    struct fault *why)
{
	(void)env;
	if (renameat(dir, from, dir, to) == -1)
		return fault_sys(
		    why, code(), "cannot rename %s to %s", from, to);
	return ERR_OK;
}

static enum err
sys_unlink(struct env *env, int dir, const char *name, struct fault *why)
{
	(void)env;
	if (unlinkat(dir, name, 0) == -1)
		return fault_sys(why, code(), "cannot remove %s", name);
	return ERR_OK;
}

static enum err
sys_list(
    struct env *env, int dir, env_name_fn *call, void *arg, struct fault *why)
{
	enum err e = ERR_OK;
	DIR *d;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)env;
	if (fd == -1)
		return fault_sys(why, code(), "cannot list a folder");
	if ((d = fdopendir(fd)) == NULL) {
		e = fault_sys(why, ERR_IO, "cannot list a folder");
		(void)close(fd); /* was only read */
		return e;
	}
	while (e == ERR_OK) {
		struct dirent *entry;

		errno = 0;
		if ((entry = readdir(d)) == NULL) {
			if (errno != 0)
				e = fault_sys(
				    why, ERR_IO, "cannot list a folder");
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			e = call(arg, entry->d_name);
	}
	(void)closedir(d); /* was only read */
	return e;
}

static enum err
sys_space(struct env *env, int dir, uint64_t *bytes, struct fault *why)
{
	struct statvfs st;

	(void)env;
	if (fstatvfs(dir, &st) == -1)
		return fault_sys(why, ERR_IO, "cannot ask for free space");
	*bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return ERR_OK;
}

struct env *
env_system(void)
{
	static const struct env_ops ops = {
		.now_us = sys_now_us,
		.random = sys_random,
		.open = sys_open,
		.open_dir = sys_open_dir,
		.close = sys_close,
		.size = sys_size,
		.read = sys_read,
		.write = sys_write,
		.truncate = sys_truncate,
		.sync = sys_sync,
		.rename = sys_rename,
		.unlink = sys_unlink,
		.list = sys_list,
		.space = sys_space,
	};
	static struct env env = { .ops = &ops };

	return &env;
}
