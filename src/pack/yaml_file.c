/*
 * pack/yaml_file.c: YAML from a file, and the places in a document.
 */
#include "pack/yaml_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum err
yaml_load(int dir, const char *path, struct yaml **out, struct fault *why)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	struct buf b;
	enum err e = ERR_OK;
	ssize_t n = 1;

	buf_init(&b, YAML_FILE_MAX + 65536);
	if (fd == -1) {
		e = fault_sys(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "cannot open %s", path);
		goto out;
	}
	while (n > 0 && b.len <= YAML_FILE_MAX) {
		uint8_t *to = buf_room(&b, 65536);

		if (to == NULL) {
			e = fault_set(why, buf_error(&b), "%s", path);
			goto out;
		}
		do
			n = read(fd, to, 65536);
		while (n == -1 && errno == EINTR);
		buf_took(&b, n > 0 ? (size_t)n : 0);
	}
	if (n == -1)
		e = fault_sys(why, ERR_IO, "cannot read %s", path);
	else
		e = yaml_read(buf_view(&b), path, out, why);
out:
	buf_clear(&b);
	if (fd != -1)
		(void)close(fd); /* was only read */
	return e;
}

void
yaml_doc_free(struct yaml *y)
{
	if (y == NULL)
		return;
	json_decref(y->root);
	free(y->node);
	free(y->name);
	free(y);
}

const json_t *
yaml_root(const struct yaml *y)
{
	return y->root;
}

/* True when a pointer's part, with ~0 and ~1 in it, means this key. */
static bool
part_is(struct span part, const char *key)
{
	size_t at = 0;

	for (; *key != '\0'; key++, at++) {
		uint8_t c = at < part.len ? part.at[at] : 0;

		if (c == '~' && at + 1 < part.len)
			c = part.at[++at] == '1' ? '/' : '~';
		if (c == 0 || c != (uint8_t)*key)
			return false;
	}
	return at == part.len;
}

/* The child that a pointer's part names; NONE if there is none. */
static uint32_t
child(const struct yaml *y, uint32_t up, struct span part)
{
	uint64_t want = 0, at = 0;
	bool number = span_number(part, UINT32_MAX, &want);

	for (uint32_t i = y->node[up].first; i != NONE; i = y->node[i].next)
		if (y->node[i].key != NULL ? part_is(part, y->node[i].key)
					   : number && at++ == want)
			return i;
	return NONE;
}

unsigned
yaml_line(const struct yaml *y, const char *pointer)
{
	struct cursor c = cursor_of(span_text(pointer));
	uint32_t at = 0, next;

	(void)cursor_until(&c, '/', NULL); /* what stands before the first / */
	while (!cursor_done(&c)) {
		next = child(y, at, cursor_until(&c, '/', NULL));
		if (next == NONE)
			break;
		at = next;
	}
	return y->node[at].line;
}

enum err
yaml_fault(const struct yaml *y, const char *pointer, struct fault *why,
    enum err code, const char *fmt, ...)
{
	char line[FAULT_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	return fault_set(
	    why, code, "%s:%u: %s", y->name, yaml_line(y, pointer), line);
}
