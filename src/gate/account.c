/*
 * gate/account.c: accounts, and their one-time passwords.
 */
#include "gate/account.h"

#include "base/text.h"
#include "crypt/crypt.h"
#include "gate/inner.h"
#include "gate/throttle.h"

#define PERSON_KEY_MAX 59 /* bytes of a person's key after "agency/" */
#define AGENCY_MAX 40

enum err
account_find(
    struct gate *g, struct span name, struct account *a, struct fault *why)
{
	const struct arg arg[] = { arg_text(":name", name), ARG_END };
	struct account got = { 0 };
	struct sql_stmt *q;
	enum err e;

	e = gate_row(g, "gate_account_get", arg, &q, why);
	if (e == ERR_NOT_FOUND)
		return fault_set(why, e, "no account %.*s",
		    (int)text_cut((const char *)name.at,
			name.len < GATE_NAME_MAX ? name.len : GATE_NAME_MAX),
		    (const char *)name.at);
	if (e != ERR_OK)
		return e;
	got.id = sql_int(q, 0);
	got.must_change = sql_int(q, 3) != 0;
	got.disabled = sql_int(q, 4) != 0;
	got.changed_us = sql_int(q, 5);
	e = text_keep(sql_text(q, 1), got.person, sizeof got.person, why);
	if (e == ERR_OK)
		e = text_keep(sql_text(q, 2), got.hash, sizeof got.hash, why);
	sql_reset(q);
	if (e == ERR_OK)
		*a = got;
	return e;
}

enum err
sessions_end(struct gate *g, int64_t account, int64_t but, enum gate_end how,
    int64_t now_us, struct fault *why)
{
	const struct arg arg[] = { arg_int(":account", account),
		arg_int(":but", but), arg_int(":how", how),
		arg_int(":now", now_us), ARG_END };

	return gate_do(g, "gate_session_end_all", arg, why);
}

/* 80 random bits in letters and digits that cannot be mistaken. */
static void
one_time_make(char password[static GATE_ONE_TIME_MAX])
{
	static const char letter[] = "abcdefghjkmnpqrstuvwxyz23456789";
	unsigned n = 0;
	uint8_t r;

	for (unsigned i = 0; i < 16; i++) {
		do
			crypt_random(&r, 1);
		while (r >= 256 - 256 % (sizeof letter - 1));
		if (i > 0 && i % 4 == 0)
			password[n++] = '-';
		password[n++] = letter[r % (sizeof letter - 1)];
	}
	password[n] = '\0';
}

/* "agency/key". */
static bool
is_person(struct span s)
{
	size_t at = span_find(s, '/');

	return at != SIZE_MAX &&
	    text_is_name(span_slice(s, 0, at), AGENCY_MAX) &&
	    text_is_name(span_slice(s, at + 1, SIZE_MAX), PERSON_KEY_MAX);
}

/* A one-time password and its hash. */
static enum err
one_time(struct gate *g, char password[static GATE_ONE_TIME_MAX],
    char hash[static PASSWORD_HASH_MAX], struct fault *why)
{
	one_time_make(password);
	return password_hash(g->pepper, span_text(password), hash, why);
}

enum err
gate_account_add(struct gate *g, struct span name, struct span person,
    int64_t now_us, char password[static GATE_ONE_TIME_MAX], struct fault *why)
{
	char made[GATE_ONE_TIME_MAX], hash[PASSWORD_HASH_MAX];
	enum err e;

	if (!text_is_name(name, GATE_NAME_MAX))
		return fault_set(why, ERR_SYNTAX,
		    "an account's name is 1 to %d of a-z 0-9 - _ .",
		    GATE_NAME_MAX);
	if (!is_person(person))
		return fault_set(why, ERR_SYNTAX,
		    "an account belongs to a person, written agency/key");
	if ((e = one_time(g, made, hash, why)) != ERR_OK)
		return e;
	const struct arg arg[] = { arg_text(":name", name),
		arg_text(":person", person), arg_text(":hash", span_text(hash)),
		arg_int(":now", now_us), ARG_END };
	if ((e = gate_do(g, "gate_account_add", arg, why)) != ERR_OK)
		return e;
	if (sql_changes(g->db) == 0)
		return fault_set(why, ERR_EXISTS,
		    "the account name %.*s was used before", (int)name.len,
		    (const char *)name.at);
	memcpy(password, made, sizeof made);
	crypt_wipe(made, sizeof made);
	return ERR_OK;
}

enum err
gate_account_reset(struct gate *g, struct span name, int64_t now_us,
    char password[static GATE_ONE_TIME_MAX], struct fault *why)
{
	char made[GATE_ONE_TIME_MAX], hash[PASSWORD_HASH_MAX];
	struct account a;
	enum err e;

	if ((e = account_find(g, name, &a, why)) != ERR_OK)
		return e;
	if ((e = one_time(g, made, hash, why)) != ERR_OK)
		return e;
	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	const struct arg past[] = { arg_int(":account", a.id),
		arg_text(":hash", span_text(a.hash)), ARG_END };
	const struct arg arg[] = { arg_int(":account", a.id),
		arg_text(":hash", span_text(hash)), arg_int(":now", now_us),
		ARG_END };
	if (!a.must_change) /* a password of his own: still refused later */
		e = gate_do(g, "gate_past_add", past, why);
	if (e == ERR_OK)
		e = gate_do(g, "gate_account_reset", arg, why);
	if (e == ERR_OK)
		e = sessions_end(g, a.id, 0, GATE_END_RESET, now_us, why);
	if (e == ERR_OK)
		e = throttle_drop(g, THROTTLE_NAME, name, why);
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e == ERR_OK)
		memcpy(password, made, sizeof made);
	else
		sql_undo(g->db);
	crypt_wipe(made, sizeof made);
	return e;
}

enum err
gate_account_unlock(struct gate *g, struct span name, struct fault *why)
{
	struct account a;
	enum err e;

	if ((e = account_find(g, name, &a, why)) != ERR_OK)
		return e;
	return throttle_drop(g, THROTTLE_NAME, name, why);
}

/* Sets or clears the mark. */
static enum err
disabled_set(struct gate *g, int64_t account, bool disabled, struct fault *why)
{
	const struct arg arg[] = { arg_int(":account", account),
		arg_int(":disabled", disabled), ARG_END };

	return gate_do(g, "gate_account_disable", arg, why);
}

enum err
gate_account_disable(
    struct gate *g, struct span name, int64_t now_us, struct fault *why)
{
	struct account a;
	enum err e;

	if ((e = account_find(g, name, &a, why)) != ERR_OK)
		return e;
	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	e = disabled_set(g, a.id, true, why);
	if (e == ERR_OK)
		e = sessions_end(g, a.id, 0, GATE_END_DISABLED, now_us, why);
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e != ERR_OK)
		sql_undo(g->db);
	return e;
}

enum err
gate_account_enable(struct gate *g, struct span name, struct fault *why)
{
	struct account a;
	enum err e;

	if ((e = account_find(g, name, &a, why)) != ERR_OK)
		return e;
	return disabled_set(g, a.id, false, why);
}

enum err
gate_first_admin(struct gate *g, struct span person, int64_t now_us,
    char name[static GATE_NAME_MAX + 1],
    char password[static GATE_ONE_TIME_MAX], struct fault *why)
{
	const struct arg none[] = { ARG_END };
	struct sql_stmt *q;
	bool again;
	int64_t n;
	enum err e;

	e = gate_row(g, "gate_account_count", none, &q, why);
	if (e != ERR_OK)
		return e;
	n = sql_int(q, 0);
	again = n == 1 && sql_int(q, 1) == 1 && g->rules.first_us > 0 &&
	    now_us - sql_int(q, 2) >= g->rules.first_us &&
	    span_is(sql_text(q, 3), "admin");
	sql_reset(q);
	if (n > 0 && !again)
		return fault_set(
		    why, ERR_EXISTS, "there is an administrator already");
	if (again)
		e = gate_account_reset(
		    g, SPAN_LIT("admin"), now_us, password, why);
	else
		e = gate_account_add(
		    g, SPAN_LIT("admin"), person, now_us, password, why);
	if (e == ERR_OK)
		memcpy(name, "admin", sizeof "admin");
	return e;
}

enum err
gate_account_list(struct gate *g, int64_t now_us, gate_account_fn *each,
    void *arg, struct fault *why)
{
	const struct arg when[] = { arg_int(":idle_from",
					now_us - g->rules.idle_us),
		arg_int(":absolute_from", now_us - g->rules.absolute_us),
		ARG_END };
	struct sql_stmt *q = NULL;
	struct throttle t;
	bool row = true;
	enum err e;

	e = gate_ask(g, "gate_account_list", when, &q, why);
	while (e == ERR_OK && (e = sql_step(q, &row, why)) == ERR_OK && row) {
		struct gate_account a = { .name = sql_text(q, 0),
			.person = sql_text(q, 1),
			.disabled = sql_int(q, 2) != 0,
			.must_change = sql_int(q, 3) != 0,
			.created_us = sql_int(q, 4),
			.sign_in_us = sql_int(q, 5),
			.changed_us = sql_int(q, 6),
			.sessions = (unsigned)sql_int(q, 7) };

		e = throttle_read(g, THROTTLE_NAME, a.name, now_us, &t, why);
		if (e != ERR_OK)
			break;
		a.failed = t.n;
		a.locked_us = t.locked_us > now_us ? t.locked_us : 0;
		e = each(arg, &a);
	}
	if (row && q != NULL)
		sql_reset(q);
	return e;
}
