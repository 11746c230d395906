/*
 * fuzz/intake/journal.c: how a journal stream is cut into pieces makes no
 * difference to what comes out. The first byte says how it is cut.
 */
#include "intake/journal.h"

#include "feed.h"

/* Entries of a stream in pieces of `piece` bytes; *ok: it was one. */
static uint64_t
entries(struct httpfeed *f, struct span s, size_t piece, bool *ok)
{
	struct journal *j = journal_new();
	uint64_t before = f->given;

	*ok = j != NULL;
	for (size_t at = 0; at < s.len && *ok; at += piece)
		*ok = journal_feed(j, f, span_slice(s, at, piece), NULL) ==
		    ERR_OK;
	if (*ok)
		*ok = journal_end(j, f, NULL) == ERR_OK;
	journal_free(j);
	return f->given - before;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpfeed *f = feed_get();
	struct span s = span_of(data, size);
	bool one, many;
	uint64_t n;

	if (size < 2)
		return 0;
	s = span_slice(s, 1, SIZE_MAX);
	n = entries(f, s, SIZE_MAX / 2, &one);
	if (entries(f, s, (size_t)data[0] + 1, &many) != n || one != many)
		abort();
	return 0;
}
