/*
 * proc/follow_state.c: what is remembered of files: DIR/follow/state.
 *
 * One JSON list, a row a file: where it is, how it is known again, `at` up to
 * which everything is durable, and `to`: a range [at, to) that was on its way.
 * It is written before a range is sent and synced; so after a kill the same
 * range is sent again, and what was stored of it is recognised by its batch
 * ids. The file is written beside itself and renamed, never in place.
 */
#include "proc/follow_own.h"

#include <fcntl.h>
#include <string.h>

#include "base/env.h"
#include "base/text.h"

#define STATE_MAX ((size_t)8 << 20)

static void
hash_put(json_t *o, const char *key, const struct hash *h)
{
	struct buf hex;

	buf_init(&hex, 2 * HASH_LEN);
	text_hex(&hex, span_of(h->at, HASH_LEN));
	json_put_str(o, key, buf_string(&hex));
	buf_clear(&hex);
}

static bool
hash_get(const json_t *o, const char *key, struct hash *h)
{
	return text_unhex_fixed(
	    span_text(json_get_text(o, key, "")), h->at, HASH_LEN);
}

static void
id_put(json_t *to, const char *key, const struct follow_id *id)
{
	json_t *o = json_object();

	json_put_int(o, "dev", (int64_t)id->dev);
	json_put_int(o, "ino", (int64_t)id->ino);
	json_put_int(o, "born_us", id->born_us);
	json_put_int(o, "gen", (int64_t)id->gen);
	json_object_set_new(to, key, o);
}

static json_t *
row_print(const struct follow_file *f)
{
	json_t *o = json_object();

	json_put_str(o, "path", f->dir->path);
	json_put_str(o, "name", f->name);
	json_put_int(o, "dev", (int64_t)f->dev);
	json_put_int(o, "ino", (int64_t)f->ino);
	json_put_int(o, "born_us", f->born_us);
	json_put_int(o, "gen", (int64_t)f->gen);
	json_put_int(o, "head_n", f->head_n);
	hash_put(o, "head", &f->head);
	json_put_int(o, "at", (int64_t)f->at);
	json_put_int(o, "to", (int64_t)f->to);
	json_put_int(o, "cut_at", (int64_t)f->cut_at);
	json_put_int(o, "cut_to", (int64_t)f->cut_to);
	id_put(o, "id", &f->id);
	id_put(o, "cut_id", &f->cut_id);
	json_put_int(o, "cut_head_n", f->cut_head_n);
	hash_put(o, "cut_head", &f->cut_head);
	if (f->copy_of != NULL) {
		json_put_int(o, "copy_ino", (int64_t)f->copy_of->ino);
		json_put_int(o, "copy_gen", (int64_t)f->copy_gen);
		json_put_int(o, "copy_at", (int64_t)f->copy_at);
	}
	return o;
}

enum err
tail_state_save(struct follow_state *s, struct fault *why)
{
	struct env *env = env_system();
	json_t *list = json_array();
	int fd = -1;
	enum err e;

	for (const struct follow_file *f = s->files; f != NULL; f = f->next)
		(void)json_array_append_new(list, row_print(f));
	buf_reset(&s->text);
	json_canonical(&s->text, list);
	json_decref(list);
	if ((e = buf_error(&s->text)) != ERR_OK)
		return fault_set(why, e, "follow/state");
	(void)env->ops->unlink(env, s->state_dir, "state.new", NULL);
	if ((e = env->ops->open(env, s->state_dir, "state.new", ENV_CREATE, &fd,
		 why)) != ERR_OK)
		return e;
	e = env->ops->write(env, fd, buf_view(&s->text), why);
	if (e == ERR_OK)
		e = env->ops->sync(env, fd, why);
	env->ops->close(env, fd);
	if (e == ERR_OK)
		e = env->ops->rename(
		    env, s->state_dir, "state.new", "state", why);
	if (e == ERR_OK)
		e = env->ops->sync(env, s->state_dir, why);
	if (e == ERR_OK)
		s->dirty = false;
	return e;
}

/* A number of a row, not below 0. */
static uint64_t
number(const json_t *o, const char *key)
{
	int64_t v = json_get_int(o, key, 0);

	return v < 0 ? 0 : (uint64_t)v;
}

static void
id_get(const json_t *from, const char *key, struct follow_id *id)
{
	const json_t *o = json_object_get(from, key);

	*id = (struct follow_id){ number(o, "dev"), number(o, "ino"),
		json_get_int(o, "born_us", 0), number(o, "gen") };
}

/* Takes one row, if its folder is still followed. */
static enum err
row_read(struct follow_state *s, const json_t *o, struct fault *why)
{
	const char *path = json_get_text(o, "path", "");
	const char *name = json_get_text(o, "name", "");
	struct stat st = { .st_size = 0 };
	struct follow_dir *d = NULL;
	struct follow_file *f;

	for (unsigned i = 0; i < s->n_dirs; i++)
		if (strcmp(s->dir[i].path, path) == 0)
			d = &s->dir[i];
	if (d == NULL || name[0] == '\0')
		return ERR_OK;
	st.st_dev = (dev_t)number(o, "dev");
	st.st_ino = (ino_t)number(o, "ino");
	f = tail_add(s, d, name, &st, json_get_int(o, "born_us", 0));
	if (f == NULL)
		return fault_set(why, ERR_MEMORY, "follow/state");
	f->gen = number(o, "gen");
	f->at = number(o, "at");
	f->to = number(o, "to");
	f->cut_at = number(o, "cut_at");
	f->head_n = (uint32_t)number(o, "head_n");
	f->cut_to = number(o, "cut_to");
	id_get(o, "id", &f->id);
	id_get(o, "cut_id", &f->cut_id);
	f->copy_at = number(o, "copy_at");
	f->cut_head_n = (uint32_t)number(o, "cut_head_n");
	f->copy_ino = number(o, "copy_ino");
	f->copy_gen = number(o, "copy_gen");
	if (f->head_n > FOLLOW_HEAD || f->cut_head_n > FOLLOW_HEAD ||
	    f->to < f->at || !hash_get(o, "head", &f->head) ||
	    !hash_get(o, "cut_head", &f->cut_head))
		return fault_set(why, ERR_DAMAGE, "follow/state: %s", name);
	return ERR_OK;
}

/* Finds the originals of copies that wait. */
static void
copies_link(struct follow_state *s)
{
	for (struct follow_file *f = s->files; f != NULL; f = f->next)
		for (struct follow_file *o = s->files;
		     o != NULL && f->copy_ino != 0; o = o->next)
			if (o->dir == f->dir && o->ino == f->copy_ino)
				f->copy_of = o;
}

enum err
tail_state_load(struct follow_state *s, struct fault *why)
{
	struct env *env = env_system();
	json_t *list = NULL;
	uint64_t len = 0;
	uint8_t *room;
	int fd = -1;
	enum err e;

	buf_init(&s->text, STATE_MAX);
	e = env->ops->open(env, s->state_dir, "state", ENV_READ, &fd, why);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	if ((e = env->ops->size(env, fd, &len, why)) != ERR_OK)
		goto out;
	if ((room = buf_room(&s->text, (size_t)len)) == NULL) {
		e = fault_set(why, ERR_LIMIT, "follow/state is too long");
		goto out;
	}
	if ((e = env->ops->read(env, fd, 0, room, (size_t)len, why)) != ERR_OK)
		goto out;
	buf_took(&s->text, (size_t)len);
	if ((e = json_read(buf_view(&s->text), &list, why)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++)
		e = row_read(s, json_array_get(list, i), why);
	copies_link(s);
out:
	env->ops->close(env, fd);
	json_decref(list);
	return e;
}
