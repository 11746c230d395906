/*
 * tests/vault/inbox_test.c: what the inbox promises before anybody is told
 * "stored".
 */
#include "lab.h"

#include <stdio.h>

#include "vault/frame.h"
#include "vault/inbox.h"

/* Stages and syncs n records of a stream as one batch. */
static enum err
put(struct lab *l, struct inbox *x, const char *stream, uint64_t first,
    unsigned n, uint64_t batch, struct fault *why)
{
	struct inbox_batch b = { .epoch = 9, .number = batch };
	struct inbox_group g = { .n = n,
		.first_seq = first,
		.least_us = LAB_NOW,
		.greatest_us = LAB_NOW };
	struct buf rows, row;
	enum err e;

	buf_init(&rows, INBOX_STAGE_MAX);
	buf_init(&row, ROW_EVENT_MAX);
	assert_ok(inbox_stream(x, stream, &g.stream, why), why);
	for (unsigned i = 0; i < n; i++) {
		struct event ev = lab_event(l, first + i, LAB_NOW);
		struct row r = { .source = 1 };

		buf_reset(&row);
		event_encode(&row, &ev);
		r.event = buf_view(&row);
		row_put(&rows, &r);
	}
	e = inbox_stage(x, &g, buf_view(&rows), why);
	if (e == ERR_OK)
		e = inbox_stage_batch(x, &b, why);
	if (e == ERR_OK)
		e = inbox_sync(x, why);
	buf_clear(&rows);
	buf_clear(&row);
	return e;
}

static struct inbox *
reopen(struct lab *l, bool writer, uint64_t rotate, struct inbox_found *found)
{
	struct inbox_options o = { .rotate = rotate };
	struct inbox *x;
	struct fault why;

	assert_ok(
	    inbox_open(l->env, l->dir, writer, &o, &x, found, &why), &why);
	return x;
}

static uint64_t
records(struct inbox *x)
{
	const struct inbox_group *g;
	uint64_t sum = 0;
	size_t n;

	g = inbox_groups(x, &n);
	for (size_t i = 0; i < n; i++)
		sum += g[i].n;
	return sum;
}

static void
what_is_synced_is_there_again_with_its_batches(void **state)
{
	struct inbox_found found;
	struct inbox *x;
	struct lab l;
	struct fault why;
	struct span rows;
	size_t n;

	(void)state;
	lab_open(&l);
	x = reopen(&l, true, 3000, &found);
	for (unsigned i = 0; i < 20; i++)
		assert_ok(
		    put(&l, x, i % 2 ? "main.audit-60" : "main.general-60",
			1 + i / 2 * 5, 5, i, &why),
		    &why);
	inbox_close(x);

	x = reopen(&l, true, 3000, &found);
	assert_int_equal(found.records, 100);
	assert_int_equal(found.n_damages, 0);
	assert_true(found.journals > 2);
	assert_int_equal(records(x), 100);
	for (size_t i = 0; i < 20; i++)
		assert_ok(
		    inbox_read(x, &inbox_groups(x, &n)[i], &rows, &why), &why);
	assert_ok(put(&l, x, "main.audit-60", 51, 5, 77, &why), &why);
	assert_int_equal(records(x), 105);
	inbox_close(x);
	lab_close(&l);
}

/* A crash may cut the last frame anywhere: all before it stays. */
static void
a_tail_torn_at_any_byte_is_cut_off(void **state)
{
	struct inbox_found found;
	struct inbox *x;
	struct lab l;
	struct fault why;
	struct buf b;
	size_t whole;

	(void)state;
	lab_open(&l);
	buf_init(&b, (size_t)1 << 24);
	x = reopen(&l, true, 0, NULL);
	assert_ok(put(&l, x, "main.audit-60", 1, 3, 1, &why), &why);
	whole = (size_t)inbox_bytes(x);
	assert_ok(put(&l, x, "main.audit-60", 4, 1, 2, &why), &why);
	inbox_close(x);
	lab_file_read(&l, "00000001.journal", &b);
	assert_true(b.len > whole + FRAME_HEAD);
	for (size_t cut = whole; cut < b.len; cut++) {
		lab_file_write(
		    &l, "00000001.journal", span_slice(buf_view(&b), 0, cut));
		x = reopen(&l, true, 0, &found);
		assert_int_equal(found.records, 3);
		assert_int_equal(found.n_damages, 0);
		assert_int_equal(found.torn, cut - whole);
		assert_int_equal(inbox_bytes(x), whole);
		inbox_close(x);
	}
	/* And the inbox goes on from there. */
	x = reopen(&l, true, 0, &found);
	assert_ok(put(&l, x, "main.audit-60", 4, 1, 2, &why), &why);
	inbox_close(x);
	x = reopen(&l, true, 0, &found);
	assert_int_equal(found.records, 4);
	assert_int_equal(found.n_damages, 0);
	inbox_close(x);
	buf_clear(&b);
	lab_close(&l);
}

/* Any flipped byte is named, and every other frame is read all the same. */
static void
damage_in_the_middle_is_named_and_the_rest_is_read(void **state)
{
	struct inbox_found found;
	struct inbox *x;
	struct lab l;
	struct fault why;
	struct buf b;
	uint64_t frame_end[10];

	(void)state;
	lab_open(&l);
	buf_init(&b, (size_t)1 << 24);
	x = reopen(&l, true, 0, NULL);
	for (unsigned i = 0; i < 10; i++) {
		assert_ok(
		    put(&l, x, "main.audit-60", 1 + 4 * i, 4, i, &why), &why);
		frame_end[i] = inbox_bytes(x);
	}
	inbox_close(x);
	lab_file_read(&l, "00000001.journal", &b);
	for (size_t at = 0; at < b.len; at += 37) {
		bool last = at >= frame_end[8];

		b.at[at] ^= 0x10;
		lab_file_write(&l, "00000001.journal", buf_view(&b));
		x = reopen(&l, true, 0, &found);
		assert_int_equal(found.records, 36);
		assert_true(found.n_damages >= 1);
		assert_int_equal(found.damage[0].journal, 1);
		assert_true(found.damage[0].at <= at);
		assert_true(at < found.damage[0].at + found.damage[0].len);
		assert_int_equal(found.damage[0].doubtful, last);
		inbox_close(x);
		if (last) { /* it was kept aside, not thrown away */
			char name[64];
			struct buf kept;

			(void)snprintf(name, sizeof name, "00000001.%llu.aside",
			    (unsigned long long)frame_end[8]);
			buf_init(&kept, (size_t)1 << 24);
			lab_file_read(&l, name, &kept);
			assert_int_equal(kept.len, b.len - frame_end[8]);
			buf_clear(&kept);
		}
		b.at[at] ^= 0x10;
	}
	buf_clear(&b);
	lab_close(&l);
}

static void
a_missing_journal_is_damage(void **state)
{
	struct inbox_found found;
	struct inbox *x;
	struct lab l;
	struct fault why;

	(void)state;
	lab_open(&l);
	x = reopen(&l, true, 1, NULL);
	for (unsigned i = 0; i < 5; i++)
		assert_ok(put(&l, x, "main.audit-60", 1 + i, 1, i, &why), &why);
	inbox_close(x);
	assert_ok(
	    l.env->ops->unlink(l.env, l.dir, "00000003.journal", &why), &why);
	x = reopen(&l, true, 1, &found);
	assert_int_equal(found.records, 4);
	assert_int_equal(found.n_damages, 1);
	assert_int_equal(found.damage[0].journal, 4);
	assert_non_null(strstr(found.damage[0].text, "frames 3 to 3"));
	inbox_close(x);
	lab_close(&l);
}

static void
a_failed_sync_ends_the_inbox_for_ever(void **state)
{
	struct inbox *x;
	struct lab l;
	struct fault why;

	(void)state;
	lab_open(&l);
	x = reopen(&l, true, 0, NULL);
	assert_ok(put(&l, x, "main.audit-60", 1, 1, 1, &why), &why);
	env_fault_at(l.env, 1, ENV_OP_SYNC, ENV_FAIL_IO, false);
	assert_int_equal(put(&l, x, "main.audit-60", 2, 1, 2, &why), ERR_IO);
	assert_true(inbox_has_failed(x));
	env_fault_at(l.env, 0, 0, ENV_FAIL_IO, false);
	assert_int_equal(put(&l, x, "main.audit-60", 2, 1, 2, &why), ERR_IO);
	inbox_close(x);
	lab_close(&l);
}

static void
without_space_nothing_is_stored_and_later_it_goes_on(void **state)
{
	struct inbox_found found;
	struct inbox *x;
	struct lab l;
	struct fault why;

	(void)state;
	lab_open(&l);
	x = reopen(&l, true, 0, NULL);
	assert_ok(put(&l, x, "main.audit-60", 1, 1, 1, &why), &why);
	env_fault_at(l.env, 1, ENV_OP_WRITE, ENV_FAIL_FULL, false);
	assert_int_equal(put(&l, x, "main.audit-60", 2, 1, 2, &why), ERR_FULL);
	assert_false(inbox_has_failed(x));
	assert_int_equal(inbox_staged(x), 0);
	assert_ok(put(&l, x, "main.audit-60", 2, 1, 2, &why), &why);
	inbox_close(x);
	x = reopen(&l, true, 0, &found);
	assert_int_equal(found.records, 2);
	assert_int_equal(found.n_damages, 0);
	inbox_close(x);
	lab_close(&l);
}

static void
the_reserve_stays_free(void **state)
{
	struct inbox_options o = { .reserve = UINT64_MAX / 2 };
	struct inbox *x;
	struct lab l;
	struct fault why;

	(void)state;
	lab_open(&l);
	assert_ok(inbox_open(l.env, l.dir, true, &o, &x, NULL, &why), &why);
	assert_int_equal(put(&l, x, "main.audit-60", 1, 1, 1, &why), ERR_FULL);
	assert_non_null(strstr(why.text, "in reserve"));
	inbox_close(x);
	lab_close(&l);
}

static void
a_reader_follows_the_writer(void **state)
{
	struct inbox_found found = { .journals = 0 };
	struct inbox *x, *r;
	struct lab l;
	struct fault why;
	struct span rows;
	size_t n;

	(void)state;
	lab_open(&l);
	x = reopen(&l, true, 2000, NULL);
	r = reopen(&l, false, 0, NULL);
	for (unsigned i = 0; i < 12; i++) {
		assert_ok(
		    put(&l, x, "main.audit-60", 1 + 3 * i, 3, i, &why), &why);
		assert_ok(inbox_refresh(r, &found, &why), &why);
		assert_int_equal(records(r), 3 * (i + 1));
		assert_ok(
		    inbox_read(r, &inbox_groups(r, &n)[i], &rows, &why), &why);
	}
	assert_int_equal(found.n_damages, 0);
	inbox_close(x);
	inbox_close(r);
	lab_close(&l);
}

static bool
old_enough(void *arg, const struct inbox_group *g)
{
	const uint64_t *to = arg;

	return g->first_seq + g->n - 1 <= *to;
}

static void
only_journals_that_nobody_needs_are_removed(void **state)
{
	struct inbox_found found;
	struct inbox *x;
	struct lab l;
	struct fault why;
	uint64_t to = 5, last;
	struct hash h = { { 0 } };

	(void)state;
	lab_open(&l);
	x = reopen(&l, true, 1, NULL);
	for (unsigned i = 0; i < 5; i++)
		assert_ok(
		    put(&l, x, "main.audit-60", 1 + 2 * i, 2, i, &why), &why);
	assert_ok(inbox_trim(x, old_enough, NULL, &to, &last, &why), &why);
	assert_int_equal(last, 2);
	assert_int_equal(records(x), 6);
	to = 10; /* everything, the journal being written too */
	assert_ok(inbox_trim(x, old_enough, NULL, &to, &last, &why), &why);
	assert_int_equal(last, 5);
	assert_int_equal(inbox_bytes(x), 0);
	assert_ok(put(&l, x, "main.audit-60", 11, 2, 9, &why), &why);
	assert_int_equal(inbox_last_frame(x), 6);
	inbox_close(x);
	x = reopen(&l, true, 1, &found);
	inbox_expect(x, 5, 5, &h, &found);
	assert_int_equal(found.n_damages, 0);
	assert_int_equal(records(x), 2);
	inbox_close(x);
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_synced_is_there_again_with_its_batches),
		cmocka_unit_test(a_tail_torn_at_any_byte_is_cut_off),
		cmocka_unit_test(
		    damage_in_the_middle_is_named_and_the_rest_is_read),
		cmocka_unit_test(a_missing_journal_is_damage),
		cmocka_unit_test(a_failed_sync_ends_the_inbox_for_ever),
		cmocka_unit_test(
		    without_space_nothing_is_stored_and_later_it_goes_on),
		cmocka_unit_test(the_reserve_stays_free),
		cmocka_unit_test(a_reader_follows_the_writer),
		cmocka_unit_test(only_journals_that_nobody_needs_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
