/*
 * proc/keeper_keep.c: how long records are kept, and who says so.
 *
 * Several may speak for one segment, and the longest wins: its stream's own
 * period, the clauses that name a least number of days for its class (12.3,
 * 18.3), the rows of the log sources whose records it holds, and legal holds.
 * Until book has said in this run which holds there are, nothing is deleted.
 */
#include "proc/keeper.h"

#include <string.h>

#include "clause/pack.h"
#include "proc/share.h"

/* The clause whose text gives a class its least number of days. */
static const struct {
	enum event_class class;
	const char *clause, *parameter;
} floors[] = {
	{ CLASS_AUDIT, "12.3", "days" },
	{ CLASS_FIREWALL_ADMIN, "18.3", "admin_days" },
	{ CLASS_FIREWALL_CONN, "18.3", "conn_days" },
};

/* The key of the log source that gave the i-th part of a segment. */
struct origins {
	struct keeper *keeper;
	const struct segment_info *info;
};

static const struct source_rule *
origin_rule(const struct origins *o, size_t i)
{
	return o->keeper->rules == NULL
	    ? NULL
	    : source_match(o->keeper->rules, o->info->origin[i].sender,
		  o->info->origin[i].host);
}

static const char *
origin_key(void *arg, size_t i)
{
	const struct origins *o = arg;
	const struct source_rule *r;

	if (i >= o->info->n_origins)
		return NULL;
	r = origin_rule(o, i);
	return r == NULL ? "" : r->key;
}

unsigned
keeper_hold(void *arg, const struct segment_info *info)
{
	struct keeper *k = arg;
	struct origins o = { k, info };
	const struct hold_ask ask = { .agency = info->parts.agency,
		.class = event_class_name(info->parts.class),
		.first_us = info->first_us,
		.last_us = info->last_us,
		.from = origin_key,
		.arg = &o };
	unsigned days = k->least_days[info->parts.class];

	if (k->holds == NULL ||
	    holds_find(k->holds, &ask, keeper_now(k)) != NULL)
		return KEEP_HELD;
	for (size_t i = 0; i < info->n_origins; i++) {
		const struct source_rule *r = origin_rule(&o, i);

		if (r != NULL && r->keep_days > days)
			days = r->keep_days;
	}
	return days;
}

/* A clause's parameter; NULL when there is none. */
static const struct clause_param *
clause_number(const struct clause *c, const char *name)
{
	for (unsigned i = 0; c != NULL && i < c->n_params; i++)
		if (strcmp(c->params[i].name, name) == 0)
			return &c->params[i];
	return NULL;
}

enum err
keeper_keep_load(struct keeper *k, const json_t *config, struct fault *why)
{
	struct pack *p = NULL;
	enum err e = share_pack(config, &p, why);

	for (size_t i = 0; i < sizeof floors / sizeof floors[0] && e == ERR_OK;
	     i++) {
		const struct clause_param *q = clause_number(
		    pack_clause(p, floors[i].clause), floors[i].parameter);

		if (q == NULL || q->value < 1 || q->value >= KEEP_HELD)
			e = fault_set(why, ERR_SYNTAX,
			    "the pack's clause %s gives no days as %s",
			    floors[i].clause, floors[i].parameter);
		else
			k->least_days[floors[i].class] = (unsigned)q->value;
	}
	pack_free(p);
	return e;
}
