/*
 * ledger/note.h: signed notes, a few lines of text with signatures below.
 *
 *     text, any number of lines
 *     (an empty line)
 *     — <key name> <base64 of: u32 key id, signature>
 *
 * A key is named by its line ("verifier key"): name+id+base64(type, public).
 * Types known here: 1, Ed25519 over the text; 4, a witness's cosignature,
 * Ed25519 over "cosignature/v1\ntime N\n" and the text, after a u64 time.
 *
 * Source: C2SP signed-note, C2SP tlog-cosignature.
 */
#ifndef LEDGER_NOTE_H
#define LEDGER_NOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "crypt/sign.h"

#define NOTE_MAX (UINT32_C(1) << 20) /* bytes of a note */
#define NOTE_NAME_MAX 255 /* bytes of a key's name */
#define NOTE_SIG_MAX 100 /* signature lines */

enum note_type {
	NOTE_ED25519 = 1,
	NOTE_COSIGNATURE = 4,
};

struct note_key {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	enum note_type type;
	uint8_t public[SIGN_PUBLIC_LEN];
};

/* One signature line. Lines of keys that nobody here knows are kept. */
struct note_sig {
	struct span name; /* borrowed from the note */
	struct span line; /* the whole line with its line feed, borrowed */
	uint32_t id;
	struct span sig; /* what follows the key id, decoded, in the arena */
};

struct note {
	struct span text; /* ends in a line feed; borrowed */
	struct note_sig sig[NOTE_SIG_MAX];
	unsigned n_sig;
};

/*
 * note_key_make: the key of that name; its id is computed. note_key_parse:
 * from a verifier key line. note_key_print: append that line, without a line
 * feed.
 *
 * Fails   ERR_SYNTAX: no such name (empty, '+', or white space in it), not a
 *         key line, or its id is not the one computed; *key stays.
 *         ERR_UNSUPPORTED: a type not known here.
 */
MUST_CHECK enum err note_key_make(struct span name, enum note_type type,
    const uint8_t public[static SIGN_PUBLIC_LEN], struct note_key *key,
    struct fault *why);
MUST_CHECK enum err note_key_parse(
    struct span vkey, struct note_key *key, struct fault *why);
void note_key_print(struct buf *b, const struct note_key *key);

/*
 * note_parse: read a note; no signature is checked. *n is the caller's own
 * and borrows from `bytes` and the arena.
 *
 * Fails   ERR_SYNTAX: not a note; ERR_LIMIT: longer than NOTE_MAX or more
 *         than NOTE_SIG_MAX signatures; *n stays.
 */
MUST_CHECK enum err note_parse(
    struct span bytes, struct arena *a, struct note *n, struct fault *why);

/*
 * note_verify: check the signatures of the keys given; others are passed
 * over.
 *
 *   good   [out] one flag a key: it signed this note
 *   time   [out] one a key, may be NULL: a cosignature's time in seconds
 *
 * Fails   ERR_PROOF: a signature under the name and id of a known key does
 *         not verify, or none of the keys signed.
 */
MUST_CHECK enum err note_verify(const struct note *n,
    const struct note_key *key, unsigned n_key, bool *good, uint64_t *time,
    struct fault *why);

/* The holder of the private key: sign message, or say why not. */
typedef enum err note_sign_fn(void *arg, struct span message,
    uint8_t sig[static SIGN_LEN], struct fault *why);

/*
 * note_sign: append the note of this text with the key's signature line.
 * note_cosign: append only a signature line of a key of type
 * NOTE_COSIGNATURE, over `text`, made at time_s. note_line: append a
 * signature line from its parts.
 *
 * Fails   ERR_SYNTAX: text is not one or more lines of UTF-8 without control
 *         characters; as `sign` does. *b keeps its length then.
 */
MUST_CHECK enum err note_sign(struct buf *b, struct span text,
    const struct note_key *key, note_sign_fn *sign, void *arg,
    struct fault *why);
MUST_CHECK enum err note_cosign(struct buf *b, struct span text,
    const struct note_key *key, uint64_t time_s, note_sign_fn *sign, void *arg,
    struct fault *why);
void note_line(struct buf *b, struct span name, uint32_t id, struct span sig);

#endif
