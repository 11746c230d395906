/*
 * proc/told.h: what keeper tells book, field by field.
 *
 * Each pair writes and reads one message of call/book.tab; the reader's
 * arrays live in the arena, its spans in the message. Counts are bounded by
 * what the message can hold, so a short message cannot ask for much memory.
 */
#ifndef PROC_TOLD_H
#define PROC_TOLD_H

#include "base/arena.h"
#include "book/evidence.h"

/* Sources, then one stream's roll-ups and detections. */
void told_report(struct buf *b, const struct stream_report *r);
MUST_CHECK enum err told_report_read(struct cursor *c, struct arena *a,
    struct stream_report *r, struct fault *why);

void told_heads(struct buf *b, const struct stream_head *h, size_t n);
MUST_CHECK enum err told_heads_read(struct cursor *c, struct arena *a,
    const struct stream_head **h, size_t *n, struct fault *why);

void told_segment(struct buf *b, const struct segment_report *s);
MUST_CHECK enum err told_segment_read(struct cursor *c, struct arena *a,
    struct segment_report *s, struct fault *why);

/* A verification of one agency; each damaged segment beside it. */
struct told_damage {
	struct hash file;
	struct span detail;
};
struct told_verify {
	struct verify_report run;
	const struct told_damage *damage;
	size_t n_damages;
};
void told_verify(struct buf *b, const struct told_verify *v);
MUST_CHECK enum err told_verify_read(struct cursor *c, struct arena *a,
    struct told_verify *v, struct fault *why);

#endif
