/*
 * tests/crypt/merkle_test.c: trees give the roots Certificate Transparency
 * publishes, and every proof holds in its own place only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "hex.h"

#define MANY 70

/* The eight inputs of the reference tree of RFC 6962's test data. */
static const char *const input[8] = { "", "00", "10", "2021", "3031",
	"40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f" };
static const char *const root[8] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static struct hash leaf[MANY];

/* Leaves that differ. */
static int
setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t data[2] = { (uint8_t)i, 0x55 };

		leaf[i] = merkle_leaf_hash(span_of(data, sizeof data));
	}
	return 0;
}

static void
the_reference_tree_has_the_published_roots(void **state)
{
	struct hash in[8], r;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		in[i] = merkle_leaf_hash(hex(input[i]));
	merkle_root(in, 0, &r);
	assert_memory_equal(r.at,
	    hex("e3b0c44298fc1c149afbf4c8996fb924"
		"27ae41e4649b934ca495991b7852b855")
		.at,
	    HASH_LEN);
	for (size_t n = 1; n <= 8; n++) {
		merkle_root(in, n, &r);
		assert_memory_equal(r.at, hex(root[n - 1]).at, HASH_LEN);
	}
}

/* The reference data's path of leaf 0 in the tree of 8, and 5 in 8. */
static void
the_reference_tree_has_the_published_paths(void **state)
{
	static const char *const want[2][3] = {
		{ "96a296d224f285c67bee93c30f8a3091"
		  "57f0daa35dc5b87e410b78630a09cfc7",
		    "5f083f0a1a33ca076a95279832580db3"
		    "e0ef4584bdff1f54c8a360f50de3031e",
		    "6b47aaf29ee3c2af9af889bc1fb9254d"
		    "abd31177f16232dd6aab035ca39bf6e4" },
		{ "bc1a0643b12e4d2d7c77918f44e0f4f7"
		  "9a838b6cf9ec5b5c283e1f4d88599e6b",
		    "ca854ea128ed050b41b35ffc1b87b8eb"
		    "2bde461e9e3b5596ece6b9d5975a0ae0",
		    "d37ee418976dd95753c1c73862b9398f"
		    "a2a2cf9b4ff0fdfe8b30cd95209614b7" },
	};
	static const size_t at[2] = { 0, 5 };
	struct hash in[8], path[MERKLE_DEPTH];
	unsigned n;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		in[i] = merkle_leaf_hash(hex(input[i]));
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(
		    merkle_path(in, 8, at[k], path, &n, NULL), ERR_OK);
		assert_int_equal(n, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_memory_equal(
			    path[i].at, hex(want[k][i]).at, HASH_LEN);
	}
}

static void
every_leaf_proves_in_its_own_place_only(void **state)
{
	struct hash path[MERKLE_DEPTH + 1] = { 0 }, r;
	unsigned n;

	(void)state;
	for (size_t size = 1; size <= MANY; size++) {
		merkle_root(leaf, size, &r);
		for (size_t at = 0; at < size; at++) {
			assert_int_equal(
			    merkle_path(leaf, size, at, path, &n, NULL),
			    ERR_OK);
			assert_true(merkle_check_inclusion(
			    &leaf[at], at, size, path, n, &r));
			/* no other leaf, no other place of the same path */
			assert_false(merkle_check_inclusion(
			    &leaf[(at + 1) % MANY], at, size, path, n, &r));
			for (size_t other = 0; other <= size; other++)
				assert_true(other == at ||
				    !merkle_check_inclusion(
					&leaf[at], other, size, path, n, &r));
			/* not one hash less, not one more */
			assert_false(n > 0 &&
			    merkle_check_inclusion(
				&leaf[at], at, size, path, n - 1, &r));
			assert_false(merkle_check_inclusion(
			    &leaf[at], at, size, path, n + 1, &r));
		}
	}
	n = 99;
	assert_int_equal(merkle_path(leaf, 5, 5, path, &n, NULL), ERR_RANGE);
	assert_int_equal(n, 99);
}

static void
an_altered_path_never_holds(void **state)
{
	struct hash path[MERKLE_DEPTH], r;
	unsigned n;

	(void)state;
	merkle_root(leaf, 37, &r);
	assert_int_equal(merkle_path(leaf, 37, 20, path, &n, NULL), ERR_OK);
	for (unsigned i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 256; bit += 37) {
			path[i].at[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			assert_false(merkle_check_inclusion(
			    &leaf[20], 20, 37, path, n, &r));
			path[i].at[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		}
	assert_true(merkle_check_inclusion(&leaf[20], 20, 37, path, n, &r));
}

/* The reference data's consistency proofs. */
static void
the_reference_tree_is_consistent_as_published(void **state)
{
	static const char *const p68[3] = { "0ebc5d3437fbe2db158b9f126a1d118e"
					    "308181031d0a949f8dededebc558ef6a",
		"ca854ea128ed050b41b35ffc1b87b8eb"
		"2bde461e9e3b5596ece6b9d5975a0ae0",
		"d37ee418976dd95753c1c73862b9398f"
		"a2a2cf9b4ff0fdfe8b30cd95209614b7" };
	struct hash path[3], a, b;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		memcpy(path[i].at, hex(p68[i]).at, HASH_LEN);
	memcpy(a.at, hex(root[5]).at, HASH_LEN);
	memcpy(b.at, hex(root[7]).at, HASH_LEN);
	assert_true(merkle_check_consistency(6, &a, 8, &b, path, 3));
	assert_false(merkle_check_consistency(5, &a, 8, &b, path, 3));
	assert_false(merkle_check_consistency(6, &b, 8, &a, path, 3));
	assert_false(merkle_check_consistency(6, &a, 8, &b, path, 2));

	memcpy(path[0].at,
	    hex("5f083f0a1a33ca076a95279832580db3"
		"e0ef4584bdff1f54c8a360f50de3031e")
		.at,
	    HASH_LEN);
	memcpy(path[1].at,
	    hex("bc1a0643b12e4d2d7c77918f44e0f4f7"
		"9a838b6cf9ec5b5c283e1f4d88599e6b")
		.at,
	    HASH_LEN);
	memcpy(a.at, hex(root[1]).at, HASH_LEN);
	memcpy(b.at, hex(root[4]).at, HASH_LEN);
	assert_true(merkle_check_consistency(2, &a, 5, &b, path, 2));
}

static void
a_tree_is_consistent_with_itself_and_with_none(void **state)
{
	struct hash r, none = merkle_empty();

	(void)state;
	merkle_root(leaf, 9, &r);
	assert_true(merkle_check_consistency(9, &r, 9, &r, NULL, 0));
	assert_false(merkle_check_consistency(9, &none, 9, &r, NULL, 0));
	assert_false(merkle_check_consistency(9, &r, 9, &r, &r, 1));
	assert_true(merkle_check_consistency(0, &none, 9, &r, NULL, 0));
	assert_false(merkle_check_consistency(0, &r, 9, &r, NULL, 0));
	assert_false(merkle_check_consistency(10, &r, 9, &r, NULL, 0));
	assert_false(merkle_check_consistency(8, &r, 9, &r, NULL, 0));
}

/* The leaf hash of a record is that of its leaf data, byte for byte as
 * ARCHITECTURE.md lays it out. */
static void
a_record_leaf_is_laid_out_as_documented(void **state)
{
	struct leaf_record r = { .seq = 1042,
		.received_us = 0x0102030405060708,
		.sender = SPAN_LIT("192.0.2.7"),
		.raw = SPAN_LIT("hello") };
	struct leaf_record got = { 0 };
	struct hash a, b;
	struct buf data;

	(void)state;
	memset(r.salt, 0xab, sizeof r.salt);
	buf_init(&data, 1024);
	leaf_record(&data, &r);
	assert_true(span_equal(buf_view(&data),
	    hex("01abababababababababababababababab0000000000000412"
		"0102030405060708093139322e302e322e37"
		"0000000568656c6c6f")));
	a = leaf_record_hash(&r);
	b = merkle_leaf_hash(buf_view(&data));
	assert_true(hash_equal(&a, &b));
	assert_int_equal(leaf_record_read(buf_view(&data), &got, NULL), ERR_OK);
	assert_int_equal(got.seq, 1042);
	assert_true(span_is(got.sender, "192.0.2.7"));
	assert_true(span_is(got.raw, "hello"));

	/* cut anywhere, or one byte longer: not a leaf */
	for (size_t len = 0; len < data.len; len++)
		assert_int_equal(
		    leaf_record_read(
			span_slice(buf_view(&data), 0, len), &got, NULL),
		    ERR_SYNTAX);
	buf_u8(&data, 0);
	assert_int_equal(
	    leaf_record_read(buf_view(&data), &got, NULL), ERR_SYNTAX);
	assert_int_equal(got.seq, 1042);
	buf_clear(&data);
}

static void
a_block_leaf_is_laid_out_as_documented(void **state)
{
	struct leaf_block k = {
		.first_seq = 1, .n = 4096, .first_us = 2, .last_us = -1
	};
	struct leaf_block got = { 0 };
	struct hash a, b;
	struct buf data;

	(void)state;
	memset(k.root.at, 0xcd, HASH_LEN);
	buf_init(&data, 1024);
	leaf_block(&data, &k);
	assert_int_equal(data.len, LEAF_BLOCK_LEN);
	assert_true(span_equal(span_slice(buf_view(&data), 0, 30),
	    hex("02000000000000000100001000"
		"0000000000000002ffffffffffffffffcd")));
	a = leaf_block_hash(&k);
	b = merkle_leaf_hash(buf_view(&data));
	assert_true(hash_equal(&a, &b));
	assert_int_equal(leaf_block_read(buf_view(&data), &got, NULL), ERR_OK);
	assert_int_equal(got.n, 4096);
	assert_int_equal(got.last_us, -1);
	data.len--;
	assert_int_equal(
	    leaf_block_read(buf_view(&data), &got, NULL), ERR_SYNTAX);
	buf_clear(&data);
}

static void
salts_are_sixteen_bytes_of_the_stream_each(void **state)
{
	uint8_t seed[32] = { 5 }, all[100 * LEAF_SALT_LEN], one[LEAF_SALT_LEN];

	(void)state;
	leaf_salts(seed, all, 100);
	for (uint64_t i = 0; i < 100; i++) {
		leaf_salt(seed, i, one);
		assert_memory_equal(one, all + i * LEAF_SALT_LEN, sizeof one);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_tree_has_the_published_roots),
		cmocka_unit_test(the_reference_tree_has_the_published_paths),
		cmocka_unit_test(every_leaf_proves_in_its_own_place_only),
		cmocka_unit_test(an_altered_path_never_holds),
		cmocka_unit_test(the_reference_tree_is_consistent_as_published),
		cmocka_unit_test(
		    a_tree_is_consistent_with_itself_and_with_none),
		cmocka_unit_test(a_record_leaf_is_laid_out_as_documented),
		cmocka_unit_test(a_block_leaf_is_laid_out_as_documented),
		cmocka_unit_test(salts_are_sixteen_bytes_of_the_stream_each),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, NULL);
}
