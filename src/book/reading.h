/*
 * book/reading.h: one list of a register being read (read.c, form.c,
 * export.c).
 */
#ifndef BOOK_READING_H
#define BOOK_READING_H

#include "book/inner.h"
#include "book/read.h"

struct reading_list {
	struct book *b;
	const struct rights *who;
	const struct schema_register *r;
	const struct book_query *q;
	struct span word[8];
	size_t n_words;
	struct fault *why;
};

/* reading_begin: register found, rights to read it somewhere checked.
 * reading_may: the viewer may read the register in some agency. */
MUST_CHECK enum err reading_begin(struct reading_list *l, struct book *b,
    const struct rights *r, struct span reg, const struct book_query *q,
    struct fault *why);
bool reading_may(const struct rights *who, const struct schema_register *r);
/* reading_rows: fn for each row, in the query's order. */
MUST_CHECK enum err reading_rows(struct reading_list *l, uint64_t limit,
    uint64_t offset,
    enum err (*fn)(struct reading_list *, struct sql_stmt *, void *),
    void *arg);
/* reading_row: the present row as "row" of doc/api.md; handed over. */
MUST_CHECK enum err reading_row(
    struct reading_list *l, struct sql_stmt *s, json_t **out);

#endif
