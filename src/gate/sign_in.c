/*
 * gate/sign_in.c: names and passwords, tried and changed.
 *
 * A try is counted and committed before the password is looked at: whoever
 * stops the process in between has not won a try. Every try costs the same
 * work, whatever stands behind the name.
 */
#include "gate/session.h"

#include "base/text.h"
#include "crypt/crypt.h"
#include "gate/inner.h"
#include "gate/throttle.h"
#include "gate/token.h"

#define WAIT_FIRST_MS 250
#define WAIT_MAX_MS 8000
#define TRY_BYTES_MAX 1024 /* of a name or password; longer is not hashed */

static const char *const cause_name[] = {
	[GATE_CAUSE_NONE] = "none",
	[GATE_CAUSE_UNKNOWN] = "unknown",
	[GATE_CAUSE_WRONG] = "wrong",
	[GATE_CAUSE_LOCKED] = "locked",
	[GATE_CAUSE_DISABLED] = "disabled",
	[GATE_CAUSE_EXPIRED] = "expired",
	[GATE_CAUSE_ADDRESS] = "address",
};

const char *
gate_cause_name(enum gate_cause c)
{
	return (unsigned)c < sizeof cause_name / sizeof cause_name[0]
	    ? cause_name[c]
	    : "unknown";
}

/* One try: what is known before and after the password was looked at. */
struct
try {
	struct span name, password, address;
	int64_t now_us;
	struct throttle by_name, by_address;
	struct account account;
	bool known; /* there is such an account */
	bool busy; /* too many from the address: not looked at */
	bool locked; /* the name was locked before this try */
	bool locked_now; /* this try, if it fails, begins a lock */
	bool right; /* the password is the account's, and judged */
	unsigned wait_ms;
};

/* How long to hold an answer back, from the failures of the address. */
static unsigned
wait_for(const struct gate *g, unsigned n)
{
	unsigned ms = WAIT_FIRST_MS;

	if (n < g->rules.delay_from)
		return 0;
	for (n -= g->rules.delay_from; n > 0 && ms < WAIT_MAX_MS; n--)
		ms *= 2;
	return ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
}

/* Counts the try as failed, inside a transaction. */
static enum err
try_count(struct gate *g, struct try *t, struct fault *why)
{
	struct hash wrong = throttle_wrong(g, t->name, t->password);
	enum err e;

	t->locked = t->now_us < t->by_name.locked_us;
	if (!t->locked && !hash_equal(&wrong, &t->by_name.wrong)) {
		t->locked_now = throttle_fail(g, &t->by_name, t->now_us);
		t->by_name.wrong = wrong;
	}
	(void)throttle_fail(g, &t->by_address, t->now_us);
	t->wait_ms = wait_for(g, t->by_address.n);
	if ((e = throttle_write(g, &t->by_name, why)) != ERR_OK)
		return e;
	return throttle_write(g, &t->by_address, why);
}

/* Reads the counts and the account, and counts the try. */
static enum err
try_begin(struct gate *g, struct try *t, struct fault *why)
{
	enum err e;

	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	e = throttle_read(
	    g, THROTTLE_ADDRESS, t->address, t->now_us, &t->by_address, why);
	if (e == ERR_OK)
		e = throttle_read(
		    g, THROTTLE_NAME, t->name, t->now_us, &t->by_name, why);
	if (e == ERR_OK && t->by_address.n >= g->rules.address_max) {
		t->busy = true;
		t->wait_ms = WAIT_MAX_MS;
		sql_undo(g->db);
		return ERR_OK;
	}
	if (e == ERR_OK)
		e = try_count(g, t, why);
	if (e == ERR_OK) {
		e = account_find(g, t->name, &t->account, why);
		t->known = e == ERR_OK;
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e != ERR_OK)
		sql_undo(g->db);
	return e;
}

/* Looks at the password: the same work for every name. */
static void
try_judge(const struct gate *g, struct try *t)
{
	bool right;

	right = password_check(
	    g->pepper, t->password, t->known ? t->account.hash : NULL);
	t->right = right && t->known && !t->locked;
}

/* Gives the counts back, inside a transaction: the password was right. */
static enum err
try_give_back(struct gate *g, struct try *t, struct fault *why)
{
	enum err e;

	throttle_undo(&t->by_address);
	if ((e = throttle_write(g, &t->by_address, why)) != ERR_OK)
		return e;
	return throttle_drop(g, THROTTLE_NAME, t->name, why);
}

/* A new session for the account, inside a transaction. */
static enum err
session_add(struct gate *g, const struct try *t,
    char token[static GATE_TOKEN_LEN + 1], struct fault *why)
{
	struct span address = span_slice(t->address, 0, GATE_ADDRESS_MAX);
	struct hash kept;
	enum err e;

	token_make(token, &kept);
	const struct arg when[] = { arg_int(":account", t->account.id),
		arg_int(":now", t->now_us), ARG_END };
	const struct arg old[] = { when[0], when[1],
		arg_int(":how", GATE_END_REPLACED),
		arg_int(":keep", (int64_t)g->rules.sessions_max - 1), ARG_END };
	const struct arg new[] = { when[0], when[1],
		arg_bytes(":token", span_of(kept.at, HASH_LEN)),
		arg_text(
		    ":address", text_valid(address) ? address : SPAN_EMPTY),
		ARG_END };
	if ((e = gate_do(g, "gate_account_sign_in", when, why)) != ERR_OK)
		return e;
	if ((e = gate_do(g, "gate_session_end_oldest", old, why)) != ERR_OK)
		return e;
	return gate_do(g, "gate_session_add", new, why);
}

/* Why a right password opens nothing; GATE_CAUSE_NONE: it does. */
static enum gate_cause
hindered(const struct gate *g, const struct try *t)
{
	if (!t->known)
		return GATE_CAUSE_UNKNOWN;
	if (t->locked)
		return GATE_CAUSE_LOCKED;
	if (!t->right)
		return GATE_CAUSE_WRONG;
	if (t->account.disabled)
		return GATE_CAUSE_DISABLED;
	if (t->account.must_change && g->rules.first_us > 0 &&
	    t->now_us - t->account.changed_us >= g->rules.first_us)
		return GATE_CAUSE_EXPIRED;
	return GATE_CAUSE_NONE;
}

/* Opens the session of a try that succeeded. */
static enum err
let_in(struct gate *g, struct try *t, struct gate_sign_in *r, struct fault *why)
{
	enum err e;

	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	e = try_give_back(g, t, why);
	if (e == ERR_OK)
		e = session_add(g, t, r->token, why);
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e != ERR_OK) {
		sql_undo(g->db);
		return e;
	}
	memcpy(r->person, t->account.person, sizeof r->person);
	r->answer = t->account.must_change ||
		t->now_us - t->account.changed_us >= g->rules.max_age_us
	    ? GATE_MUST_CHANGE
	    : GATE_OK;
	return ERR_OK;
}

enum err
gate_sign_in(struct gate *g, struct span name, struct span password,
    struct span address, int64_t now_us, struct gate_sign_in *r,
    struct fault *why)
{
	struct gate_sign_in got = { .answer = GATE_DENIED };
	struct try t = { .name = span_slice(name, 0, TRY_BYTES_MAX),
		.password = span_slice(password, 0, TRY_BYTES_MAX),
		.address = address,
		.now_us = now_us };
	enum err e;

	if (name.len > GATE_NAME_MAX || password.len > RULE_BYTES_MAX)
		t.name = SPAN_LIT("\xff"); /* nobody's, and counted as such */
	if ((e = try_begin(g, &t, why)) != ERR_OK)
		return e;
	got.wait_ms = t.wait_ms;
	if (t.busy) {
		got.answer = GATE_BUSY;
		got.cause = GATE_CAUSE_ADDRESS;
		*r = got;
		return ERR_OK;
	}
	try_judge(g, &t);
	got.cause = hindered(g, &t);
	if (got.cause == GATE_CAUSE_NONE) {
		got.wait_ms = 0;
		if ((e = let_in(g, &t, &got, why)) != ERR_OK)
			return e;
	} else
		got.locked_now = t.locked_now;
	*r = got;
	return ERR_OK;
}

/* Was the new password used before? */
static enum err
past_check(struct gate *g, const struct account *a, struct span new, bool *used,
    struct fault *why)
{
	const struct arg arg[] = { arg_int(":account", a->id),
		arg_int(":n", g->rules.past), ARG_END };
	char hash[PASSWORD_HASH_MAX];
	struct sql_stmt *q;
	bool row = true;
	enum err e;

	*used = password_check(g->pepper, new, a->hash);
	if ((e = gate_ask(g, "gate_past_list", arg, &q, why)) != ERR_OK)
		return e;
	while (!*used && (e = sql_step(q, &row, why)) == ERR_OK && row) {
		e = text_keep(sql_text(q, 0), hash, sizeof hash, why);
		if (e != ERR_OK)
			break;
		*used = password_check(g->pepper, new, hash);
	}
	sql_reset(q);
	return e;
}

/* What forbids the new password, if anything. */
static enum err
new_check(struct gate *g, const struct try *t, struct span new,
    enum gate_rule *rule, struct fault *why)
{
	const struct account *a = &t->account;
	bool used;
	enum err e;

	*rule = RULE_AGE;
	if (!a->must_change &&
	    t->now_us - a->changed_us < g->rules.min_age_us &&
	    t->now_us >= a->changed_us)
		return ERR_OK;
	*rule = gate_rule_check(t->name, new);
	if (*rule != RULE_OK)
		return ERR_OK;
	e = past_check(g, a, new, &used, why);
	if (e == ERR_OK && used)
		*rule = RULE_PAST;
	return e;
}

/* Keeps the new hash and puts the old one among the past. */
static enum err
hash_replace(
    struct gate *g, const struct try *t, const char *hash, struct fault *why)
{
	const struct arg old[] = { arg_int(":account", t->account.id),
		arg_text(":hash", span_text(t->account.hash)), ARG_END };
	const struct arg trim[] = { old[0], arg_int(":n", g->rules.past),
		ARG_END };
	const struct arg new[] = { old[0], arg_text(":hash", span_text(hash)),
		arg_int(":now", t->now_us), ARG_END };
	enum err e;

	if ((e = gate_do(g, "gate_past_add", old, why)) != ERR_OK)
		return e;
	if ((e = gate_do(g, "gate_past_trim", trim, why)) != ERR_OK)
		return e;
	return gate_do(g, "gate_account_change", new, why);
}

/* Changes the password: in one transaction, with all that follows. */
static enum err
change(struct gate *g, struct try *t, int64_t session, struct span new,
    char token[static GATE_TOKEN_LEN + 1], struct fault *why)
{
	char hash[PASSWORD_HASH_MAX];
	struct hash kept;
	enum err e;

	if ((e = password_hash(g->pepper, new, hash, why)) != ERR_OK)
		return e;
	token_make(token, &kept);
	const struct arg arg[] = { arg_int(":id", session),
		arg_bytes(":token", span_of(kept.at, HASH_LEN)), ARG_END };
	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	e = try_give_back(g, t, why);
	if (e == ERR_OK)
		e = hash_replace(g, t, hash, why);
	if (e == ERR_OK)
		e = sessions_end(g, t->account.id, session, GATE_END_CHANGED,
		    t->now_us, why);
	if (e == ERR_OK)
		e = gate_do(g, "gate_session_token", arg, why);
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e != ERR_OK)
		sql_undo(g->db);
	return e;
}

/* The old password was right, the new one is not allowed: give back. */
static enum err
not_changed(struct gate *g, struct try *t, struct fault *why)
{
	enum err e;

	if ((e = sql_begin(g->db, why)) != ERR_OK)
		return e;
	e = try_give_back(g, t, why);
	if (e == ERR_OK)
		e = sql_commit(g->db, why);
	if (e != ERR_OK)
		sql_undo(g->db);
	return e;
}

enum err
gate_password_change(struct gate *g, struct span token, struct span old,
    struct span new, struct span address, int64_t now_us, struct gate_change *r,
    struct fault *why)
{
	struct gate_change got = { .answer = GATE_DENIED };
	struct try t = { .password = span_slice(old, 0, TRY_BYTES_MAX),
		.address = address,
		.now_us = now_us };
	struct gate_who w;
	enum err e;

	if ((e = gate_who(g, token, true, now_us, &w, why)) != ERR_OK)
		return e;
	if (w.session == 0) /* a machine's key */
		return fault_set(why, ERR_DENIED, "not signed in");
	t.name = span_text(w.name);
	if ((e = try_begin(g, &t, why)) != ERR_OK)
		return e;
	got.wait_ms = t.wait_ms;
	if (t.busy) {
		got.answer = GATE_BUSY;
		*r = got;
		return ERR_OK;
	}
	try_judge(g, &t);
	if (t.right && old.len <= RULE_BYTES_MAX) {
		got.answer = GATE_OK;
		got.wait_ms = 0;
		e = new_check(g, &t, new, &got.rule, why);
		if (e == ERR_OK && got.rule == RULE_OK)
			e = change(g, &t, w.session, new, got.token, why);
		else if (e == ERR_OK)
			e = not_changed(g, &t, why);
	}
	if (e == ERR_OK)
		*r = got;
	return e;
}
