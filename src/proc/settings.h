/*
 * proc/settings.h: beimen.conf and the options of `serve`.
 */
#ifndef PROC_SETTINGS_H
#define PROC_SETTINGS_H

#include "pack/json.h"

/*
 * settings_read: the defaults, then the file (NULL: none), then "name=value"
 * options. *out is handed over (json_decref): a flat object of every setting
 * with its type, as beimen.conf(5) lists them.
 * Fails  ERR_SYNTAX, ERR_RANGE with file and line, or the option's name.
 */
MUST_CHECK enum err settings_read(const char *file, const char *const *option,
    size_t n, json_t **out, struct fault *why);

#endif
