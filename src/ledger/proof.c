/*
 * ledger/proof.c: proof bundles, checked step by step from the leaf up.
 *
 * Hostile input: a bundle comes from anybody. Every value is bounded and
 * typed before it is used, and what it shows is compared with what it
 * proves.
 */
#include "ledger/proof.h"

#include <inttypes.h>

#include "base/text.h"
#include "crypt/leaf.h"
#include "ledger/bundle.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"

/* A bundle's parts, read but not yet believed. */
struct bundle {
	struct span leaf, block_leaf, segment_leaf, salt, body, note, origin;
	struct proof_step block, segment, log;
};

/* The audit path of one step holds, from the hash of `leaf` to `root`. */
static enum err
step_check(const char *name, const char *what, struct span leaf,
    const struct proof_step *s, const struct hash *root, struct fault *why)
{
	struct hash h = merkle_leaf_hash(leaf);

	if (!merkle_check_inclusion(&h, s->index, s->size, s->path, s->n, root))
		return fault_set(why, ERR_PROOF,
		    "%s: the path does not lead from %s", name, what);
	return ERR_OK;
}

/* The checkpoint is signed by a trusted key of the log, and the leaf lies
 * under its root. */
static enum err
log_check(const struct bundle *p, struct span leaf, const struct note_key *key,
    unsigned n_key, struct arena *a, struct proof_result *out,
    struct fault *why)
{
	bool *good = arena_array(a, n_key, sizeof *good);
	struct checkpoint c;
	enum err e;

	if (good == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a proof");
	e = checkpoint_open(p->note, key, n_key, a, &c, good, why);
	if (e != ERR_OK) {
		(void)fault_at(why, "checkpoint");
		return e;
	}
	if (!span_equal(p->origin, c.origin))
		return fault_set(
		    why, ERR_PROOF, "log: the checkpoint is another log's");
	if (p->log.size != c.size)
		return fault_set(why, ERR_PROOF,
		    "log: the checkpoint has %" PRIu64 " leaves, not %" PRIu64,
		    c.size, p->log.size);
	e = step_check("log",
	    out->entry ? "the entry's leaf to the checkpoint's root"
		       : "the segment's leaf to the checkpoint's root",
	    leaf, &p->log, &c.root, why);
	if (e != ERR_OK)
		return e;
	out->origin = arena_text(a, c.origin);
	out->signer = out->origin; /* keys of a log have its name */
	out->size = c.size;
	out->index = p->log.index;
	for (unsigned i = 0; i < n_key; i++)
		out->n_cosigned += good[i] && !span_is(c.origin, key[i].name);
	return ERR_OK;
}

/* The record lies in its block, and where its number says. */
static enum err
block_check(const struct bundle *p, const struct leaf_record *r,
    const struct leaf_block *k, struct fault *why)
{
	enum err e;

	e = step_check("block", "the record's leaf to the block's root",
	    p->leaf, &p->block, &k->root, why);
	if (e != ERR_OK)
		return e;
	if (p->block.size != k->n)
		return fault_set(why, ERR_PROOF,
		    "block: the block's leaf counts %" PRIu32
		    " records, not %" PRIu64,
		    k->n, p->block.size);
	if (r->seq < k->first_seq || r->seq - k->first_seq != p->block.index)
		return fault_set(why, ERR_PROOF,
		    "block: record %" PRIu64 " is not at place %" PRIu64,
		    r->seq, p->block.index);
	return ERR_OK;
}

/* The block lies in its segment, and inside its numbers. */
static enum err
segment_check(const struct bundle *p, const struct leaf_block *k,
    const struct leaf_segment *s, struct fault *why)
{
	enum err e;

	e = step_check("segment", "the block's leaf to the segment's root",
	    p->block_leaf, &p->segment, &s->root, why);
	if (e != ERR_OK)
		return e;
	if (p->segment.size != s->blocks)
		return fault_set(why, ERR_PROOF,
		    "segment: the segment's leaf counts %" PRIu32
		    " blocks, not %" PRIu64,
		    s->blocks, p->segment.size);
	if (k->first_seq < s->first_seq || k->n > s->n ||
	    k->first_seq - s->first_seq > s->n - k->n)
		return fault_set(why, ERR_PROOF,
		    "segment: the block's numbers lie outside the segment's");
	return ERR_OK;
}

/* What the bundle shows of the record is what its leaves say. */
static enum err
shown_check(const json_t *shown, const struct leaf_record *r,
    struct span stream, struct arena *a, struct proof_result *out,
    struct fault *why)
{
	struct bundle_shown s;
	struct buf text;
	enum err e;

	if ((e = bundle_shown(shown, &s, why)) != ERR_OK)
		return e;
	out->id = arena_printf(a, "%.*s.%" PRIu64, (int)stream.len,
	    (const char *)stream.at, r->seq);
	if (out->id == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a proof");
	if (!span_is(s.id, out->id))
		return fault_set(why, ERR_PROOF,
		    "record: the id shown is not the one proved");
	if (s.received_us != r->received_us)
		return fault_set(why, ERR_PROOF,
		    "record: the time shown is not the one proved");
	buf_init(&text, PROOF_MAX);
	(void)text_scrub(&text, r->sender);
	if (!span_equal(buf_view(&text), s.sender))
		e = fault_set(why, ERR_PROOF,
		    "record: the sender shown is not the one proved");
	buf_reset(&text);
	(void)text_scrub(&text, r->raw);
	if (e == ERR_OK && !span_equal(buf_view(&text), s.text))
		e = fault_set(why, ERR_PROOF,
		    "record: the text shown is not the one proved");
	buf_clear(&text);
	return e;
}

static const char *const record_members[] = { "format", "record", "leaf",
	"block", "segment", "log", "checkpoint", NULL };

/* A record's bundle. */
static enum err
record_check(const json_t *top, const struct note_key *key, unsigned n_key,
    struct arena *a, struct proof_result *out, struct fault *why)
{
	struct bundle p = { 0 };
	struct leaf_record r;
	struct leaf_block k;
	struct leaf_segment s;
	struct buf hex;
	enum err e;

	if ((e = bundle_members(top, "bundle", record_members, why)) ||
	    (e = bundle_bytes(top, "leaf", a, &p.leaf, why)) ||
	    (e = bundle_step(
		 top, "block", a, &p.block, &p.block_leaf, NULL, why)) ||
	    (e = bundle_step(
		 top, "segment", a, &p.segment, &p.segment_leaf, NULL, why)) ||
	    (e = bundle_step(top, "log", a, &p.log, NULL, &p.origin, why)) ||
	    (e = bundle_text(top, "checkpoint", &p.note, why)) ||
	    (e = leaf_record_read(p.leaf, &r, why)) ||
	    (e = leaf_block_read(p.block_leaf, &k, why)) ||
	    (e = leaf_segment_read(p.segment_leaf, &s, why)) ||
	    (e = shown_check(
		 json_object_get(top, "record"), &r, s.stream, a, out, why)) ||
	    (e = block_check(&p, &r, &k, why)) ||
	    (e = segment_check(&p, &k, &s, why)) ||
	    (e = log_check(&p, p.segment_leaf, key, n_key, a, out, why)))
		return e;
	buf_init(&hex, 2 * HASH_LEN);
	text_hex(&hex, span_of(s.file.at, HASH_LEN));
	out->segment = arena_text(a, buf_view(&hex));
	buf_clear(&hex);
	out->seq = r.seq;
	out->received_us = r.received_us;
	out->sender = arena_text(a, r.sender);
	out->raw = r.raw;
	if (out->segment == NULL || out->sender == NULL || out->origin == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a proof");
	return ERR_OK;
}

/* The body is an object whose number is the leaf's. */
static enum err
body_check(struct span body, const struct leaf_entry *l, struct fault *why)
{
	json_t *o = NULL, *seq;
	enum err e;

	if ((e = json_read(body, &o, why)) != ERR_OK) {
		(void)fault_at(why, "entry");
		return e;
	}
	seq = json_object_get(o, "seq");
	if (!json_is_integer(seq) || json_integer_value(seq) < 0 ||
	    (uint64_t)json_integer_value(seq) != l->seq)
		e = fault_set(why, ERR_PROOF,
		    "entry: the body has another number than the leaf");
	json_decref(o);
	return e;
}

static const char *const entry_members[] = { "format", "entry", "salt", "leaf",
	"log", "checkpoint", NULL };

/* An entry's bundle. */
static enum err
entry_check(const json_t *top, const struct note_key *key, unsigned n_key,
    struct arena *a, struct proof_result *out, struct fault *why)
{
	struct bundle p = { 0 };
	struct leaf_entry l;
	struct hash body;
	enum err e;

	if ((e = bundle_members(top, "bundle", entry_members, why)) ||
	    (e = bundle_text(top, "entry", &p.body, why)) ||
	    (e = bundle_bytes(top, "salt", a, &p.salt, why)) ||
	    (e = bundle_bytes(top, "leaf", a, &p.leaf, why)) ||
	    (e = bundle_step(top, "log", a, &p.log, NULL, &p.origin, why)) ||
	    (e = bundle_text(top, "checkpoint", &p.note, why)) ||
	    (e = leaf_entry_read(p.leaf, &l, why)))
		return e;
	if (p.salt.len != LEAF_ENTRY_SALT_LEN)
		return fault_set(
		    why, ERR_SYNTAX, "salt: not %d bytes", LEAF_ENTRY_SALT_LEN);
	body = leaf_body_hash(p.salt.at, p.body);
	if (!hash_equal(&body, &l.body))
		return fault_set(why, ERR_PROOF,
		    "entry: salt and body do not give the leaf's hash");
	if ((e = body_check(p.body, &l, why)) != ERR_OK)
		return e;
	out->entry = true;
	e = log_check(&p, p.leaf, key, n_key, a, out, why);
	if (e != ERR_OK)
		return e;
	out->id = arena_printf(a, "%" PRIu64, l.seq);
	out->seq = l.seq;
	out->received_us = l.received_us;
	out->body = arena_copy(a, p.body);
	if (out->id == NULL || out->body.at == NULL || out->origin == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a proof");
	return ERR_OK;
}

enum err
proof_check(struct span json, const struct note_key *key, unsigned n_key,
    struct arena *a, struct proof_result *out, struct fault *why)
{
	struct proof_result got = { 0 };
	struct span format;
	json_t *top = NULL;
	enum err e;

	if (json.len > PROOF_MAX)
		return fault_set(
		    why, ERR_LIMIT, "a bundle of %zu bytes", json.len);
	if ((e = json_read(json, &top, why)) != ERR_OK)
		return e;
	if ((e = bundle_text(top, "format", &format, why)) != ERR_OK)
		goto out;
	if (!span_is(format, BUNDLE_FORMAT)) {
		e = fault_set(
		    why, ERR_SYNTAX, "not a bundle of format " BUNDLE_FORMAT);
		goto out;
	}
	if (json_object_get(top, "record") != NULL)
		e = record_check(top, key, n_key, a, &got, why);
	else
		e = entry_check(top, key, n_key, a, &got, why);
	if (e == ERR_OK)
		*out = got;
out:
	json_decref(top);
	return e;
}
