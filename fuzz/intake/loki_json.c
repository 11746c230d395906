/*
 * fuzz/intake/loki_json.c: any bytes are Loki's JSON form, or give nothing.
 */
#include "intake/loki.h"

#include "feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpfeed *f = feed_get();
	uint64_t refused;

	if (loki_json(f, span_of(data, size), &refused, NULL) != ERR_OK &&
	    f->given > 0)
		abort();
	return 0;
}
