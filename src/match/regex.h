/*
 * match/regex.h: the door to PCRE2, without its traps.
 *
 * Patterns come from people, subjects from hostile senders. Every match runs
 * under limits of steps, depth and memory, so that no pattern takes longer
 * than a few milliseconds a record; a match that meets a limit is an answer
 * of its own, never a silent "no". No code is generated at run time.
 */
#ifndef MATCH_REGEX_H
#define MATCH_REGEX_H

#include "base/fault.h"
#include "base/span.h"

#define REGEX_PATTERN_MAX 1024 /* bytes */

enum regex_found {
	REGEX_NO,
	REGEX_YES,
	REGEX_CUT, /* a limit was met: neither yes nor no */
};

struct regex;

/*
 * regex_new: compile one pattern; letters of either case match one another
 * when `nocase`. Handed over (regex_free).
 * Fails   ERR_SYNTAX: the line says what and at which byte; ERR_LIMIT: too
 *         long or too large; ERR_MEMORY.
 */
MUST_CHECK enum err regex_new(
    struct span pattern, bool nocase, struct regex **out, struct fault *why);
/* regex_new_with: the same with REGEX_ flags, and no others. regex_new has
 * REGEX_DOT_ALL. */
enum {
	REGEX_NOCASE = 1 << 0, /* letters of either case match one another */
	REGEX_LINES = 1 << 1, /* ^ and $ also at the ends of lines */
	REGEX_DOT_ALL = 1 << 2, /* . is a newline too */
};
MUST_CHECK enum err regex_new_with(
    struct span pattern, unsigned flags, struct regex **out, struct fault *why);
void regex_free(struct regex *r);

/* regex_find: does it match anywhere in s? s may hold any bytes; what is not
 * UTF-8 matches nothing. */
enum regex_found regex_find(struct regex *r, struct span s);

#endif
