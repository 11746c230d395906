/*
 * vault/token.h: what of a text the index remembers.
 *
 * A token is 64 bits of hash. Indexer and search cut texts by this one
 * function, and only what surely stands in every text that matches is asked
 * of the index; so a search by index finds what looking at every record
 * would. Letters A-Z count as small ones, all other bytes as they are.
 *
 *   word     a run of ASCII letters, digits and _, whole. Left out, because
 *            they would say little and cost much: one character; digits
 *            alone, up to 6; hex digits alone with a digit among them, up to
 *            4; two hex digits
 *   pair     two words side by side with one of - . @ \ between them, unless
 *            one is left out, or long and mixed and so rare by itself
 *   address  four numbers of up to three digits with dots; six times two hex
 *            digits with : or -; three times four hex digits with dots; three
 *            neighbours of an IPv6 address
 *   two      two neighbouring characters beyond ASCII (Chinese); marks of
 *            punctuation part them
 */
#ifndef VAULT_TOKEN_H
#define VAULT_TOKEN_H

#include "base/span.h"

/* Tokens of a text of so many bytes: never more. */
#define TOKEN_MOST(len) ((len) + 8)

/*
 * token_list: the tokens of a text, some perhaps twice, into `to`.
 *
 *   open_left, open_right  the text may go on there: a word that touches
 *          that end may be part of a longer one, and is left out
 *   to     room for TOKEN_MOST(text.len)
 *
 * Returns how many. Any bytes may stand in the text.
 */
size_t token_list(
    struct span text, bool open_left, bool open_right, uint64_t *to);

/* token_value: the whole of a field's value as one token; *word [out] tells
 * that it is the very token that token_list makes of it, and the only one. */
uint64_t token_value(struct span value, bool *word);

/* token_mix: another token from one and a number. */
uint64_t token_mix(uint64_t token, uint64_t with);

#endif
