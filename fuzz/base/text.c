/*
 * fuzz/base/text.c: bytes taken for text, hex and base64.
 */
#include "base/text.h"

#include <assert.h>

#include "base/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Cutting keeps well-formed text well-formed and loses at most 3 bytes. */
static void
cut(struct span s)
{
	bool valid = text_valid(s);

	for (size_t max = 0; max <= s.len && max < 64; max++) {
		size_t n = s.len == 0 ? 0 : text_cut((const char *)s.at, max);

		assert(n <= max && max - n <= 3);
		assert(!valid || text_valid(span_slice(s, 0, n)));
	}
}

/* What decodes encodes to the same bytes: one form per value. */
static void
forms(struct span s)
{
	struct buf plain, form;

	buf_init(&plain, s.len);
	buf_init(&form, s.len * 2 + 4);
	if (text_unbase64(&plain, s)) {
		text_base64(&form, buf_view(&plain));
		assert(span_equal(buf_view(&form), s));
	}
	buf_reset(&plain);
	buf_reset(&form);
	if (text_unhex(&plain, s)) {
		text_hex(&form, buf_view(&plain));
		assert(span_equal_nocase(buf_view(&form), s));
	}
	buf_reset(&plain);
	buf_reset(&form);
	text_base64(&form, s);
	assert(text_unbase64(&plain, buf_view(&form)));
	assert(span_equal(buf_view(&plain), s));
	buf_reset(&plain);
	buf_reset(&form);
	text_hex(&form, s);
	assert(text_unhex(&plain, buf_view(&form)));
	assert(span_equal(buf_view(&plain), s));
	buf_clear(&plain);
	buf_clear(&form);
}

/* A scrubbed text is well-formed; a good one is left as it was. */
static void
scrub(struct span s)
{
	struct buf b;
	size_t bad;

	buf_init(&b, s.len * 3);
	bad = text_scrub(&b, s);
	assert(buf_error(&b) == ERR_OK && text_valid(buf_view(&b)));
	assert(span_find(buf_view(&b), '\0') == SIZE_MAX);
	assert((bad == 0) == (text_valid(s) && span_find(s, '\0') == SIZE_MAX));
	assert(bad != 0 || span_equal(buf_view(&b), s));
	buf_clear(&b);
}

/* A fault's line is one line of UTF-8, whatever it was told. */
static void
line(struct span s)
{
	struct fault why = { 0 };

	(void)fault_set(&why, ERR_SYNTAX, "%.*s", (int)s.len,
	    s.len == 0 ? "" : (const char *)s.at);
	(void)fault_at(
	    &why, "%.*s", (int)s.len, s.len == 0 ? "" : (const char *)s.at);
	assert(text_valid(span_text(why.text)));
	assert(strchr(why.text, '\n') == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span s = span_of(data, len < 4096 ? len : 4096);

	cut(s);
	forms(s);
	scrub(s);
	line(s);
	return 0;
}
