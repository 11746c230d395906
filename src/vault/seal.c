/*
 * vault/seal.c: running a plan: every row read once, checked with its frame,
 * and added to the segment.
 */
#include "vault/seal.h"

#include <stdlib.h>

#include "crypt/crypt.h"
#include "vault/line.h"

#define GROUP_LEN 40 /* bytes of a group in a plan */

void
seal_plan_clear(struct seal_plan *p)
{
	free(p->group);
	crypt_wipe(&p->crypt, sizeof p->crypt);
	*p = (struct seal_plan){ .n = 0 };
}

static void
text_put(struct buf *b, const char *s)
{
	buf_block(b, span_text(s));
}

/* A text of less than cap bytes into `to`. */
static bool
text_get(struct cursor *c, char *to, size_t cap)
{
	struct span s = cursor_block(c, cap - 1);

	if (c->bad ||
	    memchr(s.at == NULL ? "" : (const char *)s.at, '\0', s.len) != NULL)
		return false;
	if (s.len > 0)
		memcpy(to, s.at, s.len);
	to[s.len] = '\0';
	return true;
}

static void
hash_get(struct cursor *c, struct hash *h)
{
	struct span s = cursor_take(c, HASH_LEN);

	if (s.len == HASH_LEN)
		memcpy(h->at, s.at, HASH_LEN);
}

void
seal_plan_put(struct buf *b, const struct seal_plan *p)
{
	text_put(b, p->stream);
	text_put(b, p->crypt.key_id);
	if (p->crypt.key_id[0] != '\0')
		buf_add(b, p->crypt.key, KEYRING_KEY_LEN);
	buf_u64(b, p->first_seq);
	buf_add(b, p->chain.at, HASH_LEN);
	buf_u32(b, (uint32_t)p->n);
	for (size_t i = 0; i < p->n; i++) {
		const struct inbox_group *g = &p->group[i];

		buf_u64(b, g->first_seq);
		buf_u32(b, g->n);
		buf_u64(b, g->frame);
		buf_u32(b, g->journal);
		buf_u64(b, g->at);
		buf_u32(b, g->offset);
		buf_u32(b, g->len);
	}
}

enum err
seal_plan_get(struct span s, struct seal_plan *p, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct seal_plan got = { .n = 0 };
	bool good = text_get(&c, got.stream, sizeof got.stream) &&
	    text_get(&c, got.crypt.key_id, sizeof got.crypt.key_id);
	if (good && got.crypt.key_id[0] != '\0') {
		struct span key = cursor_take(&c, KEYRING_KEY_LEN);

		if (key.len == KEYRING_KEY_LEN)
			memcpy(got.crypt.key, key.at, KEYRING_KEY_LEN);
	}

	got.first_seq = cursor_u64(&c);
	hash_get(&c, &got.chain);
	got.n = got.cap = cursor_u32(&c);
	if (!good || c.bad || got.n == 0 || got.n > SEAL_GROUPS_MAX ||
	    got.n * GROUP_LEN != c.all.len - c.pos)
		return fault_set(why, ERR_SYNTAX, "not a plan to seal");
	if ((got.group = calloc(got.n, sizeof *got.group)) == NULL)
		return fault_set(why, ERR_MEMORY, "a plan to seal");
	for (size_t i = 0; i < got.n; i++) {
		struct inbox_group *g = &got.group[i];

		g->first_seq = cursor_u64(&c);
		g->n = cursor_u32(&c);
		g->frame = cursor_u64(&c);
		g->journal = cursor_u32(&c);
		g->at = cursor_u64(&c);
		g->offset = cursor_u32(&c);
		g->len = cursor_u32(&c);
	}
	*p = got;
	return ERR_OK;
}

void
seal_done_put(struct buf *b, const struct seal_done *d)
{
	buf_u8(b, d->any);
	buf_add(b, d->name.at, HASH_LEN);
	buf_u64(b, d->end);
	buf_u32(b, d->lost);
	text_put(b, d->text);
}

enum err
seal_done_get(struct span s, struct seal_done *d, struct fault *why)
{
	struct cursor c = cursor_of(s);
	struct seal_done got = { .any = cursor_u8(&c) != 0 };
	bool good;

	hash_get(&c, &got.name);
	got.end = cursor_u64(&c);
	got.lost = cursor_u32(&c);
	good = text_get(&c, got.text, sizeof got.text);
	if (!good || !cursor_done(&c))
		return fault_set(why, ERR_SYNTAX, "not what sealing gives");
	*d = got;
	return ERR_OK;
}

/* One run over the first n groups of a plan. */
struct run {
	struct env *env;
	int dir;
	struct inbox *inbox;
	const struct seal_plan *plan;
	uint32_t stream; /* as the inbox numbers it */
	seal_stop_fn *stop;
	void *stop_arg;
	size_t n;
	/* What the run made. */
	struct sources *sources;
	struct segment_writer *writer;
	uint64_t last;
	bool broken; /* a group did not read in its middle: run again */
};

/* Adds the rows of one group. ERR_DAMAGE: it cannot be read. */
static enum err
group_add(struct run *r, struct inbox_group g, struct fault *why)
{
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row row;
	enum err e;

	g.stream = r->stream;
	if ((e = inbox_read(r->inbox, &g, &rows, why)) != ERR_OK)
		return e;
	c = cursor_of(rows);
	for (uint32_t i = 0; i < g.n; i++) {
		if (!row_get(&c, g.first_seq + i, &row) ||
		    event_decode(row.event, &ev, NULL) != ERR_OK) {
			r->broken = true;
			return fault_set(why, ERR_DAMAGE,
			    "inbox: journal %08u: record %s.%llu does not read",
			    g.journal, r->plan->stream,
			    (unsigned long long)(g.first_seq + i));
		}
		if (row.seq <= r->last)
			continue;
		e = sources_put(
		    r->sources, row.source, ev.sender, ev.host, why);
		if (e == ERR_DAMAGE) /* a number that stands for two */
			r->broken = true;
		if (e != ERR_OK ||
		    (e = segment_add(r->writer, &row, &ev, why)) != ERR_OK)
			return e;
		r->last = row.seq;
	}
	return ERR_OK;
}

static void
run_clear(struct run *r)
{
	segment_writer_free(r->writer);
	sources_free(r->sources);
	r->writer = NULL;
	r->sources = NULL;
}

/* Adds groups until one does not read; d->lost says which. */
static enum err
groups_add(struct run *r, struct seal_done *d, struct fault *why)
{
	uint64_t seed[2];
	enum err e;

	crypt_random(seed, sizeof seed);
	r->broken = false;
	r->last = r->plan->first_seq - 1;
	if ((r->sources = sources_new(seed[0], seed[1])) == NULL)
		return fault_set(why, ERR_MEMORY, "sealing");
	e = segment_begin(r->env, r->dir, r->plan->stream, r->plan->first_seq,
	    &r->plan->chain, r->sources,
	    r->plan->crypt.key_id[0] == '\0' ? NULL : &r->plan->crypt,
	    &r->writer, why);
	for (size_t i = 0; i < r->n && e == ERR_OK; i++) {
		struct fault what = { .code = ERR_OK };

		if (r->stop != NULL && r->stop(r->stop_arg))
			return fault_set(why, ERR_STATE, "told to stop");
		e = group_add(r, r->plan->group[i], &what);
		if (e == ERR_DAMAGE) {
			d->lost = (uint32_t)i;
			line_put(d->text, sizeof d->text, "%s", what.text);
			r->n = i;
			return ERR_OK;
		}
		if (e != ERR_OK)
			return fault_set(why, e, "%s", what.text);
	}
	return e;
}

enum err
seal_run(struct env *env, int dir, struct inbox *x, const struct seal_plan *p,
    seal_stop_fn *stop, void *arg, struct seal_done *d, struct fault *why)
{
	struct run r = { .env = env,
		.dir = dir,
		.inbox = x,
		.plan = p,
		.stop = stop,
		.stop_arg = arg,
		.n = p->n };
	const struct segment_info *info;
	enum err e;

	*d = (struct seal_done){ .lost = (uint32_t)p->n };
	e = inbox_stream(x, p->stream, &r.stream, why);
	/* Broken off inside a group, the segment is begun anew without it. */
	do {
		run_clear(&r);
		if (e == ERR_OK && r.n > 0)
			e = groups_add(&r, d, why);
	} while (e == ERR_OK && r.n > 0 && r.broken);
	if (e == ERR_OK && r.n > 0 && r.last >= p->first_seq) {
		e = segment_finish(r.writer, &info, why);
		if (e == ERR_OK) {
			d->any = true;
			d->name = info->name;
			d->end = r.last;
		}
	}
	run_clear(&r);
	return e;
}
