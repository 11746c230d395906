/*
 * sigma/load.c: rules from a folder.
 */
#include "sigma/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_DEPTH 8U
#define FOLDER_FILES 32768
#define FILE_MAX ((size_t)4 << 20)
#define PATH_TEXT 4096

struct loading {
	struct sigma *s;
	sigma_mistake_fn *mistake;
	void *arg;
};

static void
say(struct loading *l, const char *line)
{
	if (l->mistake != NULL)
		l->mistake(l->arg, line);
}

static enum err
file_read(const char *path, struct buf *b, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd == -1)
		return fault_sys(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "cannot open %s", path);
	while (n > 0 && buf_error(b) == ERR_OK) {
		uint8_t *to = buf_room(b, 65536);

		if (to == NULL)
			break;
		n = read(fd, to, 65536);
		buf_took(b, n > 0 ? (size_t)n : 0);
	}
	(void)close(fd); /* was only read */
	if (n == -1)
		return fault_sys(why, ERR_IO, "cannot read %s", path);
	if (buf_error(b) != ERR_OK)
		return fault_set(why, ERR_LIMIT, "%s: longer than %zu bytes",
		    path, FILE_MAX);
	return ERR_OK;
}

typedef enum err take_fn(
    struct sigma *s, struct span yaml, const char *name, struct fault *why);

/* One file; what is wrong with it is told, not fatal. */
static enum err
file_take(struct loading *l, const char *path, take_fn *take, bool must,
    struct fault *why)
{
	struct fault line = { .code = ERR_OK };
	struct buf b;
	enum err e;

	buf_init(&b, FILE_MAX);
	e = file_read(path, &b, &line);
	if (e == ERR_OK)
		e = take(l->s, buf_view(&b), path, &line);
	buf_clear(&b);
	if (e == ERR_NOT_FOUND && !must)
		return ERR_OK;
	if (e == ERR_MEMORY)
		return fault_set(why, e, "%s", line.text);
	if (e != ERR_OK)
		say(l, line.text);
	return ERR_OK;
}

static bool
is_rule_file(const char *name)
{
	struct span s = span_text(name);

	if (name[0] == '.' || span_ends(s, ".test.yaml") ||
	    span_ends(s, ".test.yml") || span_is(s, "taxonomy.yaml") ||
	    span_is(s, "values.yaml"))
		return false;
	return span_ends(s, ".yml") || span_ends(s, ".yaml");
}

static enum err
folder_take(
    struct loading *l, const char *path, unsigned depth, struct fault *why)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, NULL, alphasort);
	enum err e = ERR_OK;
	struct buf b;

	if (n == -1)
		return fault_sys(
		    why, ERR_IO, "cannot read the folder %s", path);
	if (n > FOLDER_FILES)
		e = fault_set(why, ERR_LIMIT, "%s: too many files", path);
	buf_init(&b, PATH_TEXT);
	for (int i = 0; i < n; i++) {
		struct stat st;

		buf_reset(&b);
		buf_printf(&b, "%s/%s", path, list[i]->d_name);
		if (e == ERR_OK && list[i]->d_name[0] != '.' &&
		    buf_error(&b) == ERR_OK && stat(buf_string(&b), &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH)
				e = folder_take(
				    l, buf_string(&b), depth + 1, why);
			else if (S_ISREG(st.st_mode) &&
			    is_rule_file(list[i]->d_name))
				e = file_take(
				    l, buf_string(&b), sigma_add, true, why);
		}
		free(list[i]);
	}
	free(list);
	buf_clear(&b);
	return e;
}

enum err
sigma_load_tables(struct sigma *s, const char *folder,
    sigma_mistake_fn *mistake, void *arg, struct fault *why)
{
	struct loading l = { s, mistake, arg };
	struct buf b;
	enum err e;

	buf_init(&b, PATH_TEXT);
	buf_printf(&b, "%s/taxonomy.yaml", folder);
	e = file_take(&l, buf_string(&b), sigma_taxonomy, false, why);
	if (e == ERR_OK) {
		buf_reset(&b);
		buf_printf(&b, "%s/values.yaml", folder);
		e = file_take(&l, buf_string(&b), sigma_values, false, why);
	}
	buf_clear(&b);
	return e;
}

enum err
sigma_load(struct sigma *s, const char *folder, sigma_mistake_fn *mistake,
    void *arg, struct fault *why)
{
	struct loading l = { s, mistake, arg };

	return folder_take(&l, folder, 0, why);
}
