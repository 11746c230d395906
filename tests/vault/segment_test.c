/*
 * tests/vault/segment_test.c: what was sealed is what was given, and what was
 * changed later is found and named.
 */
#include "lab.h"

#include <stdio.h>

#include "vault/segment_own.h"

#define STREAM "main.audit-60"

struct sample {
	struct event *ev;
	uint32_t *source;
	unsigned n;
	struct hash name;
	struct segment_info info;
};

/* Writes a segment of n records into the lab's folder. */
static void
write_sample(struct lab *l, struct sample *s, unsigned n)
{
	struct hash chain = { { 0 } };
	struct sources *t = sources_new(1, 2);
	const struct segment_info *info;
	struct segment_writer *w;
	struct fault why;
	struct buf row;

	s->n = n;
	s->ev = calloc(n, sizeof *s->ev);
	s->source = calloc(n, sizeof *s->source);
	buf_init(&row, ROW_EVENT_MAX);
	assert_ok(segment_begin(
		      l->env, l->dir, STREAM, 11, &chain, t, NULL, &w, &why),
	    &why);
	for (unsigned i = 0; i < n; i++) {
		struct row r = { .seq = 11 + i };

		s->ev[i] = lab_event(l, i, LAB_NOW + i * 1000);
		assert_ok(sources_add(t, s->ev[i].sender, s->ev[i].host,
			      &s->source[i], &why),
		    &why);
		buf_reset(&row);
		event_encode(&row, &s->ev[i]);
		r.event = buf_view(&row);
		r.source = s->source[i];
		assert_ok(segment_add(w, &r, &s->ev[i], &why), &why);
	}
	assert_ok(segment_finish(w, &info, &why), &why);
	s->name = info->name;
	s->info = *info;
	segment_writer_free(w);
	sources_free(t);
	buf_clear(&row);
}

static void
sample_free(struct sample *s)
{
	free(s->ev);
	free(s->source);
}

/* Compares rows with what was written. */
struct compare {
	const struct sample *s;
	uint64_t n;
};

static enum err
compare_row(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct compare *c = arg;
	uint64_t at = r->seq - 11;
	const struct event *want = &c->s->ev[at];

	(void)why;
	assert_string_equal(stream, STREAM);
	assert_true(at < c->s->n);
	assert_int_equal(r->source, c->s->source[at]);
	assert_true(span_equal(ev->raw, want->raw));
	assert_true(span_equal(ev->message, want->message));
	assert_true(span_equal(ev->sender, want->sender));
	assert_int_equal(ev->received_us, want->received_us);
	assert_int_equal(ev->category, want->category);
	for (unsigned f = 0; f < FIELD_N; f++)
		assert_true(span_equal(ev->field[f], want->field[f]));
	c->n++;
	return ERR_OK;
}

static void
every_record_comes_back_byte_for_byte(void **state)
{
	struct compare c = { .n = 0 };
	const struct segment_info *info;
	struct sample s;
	struct segment *g;
	struct lab l;
	struct fault why;
	uint64_t records;
	unsigned damages;

	(void)state;
	lab_open(&l);
	write_sample(&l, &s, 10000);
	assert_ok(segment_open(l.env, l.dir, &s.name, NULL, &g, &why), &why);
	info = segment_about(g);
	assert_int_equal(info->n, 10000);
	assert_int_equal(info->first_seq, 11);
	assert_true(info->blocks >= 3);
	assert_int_equal(info->parts.keep_days, 60);
	assert_int_equal(info->n_origins, 3);
	assert_int_equal(info->first_us, LAB_NOW);
	assert_int_equal(info->last_us, LAB_NOW + 9999 * 1000);
	assert_null(segment_wrong(g));
	c.s = &s;
	for (uint32_t i = 0; i < info->blocks; i++)
		assert_ok(segment_rows(g, i, compare_row, &c, NULL, NULL, &why),
		    &why);
	assert_int_equal(c.n, 10000);
	assert_ok(
	    segment_verify(g, NULL, NULL, &records, &damages, &why), &why);
	assert_int_equal(records, 10000);
	assert_int_equal(damages, 0);
	segment_close(g);
	sample_free(&s);
	lab_close(&l);
}

/* What verifying says, and what can still be read. */
struct told {
	unsigned n;
	uint64_t bad; /* records named as affected */
	char first[256];
};

static void
tell(void *arg, const struct segment_damage *d)
{
	struct told *t = arg;

	if (t->n++ == 0)
		(void)snprintf(t->first, sizeof t->first, "%s", d->text);
	if (d->first_seq != 0 && d->last_seq != UINT64_MAX)
		t->bad += d->last_seq - d->first_seq + 1;
}

static enum err
count_row(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	return compare_row(arg, stream, r, ev, why);
}

static void
every_flipped_byte_is_found_and_the_rest_is_read(void **state)
{
	char file[SEGMENT_FILE_MAX], hex[SEGMENT_NAME_LEN + 1];
	struct sample s;
	struct lab l;
	struct fault why;
	struct buf b;
	unsigned flips = 0;

	(void)state;
	lab_open(&l);
	buf_init(&b, (size_t)1 << 26);
	write_sample(&l, &s, 3000);
	segment_file(&s.name, file);
	segment_print_name(&s.name, hex);
	lab_file_read(&l, file, &b);
	for (size_t at = 0; at < b.len; at += 1000) {
		struct compare c = { .s = &s };
		struct told t = { .n = 0 };
		struct segment *g;
		uint64_t records;
		unsigned damages;

		b.at[at] ^= 1;
		lab_file_write(&l, file, buf_view(&b));
		assert_ok(
		    segment_open(l.env, l.dir, &s.name, NULL, &g, &why), &why);
		assert_ok(segment_verify(g, tell, &t, &records, &damages, &why),
		    &why);
		assert_true(damages >= 1);
		assert_int_equal(damages, t.n);
		assert_memory_equal(t.first, "segment ", 8);
		assert_memory_equal(t.first + 8, hex, 12);
		for (uint32_t i = 0; i < segment_about(g)->blocks; i++)
			if (segment_rows(g, i, count_row, &c, NULL, NULL,
				&why) != ERR_OK)
				assert_int_equal(why.code, ERR_DAMAGE);
		/* No more is lost than one piece, and what is lost is named. */
		assert_true(c.n >= 3000 - 1500);
		assert_int_equal(c.n + t.bad, 3000);
		segment_close(g);
		b.at[at] ^= 1;
		flips++;
	}
	assert_true(flips > 50);
	buf_clear(&b);
	sample_free(&s);
	lab_close(&l);
}

static void
a_file_cut_short_keeps_its_whole_pieces(void **state)
{
	char file[SEGMENT_FILE_MAX];
	struct sample s;
	struct lab l;
	struct fault why;
	struct buf b;

	(void)state;
	lab_open(&l);
	buf_init(&b, (size_t)1 << 26);
	write_sample(&l, &s, 9000);
	segment_file(&s.name, file);
	lab_file_read(&l, file, &b);
	for (unsigned i = 1; i < 20; i++) {
		struct compare c = { .s = &s };
		struct told t = { .n = 0 };
		struct segment *g;
		uint64_t records;
		unsigned damages;

		lab_file_write(
		    &l, file, span_slice(buf_view(&b), 0, b.len * i / 20));
		assert_ok(
		    segment_open(l.env, l.dir, &s.name, NULL, &g, &why), &why);
		assert_ok(segment_verify(g, tell, &t, &records, &damages, &why),
		    &why);
		assert_true(damages >= 1);
		for (uint32_t k = 0; k < segment_about(g)->blocks; k++)
			(void)!segment_rows(
			    g, k, count_row, &c, NULL, NULL, &why);
		/* Up to a piece less than what the share of bytes would be. */
		assert_true(c.n + 2500 >= 9000 * i / 20);
		segment_close(g);
	}
	lab_file_write(&l, file, SPAN_EMPTY);
	{
		struct segment *g;

		assert_int_equal(
		    segment_open(l.env, l.dir, &s.name, NULL, &g, &why),
		    ERR_DAMAGE);
	}
	buf_clear(&b);
	sample_free(&s);
	lab_close(&l);
}

/* Bytes of another sound segment, or another block of the same one. */
static void
swapped_and_misdirected_bytes_are_found(void **state)
{
	char one[SEGMENT_FILE_MAX], two[SEGMENT_FILE_MAX];
	struct told t = { .n = 0 };
	struct sample a, b;
	struct segment *g;
	struct lab l;
	struct fault why;
	struct buf x, y;
	uint64_t records;
	unsigned damages;
	size_t at0, at1, len;

	(void)state;
	lab_open(&l);
	buf_init(&x, (size_t)1 << 26);
	buf_init(&y, (size_t)1 << 26);
	write_sample(&l, &a, 9000);
	write_sample(&l, &b, 9000);
	segment_file(&a.name, one);
	segment_file(&b.name, two);
	lab_file_read(&l, one, &x);
	lab_file_read(&l, two, &y);

	/* The whole file of b under the name of a. */
	lab_file_write(&l, one, buf_view(&y));
	assert_ok(segment_open(l.env, l.dir, &a.name, NULL, &g, &why), &why);
	assert_ok(segment_verify(g, tell, &t, &records, &damages, &why), &why);
	assert_int_equal(damages, 1);
	assert_non_null(strstr(t.first, "do not give its name"));
	segment_close(g);

	/* The first block of b in a. */
	lab_file_write(&l, one, buf_view(&x));
	assert_ok(segment_open(l.env, l.dir, &a.name, NULL, &g, &why), &why);
	at0 = (size_t)g->block[0].at;
	at1 = (size_t)g->block[1].at;
	segment_close(g);
	len = at1 - at0;
	memcpy(x.at + at0, y.at + at0, len);
	lab_file_write(&l, one, buf_view(&x));
	t.n = 0;
	t.bad = 0;
	assert_ok(segment_open(l.env, l.dir, &a.name, NULL, &g, &why), &why);
	assert_ok(segment_verify(g, tell, &t, &records, &damages, &why), &why);
	assert_true(damages >= 2);
	assert_int_equal(t.bad, segment_block_at(g, 0)->n);
	assert_int_equal(records, 9000 - t.bad);
	segment_close(g);
	buf_clear(&x);
	buf_clear(&y);
	sample_free(&a);
	sample_free(&b);
	lab_close(&l);
}

/* Each call to the disk fails once: either there is a sound file or none. */
static void
a_failure_at_any_call_leaves_no_half_segment(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l);
	for (uint64_t nth = 1;; nth++) {
		struct hash chain = { { 0 } };
		struct sources *t = sources_new(1, 2);
		const struct segment_info *info;
		struct segment_writer *w = NULL;
		struct event ev = lab_event(&l, 1, LAB_NOW);
		char found[300];
		struct fault why;
		struct buf row;
		uint32_t source;
		bool struck;
		enum err e;

		env_fault_at(l.env, nth, ENV_OPS_ALL,
		    nth % 2 ? ENV_FAIL_IO : ENV_FAIL_TORN, false);
		buf_init(&row, ROW_EVENT_MAX);
		event_encode(&row, &ev);
		e = segment_begin(
		    l.env, l.dir, STREAM, 1, &chain, t, NULL, &w, &why);
		if (e == ERR_OK)
			e = sources_add(t, ev.sender, ev.host, &source, &why);
		for (unsigned i = 1; i <= 3 && e == ERR_OK; i++) {
			struct row r = {
				.seq = i, .source = 1, .event = buf_view(&row)
			};

			e = segment_add(w, &r, &ev, &why);
		}
		if (e == ERR_OK)
			e = segment_finish(w, &info, &why);
		struck = env_fault_struck(l.env);
		env_fault_at(l.env, 0, 0, ENV_FAIL_IO, false);
		if (e == ERR_OK) {
			struct segment *g;
			uint64_t records;
			unsigned damages;

			assert_ok(segment_open(l.env, l.dir, &info->name, NULL,
				      &g, &why),
			    &why);
			assert_ok(segment_verify(
				      g, NULL, NULL, &records, &damages, &why),
			    &why);
			assert_int_equal(damages, 0);
			segment_close(g);
		}
		segment_writer_free(w);
		assert_false(lab_first_file(&l, ".", ".part", found));
		sources_free(t);
		buf_clear(&row);
		lab_empty(&l);
		if (!struck) {
			assert_int_equal(e, ERR_OK);
			assert_true(nth > 20);
			break;
		}
	}
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_comes_back_byte_for_byte),
		cmocka_unit_test(
		    every_flipped_byte_is_found_and_the_rest_is_read),
		cmocka_unit_test(a_file_cut_short_keeps_its_whole_pieces),
		cmocka_unit_test(swapped_and_misdirected_bytes_are_found),
		cmocka_unit_test(a_failure_at_any_call_leaves_no_half_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
