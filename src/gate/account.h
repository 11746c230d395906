/*
 * gate/account.h: who has an account, and one-time passwords.
 *
 * An account belongs to a person of a register, named "agency/key"; what that
 * person may do is decided elsewhere. Names are never used a second time: an
 * account is disabled, not deleted. Whoever calls these has checked that the
 * actor may, and records what was done.
 */
#ifndef GATE_ACCOUNT_H
#define GATE_ACCOUNT_H

#include "gate/gate.h"

#define GATE_ONE_TIME_MAX 32 /* bytes of a one-time password, NUL included */

/*
 * gate_first_admin: make the account 'admin' of `person` with a one-time
 * password, when there is no account at all, or when 'admin' is the only one,
 * has never signed in and its one-time password has run out.
 *
 *   name      [out] "admin"
 *   password  [out] shown once, stored as a hash only
 *
 * Fails   ERR_EXISTS: there are accounts already; outputs stay.
 */
MUST_CHECK enum err gate_first_admin(struct gate *g, struct span person,
    int64_t now_us, char name[static GATE_NAME_MAX + 1],
    char password[static GATE_ONE_TIME_MAX], struct fault *why);

/*
 * gate_account_add: a new account with a one-time password, which must be
 * changed at its first use.
 *
 * Fails   ERR_SYNTAX: not a name, or not a person; ERR_EXISTS: the name was
 *         used before, by an account now disabled perhaps.
 */
MUST_CHECK enum err gate_account_add(struct gate *g, struct span name,
    struct span person, int64_t now_us, char password[static GATE_ONE_TIME_MAX],
    struct fault *why);

/*
 * gate_account_reset: a new one-time password for an account; its sessions
 * end, a lock is lifted. gate_account_unlock: lift a lock, nothing else.
 * gate_account_disable: it cannot be used, its sessions end at once.
 * gate_account_enable: the reverse; a new password is not given.
 *
 * Fails   ERR_NOT_FOUND.
 */
MUST_CHECK enum err gate_account_reset(struct gate *g, struct span name,
    int64_t now_us, char password[static GATE_ONE_TIME_MAX], struct fault *why);
MUST_CHECK enum err gate_account_unlock(
    struct gate *g, struct span name, struct fault *why);
MUST_CHECK enum err gate_account_disable(
    struct gate *g, struct span name, int64_t now_us, struct fault *why);
MUST_CHECK enum err gate_account_enable(
    struct gate *g, struct span name, struct fault *why);

/* One account as lists show it. Times 0: never. */
struct gate_account {
	struct span name, person; /* borrowed during the call */
	bool disabled;
	bool must_change; /* one-time password not yet changed */
	int64_t created_us;
	int64_t sign_in_us; /* last */
	int64_t changed_us; /* password */
	unsigned failed; /* failures within fail_us */
	int64_t locked_us; /* until when; 0: not locked */
	unsigned sessions; /* open now */
};

/* Not ERR_OK ends the list and is passed on. */
typedef enum err gate_account_fn(void *arg, const struct gate_account *a);

/* gate_account_list: every account, by name. */
MUST_CHECK enum err gate_account_list(struct gate *g, int64_t now_us,
    gate_account_fn *each, void *arg, struct fault *why);

#endif
