/*
 * book/log.c: each agency's log: leaves appended, heads signed, proofs read.
 *
 * Works on: the tables log, leaf, tile and checkpoint. A tree kept in memory
 * is only a cache of table `tile`; where the two differ the table holds.
 */
#include "book/log.h"

#include <stdlib.h>

#include "base/text.h"
#include "book/inner.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/tile.h"
#include "ledger/tree.h"

/* Close one open tree and leave its place free. */
static void
tree_drop(struct open_tree *t)
{
	tree_close(t->tree);
	store_free(t->store);
	memset(t, 0, sizeof *t);
}

void
book_trees_forget(struct book *b)
{
	for (size_t i = 0; i < b->n_trees; i++)
		tree_drop(&b->tree[i]);
	b->n_trees = 0;
}

/* The size of the agency's log; ERR_NOT_FOUND. */
static enum err
log_size(struct book *b, struct span agency, uint64_t *size, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "log_one", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no log of that agency");
	*size = (uint64_t)sql_int(s, 2);
	sql_reset(s);
	return ERR_OK;
}

/* The row of a new log. */
static enum err
log_make(struct book *b, struct span agency, struct fault *why)
{
	struct hash empty = merkle_empty();
	struct sql_stmt *s;
	struct buf origin;
	enum err e;

	buf_init(&origin, CHECKPOINT_ORIGIN_MAX);
	buf_printf(&origin, "%s/beimen/", b->city);
	buf_span(&origin, agency);
	if ((e = buf_error(&origin)) != ERR_OK) {
		e = fault_set(why, e, "origin of a log");
		goto out;
	}
	if ((e = sql_named(b->db, "log_make", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":origin", buf_view(&origin), why)) ||
	    (e = bind_hash(s, ":root", &empty, why)))
		goto out;
	e = sql_do(s, why);
out:
	buf_clear(&origin);
	return e;
}

/* A free place among the open trees: the oldest clean one goes. */
static struct open_tree *
tree_place(struct book *b)
{
	if (b->n_trees < BOOK_TREES_MAX)
		return &b->tree[b->n_trees++];
	for (size_t i = 0; i < b->n_trees; i++)
		if (!b->tree[i].dirty) {
			tree_drop(&b->tree[i]);
			return &b->tree[i];
		}
	return NULL;
}

/* Open the tree of a log that has its row. */
static enum err
tree_new(struct book *b, struct span agency, struct open_tree **out,
    struct fault *why)
{
	struct open_tree t = { .agency = "" }, *to;
	struct tree_store seam;
	enum err e;

	memcpy(t.agency, agency.at, agency.len);
	if ((e = store_sql_new(b->db, agency, &t.store, why)) != ERR_OK)
		return e;
	seam = store_of(t.store);
	if ((e = tree_open(&seam, &t.tree, why)) != ERR_OK)
		goto out;
	if ((to = tree_place(b)) == NULL) {
		e = fault_set(why, ERR_LIMIT,
		    "more than %d logs in one transaction", BOOK_TREES_MAX);
		goto out;
	}
	*to = t;
	*out = to;
	return ERR_OK;
out:
	tree_drop(&t);
	return e;
}

/* The open tree of that agency, NULL when it is not open. */
static struct open_tree *
tree_find(struct book *b, struct span agency)
{
	for (size_t i = 0; i < b->n_trees; i++)
		if (span_is(agency, b->tree[i].agency))
			return &b->tree[i];
	return NULL;
}

/* The tree as the table has it now. A reader may see the writer commit
 * between two reads: it then looks again. */
static enum err
tree_now(struct book *b, struct span agency, bool make, struct open_tree **out,
    struct fault *why)
{
	struct open_tree *t = tree_find(b, agency);
	uint64_t size = 0;
	enum err e;

	for (int i = 0; i < 5; i++) {
		e = log_size(b, agency, &size, why);
		if (e == ERR_NOT_FOUND && make)
			e = log_make(b, agency, why);
		if (e == ERR_OK && t == NULL)
			e = tree_new(b, agency, &t, why);
		else if (e == ERR_OK && tree_size(t->tree) != size)
			e = tree_reload(t->tree, why);
		if (e != ERR_OK)
			return e;
		*out = t;
		if (tree_size(t->tree) == size)
			return ERR_OK;
	}
	return fault_set(why, ERR_DAMAGE,
	    "log of %s: %llu leaves, but tiles for %llu", t->agency,
	    (unsigned long long)size, (unsigned long long)tree_size(t->tree));
}

enum err
book_tree(struct book *b, struct span agency, bool make, struct open_tree **out,
    struct fault *why)
{
	struct open_tree *t;

	if (!text_is_name(agency, BOOK_AGENCY_MAX))
		return fault_set(why, ERR_NOT_FOUND, "no log of that agency");
	if ((t = tree_find(b, agency)) != NULL && t->dirty) {
		*out = t;
		return ERR_OK;
	}
	return tree_now(b, agency, make, out, why);
}

/* One tree's tiles and its log row. */
static enum err
tree_keep(struct book *b, struct open_tree *t, struct fault *why)
{
	uint64_t size = tree_size(t->tree);
	struct sql_stmt *s;
	struct hash root;
	enum err e;

	if ((e = tree_flush(t->tree, why)) ||
	    (e = tree_root(t->tree, size, &root, why)) ||
	    (e = sql_named(b->db, "log_grow", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", span_text(t->agency), why)) ||
	    (e = sql_bind_int(s, ":size", (int64_t)size, why)) ||
	    (e = bind_hash(s, ":root", &root, why)) || (e = sql_do(s, why)))
		return e;
	t->dirty = false;
	return ERR_OK;
}

enum err
book_trees_flush(struct book *b, struct fault *why)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < b->n_trees && e == ERR_OK; i++)
		if (b->tree[i].dirty)
			e = tree_keep(b, &b->tree[i], why);
	return e;
}

/* The leaf's row and its place in the tree. */
static enum err
leaf_add(struct book *b, struct span agency, struct span data, int64_t now_us,
    uint64_t *at, struct hash *hash, struct fault *why)
{
	struct open_tree *t;
	struct sql_stmt *s;
	struct hash h = merkle_leaf_hash(data);
	uint64_t place;
	enum err e;

	if ((e = book_tree(b, agency, true, &t, why)) != ERR_OK)
		return e;
	place = tree_size(t->tree);
	t->dirty = true;
	if ((e = tree_append(t->tree, &h, why)) ||
	    (e = sql_named(b->db, "leaf_add", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_int(s, ":at", (int64_t)place, why)) ||
	    (e = sql_bind_int(s, ":kind", leaf_kind_of(data), why)) ||
	    (e = sql_bind_int(s, ":at_us", now_us, why)) ||
	    (e = sql_bind_bytes(s, ":data", data, why)) || (e = sql_do(s, why)))
		return e;
	*at = place;
	if (hash != NULL)
		*hash = h;
	return ERR_OK;
}

enum err
book_log_append(struct book *b, struct span agency, struct span data,
    int64_t now_us, uint64_t *at, struct hash *hash, struct fault *why)
{
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = leaf_add(b, agency, data, now_us, at, hash, why);
	return book_leave(b, e, why);
}

/* One row of log_all or log_one as a head. */
static enum err
head_read(struct sql_stmt *s, struct log_head *h, struct fault *why)
{
	*h = (struct log_head){ .agency = sql_text(s, 0),
		.origin = sql_text(s, 1),
		.size = (uint64_t)sql_int(s, 2),
		.signed_size = (uint64_t)sql_int(s, 4),
		.note = sql_bytes(s, 5),
		.signed_us = sql_int(s, 6) };
	if (!column_hash(s, 3, &h->root))
		return fault_set(why, ERR_DAMAGE, "a log's root is no hash");
	return ERR_OK;
}

enum err
book_logs(struct book *b, log_head_fn *fn, void *arg, struct fault *why)
{
	struct log_head h;
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_prepare(b->db,
		 "SELECT agency, origin, size, root, signed_size, note, "
		 "signed_us FROM log_signed ORDER BY agency",
		 &s, why)) != ERR_OK)
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row)
		if ((e = head_read(s, &h, why)) != ERR_OK ||
		    (e = fn(arg, &h, why)) != ERR_OK)
			break;
	sql_stmt_free(s);
	return e;
}

enum err
book_log(struct book *b, struct span agency, log_head_fn *fn, void *arg,
    struct fault *why)
{
	struct log_head h;
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "log_one", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no log of that agency");
	if ((e = head_read(s, &h, why)) == ERR_OK)
		e = fn(arg, &h, why);
	sql_reset(s);
	return e;
}

/* Names of the logs that are ahead of their checkpoint. */
struct behind {
	struct arena *a;
	struct behind_one {
		struct log_unsigned u;
		struct behind_one *next;
	} * first, **last;
};

static enum err
behind_add(void *arg, const struct log_head *h, struct fault *why)
{
	struct behind *l = arg;
	struct behind_one *one;

	if (h->size <= h->signed_size)
		return ERR_OK;
	if ((one = arena_alloc(l->a, sizeof *one)) == NULL)
		return fault_set(why, ERR_MEMORY, "logs to sign");
	one->u = (struct log_unsigned){
		.agency = arena_copy(l->a, h->agency),
		.origin = arena_copy(l->a, h->origin),
		.old_size = h->signed_size,
		.size = h->size,
		.root = h->root,
	};
	if (one->u.agency.at == NULL || one->u.origin.at == NULL)
		return fault_set(why, ERR_MEMORY, "logs to sign");
	*l->last = one;
	l->last = &one->next;
	return ERR_OK;
}

enum err
book_log_consistency(struct book *b, struct span agency, uint64_t old_size,
    uint64_t new_size, struct hash path[static MERKLE_DEPTH], unsigned *n,
    struct fault *why)
{
	struct open_tree *t;
	enum err e;

	if ((e = book_tree(b, agency, false, &t, why)) != ERR_OK)
		return e;
	return tree_consistency(t->tree, old_size, new_size, path, n, why);
}

enum err
book_unsigned(struct book *b, log_unsigned_fn *fn, void *arg, struct fault *why)
{
	struct hash path[MERKLE_DEPTH];
	struct behind l = { .a = arena_new((size_t)16 << 20) };
	enum err e;

	if (l.a == NULL)
		return fault_set(why, ERR_MEMORY, "logs to sign");
	l.last = &l.first;
	e = book_logs(b, behind_add, &l, why);
	for (struct behind_one *o = l.first; e == ERR_OK && o != NULL;
	     o = o->next) {
		if ((e = book_log_consistency(b, o->u.agency, o->u.old_size,
			 o->u.size, path, &o->u.n_proof, why)) != ERR_OK)
			break;
		o->u.proof = path;
		e = fn(arg, &o->u, why);
	}
	arena_free(l.a);
	return e;
}

/* What a checkpoint is compared with. */
struct known_head {
	char origin[CHECKPOINT_ORIGIN_MAX + 1];
	uint64_t signed_size;
};

static enum err
known_read(void *arg, const struct log_head *h, struct fault *why)
{
	struct known_head *k = arg;

	if (h->origin.len > CHECKPOINT_ORIGIN_MAX)
		return fault_set(why, ERR_DAMAGE, "a log's origin");
	memset(k, 0, sizeof *k);
	memcpy(k->origin, h->origin.at, h->origin.len);
	k->signed_size = h->signed_size;
	return ERR_OK;
}

/* The note's head is one of this log. */
static enum err
checkpoint_holds(struct book *b, struct span agency, const struct checkpoint *c,
    const struct known_head *k, struct fault *why)
{
	struct open_tree *t;
	struct hash root;
	enum err e;

	if (!span_is(c->origin, k->origin))
		return fault_set(why, ERR_PROOF,
		    "the checkpoint is of another log than %s", k->origin);
	if ((e = book_tree(b, agency, false, &t, why)) != ERR_OK)
		return e;
	if (c->size > tree_size(t->tree))
		return fault_set(why, ERR_PROOF,
		    "the checkpoint is ahead of the log %s", k->origin);
	if ((e = tree_root(t->tree, c->size, &root, why)) != ERR_OK)
		return e;
	if (!hash_equal(&root, &c->root))
		return fault_set(why, ERR_PROOF,
		    "the checkpoint's root is not that of the log %s",
		    k->origin);
	return ERR_OK;
}

/* Checked and stored, inside a transaction. */
static enum err
checkpoint_keep(struct book *b, struct span agency, const struct checkpoint *c,
    struct span note, int64_t now_us, struct fault *why)
{
	struct known_head k;
	struct sql_stmt *s;
	enum err e;

	if ((e = book_log(b, agency, known_read, &k, why)) ||
	    (e = checkpoint_holds(b, agency, c, &k, why)))
		return e;
	if (c->size < k.signed_size)
		return ERR_OK;
	if ((e = sql_named(b->db, "checkpoint_put", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_int(s, ":size", (int64_t)c->size, why)) ||
	    (e = bind_hash(s, ":root", &c->root, why)) ||
	    (e = sql_bind_bytes(s, ":note", note, why)) ||
	    (e = sql_bind_int(s, ":at_us", now_us, why)))
		return e;
	book_touch(b, "checkpoint");
	return sql_do(s, why);
}

enum err
book_checkpoint_store(struct book *b, struct span agency, struct span note,
    int64_t now_us, struct fault *why)
{
	struct arena *a = arena_new((size_t)4 << 20);
	struct checkpoint c;
	struct note *n;
	enum err e;

	if (a == NULL || (n = arena_alloc(a, sizeof *n)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "a checkpoint");
		goto out;
	}
	if ((e = note_parse(note, a, n, why)) ||
	    (e = checkpoint_parse(n->text, &c, why)) || (e = book_join(b, why)))
		goto out;
	e = checkpoint_keep(b, agency, &c, note, now_us, why);
	e = book_leave(b, e, why);
out:
	arena_free(a);
	return e;
}

/* The last signed note, and its size. */
static enum err
note_last(struct book *b, struct span agency, struct buf *note, uint64_t *size,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = log_size(b, agency, size, why)) ||
	    (e = sql_named(b->db, "checkpoint_last", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_STATE, "that log is not signed yet");
	*size = (uint64_t)sql_int(s, 0);
	if (note != NULL)
		buf_span(note, sql_bytes(s, 1));
	sql_reset(s);
	return note != NULL ? buf_error(note) : ERR_OK;
}

enum err
book_checkpoint(
    struct book *b, struct span agency, struct buf *note, struct fault *why)
{
	uint64_t size;
	enum err e = note_last(b, agency, note, &size, why);

	return e == ERR_STATE ? ERR_NOT_FOUND : e;
}

/* Append the data of one leaf. */
static enum err
leaf_data(struct book *b, struct span agency, uint64_t at, struct buf *out,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "leaf_data", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_int(s, ":at", (int64_t)at, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no such leaf");
	buf_span(out, sql_bytes(s, 0));
	sql_reset(s);
	return buf_error(out);
}

enum err
book_log_prove(struct book *b, struct span agency, uint64_t at,
    struct log_proof *p, struct buf *data, struct buf *note, struct fault *why)
{
	struct log_proof got = { .at = at };
	struct open_tree *t;
	uint64_t size;
	enum err e;

	if ((e = book_tree(b, agency, false, &t, why)) ||
	    (e = note_last(b, agency, note, &got.size, why)))
		return e;
	size = tree_size(t->tree);
	if (at >= size)
		return fault_set(why, ERR_NOT_FOUND, "no such leaf");
	if (at >= got.size)
		return fault_set(why, ERR_STATE, "that leaf is not signed yet");
	if ((e = tree_inclusion(
		 t->tree, at, got.size, got.path, &got.n, why)) != ERR_OK)
		return e;
	if (data != NULL && (e = leaf_data(b, agency, at, data, why)) != ERR_OK)
		return e;
	*p = got;
	return ERR_OK;
}

enum err
book_entry_leaf(struct book *b, struct span agency, uint64_t seq, uint64_t *at,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if (seq > INT64_MAX)
		return fault_set(why, ERR_NOT_FOUND, "no such entry");
	if ((e = sql_named(b->db, "entry_one", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_int(s, ":seq", (int64_t)seq, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no such entry");
	*at = (uint64_t)sql_int(s, 0);
	sql_reset(s);
	return ERR_OK;
}

enum err
book_segment_leaf(struct book *b, const struct hash *file, struct buf *agency,
    uint64_t *at, struct fault *why)
{
	struct sql_stmt *s;
	struct buf name;
	bool row = false;
	enum err e;

	buf_init(&name, 128);
	text_hex(&name, span_of(file->at, HASH_LEN));
	if ((e = sql_named(b->db, "segment_leaf", &s, why)) == ERR_OK &&
	    (e = sql_bind_text(s, ":name", buf_view(&name), why)) == ERR_OK)
		e = sql_step(s, &row, why);
	buf_clear(&name);
	if (e != ERR_OK)
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no such segment");
	buf_span(agency, sql_text(s, 0));
	*at = (uint64_t)sql_int(s, 1);
	sql_reset(s);
	return buf_error(agency);
}

/* The entry's body and salt. */
static enum err
entry_body(struct book *b, struct span agency, uint64_t seq, struct buf *body,
    struct buf *salt, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "entry_one", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_int(s, ":seq", (int64_t)seq, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no such entry");
	buf_span(body, sql_text(s, 1));
	buf_span(salt, sql_bytes(s, 2));
	sql_reset(s);
	return buf_error(body) != ERR_OK ? buf_error(body) : buf_error(salt);
}

enum err
book_entry_bundle(struct book *b, struct span agency, uint64_t seq,
    struct buf *out, struct fault *why)
{
	struct buf body, salt, leaf, note;
	struct log_proof p;
	uint64_t at;
	enum err e;

	buf_init(&body, ENTRY_BODY_MAX);
	buf_init(&salt, 64);
	buf_init(&leaf, LEAF_DATA_MAX);
	buf_init(&note, NOTE_MAX);
	if ((e = book_entry_leaf(b, agency, seq, &at, why)) ||
	    (e = entry_body(b, agency, seq, &body, &salt, why)) ||
	    (e = book_log_prove(b, agency, at, &p, &leaf, &note, why)))
		goto out;
	e = proof_entry_write(out,
	    &(struct proof_entry){
		.body = buf_view(&body),
		.salt = buf_view(&salt),
		.leaf = buf_view(&leaf),
		.log = { p.at, p.size, p.path, p.n },
		.checkpoint = buf_view(&note),
	    },
	    why);
out:
	buf_clear(&body);
	buf_clear(&salt);
	buf_clear(&leaf);
	buf_clear(&note);
	return e;
}

/* Where tile_give asks for leaf data. */
struct leaf_ask {
	struct book *b;
	struct span agency;
};

static enum err
leaf_give(void *arg, uint64_t at, struct buf *out, struct fault *why)
{
	struct leaf_ask *ask = arg;

	return leaf_data(ask->b, ask->agency, at, out, why);
}

enum err
book_tile(struct book *b, struct span agency, struct span path, struct buf *out,
    struct fault *why)
{
	struct leaf_ask ask = { b, agency };
	struct tile_path p;
	struct open_tree *t;
	uint64_t size;
	enum err e;

	if ((e = tile_parse(path, &p, why)) ||
	    (e = book_tree(b, agency, false, &t, why)))
		return e;
	e = note_last(b, agency, NULL, &size, why);
	if (e == ERR_STATE)
		return fault_set(why, ERR_NOT_FOUND, "nothing is signed yet");
	if (e != ERR_OK)
		return e;
	return tile_give(t->tree, size, &p, leaf_give, &ask, out, why);
}
