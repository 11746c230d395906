/*
 * gate/rule.h: what a password must be.
 *
 * Source: point 21.6 (eight or more, letters, digits and symbols), the
 * baseline's IA.AUTH (last three refused, least age), ASVS 5.0 6.2 (common
 * passwords refused, long ones allowed, nothing cut).
 */
#ifndef GATE_RULE_H
#define GATE_RULE_H

#include "base/span.h"

#define RULE_LEN_MIN 8 /* characters */
#define RULE_LEN_MAX 128 /* characters */
#define RULE_BYTES_MAX 1024

enum gate_rule {
#define RULE(name, code, zh, en) RULE_##name,
#include "gate/rule.tab"
#undef RULE
	RULE_N
};

/*
 * gate_rule_check: the first rule that a new password breaks, RULE_OK when
 * none. It looks at the text alone: past passwords and age are for
 * gate_password_change.
 */
enum gate_rule gate_rule_check(struct span name, struct span password);

/* gate_rule_code: short, stable ("too-short"); gate_rule_zh and gate_rule_en:
 * the sentence for the person. */
const char *gate_rule_code(enum gate_rule r);
const char *gate_rule_zh(enum gate_rule r);
const char *gate_rule_en(enum gate_rule r);

#endif
