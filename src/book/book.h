/*
 * book/book.h: the register database as one object.
 *
 * It holds a database handle, the schema, and the statements of this room.
 * The book process opens it for writing (the only writer of entries), the
 * reader for reading; a past (T, K) is one in memory (book/scratch.h). One
 * handle belongs to one thread. Tables: sql/schema.sql and one per register.
 */
#ifndef BOOK_BOOK_H
#define BOOK_BOOK_H

#include "book/schema.h"
#include "sql/sql.h"

struct book;

#define BOOK_AGENCY_MAX 40 /* bytes of an agency's key */
#define BOOK_VERSION 1 /* of sql/schema.sql */
#define BOOK_CITY "beimen.invalid"

/*
 * book_open: open or make the database at path.
 *
 *   how    SQL_WRITE makes what is missing: fixed tables, one table a
 *          register, one column for every field that was added since;
 *          SQL_READ only looks; SQL_MEMORY is private
 *   s      the schema; borrowed for the book's life
 *   city   first part of log origins; NULL: BOOK_CITY; copied
 *   out    handed over (book_close)
 *
 * Fails   ERR_STATE: made by a later version, or (reading) a table or column
 *         of the schema is not there yet; what sql_open fails with.
 */
MUST_CHECK enum err book_open(const char *path, enum sql_open how,
    const struct schema *s, const char *city, struct book **out,
    struct fault *why);
void book_close(struct book *b);

/* book_db: its handle, borrowed. book_schema: its schema. book_city. */
struct sql *book_db(struct book *b);
const struct schema *book_schema(const struct book *b);
const char *book_city(const struct book *b);

/* book_tables: make the fixed tables and those of the schema where they are
 * missing (what book_open does for SQL_WRITE): for fixtures of clauses. */
MUST_CHECK enum err book_tables(
    struct sql *db, const struct schema *s, struct fault *why);

/*
 * book_begin, book_commit, book_undo_all: every writing function of this
 * room is one transaction of its own, unless the caller has opened one here:
 * then it joins it, and nothing is kept before book_commit. After a failure
 * inside the caller's transaction only book_undo_all is allowed.
 */
MUST_CHECK enum err book_begin(struct book *b, struct fault *why);
MUST_CHECK enum err book_commit(struct book *b, struct fault *why);
void book_undo_all(struct book *b);

/*
 * book_changed: the tables (registers and evidence) that were written since
 * it was last asked, as a JSON array of names, appended to out: what rules is
 * told. Counted when a transaction commits. False: nothing changed.
 */
bool book_changed(struct book *b, struct buf *out);

#endif
