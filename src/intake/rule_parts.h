/*
 * intake/rule_parts.h: the parts that rules in a file are made of. For
 * rule_read.c and rule_parts.c.
 *
 * Every failure leaves the line of the file in d->why.
 */
#ifndef INTAKE_RULE_PARTS_H
#define INTAKE_RULE_PARTS_H

#include "intake/rule.h"

/* A file being read. */
struct reader {
	struct normalizer *n;
	const struct yaml *y;
	struct texts roots; /* for JSON paths; none: the object itself */
	const char *at; /* JSON pointer of the rule under the hands */
	struct rule *r;
	struct fault *why;
};

/* rule_part_bad: a fault at `key` of the rule under the hands. */
enum err rule_part_bad(struct reader *d, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
enum err rule_part_no_memory(struct reader *d);

/* rule_part_text: a text, or a number as text; at == NULL: neither. */
struct span rule_part_text(struct reader *d, const json_t *v);
/* rule_part_texts: a text or a list of texts. */
MUST_CHECK enum err rule_part_texts(
    struct reader *d, const char *key, const json_t *v, struct texts *out);
/* rule_part_ref: where a value comes from: "a.b | c" for what has keys, a
 * capture's name for a pattern, "$app" for a part of the header. */
MUST_CHECK enum err rule_part_ref(
    struct reader *d, const char *key, struct span s, ref *out);
/* rule_part_out_find: a field's name, or "host" or "time". */
bool rule_part_out_find(struct span name, unsigned *to);
/* rule_part_outs_grow: room for n more outs of the rule. */
MUST_CHECK enum err rule_part_outs_grow(struct reader *d, size_t n);
/* rule_part_outs: field: path, or (constant) field: text. */
MUST_CHECK enum err rule_part_outs(
    struct reader *d, const char *key, const json_t *v, bool constant);
/* rule_part_conds: "when" and "unless"; v may be NULL. */
MUST_CHECK enum err rule_part_conds(
    struct reader *d, const char *key, const json_t *v, bool unless);
/* rule_part_category: a name, or {by: path, values: {value: name}}. */
MUST_CHECK enum err rule_part_category(struct reader *d, const json_t *v);

#endif
