/*
 * replica/replica.c: a second host that holds what the first one sealed.
 *
 * Works on: answers of the first host, which may have been taken over. Runs
 * in: `beimen replica`.
 */
#include "replica/replica.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/when.h"
#include "ledger/tile.h"
#include "replica/copy.h"
#include "vault/segment.h"

#define LOGS_MAX 4096U
#define LIST_MAX ((size_t)16 << 20)
#define TILE_MAX ((size_t)TILE_WIDTH * 65537)
#define FETCH_PATH_MAX 512
#define CHECK_A_ROUND 8 /* segments read again in each round */

struct replica {
	struct env *env;
	int dir, segments; /* DIR/replica, DIR/vault/segments */
	char name[65];
	struct copy **copy;
	size_t n;
	uint64_t checked; /* segments read again so far, in turn */
	struct buf path, body, whole; /* whole: a segment, part by part */
};

/* A round on its way. */
struct round {
	struct replica *r;
	struct fetch *f;
	replica_say_fn *say;
	void *arg;
	struct replica_round *out;
	json_t *report;
};

/* Says one line; the rest as fault_set. */
#define tell(x, wrong, ...)                                      \
	do {                                                     \
		struct fault line_;                              \
		(void)fault_set(&line_, ERR_STATE, __VA_ARGS__); \
		(x)->say((x)->arg, (wrong), line_.text);         \
	} while (0)

/* ---- opening ---- */

enum err
replica_open(struct env *env, int dir, const char *name, struct replica **out,
    struct fault *why)
{
	const struct env_ops *o = env->ops;
	struct replica *r;
	int vault = -1;
	enum err e;

	if (!text_is_name(span_text(name), sizeof r->name - 1))
		return fault_set(
		    why, ERR_RANGE, "no such name of a host: %.64s", name);
	if ((r = calloc(1, sizeof *r)) == NULL)
		return fault_set(why, ERR_MEMORY, "replica");
	r->env = env;
	r->dir = r->segments = -1;
	memcpy(r->name, name, strlen(name) + 1);
	buf_init(&r->path, FETCH_PATH_MAX);
	buf_init(&r->body, REPLICA_SEGMENT_MAX);
	buf_init(&r->whole, REPLICA_SEGMENT_MAX);
	e = o->open_dir(env, dir, "replica", true, &r->dir, why);
	if (e == ERR_OK)
		e = o->open_dir(env, dir, "vault", true, &vault, why);
	if (e == ERR_OK)
		e = o->open_dir(
		    env, vault, "segments", true, &r->segments, why);
	if (e == ERR_OK)
		e = o->sync(env, vault, why);
	if (e == ERR_OK)
		e = o->sync(env, dir, why);
	if (vault != -1)
		o->close(env, vault);
	if (e != ERR_OK) {
		replica_close(r);
		return e;
	}
	*out = r;
	return ERR_OK;
}

void
replica_close(struct replica *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		copy_close(r->copy[i]);
	free(r->copy);
	if (r->dir != -1)
		r->env->ops->close(r->env, r->dir);
	if (r->segments != -1)
		r->env->ops->close(r->env, r->segments);
	buf_clear(&r->path);
	buf_clear(&r->body);
	buf_clear(&r->whole);
	free(r);
}

/* The copy of an agency's log, opened at its first use. */
static enum err
copy_of(struct replica *r, struct span agency, struct span vkey,
    struct copy **out, struct fault *why)
{
	struct copy **more;
	enum err e;

	for (size_t i = 0; i < r->n; i++)
		if (span_is(agency, copy_agency(r->copy[i]))) {
			*out = r->copy[i];
			return ERR_OK;
		}
	if (r->n == LOGS_MAX)
		return fault_set(why, ERR_LIMIT, "too many logs");
	if ((more = reallocarray(r->copy, r->n + 1, sizeof *more)) == NULL)
		return fault_set(why, ERR_MEMORY, "replica");
	r->copy = more;
	e = copy_open(r->env, r->dir, agency, vkey, out, why);
	if (e == ERR_OK)
		r->copy[r->n++] = *out;
	return e;
}

/* ---- segments on this host's disk ---- */

/* Opens the segment's file: ERR_NOT_FOUND when it is not here. */
static enum err
segment_open_here(
    struct replica *r, const struct hash *file, int *fd, struct fault *why)
{
	char name[SEGMENT_FILE_MAX];

	segment_file(file, name);
	return r->env->ops->open(r->env, r->segments, name, ENV_READ, fd, why);
}

static bool
segment_is_here(struct replica *r, const struct hash *file)
{
	struct fault none;
	int fd;

	if (segment_open_here(r, file, &fd, &none) != ERR_OK)
		return false;
	r->env->ops->close(r->env, fd);
	return true;
}

/* Reads it and compares its digest with its name: ERR_DAMAGE. */
static enum err
segment_read_again(
    struct replica *r, const struct hash *file, struct fault *why)
{
	const struct env_ops *o = r->env->ops;
	struct hash digest;
	uint64_t len;
	int fd;
	enum err e = segment_open_here(r, file, &fd, why);

	if (e != ERR_OK)
		return e;
	buf_reset(&r->body);
	e = o->size(r->env, fd, &len, why);
	if (e == ERR_OK &&
	    (len > REPLICA_SEGMENT_MAX || buf_room(&r->body, len) == NULL))
		e = fault_set(why, ERR_DAMAGE, "its length is %llu",
		    (unsigned long long)len);
	if (e == ERR_OK && len > 0)
		e = o->read(r->env, fd, 0, buf_room(&r->body, len), len, why);
	o->close(r->env, fd);
	if (e != ERR_OK)
		return e;
	buf_took(&r->body, len);
	digest = hash_of(buf_view(&r->body));
	return hash_equal(&digest, file)
	    ? ERR_OK
	    : fault_set(
		  why, ERR_DAMAGE, "its bytes are not those it is named for");
}

/* Stores the bytes in r->whole under their name, durably. */
static enum err
segment_store(struct replica *r, const struct hash *file, struct fault *why)
{
	const struct env_ops *o = r->env->ops;
	char name[SEGMENT_FILE_MAX], folder[3] = "";
	struct fault none;
	int sub, fd;
	enum err e;

	segment_file(file, name);
	memcpy(folder, name, 2);
	e = o->open_dir(r->env, r->segments, folder, true, &sub, why);
	if (e != ERR_OK)
		return e;
	if ((e = o->sync(r->env, r->segments, why)) != ERR_OK)
		goto out;
	e = o->unlink(r->env, sub, "fetched.new", &none);
	if (e != ERR_OK && e != ERR_NOT_FOUND) {
		e = fault_set(why, e, "%s", none.text);
		goto out;
	}
	e = o->open(r->env, sub, "fetched.new", ENV_CREATE, &fd, why);
	if (e != ERR_OK)
		goto out;
	e = o->write(r->env, fd, buf_view(&r->whole), why);
	if (e == ERR_OK)
		e = o->sync(r->env, fd, why);
	o->close(r->env, fd);
	if (e == ERR_OK)
		e = o->rename(r->env, sub, "fetched.new", name + 3, why);
	if (e == ERR_OK)
		e = o->sync(r->env, sub, why);
out:
	o->close(r->env, sub);
	return e;
}

/* Whether the period of a segment that is said to be gone is over here. */
static bool
period_is_over(struct replica *r, const struct copy_segment *s)
{
	int64_t end;

	return !__builtin_add_overflow(
		   s->last_us, (int64_t)s->keep_days * WHEN_DAY, &end) &&
	    end <= r->env->ops->now_us(r->env);
}

/* ---- asking the first host ---- */

/* GET; r->body has the answer. ERR_DENIED, ERR_NOT_FOUND by its status. */
static enum err
get(struct round *x, struct fault *why)
{
	struct replica *r = x->r;
	const char *path = buf_string(&r->path);
	long status = 0;
	enum err e = fetch_get(x->f, path, &r->body, &status, why);

	if (e != ERR_OK || status == 200)
		return e;
	if (status == 401 || status == 403)
		return fault_set(why, ERR_DENIED,
		    "%s: the key does not open it (%ld)", path, status);
	if (status == 404)
		return fault_set(why, ERR_NOT_FOUND, "%s: not there", path);
	return fault_set(why, ERR_IO, "%s: status %ld", path, status);
}

static enum err
segment_fetch(struct round *x, const struct hash *file, struct fault *why)
{
	struct replica *r = x->r;
	struct hash digest;
	enum err e;

	buf_reset(&r->whole);
	do {
		buf_reset(&r->path);
		buf_text(&r->path, "/api/v1/segments/");
		text_hex(&r->path, span_of(file->at, HASH_LEN));
		buf_printf(&r->path, "?from=%zu", r->whole.len);
		if ((e = get(x, why)) != ERR_OK)
			return e;
		buf_span(&r->whole, buf_view(&r->body));
		if ((e = buf_error(&r->whole)) != ERR_OK)
			return fault_set(why, e, "the segment is too long");
	} while (r->body.len > 0);
	digest = hash_of(buf_view(&r->whole));
	if (!hash_equal(&digest, file))
		return fault_set(why, ERR_PROOF,
		    "the first host gave other bytes than the log names");
	return segment_store(r, file, why);
}

/* The leaves after those held, tile by tile, up to the checkpoint. */
static enum err
leaves_fetch(struct round *x, struct copy *c, uint64_t size, struct fault *why)
{
	struct replica *r = x->r;
	uint64_t have = copy_size(c);
	enum err e = ERR_OK;

	while (have < size && e == ERR_OK) {
		uint64_t at = have / TILE_WIDTH, left = size - at * TILE_WIDTH;
		struct tile_path t = { .entries = true,
			.at = at,
			.width = left < TILE_WIDTH ? (unsigned)left
						   : TILE_WIDTH };
		uint64_t before = have;

		buf_reset(&r->path);
		buf_printf(&r->path, "/api/v1/ledger/%s/", copy_agency(c));
		tile_print(&r->path, &t);
		if ((e = get(x, why)) != ERR_OK)
			return e;
		e = copy_add(c, buf_view(&r->body),
		    (unsigned)(have % TILE_WIDTH), &have, why);
		if (e == ERR_OK && have == before)
			e = fault_set(why, ERR_PROOF,
			    "%s: a tile has no new leaf", copy_agency(c));
	}
	return e;
}

/* One log's head and leaves. */
static enum err
log_fetch(struct round *x, struct copy *c, struct fault *why)
{
	struct replica *r = x->r;
	uint64_t size = 0, before = copy_size(c);
	enum err e;

	buf_reset(&r->path);
	buf_printf(&r->path, "/api/v1/ledger/%s/checkpoint", copy_agency(c));
	if ((e = get(x, why)) != ERR_OK)
		return e;
	if ((e = copy_begin(c, buf_view(&r->body), &size, why)) != ERR_OK ||
	    (e = leaves_fetch(x, c, size, why)) != ERR_OK)
		return e;
	if ((e = copy_end(c, why)) == ERR_OK)
		x->out->leaves += size - before;
	return e;
}

/* One segment that the log names. False: it is not here and sound. */
static bool
segment_do(struct round *x, const struct copy *c, const struct copy_segment *s,
    struct fault *why)
{
	char name[SEGMENT_FILE_MAX];
	struct fault none;
	enum err e;

	segment_file(&s->file, name);
	if (s->gone && period_is_over(x->r, s)) {
		e = x->r->env->ops->unlink(
		    x->r->env, x->r->segments, name, &none);
		if (e == ERR_OK)
			x->out->dropped++;
		return true;
	}
	x->out->segments++;
	if (segment_is_here(x->r, &s->file))
		return true;
	e = x->f == NULL ? fault_set(why, ERR_NOT_FOUND, "it is not here")
			 : segment_fetch(x, &s->file, why);
	if (e == ERR_OK) {
		x->out->fetched++;
		return true;
	}
	x->out->missing++;
	tell(x, true, "%s: segment %.12s: %s", copy_agency(c), name + 3,
	    why->text);
	return false;
}

/* Reads some segments again, in turn over the rounds; all when `all`. */
static uint64_t
segments_check(struct round *x, const struct copy *c,
    const struct copy_segment *s, size_t n, bool all)
{
	uint64_t damaged = 0;
	char name[SEGMENT_FILE_MAX];
	struct fault why;

	for (size_t i = 0; i < n && (all || i < CHECK_A_ROUND); i++) {
		const struct copy_segment *one = all ? &s[i]
						     : &s[x->r->checked++ % n];

		if (!segment_is_here(x->r, &one->file) ||
		    segment_read_again(x->r, &one->file, &why) == ERR_OK)
			continue;
		damaged++;
		segment_file(&one->file, name);
		tell(x, true, "%s: segment %.12s: %s", copy_agency(c), name + 3,
		    why.text);
		/* The next round fetches a sound one in its place. */
		if (x->f != NULL &&
		    x->r->env->ops->unlink(
			x->r->env, x->r->segments, name, &why) != ERR_OK)
			tell(x, true, "%s", why.text);
	}
	return damaged;
}

/* What this host holds of one log, for the first host to compare. */
static void
report_add(
    struct round *x, const struct copy *c, uint64_t segments, uint64_t missing)
{
	struct hash root = copy_root(c);
	json_t *o = json_object();
	struct buf b;

	if (x->report == NULL) {
		json_decref(o);
		return;
	}
	buf_init(&b, 64);
	text_base64(&b, span_of(root.at, HASH_LEN));
	json_put_str(o, "agency", copy_agency(c));
	json_put_int(o, "size", (int64_t)copy_size(c));
	json_put_text(o, "root", buf_view(&b));
	json_put_int(o, "segments", (int64_t)segments);
	json_put_int(o, "missing", (int64_t)missing);
	buf_clear(&b);
	(void)json_array_append_new(x->report, o);
}

/* The segments of one log: here, fetched, given up, read again. */
static void
segments_do(struct round *x, struct copy *c, bool all)
{
	uint64_t before = x->out->segments, missing = 0, damaged;
	const struct copy_segment *s;
	struct fault why;
	size_t n;

	s = copy_segments(c, &n);
	for (size_t i = 0; i < n; i++)
		missing += !segment_do(x, c, &s[i], &why);
	damaged = segments_check(x, c, s, n, all);
	x->out->damaged += damaged;
	report_add(x, c, x->out->segments - before, missing + damaged);
}

/* ---- rounds ---- */

/* One log of the first host's list. */
static enum err
log_do(struct round *x, const json_t *o, struct fault *why)
{
	const char *agency = json_get_text(
	    json_object_get(o, "agency"), "key", "");
	struct copy *c;
	enum err e;

	if (json_get_int(o, "size", 0) <= 0)
		return ERR_OK; /* nothing is signed yet */
	x->out->logs++;
	e = copy_of(x->r, span_text(agency),
	    span_text(json_get_text(o, "key", "")), &c, why);
	if (e == ERR_OK)
		e = log_fetch(x, c, why);
	if (e == ERR_PROOF || e == ERR_SYNTAX || e == ERR_RANGE) {
		x->out->refused++;
		tell(x, true, "%s", why->text);
		return ERR_OK;
	}
	if (e == ERR_OK)
		segments_do(x, c, false);
	return e;
}

/* Tells the first host what is here. */
static enum err
report_send(struct round *x, struct fault *why)
{
	json_t *o = json_object();
	struct buf b;
	long status = 0;
	enum err e;

	json_put_str(o, "name", x->r->name);
	json_object_set(o, "logs", x->report);
	buf_init(&b, LIST_MAX);
	json_canonical(&b, o);
	json_decref(o);
	e = fetch_post(
	    x->f, "/api/v1/replicas", buf_view(&b), &x->r->body, &status, why);
	buf_clear(&b);
	if (e == ERR_OK && status != 200)
		e = fault_set(why, ERR_DENIED,
		    "the first host does not take the report: status %ld",
		    status);
	return e;
}

enum err
replica_round(struct replica *r, struct fetch *f, replica_say_fn *say,
    void *arg, struct replica_round *out, struct fault *why)
{
	struct round x = { r, f, say, arg, out, json_array() };
	json_t *list = NULL, *one;
	size_t i;
	enum err e;

	*out = (struct replica_round){ 0 };
	buf_reset(&r->path);
	buf_text(&r->path, "/api/v1/ledger");
	if ((e = get(&x, why)) != ERR_OK ||
	    (e = json_read(buf_view(&r->body), &list, why)) != ERR_OK)
		goto out;
	json_array_foreach(json_object_get(list, "logs"), i, one)
		if ((e = log_do(&x, one, why)) != ERR_OK)
			goto out;
	e = report_send(&x, why);
out:
	json_decref(list);
	json_decref(x.report);
	return e;
}

/* Opens the copy behind each NAME.head. */
static enum err
head_each(void *arg, const char *name)
{
	struct round *x = arg;
	struct span s = span_text(name);
	struct copy *c;
	struct fault why;
	enum err e;

	if (!span_ends(s, ".head"))
		return ERR_OK;
	x->out->logs++;
	e = copy_of(x->r, span_slice(s, 0, s.len - 5), SPAN_EMPTY, &c, &why);
	if (e == ERR_MEMORY || e == ERR_IO)
		return e;
	if (e != ERR_OK) {
		x->out->refused++;
		tell(x, true, "%s", why.text);
		return ERR_OK;
	}
	x->out->leaves += copy_size(c);
	segments_do(x, c, true);
	return ERR_OK;
}

enum err
replica_check(struct replica *r, replica_say_fn *say, void *arg,
    struct replica_round *out, struct fault *why)
{
	struct round x = { r, NULL, say, arg, out, NULL };

	*out = (struct replica_round){ 0 };
	return r->env->ops->list(r->env, r->dir, head_each, &x, why);
}
