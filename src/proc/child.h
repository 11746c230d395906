/*
 * proc/child.h: what every process but the supervisor is made of.
 *
 * A child receives its settings, descriptors and peers over the control line,
 * loads, gives up what it must, closes its fence, says it is ready, and then
 * goes round one loop: it answers asks by its table and runs its timers. The
 * supervisor may hand it new peers at any time (a restarted process, a command
 * line).
 */
#ifndef PROC_CHILD_H
#define PROC_CHILD_H

#include <pthread.h>

#include "base/arena.h"
#include "call/call.h"
#include "net/loop.h"
#include "pack/json.h"

#define CHILD_INSTANCES 4 /* of one role, at most */
#define CHILD_ASK_MS 20000
#define CHILD_READS 32
#define CHILD_LATER_MAX 16 /* asks under way over one connection */

struct child;
struct role_row;
struct conn; /* a connection over which this process answers */

/* Who asks: the process, and the user behind a command line. */
struct caller {
	enum role role;
	uint32_t uid;
};

/* The end of an ask without waiting: as child_ask would have returned. The
 * body is borrowed during the call. */
typedef void child_done_fn(struct child *c, void *arg, enum err code,
    const struct fault *said, struct span body);

/* A connection over which this process asks. */
struct peer {
	pthread_mutex_t lock; /* one ask at a time */
	struct wire *wire; /* NULL while the other is away */
	bool expected; /* the table lets us ask this instance */
	/* Asks without waiting, oldest first. */
	struct {
		child_done_fn *fn;
		void *arg;
		uint64_t number;
	} later[CHILD_LATER_MAX];
	unsigned n_later;
	uint64_t numbered; /* the last of their numbers */
	bool watched, writes; /* in the loop; also for room to send */
};

/* Who waits for answers in the loop. */
struct later {
	struct child *child;
	enum role callee;
};

struct child {
	const struct role_row *row;
	unsigned instance;
	json_t *config; /* settings, read-only */
	const char *data; /* what paths below the data folder begin with */
	struct loop *loop;
	void *state; /* the role's own */
	struct arena *arena; /* of one ask; emptied before each */
	bool ready, quitting;
	struct peer peers[ROLE_N][CHILD_INSTANCES];
	struct later later[ROLE_N];
	pthread_mutex_t lock; /* over peers' wire pointers */
	pthread_cond_t news; /* a peer came */
	pthread_t main;
	struct conn *conns, *late;
	struct buf answer;
	int reads[CHILD_READS]; /* folders opened by load, for the fence */
	unsigned n_reads;
	json_t *status; /* of all processes, as the supervisor last told */
	void (*round_end)(struct child *c); /* after each round of events */
	struct {
		char name[32];
		int fd;
	} files[16];
	unsigned n_files;
};

/*
 * An answering function. `ask` is the content; the answer's content goes to
 * *answer. Not ERR_OK: the code and *why go back instead. A note's answer is
 * dropped. ERR_LATER (below) puts the answer off.
 */
typedef enum err answer_fn(struct child *c, const struct caller *who,
    struct cursor *ask, struct buf *answer, struct fault *why);

struct answer_row {
	answer_fn *fn;
};

/* An answering function returns this when child_answer_late will answer. */
#define ERR_LATER ERR_N
#define CHILD_LATE_LEN 64

/* child_main: the whole life of a process; returns its exit status. */
int child_main(const struct role_row *row, unsigned instance);

/* child_fd: a descriptor by the name the supervisor gave it; -1 if none. */
int child_fd(const struct child *c, const char *name);
/* child_path: "<data>/<below>" in the arena-free static form: at most 4096
 * bytes into `to`. ERR_LIMIT. */
MUST_CHECK enum err child_path(const struct child *c, const char *below,
    struct buf *to, struct fault *why);

/*
 * child_ask: ask another process and wait, at most wait_ms, also for a peer
 * that is being restarted. With `again`, an ask whose outcome is unknown is
 * put once more: only for what may be done twice. The answer's content is
 * appended to *answer (which may be NULL). Any thread may call it.
 * Fails  as the callee says; ERR_GONE, ERR_TIMEOUT.
 */
MUST_CHECK enum err child_ask(struct child *c, enum role callee, uint16_t call,
    struct span ask, int wait_ms, bool again, struct buf *answer,
    struct fault *why);
/* child_note: send a note, or nothing when the peer is away. */
void child_note(
    struct child *c, enum role callee, uint16_t call, struct span note);

/*
 * child_ask_later: ask without waiting; fn runs in the loop when the answer
 * comes. Up to CHILD_LATER_MAX such asks to a callee at a time, put in order,
 * by a process that never waits for that callee: so no ring of processes
 * waits for itself (keeper must go on acknowledging while book thinks).
 * Fails  ERR_GONE it is away now; ERR_STATE so many are under way. fn is not
 *        called then.
 */
MUST_CHECK enum err child_ask_later(struct child *c, enum role callee,
    uint16_t call, struct span ask, child_done_fn *fn, void *arg,
    struct fault *why);

/* child_wait: at most wait_ms for an answer to an ask without waiting, or for
 * a callee that is away, outside the loop. */
void child_wait(struct child *c, enum role callee, int wait_ms);

/* child_ends: whether this process has been told to end meanwhile; for a long
 * answer that would rather stop half-way. */
bool child_ends(struct child *c);

/* child_answer_late: answer everything put off with ERR_LATER, in order; what
 * the answering function left in *answer (at most CHILD_LATE_LEN bytes) is
 * the content. */
void child_answer_late(struct child *c, enum err code, const struct fault *why);

/* child_log: one line to the supervisor's stderr: "role: text". */
void child_log(const struct child *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
