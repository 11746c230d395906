/*
 * tests/intake/follow_test.c: lines of files, in batches that are the same
 * again.
 */
#include "intake/follow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "intake/frame.h"

struct seen {
	unsigned n, cut;
	size_t bytes;
	char last[32];
};

static void
line(void *arg, struct span s, unsigned marks)
{
	struct seen *n = arg;
	struct span end = span_slice(s, 0, sizeof n->last - 1);

	n->n++;
	n->bytes += s.len;
	if ((marks & FRAME_CUT) != 0)
		n->cut++;
	memcpy(n->last, end.at, end.len);
	n->last[end.len] = '\0';
}

static void
whole_lines_are_a_batch_and_the_rest_waits(void **state)
{
	struct span s = SPAN_LIT("one\n\ntwo\r\nthr");
	struct seen n = { 0 };
	size_t len = follow_batch(s, false);

	(void)state;
	assert_int_equal(len, 10);
	follow_lines(span_slice(s, 0, len), line, &n);
	assert_int_equal(n.n, 2); /* an empty line is no record */
	assert_string_equal(n.last, "two\r"); /* the bytes as they are */
	assert_int_equal(follow_batch(SPAN_LIT("thr"), false), 0);
	assert_int_equal(follow_batch(SPAN_LIT("thr"), true), 3);
	assert_int_equal(follow_batch(SPAN_EMPTY, true), 0);
}

static void
a_long_line_is_kept_in_pieces(void **state)
{
	size_t len = 2 * EVENT_RAW_MAX + 10, at = 0, part;
	uint8_t *p = malloc(len);
	struct seen n = { 0 };

	(void)state;
	assert_non_null(p);
	memset(p, 'a', len);
	p[len - 1] = '\n';
	while ((part = follow_batch(span_of(p + at, len - at), false)) > 0) {
		follow_lines(span_of(p + at, part), line, &n);
		at += part;
	}
	assert_int_equal(at, len);
	assert_int_equal(n.n, 3);
	assert_int_equal(n.cut, 2);
	assert_int_equal(n.bytes, len - 1);
	free(p);
}

/* However much of the file stood there, and also when exactly the range of a
 * batch is read again, the batches are these. */
static void
a_batch_depends_on_its_bytes_alone(void **state)
{
	static char text[60000];
	size_t at = 0, n = 0, ends[64];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 97 == 96 || i % 1301 == 0 ? '\n' : 'x';
	for (size_t len; (len = follow_batch(
			      span_of(text + at, sizeof text - at), false)) > 0;
	     at += len) {
		assert_true(len <= FOLLOW_BATCH_LEN);
		ends[n++] = at + len;
	}
	assert_true(n > 3);
	for (size_t have = 100; have < sizeof text; have += 611) {
		size_t from = 0;

		for (size_t i = 0; i < n && ends[i] <= have; i++) {
			size_t len = follow_batch(
			    span_of(text + from, have - from), false);

			/* The last one may still grow. */
			if (from + len != ends[i])
				break;
			assert_int_equal(
			    follow_batch(span_of(text + from, len), true), len);
			from = ends[i];
		}
	}
}

static void
names_fit_by_pattern_and_rotated_ones_with_them(void **state)
{
	static const struct {
		const char *name, *pattern;
		bool fits;
	} table[] = {
		{ "access.log", "*", true },
		{ "access.log", "*.log", true },
		{ "access.log", "access.???", true },
		{ "access.log", "a*s*g", true },
		{ "access.log", "a*s*x", false },
		{ "access.log", "", false },
		{ "access.log.1", "*.log", true },
		{ "access.log-20261122", "*.log", true },
		{ "access.log.2026-11-22", "*.log", true },
		{ "access.log.old", "*.log", true },
		{ "access.txt.1", "*.log", false },
		{ "access.log.1.gz", "*", false },
		{ "access.log.zst", "*", false },
		{ ".hidden", "*", false },
		{ "access.log~", "*", false },
		{ "access.log.swp", "*", false },
		{ "2026", "*.log", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    "*a*a*a*a*a*a*a*a*b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (follow_fits(span_text(table[i].name),
			span_text(table[i].pattern)) != table[i].fits)
			fail_msg("%s and %s", table[i].name, table[i].pattern);
	assert_int_equal(follow_stem(SPAN_LIT("app.log.12")).len, 7);
	assert_int_equal(follow_stem(SPAN_LIT("app.log")).len, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines_are_a_batch_and_the_rest_waits),
		cmocka_unit_test(a_long_line_is_kept_in_pieces),
		cmocka_unit_test(a_batch_depends_on_its_bytes_alone),
		cmocka_unit_test(
		    names_fit_by_pattern_and_rotated_ones_with_them),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
