/*
 * sql/func.c: the functions that statements may call besides the engine's.
 *
 *   months_before(us, n)  base/when.h when_months_before
 *   period_end(us, n)     base/when.h when_period_end
 *
 * NULL in, NULL out; anything but integers is an error.
 */
#include "sql/inner.h"

#include <limits.h>

#include "base/when.h"

typedef int64_t when_fn(int64_t us, int n);

/* Calls a calendar function of an instant and a count of months. */
static void
months(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *name = sqlite3_user_data(c);
	when_fn *call = name[0] == 'm' ? when_months_before : when_period_end;
	char line[64];
	int64_t count;

	(void)n; /* two, as registered */
	if (sqlite3_value_type(v[0]) == SQLITE_NULL ||
	    sqlite3_value_type(v[1]) == SQLITE_NULL) {
		sqlite3_result_null(c);
		return;
	}
	count = sqlite3_value_int64(v[1]);
	if (sqlite3_value_type(v[0]) != SQLITE_INTEGER ||
	    sqlite3_value_type(v[1]) != SQLITE_INTEGER || count < INT_MIN ||
	    count > INT_MAX) {
		sqlite3_snprintf(sizeof line, line,
		    "%s wants an instant and a count of months", name);
		sqlite3_result_error(c, line, -1);
		return;
	}
	sqlite3_result_int64(c, call(sqlite3_value_int64(v[0]), (int)count));
}

int
sql_functions(sqlite3 *db)
{
	static char before[] = "months_before", end[] = "period_end";
	const int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int rc = sqlite3_create_function_v2(
	    db, before, 2, how, before, months, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	return sqlite3_create_function_v2(
	    db, end, 2, how, end, months, NULL, NULL, NULL);
}
