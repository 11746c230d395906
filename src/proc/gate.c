/*
 * proc/gate.c: the process that knows who is who.
 *
 * Holds    the credential store and its pepper.
 * Reads    names, passwords and tokens, from web, book and reader.
 * Asks     keeper, to make every sign-in, refusal and end a record before it
 *          answers.
 * Leaves   registers, the network, the vault.
 * Fence    user beimen-gate, files of its own folder, no sockets.
 */
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/env.h"
#include "crypt/secret.h"
#include "gate/account.h"
#include "gate/key.h"
#include "gate/gate.h"
#include "gate/session.h"
#include "proc/roles.h"
#include "proc/self.h"

#define EXPIRE_US WHEN_SECOND
#define WAIT_MAX_MS 4000 /* how long an answer is held back, at most */

struct gate_state {
	struct gate *gate;
	struct gate_rules rules;
	struct secret *pepper;
	struct append out;
	struct loop_timer tick;
	struct child *child;
};

static int64_t
now(void)
{
	return env_system()->ops->now_us(env_system());
}

enum err
gate_proc_start(struct child *c, struct fault *why)
{
	struct gate_state *g = calloc(1, sizeof *g);
	struct buf keys, path;
	int dir = -1;
	enum err e;

	if (g == NULL)
		return fault_set(why, ERR_MEMORY, "gate");
	c->state = g;
	g->child = c;
	g->rules = gate_rules_default;
	g->rules.idle_us = json_get_int(c->config, "idle_minutes", 15) *
	    WHEN_MINUTE;
	self_init(&g->out);
	buf_init(&keys, 4096);
	buf_init(&path, 4096);
	e = child_path(c, "keys", &keys, why);
	if (e == ERR_OK)
		e = child_path(c, "gate/gate.db", &path, why);
	if (e == ERR_OK &&
	    (dir = open(
		 buf_string(&keys), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		e = fault_sys(why, ERR_IO, "cannot open the keys' folder");
	if (e == ERR_OK)
		e = secret_make(
		    dir, "pepper.key", PASSWORD_PEPPER_LEN, &g->pepper, why);
	if (e == ERR_OK)
		e = gate_open(buf_string(&path), secret_read(g->pepper).at,
		    &g->rules, &g->gate, why);
	if (dir != -1)
		(void)close(dir);
	buf_clear(&keys);
	buf_clear(&path);
	return e;
}

/* ---- sessions that end by themselves ---- */

static enum err
ended(void *arg, const struct gate_ended *end)
{
	struct gate_state *g = arg;
	struct buf user, session, address;
	struct self_event ev = { .category = CAT_SIGN_OUT,
		.what = "sign-out",
		.detail = gate_end_name(end->how) };
	struct fault why;
	enum err e;

	buf_init(&user, 256);
	buf_init(&session, 64);
	buf_init(&address, 256);
	buf_span(&user, end->name);
	buf_span(&address, end->address);
	buf_printf(&session, "%lld", (long long)end->session);
	ev.user = buf_string(&user);
	ev.session = buf_string(&session);
	ev.address = buf_string(&address);
	if ((e = self_record(g->child, &g->out, &ev, &why)) != ERR_OK)
		child_log(g->child, "sign-out not recorded yet: %s", why.text);
	buf_clear(&user);
	buf_clear(&session);
	buf_clear(&address);
	return e;
}

static void
tick(void *arg)
{
	struct gate_state *g = arg;
	struct fault why;

	if (gate_expire(g->gate, now(), ended, g, &why) != ERR_OK)
		child_log(g->child, "expiring sessions: %s", why.text);
	if (loop_arm(g->child->loop, &g->tick, EXPIRE_US, tick, g, &why) !=
	    ERR_OK)
		child_log(g->child, "%s", why.text);
}

enum err
gate_proc_ready(struct child *c, struct fault *why)
{
	struct gate_state *g = c->state;

	return loop_arm(c->loop, &g->tick, EXPIRE_US, tick, g, why);
}

void
gate_proc_stop(struct child *c)
{
	struct gate_state *g = c->state;

	gate_close(g->gate);
	secret_free(g->pepper);
	append_clear(&g->out);
	free(g);
}

/* ---- what others ask ---- */

/* Ask: token, u8 used. Answer: account, person, form token, u8 must change,
 * i64 since, i64 until, i64 change by. */
enum err
on_gate_who(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct gate_state *g = c->state;
	struct span token = cursor_block(ask, GATE_TOKEN_LEN);
	bool used = cursor_u8(ask) != 0;
	struct gate_who w;
	enum err e;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_DENIED, "no such session");
	if ((e = gate_who(g->gate, token, used, now(), &w, why)) != ERR_OK)
		return e;
	buf_block(answer, span_text(w.name));
	buf_block(answer, span_text(w.person));
	buf_u8(answer, w.must_change);
	buf_u64(answer, (uint64_t)w.since_us);
	buf_u64(answer, (uint64_t)w.until_us);
	buf_u64(answer, (uint64_t)w.change_us);
	return ERR_OK;
}

/* Records how a sign-in went; it must be durable before the answer. */
static enum err
sign_in_record(struct child *c, struct gate_state *g, const char *name,
    const char *address, const struct gate_sign_in *r, struct fault *why)
{
	bool in = r->answer == GATE_OK || r->answer == GATE_MUST_CHANGE;
	struct self_event ev = {
		.category = in ? CAT_SIGN_IN : CAT_SIGN_IN_FAILED,
		.what = in ? "sign-in" : "sign-in-failed",
		.user = name,
		.address = address,
		.detail = gate_cause_name(r->cause),
	};
	enum err e = self_record(c, &g->out, &ev, why);

	if (e != ERR_OK || !r->locked_now)
		return e;
	ev.category = CAT_ACCOUNT_LOCK;
	ev.what = "account-lock";
	return self_record(c, &g->out, &ev, why);
}

/* Ask: name, password, address. Answer: u8 answer, token, u32 wait ms. */
enum err
on_gate_sign_in(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct gate_state *g = c->state;
	struct span name = cursor_block(ask, RULE_BYTES_MAX);
	struct span password = cursor_block(ask, RULE_BYTES_MAX);
	struct span address = cursor_block(ask, GATE_ADDRESS_MAX);
	struct gate_sign_in r;
	char *shown, *from;
	enum err e;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not a sign-in");
	e = gate_sign_in(g->gate, name, password, address, now(), &r, why);
	if (e != ERR_OK)
		return e;
	shown = arena_text(c->arena, span_slice(name, 0, GATE_NAME_MAX));
	from = arena_text(c->arena, address);
	if (shown == NULL || from == NULL)
		return fault_set(why, ERR_MEMORY, "sign-in");
	e = sign_in_record(c, g, shown, from, &r, why);
	if (e != ERR_OK) {
		struct fault other;

		/* Nobody is in without a record. */
		if (r.token[0] != '\0' &&
		    gate_sign_out(g->gate, span_text(r.token), now(), &other) !=
			ERR_OK)
			child_log(c, "%s", other.text);
		return e;
	}
	buf_u8(answer, (uint8_t)r.answer);
	buf_block(answer, span_text(r.token));
	buf_u32(answer, r.wait_ms < WAIT_MAX_MS ? r.wait_ms : WAIT_MAX_MS);
	return ERR_OK;
}

/* Ask: token. The record follows with the next tick. */
enum err
on_gate_sign_out(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct gate_state *g = c->state;
	struct span token = cursor_block(ask, GATE_TOKEN_LEN);
	enum err e;

	(void)who;
	(void)answer;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not a session");
	e = gate_sign_out(g->gate, token, now(), why);
	if (e == ERR_OK)
		e = gate_expire(g->gate, now(), ended, g, why);
	return e;
}

/* Ask: token, old, new, address. Answer: u8 answer, u8 rule, new token, then
 * the rule's code, zh and en. */
enum err
on_gate_password(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct gate_state *g = c->state;
	struct span token = cursor_block(ask, GATE_TOKEN_LEN);
	struct span old = cursor_block(ask, RULE_BYTES_MAX);
	struct span new = cursor_block(ask, RULE_BYTES_MAX);
	struct span address = cursor_block(ask, GATE_ADDRESS_MAX);
	struct self_event ev = { .category = CAT_ACCOUNT_CHANGE,
		.what = "account-change",
		.detail = "password" };
	struct gate_change r;
	struct gate_who w;
	enum err e;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not a password change");
	if ((e = gate_who(g->gate, token, true, now(), &w, why)) != ERR_OK ||
	    (e = gate_password_change(
		 g->gate, token, old, new, address, now(), &r, why)) != ERR_OK)
		return e;
	ev.user = w.name;
	ev.address = arena_text(c->arena, address);
	if (r.answer == GATE_OK && r.rule == RULE_OK)
		e = self_record(c, &g->out, &ev, why);
	if (e != ERR_OK)
		return e;
	buf_u8(answer, (uint8_t)r.answer);
	buf_u8(answer, (uint8_t)r.rule);
	buf_block(answer, span_text(r.token));
	buf_block(answer, span_text(gate_rule_code(r.rule)));
	buf_block(answer, span_text(gate_rule_zh(r.rule)));
	buf_block(answer, span_text(gate_rule_en(r.rule)));
	return ERR_OK;
}

/* Ask: person. Answer: name, password of the first administrator. */
enum err
on_gate_first(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct gate_state *g = c->state;
	struct self_event ev = { .category = CAT_ACCOUNT_CHANGE,
		.what = "account-change",
		.detail = "first administrator" };
	char name[GATE_NAME_MAX + 1], password[GATE_ONE_TIME_MAX];
	enum err e;

	(void)who;
	e = gate_first_admin(g->gate, cursor_block(ask, GATE_PERSON_MAX), now(),
	    name, password, why);
	if (e != ERR_OK)
		return e;
	ev.user = name;
	buf_block(answer, span_text(name));
	buf_block(answer, span_text(password));
	return self_record(c, &g->out, &ev, why);
}

/* ---- accounts, for the command line ---- */

static enum err
account_list(void *arg, const struct gate_account *a)
{
	json_t *o = json_object();

	json_put_text(o, "name", a->name);
	json_put_text(o, "person", a->person);
	json_object_set_new(o, "disabled", json_boolean(a->disabled));
	json_object_set_new(o, "must_change", json_boolean(a->must_change));
	json_put_time(o, "signed_in", a->sign_in_us);
	json_put_time(o, "locked_until", a->locked_us);
	json_put_int(o, "sessions", a->sessions);
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

/* A one-time password or a machine's key. */
#define SECRET_MAX                                                   \
	(GATE_TOKEN_LEN + 1 > GATE_ONE_TIME_MAX ? GATE_TOKEN_LEN + 1 \
						: GATE_ONE_TIME_MAX)

/* Does one thing to one account; *password is set where there is a new one. */
static enum err
account_do(struct gate_state *g, struct span verb, struct span name,
    struct span person, char password[static SECRET_MAX], struct fault *why)
{
	password[0] = '\0';
	if (span_is(verb, "add"))
		return gate_account_add(
		    g->gate, name, person, now(), password, why);
	if (span_is(verb, "reset"))
		return gate_account_reset(g->gate, name, now(), password, why);
	if (span_is(verb, "key"))
		return gate_key_make(g->gate, name, now(), password, why);
	if (span_is(verb, "unlock"))
		return gate_account_unlock(g->gate, name, why);
	if (span_is(verb, "disable"))
		return gate_account_disable(g->gate, name, now(), why);
	if (span_is(verb, "enable"))
		return gate_account_enable(g->gate, name, why);
	return fault_set(why, ERR_SYNTAX, "accounts: unknown verb");
}

/* Ask: verb, name, person. Answer: JSON. */
enum err
on_gate_account(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct gate_state *g = c->state;
	struct span verb = cursor_block(ask, 32);
	struct span name = cursor_block(ask, GATE_NAME_MAX);
	struct span person = cursor_block(ask, GATE_PERSON_MAX);
	struct self_event ev = { .category = CAT_ACCOUNT_CHANGE,
		.what = "account-change" };
	char password[SECRET_MAX];
	json_t *out;
	enum err e;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not an account");
	if (span_is(verb, "list")) {
		out = json_array();
		e = gate_account_list(g->gate, now(), account_list, out, why);
		json_canonical(answer, out);
		json_decref(out);
		return e;
	}
	e = account_do(g, verb, name, person, password, why);
	if (e != ERR_OK)
		return e;
	ev.user = arena_text(c->arena, name);
	ev.detail = arena_text(c->arena, verb);
	if ((e = self_record(c, &g->out, &ev, why)) != ERR_OK)
		return e;
	out = json_object();
	json_put_text(out, "name", name);
	if (password[0] != '\0')
		json_put_str(out, "password", password);
	json_canonical(answer, out);
	json_decref(out);
	return ERR_OK;
}
