/*
 * tests/vault/starve_test.c: each allocation of a day's work in the vault
 * fails once (n = 1, 2, 3 … until the work passes): nothing crashes, nothing
 * is acknowledged that is not there, no file is damaged.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "../starve.h"
#include "vault/vault_own.h"
#include "vault/verify.h"

#define BATCHES 4U
#define EACH 8U

static const struct vault_options options = { .agency = "main",
	.rotate = 2000 };

/* The same records in every round. */
static struct event ev[BATCHES][EACH];

static void
events_make(struct lab *l)
{
	for (unsigned b = 0; b < BATCHES; b++)
		for (unsigned i = 0; i < EACH; i++) {
			ev[b][i] = lab_event(l, i, LAB_NOW);
			ev[b][i].raw = span_text(
			    arena_printf(l->arena, "%u", b * EACH + i));
			ev[b][i].message = SPAN_EMPTY;
		}
}

/* Report, seal, commit, trim; what fails is left for the next time. */
static enum err
evening(struct vault *v, uint64_t *book_at, struct fault *why)
{
	const struct segment_info *info;
	struct vault_report r;
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < vault_streams(v) && e == ERR_OK; i++) {
		if ((e = vault_report(v, i, book_at[i], &r, why)) != ERR_OK)
			break;
		book_at[i] = r.to;
		vault_reported(v, i, r.to);
		if ((e = vault_seal(v, i, &info, why)) == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	while (e == ERR_OK && (e = vault_offer(v, &info, why)) == ERR_OK) {
		struct hash name = info->name;

		e = vault_sealed(v, &name, why);
	}
	return e == ERR_NOT_FOUND ? vault_trim(v, why) : e;
}

static void
damage_show(void *arg, const struct verify_damage *d)
{
	(void)arg;
	print_message("# damage: %s\n", d->text);
}

/* How often each record is there; every file is sound. */
static void
census(struct lab *l, unsigned *seen)
{
	struct arena *a = arena_new((size_t)16 << 20);
	struct verify_ask ask = { .inbox = true };
	const struct view_stream *s;
	struct verify_count count;
	struct fault why;
	struct view *v;
	size_t n;

	memset(seen, 0, BATCHES * EACH * sizeof *seen);
	assert_ok(view_open(l->env, l->dir, &v, &why), &why);
	assert_ok(verify_run(v, &ask, &count, damage_show, NULL, &why), &why);
	assert_int_equal(count.damages, 0);
	assert_ok(view_streams(v, a, &s, &n, &why), &why);
	for (size_t i = 0; i < n; i++)
		for (uint64_t seq = 1; seq <= s[i].last_seq; seq++) {
			struct record_name id = { .seq = seq };
			struct view_place place;
			struct event got;
			uint32_t source;
			uint64_t number;

			memcpy(id.stream, s[i].name, strlen(s[i].name) + 1);
			assert_ok(
			    view_record(v, &id, a, &got, &source, &place, &why),
			    &why);
			assert_true(
			    span_number(got.raw, BATCHES * EACH - 1, &number));
			seen[number]++;
		}
	view_close(v);
	arena_free(a);
}

/* One round; whether the nth allocation was reached. */
static bool
round_at(struct lab *l, uint64_t nth)
{
	unsigned seen[BATCHES * EACH];
	uint64_t book_at[64] = { 0 };
	bool acked[BATCHES] = { false }, repeated, struck;
	struct vault_found found;
	struct vault *v = NULL;
	struct fault why;
	enum err e;

	starve_at(nth);
	e = vault_open(l->env, l->dir, &options, &v, &found, &why);
	for (unsigned b = 0; b < BATCHES && v != NULL; b++) {
		e = vault_append(
		    v, 3, b + 1, ev[b], EACH, NULL, &repeated, &why);
		if (e == ERR_OK)
			e = vault_sync(v, &why);
		acked[b] = e == ERR_OK;
		if (b % 2 == 1)
			e = evening(v, book_at, &why);
	}
	vault_close(v);
	struck = starve_off();
	if (!struck)
		assert_int_equal(e, ERR_OK);
	census(l, seen);
	for (unsigned i = 0; i < BATCHES * EACH; i++) {
		if (acked[i / EACH])
			assert_int_equal(seen[i], 1);
		else
			assert_in_range(seen[i], 0, 1);
	}
	/* The work goes on: all is sent again, and is there once. */
	assert_ok(vault_open(l->env, l->dir, &options, &v, &found, &why), &why);
	assert_int_equal(found.n_losses, 0);
	for (unsigned b = 0; b < BATCHES; b++) {
		assert_ok(vault_append(
			      v, 3, b + 1, ev[b], EACH, NULL, &repeated, &why),
		    &why);
		assert_ok(vault_sync(v, &why), &why);
	}
	vault_close(v);
	census(l, seen);
	for (unsigned i = 0; i < BATCHES * EACH; i++)
		assert_int_equal(seen[i], 1);
	lab_empty(l);
	return struck;
}

static void
whatever_allocation_fails_no_acknowledged_record_is_lost(void **state)
{
	struct lab l;
	uint64_t nth = 0;

	(void)state;
	lab_open(&l);
	events_make(&l);
	while (round_at(&l, ++nth))
		;
	print_message("# %llu allocations failed, each once\n",
	    (unsigned long long)nth - 1);
	assert_true(nth > 100);
	lab_close(&l);
}

/* A reader that runs out of memory says so; the next try is right. */
static void
a_reader_without_memory_says_so(void **state)
{
	struct verify_ask ask = { .inbox = true };
	uint64_t book_at[64] = { 0 }, nth = 0;
	struct verify_count count;
	struct vault_found found;
	struct vault *v;
	struct fault why;
	struct lab l;
	bool repeated, struck;

	(void)state;
	lab_open(&l);
	events_make(&l);
	assert_ok(vault_open(l.env, l.dir, &options, &v, &found, &why), &why);
	for (unsigned b = 0; b < BATCHES; b++) {
		assert_ok(vault_append(
			      v, 3, b + 1, ev[b], EACH, NULL, &repeated, &why),
		    &why);
		assert_ok(vault_sync(v, &why), &why);
		if (b == 1)
			assert_ok(evening(v, book_at, &why), &why);
	}
	vault_close(v);
	do {
		struct view *w = NULL;
		enum err e;

		starve_at(++nth);
		e = view_open(l.env, l.dir, &w, &why);
		if (e == ERR_OK)
			e = verify_run(
			    w, &ask, &count, damage_show, NULL, &why);
		struck = starve_off();
		view_close(w);
		if (e == ERR_OK)
			assert_int_equal(count.records, BATCHES * EACH);
		if (!struck && e != ERR_OK)
			fail_msg("%s", why.text);
		/* want of memory is never called damage */
		assert_true(e == ERR_OK || e == ERR_MEMORY || e == ERR_LIMIT);
		if (e == ERR_OK)
			assert_int_equal(count.damages, 0);
	} while (struck);
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whatever_allocation_fails_no_acknowledged_record_is_lost),
		cmocka_unit_test(a_reader_without_memory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
