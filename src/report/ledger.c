/*
 * report/ledger.c: logs, their signed heads, tiles and proofs.
 */
#include "report/inner.h"

#include "base/text.h"
#include "book/log.h"
#include "ledger/proof.h"
#include "ledger/tree.h"
#include "vault/verify.h"

#define NOTE_TYPE "text/plain; charset=utf-8"

struct heads {
	struct report *r;
	json_t *list;
};

/* A root in base64, as checkpoints write it. */
static void
root_put(json_t *o, const struct hash *h)
{
	struct buf b;

	buf_init(&b, 256);
	text_base64(&b, span_of(h->at, HASH_LEN));
	json_put_str(o, "root", buf_string(&b));
	buf_clear(&b);
}

static enum err
head_add(void *arg, const struct log_head *h, struct fault *why)
{
	struct heads *x = arg;
	struct report *r = x->r;
	struct buf key;
	json_t *o;

	(void)why;
	if (!agency_may(r, h->agency))
		return ERR_OK;
	o = json_object();
	put(o, "agency", agency_json(r, h->agency));
	json_put_text(o, "origin", h->origin);
	json_put_int(o, "size", (int64_t)h->size);
	root_put(o, &h->root);
	json_put_time(o, "at", h->signed_us);
	json_put_int(o, "signed_size", (int64_t)h->signed_size);
	buf_init(&key, 4096);
	if (r->log_key != NULL &&
	    r->log_key(r->arg, h->origin, &key, NULL) == ERR_OK)
		json_put_str(o, "key", buf_string(&key));
	else
		put(o, "key", NULL);
	buf_clear(&key);
	json_put_text(o, "checkpoint", h->note);
	put(o, "words", NULL);
	(void)json_array_append_new(x->list, o);
	return ERR_OK;
}

static enum err
witness_add(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object();

	(void)why;
	put(o, "agency", agency_json(r, arena_copy(r->arena, sql_text(s, 0))));
	json_put_text(o, "name", sql_text(s, 1));
	json_put_time(o, "at", sql_int(s, 2));
	json_put_int(o, "size", sql_int(s, 3));
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

enum err
report_ledger(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct heads x = { r, json_array() };
	json_t *o = json_object(), *witnesses = json_array();
	enum err e;

	(void)q;
	put(o, "logs", x.list);
	put(o, "witnesses", witnesses);
	e = book_logs(r->book, head_add, &x, why);
	if (e == ERR_OK)
		e = rows(r, "witnesses", NULL, 0, witness_add, witnesses, why);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	a->json = o;
	return ERR_OK;
}

enum err
report_checkpoint(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	if (!agency_may(r, q->part[1]))
		return fault_set(why, ERR_NOT_FOUND, "no such log");
	a->type = NOTE_TYPE;
	return book_checkpoint(r->book, q->part[1], &a->bytes, why);
}

enum err
report_tile(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct buf path;
	enum err e;

	if (!agency_may(r, q->part[1]))
		return fault_set(why, ERR_NOT_FOUND, "no such log");
	buf_init(&path, 256);
	for (unsigned i = 2; i < q->n; i++) {
		if (i > 2)
			buf_text(&path, "/");
		buf_span(&path, q->part[i]);
	}
	a->type = "application/octet-stream";
	e = book_tile(r->book, q->part[1], buf_view(&path), &a->bytes, why);
	buf_clear(&path);
	return e;
}

/* ---- proofs ---- */

struct entry_of {
	char *reg, *key;
};

static enum err
entry_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct entry_of *e = arg;

	(void)why;
	e->reg = row_text(r, s, 0);
	e->key = row_text(r, s, 1);
	return ERR_OK;
}

/* A proof shows the whole body: may the viewer see all of it? */
static bool
entry_may(struct report *r, struct span agency, const struct entry_of *e)
{
	const struct schema_register *reg;

	if (e->reg == NULL)
		return false;
	if (span_starts(span_text(e->reg), "beimen."))
		return true;
	reg = schema_find(book_schema(r->book), span_text(e->reg));
	if (reg == NULL || !rights_may_read(r->rights, reg, agency))
		return false;
	for (size_t i = 0; i < reg->n_fields; i++)
		if (!rights_sees(r->rights, reg, &reg->field[i], agency,
			span_text(e->key)))
			return false;
	return true;
}

enum err
report_entry_proof(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct entry_of entry = { NULL, NULL };
	uint64_t seq = 0;
	enum err e = ERR_OK;

	if (agency_may(r, q->part[1]) &&
	    span_number(q->part[3], INT64_MAX, &seq)) {
		const struct bind b[] = { BIND_TEXT(":agency", q->part[1]),
			BIND_INT(":seq", (int64_t)seq) };

		e = rows(r, "entry_of", b, 2, entry_take, &entry, why);
	}
	if (e != ERR_OK)
		return e;
	if (!entry_may(r, q->part[1], &entry))
		return fault_set(why, ERR_NOT_FOUND, "no such entry");
	a->type = "application/json";
	return book_entry_bundle(r->book, q->part[1], seq, &a->bytes, why);
}

/* The segment's place in the agency's log, and the bundle. */
static enum err
record_bundle(struct report *r, const struct vault_proof *v, struct buf *out,
    struct fault *why)
{
	struct log_proof log;
	struct proof_record p = { .leaf = v->leaf };
	struct buf agency, data, note;
	uint64_t leaf;
	enum err e;

	buf_init(&agency, 256);
	buf_init(&data, 1 << 16);
	buf_init(&note, 1 << 16);
	e = book_segment_leaf(r->book, &v->segment.name, &agency, &leaf, why);
	if (e == ERR_NOT_FOUND)
		e = fault_set(why, ERR_STATE,
		    "the segment is sealed but not yet in the log: try again "
		    "in a moment");
	if (e == ERR_OK)
		e = book_log_prove(
		    r->book, buf_view(&agency), leaf, &log, &data, &note, why);
	if (e == ERR_OK) {
		p.block = (struct proof_step){ v->block_index, v->block_size,
			v->block_path, v->n_block_path };
		p.block_leaf = v->block_leaf;
		p.segment = (struct proof_step){ v->segment_index,
			v->segment_size, v->segment_path, v->n_segment_path };
		p.segment_leaf = buf_view(&data);
		p.log = (struct proof_step){ log.at, log.size, log.path,
			log.n };
		p.checkpoint = buf_view(&note);
		e = proof_record_write(out, &p, why);
	}
	buf_clear(&agency);
	buf_clear(&data);
	buf_clear(&note);
	return e;
}

enum err
report_record_proof(struct report *r, const struct question *q,
    struct answer *a, struct fault *why)
{
	struct vault_proof *v = arena_alloc(r->arena, sizeof *v);
	struct record_name id;
	struct stream_name name;
	enum err e = record_parse(q->part[2], &id, why);

	if (v == NULL)
		return fault_set(why, ERR_MEMORY, "proof");
	if (e == ERR_OK)
		e = stream_parse(span_text(id.stream), &name, why);
	if (e != ERR_OK)
		return e;
	if (!rights_may(r->rights, span_text(name.agency), MAY_LOGS))
		return fault_set(why, ERR_NOT_FOUND, "no such record");
	if ((e = view_refresh(r->view, why)) == ERR_OK &&
	    (e = vault_prove(r->view, &id, r->arena, v, why)) == ERR_OK) {
		a->type = "application/json";
		e = record_bundle(r, v, &a->bytes, why);
	}
	return e;
}
