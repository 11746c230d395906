/*
 * proc/keeper_key.c: stream keys: made, handed out, destroyed.
 *
 * Once a day keeper makes the keys that will be needed, and destroys each key
 * whose year is over and under which no segment is left; both are entries of
 * the key register. Nobody can ask for an earlier end: that would delete
 * records before their period (clauses 12.3, 18.3).
 */
#include "proc/keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include "proc/roles.h"
#include "vault/view.h"

#define TEND_US WHEN_DAY
/* A segment is sealed under the key of the moment it was begun. */
#define MARGIN_US WHEN_DAY

enum err
keeper_keys_start(struct keeper *k, struct fault *why)
{
	struct buf path;
	unsigned made;
	enum err e;

	if ((k->keys = keyring_new()) == NULL)
		return fault_set(why, ERR_MEMORY, "stream keys");
	buf_init(&path, 4096);
	e = child_path(k->child, VAULTKEYS_FOLDER, &path, why);
	if (e == ERR_OK) {
		k->keys_dir = open(buf_string(&path),
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (k->keys_dir == -1)
			e = fault_sys(
			    why, ERR_IO, "cannot open " VAULTKEYS_FOLDER);
	}
	buf_clear(&path);
	if (e == ERR_OK)
		e = vaultkeys_load(k->keys_dir, k->keys, why);
	if (e == ERR_OK)
		e = vaultkeys_tend(
		    k->keys_dir, k->keys, keeper_now(k), &made, why);
	return e;
}

void
keeper_keys_stop(struct keeper *k)
{
	keyring_free(k->keys);
	if (k->keys_dir != -1)
		(void)close(k->keys_dir);
}

/* Whether a segment that is still here may have been sealed under a key. */
static bool
key_is_needed(
    struct keeper *k, struct span class, int64_t from_us, int64_t until_us)
{
	struct shelf *shelf = view_shelf(k->view);
	const struct shelf_item *it;
	struct fault why;
	size_t n;

	if (view_refresh(k->view, &why) != ERR_OK || shelf == NULL)
		return true;
	it = shelf_items(shelf, &n);
	for (size_t i = 0; i < n; i++) {
		struct stream_name parts;

		if (it[i].unreadable ||
		    stream_parse(span_text(shelf_stream(shelf, it[i].stream)),
			&parts, NULL) != ERR_OK)
			return true;
		if (span_is(class, event_class_name(parts.class)) &&
		    it[i].sealed_us >= from_us &&
		    it[i].sealed_us < until_us + MARGIN_US)
			return true;
	}
	return false;
}

/* "audit" of "audit-2026". */
static struct span
class_of(const char *name)
{
	struct span s = span_text(name);

	while (s.len > 0 && s.at[s.len - 1] != '-')
		s.len--;
	return span_slice(s, 0, s.len > 0 ? s.len - 1 : 0);
}

/* The first key that is over and of no more use; NULL when there is none. */
static const char *
key_spent(struct keeper *k)
{
	int64_t now_us = keeper_now(k);

	for (size_t i = 0; i < keyring_count(k->keys); i++) {
		int64_t from_us, until_us;
		const char *name = keyring_name(
		    k->keys, i, &from_us, &until_us);

		if (until_us + MARGIN_US <= now_us &&
		    !key_is_needed(k, class_of(name), from_us, until_us))
			return name;
	}
	return NULL;
}

void
keeper_keys_tick(struct keeper *k)
{
	int64_t now_us = keeper_now(k);
	unsigned made = 0;
	struct fault why;

	if (k->keys == NULL || now_us - k->keys_us < TEND_US)
		return;
	k->keys_us = now_us;
	if (vaultkeys_tend(k->keys_dir, k->keys, now_us, &made, &why) != ERR_OK)
		child_log(k->child, "%s", why.text);
	if (made > 0)
		k->keys_told = 0;
	k->keys_look = true;
}

/* u8 destroyed | block name | block class | i64 from | i64 until */
bool
keeper_key_print(struct keeper *k, struct buf *b)
{
	int64_t from_us, until_us;
	const char *name;
	bool spent;

	if (k->keys == NULL)
		return false;
	spent = k->keys_told >= keyring_count(k->keys);
	if (spent && !k->keys_look)
		return false;
	name = spent ? key_spent(k)
		     : keyring_name(k->keys, k->keys_told, &from_us, &until_us);
	if (name == NULL) {
		k->keys_look = false;
		return false;
	}
	for (size_t i = 0; spent && i < keyring_count(k->keys); i++)
		if (keyring_name(k->keys, i, &from_us, &until_us) == name)
			break;
	k->key_ending = spent ? name : NULL;
	buf_u8(b, spent);
	buf_block(b, span_text(name));
	buf_block(b, class_of(name));
	buf_u64(b, (uint64_t)from_us);
	buf_u64(b, (uint64_t)until_us);
	return true;
}

/* The register has it; now the key itself may go. */
void
keeper_key_told(struct keeper *k)
{
	struct fault why;

	if (k->key_ending == NULL) {
		k->keys_told++;
		return;
	}
	if (vaultkeys_destroy(k->keys_dir, k->keys, k->key_ending, &why) !=
	    ERR_OK)
		child_log(k->child, "%s", why.text);
	k->keys_told = keyring_count(k->keys);
}

/* Answer: the ring, for those who read sealed records. */
enum err
on_keeper_keys(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct keeper *k = c->state;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "keys are not asked by name");
	if (k->keys == NULL)
		buf_u32(answer, 0);
	else
		vaultkeys_print(answer, k->keys);
	return ERR_OK;
}
