/*
 * tests/ledger/tree_test.c: a log grows, is closed and opened, and proves
 * every leaf at every size; a store that fails or lies is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "ledger/store.h"
#include "ledger/tree.h"

#define MANY 70000 /* more than a full tile of level 1 */

static struct hash *leaf;

static int
setup(void **state)
{
	(void)state;
	leaf = calloc(MANY, sizeof *leaf);
	if (leaf == NULL)
		return -1;
	for (uint32_t i = 0; i < MANY; i++)
		leaf[i] = merkle_leaf_hash(span_of(&i, sizeof i));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(leaf);
	return 0;
}

/* Adds leaves from the tree's size up to n. */
static void
grow(struct tree *t, uint64_t n)
{
	while (tree_size(t) < n)
		assert_int_equal(
		    tree_append(t, &leaf[tree_size(t)], NULL), ERR_OK);
}

/* The root of the first n leaves, as the array gives it. */
static void
root_is(struct tree *t, uint64_t n)
{
	struct hash want, got;

	merkle_root(leaf, n, &want);
	assert_int_equal(tree_root(t, n, &got, NULL), ERR_OK);
	assert_true(hash_equal(&got, &want));
}

/* Every leaf at every size, and every pair of sizes, up to 64. */
static void
every_proof_of_a_small_log_holds(void **state)
{
	struct hash path[MERKLE_DEPTH], old, new, want[MERKLE_DEPTH];
	struct store *s;
	struct tree *t;
	unsigned n, n_want;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = store_of(s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	root_is(t, 0);
	grow(t, 64);
	for (uint64_t size = 1; size <= 64; size++) {
		root_is(t, size);
		assert_int_equal(tree_root(t, size, &new, NULL), ERR_OK);
		for (uint64_t at = 0; at < size; at++) {
			assert_int_equal(
			    tree_inclusion(t, at, size, path, &n, NULL),
			    ERR_OK);
			assert_int_equal(
			    merkle_path(leaf, size, at, want, &n_want, NULL),
			    ERR_OK);
			assert_int_equal(n, n_want);
			assert_memory_equal(path, want, n * sizeof *path);
			assert_true(merkle_check_inclusion(
			    &leaf[at], at, size, path, n, &new));
		}
		for (uint64_t was = 0; was <= size; was++) {
			assert_int_equal(tree_root(t, was, &old, NULL), ERR_OK);
			assert_int_equal(
			    tree_consistency(t, was, size, path, &n, NULL),
			    ERR_OK);
			assert_true(merkle_check_consistency(
			    was, &old, size, &new, path, n));
			/* no other old tree is proved by it */
			for (uint64_t k = 1; k <= size; k++) {
				struct hash other;

				if (k == was)
					continue;
				merkle_root(leaf, k, &other);
				assert_false(merkle_check_consistency(was,
						 &other, size, &new, path, n) &&
				    was != 0);
				assert_false(merkle_check_consistency(
				    k, &old, size, &new, path, n));
			}
		}
	}
	tree_close(t);
	store_free(s);
}

/* An altered consistency proof convinces nobody. */
static void
a_rewritten_log_is_not_consistent(void **state)
{
	struct hash path[MERKLE_DEPTH], old, new, forged[100];
	struct store *s;
	struct tree *t;
	unsigned n;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = store_of(s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	grow(t, 100);
	memcpy(forged, leaf, sizeof forged);
	forged[17].at[0] ^= 1;
	for (size_t was = 18; was < 100; was++) {
		merkle_root(forged, was, &old);
		assert_int_equal(tree_root(t, 100, &new, NULL), ERR_OK);
		assert_int_equal(
		    tree_consistency(t, was, 100, path, &n, NULL), ERR_OK);
		assert_false(
		    merkle_check_consistency(was, &old, 100, &new, path, n));
		merkle_root(leaf, was, &old);
		for (unsigned i = 0; i < n; i++) {
			path[i].at[5] ^= 4;
			assert_false(merkle_check_consistency(
			    was, &old, 100, &new, path, n));
			path[i].at[5] ^= 4;
		}
	}
	tree_close(t);
	store_free(s);
}

/* Sizes around tile edges on every level the leaves reach. */
static void
a_large_log_proves_like_the_array_it_is(void **state)
{
	static const uint64_t sizes[] = { 1, 255, 256, 257, 511, 512, 65535,
		65536, 65537, 65791, 65792, 65793, MANY };
	struct hash path[MERKLE_DEPTH], old, new;
	const size_t n_sizes = sizeof sizes / sizeof sizes[0];
	struct store *s;
	struct tree *t;
	unsigned n;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = store_of(s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	grow(t, MANY);
	for (size_t i = 0; i < n_sizes; i++) {
		root_is(t, sizes[i]);
		merkle_root(leaf, sizes[i], &new);
		for (size_t k = 0; k < i; k++) {
			merkle_root(leaf, sizes[k], &old);
			assert_int_equal(tree_consistency(t, sizes[k], sizes[i],
					     path, &n, NULL),
			    ERR_OK);
			assert_true(merkle_check_consistency(
			    sizes[k], &old, sizes[i], &new, path, n));
			/* the leaf just after the smaller size */
			assert_int_equal(tree_inclusion(t, sizes[k], sizes[i],
					     path, &n, NULL),
			    ERR_OK);
			assert_true(merkle_check_inclusion(&leaf[sizes[k]],
			    sizes[k], sizes[i], path, n, &new));
		}
	}
	tree_close(t);
	store_free(s);
}

/* Counts what reaches the store; passes on to a memory store. */
struct counter {
	struct tree_store under;
	unsigned gets, puts;
	unsigned fail_at; /* this many calls from now fails; 0: none */
};

static enum err
count_call(struct counter *c, struct fault *why)
{
	if (c->fail_at > 0 && --c->fail_at == 0)
		return fault_set(why, ERR_IO, "the disk failed");
	return ERR_OK;
}

static enum err
count_size(void *arg, uint64_t *n, struct fault *why)
{
	struct counter *c = arg;

	return c->under.size(c->under.arg, n, why);
}

static enum err
count_get(void *arg, unsigned level, uint64_t at,
    struct hash to[static TILE_WIDTH], unsigned *n, struct fault *why)
{
	struct counter *c = arg;
	enum err e;

	c->gets++;
	if ((e = count_call(c, why)) != ERR_OK)
		return e;
	return c->under.get(c->under.arg, level, at, to, n, why);
}

static enum err
count_put(void *arg, unsigned level, uint64_t at, const struct hash *h,
    unsigned n, struct fault *why)
{
	struct counter *c = arg;
	enum err e;

	c->puts++;
	if ((e = count_call(c, why)) != ERR_OK)
		return e;
	return c->under.put(c->under.arg, level, at, h, n, why);
}

/* A counted store over s. */
static struct tree_store
counted(struct counter *c, struct store *s)
{
	struct tree_store seam = { count_size, count_get, count_put, c };

	*c = (struct counter){ .under = store_of(s) };
	return seam;
}

static void
appending_and_proving_touch_few_tiles(void **state)
{
	struct hash path[MERKLE_DEPTH];
	struct counter c;
	struct store *s;
	struct tree *t;
	unsigned n;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = counted(&c, s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	grow(t, 60000);
	assert_int_equal(tree_flush(t, NULL), ERR_OK);
	assert_int_equal(c.gets, 0);
	assert_in_range(c.puts, 60000 / 256, 60000 / 256 + 3);

	/* one more leaf: the partial tile of level 0 alone */
	c.puts = 0;
	grow(t, 60001);
	assert_int_equal(tree_flush(t, NULL), ERR_OK);
	assert_int_equal(c.puts, 1);
	assert_int_equal(tree_flush(t, NULL), ERR_OK);
	assert_int_equal(c.puts, 1);

	for (uint64_t at = 0; at < 60001; at += 997) {
		c.gets = 0;
		assert_int_equal(
		    tree_inclusion(t, at, 60001, path, &n, NULL), ERR_OK);
		assert_in_range(c.gets, 0, 4);
		c.gets = 0;
		assert_int_equal(
		    tree_consistency(t, at + 1, 60001, path, &n, NULL), ERR_OK);
		assert_in_range(c.gets, 0, 4);
	}
	tree_close(t);
	store_free(s);
}

/* Opened again after every few leaves, with what was flushed. */
static void
a_log_goes_on_where_it_was_closed(void **state)
{
	struct store *s;
	struct tree *t;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = store_of(s);
	for (uint64_t n = 0; n < 2000; n += 37) {
		assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
		assert_int_equal(tree_size(t), n);
		grow(t, n + 37);
		assert_int_equal(tree_flush(t, NULL), ERR_OK);
		root_is(t, n + 37);
		root_is(t, n / 2);
		/* these are never flushed */
		grow(t, n + 40);
		tree_close(t);
	}
	store_free(s);
}

/* The Nth call to the store fails, for every N: the tree says so, refuses to
 * go on, and is whole again after a reload. */
static void
a_store_that_fails_leaves_a_tree_that_can_be_reloaded(void **state)
{
	struct fault why;

	(void)state;
	for (unsigned nth = 1;; nth++) {
		struct counter c;
		struct store *s;
		struct tree *t;
		enum err e = ERR_OK;

		assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
		struct tree_store seam = counted(&c, s);
		assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
		c.fail_at = nth;
		while (tree_size(t) < 1025 && e == ERR_OK) {
			e = tree_append(t, &leaf[tree_size(t)], &why);
			if (e == ERR_OK && tree_size(t) % 100 == 0)
				e = tree_flush(t, &why);
		}
		if (e == ERR_OK)
			e = tree_flush(t, &why);
		if (e == ERR_OK) { /* past the last call */
			root_is(t, 1025);
			tree_close(t);
			store_free(s);
			assert_in_range(nth, 5, 100);
			return;
		}
		assert_int_equal(e, ERR_IO);
		assert_string_equal(why.text, "the disk failed");
		assert_int_equal(tree_append(t, &leaf[0], &why), ERR_STATE);
		assert_int_equal(tree_flush(t, &why), ERR_STATE);
		assert_int_equal(
		    tree_root(t, 0, &(struct hash){ 0 }, &why), ERR_STATE);
		/* A memory store keeps what was put before the failure, so a
		 * full tile may stand without its parent: that is damage a
		 * transaction would have undone. */
		e = tree_reload(t, &why);
		assert_true(e == ERR_OK || e == ERR_DAMAGE);
		if (e == ERR_OK) {
			grow(t, 1025);
			root_is(t, 1025);
		}
		tree_close(t);
		store_free(s);
	}
}

static void
a_store_that_lies_is_damage(void **state)
{
	struct hash h[TILE_WIDTH], path[MERKLE_DEPTH];
	struct fault why = { 0 };
	struct store *s;
	struct tree *t;
	unsigned n;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = store_of(s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	grow(t, 600);
	assert_int_equal(tree_flush(t, NULL), ERR_OK);
	tree_close(t);

	/* one bit in the last full tile */
	assert_int_equal(seam.get(seam.arg, 0, 1, h, &n, NULL), ERR_OK);
	assert_int_equal(n, TILE_WIDTH);
	h[7].at[3] ^= 2;
	assert_int_equal(seam.put(seam.arg, 0, 1, h, n, NULL), ERR_OK);
	assert_int_equal(tree_open(&seam, &t, &why), ERR_DAMAGE);
	assert_string_equal(why.text, "tile 0/1 is not what level 1 says");
	h[7].at[3] ^= 2;

	/* a tile cut short */
	assert_int_equal(seam.put(seam.arg, 0, 0, leaf, 10, NULL), ERR_OK);
	assert_int_equal(seam.put(seam.arg, 0, 1, h, n, NULL), ERR_OK);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	assert_int_equal(
	    tree_inclusion(t, 20, 600, path, &n, &why), ERR_DAMAGE);
	assert_string_equal(why.text, "tile 0/0 holds 10 hashes, not 256");
	tree_close(t);
	store_free(s);
}

static void
questions_beyond_the_log_are_refused(void **state)
{
	struct hash path[MERKLE_DEPTH], h = { { 9 } };
	struct store *s;
	struct tree *t;
	unsigned n = 77;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	struct tree_store seam = store_of(s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	grow(t, 10);
	assert_int_equal(tree_root(t, 11, &h, NULL), ERR_RANGE);
	assert_int_equal(tree_leaf(t, 10, &h, NULL), ERR_RANGE);
	assert_int_equal(tree_inclusion(t, 10, 10, path, &n, NULL), ERR_RANGE);
	assert_int_equal(tree_inclusion(t, 3, 11, path, &n, NULL), ERR_RANGE);
	assert_int_equal(tree_consistency(t, 5, 11, path, &n, NULL), ERR_RANGE);
	assert_int_equal(tree_consistency(t, 6, 5, path, &n, NULL), ERR_RANGE);
	assert_int_equal(n, 77);
	assert_int_equal(h.at[0], 9);
	assert_int_equal(tree_leaf(t, 9, &h, NULL), ERR_OK);
	assert_true(hash_equal(&h, &leaf[9]));
	tree_close(t);
	store_free(s);
}

/* Two agencies in one database; an undone transaction takes leaves back. */
static void
a_log_in_sql_survives_reopening_and_undoing(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct store *a, *b;
	struct tree *ta, *tb;
	struct buf path;
	struct sql *db;

	(void)state;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/tree.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp((char *)path.at));
	size_t dir_len = path.len;
	buf_text(&path, "/book.db");
	for (uint64_t n = 0; n <= 600; n += 300) {
		assert_int_equal(
		    sql_open(buf_string(&path), SQL_WRITE, &db, NULL), ERR_OK);
		sql_learn(db, ledger_sql);
		assert_int_equal(store_schema(db, NULL), ERR_OK);
		assert_int_equal(
		    store_sql_new(db, SPAN_LIT("main"), &a, NULL), ERR_OK);
		assert_int_equal(
		    store_sql_new(db, SPAN_LIT("police"), &b, NULL), ERR_OK);
		struct tree_store sa = store_of(a), sb = store_of(b);
		assert_int_equal(tree_open(&sa, &ta, NULL), ERR_OK);
		assert_int_equal(tree_open(&sb, &tb, NULL), ERR_OK);
		assert_int_equal(tree_size(ta), n);
		assert_int_equal(tree_size(tb), n / 300);
		root_is(ta, n);

		assert_int_equal(sql_begin(db, NULL), ERR_OK);
		grow(ta, n + 300);
		grow(tb, n / 300 + 1);
		assert_int_equal(tree_flush(ta, NULL), ERR_OK);
		assert_int_equal(tree_flush(tb, NULL), ERR_OK);
		assert_int_equal(sql_commit(db, NULL), ERR_OK);

		assert_int_equal(sql_begin(db, NULL), ERR_OK);
		grow(ta, n + 1000);
		assert_int_equal(tree_flush(ta, NULL), ERR_OK);
		sql_undo(db);
		assert_int_equal(tree_reload(ta, NULL), ERR_OK);
		assert_int_equal(tree_size(ta), n + 300);
		root_is(ta, n + 300);

		tree_close(ta);
		tree_close(tb);
		store_free(a);
		store_free(b);
		sql_close(db);
	}
	assert_int_equal(unlink(buf_string(&path)), 0);
	buf_text(&path, "-wal");
	(void)unlink(buf_string(&path));
	path.len -= 4;
	buf_text(&path, "-shm");
	(void)unlink(buf_string(&path));
	path.at[dir_len] = '\0';
	assert_int_equal(rmdir((char *)path.at), 0);
	buf_clear(&path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_proof_of_a_small_log_holds),
		cmocka_unit_test(a_rewritten_log_is_not_consistent),
		cmocka_unit_test(a_large_log_proves_like_the_array_it_is),
		cmocka_unit_test(appending_and_proving_touch_few_tiles),
		cmocka_unit_test(a_log_goes_on_where_it_was_closed),
		cmocka_unit_test(
		    a_store_that_fails_leaves_a_tree_that_can_be_reloaded),
		cmocka_unit_test(a_store_that_lies_is_damage),
		cmocka_unit_test(questions_beyond_the_log_are_refused),
		cmocka_unit_test(a_log_in_sql_survives_reopening_and_undoing),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
