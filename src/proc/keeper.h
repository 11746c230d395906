/*
 * proc/keeper.h: the keeper process's parts: accepting and sealing
 * (keeper.c), what book must hear (keeper_errand.c), how long records are kept
 * (keeper_keep.c), under which keys (keeper_key.c), checking what is stored (keeper_verify.c).
 */
#ifndef PROC_KEEPER_H
#define PROC_KEEPER_H

#include "base/when.h"
#include "book/hold.h"
#include "book/source.h"
#include "proc/child.h"
#include "proc/clock.h"
#include "vault/vault.h"
#include "proc/vaultkeys.h"
#include "vault/verify.h"

#define KEEPER_DAMAGES 64 /* segments named in one run; more are counted */

struct keeper {
	struct child *child;
	struct env *env;
	struct vault *vault;
	struct view *view; /* read-only, for checking */
	/* The batch at hand: APPEND_ROWS_MAX, APPEND_PARTS_MAX. */
	struct event *batch;
	struct span *row;
	struct vault_part *part;
	bool *known;
	struct source_rules *rules; /* NULL: book has not said yet */
	struct sigma *detections; /* rules that watch the records */
	struct holds *holds; /* NULL: book has not said in this run */
	unsigned least_days[CLASS_N]; /* of the clauses; 0: none */
	uint64_t rules_version; /* book's number of them; 0: not asked */
	struct loop_timer tick;
	int dir; /* DIR/vault */
	unsigned waiting; /* asks that wait for a sync */
	int64_t synced_us; /* the last sync */
	struct loop_timer group;
	bool trim_due; /* after the next sync */

	/* Sealing: one plan at a time. */
	bool sealing; /* something is with the sealer */
	bool seal_sure; /* what it has finished is known */
	uint32_t seal_stream;
	struct seal_plan plan;
	uint64_t lost; /* datagrams, not yet told */
	char lost_socket[64];
	json_t *counts
	    [ROLE_N]; /* what intake could not read; NULL: it has not said */

	/* Errands. */
	bool busy; /* book has one under way */
	int64_t cycle_us; /* when the last round of reports began */
	uint32_t next; /* stream to report next; streams: all done */
	uint32_t under_way; /* stream being reported */
	uint64_t from; /* position to report it from */
	uint64_t wanted_version;
	bool heads_due;
	uint64_t heads_seen; /* sum of positions at the last heads */
	int64_t disk_us;
	struct hash segment; /* under way */

	struct clock_watch clock;

	/* Keys. */
	struct keyring *keys; /* NULL: nothing is encrypted */
	int keys_dir; /* DIR/keys/vault */
	int64_t keys_us; /* when they were tended last */
	size_t keys_told; /* of the ring, known to book */
	bool keys_look; /* one may be spent */
	const char *key_ending; /* being told as destroyed */

	/* Checking. */
	int64_t verify_us; /* when the next run begins */
	bool verifying, verified;
	uint32_t verify_agency; /* which of the agencies with streams */
	struct verify_ask ask;
	struct verify_count count; /* of the run, summed */
	int64_t verify_from_us;
	char agency[STREAM_AGENCY_MAX + 1];
	struct buf detail; /* first lines */
	uint32_t n_damages;
	struct {
		struct hash file;
		char text[256];
	} damage[KEEPER_DAMAGES];
};

int64_t keeper_now(const struct keeper *k);
/* keeper_rules_take: use these rules from now on; given. */
void keeper_rules_take(struct keeper *k, struct source_rules *rules);
/* keeper_rules_load: those kept from the last run, so that records find
 * their agency before book has answered. */
MUST_CHECK enum err keeper_rules_load(struct keeper *k, struct fault *why);

/* How long a held segment is kept: longer than any period. */
#define KEEP_HELD 36500U /* days */
/* keeper_keep_load: the clauses' periods, from the pack, before the fence. */
MUST_CHECK enum err keeper_keep_load(
    struct keeper *k, const json_t *config, struct fault *why);
/* keeper_hold: a vault_hold_fn: the longest period that applies. */
unsigned keeper_hold(void *arg, const struct segment_info *info);

/* keeper_keys_start, keeper_keys_stop: the ring, before the fence; at the end.
 * keeper_keys_tick: make and end keys, once a day. keeper_key_print: what the
 * key register must hear; false when nothing. keeper_key_told: it has. */
MUST_CHECK enum err keeper_keys_start(struct keeper *k, struct fault *why);
void keeper_keys_stop(struct keeper *k);
void keeper_keys_tick(struct keeper *k);
bool keeper_key_print(struct keeper *k, struct buf *b);
void keeper_key_told(struct keeper *k);

/* keeper_errand_tick: once a second. keeper_errand_next: send the next thing
 * that book must hear, if it is free to hear it. */
void keeper_errand_tick(struct keeper *k);
void keeper_errand_next(struct keeper *k);

/* keeper_seal_next: give the sealer what is due, if it is free. keeper_seal_idle:
 * wait, some seconds, until it has nothing in hand; false: it still has. */
void keeper_seal_next(struct keeper *k);
bool keeper_seal_idle(struct keeper *k);

/* keeper_verify_step: a bounded part of the daily check. */
void keeper_verify_step(struct keeper *k);
/* keeper_verify_print: the finished run as a message; false when none. */
bool keeper_verify_print(struct keeper *k, struct buf *b);

#endif
