/*
 * vault/keyring.c: stream keys by name. Runs in keeper, sealer and reader.
 */
#include "vault/keyring.h"

#include <stdlib.h>
#include <string.h>

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

/* Whether a key of that name can come, with room made for it. */
static enum err
name_new(struct keyring *k, const char *name, struct fault *why)
{
	if (!text_is_name(span_text(name), KEYRING_NAME_MAX - 1))
		return fault_set(why, ERR_RANGE, "stream key: no such name");
	if (place(k, name) < k->n)
		return fault_set(
		    why, ERR_EXISTS, "stream key %s is there already", name);
	return grow(k, why);
}

static enum err
take(struct keyring *k, secret_fn *from, int dir, const char *name,
    int64_t from_us, int64_t until_us, struct fault *why)
{
	struct named got = { .from_us = from_us, .until_us = until_us };
	char file[FILE_MAX];
	enum err e = name_new(k, name, why);

	if (e != ERR_OK)
		return e;
	memcpy(got.name, name, strlen(name) + 1);
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

enum err
keyring_add(struct keyring *k, const char *name, int64_t from_us,
    int64_t until_us, struct span key, struct fault *why)
{
	struct named got = { .from_us = from_us, .until_us = until_us };
	enum err e = key.len == KEYRING_KEY_LEN
	    ? name_new(k, name, why)
	    : fault_set(
		  why, ERR_RANGE, "stream key: not %d bytes", KEYRING_KEY_LEN);

	if (e != ERR_OK)
		return e;
	memcpy(got.name, name, strlen(name) + 1);
	if ((got.secret = secret_keep(key)) == NULL)
		return fault_set(why, ERR_MEMORY, "no locked memory");
	k->key[k->n++] = got;
	return ERR_OK;
}

size_t
keyring_count(const struct keyring *k)
{
	return k->n;
}

const char *
keyring_name(
    const struct keyring *k, size_t i, int64_t *from_us, int64_t *until_us)
{
	*from_us = k->key[i].from_us;
	*until_us = k->key[i].until_us;
	return k->key[i].name;
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
