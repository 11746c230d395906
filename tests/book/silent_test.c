/*
 * tests/book/silent_test.c: a silence is told once, with a number of its own;
 * the register of hosts as a table.
 */
#include "help.h"

#include "book/evidence.h"
#include "book/silent.h"

/* A source of the row `web`, last heard then. */
static void
heard(struct help *h, int64_t id, int64_t last_us)
{
	const struct source_report s = { .id = id,
		.agency = S("main"),
		.log_source = S("web"),
		.sender = S("192.0.2.7"),
		.host = S("web01"),
		.via = VIA_UDP,
		.first_us = NOON - WHEN_DAY,
		.last_us = last_us,
		.records = 1 };

	OK(evidence_source(h->b, &s, &h->why));
}

static uint64_t
look(struct help *h, int64_t now_us)
{
	uint64_t n = 9;

	OK(silent_look(h->b, now_us, &n, &h->why));
	return n;
}

static void
a_silence_is_told_once_at_its_hour(void **state)
{
	struct help *h = *state;

	set(h, "main", "system", "crm", "{'name':'CRM'}");
	set(h, "main", "log_source", "web",
	    "{'name':'web','system':'crm','kind':'server','match_host':'web01',"
	    "'silent_hours':2}");
	heard(h, 1, NOON);
	heard(h, 2, NOON - WHEN_HOUR);
	assert_int_equal(look(h, NOON + 2 * WHEN_HOUR - 1), 0);
	assert_int_equal(look(h, NOON + 2 * WHEN_HOUR), 1);
	assert_int_equal(look(h, NOON + 3 * WHEN_HOUR), 0);
	/* Of the source heard last, counted twice as every detection is. */
	assert_int_equal(ask_int(h,
			     "SELECT n FROM detection WHERE source = 1 "
			     "AND rule = 'silent-source' AND "
			     "subject = 'web'"),
	    1);
	assert_int_equal(
	    ask_int(h, "SELECT detections FROM source WHERE id = 1"), 1);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM detection"), 1);
	/* It is heard again, and falls silent again: another. */
	heard(h, 1, NOON + 4 * WHEN_HOUR);
	assert_int_equal(look(h, NOON + 5 * WHEN_HOUR), 0);
	assert_int_equal(look(h, NOON + 7 * WHEN_HOUR), 1);
	assert_int_equal(ask_int(h, "SELECT max(n) FROM detection"), 2);
}

static void
what_is_retired_may_be_silent(void **state)
{
	struct help *h = *state;

	set(h, "main", "system", "crm", "{'name':'CRM'}");
	set(h, "main", "log_source", "web",
	    "{'name':'web','system':'crm','kind':'server','match_host':'web01',"
	    "'retired_on':'2026-03-01'}");
	heard(h, 1, NOON);
	assert_int_equal(look(h, NOON + 30 * WHEN_HOUR), 0);
}

static void
the_inventory_is_every_address_of_every_host(void **state)
{
	struct help *h = *state;
	struct buf b;

	buf_init(&b, 4096);
	OK(inventory_print(h->b, &b, &h->why));
	assert_int_equal(b.len, 0);
	set(h, "main", "host", "pc1",
	    "{'name':'pc1','mac':'00-11-22-33-44-55 AA:BB:CC:DD:EE:FF'}");
	set(h, "main", "host", "pc2", "{'name':'pc2'}");
	OK(inventory_print(h->b, &b, &h->why));
	assert_string_equal(
	    buf_string(&b), "00:11:22:33:44:55\naa:bb:cc:dd:ee:ff\n");
	buf_clear(&b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_silence_is_told_once_at_its_hour),
		T(what_is_retired_may_be_silent),
		T(the_inventory_is_every_address_of_every_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
