/*
 * proc/book.h: the book process's parts: reports, heads and time (book.c),
 * commands of people (book_write.c).
 */
#ifndef PROC_BOOK_H
#define PROC_BOOK_H

#include "book/book.h"
#include "proc/child.h"

#define BOOK_HEADS_MAX 64 /* heads signed in one tick */

struct book_state {
	struct child *child;
	struct schema *schema;
	struct book *book;
	struct loop_timer tick;
	int64_t heads_us, trim_us;
	uint64_t sources_version; /* of the rules keeper uses */
	struct unsigned_copy {
		struct buf agency, ask;
	} head[BOOK_HEADS_MAX];
	unsigned n_heads;
};

/* book_sign: have every unsigned head signed and kept. book_tell: tell rules
 * which tables changed. */
void book_sign(struct book_state *s);
void book_tell(struct book_state *s);

#endif
