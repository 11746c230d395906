/*
 * intake/pattern.h: patterns of log messages: literal text with captures.
 *
 *     Accepted %method:word% for %user:until ' from '% from %src:ip% port
 *
 * A capture is %NAME:TYPE%; "%%" is a percent sign. Types: word, ip, number,
 * decimal, hex, time, quoted, until 'TEXT', until-last 'TEXT', until-any
 * 'BYTES' (or "TEXT"), rest, blank, end. A pattern stands at the message's
 * beginning. Each part is decided once, from left to right: nothing
 * backtracks, so the cost is linear in the message.
 */
#ifndef INTAKE_PATTERN_H
#define INTAKE_PATTERN_H

#include "base/arena.h"
#include "base/fault.h"

#define PATTERN_PARTS_MAX 48
#define PATTERN_SLOTS_MAX 16

/* The names that a rule's patterns capture into, in order of appearance. */
struct pattern_names {
	struct span name[PATTERN_SLOTS_MAX];
	size_t n;
};

struct pattern;

/*
 * pattern_read: compile `text`; new names join *names ('-' is thrown away).
 * The pattern and its bytes live in a; *names must outlive it.
 *
 * Fails  ERR_SYNTAX, ERR_LIMIT: the line says what and at which character.
 */
MUST_CHECK enum err pattern_read(struct arena *a, struct span text,
    struct pattern_names *names, struct pattern **out, struct fault *why);

/* pattern_fits: whether s is of this pattern; slot[i] [out] is what the
 * name i captured, borrowed from s; at == NULL if this pattern lacks it. On
 * false slot is undefined. */
bool pattern_fits(const struct pattern *t, struct span s,
    struct span slot[static PATTERN_SLOTS_MAX]);
/* pattern_is_led: it begins with literal text, so that it is cheap to try. */
bool pattern_is_led(const struct pattern *t);

#endif
