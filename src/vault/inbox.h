/*
 * vault/inbox.h: records that are accepted and not yet sealed.
 *
 * Journal files NNNNNNNN.journal in one folder. Batches are staged in memory,
 * and one sync writes them as one frame and makes it durable: only then may
 * anything of them be acknowledged. The writer (keeper) holds the folder
 * alone; any number of readers open it read-only at the same time and see
 * everything up to the last whole frame.
 *
 * A failed sync ends the inbox for ever (ERR_IO, never retried). Want of
 * space (ERR_FULL) gives up what was staged, and the inbox goes on when space
 * returns. What cannot be read is named with journal, offset and records; the
 * frames after it are read all the same.
 */
#ifndef VAULT_INBOX_H
#define VAULT_INBOX_H

#include "base/env.h"
#include "vault/row.h"
#include "vault/stream.h"

#define INBOX_STAGE_MAX ((size_t)8 << 20) /* staged bytes; then sync */
#define INBOX_STREAMS_MAX 65535U

struct inbox;

#define INBOX_ID_LEN 16

/* An id of a batch, as opening and refreshing meet it (vault/idset.h). */
typedef void inbox_id_fn(void *arg, const uint8_t id[static INBOX_ID_LEN]);

struct inbox_options {
	uint64_t rotate; /* bytes of a journal; 0: 64 MiB */
	uint64_t reserve; /* bytes that must stay free after a write */
	bool bare; /* only inbox_read, of groups that somebody else knows */
	inbox_id_fn *id; /* NULL: not wanted */
	void *id_arg;
};

/* Damage: where, and what is known of it. */
struct inbox_damage {
	uint32_t journal;
	uint64_t at, len; /* bytes of the journal */
	bool doubtful; /* the last frame: perhaps it was never acknowledged */
	char text[192];
};

#define INBOX_DAMAGES 32 /* described; more are only counted */

struct inbox_found {
	uint32_t journals;
	uint64_t frames, records, bytes;
	uint64_t torn; /* bytes of an unfinished last frame, cut off */
	uint32_t n_damages; /* all */
	struct inbox_damage damage[INBOX_DAMAGES];
};

/* Rows of one stream in one frame. */
struct inbox_group {
	uint32_t stream; /* inbox_stream_name */
	uint32_t n;
	uint64_t first_seq;
	int64_t least_us, greatest_us; /* received times */
	struct hash chain; /* before the first row */
	uint64_t frame; /* number of its frame */
	uint32_t journal;
	uint64_t at; /* offset of the frame in its journal */
	uint32_t offset, len; /* of the rows in the frame's payload */
};

/* A batch as a peer numbered it, so that a repeated one is known. */
struct inbox_batch {
	uint64_t epoch, number;
};

/*
 * inbox_open: read what the folder holds. `dir` is borrowed. As a writer:
 * an unfinished last frame is cut off; a whole but wrong last frame is set
 * aside in NNNNNNNN.OFFSET.aside first, and reported. *found may be NULL.
 * Damage is no failure: it is in *found.
 * Fails   ERR_IO, ERR_MEMORY.
 */
MUST_CHECK enum err inbox_open(struct env *env, int dir, bool writer,
    const struct inbox_options *o, struct inbox **out,
    struct inbox_found *found, struct fault *why);
void inbox_close(struct inbox *x);
/* inbox_refresh (reader): read what has been added, drop what is gone. */
MUST_CHECK enum err inbox_refresh(
    struct inbox *x, struct inbox_found *found, struct fault *why);

/* Streams are numbered from 0 as they are met. inbox_stream: the number,
 * given if new. */
uint32_t inbox_streams(const struct inbox *x);
const char *inbox_stream_name(const struct inbox *x, uint32_t stream);
MUST_CHECK enum err inbox_stream(
    struct inbox *x, const char *name, uint32_t *stream, struct fault *why);

/*
 * inbox_stage: stage rows of one stream (bytes as row_put made them).
 * inbox_stage_batch: note that all staged since the last note is this batch.
 * inbox_undo: give up everything staged; inbox_undo_batch: what was staged
 * since the last note.
 * Fails   ERR_LIMIT: sync first; ERR_IO: the inbox has failed; ERR_MEMORY.
 */
MUST_CHECK enum err inbox_stage(struct inbox *x, const struct inbox_group *g,
    struct span rows, struct fault *why);
MUST_CHECK enum err inbox_stage_batch(
    struct inbox *x, const struct inbox_batch *b, struct fault *why);
/* inbox_stage_id: this id becomes durable with the next sync. */
MUST_CHECK enum err inbox_stage_id(
    struct inbox *x, const uint8_t id[static INBOX_ID_LEN], struct fault *why);
void inbox_undo(struct inbox *x);
void inbox_undo_batch(struct inbox *x); /* only what no batch claims yet */
size_t inbox_staged(const struct inbox *x);

/*
 * inbox_sync: write what is staged as one frame and make it durable.
 * Fails   ERR_FULL: nothing was stored, the stage is empty, later calls may
 *         succeed. Every other failure ends the inbox: nothing more is stored.
 */
MUST_CHECK enum err inbox_sync(struct inbox *x, struct fault *why);
bool inbox_has_failed(const struct inbox *x);

/* inbox_groups: all groups in the order of storing. Borrowed until the next
 * sync, refresh or trim. */
const struct inbox_group *inbox_groups(const struct inbox *x, size_t *n);
/* inbox_batch_fn: called by inbox_batches for each batch still in a journal. */
typedef void inbox_batch_fn(void *arg, const struct inbox_batch *b);
void inbox_batches(const struct inbox *x, inbox_batch_fn *fn, void *arg);

/*
 * inbox_read: the rows of one group, read from disk and checked; *rows is
 * borrowed until the next inbox_read.
 * Fails   ERR_DAMAGE with journal and offset; ERR_IO; ERR_NOT_FOUND: its
 *         journal is gone (trimmed under a reader).
 */
MUST_CHECK enum err inbox_read(struct inbox *x, const struct inbox_group *g,
    struct span *rows, struct fault *why);

/*
 * inbox_trim: remove, from the oldest on, each journal of which `may` says
 * yes for every group; the one being written is closed first if it could go
 * too. A journal with damage is renamed NNNNNNNN.damaged instead.
 * before (may be NULL) is called ahead of each removal and can stop it.
 * *last [out, may be NULL]: number of the last frame removed, 0 for none.
 */
typedef bool inbox_may_fn(void *arg, const struct inbox_group *g);
typedef enum err inbox_before_fn(void *arg, uint32_t journal,
    uint64_t last_frame, const struct hash *last_hash, struct fault *why);
MUST_CHECK enum err inbox_trim(struct inbox *x, inbox_may_fn *may,
    inbox_before_fn *before, void *arg, uint64_t *last, struct fault *why);

/* inbox_expect (before any append): the journal and frame trimmed last, from
 * the catalogue: numbers given are greater, and a hole after that frame is
 * damage, which is added to *found. */
void inbox_expect(struct inbox *x, uint32_t journal, uint64_t number,
    const struct hash *hash, struct inbox_found *found);

/* inbox_keep: this journal holds damage: trimming renames it. */
void inbox_keep(struct inbox *x, uint32_t journal);

/* Bytes of all journals; number of the last frame stored; its journal. */
uint64_t inbox_bytes(const struct inbox *x);
uint64_t inbox_last_frame(const struct inbox *x);

#endif
