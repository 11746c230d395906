/*
 * proc/folder.h: the data folder: made, locked, and of the right owner.
 */
#ifndef PROC_FOLDER_H
#define PROC_FOLDER_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * folder_open: make DIR and what every process needs below it, and lock it.
 * As root each process's folder goes to its own user. *lock [out] is held as
 * long as it is open.
 * Fails  ERR_STATE another server holds it; ERR_IO.
 */
MUST_CHECK enum err folder_open(const char *data, int *lock, struct fault *why);

/* folder_is_served: somebody holds the lock. */
bool folder_is_served(const char *data);

#endif
