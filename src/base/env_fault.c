/*
 * base/env_fault.c: the env that fails when told to.
 */
#include "base/env_fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

#define LOG_MAX ((size_t)1 << 20)

struct state {
	struct env env; /* what the caller holds */
	struct env *under;
	uint64_t nth, count;
	unsigned ops;
	enum env_failure how;
	bool stays, struck;
	bool frozen, seeded;
	int64_t at_us;
	uint64_t seed;
	struct buf log;
};

static struct state *
state_of(const struct env *env)
{
	return env->state;
}

/* Writes one line about what is asked for. */
static void __attribute__((format(printf, 2, 3)))
note(struct state *s, const char *fmt, ...)
{
	char line[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	buf_printf(&s->log, "%s\n", line);
}

/* Puts the code's name behind the line last written. */
static enum err
noted(struct state *s, enum err e)
{
	if (e != ERR_OK && s->log.len > 0 && buf_error(&s->log) == ERR_OK) {
		s->log.len--;
		buf_printf(&s->log, " !%s\n", err_name(e));
	}
	return e;
}

/* Counts one operation; true when it is the one to fail. */
static bool
strikes(struct state *s, unsigned op)
{
	if (s->struck && s->stays)
		return true;
	if ((s->ops & op) == 0)
		return false;
	s->count++;
	if (s->nth == 0 || s->count != s->nth)
		return false;
	s->struck = true;
	return true;
}

/* The failure itself, with the line the system would give. */
static enum err
strike(struct state *s, const char *what, struct fault *why)
{
	enum err e = ERR_IO;

	errno = EIO;
	if (s->how == ENV_FAIL_FULL)
		errno = ENOSPC;
	else if (s->how == ENV_FAIL_MEMORY)
		errno = ENOMEM;
	e = fault_sys(why, e, "cannot %s", what);
	return noted(s, e);
}

static int64_t
fault_now_us(struct env *env)
{
	struct state *s = state_of(env);

	return s->frozen ? s->at_us : s->under->ops->now_us(s->under);
}

/* The next number of a seeded row (splitmix64). */
static uint64_t
next_number(struct state *s)
{
	uint64_t z = s->seed += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static enum err
fault_random(struct env *env, void *to, size_t len, struct fault *why)
{
	struct state *s = state_of(env);
	uint8_t *p = to;

	note(s, "random %zu", len);
	if (strikes(s, ENV_OP_RANDOM))
		return strike(s, "draw random bytes", why);
	if (!s->seeded)
		return noted(s, s->under->ops->random(s->under, to, len, why));
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)next_number(s);
	return ERR_OK;
}

static enum err
fault_open(struct env *env, int dir, const char *name, enum env_open how,
    int *fd, struct fault *why)
{
	static const char *const words[] = {
		[ENV_READ] = "read",
		[ENV_APPEND] = "append",
		[ENV_CREATE] = "create",
	};
	struct state *s = state_of(env);

	note(s, "open %s %s", words[how], name);
	if (strikes(s, ENV_OP_OPEN))
		return strike(s, "open", why);
	return noted(s, s->under->ops->open(s->under, dir, name, how, fd, why));
}

static enum err
fault_open_dir(struct env *env, int dir, const char *name, bool make, int *fd,
    struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "open-dir%s %s", make ? " make" : "", name);
	if (strikes(s, ENV_OP_OPEN_DIR))
		return strike(s, "open a folder", why);
	return noted(
	    s, s->under->ops->open_dir(s->under, dir, name, make, fd, why));
}

static void
fault_close(struct env *env, int fd)
{
	struct state *s = state_of(env);

	s->under->ops->close(s->under, fd);
}

static enum err
fault_size(struct env *env, int fd, uint64_t *len, struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "size");
	if (strikes(s, ENV_OP_SIZE))
		return strike(s, "ask a file's length", why);
	return noted(s, s->under->ops->size(s->under, fd, len, why));
}

static enum err
fault_read(struct env *env, int fd, uint64_t at, void *to, size_t len,
    struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "read %llu %zu", (unsigned long long)at, len);
	if (strikes(s, ENV_OP_READ))
		return strike(s, "read", why);
	return noted(s, s->under->ops->read(s->under, fd, at, to, len, why));
}

static enum err
fault_write(struct env *env, int fd, struct span data, struct fault *why)
{
	struct state *s = state_of(env);
	bool again = s->struck;
	enum err e;

	note(s, "write %zu", data.len);
	if (!strikes(s, ENV_OP_WRITE))
		return noted(s, s->under->ops->write(s->under, fd, data, why));
	if (s->how == ENV_FAIL_TORN && !again) {
		e = s->under->ops->write(
		    s->under, fd, span_slice(data, 0, data.len / 2), why);
		if (e != ERR_OK)
			return noted(s, e);
	}
	return strike(s, "write", why);
}

static enum err
fault_truncate(struct env *env, int fd, uint64_t len, struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "truncate %llu", (unsigned long long)len);
	if (strikes(s, ENV_OP_TRUNCATE))
		return strike(s, "cut a file", why);
	return noted(s, s->under->ops->truncate(s->under, fd, len, why));
}

static enum err
fault_sync(struct env *env, int fd, struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "sync");
	if (strikes(s, ENV_OP_SYNC))
		return strike(s, "sync", why);
	return noted(s, s->under->ops->sync(s->under, fd, why));
}

static enum err
fault_rename(struct env *env, int dir, const char *from, const char *to,
    struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "rename %s %s", from, to);
	if (strikes(s, ENV_OP_RENAME))
		return strike(s, "rename", why);
	return noted(s, s->under->ops->rename(s->under, dir, from, to, why));
}

static enum err
fault_unlink(struct env *env, int dir, const char *name, struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "unlink %s", name);
	if (strikes(s, ENV_OP_UNLINK))
		return strike(s, "remove", why);
	return noted(s, s->under->ops->unlink(s->under, dir, name, why));
}

static enum err
fault_list(
    struct env *env, int dir, env_name_fn *call, void *arg, struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "list");
	if (strikes(s, ENV_OP_LIST))
		return strike(s, "list a folder", why);
	return s->under->ops->list(s->under, dir, call, arg, why);
}

static enum err
fault_space(struct env *env, int dir, uint64_t *bytes, struct fault *why)
{
	struct state *s = state_of(env);

	note(s, "space");
	if (strikes(s, ENV_OP_SPACE))
		return strike(s, "ask for free space", why);
	return noted(s, s->under->ops->space(s->under, dir, bytes, why));
}

struct env *
env_fault_new(struct env *under)
{
	static const struct env_ops ops = {
		.now_us = fault_now_us,
		.random = fault_random,
		.open = fault_open,
		.open_dir = fault_open_dir,
		.close = fault_close,
		.size = fault_size,
		.read = fault_read,
		.write = fault_write,
		.truncate = fault_truncate,
		.sync = fault_sync,
		.rename = fault_rename,
		.unlink = fault_unlink,
		.list = fault_list,
		.space = fault_space,
	};
	struct state *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->env = (struct env){ .ops = &ops, .state = s };
	s->under = under;
	buf_init(&s->log, LOG_MAX);
	return &s->env;
}

void
env_fault_free(struct env *env)
{
	struct state *s;

	if (env == NULL)
		return;
	s = state_of(env);
	buf_clear(&s->log);
	free(s);
}

void
env_fault_at(struct env *env, uint64_t nth, unsigned ops, enum env_failure how,
    bool stays)
{
	struct state *s = state_of(env);

	s->nth = nth;
	s->count = 0;
	s->ops = ops;
	s->how = how;
	s->stays = stays;
	s->struck = false;
}

uint64_t
env_fault_count(const struct env *env)
{
	return state_of(env)->count;
}

bool
env_fault_struck(const struct env *env)
{
	return state_of(env)->struck;
}

void
env_fault_freeze(struct env *env, int64_t us)
{
	struct state *s = state_of(env);

	s->frozen = true;
	s->at_us = us;
}

void
env_fault_advance(struct env *env, int64_t by_us)
{
	state_of(env)->at_us += by_us;
}

void
env_fault_thaw(struct env *env)
{
	state_of(env)->frozen = false;
}

void
env_fault_seed(struct env *env, uint64_t seed)
{
	struct state *s = state_of(env);

	s->seeded = true;
	s->seed = seed;
}

const char *
env_fault_log(const struct env *env)
{
	return buf_string(&state_of(env)->log);
}

void
env_fault_log_clear(struct env *env)
{
	buf_reset(&state_of(env)->log);
}
