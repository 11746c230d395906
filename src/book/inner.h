/*
 * book/inner.h: what the files of this room share with one another only.
 */
#ifndef BOOK_INNER_H
#define BOOK_INNER_H

#include "book/book.h"
#include "book/entry.h"
#include "book/rights.h"
#include "crypt/hash.h"
#include "ledger/leaf.h"
#include "ledger/store.h"

#define BOOK_SCHEMA_MAX ((size_t)16 << 20) /* bytes of a schema in memory */
#define BOOK_ARENA_MAX ((size_t)256 << 20) /* of one import */
#define BOOK_TREES_MAX 512 /* logs kept open */

extern const struct sql_named book_sql[];

/* The statements made for one register, by what they do. */
struct register_sql {
	char *get; /* :agency :key -> columns in ROW order */
	char *put; /* all columns by name: insert or replace */
	char *alive; /* :agency :key -> 1 */
	char *clear; /* delete all */
	char *all; /* every row in (agency, key) order */
	char *by_title; /* :agency :title -> keys; NULL without a name field */
	struct sql_stmt *s_get, *s_put, *s_alive;
};

struct open_tree {
	char agency[BOOK_AGENCY_MAX + 1];
	struct store *store;
	struct tree *tree;
	bool dirty; /* appended to in the open transaction */
};

struct book {
	struct sql *db;
	const struct schema *schema;
	char *city;
	struct register_sql *reg; /* one a register, in the schema's order */
	struct open_tree *tree;
	size_t n_trees;
	unsigned depth; /* of nested book_begin */
	uint64_t *touched; /* bit sets of tables: open transaction, committed */
	uint64_t *changed;
	size_t n_tables;
	/* A row that this transaction will make last: refs may name it. */
	struct span promised;
	const struct schema_register *promised_in;
};

/* The columns before a register's own fields, and after. */
enum row_column {
	ROW_AGENCY,
	ROW_KEY,
	ROW_EFFECTIVE,
	ROW_RECEIVED,
	ROW_ENTRY,
	ROW_VOIDED,
	ROW_GROUND,
	ROW_FIELDS /* the first field */
};

/* book_join: begin unless a transaction is open. book_leave: commit what
 * book_join began, or undo it all where e is an error; returns e or what the
 * commit failed with. */
MUST_CHECK enum err book_join(struct book *b, struct fault *why);
MUST_CHECK enum err book_leave(struct book *b, enum err e, struct fault *why);

/* book_touch: this table is written in the open transaction. */
void book_touch(struct book *b, const char *table);

/* book_tree: the agency's open tree; makes log row and tree where make is
 * set. ERR_NOT_FOUND. book_trees_flush, _forget: before a commit, after an
 * undo. */
MUST_CHECK enum err book_tree(struct book *b, struct span agency, bool make,
    struct open_tree **out, struct fault *why);
MUST_CHECK enum err book_trees_flush(struct book *b, struct fault *why);
void book_trees_forget(struct book *b);

struct register_sql *book_register_sql(
    struct book *b, const struct schema_register *r);

/* The tables of registers (table.c). */
MUST_CHECK enum err table_make(
    struct sql *db, const struct schema_register *r, struct fault *why);
MUST_CHECK enum err table_check(
    struct sql *db, const struct schema_register *r, struct fault *why);
MUST_CHECK enum err table_sql(
    const struct schema_register *r, struct register_sql *out);
void table_sql_clear(struct register_sql *s);
/* table_bind: bind field values (normal form) to the parameters of a put. */
MUST_CHECK enum err table_bind(struct sql_stmt *s,
    const struct schema_register *r, const json_t *fields, struct fault *why);
/* table_fields: the fields of the present row of a `get`, in normal form;
 * column `first` is the first field; NULL when memory is out. */
json_t *table_fields(
    struct sql_stmt *s, const struct schema_register *r, unsigned first);
/* table_value: one field from its column. */
json_t *table_value(
    struct sql_stmt *s, const struct schema_field *f, unsigned at);

/* One row as an entry leaves it. */
struct row_state {
	struct span agency, key, ground;
	int64_t effective_us, received_us;
	uint64_t seq;
	bool voided;
	const json_t *fields;
};
/* table_put: store a row. */
MUST_CHECK enum err table_put(struct book *b, const struct schema_register *r,
    const struct row_state *row, struct fault *why);

/* A present row, read; fields handed over. */
struct row_now {
	bool there, voided;
	int64_t effective_us;
	uint64_t entry;
	json_t *fields;
};
MUST_CHECK enum err table_get(struct book *b, const struct schema_register *r,
    struct span agency, struct span key, struct row_now *out,
    struct fault *why);

/* A row already judged, ready to be an entry (entry.c). */
struct entry_new {
	struct span actor, agency, reg, key, ground;
	enum entry_action action;
	int64_t effective_us; /* 0: when received */
	const json_t *fields; /* may be NULL */
};
/* entry_append: number, hash and store it; its leaf; its register's chain.
 * Inside a transaction. */
MUST_CHECK enum err entry_append(struct book *b, const struct entry_new *n,
    int64_t now_us, struct written *out, struct fault *why);
/* entry_received: when an entry of that agency would be received. */
MUST_CHECK enum err entry_received(struct book *b, struct span agency,
    int64_t now_us, int64_t *received_us, uint64_t *seq, struct fault *why);
/* entry_write: one command, inside a transaction, for an actor whose rights
 * are known. `anew`: write also what changes nothing. */
MUST_CHECK enum err entry_write(struct book *b, const struct command *c,
    const struct rights *who, bool anew, int64_t now_us, struct refusals *bad,
    struct written *out, struct fault *why);
/* replay: entries of `from` with effective <= at_us and received <= known_us
 * into the register tables of `to` (empty; may be `from`). */
MUST_CHECK enum err replay(struct book *from, struct book *to, int64_t at_us,
    int64_t known_us, struct fault *why);

/* Small helpers over sql/. */
MUST_CHECK enum err bind_hash(struct sql_stmt *s, const char *param,
    const struct hash *h, struct fault *why);
bool column_hash(struct sql_stmt *s, unsigned at, struct hash *h);
MUST_CHECK enum err bind_text_or_null(
    struct sql_stmt *s, const char *param, struct span v, struct fault *why);

/* special_check: the one rule of its own a register has: approvals. */
void special_check(const struct schema_register *r, const struct command *c,
    const struct rights *who, const json_t *fields, const json_t *before,
    struct refusals *bad);

/* heading_normal: a heading as headings are compared: without white space,
 * ASCII letters small; appended. */
void heading_normal(struct buf *b, struct span s);

/*
 * rowlist_print: the rows of a statement as a JSON list, appended to out: an
 * object each, of its first n columns by their names, NULLs left out. `what`
 * names them in an error.
 */
MUST_CHECK enum err rowlist_print(struct book *b, const char *statement,
    unsigned n, const char *what, struct buf *out, struct fault *why);

#endif
