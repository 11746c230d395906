/*
 * sigma/item.h: a key with its values while modifiers work on it.
 */
#ifndef SIGMA_ITEM_H
#define SIGMA_ITEM_H

#include "sigma/inner.h"

#define MODIFIERS_MAX 12U

/* A value on its way. */
struct draft {
	struct pattern text;
	struct span raw; /* as written, for expressions and numbers */
	bool is_null, is_bool, truth;
	uint32_t table; /* an outside table; SIGMA_NONE */
};

enum how { HOW_TEXT, HOW_REGEX, HOW_CIDR, HOW_NUMBER, HOW_EXISTS, HOW_FIELD };

struct item {
	struct place *p;
	struct arena *a;
	const char *key; /* as written, for faults */
	struct fault *why;
	struct draft *draft;
	size_t n, cap;
	enum how how;
	enum sigma_op op;
	unsigned flags; /* of the expression */
	bool all, cased, neq, expanded, changed, encoded;
	bool before, behind; /* contains, startswith, endswith */
	enum time_part part;
};

#define item_fault(it, code, ...) \
	place_fault((it)->p, (it)->key, (it)->why, code, __VA_ARGS__)

/* item_text: add a value. modifier_apply: let a modifier do its work. */
MUST_CHECK enum err item_text(
    struct item *it, struct pattern text, struct span raw);
MUST_CHECK enum err modifier_apply(struct item *it, struct span name);

#endif
