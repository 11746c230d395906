/*
 * fuzz/intake/frame.c: any bytes, cut in any way, give the same records.
 */
#include "intake/frame.h"

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

/* Feeds all of s in pieces of `step` bytes. */
static struct sum
feed(struct span s, size_t step)
{
	struct sum sum = { 0, 0 };
	struct framer f;

	frame_init(&f);
	for (size_t at = 0; at < s.len; at += step) {
		if (frame_feed(&f, span_slice(s, at, step), add, &sum) !=
		    ERR_OK)
			abort();
		if (f.held.len > EVENT_RAW_MAX)
			abort();
	}
	frame_end(&f, add, &sum);
	frame_clear(&f);
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
