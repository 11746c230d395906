/*
 * fuzz/ledger/checkpoint.c: any bytes as a checkpoint and as a tile's path.
 * What is read and written again is the same.
 */
#include <assert.h>

#include "crypt/crypt.h"
#include "ledger/checkpoint.h"
#include "ledger/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span all = span_of(data, len);
	struct checkpoint c;
	struct tile_path p;
	struct buf b;

	if (crypt_start(NULL) != ERR_OK)
		return 0;
	buf_init(&b, 4 * NOTE_MAX);
	if (checkpoint_parse(all, &c, NULL) == ERR_OK) {
		checkpoint_print(&b, &c);
		assert(span_equal(buf_view(&b), all));
	}
	buf_reset(&b);
	if (tile_parse(all, &p, NULL) == ERR_OK) {
		tile_print(&b, &p);
		assert(span_equal(buf_view(&b), all));
	}
	buf_clear(&b);
	return 0;
}
