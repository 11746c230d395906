/*
 * book/schema_inner.h: how a schema lies in memory.
 */
#ifndef BOOK_SCHEMA_INNER_H
#define BOOK_SCHEMA_INNER_H

#include "book/schema.h"

struct schema {
	struct arena *a; /* holds everything below */
	struct schema_register *reg;
	size_t n;
};

/* schema_headings: a heading that two fields (or the key) claim: its text
 * and the later field's place; NULL when all differ. Field place n_fields is
 * the key. */
const char *schema_heading_twice(
    struct arena *a, const struct schema_register *r, size_t *field);

#endif
