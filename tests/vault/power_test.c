/*
 * tests/vault/power_test.c: the power goes after each of the operations of a
 * day's work, on a disk that loses everything not synced. What was
 * acknowledged is there, once; what book was told of, too.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "disk.h"
#include "vault/vault_own.h"
#include "vault/verify.h"

#define BATCHES 9U
#define EACH 10U

/* What is known outside the machine. */
struct outside {
	bool acked[BATCHES];
	bool committed_any;
	uint64_t book_at[16];
	char book_stream[16][STREAM_NAME_MAX];
	unsigned n_book;
};

static enum err
give(struct lab *l, struct vault *v, unsigned batch, bool *repeated,
    struct fault *why)
{
	struct event ev[EACH];
	enum err e;

	for (unsigned i = 0; i < EACH; i++) {
		ev[i] = lab_event(l, i, LAB_NOW);
		ev[i].raw = span_text(
		    arena_printf(l->arena, "%u", batch * EACH + i));
		ev[i].message = SPAN_EMPTY;
	}
	e = vault_append(v, 3, batch + 1, ev, EACH, NULL, repeated, why);
	return e == ERR_OK ? vault_sync(v, why) : e;
}

/* Book's position of a stream, kept outside. */
static uint64_t *
book_at(struct outside *o, const char *stream)
{
	for (unsigned i = 0; i < o->n_book; i++)
		if (strcmp(o->book_stream[i], stream) == 0)
			return &o->book_at[i];
	(void)snprintf(
	    o->book_stream[o->n_book], STREAM_NAME_MAX, "%s", stream);
	return &o->book_at[o->n_book++];
}

/* Report, seal, commit, trim. */
static enum err
evening(struct vault *v, struct outside *o, struct fault *why)
{
	const struct segment_info *info;
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < vault_streams(v) && e == ERR_OK; i++) {
		uint64_t *at = book_at(o, vault_stream_at(v, i)->name);
		struct vault_report r;

		if ((e = vault_report(v, i, *at, &r, why)) != ERR_OK)
			break;
		*at = r.to;
		vault_reported(v, i, r.to);
		e = vault_seal(v, i, &info, why);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	while (e == ERR_OK && (e = vault_offer(v, &info, why)) == ERR_OK) {
		struct hash name = info->name;

		e = vault_sealed(v, &name, why);
	}
	return e == ERR_NOT_FOUND ? vault_trim(v, why) : e;
}

/* How often each record is held: segments, and inbox rows beside them. */
static void
census(struct env *env, unsigned *seen)
{
	struct view *v;
	struct fault why;
	struct arena *a = arena_new((size_t)16 << 20);
	const struct view_stream *s;
	struct verify_ask ask = { .inbox = true };
	struct verify_count count;
	size_t n;

	memset(seen, 0, BATCHES * EACH * sizeof *seen);
	assert_ok(view_open(env, 0, &v, &why), &why);
	assert_ok(verify_run(v, &ask, &count, NULL, NULL, &why), &why);
	assert_int_equal(count.damages, 0);
	assert_ok(view_streams(v, a, &s, &n, &why), &why);
	for (size_t i = 0; i < n; i++) {
		for (uint64_t seq = 1; seq <= s[i].last_seq; seq++) {
			struct record_name id = { .seq = seq };
			struct view_place place;
			struct event ev;
			uint32_t source;
			uint64_t number;

			memcpy(id.stream, s[i].name, strlen(s[i].name) + 1);
			assert_ok(
			    view_record(v, &id, a, &ev, &source, &place, &why),
			    &why);
			assert_true(
			    span_number(ev.raw, BATCHES * EACH - 1, &number));
			seen[number]++;
		}
	}
	view_close(v);
	arena_free(a);
}

/* One run that ends after n operations. Returns whether it was cut. */
static bool
run(struct lab *l, uint64_t n, bool some, uint64_t seed)
{
	static const struct vault_options o = { .agency = "main",
		.rotate = 2000 };
	struct disk *d = disk_new(seed);
	struct outside out = { .n_book = 0 };
	struct vault_found found;
	unsigned seen[BATCHES * EACH];
	struct vault *v = NULL;
	struct fault why;
	bool repeated, dark;
	enum err e;

	arena_reset(l->arena);
	disk_power(d, n);
	e = vault_open(disk_env(d), 0, &o, &v, &found, &why);
	for (unsigned i = 0; i < BATCHES && e == ERR_OK; i++) {
		if ((e = give(l, v, i, &repeated, &why)) == ERR_OK)
			out.acked[i] = true;
		if (e == ERR_OK && i % 3 == 2)
			e = evening(v, &out, &why);
	}
	dark = disk_is_dark(d);
	if (e != ERR_OK && !dark)
		fail_msg("%llu: %s", (unsigned long long)n, why.text);
	vault_close(v);
	disk_restart(d, some);

	assert_ok(vault_open(disk_env(d), 0, &o, &v, &found, &why), &why);
	if (found.n_losses > 0 || found.inbox.n_damages > 0)
		fail_msg("%llu: %s%s", (unsigned long long)n, found.loss[0],
		    found.inbox.damage[0].text);
	census(disk_env(d), seen);
	for (unsigned i = 0; i < BATCHES * EACH; i++) {
		if (out.acked[i / EACH])
			assert_int_equal(seen[i], 1);
		else
			assert_in_range(seen[i], 0, 1);
	}
	/* Book never knows more than the vault has. */
	for (uint32_t i = 0; i < vault_streams(v); i++)
		assert_true(*book_at(&out, vault_stream_at(v, i)->name) <=
		    vault_stream_at(v, i)->last_seq);
	/* Everything is sent again, and the work goes on. */
	for (unsigned i = 0; i < BATCHES; i++)
		assert_ok(give(l, v, i, &repeated, &why), &why);
	assert_ok(evening(v, &out, &why), &why);
	census(disk_env(d), seen);
	for (unsigned i = 0; i < BATCHES * EACH; i++)
		assert_int_equal(seen[i], 1);
	vault_close(v);
	disk_free(d);
	return dark;
}

static void
unsynced_bytes_and_names_are_lost_and_nothing_acknowledged_is(void **state)
{
	struct lab l;
	uint64_t n = 0;

	(void)state;
	lab_open(&l);
	while (run(&l, n, false, 1))
		n++;
	assert_true(n > 300);
	lab_close(&l);
}

static void
nor_is_it_when_some_of_them_last(void **state)
{
	struct lab l;
	uint64_t n;

	(void)state;
	lab_open(&l);
	for (uint64_t seed = 1; seed <= 3; seed++) {
		n = seed % 2;
		while (run(&l, n, true, seed))
			n += 2;
		assert_true(n > 300);
	}
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    unsynced_bytes_and_names_are_lost_and_nothing_acknowledged_is),
		cmocka_unit_test(nor_is_it_when_some_of_them_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
