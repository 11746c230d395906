/*
 * intake/follow.c: lines, batches of lines, and names of files.
 */
#include "intake/follow.h"

#include "intake/frame.h"

/* The length of the line at the beginning of s, line feed included; 0: it has
 * no end yet. */
static size_t
line_len(struct span s, bool whole)
{
	size_t lf = span_find(span_slice(s, 0, EVENT_RAW_MAX + 1), '\n');

	if (lf != SIZE_MAX)
		return lf + 1;
	if (s.len > EVENT_RAW_MAX)
		return EVENT_RAW_MAX;
	return whole ? s.len : 0;
}

size_t
follow_batch(struct span s, bool whole)
{
	size_t len = 0;

	for (unsigned n = 0; n < FOLLOW_BATCH_LINES; n++) {
		size_t line = line_len(span_slice(s, len, SIZE_MAX), whole);

		if (line == 0 || (n > 0 && len + line > FOLLOW_BATCH_LEN))
			break;
		len += line;
	}
	return len;
}

void
follow_lines(struct span batch, follow_fn *fn, void *arg)
{
	for (size_t at = 0; at < batch.len;) {
		struct span rest = span_slice(batch, at, SIZE_MAX);
		size_t len = line_len(rest, true);
		bool ended = rest.at[len - 1] == '\n';
		struct span line = span_slice(rest, 0, ended ? len - 1 : len);

		at += len;
		if (line.len > 0)
			fn(arg, line,
			    !ended && line.len == EVENT_RAW_MAX ? FRAME_CUT
								: 0);
	}
}

/* '*' and '?' only; time is at most the product of the lengths. */
static bool
glob(struct span name, struct span pattern)
{
	size_t n = 0, p = 0, star = SIZE_MAX, from = 0;

	while (n < name.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star = p++;
			from = n;
		} else if (p < pattern.len &&
		    (pattern.at[p] == '?' || pattern.at[p] == name.at[n])) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.at[p] == '*')
		p++;
	return p == pattern.len;
}

bool
follow_ignores(struct span name)
{
	static const char *const ends[] = { ".gz", ".xz", ".bz2", ".zst", ".Z",
		".zip", ".lz4", ".swp", ".tmp", "~" };

	if (name.len == 0 || name.at[0] == '.')
		return true;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (span_ends(name, ends[i]))
			return true;
	return false;
}

struct span
follow_stem(struct span name)
{
	size_t n = name.len;
	bool digit = false;

	if (span_ends(name, ".old"))
		return span_slice(name, 0, name.len - 4);
	while (n > 0 &&
	    ((name.at[n - 1] >= '0' && name.at[n - 1] <= '9') ||
		name.at[n - 1] == '-' || name.at[n - 1] == '.')) {
		n--;
		digit = digit || name.at[n] >= '0';
	}
	return !digit || n == 0 || n == name.len ||
		(name.at[n] != '.' && name.at[n] != '-')
	    ? name
	    : span_slice(name, 0, n);
}

bool
follow_fits(struct span name, struct span pattern)
{
	return !follow_ignores(name) &&
	    (glob(name, pattern) || glob(follow_stem(name), pattern));
}
