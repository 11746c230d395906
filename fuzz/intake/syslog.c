/*
 * fuzz/intake/syslog.c: any bytes have a header or none; the event that is
 * made of them can be stored and read back.
 */
#include "intake/syslog.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span raw = span_slice(span_of(data, size), 0, EVENT_RAW_MAX);
	struct event ev = { .received_us = 1 }, back;
	struct span params;
	struct buf row;

	syslog_parse(raw, INT64_C(1732248000000000), &ev);
	if (ev.message.len > raw.len || (unsigned)ev.parse >= PARSE_N)
		abort();
	params = syslog_params(raw);
	(void)syslog_param(params, SPAN_LIT("*"), SPAN_LIT("a"));
	(void)syslog_param(params, SPAN_LIT("x@1"), SPAN_LIT("b"));
	buf_init(&row, 1 << 18);
	event_encode(&row, &ev);
	if (buf_error(&row) != ERR_OK ||
	    event_decode(buf_view(&row), &back, NULL) != ERR_OK ||
	    !span_equal(back.raw, raw) || !span_equal(back.message, ev.message))
		abort();
	buf_clear(&row);
	return 0;
}
