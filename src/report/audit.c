/*
 * report/audit.c: does all that is stored lead to a signed head?
 *
 * Works on: one agency's log as the database has it. Every leaf is hashed
 * anew, entries are held against their leaves and bodies, chains against the
 * newest heads leaf, registers against a replay of the entries, tiles and
 * checkpoints against the tree, and the whole against a head that the asker
 * brings from outside. Nothing that is stored is believed for its own sake.
 */
#include "report/audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "book/entry.h"
#include "book/log.h"

#define PROBLEMS_MAX 200 /* described; the rest is counted */
#define LEVELS 8 /* of tiles: 256^8 leaves */
#define TILE 256

void
wrong(struct audit *a, const char *fmt, ...)
{
	struct fault line;
	va_list ap;

	a->n_problems++;
	if (json_array_size(a->problems) >= PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line.text, sizeof line.text, fmt, ap);
	va_end(ap);
	(void)json_array_append_new(a->problems, json_string(line.text));
}

/* ---- leaves ---- */

static enum err
no_memory(struct fault *why)
{
	return fault_set(
	    why, ERR_LIMIT, "the log is too long to be checked in one answer");
}

/* Keeps what the newest heads leaf says; data is copied. */
static enum err
heads_take(struct audit *a, uint64_t at, struct span data, struct fault *why)
{
	struct leaf_heads l;
	struct leaf_head h;

	data = arena_copy(a->r->arena, data);
	if (data.at == NULL)
		return no_memory(why);
	if (leaf_heads_read(data, &l, NULL) != ERR_OK) {
		wrong(a, "leaf %" PRIu64 ": not a heads leaf", at);
		return ERR_OK;
	}
	a->head = arena_array(a->r->arena, (size_t)l.n + 1, sizeof *a->head);
	if (a->head == NULL)
		return no_memory(why);
	a->n_heads = 0;
	a->heads_at = at;
	while (a->n_heads < l.n && leaf_heads_next(&l, &h))
		a->head[a->n_heads++] = (struct audit_head){ .said = h };
	return ERR_OK;
}

/* Takes one leaf's data apart. */
static enum err
leaf_read(struct audit *a, uint64_t at, struct span data, struct fault *why)
{
	struct audit_segment *s = &a->segment[a->n_segments];
	struct leaf_gone g;
	bool good = true;

	switch (leaf_kind_of(data)) {
	case LEAF_ENTRY:
		good = leaf_entry_read(data, &a->entry[a->n_entries].l, NULL) ==
		    ERR_OK;
		a->entry[a->n_entries].at = at;
		a->n_entries += good;
		break;
	case LEAF_SEGMENT:
		*s = (struct audit_segment){ .at = at };
		good = leaf_segment_read(data, &s->l, NULL) == ERR_OK;
		s->l.stream = arena_copy(a->r->arena, s->l.stream);
		a->n_segments += good;
		break;
	case LEAF_HEADS:
		return heads_take(a, at, data, why);
	case LEAF_GONE:
		good = leaf_gone_read(data, &g, NULL) == ERR_OK;
		a->gone[a->n_gone] = g.file;
		a->n_gone += good;
		break;
	default:
		good = false;
	}
	if (!good)
		wrong(a, "leaf %" PRIu64 " cannot be read", at);
	return ERR_OK;
}

static enum err
leaf_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct audit *a = arg;
	struct span data = sql_bytes(s, 2);
	uint64_t at = (uint64_t)sql_int(s, 0);

	(void)r;
	if (a->n == a->max)
		return fault_set(why, ERR_STATE, "the log has grown");
	if (at != a->n) {
		wrong(a, "leaf %" PRIu64 " is missing", a->n);
		return fault_set(why, ERR_DAMAGE, "leaves");
	}
	if (sql_is_null(s, 2)) {
		/* Only heads leaves are emptied, and never the newest. */
		if (sql_int(s, 1) != LEAF_HEADS)
			wrong(a, "leaf %" PRIu64 ": its data is gone", at);
		a->last_bare = at;
		a->bare[a->n++] = true;
		a->n_bare++;
		return ERR_OK;
	}
	if (sql_int(s, 1) != (int64_t)leaf_kind_of(data))
		wrong(a, "leaf %" PRIu64 " is of another kind", at);
	a->leaf[a->n++] = merkle_leaf_hash(data);
	return leaf_read(a, at, data, why);
}

/* ---- tiles ---- */

struct tiles {
	struct audit *a;
	uint64_t n0; /* hashes of level 0 seen */
};

/* The hash a tile should have at one place of one level. */
static struct hash
tile_hash(const struct audit *a, unsigned level, uint64_t at)
{
	const uint64_t wide = UINT64_C(1) << (8 * level);
	struct hash h;

	merkle_root(a->leaf + at * wide, (size_t)wide, &h);
	return h;
}

/* One tile: what it adds of leaves that are bare, and whether it is right. */
static enum err
tile_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct tiles *t = arg;
	struct audit *a = t->a;
	unsigned level = (unsigned)sql_int(s, 0);
	uint64_t first = (uint64_t)sql_int(s, 1) * TILE;
	struct span b = sql_bytes(s, 2);
	struct hash h;

	(void)r;
	(void)why;
	for (size_t i = 0; level < LEVELS && i * HASH_LEN < b.len; i++) {
		struct span part = span_slice(b, i * HASH_LEN, HASH_LEN);
		uint64_t at = first + i;

		if (part.len != HASH_LEN || at >= a->n >> (8 * level)) {
			wrong(a, "tile %u/%" PRIu64 ": not of this log", level,
			    first / TILE);
			break;
		}
		memcpy(h.at, part.at, HASH_LEN);
		if (level == 0 && a->bare[at])
			a->leaf[at] = h;
		t->n0 += level == 0;
		struct hash want = tile_hash(a, level, at);

		if (!hash_equal(&h, &want)) {
			wrong(a, "tile %u/%" PRIu64 ": hash %zu is another",
			    level, first / TILE, i);
			break;
		}
	}
	return ERR_OK;
}

/* ---- roots ---- */

/* The root of a growing tree: one hash for each complete subtree. */
struct frontier {
	struct hash at[MERKLE_DEPTH];
	uint64_t n;
};

static void
frontier_add(struct frontier *f, const struct hash *leaf)
{
	struct hash h = *leaf;
	unsigned level = 0;

	for (uint64_t n = f->n; (n & 1) == 1; n >>= 1, level++)
		h = merkle_node_hash(&f->at[level], &h);
	f->at[level] = h;
	f->n++;
}

static struct hash
frontier_root(const struct frontier *f)
{
	struct hash h = merkle_empty();
	bool has = false;

	for (unsigned level = 0; level < MERKLE_DEPTH; level++) {
		if ((f->n >> level & 1) == 0)
			continue;
		h = has ? merkle_node_hash(&f->at[level], &h) : f->at[level];
		has = true;
	}
	return h;
}

struct heads_check {
	struct audit *a;
	const struct note_key *key; /* NULL: signatures are not looked at */
	struct frontier f;
	struct span origin;
	uint64_t last; /* size of the last one */
};

/* Whether a stored note says what its row says. */
static bool
note_fits(const struct heads_check *x, struct span bytes, uint64_t size,
    const struct hash *root)
{
	struct arena *mem = arena_new(4 * (size_t)NOTE_MAX);
	struct note *n = mem == NULL ? NULL : arena_alloc(mem, sizeof *n);
	struct checkpoint c;
	bool signed_by = false;
	bool good = n != NULL && note_parse(bytes, mem, n, NULL) == ERR_OK &&
	    checkpoint_parse(n->text, &c, NULL) == ERR_OK && c.size == size &&
	    hash_equal(&c.root, root) && span_equal(c.origin, x->origin) &&
	    (x->key == NULL ||
		note_verify(n, x->key, 1, &signed_by, NULL, NULL) == ERR_OK);

	arena_free(mem);
	return good;
}

static enum err
checkpoint_take(
    struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct heads_check *x = arg;
	struct audit *a = x->a;
	uint64_t size = (uint64_t)sql_int(s, 0);
	struct hash root, now;

	(void)r;
	(void)why;
	x->last = size;
	if (size > a->n || sql_bytes(s, 1).len != HASH_LEN) {
		wrong(a, "head of %" PRIu64 " leaves: the log has %" PRIu64,
		    size, a->n);
		return ERR_OK;
	}
	memcpy(root.at, sql_bytes(s, 1).at, HASH_LEN);
	while (x->f.n < size)
		frontier_add(&x->f, &a->leaf[x->f.n]);
	now = frontier_root(&x->f);
	if (!hash_equal(&now, &root))
		wrong(a,
		    "head of %" PRIu64 " leaves: the leaves have another root",
		    size);
	if (!note_fits(x, sql_bytes(s, 2), size, &root))
		wrong(a, "head of %" PRIu64 " leaves: its note is another's",
		    size);
	return ERR_OK;
}

/* ---- entries ---- */

/* A text member equals the column. */
static bool
same_text(const json_t *o, const char *key, struct span column)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) &&
	    span_equal(
		span_of(json_string_value(v), json_string_length(v)), column);
}

/* The columns say what the hashed body says. */
static bool
columns_fit(const json_t *o, struct sql_stmt *s, struct span agency)
{
	const char *effective = json_get_text(o, "effective", "");
	int64_t effective_us;

	return json_get_int(o, "seq", -1) == sql_int(s, 0) &&
	    when_parse(span_text(effective), &effective_us, NULL) == ERR_OK &&
	    effective_us == sql_int(s, 2) &&
	    same_text(o, "actor", sql_text(s, 3)) &&
	    same_text(o, "register", sql_text(s, 4)) &&
	    same_text(o, "key", sql_text(s, 5)) &&
	    same_text(o, "action", sql_text(s, 6)) &&
	    json_get_int(o, "prev", -1) == sql_int(s, 7) &&
	    same_text(o, "agency", agency);
}

/* The chain of one register, as its entries make it. */
struct chain {
	struct span name;
	uint64_t n, last;
	struct hash head;
	bool stored;
};

struct entries {
	struct audit *a;
	struct chain *chain;
	size_t n_chains, cap;
};

static struct chain *
chain_of(struct entries *x, struct span name)
{
	for (size_t i = 0; i < x->n_chains; i++)
		if (span_equal(x->chain[i].name, name))
			return &x->chain[i];
	if (x->n_chains == x->cap) {
		size_t cap = x->cap == 0 ? 32 : x->cap * 2;
		struct chain *more = arena_array(
		    x->a->r->arena, cap, sizeof *more);

		if (more == NULL)
			return NULL;
		if (x->n_chains > 0)
			memcpy(more, x->chain, x->n_chains * sizeof *more);
		x->chain = more;
		x->cap = cap;
	}
	x->chain[x->n_chains] = (struct chain){ .name = arena_copy(
						    x->a->r->arena, name) };
	return &x->chain[x->n_chains++];
}

/* Goes one entry on, and looks where the newest heads leaf stood. */
static void
chain_grow(
    struct audit *a, struct chain *c, uint64_t seq, const struct hash *leaf)
{
	leaf_chain(&c->head, leaf);
	c->n++;
	c->last = seq;
	for (size_t i = 0; i < a->n_heads; i++) {
		struct audit_head *h = &a->head[i];

		if (h->said.last_seq != seq ||
		    !span_equal(h->said.name, c->name))
			continue;
		h->seen = true;
		if (h->said.count != c->n ||
		    !hash_equal(&h->said.head, &c->head))
			wrong(a,
			    "register %.*s: not the chain that the log's "
			    "heads have",
			    (int)c->name.len, (const char *)c->name.at);
	}
}

static enum err
entry_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct entries *x = arg;
	struct audit *a = x->a;
	uint64_t seq = (uint64_t)sql_int(s, 0);
	const struct audit_entry *e;
	struct chain *c;
	struct hash body;
	json_t *o = NULL;

	(void)r;
	if (a->at_entry == a->n_entries) {
		wrong(a, "entry %" PRIu64 " has no leaf in the log", seq);
		return ERR_OK;
	}
	e = &a->entry[a->at_entry++];
	if (seq != e->l.seq || e->at != (uint64_t)sql_int(s, 10)) {
		wrong(a, "entry %" PRIu64 " is missing", e->l.seq);
		return fault_set(why, ERR_DAMAGE, "entries");
	}
	if (e->l.received_us != sql_int(s, 1))
		wrong(a, "entry %" PRIu64 ": another time than its leaf", seq);
	if (sql_bytes(s, 11).len != HASH_LEN ||
	    memcmp(sql_bytes(s, 11).at, a->leaf[e->at].at, HASH_LEN) != 0)
		wrong(a, "entry %" PRIu64 ": another leaf hash", seq);
	if (sql_bytes(s, 9).len != LEAF_ENTRY_SALT_LEN) {
		wrong(a, "entry %" PRIu64 ": its salt is gone", seq);
		return ERR_OK;
	}
	body = leaf_body_hash(sql_bytes(s, 9).at, sql_text(s, 8));
	if (!hash_equal(&body, &e->l.body))
		wrong(a, "entry %" PRIu64 ": the body is not the one recorded",
		    seq);
	if (json_read(sql_text(s, 8), &o, NULL) != ERR_OK ||
	    !columns_fit(o, s, a->agency))
		wrong(a, "entry %" PRIu64 ": its row is not its body", seq);
	json_decref(o);
	if ((c = chain_of(x, sql_text(s, 4))) == NULL)
		return no_memory(why);
	chain_grow(a, c, seq, &a->leaf[e->at]);
	return ERR_OK;
}

/* A stored chain against the entries'. */
static enum err
chain_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct entries *x = arg;
	struct span name = sql_text(s, 0), head = sql_bytes(s, 3);
	struct chain *c = chain_of(x, name);

	(void)r;
	if (c == NULL)
		return no_memory(why);
	c->stored = true;
	if (c->n != (uint64_t)sql_int(s, 1) ||
	    c->last != (uint64_t)sql_int(s, 2) || head.len != HASH_LEN ||
	    memcmp(head.at, c->head.at, HASH_LEN) != 0)
		wrong(x->a, "register %.*s: its stored chain is another",
		    (int)name.len, (const char *)name.at);
	return ERR_OK;
}

static void
register_differs(void *arg, const char *name)
{
	wrong(arg, "register %s: its rows are not what the entries say", name);
}

static enum err
entries_check(struct audit *a, struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":agency", a->agency) };
	struct entries x = { .a = a };
	struct stream_name stream;
	enum err e = rows(a->r, "audit_entries", b, 1, entry_take, &x, why);

	if (e != ERR_OK)
		return e;
	for (; a->at_entry < a->n_entries; a->at_entry++)
		wrong(a, "entry %" PRIu64 " is missing",
		    a->entry[a->at_entry].l.seq);
	for (size_t i = 1; i < a->n_entries; i++)
		if (a->entry[i].l.seq != a->entry[i - 1].l.seq + 1)
			wrong(a,
			    "entry %" PRIu64 " does not follow entry "
			    "%" PRIu64,
			    a->entry[i].l.seq, a->entry[i - 1].l.seq);
	for (size_t i = 0; i < a->n_heads; i++)
		if (!a->head[i].seen &&
		    stream_parse(a->head[i].said.name, &stream, NULL) != ERR_OK)
			wrong(a,
			    "register %.*s: entry %" PRIu64
			    " of the log's heads is not there",
			    (int)a->head[i].said.name.len,
			    (const char *)a->head[i].said.name.at,
			    a->head[i].said.last_seq);
	e = rows(a->r, "audit_chains", b, 1, chain_take, &x, why);
	for (size_t i = 0; i < x.n_chains && e == ERR_OK; i++)
		if (!x.chain[i].stored)
			wrong(a, "register %.*s: its stored chain is missing",
			    (int)x.chain[i].name.len,
			    (const char *)x.chain[i].name.at);
	if (e == ERR_OK)
		e = book_same(a->r->book, register_differs, a, why);
	return e;
}

/* ---- the whole ---- */

static enum err
room_make(struct audit *a, uint64_t size, struct fault *why)
{
	struct arena *m = a->r->arena;

	a->max = size;
	a->leaf = arena_array(m, (size_t)size + 1, sizeof *a->leaf);
	a->bare = arena_array(m, (size_t)size + 1, sizeof *a->bare);
	a->entry = arena_array(m, (size_t)size + 1, sizeof *a->entry);
	a->segment = arena_array(m, (size_t)size + 1, sizeof *a->segment);
	a->gone = arena_array(m, (size_t)size + 1, sizeof *a->gone);
	return a->leaf == NULL || a->bare == NULL || a->entry == NULL ||
		a->segment == NULL || a->gone == NULL
	    ? no_memory(why)
	    : ERR_OK;
}

/* A head from outside: parameters size and root (base64). */
struct outside {
	bool given;
	uint64_t size;
	struct hash root;
	struct note_key key;
	bool has_key;
};

static enum err
outside_read(struct report *r, const struct question *q, struct outside *o,
    struct fault *why)
{
	struct span root = param(r, q, "root"), key = param(r, q, "key");
	enum err e = param_int(r, q, "size", 0, INT64_MAX, &o->size, why);

	if (e != ERR_OK)
		return e;
	o->given = root.len > 0;
	if (o->given && !text_unhex_fixed(root, o->root.at, HASH_LEN))
		return fault_set(why, ERR_RANGE, "root: not a SHA-256 in hex");
	o->has_key = key.len > 0;
	return o->has_key ? note_key_parse(key, &o->key, why) : ERR_OK;
}

/* Leaves, tiles and heads. */
static enum err
tree_check(struct audit *a, const struct log_head *h, const struct outside *o,
    struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":agency", a->agency) };
	struct tiles t = { .a = a };
	struct heads_check x = {
		.a = a, .key = o->has_key ? &o->key : NULL, .origin = h->origin
	};
	struct hash root;
	enum err e = rows(a->r, "audit_leaves", b, 1, leaf_take, a, why);

	if (e == ERR_OK)
		e = rows(a->r, "audit_tiles", b, 1, tile_take, &t, why);
	if (e != ERR_OK)
		return e;
	if (t.n0 != a->n)
		wrong(a, "tiles: %" PRIu64 " hashes for %" PRIu64 " leaves",
		    t.n0, a->n);
	if (a->n != h->size)
		wrong(a, "the log has %" PRIu64 " leaves and says %" PRIu64,
		    a->n, h->size);
	if (a->n_bare > 0 && (a->n_heads == 0 || a->last_bare > a->heads_at))
		wrong(a, "the newest heads leaf is gone");
	merkle_root(a->leaf, (size_t)a->n, &root);
	if (!hash_equal(&root, &h->root))
		wrong(a, "the stored leaves do not lead to the log's root");
	if (o->given && o->size > a->n) {
		wrong(a,
		    "the log has %" PRIu64 " leaves, the head from outside "
		    "%" PRIu64 ": the log was cut back",
		    a->n, o->size);
	} else if (o->given) {
		merkle_root(a->leaf, (size_t)o->size, &root);
		if (!hash_equal(&root, &o->root))
			wrong(a,
			    "the first %" PRIu64 " leaves are not those of "
			    "the head from outside",
			    o->size);
	}
	e = rows(a->r, "audit_checkpoints", b, 1, checkpoint_take, &x, why);
	if (e == ERR_OK && o->given && x.last < o->size)
		wrong(a, "the signed heads end before the head from outside");
	return e;
}

struct auditing {
	struct audit *a;
	struct outside outside;
	json_t *o;
};

static enum err
log_check(void *arg, const struct log_head *h, struct fault *why)
{
	struct auditing *x = arg;
	struct log_head copy = *h;
	struct buf b;
	enum err e;

	copy.agency = x->a->agency;
	copy.origin = arena_copy(x->a->r->arena, h->origin);
	json_put_int(x->o, "size", (int64_t)h->size);
	json_put_int(x->o, "signed_size", (int64_t)h->signed_size);
	buf_init(&b, 256);
	text_base64(&b, span_of(h->root.at, HASH_LEN));
	json_put_str(x->o, "root", buf_string(&b));
	buf_clear(&b);
	e = room_make(x->a, h->size, why);
	if (e == ERR_OK)
		e = tree_check(x->a, &copy, &x->outside, why);
	if (e == ERR_OK)
		e = entries_check(x->a, why);
	if (e == ERR_OK)
		e = audit_vault(x->a, why);
	/* Where something is missing the rest could not be looked at. */
	if ((e == ERR_DAMAGE || e == ERR_STATE) && x->a->n_problems > 0)
		e = ERR_OK;
	return e;
}

enum err
report_ledger_verify(struct report *r, const struct question *q,
    struct answer *answer, struct fault *why)
{
	struct audit a = { .r = r, .problems = json_array() };
	struct auditing x = { .a = &a, .o = json_object() };
	enum err e = ERR_OK;

	a.agency = arena_copy(r->arena, q->part[1]);
	if (!agency_may(r, q->part[1]))
		e = fault_set(why, ERR_NOT_FOUND, "no such log");
	if (e == ERR_OK)
		e = outside_read(r, q, &x.outside, why);
	put(x.o, "agency", agency_json(r, q->part[1]));
	put(x.o, "problems", a.problems);
	if (e == ERR_OK)
		e = book_log(r->book, q->part[1], log_check, &x, why);
	if (e != ERR_OK) {
		json_decref(x.o);
		return e;
	}
	json_put_int(x.o, "leaves", (int64_t)a.n);
	json_put_int(x.o, "without_body", (int64_t)a.n_bare);
	json_put_int(x.o, "entries", (int64_t)a.n_entries);
	json_put_int(x.o, "segments", (int64_t)a.n_segments);
	json_put_int(x.o, "wrong", (int64_t)a.n_problems);
	put(x.o, "good", json_boolean(a.n_problems == 0));
	answer->json = x.o;
	return ERR_OK;
}
