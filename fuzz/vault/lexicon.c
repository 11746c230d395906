/*
 * fuzz/vault/lexicon.c: lexicons and frames of any bytes, and records of any
 * bytes through a frame and back. The first byte chooses: the rest is a
 * lexicon; or a u16 length, a lexicon of so many bytes, heads of the next u16
 * and texts; or records, each a length byte and bytes.
 */
#include <assert.h>

#include "vault/segment_pack.h"
#include "vault/segment_unpack.h"

#define ROWS 40U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err
texts_give(void *arg, struct span *texts, struct fault *why)
{
	(void)why;
	*texts = *(const struct span *)arg;
	return ERR_OK;
}

/* Reads all records of a frame. */
static void
frame_read(struct span lexicon, struct span heads, struct span texts)
{
	static const struct segment_want all = {
		.raw = true, .texts = true, .fields = UINT64_MAX
	};
	static const struct segment_want some = { .fields = UINT64_MAX };
	struct segment_origin o = { .source = 1,
		.sender = SPAN_LIT("192.0.2.1"),
		.host = SPAN_LIT("web01") };
	struct unpacker *u = unpacker_new();
	struct event ev;
	struct fault why;
	uint32_t source;

	if (u == NULL || unpacker_lexicon(u, lexicon, &why) != ERR_OK ||
	    unpacker_origins(u, &o, 1, &why) != ERR_OK)
		goto out;
	for (unsigned pass = 0; pass < 2; pass++) {
		if (unpack_begin(u, heads, ROWS, 100000, texts_give, &texts,
			&why) != ERR_OK)
			break;
		for (unsigned i = 0; i < ROWS; i++) {
			if (unpack_next(u, pass == 0 ? &all : &some, &source,
				&ev, &why) != ERR_OK)
				break;
			assert(ev.raw.len <= EVENT_RAW_MAX);
			assert(ev.sender.len <= EVENT_TEXT_MAX);
		}
	}
out:
	unpacker_free(u);
}

/* Records that were packed come back. */
static void
records_pass(struct span s)
{
	static const uint64_t seed[2] = { 1, 2 };
	static const struct segment_want want = { .raw = true };
	struct segment_origin o = { .source = 1,
		.sender = SPAN_LIT("192.0.2.1"),
		.host = SPAN_LIT("web01") };
	struct cursor c = cursor_of(s);
	struct buf heads, texts, lexicon;
	struct packer *p = packer_new(seed);
	struct unpacker *u = unpacker_new();
	struct span raw[ROWS], view;
	struct event ev;
	struct fault why;
	uint32_t n = 0, source;

	buf_init(&heads, 1 << 20);
	buf_init(&texts, 1 << 20);
	buf_init(&lexicon, 1 << 20);
	assert(p != NULL && u != NULL);
	while (n < ROWS && c.pos < s.len) {
		size_t len = cursor_u8(&c);

		raw[n] = span_slice(s, c.pos, len);
		(void)cursor_take(&c, raw[n].len);
		ev = (struct event){ .received_us = n,
			.event_us = 1795312800000000,
			.sender = o.sender,
			.host = o.host,
			.raw = raw[n] };
		assert(packer_add(p, 1, &ev, o.sender, o.host, &why) == ERR_OK);
		n++;
	}
	assert(packer_end(p, &heads, &texts, &why) == ERR_OK);
	assert(packer_lexicon(p, &lexicon, &why) == ERR_OK);
	assert(unpacker_lexicon(u, buf_view(&lexicon), &why) == ERR_OK);
	assert(unpacker_origins(u, &o, 1, &why) == ERR_OK);
	view = buf_view(&texts);
	assert(unpack_begin(u, buf_view(&heads), n, s.len, texts_give, &view,
		   &why) == ERR_OK);
	for (uint32_t i = 0; i < n; i++) {
		assert(unpack_next(u, &want, &source, &ev, &why) == ERR_OK);
		assert(span_equal(ev.raw, raw[i]));
	}
	buf_clear(&heads);
	buf_clear(&texts);
	buf_clear(&lexicon);
	packer_free(p);
	unpacker_free(u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(
	    span_slice(span_of(data, len), 1, SIZE_MAX));
	struct span lexicon, heads;

	if (len == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		frame_read(cursor_rest(&c), SPAN_EMPTY, SPAN_EMPTY);
		break;
	case 1:
		lexicon = cursor_take(&c, cursor_u16(&c));
		heads = cursor_take(&c, cursor_u16(&c));
		frame_read(lexicon, heads, cursor_rest(&c));
		break;
	default:
		records_pass(cursor_rest(&c));
		break;
	}
	return 0;
}
