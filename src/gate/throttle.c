/*
 * gate/throttle.c: failures to sign in, counted.
 */
#include "gate/throttle.h"

#include <arpa/inet.h>

#include "crypt/crypt.h"

#define ROWS_MAX 65536 /* names and addresses remembered */

/* What an address counts as: the bytes of an IPv4 address, the first half of
 * an IPv6 one, the text of anything else. */
static struct span
address_part(struct span who, struct in6_addr *v6)
{
	char text[GATE_ADDRESS_MAX + 1] = { 0 };

	if (who.len == 0 || who.len > GATE_ADDRESS_MAX)
		return who;
	memcpy(text, who.at, who.len);
	if (inet_pton(AF_INET, text, v6->s6_addr + 12) == 1)
		return span_of(v6->s6_addr + 12, 4);
	if (inet_pton(AF_INET6, text, v6) != 1)
		return who;
	if (IN6_IS_ADDR_V4MAPPED(v6))
		return span_of(v6->s6_addr + 12, 4);
	return span_of(v6->s6_addr, 8);
}

/* The row's key: a keyed hash of the kind and the name or address. */
static struct hash
throttle_key(const struct gate *g, enum throttle_kind kind, struct span who)
{
	uint8_t mark = (uint8_t)kind;
	struct in6_addr v6;
	struct span part[2] = { span_of(&mark, 1), who };
	struct hash h;

	if (kind == THROTTLE_ADDRESS)
		part[1] = address_part(who, &v6);
	h = hash_of_parts(part, 2);
	return crypt_hmac(
	    span_of(g->throttle_key.at, HASH_LEN), span_of(h.at, HASH_LEN));
}

/* Takes what a row holds; failures older than the window are left out. */
static enum err
row_take(
    struct sql_stmt *q, int64_t from_us, struct throttle *t, struct fault *why)
{
	struct cursor times = cursor_of(sql_bytes(q, 0));
	struct span wrong = sql_bytes(q, 3);

	if (times.all.len % 8 != 0 || times.all.len > 8 * GATE_FAIL_MAX ||
	    wrong.len != HASH_LEN)
		return fault_set(why, ERR_DAMAGE,
		    "the gate's count of failures cannot be read");
	while (times.pos < times.all.len) {
		int64_t at = (int64_t)cursor_u64(&times);

		if (at > from_us)
			t->at[t->n++] = at;
	}
	t->locked_us = sql_int(q, 1);
	t->locks = (unsigned)sql_int(q, 2);
	memcpy(t->wrong.at, wrong.at, HASH_LEN);
	t->last_us = sql_int(q, 4);
	return ERR_OK;
}

enum err
throttle_read(struct gate *g, enum throttle_kind kind, struct span who,
    int64_t now_us, struct throttle *t, struct fault *why)
{
	struct throttle got = { .key = throttle_key(g, kind, who),
		.kind = kind };
	const struct arg arg[] = {
		arg_bytes(":key", span_of(got.key.at, HASH_LEN)), ARG_END
	};
	int64_t window = kind == THROTTLE_NAME ? g->rules.fail_us
					       : g->rules.address_us;
	struct sql_stmt *q;
	enum err e;

	e = gate_row(g, "gate_throttle_get", arg, &q, why);
	if (e == ERR_OK) {
		e = row_take(q, now_us - window, &got, why);
		sql_reset(q);
	} else if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	if (e == ERR_OK)
		*t = got;
	return e;
}

enum err
throttle_write(struct gate *g, const struct throttle *t, struct fault *why)
{
	struct buf times;
	enum err e;

	buf_init(&times, 8 * GATE_FAIL_MAX);
	/* The newest are enough: no rule counts more than GATE_FAIL_MAX. */
	for (unsigned i = t->n > GATE_FAIL_MAX ? 1 : 0; i < t->n; i++)
		buf_u64(&times, (uint64_t)t->at[i]);
	if (buf_error(&times) != ERR_OK) {
		e = fault_set(why, ERR_MEMORY, "no memory to count failures");
	} else {
		const struct arg arg[] = { arg_bytes(":key",
					       span_of(t->key.at, HASH_LEN)),
			arg_bytes(":times", buf_view(&times)),
			arg_int(":last", t->last_us),
			arg_int(":locked", t->locked_us),
			arg_int(":locks", t->locks),
			arg_bytes(":wrong", span_of(t->wrong.at, HASH_LEN)),
			ARG_END };

		e = gate_do(g, "gate_throttle_put", arg, why);
	}
	buf_clear(&times);
	return e;
}

enum err
throttle_drop(
    struct gate *g, enum throttle_kind kind, struct span who, struct fault *why)
{
	struct hash key = throttle_key(g, kind, who);
	const struct arg arg[] = { arg_bytes(":key", span_of(key.at, HASH_LEN)),
		ARG_END };

	return gate_do(g, "gate_throttle_drop", arg, why);
}

bool
throttle_fail(const struct gate *g, struct throttle *t, int64_t now_us)
{
	int64_t lock = g->rules.lock_us;
	int64_t quiet = t->locked_us > t->last_us ? t->locked_us : t->last_us;

	if (now_us - quiet >= g->rules.lock_max_us)
		t->locks = 0;
	if (t->n > GATE_FAIL_MAX - 1) {
		memmove(t->at, t->at + 1, sizeof t->at - sizeof t->at[0]);
		t->n = GATE_FAIL_MAX - 1;
	}
	t->at[t->n++] = now_us;
	t->last_us = now_us;
	if (t->kind != THROTTLE_NAME || t->n < g->rules.fail_max)
		return false;
	for (unsigned i = 0; i < t->locks && lock < g->rules.lock_max_us; i++)
		lock *= 2;
	if (lock > g->rules.lock_max_us)
		lock = g->rules.lock_max_us;
	t->locked_us = now_us + lock;
	t->locks++;
	t->n = 0;
	return true;
}

void
throttle_undo(struct throttle *t)
{
	if (t->n > 0)
		t->n--;
}

struct hash
throttle_wrong(const struct gate *g, struct span name, struct span password)
{
	struct hash part[2] = { hash_of(name), hash_of(password) };
	struct hash h;

	h = crypt_hmac(
	    span_of(g->throttle_key.at, HASH_LEN), span_of(part, sizeof part));
	crypt_wipe(part, sizeof part);
	return h;
}

enum err
throttle_sweep(struct gate *g, int64_t now_us, struct fault *why)
{
	const struct gate_rules *r = &g->rules;
	int64_t longest = r->lock_max_us;

	if (longest < r->fail_us)
		longest = r->fail_us;
	if (longest < r->address_us)
		longest = r->address_us;
	const struct arg arg[] = { arg_int(":before", now_us - longest),
		arg_int(":keep", ROWS_MAX), ARG_END };
	return gate_do(g, "gate_throttle_sweep", arg, why);
}
