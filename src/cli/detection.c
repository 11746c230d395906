/*
 * cli/detection.c: what the rules saw, the rules, and trying one's own.
 */
#include "cli/inner.h"

#include <string.h>

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

int
cmd_detection_list(struct run *r)
{
	struct buf q;
	json_t *o;
	const json_t *d;
	size_t i;
	int code;

	buf_init(&q, 8192);
	query_add(&q, "agency", r->option[OPT_AGENCY]);
	query_add(&q, "rule", r->n > 0 ? r->word[0] : NULL);
	query_add(&q, "since", r->option[OPT_SINCE]);
	query_add(&q, "until", r->option[OPT_UNTIL]);
	query_add(&q, "subject", r->option[OPT_SUBJECT]);
	query_add(&q, "open", r->option[OPT_OPEN] == NULL ? NULL : "1");
	o = run_get(r, "/detections", &q, &code);
	buf_clear(&q);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else
		json_array_foreach(json_object_get(o, "detections"), i, d)
			(void)printf("%s\t%s\t%s\t%s\t%s\t%lld\t%s\n",
			    json_get_text(d, "first", ""),
			    json_get_text(
				json_object_get(d, "agency"), "key", ""),
			    json_get_text(d, "id", ""),
			    json_get_text(
				json_object_get(d, "rule"), "name", ""),
			    json_get_text(d, "subject", ""),
			    (long long)json_get_int(d, "count", 0),
			    json_get_text(d, "answer", "-"));
	if (json_get_bool(o, "more", false) && r->option[OPT_JSON] == NULL)
		fail("there are more: narrow by --since, --until or a rule");
	json_decref(o);
	return EXIT_DONE;
}

/* One line of a detection. */
static void
line(const char *name, const char *value)
{
	if (value[0] != '\0')
		(void)printf("%s\t%s\n", name, value);
}

int
cmd_detection_show(struct run *r)
{
	const json_t *d, *rule, *one;
	struct buf path;
	json_t *o;
	size_t i;
	int code;

	buf_init(&path, 4096);
	buf_text(&path, "/detections");
	path_add(&path, r->word[0]);
	o = run_get(r, buf_string(&path), NULL, &code);
	buf_clear(&path);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
		json_decref(o);
		return EXIT_DONE;
	}
	d = json_object_get(o, "detection");
	rule = json_object_get(d, "rule");
	line("id", json_get_text(d, "id", ""));
	line("rule", json_get_text(rule, "name", ""));
	line("title", words_of(r, json_object_get(rule, "title")));
	line("agency", json_get_text(json_object_get(d, "agency"), "key", ""));
	line("source", json_get_text(d, "log_source", ""));
	line("host", json_get_text(d, "host", ""));
	line("subject", json_get_text(d, "subject", ""));
	line("user", json_get_text(d, "user", ""));
	line("first", json_get_text(d, "first", ""));
	line("last", json_get_text(d, "last", ""));
	(void)printf("count\t%lld\n", (long long)json_get_int(d, "count", 0));
	json_array_foreach(json_object_get(o, "cites"), i, one)
		line("record", json_string_value(one));
	line("advice", words_of(r, json_object_get(rule, "advice")));
	json_array_foreach(json_object_get(o, "answers"), i, one)
		(void)printf("answer\t%s\t%s\t%s\n",
		    json_get_text(one, "at", ""), json_get_text(one, "by", ""),
		    json_get_text(one, "action", ""));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_detection_rules(struct run *r)
{
	struct buf path;
	json_t *o;
	const json_t *x;
	size_t i;
	int code;

	buf_init(&path, 4096);
	buf_text(&path, "/detections/rules");
	if (r->n > 0)
		path_add(&path, r->word[0]);
	o = run_get(r, buf_string(&path), NULL, &code);
	buf_clear(&path);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else if (r->n > 0)
		(void)printf("%s",
		    json_get_text(json_object_get(o, "rule"), "text", ""));
	else
		json_array_foreach(json_object_get(o, "rules"), i, x)
			(void)printf("%s\t%s\t%s%s\n",
			    json_get_text(x, "name", ""),
			    json_get_text(x, "level", ""),
			    words_of(r, json_object_get(x, "title")),
			    json_get_bool(x, "idle", false)
				? "\t(no such log source here)"
				: "");
	json_array_foreach(json_object_get(o, "mistakes"), i, x)
		fail("%s", json_string_value(x));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_detection_test(struct run *r)
{
	return r->b->detection_test(r->word, r->n);
}
