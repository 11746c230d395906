/*
 * gate/session.c: whose session is it, and how sessions end.
 *
 * When a session was last used is kept in memory and written down by
 * gate_expire: after a crash a session ends a little early, never late.
 */
#include "gate/session.h"

#include <stdlib.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "gate/inner.h"
#include "gate/key.h"
#include "gate/throttle.h"
#include "gate/token.h"

static const char *const end_name[] = {
	[GATE_END_NONE] = "none",
	[GATE_END_OUT] = "signed-out",
	[GATE_END_IDLE] = "idle",
	[GATE_END_ABSOLUTE] = "time-up",
	[GATE_END_REPLACED] = "replaced",
	[GATE_END_CHANGED] = "password-changed",
	[GATE_END_RESET] = "password-reset",
	[GATE_END_DISABLED] = "disabled",
};

const char *
gate_end_name(enum gate_end e)
{
	return (unsigned)e < sizeof end_name / sizeof end_name[0] ? end_name[e]
								  : "unknown";
}

/* When the session was last used, if later than its row says. */
static int64_t
seen_us(const struct gate *g, int64_t session, int64_t written_us)
{
	for (size_t i = 0; i < g->n_seen; i++)
		if (g->seen[i].session == session && g->seen[i].us > written_us)
			return g->seen[i].us;
	return written_us;
}

/* Notes that the session was used. */
static enum err
seen_note(struct gate *g, int64_t session, int64_t now_us, struct fault *why)
{
	struct gate_seen *more;
	size_t cap;

	for (size_t i = 0; i < g->n_seen; i++)
		if (g->seen[i].session == session) {
			if (now_us > g->seen[i].us)
				g->seen[i].us = now_us;
			return ERR_OK;
		}
	if (g->n_seen == g->cap_seen) {
		cap = g->cap_seen == 0 ? 32 : 2 * g->cap_seen;
		more = reallocarray(g->seen, cap, sizeof *more);
		if (more == NULL)
			return fault_set(
			    why, ERR_MEMORY, "no memory for a session");
		g->seen = more;
		g->cap_seen = cap;
	}
	g->seen[g->n_seen++] = (struct gate_seen){ session, now_us };
	return ERR_OK;
}

/* Fills *w from a row of gate_session_get. */
static enum err
who_take(const struct gate *g, struct sql_stmt *q, struct gate_who *w,
    int64_t now_us, struct fault *why)
{
	enum err e;

	w->session = sql_int(q, 0);
	w->since_us = sql_int(q, 2);
	w->until_us = w->since_us + g->rules.absolute_us;
	w->change_us = sql_int(q, 7) + g->rules.max_age_us;
	w->must_change = sql_int(q, 6) != 0 || now_us >= w->change_us;
	e = text_keep(sql_text(q, 4), w->name, sizeof w->name, why);
	if (e == ERR_OK)
		e = text_keep(sql_text(q, 5), w->person, sizeof w->person, why);
	return e;
}

enum err
gate_who(struct gate *g, struct span token, bool used, int64_t now_us,
    struct gate_who *w, struct fault *why)
{
	struct gate_who got = { 0 };
	struct sql_stmt *q;
	struct hash key;
	int64_t seen;
	enum err e;

	if (!token_hash(token, &key))
		return fault_set(why, ERR_DENIED, "not signed in");
	const struct arg arg[] = {
		arg_bytes(":token", span_of(key.at, HASH_LEN)), ARG_END
	};
	e = gate_row(g, "gate_session_get", arg, &q, why);
	if (e == ERR_NOT_FOUND)
		return gate_key_who(g, token, now_us, w, why);
	if (e != ERR_OK)
		return e;
	seen = seen_us(g, sql_int(q, 0), sql_int(q, 3));
	e = who_take(g, q, &got, now_us, why);
	sql_reset(q);
	if (e != ERR_OK)
		return e;
	if (now_us - seen >= g->rules.idle_us || now_us >= got.until_us)
		return fault_set(why, ERR_DENIED, "not signed in");
	if (used && now_us > seen)
		if ((e = seen_note(g, got.session, now_us, why)) != ERR_OK)
			return e;
	token_form(g, &key, got.form);
	*w = got;
	return ERR_OK;
}

bool
gate_form_check(const struct gate *g, struct span token, struct span form)
{
	char want[GATE_TOKEN_LEN + 1];
	struct hash key;

	if (!token_hash(token, &key))
		return false;
	token_form(g, &key, want);
	return crypt_equal(form, span_text(want));
}

/* Writes down when sessions were last used. */
static enum err
seen_write(struct gate *g, struct fault *why)
{
	enum err e;

	if (g->n_seen == 0)
		return ERR_OK;
	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	for (size_t i = 0; i < g->n_seen && e == ERR_OK; i++) {
		const struct arg arg[] = { arg_int(":id", g->seen[i].session),
			arg_int(":us", g->seen[i].us), ARG_END };

		e = gate_do(g, "gate_session_seen", arg, why);
	}
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e == ERR_OK)
		g->n_seen = 0;
	else
		sql_undo(g->db);
	return e;
}

enum err
gate_sign_out(
    struct gate *g, struct span token, int64_t now_us, struct fault *why)
{
	struct gate_who w;
	enum err e;

	if ((e = gate_who(g, token, true, now_us, &w, why)) != ERR_OK)
		return e;
	if (w.session == 0) /* a key has no session to end */
		return fault_set(why, ERR_DENIED, "not signed in");
	const struct arg arg[] = { arg_int(":id", w.session),
		arg_int(":how", GATE_END_OUT), arg_int(":now", now_us),
		ARG_END };
	return gate_do(g, "gate_session_end", arg, why);
}

/* Marks as ended what is idle or over. */
static enum err
end_due(struct gate *g, int64_t now_us, struct fault *why)
{
	struct arg arg[] = { arg_int(":now", now_us),
		arg_int(":idle", g->rules.idle_us),
		arg_int(":absolute", g->rules.absolute_us),
		arg_int(":how", GATE_END_ABSOLUTE), ARG_END };
	struct arg due[] = { arg[0], arg[1], arg[2], ARG_END };
	struct arg idle[] = { arg[0], arg[1], arg_int(":how", GATE_END_IDLE),
		ARG_END };
	struct sql_stmt *q;
	bool any;
	enum err e;

	if ((e = gate_row(g, "gate_session_due", due, &q, why)) != ERR_OK)
		return e;
	any = sql_int(q, 0) != 0;
	sql_reset(q);
	if (!any)
		return ERR_OK;
	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	e = gate_do(g, "gate_session_end_absolute", arg, why);
	if (e == ERR_OK)
		e = gate_do(g, "gate_session_end_idle", idle, why);
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e != ERR_OK)
		sql_undo(g->db);
	return e;
}

/* Tells the oldest end not yet told, and forgets that session. */
static enum err
tell_one(struct gate *g, gate_ended_fn *each, void *arg, bool *told,
    struct fault *why)
{
	const struct arg none[] = { ARG_END };
	char name[GATE_NAME_MAX + 1], person[GATE_PERSON_MAX + 1],
	    address[GATE_ADDRESS_MAX + 1];
	struct gate_ended ended;
	struct sql_stmt *q;
	enum err e;

	e = gate_row(g, "gate_session_ended", none, &q, why);
	*told = e == ERR_OK;
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	ended.session = sql_int(q, 0);
	ended.since_us = sql_int(q, 4);
	ended.ended_us = sql_int(q, 5);
	ended.how = (enum gate_end)sql_int(q, 6);
	e = text_keep(sql_text(q, 1), name, sizeof name, why);
	if (e == ERR_OK)
		e = text_keep(sql_text(q, 2), person, sizeof person, why);
	if (e == ERR_OK)
		e = text_keep(sql_text(q, 3), address, sizeof address, why);
	sql_reset(q);
	if (e != ERR_OK)
		return e;
	ended.name = span_text(name);
	ended.person = span_text(person);
	ended.address = span_text(address);
	if ((e = each(arg, &ended)) != ERR_OK)
		return e;
	const struct arg id[] = { arg_int(":id", ended.session), ARG_END };
	return gate_do(g, "gate_session_forget", id, why);
}

enum err
gate_expire(struct gate *g, int64_t now_us, gate_ended_fn *each, void *arg,
    struct fault *why)
{
	bool told = true;
	enum err e;

	if ((e = seen_write(g, why)) != ERR_OK)
		return e;
	if ((e = end_due(g, now_us, why)) != ERR_OK)
		return e;
	if (now_us - g->swept_us >= WHEN_MINUTE || now_us < g->swept_us) {
		if ((e = throttle_sweep(g, now_us, why)) != ERR_OK)
			return e;
		g->swept_us = now_us;
	}
	while (told && e == ERR_OK)
		e = tell_one(g, each, arg, &told, why);
	return e;
}
