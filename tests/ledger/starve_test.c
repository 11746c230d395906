/*
 * tests/ledger/starve_test.c: each allocation of growing, signing and proving
 * a log fails once: an error or the right answer, never another root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "../starve.h"
#include "crypt/crypt.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"
#include "ledger/proof.h"
#include "ledger/store.h"

#define ORIGIN "beimen.invalid/beimen/main"
#define LEAVES 300 /* more than a tile */
#define BODY "{\"actor\":\"person/1\",\"seq\":12}"

static uint8_t seed[SIGN_SEED_LEN] = { 42 };
static const uint8_t salt[LEAF_ENTRY_SALT_LEN] = { 1 };
static struct note_key key;

static enum err
sign_with(void *arg, struct span message, uint8_t sig[static SIGN_LEN],
    struct fault *why)
{
	(void)why;
	sign_make(arg, message, sig);
	return ERR_OK;
}

static int
setup(void **state)
{
	uint8_t public[SIGN_PUBLIC_LEN];

	(void)state;
	if (crypt_start(NULL) != ERR_OK)
		return -1;
	sign_public(seed, public);
	return note_key_make(span_text(ORIGIN), NOTE_ED25519, public, &key,
		   NULL) == ERR_OK
	    ? 0
	    : -1;
}

/* A log with the entry's leaf among others; its head and the entry's path. */
static enum err
grow(struct span leaf, struct checkpoint *c, struct hash *path,
    struct proof_step *step, struct fault *why)
{
	struct store *s = NULL;
	struct tree *t = NULL;
	struct tree_store seam;
	enum err e;

	if ((e = store_memory_new(&s, why)) != ERR_OK)
		return e;
	seam = store_of(s);
	e = tree_open(&seam, &t, why);
	for (uint64_t i = 0; i < LEAVES && e == ERR_OK; i++) {
		struct hash h = merkle_leaf_hash(
		    i == 7 ? leaf : span_of(&i, sizeof i));

		e = tree_append(t, &h, why);
	}
	if (e == ERR_OK && (e = tree_flush(t, why)) == ERR_OK &&
	    (e = tree_root(t, LEAVES, &c->root, why)) == ERR_OK)
		e = tree_inclusion(t, 7, LEAVES, path, &step->n, why);
	tree_close(t);
	store_free(s);
	return e;
}

/* From an entry to its bundle, and the bundle checked. */
static enum err
whole(struct hash *root, struct buf *bundle, struct fault *why)
{
	struct checkpoint c = { .origin = SPAN_LIT(ORIGIN), .size = LEAVES };
	struct leaf_entry l = { .seq = 12, .received_us = 5 };
	struct hash path[MERKLE_DEPTH];
	struct proof_entry p = { .body = SPAN_LIT(BODY),
		.salt = span_of(salt, sizeof salt),
		.log = { .index = 7, .size = LEAVES, .path = path } };
	struct proof_result got;
	struct arena *a = arena_new(1 << 24);
	struct buf leaf, note;
	uint64_t left;
	enum err e = ERR_MEMORY;

	buf_init(&leaf, 256);
	buf_init(&note, 4096);
	if (a == NULL)
		goto out;
	l.body = leaf_body_hash(salt, p.body);
	leaf_entry(&leaf, &l);
	if ((e = buf_error(&leaf)) != ERR_OK ||
	    (e = grow(buf_view(&leaf), &c, path, &p.log, why)) != ERR_OK ||
	    (e = checkpoint_sign(&note, &c, &key, sign_with, seed, why)) !=
		ERR_OK)
		goto out;
	*root = c.root;
	p.leaf = buf_view(&leaf);
	p.checkpoint = buf_view(&note);
	/* The JSON library is another's: it gets what it asks for. */
	left = starve_pause();
	if ((e = proof_entry_write(bundle, &p, why)) == ERR_OK)
		e = proof_check(buf_view(bundle), &key, 1, a, &got, why);
	starve_resume(left);
out:
	buf_clear(&leaf);
	buf_clear(&note);
	arena_free(a);
	return e;
}

static void
whatever_allocation_fails_no_other_log_comes_of_it(void **state)
{
	struct hash root = { { 0 } }, want = { { 0 } };
	struct buf bundle, first;
	struct fault why = { 0 };
	uint64_t nth = 0;
	bool struck;

	(void)state;
	buf_init(&first, PROOF_MAX);
	assert_int_equal(whole(&want, &first, &why), ERR_OK);
	do {
		enum err e;

		buf_init(&bundle, PROOF_MAX);
		starve_at(++nth);
		e = whole(&root, &bundle, &why);
		struck = starve_off();
		if (e == ERR_OK) {
			assert_true(hash_equal(&root, &want));
			assert_true(
			    span_equal(buf_view(&bundle), buf_view(&first)));
		} else {
			assert_true(struck);
			/* never told as damage of what is stored */
			assert_int_not_equal(e, ERR_DAMAGE);
		}
		buf_clear(&bundle);
	} while (struck);
	print_message("# %llu allocations failed, each once\n",
	    (unsigned long long)nth - 1);
	assert_true(nth > 8);
	buf_clear(&first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whatever_allocation_fails_no_other_log_comes_of_it),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
