/*
 * fuzz told: keeper's messages as book reads them; the first byte chooses.
 */
#include "proc/told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new((size_t)16 << 20);
	struct cursor c;
	struct fault why;

	if (a == NULL || len == 0) {
		arena_free(a);
		return 0;
	}
	c = cursor_of(span_of(data + 1, len - 1));
	switch (data[0] % 4) {
	case 0: {
		struct stream_report r;

		(void)!told_report_read(&c, a, &r, &why);
		break;
	}
	case 1: {
		const struct stream_head *h;
		size_t n;

		(void)!told_heads_read(&c, a, &h, &n, &why);
		break;
	}
	case 2: {
		struct segment_report s;

		(void)!told_segment_read(&c, a, &s, &why);
		break;
	}
	default: {
		struct told_verify v;

		(void)!told_verify_read(&c, a, &v, &why);
		break;
	}
	}
	arena_free(a);
	return 0;
}
