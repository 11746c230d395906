/*
 * proc/keeper_seal.c: keeper and the process that makes its segments.
 *
 * One plan at a time is with the sealer. After a connection has broken, its
 * end is not known: sealer is first asked whether it has nothing in hand, and
 * then the folder is looked at for what it may have finished.
 */
#include "proc/keeper.h"
#include "proc/roles.h"

#define WAIT_MS 20000 /* for a plan under way, when all is to be sealed now */

/* What came of a plan, or that the sealer has gone. */
static void
sealed(struct child *c, void *arg, enum err code, const struct fault *said,
    struct span body)
{
	struct keeper *k = arg;
	const struct segment_info *info;
	struct fault why = *said;
	struct seal_done d;
	enum err e = code;

	k->sealing = false;
	if (e == ERR_GONE || e == ERR_TIMEOUT)
		k->seal_sure = false;
	if (e == ERR_OK)
		e = seal_done_get(body, &d, &why);
	if (e == ERR_OK)
		e = vault_take(
		    k->vault, k->seal_stream, &k->plan, &d, &info, &why);
	if (e != ERR_OK && e != ERR_GONE)
		child_log(c, "sealing %s: %s", k->plan.stream, why.text);
	seal_plan_clear(&k->plan);
	if (e == ERR_OK) {
		keeper_errand_next(k);
		keeper_seal_next(k);
	}
}

/* The sealer has nothing in hand: what is there is what it finished. */
static void
ready(struct child *c, void *arg, enum err code, const struct fault *said,
    struct span body)
{
	struct keeper *k = arg;
	struct fault why;

	(void)said;
	(void)body;
	k->sealing = false;
	if (code != ERR_OK)
		return; /* the next tick asks again */
	if (vault_look(k->vault, &why) != ERR_OK) {
		child_log(c, "segments: %s", why.text);
		return;
	}
	k->seal_sure = true;
	keeper_seal_next(k);
}

void
keeper_seal_next(struct keeper *k)
{
	struct fault why;
	struct buf b;
	enum err e;

	if (k->sealing || k->child->quitting)
		return;
	if (!k->seal_sure) {
		k->sealing = child_ask_later(k->child, ROLE_SEALER,
				 SEALER_READY, SPAN_EMPTY, ready, k,
				 &why) == ERR_OK;
		return;
	}
	if (!vault_due(k->vault, keeper_now(k), &k->seal_stream))
		return;
	e = vault_plan(k->vault, k->seal_stream, &k->plan, &why);
	if (e != ERR_OK) {
		if (e != ERR_NOT_FOUND)
			child_log(k->child, "sealing: %s", why.text);
		return;
	}
	buf_init(&b, WIRE_WHOLE);
	seal_plan_put(&b, &k->plan);
	e = buf_error(&b);
	if (e == ERR_OK)
		e = child_ask_later(k->child, ROLE_SEALER, SEALER_SEAL,
		    buf_view(&b), sealed, k, &why);
	buf_clear(&b);
	k->sealing = e == ERR_OK;
	if (e != ERR_OK) {
		seal_plan_clear(&k->plan);
		k->seal_sure = k->seal_sure && e != ERR_GONE;
	}
}

bool
keeper_seal_idle(struct keeper *k)
{
	int64_t until_us = loop_clock(NULL) + WAIT_MS * INT64_C(1000);

	while ((k->sealing || !k->seal_sure) && !k->child->quitting &&
	    loop_clock(NULL) < until_us) {
		if (!k->sealing)
			keeper_seal_next(k);
		child_wait(k->child, ROLE_SEALER, 1000);
	}
	return !k->sealing && k->seal_sure;
}
