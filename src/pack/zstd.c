/*
 * pack/zstd.c: Zstandard frames, bounded both ways.
 *
 * Source: RFC 8878; libzstd's one-shot and streaming calls.
 */
#include "pack/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

/* What one step of a frame without a stated length may give. */
#define STEP ((size_t)128 << 10)
/* The memory that a foreign frame may ask for: 2^24 bytes. */
#define WINDOW_LOG 24

static enum err
fault(size_t rc, const char *what, struct fault *why)
{
	enum err e = ERR_DAMAGE;

	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		e = ERR_MEMORY;
	else if (ZSTD_getErrorCode(rc) == ZSTD_error_dstSize_tooSmall)
		e = ERR_LIMIT;
	return fault_set(why, e, "%s: %s", what, ZSTD_getErrorName(rc));
}

static enum err
no_room(const struct buf *b, struct fault *why)
{
	return fault_set(why, buf_error(b), "zstd: no room in the buffer");
}

enum err
zstd_pack(struct buf *b, struct span s, int level, struct fault *why)
{
	size_t bound = ZSTD_compressBound(s.len), n;
	size_t room = bound < b->max - b->len ? bound : b->max - b->len;
	ZSTD_CCtx *c = NULL;
	uint8_t *to = buf_room(b, room);
	enum err e = ERR_OK;

	if (to == NULL)
		return no_room(b, why);
	if ((c = ZSTD_createCCtx()) == NULL)
		return fault_set(why, ERR_MEMORY, "zstd");
	n = ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(n))
		n = ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(
		    c, to, room, s.len == 0 ? "" : (const void *)s.at, s.len);
	if (ZSTD_isError(n))
		e = fault(n, "cannot compress", why);
	else
		buf_took(b, n);
	(void)ZSTD_freeCCtx(c); /* always 0 */
	return e;
}

/* A frame that states its length. */
static enum err
unpack_known(struct buf *b, struct span frame, size_t len, struct fault *why)
{
	uint8_t *to = buf_room(b, len);
	size_t n;

	if (to == NULL)
		return no_room(b, why);
	n = ZSTD_decompress(to, len, frame.at, frame.len);
	if (ZSTD_isError(n) &&
	    ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall)
		return fault_set(
		    why, ERR_DAMAGE, "zstd frame: longer than it says");
	if (ZSTD_isError(n))
		return fault(n, "zstd frame", why);
	if (n != len)
		return fault_set(
		    why, ERR_DAMAGE, "zstd frame: shorter than it says");
	buf_took(b, n);
	return ERR_OK;
}

/* A frame that does not: step by step, up to max. */
static enum err
unpack_unknown(struct buf *b, struct span frame, size_t max, struct fault *why)
{
	ZSTD_inBuffer in = { frame.at, frame.len, 0 };
	ZSTD_DStream *d = ZSTD_createDStream();
	size_t start = b->len, rc = 1;
	enum err e = ERR_OK;

	if (d == NULL)
		return fault_set(why, ERR_MEMORY, "zstd");
	rc = ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG);
	if (ZSTD_isError(rc))
		e = fault(rc, "zstd", why);
	rc = 1;
	while (e == ERR_OK && rc != 0) {
		size_t left = max - (b->len - start);
		/* One byte more than allowed shows that there is more. */
		size_t room = left < STEP ? left + 1 : STEP;
		ZSTD_outBuffer out = { buf_room(b, room), room, 0 };

		if (out.dst == NULL) {
			e = no_room(b, why);
			break;
		}
		rc = ZSTD_decompressStream(d, &out, &in);
		if (ZSTD_isError(rc))
			e = fault(rc, "zstd frame", why);
		else if (out.pos > left)
			e = fault_set(why, ERR_LIMIT,
			    "zstd frame: longer than %zu bytes", max);
		else if (rc != 0 && in.pos == in.size && out.pos < room)
			e = fault_set(why, ERR_DAMAGE, "zstd frame: cut off");
		else
			buf_took(b, out.pos);
	}
	(void)ZSTD_freeDStream(d); /* always 0 */
	if (e != ERR_OK)
		b->len = start;
	return e;
}

enum err
zstd_unpack(struct buf *b, struct span frame, size_t max, struct fault *why)
{
	unsigned long long says;
	size_t whole;

	/* Skippable frames hold nothing of ours. */
	if (frame.len < 4 || frame.at[0] != 0x28 || frame.at[1] != 0xB5 ||
	    frame.at[2] != 0x2F || frame.at[3] != 0xFD)
		return fault_set(why, ERR_DAMAGE, "not a zstd frame");
	whole = ZSTD_findFrameCompressedSize(frame.at, frame.len);
	if (ZSTD_isError(whole))
		return fault(whole, "zstd frame", why);
	if (whole != frame.len)
		return fault_set(why, ERR_DAMAGE,
		    "zstd frame: %zu bytes stand behind it", frame.len - whole);
	says = ZSTD_getFrameContentSize(frame.at, frame.len);
	if (says == ZSTD_CONTENTSIZE_ERROR)
		return fault_set(why, ERR_DAMAGE, "not a zstd frame");
	if (says == ZSTD_CONTENTSIZE_UNKNOWN)
		return unpack_unknown(b, frame, max, why);
	if (says > max)
		return fault_set(
		    why, ERR_LIMIT, "zstd frame: longer than %zu bytes", max);
	return unpack_known(b, frame, (size_t)says, why);
}
