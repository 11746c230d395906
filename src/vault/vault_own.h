/*
 * vault/vault_own.h: the writer's own insides, for its files alone: vault.c
 * accepts, vault_open.c recovers, vault_seal.c seals and lets go,
 * vault_report.c tells book.
 */
#ifndef VAULT_VAULT_OWN_H
#define VAULT_VAULT_OWN_H

#include "vault/catalogue.h"
#include "vault/idset.h"
#include "vault/inbox_own.h"
#include "vault/map.h"
#include "vault/shelf.h"
#include "vault/vault.h"

#define PEERS_MAX 64
#define PEER_WORDS 64
#define PEER_WINDOW (64 * PEER_WORDS) /* batches remembered of each epoch */
#define CATALOGUE_RENEW ((uint64_t)8 << 20)

/* A lane as it was before the batch at hand. */
struct lane_mark {
	size_t len;
	uint32_t n;
	uint64_t seq;
	int64_t least, greatest;
	struct hash chain;
};

/* A stream, its lane of rows to be synced, and what book is owed. */
struct stream_state {
	struct vault_stream pub;
	uint64_t staged_seq;
	struct hash staged_chain, sealed_chain;
	struct buf lane;
	uint32_t lane_n;
	int64_t lane_least, lane_greatest;
	bool in_batch;
	struct lane_mark before;
	struct rollup *acc, *tail; /* (base, mid] and (mid, last] */
	uint64_t base, mid;
};

struct peer {
	uint64_t epoch, greatest;
	uint64_t bit[PEER_WORDS]; /* number % PEER_WINDOW */
	uint64_t used; /* for forgetting the oldest */
	bool changed;
};

/* The state after the last frame of a journal, to be saved when it goes. */
struct boundary {
	uint32_t journal;
	struct buf state;
};

struct route {
	uint32_t stream[CLASS_N]; /* MAP_NONE: not known yet */
};

struct vault {
	struct env *env;
	int dir, inbox_dir, segments_dir;
	struct vault_options o;
	char agency[STREAM_AGENCY_MAX + 1];
	struct inbox *inbox;
	struct catalogue *catalogue;
	struct shelf *shelf;
	struct sources *sources;
	struct map *committed, *gone; /* by segment name */
	struct stream_state **stream;
	uint32_t n_streams, cap_streams;
	struct route *route;
	uint32_t n_routes;
	struct peer peer[PEERS_MAX];
	unsigned n_peers;
	uint64_t peer_clock;
	struct inbox_batch *staged; /* to be taken back when a sync fails */
	size_t n_staged, cap_staged;
	size_t staged_bytes; /* of all lanes */
	struct idset *ids;
	uint64_t n_ids; /* added last and not durable yet */
	uint64_t saved_ids; /* so many of them are in the catalogue */
	uint32_t *touched; /* streams of the batch being appended */
	uint32_t n_touched, cap_touched;
	struct buf row;
	struct detect *detect;
	struct detection *found;
	size_t n_found, cap_found;
	struct detection *told; /* what vault_report lends */
	size_t cap_told;
	struct boundary *boundary;
	size_t n_boundaries, cap_boundaries;
	uint32_t fed_journal; /* journal of the group fed last */
	uint64_t state_frame; /* counters and detectors stand after it */
	struct buf state; /* as last saved */
	size_t n_fed; /* groups fed */
	int64_t clock_last_us, clock_held_us, clock_saved_us;
	int64_t clock_steady_us, clock_written_us; /* without a jump; saved */
	uint32_t trim_journal;
	uint64_t trim_frame;
	struct hash trim_hash;
	uint64_t records, repeats;
	struct segment *offer, *expired, *made;
};

/* vault_state: the state of stream i, made when the inbox knows it. */
MUST_CHECK enum err vault_state(
    struct vault *v, uint32_t i, struct stream_state **s, struct fault *why);
/* vault_feed: sources, roll-ups and detectors learn of the groups from n_fed
 * on. `live`: the rows are new, not found at the start. */
MUST_CHECK enum err vault_feed(struct vault *v, struct fault *why);
/* vault_tick: how far the clock is believed. Returns the env's time. */
int64_t vault_tick(struct vault *v);
/* vault_tell: add to the catalogue everything that is known, for renewing. */
MUST_CHECK enum err vault_renew(struct vault *v, struct fault *why);
void vault_add_source(struct vault *v, struct vault_source *s);
void vault_add_peer(struct vault *v, const struct peer *p);
void vault_add_trimmed(struct vault *v);
void vault_add_clock(struct vault *v);
/* vault_add_ids: those from number `from` on that are still remembered. */
void vault_add_ids(struct vault *v, uint64_t from);
void vault_add_committed(struct vault *v, const struct shelf_item *it);
/* vault_item_take: one item of the catalogue, as catalogue_open gives it.
 * vault_sealed_widen: all of a stream up to seq is sealed, the chain then
 * being at h. */
MUST_CHECK enum err vault_item_take(
    void *arg, enum catalogue_kind kind, struct span body, struct fault *why);
void vault_sealed_widen(
    struct stream_state *s, uint64_t seq, const struct hash *h);
/* vault_state_put: counters of sources and the detectors, as they are. */
void vault_state_put(struct vault *v, uint64_t frame, struct buf *b);
MUST_CHECK enum err vault_state_get(
    struct vault *v, struct span s, struct fault *why);
/* peer_note: remember a batch; false when it was known. */
enum peer_answer { PEER_NEW, PEER_KNOWN, PEER_TOO_OLD };
enum peer_answer peer_ask(struct vault *v, uint64_t epoch, uint64_t number);
void peer_note(struct vault *v, uint64_t epoch, uint64_t number, bool stored);
/* vault_settle: committed positions anew, from shelf and catalogue. */
void vault_settle(struct vault *v);
/* parts_remove: unlink what a sealing left unfinished. */
MUST_CHECK enum err parts_remove(struct vault *v, struct fault *why);
/* segment_remove: unlink a segment's file. */
MUST_CHECK enum err segment_remove(
    struct vault *v, const struct hash *name, struct fault *why);

#endif
