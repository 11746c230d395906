/*
 * gate/session.h: signing in, changing the password, and who is asking.
 *
 * A session is known to the browser by a random token of 32 bytes; the store
 * keeps its SHA-256 alone. Whoever calls these tells the person no more than
 * the answer: unknown, wrong, locked and disabled look and take the same.
 */
#ifndef GATE_SESSION_H
#define GATE_SESSION_H

#include "gate/gate.h"
#include "gate/rule.h"

enum gate_answer {
	GATE_OK,
	GATE_MUST_CHANGE, /* signed in, may change the password only */
	GATE_DENIED, /* name or password wrong, or so it looks */
	GATE_BUSY, /* too many failures from this address: come later */
};

/* Why a sign-in was denied: for the record that is kept, never for the
 * person who tried. */
enum gate_cause {
	GATE_CAUSE_NONE,
	GATE_CAUSE_UNKNOWN, /* no such account */
	GATE_CAUSE_WRONG, /* wrong password */
	GATE_CAUSE_LOCKED, /* too many failures; the password was not judged */
	GATE_CAUSE_DISABLED, /* right password, disabled account */
	GATE_CAUSE_EXPIRED, /* right, but its one-time password ran out */
	GATE_CAUSE_ADDRESS, /* too many failures from the address */
};
/* gate_cause_name: "wrong", for records. */
const char *gate_cause_name(enum gate_cause c);

struct gate_sign_in {
	enum gate_answer answer;
	enum gate_cause cause;
	char token[GATE_TOKEN_LEN + 1]; /* "" unless signed in */
	char person[GATE_PERSON_MAX + 1]; /* "" unless signed in */
	unsigned wait_ms; /* hold the answer back so long; by address only */
	bool locked_now; /* this failure began a lock: worth a record */
};

/*
 * gate_sign_in: try a name and a password from an address.
 *
 * A failure counts against the name and against the address (IPv6: its /64)
 * before the password is looked at, and is given back when it was right. The
 * same wrong password as last time does not count against the name again (a
 * program that tries an old password over and over is no attack). Attempts while the name is locked are denied and do
 * not prolong the lock. Each call that is not GATE_BUSY costs one Argon2id
 * and one commit, whether there is such an account or not.
 *
 * Fails   as the store does: nobody is signed in then; *r stays.
 */
MUST_CHECK enum err gate_sign_in(struct gate *g, struct span name,
    struct span password, struct span address, int64_t now_us,
    struct gate_sign_in *r, struct fault *why);

/* Who a token stands for. */
struct gate_who {
	int64_t session; /* number of the session, for records */
	char name[GATE_NAME_MAX + 1];
	char person[GATE_PERSON_MAX + 1];
	char form[GATE_TOKEN_LEN + 1]; /* what forms of this session carry */
	bool must_change; /* nothing else is allowed until then */
	int64_t since_us; /* signed in */
	int64_t until_us; /* ends then at the latest */
	int64_t change_us; /* password must be changed by then */
};

/*
 * gate_who: whose session is it? A machine's key is one too (gate/key.h).
 *
 *   used    the person did something: the idle time begins anew. False for
 *           what a page asks by itself.
 *
 * Fails   ERR_DENIED: no such session, ended, idle or its time is up; the
 *         same line for all. *w stays.
 */
MUST_CHECK enum err gate_who(struct gate *g, struct span token, bool used,
    int64_t now_us, struct gate_who *w, struct fault *why);

/* gate_form_check: does this form token belong to this session token? It
 * does not ask whether the session is open. */
bool gate_form_check(const struct gate *g, struct span token, struct span form);

struct gate_change {
	enum gate_answer answer; /* GATE_OK, GATE_DENIED (old password wrong),
				  * GATE_BUSY */
	enum gate_rule rule; /* what the new one breaks; RULE_OK: none */
	char token[GATE_TOKEN_LEN + 1]; /* the session's new token */
	unsigned wait_ms;
};

/*
 * gate_password_change: a signed-in person's own change. Done when answer is
 * GATE_OK and rule is RULE_OK: the old token is dead, the new one is given
 * once, the account's other sessions are ended. A wrong old password counts
 * as a failure to sign in; a locked name is denied.
 *
 * Fails   ERR_DENIED as gate_who; as the store does. *r stays.
 */
MUST_CHECK enum err gate_password_change(struct gate *g, struct span token,
    struct span old, struct span new, struct span address, int64_t now_us,
    struct gate_change *r, struct fault *why);

/* How a session ended. */
enum gate_end {
	GATE_END_NONE,
	GATE_END_OUT, /* signed out */
	GATE_END_IDLE, /* not used for idle_us */
	GATE_END_ABSOLUTE, /* absolute_us are over */
	GATE_END_REPLACED, /* the account opened one too many */
	GATE_END_CHANGED, /* the password was changed in another session */
	GATE_END_RESET, /* an administrator reset the password */
	GATE_END_DISABLED, /* the account was disabled */
};
/* gate_end_name: "idle", for records. */
const char *gate_end_name(enum gate_end e);

struct gate_ended {
	int64_t session;
	struct span name, person, address; /* borrowed during the call */
	int64_t since_us, ended_us;
	enum gate_end how;
};

/* Not ERR_OK ends the list and is passed on; that session is told again at
 * the next call. */
typedef enum err gate_ended_fn(void *arg, const struct gate_ended *e);

/* gate_sign_out: end a session. Fails ERR_DENIED as gate_who. It is told by
 * the next gate_expire, like every other end. */
MUST_CHECK enum err gate_sign_out(
    struct gate *g, struct span token, int64_t now_us, struct fault *why);

/*
 * gate_expire: end what is idle or over at now_us, write down when sessions
 * were last used, forget old failures, and tell each session that ended and
 * was not yet told: `each` makes the sign-out record durable, then the
 * session is forgotten. Call it about once a second.
 */
MUST_CHECK enum err gate_expire(struct gate *g, int64_t now_us,
    gate_ended_fn *each, void *arg, struct fault *why);

#endif
