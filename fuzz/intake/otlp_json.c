/*
 * fuzz/intake/otlp_json.c: any bytes are OTLP in JSON, or give nothing.
 */
#include "intake/otlp.h"

#include "feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpfeed *f = feed_get();
	uint64_t refused;

	if (otlp_json(f, span_of(data, size), &refused, NULL) != ERR_OK &&
	    f->given > 0)
		abort();
	return 0;
}
