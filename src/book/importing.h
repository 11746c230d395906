/*
 * book/importing.h: one import on its way (import.c, accounts.c).
 */
#ifndef BOOK_IMPORTING_H
#define BOOK_IMPORTING_H

#include "book/import.h"
#include "book/inner.h"

struct importing {
	struct book *b;
	const struct import_job *job;
	const struct schema_register *r;
	struct rights *who;
	struct arena *a;
	struct refusals *bad, *scratch;
	int64_t now_us;
	struct fault *why;

	size_t *column; /* a field's place, FIELD_KEY or FIELD_NONE */
	const char **heading; /* as written */
	size_t n_columns;
	bool has_key;
	struct buf from; /* a key made of fields */

	struct span list, system; /* accounts: the list they belong to */
	json_t *keys, *preview;
	uint64_t rows, add, change, same, failed, unmatched;
};

/* importing_begin: rights, register, memory; importing_end: all given back,
 * also after begin failed. importing_run: read and write all rows inside the
 * open transaction; *out is what import.h promises. importing_leave: end the
 * transaction: kept when e is ERR_OK and the job is not dry. */
MUST_CHECK enum err importing_begin(struct importing *im, struct book *b,
    const struct import_job *job, int64_t now_us, struct fault *why);
void importing_end(struct importing *im);
MUST_CHECK enum err importing_run(struct importing *im, json_t **out);
MUST_CHECK enum err importing_leave(struct importing *im, enum err e);

#endif
