/*
 * ledger/bundle.h: the members of a proof bundle, read one by one.
 *
 * For proof.c. A reader names the member that is not as it must be; spans of
 * text are borrowed from the JSON value, bytes lie in the arena.
 */
#ifndef LEDGER_BUNDLE_H
#define LEDGER_BUNDLE_H

#include "ledger/proof.h"
#include "pack/json.h"

#define BUNDLE_FORMAT "beimen-proof-1"

/* bundle_members: o is an object with exactly these members, NULL-ended.
 * Fails ERR_SYNTAX. */
MUST_CHECK enum err bundle_members(const json_t *o, const char *at,
    const char *const *names, struct fault *why);

/* bundle_text: a string. bundle_bytes: base64 of a string, decoded.
 * Fails  ERR_SYNTAX; ERR_MEMORY. */
MUST_CHECK enum err bundle_text(
    const json_t *o, const char *key, struct span *out, struct fault *why);
MUST_CHECK enum err bundle_bytes(const json_t *o, const char *key,
    struct arena *a, struct span *out, struct fault *why);

/* bundle_step: an object with index, size and path, and a leaf or an origin
 * where asked for (not NULL). */
MUST_CHECK enum err bundle_step(const json_t *o, const char *key,
    struct arena *a, struct proof_step *step, struct span *leaf,
    struct span *origin, struct fault *why);

/* What a bundle shows of its record. */
struct bundle_shown {
	struct span id, sender, text;
	int64_t received_us;
};
MUST_CHECK enum err bundle_shown(
    const json_t *o, struct bundle_shown *s, struct fault *why);

#endif
