/*
 * tests/book/log_test.c: heads to be signed, checkpoints, proofs, tiles.
 */
#include "help.h"

#include "book/log.h"
#include "crypt/sign.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"

static const uint8_t seed[SIGN_SEED_LEN] = { 7 };

static enum err
sign(void *arg, struct span message, uint8_t sig[static SIGN_LEN],
    struct fault *why)
{
	(void)arg;
	(void)why;
	sign_make(seed, message, sig);
	return ERR_OK;
}

/* What book_unsigned told, of the only log there is. */
struct seen {
	unsigned n;
	struct log_unsigned u;
	struct hash proof[MERKLE_DEPTH];
	struct help *h;
};

static enum err
seen_add(void *arg, const struct log_unsigned *u, struct fault *why)
{
	struct seen *s = arg;

	(void)why;
	s->n++;
	s->u = *u;
	memcpy(s->proof, u->proof, u->n_proof * sizeof *s->proof);
	assert_true(span_is(u->agency, "main"));
	assert_true(span_is(u->origin, "city.test/beimen/main"));
	return ERR_OK;
}

/* Sign the log's head and store it. */
static void
sign_head(struct help *h, const struct log_unsigned *u, struct note_key *key)
{
	struct checkpoint c = { .origin = S("city.test/beimen/main"),
		.size = u->size,
		.root = u->root };
	uint8_t public[SIGN_PUBLIC_LEN];
	struct buf note;

	sign_public(seed, public);
	OK(note_key_make(c.origin, NOTE_ED25519, public, key, &h->why));
	buf_init(&note, 65536);
	OK(checkpoint_sign(&note, &c, key, sign, NULL, &h->why));
	OK(book_checkpoint_store(
	    h->b, S("main"), buf_view(&note), h->now, &h->why));
	buf_clear(&note);
}

static void
a_head_is_offered_with_its_consistency_proof(void **state)
{
	struct help *h = *state;
	struct seen s = { .h = h };
	struct note_key key;
	struct hash first;

	OK(book_unsigned(h->b, seen_add, &s, &h->why));
	assert_int_equal(s.n, 1);
	assert_int_equal(s.u.old_size, 0);
	assert_int_equal(s.u.size, 4);
	first = s.u.root;
	sign_head(h, &s.u, &key);
	s.n = 0;
	OK(book_unsigned(h->b, seen_add, &s, &h->why));
	assert_int_equal(s.n, 0);
	for (int i = 0; i < 300; i++) {
		char key_name[16];

		(void)snprintf(key_name, sizeof key_name, "s%d", i);
		set(h, "main", "system", key_name, "{'name':'x'}");
	}
	OK(book_unsigned(h->b, seen_add, &s, &h->why));
	assert_int_equal(s.n, 1);
	assert_int_equal(s.u.old_size, 4);
	assert_int_equal(s.u.size, 304);
	assert_true(merkle_check_consistency(
	    4, &first, 304, &s.u.root, s.proof, s.u.n_proof));
}

static void
a_foreign_or_altered_checkpoint_is_not_kept(void **state)
{
	struct help *h = *state;
	struct seen s = { .h = h };
	struct checkpoint c;
	struct note_key key;
	uint8_t public[SIGN_PUBLIC_LEN];
	struct buf note;

	OK(book_unsigned(h->b, seen_add, &s, &h->why));
	sign_public(seed, public);
	for (int i = 0; i < 3; i++) {
		c = (struct checkpoint){ .origin = S(i == 0
						 ? "city.test/beimen/other"
						 : "city.test/beimen/main"),
			.size = i == 1 ? 5 : 4,
			.root = s.u.root };
		if (i == 2)
			c.root.at[0] ^= 1;
		OK(note_key_make(
		    c.origin, NOTE_ED25519, public, &key, &h->why));
		buf_init(&note, 65536);
		OK(checkpoint_sign(&note, &c, &key, sign, NULL, &h->why));
		assert_int_equal(book_checkpoint_store(h->b, S("main"),
				     buf_view(&note), h->now, &h->why),
		    ERR_PROOF);
		buf_clear(&note);
	}
	assert_int_equal(book_checkpoint_store(
			     h->b, S("main"), S("no note"), h->now, &h->why),
	    ERR_SYNTAX);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM checkpoint"), 0);
}

static void
an_entry_is_proved_with_the_public_key_alone(void **state)
{
	struct help *h = *state;
	struct seen s = { .h = h };
	struct proof_result got;
	struct note_key key;
	struct buf bundle;

	buf_init(&bundle, PROOF_MAX);
	assert_int_equal(
	    book_entry_bundle(h->b, S("main"), 3, &bundle, &h->why),
	    ERR_STATE); /* not signed yet */
	OK(book_unsigned(h->b, seen_add, &s, &h->why));
	sign_head(h, &s.u, &key);
	buf_reset(&bundle);
	OK(book_entry_bundle(h->b, S("main"), 3, &bundle, &h->why));
	OK(proof_check(buf_view(&bundle), &key, 1, h->a, &got, &h->why));
	assert_true(got.entry);
	assert_int_equal(got.seq, 3);
	assert_true(span_find_text(got.body, "李大華") != SIZE_MAX);
	assert_int_equal(
	    book_entry_bundle(h->b, S("main"), 9, &bundle, &h->why),
	    ERR_NOT_FOUND);
	buf_clear(&bundle);
}

static void
tiles_are_served_up_to_the_signed_head(void **state)
{
	struct help *h = *state;
	struct seen s = { .h = h };
	struct note_key key;
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	assert_int_equal(
	    book_tile(h->b, S("main"), S("tile/0/000.p/4"), &b, &h->why),
	    ERR_NOT_FOUND);
	OK(book_unsigned(h->b, seen_add, &s, &h->why));
	sign_head(h, &s.u, &key);
	OK(book_tile(h->b, S("main"), S("tile/0/000.p/4"), &b, &h->why));
	assert_int_equal(b.len, 4 * HASH_LEN);
	buf_reset(&b);
	OK(book_tile(h->b, S("main"), S("tile/entries/000.p/4"), &b, &h->why));
	assert_int_equal(b.len, 4 * (2 + 49));
	assert_int_equal(
	    book_tile(h->b, S("main"), S("tile/0/001"), &b, &h->why),
	    ERR_NOT_FOUND);
	assert_int_equal(
	    book_tile(h->b, S("main"), S("tile/../x"), &b, &h->why),
	    ERR_SYNTAX);
	assert_int_equal(
	    book_tile(h->b, S("nobody"), S("tile/0/000.p/4"), &b, &h->why),
	    ERR_NOT_FOUND);
	buf_clear(&b);
}

static void
a_reader_follows_a_log_that_grows_under_it(void **state)
{
	struct help *h = *state;
	struct seen s = { .h = h };
	struct book *r = NULL;
	struct note_key key;
	struct log_proof p;
	struct hash leaf;
	struct buf data;

	OK(book_open(h->path, SQL_READ, h->schema, NULL, &r, &h->why));
	buf_init(&data, 65536);
	for (int round = 0; round < 3; round++) {
		OK(book_unsigned(h->b, seen_add, &s, &h->why));
		sign_head(h, &s.u, &key);
		buf_reset(&data);
		OK(book_log_prove(
		    r, S("main"), s.u.size - 1, &p, &data, NULL, &h->why));
		leaf = merkle_leaf_hash(buf_view(&data));
		assert_true(merkle_check_inclusion(
		    &leaf, p.at, p.size, p.path, p.n, &s.u.root));
		for (int i = 0; i < 200; i++) {
			char name[40];

			(void)snprintf(name, sizeof name, "r%d-%d", round, i);
			set(h, "main", "system", name, "{'name':'x'}");
		}
	}
	assert_int_equal(
	    book_log_prove(r, S("main"), s.u.size, &p, NULL, NULL, &h->why),
	    ERR_STATE);
	buf_clear(&data);
	book_close(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_head_is_offered_with_its_consistency_proof),
		T(a_foreign_or_altered_checkpoint_is_not_kept),
		T(an_entry_is_proved_with_the_public_key_alone),
		T(tiles_are_served_up_to_the_signed_head),
		T(a_reader_follows_a_log_that_grows_under_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
