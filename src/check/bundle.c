/*
 * check/bundle.c: a bundle, step by step from the leaf up to the signed head.
 *
 * Every member is typed and bounded before it is used, members that the
 * format does not have are refused, and what is shown is compared with what
 * is proved.
 */
#include "check/inner.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT "beimen-proof-1"
#define RAW_MAX 65536U /* bytes of a record */

enum {
	LEAF_RECORD = 1,
	LEAF_BLOCK = 2,
	LEAF_ENTRY = 0x10,
	LEAF_SEGMENT = 0x11
};

struct step {
	uint64_t index, size;
	uint8_t path[PATH_MAX_HASHES][CHECK_HASH];
	size_t n;
	struct check_bytes leaf; /* where the step has one */
};

/* One check on its way. */
struct work {
	struct json_doc doc;
	struct pool pool; /* decoded base64 */
	const struct check_policy *policy;
	struct check_why *why;
	struct check_shown shown;
};

/* --- members ------------------------------------------------------------------- */

/* Exactly these members, and all of them. */
static bool
members(const struct work *w, const struct json *o, const char *at,
    const char *const *name)
{
	uint32_t n = 0;

	if (o == NULL || o->kind != JSON_MAP)
		return no(w->why, "%s: not an object", at);
	for (; name[n] != NULL; n++)
		if (json_member(&w->doc, o, name[n]) == NULL)
			return no(w->why, "%s: without member %s", at, name[n]);
	return o->n == n ||
	    no(w->why, "%s: with a member that does not belong there", at);
}

static bool
text_of(const struct work *w, const struct json *o, const char *name,
    struct check_bytes *out)
{
	const struct json *v = json_member(&w->doc, o, name);

	if (v == NULL || v->kind != JSON_TEXT)
		return no(w->why, "%s: not a text", name);
	*out = v->text;
	return true;
}

static bool
bytes_in(struct work *w, const struct json *o, const char *name,
    struct check_bytes *out)
{
	struct check_bytes t;

	if (!text_of(w, o, name, &t))
		return false;
	return unbase64(t, &w->pool, out) || no(w->why, "%s: not base64", name);
}

static bool
whole_of(
    const struct work *w, const struct json *o, const char *name, uint64_t *out)
{
	const struct json *v = json_member(&w->doc, o, name);

	if (v == NULL || v->kind != JSON_WHOLE || v->number < 0)
		return no(w->why, "%s: not a whole number", name);
	*out = (uint64_t)v->number;
	return true;
}

static bool
path_of(struct work *w, const struct json *o, const char *at, struct step *s)
{
	const struct json *list = json_member(&w->doc, o, "path"), *v = NULL;
	struct check_bytes h;

	if (list == NULL || list->kind != JSON_LIST ||
	    list->n > PATH_MAX_HASHES)
		return no(w->why, "%s: path: not a list of hashes", at);
	s->n = 0;
	while ((v = json_child(&w->doc, list, v)) != NULL) {
		if (v->kind != JSON_TEXT || !unbase64(v->text, &w->pool, &h) ||
		    h.len != CHECK_HASH)
			return no(w->why, "%s: path: not a hash", at);
		memcpy(s->path[s->n++], h.at, CHECK_HASH);
	}
	return true;
}

/* "block", "segment": with a leaf; "log": with an origin. */
static bool
step_of(struct work *w, const struct json *top, const char *at, bool has_leaf,
    struct step *s)
{
	static const char *const with_leaf[] = { "index", "size", "path",
		"leaf", NULL };
	static const char *const with_origin[] = { "index", "size", "path",
		"origin", NULL };
	const struct json *o = json_member(&w->doc, top, at);

	return members(w, o, at, has_leaf ? with_leaf : with_origin) &&
	    whole_of(w, o, "index", &s->index) &&
	    whole_of(w, o, "size", &s->size) && path_of(w, o, at, s) &&
	    (has_leaf ? bytes_in(w, o, "leaf", &s->leaf)
		      : text_of(w, o, "origin", &w->shown.origin));
}

/* --- steps ----------------------------------------------------------------------- */

static bool
climb(const struct work *w, const char *at, struct check_bytes leaf,
    const struct step *s, const uint8_t root[CHECK_HASH])
{
	uint8_t h[CHECK_HASH];

	if (!leaf_hash(leaf, h))
		return no(w->why, "memory is out");
	return check_inclusion(h, s->index, s->size,
		   (const uint8_t(*)[CHECK_HASH])s->path, s->n, root) ||
	    no(w->why, "%s: the path does not lead to the root", at);
}

/* The checkpoint is of this log and size, signed, and has the leaf. */
static bool
log_check(struct work *w, const struct json *top, struct check_bytes leaf,
    const struct step *s)
{
	struct check_head h;
	struct check_bytes note;

	if (!text_of(w, top, "checkpoint", &note) ||
	    !check_note(w->policy, note, &h, w->why))
		return false;
	if (!bytes_same(w->shown.origin, h.origin))
		return no(w->why, "log: the checkpoint is another log's");
	if (s->size != h.size)
		return no(w->why, "log: the checkpoint has another size");
	w->shown.size = h.size;
	w->shown.index = s->index;
	w->shown.n_witnesses = h.n_witnesses;
	return climb(w, "log", leaf, s, h.root);
}

struct record {
	uint64_t seq;
	int64_t us;
	struct check_bytes sender, raw;
};

struct run {
	uint64_t first, n, blocks; /* records; blocks of a segment */
	uint8_t root[CHECK_HASH];
	struct check_bytes stream; /* of a segment */
};

static bool
record_leaf(const struct work *w, struct check_bytes leaf, struct record *x)
{
	struct reader r = { .all = leaf };
	bool right = read_number(&r, 1) == LEAF_RECORD;
	uint64_t len;

	(void)read_bytes(&r, 16);
	x->seq = read_number(&r, 8);
	x->us = (int64_t)read_number(&r, 8);
	x->sender = read_bytes(&r, (size_t)read_number(&r, 1));
	len = read_number(&r, 4);
	x->raw = read_bytes(&r, len > RAW_MAX ? SIZE_MAX : (size_t)len);
	return (right && read_done(&r)) || no(w->why, "leaf: not a record's");
}

static bool
block_leaf(const struct work *w, struct check_bytes leaf, struct run *x)
{
	struct reader r = { .all = leaf };
	bool right = read_number(&r, 1) == LEAF_BLOCK;
	struct check_bytes root;

	x->first = read_number(&r, 8);
	x->n = read_number(&r, 4);
	(void)read_bytes(&r, 16);
	root = read_bytes(&r, CHECK_HASH);
	if (!right || !read_done(&r))
		return no(w->why, "block: not a block's leaf");
	memcpy(x->root, root.at, CHECK_HASH);
	return true;
}

static bool
segment_leaf(const struct work *w, struct check_bytes leaf, struct run *x)
{
	struct reader r = { .all = leaf };
	bool right = read_number(&r, 1) == LEAF_SEGMENT;
	struct check_bytes root;

	x->stream = read_bytes(&r, (size_t)read_number(&r, 1));
	x->first = read_number(&r, 8);
	x->n = read_number(&r, 4);
	x->blocks = read_number(&r, 4);
	(void)read_bytes(&r, 16 + CHECK_HASH);
	root = read_bytes(&r, CHECK_HASH);
	(void)read_bytes(&r, CHECK_HASH); /* the roll-ups' digest */
	if (!right || !read_done(&r))
		return no(w->why, "segment: not a segment's leaf");
	memcpy(x->root, root.at, CHECK_HASH);
	return true;
}

/* --- what is shown ------------------------------------------------------------------ */

/* Whether the text shown is those bytes made readable. */
static bool
is_shown(const struct work *w, const struct json *o, const char *name,
    struct check_bytes bytes)
{
	struct check_bytes t;
	char *readable;
	bool same;

	if (!text_of(w, o, name, &t))
		return false;
	if ((readable = malloc(3 * bytes.len + 1)) == NULL)
		return no(w->why, "memory is out");
	same = bytes_same(
	    t, bytes_of(readable, check_readable(bytes, readable)));
	free(readable);
	return same ||
	    no(w->why, "record: the %s shown is not the one proved", name);
}

/* stream.seq into the pool's own kind of memory: behind the JSON text. */
static bool
id_check(struct work *w, const struct json *o, struct check_bytes stream,
    uint64_t seq)
{
	struct check_bytes id;
	uint64_t n = 0;

	if (!text_of(w, o, "id", &id))
		return false;
	if (id.len <= stream.len + 1 ||
	    !bytes_same(bytes_part(id, 0, stream.len), stream) ||
	    id.at[stream.len] != '.' ||
	    !decimal(bytes_part(id, stream.len + 1, SIZE_MAX), &n) || n != seq)
		return no(w->why, "record: the id shown is not the one proved");
	w->shown.id = id;
	return true;
}

static bool
shown_check(struct work *w, const struct json *top, const struct record *x,
    struct check_bytes stream)
{
	static const char *const names[] = { "id", "received_us", "sender",
		"text", NULL };
	const struct json *o = json_member(&w->doc, top, "record"), *us;

	if (!members(w, o, "record", names) || !id_check(w, o, stream, x->seq))
		return false;
	us = json_member(&w->doc, o, "received_us");
	if (us->kind != JSON_WHOLE || us->number != x->us)
		return no(
		    w->why, "record: the time shown is not the one proved");
	return is_shown(w, o, "sender", x->sender) &&
	    is_shown(w, o, "text", x->raw);
}

/* --- the two kinds --------------------------------------------------------------------- */

/* Numbers fit: the record in its block, the block in its segment. */
static bool
numbers_check(const struct work *w, const struct record *x, const struct run *k,
    const struct step *in_block, const struct run *s,
    const struct step *in_segment)
{
	if (in_block->size != k->n || x->seq < k->first ||
	    x->seq - k->first != in_block->index)
		return no(w->why, "block: the numbers do not fit");
	if (in_segment->size != s->blocks || k->first < s->first ||
	    k->n > s->n || k->first - s->first > s->n - k->n)
		return no(w->why, "segment: the numbers do not fit");
	return true;
}

static bool
record_check(struct work *w, const struct json *top)
{
	static const char *const names[] = { "format", "record", "leaf",
		"block", "segment", "log", "checkpoint", NULL };
	struct step block, segment, log;
	struct check_bytes leaf;
	struct record x;
	struct run k, s;

	if (!members(w, top, "bundle", names) ||
	    !bytes_in(w, top, "leaf", &leaf) ||
	    !step_of(w, top, "block", true, &block) ||
	    !step_of(w, top, "segment", true, &segment) ||
	    !step_of(w, top, "log", false, &log) || !record_leaf(w, leaf, &x) ||
	    !block_leaf(w, block.leaf, &k) ||
	    !segment_leaf(w, segment.leaf, &s) ||
	    !shown_check(w, top, &x, s.stream) ||
	    !climb(w, "block", leaf, &block, k.root) ||
	    !climb(w, "segment", block.leaf, &segment, s.root) ||
	    !numbers_check(w, &x, &k, &block, &s, &segment) ||
	    !log_check(w, top, segment.leaf, &log))
		return false;
	w->shown.seq = x.seq;
	w->shown.received_us = x.us;
	w->shown.sender = x.sender;
	w->shown.raw = x.raw;
	return true;
}

/* The body is an object whose number is the leaf's. */
static bool
body_check(const struct work *w, struct check_bytes body, uint64_t seq)
{
	const struct json *v = NULL;
	struct json_doc d;
	bool good = json_parse(&d, body, w->why);

	if (good && (v = json_member(&d, &d.node[1], "seq")) != NULL)
		good = v->kind == JSON_WHOLE && v->number >= 0 &&
		    (uint64_t)v->number == seq;
	if (good && v == NULL)
		good = false;
	json_end(&d);
	return good || no(w->why, "entry: another number than the leaf's");
}

static bool
entry_check(struct work *w, const struct json *top)
{
	static const char *const names[] = { "format", "entry", "salt", "leaf",
		"log", "checkpoint", NULL };
	struct check_bytes body, salt, leaf, want;
	uint8_t digest[CHECK_HASH];
	struct reader r;
	struct step log;
	bool right;

	if (!members(w, top, "bundle", names) ||
	    !text_of(w, top, "entry", &body) ||
	    !bytes_in(w, top, "salt", &salt) ||
	    !bytes_in(w, top, "leaf", &leaf) ||
	    !step_of(w, top, "log", false, &log))
		return false;
	r = (struct reader){ .all = leaf };
	right = read_number(&r, 1) == LEAF_ENTRY;
	w->shown.seq = read_number(&r, 8);
	w->shown.received_us = (int64_t)read_number(&r, 8);
	want = read_bytes(&r, CHECK_HASH);
	if (!right || !read_done(&r))
		return no(w->why, "leaf: not an entry's");
	if (salt.len != 32)
		return no(w->why, "salt: not 32 bytes");
	const struct check_bytes part[2] = { salt, body };

	if (!sha256(part, 2, digest))
		return no(w->why, "memory is out");
	if (memcmp(digest, want.at, CHECK_HASH) != 0)
		return no(
		    w->why, "entry: salt and body do not give the leaf's hash");
	w->shown.entry = true;
	w->shown.raw = body;
	return body_check(w, body, w->shown.seq) &&
	    log_check(w, top, leaf, &log);
}

/* What is shown points into text and pool: they go along. */
struct memory {
	struct json_doc doc;
	uint8_t *pool;
};

bool
check_bundle(struct check_bytes json, const struct check_policy *p,
    struct check_shown *out, struct check_why *why)
{
	struct memory *m = calloc(1, sizeof *m);
	struct work w = { .policy = p, .why = why };
	struct check_bytes format;
	bool good = false;

	w.pool.len = json.len + 1;
	if (m == NULL || (m->pool = malloc(w.pool.len)) == NULL) {
		free(m);
		return no(why, "memory is out");
	}
	w.pool.at = m->pool;
	if (json.len > CHECK_BUNDLE_MAX)
		(void)no(why, "a bundle of %zu bytes", json.len);
	else if (json_parse(&w.doc, json, why) &&
	    text_of(&w, &w.doc.node[1], "format", &format))
		good = bytes_are(format, FORMAT) ||
		    no(why, "not a bundle of format " FORMAT);
	if (good)
		good = json_member(&w.doc, &w.doc.node[1], "record") != NULL
		    ? record_check(&w, &w.doc.node[1])
		    : entry_check(&w, &w.doc.node[1]);
	m->doc = w.doc;
	w.shown.memory = m;
	if (good)
		*out = w.shown;
	else
		check_shown_free(&w.shown);
	return good;
}

void
check_shown_free(struct check_shown *s)
{
	struct memory *m = s->memory;

	if (m != NULL) {
		json_end(&m->doc);
		free(m->pool);
		free(m);
	}
	*s = (struct check_shown){ .memory = NULL };
}
