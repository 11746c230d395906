/*
 * ledger/proof.h: proof bundles, one JSON file each (beimen-proof-1).
 *
 * A bundle shows one record or one entry and all that leads from it to a
 * signed checkpoint. It is checked with the log's public key alone: no
 * server, no data folder. A key inside a bundle is never trusted, and a
 * member the format does not have makes a bundle invalid, so that nothing
 * unproved rides along. Bytes are base64, numbers are JSON integers.
 *
 *   record  {"format": "beimen-proof-1", "record": {"id", "received_us",
 *           "sender", "text"}, "leaf", "block": {"index", "size", "path",
 *           "leaf"}, "segment": {"index", "size", "path", "leaf"},
 *           "log": {"origin", "index", "size", "path"}, "checkpoint"}
 *   entry   {"format", "entry", "salt", "leaf", "log", "checkpoint"}
 *
 * `leaf` is the record's (or entry's) leaf data; `block.leaf` that of the
 * block whose tree holds the record, `segment.leaf` that of the segment
 * whose tree holds the block. record.text is the raw bytes with each byte
 * that is not UTF-8, and each NUL, as U+FFFD. `entry` is the canonical body
 * as one string, byte for byte what was hashed.
 */
#ifndef LEDGER_PROOF_H
#define LEDGER_PROOF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "crypt/merkle.h"
#include "ledger/note.h"

#define PROOF_MAX (UINT32_C(1) << 20) /* bytes of a bundle */

/* One step up: the place of a leaf in a tree, and its audit path. */
struct proof_step {
	uint64_t index, size;
	const struct hash *path;
	unsigned n;
};

/* The parts of a record's bundle; all borrowed. */
struct proof_record {
	struct span leaf; /* record leaf data */
	struct proof_step block; /* of the record in its block */
	struct span block_leaf; /* block leaf data */
	struct proof_step segment; /* of the block in its segment */
	struct span segment_leaf; /* segment leaf data */
	struct proof_step log; /* of the segment in the log */
	struct span checkpoint; /* the signed note */
};

struct proof_entry {
	struct span body; /* canonical JSON */
	struct span salt; /* 32 bytes */
	struct span leaf; /* entry leaf data */
	struct proof_step log;
	struct span checkpoint;
};

/*
 * proof_record_write, proof_entry_write: append the bundle. What is shown
 * (id, time, sender, text) is taken from the leaves themselves.
 *
 * Fails   ERR_SYNTAX: a leaf or the checkpoint cannot be read; ERR_MEMORY,
 *         ERR_LIMIT. Whether the proof holds is for proof_check to say.
 */
MUST_CHECK enum err proof_record_write(
    struct buf *b, const struct proof_record *p, struct fault *why);
MUST_CHECK enum err proof_entry_write(
    struct buf *b, const struct proof_entry *p, struct fault *why);

/* What a bundle that holds has shown; text lies in the arena. */
struct proof_result {
	bool entry; /* an entry, else a record */
	const char *origin; /* the log */
	uint64_t size; /* leaves under the checkpoint */
	uint64_t index; /* of the segment or entry in the log */
	const char *signer; /* name of the key that signed */
	unsigned n_cosigned; /* other given keys that signed too */
	const char *id; /* record: stream.seq; entry: its sequence */
	uint64_t seq;
	int64_t received_us;
	const char *sender; /* record */
	struct span raw; /* record: the bytes as received */
	const char *segment; /* record: hex SHA-256 of the segment's file */
	struct span body; /* entry: canonical JSON */
};

/*
 * proof_check: does the bundle prove what it shows?
 *
 *   json     the bundle
 *   key      the keys trusted, from the caller; at least one of type
 *            NOTE_ED25519 and of the log's name must have signed
 *   a        [out] holds what *out points to
 *
 * Fails   ERR_SYNTAX, ERR_LIMIT: not a bundle; ERR_PROOF: a step does not
 *         hold, and the line names it, as "block: record leaf and path do
 *         not lead to the block's root". *out stays.
 */
MUST_CHECK enum err proof_check(struct span json, const struct note_key *key,
    unsigned n_key, struct arena *a, struct proof_result *out,
    struct fault *why);

#endif
