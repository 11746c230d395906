/*
 * intake/follow.h: lines out of files that grow, in batches that are the same
 * again after a restart.
 *
 * Which bytes make a batch depends on these bytes alone. A reader that notes
 * a range, is killed, and reads the range again therefore gives the same
 * batches, and what was stored of them is recognised.
 */
#ifndef INTAKE_FOLLOW_H
#define INTAKE_FOLLOW_H

#include "base/event.h"

#define FOLLOW_BATCH_LEN 16384 /* bytes, but for one longer line */
#define FOLLOW_BATCH_LINES 128

/* One line without its line feed, 1 .. EVENT_RAW_MAX bytes; marks as
 * intake/frame.h: FRAME_CUT when the line goes on in the next. */
typedef void follow_fn(void *arg, struct span line, unsigned marks);

/*
 * follow_batch: how many bytes at the beginning of s are the next batch: whole
 * lines with their line feeds, or a piece of EVENT_RAW_MAX bytes of a line
 * longer than that. With `whole` s is all there will be: what has no line
 * feed is a line too. 0: nothing yet.
 */
size_t follow_batch(struct span s, bool whole);

/* follow_lines: every line of one batch; empty ones are passed over. */
void follow_lines(struct span batch, follow_fn *fn, void *arg);

/* follow_stem: a name without what rotation appends: ".1", "-20261122",
 * ".2026-11-22", ".old"; the name itself when it has none of these. */
struct span follow_stem(struct span name);
/* follow_fits: a file's name, or its stem, fits a pattern ('*' any bytes, '?'
 * one), is not hidden, and is not that of a compressed or editor's file. */
bool follow_fits(struct span name, struct span pattern);
/* follow_ignores: hidden, compressed, or an editor's. */
bool follow_ignores(struct span name);

#endif
