/*
 * gate/gate.h: the store of credentials, apart from all other data.
 *
 * One SQLite file of its own holds accounts and sessions; passwords lie there
 * as Argon2id hashes under a pepper that lies elsewhere, session tokens as
 * SHA-256. Time is a parameter of every call that needs it. The calls are in
 * gate/account.h (accounts), gate/session.h (signing in, who is asking) and
 * gate/rule.h (what a password must be). One handle belongs to one thread,
 * and one process at a time opens the file.
 *
 * Source: the regulation's points 21 and 24; ASVS 5.0 chapters 6 and 7.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/fault.h"
#include "base/when.h"
#include "crypt/password.h"
#include "sql/sql.h"

#define GATE_NAME_MAX 40 /* bytes of an account name; text_is_name */
#define GATE_PERSON_MAX 100 /* bytes of a person, "agency/key" */
#define GATE_ADDRESS_MAX 64 /* bytes of a peer's address */
#define GATE_FAIL_MAX 64 /* greatest fail_max and address_max */
#define GATE_TOKEN_LEN 64 /* a token or form token: hex digits */
#define GATE_PAST_MAX 10 /* greatest past */

/* What an agency may set. A time of 0 is never a right value, except
 * min_age_us and first_us (0: no such rule). */
struct gate_rules {
	int64_t idle_us; /* a session ends after so long without use */
	int64_t absolute_us; /* and so long after sign-in in any case */
	unsigned sessions_max; /* of one account; the oldest is ended */
	unsigned fail_max; /* failures of one name in fail_us: a lock */
	int64_t fail_us;
	int64_t lock_us; /* from the last of them; doubles each time */
	int64_t lock_max_us; /* up to this; as long without failure: anew */
	unsigned address_max; /* failures from one address in address_us */
	int64_t address_us;
	unsigned delay_from; /* failures from which answers are held back */
	int64_t max_age_us; /* of a password: then it must be changed */
	int64_t min_age_us; /* before its owner may change it again */
	int64_t first_us; /* how long a one-time password may be used */
	unsigned past; /* how many former passwords are refused */
};

/* 15 min idle, 8 h absolute, 3 sessions; 5 failures in 15 min lock for 15 min
 * up to 4 h; 30 failures from an address in 10 min, delays from the 5th; a
 * password lasts 180 days and at least 1; a one-time password 7 days; 3 past
 * passwords. */
extern const struct gate_rules gate_rules_default;

struct gate;

/* The room's statements and schema. */
extern const struct sql_named gate_sql[];

/*
 * gate_open: open or make the store.
 *
 *   path    the file; NULL: in memory, for tests
 *   pepper  borrowed until gate_close
 *   rules   copied; NULL: gate_rules_default
 *
 * Fails   as sql_open; ERR_RANGE: a rule that makes no sense, named.
 *         Handed over (gate_close).
 */
MUST_CHECK enum err gate_open(const char *path,
    const uint8_t pepper[static PASSWORD_PEPPER_LEN],
    const struct gate_rules *rules, struct gate **out, struct fault *why);
void gate_close(struct gate *g);

/* gate_rules_of: the rules in force; borrowed. */
const struct gate_rules *gate_rules_of(const struct gate *g);

#endif
