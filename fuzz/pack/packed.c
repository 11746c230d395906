/*
 * fuzz/pack/packed.c: gzip, Snappy and protobuf of any bytes stay within the
 * limit, and leave the buffer as it was when they fail.
 */
#include "pack/gzip.h"
#include "pack/proto.h"
#include "pack/snappy.h"

#include <stdlib.h>

#define MOST ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	struct cursor c = cursor_of(s);
	struct proto_field f;
	struct buf b;

	buf_init(&b, MOST * 2);
	buf_text(&b, "x");
	if (gzip_unpack(&b, s, MOST, NULL) != ERR_OK && b.len != 1)
		abort();
	if (b.len > MOST + 1)
		abort();
	buf_reset(&b);
	if (snappy_unpack(&b, s, MOST, NULL) != ERR_OK && b.len != 0)
		abort();
	if (b.len > MOST)
		abort();
	buf_clear(&b);
	while (proto_next(&c, &f))
		if (f.bytes.len > size)
			abort();
	return 0;
}
