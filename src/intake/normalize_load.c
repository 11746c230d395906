/*
 * intake/normalize_load.c: rules out of files and folders, and their own tests.
 */
#include "intake/normalize.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/when.h"
#include "intake/rule.h"
#include "intake/syslog.h"

#define ARENA_MAX ((size_t)64 << 20)
#define TEST_ARENA_MAX ((size_t)4 << 20)
/* Rules' tests are received at this time: 2024-11-22T12:00:00+08:00. */
#define TEST_RECEIVED_US INT64_C(1732248000000000)

static struct normalizer *
normalizer_new(void)
{
	struct normalizer *n = calloc(1, sizeof *n);

	if (n == NULL || (n->arena = arena_new(ARENA_MAX)) == NULL) {
		free(n);
		return NULL;
	}
	n->rule = arena_array(
	    n->arena, NORMALIZE_RULES_MAX, sizeof(n->rule[0]));
	n->path = arena_array(n->arena, RULE_PATHS_MAX, sizeof n->path[0]);
	if (n->rule == NULL || n->path == NULL) {
		normalize_free(n);
		return NULL;
	}
	return n;
}

void
normalize_free(struct normalizer *n)
{
	if (n == NULL)
		return;
	literals_free(n->literals);
	arena_free(n->arena);
	free(n);
}

/* What a test expects of one part of the event; at == NULL: nothing. */
static struct span
test_wants(const struct rule_test *t, unsigned to)
{
	for (size_t i = 0; i < t->n_gives; i++)
		if (t->gives[i].to == to)
			return t->gives[i].text;
	return SPAN_EMPTY;
}

/* The event's time as a test writes it. */
static struct span
time_text(struct arena *a, int64_t us)
{
	struct span s;
	struct buf b;

	buf_init(&b, 64);
	when_print(&b, us);
	s = arena_copy(a, buf_view(&b));
	buf_clear(&b);
	return s;
}

/* Compares the event with what a test says; the line tells the first
 * difference. */
static enum err
test_compare(const struct rule_test *t, struct arena *a, const struct event *ev,
    struct fault *why)
{
	if (ev->category != t->category)
		return fault_set(why, ERR_SYNTAX,
		    "the test gives category %s, not %s",
		    event_category_name(ev->category),
		    event_category_name(t->category));
	for (unsigned i = 0; i < OUT_N; i++) {
		struct span want = test_wants(t, i), got;

		if (i == OUT_HOST)
			got = ev->host;
		else if (i == OUT_TIME)
			got = time_text(a, ev->event_us);
		else
			got = ev->field[i];
		if (i >= FIELD_N && want.at == NULL)
			continue; /* the header's own */
		if (span_equal(want, got) &&
		    (want.at == NULL) == (got.at == NULL))
			continue;
		return fault_set(why, ERR_SYNTAX,
		    "the test gives %s \"%.*s\", not \"%.*s\"",
		    i == OUT_HOST       ? "host"
			: i == OUT_TIME ? "time"
					: event_field_short(i),
		    (int)got.len, got.at == NULL ? "" : (const char *)got.at,
		    (int)want.len,
		    want.at == NULL ? "" : (const char *)want.at);
	}
	return ERR_OK;
}

/* Runs one test among the rules of its own file. */
static enum err
test_run(const struct normalizer *n, const struct rule *r,
    const struct rule_test *t, struct arena *a, struct fault *why)
{
	struct event ev = { .received_us = TEST_RECEIVED_US };
	const struct rule *by;
	enum err e;

	syslog_parse(t->line, TEST_RECEIVED_US, &ev);
	by = rule_first(n, r->file, a, &ev);
	if ((e = test_compare(t, a, &ev, why)) != ERR_OK)
		return e;
	if (by != r && (by != NULL || t->category != CAT_OTHER))
		return fault_set(why, ERR_SYNTAX,
		    "the test is answered by rule \"%s\" before",
		    by == NULL ? "(none)" : by->name);
	return ERR_OK;
}

/* Files that were read; kept until their tests have run. */
struct files {
	struct yaml *yaml[RULE_FILES_MAX];
	struct normalizer *n;
	normalize_test_fn *tell; /* NULL: stop at the first failure */
	void *arg;
	size_t n_failed;
};

/* One test; a failure that is told is no failure yet. */
static enum err
test_take(struct files *f, const struct rule *r, const struct rule_test *t,
    struct arena *a, struct fault *why)
{
	struct fault got = { .code = ERR_OK }, whole = { .code = ERR_OK };
	enum err e = test_run(f->n, r, t, a, &got);

	arena_reset(a);
	if (e == ERR_OK)
		return e;
	if (f->tell == NULL)
		return yaml_fault(f->yaml[r->file], t->pointer, why, e,
		    "rule %s: %s", r->name, got.text);
	(void)yaml_fault(f->yaml[r->file], t->pointer, &whole, e, "rule %s: %s",
	    r->name, got.text);
	f->tell(f->arg, whole.text);
	f->n_failed++;
	return ERR_OK;
}

/* Runs every test of every rule. */
static enum err
tests_run(struct files *f, struct fault *why)
{
	struct arena *a = arena_new(TEST_ARENA_MAX);
	enum err e = ERR_OK;

	if (a == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	for (size_t i = 0; e == ERR_OK && i < f->n->n_rules; i++) {
		const struct rule *r = f->n->rule[i];

		for (size_t k = 0; e == ERR_OK && k < r->n_tests; k++)
			e = test_take(f, r, &r->test[k], a, why);
	}
	arena_free(a);
	if (e == ERR_OK && f->n_failed > 0)
		return fault_set(why, ERR_SYNTAX, "%zu of %zu tests failed",
		    f->n_failed, f->n->n_tests);
	return e;
}

static void
files_free(struct files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < RULE_FILES_MAX; i++)
		yaml_doc_free(f->yaml[i]);
	normalize_free(f->n);
	free(f);
}

static enum err
files_new(struct files **out, struct fault *why)
{
	struct files *f = calloc(1, sizeof *f);

	if (f == NULL || (f->n = normalizer_new()) == NULL) {
		free(f);
		return fault_set(why, ERR_MEMORY, "rules");
	}
	*out = f;
	return ERR_OK;
}

/* Adds the rules of a file that was read; y is given. */
static enum err
files_add(struct files *f, struct yaml *y, struct fault *why)
{
	enum err e;

	f->yaml[f->n->n_files] = y;
	e = rule_read_file(f->n, y, why);
	f->n->n_files++;
	return e;
}

static enum err
file_load(struct files *f, int dir, const char *name, struct fault *why)
{
	struct yaml *y;
	enum err e;

	if (f->n->n_files == RULE_FILES_MAX)
		return fault_set(why, ERR_LIMIT, "%s: more than %d rule files",
		    name, RULE_FILES_MAX);
	if ((e = yaml_load(dir, name, &y, why)) != ERR_OK)
		return e;
	return files_add(f, y, why);
}

/* scandir's filter: NAME.yaml, not hidden. */
static int
is_rule_file(const struct dirent *d)
{
	return d->d_name[0] != '.' && span_ends(span_text(d->d_name), ".yaml");
}

/* By bytes, whatever the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Every rule file of a folder, in order of name. */
static enum err
folder_load(struct files *f, const char *path, struct fault *why)
{
	struct dirent **name = NULL;
	int n = scandir(path, &name, is_rule_file, by_name);
	enum err e = ERR_OK;
	struct buf full;

	if (n == -1)
		return fault_sys(why, ERR_IO, "cannot read folder %s", path);
	buf_init(&full, 65536);
	for (int i = 0; i < n; i++) {
		buf_reset(&full);
		buf_printf(&full, "%s/%s", path, name[i]->d_name);
		if (e == ERR_OK && (e = buf_error(&full)) == ERR_OK)
			e = file_load(f, AT_FDCWD, buf_string(&full), why);
		free(name[i]);
	}
	free(name);
	buf_clear(&full);
	return e;
}

/* Indexes and tests what was read; *out is handed over. */
static enum err
files_finish(struct files *f, struct normalizer **out, struct fault *why)
{
	enum err e = rule_index(f->n, why);

	if (e == ERR_OK)
		e = tests_run(f, why);
	if (e != ERR_OK)
		return e;
	*out = f->n;
	f->n = NULL;
	return ERR_OK;
}

enum err
normalize_test(const char *const *paths, size_t n_paths, normalize_test_fn *fn,
    void *arg, struct normalizer **out, struct fault *why)
{
	struct files *f = NULL;
	enum err e = files_new(&f, why);

	if (e == ERR_OK) {
		f->tell = fn;
		f->arg = arg;
	}
	for (size_t i = 0; e == ERR_OK && i < n_paths; i++) {
		struct stat st;

		if (stat(paths[i], &st) == -1)
			e = fault_sys(why, ERR_IO, "cannot read %s", paths[i]);
		else if (S_ISDIR(st.st_mode))
			e = folder_load(f, paths[i], why);
		else
			e = file_load(f, AT_FDCWD, paths[i], why);
	}
	if (e == ERR_OK)
		e = files_finish(f, out, why);
	files_free(f);
	return e;
}

enum err
normalize_load(const char *const *paths, size_t n_paths,
    struct normalizer **out, struct fault *why)
{
	return normalize_test(paths, n_paths, NULL, NULL, out, why);
}

enum err
normalize_read(struct span text, const char *name, struct normalizer **out,
    struct fault *why)
{
	struct files *f = NULL;
	struct yaml *y = NULL;
	enum err e = files_new(&f, why);

	if (e == ERR_OK)
		e = yaml_read(text, name, &y, why);
	if (e == ERR_OK)
		e = files_add(f, y, why);
	if (e == ERR_OK)
		e = files_finish(f, out, why);
	files_free(f);
	return e;
}
