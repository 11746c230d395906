/*
 * vault/detect.h: rules that watch records as they are accepted.
 *
 * Detectors run behind the acknowledgement, in the order of storing. They
 * are a pure function of the rules and the records: run again from a saved
 * state they say the same, number for number. Times are the record's own when
 * it states one that is not in the future (it may have waited in a sender's
 * queue), else the time of receipt.
 *
 * The rules are Sigma files, compiled (sigma/sigma.h). What they count is
 * counted within one source: the detection belongs to it.
 */
#ifndef VAULT_DETECT_H
#define VAULT_DETECT_H

#include "base/event.h"
#include "sigma/sigma.h"

#define DETECT_TEXT_MAX 128 /* bytes of user or address; longer are cut */
#define DETECT_KEYS_MAX 16384U /* watched at once for each rule */
#define DETECT_STATE_MAX ((size_t)8 << 20) /* bytes of the whole saved state */
#define DETECT_RECORDS_MAX 16U /* that a detection cites */

struct detection {
	uint32_t source;
	uint64_t n; /* from 1 in its source, without gap */
	bool again; /* n was told before: greater count, later last */
	const char *rule; /* name of the rule */
	char subject[DETECT_TEXT_MAX + 1]; /* by whom it is grouped */
	char user[DETECT_TEXT_MAX + 1]; /* last one seen; may be "" */
	char address[DETECT_TEXT_MAX + 1]; /* last one seen; may be "" */
	int64_t first_us, last_us;
	uint64_t count; /* hits so far, different values, or their sum */
	uint32_t stream; /* the record that made it so: as given to feed */
	uint64_t seq;
	/* The records that decided it, the latest of them when they are more;
	 * told again: only the last. */
	struct {
		uint32_t stream;
		uint64_t seq;
	} record[DETECT_RECORDS_MAX];
	unsigned n_records;
};

/* Called once for each new or renewed detection. */
typedef enum err detection_fn(
    void *arg, const struct detection *d, struct fault *why);

struct detect;

/* detect_new: over these rules, borrowed for its life (NULL: none);
 * keys_max 0: the default. */
struct detect *detect_new(const struct sigma *rules, size_t keys_max);
void detect_free(struct detect *d);
/* detect_feed: one record. ERR_MEMORY, or as fn. */
MUST_CHECK enum err detect_feed(struct detect *d, uint32_t source,
    uint32_t stream, uint64_t seq, const struct event *ev, detection_fn *fn,
    void *arg, struct fault *why);
/* detect_dropped: how often a state was forgotten for want of room. */
uint64_t detect_dropped(const struct detect *d);
/* detect_save: append the whole state, at most DETECT_STATE_MAX bytes and 16
 * for each source. detect_load: replace it. What belongs to rules that are
 * not there any more, or were changed, is left out and counted as dropped;
 * the numbers of sources go on. ERR_SYNTAX; the state is then empty. */
void detect_save(const struct detect *d, struct buf *b);
MUST_CHECK enum err detect_load(
    struct detect *d, struct span s, struct fault *why);

#endif
