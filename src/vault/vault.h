/*
 * vault/vault.h: the writer's vault: accept, seal, hand over, expire.
 *
 * Keeper alone opens it, and calls it from one thread. A record is accepted
 * by vault_append and durable after vault_sync; from then on it is in the
 * inbox or in a verified segment, or in both, never in neither. Nothing here
 * waits for another process: sealing gives a descriptor, keeper takes it to
 * book, and tells the vault when book has committed it.
 *
 *   vault_append … vault_sync → acknowledge
 *   vault_due → vault_seal → (book commits) → vault_sealed
 *   vault_report → (book stores) → vault_reported
 *   vault_trim; vault_expired → (book: leaf "gone") → vault_delete
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "vault/detect.h"
#include "vault/inbox.h"
#include "vault/rollup.h"
#include "vault/seal.h"
#include "vault/segment.h"
#include "vault/source.h"

struct vault;

/* The stream key to seal a class under at this time; false: none, and the
 * segment is not encrypted. The caller wipes *out. */
typedef bool vault_key_fn(void *arg, enum event_class class, int64_t now_us,
    struct segment_crypt *out);

struct vault_options {
	uint64_t rotate; /* bytes of a journal; 0: 64 MiB */
	uint64_t seal_bytes; /* raw bytes of a stream; 0: 64 MiB */
	int64_t seal_us; /* age of the first unsealed; 0: 1 hour */
	uint64_t inbox_bytes; /* seal the oldest past this; 0: 1 GiB */
	uint64_t inbox_most; /* nothing from outside past this; 0: 4 GiB */
	uint64_t reserve; /* bytes kept free on the disk; 0: none. Beimen's own
			   * records may take three quarters of it */
	int64_t jump_us; /* a clock step past this is a jump; 0: 1 hour */
	unsigned keep_days[CLASS_N]; /* 0: 60 60 90 45 180 */
	source_home_fn *home; /* NULL: all belongs to `agency` */
	void *home_arg;
	const char *agency; /* where home is NULL or names none */
	const struct sigma *rules; /* borrowed for its life; NULL: none */
	const struct keyring *keyring; /* stream keys, borrowed; NULL: none */
	vault_key_fn *key; /* NULL: nothing is encrypted */
	void *key_arg;
};

/* What opening found. */
struct vault_found {
	struct inbox_found inbox;
	bool catalogue_rebuilt; /* it was damaged or missing beside segments */
	uint32_t offered; /* segments that book may not have */
	uint32_t n_losses; /* ranges of records that are nowhere */
	char loss[8][192]; /* "records main.audit-60.10 to .20 …" */
};

/*
 * vault_open: open or make the vault in `dir` (DIR/vault; borrowed).
 * Fails   ERR_IO, ERR_FULL, ERR_MEMORY. Damage is in *found, not a failure.
 */
MUST_CHECK enum err vault_open(struct env *env, int dir,
    const struct vault_options *o, struct vault **out,
    struct vault_found *found, struct fault *why);
void vault_close(struct vault *v);
/* vault_home_changed: ask `home` anew for every source; the next records go
 * to where it says. Keep periods of what is stored stay. */
void vault_home_changed(struct vault *v);

/* Where an accepted record went. */
struct vault_id {
	uint32_t stream; /* vault_stream_at */
	uint32_t source;
	uint64_t seq;
};

/* Rows first .. first + n - 1 of a batch, stored once under this id (of which
 * vault/idset.h's length counts). */
struct vault_part {
	size_t first, n;
	struct hash id;
};

struct vault_batch {
	uint64_t epoch, number; /* as vault_append */
	uint64_t after; /* a batch that must be stored or staged; 0: none */
	const struct event *ev;
	const struct span *row; /* ev as event_encode made it; NULL: make it */
	size_t n;
	const struct vault_part *part; /* in order, without overlap */
	size_t n_parts;
	bool *known; /* [out] n_parts, false before; may be NULL */
};

/* vault_put: vault_append with all there is. ERR_STATE also: `after` is not
 * there. known[i]: that part was stored before; id is not filled for it. */
MUST_CHECK enum err vault_put(struct vault *v, const struct vault_batch *b,
    struct vault_id *id, bool *repeated, struct fault *why);
/* vault_staged: bytes of rows waiting for vault_sync. */
size_t vault_staged(const struct vault *v);
/*
 * vault_append: stage a batch. Nothing of it may be acknowledged before
 * vault_sync. epoch 0: the batch has no number and is never a repeat.
 *
 *   id        [out] one for each event; may be NULL
 *   repeated  [out] this (epoch, number) is stored or staged already; it may
 *             be acknowledged after the next vault_sync; id is not filled
 *
 * Fails   ERR_FULL, ERR_LIMIT (more than INBOX_STAGE_MAX), ERR_IO, ERR_STATE
 *         (the number lies 4,096 behind the epoch's greatest: it cannot be
 *         told), ERR_RANGE (an agency that is no name). Nothing of the batch
 *         is then staged. A full stage is synced first, by itself.
 */
MUST_CHECK enum err vault_append(struct vault *v, uint64_t epoch,
    uint64_t number, const struct event *ev, size_t n, struct vault_id *id,
    bool *repeated, struct fault *why);
/*
 * vault_room: whether so many bytes from outside still leave the reserve
 * whole. Ask before vault_append; Beimen's own records need not ask, so that
 * reading, which is itself recorded, goes on when the disk is full (D6).
 * Fails   ERR_FULL; ERR_IO.
 */
MUST_CHECK enum err vault_room(struct vault *v, size_t len, struct fault *why);
/*
 * vault_sync: make all that is staged durable, then feed roll-ups and
 * detectors with it.
 * Fails   ERR_FULL: everything staged since the last sync was given up and
 *         must not be acknowledged; numbers and positions are as before it.
 *         ERR_IO: the vault takes nothing more.
 */
MUST_CHECK enum err vault_sync(struct vault *v, struct fault *why);

/* A stream as it stands (durable records only). */
struct vault_stream {
	char name[STREAM_NAME_MAX];
	struct stream_name parts;
	uint64_t last_seq; /* 0: none yet */
	uint64_t sealed_seq; /* all up to here are in segments */
	uint64_t committed_seq; /* … which book has */
	uint64_t reported_seq; /* book has roll-ups up to here */
	struct hash chain; /* head after last_seq */
	int64_t oldest_us; /* received time of the first unsealed; 0 none */
	uint64_t unsealed_bytes;
	int64_t last_us;
};
uint32_t vault_streams(const struct vault *v);
const struct vault_stream *vault_stream_at(const struct vault *v, uint32_t i);
struct sources *vault_sources(struct vault *v);

struct vault_stat {
	uint64_t inbox_bytes, inbox_records;
	uint64_t staged;
	uint64_t records; /* accepted since opening */
	uint64_t repeats; /* batches not stored again */
	uint64_t detector_dropped;
	int64_t clock_held_us; /* how much of the clock is not believed */
	bool failed;
};
void vault_stat(const struct vault *v, struct vault_stat *s);

/* vault_due: a stream that should be sealed now; false when none. */
bool vault_due(struct vault *v, int64_t now_us, uint32_t *stream);
/*
 * vault_plan: what to seal next of a stream, for seal_run: at most seal_bytes
 * of its oldest unsealed records, none of them staged. vault_take: what came
 * of it; *info as vault_seal. Between the two nothing else seals the stream.
 * Fails   vault_plan: ERR_NOT_FOUND nothing to seal. vault_take: as
 *         vault_seal.
 */
MUST_CHECK enum err vault_plan(
    struct vault *v, uint32_t stream, struct seal_plan *p, struct fault *why);
MUST_CHECK enum err vault_take(struct vault *v, uint32_t stream,
    const struct seal_plan *p, const struct seal_done *d,
    const struct segment_info **info, struct fault *why);
/* vault_look: take in what a run made whose end was not told, and remove
 * what one left unfinished. Only while no run is under way. */
MUST_CHECK enum err vault_look(struct vault *v, struct fault *why);
/*
 * vault_seal: plan, run and take in one, in this process.
 * *info [out] is borrowed until the next call of vault_seal or vault_offer.
 * Fails   ERR_NOT_FOUND nothing to seal; ERR_FULL; ERR_DAMAGE (a record of
 *         the inbox cannot be read: named; the stream is sealed up to it, and
 *         behind it by the next call).
 */
MUST_CHECK enum err vault_seal(struct vault *v, uint32_t stream,
    const struct segment_info **info, struct fault *why);
/* vault_offer: a sealed segment that vault_sealed has not been told of;
 * ERR_NOT_FOUND when there is none. The same one until it is told. */
MUST_CHECK enum err vault_offer(
    struct vault *v, const struct segment_info **info, struct fault *why);
/* vault_sealed: book has committed this segment. Durable when it returns. */
MUST_CHECK enum err vault_sealed(
    struct vault *v, const struct hash *name, struct fault *why);
/* vault_trim: remove journals of which every record is in a committed
 * segment and reported. */
MUST_CHECK enum err vault_trim(struct vault *v, struct fault *why);

/* What book is to be told of one stream. */
struct vault_report {
	uint32_t stream;
	uint64_t from, to; /* records from+1 .. to; equal: nothing new */
	const struct rollup_row *row;
	size_t n_rows;
	const struct detection *detection;
	size_t n_detections;
};

/*
 * vault_report: all that came after `from`, the position book has. Borrowed
 * until the next call about this stream. Without any call between, the same
 * `from` gives the same report or a longer one.
 * Fails   ERR_RANGE: from lies past the stream's end (this vault has lost
 *         records that book knows); ERR_DAMAGE; ERR_MEMORY; ERR_IO.
 */
MUST_CHECK enum err vault_report(struct vault *v, uint32_t stream,
    uint64_t from, struct vault_report *r, struct fault *why);
/* vault_reported: book has stored up to `to`. */
void vault_reported(struct vault *v, uint32_t stream, uint64_t to);

/* A longer period than the segment's own: a legal hold, or a class whose
 * period was raised. keep_days 0 in an answer: its own. */
typedef unsigned vault_hold_fn(void *arg, const struct segment_info *info);

/*
 * vault_expired: the next segment whose last record is past its keep period;
 * *info borrowed until the next call of it. ERR_NOT_FOUND when none.
 */
MUST_CHECK enum err vault_expired(struct vault *v, int64_t now_us,
    vault_hold_fn *hold, void *arg, const struct segment_info **info,
    struct fault *why);
/*
 * vault_delete: remove a segment's file.
 * Fails   ERR_DENIED while its last record's received time plus the period
 *         is after now_us, after the env's own clock, or after that clock
 *         less what of it was never seen to pass (a jump); or while the
 *         segment was never committed. ERR_NOT_FOUND.
 */
MUST_CHECK enum err vault_delete(struct vault *v, const struct hash *name,
    int64_t now_us, vault_hold_fn *hold, void *arg, struct fault *why);

#endif
