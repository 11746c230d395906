/*
 * bench/weigh.c: where the bytes of a sealed segment go.
 *
 *   weigh [--rules FOLDER] [--key] FILE
 *
 * Reads lines, understands them by the rules, seals them as one segment in a
 * temporary folder and prints what sealing and reading cost and how many
 * bytes each column took. --key: encrypted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "intake/intake.h"
#include "vault/segment_own.h"

#define BATCH 150U /* records that one read of a socket gives */

/* All records, encoded one behind the other. */
struct records {
	struct buf bytes;
	size_t *end;
	uint32_t *source;
	size_t n, cap;
	uint64_t raw;
	struct sources *sources;
};

static void
die(const struct fault *why)
{
	(void)fprintf(stderr, "weigh: %s\n", why->text);
	exit(1);
}

static double
cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
event_take(void *arg, const struct event *ev)
{
	struct records *r = arg;
	struct fault why = { .text = "out of memory" };

	if (r->n == r->cap) {
		r->cap = r->cap == 0 ? 4096 : r->cap * 2;
		r->end = reallocarray(r->end, r->cap, sizeof *r->end);
		r->source = reallocarray(r->source, r->cap, sizeof *r->source);
		if (r->end == NULL || r->source == NULL)
			die(&why);
	}
	if (sources_add(r->sources, ev->sender, ev->host, &r->source[r->n],
		&why) != ERR_OK)
		die(&why);
	event_encode(&r->bytes, ev);
	r->raw += ev->raw.len;
	r->end[r->n++] = r->bytes.len;
}

/* Reads the file's lines as records. */
static void
lines_read(struct records *r, const char *rules, const char *path)
{
	struct normalizer *n = NULL;
	struct counts *counts = counts_new();
	struct intake *in;
	int64_t now = INT64_C(1795312800000000);
	FILE *f = fopen(path, "re");
	struct fault why = { .text = "cannot open the file" };
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (f == NULL || counts == NULL ||
	    normalize_load(&rules, 1, &n, &why) != ERR_OK ||
	    (in = intake_new(n, counts, event_take, r)) == NULL)
		die(&why);
	for (size_t i = 0; (len = getline(&line, &cap, f)) > 0; i++) {
		if (line[len - 1] == '\n')
			len--;
		if (i % BATCH == 0)
			now += 30000 + (int64_t)(i * 7919 % 3001);
		intake_datagram(in, VIA_TCP, SPAN_LIT("127.0.0.1"), now,
		    span_of(line, (size_t)len));
	}
	free(line);
	(void)fclose(f);
	intake_free(in);
	counts_free(counts);
	normalize_free(n);
}

/* Record i as a row and event. */
static struct row
row_at(const struct records *r, size_t i, struct event *ev)
{
	size_t from = i == 0 ? 0 : r->end[i - 1];
	struct row row = { .seq = i + 1,
		.source = r->source[i],
		.event = span_slice(
		    buf_view(&r->bytes), from, r->end[i] - from) };
	struct fault why;

	if (event_decode(row.event, ev, &why) != ERR_OK)
		die(&why);
	return row;
}

static enum err
row_count(void *arg, const char *stream, const struct row *row,
    const struct event *ev, struct fault *why)
{
	(void)stream;
	(void)row;
	(void)why;
	*(uint64_t *)arg += ev->raw.len;
	return ERR_OK;
}

/* What reading those parts costs a record. */
static void
reading_time(struct segment *s, const struct segment_want *want,
    const char *what, size_t n)
{
	double start = cpu_us();
	uint64_t bytes = 0;
	struct fault why;

	for (uint32_t i = 0; i < segment_about(s)->blocks; i++)
		if (segment_pick(s, i, want, NULL, 0, row_count, &bytes, NULL,
			NULL, &why) != ERR_OK)
			die(&why);
	(void)printf("%s: %.3f us\n", what, (cpu_us() - start) / (double)n);
}

static void
segment_time(struct env *env, int dir, const struct hash *name, size_t n,
    const struct segment_crypt *crypt)
{
	static const struct segment_want raw = { .raw = true };
	static const struct segment_want all = {
		.raw = true, .texts = true, .fields = UINT64_MAX
	};
	static const struct segment_want address = { .fields = UINT64_C(1)
		    << FIELD_SRC_IP };
	static const struct segment_want none = { .raw = false };
	struct segment *s;
	struct fault why;
	uint64_t records;
	unsigned damages;
	double start = cpu_us();

	if (segment_open(env, dir, name, NULL, &s, &why) != ERR_OK ||
	    (crypt != NULL &&
		segment_unlock_with(s, span_of(crypt->key, sizeof crypt->key),
		    &why) != ERR_OK) ||
	    lexis_load(s, &why) != ERR_OK)
		die(&why);
	(void)printf("open: %.0f us\n", cpu_us() - start);
	reading_time(s, &raw, "raw bytes", n);
	reading_time(s, &all, "everything", n);
	reading_time(s, &address, "one field", n);
	reading_time(s, &none, "heads", n);
	start = cpu_us();
	if (segment_verify(s, NULL, NULL, &records, &damages, &why) != ERR_OK)
		die(&why);
	(void)printf("verify: %.3f us, %llu sound\n",
	    (cpu_us() - start) / (double)n, (unsigned long long)records);
	segment_close(s);
}

/* Seals and prints. */
static void
weigh(const struct records *r, int dir, const struct segment_crypt *crypt)
{
	struct env *env = env_system();
	struct hash chain = { { 0 } };
	const struct segment_info *info;
	char file[SEGMENT_FILE_MAX], sub[3] = "";
	struct segment_writer *w;
	struct fault why;
	struct buf text;
	double start = cpu_us();

	if (segment_begin(env, dir, "weigh.general-60", 1, &chain, r->sources,
		crypt, &w, &why) != ERR_OK)
		die(&why);
	for (size_t i = 0; i < r->n; i++) {
		struct event ev;
		struct row row = row_at(r, i, &ev);

		if (segment_add(w, &row, &ev, &why) != ERR_OK)
			die(&why);
	}
	if (segment_finish(w, &info, &why) != ERR_OK)
		die(&why);
	(void)printf("seal: %.3f us a record, read back and compared\n"
		     "stored: %.2f bytes of %.1f, %.4f\n",
	    (cpu_us() - start) / (double)r->n,
	    (double)info->file_bytes / (double)r->n,
	    (double)r->raw / (double)r->n,
	    (double)info->file_bytes / (double)r->raw);
	segment_time(env, dir, &info->name, r->n, crypt);
	buf_init(&text, 1 << 20);
	segment_weigh(w, &text);
	(void)fputs(buf_string(&text), stdout);
	buf_clear(&text);
	segment_file(&info->name, file);
	memcpy(sub, file, 2);
	(void)unlinkat(dir, file, 0);
	(void)unlinkat(dir, sub, AT_REMOVEDIR);
	segment_writer_free(w);
}

int
main(int argc, char **argv)
{
	struct segment_crypt crypt = { .key_id = "weigh" };
	char folder[] = "/tmp/weigh.XXXXXX";
	const char *rules = "normalize";
	struct records r = { .n = 0 };
	struct fault why;
	bool encrypted = false;
	int dir, i = 1;

	for (; i < argc - 1; i++) {
		if (strcmp(argv[i], "--key") == 0)
			encrypted = true;
		else if (strcmp(argv[i], "--rules") == 0)
			rules = argv[++i];
		else
			break;
	}
	if (i != argc - 1) {
		(void)fprintf(
		    stderr, "usage: weigh [--rules FOLDER] [--key] FILE\n");
		return 2;
	}
	if (crypt_start(&why) != ERR_OK)
		die(&why);
	crypt_random(crypt.key, sizeof crypt.key);
	r.sources = sources_new(1, 2);
	buf_init(&r.bytes, (size_t)4 << 30);
	lines_read(&r, rules, argv[i]);
	if (r.n == 0 || mkdtemp(folder) == NULL)
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return 1;
	weigh(&r, dir, encrypted ? &crypt : NULL);
	(void)close(dir);
	(void)rmdir(folder);
	sources_free(r.sources);
	buf_clear(&r.bytes);
	free(r.end);
	free(r.source);
	return 0;
}
