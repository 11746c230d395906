/*
 * base/env.h: the seam through which time, disk and randomness are reached.
 *
 * Keeper, ledger and signer code never calls the system for these by itself:
 * it is handed a struct env, so that a test (and later a seeded simulator)
 * can stop the clock, fail the Nth write or fill the disk. File handles are
 * small integers given by open. Every operation returns ERR_OK or an error
 * with a line; none retries an fsync.
 *
 * Errors are ERR_IO unless: ERR_NOT_FOUND no such file or folder, ERR_EXISTS
 * one is there already, ERR_DENIED by permission, ERR_FULL no space, and
 * ERR_DAMAGE as below. After a failed write part of the bytes may stand in
 * the file: the writer truncates or gives the file up.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include "base/fault.h"
#include "base/span.h"

struct env;

enum env_open {
	ENV_READ, /* must exist */
	ENV_APPEND, /* made when missing; all writes go to the end */
	ENV_CREATE, /* must not exist; writing from 0 */
};

/* Called for each name in a folder but "." and ".."; not ERR_OK stops. */
typedef enum err env_name_fn(void *arg, const char *name);

struct env_ops {
	int64_t (*now_us)(struct env *);
	enum err (*random)(struct env *, void *to, size_t len, struct fault *);
	enum err (*open)(struct env *, int dir, const char *name, enum env_open,
	    int *fd, struct fault *);
	enum err (*open_dir)(struct env *, int dir, const char *name, bool make,
	    int *fd, struct fault *);
	void (*close)(struct env *, int fd);
	enum err (*size)(struct env *, int fd, uint64_t *len, struct fault *);
	/* read: exactly len bytes at `at`, or ERR_DAMAGE when the file ends. */
	enum err (*read)(struct env *, int fd, uint64_t at, void *to,
	    size_t len, struct fault *);
	enum err (*write)(struct env *, int fd, struct span, struct fault *);
	/* truncate: to len bytes; the next write goes to the end. */
	enum err (*truncate)(
	    struct env *, int fd, uint64_t len, struct fault *);
	/* sync: the file's bytes and length are on disk (fdatasync), or for a
	 * folder its names (fsync). */
	enum err (*sync)(struct env *, int fd, struct fault *);
	enum err (*rename)(struct env *, int dir, const char *from,
	    const char *to, struct fault *);
	enum err (*unlink)(
	    struct env *, int dir, const char *name, struct fault *);
	enum err (*list)(
	    struct env *, int dir, env_name_fn *, void *arg, struct fault *);
	/* space: bytes free for us where dir lies. */
	enum err (*space)(
	    struct env *, int dir, uint64_t *bytes, struct fault *);
};

struct env {
	const struct env_ops *ops;
	void *state; /* the implementation's own */
};

/* env_system: the real one; its handles are descriptors and AT_FDCWD is a
 * folder. Files get mode 0640, folders 0750, less the umask. It serves the
 * whole process and is never freed. */
struct env *env_system(void);

#endif
