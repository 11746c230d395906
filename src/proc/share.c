/*
 * proc/share.c: where program data lies.
 */
#include "proc/share.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define PACK "taipei-2019"

enum err
share_path(const json_t *settings, const char *below, struct buf *to,
    struct fault *why)
{
	const char *set = json_get_text(settings, "share", "");
	struct stat s;

	if (set[0] == '\0')
		set = stat(BEIMEN_DATADIR "/registers", &s) == 0
		    ? BEIMEN_DATADIR
		    : BEIMEN_SOURCE;
	buf_printf(to, "%s/%s", set, below);
	return buf_error(to) == ERR_OK
	    ? ERR_OK
	    : fault_set(why, ERR_LIMIT, "the path of %s is too long", below);
}

enum err
share_registers(const json_t *settings, struct schema **out, struct fault *why)
{
	struct buf path;
	int dir = -1;
	enum err e;

	buf_init(&path, 4096);
	e = share_path(settings, "registers", &path, why);
	if (e == ERR_OK &&
	    (dir = open(
		 buf_string(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		e = fault_sys(why, ERR_IO, "cannot open %s", buf_string(&path));
	if (e == ERR_OK)
		e = schema_load(dir, out, why);
	if (dir != -1)
		(void)close(dir);
	buf_clear(&path);
	return e;
}

/* A clause that is wrong is told; the others are judged all the same. */
static void
mistake(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "beimen: %s\n", line);
}

enum err
share_pack(const json_t *settings, struct pack **out, struct fault *why)
{
	struct buf path;
	enum err e;

	buf_init(&path, 4096);
	e = share_path(settings, "regulations/" PACK, &path, why);
	if (e == ERR_OK)
		e = pack_load(
		    AT_FDCWD, buf_string(&path), out, mistake, NULL, why);
	buf_clear(&path);
	return e;
}

/* A rule that is wrong. */
static void
rule_mistake(void *arg, const char *line)
{
	json_t *list = arg;

	if (list == NULL)
		mistake(NULL, line);
	else
		(void)json_array_append_new(list, json_string(line));
}

enum err
share_detections(const json_t *settings, json_t *mistakes, struct sigma **out,
    struct fault *why)
{
	const char *own = json_get_text(settings, "detections", "");
	struct sigma *s = sigma_new();
	struct buf path;
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "detections");
	buf_init(&path, 4096);
	e = share_path(settings, "detections", &path, why);
	if (e == ERR_OK && own[0] != '\0')
		e = sigma_load_tables(s, own, rule_mistake, mistakes, why);
	if (e == ERR_OK)
		e = sigma_load_tables(
		    s, buf_string(&path), rule_mistake, mistakes, why);
	if (e == ERR_OK)
		e = sigma_load(
		    s, buf_string(&path), rule_mistake, mistakes, why);
	if (e == ERR_OK && own[0] != '\0')
		e = sigma_load(s, own, rule_mistake, mistakes, why);
	if (e == ERR_OK)
		e = sigma_finish(s, rule_mistake, mistakes, why);
	if (e == ERR_OK) {
		*out = s;
		s = NULL;
	}
	sigma_free(s);
	buf_clear(&path);
	return e;
}
