/*
 * vault/search.h: records that match, newest first; or only how many, when,
 * and with which values.
 *
 * Order: received time descending, then stream name, then sequence
 * descending. Segments and blocks are passed over by time, source and index.
 * What a search has not looked at is said: `complete` is false, `missing`
 * tells what and of which time, and `next` is where to go on.
 */
#ifndef VAULT_SEARCH_H
#define VAULT_SEARCH_H

#include "vault/query.h"
#include "vault/tally.h"
#include "vault/view.h"

#define SEARCH_LIMIT_MAX 10000U
#define SEARCH_BUCKETS_MAX 1000U
#define SEARCH_MISSING 8
#define SEARCH_BY_MAX 8
#define SEARCH_TOP_MAX 10000U

/* A place in the order; records after it follow. */
struct search_place {
	int64_t received_us;
	char stream[STREAM_NAME_MAX]; /* "": after all records of that time */
	uint64_t seq;
};

/* search_may_fn: may this agency's records be looked at? */
typedef bool search_may_fn(void *arg, const char *agency);

struct search_ask {
	const struct query *query; /* borrowed */
	search_may_fn *may; /* NULL: every agency */
	void *may_arg;
	unsigned classes; /* bits 1 << class; 0: all */
	int64_t since_us, until_us; /* received: since <= t < until */
	bool from_place;
	struct search_place place; /* only records after it */
	unsigned limit; /* records given; 0: none, only counts */
	bool count; /* look at everything, count and fill buckets */
	unsigned buckets; /* 0 .. SEARCH_BUCKETS_MAX, of equal width */
	unsigned by[SEARCH_BY_MAX]; /* query_field: count its values too */
	unsigned n_by;
	unsigned top; /* values given of each, 0 .. SEARCH_TOP_MAX */
	bool scan; /* do not ask the indexes: look at every record */
	int64_t budget_us; /* of the env's clock; 0: no end */
	bool (*stop)(void *arg); /* asked between units; may be NULL */
	void *stop_arg;
};

struct search_row {
	char stream[STREAM_NAME_MAX];
	uint64_t seq;
	uint32_t source;
	bool sealed;
	struct event event;
};

/* The values of one field. */
struct search_values {
	const struct tally_value *value; /* the most frequent first */
	size_t n;
	uint64_t distinct; /* how many there are */
	uint64_t none; /* matches without the field */
	uint64_t others; /* matches whose value was one too many */
};

/* What it took. */
struct search_cost {
	uint64_t segments; /* whose time and stream fit */
	uint64_t segments_read; /* some record of it was looked at */
	uint64_t blocks, groups; /* read: of segments; of the inbox */
	uint64_t bytes; /* read from segments, indexes among them */
	uint64_t compared; /* records */
	uint64_t known; /* matches that were known without comparing */
};

/* Something not looked at. first .. last: the received times concerned; 0, 0
 * where they are not known. */
struct search_missing {
	char text[256];
	int64_t first_us, last_us;
};

struct search_answer {
	const struct search_row *row; /* in the arena */
	size_t n;
	uint64_t count; /* matches looked at; all if `complete` and asked */
	uint64_t *bucket; /* as many as asked, oldest first; counts */
	struct search_values values[SEARCH_BY_MAX]; /* as asked by `by` */
	struct search_cost cost;
	uint64_t looked; /* records compared */
	uint64_t regex_cut; /* records a regular expression did not finish on */
	bool more; /* `next` is where to go on */
	struct search_place next;
	bool complete; /* nothing between since and `next` was left out */
	int64_t
	    covered_us; /* when counting: all since this time was looked at */
	unsigned n_missing; /* may be more than are told */
	struct search_missing missing[SEARCH_MISSING];
};

/*
 * search_run: the caller refreshes the view before. Rows are copied into the
 * arena, which bounds them.
 * Fails   ERR_RANGE an ask that makes no sense; ERR_MEMORY; ERR_IO.
 *         Damage is no failure: it is in `missing`.
 */
MUST_CHECK enum err search_run(struct view *v, const struct search_ask *ask,
    struct arena *a, struct search_answer *out, struct fault *why);

/* search_place_print, search_place_parse: as an opaque word for people to
 * hand back. ERR_SYNTAX. */
void search_place_print(struct buf *b, const struct search_place *p);
MUST_CHECK enum err search_place_parse(
    struct span s, struct search_place *p, struct fault *why);

#endif
