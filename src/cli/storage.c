/*
 * cli/storage.c: how long the log will last, and the days it covers.
 */
#include "cli/inner.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

int
cmd_log_storage(struct run *r)
{
	int code;
	json_t *o = run_get(r, "/log/storage", NULL, &code);
	const json_t *s;
	size_t i;
	bool enough;

	if (o == NULL)
		return code;
	enough = json_is_true(json_object_get(o, "enough"));
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
		json_decref(o);
		return enough ? EXIT_DONE : EXIT_NO;
	}
	json_array_foreach(json_object_get(o, "streams"), i, s)
		(void)printf("stream\t%s\t%lld bytes\t%lld a day\tkeeps "
			     "%lld days\t%s %lld days\n",
		    json_get_text(s, "name", ""),
		    (long long)json_get_int(s, "bytes", 0),
		    (long long)json_get_int(s, "day_bytes", 0),
		    (long long)json_get_int(s, "keep_days", 0),
		    json_is_true(json_object_get(s, "enough"))
			? "the disk holds"
			: "the disk holds only",
		    (long long)json_get_int(s, "holds_days", 0));
	json_array_foreach(json_object_get(o, "holds"), i, s)
		(void)printf("hold\t%s/%s\t%s\n",
		    json_get_text(json_object_get(s, "agency"), "key", ""),
		    json_get_text(s, "key", ""), json_get_text(s, "title", ""));
	(void)printf(
	    "free\t%lld bytes\n", (long long)json_get_int(o, "free_bytes", 0));
	json_decref(o);
	return enough ? EXIT_DONE : EXIT_NO;
}

int
cmd_log_calendar(struct run *r)
{
	int code;
	struct buf q;
	json_t *o;
	const json_t *s, *g;
	size_t i, j;

	buf_init(&q, 4096);
	query_add(&q, "agency", r->option[OPT_AGENCY]);
	query_add(&q, "days", r->option[OPT_DAYS]);
	o = run_get(r, "/log/calendar", &q, &code);
	buf_clear(&q);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
		json_decref(o);
		return EXIT_DONE;
	}
	json_array_foreach(json_object_get(o, "sources"), i, s) {
		(void)printf("%lld\t%s\t%s\t%s\t%lld of %lld days whole\n",
		    (long long)json_get_int(s, "source", 0),
		    json_get_text(s, "host", ""),
		    json_get_text(s, "log_source", "not inventoried"),
		    json_get_text(s, "days", ""),
		    (long long)json_get_int(s, "whole", 0),
		    (long long)json_get_int(s, "lived", 0));
		json_array_foreach(json_object_get(s, "gaps"), j, g)
			(void)printf("\tgap\t%s\t%s\t%lld hours\n",
			    json_get_text(g, "from", ""),
			    json_get_text(g, "until", ""),
			    (long long)json_get_int(g, "hours", 0));
	}
	json_decref(o);
	return EXIT_DONE;
}
