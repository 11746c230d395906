/*
 * fuzz/intake/relp.c: any bytes, cut in any way, give the same records and
 * answers, within bounds; nothing is answered that was not said to be
 * durable.
 */
#include "intake/relp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out, as a sum that tells records and their order apart. */
struct sum {
	uint64_t hash, n;
};

static void
add(void *arg, struct span record, unsigned marks)
{
	struct sum *s = arg;

	if (record.len == 0 || record.len > EVENT_RAW_MAX)
		abort();
	s->n++;
	s->hash = (s->hash ^ marks ^ record.len << 8) * 1099511628211U;
	for (size_t i = 0; i < record.len; i++)
		s->hash = (s->hash ^ record.at[i]) * 1099511628211U;
}

/* Feeds all of s in pieces of `step` bytes; the sum of records and answers. */
static struct sum
feed(struct span s, size_t step)
{
	struct sum sum = { 0, 0 };
	struct relp r;
	enum err e = ERR_OK;

	relp_init(&r);
	for (size_t at = 0; at < s.len && e == ERR_OK; at += step) {
		e = relp_feed(&r, span_slice(s, at, step), add, &sum, NULL);
		if (r.held.len > EVENT_RAW_MAX || r.n_runs > RELP_RUNS_MAX)
			abort();
		if (span_find_text(buf_view(&r.out), "rsp 6 200 OK") !=
		    SIZE_MAX)
			abort();
	}
	if (r.taken != sum.n + r.empty)
		abort();
	relp_durable(&r, r.taken);
	if (r.durable != r.taken || r.n_runs != 0)
		abort();
	for (size_t i = 0; i < r.out.len; i++)
		sum.hash = (sum.hash ^ r.out.at[i]) * 1099511628211U;
	sum.hash ^= (uint64_t)e;
	relp_clear(&r);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s;
	struct sum whole, cut;

	if (size < 2)
		return 0;
	s = span_of(data + 1, size - 1);
	whole = feed(s, s.len);
	cut = feed(s, 1 + data[0]);
	if (whole.n != cut.n || whole.hash != cut.hash)
		abort();
	return 0;
}
