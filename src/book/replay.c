/*
 * book/replay.c: the registers made anew from their entries.
 *
 * Every entry carries its whole row, so a row is what its entry with the
 * greatest (effective, sequence) says: replayed in that order, the last wins.
 */
#include <stdlib.h>

#include "book/inner.h"

/* One entry's row into a table of `to`. */
static enum err
replay_one(struct book *to, struct sql_stmt *s, struct fault *why)
{
	const struct schema_register *r = schema_find(
	    to->schema, sql_text(s, 4));
	struct row_state row;
	json_t *body = NULL;
	const char *ground;
	enum err e;

	if (r == NULL)
		return ERR_OK; /* a register that is no more */
	if ((e = json_read(sql_text(s, 7), &body, why)) != ERR_OK)
		return fault_at(why, "entry %lld", (long long)sql_int(s, 1));
	ground = json_get_text(body, "ground", "");
	row = (struct row_state){ .agency = sql_text(s, 0),
		.key = sql_text(s, 5),
		.ground = span_text(ground),
		.effective_us = sql_int(s, 3),
		.received_us = sql_int(s, 2),
		.seq = (uint64_t)sql_int(s, 1),
		.voided = span_is(sql_text(s, 6), "void"),
		.fields = json_object_get(body, "fields") };
	e = table_put(to, r, &row, why);
	json_decref(body);
	return e;
}

enum err
replay(struct book *from, struct book *to, int64_t at_us, int64_t known_us,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(from->db, "entry_replay", &s, why)) ||
	    (e = sql_bind_int(s, ":at", at_us, why)) ||
	    (e = sql_bind_int(s, ":known", known_us, why)))
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row)
		if ((e = replay_one(to, s, why)) != ERR_OK)
			break;
	sql_reset(s);
	return e;
}

/* Add every row of a statement to a hash, column by column. */
static enum err
rows_hash(struct sql *db, const char *text, struct hasher *h, struct fault *why)
{
	struct sql_stmt *s;
	struct buf b;
	bool row;
	enum err e;

	if ((e = sql_prepare(db, text, &s, why)) != ERR_OK)
		return e;
	buf_init(&b, (size_t)4 << 20);
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		buf_reset(&b);
		for (unsigned i = 0; i < sql_columns(s); i++) {
			buf_u8(&b, sql_is_null(s, i));
			buf_block(
			    &b, sql_is_int(s, i) ? SPAN_EMPTY : sql_text(s, i));
			if (sql_is_int(s, i))
				buf_u64(&b, (uint64_t)sql_int(s, i));
		}
		if ((e = buf_error(&b)) != ERR_OK)
			break;
		hasher_add(h, buf_view(&b));
	}
	buf_clear(&b);
	sql_stmt_free(s);
	return e;
}

/* One hash over every register table. */
static enum err
registers_hash(struct book *b, struct hash *out, struct fault *why)
{
	struct hasher *h = hasher_new();
	enum err e = ERR_OK;

	if (h == NULL)
		return fault_set(why, ERR_MEMORY, "rebuild");
	for (size_t i = 0; i < schema_count(b->schema) && e == ERR_OK; i++)
		e = rows_hash(b->db, b->reg[i].all, h, why);
	*out = hasher_end(h);
	hasher_free(h);
	return e;
}

/* The chain of one register in one agency, as its entries give it. */
struct chain_sum {
	uint64_t n, last;
	struct hash head;
};

/* The stored chain of the same name equals this one? */
static enum err
chain_holds(struct book *b, struct span agency, struct span reg,
    const struct chain_sum *c, bool *same, struct fault *why)
{
	struct sql_stmt *s;
	struct hash head;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "chain_get", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":register", reg, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row || !column_hash(s, 2, &head) || !hash_equal(&head, &c->head) ||
	    (uint64_t)sql_int(s, 0) != c->n ||
	    (uint64_t)sql_int(s, 1) != c->last)
		*same = false;
	sql_reset(s);
	return ERR_OK;
}

/* Compare the stored chains with those of the entries. */
static enum err
chains_check(struct book *b, bool *same, struct fault *why)
{
	struct buf agency, reg;
	struct chain_sum c = { .n = 0 };
	struct sql_stmt *s;
	struct hash leaf;
	bool row = true;
	enum err e;

	buf_init(&agency, 64);
	buf_init(&reg, 128);
	if ((e = sql_named(b->db, "entry_chain", &s, why)) != ERR_OK)
		goto out;
	while ((e = sql_step(s, &row, why)) == ERR_OK) {
		if (c.n > 0 &&
		    (!row || !span_equal(buf_view(&agency), sql_text(s, 0)) ||
			!span_equal(buf_view(&reg), sql_text(s, 1)))) {
			if ((e = chain_holds(b, buf_view(&agency),
				 buf_view(&reg), &c, same, why)) != ERR_OK)
				break;
			memset(&c, 0, sizeof c);
		}
		if (!row)
			break;
		if (c.n++ == 0) {
			buf_reset(&agency);
			buf_reset(&reg);
			buf_span(&agency, sql_text(s, 0));
			buf_span(&reg, sql_text(s, 1));
		}
		c.last = (uint64_t)sql_int(s, 2);
		if (!column_hash(s, 3, &leaf))
			*same = false;
		leaf_chain(&c.head, &leaf);
	}
	sql_reset(s);
out:
	buf_clear(&agency);
	buf_clear(&reg);
	return e;
}

/* Empty every register table. */
static enum err
registers_clear(struct book *b, struct fault *why)
{
	struct sql_stmt *s;
	enum err e = ERR_OK;

	for (size_t i = 0; i < schema_count(b->schema) && e == ERR_OK; i++) {
		if ((e = sql_prepare(b->db, b->reg[i].clear, &s, why)))
			return e;
		e = sql_do(s, why);
		sql_stmt_free(s);
	}
	return e;
}

/* The rebuild, inside its transaction. */
static enum err
rebuild(struct book *b, bool *same, struct fault *why)
{
	struct hash before, after;
	enum err e;

	if ((e = registers_hash(b, &before, why)) ||
	    (e = registers_clear(b, why)) ||
	    (e = replay(b, b, INT64_MAX, INT64_MAX, why)) ||
	    (e = registers_hash(b, &after, why)))
		return e;
	*same = hash_equal(&before, &after);
	return chains_check(b, same, why);
}

enum err
book_rebuild(struct book *b, bool *same, struct fault *why)
{
	bool is = false;
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = rebuild(b, &is, why);
	if ((e = book_leave(b, e, why)) == ERR_OK)
		*same = is;
	return e;
}

enum err
book_same(struct book *b, book_differs_fn *fn, void *arg, struct fault *why)
{
	struct book *again;
	enum err e = book_open(
	    NULL, SQL_MEMORY, b->schema, b->city, &again, why);

	if (e != ERR_OK)
		return e;
	e = replay(b, again, INT64_MAX, INT64_MAX, why);
	for (size_t i = 0; i < schema_count(b->schema) && e == ERR_OK; i++) {
		struct hasher *one = hasher_new(), *two = hasher_new();
		struct hash x, y;

		if (one == NULL || two == NULL)
			e = fault_set(why, ERR_MEMORY, "replay");
		if (e == ERR_OK)
			e = rows_hash(b->db, b->reg[i].all, one, why);
		if (e == ERR_OK)
			e = rows_hash(again->db, again->reg[i].all, two, why);
		if (e == ERR_OK) {
			x = hasher_end(one);
			y = hasher_end(two);
			if (!hash_equal(&x, &y))
				fn(arg, schema_at(b->schema, i)->name);
		}
		hasher_free(one);
		hasher_free(two);
	}
	book_close(again);
	return e;
}
