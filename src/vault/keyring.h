/*
 * vault/keyring.h: the stream keys that segments' own keys are wrapped under.
 *
 * A key has a name and is in force from one instant to another; the key
 * register holds these, never the bytes. The bytes are in DIR/keys, 0400, 32
 * random bytes a file, read before the fence closes and wiped at the end.
 * Destroying the file of a key ends every segment wrapped under it: their
 * descriptors, roots and proofs of place stay, their records do not.
 */
#ifndef VAULT_KEYRING_H
#define VAULT_KEYRING_H

#include "base/fault.h"
#include "base/span.h"

#define KEYRING_NAME_MAX 41 /* bytes, NUL included */
#define KEYRING_KEY_LEN 32
#define KEYRING_KEYS_MAX 4096U
#define KEYRING_FOREVER INT64_MAX

struct keyring;

/* keyring_new: an empty one; NULL when memory is out. keyring_free wipes. */
struct keyring *keyring_new(void);
void keyring_free(struct keyring *k);

/*
 * keyring_load: read the key `name` from the file vault-NAME.key in `dir`.
 * keyring_make: the same, with a fresh random key when there is no such file.
 *
 *   name              text_is_name, at most 40 bytes (KEYRING_NAME_MAX less NUL)
 *   from_us, until_us in force for sealing: from <= t < until
 *
 * Fails   as secret_load; ERR_EXISTS: the name is there already; ERR_RANGE:
 *         no such name can be; ERR_LIMIT: too many.
 */
MUST_CHECK enum err keyring_load(struct keyring *k, int dir, const char *name,
    int64_t from_us, int64_t until_us, struct fault *why);
MUST_CHECK enum err keyring_make(struct keyring *k, int dir, const char *name,
    int64_t from_us, int64_t until_us, struct fault *why);

/* keyring_add: the same from its 32 bytes, for a process that was told them.
 * Fails ERR_EXISTS, ERR_RANGE, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err keyring_add(struct keyring *k, const char *name,
    int64_t from_us, int64_t until_us, struct span key, struct fault *why);

/* keyring_count, keyring_name: all names, i < count, in order of coming. */
size_t keyring_count(const struct keyring *k);
const char *keyring_name(
    const struct keyring *k, size_t i, int64_t *from_us, int64_t *until_us);
/* keyring_find: a key's 32 bytes by name, borrowed; at == NULL: not here. */
struct span keyring_find(const struct keyring *k, const char *name);
/* keyring_at: the name of the key in force then, the one that began last;
 * NULL: none is. Borrowed. */
const char *keyring_at(const struct keyring *k, int64_t at_us);
/* keyring_drop: wipe and forget one; nothing when it is not here. */
void keyring_drop(struct keyring *k, const char *name);

#endif
