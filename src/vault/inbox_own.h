/*
 * vault/inbox_own.h: the inbox's own insides, for its two files alone:
 * inbox.c reads and recovers, inbox_write.c stages and syncs.
 */
#ifndef VAULT_INBOX_OWN_H
#define VAULT_INBOX_OWN_H

#include "vault/frame.h"
#include "vault/inbox.h"
#include "vault/map.h"

/* Version 2 of a payload has ids of batches between the numbers of batches
 * and the groups; it is written where there are any. */
#define INBOX_PAYLOAD_VERSION 1
#define INBOX_PAYLOAD_IDS 2
#define INBOX_IDS_MAX 60000U /* of one frame */
#define INBOX_ROTATE ((uint64_t)64 << 20)
#define JOURNAL_NAME_MAX 40

struct journal {
	uint32_t number;
	uint64_t size; /* bytes read and understood, or written */
	int fd; /* a reader's; -1 when not held open */
	bool marked, damaged;
	uint8_t mark[FRAME_MARK_LEN];
	uint64_t last_frame; /* 0: no frame */
	struct hash last_hash;
};

struct noted_batch {
	struct inbox_batch id;
	uint32_t journal;
};

struct inbox {
	struct env *env;
	int dir;
	bool writer, failed;
	struct inbox_options o;
	struct journal *journal; /* oldest first */
	size_t n_journals, cap_journals;
	struct inbox_group *group;
	size_t n_groups, cap_groups;
	struct noted_batch *batch;
	size_t n_batches, cap_batches;
	char (*stream)[STREAM_NAME_MAX];
	uint32_t n_streams, cap_streams;
	struct map *by_name;
	uint64_t last_frame; /* number of the last frame known; 0: none */
	struct hash last_hash;
	uint32_t last_journal; /* greatest number ever seen */
	bool hole; /* a hole before the next frame has been told already */
	/* Writing. */
	int fd; /* the journal being written; -1 */
	struct buf stage, frame;
	size_t stage_noted; /* bytes of it that batches claim */
	struct inbox_batch *staged;
	size_t n_staged, cap_staged;
	struct buf ids; /* staged */
	/* Reading: the frame read last. */
	int read_fd;
	uint32_t read_journal;
	struct buf read;
	uint32_t held_journal;
	uint64_t held_at;
	bool held;
	bool held_written; /* it is in `frame`, as it was written */
};

/* inbox_take: note what a whole frame holds. ERR_SYNTAX; ERR_MEMORY. */
MUST_CHECK enum err inbox_take(struct inbox *x, const struct frame *f,
    struct span payload, struct inbox_found *found, struct fault *why);
/* journal_name: "00000001.journal". */
void journal_name(
    uint32_t number, const char *end, char to[static JOURNAL_NAME_MAX]);
/* journal_add: a journal at the end of the list. */
MUST_CHECK enum err journal_add(
    struct inbox *x, uint32_t number, struct fault *why);
/* grow_array: *at gets room for n + 1 elements. */
MUST_CHECK enum err grow_array(
    void **at, size_t *cap, size_t n, size_t size, struct fault *why);

#endif
