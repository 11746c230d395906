/*
 * tests/ledger/leaf_test.c: the leaves of an agency's log are laid out as
 * documented, and nothing else is taken for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "ledger/leaf.h"

static struct buf data, want;

static int
setup(void **state)
{
	(void)state;
	buf_init(&data, 1 << 20);
	buf_init(&want, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_clear(&data);
	buf_clear(&want);
	return 0;
}

/* 32 equal bytes. */
static struct hash
all(uint8_t v)
{
	struct hash h;

	memset(h.at, v, sizeof h.at);
	return h;
}

/* data is head and n runs of 32 bytes valued run[i], then tail, in hex. */
static void
expect(const char *head, const uint8_t *run, unsigned n, const char *tail)
{
	buf_reset(&want);
	assert_true(text_unhex(&want, span_text(head)));
	for (unsigned i = 0; i < n; i++) {
		struct hash h = all(run[i]);

		buf_add(&want, h.at, HASH_LEN);
	}
	assert_true(text_unhex(&want, span_text(tail)));
	assert_int_equal(data.len, want.len);
	assert_memory_equal(data.at, want.at, want.len);
}

static void
an_entry_leaf_is_laid_out_as_documented(void **state)
{
	struct leaf_entry l = { 258, -2, all(0xaa) }, got = { 0 };

	(void)state;
	buf_reset(&data);
	leaf_entry(&data, &l);
	expect(
	    "100000000000000102fffffffffffffffe", (uint8_t[]){ 0xaa }, 1, "");
	assert_int_equal(leaf_kind_of(buf_view(&data)), LEAF_ENTRY);
	assert_int_equal(leaf_entry_read(buf_view(&data), &got, NULL), ERR_OK);
	assert_int_equal(got.seq, 258);
	assert_int_equal(got.received_us, -2);
	assert_true(hash_equal(&got.body, &l.body));
}

static void
a_segment_leaf_is_laid_out_as_documented(void **state)
{
	struct leaf_segment l = { SPAN_LIT("main.audit-60"), 1, 5000, 2, 3, 4,
		all(1), all(2), all(3) };
	struct leaf_segment got = { 0 };

	(void)state;
	buf_reset(&data);
	leaf_segment(&data, &l);
	expect("110d6d61696e2e61756469742d3630"
	       "0000000000000001"
	       "0000138800000002"
	       "00000000000000030000000000000004",
	    (uint8_t[]){ 1, 2, 3 }, 3, "");
	assert_int_equal(
	    leaf_segment_read(buf_view(&data), &got, NULL), ERR_OK);
	assert_true(span_is(got.stream, "main.audit-60"));
	assert_int_equal(got.blocks, 2);
	assert_true(hash_equal(&got.rollup, &l.rollup));
}

static void
a_heads_leaf_gives_back_every_head(void **state)
{
	struct leaf_head in[2] = { { SPAN_LIT("main.audit-60"), 7, 9, all(4) },
		{ SPAN_LIT("system"), 1, 1, all(5) } };
	struct leaf_heads l = { 0 };
	struct leaf_head h;

	(void)state;
	buf_reset(&data);
	assert_int_equal(leaf_heads(&data, 6, in, 2, NULL), ERR_OK);
	assert_int_equal(leaf_heads_read(buf_view(&data), &l, NULL), ERR_OK);
	assert_int_equal(l.at_us, 6);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(leaf_heads_next(&l, &h));
		assert_true(span_equal(h.name, in[i].name));
		assert_int_equal(h.count, in[i].count);
		assert_int_equal(h.last_seq, in[i].last_seq);
		assert_true(hash_equal(&h.head, &in[i].head));
	}
	assert_false(leaf_heads_next(&l, &h));
}

/* Tiles give a leaf's length 16 bits. */
static void
more_heads_than_fit_one_leaf_are_refused(void **state)
{
	struct leaf_head *in = calloc(2000, sizeof *in);
	struct fault why = { 0 };

	(void)state;
	assert_non_null(in);
	for (unsigned i = 0; i < 2000; i++)
		in[i].name = SPAN_LIT("some.general-180");
	buf_reset(&data);
	buf_text(&data, "kept");
	assert_int_equal(leaf_heads(&data, 6, in, 2000, &why), ERR_LIMIT);
	assert_string_equal(buf_string(&data), "kept");
	assert_int_equal(leaf_heads(&data, 6, in, 1000, &why), ERR_OK);
	free(in);
}

static void
a_deletion_leaf_is_laid_out_as_documented(void **state)
{
	struct leaf_gone l = { 5, all(0xee), SPAN_LIT("12.3") }, got = { 0 };

	(void)state;
	buf_reset(&data);
	leaf_gone(&data, &l);
	expect("130000000000000005", (uint8_t[]){ 0xee }, 1, "0431322e33");
	assert_int_equal(leaf_gone_read(buf_view(&data), &got, NULL), ERR_OK);
	assert_true(span_is(got.ground, "12.3"));
}

/* Every prefix of a leaf, a leaf with a byte too many, and one kind read as
 * another. */
static void
what_is_cut_or_too_long_is_no_leaf(void **state)
{
	struct leaf_head head = { SPAN_LIT("system"), 1, 1, all(5) };
	struct leaf_segment segment = { SPAN_LIT("a"), 1, 1, 1, 1, 1, all(1),
		all(2), all(3) };
	struct leaf_gone gone = { 5, all(0xee), SPAN_LIT("12.3") };
	struct leaf_entry entry = { 1, 1, all(1) };
	struct leaf_heads heads;

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		buf_reset(&data);
		if (kind == 0)
			leaf_entry(&data, &entry);
		else if (kind == 1)
			leaf_segment(&data, &segment);
		else if (kind == 2)
			assert_int_equal(
			    leaf_heads(&data, 6, &head, 1, NULL), ERR_OK);
		else
			leaf_gone(&data, &gone);
		buf_u8(&data, 0);
		for (size_t len = 0; len <= data.len; len++) {
			struct span s = span_slice(buf_view(&data), 0, len);
			bool whole = len == data.len - 1;

			assert_int_equal(
			    leaf_entry_read(s, &entry, NULL) == ERR_OK,
			    whole && kind == 0);
			assert_int_equal(
			    leaf_segment_read(s, &segment, NULL) == ERR_OK,
			    whole && kind == 1);
			assert_int_equal(
			    leaf_heads_read(s, &heads, NULL) == ERR_OK,
			    whole && kind == 2);
			assert_int_equal(
			    leaf_gone_read(s, &gone, NULL) == ERR_OK,
			    whole && kind == 3);
		}
	}
}

static void
a_chain_head_depends_on_every_leaf_and_their_order(void **state)
{
	struct hash a = { 0 }, b = { 0 }, one = all(1), two = all(2);
	struct buf both;

	(void)state;
	buf_init(&both, 64);
	buf_add(&both, b.at, HASH_LEN);
	buf_add(&both, one.at, HASH_LEN);
	leaf_chain(&a, &one);
	b = hash_of(buf_view(&both));
	assert_true(hash_equal(&a, &b));
	leaf_chain(&a, &two);
	b = (struct hash){ 0 };
	leaf_chain(&b, &two);
	leaf_chain(&b, &one);
	assert_false(hash_equal(&a, &b));
	buf_clear(&both);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_leaf_is_laid_out_as_documented),
		cmocka_unit_test(a_segment_leaf_is_laid_out_as_documented),
		cmocka_unit_test(a_heads_leaf_gives_back_every_head),
		cmocka_unit_test(more_heads_than_fit_one_leaf_are_refused),
		cmocka_unit_test(a_deletion_leaf_is_laid_out_as_documented),
		cmocka_unit_test(what_is_cut_or_too_long_is_no_leaf),
		cmocka_unit_test(
		    a_chain_head_depends_on_every_leaf_and_their_order),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
