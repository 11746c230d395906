/*
 * book/catalogue.c: segments, stream heads, verify runs, losses, disk.
 *
 * Works on: keeper's reports that also become leaves of the agency's log: a
 * segment's descriptor 0x11, heads 0x12, a segment's end 0x13. Runs in: book.
 */
#include "base/text.h"
#include "book/evidence.h"
#include "book/inner.h"
#include "book/log.h"

#define HEADS_MAX 1024 /* streams and registers of one agency */

/* The name of a segment: lower-case hex. */
static void
name_of(const struct hash *file, struct buf *b)
{
	buf_init(b, 2 * HASH_LEN + 1);
	text_hex(b, span_of(file->at, HASH_LEN));
}

/* The segment's present row: *there, and whether it is the same. */
static enum err
segment_known(struct book *b, const struct segment_report *r, struct span name,
    bool *there, uint64_t *leaf, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "segment_get", &s, why)) ||
	    (e = sql_bind_text(s, ":name", name, why)) ||
	    (e = sql_step(s, there, why)) || !*there)
		return e;
	*leaf = (uint64_t)sql_int(s, 9);
	if (!span_equal(sql_text(s, 0), r->agency) ||
	    !span_equal(sql_text(s, 1), r->stream) ||
	    sql_int(s, 4) != (int64_t)r->first_seq || sql_int(s, 5) != r->n ||
	    sql_int(s, 6) != r->first_us || sql_int(s, 7) != r->last_us)
		e = fault_set(why, ERR_DAMAGE,
		    "segment %.*s is known with another content", (int)name.len,
		    (const char *)name.at);
	sql_reset(s);
	return e;
}

/* Catalogue row and sources. */
static enum err
segment_rows(struct book *b, const struct segment_report *r, struct span name,
    uint64_t leaf, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "segment_add", &s, why)) ||
	    (e = sql_bind_text(s, ":name", name, why)) ||
	    (e = sql_bind_text(s, ":agency", r->agency, why)) ||
	    (e = sql_bind_text(s, ":stream", r->stream, why)) ||
	    (e = sql_bind_text(s, ":class", r->class_name, why)) ||
	    (e = sql_bind_int(s, ":keep_days", r->keep_days, why)) ||
	    (e = sql_bind_int(s, ":first_seq", (int64_t)r->first_seq, why)) ||
	    (e = sql_bind_int(s, ":n", r->n, why)) ||
	    (e = sql_bind_int(s, ":first_us", r->first_us, why)) ||
	    (e = sql_bind_int(s, ":last_us", r->last_us, why)) ||
	    (e = sql_bind_int(s, ":sealed_us", r->sealed_us, why)) ||
	    (e = sql_bind_int(s, ":leaf", (int64_t)leaf, why)) ||
	    (e = sql_do(s, why)))
		return e;
	for (size_t i = 0; i < r->n_sources && e == ERR_OK; i++) {
		const struct segment_source *o = &r->source[i];

		if ((e = sql_named(b->db, "segment_source_add", &s, why)) ||
		    (e = sql_bind_text(s, ":segment", name, why)) ||
		    (e = sql_bind_int(s, ":source", o->source, why)) ||
		    (e = sql_bind_int(s, ":first_us", o->first_us, why)) ||
		    (e = sql_bind_int(s, ":last_us", o->last_us, why)) ||
		    (e = sql_bind_int(s, ":n", (int64_t)o->n, why)))
			return e;
		e = sql_do(s, why);
	}
	book_touch(b, "segment");
	book_touch(b, "segment_source");
	return e;
}

/* An entry about a segment. */
static enum err
segment_note(struct book *b, struct span agency, struct span name,
    const char *what, struct span about, int64_t now_us, struct fault *why)
{
	json_t *o = json_object();
	struct written w;
	enum err e;

	json_put_str(o, "what", what);
	json_put_text(o, "about", about);
	e = json_object_size(o) != 2
	    ? fault_set(why, ERR_MEMORY, "a segment's entry")
	    : book_note(b, agency, "beimen.segment", name, o, now_us, &w, why);
	json_decref(o);
	return e;
}

/* Descriptor leaf, rows and entry of a new segment. */
static enum err
segment_store(struct book *b, const struct segment_report *r, struct span name,
    int64_t now_us, uint64_t *leaf, struct fault *why)
{
	struct buf data;
	enum err e;

	if (r->stream.len == 0 || r->stream.len > LEAF_NAME_MAX || r->n == 0 ||
	    r->first_seq == 0 || r->first_us > r->last_us)
		return fault_set(why, ERR_RANGE, "a segment: malformed");
	buf_init(&data, LEAF_DATA_MAX);
	leaf_segment(&data,
	    &(struct leaf_segment){ .stream = r->stream,
		.first_seq = r->first_seq,
		.n = r->n,
		.blocks = r->blocks,
		.first_us = r->first_us,
		.last_us = r->last_us,
		.file = r->file,
		.root = r->root,
		.rollup = r->rollups });
	if ((e = buf_error(&data)) == ERR_OK &&
	    (e = book_log_append(b, r->agency, buf_view(&data), now_us, leaf,
		 NULL, why)) == ERR_OK &&
	    (e = segment_rows(b, r, name, *leaf, why)) == ERR_OK)
		e = segment_note(
		    b, r->agency, name, "sealed", r->stream, now_us, why);
	buf_clear(&data);
	return e;
}

enum err
evidence_segment(struct book *b, const struct segment_report *s, int64_t now_us,
    uint64_t *leaf, struct fault *why)
{
	struct buf name;
	uint64_t at = 0;
	bool there = false;
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	name_of(&s->file, &name);
	e = segment_known(b, s, buf_view(&name), &there, &at, why);
	if (e == ERR_OK && !there)
		e = segment_store(b, s, buf_view(&name), now_us, &at, why);
	buf_clear(&name);
	if ((e = book_leave(b, e, why)) == ERR_OK)
		*leaf = at;
	return e;
}

/* What gone and damaged need of a segment. */
struct segment_now {
	struct buf agency;
	bool gone, damaged;
};

static enum err
segment_now(
    struct book *b, struct span name, struct segment_now *n, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "segment_get", &s, why)) ||
	    (e = sql_bind_text(s, ":name", name, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no such segment");
	buf_span(&n->agency, sql_text(s, 0));
	n->gone = !sql_is_null(s, 10);
	n->damaged = sql_int(s, 11) != 0;
	sql_reset(s);
	return buf_error(&n->agency);
}

/* Set gone_us or damaged. */
static enum err
segment_mark(struct book *b, const char *statement, struct span name,
    int64_t at_us, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, statement, &s, why)) ||
	    (e = sql_bind_text(s, ":name", name, why)) ||
	    (e = sql_bind_int(s, ":at", at_us, why)))
		return e;
	book_touch(b, "segment");
	return sql_do(s, why);
}

/* Leaf, row and entry of a segment's end. */
static enum err
gone_store(struct book *b, const struct hash *file, struct span name,
    struct span agency, struct span ground, int64_t now_us, struct fault *why)
{
	struct buf data;
	uint64_t leaf;
	enum err e;

	if (ground.len == 0 || ground.len > LEAF_NAME_MAX)
		return fault_set(
		    why, ERR_RANGE, "a segment ends on a ground only");
	buf_init(&data, LEAF_DATA_MAX);
	leaf_gone(&data,
	    &(struct leaf_gone){
		.at_us = now_us, .file = *file, .ground = ground });
	if ((e = buf_error(&data)) == ERR_OK &&
	    (e = book_log_append(b, agency, buf_view(&data), now_us, &leaf,
		 NULL, why)) == ERR_OK &&
	    (e = segment_mark(b, "segment_gone", name, now_us, why)) == ERR_OK)
		e = segment_note(b, agency, name, "gone", ground, now_us, why);
	buf_clear(&data);
	return e;
}

enum err
evidence_segment_gone(struct book *b, const struct hash *file,
    struct span ground, int64_t now_us, struct fault *why)
{
	struct segment_now n = { .gone = false };
	struct buf name;
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	name_of(file, &name);
	buf_init(&n.agency, BOOK_AGENCY_MAX);
	e = segment_now(b, buf_view(&name), &n, why);
	if (e == ERR_OK && !n.gone)
		e = gone_store(b, file, buf_view(&name), buf_view(&n.agency),
		    ground, now_us, why);
	buf_clear(&n.agency);
	buf_clear(&name);
	return book_leave(b, e, why);
}

enum err
evidence_segment_damaged(struct book *b, const struct hash *file,
    struct span detail, int64_t at_us, struct fault *why)
{
	struct segment_now n = { .gone = false };
	struct buf name;
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	name_of(file, &name);
	buf_init(&n.agency, BOOK_AGENCY_MAX);
	e = segment_now(b, buf_view(&name), &n, why);
	if (e == ERR_OK && !n.damaged &&
	    (e = segment_mark(
		 b, "segment_damaged", buf_view(&name), at_us, why)) == ERR_OK)
		e = segment_note(b, buf_view(&n.agency), buf_view(&name),
		    "damaged", detail, at_us, why);
	buf_clear(&n.agency);
	buf_clear(&name);
	return book_leave(b, e, why);
}

/* The number of an agency's last run. */
static enum err
verify_last(struct book *b, struct span agency, int64_t *n, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "verify_last", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	*n = row ? sql_int(s, 0) : 0;
	sql_reset(s);
	return ERR_OK;
}

static enum err
verify_add(struct book *b, const struct verify_report *v, struct fault *why)
{
	struct sql_stmt *s;
	int64_t n;
	enum err e;

	if ((e = verify_last(b, v->agency, &n, why)) ||
	    (e = sql_named(b->db, "verify_add", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", v->agency, why)) ||
	    (e = sql_bind_int(s, ":n", n + 1, why)) ||
	    (e = sql_bind_int(s, ":from_us", v->from_us, why)) ||
	    (e = sql_bind_int(s, ":at_us", v->at_us, why)) ||
	    (e = sql_bind_int(s, ":segments", (int64_t)v->segments, why)) ||
	    (e = sql_bind_int(s, ":records", (int64_t)v->records, why)) ||
	    (e = sql_bind_int(s, ":failed", (int64_t)v->failed, why)) ||
	    (e = bind_text_or_null(s, ":detail", v->detail, why)))
		return e;
	book_touch(b, "verify_run");
	return sql_do(s, why);
}

enum err
evidence_verify(
    struct book *b, const struct verify_report *v, struct fault *why)
{
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = verify_add(b, v, why);
	return book_leave(b, e, why);
}

static enum err
loss_add(struct book *b, int64_t at_us, struct span socket, uint64_t lost,
    struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "loss_add", &s, why)) ||
	    (e = sql_bind_int(s, ":at_us", at_us, why)) ||
	    (e = sql_bind_text(s, ":socket", socket, why)) ||
	    (e = sql_bind_int(s, ":lost", (int64_t)lost, why)))
		return e;
	book_touch(b, "intake_loss");
	return sql_do(s, why);
}

enum err
evidence_loss(struct book *b, int64_t at_us, struct span socket, uint64_t lost,
    struct fault *why)
{
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = loss_add(b, at_us, socket, lost, why);
	return book_leave(b, e, why);
}

static enum err
disk_put(struct book *b, int64_t at_us, uint64_t free_bytes, uint64_t used,
    uint64_t day_bytes, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "disk_put", &s, why)) ||
	    (e = sql_bind_int(s, ":at_us", at_us, why)) ||
	    (e = sql_bind_int(s, ":free", (int64_t)free_bytes, why)) ||
	    (e = sql_bind_int(s, ":used", (int64_t)used, why)) ||
	    (e = sql_bind_int(s, ":day_bytes", (int64_t)day_bytes, why)))
		return e;
	book_touch(b, "disk");
	return sql_do(s, why);
}

enum err
evidence_disk(struct book *b, int64_t at_us, uint64_t free, uint64_t used,
    uint64_t day_bytes, struct fault *why)
{
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = disk_put(b, at_us, free, used, day_bytes, why);
	return book_leave(b, e, why);
}

static enum err
witness_put(struct book *b, struct span agency, struct span name, int64_t at_us,
    uint64_t size, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(b->db, "witness_put", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":name", name, why)) ||
	    (e = sql_bind_int(s, ":at_us", at_us, why)) ||
	    (e = sql_bind_int(s, ":size", (int64_t)size, why)))
		return e;
	book_touch(b, "witness");
	return sql_do(s, why);
}

enum err
evidence_witness(struct book *b, struct span agency, struct span name,
    int64_t at_us, uint64_t size, struct fault *why)
{
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = witness_put(b, agency, name, at_us, size, why);
	return book_leave(b, e, why);
}

/* One stream's row and chain head. */
static enum err
head_put(struct book *b, const struct stream_head *h, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if (h->stream.len == 0 || h->stream.len > LEAF_NAME_MAX)
		return fault_set(why, ERR_RANGE, "a stream's head: malformed");
	if ((e = sql_named(b->db, "stream_put", &s, why)) ||
	    (e = sql_bind_text(s, ":name", h->stream, why)) ||
	    (e = sql_bind_text(s, ":agency", h->agency, why)) ||
	    (e = sql_bind_text(s, ":class", h->class_name, why)) ||
	    (e = sql_bind_int(s, ":keep_days", h->keep_days, why)) ||
	    (e = sql_bind_int(s, ":first_seq", (int64_t)h->first_seq, why)) ||
	    (e = sql_bind_int(s, ":last_seq", (int64_t)h->last_seq, why)) ||
	    (e = sql_bind_int(s, ":first_us", h->first_us, why)) ||
	    (e = sql_bind_int(s, ":last_us", h->last_us, why)) ||
	    (e = sql_do(s, why)))
		return e;
	if (sql_changes(b->db) > 0)
		book_touch(b, "stream");
	if ((e = sql_named(b->db, "stream_chain_put", &s, why)) ||
	    (e = sql_bind_text(s, ":name", h->stream, why)) ||
	    (e = sql_bind_text(s, ":agency", h->agency, why)) ||
	    (e = sql_bind_int(s, ":n", (int64_t)h->count, why)) ||
	    (e = sql_bind_int(s, ":last_seq", (int64_t)h->last_seq, why)) ||
	    (e = bind_hash(s, ":head", &h->chain, why)))
		return e;
	return sql_do(s, why);
}

/* Every head of one agency, in an arena. */
static enum err
heads_read(struct book *b, struct span agency, struct arena *a,
    struct leaf_head *head, size_t *n, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	*n = 0;
	if ((e = sql_named(b->db, "heads_of", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)))
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		struct leaf_head *h = &head[*n];

		if (*n == HEADS_MAX) {
			e = fault_set(why, ERR_LIMIT,
			    "more than %d streams and registers", HEADS_MAX);
			break;
		}
		h->name = arena_copy(a, sql_text(s, 0));
		h->count = (uint64_t)sql_int(s, 1);
		h->last_seq = (uint64_t)sql_int(s, 2);
		if (h->name.at == NULL || !column_hash(s, 3, &h->head)) {
			e = fault_set(why, ERR_DAMAGE, "a chain's head");
			break;
		}
		++*n;
	}
	sql_reset(s);
	return e;
}

/* One heads leaf for one agency, and what moved is still again. */
static enum err
heads_leaf(struct book *b, struct span agency, struct arena *a, int64_t now_us,
    struct fault *why)
{
	struct leaf_head *head = arena_array(a, HEADS_MAX, sizeof *head);
	struct sql_stmt *s;
	struct buf data;
	uint64_t leaf;
	size_t n, half;
	enum err e;

	if (head == NULL)
		return fault_set(why, ERR_MEMORY, "heads");
	if ((e = heads_read(b, agency, a, head, &n, why)) != ERR_OK)
		return e;
	buf_init(&data, LEAF_DATA_MAX);
	/* too many for one leaf: as many leaves as it takes */
	for (size_t at = 0; at < n && e == ERR_OK; at += half) {
		half = n - at;
		buf_reset(&data);
		while ((e = leaf_heads(&data, now_us, head + at, half, why)) ==
			ERR_LIMIT &&
		    half > 1)
			half = (half + 1) / 2;
		if (e == ERR_OK)
			e = book_log_append(b, agency, buf_view(&data), now_us,
			    &leaf, NULL, why);
	}
	buf_clear(&data);
	if (e != ERR_OK || (e = sql_named(b->db, "heads_done", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_do(s, why)) ||
	    (e = sql_named(b->db, "heads_still", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)))
		return e;
	return sql_do(s, why);
}

/* A name in a list. */
struct name_list {
	struct span name;
	struct name_list *next;
};

/* The agencies in which something moved. */
static enum err
moved_read(
    struct book *b, struct arena *a, struct name_list **list, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	*list = NULL;
	if ((e = sql_named(b->db, "heads_moved", &s, why)) != ERR_OK)
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		struct name_list *one = arena_alloc(a, sizeof *one);

		if (one == NULL ||
		    (one->name = arena_copy(a, sql_text(s, 0))).at == NULL) {
			e = fault_set(why, ERR_MEMORY, "heads");
			break;
		}
		one->next = *list;
		*list = one;
	}
	sql_reset(s);
	return e;
}

enum err
evidence_heads(struct book *b, const struct stream_head *h, size_t n,
    int64_t now_us, struct fault *why)
{
	struct arena *a = arena_new(BOOK_ARENA_MAX);
	struct name_list *moved = NULL;
	enum err e;

	if (a == NULL)
		return fault_set(why, ERR_MEMORY, "heads");
	if ((e = book_join(b, why)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = head_put(b, &h[i], why);
	if (e == ERR_OK)
		e = moved_read(b, a, &moved, why);
	for (; moved != NULL && e == ERR_OK; moved = moved->next)
		e = heads_leaf(b, moved->name, a, now_us, why);
	e = book_leave(b, e, why);
out:
	arena_free(a);
	return e;
}
