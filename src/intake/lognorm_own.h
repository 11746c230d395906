/*
 * intake/lognorm_own.h: one rule of a rule base under the hands. For lognorm.c
 * and lognorm_field.c.
 */
#ifndef INTAKE_LOGNORM_OWN_H
#define INTAKE_LOGNORM_OWN_H

#include "base/event.h"
#include "intake/lognorm.h"

#define DRAFT_MAX ((size_t)64 << 10) /* bytes of a pattern */
#define DRAFT_CAPTURES_MAX 16 /* as PATTERN_SLOTS_MAX */

/* One of the patterns that a rule becomes, with a line that fits it. */
struct draft {
	struct buf pattern, sample;
	struct buf gives[FIELD_N]; /* what the sample gives a field */
	uint8_t stop; /* the sample lacks this after its last part; 0: none */
};

struct drafts {
	struct draft at[LOGNORM_ALTERNATIVES_MAX];
	size_t n;
	char names[DRAFT_CAPTURES_MAX][48];
	size_t n_names;
	bool single; /* inside an alternative: no other one */
	struct span literal; /* the longest text of the rule */
};

/* lognorm_literal: text that stands for itself, to every draft. */
void lognorm_literal(struct drafts *d, struct span s);

/*
 * lognorm_field: what stands between two percent signs, to every draft.
 *
 *   last   nothing follows it
 *
 * Fails   ERR_SYNTAX, ERR_LIMIT: the line says what, without file and line.
 */
MUST_CHECK enum err lognorm_field(
    struct drafts *d, struct span inside, bool last, struct fault *why);

/* lognorm_field_of: the field that a rule base's name means; FIELD_N: none. */
enum event_field lognorm_field_of(struct span name);

#endif
