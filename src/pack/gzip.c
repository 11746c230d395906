/*
 * pack/gzip.c: gzip and zlib streams, unpacked step by step.
 */
#include "pack/gzip.h"

#include <zlib.h>

#define STEP ((size_t)256 << 10)
#define EITHER_FORM (15 + 32) /* zlib tells gzip and zlib apart */

/* How long the whole may become. */
static size_t
most(struct span packed, size_t max)
{
	size_t ratio = packed.len > SIZE_MAX / GZIP_RATIO_MAX
	    ? SIZE_MAX
	    : packed.len * GZIP_RATIO_MAX;

	if (ratio < GZIP_FREE)
		ratio = GZIP_FREE;
	return max < ratio ? max : ratio;
}

static enum err
fault(int rc, struct fault *why)
{
	if (rc == Z_MEM_ERROR)
		return fault_set(why, ERR_MEMORY, "gzip");
	if (rc == Z_BUF_ERROR)
		return fault_set(why, ERR_DAMAGE, "gzip stream: cut off");
	return fault_set(why, ERR_DAMAGE, "not a whole gzip stream");
}

/* One step; *end when the last member is over. */
static enum err
step(struct buf *b, z_stream *z, size_t left, bool *end, struct fault *why)
{
	/* One byte more than allowed shows that there is more. */
	size_t room = left < STEP ? left + 1 : STEP, got;
	uint8_t *to = buf_room(b, room);
	int rc;

	if (to == NULL)
		return fault_set(
		    why, buf_error(b), "gzip: no room in the buffer");
	z->next_out = to;
	z->avail_out = (uInt)room;
	rc = inflate(z, Z_NO_FLUSH);
	got = room - z->avail_out;
	if (rc != Z_OK && rc != Z_STREAM_END)
		return fault(rc, why);
	if (got > left)
		return fault_set(
		    why, ERR_LIMIT, "gzip stream: unpacks to too much");
	buf_took(b, got);
	if (rc == Z_STREAM_END) {
		*end = z->avail_in == 0;
		if (!*end && (rc = inflateReset(z)) != Z_OK)
			return fault(rc, why);
	}
	return ERR_OK;
}

enum err
gzip_unpack(struct buf *b, struct span packed, size_t max, struct fault *why)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)packed.at };
	size_t start = b->len, limit = most(packed, max);
	bool end = false;
	enum err e = ERR_OK;

	if (packed.len == 0 || packed.len > UINT32_MAX)
		return fault_set(why, ERR_DAMAGE, "not a whole gzip stream");
	if (inflateInit2(&z, EITHER_FORM) != Z_OK)
		return fault_set(why, ERR_MEMORY, "gzip");
	z.avail_in = (uInt)packed.len;
	while (e == ERR_OK && !end)
		e = step(b, &z, limit - (b->len - start), &end, why);
	(void)inflateEnd(&z);
	if (e != ERR_OK) {
		b->len = start;
		b->bad = b->bad == ERR_LIMIT ? ERR_OK : b->bad;
	}
	return e;
}
