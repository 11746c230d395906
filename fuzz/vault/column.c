/*
 * fuzz/vault/column.c: columns of any bytes. The first byte says how many
 * values are expected (squared), the second how they are read. What can be
 * read is written again and gives the same values.
 */
#include "vault/column.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor from = cursor_of(
	    span_slice(span_of(data, len), 2, SIZE_MAX));
	struct column *c = column_new();
	size_t n = len < 2 ? 0 : (size_t)data[0] * data[0] / 16;
	uint64_t *v = calloc(n + 1, sizeof *v);
	uint64_t *again = calloc(n + 1, sizeof *again);
	struct fault why;
	struct buf b;

	if (c == NULL || v == NULL || again == NULL || len < 2)
		goto out;
	if (data[1] % 2 != 0) {
		enum err e = column_get_bytes(
		    c, &from, (uint8_t *)v, n * sizeof *v, &why);

		assert(e == ERR_OK || e == ERR_DAMAGE || e == ERR_MEMORY);
		goto out;
	}
	if (column_get(c, &from, v, n, &why) != ERR_OK) {
		assert(why.text[0] != '\0');
		goto out;
	}
	buf_init(&b, 16 * n + 64);
	if (column_put(c, &b, v, n, &why) == ERR_OK) {
		from = cursor_of(buf_view(&b));
		assert(column_get(c, &from, again, n, &why) == ERR_OK);
		assert(cursor_done(&from));
		assert(memcmp(v, again, n * sizeof *v) == 0);
	}
	buf_clear(&b);
out:
	column_free(c);
	free(v);
	free(again);
	return 0;
}
