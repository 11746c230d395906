/*
 * book/replica.c: what a second host says it holds, compared with ours.
 *
 * Works on: numbers from another host. Runs in: book.
 */
#include "book/replica.h"

#include "base/text.h"
#include "base/when.h"
#include "book/inner.h"

#define NAME_BYTES 64

/* The root signed at this size, and the size signed last. */
static enum err
root_compare(struct book *b, const struct replica_claim *c,
    struct replica_answer *out, struct fault *why)
{
	struct sql_stmt *s;
	struct span root;
	bool row;
	enum err e;

	*out = (struct replica_answer){ .agrees = false };
	if ((e = sql_named(b->db, "replica_root", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", c->agency, why)) ||
	    (e = sql_bind_int(s, ":size", (int64_t)c->size, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (row) {
		root = sql_bytes(s, 0);
		out->agrees = span_equal(root, span_of(c->root.at, HASH_LEN));
		out->behind = (uint64_t)sql_int(s, 1) - c->size;
	}
	sql_reset(s);
	return ERR_OK;
}

static enum err
row_put(struct book *b, const struct replica_claim *c, int64_t now_us,
    const struct replica_answer *a, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "replica_put", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", c->agency, why)) ||
	    (e = sql_bind_text(s, ":name", c->name, why)) ||
	    (e = sql_bind_int(s, ":hour_us", when_hour(now_us), why)) ||
	    (e = sql_bind_int(s, ":at_us", now_us, why)) ||
	    (e = sql_bind_int(s, ":size", (int64_t)c->size, why)) ||
	    (e = sql_bind_int(s, ":behind", (int64_t)a->behind, why)) ||
	    (e = sql_bind_int(s, ":agrees", a->agrees, why)) ||
	    (e = sql_bind_int(s, ":segments", (int64_t)c->segments, why)) ||
	    (e = sql_bind_int(s, ":missing", (int64_t)c->missing, why)))
		return e;
	book_touch(b, "replica");
	return sql_do(s, why);
}

enum err
replica_claim_put(struct book *b, const struct replica_claim *c, int64_t now_us,
    struct replica_answer *out, struct fault *why)
{
	enum err e;

	if (!text_is_name(c->name, NAME_BYTES))
		return fault_set(why, ERR_RANGE, "no such name of a replica");
	if (c->size > INT64_MAX || c->segments > INT64_MAX ||
	    c->missing > INT64_MAX)
		return fault_set(why, ERR_RANGE, "a number past all measure");
	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	if ((e = root_compare(b, c, out, why)) == ERR_OK)
		e = row_put(b, c, now_us, out, why);
	return book_leave(b, e, why);
}
