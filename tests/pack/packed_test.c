/*
 * tests/pack/packed_test.c: gzip, Snappy and Protocol Buffers as HTTP senders
 * use them, and as somebody uses them who wants to fill our memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pack/gzip.h"
#include "pack/proto.h"
#include "pack/snappy.h"

/* printf 'hello\n' | gzip -n */
static const uint8_t hello[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0x00, 0x20, 0x30,
	0x3a, 0x36, 0x06, 0x00, 0x00, 0x00 };

static void
gzip_members_in_a_row_are_one_text(void **state)
{
	struct buf two, out;
	struct fault why;

	(void)state;
	buf_init(&two, 256);
	buf_init(&out, 256);
	buf_add(&two, hello, sizeof hello);
	buf_add(&two, hello, sizeof hello);
	assert_int_equal(gzip_unpack(&out, buf_view(&two), 100, &why), ERR_OK);
	assert_string_equal(buf_string(&out), "hello\nhello\n");
	buf_clear(&two);
	buf_clear(&out);
}

static void
every_cut_and_every_changed_check_sum_is_refused(void **state)
{
	uint8_t bad[sizeof hello];
	struct buf out;
	struct fault why;

	(void)state;
	buf_init(&out, 256);
	buf_text(&out, "x");
	for (size_t n = 0; n < sizeof hello; n++)
		assert_int_equal(
		    gzip_unpack(&out, span_of(hello, n), 100, &why),
		    ERR_DAMAGE);
	memcpy(bad, hello, sizeof bad);
	bad[sizeof bad - 5] ^= 1;
	assert_int_equal(
	    gzip_unpack(&out, span_of(bad, sizeof bad), 100, &why), ERR_DAMAGE);
	assert_int_equal(
	    gzip_unpack(&out, span_of(hello, sizeof hello), 5, &why),
	    ERR_LIMIT);
	assert_string_equal(buf_string(&out), "x");
	buf_clear(&out);
}

static void
snappy_gives_back_what_was_packed(void **state)
{
	struct buf packed, out;
	struct fault why;

	(void)state;
	buf_init(&packed, 4096);
	buf_init(&out, 4096);
	assert_int_equal(
	    snappy_pack(&packed, SPAN_LIT("北門北門北門北門"), &why), ERR_OK);
	assert_int_equal(
	    snappy_unpack(&out, buf_view(&packed), 100, &why), ERR_OK);
	assert_string_equal(buf_string(&out), "北門北門北門北門");
	buf_clear(&packed);
	buf_clear(&out);
}

static void
a_snappy_block_is_not_believed_about_its_length(void **state)
{
	/* says 2 GiB, 32 MiB, 100 bytes; holds nothing of the kind */
	static const uint8_t huge[] = { 0x80, 0x80, 0x80, 0x80, 0x08, 0x00 };
	static const uint8_t large[] = { 0x80, 0x80, 0x80, 0x10, 0x00, 'x' };
	static const uint8_t lie[] = { 0x64, 0x00, 'x', 'y', 'z', 'u', 'v' };
	struct buf out;
	struct fault why;

	(void)state;
	buf_init(&out, (size_t)64 << 20);
	assert_int_equal(snappy_unpack(&out, span_of(huge, sizeof huge),
			     (size_t)32 << 20, &why),
	    ERR_LIMIT);
	assert_int_equal(snappy_unpack(&out, span_of(large, sizeof large),
			     (size_t)64 << 20, &why),
	    ERR_DAMAGE);
	assert_int_equal(
	    snappy_unpack(&out, span_of(lie, sizeof lie), 1000, &why),
	    ERR_DAMAGE);
	assert_int_equal(
	    snappy_unpack(&out, SPAN_EMPTY, 1000, &why), ERR_DAMAGE);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
}

static void
protobuf_fields_come_back_and_unknown_ones_pass(void **state)
{
	/* field 9, a group with a varint inside: passed over */
	static const uint8_t group[] = { 0x4b, 0x08, 0x01, 0x4c };
	struct proto_field f;
	struct cursor c;
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	proto_varint(&b, 1, UINT64_MAX);
	buf_add(&b, group, sizeof group);
	proto_bytes(&b, 2, SPAN_LIT("abc"));
	proto_fixed64(&b, 3, 0x0102030405060708);
	c = cursor_of(buf_view(&b));
	assert_true(proto_next(&c, &f));
	assert_true(f.number == 1 && f.value == UINT64_MAX);
	assert_true(proto_next(&c, &f));
	assert_true(f.number == 2 && span_is(f.bytes, "abc"));
	assert_true(proto_next(&c, &f));
	assert_true(f.number == 3 && f.value == 0x0102030405060708);
	assert_false(proto_next(&c, &f));
	assert_false(c.bad);
	for (size_t n = 1; n < b.len; n++) {
		size_t fields = 0;

		c = cursor_of(span_slice(buf_view(&b), 0, n));
		while (proto_next(&c, &f))
			fields++;
		assert_true(fields < 3);
	}
	buf_clear(&b);
}

static void
a_malformed_message_is_told(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x00", 1 }, /* field 0 */
		{ "\x08", 1 }, /* no value */
		{ "\x0a\x05"
		  "ab",
		    4 }, /* longer than there is */
		{ "\x0f\x01", 2 }, /* wire type 7 */
		{ "\x0c", 1 }, /* a group's end alone */
		{ "\x0b", 1 }, /* a group without end */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct cursor c = cursor_of(span_of(bad[i].bytes, bad[i].len));
		struct proto_field f;

		while (proto_next(&c, &f))
			continue;
		assert_true(c.bad);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_members_in_a_row_are_one_text),
		cmocka_unit_test(
		    every_cut_and_every_changed_check_sum_is_refused),
		cmocka_unit_test(snappy_gives_back_what_was_packed),
		cmocka_unit_test(
		    a_snappy_block_is_not_believed_about_its_length),
		cmocka_unit_test(
		    protobuf_fields_come_back_and_unknown_ones_pass),
		cmocka_unit_test(a_malformed_message_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
