/*
 * bench/normalize.c: what a line costs from bytes to category and fields.
 *
 *   normalize [--dump] [--rules DIR] [--rounds N] FILE
 *
 * Every line of FILE goes through the header parser alone, then through
 * header and rules; the table has the median of N rounds (default 7) in
 * nanoseconds a line, for all lines and for each category, one after
 * another on one core. --dump prints instead what was understood of each
 * line, for comparing two builds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "intake/normalize.h"
#include "intake/syslog.h"

#define ROUNDS_MAX 99
#define RECEIVED_US INT64_C(1764000000000000) /* 2025-11-24 */

struct lines {
	struct span *at;
	enum event_category *category;
	size_t n;
};

static void
stop(const char *what)
{
	(void)fprintf(stderr, "normalize: %s\n", what);
	exit(1);
}

static struct lines
lines_read(const char *path)
{
	struct lines l = { 0 };
	struct stat st;
	struct cursor c;
	size_t n = 0;
	void *all;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1 || st.st_size == 0)
		stop("cannot read the file");
	all = mmap(NULL, (size_t)st.st_size, PROT_READ,
	    MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (all == MAP_FAILED)
		stop("cannot map the file");
	(void)close(fd);
	for (c = cursor_of(span_of(all, (size_t)st.st_size)); c.pos < c.all.len;
	     n++)
		(void)cursor_until(&c, '\n', NULL);
	l.at = calloc(n, sizeof *l.at);
	l.category = calloc(n, sizeof *l.category);
	if (l.at == NULL || l.category == NULL)
		stop("out of memory");
	for (c = cursor_of(c.all); c.pos < c.all.len;)
		l.at[l.n++] = cursor_until(&c, '\n', NULL);
	return l;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* One line understood; rules may be NULL. */
static void
line_read(const struct normalizer *rules, struct arena *a, struct span line,
    struct event *ev)
{
	ev->received_us = RECEIVED_US;
	syslog_parse(line, RECEIVED_US, ev);
	if (rules != NULL)
		(void)normalize_apply(rules, a, ev);
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The median over rounds of ns a line, of one category or (CAT_N) of all. */
static double
measure(const struct lines *l, const struct normalizer *rules, struct arena *a,
    unsigned category, unsigned rounds, size_t *n)
{
	struct span *pick = calloc(l->n, sizeof *pick);
	double turn[ROUNDS_MAX];
	struct event ev = { 0 };

	if (pick == NULL)
		stop("out of memory");
	*n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (category == CAT_N || l->category[i] == category)
			pick[(*n)++] = l->at[i];
	for (unsigned r = 0; r<rounds && * n> 0; r++) {
		double from = now();

		for (size_t i = 0; i < *n; i++) {
			line_read(rules, a, pick[i], &ev);
			arena_reset(a);
		}
		turn[r] = (now() - from) / (double)*n;
	}
	free(pick);
	if (*n == 0)
		return 0;
	qsort(turn, rounds, sizeof turn[0], by_size);
	return turn[rounds / 2];
}

static void
dump(const struct lines *l, const struct normalizer *rules, struct arena *a)
{
	for (size_t i = 0; i < l->n; i++) {
		struct event ev = { 0 };

		line_read(rules, a, l->at[i], &ev);
		(void)printf("%zu\t%lld\t%u\t%.*s\t%.*s\t%.*s\t%zu\t%s", i,
		    (long long)ev.event_us, ev.parse, (int)ev.host.len,
		    (const char *)ev.host.at, (int)ev.app.len,
		    (const char *)ev.app.at, (int)ev.proc.len,
		    (const char *)ev.proc.at, ev.message.len,
		    event_category_name(ev.category));
		for (unsigned f = 0; f < FIELD_N; f++)
			if (ev.field[f].at != NULL)
				(void)printf("\t%s=%.*s", event_field_short(f),
				    (int)ev.field[f].len,
				    (const char *)ev.field[f].at);
		(void)printf("\n");
		arena_reset(a);
	}
}

static void
table(struct lines *l, const struct normalizer *rules, struct arena *a,
    unsigned rounds)
{
	struct event ev = { 0 };
	size_t n;

	for (size_t i = 0; i < l->n; i++) {
		line_read(rules, a, l->at[i], &ev);
		l->category[i] = ev.category;
		arena_reset(a);
	}
	(void)printf(
	    "%-16s %9s %9s %9s\n", "category", "lines", "header ns", "both ns");
	for (unsigned c = 0; c <= CAT_N; c++) {
		double head = measure(l, NULL, a, c, rounds, &n);

		if (n > 0)
			(void)printf("%-16s %9zu %9.0f %9.0f\n",
			    c == CAT_N ? "all" : event_category_name(c), n,
			    head, measure(l, rules, a, c, rounds, &n));
	}
}

int
main(int argc, char **argv)
{
	const char *rules_path = "normalize", *file = NULL;
	struct normalizer *rules = NULL;
	struct arena *a = arena_new((size_t)4 << 20);
	bool dumping = false;
	struct lines l;
	struct fault why;
	int rounds = 7;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dump") == 0)
			dumping = true;
		else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc)
			rules_path = argv[++i];
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = atoi(argv[++i]);
		else
			file = argv[i];
	}
	if (file == NULL || rounds < 1 || rounds > ROUNDS_MAX || a == NULL)
		stop("normalize [--dump] [--rules DIR] [--rounds N] FILE");
	if (normalize_load(&rules_path, 1, &rules, &why) != ERR_OK)
		stop(why.text);
	l = lines_read(file);
	if (dumping)
		dump(&l, rules, a);
	else
		table(&l, rules, a, (unsigned)rounds);
	free(l.at);
	free(l.category);
	normalize_free(rules);
	arena_free(a);
	return 0;
}
