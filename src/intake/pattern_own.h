/*
 * intake/pattern_own.h: a pattern as it is kept. For pattern.c and
 * pattern_fit.c.
 */
#ifndef INTAKE_PATTERN_OWN_H
#define INTAKE_PATTERN_OWN_H

#include "intake/pattern.h"

enum type {
	LITERAL,
	WORD,
	IP,
	NUMBER,
	QUOTED,
	UNTIL,
	UNTIL_LAST,
	REST,
	END,
	BLANK,
	HEX,
	DECIMAL,
	TIME,
	UNTIL_ANY,
};

#define NO_SLOT SIZE_MAX

struct part {
	enum type type;
	struct span text; /* of LITERAL and UNTIL… */
	size_t rare; /* the byte of it that is looked for first */
	size_t slot; /* NO_SLOT: thrown away */
};

struct pattern {
	struct part part[PATTERN_PARTS_MAX];
	size_t n;
	const struct pattern_names *names; /* of all the rule's patterns */
};

#endif
