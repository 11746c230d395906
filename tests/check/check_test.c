/*
 * tests/check/check_test.c: the stand-alone checker by the published vectors:
 * RFC 6962's reference tree, C2SP notes, cosignatures and policies.
 *
 * The PeterNeumann key and note are vectors of the reference implementation
 * (golang.org/x/mod/sumdb/note).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "crypt/crypt.h"
#include "crypt/merkle.h"
#include "ledger/checkpoint.h"

#define PETER \
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define TEXT                                                         \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define PETER_SIG                                                         \
	"\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8p" \
	"AcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ORIGIN "beimen.invalid/beimen/main"
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static struct check_bytes
bytes(const char *s)
{
	return (struct check_bytes){ (const uint8_t *)s, strlen(s) };
}

static struct hash
unhex(const char *s)
{
	struct hash h = { { 0 } };

	for (size_t i = 0; i < HASH_LEN; i++) {
		char two[3] = { s[2 * i], s[2 * i + 1], '\0' };

		h.at[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return h;
}

static void
the_reference_tree_proves_its_leaves(void **state)
{
	/* RFC 6962 test data: leaf "" at 0 and 40414243 at 5, of 8 */
	static const char *const path[2][3] = {
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
	const struct hash root = unhex("5dc9da79a70659a9ad559cb701ded9a2"
				       "ab9d823aad2f4960cfe370eff4604328");
	const struct hash leaf[2] = { merkle_leaf_hash(SPAN_EMPTY),
		merkle_leaf_hash(SPAN_LIT("@ABC")) };
	const uint64_t at[2] = { 0, 5 };
	uint8_t p[3][CHECK_HASH];

	(void)state;
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 3; i++) {
			struct hash h = unhex(path[k][i]);

			memcpy(p[i], h.at, sizeof p[i]);
		}
		for (uint64_t i = 0; i < 9; i++)
			assert_int_equal(
			    check_inclusion(leaf[k].at, i, 8,
				(const uint8_t(*)[CHECK_HASH])p, 3, root.at),
			    i == at[k]);
		assert_false(check_inclusion(leaf[k].at, at[k], 8,
		    (const uint8_t(*)[CHECK_HASH])p, 2, root.at));
	}
	assert_false(check_inclusion(leaf[0].at, 0, 0, NULL, 0, root.at));
}

/* Against the server's own tree, every leaf of trees of 1 to 70. */
static void
every_leaf_of_small_trees_is_proved_in_its_place_only(void **state)
{
	struct hash leaf[70], path[MERKLE_DEPTH], root;
	unsigned n;

	(void)state;
	for (uint8_t i = 0; i < 70; i++)
		leaf[i] = merkle_leaf_hash(span_of(&i, 1));
	for (size_t size = 1; size <= 70; size++) {
		merkle_root(leaf, size, &root);
		for (size_t at = 0; at < size; at++) {
			assert_int_equal(
			    merkle_path(leaf, size, at, path, &n, NULL),
			    ERR_OK);
			for (size_t i = 0; i <= size; i++)
				assert_int_equal(
				    check_inclusion(leaf[at].at, i, size,
					(const uint8_t(*)[32])path, n, root.at),
				    i == at);
		}
	}
}

static void
a_key_is_believed_only_with_its_own_id(void **state)
{
	static const char *const not_keys[] = { "", "PeterNeumann",
		"PeterNeumann+c74f20a3",
		"PeterNeumann+c74f20a4+"
		"ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeuman+c74f20a3+"
		"ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+"
		"ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T" };
	struct check_policy *p = check_policy_key(PETER, NULL);
	struct check_why why;

	(void)state;
	assert_non_null(p);
	check_policy_free(p);
	for (size_t i = 0; i < sizeof not_keys / sizeof not_keys[0]; i++)
		assert_null(check_policy_key(not_keys[i], &why));
}

/* --- policies ------------------------------------------------------------------ */

/* A log and four witnesses whose keys are ours. */
static struct note_key log_key, witness[4];
static uint8_t seed[5][SIGN_SEED_LEN] = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } };

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
	static const char *const name[4] = { "w1.example", "w2.example",
		"w3.example", "w4.example" };
	uint8_t public[SIGN_PUBLIC_LEN];

	(void)state;
	if (crypt_start(NULL) != ERR_OK)
		return -1;
	sign_public(seed[0], public);
	if (note_key_make(span_text(ORIGIN), NOTE_ED25519, public, &log_key,
		NULL) != ERR_OK)
		return -1;
	for (int i = 0; i < 4; i++) {
		sign_public(seed[1 + i], public);
		if (note_key_make(span_text(name[i]), NOTE_COSIGNATURE, public,
			&witness[i], NULL) != ERR_OK)
			return -1;
	}
	return 0;
}

/* The note of a head, cosigned by the witnesses whose bit is set. */
static void
note_print(struct buf *b, unsigned cosigners, uint64_t time_s)
{
	static const char text[] = ORIGIN "\n21\n" ROOT "\n";

	buf_reset(b);
	assert_int_equal(
	    note_sign(b, span_text(text), &log_key, sign_with, seed[0], NULL),
	    ERR_OK);
	for (unsigned i = 0; i < 4; i++)
		if ((cosigners >> i & 1) != 0)
			assert_int_equal(
			    note_cosign(b, span_text(text), &witness[i], time_s,
				sign_with, seed[1 + i], NULL),
			    ERR_OK);
}

/* A policy of the keys above with these last lines. */
static struct check_policy *
policy(const char *rest, struct check_why *why)
{
	struct check_policy *p;
	struct buf b;

	buf_init(&b, 4096);
	buf_text(&b, "# who is believed\n\nlog ");
	note_key_print(&b, &log_key);
	buf_text(&b, " https://logs.example/\n");
	for (int i = 0; i < 4; i++) {
		buf_printf(&b, "witness\tw%d ", i + 1);
		note_key_print(&b, &witness[i]);
		buf_text(&b, "\n");
	}
	buf_text(&b, rest);
	p = check_policy_read((struct check_bytes){ b.at, b.len }, why);
	buf_clear(&b);
	return p;
}

static void
a_head_needs_the_quorum_of_its_policy(void **state)
{
	static const struct {
		const char *rest;
		unsigned enough; /* a bit for each set of cosigners */
	} t[] = {
		{ "quorum none\n", 0xffff },
		{ "quorum w1", 0xaaaa },
		{ "group g 2 w1 w2 w3\nquorum g\n", 0xe8e8 },
		{ "group g any w1 w2\nquorum g\n", 0xeeee },
		{ "group g all w1 w2\ngroup h all g w4\nquorum h\n", 0x8800 },
		{ "group g all w1 w2\ngroup h 1 g w4\nquorum h\n", 0xff88 },
	};
	struct check_head h;
	struct check_why why;
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct check_policy *p = policy(t[i].rest, &why);

		if (p == NULL)
			fail_msg("%s", why.text);
		for (unsigned set = 0; set < 16; set++) {
			note_print(&b, set, 1700000000 + set);
			assert_int_equal(
			    check_note(p, (struct check_bytes){ b.at, b.len },
				&h, &why),
			    (t[i].enough >> set & 1) != 0);
		}
		check_policy_free(p);
	}
	buf_clear(&b);
}

static void
a_cosignature_says_its_own_time(void **state)
{
	static const uint64_t times[] = { 0, 9, 10, 1700000000, 9999999999,
		UINT64_MAX };
	struct check_policy *p = policy("quorum w1\n", NULL);
	struct check_head h;
	struct buf b;

	(void)state;
	assert_non_null(p);
	buf_init(&b, 8192);
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		note_print(&b, 1, times[i]);
		assert_true(check_note(
		    p, (struct check_bytes){ b.at, b.len }, &h, NULL));
		assert_int_equal(h.size, 21);
		assert_int_equal(h.n_witnesses, 1);
	}
	check_policy_free(p);
	buf_clear(&b);
}

static void
a_policy_that_is_not_one_is_refused(void **state)
{
	static const char *const rest[] = { "", "quorum w9\n",
		"quorum w1\nquorum w1\n", "group g 0 w1\nquorum g\n",
		"group g 3 w1 w2\nquorum g\n", "group g any\nquorum g\n",
		"group g any g\nquorum g\n", "group w1 any w2\nquorum w1\n",
		"group g any w1 w1\nquorum g\n", "group none any w1\n",
		"group g two w1 w2\nquorum g\n", "witness w9 " PETER "\n",
		"mirror x\nquorum none\n", "quorum" };
	struct check_why why;

	(void)state;
	for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
		if (policy(rest[i], &why) != NULL)
			fail_msg("accepted: %s", rest[i]);
	assert_null(check_policy_read(bytes("quorum none\n"), &why));
}

/* --- notes ----------------------------------------------------------------------- */

/* A note's text is no checkpoint here, yet its signature is the published
 * one: what is refused says which of the two it was. */
static void
the_published_note_verifies(void **state)
{
	struct check_policy *p = check_policy_key(PETER, NULL);
	struct check_head h;
	struct check_why why;

	(void)state;
	assert_false(check_note(p, bytes(TEXT "\n" PETER_SIG), &h, &why));
	assert_string_equal(why.text, "checkpoint: not origin, size and root");
	check_policy_free(p);
}

static void
a_note_altered_anywhere_is_refused(void **state)
{
	struct check_policy *p = policy("quorum w1\n", NULL);
	struct check_head h;
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	note_print(&b, 1, 1700000000);
	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			b.at[i] ^= (uint8_t)bit;
			assert_false(check_note(
			    p, (struct check_bytes){ b.at, b.len }, &h, NULL));
			b.at[i] ^= (uint8_t)bit;
		}
	for (size_t n = 0; n < b.len; n++)
		assert_false(
		    check_note(p, (struct check_bytes){ b.at, n }, &h, NULL));
	check_policy_free(p);
	buf_clear(&b);
}

/* JSON that a bundle's checker must not take, and what it says of each. */
static void
what_is_not_a_bundle_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *json, *why;
	} t[] = {
		{ "", "not JSON at byte 0" },
		{ "nul", "not JSON at byte 0" },
		{ "[", "not JSON" },
		{ "{\"a\" 1}", "not JSON at byte 5" },
		{ "{\"a\":1 \"b\":2}", "not JSON" },
		{ "{\"a\":1,\"a\":2}", "not JSON" },
		{ "{\"a\":01}", "not JSON" },
		{ "{\"a\":1.}", "not JSON" },
		{ "{\"a\":1e}", "not JSON" },
		{ "{\"a\":-}", "not JSON" },
		{ "{\"a\":9223372036854775808}", "not JSON" },
		{ "{\"a\":-9223372036854775808}", "format: not a text" },
		{ "{\"a\":-12.5e+3,\"b\":[true,false,null,[],{}]}",
		    "format: not a text" },
		{ "{\"a\":\"\\x\"}", "not JSON" },
		{ "{\"a\":\"\\u12g4\"}", "not JSON" },
		{ "{\"a\":\"\\ud800\"}", "not JSON" },
		{ "{\"a\":\"\\ud800\\u0041\"}", "not JSON" },
		{ "{\"a\":\"\\udc00\"}", "not JSON" },
		{ "{\"a\":\"\\u0000\"}", "not JSON" },
		{ "{\"a\":\"\xff\"}", "not JSON" },
		{ "{\"a\":\"\n\"}", "not JSON" },
		{ "{\"a\":\"", "not JSON" },
		{ "{} x", "not JSON at byte 3" },
		{ "{\"format\":\"beimen-proof-2\"}", "not a bundle of" },
		{ "{\"format\":\"beimen-proof-\\u0031\"}", "bundle: " },
		{ "{\"format\":\"beimen-proof-1\",\"record\":1}", "bundle: " },
		{ "{\"\\u00e9\\u20ac\\ud83d\\ude00\\\\\\b\":1}", "format" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		  "[[[[[[[[[[[[[[[[[[[[[[",
		    "not JSON at byte 64" },
	};
	struct check_policy *p = check_policy_key(PETER, NULL);
	struct check_shown shown;
	struct check_why why;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_false(check_bundle(bytes(t[i].json), p, &shown, &why));
		if (strncmp(why.text, t[i].why, strlen(t[i].why)) != 0)
			fail_msg("%s: %s", t[i].json, why.text);
	}
	check_policy_free(p);
}

static void
what_is_not_utf8_is_shown_replaced(void **state)
{
	char to[64];

	(void)state;
	assert_int_equal(
	    check_readable(
		(struct check_bytes){
		    (const uint8_t *)"a\xff\0\xe8\x87\xba\xed\xa0", 8 },
		to),
	    16);
	assert_string_equal(to,
	    "a\xef\xbf\xbd\xef\xbf\xbd\xe8\x87\xba"
	    "\xef\xbf\xbd\xef\xbf\xbd");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_tree_proves_its_leaves),
		cmocka_unit_test(
		    every_leaf_of_small_trees_is_proved_in_its_place_only),
		cmocka_unit_test(a_key_is_believed_only_with_its_own_id),
		cmocka_unit_test(a_head_needs_the_quorum_of_its_policy),
		cmocka_unit_test(a_cosignature_says_its_own_time),
		cmocka_unit_test(a_policy_that_is_not_one_is_refused),
		cmocka_unit_test(the_published_note_verifies),
		cmocka_unit_test(a_note_altered_anywhere_is_refused),
		cmocka_unit_test(
		    what_is_not_a_bundle_is_refused_with_its_place),
		cmocka_unit_test(what_is_not_utf8_is_shown_replaced),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
