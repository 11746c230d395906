/*
 * vault/catalogue.c: frames of items, read at the start, added to later.
 */
#include "vault/catalogue.h"

#include <stdlib.h>

#include "vault/frame.h"

#define FILE_NAME "catalogue"
#define FILE_NEW "catalogue.new"
#define FILE_KEPT "catalogue.damaged"

struct catalogue {
	struct env *env;
	int dir, fd;
	bool failed;
	uint8_t mark[FRAME_MARK_LEN];
	uint64_t size, number;
	struct hash last;
	struct buf stage, out;
};

/* Gives the items of one frame to fn. */
static enum err
items_give(struct span payload, catalogue_fn *fn, void *arg, struct fault *why)
{
	struct cursor c = cursor_of(payload);
	enum err e = ERR_OK;

	while (e == ERR_OK && c.pos < c.all.len) {
		unsigned kind = cursor_u8(&c);
		struct span body = cursor_block(&c, FRAME_PAYLOAD_MAX);

		if (c.bad)
			return fault_set(why, ERR_SYNTAX, "catalogue: item");
		e = fn(arg, (enum catalogue_kind)kind, body, why);
	}
	return e;
}

/* Where reading ended. */
struct ended {
	uint64_t at, number;
	struct hash last;
	uint8_t mark[FRAME_MARK_LEN];
};

/* Reads every frame of the open file. */
static enum err
frames_read(struct env *env, int fd, catalogue_fn *fn, void *arg,
    struct catalogue_found *found, struct ended *end, struct fault *why)
{
	enum frame_found what;
	uint64_t at = 0, next;
	struct frame f;
	struct buf b;
	enum err e = env->ops->size(env, fd, &found->bytes, why);

	buf_init(&b, FRAME_PAYLOAD_MAX);
	while (e == ERR_OK) {
		e = frame_read(
		    env, fd, found->bytes, 0, at, &b, &f, &what, &next, why);
		if (e != ERR_OK || what == FRAME_END)
			break;
		if (what == FRAME_TORN) {
			found->torn = found->bytes - at;
			break;
		}
		if (what == FRAME_WHOLE) {
			e = items_give(buf_view(&b), fn, arg, why);
			if (e == ERR_SYNTAX || e == ERR_DAMAGE)
				what = FRAME_BAD;
			if (end->number != 0 && f.number != end->number + 1)
				what = FRAME_BAD;
			end->number = f.number;
			end->last = f.hash;
			memcpy(end->mark, f.mark, FRAME_MARK_LEN);
		}
		if (what == FRAME_BAD) {
			found->damaged = true;
			e = e == ERR_SYNTAX || e == ERR_DAMAGE ? ERR_OK : e;
		}
		at = next;
	}
	buf_clear(&b);
	end->at = at;
	return e;
}

enum err
catalogue_read(struct env *env, int dir, catalogue_fn *fn, void *arg,
    struct catalogue_found *found, struct fault *why)
{
	struct ended end = { .at = 0 };
	enum err e;
	int fd;

	*found = (struct catalogue_found){ .there = false };
	e = env->ops->open(env, dir, FILE_NAME, ENV_READ, &fd, why);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	found->there = true;
	e = frames_read(env, fd, fn, arg, found, &end, why);
	env->ops->close(env, fd);
	return e;
}

/* An empty catalogue under a name. */
static enum err
file_begin(struct catalogue *c, const char *name, struct fault *why)
{
	struct env *env = c->env;
	enum err e;
	int fd;

	(void)env->ops->unlink(env, c->dir, FILE_NEW, NULL);
	e = env->ops->random(env, c->mark, sizeof c->mark, why);
	if (e == ERR_OK)
		e = env->ops->open(env, c->dir, name, ENV_APPEND, &fd, why);
	if (e != ERR_OK)
		return e;
	if (c->fd != -1)
		env->ops->close(env, c->fd);
	c->fd = fd;
	if ((e = env->ops->truncate(env, fd, 0, why)) != ERR_OK)
		return e;
	c->size = c->number = 0;
	c->last = (struct hash){ { 0 } };
	return ERR_OK;
}

/* Goes on writing behind what was read. */
static enum err
file_resume(struct catalogue *c, const struct catalogue_found *found,
    const struct ended *end, struct fault *why)
{
	struct env *env = c->env;
	enum err e = env->ops->open(
	    env, c->dir, FILE_NAME, ENV_APPEND, &c->fd, why);

	if (e != ERR_OK) {
		c->fd = -1;
		return e;
	}
	if (found->torn > 0) {
		e = env->ops->truncate(env, c->fd, end->at, why);
		if (e == ERR_OK)
			e = env->ops->sync(env, c->fd, why);
	}
	c->size = end->at;
	c->number = end->number;
	c->last = end->last;
	memcpy(c->mark, end->mark, FRAME_MARK_LEN);
	return e;
}

enum err
catalogue_open(struct env *env, int dir, catalogue_fn *fn, void *arg,
    struct catalogue **out, struct catalogue_found *found, struct fault *why)
{
	struct catalogue *c = calloc(1, sizeof *c);
	struct ended end = { .at = 0 };
	enum err e;
	int fd;

	if (c == NULL)
		return fault_set(why, ERR_MEMORY, "catalogue");
	c->env = env;
	c->dir = dir;
	c->fd = -1;
	buf_init(&c->stage, FRAME_PAYLOAD_MAX);
	buf_init(&c->out, (size_t)FRAME_PAYLOAD_MAX + FRAME_HEAD);
	*found = (struct catalogue_found){ .there = false };
	e = env->ops->open(env, dir, FILE_NAME, ENV_READ, &fd, why);
	if (e == ERR_OK) {
		found->there = true;
		e = frames_read(env, fd, fn, arg, found, &end, why);
		env->ops->close(env, fd);
	} else if (e == ERR_NOT_FOUND) {
		e = ERR_OK;
	}
	if (e == ERR_OK && found->damaged)
		e = env->ops->rename(env, dir, FILE_NAME, FILE_KEPT, why);
	if (e == ERR_OK)
		e = found->there && !found->damaged && end.number > 0
		    ? file_resume(c, found, &end, why)
		    : file_begin(c, FILE_NAME, why);
	if (e == ERR_OK)
		e = env->ops->sync(env, dir, why);
	if (e != ERR_OK) {
		catalogue_close(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void
catalogue_close(struct catalogue *c)
{
	if (c == NULL)
		return;
	if (c->fd != -1)
		c->env->ops->close(c->env, c->fd);
	buf_clear(&c->stage);
	buf_clear(&c->out);
	free(c);
}

void
catalogue_add(struct catalogue *c, enum catalogue_kind kind, struct span body)
{
	buf_u8(&c->stage, (uint8_t)kind);
	buf_block(&c->stage, body);
}

/* Ends the catalogue: what is on the disk is not known any more. */
static enum err
fail(struct catalogue *c, enum err e, struct fault *why)
{
	c->failed = true;
	(void)fault_at(why, "catalogue");
	return e == ERR_MEMORY ? e : ERR_IO;
}

void
catalogue_spoil(struct catalogue *c, enum err e)
{
	if (c->stage.bad == ERR_OK)
		c->stage.bad = e;
}

enum err
catalogue_sync(struct catalogue *c, struct fault *why)
{
	struct env *env = c->env;
	struct frame f = {
		.at = c->size, .number = c->number + 1, .prev = c->last
	};
	enum err e = buf_error(&c->stage);

	if (c->failed)
		return fault_set(why, ERR_IO, "the catalogue has failed");
	if (e != ERR_OK)
		return fail(c, fault_set(why, e, "catalogue"), why);
	if (c->stage.len == 0)
		return ERR_OK;
	memcpy(f.mark, c->mark, FRAME_MARK_LEN);
	buf_reset(&c->out);
	frame_put(&c->out, &f, buf_view(&c->stage));
	buf_reset(&c->stage);
	if (buf_error(&c->out) != ERR_OK)
		return fail(c, fault_set(why, ERR_MEMORY, "catalogue"), why);
	e = env->ops->write(env, c->fd, buf_view(&c->out), why);
	if (e == ERR_FULL) {
		if (env->ops->truncate(env, c->fd, c->size, NULL) != ERR_OK)
			return fail(c, ERR_IO, why);
		return e;
	}
	if (e != ERR_OK || (e = env->ops->sync(env, c->fd, why)) != ERR_OK)
		return fail(c, e, why);
	c->size += c->out.len;
	c->number = f.number;
	c->last = f.hash;
	return ERR_OK;
}

enum err
catalogue_renew(struct catalogue *c, struct fault *why)
{
	struct env *env = c->env;
	enum err e = file_begin(c, FILE_NEW, why);

	if (e == ERR_OK)
		e = catalogue_sync(c, why);
	if (e == ERR_OK)
		e = env->ops->rename(env, c->dir, FILE_NEW, FILE_NAME, why);
	if (e == ERR_OK)
		e = env->ops->sync(env, c->dir, why);
	if (e != ERR_OK)
		c->failed = true;
	return e;
}

uint64_t
catalogue_bytes(const struct catalogue *c)
{
	return c->size;
}
