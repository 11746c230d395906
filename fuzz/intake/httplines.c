/*
 * fuzz/intake/httplines.c: any bytes are lines or a JSON list.
 */
#include "intake/httplines.h"

#include "feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpfeed *f = feed_get();
	if (httplines_read(f, span_of(data, size), NULL) != ERR_OK &&
	    f->given > 0)
		abort();
	return 0;
}
