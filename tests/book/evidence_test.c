/*
 * tests/book/evidence_test.c: keeper's reports, applied exactly once.
 */
#include "help.h"

#include "book/evidence.h"
#include "book/log.h"
#include "book/source.h"
#include "ledger/leaf.h"

/* 2026-03-02T00:00:00+08:00 */
#define DAY (NOON - 9 * WHEN_HOUR)

static const struct source_report source_one = { .id = 1,
	.agency = { (const uint8_t *)"main", 4 },
	.sender = { (const uint8_t *)"192.0.2.7", 9 },
	.host = { (const uint8_t *)"web01", 5 },
	.via = VIA_UDP,
	.first_us = DAY,
	.last_us = DAY + 3 * WHEN_HOUR,
	.records = 10 };

/* A delta of n sign-ins in hour h of the day. */
static struct rollup_delta
delta(int h, uint64_t n)
{
	return (struct rollup_delta){ .source = 1,
		.category = CAT_SIGN_IN,
		.hour_us = DAY + h * WHEN_HOUR,
		.n = n,
		.first_us = DAY + h * WHEN_HOUR + WHEN_MINUTE,
		.last_us = DAY + h * WHEN_HOUR + 2 * WHEN_MINUTE };
}

static uint64_t
report(struct help *h, uint64_t from, uint64_t to, struct rollup_delta *d,
    size_t n, const struct detection_report *det, size_t n_det)
{
	struct stream_report r = { .stream = S("main.audit-60"),
		.from = from,
		.to = to,
		.source = &source_one,
		.n_sources = 1,
		.delta = d,
		.n_deltas = n,
		.detection = det,
		.n_detections = n_det };
	uint64_t stored = 0;

	OK(evidence_report(h->b, &r, h->now, &stored, &h->why));
	return stored;
}

static void
a_report_is_applied_exactly_once(void **state)
{
	struct help *h = *state;
	struct rollup_delta d[] = { delta(0, 5), delta(3, 2) };

	assert_int_equal(report(h, 0, 7, d, 2, NULL, 0), 7);
	assert_int_equal(report(h, 0, 7, d, 2, NULL, 0), 7); /* said again */
	assert_int_equal(report(h, 5, 9, d, 2, NULL, 0), 7); /* overlaps */
	assert_int_equal(report(h, 9, 12, d, 2, NULL, 0), 7); /* a gap */
	assert_int_equal(ask_int(h, "SELECT sum(n) FROM rollup_hour"), 7);
	assert_int_equal(ask_int(h, "SELECT sum(n) FROM rollup_day"), 7);
	assert_int_equal(report(h, 7, 8, d, 1, NULL, 0), 8);
	assert_int_equal(
	    ask_int(h, "SELECT n FROM rollup_hour ORDER BY hour_us"), 10);
	assert_int_equal(ask_int(h, "SELECT records FROM source"), 10);
}

static void
a_day_row_knows_which_hours_were_silent(void **state)
{
	struct help *h = *state;
	struct rollup_delta d[] = { delta(0, 5), delta(23, 1), delta(5, 1) };

	d[2].category = CAT_SIGN_OUT;
	(void)report(h, 0, 7, d, 3, NULL, 0);
	/* Any category shows that the source was there. */
	ASK_TEXT(h,
	    "SELECT group_concat(DISTINCT unseen_hours) FROM rollup_day",
	    "011110111111111111111110");
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_day"), 2);
	assert_int_equal(
	    ask_int(h, "SELECT day_us FROM rollup_day LIMIT 1"), DAY);
}

static void
a_day_ends_at_taipei_midnight(void **state)
{
	struct help *h = *state;
	struct rollup_delta d[] = { delta(23, 1), delta(24, 1) };

	d[0].last_us = DAY + WHEN_DAY - 1;
	d[1].first_us = DAY + WHEN_DAY;
	(void)report(h, 0, 2, d, 2, NULL, 0);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_day"), 2);
	ASK_TEXT(h, "SELECT unseen_hours FROM rollup_day ORDER BY day_us DESC",
	    "011111111111111111111111");
}

static void
lacking_records_keep_their_first_moment(void **state)
{
	struct help *h = *state;
	struct rollup_delta d = delta(1, 4);

	d.lacking = 2;
	d.lacking_us = d.first_us + 7;
	(void)report(h, 0, 4, &d, 1, NULL, 0);
	d.lacking_us = d.first_us + 3;
	(void)report(h, 4, 8, &d, 1, NULL, 0);
	assert_int_equal(ask_int(h, "SELECT lacking FROM rollup_day"), 4);
	assert_int_equal(
	    ask_int(h, "SELECT lacking_us FROM rollup_hour"), d.first_us + 3);
}

static void
a_malformed_report_leaves_everything_as_it_was(void **state)
{
	struct help *h = *state;
	struct rollup_delta d[] = { delta(0, 5), delta(1, 1) };
	struct stream_report r = { .stream = S("main.audit-60"),
		.to = 6,
		.source = &source_one,
		.n_sources = 1,
		.delta = d,
		.n_deltas = 2 };
	uint64_t stored = 99;

	d[1].last_us += WHEN_HOUR;
	assert_int_equal(
	    evidence_report(h->b, &r, h->now, &stored, &h->why), ERR_RANGE);
	assert_int_equal(stored, 99);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_hour"), 0);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM source"), 0);
	OK(evidence_position(h->b, S("main.audit-60"), &stored, &h->why));
	assert_int_equal(stored, 0);
}

static void
detections_are_numbered_without_gap_and_counted_twice(void **state)
{
	struct help *h = *state;
	struct rollup_delta d = delta(0, 5);
	struct detection_report x[] = {
		{ .source = 1,
		    .rule = S("brute-force"),
		    .subject = S("root"),
		    .first_us = DAY,
		    .last_us = DAY + 5,
		    .count = 10,
		    .record = S("main.audit-60.3") },
		{ .source = 1,
		    .rule = S("brute-force"),
		    .subject = S("root"),
		    .first_us = DAY + 100,
		    .last_us = DAY + 105,
		    .count = 3 },
	};

	(void)report(h, 0, 5, &d, 1, x, 2);
	x[1].last_us += 50;
	x[1].count = 8;
	(void)report(h, 5, 6, &d, 1, &x[1], 1); /* it went on */
	assert_int_equal(ask_int(h, "SELECT detections FROM source"), 2);
	assert_int_equal(ask_int(h, "SELECT max(n) FROM detection"), 2);
	assert_int_equal(
	    ask_int(h, "SELECT \"count\" FROM detection WHERE n = 2"), 8);
	assert_int_equal(ask_int(h,
			     "SELECT count(*) FROM entry "
			     "WHERE register = 'beimen.detection'"),
	    2);
	ASK_TEXT(h, "SELECT agency FROM detection", "main");
}

static struct segment_report
segment(uint8_t name, const struct segment_source *o)
{
	struct segment_report s = { .agency = S("main"),
		.stream = S("main.audit-60"),
		.class_name = S("audit"),
		.keep_days = 60,
		.first_seq = 1,
		.n = 7,
		.blocks = 1,
		.first_us = DAY,
		.last_us = DAY + 9,
		.sealed_us = DAY + 10,
		.source = o,
		.n_sources = 1 };

	memset(s.file.at, name, HASH_LEN);
	return s;
}

static void
a_segment_is_catalogued_with_its_leaf_once(void **state)
{
	struct help *h = *state;
	struct segment_source o = { 1, DAY, DAY + 9, 7 };
	struct segment_report s = segment(0xab, &o);
	uint64_t leaf = 0, again = 0;
	struct buf who;

	OK(evidence_segment(h->b, &s, h->now, &leaf, &h->why));
	assert_int_equal(leaf, 4);
	OK(evidence_segment(h->b, &s, h->now, &again, &h->why));
	assert_int_equal(again, 4);
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 6);
	assert_int_equal(
	    ask_int(h, "SELECT kind FROM leaf WHERE at = 4"), 0x11);
	assert_int_equal(ask_int(h, "SELECT n FROM segment_source"), 7);
	s.n = 8;
	assert_int_equal(
	    evidence_segment(h->b, &s, h->now, &again, &h->why), ERR_DAMAGE);
	/* Its end is a leaf too, and the row stays. */
	assert_int_equal(
	    evidence_segment_gone(h->b, &s.file, SPAN_EMPTY, h->now, &h->why),
	    ERR_RANGE);
	OK(evidence_segment_gone(
	    h->b, &s.file, S("12.3: 60 days"), h->now, &h->why));
	OK(evidence_segment_gone(
	    h->b, &s.file, S("12.3: 60 days"), h->now, &h->why));
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 8);
	assert_int_equal(ask_int(h, "SELECT gone_us FROM segment"), h->now);
	OK(evidence_segment_damaged(
	    h->b, &s.file, S("block 0"), h->now + 5, &h->why));
	assert_int_equal(ask_int(h, "SELECT damaged FROM segment"), h->now + 5);
	buf_init(&who, 64);
	OK(book_segment_leaf(h->b, &s.file, &who, &leaf, &h->why));
	assert_int_equal(leaf, 4);
	assert_string_equal(buf_string(&who), "main");
	buf_clear(&who);
}

static void
heads_are_written_only_where_something_moved(void **state)
{
	struct help *h = *state;
	struct stream_head s = { .stream = S("main.audit-60"),
		.agency = S("main"),
		.class_name = S("audit"),
		.keep_days = 60,
		.first_seq = 1,
		.last_seq = 7,
		.count = 7,
		.first_us = DAY,
		.last_us = DAY + 9,
		.chain = { { 1 } } };
	struct leaf_heads l;
	struct leaf_head head;
	struct buf data;
	struct written w;

	OK(evidence_heads(h->b, &s, 1, h->now, &h->why));
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 5);
	OK(evidence_heads(h->b, &s, 1, h->now + 1, &h->why));
	OK(evidence_heads(h->b, NULL, 0, h->now + 2, &h->why));
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 5);
	OK(help_do(h, "process:test", "main", "system", "b", "{'name':'b'}",
	    NULL, 0, &w));
	OK(evidence_heads(h->b, &s, 1, h->now + 3, &h->why));
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 7);
	/* What it holds: every stream and register of the agency. */
	{
		struct sql_stmt *q = NULL;
		bool row;
		unsigned n = 0;

		buf_init(&data, 65536);
		OK(sql_prepare(book_db(h->b),
		    "SELECT data FROM leaf WHERE at = 6", &q, &h->why));
		OK(sql_step(q, &row, &h->why));
		buf_span(&data, sql_bytes(q, 0));
		sql_stmt_free(q);
		OK(leaf_heads_read(buf_view(&data), &l, &h->why));
		while (leaf_heads_next(&l, &head)) {
			n++;
			if (span_is(head.name, "system")) {
				assert_int_equal(head.count, 2);
				assert_int_equal(head.last_seq, w.seq);
			}
		}
		assert_int_equal(n, 4); /* agency person system main.audit-60 */
		buf_clear(&data);
	}
	s.last_seq = s.count = 8;
	s.chain.at[0] = 2;
	OK(evidence_heads(h->b, &s, 1, h->now + 4, &h->why));
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 8);
	assert_int_equal(ask_int(h, "SELECT last_seq FROM stream"), 8);
}

static void
verify_runs_are_numbered_in_their_agency(void **state)
{
	struct help *h = *state;
	struct verify_report v = { .agency = S("main"),
		.from_us = DAY,
		.at_us = DAY + 1,
		.segments = 1,
		.records = 7 };

	OK(evidence_verify(h->b, &v, &h->why));
	OK(evidence_verify(h->b, &v, &h->why));
	v.agency = S("other");
	OK(evidence_verify(h->b, &v, &h->why));
	ASK_TEXT(h, "SELECT group_concat(agency || n) FROM verify_run",
	    "main1,main2,other1");
	OK(evidence_loss(h->b, DAY, S("syslog-udp"), 3, &h->why));
	OK(evidence_disk(h->b, DAY, 100, 50, 7, &h->why));
	OK(evidence_disk(h->b, DAY, 99, 51, 7, &h->why));
	OK(evidence_witness(h->b, S("main"), S("audit"), DAY, 4, &h->why));
	assert_int_equal(ask_int(h, "SELECT free FROM disk"), 99);
}

static void
hour_rows_go_after_8_days_and_day_rows_after_400(void **state)
{
	struct help *h = *state;
	struct rollup_delta d = delta(0, 5);

	(void)report(h, 0, 5, &d, 1, NULL, 0);
	OK(evidence_trim(h->b, DAY + 9 * WHEN_DAY - 1, &h->why));
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_hour"), 1);
	OK(evidence_trim(h->b, DAY + 9 * WHEN_DAY, &h->why));
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_hour"), 0);
	OK(evidence_trim(h->b, DAY + 401 * WHEN_DAY - 1, &h->why));
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_day"), 1);
	OK(evidence_trim(h->b, DAY + 401 * WHEN_DAY, &h->why));
	assert_int_equal(ask_int(h, "SELECT count(*) FROM rollup_day"), 0);
}

/* sender, host in the record, and the row that is meant; NULL none. */
static const struct {
	const char *sender, *host, *key;
} senders[] = {
	{ "192.0.2.7", "anything", "net" },
	{ "192.0.2.9", "", "one" }, /* the longer network */
	{ "::ffff:192.0.2.7", "", "net" },
	{ "198.51.100.1", "WEB01", "host" },
	{ "198.51.100.1", "web02", NULL },
	{ "198.51.100.1", "fw-a.example.test", "star" },
	{ "203.0.113.5", "db", "both" },
	{ "203.0.113.6", "db", NULL }, /* the address must match too */
	{ "203.0.113.5", "web01", "host" },
	{ "2001:db8::9", "", "six" },
	{ "beimen", "whatever", "own" },
	{ "192.0.2.77.", "", NULL },
	{ "127.0.0.1", "beimen", NULL },
};

static void
a_sender_is_matched_to_the_most_exact_row(void **state)
{
	static const char *const rows[][2] = {
		{ "net", "'match_address':'192.0.2.0/24'" },
		{ "one", "'match_address':'192.0.2.9'" },
		{ "host", "'match_host':'web01'" },
		{ "star", "'match_host':'fw-*'" },
		{ "both", "'match_host':'db','match_address':'203.0.113.5'" },
		{ "six", "'match_address':'2001:db8::/32'" },
		{ "none", "'name':'n'" },
	};
	struct help *h = *state;
	struct source_rules *r = NULL;
	struct buf b;
	uint64_t changed = 0;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char fields[300];

		(void)snprintf(fields, sizeof fields,
		    "{%s%s,'system':'crm','kind':'server'}",
		    strcmp(rows[i][0], "none") != 0 ? "'name':'n'," : "",
		    rows[i][1]);
		set(h, "main", "log_source", rows[i][0], fields);
	}
	set(h, "main", "log_source", "own",
	    "{'name':'n','system':'crm','kind':'beimen'}");
	buf_init(&b, 65536);
	OK(source_rules_print(h->b, &b, &h->why));
	OK(source_rules_read(buf_view(&b), &r, &h->why));
	assert_int_equal(source_rules_count(r), 8);
	for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
		const struct source_rule *rule = source_match(
		    r, S(senders[i].sender), S(senders[i].host));

		if (senders[i].key == NULL)
			assert_null(rule);
		else if (rule == NULL)
			fail_msg("no rule for %s", senders[i].sender);
		else
			assert_string_equal(rule->key, senders[i].key);
	}
	source_rules_free(r);
	buf_clear(&b);
	OK(evidence_source(h->b, &source_one, &h->why));
	OK(source_rematch(h->b, &changed, &h->why));
	assert_int_equal(changed, 1);
	ASK_TEXT(h, "SELECT log_source FROM source", "host");
	OK(source_rematch(h->b, &changed, &h->why));
	assert_int_equal(changed, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_report_is_applied_exactly_once),
		T(a_day_row_knows_which_hours_were_silent),
		T(a_day_ends_at_taipei_midnight),
		T(lacking_records_keep_their_first_moment),
		T(a_malformed_report_leaves_everything_as_it_was),
		T(detections_are_numbered_without_gap_and_counted_twice),
		T(a_segment_is_catalogued_with_its_leaf_once),
		T(heads_are_written_only_where_something_moved),
		T(verify_runs_are_numbered_in_their_agency),
		T(hour_rows_go_after_8_days_and_day_rows_after_400),
		T(a_sender_is_matched_to_the_most_exact_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
