/*
 * tests/vault/batch_test.c: a batch that says who it is, is stored once.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "vault/vault_own.h"

static struct vault *
open_vault(struct lab *l)
{
	static const struct vault_options o = { .agency = "main" };
	struct vault *v;
	struct fault why;

	assert_ok(vault_open(l->env, l->dir, &o, &v, NULL, &why), &why);
	return v;
}

static struct hash
id_of(unsigned n)
{
	return hash_of(span_of(&n, sizeof n));
}

/* Puts ten records, of which 2 .. 4 and 5 .. 9 are parts; says which were
 * known. */
static enum err
put(struct lab *l, struct vault *v, uint64_t number, uint64_t after,
    unsigned first_id, bool known[2], struct fault *why)
{
	struct event ev[10];
	const struct vault_part part[2] = { { 2, 3, id_of(first_id) },
		{ 5, 5, id_of(first_id + 1) } };
	const struct vault_batch b = { .epoch = 7,
		.number = number,
		.after = after,
		.ev = ev,
		.n = 10,
		.part = part,
		.n_parts = 2,
		.known = known };
	bool repeated;

	known[0] = known[1] = false;
	for (unsigned i = 0; i < 10; i++)
		ev[i] = lab_event(l, i, l->env->ops->now_us(l->env));
	return vault_put(v, &b, NULL, &repeated, why);
}

static uint64_t
stored(const struct vault *v)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < vault_streams(v); i++)
		n += vault_stream_at(v, i)->last_seq;
	return n;
}

/* The records beside the parts have no id: they are stored again. */
static void
a_part_sent_again_is_stored_once_after_a_restart_too(void **state)
{
	struct lab l;
	struct fault why;
	struct vault *v;
	bool known[2];

	(void)state;
	lab_open(&l);
	v = open_vault(&l);
	assert_ok(put(&l, v, 1, 0, 100, known, &why), &why);
	assert_false(known[0] || known[1]);
	assert_ok(put(&l, v, 2, 1, 101, known, &why), &why);
	assert_true(known[0]); /* not even durable yet */
	assert_false(known[1]);
	assert_ok(vault_sync(v, &why), &why);
	assert_int_equal(stored(v), 10 + 7);
	vault_close(v);

	v = open_vault(&l);
	assert_ok(put(&l, v, 3, 0, 100, known, &why), &why);
	assert_true(known[0] && known[1]);
	assert_ok(vault_sync(v, &why), &why);
	assert_int_equal(stored(v), 17 + 2);
	vault_close(v);
	lab_close(&l);
}

/* Sealed, committed and trimmed, the journal that held the ids is gone. */
static void
ids_outlive_their_journal(void **state)
{
	const struct segment_info *info;
	struct vault_report r;
	struct lab l;
	struct fault why;
	struct vault *v;
	bool known[2];

	(void)state;
	lab_open(&l);
	v = open_vault(&l);
	assert_ok(put(&l, v, 1, 0, 100, known, &why), &why);
	assert_ok(vault_sync(v, &why), &why);
	for (uint32_t i = 0; i < vault_streams(v); i++) {
		assert_ok(vault_report(v, i, 0, &r, &why), &why);
		vault_reported(v, i, r.to);
		assert_ok(vault_seal(v, i, &info, &why), &why);
		assert_ok(vault_sealed(v, &info->name, &why), &why);
	}
	assert_ok(vault_trim(v, &why), &why);
	assert_int_equal(inbox_bytes(v->inbox), 0);
	vault_close(v);

	v = open_vault(&l);
	assert_ok(put(&l, v, 2, 0, 100, known, &why), &why);
	assert_true(known[0] && known[1]);
	vault_close(v);
	lab_close(&l);
}

/* What a failed sync gave up was not stored, and is no repeat. */
static void
a_batch_given_up_may_come_again(void **state)
{
	struct lab l;
	struct fault why;
	struct vault *v;
	bool known[2];

	(void)state;
	lab_open(&l);
	v = open_vault(&l);
	assert_ok(put(&l, v, 1, 0, 100, known, &why), &why);
	env_fault_at(l.env, 1, ENV_OP_WRITE, ENV_FAIL_FULL, false);
	assert_int_equal(vault_sync(v, &why), ERR_FULL);
	assert_int_equal(stored(v), 0);
	assert_ok(put(&l, v, 1, 0, 100, known, &why), &why);
	assert_false(known[0] || known[1]);
	assert_ok(vault_sync(v, &why), &why);
	assert_int_equal(stored(v), 10);
	vault_close(v);
	lab_close(&l);
}

/* Order is kept: a batch is not taken before the one it comes after. */
static void
a_batch_waits_for_the_one_before_it(void **state)
{
	struct lab l;
	struct fault why;
	struct vault *v;
	bool known[2];

	(void)state;
	lab_open(&l);
	v = open_vault(&l);
	assert_ok(put(&l, v, 1, 0, 100, known, &why), &why);
	assert_int_equal(put(&l, v, 3, 2, 104, known, &why), ERR_STATE);
	assert_ok(put(&l, v, 2, 1, 102, known, &why), &why);
	assert_ok(put(&l, v, 3, 2, 104, known, &why), &why);
	assert_false(known[0] || known[1]);
	assert_ok(vault_sync(v, &why), &why);
	assert_int_equal(stored(v), 30);
	vault_close(v);
	lab_close(&l);
}

/* The oldest ids go, and no other. */
static void
the_newest_ids_are_known(void **state)
{
	struct idset *s = idset_new();
	const unsigned many = IDSET_MAX + 1000;

	(void)state;
	assert_non_null(s);
	for (unsigned i = 0; i < many; i++) {
		struct hash id = id_of(i);

		assert_false(idset_has(s, id.at));
		idset_add(s, id.at);
	}
	for (unsigned i = 0; i < many; i++)
		assert_int_equal(idset_has(s, id_of(i).at), i >= 1000);
	idset_undo(s, 500);
	for (unsigned i = 0; i < many; i++)
		assert_int_equal(
		    idset_has(s, id_of(i).at), i >= 1000 && i < many - 500);
	assert_int_equal(idset_added(s), many - 500);
	idset_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_part_sent_again_is_stored_once_after_a_restart_too),
		cmocka_unit_test(ids_outlive_their_journal),
		cmocka_unit_test(a_batch_given_up_may_come_again),
		cmocka_unit_test(a_batch_waits_for_the_one_before_it),
		cmocka_unit_test(the_newest_ids_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
