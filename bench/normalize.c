/*
 * bench/normalize.c: what a line costs from bytes to category and fields.
 *
 *   normalize [--dump] [--rules DIR] [--rounds N] [--received US] FILE
 *
 * Every line of FILE goes through the header parser alone, then through
 * header and rules; the table has the best and the median of N rounds (default
 * 25) in nanoseconds of processor time a line, for all lines and for each
 * category. SAMPLE_MAX lines of each, evenly spaced, lie one after another in
 * memory and stay in the cache, as bytes just received do. --dump prints
 * instead what was understood of each line, for comparing two builds.
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
#define SAMPLE_MAX 5000U

/* When the lines come in: 2026-01-15. */
static int64_t received_us = INT64_C(1768406400000000);

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
	ev->received_us = received_us;
	syslog_parse(line, received_us, ev);
	if (rules != NULL)
		(void)normalize_apply(rules, a, ev);
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Lines of one category (CAT_N: of all), copied side by side; how many. */
static size_t
sample(const struct lines *l, unsigned category, struct span *pick,
    struct buf *bytes)
{
	size_t n = 0, all = 0, taken = 0;

	for (size_t i = 0; i < l->n; i++)
		all += category == CAT_N || l->category[i] == category;
	for (size_t i = 0; i < l->n; i++) {
		if (category != CAT_N && l->category[i] != category)
			continue;
		/* the k-th of them where k * SAMPLE_MAX / all moves on */
		if (n++ * SAMPLE_MAX / all < taken || taken == SAMPLE_MAX)
			continue;
		pick[taken++] = span_of(NULL, l->at[i].len);
		buf_span(bytes, l->at[i]);
	}
	for (size_t i = 0, at = 0; i < taken; at += pick[i++].len)
		pick[i] = span_slice(buf_view(bytes), at, pick[i].len);
	return taken;
}

/* Best and median over rounds of ns a line. */
static void
measure(const struct span *pick, size_t n, const struct normalizer *rules,
    struct arena *a, unsigned rounds)
{
	double turn[ROUNDS_MAX];
	struct event ev = { 0 };

	for (unsigned r = 0; r < rounds; r++) {
		double from = now();

		for (size_t i = 0; i < n; i++) {
			line_read(rules, a, pick[i], &ev);
			arena_reset(a);
		}
		turn[r] = (now() - from) / (double)n;
	}
	qsort(turn, rounds, sizeof turn[0], by_size);
	(void)printf(" %7.0f %7.0f", turn[0], turn[rounds / 2]);
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

	for (size_t i = 0; i < l->n; i++) {
		line_read(rules, a, l->at[i], &ev);
		l->category[i] = ev.category;
		arena_reset(a);
	}
	(void)printf("%-22s %8s %15s %15s\n", "category", "lines", "header ns",
	    "and rules ns");
	for (unsigned c = 0; c <= CAT_N; c++) {
		static struct span pick[SAMPLE_MAX];
		struct buf bytes;
		size_t n;

		buf_init(&bytes, (size_t)SAMPLE_MAX * EVENT_RAW_MAX);
		n = sample(l, c, pick, &bytes);
		if (n > 0) {
			(void)printf("%-22s %8zu",
			    c == CAT_N ? "all" : event_category_name(c), n);
			measure(pick, n, NULL, a, rounds);
			measure(pick, n, rules, a, rounds);
			(void)printf("\n");
		}
		buf_clear(&bytes);
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
	int rounds = 25;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dump") == 0)
			dumping = true;
		else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc)
			rules_path = argv[++i];
		else if (strcmp(argv[i], "--received") == 0 && i + 1 < argc)
			received_us = strtoll(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
			rounds = atoi(argv[++i]);
		else
			file = argv[i];
	}
	if (file == NULL || rounds < 1 || rounds > ROUNDS_MAX || a == NULL)
		stop("normalize [--dump] [--rules DIR] [--rounds N] "
		     "[--received US] FILE");
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
