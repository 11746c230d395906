/*
 * vault/keyring.c: stream keys by name. Runs in keeper, sealer and reader.
 */
#include "vault/keyring.h"

#include <stdlib.h>

#include "base/text.h"
#include "crypt/secret.h"
#include "vault/line.h"

#define FILE_MAX (6 + KEYRING_NAME_MAX + 4)

struct named {
	char name[KEYRING_NAME_MAX];
	int64_t from_us, until_us;
	struct secret *secret;
};

struct keyring {
	struct named *key;
	size_t n, cap;
};

/* How a key comes from its file: secret_load or secret_make. */
typedef enum err secret_fn(int dir, const char *name, size_t len,
    struct secret **out, struct fault *why);

struct keyring *
keyring_new(void)
{
	return calloc(1, sizeof(struct keyring));
}

void
keyring_free(struct keyring *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->n; i++)
		secret_free(k->key[i].secret);
	free(k->key);
	free(k);
}

/* Where the name stands, or n. */
static size_t
place(const struct keyring *k, const char *name)
{
	size_t i = 0;

	while (i < k->n && strcmp(k->key[i].name, name) != 0)
		i++;
	return i;
}

/* Room for one more. */
static enum err
grow(struct keyring *k, struct fault *why)
{
	size_t cap = k->cap == 0 ? 8 : k->cap * 2;
	struct named *more;

	if (k->n >= KEYRING_KEYS_MAX)
		return fault_set(why, ERR_LIMIT, "more than %u stream keys",
		    KEYRING_KEYS_MAX);
	if (k->n < k->cap)
		return ERR_OK;
	if ((more = reallocarray(k->key, cap, sizeof *more)) == NULL)
		return fault_set(why, ERR_MEMORY, "stream keys");
	k->key = more;
	k->cap = cap;
	return ERR_OK;
}

static enum err
take(struct keyring *k, secret_fn *from, int dir, const char *name,
    int64_t from_us, int64_t until_us, struct fault *why)
{
	struct named got = { .from_us = from_us, .until_us = until_us };
	struct span s = span_text(name);
	char file[FILE_MAX];
	enum err e;

	if (!text_is_name(s, KEYRING_NAME_MAX - 1))
		return fault_set(why, ERR_RANGE, "stream key: no such name");
	if (place(k, name) < k->n)
		return fault_set(
		    why, ERR_EXISTS, "stream key %s is there already", name);
	if ((e = grow(k, why)) != ERR_OK)
		return e;
	memcpy(got.name, name, s.len + 1);
	line_put(file, sizeof file, "vault-%s.key", name);
	e = from(dir, file, KEYRING_KEY_LEN, &got.secret, why);
	if (e == ERR_OK)
		k->key[k->n++] = got;
	return e;
}

enum err
keyring_load(struct keyring *k, int dir, const char *name, int64_t from_us,
    int64_t until_us, struct fault *why)
{
	return take(k, secret_load, dir, name, from_us, until_us, why);
}

enum err
keyring_make(struct keyring *k, int dir, const char *name, int64_t from_us,
    int64_t until_us, struct fault *why)
{
	return take(k, secret_make, dir, name, from_us, until_us, why);
}

struct span
keyring_find(const struct keyring *k, const char *name)
{
	size_t i = place(k, name);

	return i == k->n ? SPAN_EMPTY : secret_read(k->key[i].secret);
}

const char *
keyring_at(const struct keyring *k, int64_t at_us)
{
	const struct named *best = NULL;

	for (size_t i = 0; i < k->n; i++) {
		const struct named *one = &k->key[i];

		if (one->from_us <= at_us && at_us < one->until_us &&
		    (best == NULL || one->from_us > best->from_us))
			best = one;
	}
	return best == NULL ? NULL : best->name;
}

void
keyring_drop(struct keyring *k, const char *name)
{
	size_t i = place(k, name);

	if (i == k->n)
		return;
	secret_free(k->key[i].secret);
	k->key[i] = k->key[--k->n];
}
