/*
 * proc/supervisor.h: the process that starts the others and nothing else.
 *
 * Holds    root, until folders and ports are open and the children run; the
 *          control lines; the control socket's listener.
 * Reads    signals, exits, and control messages of its own children. Of a
 *          command line it reads the kernel's word on who it is, no byte.
 * Leaves   every parser, the database and the keys to the children.
 */
#ifndef PROC_SUPERVISOR_H
#define PROC_SUPERVISOR_H

#include "call/call.h"
#include "pack/json.h"

/*
 * supervisor_serve: `beimen serve` with these settings (as proc/settings.h
 * reads them). Returns the exit status: 0 after an orderly stop, 3 when it
 * could not start.
 */
int supervisor_serve(json_t *settings);

/*
 * supervisor_lend: for a command line while no server runs: start `role`
 * alone, reading only, and give a connection to it.
 *   fd   [out] the asker's end; the child ends when it is closed
 */
MUST_CHECK enum err supervisor_lend(
    json_t *settings, enum role role, int *fd, struct fault *why);

/* supervisor_visit: the connection to `role` of the server that runs on the
 * data folder. ERR_GONE when none runs. */
MUST_CHECK enum err supervisor_visit(
    const char *data, enum role role, int *fd, struct fault *why);

#endif
