/*
 * proc/replica.h: `beimen replica`: the second host (clause 12.4).
 */
#ifndef PROC_REPLICA_H
#define PROC_REPLICA_H

#include "cli/cli.h"

/* replica_run: rounds against a first host, or, with url NULL, a check of
 * everything held here. The exit status. */
int replica_run(const struct cli_replica *o);

#endif
