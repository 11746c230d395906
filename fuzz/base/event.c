/*
 * fuzz/base/event.c: rows from anywhere.
 *
 * A row that decodes encodes again to one that decodes to the same event, and
 * that second row is stable.
 */
#include "base/event.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* One span of a read row must lie inside it, or be empty. */
static void
inside(struct span row, struct span s)
{
	if (s.len > 0)
		assert(s.at >= row.at && s.at + s.len <= row.at + row.len);
}

static void
same(const struct event *a, const struct event *b)
{
	assert(a->received_us == b->received_us && a->event_us == b->event_us);
	assert(a->via == b->via && a->parse == b->parse);
	assert(a->category == b->category && a->facility == b->facility);
	assert(a->severity == b->severity);
	assert(span_equal(a->sender, b->sender));
	assert(span_equal(a->host, b->host) && span_equal(a->app, b->app));
	assert(span_equal(a->proc, b->proc) && span_equal(a->msgid, b->msgid));
	assert(span_equal(a->message, b->message));
	assert(span_equal(a->raw, b->raw));
	for (unsigned f = 0; f < FIELD_N; f++) {
		assert((a->field[f].at == NULL) == (b->field[f].at == NULL));
		assert(span_equal(a->field[f], b->field[f]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span row = span_of(data, len);
	struct event ev, again;
	struct fault why = { 0 };
	struct buf one, two;

	if (event_decode(row, &ev, &why) != ERR_OK) {
		assert(why.code == ERR_SYNTAX && why.text[0] != '\0');
		return 0;
	}
	inside(row, ev.raw);
	inside(row, ev.message);
	inside(row, ev.host);
	for (unsigned f = 0; f < FIELD_N; f++)
		inside(row, ev.field[f]);
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	event_encode(&one, &ev);
	assert(buf_error(&one) == ERR_OK);
	assert(event_decode(buf_view(&one), &again, &why) == ERR_OK);
	same(&ev, &again);
	event_encode(&two, &again);
	assert(span_equal(buf_view(&one), buf_view(&two)));
	buf_clear(&one);
	buf_clear(&two);
	return 0;
}
