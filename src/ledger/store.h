/*
 * ledger/store.h: two places where a tree's tiles may lie.
 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include "ledger/tree.h"
#include "sql/sql.h"

/* The room's statements; a process that opens a store learns them first
 * (sql_learn). */
extern const struct sql_named ledger_sql[];

/* store_schema: make the table `tile` where it is missing. */
MUST_CHECK enum err store_schema(struct sql *db, struct fault *why);

/*
 * store_sql_new: the tiles of one agency in the table `tile` of db (borrowed
 * until store_free; ledger_sql learned). It opens no transaction of its own.
 * store_memory_new: in memory, for tests and for scratch trees. Both are
 * handed over (store_free), and end after the trees that use them.
 */
struct store;
MUST_CHECK enum err store_sql_new(
    struct sql *db, struct span agency, struct store **out, struct fault *why);
MUST_CHECK enum err store_memory_new(struct store **out, struct fault *why);
void store_free(struct store *s);
/* store_of: the seam for tree_open. */
struct tree_store store_of(struct store *s);

#endif
