/*
 * book/append.c: an entry numbered, hashed, chained and stored.
 *
 * Works on: what entry.c has judged. Inside one transaction with the
 * register's table. Source: ARCHITECTURE.md, "Registers" and "Leaves".
 */
#include "base/when.h"
#include "book/inner.h"
#include "book/log.h"
#include "crypt/crypt.h"

const char *
entry_action_name(enum entry_action a)
{
	static const char *const names[] = { "set", "void", "note" };

	return a <= ENTRY_NOTE ? names[a] : "";
}

enum err
entry_received(struct book *b, struct span agency, int64_t now_us,
    int64_t *received_us, uint64_t *seq, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "entry_last", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	*seq = row ? (uint64_t)sql_int(s, 0) + 1 : 1;
	*received_us = now_us;
	if (row && sql_int(s, 1) > now_us)
		*received_us = sql_int(s, 1); /* the clock went back */
	sql_reset(s);
	return ERR_OK;
}

/* A register's chain in an agency. */
struct chain {
	uint64_t n, last_seq;
	struct hash head;
};

static enum err
chain_get(struct book *b, const struct entry_new *n, struct chain *c,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	memset(c, 0, sizeof *c);
	if ((e = sql_named(b->db, "chain_get", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", n->agency, why)) ||
	    (e = sql_bind_text(s, ":register", n->reg, why)) ||
	    (e = sql_step(s, &row, why)) || !row)
		return e;
	c->n = (uint64_t)sql_int(s, 0);
	c->last_seq = (uint64_t)sql_int(s, 1);
	if (!column_hash(s, 2, &c->head))
		e = fault_set(why, ERR_DAMAGE, "a register's chain head");
	sql_reset(s);
	return e;
}

static enum err
chain_put(struct book *b, const struct entry_new *n, const struct chain *c,
    struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "chain_put", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", n->agency, why)) ||
	    (e = sql_bind_text(s, ":register", n->reg, why)) ||
	    (e = sql_bind_int(s, ":n", (int64_t)c->n, why)) ||
	    (e = sql_bind_int(s, ":last_seq", (int64_t)c->last_seq, why)) ||
	    (e = bind_hash(s, ":head", &c->head, why)))
		return e;
	return sql_do(s, why);
}

/* The canonical body. */
static enum err
body_make(const struct entry_new *n, const struct written *w, uint64_t prev,
    struct buf *body, struct fault *why)
{
	json_t *o = json_object();
	struct buf at;
	enum err e;

	if (o == NULL)
		return fault_set(why, ERR_MEMORY, "an entry");
	buf_init(&at, 64);
	when_print_utc(&at, w->effective_us);
	json_put_str(o, "action", entry_action_name(n->action));
	json_put_text(o, "actor", n->actor);
	json_put_text(o, "agency", n->agency);
	json_put_text(o, "effective", buf_view(&at));
	json_object_set(o, "fields",
	    n->fields != NULL ? (json_t *)(uintptr_t)n->fields : json_null());
	if (n->ground.len > 0)
		json_put_text(o, "ground", n->ground);
	else
		json_object_set_new(o, "ground", json_null());
	json_put_text(o, "key", n->key);
	json_put_int(o, "prev", (int64_t)prev);
	json_put_text(o, "register", n->reg);
	json_put_int(o, "seq", (int64_t)w->seq);
	json_canonical(body, o);
	e = buf_error(body);
	if (e == ERR_OK && json_object_size(o) != 10)
		e = ERR_MEMORY;
	json_decref(o);
	buf_clear(&at);
	return e != ERR_OK ? fault_set(why, e, "an entry's body") : ERR_OK;
}

/* The entry's row. */
static enum err
row_add(struct book *b, const struct entry_new *n, const struct written *w,
    uint64_t prev, struct span body, struct span salt, const struct hash *hash,
    struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "entry_add", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", n->agency, why)) ||
	    (e = sql_bind_int(s, ":seq", (int64_t)w->seq, why)) ||
	    (e = sql_bind_int(s, ":received_us", w->received_us, why)) ||
	    (e = sql_bind_int(s, ":effective_us", w->effective_us, why)) ||
	    (e = sql_bind_text(s, ":actor", n->actor, why)) ||
	    (e = sql_bind_text(s, ":register", n->reg, why)) ||
	    (e = sql_bind_text(s, ":key", n->key, why)) ||
	    (e = sql_bind_text(
		 s, ":action", span_text(entry_action_name(n->action)), why)) ||
	    (e = sql_bind_int(s, ":prev", (int64_t)prev, why)) ||
	    (e = sql_bind_text(s, ":body", body, why)) ||
	    (e = sql_bind_bytes(s, ":salt", salt, why)) ||
	    (e = sql_bind_int(s, ":leaf", (int64_t)w->leaf, why)) ||
	    (e = bind_hash(s, ":hash", hash, why)))
		return e;
	return sql_do(s, why);
}

enum err
entry_append(struct book *b, const struct entry_new *n, int64_t now_us,
    struct written *out, struct fault *why)
{
	uint8_t salt[ENTRY_SALT_LEN];
	struct written w = { .seq = 0 };
	struct leaf_entry l;
	struct buf body, leaf;
	struct chain c;
	struct hash hash;
	uint64_t prev;
	enum err e;

	buf_init(&body, ENTRY_BODY_MAX);
	buf_init(&leaf, 256);
	if ((e = entry_received(
		 b, n->agency, now_us, &w.received_us, &w.seq, why)) ||
	    (e = chain_get(b, n, &c, why)))
		goto out;
	w.effective_us = n->effective_us != 0 ? n->effective_us : w.received_us;
	prev = c.last_seq;
	if ((e = body_make(n, &w, prev, &body, why)) != ERR_OK)
		goto out;
	crypt_random(salt, sizeof salt);
	l = (struct leaf_entry){ .seq = w.seq,
		.received_us = w.received_us,
		.body = leaf_body_hash(salt, buf_view(&body)) };
	leaf_entry(&leaf, &l);
	if ((e = buf_error(&leaf)) ||
	    (e = book_log_append(b, n->agency, buf_view(&leaf), w.received_us,
		 &w.leaf, &hash, why)))
		goto out;
	c.n++;
	c.last_seq = w.seq;
	leaf_chain(&c.head, &hash);
	if ((e = chain_put(b, n, &c, why)) ||
	    (e = row_add(b, n, &w, prev, buf_view(&body),
		 span_of(salt, sizeof salt), &hash, why)))
		goto out;
	*out = w;
	if (n->key.len <= SCHEMA_KEY_MAX)
		memcpy(out->key, n->key.at, n->key.len);
out:
	buf_clear(&body);
	buf_clear(&leaf);
	return e;
}

enum err
book_note(struct book *b, struct span agency, const char *reg, struct span key,
    const json_t *fields, int64_t now_us, struct written *out,
    struct fault *why)
{
	struct entry_new n = { .actor = SPAN_LIT("process:book"),
		.agency = agency,
		.reg = span_text(reg),
		.key = key,
		.action = ENTRY_NOTE,
		.fields = fields };
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = entry_append(b, &n, now_us, out, why);
	return book_leave(b, e, why);
}
