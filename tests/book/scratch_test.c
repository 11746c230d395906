/*
 * tests/book/scratch_test.c: the book as it was known at (T, K), and the
 * first start.
 */
#include "help.h"

#include "book/evidence.h"
#include "book/scratch.h"
#include "book/source.h"
#include "book/start.h"

#define DAY (NOON - 9 * WHEN_HOUR)

/* The past in a help of its own, so that ask_int works on it. */
static struct help
past(struct help *h, int64_t at, int64_t known)
{
	struct help p = *h;

	OK(book_scratch(h->b, at, known, &p.b, &h->why));
	return p;
}

static void
a_past_register_holds_what_took_effect_and_was_known(void **state)
{
	struct help *h = *state;
	int64_t before = h->now;
	struct written w;
	struct help p;

	OK(help_do(h, "process:test", "main", "system", "crm",
	    "{'name':'改名'}", NULL, 0, &w));
	OK(help_do(h, "process:test", "main", "system", "late",
	    "{'name':'補登'}", NULL, NOON - WHEN_DAY, &w));
	/* Judged as of before, with all that is known now. */
	p = past(h, before, INT64_MAX);
	ASK_TEXT(&p, "SELECT group_concat(name) FROM system", "客服系統,補登");
	book_close(p.b);
	/* And as it was known then. */
	p = past(h, before, before);
	ASK_TEXT(&p, "SELECT group_concat(name) FROM system", "客服系統");
	book_close(p.b);
	p = past(h, NOON - 1, INT64_MAX);
	ASK_TEXT(&p, "SELECT group_concat(name) FROM system", "補登");
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM agency"), 0);
	book_close(p.b);
	p = past(h, h->now, INT64_MAX);
	ASK_TEXT(&p, "SELECT group_concat(name) FROM system", "改名,補登");
	book_close(p.b);
}

/* A source with sign-ins at 00:01-00:02 and 03:01-03:02, three lacking, and
 * two detections. */
static void
evidence(struct help *h)
{
	static const struct source_report s = { .id = 1,
		.agency = { (const uint8_t *)"main", 4 },
		.sender = { (const uint8_t *)"192.0.2.7", 9 },
		.host = { (const uint8_t *)"web01", 5 },
		.via = VIA_UDP,
		.first_us = DAY + WHEN_MINUTE,
		.last_us = DAY + 3 * WHEN_HOUR + 2 * WHEN_MINUTE,
		.records = 10 };
	struct rollup_delta d[2] = { { 0 } };
	struct detection_report x[2] = { { 0 } };
	struct stream_report r = { .stream = S("main.audit-60"),
		.to = 10,
		.source = &s,
		.n_sources = 1,
		.delta = d,
		.n_deltas = 2,
		.detection = x,
		.n_detections = 2 };
	struct verify_report v = { .agency = S("main") };
	uint64_t stored;

	for (int i = 0; i < 2; i++) {
		int64_t hour = DAY + 3 * i * WHEN_HOUR;

		d[i] = (struct rollup_delta){ .source = 1,
			.category = CAT_SIGN_IN,
			.hour_us = hour,
			.n = 5,
			.lacking = i == 1 ? 3 : 0,
			.lacking_us = i == 1 ? hour + WHEN_MINUTE + WHEN_SECOND
					     : 0,
			.first_us = hour + WHEN_MINUTE,
			.last_us = hour + 2 * WHEN_MINUTE };
		x[i] = (struct detection_report){ .source = 1,
			.rule = S("brute-force"),
			.subject = S("root"),
			.first_us = hour + WHEN_MINUTE,
			.last_us = hour + 2 * WHEN_MINUTE,
			.count = 5 };
		v.at_us = v.from_us = hour + WHEN_HOUR;
		OK(evidence_verify(h->b, &v, &h->why));
	}
	OK(evidence_report(h->b, &r, h->now, &stored, &h->why));
}

static void
past_evidence_shows_nothing_that_came_later(void **state)
{
	struct help *h = *state;
	struct help p;

	evidence(h);
	p = past(h, DAY, INT64_MAX);
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM source"), 0);
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM rollup_day"), 0);
	book_close(p.b);
	/* Between the two. */
	p = past(h, DAY + 2 * WHEN_HOUR, INT64_MAX);
	assert_int_equal(
	    ask_int(&p, "SELECT last_us FROM source"), DAY + 2 * WHEN_MINUTE);
	assert_int_equal(ask_int(&p, "SELECT sum(n) FROM rollup_hour"), 5);
	assert_int_equal(ask_int(&p, "SELECT n FROM rollup_day"), 1);
	assert_int_equal(ask_int(&p, "SELECT lacking FROM rollup_day"), 0);
	ASK_TEXT(&p, "SELECT unseen_hours FROM rollup_day",
	    "011111111111111111111111");
	assert_int_equal(ask_int(&p, "SELECT detections FROM source"), 1);
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM detection"), 1);
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM verify_run"), 1);
	book_close(p.b);
	/* Inside the second hour, before and after the first that lacked. */
	p = past(h, DAY + 3 * WHEN_HOUR + WHEN_MINUTE, INT64_MAX);
	assert_int_equal(ask_int(&p,
			     "SELECT n * 10 + lacking FROM rollup_hour "
			     "ORDER BY hour_us DESC"),
	    10);
	assert_int_equal(ask_int(&p, "SELECT last_us FROM source"),
	    DAY + 3 * WHEN_HOUR + WHEN_MINUTE);
	ASK_TEXT(&p, "SELECT unseen_hours FROM rollup_day",
	    "011011111111111111111111");
	book_close(p.b);
	p = past(h, DAY + 3 * WHEN_HOUR + WHEN_MINUTE + WHEN_SECOND, INT64_MAX);
	assert_int_equal(ask_int(&p, "SELECT lacking FROM rollup_day"), 1);
	book_close(p.b);
	/* At the end it is all there, unchanged. */
	p = past(h, h->now, INT64_MAX);
	assert_int_equal(
	    ask_int(&p, "SELECT n * 10 + lacking FROM rollup_day"), 103);
	assert_int_equal(ask_int(&p, "SELECT records FROM source"), 10);
	book_close(p.b);
}

static void
later_evidence_does_not_change_an_earlier_day(void **state)
{
	struct help *h = *state;
	struct rollup_delta d = { .source = 1,
		.category = CAT_SIGN_IN,
		.hour_us = DAY + 5 * WHEN_HOUR,
		.n = 7,
		.lacking = 7,
		.first_us = DAY + 5 * WHEN_HOUR,
		.last_us = DAY + 5 * WHEN_HOUR + 9 };
	struct stream_report r = { .stream = S("main.audit-60"),
		.from = 10,
		.to = 17,
		.delta = &d,
		.n_deltas = 1 };
	static const char sum[] =
	    "SELECT group_concat(lacking || unseen_hours || last_us) "
	    "FROM rollup_day";
	int64_t at = DAY + 4 * WHEN_HOUR;
	struct help p;
	uint64_t stored;
	char *before, *after;

	evidence(h);
	p = past(h, at, INT64_MAX);
	before = ask_text(&p, sum);
	book_close(p.b);
	OK(evidence_report(h->b, &r, h->now, &stored, &h->why));
	p = past(h, at, INT64_MAX);
	after = ask_text(&p, sum);
	book_close(p.b);
	/* The counts of a day that goes on are cut to one. */
	assert_string_equal(after + 1, before + 1);
	assert_int_equal(after[0], '1');
	free(before);
	free(after);
}

static void
a_hole_among_detections_stays_a_hole(void **state)
{
	struct help *h = *state;
	struct help p;

	evidence(h);
	OK(sql_run(
	    book_db(h->b), "DELETE FROM detection WHERE n = 1", &h->why));
	p = past(h, DAY + 2 * WHEN_HOUR, INT64_MAX);
	assert_int_equal(ask_int(&p, "SELECT detections FROM source"), 1);
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM detection"), 0);
	book_close(p.b);
}

static void
a_source_inventoried_later_was_not_inventoried_then(void **state)
{
	struct help *h = *state;
	uint64_t changed;
	int64_t before;
	struct help p;

	evidence(h);
	before = h->now;
	set(h, "main", "log_source", "web",
	    "{'name':'w','system':'crm','kind':'server','match_host':'web01'}");
	OK(source_rematch(h->b, &changed, &h->why));
	p = past(h, before, INT64_MAX);
	assert_int_equal(
	    ask_int(&p, "SELECT log_source IS NULL FROM source"), 1);
	book_close(p.b);
	p = past(h, h->now, INT64_MAX);
	ASK_TEXT(&p, "SELECT log_source FROM source", "web");
	book_close(p.b);
}

static void
a_segment_deleted_or_damaged_later_was_whole_then(void **state)
{
	struct help *h = *state;
	struct segment_source o = { 1, DAY, DAY + 9, 7 };
	struct segment_report s = { .agency = S("main"),
		.stream = S("main.audit-60"),
		.class_name = S("audit"),
		.keep_days = 60,
		.first_seq = 1,
		.n = 7,
		.blocks = 1,
		.first_us = DAY,
		.last_us = DAY + 9,
		.sealed_us = DAY + WHEN_HOUR,
		.source = &o,
		.n_sources = 1 };
	struct stream_head head = { .stream = S("main.audit-60"),
		.agency = S("main"),
		.class_name = S("audit"),
		.keep_days = 60,
		.first_seq = 8,
		.last_seq = 9,
		.count = 9,
		.first_us = DAY + 5 * WHEN_HOUR,
		.last_us = DAY + 6 * WHEN_HOUR };
	struct help p;
	uint64_t leaf;

	OK(evidence_segment(h->b, &s, h->now, &leaf, &h->why));
	OK(evidence_segment_gone(
	    h->b, &s.file, S("12.3"), DAY + 3 * WHEN_HOUR, &h->why));
	OK(evidence_segment_damaged(
	    h->b, &s.file, S("x"), DAY + 4 * WHEN_HOUR, &h->why));
	OK(evidence_heads(h->b, &head, 1, h->now, &h->why));
	p = past(h, DAY + 2 * WHEN_HOUR, INT64_MAX);
	assert_int_equal(
	    ask_int(&p, "SELECT gone_us IS NULL AND damaged = 0 FROM segment"),
	    1);
	assert_int_equal(ask_int(&p, "SELECT first_us FROM stream"), DAY);
	assert_int_equal(ask_int(&p, "SELECT last_us FROM stream"), DAY + 9);
	book_close(p.b);
	p = past(h, DAY + WHEN_HOUR - 1, INT64_MAX);
	assert_int_equal(ask_int(&p, "SELECT count(*) FROM segment"), 0);
	book_close(p.b);
}

static void
a_new_book_begins_with_this_machine_and_beimen(void **state)
{
	struct help *h = *state;
	struct start s = { .host = S("mybox"),
		.fqdn = S("mybox.example.test") };
	struct source_rules *rules = NULL;
	struct rights *r = NULL;
	struct help n = *h;
	bool made = true, same = false;
	struct buf b;

	OK(book_first_start(h->b, &s, h->now, &made, &h->why));
	assert_false(made); /* somebody has written already */
	OK(book_open(":memory:", SQL_MEMORY, h->schema, NULL, &n.b, &h->why));
	OK(book_first_start(n.b, &s, NOON, &made, &h->why));
	assert_true(made);
	OK(book_first_start(n.b, &s, NOON, &made, &h->why));
	assert_false(made);
	ASK_TEXT(&n, "SELECT name || name_en FROM agency", "本機關This agency");
	OK(rights_of(book_db(n.b), S("person:main/admin"), NOON, &r, &h->why));
	assert_true(rights_may_write(
	    r, schema_find(h->schema, S("appointment")), S("main")));
	rights_free(r);
	buf_init(&b, 65536);
	OK(source_rules_print(n.b, &b, &h->why));
	OK(source_rules_read(buf_view(&b), &rules, &h->why));
	assert_string_equal(
	    source_match(rules, S("127.0.0.1"), S("mybox"))->key,
	    "this-machine");
	assert_string_equal(
	    source_match(rules, S("::1"), S("mybox.example.test"))->key,
	    "this-machine");
	assert_string_equal(
	    source_match(rules, S("beimen"), S("mybox"))->key, "beimen");
	assert_null(source_match(rules, S("192.0.2.1"), S("mybox")));
	source_rules_free(rules);
	buf_clear(&b);
	OK(book_rebuild(n.b, &same, &h->why));
	assert_true(same);
	book_close(n.b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_past_register_holds_what_took_effect_and_was_known),
		T(past_evidence_shows_nothing_that_came_later),
		T(later_evidence_does_not_change_an_earlier_day),
		T(a_hole_among_detections_stays_a_hole),
		T(a_source_inventoried_later_was_not_inventoried_then),
		T(a_segment_deleted_or_damaged_later_was_whole_then),
		T(a_new_book_begins_with_this_machine_and_beimen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
