/*
 * base/env_fault.h: an env that fails when it is told to, for tests and
 * simulation.
 *
 * It stands before another env (the real one, as a rule), passes every call
 * on, counts them, writes them down, and lets the Nth of those that count
 * fail. Its clock can be stopped and set, its chance made repeatable.
 * Closing never fails and does not count; nor does asking for the time.
 */
#ifndef BASE_ENV_FAULT_H
#define BASE_ENV_FAULT_H

#include "base/env.h"

/* The operations, as bits: which of them count. */
enum env_op {
	ENV_OP_RANDOM = 1 << 0,
	ENV_OP_OPEN = 1 << 1,
	ENV_OP_OPEN_DIR = 1 << 2,
	ENV_OP_SIZE = 1 << 3,
	ENV_OP_READ = 1 << 4,
	ENV_OP_WRITE = 1 << 5,
	ENV_OP_TRUNCATE = 1 << 6,
	ENV_OP_SYNC = 1 << 7,
	ENV_OP_RENAME = 1 << 8,
	ENV_OP_UNLINK = 1 << 9,
	ENV_OP_LIST = 1 << 10,
	ENV_OP_SPACE = 1 << 11,
};
#define ENV_OPS_ALL ((1U << 12) - 1)
/* What changes the disk, or makes a change last. */
#define ENV_OPS_DISK                                                      \
	(ENV_OP_OPEN | ENV_OP_OPEN_DIR | ENV_OP_WRITE | ENV_OP_TRUNCATE | \
	    ENV_OP_SYNC | ENV_OP_RENAME | ENV_OP_UNLINK)

/* How an operation fails. Nothing reaches the disk but for the torn one. */
enum env_failure {
	ENV_FAIL_IO, /* ERR_IO, as for EIO */
	ENV_FAIL_FULL, /* ERR_FULL, as for ENOSPC */
	ENV_FAIL_TORN, /* a write puts down its first half, then ERR_IO */
	ENV_FAIL_MEMORY, /* ERR_MEMORY, as for ENOMEM */
};

/*
 * env_fault_new: a wrapper around `under`, which is borrowed until the end.
 * It fails nothing until told to. NULL when memory is out; handed over
 * (env_fault_free). File handles are those of `under`.
 */
struct env *env_fault_new(struct env *under);
void env_fault_free(struct env *env);

/*
 * env_fault_at: from now on, the nth (from 1) operation of the set `ops`
 * fails in the manner of `how`; the one only, or, with `stays`, it and every
 * operation of any kind after it, as when the power goes. Counting begins
 * anew. nth 0 fails nothing.
 */
void env_fault_at(struct env *env, uint64_t nth, unsigned ops,
    enum env_failure how, bool stays);
/* env_fault_count: operations of the set since then, the failed included.
 * env_fault_struck: one of them was made to fail. */
uint64_t env_fault_count(const struct env *env);
bool env_fault_struck(const struct env *env);

/* env_fault_freeze: now is us until told otherwise; env_fault_advance moves a
 * stopped clock by so much, backwards too; env_fault_thaw: the clock of
 * `under` again. */
void env_fault_freeze(struct env *env, int64_t us);
void env_fault_advance(struct env *env, int64_t by_us);
void env_fault_thaw(struct env *env);
/* env_fault_seed: random bytes follow from the seed alone. For tests; no key
 * may come from it. */
void env_fault_seed(struct env *env, uint64_t seed);

/*
 * env_fault_log: what was done so far, one line each, borrowed until the next
 * call: "open append journal", "write 12", "sync", "rename a b"; a failed one
 * ends in " !io" (the code's name). At most 1 MiB is kept.
 */
const char *env_fault_log(const struct env *env);
void env_fault_log_clear(struct env *env);

#endif
