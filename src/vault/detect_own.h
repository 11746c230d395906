/*
 * vault/detect_own.h: what the detectors' files share.
 */
#ifndef VAULT_DETECT_OWN_H
#define VAULT_DETECT_OWN_H

#include "vault/detect.h"
#include "vault/map.h"

#define NONE UINT32_MAX
#define KEY_MAX (4 + DETECT_TEXT_MAX)
#define SUMS_MAX 1024U /* numbers added up one by one; older ones merge */
#define HELD_LEAST 8U

/* A record by its place. */
struct place_id {
	uint32_t stream;
	uint64_t seq;
};

/* A hit: when, and for sums how much. */
struct hit {
	int64_t at_us;
	double value;
};

/* One of different values. */
struct held {
	int64_t at_us;
	bool open; /* its session has not ended, as far as is known */
	char value[DETECT_TEXT_MAX + 1];
	char session[DETECT_TEXT_MAX + 1];
	struct place_id id;
};

/* Rule k of a correlation was seen; in order: rules 0..k were. */
struct seen {
	bool there;
	int64_t at_us, start_us; /* of the last, of the first of them */
	int64_t first_us; /* the earliest record behind it */
	uint64_t count;
	struct place_id id;
};

/* What is known of one source and subject. */
struct watch {
	uint32_t source;
	char subject[DETECT_TEXT_MAX + 1];
	uint32_t newer, older; /* by last hit */
	int64_t last_us;
	/* The run that was told, if any. */
	bool told;
	uint64_t n, count, next_told;
	int64_t first_us;
	/* By the rule's kind; NULL: none yet. */
	struct hit *hit; /* in the order of coming */
	struct held *held;
	struct seen *seen; /* one a part */
	uint32_t n_items, cap_items; /* of hit or held */
	struct place_id id[DETECT_RECORDS_MAX]; /* a ring */
	uint8_t n_ids, at_id;
};

struct watched {
	struct map *by_key;
	struct watch *at;
	uint32_t n, cap;
	uint32_t newest, oldest, unused; /* unused: a chain by `newer` */
	uint32_t keep; /* hits or values kept for each subject */
	size_t bytes; /* of its part of the saved state */
};

/* A rule that was fitted by, or told because of, the record at hand. */
struct fired {
	uint64_t turn;
	int64_t first_us;
	uint64_t count;
};

struct detect {
	const struct sigma *rules; /* NULL: none */
	unsigned n_rules;
	size_t keys_max;
	struct sigma_record *record;
	struct watched *watched; /* one a rule */
	struct fired *fired; /* one a rule */
	uint64_t turn;
	uint32_t *users, *users_at; /* who counts rule i */
	uint64_t *todo; /* bits */
	uint64_t *told; /* detections of each source */
	uint32_t n_told;
	uint64_t dropped;
	size_t bytes; /* of all watches saved */
};

/* The record under the hands. */
struct sight {
	uint32_t source;
	struct place_id id;
	int64_t at_us;
	const struct event *ev;
	char user[DETECT_TEXT_MAX + 1], address[DETECT_TEXT_MAX + 1];
	detection_fn *fn;
	void *arg;
};

/* ---- detect_watch.c ---- */

void text_of(char to[static DETECT_TEXT_MAX + 1], struct span s);
void watched_reset(struct watched *w);
/* watch_at: the entry of (source, subject); NULL when it is new and not
 * `make`. One that is made or found with `make` becomes the newest. */
MUST_CHECK enum err watch_at(struct detect *d, unsigned rule, uint32_t source,
    const char *subject, bool make, struct watch **out, struct fault *why);
/* watch_reset: as if its subject had not been seen. */
void watch_reset(struct watch *x);
/* watch_bytes: what it takes when saved. */
size_t watch_bytes(
    const struct detect *d, unsigned rule, const struct watch *x);
/* watch_hit: one more hit; watch_hold: room for one more value, to be filled.
 * The oldest goes when there are `keep` of them (*went tells); keep > 0. */
MUST_CHECK enum err watch_hit(struct watch *x, struct hit h, uint32_t keep,
    bool *went, struct fault *why);
MUST_CHECK enum err watch_hold(struct watch *x, uint32_t keep,
    struct held **out, bool *went, struct fault *why);
MUST_CHECK enum err watch_seen(
    struct watch *x, unsigned n_parts, struct fault *why);
void watch_id(struct watch *x, struct place_id id);
/* room_make: forget until the state fits again; x stays. */
void room_make(struct detect *d, unsigned rule, const struct watch *x);

/* ---- detect_count.c ---- */

/* count_hit: the record at hand is one of part `part` of the rule. */
MUST_CHECK enum err count_hit(struct detect *d, unsigned rule, unsigned part,
    const struct sight *s, struct fault *why);
/* count_end: the record ends runs (reset) or open values (close). */
MUST_CHECK enum err count_end(struct detect *d, unsigned rule, bool close,
    const struct sight *s, struct fault *why);
/* hits_needed: how many hits or values decide a rule. */
uint32_t hits_needed(const struct sigma_rule *r);

/* ---- detect.c ---- */

/* Tells of a run: for the first time, or again with more. */
MUST_CHECK enum err tell(struct detect *d, unsigned rule, struct watch *x,
    const struct sight *s, struct detection *out, struct fault *why);
MUST_CHECK enum err number_next(
    struct detect *d, uint32_t source, uint64_t *n, struct fault *why);

#endif
