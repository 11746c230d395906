/*
 * tests/vault/search_test.c: a search answers what looking at every record
 * would, wherever the record lies.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "vault/search.h"

#define MOST 3000U

/* A vault, and everything that was put into it. */
struct stock {
	struct lab l;
	struct vault *v;
	struct view *view;
	struct event ev[MOST];
	struct vault_id id[MOST];
	char stream[MOST][STREAM_NAME_MAX];
	unsigned n;
};

static void
stock_add(struct stock *s, unsigned n, int64_t step_us)
{
	struct fault why;
	bool repeated;

	while (n > 0) {
		unsigned some = n < 50 ? n : 50;

		for (unsigned i = 0; i < some; i++)
			s->ev[s->n + i] = lab_event(&s->l, s->n + i,
			    LAB_NOW + (int64_t)(s->n + i) / 7 * step_us);
		assert_ok(vault_append(s->v, 0, 0, &s->ev[s->n], some,
			      &s->id[s->n], &repeated, &why),
		    &why);
		assert_ok(vault_sync(s->v, &why), &why);
		for (unsigned i = 0; i < some; i++)
			memcpy(s->stream[s->n + i],
			    vault_stream_at(s->v, s->id[s->n + i].stream)->name,
			    STREAM_NAME_MAX);
		s->n += some;
		n -= some;
	}
}

/* Seals everything, and trims what may go when `trim`. */
static void
stock_seal(struct stock *s, bool trim)
{
	const struct segment_info *info;
	struct vault_report r;
	struct fault why;

	for (uint32_t i = 0; i < vault_streams(s->v); i++) {
		while (vault_seal(s->v, i, &info, &why) == ERR_OK) {
			struct hash name = info->name;

			assert_ok(vault_sealed(s->v, &name, &why), &why);
		}
		if (!trim)
			continue;
		assert_ok(vault_report(s->v, i,
			      vault_stream_at(s->v, i)->reported_seq, &r, &why),
		    &why);
		vault_reported(s->v, i, r.to);
	}
	if (trim)
		assert_ok(vault_trim(s->v, &why), &why);
}

/* Some in trimmed segments, some in both places, some in the inbox alone. */
static struct stock *
stock_new(void)
{
	struct vault_options o = { .agency = "main", .rotate = 30000 };
	struct stock *s = calloc(1, sizeof *s);
	struct fault why;

	assert_non_null(s);
	lab_open(&s->l);
	assert_ok(vault_open(s->l.env, s->l.dir, &o, &s->v, NULL, &why), &why);
	stock_add(s, 1000, 1000000);
	stock_seal(s, true);
	stock_add(s, 700, 1000000);
	stock_seal(s, false);
	stock_add(s, 800, 1000000);
	assert_ok(view_open(s->l.env, s->l.dir, &s->view, &why), &why);
	return s;
}

static void
stock_free(struct stock *s)
{
	view_close(s->view);
	vault_close(s->v);
	lab_close(&s->l);
	free(s);
}

/* Whether record a comes before b in the order of answers. */
static bool
comes_before(const struct stock *s, unsigned a, unsigned b)
{
	int by;

	if (s->ev[a].received_us != s->ev[b].received_us)
		return s->ev[a].received_us > s->ev[b].received_us;
	by = strcmp(s->stream[a], s->stream[b]);
	return by != 0 ? by < 0 : s->id[a].seq > s->id[b].seq;
}

static const struct stock *sorting;

static int
by_answer(const void *a, const void *b)
{
	return comes_before(sorting, *(const unsigned *)a, *(const unsigned *)b)
	    ? -1
	    : 1;
}

/* --- an independent idea of what matches ------------------------------------ */

/* s holds the word, ASCII letters without case. */
static bool
holds_word(struct span s, const char *word, bool whole)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= s.len; i++) {
		bool same = true;
		char before = i == 0 ? ' ' : (char)s.at[i - 1];
		char after = i + len == s.len ? ' ' : (char)s.at[i + len];

		for (size_t k = 0; k < len && same; k++) {
			int c = s.at[i + k];

			if (c >= 'A' && c <= 'Z')
				c += 32;
			same = c == (uint8_t)word[k];
		}
		if (same && whole) {
			static const char words[] =
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
			    "VWXYZ0123456789_";

			same = (before == '\0' || !strchr(words, before)) &&
			    (after == '\0' || !strchr(words, after));
		}
		if (same)
			return true;
	}
	return false;
}

static bool
anywhere(const struct event *ev, const char *word, bool whole)
{
	bool yes = holds_word(ev->raw, word, whole) ||
	    holds_word(ev->host, word, whole) ||
	    holds_word(ev->sender, word, whole);

	for (unsigned f = 0; f < FIELD_N; f++)
		yes = yes || holds_word(ev->field[f], word, whole);
	return yes;
}

/* The tests that random queries are made of: text, and its plain meaning. */
struct atom {
	const char *text;
	bool (*holds)(const struct event *ev);
};

#define ATOM(name, expr)                         \
	static bool name(const struct event *ev) \
	{                                        \
		return expr;                     \
	}
ATOM(a_failed, anywhere(ev, "failed", true))
ATOM(a_root, anywhere(ev, "root", true))
ATOM(a_chinese, anywhere(ev, "失敗", false))
ATOM(a_session, anywhere(ev, "started session", true))
ATOM(a_host, span_is(ev->host, "db01"))
ATOM(a_user, span_equal_nocase(ev->field[FIELD_USER], SPAN_LIT("alice")))
ATOM(a_category, ev->category == CAT_FW_CONN)
ATOM(a_class, event_class_of(ev->category) == CLASS_PERSONAL)
ATOM(a_severity, ev->severity <= 3)
ATOM(a_subject, ev->field[FIELD_SUBJECT].at != NULL)
ATOM(a_number, anywhere(ev, "1234", true))

static bool
a_port(const struct event *ev)
{
	uint64_t n;

	return (span_number(ev->field[FIELD_SRC_PORT], 65535, &n) &&
		   n >= 2000 && n <= 30000) ||
	    (span_number(ev->field[FIELD_DST_PORT], 65535, &n) && n >= 2000 &&
		n <= 30000);
}

static bool
a_network(const struct event *ev)
{
	return span_starts(ev->field[FIELD_SRC_IP], "10.0.");
}

static const struct atom atoms[] = {
	{ "failed", a_failed },
	{ "ROOT", a_root },
	{ "失敗", a_chinese },
	{ "\"Started session\"", a_session },
	{ "host:db01", a_host },
	{ "user:Alice", a_user },
	{ "category:firewall-conn", a_category },
	{ "class:personal", a_class },
	{ "severity<=3", a_severity },
	{ "subject:*", a_subject },
	{ "1234", a_number },
	{ "port:2000..30000", a_port },
	{ "src:10.0.0.0/16", a_network },
};
#define N_ATOMS (sizeof atoms / sizeof atoms[0])

/* A random query as text, and for each record whether it holds. */
static void
query_make(struct stock *s, unsigned depth, struct buf *text, bool *holds)
{
	uint64_t r = lab_random(&s->l);
	bool *other;

	if (depth == 0 || r % 3 == 0) {
		const struct atom *a = &atoms[lab_random(&s->l) % N_ATOMS];

		buf_text(text, a->text);
		for (unsigned i = 0; i < s->n; i++)
			holds[i] = a->holds(&s->ev[i]);
		return;
	}
	if (r % 3 == 1) {
		buf_text(text, r % 2 ? "NOT (" : "-(");
		query_make(s, depth - 1, text, holds);
		buf_text(text, ")");
		for (unsigned i = 0; i < s->n; i++)
			holds[i] = !holds[i];
		return;
	}
	other = calloc(MOST, sizeof *other);
	buf_text(text, "(");
	query_make(s, depth - 1, text, holds);
	buf_text(text, r % 2 ? ") OR (" : r % 5 ? ") AND (" : ") (");
	query_make(s, depth - 1, text, other);
	buf_text(text, ")");
	for (unsigned i = 0; i < s->n; i++)
		holds[i] = r % 2 ? holds[i] || other[i] : holds[i] && other[i];
	free(other);
}

/* The record that a row of an answer is; fails when there is none. */
static void
assert_is(struct stock *s, const struct search_row *row, unsigned want)
{
	const struct event *ev = &s->ev[want];

	assert_string_equal(row->stream, s->stream[want]);
	assert_int_equal(row->seq, s->id[want].seq);
	assert_int_equal(row->source, s->id[want].source);
	assert_int_equal(row->event.received_us, ev->received_us);
	assert_true(span_equal(row->event.raw, ev->raw));
	assert_true(span_equal(row->event.message, ev->message));
	assert_true(
	    span_equal(row->event.field[FIELD_USER], ev->field[FIELD_USER]));
}

/* Goes through all pages of a search and compares with the wanted rows. */
static void
pages_compare(struct stock *s, struct search_ask ask, const unsigned *want,
    unsigned n, const char *text)
{
	struct search_answer out;
	struct fault why;
	unsigned at = 0, pages = 0;

	do {
		struct arena *a = arena_new((size_t)64 << 20);

		assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
		for (size_t i = 0; i < out.n; i++) {
			if (at + i >= n)
				fail_msg("%s: more than %u rows", text, n);
			assert_is(s, &out.row[i], want[at + i]);
		}
		at += (unsigned)out.n;
		if (out.more) { /* as a client would hand it back */
			struct buf b;

			buf_init(&b, 200);
			search_place_print(&b, &out.next);
			assert_ok(
			    search_place_parse(buf_view(&b), &ask.place, &why),
			    &why);
			buf_clear(&b);
			ask.from_place = true;
		}
		arena_free(a);
		assert_true(++pages < 10000);
	} while (out.more);
	if (at != n)
		fail_msg("%s: %u rows, wanted %u", text, at, n);
}

static void
random_searches_answer_as_a_scan_would(void **state)
{
	struct stock *s = stock_new();
	bool *holds = calloc(MOST, sizeof *holds);
	unsigned *want = calloc(MOST, sizeof *want);
	struct fault why;
	struct buf text;

	(void)state;
	buf_init(&text, QUERY_TEXT_MAX);
	for (unsigned round = 0; round < 60; round++) {
		struct search_ask ask = { .limit = 1 +
			    (unsigned)(lab_random(&s->l) % 400),
			.since_us = LAB_NOW +
			    (int64_t)(lab_random(&s->l) % 100) * 1000000,
			.until_us = LAB_NOW + 400 * WHEN_SECOND };
		struct search_ask all;
		struct search_answer out;
		struct arena *a = arena_new((size_t)64 << 20);
		uint64_t sum = 0;
		struct query *q;
		unsigned n = 0;

		buf_reset(&text);
		query_make(s, round % 4, &text, holds);
		assert_ok(query_parse(buf_view(&text), &q, &why), &why);
		ask.query = q;
		if (round % 3 == 0)
			ask.until_us = ask.since_us + 77 * WHEN_SECOND;
		if (round % 5 == 0)
			ask.classes = 1U << CLASS_AUDIT | 1U << CLASS_PERSONAL;
		for (unsigned i = 0; i < s->n; i++) {
			enum event_class c = event_class_of(s->ev[i].category);

			if (holds[i] && s->ev[i].received_us >= ask.since_us &&
			    s->ev[i].received_us < ask.until_us &&
			    (ask.classes == 0 || ask.classes & 1U << c))
				want[n++] = i;
		}
		sorting = s;
		qsort(want, n, sizeof *want, by_answer);
		pages_compare(s, ask, want, n, buf_string(&text));

		all = ask;
		all.count = true;
		all.buckets = 10;
		all.limit = round % 2;
		assert_ok(search_run(s->view, &all, a, &out, &why), &why);
		assert_int_equal(out.count, n);
		assert_true(out.complete);
		for (unsigned i = 0; i < 10; i++) {
			int64_t width = all.until_us - all.since_us;
			uint64_t in = 0;

			for (unsigned k = 0; k < n; k++)
				in += (s->ev[want[k]].received_us -
					  all.since_us) *
					10 / width ==
				    i;
			assert_int_equal(out.bucket[i], in);
			sum += in;
		}
		assert_int_equal(sum, n);
		arena_free(a);
		query_free(q);
	}
	buf_clear(&text);
	free(holds);
	free(want);
	stock_free(s);
}

/* Stops at once, always. */
static bool
stop_now(void *arg)
{
	unsigned *asked = arg;

	(*asked)++;
	return true;
}

static void
a_search_cut_short_says_so_and_goes_on_where_it_stopped(void **state)
{
	struct stock *s = stock_new();
	unsigned *want = calloc(MOST, sizeof *want), asked = 0;
	struct search_ask ask = { .limit = 100,
		.since_us = LAB_NOW,
		.until_us = LAB_NOW + WHEN_DAY,
		.stop = stop_now,
		.stop_arg = &asked };
	struct search_answer out;
	struct arena *a = arena_new((size_t)64 << 20);
	struct fault why;
	struct query *q;

	(void)state;
	assert_ok(query_parse(SPAN_EMPTY, &q, &why), &why);
	ask.query = q;
	assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
	assert_false(out.complete);
	assert_true(out.more);
	assert_int_equal(out.n_missing, 1);
	assert_string_equal(
	    out.missing[0].text, "the time is up: go on from here");
	for (unsigned i = 0; i < s->n; i++)
		want[i] = i;
	sorting = s;
	qsort(want, s->n, sizeof *want, by_answer);
	pages_compare(s, ask, want, s->n, "all, cut short");
	assert_true(asked > 2);
	query_free(q);
	arena_free(a);
	free(want);
	stock_free(s);
}

/* An answer that is larger than its arena comes in more pages. */
static void
a_full_answer_is_given_in_parts(void **state)
{
	struct stock *s = stock_new();
	struct search_ask ask = { .limit = 2000,
		.since_us = LAB_NOW,
		.until_us = LAB_NOW + WHEN_DAY };
	struct search_answer out;
	struct arena *a = arena_new((size_t)3 << 20);
	struct fault why;
	struct query *q;

	(void)state;
	assert_ok(query_parse(SPAN_EMPTY, &q, &why), &why);
	ask.query = q;
	assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
	assert_true(out.more || out.n == s->n);
	if (!out.complete)
		assert_string_equal(
		    out.missing[0].text, "the answer is full: go on from here");
	query_free(q);
	arena_free(a);
	stock_free(s);
}

static bool
nobody(void *arg, const char *agency)
{
	(void)arg;
	assert_string_equal(agency, "main");
	return false;
}

static void
records_of_other_agencies_are_not_looked_at(void **state)
{
	struct stock *s = stock_new();
	struct search_ask ask = { .limit = 10,
		.since_us = LAB_NOW,
		.until_us = LAB_NOW + WHEN_DAY,
		.count = true,
		.may = nobody };
	struct search_answer out;
	struct arena *a = arena_new((size_t)64 << 20);
	struct fault why;
	struct query *q;

	(void)state;
	assert_ok(query_parse(SPAN_EMPTY, &q, &why), &why);
	ask.query = q;
	assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
	assert_int_equal(out.count, 0);
	assert_int_equal(out.looked, 0);
	query_free(q);
	arena_free(a);
	stock_free(s);
}

/* The reader beside the writer: every record once, wherever it moves. */
static void
a_reader_sees_each_record_once_while_the_writer_works(void **state)
{
	struct vault_options o = { .agency = "main", .rotate = 5000 };
	struct stock *s = calloc(1, sizeof *s);
	struct search_ask ask = { .since_us = LAB_NOW,
		.until_us = LAB_NOW + WHEN_DAY,
		.count = true };
	struct query *q;
	struct fault why;

	(void)state;
	lab_open(&s->l);
	assert_ok(view_open(s->l.env, s->l.dir, &s->view, &why), &why);
	assert_ok(query_parse(SPAN_EMPTY, &q, &why), &why);
	ask.query = q;
	assert_ok(vault_open(s->l.env, s->l.dir, &o, &s->v, NULL, &why), &why);
	for (unsigned round = 0; round < 30; round++) {
		struct arena *a = arena_new((size_t)1 << 20);
		const struct view_stream *streams;
		struct search_answer out;
		uint64_t sum = 0;
		size_t n;

		stock_add(s, 20, 1000000);
		if (round % 4 == 1)
			stock_seal(s, false);
		if (round % 4 == 3)
			stock_seal(s, true);
		assert_ok(view_refresh(s->view, &why), &why);
		assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
		assert_int_equal(out.count, s->n);
		assert_true(out.complete);
		assert_ok(view_streams(s->view, a, &streams, &n, &why), &why);
		for (size_t i = 0; i < n; i++)
			sum += streams[i].records;
		assert_int_equal(sum, s->n);
		arena_free(a);
	}
	query_free(q);
	stock_free(s);
}

/* How many of the wanted records have each value of a field, by hand. */
static uint64_t
value_count(const struct stock *s, const bool *in, struct span value,
    unsigned field, uint64_t *none)
{
	uint64_t n = 0;

	*none = 0;
	for (unsigned i = 0; i < s->n; i++) {
		char room[QUERY_FIELD_ROOM];
		struct span v = query_field_value(field, 0, &s->ev[i], room);

		if (!in[i])
			continue;
		n += v.at != NULL && span_equal(v, value);
		*none += v.at == NULL;
	}
	return n;
}

static void
values_are_counted_as_the_records_have_them(void **state)
{
	static const char *const fields[] = { "host", "user", "category",
		"class", "sender", "severity", "src", "app" };
	static const char *const texts[] = { "", "category:sign-in*",
		"user:root OR user:alice", "-user:*", "session" };
	struct stock *s = stock_new();
	bool *in = calloc(MOST, sizeof *in);
	struct fault why;

	(void)state;
	for (unsigned turn = 0; turn < 20; turn++) {
		struct search_ask ask = { .count = true,
			.scan = turn >= 10,
			.since_us = LAB_NOW - WHEN_DAY +
			    (turn % 10 < 5 ? 0 : WHEN_DAY + 60 * WHEN_SECOND),
			.until_us = LAB_NOW + WHEN_DAY,
			.top = 1000,
			.n_by = 8 };
		struct arena *a = arena_new((size_t)64 << 20);
		struct search_answer out;
		struct query *q;
		uint64_t n = 0;

		assert_ok(
		    query_parse(span_text(texts[turn % 5]), &q, &why), &why);
		ask.query = q;
		for (unsigned i = 0; i < 8; i++)
			ask.by[i] = query_field(span_text(fields[i]));
		for (unsigned i = 0; i < s->n; i++) {
			in[i] = s->ev[i].received_us >= ask.since_us &&
			    query_match(q, 0, &s->ev[i]) == QUERY_YES;
			n += in[i];
		}
		assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
		assert_true(out.complete);
		assert_int_equal(out.count, n);
		for (unsigned i = 0; i < 8; i++) {
			const struct search_values *v = &out.values[i];
			uint64_t sum = 0, none = 0;

			for (size_t k = 0; k < v->n; k++) {
				assert_int_equal(v->value[k].n,
				    value_count(s, in, v->value[k].value,
					ask.by[i], &none));
				assert_true(k == 0 ||
				    v->value[k].n <= v->value[k - 1].n);
				sum += v->value[k].n;
			}
			assert_int_equal(v->distinct, v->n);
			assert_int_equal(sum + v->none, n);
			assert_true(v->n == 0 || v->none == none);
		}
		arena_free(a);
		query_free(q);
	}
	free(in);
	stock_free(s);
}

static void
counting_everything_compares_no_sealed_record(void **state)
{
	struct stock *s = stock_new();
	struct search_ask ask = {
		.count = true, .since_us = 0, .until_us = LAB_NOW + WHEN_DAY
	};
	struct arena *a = arena_new((size_t)1 << 20);
	struct search_answer out;
	struct query *q;
	struct fault why;

	(void)state;
	stock_seal(s, true);
	assert_ok(view_refresh(s->view, &why), &why);
	assert_ok(
	    query_parse(SPAN_LIT("-action:read-records"), &q, &why), &why);
	ask.query = q;
	assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
	assert_int_equal(out.count, s->n);
	assert_int_equal(out.cost.compared, 0);
	assert_int_equal(out.cost.known, s->n);
	assert_int_equal(out.cost.blocks, 0);
	query_free(q);
	/* A word nobody wrote: the indexes say so. */
	assert_ok(query_parse(SPAN_LIT("qx0077777zj"), &q, &why), &why);
	ask.query = q;
	assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
	assert_int_equal(out.count, 0);
	assert_true(out.complete);
	assert_true(out.cost.compared <= 256);
	query_free(q);
	/* What the query itself says of the time narrows the search. */
	assert_ok(query_parse(SPAN_LIT("time<2020-01-01"), &q, &why), &why);
	ask.query = q;
	assert_ok(search_run(s->view, &ask, a, &out, &why), &why);
	assert_int_equal(out.count, 0);
	assert_int_equal(out.cost.segments, 0);
	query_free(q);
	arena_free(a);
	stock_free(s);
}

static void
one_record_is_found_by_its_name(void **state)
{
	struct stock *s = stock_new();
	struct view_place place;
	struct record_name id;
	struct fault why;
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	for (unsigned i = 0; i < s->n; i += 53) {
		struct arena *a = arena_new((size_t)1 << 20);
		struct event ev;
		uint32_t source;

		buf_reset(&b);
		record_print(&b, s->stream[i], s->id[i].seq);
		assert_ok(record_parse(buf_view(&b), &id, &why), &why);
		assert_ok(
		    view_record(s->view, &id, a, &ev, &source, &place, &why),
		    &why);
		assert_true(span_equal(ev.raw, s->ev[i].raw));
		assert_int_equal(source, s->id[i].source);
		assert_int_equal(place.sealed, i < 1700);
		arena_free(a);
	}
	assert_ok(
	    record_parse(SPAN_LIT("main.audit-60.99999"), &id, &why), &why);
	{
		struct arena *a = arena_new(1 << 20);
		struct event ev;
		uint32_t source;

		assert_int_equal(
		    view_record(s->view, &id, a, &ev, &source, &place, &why),
		    ERR_NOT_FOUND);
		arena_free(a);
	}
	assert_int_equal(
	    record_parse(SPAN_LIT("main.audit-60.0"), &id, &why), ERR_SYNTAX);
	assert_int_equal(
	    record_parse(SPAN_LIT("main.audit-60"), &id, &why), ERR_SYNTAX);
	buf_clear(&b);
	stock_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_searches_answer_as_a_scan_would),
		cmocka_unit_test(
		    a_search_cut_short_says_so_and_goes_on_where_it_stopped),
		cmocka_unit_test(a_full_answer_is_given_in_parts),
		cmocka_unit_test(records_of_other_agencies_are_not_looked_at),
		cmocka_unit_test(
		    a_reader_sees_each_record_once_while_the_writer_works),
		cmocka_unit_test(one_record_is_found_by_its_name),
		cmocka_unit_test(values_are_counted_as_the_records_have_them),
		cmocka_unit_test(counting_everything_compares_no_sealed_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
