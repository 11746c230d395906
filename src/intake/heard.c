/*
 * intake/heard.c: a small table of senders by second.
 */
#include "intake/heard.h"

#include <stdlib.h>

#define PROBES 8
#define SECOND_US 1000000

struct row {
	char sender[48];
	uint8_t len; /* 0: free */
	int64_t second; /* of n */
	uint64_t n; /* datagrams in that second */
	uint64_t before; /* … in the second before it */
};

struct heard {
	struct row row[HEARD_SENDERS];
	struct row *last; /* most come many times in a row */
	int64_t second; /* the latest in which somebody was heard */
};

struct heard *
heard_new(void)
{
	return calloc(1, sizeof(struct heard));
}

void
heard_free(struct heard *h)
{
	free(h);
}

static bool
row_is(const struct row *r, struct span sender)
{
	return r->len == sender.len &&
	    memcmp(r->sender, sender.at, sender.len) == 0;
}

/* The sender's row; one of two seconds ago may be taken over. NULL: none. */
static struct row *
row_of(struct heard *h, struct span sender, int64_t second)
{
	struct row *old = NULL;
	uint32_t hash = 2166136261U;

	if (h->last != NULL && row_is(h->last, sender))
		return h->last;
	for (size_t i = 0; i < sender.len; i++)
		hash = (hash ^ sender.at[i]) * 16777619U;
	for (size_t i = 0; i < PROBES; i++) {
		struct row *r = &h->row[(hash + i) % HEARD_SENDERS];

		if (row_is(r, sender))
			return r;
		if (old == NULL && (r->len == 0 || r->second < second - 1))
			old = r;
	}
	if (old == NULL)
		return NULL;
	*old = (struct row){ .len = (uint8_t)sender.len, .second = second };
	memcpy(old->sender, sender.at, sender.len);
	return old;
}

/* Moves a row's counts on to a second. */
static void
row_turn(struct row *r, int64_t second)
{
	if (r->second == second)
		return;
	r->before = r->second == second - 1 ? r->n : 0;
	r->n = 0;
	r->second = second;
}

void
heard_add(struct heard *h, struct span sender, int64_t now_us)
{
	int64_t second = now_us / SECOND_US;
	struct row *r;

	if (sender.len == 0 || sender.len > sizeof h->row[0].sender ||
	    (r = row_of(h, sender, second)) == NULL)
		return;
	row_turn(r, second);
	r->n++;
	h->last = r;
	if (second > h->second)
		h->second = second;
}

void
heard_each(const struct heard *h, int64_t now_us, heard_fn *fn, void *arg)
{
	int64_t second = now_us / SECOND_US;

	/* While nothing could be read nobody was heard: then it is whoever
	 * was heard last. */
	if (second > h->second + 1)
		second = h->second;
	for (size_t i = 0; i < HEARD_SENDERS; i++) {
		const struct row *r = &h->row[i];
		uint64_t n = r->second == second ? r->n + r->before
		    : r->second == second - 1    ? r->n
						 : 0;

		if (r->len > 0 && n > 0)
			fn(arg, span_of(r->sender, r->len), n);
	}
}
