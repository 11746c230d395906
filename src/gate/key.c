/*
 * gate/key.c: keys by which machines ask as an account.
 */
#include "gate/key.h"

#include "base/when.h"
#include "gate/inner.h"
#include "gate/token.h"

enum err
gate_key_make(struct gate *g, struct span name, int64_t now_us,
    char key[static GATE_TOKEN_LEN + 1], struct fault *why)
{
	struct account a;
	struct hash kept;
	enum err e;

	if ((e = account_find(g, name, &a, why)) != ERR_OK)
		return e;
	if (a.disabled)
		return fault_set(why, ERR_STATE, "the account is disabled");
	token_make(key, &kept);
	const struct arg arg[] = { arg_int(":account", a.id),
		arg_bytes(":token", span_of(kept.at, HASH_LEN)),
		arg_int(":now", now_us),
		arg_int(":until", now_us + GATE_KEY_DAYS * WHEN_DAY), ARG_END };
	return gate_do(g, "gate_key_put", arg, why);
}

enum err
gate_key_who(struct gate *g, struct span key, int64_t now_us,
    struct gate_who *w, struct fault *why)
{
	struct gate_who got = { 0 };
	struct sql_stmt *q;
	struct hash kept;
	enum err e;

	if (!token_hash(key, &kept))
		return fault_set(why, ERR_DENIED, "not signed in");
	const struct arg arg[] = {
		arg_bytes(":token", span_of(kept.at, HASH_LEN)), ARG_END
	};
	e = gate_row(g, "gate_key_get", arg, &q, why);
	if (e == ERR_NOT_FOUND)
		return fault_set(why, ERR_DENIED, "not signed in");
	if (e != ERR_OK)
		return e;
	got.since_us = sql_int(q, 3);
	got.until_us = sql_int(q, 4);
	got.change_us = got.until_us;
	e = text_keep(sql_text(q, 1), got.name, sizeof got.name, why);
	if (e == ERR_OK)
		e = text_keep(
		    sql_text(q, 2), got.person, sizeof got.person, why);
	sql_reset(q);
	if (e == ERR_OK && now_us >= got.until_us)
		e = fault_set(why, ERR_DENIED, "not signed in");
	if (e == ERR_OK)
		*w = got;
	return e;
}
