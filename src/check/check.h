/*
 * check/check.h: does a proof bundle prove what it shows?
 *
 * The one wanted duplicate of the tree: this room includes nothing of the
 * server, only the C library and, for SHA-256 and Ed25519, OpenSSL (the
 * server signs and hashes with libsodium). It is read and believed on its
 * own: by `beimen ledger check`, and by the small program beimen-check that
 * an auditor builds alone.
 *
 * Works on  bundles (beimen-proof-1), signed notes and checkpoints, keys,
 *           policies. All of it comes from strangers but the key or policy,
 *           which comes from the caller and never from a bundle.
 * Source    beimen-formats(5); RFC 9162 2.1.3.2; C2SP signed-note,
 *           tlog-checkpoint, tlog-cosignature, tlog-policy.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_BUNDLE_MAX ((size_t)1 << 20) /* bytes of a bundle, a note */
#define CHECK_POLICY_MAX ((size_t)1 << 18) /* bytes of a policy */
#define CHECK_HASH 32 /* bytes of SHA-256 */

/* Bytes that belong to somebody else. */
struct check_bytes {
	const uint8_t *at;
	size_t len;
};

/* One line that says why not. */
struct check_why {
	char text[240];
};

/* --- whom we believe ------------------------------------------------------ */

struct check_policy;

/*
 * check_policy_key: believe this one log key, "name+id+base64", and nobody
 * else. check_policy_read: a policy as C2SP tlog-policy writes it: lines
 * `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME K|any|all NAME…`
 * and one `quorum NAME|none`; names stand before they are used.
 *
 * NULL when it cannot be read or memory is out; why says which line. Handed
 * over (check_policy_free).
 */
struct check_policy *check_policy_key(const char *vkey, struct check_why *why);
struct check_policy *check_policy_read(
    struct check_bytes text, struct check_why *why);
void check_policy_free(struct check_policy *p);

/* --- heads ------------------------------------------------------------------ */

/* A checkpoint; origin is borrowed from the note. */
struct check_head {
	struct check_bytes origin;
	uint64_t size;
	uint8_t root[CHECK_HASH];
	unsigned n_witnesses; /* of the policy, that cosigned */
};

/*
 * check_note: a signed checkpoint under a policy: the log's own key signed,
 * every line of a key that is known verifies, and the witnesses that signed
 * are a quorum. *h stays when not.
 */
bool check_note(const struct check_policy *p, struct check_bytes note,
    struct check_head *h, struct check_why *why);

/*
 * check_inclusion: is `leaf` (a leaf hash) at place `index` of the tree of
 * `size` leaves and this root? path: n hashes, leaf side first.
 */
bool check_inclusion(const uint8_t leaf[CHECK_HASH], uint64_t index,
    uint64_t size, const uint8_t (*path)[CHECK_HASH], size_t n,
    const uint8_t root[CHECK_HASH]);

/* --- bundles ------------------------------------------------------------------ */

/* What a bundle that holds has shown. Everything lies in `memory`. */
struct check_shown {
	void *memory; /* check_shown_free */
	bool entry; /* else a record */
	struct check_bytes origin, id, sender, raw; /* raw: record or body */
	uint64_t size, index, seq; /* of the log; of the leaf there */
	int64_t received_us;
	unsigned n_witnesses;
};

/*
 * check_bundle: every step from the leaf up to the signed head.
 *
 *   json   the bundle
 *   p      whom the caller believes
 *   out    [out] on true; check_shown_free ends it
 *
 * False: why names the step. Cost: one pass; memory twice the bundle's bytes
 * and 64 bytes a JSON value.
 */
bool check_bundle(struct check_bytes json, const struct check_policy *p,
    struct check_shown *out, struct check_why *why);
void check_shown_free(struct check_shown *s);

/* check_readable: append to `to` (room for 3 * len + 1 bytes) s as UTF-8, each
 * malformed byte and each NUL as U+FFFD, ended by a NUL. Bytes written
 * without that NUL. */
size_t check_readable(struct check_bytes s, char *to);

#endif
