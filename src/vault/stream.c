/*
 * vault/stream.c: names of streams and records, read from the right.
 */
#include "vault/stream.h"

#include <assert.h>

#include "base/text.h"
#include "vault/line.h"

void
stream_print(const struct stream_name *n, char to[static STREAM_NAME_MAX])
{
	assert(n->class < CLASS_N && n->keep_days <= STREAM_KEEP_MAX);
	line_put(to, STREAM_NAME_MAX, "%s.%s-%u", n->agency,
	    event_class_name(n->class), n->keep_days);
}

/* Where the last c stands; SIZE_MAX if nowhere. */
static size_t
last(struct span s, uint8_t c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.at[i - 1] == c)
			return i - 1;
	return SIZE_MAX;
}

enum err
stream_parse(struct span s, struct stream_name *n, struct fault *why)
{
	struct stream_name got = { .keep_days = 0 };
	size_t dot = last(s, '.'), dash = last(s, '-');
	struct span agency, days;
	uint64_t keep;

	if (s.len >= STREAM_NAME_MAX || dot == SIZE_MAX || dash == SIZE_MAX ||
	    dash < dot)
		goto bad;
	agency = span_slice(s, 0, dot);
	days = span_slice(s, dash + 1, SIZE_MAX);
	got.class = event_class_find(span_slice(s, dot + 1, dash - dot - 1));
	if (!text_is_name(agency, STREAM_AGENCY_MAX) || got.class >= CLASS_N ||
	    !span_number(days, STREAM_KEEP_MAX, &keep) || keep == 0 ||
	    days.at[0] == '0')
		goto bad;
	memcpy(got.agency, agency.at, agency.len);
	got.keep_days = (unsigned)keep;
	*n = got;
	return ERR_OK;
bad:
	return fault_set(why, ERR_SYNTAX, "not the name of a stream: \"%.*s\"",
	    (int)(s.len < 80 ? s.len : 80), (const char *)s.at);
}

enum err
record_parse(struct span s, struct record_name *r, struct fault *why)
{
	size_t dot = last(s, '.');
	struct span stream = span_slice(s, 0, dot == SIZE_MAX ? 0 : dot);
	struct span digits = span_slice(s, dot + 1, SIZE_MAX);
	struct record_name got = { .seq = 0 };
	struct stream_name parts;

	if (dot == SIZE_MAX || !span_number(digits, UINT64_MAX, &got.seq) ||
	    got.seq == 0 || digits.at[0] == '0' ||
	    stream_parse(stream, &parts, NULL) != ERR_OK)
		return fault_set(why, ERR_SYNTAX,
		    "not a record id (as main.audit-60.1042): \"%.*s\"",
		    (int)(s.len < 80 ? s.len : 80), (const char *)s.at);
	memcpy(got.stream, stream.at, stream.len);
	*r = got;
	return ERR_OK;
}

void
record_print(struct buf *b, const char *stream, uint64_t seq)
{
	buf_printf(b, "%s.%llu", stream, (unsigned long long)seq);
}
