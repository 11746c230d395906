/*
 * base/text.h: UTF-8 text and its plain encodings (hex, base64).
 *
 * Source: RFC 3629 (UTF-8), RFC 4648 (base16, base64, base64url).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/span.h"

/*
 * text_valid: all of s is well-formed UTF-8 (no overlong form, no surrogate,
 * nothing above U+10FFFF). NUL is valid here; ask span_find for it.
 */
bool text_valid(struct span s);

/* text_rune: bytes of the character at the front of s, 1..4; 0 if s is empty
 * or does not begin with a well-formed one. *cp [out] may be NULL. */
size_t text_rune(struct span s, uint32_t *cp);

/* text_cut: the greatest n <= max with no character of s[0..n) cut through;
 * bytes that belong to no character are never cut. s holds at least max
 * bytes. */
size_t text_cut(const char *s, size_t max);

/* text_scrub: append s to b as well-formed UTF-8: each malformed byte and
 * each NUL becomes U+FFFD. Returns how many were replaced. */
size_t text_scrub(struct buf *b, struct span s);

/* text_hex, text_base64: append s to b, encoded (lower-case hex; base64 with
 * padding). */
void text_hex(struct buf *b, struct span s);
void text_base64(struct buf *b, struct span s);

/* text_unhex, text_unbase64: append what s stands for. False, and b as it
 * was, when s is not of that form (base64: standard alphabet, padded,
 * canonical); false and a noted fault when b is full. */
bool text_unhex(struct buf *b, struct span s);
bool text_unbase64(struct buf *b, struct span s);

/* text_unhex_fixed: exactly len bytes from 2*len hex digits. */
bool text_unhex_fixed(struct span s, uint8_t *to, size_t len);

/* text_is_name: 1..max bytes of [a-z0-9-_.], beginning with a letter or digit:
 * what keys of agencies, registers and streams are made of. */
bool text_is_name(struct span s, size_t max);

#endif
