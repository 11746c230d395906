/*
 * tests/book/hold_test.c: legal holds, from the register to the question
 * "may this be deleted?".
 */
#include "help.h"

#include "book/hold.h"

/* 2026-03-02T00:00:00+08:00 */
#define MONDAY (NOON - 9 * WHEN_HOUR)

static const char *
sources(void *arg, size_t i)
{
	static const char *const from[] = { "web-1", "", NULL };

	(void)arg;
	return from[i];
}

/* The key of the hold that covers these records; "" when none does. */
static const char *
held(struct help *h, const char *agency, const char *class, int64_t first_us,
    int64_t last_us, int64_t now_us)
{
	struct hold_ask ask = { .agency = agency,
		.class = class,
		.first_us = first_us,
		.last_us = last_us,
		.from = sources };
	struct holds *all = NULL;
	static char key[64];
	const char *found;
	struct buf b;

	buf_init(&b, 1 << 16);
	OK(holds_print(h->b, &b, &h->why));
	OK(holds_read(buf_view(&b), &all, &h->why));
	found = holds_find(all, &ask, now_us);
	(void)snprintf(key, sizeof key, "%s", found == NULL ? "" : found);
	holds_free(all);
	buf_clear(&b);
	return key;
}

static void
hold(struct help *h, const char *key, const char *more)
{
	char fields[400];

	(void)snprintf(fields, sizeof fields,
	    "{'title':'某案','ordered_by':'臺北地檢 115 他 1'%s}", more);
	set(h, "main", "legal_hold", key, fields);
}

static void
without_a_hold_nothing_is_held(void **state)
{
	struct help *h = *state;

	assert_string_equal(held(h, "main", "audit", 0, NOON, NOON), "");
}

static void
a_hold_covers_all_of_its_agency_and_no_other(void **state)
{
	struct help *h = *state;

	hold(h, "h1", "");
	assert_string_equal(held(h, "main", "audit", 0, 1, NOON), "h1");
	assert_string_equal(held(h, "main", "general", 0, 1, NOON), "h1");
	assert_string_equal(held(h, "other", "audit", 0, 1, NOON), "");
}

static void
a_hold_on_a_class_or_a_source_covers_only_that(void **state)
{
	struct help *h = *state;

	set(h, "main", "log_source", "web-1",
	    "{'name':'一號','system':'crm','kind':'server',"
	    "'match_host':'web-1'}");
	set(h, "main", "log_source", "web-2",
	    "{'name':'二號','system':'crm','kind':'server',"
	    "'match_host':'web-2'}");
	hold(h, "h1", ",'class':'audit','log_source':'web-2'");
	assert_string_equal(held(h, "main", "audit", 0, 1, NOON), "");
	hold(h, "h2", ",'class':'audit','log_source':'web-1'");
	assert_string_equal(held(h, "main", "audit", 0, 1, NOON), "h2");
	assert_string_equal(held(h, "main", "personal", 0, 1, NOON), "");
}

static void
both_days_of_a_hold_are_included(void **state)
{
	struct help *h = *state;

	hold(h, "h1",
	    ",'records_from':'2026-03-02','records_until':'2026-03-03'");
	assert_string_equal(held(h, "main", "audit", 0, MONDAY - 1, NOON), "");
	assert_string_equal(held(h, "main", "audit", 0, MONDAY, NOON), "h1");
	assert_string_equal(held(h, "main", "audit", MONDAY + 2 * WHEN_DAY - 1,
				MONDAY + 9 * WHEN_DAY, NOON),
	    "h1");
	assert_string_equal(held(h, "main", "audit", MONDAY + 2 * WHEN_DAY,
				MONDAY + 9 * WHEN_DAY, NOON),
	    "");
}

static void
a_hold_ends_after_its_last_day_or_when_it_is_lifted(void **state)
{
	struct help *h = *state;
	struct written w;

	hold(h, "h1", ",'until':'2026-03-02'");
	assert_string_equal(
	    held(h, "main", "audit", 0, 1, MONDAY + WHEN_DAY - 1), "h1");
	assert_string_equal(
	    held(h, "main", "audit", 0, 1, MONDAY + WHEN_DAY), "");
	hold(h, "h2", "");
	assert_string_equal(
	    held(h, "main", "audit", 0, 1, MONDAY + WHEN_DAY), "h2");
	assert_int_equal(help_do(h, "process:test", "main", "legal_hold", "h2",
			     NULL, "判決確定", 0, &w),
	    ERR_OK);
	assert_string_equal(
	    held(h, "main", "audit", 0, 1, MONDAY + WHEN_DAY), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_hold_nothing_is_held),
		T(a_hold_covers_all_of_its_agency_and_no_other),
		T(a_hold_on_a_class_or_a_source_covers_only_that),
		T(both_days_of_a_hold_are_included),
		T(a_hold_ends_after_its_last_day_or_when_it_is_lifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
