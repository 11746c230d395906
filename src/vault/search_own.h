/*
 * vault/search_own.h: one search, for its files alone: search.c goes through
 * the units, search_units.c finds and reads them, search_rows.c keeps what
 * matched.
 */
#ifndef VAULT_SEARCH_OWN_H
#define VAULT_SEARCH_OWN_H

#include "vault/index_plan.h"
#include "vault/search.h"

#define INBOX_UNIT UINT32_MAX
#define WHOLE_SEGMENT UINT32_MAX

/* A segment, a block of one, or a group of the inbox. */
struct unit {
	int64_t greatest_us;
	uint32_t item; /* of the shelf, or INBOX_UNIT */
	uint32_t block; /* of the segment, or of the inbox's groups */
};

/* What a segment's index said; handed to its blocks. */
struct granules {
	unsigned shift;
	uint32_t n;
	uint64_t *may, *all; /* one piece of memory, at may */
	bool read; /* some record of the segment was looked at */
};

struct search {
	struct view *v;
	const struct search_ask *ask;
	struct search_answer *out;
	struct arena *a;
	struct plan *plan; /* NULL: no index is asked */
	struct segment_want want; /* of each record compared */
	bool counts_only; /* no rows, no values */
	struct unit *unit; /* a heap, the latest first */
	size_t n_units, cap_units;
	struct granules *granules; /* one a shelf item */
	size_t n_items;
	struct tally *tally[SEARCH_BY_MAX];
	struct search_row *row; /* a heap, the oldest first */
	size_t n_rows;
	bool dropped; /* rows older than those kept were found */
	bool full; /* the arena is */
	int64_t begun_us;
	int64_t since_us, until_us; /* as asked, narrowed by the query */
	/* The row at hand. */
	const char *stream;
	bool sealed;
	/* The unit at hand: damage in it concerns these times. */
	int64_t first_us, last_us;
	const struct granules *now; /* of its segment; NULL: none */
	uint64_t now_seq; /* the segment's first */
};

/* --- search_rows.c --------------------------------------------------------- */

/* row_look: compares, counts and keeps. */
row_fn row_look;
/* rows_answer: put the answer together. */
MUST_CHECK enum err rows_answer(
    struct search *s, bool early, int64_t frontier, struct fault *why);
/* miss: note what was not looked at. */
void miss(struct search *s, int64_t first_us, int64_t last_us, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* bucket_at: the bucket of a time. */
size_t bucket_at(const struct search *s, int64_t received_us);

/* --- search_units.c -------------------------------------------------------- */

/* units_collect: all segments and groups that may hold something. */
MUST_CHECK enum err units_collect(struct search *s, struct fault *why);
/* unit_work: look at one unit; a segment is put apart into its blocks. */
MUST_CHECK enum err unit_work(
    struct search *s, const struct unit *u, struct fault *why);
struct unit unit_pop(struct search *s);

#endif
