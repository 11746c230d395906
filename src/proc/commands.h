/*
 * proc/commands.h: what the command line gets from the processes.
 */
#ifndef PROC_COMMANDS_H
#define PROC_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_backend commands_backend;

#endif
