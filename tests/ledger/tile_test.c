/*
 * tests/ledger/tile_test.c: tiles are published under the paths and with the
 * bytes that C2SP tlog-tiles names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "ledger/store.h"
#include "ledger/tile.h"

static void
paths_are_read_and_written_in_one_form(void **state)
{
	static const struct {
		const char *path;
		struct tile_path p;
	} v[] = {
		{ "tile/0/000", { false, 0, 0, 256 } },
		{ "tile/0/x001/234.p/12", { false, 0, 1234, 12 } },
		{ "tile/1/x001/x234/067", { false, 1, 1234067, 256 } },
		{ "tile/entries/x999/999", { true, 0, 999999, 256 } },
		{ "tile/entries/001.p/255", { true, 0, 1, 255 } },
		{ "tile/63/000.p/1", { false, 63, 0, 1 } },
		{ "tile/0/x018/x446/x744/x073/x709/x551/615",
		    { false, 0, UINT64_MAX, 256 } },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct tile_path p = { 0 };

		assert_int_equal(
		    tile_parse(span_text(v[i].path), &p, NULL), ERR_OK);
		assert_int_equal(p.entries, v[i].p.entries);
		assert_int_equal(p.level, v[i].p.level);
		assert_int_equal(p.at, v[i].p.at);
		assert_int_equal(p.width, v[i].p.width);
		buf_reset(&b);
		tile_print(&b, &p);
		assert_string_equal(buf_string(&b), v[i].path);
	}
	buf_clear(&b);
}

static void
other_forms_are_no_paths(void **state)
{
	static const char *const bad[] = { "", "tile", "tile/", "tile/0",
		"tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000",
		"tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/x000/001",
		"tile/0/x001", "tile/0/x001/", "tile/0/x01/234",
		"tile/0/x001/x234", "tile/0/001/234", "tile/0/000.p",
		"tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/012", "tile/0/000.p/12/", "tile/0/000/",
		"tile/0/0x0", "tile/0/+01", "tile/entries", "tile/Entries/000",
		"/tile/0/000", "tile//0/000", "tile/0/../000", "tile/0/000 ",
		"tile/0/x018/x446/x744/x073/x709/x551/616",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999" };
	struct tile_path p = { .at = 5 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    tile_parse(span_text(bad[i]), &p, NULL), ERR_SYNTAX);
	assert_int_equal(p.at, 5);
}

/* Leaf data: the number of the leaf in words of its own length. */
static enum err
leaf_data(void *arg, uint64_t at, struct buf *b, struct fault *why)
{
	(void)arg;
	(void)why;
	buf_printf(b, "leaf %llu", (unsigned long long)at);
	return ERR_OK;
}

/* A log of n such leaves. */
static struct tree *
log_of(struct store *s, uint64_t n)
{
	struct tree_store seam = store_of(s);
	struct tree *t;
	struct hash h;
	struct buf b;

	buf_init(&b, 64);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	for (uint64_t i = 0; i < n; i++) {
		buf_reset(&b);
		assert_int_equal(leaf_data(NULL, i, &b, NULL), ERR_OK);
		h = merkle_leaf_hash(buf_view(&b));
		assert_int_equal(tree_append(t, &h, NULL), ERR_OK);
	}
	buf_clear(&b);
	return t;
}

/* Somebody who has nothing but tiles can compute the root of the log. */
static void
the_root_can_be_computed_from_tiles_alone(void **state)
{
	struct hash leaf[600], root, want, up[2];
	struct buf entries, hashes;
	struct store *s;
	struct tree *t;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	t = log_of(s, 600);
	buf_init(&entries, 1 << 20);
	buf_init(&hashes, 1 << 20);
	for (uint64_t at = 0; at < 3; at++) {
		struct tile_path p = { true, 0, at, at < 2 ? 256 : 88 };

		assert_int_equal(
		    tile_give(t, 600, &p, leaf_data, NULL, &entries, NULL),
		    ERR_OK);
		p.entries = false;
		assert_int_equal(
		    tile_give(t, 600, &p, leaf_data, NULL, &hashes, NULL),
		    ERR_OK);
	}
	struct cursor c = cursor_of(buf_view(&entries));
	for (size_t i = 0; i < 600; i++) {
		leaf[i] = merkle_leaf_hash(cursor_take(&c, cursor_u16(&c)));
		assert_memory_equal(
		    leaf[i].at, hashes.at + i * HASH_LEN, HASH_LEN);
	}
	assert_true(cursor_done(&c));
	merkle_root(leaf, 600, &root);
	assert_int_equal(tree_root(t, 600, &want, NULL), ERR_OK);
	assert_true(hash_equal(&root, &want));

	/* level 1 holds the roots of the full tiles of level 0 */
	buf_reset(&hashes);
	assert_int_equal(
	    tile_give(t, 600, &(struct tile_path){ false, 1, 0, 2 }, leaf_data,
		NULL, &hashes, NULL),
	    ERR_OK);
	merkle_root(leaf, 256, &up[0]);
	merkle_root(leaf + 256, 256, &up[1]);
	assert_int_equal(hashes.len, sizeof up);
	assert_memory_equal(hashes.at, up, sizeof up);
	buf_clear(&entries);
	buf_clear(&hashes);
	tree_close(t);
	store_free(s);
}

/* What the signed size does not cover is not published. */
static void
tiles_end_at_the_signed_size(void **state)
{
	static const struct tile_path none[] = {
		{ false, 0, 2, 89 },
		{ false, 0, 2, 256 },
		{ false, 0, 3, 1 },
		{ false, 1, 0, 3 },
		{ false, 2, 0, 1 },
		{ false, 63, 0, 1 },
		{ true, 0, 2, 89 },
		{ false, 0, UINT64_MAX, 256 },
	};
	struct store *s;
	struct buf b;
	struct tree *t;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	t = log_of(s, 700);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_int_equal(
		    tile_give(t, 600, &none[i], leaf_data, NULL, &b, NULL),
		    ERR_NOT_FOUND);
	assert_int_equal(b.len, 0);
	assert_int_equal(
	    tile_give(t, 600, &(struct tile_path){ false, 0, 2, 88 }, leaf_data,
		NULL, &b, NULL),
	    ERR_OK);
	assert_int_equal(b.len, 88 * HASH_LEN);
	buf_clear(&b);
	tree_close(t);
	store_free(s);
}

static void
a_leaf_too_long_to_publish_is_refused(void **state)
{
	uint8_t *big = calloc(1, 65536);
	struct buf b;

	(void)state;
	assert_non_null(big);
	buf_init(&b, 1 << 20);
	assert_int_equal(tile_entry(&b, span_of(big, 65536), NULL), ERR_LIMIT);
	assert_int_equal(tile_entry(&b, span_of(big, 65535), NULL), ERR_OK);
	assert_int_equal(b.len, 2 + 65535);
	buf_clear(&b);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_read_and_written_in_one_form),
		cmocka_unit_test(other_forms_are_no_paths),
		cmocka_unit_test(the_root_can_be_computed_from_tiles_alone),
		cmocka_unit_test(tiles_end_at_the_signed_size),
		cmocka_unit_test(a_leaf_too_long_to_publish_is_refused),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
