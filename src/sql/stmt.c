/*
 * sql/stmt.c: statements: prepared, bound by name, stepped, read.
 */
#include "sql/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

/* Instructions of the engine between two looks at the clock. */
#define STEPS_BETWEEN 2000

/* Prepares exactly one statement from text. */
static enum err
prepare(struct sql *db, const char *text, unsigned how, sqlite3_stmt **out,
    struct fault *why)
{
	sqlite3_stmt *st = NULL, *more = NULL;
	const char *rest = NULL;
	enum err e = ERR_OK;
	int rc = sqlite3_prepare_v3(db->db, text, -1, how, &st, &rest);

	if (rc != SQLITE_OK)
		return sql_fault(db, rc, ERR_SYNTAX, why);
	if (st == NULL)
		return fault_set(why, ERR_SYNTAX, "no statement");
	while (e == ERR_OK && more == NULL && *rest != '\0') {
		rc = sqlite3_prepare_v3(db->db, rest, -1, 0, &more, &rest);
		if (rc != SQLITE_OK || more != NULL)
			e = fault_set(
			    why, ERR_SYNTAX, "more than one statement");
	}
	(void)sqlite3_finalize(more);
	if (e != ERR_OK) {
		(void)sqlite3_finalize(st);
		return e;
	}
	*out = st;
	return ERR_OK;
}

static enum err
stmt_new(struct sql *db, const char *text, unsigned how, struct sql_stmt **out,
    struct fault *why)
{
	struct sql_stmt *s = calloc(1, sizeof *s);
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "statement");
	s->sql = db;
	if ((e = prepare(db, text, how, &s->st, why)) != ERR_OK) {
		free(s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

enum err
sql_prepare(
    struct sql *db, const char *text, struct sql_stmt **out, struct fault *why)
{
	return stmt_new(db, text, 0, out, why);
}

void
sql_stmt_free(struct sql_stmt *s)
{
	if (s == NULL)
		return;
	assert(!s->named);
	(void)sqlite3_finalize(s->st); /* says again what step said */
	free(s);
}

void
sql_reset(struct sql_stmt *s)
{
	(void)sqlite3_reset(s->st); /* says again what step said */
	s->running = false;
	s->spent_us = 0;
}

/* The entry of that name in the lists that were learnt; NULL if none. */
static const struct sql_named *
find_text(const struct sql *db, const char *name)
{
	for (unsigned i = 0; i < db->n_lists; i++)
		for (const struct sql_named *n = db->list[i]; n->name != NULL;
		     n++)
			if (strcmp(n->name, name) == 0)
				return n;
	return NULL;
}

/* Prepares a named statement and keeps it. */
static enum err
learn_one(
    struct sql *db, const char *name, struct sql_stmt **out, struct fault *why)
{
	const struct sql_named *n = find_text(db, name);
	struct known *more;
	enum err e;

	if (n == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no statement %s", name);
	if (db->n_known == db->cap_known) {
		size_t cap = db->cap_known == 0 ? 32 : db->cap_known * 2;

		more = reallocarray(db->known, cap, sizeof *more);
		if (more == NULL)
			return fault_set(why, ERR_MEMORY, "statement %s", name);
		db->known = more;
		db->cap_known = cap;
	}
	e = stmt_new(db, n->text, SQLITE_PREPARE_PERSISTENT, out, why);
	if (e != ERR_OK) {
		(void)fault_at(why, "statement %s", name);
		return e;
	}
	(*out)->named = true;
	db->known[db->n_known++] = (struct known){ n->name, *out };
	return ERR_OK;
}

enum err
sql_named(
    struct sql *db, const char *name, struct sql_stmt **out, struct fault *why)
{
	for (size_t i = 0; i < db->n_known; i++) {
		if (strcmp(db->known[i].name, name) != 0)
			continue;
		*out = db->known[i].s;
		sql_reset(*out);
		(void)sqlite3_clear_bindings((*out)->st); /* always OK */
		return ERR_OK;
	}
	return learn_one(db, name, out, why);
}

bool
sql_has(const struct sql_stmt *s, const char *param)
{
	return sqlite3_bind_parameter_index(s->st, param) > 0;
}

/* Where a parameter stands; 0 and a noted fault if nowhere. */
static int
place(struct sql_stmt *s, const char *param, enum err *e, struct fault *why)
{
	int at = sqlite3_bind_parameter_index(s->st, param);

	if (at == 0)
		*e = fault_set(why, ERR_NOT_FOUND, "no parameter %s", param);
	else if (s->running)
		*e = fault_set(
		    why, ERR_STATE, "%s bound while stepping", param);
	else
		return at;
	return 0;
}

/* Turns a binding's result into ours. */
static enum err
bound(struct sql_stmt *s, const char *param, int rc, struct fault *why)
{
	enum err e;

	if (rc == SQLITE_OK)
		return ERR_OK;
	e = sql_fault(s->sql, rc, ERR_RANGE, why);
	(void)fault_at(why, "%s", param);
	return e;
}

enum err
sql_bind_int(
    struct sql_stmt *s, const char *param, int64_t v, struct fault *why)
{
	enum err e = ERR_OK;
	int at = place(s, param, &e, why);

	if (at == 0)
		return e;
	return bound(s, param, sqlite3_bind_int64(s->st, at, v), why);
}

enum err
sql_bind_text(
    struct sql_stmt *s, const char *param, struct span v, struct fault *why)
{
	enum err e = ERR_OK;
	int at = place(s, param, &e, why);

	if (at == 0)
		return e;
	return bound(s, param,
	    sqlite3_bind_text64(s->st, at, v.len == 0 ? "" : (const char *)v.at,
		v.len, SQLITE_TRANSIENT, SQLITE_UTF8),
	    why);
}

enum err
sql_bind_bytes(
    struct sql_stmt *s, const char *param, struct span v, struct fault *why)
{
	enum err e = ERR_OK;
	int at = place(s, param, &e, why);

	if (at == 0)
		return e;
	return bound(s, param,
	    sqlite3_bind_blob64(s->st, at, v.len == 0 ? "" : (const void *)v.at,
		v.len, SQLITE_TRANSIENT),
	    why);
}

enum err
sql_bind_null(struct sql_stmt *s, const char *param, struct fault *why)
{
	enum err e = ERR_OK;
	int at = place(s, param, &e, why);

	if (at == 0)
		return e;
	return bound(s, param, sqlite3_bind_null(s->st, at), why);
}

static int64_t
monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail on Linux */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Asked by the engine now and then; not 0 ends the step. */
static int
is_late(void *arg)
{
	const struct sql_stmt *s = arg;

	return monotonic_us() >= s->until_us;
}

/* Steps a bounded statement; only time inside the engine is counted. */
static int
step_bounded(struct sql_stmt *s)
{
	int64_t start = monotonic_us();
	int rc;

	s->until_us = start + (int64_t)s->limit_ms * 1000 - s->spent_us;
	sqlite3_progress_handler(s->sql->db, STEPS_BETWEEN, is_late, s);
	rc = sqlite3_step(s->st);
	sqlite3_progress_handler(s->sql->db, 0, NULL, NULL);
	s->spent_us += monotonic_us() - start;
	return rc;
}

enum err
sql_step(struct sql_stmt *s, bool *row, struct fault *why)
{
	enum err e;
	int rc;

	if (s->short_of_memory) {
		s->short_of_memory = false;
		sql_reset(s);
		return fault_set(why, ERR_MEMORY, "column of a row");
	}
	if (!s->running)
		s->spent_us = 0;
	s->running = true;
	rc = s->bounded ? step_bounded(s) : sqlite3_step(s->st);
	if (rc == SQLITE_ROW) {
		*row = true;
		return ERR_OK;
	}
	if (rc == SQLITE_DONE) {
		e = ERR_OK;
		*row = false;
	} else if (s->bounded && (rc & 0xFF) == SQLITE_INTERRUPT) {
		e = fault_set(
		    why, ERR_LIMIT, "ran longer than %u ms", s->limit_ms);
	} else {
		e = sql_fault(s->sql, rc, ERR_RANGE, why);
	}
	sql_reset(s);
	return e;
}

enum err
sql_do(struct sql_stmt *s, struct fault *why)
{
	bool row = true;
	enum err e = ERR_OK;

	while (e == ERR_OK && row)
		e = sql_step(s, &row, why);
	return e;
}

unsigned
sql_columns(const struct sql_stmt *s)
{
	return (unsigned)sqlite3_column_count(s->st);
}

const char *
sql_column_name(const struct sql_stmt *s, unsigned at)
{
	const char *name;

	assert(at < sql_columns(s));
	name = sqlite3_column_name(s->st, (int)at);
	return name == NULL ? "" : name;
}

bool
sql_is_null(struct sql_stmt *s, unsigned at)
{
	assert(at < sql_columns(s));
	return sqlite3_column_type(s->st, (int)at) == SQLITE_NULL;
}

bool
sql_is_int(struct sql_stmt *s, unsigned at)
{
	assert(at < sql_columns(s));
	return sqlite3_column_type(s->st, (int)at) == SQLITE_INTEGER;
}

int64_t
sql_int(struct sql_stmt *s, unsigned at)
{
	assert(at < sql_columns(s));
	return sqlite3_column_int64(s->st, (int)at);
}

/* A column's bytes from its pointer; remembers when memory was out. */
static struct span
column(struct sql_stmt *s, unsigned at, const void *p)
{
	int len = sqlite3_column_bytes(s->st, (int)at);

	if (p == NULL) {
		if (sqlite3_errcode(s->sql->db) == SQLITE_NOMEM)
			s->short_of_memory = true;
		return SPAN_EMPTY;
	}
	return span_of(p, (size_t)len);
}

struct span
sql_text(struct sql_stmt *s, unsigned at)
{
	assert(at < sql_columns(s));
	return column(s, at, sqlite3_column_text(s->st, (int)at));
}

struct span
sql_bytes(struct sql_stmt *s, unsigned at)
{
	assert(at < sql_columns(s));
	return column(s, at, sqlite3_column_blob(s->st, (int)at));
}
