/*
 * gate/token.c: session tokens and form tokens.
 */
#include "gate/token.h"

#include <assert.h>

#include "base/text.h"
#include "crypt/crypt.h"

#define TOKEN_BYTES 32

static_assert(GATE_TOKEN_LEN == 2 * TOKEN_BYTES, "hex");
static_assert(GATE_TOKEN_LEN == 2 * HASH_LEN, "hex");

/* Lower-case hex of 32 bytes. */
static void
hex(const uint8_t *from, char to[static GATE_TOKEN_LEN + 1])
{
	static const char digit[] = "0123456789abcdef";

	for (unsigned i = 0; i < TOKEN_BYTES; i++) {
		to[2 * i] = digit[from[i] >> 4];
		to[2 * i + 1] = digit[from[i] & 15];
	}
	to[GATE_TOKEN_LEN] = '\0';
}

void
token_make(char token[static GATE_TOKEN_LEN + 1], struct hash *kept)
{
	uint8_t raw[TOKEN_BYTES];

	crypt_random(raw, sizeof raw);
	*kept = hash_of(span_of(raw, sizeof raw));
	hex(raw, token);
	crypt_wipe(raw, sizeof raw);
}

bool
token_hash(struct span token, struct hash *kept)
{
	uint8_t raw[TOKEN_BYTES];

	if (!text_unhex_fixed(token, raw, sizeof raw))
		return false;
	*kept = hash_of(span_of(raw, sizeof raw));
	crypt_wipe(raw, sizeof raw);
	return true;
}

void
token_form(const struct gate *g, const struct hash *kept,
    char form[static GATE_TOKEN_LEN + 1])
{
	struct hash h = crypt_hmac(
	    span_of(g->form_key.at, HASH_LEN), span_of(kept->at, HASH_LEN));

	hex(h.at, form);
}
