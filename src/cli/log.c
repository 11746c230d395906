/*
 * cli/log.c: machines' records.
 */
#include "cli/inner.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "crypt/crypt.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

#define PAGE "2000" /* records of one export page */
#define PROVE_TRIES 50 /* of 200 ms, while a fresh segment is committed */

/* ---- searching ---- */

static void
search_query(const struct run *r, struct buf *q)
{
	buf_init(q, 16384);
	query_add(q, "q", r->n > 0 ? r->word[0] : NULL);
	query_add(q, "agency", r->option[OPT_AGENCY]);
	query_add(q, "class", r->option[OPT_CLASS]);
	query_add(q, "since", r->option[OPT_SINCE]);
	query_add(q, "until", r->option[OPT_UNTIL]);
}

/* Says on stderr what a search did not look at. */
static void
missing_print(const struct run *r, const json_t *o)
{
	const json_t *m;
	size_t i;

	if (json_get_bool(o, "complete", true))
		return;
	fail("the answer is not complete");
	json_array_foreach(json_object_get(o, "missing"), i, m) {
		const char *first = json_get_text(m, "first", "");

		if (*first == '\0')
			fail("%s", words_of(r, m));
		else
			fail("%s (received %s to %s)", words_of(r, m), first,
			    json_get_text(m, "last", ""));
	}
}

static void
records_print(const json_t *o)
{
	const json_t *rec;
	size_t i;

	json_array_foreach(json_object_get(o, "records"), i, rec)
		(void)printf("%s\t%s\t%s\t%s\t%s\n",
		    json_get_text(rec, "id", ""),
		    json_get_text(rec, "received", ""),
		    json_get_text(rec, "host", ""),
		    json_get_text(rec, "app", ""),
		    json_get_text(rec, "message", ""));
}

/* What it took, to stderr. */
static void
cost_print(const struct run *r, const json_t *o)
{
	const json_t *c = json_object_get(o, "cost");

	if (r->option[OPT_COST] == NULL)
		return;
	fail("%lld ms; of %lld segments %lld were read: %lld blocks and %lld "
	     "inbox groups, %lld bytes; %lld records compared, %lld counted "
	     "without",
	    (long long)json_get_int(c, "ms", 0),
	    (long long)json_get_int(c, "segments", 0),
	    (long long)json_get_int(c, "segments_read", 0),
	    (long long)json_get_int(c, "blocks", 0),
	    (long long)json_get_int(c, "groups", 0),
	    (long long)json_get_int(c, "bytes", 0),
	    (long long)json_get_int(c, "compared", 0),
	    (long long)json_get_int(c, "known", 0));
}

/* A value on one line of its own. */
static void
value_print(const char *value, FILE *to)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	(void)text_scrub(&b, span_text(value));
	(void)fputs(buf_string(&b), to);
	buf_clear(&b);
}

/* --top and --distinct: how often each value occurs, or only which. */
static int64_t
values_print(const struct run *r, const json_t *o)
{
	bool many = json_array_size(json_object_get(o, "fields")) > 1;
	const json_t *f, *v;
	int64_t n = 0;
	size_t i, k;

	json_array_foreach(json_object_get(o, "fields"), i, f) {
		const char *name = json_get_text(f, "field", "");
		int64_t none = json_get_int(f, "none", 0);

		json_array_foreach(json_object_get(f, "values"), k, v) {
			if (many)
				(void)printf("%s\t", name);
			if (r->option[OPT_DISTINCT] == NULL)
				(void)printf("%lld\t",
				    (long long)json_get_int(v, "n", 0));
			value_print(json_get_text(v, "value", ""), stdout);
			(void)printf("\n");
			n++;
		}
		if (r->option[OPT_DISTINCT] != NULL)
			continue;
		if (none > 0)
			fail("%s: %lld records have none", name,
			    (long long)none);
		if ((int64_t)k < json_get_int(f, "distinct", 0))
			fail("%s: %lld different values in all", name,
			    (long long)json_get_int(f, "distinct", 0));
	}
	return n;
}

/* --histogram: when they came. */
static int64_t
buckets_print(const json_t *o)
{
	const json_t *b;
	size_t i;

	json_array_foreach(json_object_get(o, "buckets"), i, b)
		(void)printf("%s\t%lld\n", json_get_text(b, "from", ""),
		    (long long)json_get_int(b, "n", 0));
	return json_get_int(o, "total", 0);
}

/* The path and the parameters of what is asked for. */
static const char *
search_path(const struct run *r, struct buf *q)
{
	const char *by = r->option[OPT_TOP] != NULL ? r->option[OPT_TOP]
						    : r->option[OPT_DISTINCT];

	if (by != NULL) {
		query_add(q, "by", by);
		query_add(q, "n",
		    r->option[OPT_DISTINCT] != NULL &&
			    r->option[OPT_LIMIT] == NULL
			? "10000"
			: r->option[OPT_LIMIT]);
		return "/log/top";
	}
	if (r->option[OPT_HISTOGRAM] != NULL)
		return "/log/histogram";
	query_add(q, "limit",
	    r->option[OPT_COUNT] != NULL ? "0" : r->option[OPT_LIMIT]);
	query_add(q, "count", r->option[OPT_COUNT] == NULL ? NULL : "1");
	return "/log/search";
}

int
cmd_log_search(struct run *r)
{
	struct buf q;
	const char *path;
	json_t *o;
	int64_t n;
	int code;

	search_query(r, &q);
	path = search_path(r, &q);
	o = run_get(r, path, &q, &code);
	buf_clear(&q);
	if (o == NULL)
		return code;
	n = (int64_t)json_array_size(json_object_get(o, "records"));
	if (json_is_integer(json_object_get(o, "count")))
		n = json_get_int(o, "count", 0);
	if (r->option[OPT_JSON] != NULL) {
		n = n == 0 ? json_get_int(o, "total", 0) : n;
		print_json(o);
	} else if (strcmp(path, "/log/top") == 0) {
		n = values_print(r, o);
	} else if (strcmp(path, "/log/histogram") == 0) {
		n = buckets_print(o);
	} else if (r->option[OPT_COUNT] != NULL) {
		(void)printf("%lld\n", (long long)n);
	} else {
		records_print(o);
	}
	missing_print(r, o);
	cost_print(r, o);
	json_decref(o);
	return n == 0 ? EXIT_NO : EXIT_DONE;
}

/* One page of raw records, newest first; the next page's place or NULL. */
static json_t *
export_page(struct run *r, const char *before, int *code)
{
	struct buf q;
	json_t *o;

	search_query(r, &q);
	query_add(&q, "limit", PAGE);
	query_add(&q, "raw", "1");
	query_add(&q, "before", before);
	o = run_get(r, "/log/search", &q, code);
	buf_clear(&q);
	return o;
}

/* All pages, then written from the last record to the first. */
int
cmd_log_export(struct run *r)
{
	json_t *pages = json_array(), *o;
	const char *before = NULL;
	struct buf out;
	struct fault why;
	int code = EXIT_DONE;

	do {
		if ((o = export_page(r, before, &code)) == NULL) {
			json_decref(pages);
			return code;
		}
		missing_print(r, o);
		(void)json_array_append_new(pages, o);
		before = json_get_text(o, "next", NULL);
	} while (before != NULL);
	buf_init(&out, (size_t)4 << 30);
	for (size_t p = json_array_size(pages); p-- > 0;) {
		const json_t *list = json_object_get(
		    json_array_get(pages, p), "records");

		for (size_t i = json_array_size(list); i-- > 0;) {
			const json_t *rec = json_array_get(list, i);

			(void)text_unbase64(&out,
			    span_text(json_get_text(rec, "raw_base64", "")));
			buf_text(&out, "\n");
		}
	}
	if (file_write(r, buf_view(&out), &why) != ERR_OK) {
		fail("%s", why.text);
		code = EXIT_COULD_NOT;
	}
	buf_clear(&out);
	json_decref(pages);
	return code;
}

int
cmd_log_stat(struct run *r)
{
	int code;
	json_t *o = run_get(r, "/log/stat", NULL, &code);
	const json_t *s;
	size_t i;

	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
		json_decref(o);
		return EXIT_DONE;
	}
	json_array_foreach(json_object_get(o, "streams"), i, s)
		(void)printf("stream\t%s\t%lld records\t%s\t%s\n",
		    json_get_text(s, "name", ""),
		    (long long)json_get_int(s, "records", 0),
		    json_get_text(s, "first", "-"),
		    json_get_text(s, "last", "-"));
	json_array_foreach(json_object_get(o, "sources"), i, s)
		(void)printf("source\t%lld\t%s\t%s\t%lld records\t%s\t%s\n",
		    (long long)json_get_int(s, "id", 0),
		    json_get_text(s, "sender", ""),
		    json_get_text(s, "host", ""),
		    (long long)json_get_int(s, "records", 0),
		    json_get_text(s, "last", "-"),
		    json_get_text(s, "log_source", "not inventoried"));
	json_array_foreach(json_object_get(o, "losses"), i, s)
		(void)printf("lost\t%s\t%s\t%lld\n", json_get_text(s, "at", ""),
		    json_get_text(s, "socket", ""),
		    (long long)json_get_int(s, "lost", 0));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_log_seal(struct run *r)
{
	struct fault why;
	uint64_t n;

	if (r->b->seal(run_data(r), r->n > 0 ? r->word[0] : "", &n, &why) !=
	    ERR_OK) {
		fail("%s", why.text);
		return EXIT_COULD_NOT;
	}
	return EXIT_DONE;
}

/* Part after part, until all was read. */
int
cmd_log_verify(struct run *r)
{
	int64_t segments = 0, records = 0, failed = 0, next = -1;
	json_t *damages = json_array(), *o;
	const json_t *d;
	bool complete = false;
	size_t i;
	int code;

	while (!complete) {
		struct buf q, from;

		buf_init(&q, 1024);
		buf_init(&from, 64);
		buf_printf(&from, "%lld", (long long)next);
		query_add(&q, "agency", r->option[OPT_AGENCY]);
		query_add(&q, "from", next < 0 ? NULL : buf_string(&from));
		o = run_get(r, "/log/verify", &q, &code);
		buf_clear(&q);
		buf_clear(&from);
		if (o == NULL) {
			json_decref(damages);
			return code;
		}
		segments += json_get_int(o, "segments", 0);
		records += json_get_int(o, "records", 0);
		failed += json_get_int(o, "failed", 0);
		next = json_get_int(o, "next", 0);
		complete = json_get_bool(o, "complete", true);
		(void)json_array_extend(damages, json_object_get(o, "damages"));
		json_decref(o);
	}
	if (r->option[OPT_JSON] != NULL) {
		o = json_object();
		json_put_int(o, "segments", segments);
		json_put_int(o, "records", records);
		json_put_int(o, "failed", failed);
		(void)json_object_set(o, "damages", damages);
		print_json(o);
		json_decref(o);
	} else {
		json_array_foreach(damages, i, d)
			(void)printf("%s\n", json_get_text(d, "text", ""));
	}
	failed += (int64_t)json_array_size(damages);
	json_decref(damages);
	return failed == 0 ? EXIT_DONE : EXIT_NO;
}

/* ---- proofs ---- */

int
run_fetch(struct run *r, const char *path)
{
	struct buf body;
	struct fault why;
	int code;

	buf_init(&body, (size_t)4 << 20);
	if (run_bytes(r, path, NULL, &body, &code) &&
	    file_write(r, buf_view(&body), &why) != ERR_OK) {
		fail("%s", why.text);
		code = EXIT_COULD_NOT;
	}
	buf_clear(&body);
	return code;
}

/* Has the record's proof come? A record that waits in the inbox is sealed. */
static bool
proof_is_there(struct run *r, const char *path)
{
	struct buf body;
	struct fault why;
	int status = 0;

	buf_init(&body, (size_t)4 << 20);
	(void)r->b->read(run_data(r), path, "", &status, &body, &why);
	buf_clear(&body);
	return status != 409;
}

int
cmd_log_prove(struct run *r)
{
	struct buf path, stream;
	struct fault why;
	const char *dot = strrchr(r->word[0], '.');
	uint64_t n;
	int code;

	buf_init(&path, 4096);
	buf_init(&stream, 4096);
	buf_text(&path, "/log/records");
	path_add(&path, r->word[0]);
	buf_text(&path, "/proof");
	buf_add(&stream, r->word[0],
	    dot == NULL ? strlen(r->word[0]) : (size_t)(dot - r->word[0]));
	if (!proof_is_there(r, buf_string(&path)) &&
	    r->b->seal(run_data(r), buf_string(&stream), &n, &why) == ERR_OK) {
		const struct timespec nap = { 0, 200000000 };

		for (int i = 0;
		     i < PROVE_TRIES && !proof_is_there(r, buf_string(&path));
		     i++)
			(void)nanosleep(&nap, NULL);
	}
	code = run_fetch(r, buf_string(&path));
	buf_clear(&path);
	buf_clear(&stream);
	return code;
}
