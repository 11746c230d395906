/*
 * fuzz/intake/follow.c: any bytes give lines that are these bytes, however
 * much of them was there at first, and names never take long.
 */
#include "intake/follow.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct span all;
	size_t at;
};

static void
line(void *arg, struct span s, unsigned marks)
{
	struct seen *n = arg;

	(void)marks;
	if (s.len == 0 || s.len > EVENT_RAW_MAX)
		abort();
	while (n->at < n->all.len && n->all.at[n->at] == '\n')
		n->at++;
	if (!span_equal(span_slice(n->all, n->at, s.len), s))
		abort();
	n->at += s.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	struct seen n = { s, 0 };
	size_t at = 0, half = size / 2, part;

	/* What is a batch of the first half is one of the whole. */
	part = follow_batch(span_slice(s, 0, half), false);
	if (part > 0 && part < half &&
	    follow_batch(span_slice(s, 0, part), true) != part)
		abort();
	while ((part = follow_batch(span_slice(s, at, SIZE_MAX), true)) > 0) {
		struct span b = span_slice(s, at, part);

		if (follow_batch(b, true) != part)
			abort();
		follow_lines(b, line, &n);
		at += part;
	}
	while (n.at < size && data[n.at] == '\n')
		n.at++;
	if (at != size || n.at != size)
		abort();
	(void)follow_fits(span_slice(s, 0, half % 256),
	    span_slice(s, half, (size - half) % 100));
	return 0;
}
