/*
 * fuzz/intake/bulk.c: any bytes are a bulk request or none; none gives nothing.
 */
#include "intake/bulk.h"

#include "feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpfeed *f = feed_get();
	struct bulk b = { .index = SPAN_LIT("x") };
	struct buf answer;

	buf_init(&answer, (size_t)64 << 20);
	if (bulk_read(f, &b, span_of(data, size), &answer, NULL) != ERR_OK &&
	    f->given > 0)
		abort();
	buf_clear(&answer);
	return 0;
}
