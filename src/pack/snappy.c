/*
 * pack/snappy.c: Snappy blocks.
 */
#include "pack/snappy.h"

#include <snappy-c.h>

/* A copy of three bytes gives at most 64: no honest block unpacks to more. */
#define SNAPPY_RATIO_MAX 22

enum err
snappy_unpack(struct buf *b, struct span packed, size_t max, struct fault *why)
{
	const char *from = (const char *)packed.at;
	size_t len = 0;
	uint8_t *to;

	if (packed.len == 0 ||
	    snappy_uncompressed_length(from, packed.len, &len) != SNAPPY_OK)
		return fault_set(why, ERR_DAMAGE, "not a Snappy block");
	if (len > max)
		return fault_set(
		    why, ERR_LIMIT, "Snappy block: unpacks to too much");
	if (len / SNAPPY_RATIO_MAX > packed.len)
		return fault_set(why, ERR_DAMAGE,
		    "Snappy block: says more than it can hold");
	if ((to = buf_room(b, len)) == NULL) {
		enum err e = buf_error(b);

		b->bad = ERR_OK;
		return fault_set(why, e, "Snappy: no room in the buffer");
	}
	if (snappy_uncompress(from, packed.len, (char *)to, &len) != SNAPPY_OK)
		return fault_set(why, ERR_DAMAGE, "not a whole Snappy block");
	buf_took(b, len);
	return ERR_OK;
}

enum err
snappy_pack(struct buf *b, struct span s, struct fault *why)
{
	size_t len = snappy_max_compressed_length(s.len);
	uint8_t *to = buf_room(b, len);

	if (to == NULL)
		return fault_set(
		    why, buf_error(b), "Snappy: no room in the buffer");
	if (snappy_compress(s.len == 0 ? "" : (const char *)s.at, s.len,
		(char *)to, &len) != SNAPPY_OK)
		return fault_set(why, ERR_LIMIT, "Snappy: cannot compress");
	buf_took(b, len);
	return ERR_OK;
}
