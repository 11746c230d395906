/*
 * pack/yaml_inner.h: what the files of YAML share. Not for other rooms.
 */
#ifndef PACK_YAML_INNER_H
#define PACK_YAML_INNER_H

#include "pack/yaml.h"

#define NONE UINT32_MAX

/* One node of the document: where it stands, and what is below it. */
struct node {
	uint32_t line;
	uint32_t first, last, next; /* children, and the next sibling */
	const char *key; /* of a member; borrowed from the JSON object */
};

struct yaml {
	char *name;
	json_t *root;
	struct node *node; /* 0 is the root */
	uint32_t n, cap;
};

/*
 * yaml_plain: what a plain scalar stands for in the core schema. Handed over
 * (json_decref).
 * Fails  ERR_RANGE: an integer beyond int64; ERR_MEMORY.
 */
MUST_CHECK enum err yaml_plain(struct span s, json_t **out);

#endif
