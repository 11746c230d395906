/*
 * cli/logtail.c: new records as they come.
 */
#include "cli/inner.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/when.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

#define PAGE "1000" /* records asked for at a time */
/* Records of other streams may become durable this much later than newer
 * ones: so far back each question looks again. */
#define BACK_US (10 * WHEN_SECOND)
#define EVERY_S 2

/* What has been printed: a set of ids for each of the last two stretches. */
struct tail {
	json_t *now, *before;
	int64_t begun_us; /* of `now` */
	int64_t floor_us; /* what is older stands before the first ones */
	int64_t newest_us;
};

static bool
is_printed(const struct tail *t, const char *id)
{
	return json_object_get(t->now, id) != NULL ||
	    json_object_get(t->before, id) != NULL;
}

/* Keeps what may come again: no more than the last two stretches. */
static void
turn(struct tail *t)
{
	if (t->newest_us - t->begun_us < 2 * BACK_US)
		return;
	json_decref(t->before);
	t->before = t->now;
	t->now = json_object();
	t->begun_us = t->newest_us;
}

static void
record_print(const json_t *rec)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	(void)text_scrub(&b, span_text(json_get_text(rec, "message", "")));
	(void)printf("%s\t%s\t%s\t%s\t%s\n", json_get_text(rec, "id", ""),
	    json_get_text(rec, "received", ""), json_get_text(rec, "host", ""),
	    json_get_text(rec, "app", ""), buf_string(&b));
	buf_clear(&b);
}

/* The records of one answer, oldest first. */
static void
records_take(struct tail *t, const struct run *r, const json_t *o)
{
	const json_t *list = json_object_get(o, "records");
	bool first = t->floor_us == 0;

	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *rec = json_array_get(list, i);
		const char *id = json_get_text(rec, "id", "");
		int64_t us = 0;

		if (is_printed(t, id))
			continue;
		(void)json_object_set_new(t->now, id, json_true());
		if (when_parse(span_text(json_get_text(rec, "received", "")),
			&us, NULL) == ERR_OK &&
		    us > t->newest_us)
			t->newest_us = us;
		if (first && t->floor_us == 0)
			t->floor_us = us;
		if (us < t->floor_us)
			continue;
		if (r->option[OPT_JSON] != NULL)
			print_json(rec);
		else
			record_print(rec);
	}
	if (t->floor_us == 0)
		t->floor_us = t->newest_us;
	(void)fflush(stdout);
	turn(t);
}

/* Everything received since a little before the newest one known. */
static int
tail_ask(struct tail *t, struct run *r, bool first)
{
	const char *before = NULL;
	json_t *o = NULL, *pages = json_array();
	int code = EXIT_DONE;

	do {
		struct buf q, since;

		buf_init(&q, 16384);
		buf_init(&since, 64);
		when_print_utc(&since, t->newest_us - BACK_US);
		query_add(&q, "q", r->n > 0 ? r->word[0] : NULL);
		query_add(&q, "agency", r->option[OPT_AGENCY]);
		query_add(&q, "class", r->option[OPT_CLASS]);
		query_add(&q, "since", first ? NULL : buf_string(&since));
		query_add(&q, "limit",
		    !first                             ? PAGE
			: r->option[OPT_LIMIT] != NULL ? r->option[OPT_LIMIT]
						       : "10");
		query_add(&q, "before", before);
		o = run_get(r, "/log/search", &q, &code);
		buf_clear(&q);
		buf_clear(&since);
		if (o == NULL)
			break;
		(void)json_array_append_new(pages, o);
		before = json_get_text(o, "next", NULL);
	} while (!first && before != NULL);
	for (size_t i = json_array_size(pages); i-- > 0 && o != NULL;)
		records_take(t, r, json_array_get(pages, i));
	json_decref(pages);
	return o == NULL ? code : EXIT_DONE;
}

int
cmd_log_tail(struct run *r)
{
	struct tail t = { .now = json_object(), .before = json_object() };
	struct timespec now, nap = { EVERY_S, 0 };
	int code;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	t.newest_us = t.begun_us = (int64_t)now.tv_sec * WHEN_SECOND;
	code = tail_ask(&t, r, true);
	while (code == EXIT_DONE && !ferror(stdout)) {
		(void)nanosleep(&nap, NULL);
		code = tail_ask(&t, r, false);
	}
	json_decref(t.now);
	json_decref(t.before);
	return code;
}
