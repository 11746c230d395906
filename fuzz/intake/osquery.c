/*
 * fuzz/intake/osquery.c: any bytes are a log request of osquery, or give nothing.
 */
#include "intake/osquery.h"

#include "feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpfeed *f = feed_get();
	uint64_t refused;
	struct osquery_head h;

	(void)osquery_head(f->arena, span_of(data, size), &h, NULL);
	if (osquery_log(f, span_of(data, size), &refused, NULL) != ERR_OK &&
	    f->given > 0)
		abort();
	return 0;
}
