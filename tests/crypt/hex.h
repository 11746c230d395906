/*
 * tests/crypt/hex.h: bytes written as hex, for published vectors.
 */
#ifndef TESTS_CRYPT_HEX_H
#define TESTS_CRYPT_HEX_H

#include <assert.h>

#include "base/text.h"

/* At most 256 bytes at once stay valid, from the last eight calls. */
static inline struct span
hex(const char *digits)
{
	static uint8_t ring[8][256];
	static unsigned turn;
	size_t len = strlen(digits) / 2;
	bool ok;

	turn = (turn + 1) % 8;
	assert(len <= sizeof ring[0]);
	ok = text_unhex_fixed(span_text(digits), ring[turn], len);
	assert(ok);
	return span_of(ring[turn], len);
}

#endif
