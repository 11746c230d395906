/*
 * proc/fence.h: what a process gives up for good before it serves.
 *
 * Four walls, each standing without the others: an own user (when started as
 * root), no-new-privileges, seccomp (system calls), Landlock (files and TCP).
 */
#ifndef PROC_FENCE_H
#define PROC_FENCE_H

#include "pack/json.h"

/* What a process may still do, beyond reading and writing what it holds. */
enum fence_may {
	MAY_ACCEPT = 1 << 0, /* accept on sockets it holds */
	MAY_OPEN = 1 << 1, /* open files below fence_folder paths */
	MAY_CHANGE = 1 << 2, /* … and make, rename, unlink there */
	MAY_THREAD = 1 << 3, /* start threads */
};

struct fence {
	unsigned may;
	const char *folder[4]; /* readable, and changeable with MAY_CHANGE */
	const int *reads; /* open folders that may be read, n_reads of them */
	unsigned n_reads;
};

/*
 * fence_user: as root, become user `name` for good, with `root` (a folder's
 * descriptor, or -1) as the root of all paths. With `shares` its group is
 * `beimen`, whose members may read the database and the vault; without, its
 * own. With `groups` it keeps the groups the machine gives that user, so that
 * files of others may be opened to it. Without root it does nothing; *changed
 * tells.
 * Fails  ERR_NOT_FOUND no such user or group.
 */
MUST_CHECK enum err fence_user(const char *name, bool shares, bool groups,
    int root, bool *changed, struct fault *why);

/* fence_limits: no core dumps, bounded descriptors and processes. */
MUST_CHECK enum err fence_limits(struct fault *why);

/*
 * fence_close: no-new-privileges, Landlock at the ABI found, seccomp. `told`
 * gets what stands: {"user","seccomp","landlock_abi","no_new_privs"}. When
 * the kernel lacks Landlock the other walls stand and told says 0.
 */
MUST_CHECK enum err fence_close(
    const struct fence *f, json_t *told, struct fault *why);

#endif
