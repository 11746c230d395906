/*
 * fuzz/vault/index.c: an index of any bytes is refused or answers, without
 * reading past its end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "vault/index_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err
fetch(void *arg, uint64_t at, size_t len, struct span *out, struct fault *why)
{
	const struct span *all = arg;

	if (at > all->len || len > all->len - at)
		return fault_set(why, ERR_DAMAGE, "past the end");
	*out = span_slice(*all, (size_t)at, len);
	return ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span all = span_of(data, len);
	struct hash key = { .at = { 1 } };
	struct index *ix;
	struct fault why;
	uint64_t *bits, n = 0;
	unsigned wrong = 0;

	if (index_open(len, fetch, &all, len % 2 ? &key : NULL, &ix, &why) !=
	    ERR_OK)
		return 0;
	if ((bits = calloc(index_words(ix) + 1, sizeof *bits)) == NULL)
		return 0;
	for (uint64_t i = 0; i < 64; i++) {
		uint64_t token = i * UINT64_C(0x9E3779B97F4A7C15);

		if (i * 8 + 8 <= len)
			memcpy(&token, data + len - i * 8 - 8, 8);
		wrong += index_find(ix, token, i % 3 ? TAG_ANY : TAG_WORD, bits,
			     &n, &why) != ERR_OK;
	}
	for (unsigned i = 0; i < NUMBER_N; i++)
		wrong += index_range(ix, i, 3, 500, bits, &n, &why) != ERR_OK;
	free(bits);
	index_close(ix);
	return wrong > 1000;
}
