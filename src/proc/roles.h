/*
 * proc/roles.h: the functions behind the rows of the process table. Each is
 * documented by its row (proc/role.h) or its permit (call/NAME.tab).
 */
#ifndef PROC_ROLES_H
#define PROC_ROLES_H

#include "proc/child.h"

#define CALL(name, from, when, fn) answer_fn fn;
#include "call/book.tab"
#include "call/gate.tab"
#include "call/keeper.tab"
#include "call/reader.tab"
#include "call/rules.tab"
#include "call/sealer.tab"
#include "call/signer.tab"
#undef CALL

#define LIFE(role)                                                      \
	enum err role##_proc_load(struct child *c, struct fault *why);  \
	enum err role##_proc_start(struct child *c, struct fault *why); \
	enum err role##_proc_ready(struct child *c, struct fault *why); \
	void role##_proc_stop(struct child *c);
LIFE(signer)
LIFE(gate)
LIFE(book)
LIFE(keeper)
LIFE(sealer)
LIFE(reader)
LIFE(rules)
LIFE(intake)
LIFE(ingest)
LIFE(follow)
LIFE(web)
#undef LIFE

#endif
