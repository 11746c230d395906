/*
 * report/detection.c: what the rules saw, and the rules themselves.
 *
 * Detections of the agencies the viewer may see. Whose name a detection
 * holds is a matter of records: without the right to read records the user
 * and the subject are left out.
 */
#include "report/inner.h"

#include <string.h>

#include "sigma/sigma.h"

#define PAGE_ROWS 100U
#define SILENT "silent-source"

/* ---- rules ---- */

static const char *
level_text(enum sigma_level l)
{
	static const char *const text[] = { "informational", "low", "medium",
		"high", "critical" };

	return text[l];
}

static json_t *
clauses_json(const char *list)
{
	struct cursor c = cursor_of(span_text(list));
	json_t *all = json_array();

	while (c.pos < c.all.len) {
		struct span id = cursor_until(&c, ' ', NULL);
		json_t *o = json_object();
		struct buf b;

		buf_init(&b, 64);
		buf_span(&b, id);
		json_put_text(o, "id", id);
		put(o, "label", label_json(buf_string(&b)));
		(void)json_array_append_new(all, o);
		buf_clear(&b);
	}
	return all;
}

static json_t *
rule_json(const struct sigma_rule *x, bool text)
{
	json_t *o = json_object();
	const char *slash = strrchr(x->file, '/');

	json_put_str(o, "name", x->name);
	json_put_str(o, "id", x->id);
	put(o, "title", words_json(x->title.zh, x->title.en));
	put(o, "description", words_json(x->description.zh, x->description.en));
	put(o, "advice", words_json(x->advice.zh, x->advice.en));
	json_put_str(o, "level", level_text(x->level));
	json_put_str(o, "status", x->status);
	json_put_str(o, "actor", x->actor);
	put(o, "clauses", clauses_json(x->clauses));
	json_put_str(o, "file", slash == NULL ? x->file : slash + 1);
	json_put_int(o, "line", x->line);
	put(o, "speaks", json_boolean(x->speaks));
	put(o, "idle", json_boolean(x->idle));
	if (text)
		json_put_text(o, "text", x->text);
	return o;
}

/* Rules that are no Sigma file: the clock's. */
static json_t *
silent_json(void)
{
	json_t *o = json_object();

	json_put_str(o, "name", SILENT);
	json_put_str(o, "id", "");
	put(o, "title", words_json("日誌來源無訊", "A silent log source"));
	put(o, "description",
	    words_json("登記之日誌來源逾容許時數沒有任何紀錄送達。",
		"A registered log source sent nothing for longer than it "
		"may."));
	put(o, "advice",
	    words_json("恢復日誌轉送，並查明無訊期間之原因。",
		"Restore the forwarding and find out why it was silent."));
	json_put_str(o, "level", "medium");
	json_put_str(o, "status", "stable");
	json_put_str(o, "actor", "it-officer");
	put(o, "clauses", clauses_json("12.1"));
	json_put_str(o, "file", "");
	json_put_int(o, "line", 0);
	put(o, "speaks", json_true());
	put(o, "idle", json_false());
	return o;
}

static json_t *
rule_named(struct report *r, struct span name, bool text)
{
	uint32_t i = r->detections == NULL ? SIGMA_NONE
					   : sigma_find(r->detections, name);
	json_t *o;

	if (i != SIGMA_NONE)
		return rule_json(sigma_at(r->detections, i), text);
	if (span_is(name, SILENT))
		return silent_json();
	/* A rule that has gone: its detections stay. */
	o = json_object();
	json_put_text(o, "name", name);
	json_put_text(o, "title", name);
	put(o, "gone", json_true());
	return o;
}

enum err
report_detection_rules(struct report *r, const struct question *q,
    struct answer *a, struct fault *why)
{
	bool parts = param(r, q, "parts").len > 0;
	json_t *all = json_array();

	(void)why;
	for (unsigned i = 0;
	     r->detections != NULL && i < sigma_count(r->detections); i++) {
		const struct sigma_rule *x = sigma_at(r->detections, i);

		if (x->speaks || parts)
			(void)json_array_append_new(all, rule_json(x, false));
	}
	(void)json_array_append_new(all, silent_json());
	a->json = json_object();
	put(a->json, "rules", all);
	put(a->json, "mistakes",
	    r->rule_mistakes == NULL ? json_array()
				     : json_incref(r->rule_mistakes));
	return ERR_OK;
}

enum err
report_detection_rule(struct report *r, const struct question *q,
    struct answer *a, struct fault *why)
{
	json_t *o = rule_named(r, q->part[2], true);

	if (json_get_bool(o, "gone", false)) {
		json_decref(o);
		return fault_set(why, ERR_NOT_FOUND, "no rule '%.*s'",
		    (int)q->part[2].len, (const char *)q->part[2].at);
	}
	a->json = json_object();
	put(a->json, "rule", o);
	return ERR_OK;
}

/* ---- detections ---- */

struct listing {
	json_t *list;
	size_t n;
	bool by_name; /* asked for a subject */
};

static enum err
row_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct listing *l = arg;
	struct span agency = sql_text(s, 3);
	bool named = rights_may(r->rights, agency, MAY_LOGS);
	json_t *o;

	(void)why;
	if (l->by_name && !named)
		return ERR_OK; /* not even that there is one */
	if (l->n++ >= PAGE_ROWS)
		return ERR_OK; /* one more only tells that there is more */
	o = json_object();
	json_put_str(o, "id",
	    arena_printf(r->arena, "%lld.%lld", (long long)sql_int(s, 0),
		(long long)sql_int(s, 1)));
	json_put_int(o, "source", sql_int(s, 0));
	json_put_int(o, "n", sql_int(s, 1));
	put(o, "rule", rule_named(r, sql_text(s, 2), false));
	put(o, "agency", agency_json(r, agency));
	json_put_text(o, "subject", named ? sql_text(s, 4) : SPAN_EMPTY);
	json_put_text(o, "user", named ? sql_text(s, 5) : SPAN_EMPTY);
	json_put_time(o, "first", sql_int(s, 6));
	json_put_time(o, "last", sql_int(s, 7));
	json_put_int(o, "count", sql_int(s, 8));
	json_put_text(o, "record", sql_text(s, 9));
	json_put_text(o, "host", sql_text(s, 10));
	json_put_text(o, "sender", sql_text(s, 11));
	json_put_text(o, "log_source", sql_text(s, 12));
	json_put_int(o, "records", sql_int(s, 13));
	if (sql_text(s, 14).len > 0)
		json_put_text(o, "answer", sql_text(s, 14));
	else
		put(o, "answer", NULL);
	(void)json_array_append_new(l->list, o);
	return ERR_OK;
}

static enum err
count_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *list = arg, *o = json_object();

	(void)why;
	put(o, "rule", rule_named(r, sql_text(s, 0), false));
	json_put_int(o, "n", sql_int(s, 1));
	json_put_int(o, "open", sql_int(s, 2));
	json_put_time(o, "last", sql_int(s, 3));
	(void)json_array_append_new(list, o);
	return ERR_OK;
}

enum err
report_detections(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span agency = param(r, q, "agency"), rule = param(r, q, "rule");
	struct span subject = param(r, q, "subject");
	struct listing l = { json_array(), 0, subject.len > 0 };
	json_t *counts = json_array();
	int64_t since = 0, until = 0;
	uint64_t page = 1;
	enum err e;

	if ((e = agency_known(r, agency, why)) == ERR_OK &&
	    (e = param_time(r, q, "since", 0, &since, why)) == ERR_OK &&
	    (e = param_time(r, q, "until", INT64_MAX, &until, why)) == ERR_OK)
		e = param_int(r, q, "page", 1, 100000, &page, why);
	if (e == ERR_OK) {
		const struct bind b[] = { BIND_TEXT(":agency", agency),
			BIND_TEXT(":rule", rule),
			BIND_TEXT(":subject", subject), BIND_INT(":source", 0),
			BIND_INT(":n", 0), BIND_INT(":since", since),
			BIND_INT(":until", until),
			BIND_INT(":open", param(r, q, "open").len > 0),
			BIND_INT(":most", PAGE_ROWS + 1),
			BIND_INT(":skip",
			    (int64_t)((page < 1 ? 0 : page - 1) * PAGE_ROWS)) };
		const struct bind c[] = { BIND_TEXT(":agency", agency),
			BIND_TEXT(":subject", subject),
			BIND_INT(":since", since), BIND_INT(":until", until) };

		e = rows(r, "detections", b, sizeof b / sizeof b[0], row_take,
		    &l, why);
		if (e == ERR_OK)
			e = rows(r, "detection_counts", c,
			    sizeof c / sizeof c[0], count_take, counts, why);
	}
	if (e != ERR_OK) {
		json_decref(l.list);
		json_decref(counts);
		return e;
	}
	a->json = json_object();
	put(a->json, "detections", l.list);
	put(a->json, "counts", counts);
	json_put_int(a->json, "page", (int64_t)page);
	put(a->json, "more", json_boolean(l.n > PAGE_ROWS));
	return ERR_OK;
}

/* ---- one of them ---- */

static enum err
record_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	(void)r;
	(void)why;
	(void)json_array_append_new(arg,
	    json_stringn((const char *)sql_text(s, 0).at, sql_text(s, 0).len));
	return ERR_OK;
}

static enum err
answer_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object();

	(void)r;
	(void)why;
	json_put_text(o, "key", sql_text(s, 0));
	json_put_text(o, "action", sql_text(s, 1));
	json_put_text(o, "by", sql_text(s, 2));
	json_put_time(o, "at", sql_int(s, 3));
	json_put_int(o, "entry", sql_int(s, 4));
	(void)json_array_append_new(arg, o);
	return ERR_OK;
}

/* "3.17": the source's number and the detection's within it. */
static bool
id_read(struct span s, int64_t *source, int64_t *n)
{
	size_t dot = span_find(s, '.');
	uint64_t a = 0, b = 0;

	if (dot == SIZE_MAX ||
	    !span_number(span_slice(s, 0, dot), INT64_MAX, &a) ||
	    !span_number(span_slice(s, dot + 1, SIZE_MAX), INT64_MAX, &b) ||
	    a == 0 || b == 0)
		return false;
	*source = (int64_t)a;
	*n = (int64_t)b;
	return true;
}

enum err
report_detection(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct listing l = { NULL, 0, false };
	json_t *one, *records, *answers;
	int64_t source = 0, n = 0;
	struct span agency;
	const char *rule;
	enum err e;

	if (!id_read(q->part[1], &source, &n))
		return fault_set(
		    why, ERR_NOT_FOUND, "a detection is named like 3.17");
	{
		const struct bind b[] = { BIND_TEXT(":agency", SPAN_EMPTY),
			BIND_TEXT(":rule", SPAN_EMPTY),
			BIND_TEXT(":subject", SPAN_EMPTY),
			BIND_INT(":source", source), BIND_INT(":n", n),
			BIND_INT(":since", INT64_MIN),
			BIND_INT(":until", INT64_MAX), BIND_INT(":open", 0),
			BIND_INT(":most", 1), BIND_INT(":skip", 0) };
		const struct bind c[] = { BIND_INT(":source", source),
			BIND_INT(":n", n) };

		l.list = json_array();
		e = rows(r, "detections", b, sizeof b / sizeof b[0], row_take,
		    &l, why);
		if (e == ERR_OK && json_array_size(l.list) == 0)
			e = fault_set(why, ERR_NOT_FOUND,
			    "no detection %lld.%lld", (long long)source,
			    (long long)n);
		records = json_array();
		if (e == ERR_OK)
			e = rows(r, "detection_records", c, 2, record_take,
			    records, why);
	}
	if (e != ERR_OK) {
		json_decref(l.list);
		json_decref(records);
		return e;
	}
	one = json_incref(json_array_get(l.list, 0));
	json_decref(l.list);
	answers = json_array();
	agency = span_text(arena_printf(r->arena, "%s",
	    json_get_text(json_object_get(one, "agency"), "key", "")));
	{
		const struct bind c[] = { BIND_INT(":source", source),
			BIND_INT(":n", n), BIND_TEXT(":agency", agency) };

		e = rows(
		    r, "detection_answers", c, 3, answer_take, answers, why);
	}
	rule = arena_printf(r->arena, "%s",
	    json_get_text(json_object_get(one, "rule"), "name", ""));
	put(one, "rule", rule_named(r, span_text(rule), true));
	a->json = json_object();
	put(a->json, "detection", one);
	put(a->json, "cites", records);
	put(a->json, "answers", answers);
	if (e != ERR_OK) {
		json_decref(a->json);
		a->json = NULL;
	}
	return e;
}
