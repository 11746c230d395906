/*
 * pack/zstd_bare.c: small Zstandard frames without what their reader knows.
 *
 * Source: RFC 8878; libzstd's one-shot calls with kept contexts.
 */
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "pack/zstd.h"

#define MAGIC_LEN 4U

struct zstd {
	ZSTD_CCtx *pack; /* made at the first use */
	ZSTD_DCtx *unpack;
	struct buf frame; /* a bare frame with its magic before it */
};

struct zstd *
zstd_new(void)
{
	struct zstd *z = calloc(1, sizeof *z);

	if (z != NULL)
		buf_init(&z->frame, (size_t)256 << 20);
	return z;
}

void
zstd_free(struct zstd *z)
{
	if (z == NULL)
		return;
	(void)ZSTD_freeCCtx(z->pack); /* always 0, NULL too */
	(void)ZSTD_freeDCtx(z->unpack);
	buf_clear(&z->frame);
	free(z);
}

/* The compressor, set to leave out what is known. */
static enum err
packer(struct zstd *z, int level, struct fault *why)
{
	size_t n;

	if (z->pack == NULL) {
		if ((z->pack = ZSTD_createCCtx()) == NULL)
			return fault_set(why, ERR_MEMORY, "zstd");
		n = ZSTD_CCtx_setParameter(z->pack, ZSTD_c_contentSizeFlag, 0);
		if (ZSTD_isError(n))
			return fault_set(
			    why, ERR_MEMORY, "zstd: %s", ZSTD_getErrorName(n));
	}
	n = ZSTD_CCtx_setParameter(z->pack, ZSTD_c_compressionLevel, level);
	if (ZSTD_isError(n))
		return fault_set(
		    why, ERR_MEMORY, "zstd: %s", ZSTD_getErrorName(n));
	return ERR_OK;
}

enum err
zstd_squeeze(
    struct zstd *z, struct buf *b, struct span s, int level, struct fault *why)
{
	size_t bound = ZSTD_compressBound(s.len), n;
	uint8_t *to;
	enum err e = packer(z, level, why);

	if (e != ERR_OK)
		return e;
	if ((to = buf_room(b, bound)) == NULL)
		return fault_set(
		    why, buf_error(b), "zstd: no room in the buffer");
	n = ZSTD_compress2(
	    z->pack, to, bound, s.len == 0 ? "" : (const void *)s.at, s.len);
	if (ZSTD_isError(n))
		return fault_set(why, ERR_MEMORY, "cannot compress: %s",
		    ZSTD_getErrorName(n));
	memmove(to, to + MAGIC_LEN, n - MAGIC_LEN);
	buf_took(b, n - MAGIC_LEN);
	return ERR_OK;
}

enum err
zstd_expand(struct zstd *z, struct span bare, uint8_t *to, size_t len,
    struct fault *why)
{
	static const uint8_t magic[MAGIC_LEN] = { 0x28, 0xB5, 0x2F, 0xFD };
	uint8_t none;
	size_t n;

	if (z->unpack == NULL && (z->unpack = ZSTD_createDCtx()) == NULL)
		return fault_set(why, ERR_MEMORY, "zstd");
	buf_reset(&z->frame);
	buf_add(&z->frame, magic, sizeof magic);
	buf_span(&z->frame, bare);
	if (buf_error(&z->frame) != ERR_OK)
		return fault_set(why, buf_error(&z->frame), "zstd");
	n = ZSTD_decompressDCtx(
	    z->unpack, len == 0 ? &none : to, len, z->frame.at, z->frame.len);
	if (ZSTD_isError(n)) {
		if (ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
			return fault_set(why, ERR_MEMORY, "zstd");
		return fault_set(
		    why, ERR_DAMAGE, "zstd frame: %s", ZSTD_getErrorName(n));
	}
	if (n != len)
		return fault_set(
		    why, ERR_DAMAGE, "zstd frame: shorter than it should be");
	return ERR_OK;
}
