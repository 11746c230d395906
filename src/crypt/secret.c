/*
 * crypt/secret.c: key files, and their bytes in guarded memory.
 *
 * The memory is libsodium's: locked, between guard pages, left out of core
 * dumps, read-only once filled, wiped when freed.
 */
#include "crypt/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"

#define SECRET_NAME_MAX 200

struct secret {
	size_t len;
	uint8_t *at;
};

/* An empty place for len bytes. */
static struct secret *
secret_new(size_t len)
{
	struct secret *s = calloc(1, sizeof *s);

	if (s == NULL || (s->at = sodium_malloc(len)) == NULL) {
		free(s);
		return NULL;
	}
	s->len = len;
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	sodium_free(s->at);
	free(s);
}

struct secret *
secret_keep(struct span bytes)
{
	struct secret *s = secret_new(bytes.len);

	if (s == NULL)
		return NULL;
	memcpy(s->at, bytes.at, bytes.len);
	(void)sodium_mprotect_readonly(s->at);
	return s;
}

struct span
secret_read(const struct secret *s)
{
	return span_of(s->at, s->len);
}

/* Is this open file what a key file must be? */
static enum err
file_check(int fd, const char *name, size_t len, struct fault *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return fault_sys(why, ERR_IO, "cannot look at key %s", name);
	if (!S_ISREG(st.st_mode))
		return fault_set(why, ERR_DENIED, "key %s is no file", name);
	if ((st.st_mode & 07777) != 0400)
		return fault_set(why, ERR_DENIED,
		    "key %s has mode %04o; it must be 0400", name,
		    (unsigned)(st.st_mode & 07777));
	if ((uintmax_t)st.st_size != len)
		return fault_set(why, ERR_DAMAGE,
		    "key %s has %jd bytes; it must have %zu", name,
		    (intmax_t)st.st_size, len);
	return ERR_OK;
}

/* Exactly s->len bytes from fd. */
static enum err
file_read(int fd, const char *name, struct secret *s, struct fault *why)
{
	size_t got = 0;
	ssize_t n;

	while (got < s->len) {
		n = read(fd, s->at + got, s->len - got);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_sys(
			    why, ERR_IO, "cannot read key %s", name);
		if (n == 0)
			return fault_set(
			    why, ERR_DAMAGE, "key %s is cut short", name);
		got += (size_t)n;
	}
	return ERR_OK;
}

enum err
secret_load(int dir, const char *name, size_t len, struct secret **out,
    struct fault *why)
{
	struct secret *s = NULL;
	enum err e;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return fault_sys(why,
		    errno == ENOENT      ? ERR_NOT_FOUND
			: errno == ELOOP ? ERR_DENIED
					 : ERR_IO,
		    "cannot open key %s", name);
	if ((e = file_check(fd, name, len, why)) != ERR_OK)
		goto out;
	if ((s = secret_new(len)) == NULL) {
		e = fault_set(
		    why, ERR_MEMORY, "no locked memory for key %s", name);
		goto out;
	}
	if ((e = file_read(fd, name, s, why)) != ERR_OK)
		goto out;
	(void)sodium_mprotect_readonly(s->at);
	*out = s; /* handed over */
	s = NULL;
out:
	secret_free(s);
	(void)close(fd);
	return e;
}

/* All of s into fd, and on to the disk. */
static enum err
file_write(int fd, const char *name, const struct secret *s, struct fault *why)
{
	size_t done = 0;
	ssize_t n;

	while (done < s->len) {
		n = write(fd, s->at + done, s->len - done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_sys(
			    why, ERR_IO, "cannot write key %s", name);
		done += (size_t)n;
	}
	if (fsync(fd) == -1)
		return fault_sys(why, ERR_IO, "cannot sync key %s", name);
	return ERR_OK;
}

/* Random bytes into a new file, complete before it has its name. */
static enum err
file_make(int dir, const char *name, size_t len, struct fault *why)
{
	struct secret *s = NULL;
	struct buf next;
	enum err e;
	int fd = -1;

	buf_init(&next, SECRET_NAME_MAX);
	buf_printf(&next, ".%s.new", name);
	if ((e = buf_error(&next)) != ERR_OK) {
		(void)fault_set(why, e, "key name too long");
		goto out;
	}
	if ((s = secret_new(len)) == NULL) {
		e = fault_set(
		    why, ERR_MEMORY, "no locked memory for key %s", name);
		goto out;
	}
	randombytes_buf(s->at, len);
	(void)unlinkat(dir, buf_string(&next), 0); /* of a start cut short */
	fd = openat(dir, buf_string(&next),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd == -1) {
		e = fault_sys(why, ERR_IO, "cannot make key %s", name);
		goto out;
	}
	if (fchmod(fd, 0400) == -1) {
		e = fault_sys(why, ERR_IO, "cannot protect key %s", name);
		goto out;
	}
	if ((e = file_write(fd, name, s, why)) != ERR_OK)
		goto out;
	/* Never over a key that is there. */
	if (renameat2(dir, buf_string(&next), dir, name, RENAME_NOREPLACE) ==
		-1 ||
	    fsync(dir) == -1)
		e = fault_sys(why, ERR_IO, "cannot name key %s", name);
out:
	if (e != ERR_OK && fd != -1)
		(void)unlinkat(dir, buf_string(&next), 0);
	if (fd != -1)
		(void)close(fd);
	buf_clear(&next);
	secret_free(s);
	return e;
}

enum err
secret_make(int dir, const char *name, size_t len, struct secret **out,
    struct fault *why)
{
	struct fault first = { 0 };
	enum err e;

	e = secret_load(dir, name, len, out, &first);
	if (e == ERR_NOT_FOUND) {
		if ((e = file_make(dir, name, len, why)) != ERR_OK)
			return e;
		return secret_load(dir, name, len, out, why);
	}
	if (e != ERR_OK)
		return fault_set(why, e, "%s", first.text);
	return ERR_OK;
}
