/*
 * proc/vaultkeys.c: stream keys on disk: DIR/keys/vault, keeper's own.
 */
#include "proc/vaultkeys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"

#define FILE_BEFORE "vault-"
#define FILE_AFTER ".key"
#define AHEAD_US (31 * WHEN_DAY) /* next year's keys are made so early */

/* The years of "CLASS-YEAR" as instants; false when it is no such name. */
static bool
name_years(struct span name, int64_t *from_us, int64_t *until_us)
{
	uint64_t year;
	size_t dash = name.len;

	while (dash > 0 && name.at[dash - 1] != '-')
		dash--;
	if (dash < 2 ||
	    event_class_find(span_slice(name, 0, dash - 1)) == CLASS_N ||
	    !span_number(span_slice(name, dash, SIZE_MAX), 9998, &year) ||
	    year < 1912)
		return false;
	*from_us = day_start((struct day){ (int)year, 1, 1 });
	*until_us = day_start((struct day){ (int)year + 1, 1, 1 });
	return true;
}

/* "CLASS-YEAR" for an instant. */
static void
name_make(enum event_class class, int64_t us, char to[static KEYRING_NAME_MAX])
{
	struct buf b;

	buf_init(&b, KEYRING_NAME_MAX);
	buf_printf(&b, "%s-%d", event_class_name(class), when_day(us).year);
	memcpy(to, buf_string(&b), b.len + 1);
	buf_clear(&b);
}

enum err
vaultkeys_load(int dir, struct keyring *ring, struct fault *why)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy == -1 ? NULL : fdopendir(copy);
	struct dirent *one;
	enum err e = ERR_OK;

	if (d == NULL) {
		if (copy != -1)
			(void)close(copy);
		return fault_sys(why, ERR_IO, "cannot list " VAULTKEYS_FOLDER);
	}
	while (e == ERR_OK && (one = readdir(d)) != NULL) {
		struct span s = span_text(one->d_name);
		char name[KEYRING_NAME_MAX];
		int64_t from_us, until_us;

		if (!span_starts(s, FILE_BEFORE) || !span_ends(s, FILE_AFTER))
			continue;
		s = span_slice(s, sizeof FILE_BEFORE - 1,
		    s.len - sizeof FILE_BEFORE - sizeof FILE_AFTER + 2);
		if (s.len >= sizeof name || !name_years(s, &from_us, &until_us))
			continue;
		memcpy(name, s.at, s.len);
		name[s.len] = '\0';
		e = keyring_load(ring, dir, name, from_us, until_us, why);
	}
	(void)closedir(d);
	return e;
}

enum err
vaultkeys_tend(int dir, struct keyring *ring, int64_t now_us, unsigned *made,
    struct fault *why)
{
	const int64_t at[] = { now_us, now_us + AHEAD_US };
	enum err e = ERR_OK;

	*made = 0;
	for (unsigned i = 0; i < 2; i++)
		for (unsigned c = 0; c < CLASS_N && e == ERR_OK; c++) {
			char name[KEYRING_NAME_MAX];
			int64_t from_us, until_us;

			name_make((enum event_class)c, at[i], name);
			if (keyring_find(ring, name).at != NULL ||
			    !name_years(span_text(name), &from_us, &until_us))
				continue;
			e = keyring_make(
			    ring, dir, name, from_us, until_us, why);
			*made += e == ERR_OK;
		}
	return e;
}

bool
vaultkeys_for(const struct keyring *ring, enum event_class class,
    int64_t now_us, struct segment_crypt *out)
{
	struct span key;

	name_make(class, now_us, out->key_id);
	key = keyring_find(ring, out->key_id);
	if (key.at == NULL)
		return false;
	memcpy(out->key, key.at, sizeof out->key);
	return true;
}

enum err
vaultkeys_destroy(
    int dir, struct keyring *ring, const char *name, struct fault *why)
{
	struct buf b;
	enum err e = ERR_OK;

	buf_init(&b, 128);
	buf_printf(&b, FILE_BEFORE "%s" FILE_AFTER, name);
	if (unlinkat(dir, buf_string(&b), 0) == -1 && errno != ENOENT)
		e = fault_sys(why, ERR_IO, "cannot destroy key %s", name);
	else if (fsync(dir) == -1)
		e = fault_sys(why, ERR_IO, "cannot sync " VAULTKEYS_FOLDER);
	else
		keyring_drop(ring, name);
	buf_clear(&b);
	return e;
}

void
vaultkeys_print(struct buf *b, const struct keyring *ring)
{
	size_t n = keyring_count(ring);

	buf_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		int64_t from_us, until_us;
		const char *name = keyring_name(ring, i, &from_us, &until_us);

		buf_block(b, span_text(name));
		buf_u64(b, (uint64_t)from_us);
		buf_u64(b, (uint64_t)until_us);
		buf_span(b, keyring_find(ring, name));
	}
}

enum err
vaultkeys_read(struct span s, struct keyring **out, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct keyring *ring = keyring_new();
	uint32_t n = cursor_u32(&c);
	enum err e = ERR_OK;

	if (ring == NULL)
		return fault_set(why, ERR_MEMORY, "stream keys");
	for (uint32_t i = 0; i < n && e == ERR_OK; i++) {
		struct span name = cursor_block(&c, KEYRING_NAME_MAX - 1);
		int64_t from_us = (int64_t)cursor_u64(&c);
		int64_t until_us = (int64_t)cursor_u64(&c);
		struct span key = cursor_take(&c, KEYRING_KEY_LEN);
		char text[KEYRING_NAME_MAX] = { 0 };

		if (c.bad)
			break;
		memcpy(text, name.at, name.len);
		e = keyring_add(ring, text, from_us, until_us, key, why);
	}
	if (e == ERR_OK && !cursor_done(&c))
		e = fault_set(why, ERR_SYNTAX, "not a list of stream keys");
	if (e != ERR_OK) {
		keyring_free(ring);
		return e;
	}
	*out = ring;
	return ERR_OK;
}
