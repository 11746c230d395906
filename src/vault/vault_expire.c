/*
 * vault/vault_expire.c: the end of a period. Nothing goes early: not by the
 * caller's word, not by the clock, not by a clock that jumped.
 */
#include "base/when.h"
#include "vault/segment_own.h"
#include "vault/vault_own.h"

/* When a segment may go: the instant from which it is allowed. */
static int64_t
period_end(const struct segment_info *info, vault_hold_fn *hold, void *arg)
{
	unsigned days = info->parts.keep_days;
	unsigned longer = hold == NULL ? 0 : hold(arg, info);
	int64_t end;

	if (longer > days)
		days = longer;
	if (__builtin_add_overflow(
		info->last_us, (int64_t)days * WHEN_DAY, &end))
		return INT64_MAX;
	return end;
}

/* The latest moment that is certainly past. */
static int64_t
believed_now(struct vault *v, int64_t now_us)
{
	int64_t now = vault_tick(v);

	if (v->clock_held_us > 0)
		now -= v->clock_held_us;
	return now_us < now ? now_us : now;
}

enum err
vault_expired(struct vault *v, int64_t now_us, vault_hold_fn *hold, void *arg,
    const struct segment_info **info, struct fault *why)
{
	int64_t now = believed_now(v, now_us);
	const struct shelf_item *it;
	size_t n;
	enum err e;

	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n; i++) {
		struct stream_name parts;
		const char *stream = shelf_stream(v->shelf, it[i].stream);

		if (it[i].unreadable ||
		    map_get(v->committed, span_of(it[i].name.at, HASH_LEN)) ==
			MAP_NONE ||
		    stream_parse(span_text(stream), &parts, NULL) != ERR_OK ||
		    it[i].last_us > now ||
		    now - it[i].last_us < (int64_t)parts.keep_days * WHEN_DAY)
			continue;
		segment_close(v->expired);
		v->expired = NULL;
		e = shelf_segment(v->shelf, &it[i].name, &v->expired, why);
		if (e != ERR_OK)
			return e;
		if (period_end(segment_about(v->expired), hold, arg) > now)
			continue;
		*info = segment_about(v->expired);
		return ERR_OK;
	}
	return fault_set(why, ERR_NOT_FOUND, "no segment is past its period");
}

enum err
segment_remove(struct vault *v, const struct hash *name, struct fault *why)
{
	struct env *env = v->env;
	char file[SEGMENT_FILE_MAX], sub[3] = "";
	enum err e;
	int fd;

	segment_file(name, file);
	memcpy(sub, file, 2);
	e = env->ops->unlink(env, v->segments_dir, file, why);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	shelf_drop(v->shelf, name);
	e = env->ops->open_dir(env, v->segments_dir, sub, false, &fd, why);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	e = env->ops->sync(env, fd, why);
	env->ops->close(env, fd);
	return e;
}

enum err
vault_delete(struct vault *v, const struct hash *name, int64_t now_us,
    vault_hold_fn *hold, void *arg, struct fault *why)
{
	int64_t now = believed_now(v, now_us), end;
	char hex[SEGMENT_NAME_LEN + 1];
	struct segment *s;
	struct buf b;
	enum err e;

	segment_print_name(name, hex);
	if (shelf_find(v->shelf, name) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no segment %.12s", hex);
	if (map_get(v->committed, span_of(name->at, HASH_LEN)) == MAP_NONE)
		return fault_set(
		    why, ERR_DENIED, "segment %.12s: not committed yet", hex);
	if ((e = shelf_segment(v->shelf, name, &s, why)) != ERR_OK)
		return e;
	end = period_end(segment_about(s), hold, arg);
	segment_close(s);
	if (end > now) {
		buf_init(&b, 256);
		when_print(&b, end);
		e = fault_set(why, ERR_DENIED, "segment %.12s: kept until %s",
		    hex, buf_string(&b));
		buf_clear(&b);
		return e;
	}
	buf_init(&b, 64);
	buf_add(&b, name->at, HASH_LEN);
	buf_u64(&b, (uint64_t)now);
	catalogue_add(v->catalogue, ITEM_GONE, buf_view(&b));
	buf_clear(&b);
	if ((e = catalogue_sync(v->catalogue, why)) != ERR_OK)
		return e;
	return segment_remove(v, name, why);
}
