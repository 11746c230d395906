/*
 * tests/crypt/crypt_test.c: hashes, signatures, key streams and sealing give
 * what their standards publish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/sign.h"
#include "hex.h"

/* FIPS 180-4, "SHA-256 examples". */
static void
sha256_gives_the_published_digests(void **state)
{
	static const struct {
		const char *text, *digest;
	} v[] = {
		{ "",
		    "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ "abc",
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		    "cf5b16a778af8380036ce59e7b049237"
		    "0b249b11e8f07a51afac45037afee9d1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct hash h = hash_of(span_text(v[i].text));

		assert_memory_equal(h.at, hex(v[i].digest).at, HASH_LEN);
	}
}

/* A million times "a", piece by piece; the hasher is then fresh again. */
static void
a_hash_taken_in_pieces_is_the_hash_of_the_whole(void **state)
{
	struct hasher *h = hasher_new();
	uint8_t as[1000];
	struct hash got;

	(void)state;
	assert_non_null(h);
	memset(as, 'a', sizeof as);
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < 1000; i++)
			hasher_add(h, span_of(as, sizeof as));
		got = hasher_end(h);
		assert_memory_equal(got.at,
		    hex("cdc76e5c9914fb9281a1c7e284d73e67"
			"f1809a48a497200e046d39ccc7112cd0")
			.at,
		    HASH_LEN);
	}
	hasher_free(h);
}

static void
parts_hash_like_their_concatenation(void **state)
{
	struct span part[4] = { SPAN_LIT("a"), SPAN_EMPTY, SPAN_LIT("b"),
		SPAN_LIT("c") };
	struct hash a = hash_of_parts(part, 4), b = hash_of(SPAN_LIT("abc"));

	(void)state;
	assert_true(hash_equal(&a, &b));
	a.at[31] ^= 1;
	assert_false(hash_equal(&a, &b));
}

/* Hashes a while in a thread of its own; NULL when one came out wrong. */
static void *
hash_often(void *arg)
{
	struct hash want = hash_of(SPAN_LIT("abc")), got;

	for (int i = 0; i < 10000; i++) {
		got = hash_of(SPAN_LIT("abc"));
		if (!hash_equal(&want, &got))
			return NULL;
	}
	return arg;
}

static void
threads_hash_side_by_side(void **state)
{
	pthread_t t[4];
	void *ok;

	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&t[i], NULL, hash_often, state), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(t[i], &ok), 0);
		assert_ptr_equal(ok, state);
	}
}

/* RFC 4231, test cases 1, 2 and 6. */
static void
hmac_gives_the_published_codes(void **state)
{
	uint8_t key[131];
	struct hash h;

	(void)state;
	memset(key, 0x0b, 20);
	h = crypt_hmac(span_of(key, 20), SPAN_LIT("Hi There"));
	assert_memory_equal(h.at,
	    hex("b0344c61d8db38535ca8afceaf0bf12b"
		"881dc200c9833da726e9376c2e32cff7")
		.at,
	    HASH_LEN);
	h = crypt_hmac(
	    SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"));
	assert_memory_equal(h.at,
	    hex("5bdcc146bf60754e6a042426089575c7"
		"5a003f089d2739839dec58b964ec3843")
		.at,
	    HASH_LEN);
	memset(key, 0xaa, sizeof key);
	h = crypt_hmac(span_of(key, sizeof key),
	    SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First"));
	assert_memory_equal(h.at,
	    hex("60e431591ee0b67f0d8a26aacbf5b77f"
		"8e0bc6213728c5140546040f0ee37f54")
		.at,
	    HASH_LEN);
}

/* RFC 8032 section 7.1, tests 1 to 3. */
static void
ed25519_gives_the_published_signatures(void **state)
{
	static const struct {
		const char *seed, *public, *message, *sig;
	} v[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc4"
		  "4449c5697b326919703bac031cae7f60",
		    "d75a980182b10ab7d54bfed3c964073a"
		    "0ee172f3daa62325af021a68f707511a",
		    "",
		    "e5564300c360ac729086e2cc806e828a"
		    "84877f1eb8e5d974d873e06522490155"
		    "5fb8821590a33bacc61e39701cf9b46b"
		    "d25bf5f0595bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f"
		  "5b8a319f35aba624da8cf6ed4fb8a6fb",
		    "3d4017c3e843895a92b70aa74d1b7ebc"
		    "9c982ccf2ec4968cc0cd55f12af4660c",
		    "72",
		    "92a009a9f0d4cab8720e820b5f642540"
		    "a2b27b5416503f8fb3762223ebdb69da"
		    "085ac1e43e15996e458f3613d0f11d8c"
		    "387b2eaeb4302aeeb00d291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b1"
		  "66d38535076f094b85ce3a2e0b4458f7",
		    "fc51cd8e6218a1a38da47ed00230f058"
		    "0816ed13ba3303ac5deb911548908025",
		    "af82",
		    "6291d657deec24024827e69c3abe01a3"
		    "0ce548a284743a445e3680d7db5ac3ac"
		    "18ff9b538d16f290ae67f760984dc659"
		    "4a7c15e9716ed28dc027beceea1ec40a" },
	};
	uint8_t public[SIGN_PUBLIC_LEN], sig[SIGN_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct span seed = hex(v[i].seed), m = hex(v[i].message);

		sign_public(seed.at, public);
		assert_memory_equal(public, hex(v[i].public).at, sizeof public);
		sign_make(seed.at, m, sig);
		assert_memory_equal(sig, hex(v[i].sig).at, sizeof sig);
		assert_true(sign_check(public, m, sig));
	}
}

static void
a_signature_fails_when_anything_changes(void **state)
{
	uint8_t seed[SIGN_SEED_LEN] = { 7 }, public[SIGN_PUBLIC_LEN];
	uint8_t sig[SIGN_LEN];

	(void)state;
	sign_public(seed, public);
	sign_make(seed, SPAN_LIT("hello"), sig);
	assert_true(sign_check(public, SPAN_LIT("hello"), sig));
	assert_false(sign_check(public, SPAN_LIT("hellp"), sig));
	for (size_t i = 0; i < SIGN_LEN; i++) {
		sig[i] ^= 0x10;
		assert_false(sign_check(public, SPAN_LIT("hello"), sig));
		sig[i] ^= 0x10;
	}
	public[0] ^= 1;
	assert_false(sign_check(public, SPAN_LIT("hello"), sig));
}

static void
each_label_derives_a_seed_of_its_own(void **state)
{
	uint8_t master[SIGN_SEED_LEN] = { 1 }, a[32], b[32], again[32];

	(void)state;
	sign_derive(master, SPAN_LIT("beimen.invalid/beimen/a"), a);
	sign_derive(master, SPAN_LIT("beimen.invalid/beimen/b"), b);
	sign_derive(master, SPAN_LIT("beimen.invalid/beimen/a"), again);
	assert_memory_equal(a, again, sizeof a);
	assert_memory_not_equal(a, b, sizeof a);
	master[31] ^= 1;
	sign_derive(master, SPAN_LIT("beimen.invalid/beimen/a"), again);
	assert_memory_not_equal(a, again, sizeof a);
}

/* RFC 8439 appendix A.1, those with a nonce of zeroes. */
static void
the_key_stream_is_chacha20(void **state)
{
	static const struct {
		const char *key;
		uint64_t block;
		const char *stream;
	} v[] = {
		{ "00000000000000000000000000000000"
		  "00000000000000000000000000000000",
		    0,
		    "76b8e0ada0f13d90405d6ae55386bd28"
		    "bdd219b8a08ded1aa836efcc8b770dc7"
		    "da41597c5157488d7724e03fb8d84a37"
		    "6a43b8f41518a11cc387b669b2ee6586" },
		{ "00000000000000000000000000000000"
		  "00000000000000000000000000000000",
		    1,
		    "9f07e7be5551387a98ba977c732d080d"
		    "cb0f29a048e3656912c6533e32ee7aed"
		    "29b721769ce64e43d57133b074d839d5"
		    "31ed1f28510afb45ace10a1f4b794d6f" },
		{ "00000000000000000000000000000000"
		  "00000000000000000000000000000001",
		    1,
		    "3aeb5224ecf849929b9d828db1ced4dd"
		    "832025e8018b8160b82284f3c949aa5a"
		    "8eca00bbb4a73bdad192b5c42f73f2fd"
		    "4e273644c8b36125a64addeb006c13a0" },
		{ "00ff0000000000000000000000000000"
		  "00000000000000000000000000000000",
		    2,
		    "72d54dfbf12ec44b362692df94137f32"
		    "8fea8da73990265ec1bbbea1ae9af0ca"
		    "13b25aa26cb4a648cb9b9d1be65b2c09"
		    "24a66c54d545ec1b7374f4872e99f096" },
	};
	uint8_t got[64];

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		crypt_keystream(hex(v[i].key).at, v[i].block, got, sizeof got);
		assert_memory_equal(got, hex(v[i].stream).at, sizeof got);
	}
}

static void
the_key_stream_can_be_entered_at_any_block(void **state)
{
	uint8_t seed[32] = { 9 }, all[1024], part[100];

	(void)state;
	crypt_keystream(seed, 0, all, sizeof all);
	crypt_keystream(seed, 5, part, sizeof part);
	assert_memory_equal(part, all + 5 * 64, sizeof part);
}

/* The GCM specification's test cases 13 to 16. */
static void
aes_gcm_gives_the_published_ciphertexts(void **state)
{
	static const char zero[] = "00000000000000000000000000000000"
				   "00000000000000000000000000000000";
	static const char key[] = "feffe9928665731c6d6a8f9467308308"
				  "feffe9928665731c6d6a8f9467308308";
	static const char text[] =
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da"
	    "2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
	    "b16aedf5aa0de657ba637b391aafd255";
	static const char sealed[] =
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c9"
	    "7598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
	    "c5f61e6393ba7a0abcc9f662898015ad";
	static const struct {
		const char *key, *nonce, *aad, *plain;
		size_t len;
		const char *sealed, *tag;
	} v[] = {
		{ zero, "000000000000000000000000", "", "", 0, "",
		    "530f8afbc74536b9a963b4f1c4cb738b" },
		{ zero, "000000000000000000000000", "",
		    "00000000000000000000000000000000", 16,
		    "cea7403d4d606b6e074ec5d3baf39d18",
		    "d0d1c8a799996bf0265b98b5d48ab919" },
		{ key, "cafebabefacedbaddecaf888", "", text, 64, sealed,
		    "b094dac5d93471bdec1a502270e3cc6c" },
		{ key, "cafebabefacedbaddecaf888",
		    "feedfacedeadbeeffeedfacedeadbeefabaddad2", text, 60,
		    sealed, "76fc6ece0f4e1768cddf8853bb2d551b" },
	};
	struct buf out, back;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct span k = hex(v[i].key), n = hex(v[i].nonce);
		struct span aad = hex(v[i].aad), plain = hex(v[i].plain);

		plain.len = v[i].len;
		buf_init(&out, 1024);
		buf_init(&back, 1024);
		assert_int_equal(
		    aead_seal(&out, k.at, n.at, aad, plain, NULL), ERR_OK);
		assert_int_equal(out.len, v[i].len + AEAD_TAG_LEN);
		assert_memory_equal(out.at, hex(v[i].sealed).at, v[i].len);
		assert_memory_equal(
		    out.at + v[i].len, hex(v[i].tag).at, AEAD_TAG_LEN);
		assert_int_equal(
		    aead_open(&back, k.at, n.at, aad, buf_view(&out), NULL),
		    ERR_OK);
		assert_true(span_equal(buf_view(&back), plain));
		buf_clear(&out);
		buf_clear(&back);
	}
}

static void
sealed_bytes_open_only_as_they_were(void **state)
{
	uint8_t key[AEAD_KEY_LEN] = { 3 }, nonce[AEAD_NONCE_LEN] = { 4 };
	struct fault why = { 0 };
	struct buf out, back;

	(void)state;
	buf_init(&out, 1024);
	buf_init(&back, 1024);
	buf_text(&back, "kept");
	assert_int_equal(aead_seal(&out, key, nonce, SPAN_LIT("head"),
			     SPAN_LIT("the text"), &why),
	    ERR_OK);
	for (size_t i = 0; i < out.len; i++) {
		out.at[i] ^= 1;
		assert_int_equal(aead_open(&back, key, nonce, SPAN_LIT("head"),
				     buf_view(&out), &why),
		    ERR_DAMAGE);
		out.at[i] ^= 1;
	}
	assert_int_equal(aead_open(&back, key, nonce, SPAN_LIT("heae"),
			     buf_view(&out), &why),
	    ERR_DAMAGE);
	assert_string_equal(why.text, "encrypted bytes do not verify");
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(aead_open(&back, key, nonce, SPAN_LIT("head"),
				     span_slice(buf_view(&out), 0, len), &why),
		    ERR_DAMAGE);
	assert_string_equal(buf_string(&back), "kept");
	buf_clear(&out);
	buf_clear(&back);
}

static void
comparing_and_wiping_do_what_they_say(void **state)
{
	uint8_t a[8] = { 1, 2, 3 }, b[8] = { 1, 2, 3 }, zero[8] = { 0 };

	(void)state;
	assert_true(crypt_equal(span_of(a, 8), span_of(b, 8)));
	assert_false(crypt_equal(span_of(a, 8), span_of(b, 7)));
	assert_true(crypt_equal(SPAN_EMPTY, SPAN_EMPTY));
	b[7] = 1;
	assert_false(crypt_equal(span_of(a, 8), span_of(b, 8)));
	crypt_wipe(a, sizeof a);
	assert_memory_equal(a, zero, sizeof a);
	crypt_random(a, sizeof a);
	crypt_random(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_digests),
		cmocka_unit_test(
		    a_hash_taken_in_pieces_is_the_hash_of_the_whole),
		cmocka_unit_test(parts_hash_like_their_concatenation),
		cmocka_unit_test(threads_hash_side_by_side),
		cmocka_unit_test(hmac_gives_the_published_codes),
		cmocka_unit_test(ed25519_gives_the_published_signatures),
		cmocka_unit_test(a_signature_fails_when_anything_changes),
		cmocka_unit_test(each_label_derives_a_seed_of_its_own),
		cmocka_unit_test(the_key_stream_is_chacha20),
		cmocka_unit_test(the_key_stream_can_be_entered_at_any_block),
		cmocka_unit_test(aes_gcm_gives_the_published_ciphertexts),
		cmocka_unit_test(sealed_bytes_open_only_as_they_were),
		cmocka_unit_test(comparing_and_wiping_do_what_they_say),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
