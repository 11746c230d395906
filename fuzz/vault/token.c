/*
 * fuzz/vault/token.c: any bytes are cut into tokens, never more than said;
 * and what a part of a text surely holds, the whole text holds too.
 */
#include "vault/token.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "match/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
is_in(const uint64_t *list, size_t n, uint64_t token)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == token)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t from = len < 2 ? 0 : data[0] % len, n, part_n;
	struct span all = span_of(data, len < 2000 ? len : 2000);
	struct span part = span_slice(all, from, len < 2 ? len : data[1]);
	bool left, right, word;
	uint64_t *whole = calloc(TOKEN_MOST(all.len), sizeof *whole);
	uint64_t *some = calloc(TOKEN_MOST(part.len), sizeof *some);

	assert(whole != NULL && some != NULL);
	n = token_list(all, false, false, whole);
	assert(n <= TOKEN_MOST(all.len));
	/* A part of characters of several bytes begins and ends with whole
	 * ones. */
	while (part.len > 0 && (part.at[0] & 0xC0) == 0x80)
		part = span_slice(part, 1, SIZE_MAX);
	if (part.len > 0 && part.at + part.len < all.at + all.len &&
	    (part.at[part.len] & 0xC0) == 0x80)
		part.len = 0;
	left = part.len > 0 && part.at > all.at && text_is_word(part.at[-1]);
	right = part.len > 0 && part.at + part.len < all.at + all.len &&
	    text_is_word(part.at[part.len]);
	part_n = token_list(part, left, right, some);
	for (size_t i = 0; i < part_n; i++)
		assert(is_in(whole, n, some[i]));
	(void)token_value(all, &word);
	if (word)
		assert(n == 1 && whole[0] == token_value(all, &word));
	free(whole);
	free(some);
	return 0;
}
