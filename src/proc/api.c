/*
 * proc/api.c: the shapes that asks and answers share.
 */
#include "proc/api.h"

#include <string.h>

#define SMALL_MAX 8192

void
api_ask_print(struct buf *b, const struct api_ask *q)
{
	buf_block(b, q->token);
	buf_block(b, q->address);
	buf_block(b, q->method);
	buf_block(b, q->path);
	buf_block(b, q->query);
	buf_block(b, q->type);
	buf_block(b, q->body);
}

enum err
api_ask_read(struct cursor *c, struct api_ask *q, struct fault *why)
{
	q->token = cursor_block(c, SMALL_MAX);
	q->address = cursor_block(c, SMALL_MAX);
	q->method = cursor_block(c, 16);
	q->path = cursor_block(c, SMALL_MAX);
	q->query = cursor_block(c, 4 * SMALL_MAX);
	q->type = cursor_block(c, SMALL_MAX);
	q->body = cursor_block(c, WIRE_WHOLE);
	if (!cursor_done(c))
		return fault_set(why, ERR_SYNTAX, "not an ask");
	return ERR_OK;
}

int
api_status(enum err e)
{
	switch (e) {
	case ERR_OK:
		return 200;
	case ERR_DENIED:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_EXISTS:
	case ERR_STATE:
		return 409;
	case ERR_LIMIT:
		return 413;
	case ERR_SYNTAX:
	case ERR_RANGE:
	case ERR_PROOF:
		return 400;
	default:
		return 503;
	}
}

json_t *
api_error(enum err e, const char *code, const char *text)
{
	json_t *o = json_object(), *inner = json_object();

	json_put_str(inner, "code", code == NULL ? err_name(e) : code);
	json_put_str(inner, "text", text);
	json_object_set_new(o, "error", inner);
	return o;
}

void
api_put(struct buf *answer, int status, json_t *v)
{
	buf_u16(answer, (uint16_t)status);
	if (v != NULL)
		json_canonical(answer, v);
	json_decref(v);
}

static void
text_fill(char *to, size_t cap, const char *prefix, struct span s)
{
	struct buf b;

	buf_init(&b, cap - 1);
	buf_text(&b, prefix);
	buf_span(&b, s);
	memcpy(to, buf_string(&b), b.len + 1);
	buf_clear(&b);
}

enum err
api_who(struct child *c, const struct caller *from, const struct api_ask *q,
    struct api_who *who, struct fault *why)
{
	struct buf ask, answer;
	struct cursor got;
	struct span account, person;
	enum err e;

	*who = (struct api_who){ .must_change = false };
	if (from->role == ROLE_CLI) {
		text_fill(
		    who->account, sizeof who->account, "", SPAN_LIT("console"));
		text_fill(
		    who->actor, sizeof who->actor, "", SPAN_LIT("console"));
		return ERR_OK;
	}
	if (q->token.len == 0)
		return fault_set(why, ERR_DENIED, "no session");
	buf_init(&ask, SMALL_MAX);
	buf_init(&answer, SMALL_MAX);
	buf_block(&ask, q->token);
	buf_u8(&ask, 1);
	e = child_ask(c, ROLE_GATE, GATE_WHO, buf_view(&ask), CHILD_ASK_MS,
	    true, &answer, why);
	if (e == ERR_OK) {
		got = cursor_of(buf_view(&answer));
		account = cursor_block(&got, sizeof who->account - 1);
		person = cursor_block(&got, sizeof who->actor - 16);
		who->must_change = cursor_u8(&got) != 0;
		who->since_us = (int64_t)cursor_u64(&got);
		who->until_us = (int64_t)cursor_u64(&got);
		who->change_us = (int64_t)cursor_u64(&got);
		text_fill(who->account, sizeof who->account, "", account);
		text_fill(who->actor, sizeof who->actor, "person:", person);
		if (!cursor_done(&got))
			e = fault_set(why, ERR_SYNTAX, "gate's answer");
	}
	buf_clear(&ask);
	buf_clear(&answer);
	return e;
}
