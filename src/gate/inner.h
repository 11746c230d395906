/*
 * gate/inner.h: what this room's files share; nobody else includes it.
 */
#ifndef GATE_INNER_H
#define GATE_INNER_H

#include "crypt/hash.h"
#include "gate/gate.h"
#include "gate/session.h"

/* A session used since its row was last written. */
struct gate_seen {
	int64_t session, us;
};

struct gate {
	struct sql *db;
	const uint8_t *pepper; /* borrowed */
	struct gate_rules rules;
	struct hash form_key, throttle_key; /* from the pepper */
	struct gate_seen *seen;
	size_t n_seen, cap_seen;
	int64_t swept_us; /* when old failures were last forgotten */
};

/* A parameter of a statement. */
struct arg {
	const char *name; /* ":id"; NULL ends the list */
	enum { ARG_INT, ARG_TEXT, ARG_BYTES } kind;
	int64_t n;
	struct span s;
};

#define ARG_END              \
	{                    \
		.name = NULL \
	}

struct arg arg_int(const char *name, int64_t n);
struct arg arg_text(const char *name, struct span s);
struct arg arg_bytes(const char *name, struct span s);

/* gate_ask: the room's statement with its parameters bound. gate_do: the
 * same, carried out. gate_row: the same, with its first row there or
 * ERR_NOT_FOUND without a line; the caller resets it. */
MUST_CHECK enum err gate_ask(struct gate *g, const char *name,
    const struct arg *arg, struct sql_stmt **out, struct fault *why);
MUST_CHECK enum err gate_do(
    struct gate *g, const char *name, const struct arg *arg, struct fault *why);
MUST_CHECK enum err gate_row(struct gate *g, const char *name,
    const struct arg *arg, struct sql_stmt **out, struct fault *why);

/* An account as the calls need it. */
struct account {
	int64_t id;
	bool must_change, disabled;
	int64_t changed_us;
	char person[GATE_PERSON_MAX + 1];
	char hash[PASSWORD_HASH_MAX];
};

/* account_find: by name; ERR_NOT_FOUND "no account NAME". */
MUST_CHECK enum err account_find(
    struct gate *g, struct span name, struct account *a, struct fault *why);

/* text_keep: a column's text into a field; longer text is damage. */
MUST_CHECK enum err text_keep(
    struct span s, char *to, size_t size, struct fault *why);

/* sessions_end: end an account's open sessions but one (0: all). */
MUST_CHECK enum err sessions_end(struct gate *g, int64_t account, int64_t but,
    enum gate_end how, int64_t now_us, struct fault *why);

#endif
