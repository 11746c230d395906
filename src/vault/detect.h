/*
 * vault/detect.h: rules that watch records as they are accepted.
 *
 * Detectors run behind the acknowledgement, in the order of storing. They
 * are a pure function of the records: run again from a saved state they say
 * the same, number for number. Times are the record's own when it states one
 * that is not in the future (it may have waited in a sender's queue), else
 * the time of receipt.
 *
 * The rules are data (detect_rules) and become Sigma files later.
 */
#ifndef VAULT_DETECT_H
#define VAULT_DETECT_H

#include "base/event.h"

#define DETECT_TEXT_MAX 128 /* bytes of user or address; longer are cut */
#define DETECT_COUNT_MAX 64U
#define DETECT_KEYS_MAX 16384U /* watched at once for each rule */
#define DETECT_SIGNINS_MAX 8U /* remembered for each user */

enum detect_kind {
	DETECT_REPEATED, /* n hits of one subject within the window */
	DETECT_CONCURRENT, /* one user from several addresses at once */
};
enum detect_by { DETECT_BY_USER, DETECT_BY_ADDRESS };

#define DETECT_CAT(name) (UINT64_C(1) << CAT_##name)

struct detect_rule {
	const char *name; /* "brute-force" */
	enum detect_kind kind;
	enum detect_by by;
	uint64_t hit, good, lock, leave; /* DETECT_CAT bits */
	unsigned count; /* DETECT_REPEATED: how many */
	int64_t window_us;
	int64_t session_us; /* an open session is believed this long */
};

/* The built-in rules, *n of them. */
const struct detect_rule *detect_rules(unsigned *n);

struct detection {
	uint32_t source;
	uint64_t n; /* from 1 in its source, without gap */
	bool again; /* n was told before: greater count, later last */
	const char *rule; /* of detect_rule */
	char subject[DETECT_TEXT_MAX + 1]; /* user, or address */
	char user[DETECT_TEXT_MAX + 1]; /* last one seen; may be "" */
	char address[DETECT_TEXT_MAX + 1]; /* last one seen; may be "" */
	int64_t first_us, last_us;
	uint64_t count; /* hits so far; different addresses if concurrent */
	bool succeeded; /* a sign-in followed */
	bool locked; /* the account was locked */
	uint32_t stream; /* the record that made it so: as given to feed */
	uint64_t seq;
};

/* Called once for each new or renewed detection. */
typedef enum err detection_fn(
    void *arg, const struct detection *d, struct fault *why);

struct detect;

/* detect_new: over n rules, borrowed for its life; keys_max 0: the default. */
struct detect *detect_new(
    const struct detect_rule *rules, unsigned n, size_t keys_max);
void detect_free(struct detect *d);
/* detect_feed: one record. ERR_MEMORY, or as fn. */
MUST_CHECK enum err detect_feed(struct detect *d, uint32_t source,
    uint32_t stream, uint64_t seq, const struct event *ev, detection_fn *fn,
    void *arg, struct fault *why);
/* detect_dropped: how often a state was forgotten for want of room. */
uint64_t detect_dropped(const struct detect *d);
/* detect_save: append the whole state. detect_load: replace it; the rules
 * must be the same. ERR_SYNTAX; the state is then empty. */
void detect_save(const struct detect *d, struct buf *b);
MUST_CHECK enum err detect_load(
    struct detect *d, struct span s, struct fault *why);

#endif
