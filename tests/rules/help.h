/*
 * tests/rules/help.h: a book in memory, what was judged, and short ways.
 */
#ifndef TESTS_RULES_HELP_H
#define TESTS_RULES_HELP_H

#include "../clause/help.h"

#include "base/when.h"
#include "book/verdict.h"
#include "crypt/crypt.h"
#include "rules/changes.h"
#include "rules/explain.h"

/* 2026-11-22T12:00:00+08:00 */
#define NOW INT64_C(1795320000000000)

struct world {
	struct schema *schema;
	struct book *book;
	struct sql *db;
	struct fault why;
};

#define RUN(w, said)                                             \
	do {                                                     \
		if (sql_run((w)->db, said, &(w)->why) != ERR_OK) \
			fail_msg("%s: %s", said, (w)->why.text); \
	} while (0)

static inline void
world_open(struct world *w)
{
	struct fault why;

	w->schema = city_schema();
	OK(book_open(NULL, SQL_MEMORY, w->schema, "city.test", &w->book, &why));
	w->db = book_db(w->book);
}

static inline void
world_close(struct world *w)
{
	book_close(w->book);
	schema_free(w->schema);
}

/* All changes of one judging, as a list. */
struct taking {
	struct world *w;
	int64_t at_us;
	json_t *all;
};

static inline enum err
taking_add(void *arg, const struct judged *j, struct fault *why)
{
	struct taking *t = arg;
	json_t *o = NULL;
	enum err e = rules_changes(t->w->db, j, t->at_us, &o, why);

	if (o != NULL)
		assert_int_equal(json_array_append_new(t->all, o), 0);
	return e;
}

/* Judge with memory and store; the list of changes is handed over. */
static inline json_t *
world_judge(struct world *w, const struct pack *p, int64_t at_us)
{
	struct judge_ask ask = { .at_us = at_us, .memory = true };
	struct taking t = { w, at_us, json_array() };
	struct fault why;

	OK(rules_judge(w->db, p, &ask, taking_add, &t, &why));
	for (size_t i = 0; i < json_array_size(t.all); i++)
		OK(book_verdicts(
		    w->book, json_array_get(t.all, i), at_us, NULL, &why));
	return t.all;
}

/* The first text (or number, printed) that a question gives; "" for none. */
static inline const char *
world_ask(struct world *w, const char *sql)
{
	static char text[512];
	struct sql_stmt *s = NULL;
	struct fault why;
	struct span v;
	bool row;

	OK(sql_prepare(w->db, sql, &s, &why));
	OK(sql_step(s, &row, &why));
	text[0] = '\0';
	if (row) {
		v = sql_text(s, 0);
		(void)snprintf(text, sizeof text, "%.*s", (int)v.len,
		    v.at == NULL ? "" : (const char *)v.at);
	}
	sql_stmt_free(s);
	return text;
}

#define ASK(w, sql, want) assert_string_equal(world_ask(w, sql), want)

#endif
