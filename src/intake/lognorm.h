/*
 * intake/lognorm.h: liblognorm rule bases, turned into our rules.
 *
 * A rule base becomes a YAML file of ours: patterns, fields by their names,
 * and a test line made for each, so that what was imported is checked like
 * everything else. Its author then gives the categories that tags do not
 * name, and the programs.
 *
 * Read: version 2, and the shorter forms of version 1 in it: rule=, prefix=,
 * annotate=, comments; %name:type%, %name:type:extra%, %name:type{…}% and
 * %{"name": …, "type": …}%, over several lines too. Parsers: word, number,
 * float, hexnumber, ipv4, ipv6, mac48, alpha, char-to, char-sep, string-to,
 * rest, quoted-string, op-quoted-string, date-rfc3164, date-rfc5424, date-iso,
 * time-24hr, time-12hr, duration, kernel-timestamp, whitespace, literal,
 * alternative; json, cee-syslog and name-value-list at a rule's end, where
 * they are kept as text. Anything else is told with its line.
 *
 * Source  liblognorm 2.0, "Configuration" (doc/configuration.rst).
 */
#ifndef INTAKE_LOGNORM_H
#define INTAKE_LOGNORM_H

#include "base/buf.h"
#include "base/fault.h"

#define LOGNORM_BYTES_MAX ((size_t)4 << 20) /* of a rule base */
#define LOGNORM_ALTERNATIVES_MAX 16U /* patterns that one rule becomes */

/* lognorm_tell_fn: a rule that could not be turned: "FILE:LINE: why". */
typedef void lognorm_tell_fn(void *arg, const char *line);

/*
 * lognorm_convert: append the YAML for a rule base to out.
 *
 *   name       of the file, for error lines and the rules' names
 *   n_rules    [out] rules written
 *   n_skipped  [out] rules told and left out
 *
 * Fails   ERR_SYNTAX: a line that is none of a rule base; ERR_LIMIT,
 *         ERR_MEMORY.
 */
MUST_CHECK enum err lognorm_convert(struct span text, const char *name,
    struct buf *out, lognorm_tell_fn *tell, void *arg, unsigned *n_rules,
    unsigned *n_skipped, struct fault *why);

#endif
