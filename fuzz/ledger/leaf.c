/*
 * fuzz/ledger/leaf.c: any bytes as leaf data of each kind. What is read and
 * written again is the same, and no bytes are two kinds at once.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "crypt/leaf.h"
#include "ledger/leaf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Writes a heads leaf again, head by head. */
static void
heads_again(struct buf *b, struct leaf_heads *l)
{
	struct leaf_head *h = calloc(l->n + 1U, sizeof *h);
	size_t n = 0;

	if (h == NULL)
		abort();
	while (leaf_heads_next(l, &h[n]))
		n++;
	assert(n == l->n);
	if (leaf_heads(b, l->at_us, h, n, NULL) != ERR_OK)
		abort();
	free(h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span all = span_of(data, len);
	struct leaf_record record;
	struct leaf_block block;
	struct leaf_entry entry;
	struct leaf_segment segment;
	struct leaf_heads heads;
	struct leaf_gone gone;
	unsigned kinds = 0;
	struct buf b;

	if (crypt_start(NULL) != ERR_OK || len > LEAF_DATA_MAX)
		return 0;
	buf_init(&b, 1 << 20);
	if (leaf_record_read(all, &record, NULL) == ERR_OK && ++kinds)
		leaf_record(&b, &record);
	if (leaf_block_read(all, &block, NULL) == ERR_OK && ++kinds)
		leaf_block(&b, &block);
	if (leaf_entry_read(all, &entry, NULL) == ERR_OK && ++kinds)
		leaf_entry(&b, &entry);
	if (leaf_segment_read(all, &segment, NULL) == ERR_OK && ++kinds)
		leaf_segment(&b, &segment);
	if (leaf_heads_read(all, &heads, NULL) == ERR_OK && ++kinds)
		heads_again(&b, &heads);
	if (leaf_gone_read(all, &gone, NULL) == ERR_OK && ++kinds)
		leaf_gone(&b, &gone);
	assert(kinds <= 1);
	assert(kinds == 0 || span_equal(buf_view(&b), all));
	buf_clear(&b);
	return 0;
}
