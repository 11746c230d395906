/*
 * tests/ledger/note_test.c: notes and checkpoints are byte for byte those of
 * C2SP signed-note and tlog-checkpoint.
 *
 * The PeterNeumann and EnochRoot keys and notes are the vectors of the
 * reference implementation (golang.org/x/mod/sumdb/note).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"

#define PETER \
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT                                                         \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define PETER_SIG                                                         \
	"\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8p" \
	"AcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCH_SIG                                                        \
	"\xe2\x80\x94 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtC" \
	"OXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

static struct arena *arena;
static uint8_t seed[SIGN_SEED_LEN];

static int
setup(void **state)
{
	struct buf b;

	(void)state;
	arena = arena_new(1 << 24);
	buf_init(&b, 64);
	/* the published private key: type byte, then the seed */
	if (!text_unbase64(&b,
		span_text("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")) ||
	    b.len != 1 + sizeof seed)
		return -1;
	memcpy(seed, b.at + 1, sizeof seed);
	buf_clear(&b);
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* Signs with the seed in arg. */
static enum err
sign_with(void *arg, struct span message, uint8_t sig[static SIGN_LEN],
    struct fault *why)
{
	(void)why;
	sign_make(arg, message, sig);
	return ERR_OK;
}

/* A signer that is not there. */
static enum err
sign_fails(void *arg, struct span message, uint8_t sig[static SIGN_LEN],
    struct fault *why)
{
	(void)arg;
	(void)message;
	(void)sig;
	return fault_set(why, ERR_GONE, "the signer went away");
}

static struct note_key
key_of(const char *vkey)
{
	struct note_key k = { 0 };

	assert_int_equal(note_key_parse(span_text(vkey), &k, NULL), ERR_OK);
	return k;
}

/* Opens a note made of pieces; the verifying keys' flags into good. */
static enum err
open_note(const char *bytes, const struct note_key *key, unsigned n, bool *good,
    struct fault *why)
{
	struct note *note = arena_alloc(arena, sizeof *note);
	enum err e;

	assert_non_null(note);
	e = note_parse(span_text(bytes), arena, note, why);
	if (e == ERR_OK)
		e = note_verify(note, key, n, good, NULL, why);
	arena_reset(arena);
	return e;
}

static void
the_published_key_is_read_and_written(void **state)
{
	struct note_key k = key_of(PETER), made;
	struct buf b;

	(void)state;
	assert_string_equal(k.name, "PeterNeumann");
	assert_int_equal(k.id, 0xc74f20a3);
	assert_int_equal(k.type, NOTE_ED25519);
	buf_init(&b, 1024);
	note_key_print(&b, &k);
	assert_string_equal(buf_string(&b), PETER);
	assert_int_equal(note_key_make(SPAN_LIT("PeterNeumann"), NOTE_ED25519,
			     k.public, &made, NULL),
	    ERR_OK);
	assert_int_equal(made.id, k.id);
	buf_clear(&b);
}

/* Any part of the line, any character changed, another length or type. */
static void
a_mangled_key_is_refused(void **state)
{
	char line[sizeof PETER] = PETER;
	struct note_key k = { .id = 5 };
	const size_t len = sizeof PETER - 1;

	(void)state;
	for (size_t i = 0; i <= len; i++)
		for (size_t j = i + 1; j <= len; j++)
			if (i != 0 || j != len)
				assert_int_not_equal(
				    note_key_parse(
					span_of(line + i, j - i), &k, NULL),
				    ERR_OK);
	for (size_t i = 0; i < len; i++) {
		line[i]++;
		assert_int_not_equal(
		    note_key_parse(span_of(line, len), &k, NULL), ERR_OK);
		line[i]--;
	}
	assert_int_not_equal(
	    note_key_parse(
		SPAN_LIT("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsV"
			 "kmqq/LDE4izWy10TWBADKEY=="),
		&k, NULL),
	    ERR_OK);
	assert_int_equal(
	    note_key_parse(
		SPAN_LIT("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsV"
			 "kmqq/LDE4izWy10TW"),
		&k, NULL),
	    ERR_UNSUPPORTED);
	assert_int_equal(k.id, 5);
}

/* Ed25519 is deterministic: our note is the published one. */
static void
signing_gives_the_published_note(void **state)
{
	struct note_key k = key_of(PETER);
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
	    note_sign(&b, SPAN_LIT(TEXT), &k, sign_with, seed, &why), ERR_OK);
	assert_string_equal(buf_string(&b), TEXT "\n" PETER_SIG);

	buf_reset(&b);
	assert_int_equal(
	    note_sign(&b, SPAN_LIT("abc"), &k, sign_with, seed, &why),
	    ERR_SYNTAX);
	assert_int_equal(
	    note_sign(&b, SPAN_LIT(TEXT), &k, sign_fails, NULL, &why),
	    ERR_GONE);
	assert_string_equal(why.text, "the signer went away");
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
only_signatures_of_known_keys_are_checked(void **state)
{
	struct note_key k[2] = { key_of(PETER), key_of(ENOCH) };
	bool good[2];

	(void)state;
	assert_int_equal(
	    open_note(TEXT "\n" PETER_SIG ENOCH_SIG, k, 1, good, NULL), ERR_OK);
	assert_true(good[0]);
	assert_int_equal(
	    open_note(TEXT "\n" PETER_SIG ENOCH_SIG, k, 2, good, NULL), ERR_OK);
	assert_true(good[0] && good[1]);
	assert_int_equal(
	    open_note(TEXT "\n" ENOCH_SIG, k, 2, good, NULL), ERR_OK);
	assert_true(!good[0] && good[1]);
	assert_int_equal(
	    open_note(TEXT "\n" ENOCH_SIG, k, 1, good, NULL), ERR_PROOF);
	assert_int_equal(
	    open_note(TEXT "\n" PETER_SIG, k, 0, good, NULL), ERR_PROOF);
}

static void
a_bad_signature_of_a_known_key_refuses_the_note(void **state)
{
	struct note_key k[2] = { key_of(PETER), key_of(ENOCH) };
	struct fault why = { 0 };
	bool good[2];

	(void)state;
	/* the text is another */
	assert_int_equal(
	    open_note("Another text.\n\n" PETER_SIG, k, 1, good, &why),
	    ERR_PROOF);
	assert_string_equal(
	    why.text, "the signature of PeterNeumann+c74f20a3 does not verify");
	/* one good signature does not make up for a bad one */
	assert_int_equal(
	    open_note(TEXT "\n" PETER_SIG "\xe2\x80\x94 EnochRoot rwz+eAAA\n",
		k, 2, good, &why),
	    ERR_PROOF);
	/* unknown to the one who checks, the same line is passed over */
	assert_int_equal(
	    open_note(TEXT "\n" PETER_SIG "\xe2\x80\x94 EnochRoot rwz+eAAA\n",
		k, 1, good, &why),
	    ERR_OK);
}

/* The reference implementation's table, and more of its kind. */
static void
what_is_not_a_note_is_refused(void **state)
{
	static const char *const bad[] = { "", "\n", "\n\n", TEXT, TEXT "\n",
		TEXT PETER_SIG, "\n" PETER_SIG, "\x01" TEXT "\n" PETER_SIG,
		"\xff" TEXT "\n" PETER_SIG,
		TEXT "\n\xe2\x80\x94 Bad Name x08go/ZJkuBS9UG/Sffc\n",
		TEXT "\n\xe2\x80\x94 Bad+Name x08go/ZJkuBS9UG/Sffc\n",
		TEXT "\n\xe2\x80\x94 Bad\xe3\x80\x80Name x08go/ZJkuBS\n",
		TEXT "\n\xe2\x80\x94  x08go/ZJkuBS9UG/Sffc\n",
		TEXT "\n\xe2\x80\x94 Name x08go/ZJkuBS9UG/Sff\n",
		TEXT "\n\xe2\x80\x94 Name x08goQ==\n",
		TEXT "\n\xe2\x80\x94 Name\n", TEXT "\n- Name x08go/ZJ\n",
		TEXT "\n" PETER_SIG "Unexpected line.\n",
		TEXT "\n" PETER_SIG "\n" };
	struct note_key k = key_of(PETER);
	struct note *n = arena_alloc(arena, sizeof *n);
	bool good;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    open_note(bad[i], &k, 1, &good, NULL), ERR_SYNTAX);
	/* the last line feed is missing */
	n = arena_alloc(arena, sizeof *n);
	assert_int_equal(note_parse(span_of(TEXT "\n" PETER_SIG,
					sizeof TEXT + sizeof PETER_SIG - 2),
			     arena, n, NULL),
	    ERR_SYNTAX);
	arena_reset(arena);
}

static void
a_hundred_signatures_are_read_and_one_more_is_not(void **state)
{
	struct note_key k = key_of(PETER);
	struct fault why;
	struct buf b;
	bool good;

	(void)state;
	buf_init(&b, 1 << 16);
	buf_text(&b, TEXT "\n");
	for (int i = 0; i < NOTE_SIG_MAX; i++)
		buf_text(&b, PETER_SIG);
	assert_int_equal(open_note(buf_string(&b), &k, 1, &good, &why), ERR_OK);
	buf_text(&b, PETER_SIG);
	assert_int_equal(
	    open_note(buf_string(&b), &k, 1, &good, &why), ERR_LIMIT);
	buf_clear(&b);
}

/* Paragraphs belong to the text: the last empty line divides. */
static void
a_text_may_have_empty_lines(void **state)
{
	struct note_key k = key_of(PETER);
	struct buf b;
	bool good;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
	    note_sign(&b, SPAN_LIT("one\n\ntwo\n"), &k, sign_with, seed, NULL),
	    ERR_OK);
	assert_int_equal(open_note(buf_string(&b), &k, 1, &good, NULL), ERR_OK);
	buf_clear(&b);
}

static void
a_checkpoint_is_origin_size_and_root(void **state)
{
	struct checkpoint c = { SPAN_LIT("example.com/behind-the-sofa"),
		20852163, { { 0 } }, SPAN_EMPTY };
	static const char text[] =
	    "example.com/behind-the-sofa\n20852163\n"
	    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
	struct checkpoint got = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	assert_int_equal(checkpoint_parse(span_text(text), &got, NULL), ERR_OK);
	assert_true(span_equal(got.origin, c.origin));
	assert_int_equal(got.size, 20852163);
	assert_int_equal(got.more.len, 0);
	c.root = got.root;
	checkpoint_print(&b, &c);
	assert_string_equal(buf_string(&b), text);

	buf_text(&b, "timestamp 5\nx\n");
	assert_int_equal(checkpoint_parse(buf_view(&b), &got, NULL), ERR_OK);
	assert_true(span_is(got.more, "timestamp 5\nx\n"));
	buf_clear(&b);
}

static void
what_is_not_a_checkpoint_is_refused(void **state)
{
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	static const char *const bad[] = { "", "a\n", "a\n1\n", "a\n1\n" ROOT,
		"\n1\n" ROOT "\n", "a\n\n" ROOT "\n", "a\n01\n" ROOT "\n",
		"a\n-1\n" ROOT "\n", "a\n1 \n" ROOT "\n", "a\n0x1\n" ROOT "\n",
		"a\n9223372036854775808\n" ROOT "\n", "a\n1\nCsUYapGG\n",
		"a\n1\n" ROOT "=\n", "a\n1\n" ROOT "\n\n",
		"a\n1\n" ROOT "\nx" };
	struct checkpoint c = { .size = 5 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    checkpoint_parse(span_text(bad[i]), &c, NULL), ERR_SYNTAX);
	assert_int_equal(c.size, 5);
}

/* A key for `name` from the seed. */
static struct note_key
key_from_seed(const char *name, enum note_type type)
{
	uint8_t public[SIGN_PUBLIC_LEN];
	struct note_key k = { 0 };

	sign_public(seed, public);
	assert_int_equal(
	    note_key_make(span_text(name), type, public, &k, NULL), ERR_OK);
	return k;
}

static void
a_checkpoint_needs_a_key_of_its_own_log(void **state)
{
	struct note_key own = key_from_seed("a.invalid/log", NOTE_ED25519);
	struct note_key other = key_from_seed("b.invalid/log", NOTE_ED25519);
	struct checkpoint c = { SPAN_LIT("a.invalid/log"), 7, { { 1 } },
		SPAN_EMPTY };
	struct checkpoint got = { 0 };
	struct fault why = { 0 };
	struct buf b, text;
	bool good[2];

	(void)state;
	buf_init(&b, 4096);
	buf_init(&text, 4096);
	assert_int_equal(
	    checkpoint_sign(&b, &c, &other, sign_with, seed, &why), ERR_RANGE);
	assert_int_equal(
	    checkpoint_sign(&b, &c, &own, sign_with, seed, &why), ERR_OK);
	assert_int_equal(
	    checkpoint_open(buf_view(&b), &own, 1, arena, &got, good, &why),
	    ERR_OK);
	assert_int_equal(got.size, 7);
	arena_reset(arena);
	assert_int_equal(
	    checkpoint_open(buf_view(&b), &other, 1, arena, &got, good, &why),
	    ERR_PROOF);
	assert_string_equal(why.text, "none of the keys given signed this");
	arena_reset(arena);

	/* signed, but by a key of another log */
	checkpoint_print(&text, &c);
	buf_reset(&b);
	assert_int_equal(
	    note_sign(&b, buf_view(&text), &other, sign_with, seed, &why),
	    ERR_OK);
	assert_int_equal(
	    checkpoint_open(buf_view(&b), &other, 1, arena, &got, good, &why),
	    ERR_PROOF);
	assert_string_equal(
	    why.text, "no key given for log a.invalid/log signed this");
	arena_reset(arena);
	buf_clear(&b);
	buf_clear(&text);
}

/* A witness adds its line; who knows the witness sees that, and when. */
static void
a_cosignature_is_kept_and_checked_by_who_knows_the_key(void **state)
{
	struct note_key own = key_from_seed("a.invalid/log", NOTE_ED25519);
	struct note_key both[2] = { own,
		key_from_seed("w.invalid", NOTE_COSIGNATURE) };
	struct checkpoint c = { SPAN_LIT("a.invalid/log"), 7, { { 1 } },
		SPAN_EMPTY };
	struct note *n = arena_alloc(arena, sizeof *n);
	struct checkpoint got = { 0 };
	uint64_t time[2] = { 0 };
	struct buf b, text;
	bool good[2];

	(void)state;
	assert_int_not_equal(both[0].id, both[1].id);
	buf_init(&b, 4096);
	buf_init(&text, 4096);
	checkpoint_print(&text, &c);
	assert_int_equal(
	    checkpoint_sign(&b, &c, &own, sign_with, seed, NULL), ERR_OK);
	assert_int_equal(note_cosign(&b, buf_view(&text), &both[1], 1679315147,
			     sign_with, seed, NULL),
	    ERR_OK);
	assert_int_equal(note_parse(buf_view(&b), arena, n, NULL), ERR_OK);
	assert_int_equal(n->n_sig, 2);
	assert_true(span_is(n->sig[1].name, "w.invalid"));
	assert_int_equal(n->sig[1].sig.len, 8 + SIGN_LEN);
	assert_int_equal(note_verify(n, both, 2, good, time, NULL), ERR_OK);
	assert_true(good[0] && good[1]);
	assert_int_equal(time[1], 1679315147);
	assert_int_equal(
	    checkpoint_open(buf_view(&b), both, 1, arena, &got, NULL, NULL),
	    ERR_OK);
	/* a witness alone does not speak for the log */
	assert_int_equal(
	    checkpoint_open(buf_view(&b), both + 1, 1, arena, &got, NULL, NULL),
	    ERR_PROOF);

	/* the time is signed too: the u64 before the signature */
	struct span line = n->sig[1].line;
	uint8_t timed[8 + SIGN_LEN];
	struct buf forged;

	buf_init(&forged, 4096);
	memcpy(timed, n->sig[1].sig.at, sizeof timed);
	timed[7] ^= 1;
	buf_span(
	    &forged, span_slice(buf_view(&b), 0, (size_t)(line.at - b.at)));
	note_line(&forged, SPAN_LIT("w.invalid"), both[1].id,
	    span_of(timed, sizeof timed));
	assert_int_equal(checkpoint_open(buf_view(&forged), both, 2, arena,
			     &got, NULL, NULL),
	    ERR_PROOF);
	buf_clear(&forged);
	buf_clear(&b);
	buf_clear(&text);
	arena_reset(arena);
}

/* The published line: key id 8d66cf3f, time 1679315147. */
static void
the_published_cosignature_line_is_read(void **state)
{
	static const char text[] =
	    "example.com/behind-the-sofa\n20852163\n" ROOT "\n\n"
	    "\xe2\x80\x94 witness.example.com/w1 "
	    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlr"
	    "DJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
	struct note *n = arena_alloc(arena, sizeof *n);
	struct cursor c;
	struct buf again;

	(void)state;
	assert_int_equal(note_parse(span_text(text), arena, n, NULL), ERR_OK);
	assert_int_equal(n->sig[0].id, 0x8d66cf3f);
	c = cursor_of(n->sig[0].sig);
	assert_int_equal(cursor_u64(&c), 1679315147);
	buf_init(&again, 4096);
	note_line(&again, n->sig[0].name, n->sig[0].id, n->sig[0].sig);
	assert_true(span_equal(buf_view(&again), n->sig[0].line));
	buf_clear(&again);
	arena_reset(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_key_is_read_and_written),
		cmocka_unit_test(a_mangled_key_is_refused),
		cmocka_unit_test(signing_gives_the_published_note),
		cmocka_unit_test(only_signatures_of_known_keys_are_checked),
		cmocka_unit_test(
		    a_bad_signature_of_a_known_key_refuses_the_note),
		cmocka_unit_test(what_is_not_a_note_is_refused),
		cmocka_unit_test(
		    a_hundred_signatures_are_read_and_one_more_is_not),
		cmocka_unit_test(a_text_may_have_empty_lines),
		cmocka_unit_test(a_checkpoint_is_origin_size_and_root),
		cmocka_unit_test(what_is_not_a_checkpoint_is_refused),
		cmocka_unit_test(a_checkpoint_needs_a_key_of_its_own_log),
		cmocka_unit_test(
		    a_cosignature_is_kept_and_checked_by_who_knows_the_key),
		cmocka_unit_test(the_published_cosignature_line_is_read),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
