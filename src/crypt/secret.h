/*
 * crypt/secret.h: key bytes, locked in memory, left out of core dumps, wiped
 * at the end.
 */
#ifndef CRYPT_SECRET_H
#define CRYPT_SECRET_H

#include "base/fault.h"
#include "base/span.h"

struct secret;

/* secret_load: read a key file of exactly len bytes, mode 0400, no link.
 * secret_make: the same, made from random bytes when it is missing. Both hand
 * over a secret (secret_free wipes it). */
MUST_CHECK enum err secret_load(int dir, const char *name, size_t len,
    struct secret **out, struct fault *why);
MUST_CHECK enum err secret_make(int dir, const char *name, size_t len,
    struct secret **out, struct fault *why);
/* secret_keep: a secret of these bytes, which the caller wipes; NULL without
 * locked memory. */
struct secret *secret_keep(struct span bytes);
/* secret_read: the bytes, borrowed. */
struct span secret_read(const struct secret *s);
void secret_free(struct secret *s);

#endif
