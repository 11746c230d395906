/*
 * web/template_ops.h: a compiled template, between its compiler
 * (template.c) and its drawer (template_draw.c). Nobody else includes it.
 */
#ifndef WEB_TEMPLATE_OPS_H
#define WEB_TEMPLATE_OPS_H

#include "base/arena.h"
#include "web/template.h"

enum op_kind {
	OP_LITERAL, /* text */
	OP_VALUE, /* name; letter: 0 or one of l d w s n q u c */
	OP_MESSAGE, /* text: the key */
	OP_CHOICE, /* text: the prefix; name: whose value follows it */
	OP_SECTION, /* name; to: the op past its end */
	OP_INVERTED,
	OP_END, /* of the section that began at `to` */
	OP_PARTIAL /* text: its name; to: which template, once linked */
};

struct op {
	enum op_kind kind;
	char letter;
	struct span text;
	const char *name; /* "a.b"; "." is the present value */
	size_t to;
};

struct template
{
	const char *name;
	struct op *op;
	size_t n_ops;
};

struct templates {
	struct arena *mem;
	struct template *at;
	size_t n;
};

#define TEMPLATE_MEMORY ((size_t)4 << 20)

#endif
