/*
 * tests/sigma/correlation_test.c: counting over time, at the moment and not a
 * microsecond beside it; the same from any saved state; in bounded memory.
 */
#include "help.h"

#include <dirent.h>
#include <unistd.h>

#include "vault/detect_own.h"
#include "vault/detect_try.h"

#define PART(name, mark)                                          \
	"title: " name "\nname: " name "\nlevel: informational\n" \
	"logsource: {product: any}\n"                             \
	"detection: {k: {k: " mark "}, condition: k}\n---\n"
#define PARTS PART("a", "a") PART("b", "b") PART("c", "c")

struct watchers {
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
	assert_true(d->first_us <= d->last_us);
	assert_in_range(d->n_records, 1, DETECT_RECORDS_MAX);
	for (unsigned i = 0; i < d->n_records; i++)
		assert_in_range(d->record[i].seq, 1, d->seq);
	buf_printf(&w->said, "%s%s %s %llu #%llu %lld r%u; ",
	    d->again ? "+" : "", d->rule, d->subject,
	    (unsigned long long)d->count, (unsigned long long)d->n,
	    (long long)((d->first_us - NOW) / WHEN_SECOND), d->n_records);
	return ERR_OK;
}

static struct watchers *
begin(const char *yaml, size_t keys_max)
{
	struct watchers *w = calloc(1, sizeof *w);

	assert_non_null(w);
	w->rules = help_set(yaml);
	w->d = detect_new(w->rules, keys_max);
	assert_non_null(w->d);
	buf_init(&w->said, (size_t)16 << 20);
	return w;
}

static void
end(struct watchers *w)
{
	detect_free(w->d);
	sigma_free(w->rules);
	buf_clear(&w->said);
	free(w);
}

/* A record {"k": kind, "u": user, "v": value} at so many microseconds. */
static void
see(struct watchers *w, const char *kind, const char *user, const char *value,
    int64_t at_us)
{
	char message[256];
	struct event ev;
	struct fault why;

	(void)snprintf(message, sizeof message,
	    "{\"k\":\"%s\",\"u\":\"%s\",\"v\":\"%s\"}", kind, user, value);
	ev = help_event(message);
	ev.received_us = ev.event_us = NOW + at_us;
	w->seq++;
	if (detect_feed(w->d, 1, 0, w->seq, &ev, say, w, &why) != ERR_OK)
		fail_msg("%s", why.text);
}

static void
assert_said(struct watchers *w, const char *want)
{
	assert_string_equal(buf_string(&w->said), want);
	buf_reset(&w->said);
}

#define COUNT(type, more)                                      \
	PARTS "title: r\nname: r\ncorrelation:\n  type: " type \
	      "\n  rules: [a]\n  group-by: [u]\n  timespan: 60s\n" more

static void
events_are_counted_up_to_the_end_of_the_window(void **state)
{
	struct watchers *w = begin(
	    COUNT("event_count", "  condition: {gte: 3}\n"), 0);

	(void)state;
	see(w, "a", "x", "", 0);
	see(w, "a", "x", "", 30 * WHEN_SECOND);
	see(w, "a", "y", "", 31 * WHEN_SECOND);
	see(w, "b", "x", "", 32 * WHEN_SECOND);
	assert_said(w, "");
	see(w, "a", "x", "", 60 * WHEN_SECOND);
	assert_said(w, "r x 3 #1 0 r3; ");
	see(w, "a", "z", "", 100 * WHEN_SECOND);
	see(w, "a", "z", "", 101 * WHEN_SECOND);
	see(w, "a", "z", "", 160 * WHEN_SECOND + 1);
	assert_said(w, "");
	/* The window slides: the second to the fourth. */
	see(w, "a", "z", "", 161 * WHEN_SECOND);
	assert_said(w, "r z 3 #2 101 r3; ");
	end(w);
}

static void
limits_may_be_a_range(void **state)
{
	struct watchers *w = begin(
	    COUNT("event_count", "  condition: {gt: 1, lte: 2}\n"), 0);

	(void)state;
	see(w, "a", "x", "", 0);
	assert_said(w, "");
	see(w, "a", "x", "", 1);
	assert_said(w, "r x 2 #1 0 r2; ");
	see(w, "a", "x", "", 2);
	assert_said(w, "");
	end(w);
}

static void
different_values_are_counted_once_each(void **state)
{
	struct watchers *w = begin(
	    COUNT("value_count", "  condition: {field: v, gte: 3}\n"), 0);

	(void)state;
	see(w, "a", "x", "1", 0);
	see(w, "a", "x", "2", 1 * WHEN_SECOND);
	see(w, "a", "x", "2", 2 * WHEN_SECOND);
	see(w, "a", "x", "", 3 * WHEN_SECOND);
	assert_said(w, "");
	see(w, "a", "x", "3", 60 * WHEN_SECOND);
	assert_said(w, "r x 3 #1 0 r3; ");
	see(w, "a", "x", "4", 60 * WHEN_SECOND + 1);
	assert_said(w, ""); /* 1 is over, so they are three again */
	see(w, "a", "x", "5", 61 * WHEN_SECOND);
	assert_said(w, "+r x 4 #1 0 r1; ");
	end(w);
}

static void
numbers_are_added_and_averaged(void **state)
{
	struct watchers *w = begin(
	    COUNT("value_sum", "  condition: {field: v, gt: 10}\n"), 0);

	(void)state;
	see(w, "a", "x", "5", 0);
	see(w, "a", "x", "much", 1);
	see(w, "a", "x", "5", 60 * WHEN_SECOND);
	assert_said(w, "");
	see(w, "a", "x", "5", 60 * WHEN_SECOND);
	assert_said(w, "r x 15 #1 0 r3; ");
	end(w);
	w = begin(COUNT("value_avg", "  condition: {field: v, gte: 4}\n"), 0);
	see(w, "a", "x", "1", 0);
	see(w, "a", "x", "6", 1);
	assert_said(w, "");
	see(w, "a", "x", "5", 2);
	assert_said(w, "r x 3 #1 0 r3; ");
	end(w);
}

#define NEAR(type, more)                                       \
	PARTS "title: r\nname: r\ncorrelation:\n  type: " type \
	      "\n  rules: [a, b, c]\n  group-by: [u]\n  timespan: 60s\n" more

static void
rules_near_one_another_in_any_order(void **state)
{
	struct watchers *w = begin(NEAR("temporal", ""), 0);

	(void)state;
	see(w, "c", "x", "", 0);
	see(w, "a", "x", "", 30 * WHEN_SECOND);
	see(w, "a", "x", "", 31 * WHEN_SECOND);
	see(w, "b", "y", "", 32 * WHEN_SECOND);
	assert_said(w, "");
	see(w, "b", "x", "", 60 * WHEN_SECOND);
	assert_said(w, "r x 3 #1 0 r3; ");
	see(w, "c", "z", "", 100 * WHEN_SECOND);
	see(w, "a", "z", "", 101 * WHEN_SECOND);
	see(w, "b", "z", "", 160 * WHEN_SECOND + 1);
	assert_said(w, "");
	end(w);
	w = begin(NEAR("temporal", "  condition: {gte: 2}\n"), 0);
	see(w, "c", "x", "", 0);
	see(w, "a", "x", "", 60 * WHEN_SECOND);
	assert_said(w, "r x 2 #1 0 r2; ");
	end(w);
}

static void
rules_in_their_order(void **state)
{
	struct watchers *w = begin(NEAR("temporal_ordered", ""), 0);

	(void)state;
	see(w, "b", "x", "", 0);
	see(w, "a", "x", "", 1);
	see(w, "c", "x", "", 2);
	assert_said(w, "");
	see(w, "a", "x", "", 10 * WHEN_SECOND);
	see(w, "b", "x", "", 20 * WHEN_SECOND);
	see(w, "c", "x", "", 70 * WHEN_SECOND);
	assert_said(w, "r x 3 #1 10 r3; ");
	see(w, "c", "x", "", 71 * WHEN_SECOND);
	assert_said(w, "");
	see(w, "a", "y", "", 100 * WHEN_SECOND);
	see(w, "b", "y", "", 120 * WHEN_SECOND);
	see(w, "c", "y", "", 160 * WHEN_SECOND + 1);
	assert_said(w, "");
	end(w);
}

/* The specification's own example: failures, then a success. */
static void
correlations_are_chained_and_aliases_name_fields(void **state)
{
	struct watchers *w = begin(PARTS
	    "title: many\nname: many\ncorrelation:\n  type: event_count\n"
	    "  rules: [a]\n  group-by: [u]\n  timespan: 60s\n"
	    "  condition: {gte: 2}\n---\n"
	    "title: then\nname: then\ncorrelation:\n"
	    "  type: temporal_ordered\n  rules: [many, b]\n"
	    "  group-by: [who]\n  timespan: 60s\n"
	    "  aliases: {who: {many: u, b: v}}\n",
	    0);

	(void)state;
	see(w, "a", "x", "", 0);
	see(w, "a", "x", "", 1);
	see(w, "b", "other", "y", 2);
	assert_said(w, ""); /* many does not speak: it is only a part */
	see(w, "b", "other", "x", 60 * WHEN_SECOND);
	assert_said(w, "then x 3 #1 0 r2; ");
	end(w);
}

static void
a_plain_rule_speaks_once_a_run(void **state)
{
	struct watchers *w = begin(
	    "title: p\nname: p\nlogsource: {product: any}\n"
	    "beimen: {subject: [u, host], within: 60s}\n"
	    "detection: {k: {k: a}, condition: k}\n",
	    0);

	(void)state;
	see(w, "a", "x", "", 0);
	assert_said(w, "p x 1 #1 0 r1; ");
	see(w, "a", "x", "", 60 * WHEN_SECOND);
	assert_said(w, "+p x 2 #1 0 r1; ");
	see(w, "a", "x", "", 120 * WHEN_SECOND);
	assert_said(w, "");
	see(w, "a", "x", "", 180 * WHEN_SECOND + 1);
	assert_said(w, "p x 1 #2 180 r1; ");
	see(w, "a", "", "", 200 * WHEN_SECOND);
	assert_said(w, "p web01 1 #3 200 r1; ");
	end(w);
}

#define ALL                                                           \
	PARTS                                                         \
	"title: e\nname: e\nbeimen: {reset-by: c}\ncorrelation:\n"    \
	"  type: event_count\n  rules: [a]\n  group-by: [u]\n"        \
	"  timespan: 60s\n  condition: {gte: 3}\n---\n"               \
	"title: v\nname: v\ncorrelation:\n  type: value_count\n"      \
	"  rules: [a, b]\n  group-by: [u]\n  timespan: 60s\n"         \
	"  condition: {field: v, gte: 3}\n---\n"                      \
	"title: s\nname: s\ncorrelation:\n  type: value_sum\n"        \
	"  rules: [b]\n  group-by: [u]\n  timespan: 60s\n"            \
	"  condition: {field: v, gte: 9}\n---\n"                      \
	"title: t\nname: t\ncorrelation:\n  type: temporal\n"         \
	"  rules: [a, b, c]\n  group-by: [u]\n  timespan: 9s\n---\n"  \
	"title: o\nname: o\ncorrelation:\n  type: temporal_ordered\n" \
	"  rules: [e, c]\n  group-by: [u]\n  timespan: 60s\n"         \
	"  generate: true\n---\n"                                     \
	"title: p\nname: p\nlogsource: {product: any}\n"              \
	"detection: {k: {v: 7}, condition: k}\n"

/* Random records, in random order of time; x is saved and loaded now and
 * then, y after every record. */
static void
a_saved_state_goes_on_as_if_nothing_had_been(void **state)
{
	struct watchers *w = begin(ALL, 12), *x = begin(ALL, 12);
	struct fault why;
	struct buf b;
	uint64_t r = 88172645463325252u;
	int64_t at = 0;

	(void)state;
	buf_init(&b, 1 << 24);
	for (unsigned i = 0; i < 6000; i++) {
		static const char *const kind[] = { "a", "b", "c", "d" };
		char user[8], value[8];

		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		(void)snprintf(user, sizeof user, "u%d", (int)(r % 15));
		(void)snprintf(value, sizeof value, "%d", (int)(r >> 9) % 8);
		at += (int64_t)(r >> 20 & 0xfff) * 1000 - 300000;
		see(w, kind[r >> 40 & 3], user, value, at);
		see(x, kind[r >> 40 & 3], user, value, at);
		if (i % 7 != 0 && i > 500)
			continue;
		buf_reset(&b);
		detect_save(x->d, &b);
		assert_int_equal(buf_error(&b), ERR_OK);
		assert_in_range(b.len, 1, x->d->bytes + 4096);
		if (detect_load(x->d, buf_view(&b), &why) != ERR_OK)
			fail_msg("%s", why.text);
		assert_int_equal(w->d->bytes, x->d->bytes);
	}
	assert_true(w->said.len > 10000);
	assert_string_equal(buf_string(&w->said), buf_string(&x->said));
	assert_int_equal(detect_dropped(w->d), detect_dropped(x->d));
	assert_true(detect_dropped(w->d) > 0);
	/* A state cut short is refused, and leaves nothing. */
	for (size_t i = 0; i < b.len; i += 7)
		assert_int_equal(
		    detect_load(x->d, span_slice(buf_view(&b), 0, i), &why),
		    ERR_SYNTAX);
	assert_int_equal(x->d->bytes, 0);
	buf_clear(&b);
	end(w);
	end(x);
}

static void
a_changed_rule_begins_anew_and_the_others_go_on(void **state)
{
	static const char *const other = PARTS
	    "title: r2\nname: r2\ncorrelation:\n  type: event_count\n"
	    "  rules: [b]\n  group-by: [u]\n  timespan: 60s\n"
	    "  condition: {gte: 2}\n---\n";
	char one[4096], two[4096];
	struct watchers *w, *x;
	struct fault why;
	struct buf b;

	(void)state;
	(void)snprintf(one, sizeof one, "%s%s", other,
	    "title: r\nname: r\ncorrelation:\n  type: event_count\n"
	    "  rules: [a]\n  group-by: [u]\n  timespan: 60s\n"
	    "  condition: {gte: 2}\n");
	(void)snprintf(two, sizeof two, "%s%s", other,
	    "title: r\nname: r\ncorrelation:\n  type: event_count\n"
	    "  rules: [a]\n  group-by: [u]\n  timespan: 60s\n"
	    "  condition: {gte: 3}\n");
	w = begin(one, 0);
	x = begin(two, 0);
	buf_init(&b, 1 << 20);
	see(w, "a", "x", "", 0);
	see(w, "b", "x", "", 0);
	see(w, "b", "y", "", 0);
	see(w, "b", "y", "", 0);
	assert_said(w, "r2 y 2 #1 0 r2; ");
	detect_save(w->d, &b);
	assert_int_equal(detect_load(x->d, buf_view(&b), &why), ERR_OK);
	assert_int_equal(detect_dropped(x->d), 1);
	see(x, "a", "x", "", 1);
	see(x, "a", "x", "", 2);
	assert_said(x, "");
	see(x, "b", "x", "", 3);
	assert_said(x, "r2 x 2 #2 0 r2; ");
	buf_clear(&b);
	end(w);
	end(x);
}

static void
memory_is_bounded_and_what_is_forgotten_is_counted(void **state)
{
	struct watchers *w = begin(
	    COUNT("event_count", "  condition: {gte: 4000}\n"), 0);
	char user[16];
	struct buf b;

	(void)state;
	/* Each of 300 subjects would keep 4,000 hits. */
	for (unsigned round = 0; round < 3900; round += 100)
		for (unsigned u = 0; u < 300; u++)
			for (unsigned i = 0; i < 10; i++) {
				(void)snprintf(user, sizeof user, "u%u", u);
				see(w, "a", user, "", round + i);
			}
	assert_in_range(w->d->bytes, 1, DETECT_STATE_MAX);
	for (unsigned u = 0; u < 200; u++)
		for (unsigned i = 0; i < 3999; i++) {
			(void)snprintf(user, sizeof user, "w%u", u);
			see(w, "a", user, "", 5000);
		}
	assert_in_range(w->d->bytes, 1, DETECT_STATE_MAX);
	assert_true(detect_dropped(w->d) > 0);
	buf_init(&b, DETECT_STATE_MAX + (1 << 20));
	detect_save(w->d, &b);
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_in_range(b.len, 1, DETECT_STATE_MAX + 4096);
	buf_clear(&b);
	assert_said(w, "");
	see(w, "a", "w199", "", 5001);
	assert_said(w, "r w199 4000 #1 0 r16; ");
	end(w);
}

/* ---- the rules we ship ---- */

static void
complain(void *arg, const char *line)
{
	(void)arg;
	fail_msg("%s", line);
}

static void
shipped_rules_pass_the_tests_beside_them(void **state)
{
	struct sigma *s = sigma_new();
	struct detect_tried tried = { 0, 0 };
	static char text[1 << 18];
	char folder[2048], path[4096];
	struct dirent *x;
	struct fault why;
	unsigned files = 0;
	DIR *d;

	(void)state;
	(void)snprintf(folder, sizeof folder, "%s/detections", getenv("SRC"));
	assert_int_equal(
	    sigma_load_tables(s, folder, complain, NULL, &why), ERR_OK);
	assert_int_equal(sigma_load(s, folder, complain, NULL, &why), ERR_OK);
	assert_int_equal(sigma_finish(s, complain, NULL, &why), ERR_OK);
	assert_non_null(d = opendir(folder));
	while ((x = readdir(d)) != NULL) {
		size_t n;
		FILE *f;

		if (strstr(x->d_name, ".test.yaml") == NULL)
			continue;
		files++;
		(void)snprintf(path, sizeof path, "%s/%s", folder, x->d_name);
		assert_non_null(f = fopen(path, "r"));
		n = fread(text, 1, sizeof text, f);
		(void)fclose(f);
		if (detect_try(s, span_of(text, n), path, complain, NULL,
			&tried, &why) != ERR_OK)
			fail_msg("%s", why.text);
	}
	(void)closedir(d);
	assert_int_equal(tried.failed, 0);
	assert_true(tried.tests > 2 * files);
	/* Each rule that speaks has a test file and is said in two tongues. */
	for (unsigned i = 0; i < sigma_count(s); i++) {
		const struct sigma_rule *r = sigma_at(s, i);
		size_t n = strlen(r->file);

		assert_false(r->idle);
		if (!r->speaks)
			continue;
		(void)snprintf(path, sizeof path, "%.*s.test.yaml",
		    (int)(n - strlen(".yml")), r->file);
		assert_int_equal(access(path, R_OK), 0);
		assert_string_not_equal(r->title.zh, r->title.en);
		assert_string_not_equal(r->description.zh, r->description.en);
		assert_string_not_equal(r->advice.zh, r->advice.en);
		assert_true(r->clauses[0] != '\0' && r->actor[0] != '\0');
	}
	sigma_free(s);
}

static void
a_test_that_fails_says_where(void **state)
{
	static const char *const yaml =
	    "tests:\n  - name: no\n    records:\n"
	    "      - {at: '2026-03-02T10:00:00+08:00', category: other, "
	    "message: '{\"k\":\"a\"}'}\n"
	    "    expect: [{rule: q}]\n";
	struct sigma *s = help_set(
	    "title: p\nname: p\nlogsource: {product: any}\n"
	    "detection: {k: {k: a}, condition: k}\n");
	struct detect_tried tried = { 0, 0 };
	struct fault why;

	(void)state;
	help_mistakes[0] = '\0';
	assert_int_equal(detect_try(s, span_text(yaml), "x.test.yaml",
			     help_mistake, NULL, &tried, &why),
	    ERR_OK);
	assert_string_equal(help_mistakes,
	    "x.test.yaml:2: no: expected but not told: q \n"
	    "x.test.yaml:2: no: told but not expected: p host, count 1, "
	    "1 records\n");
	assert_int_equal(tried.failed, 1);
	assert_int_equal(detect_try(s, span_text("a: 1"), "x", help_mistake,
			     NULL, &tried, &why),
	    ERR_SYNTAX);
	sigma_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    events_are_counted_up_to_the_end_of_the_window),
		cmocka_unit_test(limits_may_be_a_range),
		cmocka_unit_test(different_values_are_counted_once_each),
		cmocka_unit_test(numbers_are_added_and_averaged),
		cmocka_unit_test(rules_near_one_another_in_any_order),
		cmocka_unit_test(rules_in_their_order),
		cmocka_unit_test(
		    correlations_are_chained_and_aliases_name_fields),
		cmocka_unit_test(a_plain_rule_speaks_once_a_run),
		cmocka_unit_test(a_saved_state_goes_on_as_if_nothing_had_been),
		cmocka_unit_test(
		    a_changed_rule_begins_anew_and_the_others_go_on),
		cmocka_unit_test(
		    memory_is_bounded_and_what_is_forgotten_is_counted),
		cmocka_unit_test(shipped_rules_pass_the_tests_beside_them),
		cmocka_unit_test(a_test_that_fails_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
