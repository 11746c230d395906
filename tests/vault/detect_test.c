/*
 * tests/vault/detect_test.c: what the detectors see, at the moment and not a
 * microsecond beside it.
 */
#include "lab.h"

#include <stdio.h>

#include "rules.h"
#include "vault/detect.h"

struct watchers {
	struct lab l;
	struct sigma *rules;
	struct detect *d;
	struct buf said;
	uint64_t seq;
};

static enum err
say(void *arg, const struct detection *d, struct fault *why)
{
	struct watchers *w = arg;

	(void)why;
	/* Sign-ins outside hours and the like are tried elsewhere. */
	if (strncmp(d->rule, "brute", 5) != 0 &&
	    strncmp(d->rule, "conc", 4) != 0)
		return ERR_OK;
	buf_printf(&w->said, "%s%s %s %llu; ", d->again ? "+" : "", d->rule,
	    d->subject, (unsigned long long)d->count);
	assert_true(d->n > 0);
	assert_in_range(d->n_records, 1, DETECT_RECORDS_MAX);
	assert_int_equal(d->record[d->n_records - 1].seq, w->seq);
	assert_int_equal(d->seq, w->seq);
	assert_true(d->first_us <= d->last_us);
	return ERR_OK;
}

static struct watchers *
begin(size_t keys_max)
{
	struct watchers *w = calloc(1, sizeof *w);

	assert_non_null(w);
	lab_open(&w->l);
	w->rules = rules_shipped();
	w->d = detect_new(w->rules, keys_max);
	assert_non_null(w->d);
	buf_init(&w->said, 1 << 20);
	return w;
}

static void
end(struct watchers *w)
{
	detect_free(w->d);
	sigma_free(w->rules);
	buf_clear(&w->said);
	lab_close(&w->l);
	free(w);
}

static void
feed(struct watchers *w, const struct event *ev)
{
	struct fault why;

	w->seq++;
	assert_ok(detect_feed(w->d, 1, 0, w->seq, ev, say, w, &why), &why);
}

static void
see(struct watchers *w, enum event_category c, const char *user,
    const char *address, int64_t at_us)
{
	struct event ev = lab_auth(&w->l, c, "web01", user, address, at_us);

	feed(w, &ev);
}

static void
assert_said(struct watchers *w, const char *want)
{
	assert_string_equal(buf_string(&w->said), want);
	buf_reset(&w->said);
}

static void
five_failures_within_a_quarter_of_an_hour_are_brute_force(void **state)
{
	const int64_t window = 15 * WHEN_MINUTE;
	struct watchers *w = begin(0);

	(void)state;
	/* The fifth comes exactly at the window's end. */
	for (int i = 0; i < 4; i++)
		see(w, CAT_SIGN_IN_FAILED, "alice", "", LAB_NOW + i);
	assert_said(w, "");
	see(w, CAT_SIGN_IN_FAILED, "alice", "", LAB_NOW + window);
	assert_said(w, "brute-force alice 5; ");
	/* One microsecond later it is none. */
	for (int i = 0; i < 4; i++)
		see(w, CAT_SIGN_IN_FAILED, "bob", "", LAB_NOW + i);
	see(w, CAT_SIGN_IN_FAILED, "bob", "", LAB_NOW + window + 1);
	assert_said(w, "");
	/* But the window slides: the second to the sixth are. */
	see(w, CAT_SIGN_IN_FAILED, "bob", "", LAB_NOW + window + 1);
	assert_said(w, "brute-force bob 5; ");
	end(w);
}

static void
a_run_is_told_again_when_it_doubles_and_what_ends_it_beside_it(void **state)
{
	struct watchers *w = begin(0);

	(void)state;
	for (int i = 0; i < 40; i++)
		see(w, CAT_SIGN_IN_FAILED, "alice", "",
		    LAB_NOW + i * WHEN_MINUTE);
	assert_said(w,
	    "brute-force alice 5; +brute-force alice 10; "
	    "+brute-force alice 20; +brute-force alice 40; ");
	see(w, CAT_ACCOUNT_LOCK, "alice", "", LAB_NOW + 40 * WHEN_MINUTE);
	assert_said(w, "brute-force-locked alice 41; ");
	see(w, CAT_SIGN_IN, "alice", "", LAB_NOW + 41 * WHEN_MINUTE);
	assert_said(w, "brute-force-success alice 41; ");
	/* After the success a new run needs five of its own. */
	for (int i = 0; i < 5; i++)
		see(w, CAT_SIGN_IN_FAILED, "alice", "",
		    LAB_NOW + (42 + i) * WHEN_MINUTE);
	assert_said(w, "brute-force alice 5; ");
	end(w);
}

static void
twenty_failures_from_one_address_are_seen_whoever_they_name(void **state)
{
	struct watchers *w = begin(0);
	char user[20];

	(void)state;
	for (int i = 0; i < 19; i++) {
		(void)snprintf(user, sizeof user, "user%d", i);
		see(w, CAT_SIGN_IN_FAILED, user, "203.0.113.5", LAB_NOW + i);
	}
	assert_said(w, "");
	/* A success of his own does not hide the guesses. */
	see(w, CAT_SIGN_IN, "mallory", "203.0.113.5", LAB_NOW + 19);
	see(w, CAT_SIGN_IN_FAILED, "last", "203.0.113.5", LAB_NOW + 20);
	assert_said(w, "brute-force-address 203.0.113.5 20; ");
	see(w, CAT_SIGN_IN, "victim", "203.0.113.5", LAB_NOW + 21);
	assert_said(w, "brute-force-address-success 203.0.113.5 21; ");
	end(w);
}

static void
one_user_at_two_addresses_within_ten_minutes_is_concurrent(void **state)
{
	const int64_t window = 10 * WHEN_MINUTE;
	struct watchers *w = begin(0);

	(void)state;
	see(w, CAT_SIGN_IN, "alice", "10.0.0.1", LAB_NOW);
	see(w, CAT_SIGN_IN, "alice", "10.0.0.1", LAB_NOW + 1);
	assert_said(w, ""); /* the same place twice */
	see(w, CAT_SIGN_IN, "alice", "10.0.0.2", LAB_NOW + 1 + window);
	assert_said(w, "concurrent-use alice 2; ");
	see(w, CAT_SIGN_IN, "bob", "10.0.0.1", LAB_NOW);
	see(w, CAT_SIGN_IN, "bob", "10.0.0.2", LAB_NOW + window + 1);
	assert_said(w, "");
	end(w);
}

/* Sessions that are known to be open count however old they are. */
static void
two_open_sessions_at_two_addresses_are_concurrent(void **state)
{
	struct watchers *w = begin(0);
	struct event ev;

	(void)state;
	ev = lab_auth(
	    &w->l, CAT_SIGN_IN, "web01", "alice", "10.0.0.1", LAB_NOW);
	ev.field[FIELD_SESSION] = SPAN_LIT("s1");
	feed(w, &ev);
	see(w, CAT_SIGN_IN, "alice", "10.0.0.2", LAB_NOW + 3 * WHEN_HOUR);
	assert_said(w, "concurrent-use alice 2; ");

	ev = lab_auth(&w->l, CAT_SIGN_IN, "web01", "bob", "10.0.0.1", LAB_NOW);
	ev.field[FIELD_SESSION] = SPAN_LIT("s2");
	feed(w, &ev);
	ev = lab_auth(
	    &w->l, CAT_SIGN_OUT, "web01", "bob", "", LAB_NOW + WHEN_HOUR);
	ev.field[FIELD_SESSION] = SPAN_LIT("s2");
	feed(w, &ev);
	see(w, CAT_SIGN_IN, "bob", "10.0.0.2", LAB_NOW + 3 * WHEN_HOUR);
	assert_said(w, "");
	end(w);
}

/* What waited in a sender's queue is judged by its own times. */
static void
records_that_come_late_all_at_once_are_no_attack(void **state)
{
	struct watchers *w = begin(0);

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct event ev = lab_auth(
		    &w->l, CAT_SIGN_IN_FAILED, "web01", "alice", "", LAB_NOW);

		ev.event_us = LAB_NOW - WHEN_DAY + i * WHEN_HOUR;
		feed(w, &ev);
	}
	assert_said(w, "");
	end(w);
}

static void
memory_is_bounded_and_what_is_forgotten_is_counted(void **state)
{
	struct watchers *w = begin(10);
	char user[20];

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 11; i++) {
			(void)snprintf(user, sizeof user, "user%d", i);
			see(w, CAT_SIGN_IN_FAILED, user, "", LAB_NOW);
		}
	}
	assert_said(w, "");
	assert_true(detect_dropped(w->d) >= 44);
	for (int i = 0; i < 5; i++)
		see(w, CAT_SIGN_IN_FAILED, "eve", "", LAB_NOW);
	assert_said(w, "brute-force eve 5; ");
	end(w);
}

/* Random sign-ins, saved and loaded after every record: the same is said. */
static void
a_saved_state_goes_on_as_if_nothing_had_been(void **state)
{
	struct watchers *w = begin(20), *x = begin(20);
	static const enum event_category kinds[] = { CAT_SIGN_IN,
		CAT_SIGN_IN_FAILED, CAT_SIGN_IN_FAILED, CAT_SIGN_IN_FAILED,
		CAT_SIGN_OUT, CAT_ACCOUNT_LOCK };
	struct fault why;
	struct buf b;
	int64_t now = LAB_NOW;

	(void)state;
	buf_init(&b, 1 << 22);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t r = lab_random(&w->l);
		struct event ev;
		char user[20], address[30];

		(void)snprintf(user, sizeof user, "user%d", (int)(r % 7));
		(void)snprintf(
		    address, sizeof address, "10.0.0.%d", (int)(r >> 8) & 7);
		now += (int64_t)(r >> 20) % (2 * WHEN_MINUTE);
		ev = lab_auth(
		    &w->l, kinds[(r >> 40) % 6], "web01", user, address, now);
		feed(w, &ev);
		feed(x, &ev);
		buf_reset(&b);
		detect_save(x->d, &b);
		assert_int_equal(buf_error(&b), ERR_OK);
		assert_ok(detect_load(x->d, buf_view(&b), &why), &why);
		assert_string_equal(buf_string(&w->said), buf_string(&x->said));
	}
	assert_true(w->said.len > 500);
	assert_int_equal(detect_dropped(w->d), detect_dropped(x->d));
	/* A state cut short is refused, and leaves nothing. */
	for (size_t i = 0; i < b.len; i += 7)
		assert_int_equal(
		    detect_load(x->d, span_slice(buf_view(&b), 0, i), &why),
		    ERR_SYNTAX);
	buf_clear(&b);
	end(w);
	end(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    five_failures_within_a_quarter_of_an_hour_are_brute_force),
		cmocka_unit_test(
		    a_run_is_told_again_when_it_doubles_and_what_ends_it_beside_it),
		cmocka_unit_test(
		    twenty_failures_from_one_address_are_seen_whoever_they_name),
		cmocka_unit_test(
		    one_user_at_two_addresses_within_ten_minutes_is_concurrent),
		cmocka_unit_test(
		    two_open_sessions_at_two_addresses_are_concurrent),
		cmocka_unit_test(
		    records_that_come_late_all_at_once_are_no_attack),
		cmocka_unit_test(
		    memory_is_bounded_and_what_is_forgotten_is_counted),
		cmocka_unit_test(a_saved_state_goes_on_as_if_nothing_had_been),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
