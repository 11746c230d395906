/*
 * proc/book.h: the book process's parts: reports, heads and time (book.c),
 * commands of people (book_write.c), reports of replicas (book_replica.c).
 */
#ifndef PROC_BOOK_H
#define PROC_BOOK_H

#include "book/book.h"
#include "book/rights.h"
#include "pack/json.h"
#include "proc/child.h"

#define BOOK_HEADS_MAX 64 /* heads signed in one tick */

struct book_state {
	struct child *child;
	struct schema *schema;
	struct book *book;
	struct loop_timer tick;
	int64_t heads_us, trim_us;
	int64_t began_us, silent_us; /* since when; last look for silence */
	uint64_t sources_version; /* of the rules keeper uses */
	struct unsigned_copy {
		struct buf agency, origin, ask;
		uint64_t size;
		struct hash root;
	} head[BOOK_HEADS_MAX];
	unsigned n_heads;
};

/*
 * book_replicas_take: a second host's report (proc/book_replica.c); *out
 * [out]: whether its roots are ours, handed over.
 * Fails   ERR_SYNTAX; ERR_DENIED: of an agency the speaker has no right to.
 */
MUST_CHECK enum err book_replicas_take(struct book *b, const struct rights *r,
    struct span body, int64_t now_us, json_t **out, struct fault *why);

/* book_sign: have every unsigned head signed and kept. book_tell: tell rules
 * which tables changed. */
void book_sign(struct book_state *s);
void book_tell(struct book_state *s);

#endif
