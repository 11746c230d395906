/*
 * tests/gate/desk.h: a gate in memory with one account, for the tests.
 */
#ifndef TESTS_GATE_DESK_H
#define TESTS_GATE_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "gate/account.h"
#include "gate/session.h"

#define T0 (INT64_C(1800000000) * WHEN_SECOND)
#define GOOD "Correct-Horse-7"
#define HOME "192.0.2.10"

static const uint8_t pepper[PASSWORD_PEPPER_LEN] = { 1, 2, 3 };

/* A gate in memory; the least cost that Argon2id has. */
static inline struct gate *
desk_open(const struct gate_rules *rules)
{
	struct gate *g = NULL;
	struct fault why;

	password_cost(8192, 1);
	if (gate_open(NULL, pepper, rules, &g, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return g;
}

static inline struct gate_sign_in
desk_try(struct gate *g, const char *name, const char *password,
    const char *address, int64_t now_us)
{
	struct gate_sign_in r = { 0 };
	struct fault why;

	if (gate_sign_in(g, span_text(name), span_text(password),
		span_text(address), now_us, &r, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return r;
}

/* Whether that token is somebody's at that time. */
static inline bool
desk_open_session(struct gate *g, const char *token, bool used, int64_t now_us)
{
	struct gate_who w;
	enum err e;

	e = gate_who(g, span_text(token), used, now_us, &w, NULL);
	assert_true(e == ERR_OK || e == ERR_DENIED);
	return e == ERR_OK;
}

/* An account whose password has been changed to `password`; its token. */
static inline void
desk_account(struct gate *g, const char *name, const char *password,
    int64_t now_us, char token[GATE_TOKEN_LEN + 1])
{
	char first[GATE_ONE_TIME_MAX];
	struct gate_sign_in in;
	struct gate_change c;

	assert_int_equal(gate_account_add(g, span_text(name),
			     SPAN_LIT("main/chen"), now_us, first, NULL),
	    ERR_OK);
	in = desk_try(g, name, first, HOME, now_us);
	assert_int_equal(in.answer, GATE_MUST_CHANGE);
	assert_int_equal(
	    gate_password_change(g, span_text(in.token), span_text(first),
		span_text(password), SPAN_LIT(HOME), now_us, &c, NULL),
	    ERR_OK);
	assert_int_equal(c.answer, GATE_OK);
	assert_int_equal(c.rule, RULE_OK);
	memcpy(token, c.token, sizeof c.token);
}

/* The session ends that gate_expire told. */
struct ends {
	unsigned n;
	enum gate_end how[16];
	int64_t at[16], session[16];
	unsigned fail_after; /* refuse after so many; 0: never */
};

static inline enum err
ends_note(void *arg, const struct gate_ended *e)
{
	struct ends *l = arg;

	if (l->fail_after > 0 && l->n == l->fail_after)
		return ERR_IO;
	assert_in_range(l->n, 0, 15);
	l->how[l->n] = e->how;
	l->at[l->n] = e->ended_us;
	l->session[l->n++] = e->session;
	return ERR_OK;
}

static inline struct ends
desk_expire(struct gate *g, int64_t now_us)
{
	struct ends l = { 0 };

	assert_int_equal(gate_expire(g, now_us, ends_note, &l, NULL), ERR_OK);
	return l;
}

#endif
