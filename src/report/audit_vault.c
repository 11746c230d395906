/*
 * report/audit_vault.c: the segments and streams that a log speaks of.
 *
 * Works on: the log's segment leaves and newest heads leaf, and the vault.
 */
#include "report/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/view.h"

/* The hex name, shortened, of a segment. */
static const char *
name_of(const struct hash *h, char hex[static SEGMENT_NAME_LEN + 1])
{
	segment_print_name(h, hex);
	return hex;
}

/* ---- segments ---- */

static struct audit_segment *
segment_find(struct audit *a, uint64_t leaf)
{
	size_t lo = 0, hi = a->n_segments;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a->segment[mid].at < leaf)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < a->n_segments && a->segment[lo].at == leaf ? &a->segment[lo]
							       : NULL;
}

/* A row of the table against the leaf it names. */
static enum err
row_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	struct audit *a = arg;
	struct audit_segment *g = segment_find(a, (uint64_t)sql_int(s, 6));
	struct stream_name parts;
	char hex[SEGMENT_NAME_LEN + 1];

	(void)r;
	(void)why;
	if (g == NULL || !span_is(sql_text(s, 0), name_of(&g->l.file, hex))) {
		wrong(a, "segment %.12s is in the table and not in the log",
		    (const char *)sql_text(s, 0).at);
		return ERR_OK;
	}
	g->listed = true;
	if (!span_equal(sql_text(s, 1), g->l.stream) ||
	    sql_int(s, 2) != (int64_t)g->l.first_seq ||
	    sql_int(s, 3) != g->l.n || sql_int(s, 4) != g->l.first_us ||
	    sql_int(s, 5) != g->l.last_us)
		wrong(a, "segment %.12s: its row is not its leaf", hex);
	if (sql_is_null(s, 7) == g->gone)
		wrong(
		    a, "segment %.12s: its end is not as the log has it", hex);
	/* A raised period only lengthens what the stream's name says. */
	if (stream_parse(sql_text(s, 1), &parts, NULL) != ERR_OK ||
	    !span_is(sql_text(s, 8), event_class_name(parts.class)) ||
	    sql_int(s, 9) < parts.keep_days)
		wrong(a,
		    "segment %.12s: its class or period is not its "
		    "stream's",
		    hex);
	return ERR_OK;
}

/* The file is there and describes itself as the leaf does. */
static enum err
file_check(struct audit *a, const struct audit_segment *g, struct fault *why)
{
	struct shelf *shelf = view_shelf(a->r->view);
	struct segment *s = NULL;
	const struct segment_info *i;
	char hex[SEGMENT_NAME_LEN + 1];
	enum err e = shelf == NULL ? ERR_NOT_FOUND
				   : shelf_segment(shelf, &g->l.file, &s, why);

	(void)name_of(&g->l.file, hex);
	if (e == ERR_NOT_FOUND || e == ERR_DAMAGE) {
		wrong(a,
		    "segment %.12s is %s: records %.*s.%" PRIu64
		    " to .%" PRIu64,
		    hex, e == ERR_DAMAGE ? "damaged" : "missing",
		    (int)g->l.stream.len, (const char *)g->l.stream.at,
		    g->l.first_seq, g->l.first_seq + g->l.n - 1);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	i = segment_about(s);
	if (!span_is(g->l.stream, i->stream) ||
	    i->first_seq != g->l.first_seq || i->n != g->l.n ||
	    i->blocks != g->l.blocks || i->first_us != g->l.first_us ||
	    i->last_us != g->l.last_us || !hash_equal(&i->root, &g->l.root) ||
	    !hash_equal(&i->rollups, &g->l.rollup))
		wrong(a, "segment %.12s is not what the log describes", hex);
	segment_close(s);
	return ERR_OK;
}

static enum err
segments_check(struct audit *a, struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":agency", a->agency) };
	char hex[SEGMENT_NAME_LEN + 1];
	enum err e;

	for (size_t i = 0; i < a->n_segments; i++)
		for (size_t k = 0; k < a->n_gone && !a->segment[i].gone; k++)
			a->segment[i].gone = hash_equal(
			    &a->gone[k], &a->segment[i].l.file);
	e = rows(a->r, "audit_segments", b, 1, row_take, a, why);
	for (size_t i = 0; i < a->n_segments && e == ERR_OK; i++) {
		if (!a->segment[i].listed)
			wrong(a, "segment %.12s is not in the table",
			    name_of(&a->segment[i].l.file, hex));
		if (!a->segment[i].gone)
			e = file_check(a, &a->segment[i], why);
	}
	return e;
}

/* ---- streams ---- */

/* A chain on its way from row to row. */
struct walk {
	struct hash head;
	uint64_t until, at; /* rows up to `until`; `at` was the last */
};

static enum err
walk_row(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct walk *w = arg;

	(void)stream;
	(void)why;
	if (r->seq > w->until)
		return ERR_OK;
	w->head = chain_step(&w->head, r->seq, ev);
	w->at = r->seq;
	return ERR_OK;
}

/* The head after `seq`, from the segment that holds it. */
static enum err
head_in_segment(
    struct audit *a, const struct hash *name, struct walk *w, struct fault *why)
{
	struct segment *s;
	const struct segment_info *i;
	enum err e = shelf_segment(view_shelf(a->r->view), name, &s, why);

	if (e != ERR_OK)
		return e;
	i = segment_about(s);
	w->head = i->chain_before;
	w->at = i->first_seq - 1;
	for (uint32_t k = 0; k < i->blocks && e == ERR_OK; k++)
		if (segment_block_at(s, k)->first_seq <= w->until)
			e = segment_rows(s, k, walk_row, w, NULL, NULL, why);
	segment_close(s);
	return e;
}

/* The head after `seq`, from the inbox. */
static enum err
head_in_inbox(struct audit *a, const char *stream, struct walk *w, bool *found,
    struct fault *why)
{
	struct inbox *x = view_inbox(a->r->view);
	const struct inbox_group *g;
	struct arena *mem;
	size_t n = 0;
	enum err e = ERR_OK;

	*found = false;
	if (x == NULL)
		return ERR_OK;
	if ((mem = arena_new((size_t)16 << 20)) == NULL)
		return fault_set(why, ERR_MEMORY, "audit");
	g = inbox_groups(x, &n);
	for (size_t i = 0; i < n && e == ERR_OK && !*found; i++) {
		struct record_name id = { .seq = 0 };
		struct event ev;
		struct view_place place;
		uint32_t source;

		if (strcmp(inbox_stream_name(x, g[i].stream), stream) != 0 ||
		    w->until < g[i].first_seq ||
		    w->until - g[i].first_seq >= g[i].n)
			continue;
		*found = true;
		w->head = g[i].chain;
		memcpy(id.stream, stream, strlen(stream) + 1);
		for (id.seq = g[i].first_seq; id.seq <= w->until && e == ERR_OK;
		     id.seq++) {
			arena_reset(mem);
			e = view_record(
			    a->r->view, &id, mem, &ev, &source, &place, why);
			if (e == ERR_OK) {
				w->head = chain_step(&w->head, id.seq, &ev);
				w->at = id.seq;
			}
		}
	}
	arena_free(mem);
	return e;
}

/* The segment of this log that holds a record; NULL when none does. */
static const struct audit_segment *
holding(const struct audit *a, struct span stream, uint64_t seq)
{
	for (size_t i = 0; i < a->n_segments; i++) {
		const struct leaf_segment *l = &a->segment[i].l;

		if (seq >= l->first_seq && seq - l->first_seq < l->n &&
		    span_equal(l->stream, stream))
			return &a->segment[i];
	}
	return NULL;
}

/* What no segment holds lies in the inbox, whole. */
static bool
inbox_reaches(struct audit *a, const char *stream, uint64_t from, uint64_t to)
{
	struct inbox *x = view_inbox(a->r->view);
	const struct inbox_group *g;
	size_t n = 0;

	if (x == NULL)
		return from > to;
	g = inbox_groups(x, &n);
	for (size_t i = 0; i < n && from <= to; i++)
		if (strcmp(inbox_stream_name(x, g[i].stream), stream) == 0 &&
		    g[i].first_seq <= from && from - g[i].first_seq < g[i].n)
			from = g[i].first_seq + g[i].n;
	return from > to;
}

/* One stream up to the head that the log has of it. */
static enum err
stream_check(struct audit *a, struct audit_head *h, struct fault *why)
{
	const struct leaf_head *l = &h->said;
	const char *stream = arena_text(a->r->arena, l->name);
	const struct audit_segment *g;
	const struct shelf_item *it;
	struct walk w = { .until = l->last_seq };
	struct shelf *shelf = view_shelf(a->r->view);
	uint64_t next = 1;
	bool found = false;
	enum err e = ERR_OK;

	if (stream == NULL)
		return fault_set(why, ERR_MEMORY, "audit");
	h->seen = true;
	while (next <= l->last_seq && (g = holding(a, l->name, next)) != NULL)
		next = g->l.first_seq + g->l.n;
	/* A sealed segment may wait for its leaf. */
	while (next <= l->last_seq && shelf != NULL &&
	    (it = shelf_holding(shelf, stream, next)) != NULL)
		next = it->first_seq + it->n;
	if (!inbox_reaches(a, stream, next, l->last_seq)) {
		wrong(a,
		    "stream %s: records from .%" PRIu64 " to .%" PRIu64
		    " are not all there",
		    stream, next, l->last_seq);
		return ERR_OK;
	}
	if (l->last_seq == 0)
		return ERR_OK;
	g = holding(a, l->name, l->last_seq);
	if (g != NULL && g->gone)
		return ERR_OK; /* its leaf stays the proof */
	it = shelf == NULL ? NULL : shelf_holding(shelf, stream, l->last_seq);
	if (it != NULL)
		e = head_in_segment(a, &it->name, &w, why);
	else
		e = head_in_inbox(a, stream, &w, &found, why);
	if (e == ERR_DAMAGE) {
		wrong(a, "stream %s: record .%" PRIu64 " cannot be read",
		    stream, w.at + 1);
		return ERR_OK;
	}
	if (e == ERR_OK &&
	    (w.at != l->last_seq || !hash_equal(&w.head, &l->head)))
		wrong(a,
		    "stream %s: up to .%" PRIu64
		    " not the records that the log's heads have",
		    stream, l->last_seq);
	return e;
}

enum err
audit_vault(struct audit *a, struct fault *why)
{
	struct stream_name parts;
	enum err e = view_refresh(a->r->view, why);

	if (e == ERR_OK)
		e = segments_check(a, why);
	for (size_t i = 0; i < a->n_heads && e == ERR_OK; i++)
		if (stream_parse(a->head[i].said.name, &parts, NULL) == ERR_OK)
			e = stream_check(a, &a->head[i], why);
	return e;
}
