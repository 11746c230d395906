/*
 * base/fault.h: the line that tells a person what went wrong.
 *
 * The function that knows the cause writes the line; callers pass it on and
 * may put a place before it; the process's loop logs it once. Text is UTF-8
 * and is cut between characters, never inside one; malformed bytes become
 * '?' and control characters spaces, so that a line stays one line.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/err.h"

#include <stddef.h>

#define FAULT_TEXT_MAX 512

struct fault {
	enum err code;
	char text[FAULT_TEXT_MAX]; /* "" while there is no fault */
};

/*
 * fault_set: note code and line in *why (which may be NULL) and return code,
 * so that `return fault_set(why, ERR_RANGE, "line %u: ...", n);` is one line.
 */
enum err fault_set(struct fault *why, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * fault_sys: as fault_set, followed by ": " and the text of errno. ENOSPC and
 * EDQUOT turn `code` into ERR_FULL, ENOMEM into ERR_MEMORY. errno is kept.
 */
enum err fault_sys(struct fault *why, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * fault_at: put a place ("book.yaml:12") and ": " before the line that is
 * there already. Returns why->code. Does nothing when why is NULL, and then
 * returns ERR_OK: a caller whose own `why` may be NULL returns its own code.
 */
enum err fault_at(struct fault *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
