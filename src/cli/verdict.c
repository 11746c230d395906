/*
 * cli/verdict.c: verdicts and clauses.
 */
#include "cli/inner.h"

#include <string.h>

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

static bool
is_not_met(const char *state)
{
	return strcmp(state, "unmet") == 0 || strcmp(state, "unknown") == 0;
}

/* One line a verdict; whether any of them is not met. */
static bool
verdicts_print(struct run *r, const json_t *list)
{
	const json_t *v;
	bool bad = false;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *state = json_get_text(v, "state", "?");

		bad = bad || is_not_met(state);
		if (r->option[OPT_JSON] == NULL)
			(void)printf("%s\t%s\t%s\t%s\n",
			    json_get_text(
				json_object_get(v, "agency"), "key", "?"),
			    json_get_text(v, "clause", "?"), state,
			    words_of(r, json_object_get(v, "title")));
	}
	return bad;
}

int
cmd_verdict(struct run *r)
{
	struct buf q;
	json_t *o;
	int code;
	bool bad;

	buf_init(&q, 8192);
	query_add(&q, "agency", r->option[OPT_AGENCY]);
	query_add(&q, "clause", r->option[OPT_CLAUSE]);
	query_add(&q, "at", r->option[OPT_AT]);
	query_add(&q, "known", r->option[OPT_KNOWN]);
	query_add(&q, "set", r->option[OPT_SET]);
	o = run_get(r, "/verdicts", &q, &code);
	buf_clear(&q);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	bad = verdicts_print(r, json_object_get(o, "verdicts"));
	json_decref(o);
	return bad ? EXIT_NO : EXIT_DONE;
}

int
cmd_clause_list(struct run *r)
{
	struct buf q;
	json_t *o;
	const json_t *c;
	size_t i, n = 0;
	int code;

	buf_init(&q, 4096);
	query_add(&q, "q", r->n > 0 ? r->word[0] : NULL);
	o = run_get(r, "/clauses", &q, &code);
	buf_clear(&q);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	json_array_foreach(json_object_get(o, "clauses"), i, c) {
		n++;
		if (r->option[OPT_JSON] == NULL)
			(void)printf("%s\t%s\t%s\t%s\n",
			    json_get_text(c, "id", "?"),
			    json_get_text(c, "mode", ""),
			    json_get_text(c, "modality", ""),
			    words_of(r, json_object_get(c, "title")));
	}
	json_decref(o);
	return n == 0 ? EXIT_NO : EXIT_DONE;
}

/* A finding: state, subject, sentence, and the way to green. */
static void
finding_print(const struct run *r, const json_t *f)
{
	const char *fix = words_of(r, json_object_get(f, "fix"));
	const char *says = words_of(r, json_object_get(f, "sentence"));

	if (says[0] == '\0')
		says = words_of(r, json_object_get(f, "says"));
	(void)printf("  %s\t%s\t%s\n", json_get_text(f, "state", "?"),
	    json_get_text(f, "subject_title",
		json_get_text(f, "title", json_get_text(f, "subject", ""))),
	    says);
	if (fix[0] != '\0')
		(void)printf("  \t→ %s\n", fix);
}

int
cmd_clause_show(struct run *r)
{
	struct buf p, q;
	json_t *o;
	const json_t *c, *f;
	size_t i;
	int code;

	buf_init(&p, 4096);
	buf_init(&q, 4096);
	buf_text(&p, "/clauses");
	path_add(&p, r->word[0]);
	query_add(&q, "agency", r->option[OPT_AGENCY]);
	o = run_get(r, buf_string(&p), &q, &code);
	buf_clear(&p);
	buf_clear(&q);
	if (o == NULL)
		return code;
	c = json_object_get(o, "clause");
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
	} else {
		(void)printf("%s %s\n%s\n%s\n", json_get_text(c, "id", ""),
		    words_of(r, json_object_get(c, "title")),
		    json_get_text(c, "text", ""),
		    words_of(r, json_object_get(c, "decided_by")));
		json_array_foreach(json_object_get(o, "findings"), i, f)
			finding_print(r, f);
		if (json_is_string(json_object_get(o, "sql")))
			(void)printf("\n%s\n", json_get_text(o, "sql", ""));
		else
			(void)printf(
			    "%s\n", words_of(r, json_object_get(o, "reason")));
	}
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_clause_explain(struct run *r)
{
	struct buf q;
	json_t *o;
	const json_t *s;
	size_t i;
	int code;
	bool bad;

	buf_init(&q, 8192);
	query_add(&q, "explain", "1");
	query_add(&q, "clause", r->word[0]);
	query_add(&q, "agency",
	    r->option[OPT_AGENCY] == NULL ? "main" : r->option[OPT_AGENCY]);
	query_add(&q, "at", r->option[OPT_AT]);
	query_add(&q, "known", r->option[OPT_KNOWN]);
	query_add(&q, "set", r->option[OPT_SET]);
	o = run_get(r, "/verdicts", &q, &code);
	buf_clear(&q);
	if (o == NULL)
		return code;
	s = json_object_get(o, "verdict");
	bad = is_not_met(json_get_text(s, "state", "unknown"));
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
	} else {
		const json_t *one;

		(void)printf("%s\t%s\n",
		    json_get_text(json_object_get(o, "clause"), "id", ""),
		    json_get_text(s, "state", "?"));
		(void)printf("%s\n",
		    json_get_text(json_object_get(o, "clause"), "text", ""));
		json_array_foreach(json_object_get(o, "subjects"), i, one)
			finding_print(r, one);
	}
	json_decref(o);
	return bad ? EXIT_NO : EXIT_DONE;
}

int
cmd_clause_test(struct run *r)
{
	return r->b->clause_test(r->word, r->n);
}
