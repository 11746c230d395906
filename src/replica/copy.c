/*
 * replica/copy.c: a copy of one agency's log on a second host.
 *
 * Works on: leaves and checkpoints of a host that may be hostile, and our own
 * files. Runs in: `beimen replica`.
 */
#include "replica/copy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypt/merkle.h"
#include "ledger/leaf.h"
#include "vault/stream.h"

#define FILE_NAME_MAX 64 /* bytes, NUL included */
#define READ_PART ((size_t)1 << 20)
#define ARENA_MAX ((size_t)4 << 20)

/* The roots of the full trees that n leaves make, greatest last. */
struct frontier {
	uint64_t n;
	struct hash level[MERKLE_DEPTH];
};

struct copy {
	struct env *env;
	int dir, leaves; /* leaves: -1 while there is no file */
	char agency[STREAM_AGENCY_MAX + 1];
	struct note_key key;
	struct frontier tree; /* of the head */
	uint64_t bytes; /* of the leaves file under the head */
	struct hash root;
	struct copy_segment *segment;
	size_t n_segments, cap_segments;
	struct hash *gone;
	size_t n_gone, cap_gone;
	/* Between copy_begin and copy_end. */
	struct frontier next;
	struct buf note, added;
	uint64_t wanted;
	struct hash wanted_root;
	size_t mark_segments, mark_gone; /* what the head's leaves name */
};

/* ---- the tree ---- */

static void
frontier_push(struct frontier *f, struct span leaf)
{
	struct hash h = merkle_leaf_hash(leaf);
	unsigned level = 0;

	for (uint64_t n = f->n; (n & 1) != 0; n >>= 1, level++)
		h = merkle_node_hash(&f->level[level], &h);
	f->level[level] = h;
	f->n++;
}

static struct hash
frontier_root(const struct frontier *f)
{
	struct hash root = merkle_empty();
	bool any = false;

	for (unsigned level = 0; level < MERKLE_DEPTH; level++) {
		if ((f->n >> level & 1) == 0)
			continue;
		root = any ? merkle_node_hash(&f->level[level], &root)
			   : f->level[level];
		any = true;
	}
	return root;
}

/* ---- what the leaves say of segments ---- */

static enum err
segment_note(struct copy *c, struct span data, struct fault *why)
{
	struct leaf_segment l;
	struct stream_name parts;
	struct copy_segment *more = c->segment;
	enum err e = leaf_segment_read(data, &l, why);

	if (e == ERR_OK)
		e = stream_parse(l.stream, &parts, why);
	if (e != ERR_OK)
		return e;
	if (c->n_segments == c->cap_segments) {
		size_t cap = c->cap_segments == 0 ? 64 : 2 * c->cap_segments;

		more = reallocarray(c->segment, cap, sizeof *more);
		if (more == NULL)
			return fault_set(why, ERR_MEMORY, "segments");
		c->segment = more;
		c->cap_segments = cap;
	}
	c->segment[c->n_segments++] = (struct copy_segment){ .file = l.file,
		.last_us = l.last_us,
		.keep_days = parts.keep_days };
	return ERR_OK;
}

static enum err
gone_note(struct copy *c, struct span data, struct fault *why)
{
	struct leaf_gone l;
	struct hash *more = c->gone;
	enum err e = leaf_gone_read(data, &l, why);

	if (e != ERR_OK)
		return e;
	if (c->n_gone == c->cap_gone) {
		size_t cap = c->cap_gone == 0 ? 64 : 2 * c->cap_gone;

		if ((more = reallocarray(c->gone, cap, sizeof *more)) == NULL)
			return fault_set(why, ERR_MEMORY, "segments");
		c->gone = more;
		c->cap_gone = cap;
	}
	c->gone[c->n_gone++] = l.file;
	return ERR_OK;
}

/* Takes whole leaves of `s` from the left until the tree has `limit`; *used
 * [out] bytes of them. */
static enum err
leaves_take(struct copy *c, struct frontier *f, uint64_t limit, struct span s,
    size_t *used, struct fault *why)
{
	struct cursor at = cursor_of(s);
	enum err e = ERR_OK;

	*used = 0;
	while (e == ERR_OK && f->n < limit) {
		uint16_t len = cursor_u16(&at);
		struct span data = cursor_take(&at, len);

		if (at.bad)
			return ERR_OK; /* the rest is not whole */
		frontier_push(f, data);
		if (leaf_kind_of(data) == LEAF_SEGMENT)
			e = segment_note(c, data, why);
		else if (leaf_kind_of(data) == LEAF_GONE)
			e = gone_note(c, data, why);
		*used = at.pos;
	}
	return e;
}

/* ---- files ---- */

static void
file_name(const struct copy *c, const char *end, char to[static FILE_NAME_MAX])
{
	struct buf b;

	buf_init(&b, FILE_NAME_MAX);
	buf_text(&b, c->agency);
	buf_text(&b, end);
	memcpy(to, buf_string(&b), b.len + 1);
	buf_clear(&b);
}

/* A whole small file; an empty buffer when there is none. */
static enum err
small_read(struct copy *c, const char *end, struct buf *b, struct fault *why)
{
	const struct env_ops *o = c->env->ops;
	char name[FILE_NAME_MAX];
	uint64_t len = 0;
	int fd;
	enum err e;

	file_name(c, end, name);
	buf_reset(b);
	e = o->open(c->env, c->dir, name, ENV_READ, &fd, why);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	e = o->size(c->env, fd, &len, why);
	if (e == ERR_OK && (len > NOTE_MAX || buf_room(b, len) == NULL))
		e = fault_set(why, ERR_LIMIT, "%s: too long", name);
	if (e == ERR_OK)
		e = o->read(c->env, fd, 0, buf_room(b, len), len, why);
	if (e == ERR_OK)
		buf_took(b, len);
	o->close(c->env, fd);
	return e;
}

/* Puts a small file in place of another, durably. */
static enum err
small_write(struct copy *c, const char *end, struct span s, struct fault *why)
{
	const struct env_ops *o = c->env->ops;
	char name[FILE_NAME_MAX], fresh[FILE_NAME_MAX];
	struct fault none;
	int fd;
	enum err e;

	file_name(c, end, name);
	file_name(c, ".new", fresh);
	e = o->unlink(c->env, c->dir, fresh, &none);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return fault_set(why, e, "%s", none.text);
	if ((e = o->open(c->env, c->dir, fresh, ENV_CREATE, &fd, why)) !=
	    ERR_OK)
		return e;
	e = o->write(c->env, fd, s, why);
	if (e == ERR_OK)
		e = o->sync(c->env, fd, why);
	o->close(c->env, fd);
	if (e == ERR_OK)
		e = o->rename(c->env, c->dir, fresh, name, why);
	return e == ERR_OK ? o->sync(c->env, c->dir, why) : e;
}

/* Opens the leaves file for adding. */
static enum err
leaves_open(struct copy *c, struct fault *why)
{
	char name[FILE_NAME_MAX];

	if (c->leaves != -1)
		return ERR_OK;
	file_name(c, ".leaves", name);
	return c->env->ops->open(
	    c->env, c->dir, name, ENV_APPEND, &c->leaves, why);
}

/* ---- opening ---- */

/* The key: as it is known, else as it is shown now. */
static enum err
key_open(struct copy *c, struct span vkey, struct fault *why)
{
	struct buf b;
	enum err e;

	buf_init(&b, NOTE_MAX);
	e = small_read(c, ".key", &b, why);
	if (e == ERR_OK && b.len == 0) {
		e = note_key_parse(vkey, &c->key, why);
		if (e == ERR_OK)
			e = small_write(c, ".key", vkey, why);
	} else if (e == ERR_OK) {
		e = note_key_parse(span_trim(buf_view(&b)), &c->key, why);
		if (e == ERR_OK && vkey.len > 0 &&
		    !span_equal(span_trim(buf_view(&b)), vkey))
			e = fault_set(why, ERR_PROOF,
			    "%s: the log's key is not the one known here "
			    "(replica/%s.key)",
			    c->agency, c->agency);
	}
	buf_clear(&b);
	return e;
}

/* Reads leaves until the head's are there; what follows is cut off. */
static enum err
leaves_read(struct copy *c, uint64_t size, struct fault *why)
{
	const struct env_ops *o = c->env->ops;
	uint64_t len, at = 0;
	struct buf b;
	enum err e = leaves_open(c, why);

	if (e == ERR_OK)
		e = o->size(c->env, c->leaves, &len, why);
	if (e != ERR_OK)
		return e;
	buf_init(&b, READ_PART);
	while (e == ERR_OK && c->tree.n < size) {
		size_t part = len - at < READ_PART ? (size_t)(len - at)
						   : READ_PART;
		size_t used = 0;

		buf_reset(&b);
		if (part > 0)
			e = o->read(c->env, c->leaves, at, buf_room(&b, part),
			    part, why);
		if (e != ERR_OK)
			break;
		buf_took(&b, part);
		e = leaves_take(c, &c->tree, size, buf_view(&b), &used, why);
		at += used;
		if (e == ERR_OK && used == 0)
			e = fault_set(why, ERR_PROOF,
			    "%s: the copy has %llu leaves, its head says %llu",
			    c->agency, (unsigned long long)c->tree.n,
			    (unsigned long long)size);
	}
	buf_clear(&b);
	c->bytes = at;
	if (e == ERR_OK && len > at)
		e = o->truncate(c->env, c->leaves, at, why);
	return e;
}

static enum err
head_open(struct copy *c, struct fault *why)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct checkpoint head;
	struct buf b;
	enum err e;

	if (a == NULL)
		return fault_set(why, ERR_MEMORY, "replica");
	buf_init(&b, NOTE_MAX);
	e = small_read(c, ".head", &b, why);
	if (e == ERR_OK && b.len == 0) {
		e = leaves_read(c, 0, why);
		goto out;
	}
	if (e == ERR_OK)
		e = checkpoint_open(
		    buf_view(&b), &c->key, 1, a, &head, NULL, why);
	if (e == ERR_OK)
		e = leaves_read(c, head.size, why);
	if (e == ERR_OK) {
		c->root = frontier_root(&c->tree);
		if (!hash_equal(&c->root, &head.root))
			e = fault_set(why, ERR_PROOF,
			    "%s: the leaves held here are not those of the "
			    "head held here",
			    c->agency);
	}
out:
	buf_clear(&b);
	arena_free(a);
	return e;
}

enum err
copy_open(struct env *env, int dir, struct span agency, struct span vkey,
    struct copy **out, struct fault *why)
{
	struct copy *c;
	enum err e;

	if (!text_is_name(agency, STREAM_AGENCY_MAX))
		return fault_set(why, ERR_RANGE, "no such name of an agency");
	if ((c = calloc(1, sizeof *c)) == NULL)
		return fault_set(why, ERR_MEMORY, "replica");
	c->env = env;
	c->dir = dir;
	c->leaves = -1;
	memcpy(c->agency, agency.at, agency.len);
	buf_init(&c->note, NOTE_MAX);
	buf_init(&c->added, (size_t)256 << 20);
	c->root = merkle_empty();
	e = key_open(c, vkey, why);
	if (e == ERR_OK)
		e = head_open(c, why);
	c->mark_segments = c->n_segments;
	c->mark_gone = c->n_gone;
	if (e != ERR_OK) {
		copy_close(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void
copy_close(struct copy *c)
{
	if (c == NULL)
		return;
	if (c->leaves != -1)
		c->env->ops->close(c->env, c->leaves);
	buf_clear(&c->note);
	buf_clear(&c->added);
	free(c->segment);
	free(c->gone);
	free(c);
}

const char *
copy_agency(const struct copy *c)
{
	return c->agency;
}

uint64_t
copy_size(const struct copy *c)
{
	return c->tree.n;
}

struct hash
copy_root(const struct copy *c)
{
	return c->root;
}

/* ---- growing ---- */

enum err
copy_begin(struct copy *c, struct span note, uint64_t *size, struct fault *why)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct checkpoint head;
	enum err e;

	if (a == NULL)
		return fault_set(why, ERR_MEMORY, "replica");
	e = checkpoint_open(note, &c->key, 1, a, &head, NULL, why);
	if (e == ERR_OK && head.size < c->tree.n)
		e = fault_set(why, ERR_PROOF,
		    "%s: the log was set back: it has %llu leaves, this copy "
		    "%llu",
		    c->agency, (unsigned long long)head.size,
		    (unsigned long long)c->tree.n);
	if (e == ERR_OK) {
		c->n_segments = c->mark_segments;
		c->n_gone = c->mark_gone;
		c->next = c->tree;
		c->wanted = head.size;
		c->wanted_root = head.root;
		buf_reset(&c->added);
		buf_reset(&c->note);
		buf_span(&c->note, note);
		*size = head.size;
	}
	arena_free(a);
	return e;
}

enum err
copy_add(struct copy *c, struct span tile, unsigned skip, uint64_t *have,
    struct fault *why)
{
	struct cursor at = cursor_of(tile);
	struct span rest;
	size_t used;
	enum err e;

	for (unsigned i = 0; i < skip; i++)
		(void)cursor_take(&at, cursor_u16(&at));
	if (at.bad)
		return fault_set(why, ERR_SYNTAX,
		    "%s: a tile is shorter than what is known of it",
		    c->agency);
	rest = cursor_rest(&at);
	e = leaves_take(c, &c->next, c->wanted, rest, &used, why);
	if (e == ERR_OK && used < rest.len && c->next.n < c->wanted)
		e = fault_set(why, ERR_SYNTAX, "%s: a tile ends inside a leaf",
		    c->agency);
	buf_span(&c->added, span_slice(rest, 0, used));
	*have = c->next.n;
	return e == ERR_OK ? buf_error(&c->added) : e;
}

/* Gives up what was added since copy_begin. */
static enum err
give_up(struct copy *c, enum err e)
{
	struct fault none;

	c->n_segments = c->mark_segments;
	c->n_gone = c->mark_gone;
	buf_reset(&c->added);
	/* What cannot be cut off now is cut off at the next start. */
	if (c->leaves != -1 &&
	    c->env->ops->truncate(c->env, c->leaves, c->bytes, &none) !=
		ERR_OK) {
		c->env->ops->close(c->env, c->leaves);
		c->leaves = -1;
	}
	return e;
}

enum err
copy_end(struct copy *c, struct fault *why)
{
	const struct env_ops *o = c->env->ops;
	struct hash root = frontier_root(&c->next);
	enum err e;

	if (c->next.n != c->wanted || !hash_equal(&root, &c->wanted_root))
		return give_up(c,
		    fault_set(why, ERR_PROOF,
			"%s: the log shows another history than it signed, "
			"within %llu leaves",
			c->agency, (unsigned long long)c->wanted));
	e = leaves_open(c, why);
	if (e == ERR_OK && c->added.len > 0)
		e = o->write(c->env, c->leaves, buf_view(&c->added), why);
	if (e == ERR_OK)
		e = o->sync(c->env, c->leaves, why);
	if (e == ERR_OK)
		e = small_write(c, ".head", buf_view(&c->note), why);
	if (e != ERR_OK)
		return give_up(c, e);
	c->bytes += c->added.len;
	c->tree = c->next;
	c->root = root;
	c->mark_segments = c->n_segments;
	c->mark_gone = c->n_gone;
	buf_reset(&c->added);
	return ERR_OK;
}

/* ---- segments ---- */

static int
by_file(const void *a, const void *b)
{
	return memcmp(((const struct copy_segment *)a)->file.at,
	    ((const struct copy_segment *)b)->file.at, HASH_LEN);
}

const struct copy_segment *
copy_segments(struct copy *c, size_t *n)
{
	assert(c->n_segments == c->mark_segments);
	if (c->n_segments > 0)
		qsort(c->segment, c->n_segments, sizeof *c->segment, by_file);
	for (size_t i = 0; i < c->n_gone; i++) {
		const struct copy_segment key = { .file = c->gone[i] };
		struct copy_segment *s = c->n_segments == 0
		    ? NULL
		    : bsearch(
			  &key, c->segment, c->n_segments, sizeof key, by_file);

		if (s != NULL)
			s->gone = true;
	}
	*n = c->n_segments;
	return c->segment;
}
