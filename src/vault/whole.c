/*
 * vault/whole.c: a sealed segment's file as it is, for a copy elsewhere.
 */
#include "vault/whole.h"

#include "vault/segment.h"

enum err
whole_read(struct env *env, int dir, const struct hash *name, uint64_t from,
    size_t most, struct buf *out, struct fault *why)
{
	const struct env_ops *o = env->ops;
	char file[SEGMENT_FILE_MAX];
	uint64_t len, n;
	uint8_t *to;
	int fd;
	enum err e;

	segment_file(name, file);
	if ((e = o->open(env, dir, file, ENV_READ, &fd, why)) != ERR_OK)
		return e;
	if ((e = o->size(env, fd, &len, why)) != ERR_OK || from >= len)
		goto out;
	n = len - from < most ? len - from : most;
	if ((to = buf_room(out, (size_t)n)) == NULL)
		e = buf_error(out);
	else if ((e = o->read(env, fd, from, to, (size_t)n, why)) == ERR_OK)
		buf_took(out, (size_t)n);
out:
	o->close(env, fd);
	return e;
}
