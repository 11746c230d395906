/*
 * fuzz/ledger/bundle.c: any bytes as a proof bundle. Nothing but the seeds
 * themselves is signed, so whatever is accepted says what a seed says.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "ledger/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[SIGN_SEED_LEN] = { 42 };
	struct arena *a = arena_new(1 << 24);
	uint8_t public[SIGN_PUBLIC_LEN];
	struct proof_result got;
	struct note_key key;

	if (crypt_start(NULL) != ERR_OK || a == NULL)
		return 0;
	sign_public(seed, public);
	if (note_key_make(SPAN_LIT("beimen.invalid/beimen/main"), NOTE_ED25519,
		public, &key, NULL) != ERR_OK)
		abort();
	if (proof_check(span_of(data, len), &key, 1, a, &got, NULL) == ERR_OK)
		assert(got.size == 21 && (got.seq == 1014 || got.seq == 12));
	arena_free(a);
	return 0;
}
