/*
 * proc/sealer.c: the process that makes segments.
 *
 * Holds    the vault folder; it reads journals and writes new segments.
 * Reads    plans from keeper (vault/seal.h); records, which are hostile.
 * Asks     nobody.
 * Leaves   the network, the database, the keys; a plan brings its one.
 * Fence    user beimen-keeper, whose files these are; files of the vault
 *          folder, no sockets.
 *
 * Compressing takes seconds, accepting must not wait for it: so it is a
 * process of its own. It keeps nothing between two plans; killed at any time,
 * it leaves an unnamed file that keeper removes, and the journals as they
 * were.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "proc/roles.h"
#include "vault/seal.h"

struct sealer {
	struct child *child;
	struct env *env;
	int inbox_dir, segments_dir;
};

/* Opens the two folders; keeper makes them at its first start. */
static enum err
folders_open(struct sealer *s, struct fault *why)
{
	const struct env_ops *o = s->env->ops;
	struct buf path;
	int dir;
	enum err e;

	buf_init(&path, 4096);
	e = child_path(s->child, "vault", &path, why);
	if (e == ERR_OK)
		e = o->open_dir(
		    s->env, AT_FDCWD, buf_string(&path), false, &dir, why);
	buf_clear(&path);
	if (e != ERR_OK)
		return e;
	e = o->open_dir(s->env, dir, "inbox", true, &s->inbox_dir, why);
	if (e == ERR_OK)
		e = o->open_dir(
		    s->env, dir, "segments", true, &s->segments_dir, why);
	o->close(s->env, dir);
	return e;
}

enum err
sealer_proc_start(struct child *c, struct fault *why)
{
	struct sealer *s = calloc(1, sizeof *s);

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "sealer");
	c->state = s;
	s->child = c;
	s->env = env_system();
	s->inbox_dir = s->segments_dir = -1;
	return folders_open(s, why);
}

/* Answered when nothing is under way, as always when we answer at all. */
enum err
on_sealer_ready(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	(void)c;
	(void)who;
	(void)ask;
	(void)answer;
	(void)why;
	return ERR_OK;
}

/* Told to end, a plan is left: it will be planned again. */
static bool
stop(void *arg)
{
	return child_ends(arg);
}

/* Ask: a plan. Answer: what came of it (vault/seal.h). */
enum err
on_sealer_seal(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	const struct inbox_options bare = { .bare = true };
	struct sealer *s = c->state;
	struct inbox *inbox = NULL;
	struct seal_plan plan;
	struct seal_done done;
	enum err e = seal_plan_get(cursor_rest(ask), &plan, why);

	(void)who;
	if (e != ERR_OK)
		return e;
	e = inbox_open(s->env, s->inbox_dir, false, &bare, &inbox, NULL, why);
	if (e == ERR_OK)
		e = seal_run(
		    s->env, s->segments_dir, inbox, &plan, stop, c, &done, why);
	if (e == ERR_OK)
		seal_done_put(answer, &done);
	inbox_close(inbox);
	seal_plan_clear(&plan);
	return e;
}

void
sealer_proc_stop(struct child *c)
{
	struct sealer *s = c->state;

	if (s->inbox_dir != -1)
		s->env->ops->close(s->env, s->inbox_dir);
	if (s->segments_dir != -1)
		s->env->ops->close(s->env, s->segments_dir);
	free(s);
}
