/*
 * proc/keeper_values.c: tables that book fills for the detection rules.
 */
#include "proc/keeper_values.h"

#define FILE_NAME "inventory"
#define FILE_MAX ((size_t)8 << 20)
#define TABLE "inventory_mac"

/* Puts the lines into the rules' table. */
static enum err
table_fill(struct keeper *k, struct span lines, struct fault *why)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct cursor c = cursor_of(lines);
	struct span *value = NULL;
	size_t n = 0, most = 1;
	enum err e;

	for (size_t i = 0; i < lines.len; i++)
		most += lines.at[i] == '\n';
	if (a != NULL)
		value = arena_array(a, most, sizeof *value);
	if (value == NULL) {
		arena_free(a);
		return fault_set(why, ERR_MEMORY, TABLE);
	}
	while (c.pos < c.all.len && n < most) {
		value[n] = cursor_until(&c, '\n', NULL);
		n += value[n].len > 0;
	}
	e = n == 0 ? ERR_OK
		   : sigma_table_set(k->detections, TABLE, value, n, why);
	arena_free(a);
	/* An agency's own values.yaml may have made it a fixed list. */
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
keeper_values_load(struct keeper *k, struct fault *why)
{
	const struct env_ops *o = k->env->ops;
	struct buf b;
	uint64_t len;
	int fd;
	enum err e;

	if (o->open(k->env, k->dir, FILE_NAME, ENV_READ, &fd, why) != ERR_OK)
		return ERR_OK; /* the first start */
	buf_init(&b, FILE_MAX);
	e = o->size(k->env, fd, &len, why);
	if (e == ERR_OK && buf_room(&b, len) == NULL)
		e = fault_set(why, ERR_LIMIT, "vault/" FILE_NAME " too long");
	if (e == ERR_OK)
		e = o->read(k->env, fd, 0, b.at, len, why);
	if (e == ERR_OK) {
		buf_took(&b, len);
		e = table_fill(k, buf_view(&b), why);
	}
	o->close(k->env, fd);
	buf_clear(&b);
	return e;
}

enum err
keeper_values_take(struct keeper *k, struct span lines, struct fault *why)
{
	const struct env_ops *o = k->env->ops;
	enum err e = table_fill(k, lines, why);
	int fd;

	if (e != ERR_OK)
		return e;
	(void)o->unlink(k->env, k->dir, FILE_NAME ".new", NULL);
	e = o->open(k->env, k->dir, FILE_NAME ".new", ENV_CREATE, &fd, why);
	if (e != ERR_OK)
		return e;
	if ((e = o->write(k->env, fd, lines, why)) == ERR_OK)
		e = o->sync(k->env, fd, why);
	o->close(k->env, fd);
	if (e == ERR_OK)
		e = o->rename(k->env, k->dir, FILE_NAME ".new", FILE_NAME, why);
	return e == ERR_OK ? o->sync(k->env, k->dir, why) : e;
}
