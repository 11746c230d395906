/*
 * ledger/bundle.c: a bundle's members from JSON, and a bundle written.
 */
#include "ledger/bundle.h"

#include "base/text.h"
#include "crypt/leaf.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"

enum err
bundle_members(const json_t *o, const char *at, const char *const *names,
    struct fault *why)
{
	size_t n = 0;

	if (!json_is_object(o))
		return fault_set(why, ERR_SYNTAX, "%s: not an object", at);
	for (; names[n] != NULL; n++)
		if (json_object_get(o, names[n]) == NULL)
			return fault_set(why, ERR_SYNTAX,
			    "%s: without member %s", at, names[n]);
	if (json_object_size(o) != n)
		return fault_set(why, ERR_SYNTAX,
		    "%s: with a member that does not belong there", at);
	return ERR_OK;
}

enum err
bundle_text(
    const json_t *o, const char *key, struct span *out, struct fault *why)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_string(v))
		return fault_set(why, ERR_SYNTAX, "%s: not a text", key);
	*out = span_of(json_string_value(v), json_string_length(v));
	return ERR_OK;
}

/* Decodes base64 into the arena. */
static enum err
decode(struct span s, const char *key, struct arena *a, struct span *out,
    struct fault *why)
{
	enum err e = ERR_OK;
	struct buf bytes;

	buf_init(&bytes, PROOF_MAX);
	if (!text_unbase64(&bytes, s))
		e = fault_set(why, ERR_SYNTAX, "%s: not base64", key);
	else if ((*out = arena_copy(a, buf_view(&bytes))).at == NULL)
		e = fault_set(why, ERR_MEMORY, "no memory for a bundle");
	buf_clear(&bytes);
	return e;
}

enum err
bundle_bytes(const json_t *o, const char *key, struct arena *a,
    struct span *out, struct fault *why)
{
	struct span s;
	enum err e;

	if ((e = bundle_text(o, key, &s, why)) != ERR_OK)
		return e;
	return decode(s, key, a, out, why);
}

/* A whole number from 0. */
static enum err
whole(const json_t *o, const char *key, uint64_t *n, struct fault *why)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return fault_set(
		    why, ERR_SYNTAX, "%s: not a whole number", key);
	*n = (uint64_t)json_integer_value(v);
	return ERR_OK;
}

/* An audit path. */
static enum err
path_read(const json_t *list, struct arena *a, struct proof_step *step,
    struct fault *why)
{
	struct hash *path;
	struct span h;
	enum err e;
	size_t n;

	if (!json_is_array(list) || (n = json_array_size(list)) > MERKLE_DEPTH)
		return fault_set(why, ERR_SYNTAX,
		    "path: not a list of at most %d hashes", MERKLE_DEPTH);
	if ((path = arena_array(a, n, sizeof *path)) == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a bundle");
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_string(v))
			return fault_set(
			    why, ERR_SYNTAX, "path: hash %zu is not a text", i);
		e = decode(span_of(json_string_value(v), json_string_length(v)),
		    "path", a, &h, why);
		if (e != ERR_OK)
			return e;
		if (h.len != HASH_LEN)
			return fault_set(why, ERR_SYNTAX,
			    "path: hash %zu has %zu bytes", i, h.len);
		memcpy(path[i].at, h.at, HASH_LEN);
	}
	step->path = path;
	step->n = (unsigned)n;
	return ERR_OK;
}

enum err
bundle_step(const json_t *o, const char *key, struct arena *a,
    struct proof_step *step, struct span *leaf, struct span *origin,
    struct fault *why)
{
	const json_t *v = json_object_get(o, key);
	const char *const with_leaf[] = { "index", "size", "path", "leaf",
		NULL };
	const char *const with_origin[] = { "origin", "index", "size", "path",
		NULL };
	enum err e;

	e = bundle_members(v, key, leaf != NULL ? with_leaf : with_origin, why);
	if (e != ERR_OK)
		return e;
	if ((e = whole(v, "index", &step->index, why)) != ERR_OK ||
	    (e = whole(v, "size", &step->size, why)) != ERR_OK ||
	    (e = path_read(json_object_get(v, "path"), a, step, why)) !=
		ERR_OK ||
	    (leaf != NULL &&
		(e = bundle_bytes(v, "leaf", a, leaf, why)) != ERR_OK) ||
	    (origin != NULL &&
		(e = bundle_text(v, "origin", origin, why)) != ERR_OK))
		(void)fault_at(why, "%s", key);
	return e;
}

enum err
bundle_shown(const json_t *o, struct bundle_shown *s, struct fault *why)
{
	static const char *const names[] = { "id", "received_us", "sender",
		"text", NULL };
	const json_t *v;
	enum err e;

	if ((e = bundle_members(o, "record", names, why)) != ERR_OK ||
	    (e = bundle_text(o, "id", &s->id, why)) != ERR_OK ||
	    (e = bundle_text(o, "sender", &s->sender, why)) != ERR_OK ||
	    (e = bundle_text(o, "text", &s->text, why)) != ERR_OK)
		return e;
	v = json_object_get(o, "received_us");
	if (!json_is_integer(v))
		return fault_set(
		    why, ERR_SYNTAX, "record: received_us is not a number");
	s->received_us = json_integer_value(v);
	return ERR_OK;
}

/* Sets key to the base64 of s. */
static void
put_bytes(json_t *o, const char *key, struct span s)
{
	struct buf b;

	buf_init(&b, PROOF_MAX);
	text_base64(&b, s);
	(void)json_object_set_new(o, key, json_string(buf_string(&b)));
	buf_clear(&b);
}

/* Sets key to s as text a person can read. */
static void
put_text(json_t *o, const char *key, struct span s)
{
	struct buf b;

	buf_init(&b, PROOF_MAX);
	(void)text_scrub(&b, s);
	(void)json_object_set_new(o, key, json_stringn(buf_string(&b), b.len));
	buf_clear(&b);
}

/* A step as an object, still without its leaf or origin. */
static json_t *
step_write(const struct proof_step *s)
{
	json_t *o = json_object(), *path = json_array();
	struct buf b;

	buf_init(&b, 64);
	for (unsigned i = 0; i < s->n; i++) {
		buf_reset(&b);
		text_base64(&b, span_of(s->path[i].at, HASH_LEN));
		(void)json_array_append_new(path, json_string(buf_string(&b)));
	}
	buf_clear(&b);
	(void)json_object_set_new(
	    o, "index", json_integer((json_int_t)s->index));
	(void)json_object_set_new(o, "size", json_integer((json_int_t)s->size));
	(void)json_object_set_new(o, "path", path);
	return o;
}

/* Adds log and checkpoint; the origin is the checkpoint's. */
static enum err
log_write(json_t *top, const struct proof_step *s, struct span note,
    struct fault *why)
{
	struct checkpoint c;
	struct arena *a = arena_new(4 * NOTE_MAX);
	struct note *n;
	json_t *log;
	enum err e;

	if (a == NULL || (n = arena_alloc(a, sizeof *n)) == NULL)
		e = fault_set(why, ERR_MEMORY, "no memory for a bundle");
	else if ((e = note_parse(note, a, n, why)) == ERR_OK &&
	    (e = checkpoint_parse(n->text, &c, why)) == ERR_OK) {
		log = step_write(s);
		put_text(log, "origin", c.origin);
		(void)json_object_set_new(top, "log", log);
		put_text(top, "checkpoint", note);
	}
	arena_free(a);
	return e;
}

/* Appends the finished object; members left out for want of memory show. */
static enum err
finish(struct buf *b, const json_t *top, size_t members, struct fault *why)
{
	if (json_object_size(top) != members)
		return fault_set(why, ERR_MEMORY, "no memory for a bundle");
	json_pretty(b, top);
	if (buf_error(b) != ERR_OK)
		return fault_set(why, buf_error(b), "no room for a bundle");
	return ERR_OK;
}

/* Sets what is shown of a record, from its leaves. */
static enum err
shown_write(json_t *top, const struct proof_record *p, struct fault *why)
{
	struct leaf_segment s;
	struct leaf_record r;
	struct buf id;
	json_t *o;
	enum err e;

	if ((e = leaf_record_read(p->leaf, &r, why)) != ERR_OK)
		return e;
	if ((e = leaf_segment_read(p->segment_leaf, &s, why)) != ERR_OK)
		return e;
	buf_init(&id, 2 * LEAF_NAME_MAX);
	buf_span(&id, s.stream);
	buf_printf(&id, ".%llu", (unsigned long long)r.seq);
	o = json_object();
	put_text(o, "id", buf_view(&id));
	(void)json_object_set_new(
	    o, "received_us", json_integer(r.received_us));
	put_text(o, "sender", r.sender);
	put_text(o, "text", r.raw);
	(void)json_object_set_new(top, "record", o);
	buf_clear(&id);
	return ERR_OK;
}

enum err
proof_record_write(
    struct buf *b, const struct proof_record *p, struct fault *why)
{
	json_t *top = json_object(), *step;
	enum err e;

	(void)json_object_set_new(top, "format", json_string(BUNDLE_FORMAT));
	if ((e = shown_write(top, p, why)) != ERR_OK)
		goto out;
	put_bytes(top, "leaf", p->leaf);
	step = step_write(&p->block);
	put_bytes(step, "leaf", p->block_leaf);
	(void)json_object_set_new(top, "block", step);
	step = step_write(&p->segment);
	put_bytes(step, "leaf", p->segment_leaf);
	(void)json_object_set_new(top, "segment", step);
	if ((e = log_write(top, &p->log, p->checkpoint, why)) != ERR_OK)
		goto out;
	e = finish(b, top, 7, why);
out:
	json_decref(top);
	return e;
}

enum err
proof_entry_write(struct buf *b, const struct proof_entry *p, struct fault *why)
{
	json_t *top = json_object();
	struct leaf_entry l;
	enum err e;

	(void)json_object_set_new(top, "format", json_string(BUNDLE_FORMAT));
	if ((e = leaf_entry_read(p->leaf, &l, why)) != ERR_OK)
		goto out;
	put_text(top, "entry", p->body);
	put_bytes(top, "salt", p->salt);
	put_bytes(top, "leaf", p->leaf);
	if ((e = log_write(top, &p->log, p->checkpoint, why)) != ERR_OK)
		goto out;
	e = finish(b, top, 6, why);
out:
	json_decref(top);
	return e;
}
