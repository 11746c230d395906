/*
 * proc/keeper_verify.c: the daily check of all that is stored.
 *
 * Clause 12.2: every day each agency's segments are read whole and compared
 * with their hashes, a bounded part with each tick and no faster than
 * scrub_mib_s, and the result goes to book, good or bad.
 */
#include <string.h>

#include "proc/keeper.h"
#include "proc/told.h"

#define VERIFY_EVERY_US (12 * WHEN_HOUR)
#define VERIFY_SOON_US (10 * WHEN_SECOND) /* after the start */
#define VERIFY_BUDGET_US (WHEN_SECOND / 20)
#define VERIFY_ROUND_S (6 * 86400) /* a round never takes longer than this */
#define DETAIL_MAX 2000

/* The agency at place `at` among those that have streams; NULL past them. */
static const char *
agency_at(struct keeper *k, uint32_t at)
{
	for (uint32_t i = 0; i < vault_streams(k->vault); i++) {
		const char *a = vault_stream_at(k->vault, i)->parts.agency;
		bool seen = false;

		for (uint32_t j = 0; j < i && !seen; j++)
			seen =
			    strcmp(a,
				vault_stream_at(k->vault, j)->parts.agency) ==
			    0;
		if (!seen && at-- == 0)
			return a;
	}
	return NULL;
}

/* Begins the run of the next agency; false when all are done. */
static bool
run_begin(struct keeper *k)
{
	const char *a = agency_at(k, k->verify_agency);

	if (a == NULL) {
		k->verifying = false;
		k->verify_agency = 0;
		k->verify_us = loop_clock(NULL) + VERIFY_EVERY_US;
		return false;
	}
	memcpy(k->agency, a, strlen(a) + 1);
	k->count = (struct verify_count){ .segments = 0 };
	k->ask = (struct verify_ask){ .agency = k->agency,
		.budget_us = VERIFY_BUDGET_US,
		.inbox = k->verify_agency == 0 };
	k->verify_from_us = keeper_now(k);
	buf_clear(&k->detail);
	buf_init(&k->detail, DETAIL_MAX);
	k->n_damages = 0;
	k->verifying = true;
	return true;
}

static void
damage_note(void *arg, const struct verify_damage *d)
{
	struct keeper *k = arg;

	child_log(k->child, "damage: %s", d->text);
	if (k->detail.len + strlen(d->text) + 1 < DETAIL_MAX)
		buf_printf(&k->detail, "%s\n", d->text);
	if (d->segment != NULL && k->n_damages < KEEPER_DAMAGES) {
		k->damage[k->n_damages].file = *d->segment;
		memcpy(k->damage[k->n_damages].text, d->text, sizeof d->text);
		k->n_damages++;
	}
}

/* How long the next part waits, so that no more than scrub_mib_s is read. A
 * store too large for that in six days is read as fast as six days ask. */
static int64_t
rest_us(const struct keeper *k, uint64_t bytes)
{
	int64_t mib = json_get_int(k->child->config, "scrub_mib_s", 20);
	uint64_t rate = (uint64_t)(mib > 0 ? mib : 1) << 20, all = 0;
	const struct shelf_item *it;
	size_t n = 0;

	if (view_shelf(k->view) != NULL) {
		it = shelf_items(view_shelf(k->view), &n);
		for (size_t i = 0; i < n; i++)
			all += it[i].file_bytes;
	}
	if (all / VERIFY_ROUND_S > rate)
		rate = all / VERIFY_ROUND_S;
	return (int64_t)((double)bytes * 1e6 / (double)rate);
}

void
keeper_verify_step(struct keeper *k)
{
	struct verify_count part;
	struct fault why;
	enum err e;

	if (k->verify_us == 0)
		k->verify_us = loop_clock(NULL) + VERIFY_SOON_US;
	if (k->verified || loop_clock(NULL) < k->verify_us)
		return;
	if (!k->verifying && !run_begin(k))
		return;
	if ((e = view_refresh(k->view, &why)) == ERR_OK)
		e = verify_run(k->view, &k->ask, &part, damage_note, k, &why);
	if (e != ERR_OK) {
		child_log(k->child, "checking what is stored: %s", why.text);
		return;
	}
	k->count.segments += part.segments;
	k->count.records += part.records;
	k->count.failed += part.failed;
	k->ask.since_us = part.next_since_us;
	k->ask.inbox = false;
	if (!part.complete) {
		k->verify_us = loop_clock(NULL) + rest_us(k, part.bytes);
		return;
	}
	k->verified = true; /* told before the next agency begins */
	k->verifying = false;
	k->verify_agency++;
}

bool
keeper_verify_print(struct keeper *k, struct buf *b)
{
	struct told_damage damage[KEEPER_DAMAGES];
	struct told_verify v = { .damage = damage, .n_damages = k->n_damages };

	if (!k->verified)
		return false;
	v.run = (struct verify_report){ .agency = span_text(k->agency),
		.from_us = k->verify_from_us,
		.at_us = keeper_now(k),
		.segments = k->count.segments,
		.records = k->count.records,
		.failed = k->count.failed,
		.detail = buf_view(&k->detail) };
	for (uint32_t i = 0; i < k->n_damages; i++)
		damage[i] = (struct told_damage){ k->damage[i].file,
			span_text(k->damage[i].text) };
	told_verify(b, &v);
	return buf_error(b) == ERR_OK;
}
