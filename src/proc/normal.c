/*
 * proc/normal.c: normalising rules for processes and for the command line.
 */
#include "proc/normal.h"

#include <stdio.h>

#include "cli/cli.h"
#include "intake/lognorm.h"
#include "pack/yaml.h"
#include "proc/settings.h"
#include "proc/share.h"

#define OUT_MAX ((size_t)32 << 20)

enum err
normal_load(const json_t *settings, struct normalizer **out, struct fault *why)
{
	const char *own = json_get_text(settings, "normalize", ""), *paths[2];
	size_t n = 0;
	struct buf ours;
	enum err e;

	buf_init(&ours, 4096);
	if (own[0] != '\0')
		paths[n++] = own;
	e = share_path(settings, "normalize", &ours, why);
	paths[n++] = buf_string(&ours);
	if (e == ERR_OK)
		e = normalize_load(paths, n, out, why);
	buf_clear(&ours);
	return e;
}

/* A normalize_test_fn. */
static void
test_failed(void *arg, const char *line)
{
	(void)arg;
	(void)printf("not ok %s\n", line);
}

int
normal_test(const char *const *file, size_t n)
{
	struct normalizer *rules = NULL;
	json_t *settings = NULL;
	const char *ours[1];
	struct fault why;
	struct buf path;
	enum err e = ERR_OK;

	buf_init(&path, 4096);
	if (n == 0) {
		e = settings_read(NULL, NULL, 0, &settings, &why);
		if (e == ERR_OK)
			e = share_path(settings, "normalize", &path, &why);
		ours[0] = buf_string(&path);
		file = ours;
		n = 1;
	}
	if (e == ERR_OK)
		e = normalize_test(file, n, test_failed, NULL, &rules, &why);
	if (e == ERR_OK)
		(void)printf("%zu rules, %zu tests passed\n",
		    normalize_n_rules(rules), normalize_n_tests(rules));
	else
		(void)fprintf(stderr, "beimen: %s\n", why.text);
	normalize_free(rules);
	json_decref(settings);
	buf_clear(&path);
	if (e == ERR_OK)
		return EXIT_DONE;
	return e == ERR_SYNTAX || e == ERR_EXISTS || e == ERR_RANGE
	    ? EXIT_NO
	    : EXIT_COULD_NOT;
}

/* A lognorm_tell_fn. */
static void
left_out(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "beimen: left out: %s\n", line);
}

/* What was made must be what we read. */
static enum err
made_try(struct span yaml, const char *path, struct fault *why)
{
	struct normalizer *rules = NULL;
	enum err e = normalize_read(yaml, path, &rules, why);

	normalize_free(rules);
	return e;
}

int
normal_import(const char *path, struct buf *out)
{
	unsigned n_rules = 0, n_skipped = 0;
	struct buf text;
	struct fault why;
	enum err e;
	FILE *f = fopen(path, "re");

	buf_init(&text, LOGNORM_BYTES_MAX + 1);
	e = f == NULL ? fault_sys(&why, ERR_IO, "cannot read %s", path)
		      : ERR_OK;
	while (e == ERR_OK && !feof(f)) {
		uint8_t *to = buf_room(&text, 65536);

		if (to == NULL)
			break;
		buf_took(&text, fread(to, 1, 65536, f));
		if (ferror(f))
			e = fault_sys(&why, ERR_IO, "cannot read %s", path);
	}
	if (f != NULL)
		(void)fclose(f);
	if (e == ERR_OK && buf_error(&text) != ERR_OK)
		e = fault_set(&why, ERR_LIMIT, "%s: too long", path);
	if (e == ERR_OK)
		e = lognorm_convert(buf_view(&text), path, out, left_out, NULL,
		    &n_rules, &n_skipped, &why);
	if (e == ERR_OK && n_rules > 0)
		e = made_try(buf_view(out), path, &why);
	buf_clear(&text);
	if (e != ERR_OK) {
		(void)fprintf(stderr, "beimen: %s\n", why.text);
		return EXIT_COULD_NOT;
	}
	(void)fprintf(stderr, "%u rules, %u left out\n", n_rules, n_skipped);
	return n_skipped == 0 ? EXIT_DONE : EXIT_NO;
}
