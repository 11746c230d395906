/*
 * tests/vault/verify_test.c: a sound vault verifies, a damaged one is named
 * to the place, and every sealed record can be proved.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "vault/verify.h"

struct seen {
	unsigned n;
	struct verify_damage first;
	char all[4096];
};

static void
see(void *arg, const struct verify_damage *d)
{
	struct seen *s = arg;

	if (s->n++ == 0)
		s->first = *d;
	(void)strncat(s->all, d->text, sizeof s->all - strlen(s->all) - 2);
	(void)strncat(s->all, "\n", sizeof s->all - strlen(s->all) - 2);
}

/* A vault of n batches, each sealed, committed and trimmed; then one more
 * batch in the inbox. */
static void
fill(struct lab *l, unsigned n)
{
	struct vault_options o = { .agency = "main" };
	const struct segment_info *info;
	struct vault_report r;
	struct event ev[200];
	struct vault *v;
	struct fault why;
	bool repeated;

	assert_ok(vault_open(l->env, l->dir, &o, &v, NULL, &why), &why);
	for (unsigned i = 0; i <= n; i++) {
		env_fault_advance(l->env, WHEN_SECOND);
		for (unsigned k = 0; k < 200; k++)
			ev[k] = lab_event(l, i * 200 + k, LAB_NOW + i);
		assert_ok(vault_append(v, 0, 0, ev, 200, NULL, &repeated, &why),
		    &why);
		assert_ok(vault_sync(v, &why), &why);
		for (uint32_t s = 0; s < vault_streams(v) && i < n; s++) {
			struct hash name;

			if (vault_seal(v, s, &info, &why) != ERR_OK)
				continue;
			name = info->name;
			assert_ok(vault_sealed(v, &name, &why), &why);
			assert_ok(
			    vault_report(v, s,
				vault_stream_at(v, s)->reported_seq, &r, &why),
			    &why);
			vault_reported(v, s, r.to);
		}
		assert_ok(vault_trim(v, &why), &why);
	}
	vault_close(v);
}

static struct verify_count
verify(struct lab *l, struct verify_ask ask, struct seen *s)
{
	struct verify_count count;
	struct view *v;
	struct fault why;

	*s = (struct seen){ .n = 0 };
	assert_ok(view_open(l->env, l->dir, &v, &why), &why);
	assert_ok(verify_run(v, &ask, &count, see, s, &why), &why);
	assert_int_equal(count.damages, s->n);
	view_close(v);
	return count;
}

static void
a_sound_vault_verifies_all_at_once_or_in_parts(void **state)
{
	struct verify_ask ask = { .inbox = true };
	struct verify_count count;
	struct seen s;
	struct lab l;
	uint64_t segments;

	(void)state;
	lab_open(&l);
	fill(&l, 5);
	count = verify(&l, ask, &s);
	assert_int_equal(count.records, 1200);
	assert_int_equal(count.failed, 0);
	assert_int_equal(s.n, 0);
	assert_true(count.complete);
	segments = count.segments;
	assert_true(segments >= 15);

	ask.inbox = false; /* only what was sealed in the last two rounds */
	ask.since_us = LAB_NOW + 4 * WHEN_SECOND;
	count = verify(&l, ask, &s);
	assert_int_equal(count.records, 400);
	ask.agency = "other";
	count = verify(&l, ask, &s);
	assert_int_equal(count.segments, 0);
	lab_close(&l);
}

static void
a_flipped_byte_and_a_missing_file_are_named(void **state)
{
	struct verify_ask ask = { .inbox = true };
	struct verify_count count;
	struct seen s;
	struct lab l;
	struct fault why;
	struct buf b;
	char path[300], name[13];

	(void)state;
	lab_open(&l);
	buf_init(&b, 1 << 24);
	fill(&l, 3);
	assert_true(lab_first_file(&l, "segments", ".seg", path));
	memcpy(name, path + strlen("segments/ab/"), 12);
	name[12] = '\0';
	lab_file_read(&l, path, &b);
	b.at[b.len / 2] ^= 1;
	lab_file_write(&l, path, buf_view(&b));
	count = verify(&l, ask, &s);
	assert_int_equal(count.failed, 1);
	assert_non_null(strstr(s.first.text, name));
	assert_non_null(s.first.segment);
	assert_memory_equal(s.first.stream, "main.", 5);

	assert_ok(l.env->ops->unlink(l.env, l.dir, path, &why), &why);
	count = verify(&l, ask, &s);
	assert_int_equal(count.failed, 1);
	assert_int_equal(s.n, 1);
	assert_non_null(strstr(s.first.text, "is missing: records main."));
	assert_non_null(strstr(s.first.text, name));

	/* Without the catalogue the hole shows all the same, unless it is at
	 * an end of its stream. */
	assert_ok(l.env->ops->unlink(l.env, l.dir, "catalogue", &why), &why);
	count = verify(&l, ask, &s);
	assert_true(s.n <= 1);
	if (s.n == 1)
		assert_non_null(strstr(s.first.text, "are missing"));

	/* And a journal's damage. */
	assert_true(lab_first_file(&l, "inbox", ".journal", path));
	lab_file_read(&l, path, &b);
	b.at[b.len / 2] ^= 1;
	lab_file_write(&l, path, buf_view(&b));
	lab_file_write(&l, "inbox/99999999.journal", SPAN_EMPTY);
	count = verify(&l, ask, &s);
	assert_non_null(strstr(s.all, "inbox: journal "));
	buf_clear(&b);
	lab_close(&l);
}

/* Everything in a proof is checked here without the vault's help. */
static void
every_sealed_record_is_proved_up_to_its_segment(void **state)
{
	const struct view_stream *streams;
	struct arena *a = arena_new((size_t)256 << 20);
	struct view *v;
	struct lab l;
	struct fault why;
	unsigned proved = 0, waiting = 0;
	size_t n;

	(void)state;
	lab_open(&l);
	fill(&l, 2);
	assert_ok(view_open(l.env, l.dir, &v, &why), &why);
	assert_ok(view_streams(v, a, &streams, &n, &why), &why);
	for (size_t i = 0; i < n; i++) {
		for (uint64_t seq = 1; seq <= streams[i].last_seq; seq += 3) {
			struct record_name id = { .seq = seq };
			struct leaf_record leaf;
			struct leaf_block block;
			struct vault_proof p;
			struct hash h;
			enum err e;

			memcpy(id.stream, streams[i].name,
			    strlen(streams[i].name) + 1);
			e = vault_prove(v, &id, a, &p, &why);
			if (e == ERR_STATE) {
				waiting++;
				continue;
			}
			assert_ok(e, &why);
			assert_ok(leaf_record_read(p.leaf, &leaf, &why), &why);
			assert_int_equal(leaf.seq, seq);
			assert_true(span_equal(leaf.raw, p.event.raw));
			assert_ok(
			    leaf_block_read(p.block_leaf, &block, &why), &why);
			h = merkle_leaf_hash(p.leaf);
			assert_true(merkle_check_inclusion(&h, p.block_index,
			    p.block_size, p.block_path, p.n_block_path,
			    &block.root));
			h = merkle_leaf_hash(p.block_leaf);
			assert_true(merkle_check_inclusion(&h, p.segment_index,
			    p.segment_size, p.segment_path, p.n_segment_path,
			    &p.segment.root));
			assert_true(
			    hash_equal(&p.segment_root, &p.segment.root));
			assert_string_equal(p.segment.stream, id.stream);
			proved++;
		}
	}
	assert_true(proved > 100);
	assert_true(waiting > 30);
	view_close(v);
	arena_free(a);
	lab_close(&l);
}

/* Random bytes and seeds aside, what is hashed is fixed for ever. */
static void
the_chain_is_as_the_format_says(void **state)
{
	struct event ev = { .received_us = 0x0102030405060708 };
	struct hash h0 = { { 0 } }, d, want, got;
	struct fault why;
	uint8_t bytes[] = { 0x20, 0, 0, 0, 0, 0, 0, 0, 42, 1, 2, 3, 4, 5, 6, 7,
		8, 3, 'a', 'b', 'c', 0, 0, 0, 2, 'h', 'i' };

	(void)state;
	assert_ok(crypt_start(&why), &why);
	ev.sender = SPAN_LIT("abc");
	ev.raw = SPAN_LIT("hi");
	d = hash_of(span_of(bytes, sizeof bytes));
	want = hash_of_parts((const struct span[]){ span_of(h0.at, HASH_LEN),
				 span_of(d.at, HASH_LEN) },
	    2);
	got = chain_step(&h0, 42, &ev);
	assert_true(hash_equal(&want, &got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_sound_vault_verifies_all_at_once_or_in_parts),
		cmocka_unit_test(a_flipped_byte_and_a_missing_file_are_named),
		cmocka_unit_test(
		    every_sealed_record_is_proved_up_to_its_segment),
		cmocka_unit_test(the_chain_is_as_the_format_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
