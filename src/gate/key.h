/*
 * gate/key.h: keys by which machines ask as an account.
 *
 * A replica or a script cannot change one-time passwords or be idle; it
 * carries a key, a random token of 32 bytes that the store knows by its
 * SHA-256 alone. An account has one at most; a new one ends the old, and
 * disabling the account ends it at once.
 */
#ifndef GATE_KEY_H
#define GATE_KEY_H

#include "gate/session.h"

#define GATE_KEY_DAYS 365

/*
 * gate_key_make: a new key for an account, good for GATE_KEY_DAYS.
 *
 *   key   [out] hex, shown once
 *
 * Fails   ERR_NOT_FOUND: no such account; ERR_STATE: it is disabled.
 */
MUST_CHECK enum err gate_key_make(struct gate *g, struct span name,
    int64_t now_us, char key[static GATE_TOKEN_LEN + 1], struct fault *why);

/* gate_key_who: whose key is it? session is 0 and there is no form token, so
 * a browser can do nothing with it. Fails ERR_DENIED as gate_who. */
MUST_CHECK enum err gate_key_who(struct gate *g, struct span key,
    int64_t now_us, struct gate_who *w, struct fault *why);

#endif
