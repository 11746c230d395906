/*
 * proc/book_write.c: commands of people, as doc/api.md shapes them.
 */
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "book/entry.h"
#include "book/import.h"
#include "proc/api.h"
#include "proc/book.h"
#include "proc/roles.h"
#include "report/report.h"

#define REFUSALS_SHOWN 200

/* One command on its way: who, what, and where its answer goes. */
struct write {
	struct book_state *s;
	struct arena *arena;
	const struct api_ask *q;
	struct span actor, reg, agency, key;
	struct buf *answer;
};

static int64_t
now(void)
{
	return env_system()->ops->now_us(env_system());
}

/* Answers with the error, and each wrong field where there are any. */
static enum err
refuse_all(struct write *w, enum err e, const struct refusals *bad,
    const struct fault *why)
{
	const bool first = bad != NULL && bad->n > 0;
	json_t *o = api_error(e, NULL, why->text);
	json_t *list = json_array();

	for (size_t i = 0; bad != NULL && i < bad->n && i < REFUSALS_SHOWN;
	     i++) {
		json_t *one = json_object(), *text = json_object();

		json_put_str(one, "field",
		    bad->at[i].field == NULL ? "" : bad->at[i].field);
		json_put_str(text, "zh", bad->at[i].zh);
		json_put_str(text, "en", bad->at[i].en);
		json_object_set_new(one, "text", text);
		json_array_append_new(list, one);
	}
	if (first) {
		json_t *text = json_object();

		json_put_str(text, "zh", bad->at[0].zh);
		json_put_str(text, "en", bad->at[0].en);
		json_object_set_new(json_object_get(o, "error"), "text", text);
		if (bad->at[0].field != NULL)
			json_put_str(json_object_get(o, "error"), "where",
			    bad->at[0].field);
	}
	json_object_set_new(o, "errors", list);
	api_put(w->answer, api_status(e), o);
	return ERR_OK;
}

static enum err
command_do(struct write *w, struct command *cmd, struct fault *why)
{
	struct refusals bad;
	struct written out;
	json_t *o;
	enum err e;

	refusals_init(&bad, w->arena);
	cmd->actor = w->actor;
	cmd->agency = w->agency;
	cmd->reg = w->reg;
	cmd->key = w->key;
	e = book_write(w->s->book, cmd, now(), &bad, &out, why);
	if (e != ERR_OK)
		return refuse_all(w, e, &bad, why);
	o = json_object();
	json_put_int(o, "seq", (int64_t)out.seq);
	json_put_text(o, "agency", w->agency);
	json_put_str(o, "key", out.key);
	json_object_set_new(o, "unchanged", json_boolean(out.unchanged));
	api_put(w->answer, out.added ? 201 : 200, o);
	return ERR_OK;
}

/* Reads the body as one JSON object. */
static enum err
body_read(struct write *w, json_t **body, struct fault *why)
{
	enum err e;

	if (w->q->body.len == 0) {
		*body = json_object();
		return ERR_OK;
	}
	if ((e = json_read(w->q->body, body, why)) != ERR_OK)
		return e;
	if (json_is_object(*body))
		return ERR_OK;
	json_decref(*body);
	return fault_set(why, ERR_SYNTAX, "the body is not an object");
}

static enum err
row_set(struct write *w, struct fault *why)
{
	struct command cmd = { .action = ENTRY_SET };
	json_t *body;
	const char *effective;
	enum err e = body_read(w, &body, why);

	if (e != ERR_OK)
		return refuse_all(w, e, NULL, why);
	cmd.fields = json_object_get(body, "fields");
	effective = json_get_text(body, "effective", NULL);
	if (!json_is_object(cmd.fields))
		e = fault_set(why, ERR_SYNTAX, "fields: not an object");
	if (e == ERR_OK && effective != NULL)
		e = when_parse(span_text(effective), &cmd.effective_us, why);
	cmd.prev = (uint64_t)json_get_int(body, "prev", 0);
	e = e == ERR_OK ? command_do(w, &cmd, why)
			: refuse_all(w, e, NULL, why);
	json_decref(body);
	return e;
}

static enum err
row_void(struct write *w, struct fault *why)
{
	struct command cmd = { .action = ENTRY_VOID };
	json_t *body;
	enum err e = body_read(w, &body, why);

	if (e != ERR_OK)
		return refuse_all(w, e, NULL, why);
	cmd.ground = span_text(json_get_text(body, "ground", ""));
	e = command_do(w, &cmd, why);
	json_decref(body);
	return e;
}

/* Corrects one entry by a later one: {"seq": 41}. */
static enum err
row_undo(struct write *w, struct fault *why)
{
	struct refusals bad;
	struct written out;
	json_t *body, *o;
	enum err e = body_read(w, &body, why);

	if (e != ERR_OK)
		return refuse_all(w, e, NULL, why);
	refusals_init(&bad, w->arena);
	e = book_undo(w->s->book, w->actor, w->agency,
	    (uint64_t)json_get_int(body, "seq", 0), now(), &bad, &out, why);
	json_decref(body);
	if (e != ERR_OK)
		return refuse_all(w, e, &bad, why);
	o = json_object();
	json_put_int(o, "seq", (int64_t)out.seq);
	api_put(w->answer, 200, o);
	return ERR_OK;
}

/* CSV in; for `account` with ?system= a whole list of one system. */
static enum err
rows_import(struct write *w, struct fault *why)
{
	struct span system = question_param(w->arena, w->q->query, "system");
	struct span taken = question_param(w->arena, w->q->query, "taken");
	struct import_job job = { .actor = w->actor,
		.agency = w->agency,
		.reg = w->reg,
		.csv = w->q->body,
		.dry = question_param(w->arena, w->q->query, "dry").len > 0 };
	int64_t taken_us = now();
	json_t *out = NULL;
	enum err e = ERR_OK;

	if (taken.len > 0)
		e = when_parse(taken, &taken_us, why);
	if (e == ERR_OK && system.len > 0 && span_is(w->reg, "account"))
		e = book_import_accounts(
		    w->s->book, &job, system, taken_us, now(), &out, why);
	else if (e == ERR_OK)
		e = book_import(w->s->book, &job, now(), &out, why);
	if (out == NULL)
		return refuse_all(w, e, NULL, why);
	if (e != ERR_OK) {
		json_t *o = api_error(e, NULL, why->text);

		/* A wrong heading fails the file, though no row was reached. */
		if (json_get_int(out, "failed", 0) == 0)
			json_put_int(out, "failed", 1);

		(void)json_object_update(out, o);
		json_decref(o);
	}
	api_put(w->answer, job.dry ? 200 : api_status(e), out);
	return ERR_OK;
}

/* What a second host holds. */
static enum err
replicas_do(struct write *w, struct fault *why)
{
	struct rights *r = NULL;
	json_t *out = NULL;
	enum err e = rights_of(book_db(w->s->book), w->actor, now(), &r, why);

	if (e != ERR_OK)
		return e;
	e = book_replicas_take(w->s->book, r, w->q->body, now(), &out, why);
	rights_free(r);
	if (e == ERR_SYNTAX || e == ERR_DENIED || e == ERR_RANGE)
		return refuse_all(w, e, NULL, why);
	if (e == ERR_OK)
		api_put(w->answer, 200, out);
	book_tell(w->s);
	return e;
}

/* Which command is it? */
static enum err
write_route(
    struct write *w, const struct span *part, unsigned n, struct fault *why)
{
	const bool post = span_is(w->q->method, "POST");

	w->reg = part[1];
	w->agency = part[2];
	w->key = part[3];
	if (n == 4 && span_is(w->q->method, "PUT"))
		return row_set(w, why);
	if (n == 4 && post && span_is(part[3], "import"))
		return rows_import(w, why);
	if (n == 5 && post && span_is(part[4], "void"))
		return row_void(w, why);
	if (n == 5 && post && span_is(part[4], "undo"))
		return row_undo(w, why);
	return refuse_all(
	    w, fault_set(why, ERR_NOT_FOUND, "no such resource"), NULL, why);
}

enum err
on_book_write(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct write w = { .s = s, .arena = c->arena, .answer = answer };
	struct span part[6];
	struct api_ask q;
	struct api_who is;
	unsigned n;
	enum err e = api_ask_read(ask, &q, why);

	if (e != ERR_OK)
		return e;
	w.q = &q;
	e = api_who(c, who, &q, &is, why);
	if (e == ERR_DENIED) {
		api_put(
		    answer, 401, api_error(ERR_DENIED, "sign-in", why->text));
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (is.must_change) {
		api_put(answer, 403,
		    api_error(ERR_DENIED, "must-change",
			"change the password first"));
		return ERR_OK;
	}
	w.actor = span_text(is.actor);
	n = question_split(c->arena, q.path, part, 6);
	if (n == 1 && span_is(part[0], "replicas") && span_is(q.method, "POST"))
		return replicas_do(&w, why);
	if (n < 4 || !span_is(part[0], "registers"))
		return refuse_all(&w,
		    fault_set(why, ERR_NOT_FOUND, "no such resource"), NULL,
		    why);
	e = write_route(&w, part, n, why);
	book_tell(s);
	return e;
}
