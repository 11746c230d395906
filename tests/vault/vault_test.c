/*
 * tests/vault/vault_test.c: an acknowledged record is never lost, stored
 * twice, or deleted early.
 */
#include "lab.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "vault/vault_own.h"

static struct vault *
open_with(
    struct lab *l, const struct vault_options *o, struct vault_found *found)
{
	struct vault *v;
	struct fault why;

	assert_ok(vault_open(l->env, l->dir, o, &v, found, &why), &why);
	return v;
}

/* Appends n records as one batch and syncs. */
static enum err
give(struct lab *l, struct vault *v, uint64_t epoch, uint64_t number,
    uint64_t from, unsigned n, bool *repeated, struct fault *why)
{
	struct event ev[64];
	enum err e;

	assert_true(n <= 64);
	for (unsigned i = 0; i < n; i++)
		ev[i] = lab_event(l, from + i, l->env->ops->now_us(l->env) + i);
	e = vault_append(v, epoch, number, ev, n, NULL, repeated, why);
	return e == ERR_OK ? vault_sync(v, why) : e;
}

/* Everything book is told, as book would store it. */
struct book {
	uint64_t at[64]; /* position of each stream */
	uint64_t records;
};

static void
tell_book(struct vault *v, struct book *b)
{
	struct vault_report r;
	struct fault why;

	for (uint32_t i = 0; i < vault_streams(v); i++) {
		assert_ok(vault_report(v, i, b->at[i], &r, &why), &why);
		assert_int_equal(r.from, b->at[i]);
		for (size_t k = 0; k < r.n_rows; k++)
			b->records += r.row[k].n;
		b->at[i] = r.to;
		vault_reported(v, i, r.to);
	}
}

static void
seal_all(struct vault *v)
{
	const struct segment_info *info;
	struct fault why;
	enum err e;

	for (uint32_t i = 0; i < vault_streams(v); i++)
		while ((e = vault_seal(v, i, &info, &why)) == ERR_OK)
			;
	while (vault_offer(v, &info, &why) == ERR_OK) {
		struct hash name = info->name;

		assert_ok(vault_sealed(v, &name, &why), &why);
	}
}

static uint64_t
all_records(struct vault *v)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < vault_streams(v); i++)
		n += vault_stream_at(v, i)->last_seq;
	return n;
}

static void
records_live_on_from_inbox_to_segments(void **state)
{
	struct vault_options o = { .agency = "main", .rotate = 20000 };
	struct vault_found found;
	struct book book = { .records = 0 };
	struct vault_stat stat;
	struct vault_stream before[16];
	struct vault *v;
	struct lab l;
	struct fault why;
	bool repeated;
	uint32_t n;
	char path[300];

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, &found);
	for (unsigned i = 0; i < 20; i++)
		assert_ok(
		    give(&l, v, 1, 1 + i, i * 50, 50, &repeated, &why), &why);
	assert_int_equal(all_records(v), 1000);
	n = vault_streams(v);
	assert_true(n >= 4 && n <= 16);
	for (uint32_t i = 0; i < n; i++)
		before[i] = *vault_stream_at(v, i);
	vault_close(v);

	v = open_with(&l, &o, &found);
	assert_int_equal(found.inbox.records, 1000);
	assert_int_equal(found.n_losses, 0);
	assert_int_equal(vault_streams(v), n);
	for (uint32_t i = 0; i < n; i++) {
		const struct vault_stream *s = vault_stream_at(v, i);

		assert_int_equal(s->last_seq, before[i].last_seq);
		assert_true(hash_equal(&s->chain, &before[i].chain));
	}
	tell_book(v, &book);
	assert_int_equal(book.records, 1000);
	seal_all(v);
	assert_ok(vault_trim(v, &why), &why);
	vault_stat(v, &stat);
	assert_int_equal(stat.inbox_records, 0);
	assert_false(lab_first_file(&l, "inbox", ".journal", path));
	vault_close(v);

	/* Nothing but segments and the catalogue is left: numbers go on. */
	v = open_with(&l, &o, &found);
	assert_int_equal(found.offered, 0);
	assert_int_equal(found.n_losses, 0);
	for (uint32_t i = 0; i < n; i++) {
		const struct vault_stream *s = vault_stream_at(v, i);
		uint32_t k = 0;

		while (strcmp(before[k].name, s->name) != 0)
			k++;
		assert_int_equal(s->last_seq, before[k].last_seq);
		assert_int_equal(s->committed_seq, before[k].last_seq);
		assert_true(hash_equal(&s->chain, &before[k].chain));
	}
	assert_int_equal(sources_count(vault_sources(v)), 3);
	assert_int_equal(sources_at(vault_sources(v), 1)->records +
		sources_at(vault_sources(v), 2)->records +
		sources_at(vault_sources(v), 3)->records,
	    1000);
	/* The batches are known still. */
	assert_ok(give(&l, v, 1, 20, 0, 1, &repeated, &why), &why);
	assert_true(repeated);
	assert_ok(give(&l, v, 1, 21, 0, 1, &repeated, &why), &why);
	assert_false(repeated);
	assert_int_equal(all_records(v), 1001);
	vault_close(v);
	lab_close(&l);
}

static void
a_lost_catalogue_is_rebuilt_from_segments(void **state)
{
	struct vault_options o = { .agency = "main" };
	struct vault_found found;
	struct book book = { .records = 0 };
	struct vault *v;
	struct lab l;
	struct fault why;
	bool repeated;
	struct hash chain;
	struct buf b;

	(void)state;
	lab_open(&l);
	buf_init(&b, 1 << 24);
	v = open_with(&l, &o, NULL);
	for (unsigned i = 0; i < 5; i++)
		assert_ok(give(&l, v, 0, 0, i * 50, 50, &repeated, &why), &why);
	tell_book(v, &book);
	seal_all(v);
	assert_ok(vault_trim(v, &why), &why);
	chain = vault_stream_at(v, 0)->chain;
	vault_close(v);

	lab_file_read(&l, "catalogue", &b);
	for (unsigned round = 0; round < 2; round++) {
		if (round == 0) {
			b.at[200] ^= 4;
			lab_file_write(&l, "catalogue", buf_view(&b));
		} else {
			assert_ok(
			    l.env->ops->unlink(l.env, l.dir, "catalogue", &why),
			    &why);
		}
		v = open_with(&l, &o, &found);
		assert_true(found.catalogue_rebuilt);
		assert_int_equal(found.n_losses, 0);
		assert_int_equal(all_records(v), 250);
		assert_int_equal(sources_count(vault_sources(v)), 3);
		assert_true(hash_equal(&vault_stream_at(v, 0)->chain, &chain) ||
		    vault_streams(v) > 1);
		seal_all(v); /* offered again; book knows them */
		vault_close(v);
		v = open_with(&l, &o, &found);
		assert_false(found.catalogue_rebuilt);
		assert_int_equal(found.offered, 0);
		vault_close(v);
	}
	buf_clear(&b);
	lab_close(&l);
}

/* --- every call of a day's work fails once ------------------------------ */

#define WORK_BATCHES 8U

/* Counts each record's raw text in inbox and segments together. */
struct census {
	uint64_t seen[WORK_BATCHES * 20 + 60];
};

static enum err
census_row(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct census *c = arg;
	uint64_t n;

	(void)stream;
	(void)r;
	(void)why;
	assert_true(span_number(ev->raw, WORK_BATCHES * 20 + 59, &n));
	c->seen[n]++;
	return ERR_OK;
}

/* Takes the census of what the vault holds: segments, and inbox rows that no
 * segment holds. */
static void
census_take(struct vault *v, struct census *c)
{
	const struct shelf_item *it;
	const struct inbox_group *g;
	struct fault why;
	size_t n;

	*c = (struct census){ { 0 } };
	it = shelf_items(v->shelf, &n);
	for (size_t i = 0; i < n; i++) {
		struct segment *s;

		assert_ok(shelf_segment(v->shelf, &it[i].name, &s, &why), &why);
		for (uint32_t k = 0; k < segment_about(s)->blocks; k++)
			assert_ok(
			    segment_rows(s, k, census_row, c, NULL, NULL, &why),
			    &why);
		segment_close(s);
	}
	g = inbox_groups(v->inbox, &n);
	for (size_t i = 0; i < n; i++) {
		const char *stream = inbox_stream_name(v->inbox, g[i].stream);
		struct span rows;
		struct cursor at;
		struct event ev;
		struct row r;

		assert_ok(inbox_read(v->inbox, &g[i], &rows, &why), &why);
		at = cursor_of(rows);
		for (uint32_t k = 0; k < g[i].n; k++) {
			assert_true(row_get(&at, g[i].first_seq + k, &r));
			if (shelf_holding(v->shelf, stream, r.seq) != NULL)
				continue;
			assert_ok(event_decode(r.event, &ev, &why), &why);
			(void)!census_row(c, stream, &r, &ev, &why);
		}
	}
}

/* As lab_event, but the raw text is the number alone. */
static enum err
give_numbered(struct lab *l, struct vault *v, uint64_t number, bool *repeated,
    struct fault *why)
{
	struct event ev[10];
	enum err e;

	for (unsigned i = 0; i < 10; i++) {
		ev[i] = lab_event(l, i, LAB_NOW);
		ev[i].raw = span_text(arena_printf(
		    l->arena, "%llu", (unsigned long long)(number * 20 + i)));
		ev[i].message = SPAN_EMPTY;
	}
	e = vault_append(v, 5, number, ev, 10, NULL, repeated, why);
	return e == ERR_OK ? vault_sync(v, why) : e;
}

/* One round: the nth call fails; then the vault is opened again, and all is
 * there that was acknowledged. Returns whether the failure struck. */
static bool
cut_at(struct lab *l, uint64_t nth, enum env_failure how, bool stays)
{
	static const struct vault_options o = { .agency = "main",
		.rotate = 3000 };
	struct vault_found found;
	struct census census;
	struct vault *v = NULL;
	struct fault why;
	uint64_t acked[WORK_BATCHES], n_acked = 0, number;
	struct book book = { .records = 0 };
	bool struck, repeated;
	enum err e;

	l->seed = 1;
	env_fault_at(l->env, nth, ENV_OPS_ALL, how, stays);
	e = vault_open(l->env, l->dir, &o, &v, &found, &why);
	for (number = 0; number < WORK_BATCHES && e == ERR_OK; number++) {
		const struct segment_info *info;

		e = give_numbered(l, v, number + 1, &repeated, &why);
		if (e != ERR_OK)
			break;
		acked[n_acked++] = number + 1;
		if (number % 3 != 2)
			continue;
		for (uint32_t i = 0; i < vault_streams(v) && e == ERR_OK; i++) {
			struct vault_report r;

			e = vault_report(v, i, book.at[i], &r, &why);
			if (e != ERR_OK)
				break;
			for (size_t k = 0; k < r.n_rows; k++)
				book.records += r.row[k].n;
			book.at[i] = r.to;
			vault_reported(v, i, r.to);
		}
		for (uint32_t i = 0; i < vault_streams(v) && e == ERR_OK; i++) {
			e = vault_seal(v, i, &info, &why);
			if (e == ERR_NOT_FOUND)
				e = ERR_OK;
		}
		while (e == ERR_OK &&
		    (e = vault_offer(v, &info, &why)) == ERR_OK) {
			struct hash name = info->name;

			e = vault_sealed(v, &name, &why);
		}
		if (e == ERR_NOT_FOUND)
			e = vault_trim(v, &why);
	}
	struck = env_fault_struck(l->env);
	env_fault_at(l->env, 0, 0, ENV_FAIL_IO, false);
	vault_close(v);

	assert_ok(vault_open(l->env, l->dir, &o, &v, &found, &why), &why);
	assert_int_equal(found.n_losses, 0);
	assert_int_equal(found.inbox.n_damages, 0);
	assert_false(found.catalogue_rebuilt);
	census_take(v, &census);
	for (uint64_t i = 0; i < n_acked; i++)
		for (unsigned k = 0; k < 10; k++)
			assert_int_equal(census.seen[acked[i] * 20 + k], 1);
	/* The sender sends everything again: nothing is stored twice. */
	for (number = 1; number <= WORK_BATCHES; number++)
		assert_ok(give_numbered(l, v, number, &repeated, &why), &why);
	census_take(v, &census);
	for (number = 1; number <= WORK_BATCHES; number++)
		for (unsigned k = 0; k < 10; k++)
			assert_int_equal(census.seen[number * 20 + k], 1);
	vault_close(v);
	lab_empty(l);
	return struck;
}

static void
whatever_call_fails_no_acknowledged_record_is_lost(void **state)
{
	struct lab l;
	uint64_t nth = 0;

	(void)state;
	lab_open(&l);
	while (cut_at(&l, ++nth, ENV_FAIL_IO, false))
		;
	assert_true(nth > 300);
	lab_close(&l);
}

/* From the nth call on nothing works any more: as a power cut. */
static void
wherever_the_power_goes_no_acknowledged_record_is_lost(void **state)
{
	struct lab l;
	uint64_t nth = 0;

	(void)state;
	lab_open(&l);
	while (cut_at(&l, ++nth, ENV_FAIL_TORN, true))
		;
	assert_true(nth > 300);
	lab_close(&l);
}

static void
without_space_nothing_is_acknowledged_and_later_it_goes_on(void **state)
{
	struct vault_options o = { .agency = "main" };
	struct vault *v;
	struct lab l;
	struct fault why;
	bool repeated;

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, NULL);
	assert_ok(give(&l, v, 3, 1, 0, 10, &repeated, &why), &why);
	env_fault_at(l.env, 1, ENV_OP_WRITE, ENV_FAIL_FULL, false);
	assert_int_equal(give(&l, v, 3, 2, 10, 10, &repeated, &why), ERR_FULL);
	assert_int_equal(all_records(v), 10);
	assert_ok(give(&l, v, 3, 3, 20, 10, &repeated, &why), &why);
	/* Batch 2 was not stored: it is no repeat, though 3 came after it. */
	assert_ok(give(&l, v, 3, 2, 10, 10, &repeated, &why), &why);
	assert_false(repeated);
	assert_ok(give(&l, v, 3, 3, 20, 10, &repeated, &why), &why);
	assert_true(repeated);
	assert_int_equal(all_records(v), 30);
	vault_close(v);
	lab_close(&l);
}

/* --- periods ------------------------------------------------------------ */

static unsigned
hold_70(void *arg, const struct segment_info *info)
{
	(void)arg;
	(void)info;
	return 70;
}

static void
nothing_is_deleted_a_microsecond_early(void **state)
{
	struct vault_options o = { .agency = "main",
		.jump_us = 200 * WHEN_DAY };
	const struct segment_info *info;
	struct event ev[2];
	struct vault *v;
	struct lab l;
	struct fault why;
	struct hash name;
	bool repeated;
	int64_t last = LAB_NOW + 5, end = last + 60 * WHEN_DAY;

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, NULL);
	ev[0] = lab_auth(
	    &l, CAT_SIGN_IN, "web01", "alice", "10.0.0.1", LAB_NOW);
	ev[1] = lab_auth(&l, CAT_SIGN_IN, "web01", "bob", "10.0.0.2", last);
	assert_ok(vault_append(v, 0, 0, ev, 2, NULL, &repeated, &why), &why);
	assert_ok(vault_sync(v, &why), &why);
	assert_ok(vault_seal(v, 0, &info, &why), &why);
	name = info->name;

	env_fault_freeze(l.env, end + WHEN_DAY);
	assert_int_equal(vault_delete(v, &name, end, NULL, NULL, &why),
	    ERR_DENIED); /* not committed */
	assert_ok(vault_sealed(v, &name, &why), &why);

	/* The caller's time, the clock, and the records' own time all count. */
	assert_int_equal(
	    vault_delete(v, &name, end - 1, NULL, NULL, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "kept until"));
	env_fault_freeze(l.env, end - 1);
	assert_int_equal(
	    vault_delete(v, &name, end, NULL, NULL, &why), ERR_DENIED);
	assert_int_equal(
	    vault_expired(v, end, NULL, NULL, &info, &why), ERR_NOT_FOUND);
	env_fault_freeze(l.env, end);
	assert_ok(vault_expired(v, end, NULL, NULL, &info, &why), &why);
	assert_int_equal(
	    vault_expired(v, end, hold_70, NULL, &info, &why), ERR_NOT_FOUND);
	assert_int_equal(
	    vault_delete(v, &name, end, hold_70, NULL, &why), ERR_DENIED);
	assert_ok(vault_delete(v, &name, end, NULL, NULL, &why), &why);
	assert_int_equal(
	    vault_delete(v, &name, end, NULL, NULL, &why), ERR_NOT_FOUND);
	vault_close(v);

	/* What is gone is gone, and its numbers are not given again. */
	v = open_with(&l, &o, NULL);
	ev[0].received_us = end;
	assert_ok(vault_append(v, 0, 0, ev, 1, NULL, &repeated, &why), &why);
	assert_ok(vault_sync(v, &why), &why);
	assert_int_equal(vault_stream_at(v, 0)->last_seq, 3);
	vault_close(v);
	lab_close(&l);
}

static void
a_clock_that_jumps_deletes_nothing(void **state)
{
	struct vault_options o = { .agency = "main" };
	const struct segment_info *info;
	struct event ev;
	struct vault *v;
	struct lab l;
	struct fault why;
	struct hash name;
	bool repeated;

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, NULL);
	ev = lab_auth(&l, CAT_SIGN_IN, "web01", "alice", "10.0.0.1", LAB_NOW);
	assert_ok(vault_append(v, 0, 0, &ev, 1, NULL, &repeated, &why), &why);
	assert_ok(vault_sync(v, &why), &why);
	assert_ok(vault_seal(v, 0, &info, &why), &why);
	name = info->name;
	assert_ok(vault_sealed(v, &name, &why), &why);
	env_fault_advance(l.env, 61 * WHEN_DAY);
	assert_int_equal(
	    vault_delete(v, &name, LAB_NOW + 90 * WHEN_DAY, NULL, NULL, &why),
	    ERR_DENIED);
	vault_close(v);
	v = open_with(&l, &o, NULL); /* it is remembered */
	assert_int_equal(
	    vault_delete(v, &name, LAB_NOW + 90 * WHEN_DAY, NULL, NULL, &why),
	    ERR_DENIED);
	env_fault_advance(l.env, -61 * WHEN_DAY);
	for (unsigned h = 0; h <= 60 * 24; h++) { /* hour by hour it passes */
		uint32_t stream;

		(void)vault_due(v, LAB_NOW, &stream);
		env_fault_advance(l.env, WHEN_HOUR);
	}
	assert_ok(
	    vault_delete(v, &name, LAB_NOW + 90 * WHEN_DAY, NULL, NULL, &why),
	    &why);
	vault_close(v);
	lab_close(&l);
}

/* --- streams and reports -------------------------------------------------- */

static void
home_of(
    void *arg, struct span sender, struct span host, struct source_home *home)
{
	const unsigned *keep = arg;

	(void)sender;
	if (span_is(host, "db01")) {
		home->agency = "tax.bureau-1";
		home->log_source = "ls-db";
		home->keep_days = *keep;
	}
}

static void
a_source_goes_to_its_agency_and_the_longer_period(void **state)
{
	unsigned keep = 30;
	struct vault_options o = {
		.agency = "main", .home = home_of, .home_arg = &keep
	};
	struct event ev[2];
	struct vault_id id[2];
	struct vault *v;
	struct lab l;
	struct fault why;
	bool repeated;

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, NULL);
	ev[0] = lab_auth(&l, CAT_SIGN_IN, "web01", "a", "", LAB_NOW);
	ev[1] = lab_auth(&l, CAT_SIGN_IN, "db01", "b", "", LAB_NOW);
	assert_ok(vault_append(v, 0, 0, ev, 2, id, &repeated, &why), &why);
	assert_string_equal(
	    vault_stream_at(v, id[0].stream)->name, "main.audit-60");
	assert_string_equal(vault_stream_at(v, id[1].stream)->name,
	    "tax.bureau-1.audit-60"); /* 30 is less than the class's 60 */
	keep = 365;
	vault_home_changed(v);
	assert_ok(vault_append(v, 0, 0, ev, 2, id, &repeated, &why), &why);
	assert_string_equal(
	    vault_stream_at(v, id[1].stream)->name, "tax.bureau-1.audit-365");
	assert_int_equal(id[1].seq, 1);
	assert_int_equal(id[0].seq, 2);
	assert_ok(vault_sync(v, &why), &why);
	assert_string_equal(
	    sources_at(vault_sources(v), id[1].source)->log_source, "ls-db");
	vault_close(v);
	lab_close(&l);
}

static void
book_is_told_of_each_record_once(void **state)
{
	struct vault_options o = { .agency = "main" };
	struct book book = { .records = 0 };
	struct vault_report r;
	struct vault *v;
	struct lab l;
	struct fault why;
	bool repeated;
	uint64_t n = 0;

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, NULL);
	assert_ok(give(&l, v, 0, 0, 0, 50, &repeated, &why), &why);
	/* A report that did not arrive is given again, with what came since. */
	for (uint32_t i = 0; i < vault_streams(v); i++)
		assert_ok(vault_report(v, i, 0, &r, &why), &why);
	assert_ok(give(&l, v, 0, 0, 50, 50, &repeated, &why), &why);
	tell_book(v, &book);
	assert_int_equal(book.records, 100);
	/* Nothing new: nothing is told. */
	tell_book(v, &book);
	assert_int_equal(book.records, 100);
	/* Told, but the answer was lost: book's position decides. */
	assert_ok(give(&l, v, 0, 0, 100, 20, &repeated, &why), &why);
	for (uint32_t i = 0; i < vault_streams(v); i++) {
		assert_ok(vault_report(v, i, book.at[i], &r, &why), &why);
		for (size_t k = 0; k < r.n_rows; k++)
			book.records += r.row[k].n;
		book.at[i] = r.to; /* stored; keeper does not know */
	}
	assert_ok(give(&l, v, 0, 0, 120, 20, &repeated, &why), &why);
	tell_book(v, &book);
	assert_int_equal(book.records, 140);
	/* After a restart, and from any position. */
	seal_all(v);
	assert_ok(vault_trim(v, &why), &why);
	assert_ok(give(&l, v, 0, 0, 140, 20, &repeated, &why), &why);
	vault_close(v);
	v = open_with(&l, &o, NULL);
	assert_int_equal(all_records(v), 160);
	for (uint32_t i = 0; i < vault_streams(v); i++) {
		assert_ok(vault_report(v, i, 0, &r, &why), &why);
		for (size_t k = 0; k < r.n_rows; k++)
			n += r.row[k].n;
		assert_int_equal(
		    vault_report(v, i, r.to + 1, &r, &why), ERR_RANGE);
	}
	assert_int_equal(n, 160);
	vault_close(v);
	lab_close(&l);
}

/* Detections in a report, as "source.n count" lines. */
static void
detections(struct vault *v, const uint64_t *at, struct buf *b)
{
	struct vault_report r;
	struct fault why;

	for (uint32_t i = 0; i < vault_streams(v); i++) {
		assert_ok(vault_report(v, i, at[i], &r, &why), &why);
		for (size_t k = 0; k < r.n_detections; k++) {
			const struct detection *d = &r.detection[k];

			buf_printf(b, "%u.%llu %s %s %llu;", d->source,
			    (unsigned long long)d->n, d->rule, d->subject,
			    (unsigned long long)d->count);
		}
	}
}

/* Detections are the same after a restart, trimmed journals or not. */
static void
detections_survive_a_restart_number_for_number(void **state)
{
	struct sigma *rules = rules_shipped();
	struct vault_options o = {
		.agency = "main", .rotate = 1000, .rules = rules
	};
	struct book book = { .records = 0 };
	uint64_t none[64] = { 0 };
	struct vault *v;
	struct lab l;
	struct fault why;
	struct buf b;
	bool repeated;

	(void)state;
	lab_open(&l);
	buf_init(&b, 1 << 16);
	v = open_with(&l, &o, NULL);
	for (unsigned i = 0; i < 12; i++) {
		struct event ev = lab_auth(&l, CAT_SIGN_IN_FAILED, "web01",
		    i % 2 ? "alice" : "bob", "10.0.0.1",
		    LAB_NOW + i * WHEN_MINUTE);

		if (i == 4) { /* some failures are in segments by now */
			tell_book(v, &book);
			seal_all(v);
			assert_ok(vault_trim(v, &why), &why);
		}
		if (i == 7 || i == 9) {
			vault_close(v);
			v = open_with(&l, &o, NULL);
		}
		assert_ok(
		    vault_append(v, 0, 0, &ev, 1, NULL, &repeated, &why), &why);
		assert_ok(vault_sync(v, &why), &why);
	}
	detections(v, book.at, &b);
	assert_string_equal(
	    buf_string(&b), "1.1 brute-force bob 5;1.2 brute-force alice 5;");
	buf_reset(&b);
	detections(v, none, &b);
	assert_string_equal(
	    buf_string(&b), "1.1 brute-force bob 5;1.2 brute-force alice 5;");
	vault_close(v);
	sigma_free(rules);
	buf_clear(&b);
	lab_close(&l);
}

static void
damage_in_the_inbox_is_sealed_around(void **state)
{
	struct vault_options o = { .agency = "main", .rotate = 1 };
	const struct segment_info *info;
	struct vault_found found;
	struct event ev;
	struct vault *v;
	struct lab l;
	struct fault why;
	struct buf b;
	struct hash before;
	bool repeated;
	char path[300];

	(void)state;
	lab_open(&l);
	buf_init(&b, 1 << 20);
	v = open_with(&l, &o, NULL);
	for (unsigned i = 0; i < 5; i++) {
		ev = lab_auth(
		    &l, CAT_SIGN_IN, "web01", "a", "10.0.0.1", LAB_NOW + i);
		assert_ok(
		    vault_append(v, 0, 0, &ev, 1, NULL, &repeated, &why), &why);
		assert_ok(vault_sync(v, &why), &why);
	}
	before = vault_stream_at(v, 0)->chain;
	vault_close(v);
	lab_file_read(&l, "inbox/00000003.journal", &b);
	b.at[b.len - 5] ^= 1;
	lab_file_write(&l, "inbox/00000003.journal", buf_view(&b));

	v = open_with(&l, &o, &found);
	assert_int_equal(found.inbox.n_damages, 1);
	assert_int_equal(found.n_losses, 1);
	assert_string_equal(found.loss[0],
	    "records main.audit-60.3 to .3 are in no journal and no segment");
	assert_true(hash_equal(&vault_stream_at(v, 0)->chain, &before));
	assert_ok(vault_seal(v, 0, &info, &why), &why);
	assert_int_equal(info->first_seq, 1);
	assert_int_equal(info->n, 2);
	assert_ok(vault_seal(v, 0, &info, &why), &why);
	assert_int_equal(info->first_seq, 4);
	assert_int_equal(info->n, 2);
	assert_true(hash_equal(&info->chain_after, &before));
	assert_int_equal(vault_seal(v, 0, &info, &why), ERR_NOT_FOUND);
	seal_all(v);
	vault_reported(v, 0, 5);
	assert_ok(vault_trim(v, &why), &why);
	assert_true(lab_first_file(&l, "inbox", ".damaged", path));
	assert_false(lab_first_file(&l, "inbox", ".journal", path));
	vault_close(v);
	buf_clear(&b);
	lab_close(&l);
}

static void
streams_are_due_by_size_by_age_and_by_a_full_inbox(void **state)
{
	struct vault_options o = { .agency = "main",
		.seal_bytes = 100000,
		.inbox_bytes = 60000,
		.jump_us = 200 * WHEN_DAY };
	const struct segment_info *info;
	struct vault *v;
	struct lab l;
	struct fault why;
	uint32_t stream;
	bool repeated;

	(void)state;
	lab_open(&l);
	v = open_with(&l, &o, NULL);
	assert_ok(give(&l, v, 0, 0, 1, 10, &repeated, &why), &why);
	assert_false(vault_due(v, LAB_NOW + WHEN_MINUTE, &stream));
	assert_false(vault_due(v, LAB_NOW + WHEN_HOUR - 1, &stream));
	assert_true(vault_due(v, LAB_NOW + WHEN_HOUR + 100, &stream));
	assert_ok(vault_seal(v, stream, &info, &why), &why);
	assert_ok(give(&l, v, 0, 0, 97 * 4, 1, &repeated, &why), &why);
	for (unsigned i = 0; i < 200; i++)
		assert_ok(give(&l, v, 0, 0, 98, 10, &repeated, &why), &why);
	assert_true(vault_due(v, LAB_NOW, &stream));
	vault_close(v);
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_live_on_from_inbox_to_segments),
		cmocka_unit_test(a_lost_catalogue_is_rebuilt_from_segments),
		cmocka_unit_test(
		    whatever_call_fails_no_acknowledged_record_is_lost),
		cmocka_unit_test(
		    wherever_the_power_goes_no_acknowledged_record_is_lost),
		cmocka_unit_test(
		    without_space_nothing_is_acknowledged_and_later_it_goes_on),
		cmocka_unit_test(nothing_is_deleted_a_microsecond_early),
		cmocka_unit_test(a_clock_that_jumps_deletes_nothing),
		cmocka_unit_test(
		    a_source_goes_to_its_agency_and_the_longer_period),
		cmocka_unit_test(book_is_told_of_each_record_once),
		cmocka_unit_test(
		    detections_survive_a_restart_number_for_number),
		cmocka_unit_test(damage_in_the_inbox_is_sealed_around),
		cmocka_unit_test(
		    streams_are_due_by_size_by_age_and_by_a_full_inbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
