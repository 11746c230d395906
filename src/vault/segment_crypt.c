/*
 * vault/segment_crypt.c: a segment's own key, and what lies under it.
 *
 * Each attempt to seal draws a fresh random data key, so that no nonce is
 * ever used twice under one key; it is wrapped under the stream's key.
 * Source: NIST SP 800-38D; DECISIONS, "Keys"; doc/format-vault.md.
 */
#include "crypt/crypt.h"
#include "vault/index.h"
#include "vault/line.h"
#include "vault/segment_own.h"

/* u32 what | u64 number. */
static void
nonce_make(enum segment_secret what, uint64_t number,
    uint8_t nonce[static AEAD_NONCE_LEN])
{
	for (unsigned i = 0; i < 4; i++)
		nonce[i] = (uint8_t)((uint32_t)what >> (24 - 8 * i));
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t
frame_number(uint32_t block, unsigned frame, unsigned piece)
{
	return (uint64_t)block << 16 | (uint64_t)frame << 1 | piece;
}

enum err
secret_seal(struct buf *b, const uint8_t *key, enum segment_secret what,
    uint64_t number, const struct hash *identity, struct span plain,
    struct fault *why)
{
	uint8_t nonce[AEAD_NONCE_LEN];

	nonce_make(what, number, nonce);
	return aead_seal(
	    b, key, nonce, span_of(identity->at, HASH_LEN), plain, why);
}

enum err
secret_open(struct buf *b, const uint8_t *key, enum segment_secret what,
    uint64_t number, const struct hash *identity, struct span sealed,
    struct fault *why)
{
	uint8_t nonce[AEAD_NONCE_LEN];

	nonce_make(what, number, nonce);
	return aead_open(
	    b, key, nonce, span_of(identity->at, HASH_LEN), sealed, why);
}

/* The seeds of the blocks' salts. One that does not open stays zeroes: the
 * leaves will not give the block's root. */
static enum err
seeds_open(struct segment *s, struct fault *why)
{
	struct buf b;
	enum err e = ERR_OK;

	buf_init(&b, SEALED_SEED_LEN);
	for (uint32_t i = 0; i < s->info.blocks && e == ERR_OK; i++) {
		struct block *k = &s->block[i];

		if (s->head.key_id[0] == '\0') {
			memcpy(k->about.seed, k->sealed_seed, 32);
			continue;
		}
		buf_reset(&b);
		e = secret_open(&b, s->key, SECRET_SEED, i, &s->head.digest,
		    span_of(k->sealed_seed, sizeof k->sealed_seed), why);
		if (e == ERR_OK)
			memcpy(k->about.seed, b.at, 32);
		else if (e == ERR_DAMAGE)
			e = ERR_OK;
	}
	buf_clear(&b);
	return e;
}

/* The front of the head, which the wrapping authenticates. */
static enum err
key_open(
    struct segment *s, struct span key, struct span front, struct fault *why)
{
	struct buf b;
	enum err e;

	buf_init(&b, AEAD_KEY_LEN);
	e = aead_open(&b, key.at, s->head.nonce, front,
	    span_of(s->head.wrapped, sizeof s->head.wrapped), why);
	if (e == ERR_OK) {
		memcpy(s->key, b.at, AEAD_KEY_LEN);
		crypt_wipe(b.at, b.len);
		s->has_key = true;
		s->blind = index_blind_key(key);
	}
	buf_clear(&b);
	return e;
}

enum err
segment_unlock_with(struct segment *s, struct span key, struct fault *why)
{
	struct buf front;
	enum err e;

	buf_init(&front, SEGMENT_HEAD_MAX);
	head_front(&front, &s->head);
	e = buf_error(&front) != ERR_OK
	    ? fault_set(why, ERR_MEMORY, "segment")
	    : key_open(s, key, buf_view(&front), why);
	buf_clear(&front);
	if (e == ERR_DAMAGE)
		(void)fault_set(why, ERR_DAMAGE,
		    "key %s is not the one of this segment", s->head.key_id);
	if (e != ERR_OK)
		return e;
	s->locked[0] = '\0';
	return seeds_open(s, why);
}

enum err
segment_unlock(struct segment *s, const struct keyring *keys, struct fault *why)
{
	struct span key = SPAN_EMPTY;
	struct fault what;
	enum err e;

	if (s->head.format == 1)
		return ERR_OK;
	if (s->head.key_id[0] == '\0')
		return seeds_open(s, why);
	if (keys != NULL)
		key = keyring_find(keys, s->head.key_id);
	if (key.at == NULL) {
		line_put(s->locked, sizeof s->locked,
		    "key %s of this segment is not here or was destroyed",
		    s->head.key_id);
		return ERR_OK;
	}
	e = segment_unlock_with(s, key, &what);
	if (e == ERR_DAMAGE) {
		line_put(s->locked, sizeof s->locked, "%.100s", what.text);
		return ERR_OK;
	}
	return e == ERR_OK ? ERR_OK : fault_set(why, e, "%s", what.text);
}
