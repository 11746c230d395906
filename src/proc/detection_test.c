/*
 * proc/detection_test.c: `beimen detection test`: a user's rules compiled,
 * and run over the records beside them. Needs no server and no data folder.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "crypt/crypt.h"
#include "proc/detection_test.h"
#include "proc/settings.h"
#include "proc/share.h"
#include "vault/detect_try.h"

#define FILE_MAX ((size_t)4 << 20)

struct testing {
	struct sigma *rules;
	unsigned mistakes;
	struct detect_tried tried;
};

static void
mistake(void *arg, const char *line)
{
	struct testing *t = arg;

	t->mistakes++;
	(void)printf("not ok %s\n", line);
}

static void
failed(void *arg, const char *line)
{
	(void)arg;
	(void)printf("not ok %s\n", line);
}

static enum err
file_read_all(const char *path, struct buf *b, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", path);
	while (n > 0) {
		uint8_t *to = buf_room(b, 65536);

		if (to == NULL)
			break;
		n = read(fd, to, 65536);
		buf_took(b, n > 0 ? (size_t)n : 0);
	}
	(void)close(fd); /* was only read */
	if (n == -1)
		return fault_sys(why, ERR_IO, "cannot read %s", path);
	return buf_error(b) == ERR_OK
	    ? ERR_OK
	    : fault_set(
		  why, ERR_LIMIT, "%s: longer than %zu bytes", path, FILE_MAX);
}

static bool
is_test(const char *name)
{
	return span_find_text(span_text(name), ".test.y") != SIZE_MAX;
}

static bool
is_folder(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Our own names, tables and parts, which a user's rules may refer to. */
static enum err
ground_load(
    struct testing *t, const char *const *file, size_t n, struct fault *why)
{
	json_t *settings = NULL;
	struct buf path;
	enum err e;

	buf_init(&path, 4096);
	e = settings_read(NULL, NULL, 0, &settings, why);
	if (e == ERR_OK)
		e = share_path(settings, "detections", &path, why);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (is_folder(file[i]))
			e = sigma_load_tables(
			    t->rules, file[i], mistake, t, why);
	if (e == ERR_OK)
		e = sigma_load_tables(
		    t->rules, buf_string(&path), mistake, t, why);
	/* Without a file: ours themselves. */
	if (e == ERR_OK)
		e = sigma_load(t->rules, buf_string(&path), mistake, t, why);
	json_decref(settings);
	buf_clear(&path);
	return e;
}

static enum err
rules_add(struct testing *t, const char *name, struct fault *why)
{
	struct fault line;
	struct buf b;
	enum err e;

	if (is_test(name))
		return ERR_OK;
	if (is_folder(name))
		return sigma_load(t->rules, name, mistake, t, why);
	buf_init(&b, FILE_MAX);
	if ((e = file_read_all(name, &b, why)) == ERR_OK) {
		e = sigma_add(t->rules, buf_view(&b), name, &line);
		if (e != ERR_OK && e != ERR_MEMORY)
			mistake(t, line.text);
		e = e == ERR_MEMORY ? fault_set(why, e, "%s", name) : ERR_OK;
	}
	buf_clear(&b);
	return e;
}

/* Runs one file of tests, if it is there. */
static enum err
test_run(struct testing *t, const char *name, bool must, struct fault *why)
{
	struct fault line;
	struct buf b;
	enum err e;

	if (!must && access(name, F_OK) != 0)
		return ERR_OK;
	buf_init(&b, FILE_MAX);
	if ((e = file_read_all(name, &b, why)) == ERR_OK) {
		e = detect_try(t->rules, buf_view(&b), name, failed, NULL,
		    &t->tried, &line);
		if (e != ERR_OK)
			mistake(t, line.text);
		e = ERR_OK;
	}
	buf_clear(&b);
	return e;
}

/* The tests of every rule file among those that are named. */
static enum err
tests_run(
    struct testing *t, const char *const *file, size_t n, struct fault *why)
{
	struct buf b;
	enum err e = ERR_OK;

	buf_init(&b, 4096);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (is_test(file[i]))
			e = test_run(t, file[i], true, why);
	for (unsigned i = 0; i < sigma_count(t->rules) && e == ERR_OK; i++) {
		const char *name = sigma_at(t->rules, i)->file;
		bool wanted = n == 0;
		const char *dot = strrchr(name, '.');

		for (size_t k = 0; k < n && !wanted; k++)
			wanted = strcmp(file[k], name) == 0 ||
			    (is_folder(file[k]) &&
				span_starts(span_text(name), file[k]));
		/* Rules of one file need not stand together. */
		for (unsigned k = 0; k < i && wanted; k++)
			wanted = strcmp(sigma_at(t->rules, k)->file, name) != 0;
		if (!wanted || dot == NULL)
			continue;
		buf_reset(&b);
		buf_add(&b, name, (size_t)(dot - name));
		buf_text(&b, ".test.yaml");
		e = test_run(t, buf_string(&b), false, why);
	}
	buf_clear(&b);
	return e;
}

int
detection_test(const char *const *file, size_t n)
{
	struct testing t = { .rules = sigma_new() };
	struct fault why = { .code = ERR_OK };
	enum err e = crypt_start(&why);

	if (t.rules == NULL)
		e = fault_set(&why, ERR_MEMORY, "rules");
	if (e == ERR_OK)
		e = ground_load(&t, file, n, &why);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = rules_add(&t, file[i], &why);
	if (e == ERR_OK)
		e = sigma_finish(t.rules, mistake, &t, &why);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		for (unsigned k = 0; k < sigma_count(t.rules); k++) {
			const struct sigma_rule *r = sigma_at(t.rules, k);

			if (strcmp(r->file, file[i]) == 0)
				(void)printf("ok %s:%u: %s%s\n", r->file,
				    r->line, r->name,
				    r->idle ? " (no such log source here: it "
					      "never fits)"
					    : "");
		}
	if (e == ERR_OK)
		e = tests_run(&t, file, n, &why);
	if (e == ERR_OK)
		(void)printf("%u rules, %u wrong; %u tests passed, %u failed\n",
		    sigma_count(t.rules), t.mistakes,
		    t.tried.tests - t.tried.failed, t.tried.failed);
	else
		(void)fprintf(stderr, "beimen: %s\n", why.text);
	sigma_free(t.rules);
	if (e != ERR_OK)
		return EXIT_COULD_NOT;
	return t.mistakes + t.tried.failed == 0 ? EXIT_DONE : EXIT_NO;
}
