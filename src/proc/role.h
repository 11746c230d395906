/*
 * proc/role.h: the process table: what each process is, holds and runs.
 *
 * This table, the permit tables in call/ and the fences are all there is to
 * know about who can do what.
 */
#ifndef PROC_ROLE_H
#define PROC_ROLE_H

#include "call/call.h"
#include "proc/child.h"
#include "proc/fence.h"

/* What the supervisor opens and passes down, by name. */
enum holds {
	HOLDS_WEB = 1 << 0, /* "web": the HTTPS listener */
	HOLDS_SYSLOG = 1 << 1, /* "syslog-udp", "syslog-tcp" */
	HOLDS_INGEST = 1 << 2, /* "ingest": the HTTPS listener of senders */
};

struct role_row {
	enum role role;
	unsigned instances;
	const char *user; /* when started as root */
	const char *folder; /* its own below the data folder, or NULL */
	unsigned mode; /* of that folder */
	unsigned holds; /* enum holds */
	bool sees_data; /* paths begin at the data folder; else nowhere */
	bool groups; /* keeps the groups that the machine gives its user */
	const char *only_with; /* runs where this list of the settings has rows;
				* NULL: always */
	struct fence fence; /* folders relative to the data folder */
	/* load: as the user who started us, before anything is given up: read
	 * program data (packs, templates). start: as the own user, before the
	 * fence closes: open files and databases. */
	enum err (*load)(struct child *c, struct fault *why);
	enum err (*start)(struct child *c, struct fault *why);
	/* ready: after the fence; first timers. May be NULL. */
	enum err (*ready)(struct child *c, struct fault *why);
	/* stop: the orderly end. May be NULL. */
	void (*stop)(struct child *c);
	const struct answer_row *answers; /* in the order of the permit table */
};

/* role_row: NULL for the supervisor and the command line. role_order: the
 * roles in the order in which they start; ROLE_N ends it. */
const struct role_row *role_row(enum role r);
extern const enum role role_order[];

#endif
