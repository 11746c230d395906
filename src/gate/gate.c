/*
 * gate/gate.c: opening the store; statements with their parameters.
 */
#include "gate/gate.h"

#include <stdlib.h>

#include "crypt/crypt.h"
#include "gate/inner.h"

const struct gate_rules gate_rules_default = {
	.idle_us = 15 * WHEN_MINUTE,
	.absolute_us = 8 * WHEN_HOUR,
	.sessions_max = 3,
	.fail_max = 5,
	.fail_us = 15 * WHEN_MINUTE,
	.lock_us = 15 * WHEN_MINUTE,
	.lock_max_us = 4 * WHEN_HOUR,
	.address_max = 30,
	.address_us = 10 * WHEN_MINUTE,
	.delay_from = 5,
	.max_age_us = 180 * WHEN_DAY,
	.min_age_us = WHEN_DAY,
	.first_us = 7 * WHEN_DAY,
	.past = 3,
};

/* Names the first rule that makes no sense. */
static enum err
rules_check(const struct gate_rules *r, struct fault *why)
{
	const struct {
		const char *name;
		bool sound;
	} rule[] = {
		{ "idle_us", r->idle_us > 0 },
		{ "absolute_us", r->absolute_us > 0 },
		{ "sessions_max", r->sessions_max > 0 },
		{ "fail_max", r->fail_max > 0 && r->fail_max <= GATE_FAIL_MAX },
		{ "fail_us", r->fail_us > 0 },
		{ "lock_us", r->lock_us > 0 },
		{ "lock_max_us",
		    r->lock_max_us >= r->lock_us &&
			r->lock_max_us <= 366 * WHEN_DAY },
		{ "address_max",
		    r->address_max > 0 && r->address_max <= GATE_FAIL_MAX },
		{ "address_us", r->address_us > 0 },
		{ "delay_from", r->delay_from > 0 },
		{ "max_age_us", r->max_age_us > 0 },
		{ "min_age_us",
		    r->min_age_us >= 0 && r->min_age_us < r->max_age_us },
		{ "first_us", r->first_us >= 0 },
		{ "past", r->past <= GATE_PAST_MAX },
	};

	for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
		if (!rule[i].sound)
			return fault_set(why, ERR_RANGE,
			    "the gate's rule %s makes no sense", rule[i].name);
	return ERR_OK;
}

/* The tables, where they are missing. */
static enum err
schema(struct gate *g, struct fault *why)
{
	static const char *const name[] = { "gate_schema_account",
		"gate_schema_key", "gate_schema_past", "gate_schema_session",
		"gate_schema_throttle" };
	const struct arg none[] = { ARG_END };
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof name / sizeof name[0] && e == ERR_OK; i++)
		e = gate_do(g, name[i], none, why);
	return e;
}

enum err
gate_open(const char *path, const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    const struct gate_rules *rules, struct gate **out, struct fault *why)
{
	struct span key = span_of(pepper, PASSWORD_PEPPER_LEN);
	struct gate *g;
	enum err e;

	if (rules == NULL)
		rules = &gate_rules_default;
	if ((e = rules_check(rules, why)) != ERR_OK)
		return e;
	if ((g = calloc(1, sizeof *g)) == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for the gate");
	g->pepper = pepper;
	g->rules = *rules;
	g->form_key = crypt_hmac(key, SPAN_LIT("beimen gate form token"));
	g->throttle_key = crypt_hmac(key, SPAN_LIT("beimen gate throttle"));
	e = sql_open(path, path == NULL ? SQL_MEMORY : SQL_WRITE, &g->db, why);
	if (e != ERR_OK)
		goto out;
	sql_learn(g->db, gate_sql);
	if ((e = schema(g, why)) != ERR_OK)
		goto out;
	*out = g; /* handed over */
	g = NULL;
out:
	gate_close(g);
	return e;
}

void
gate_close(struct gate *g)
{
	if (g == NULL)
		return;
	sql_close(g->db);
	free(g->seen);
	crypt_wipe(g, sizeof *g);
	free(g);
}

const struct gate_rules *
gate_rules_of(const struct gate *g)
{
	return &g->rules;
}

struct arg
arg_int(const char *name, int64_t n)
{
	return (struct arg){ .name = name, .kind = ARG_INT, .n = n };
}

struct arg
arg_text(const char *name, struct span s)
{
	return (struct arg){ .name = name, .kind = ARG_TEXT, .s = s };
}

struct arg
arg_bytes(const char *name, struct span s)
{
	return (struct arg){ .name = name, .kind = ARG_BYTES, .s = s };
}

enum err
gate_ask(struct gate *g, const char *name, const struct arg *arg,
    struct sql_stmt **out, struct fault *why)
{
	enum err e;

	if ((e = sql_named(g->db, name, out, why)) != ERR_OK)
		return e;
	for (; arg->name != NULL && e == ERR_OK; arg++) {
		if (arg->kind == ARG_INT)
			e = sql_bind_int(*out, arg->name, arg->n, why);
		else if (arg->kind == ARG_TEXT)
			e = sql_bind_text(*out, arg->name, arg->s, why);
		else
			e = sql_bind_bytes(*out, arg->name, arg->s, why);
	}
	return e;
}

enum err
gate_do(
    struct gate *g, const char *name, const struct arg *arg, struct fault *why)
{
	struct sql_stmt *q;
	enum err e;

	if ((e = gate_ask(g, name, arg, &q, why)) != ERR_OK)
		return e;
	return sql_do(q, why);
}

enum err
gate_row(struct gate *g, const char *name, const struct arg *arg,
    struct sql_stmt **out, struct fault *why)
{
	enum err e;
	bool row;

	if ((e = gate_ask(g, name, arg, out, why)) != ERR_OK)
		return e;
	if ((e = sql_step(*out, &row, why)) != ERR_OK)
		return e;
	return row ? ERR_OK : ERR_NOT_FOUND;
}

enum err
text_keep(struct span s, char *to, size_t size, struct fault *why)
{
	if (s.len >= size)
		return fault_set(
		    why, ERR_DAMAGE, "the gate's store holds too long a text");
	if (s.len > 0)
		memcpy(to, s.at, s.len);
	to[s.len] = '\0';
	return ERR_OK;
}
