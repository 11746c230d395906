/*
 * fuzz/check/check_bundle.c: any bytes to the stand-alone checker, and the
 * same answer as the server's. Nothing but the seeds is signed, so whatever
 * is accepted says what a seed says.
 */
#include <assert.h>
#include <stdlib.h>

#include "check/check.h"
#include "crypt/crypt.h"
#include "ledger/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[SIGN_SEED_LEN] = { 42 };
	static struct check_policy *policy;
	static struct note_key key;
	struct arena *a = arena_new(1 << 24);
	uint8_t public[SIGN_PUBLIC_LEN];
	struct check_shown shown;
	struct check_why why;
	struct proof_result got;
	struct buf vkey;
	bool good;

	if (crypt_start(NULL) != ERR_OK || a == NULL)
		return 0;
	if (policy == NULL) {
		sign_public(seed, public);
		if (note_key_make(SPAN_LIT("beimen.invalid/beimen/main"),
			NOTE_ED25519, public, &key, NULL) != ERR_OK)
			abort();
		buf_init(&vkey, 1024);
		note_key_print(&vkey, &key);
		policy = check_policy_key(buf_string(&vkey), &why);
		buf_clear(&vkey);
		assert(policy != NULL);
	}
	good = check_bundle(
	    (struct check_bytes){ data, len }, policy, &shown, &why);
	if (good) {
		assert(
		    shown.size == 21 && (shown.seq == 1014 || shown.seq == 12));
		check_shown_free(&shown);
	}
	assert(good ==
	    (proof_check(span_of(data, len), &key, 1, a, &got, NULL) ==
		ERR_OK));
	arena_free(a);
	return 0;
}
