/*
 * fuzz/pack/zstd.c: frames from anywhere never give more than was allowed.
 */
#include "pack/zstd.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const size_t max = 200000;
	struct fault why = { 0 };
	struct buf b;
	enum err e;

	buf_init(&b, 1 << 20);
	buf_text(&b, "kept");
	e = zstd_unpack(&b, span_of(data, len), max, &why);
	if (e == ERR_OK)
		assert(b.len <= 4 + max);
	else
		assert(why.code == e && strcmp(buf_string(&b), "kept") == 0);
	buf_clear(&b);
	return 0;
}
