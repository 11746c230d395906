/*
 * sql/inner.h: what the files of this room share. Not for other rooms.
 */
#ifndef SQL_INNER_H
#define SQL_INNER_H

#include <sqlite3.h>

#include "sql/sql.h"

#define LISTS_MAX 16

/* A named statement that was asked for at least once. */
struct known {
	const char *name; /* borrowed from a list of sql_learn */
	struct sql_stmt *s;
};

struct sql {
	sqlite3 *db;
	const struct sql_named *list[LISTS_MAX];
	unsigned n_lists;
	struct known *known;
	size_t n_known, cap_known;
	bool broken; /* a sync failed: what was written may not last */
};

struct sql_stmt {
	struct sql *sql;
	sqlite3_stmt *st;
	bool named; /* owned by the handle */
	bool running; /* stepped and not yet at its end */
	bool short_of_memory; /* a column could not be read */
	bool bounded; /* limit_ms holds */
	unsigned limit_ms; /* for one run; counts time inside the engine */
	int64_t spent_us; /* of this run */
	int64_t until_us; /* when the present step must end (monotonic) */
};

/* sql_code: what an engine's result means to us; `otherwise` stands for its
 * plain SQLITE_ERROR. */
enum err sql_code(int rc, enum err otherwise);

/* sql_fault: notes the engine's present line for rc; returns the code. */
enum err sql_fault(
    struct sql *db, int rc, enum err otherwise, struct fault *why);

/* sql_functions: adds our own functions to a handle; an SQLITE_ code. */
int sql_functions(sqlite3 *db);

#endif
