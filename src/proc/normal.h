/*
 * proc/normal.h: normalising rules as processes load them, and as the command
 * line tries and imports them.
 */
#ifndef PROC_NORMAL_H
#define PROC_NORMAL_H

#include "intake/normalize.h"
#include "pack/json.h"

/* normal_load: the rules of the setting `normalize` (a file or folder of the
 * city's own, tried first) and ours. Handed over (normalize_free). */
MUST_CHECK enum err normal_load(
    const json_t *settings, struct normalizer **out, struct fault *why);

/* normal_test: load these files and folders (none: ours), and tell every test
 * that fails, a line each to stdout; the exit status. */
int normal_test(const char *const *file, size_t n);

/* normal_import: turn a liblognorm rule base into YAML, and try it; what could
 * not be turned is told on stderr. The exit status: 0 all of it, 1 some of it
 * was left out, 3 nothing could be read. */
int normal_import(const char *path, struct buf *out);

#endif
