/*
 * fuzz/intake/feed.h: a feed for the bodies of HTTP senders: every event that
 * comes out can be stored and read back.
 */
#ifndef FUZZ_INTAKE_FEED_H
#define FUZZ_INTAKE_FEED_H

#include <stdlib.h>

#include "intake/httpfeed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed_take(void *arg, const struct event *ev, struct span id)
{
	struct buf *row = arg;
	struct event back;

	if (id.len > 8192)
		abort();
	buf_reset(row);
	event_encode(row, ev);
	if (buf_error(row) != ERR_OK ||
	    event_decode(buf_view(row), &back, NULL) != ERR_OK ||
	    !span_equal(back.raw, span_slice(ev->raw, 0, EVENT_RAW_MAX)))
		abort();
}

/* The feed of this process, made once. */
static struct httpfeed *
feed_get(void)
{
	static struct httpfeed f;
	static struct buf row;

	if (f.arena == NULL) {
		buf_init(&row, 1 << 20);
		f = (struct httpfeed){ .counts = counts_new(),
			.arena = arena_new(HTTPFEED_ARENA),
			.received_us = INT64_C(1732248000000000),
			.sender = SPAN_LIT("192.0.2.7"),
			.fn = feed_take,
			.arg = &row };
	}
	f.given = f.bytes = 0;
	arena_reset(f.arena);
	return &f;
}

#endif
