/*
 * intake/counts.c: a fixed table of counters by sender.
 *
 * A sender's row is looked for in a few places only; where they are taken,
 * by chance or by design of somebody who forges addresses, the last row
 * (sender "*") counts. Nothing grows and nothing is forgotten.
 */
#include "intake/counts.h"

#include <assert.h>
#include <stdlib.h>

#define PROBES 16

struct counts {
	struct counts_row row[COUNTS_SENDERS + 1]; /* the last one: "*" */
	uint16_t used[COUNTS_SENDERS + 1]; /* rows in use, in order */
	size_t n_used;
	uint64_t total[COUNTS_N];
};

static const char *const names[COUNTS_N] = {
	[COUNTS_BAD_PRI] = "bad-pri",
	[COUNTS_BAD_HEADER] = "bad-header",
	[COUNTS_BAD_TIME] = "bad-time",
	[COUNTS_BAD_UTF8] = "bad-utf8",
	[COUNTS_BARE] = "bare",
	[COUNTS_CUT] = "cut",
	[COUNTS_BAD_COUNT] = "bad-count",
	[COUNTS_UNFINISHED] = "unfinished",
	[COUNTS_EMPTY] = "empty",
	[COUNTS_SLOW] = "slow",
	[COUNTS_NO_MEMORY] = "no-memory",
	[COUNTS_LOST_BESIDE] = "lost-beside",
	[COUNTS_STRANGER] = "tls-refused",
	[COUNTS_BAD_RELP] = "bad-relp",
	[COUNTS_DEAF] = "deaf",
};

struct counts *
counts_new(void)
{
	return calloc(1, sizeof(struct counts));
}

void
counts_free(struct counts *c)
{
	free(c);
}

/* Takes a free row for a sender. */
static struct counts_row *
row_take(struct counts *c, size_t at, struct span sender)
{
	struct counts_row *r = &c->row[at];

	memcpy(r->sender, sender.at, sender.len);
	r->sender[sender.len] = '\0';
	c->used[c->n_used++] = (uint16_t)at;
	return r;
}

/* The row of a sender, made if there is room. */
static struct counts_row *
row_of(struct counts *c, struct span sender)
{
	uint32_t hash = 2166136261U;

	if (sender.len > 0 && sender.len < sizeof c->row[0].sender) {
		for (size_t i = 0; i < sender.len; i++)
			hash = (hash ^ sender.at[i]) * 16777619U;
		for (size_t i = 0; i < PROBES; i++) {
			size_t at = (hash + i) % COUNTS_SENDERS;

			if (c->row[at].sender[0] == '\0')
				return row_take(c, at, sender);
			if (span_is(sender, c->row[at].sender))
				return &c->row[at];
		}
	}
	if (c->row[COUNTS_SENDERS].sender[0] == '\0')
		return row_take(c, COUNTS_SENDERS, SPAN_LIT("*"));
	return &c->row[COUNTS_SENDERS];
}

void
counts_add(
    struct counts *c, enum counts_reason r, struct span sender, uint64_t n)
{
	assert((unsigned)r < COUNTS_N);
	c->total[r] += n;
	row_of(c, sender)->n[r] += n;
}

uint64_t
counts_total(const struct counts *c, enum counts_reason r)
{
	assert((unsigned)r < COUNTS_N);
	return c->total[r];
}

const struct counts_row *
counts_at(const struct counts *c, size_t i)
{
	return i < c->n_used ? &c->row[c->used[i]] : NULL;
}

const char *
counts_name(enum counts_reason r)
{
	return (unsigned)r < COUNTS_N ? names[r] : "?";
}
