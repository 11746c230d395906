/*
 * fuzz/vault/memory.h: an env that holds one file, and lets it be read.
 */
#ifndef FUZZ_VAULT_MEMORY_H
#define FUZZ_VAULT_MEMORY_H

#include "base/env.h"

struct memory {
	struct env env;
	const char *name;
	struct span file;
};

static int64_t
memory_now_us(struct env *env)
{
	(void)env;
	return 1;
}

static enum err
memory_random(struct env *env, void *to, size_t len, struct fault *why)
{
	(void)env;
	(void)why;
	memset(to, 1, len);
	return ERR_OK;
}

static enum err
memory_open(struct env *env, int dir, const char *name, enum env_open how,
    int *fd, struct fault *why)
{
	const struct memory *m = env->state;

	(void)dir;
	if (how != ENV_READ || strcmp(name, m->name) != 0)
		return fault_set(why, ERR_NOT_FOUND, "%s", name);
	*fd = 1;
	return ERR_OK;
}

static void
memory_close(struct env *env, int fd)
{
	(void)env;
	(void)fd;
}

static enum err
memory_size(struct env *env, int fd, uint64_t *len, struct fault *why)
{
	const struct memory *m = env->state;

	(void)fd;
	(void)why;
	*len = m->file.len;
	return ERR_OK;
}

static enum err
memory_read(struct env *env, int fd, uint64_t at, void *to, size_t len,
    struct fault *why)
{
	const struct memory *m = env->state;

	(void)fd;
	if (at > m->file.len || len > m->file.len - at)
		return fault_set(why, ERR_DAMAGE, "the file ends");
	if (len > 0)
		memcpy(to, m->file.at + at, len);
	return ERR_OK;
}

static enum err
memory_list(
    struct env *env, int dir, env_name_fn *fn, void *arg, struct fault *why)
{
	const struct memory *m = env->state;

	(void)dir;
	(void)why;
	return fn(arg, m->name);
}

/* memory_env: reading `file` under `name`; m is the caller's. */
static struct env *
memory_env(struct memory *m, const char *name, struct span file)
{
	static const struct env_ops ops = {
		.now_us = memory_now_us,
		.random = memory_random,
		.open = memory_open,
		.close = memory_close,
		.size = memory_size,
		.read = memory_read,
		.list = memory_list,
	};

	*m = (struct memory){
		.env = { .ops = &ops, .state = m }, .name = name, .file = file
	};
	return &m->env;
}

#endif
