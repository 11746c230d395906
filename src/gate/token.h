/*
 * gate/token.h: session tokens and form tokens, for this room only.
 */
#ifndef GATE_TOKEN_H
#define GATE_TOKEN_H

#include "gate/inner.h"

/* token_make: a new token as hex, and what the store keeps of it. */
void token_make(char token[static GATE_TOKEN_LEN + 1], struct hash *kept);
/* token_hash: what the store keeps of a token; false: it is none. */
bool token_hash(struct span token, struct hash *kept);
/* token_form: the form token of the session whose token hashes to `kept`. */
void token_form(const struct gate *g, const struct hash *kept,
    char form[static GATE_TOKEN_LEN + 1]);

#endif
