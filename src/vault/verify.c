/*
 * vault/verify.c: checking everything that is stored, file by file and then
 * between them.
 */
#include "vault/verify.h"

#include <stdlib.h>

#include "vault/catalogue.h"
#include "vault/line.h"

/* A segment that the catalogue says book has. */
struct listed {
	struct hash name;
	char stream[STREAM_NAME_MAX];
	uint64_t first_seq;
	uint32_t n;
	bool gone;
};

struct verify {
	struct view *v;
	const struct verify_ask *ask;
	struct verify_count *out;
	verify_fn *fn;
	void *arg;
	struct listed *listed;
	size_t n_listed, cap_listed;
	const struct hash *segment; /* being verified */
	const char *stream;
	bool failed;
	bool vanished; /* a file of the shelf is not there */
};

static void
say(struct verify *y, const struct hash *segment, const char *stream,
    uint64_t first, uint64_t last, const char *text)
{
	struct verify_damage d = {
		.segment = segment, .first_seq = first, .last_seq = last
	};

	y->out->damages++;
	y->failed = true;
	if (y->fn == NULL)
		return;
	line_put(d.stream, sizeof d.stream, "%s", stream);
	line_put(d.text, sizeof d.text, "%s", text);
	y->fn(y->arg, &d);
}

/* Whether a stream is of the agency asked for. */
static bool
stream_fits(const struct verify *y, const char *stream)
{
	struct stream_name parts;

	return y->ask->agency == NULL ||
	    (stream_parse(span_text(stream), &parts, NULL) == ERR_OK &&
		strcmp(parts.agency, y->ask->agency) == 0);
}

/* --- one by one -------------------------------------------------------------- */

static void
segment_bad(void *arg, const struct segment_damage *d)
{
	struct verify *y = arg;

	say(y, y->segment, y->stream, d->first_seq, d->last_seq, d->text);
}

static enum err
segment_check(struct verify *y, const struct shelf_item *it, struct fault *why)
{
	struct shelf *shelf = view_shelf(y->v);
	struct segment *s;
	struct fault what;
	uint64_t records = 0;
	unsigned damages;
	enum err e = shelf_segment(shelf, &it->name, &s, &what);

	if (e == ERR_NOT_FOUND) {
		y->vanished = true; /* its period ended this moment, or not */
		return ERR_OK;
	}
	y->out->segments++;
	y->out->bytes += it->file_bytes;
	y->failed = false;
	y->segment = &it->name;
	y->stream = it->unreadable ? "" : shelf_stream(shelf, it->stream);
	if (e == ERR_DAMAGE) {
		say(y, &it->name, y->stream, 0, 0, what.text);
	} else if (e != ERR_OK) {
		return fault_set(why, e, "%s", what.text);
	} else {
		e = segment_verify(s, segment_bad, y, &records, &damages, why);
		segment_close(s);
		if (e != ERR_OK)
			return e;
	}
	y->out->records += records;
	y->out->failed += y->failed;
	return ERR_OK;
}

static int
sealed_order(const void *a, const void *b)
{
	const struct shelf_item *x = *(const struct shelf_item *const *)a;
	const struct shelf_item *z = *(const struct shelf_item *const *)b;

	if (x->sealed_us != z->sealed_us)
		return x->sealed_us < z->sealed_us ? -1 : 1;
	return memcmp(x->name.at, z->name.at, HASH_LEN);
}

/* Each segment, in the order of sealing, while there is time. */
static enum err
segments_check(struct verify *y, struct fault *why)
{
	struct env *env = view_env(y->v);
	int64_t begun = env->ops->now_us(env);
	const struct shelf_item *it, **order;
	size_t n, count = 0, i = 0;
	enum err e = ERR_OK;

	it = shelf_items(view_shelf(y->v), &n);
	if ((order = calloc(n + 1, sizeof(*order))) == NULL)
		return fault_set(why, ERR_MEMORY, "verify");
	for (size_t k = 0; k < n; k++)
		if (it[k].unreadable ||
		    (it[k].sealed_us >= y->ask->since_us &&
			stream_fits(
			    y, shelf_stream(view_shelf(y->v), it[k].stream))))
			order[count++] = &it[k];
	if (count > 1)
		qsort(order, count, sizeof(*order), sealed_order);
	for (; i < count && e == ERR_OK; i++) {
		if (i > 0 && y->ask->budget_us > 0 &&
		    order[i]->sealed_us > order[i - 1]->sealed_us &&
		    env->ops->now_us(env) - begun >= y->ask->budget_us) {
			y->out->complete = false;
			y->out->next_since_us = order[i]->sealed_us;
			break;
		}
		e = segment_check(y, order[i], why);
	}
	free(order);
	return e;
}

/* --- between them -------------------------------------------------------------- */

static enum err
item_note(
    void *arg, enum catalogue_kind kind, struct span body, struct fault *why)
{
	struct verify *y = arg;
	struct cursor c = cursor_of(body);
	struct listed l = { .n = 0 };
	size_t cap = y->cap_listed == 0 ? 64 : y->cap_listed * 2;
	struct listed *p;
	struct span s;

	if (kind != ITEM_COMMITTED && kind != ITEM_GONE)
		return ERR_OK;
	s = cursor_take(&c, HASH_LEN);
	if (s.len == HASH_LEN)
		memcpy(l.name.at, s.at, HASH_LEN);
	l.gone = kind == ITEM_GONE;
	if (l.gone) {
		for (size_t i = 0; i < y->n_listed; i++)
			if (hash_equal(&y->listed[i].name, &l.name))
				y->listed[i].gone = true;
		return ERR_OK;
	}
	l.first_seq = cursor_u64(&c);
	l.n = cursor_u32(&c);
	(void)cursor_take(&c, HASH_LEN);
	s = cursor_take(&c, cursor_u8(&c));
	if (c.bad || s.len >= sizeof l.stream)
		return fault_set(why, ERR_SYNTAX, "catalogue: segment");
	if (s.len > 0)
		memcpy(l.stream, s.at, s.len);
	if (y->n_listed == y->cap_listed) {
		if ((p = reallocarray(y->listed, cap, sizeof *p)) == NULL)
			return fault_set(why, ERR_MEMORY, "verify");
		y->listed = p;
		y->cap_listed = cap;
	}
	y->listed[y->n_listed++] = l;
	return ERR_OK;
}

/* A listed segment that was not on the shelf: unless it came to be since. */
static enum err
missing_say(struct verify *y, const struct listed *l, struct fault *why)
{
	char text[256], hex[SEGMENT_NAME_LEN + 1];
	struct segment *s = NULL;
	enum err e = shelf_segment(view_shelf(y->v), &l->name, &s, why);

	segment_close(s);
	if (e != ERR_NOT_FOUND)
		return e == ERR_DAMAGE ? ERR_OK : e;
	segment_print_name(&l->name, hex);
	line_put(text, sizeof text,
	    "segment %.12s is missing: records %s.%llu to .%llu", hex,
	    l->stream, (unsigned long long)l->first_seq,
	    (unsigned long long)(l->first_seq + l->n - 1));
	y->out->failed++;
	say(y, &l->name, l->stream, l->first_seq, l->first_seq + l->n - 1,
	    text);
	return ERR_OK;
}

/* Segments that the catalogue lists and the folder lacks. */
static enum err
missing_check(struct verify *y, struct fault *why)
{
	struct catalogue_found found;
	enum err e = catalogue_read(
	    view_env(y->v), view_dir(y->v), item_note, y, &found, why);

	if (e != ERR_OK)
		return e;
	if (found.damaged)
		say(y, NULL, "", 0, 0, "the catalogue is damaged");
	for (size_t i = 0; i < y->n_listed && e == ERR_OK; i++)
		if (!y->listed[i].gone && stream_fits(y, y->listed[i].stream) &&
		    (y->vanished ||
			shelf_find(view_shelf(y->v), &y->listed[i].name) ==
			    NULL))
			e = missing_say(y, &y->listed[i], why);
	return e;
}

/* Whether the catalogue accounts for a record (its segment gone or missing):
 * then a gap there is told already, or lawful. */
static bool
is_listed(const struct verify *y, const char *stream, uint64_t seq)
{
	for (size_t i = 0; i < y->n_listed; i++)
		if (seq >= y->listed[i].first_seq &&
		    seq - y->listed[i].first_seq < y->listed[i].n &&
		    strcmp(y->listed[i].stream, stream) == 0)
			return true;
	return false;
}

/* Two neighbours of one stream. */
static void
pair_check(struct verify *y, const struct shelf_item *a,
    const struct shelf_item *b, const char *stream)
{
	uint64_t next = a->first_seq + a->n;
	char text[256], one[SEGMENT_NAME_LEN + 1], two[SEGMENT_NAME_LEN + 1];

	segment_print_name(&a->name, one);
	segment_print_name(&b->name, two);
	if (b->first_seq > next) {
		if (is_listed(y, stream, next) ||
		    shelf_holding(view_shelf(y->v), stream, next) != NULL)
			return;
		line_put(text, sizeof text,
		    "records %s.%llu to .%llu are missing", stream,
		    (unsigned long long)next,
		    (unsigned long long)b->first_seq - 1);
		say(y, NULL, stream, next, b->first_seq - 1, text);
	} else if (b->first_seq < next) {
		line_put(text, sizeof text,
		    "segments %.12s and %.12s hold the same records from "
		    "%s.%llu on",
		    one, two, stream, (unsigned long long)b->first_seq);
		say(y, &b->name, stream, b->first_seq, next - 1, text);
	} else if (!hash_equal(&a->chain_after, &b->chain_before)) {
		line_put(text, sizeof text,
		    "segment %.12s does not follow segment %.12s (chain)", two,
		    one);
		say(y, &b->name, stream, b->first_seq, b->first_seq, text);
	} else {
		return;
	}
	y->out->failed++;
}

/*
 * All neighbours. The folder is listed once more before: a segment sealed
 * while it was being listed may have been passed over, and its successor not.
 */
static enum err
pairs_check(struct verify *y, struct fault *why)
{
	struct shelf *shelf = view_shelf(y->v);
	const struct shelf_item *it;
	struct shelf_item *before;
	size_t n;
	enum err e;

	it = shelf_items(shelf, &n);
	if ((before = calloc(n + 1, sizeof *before)) == NULL)
		return fault_set(why, ERR_MEMORY, "verify");
	if (n > 0)
		memcpy(before, it, n * sizeof *before);
	e = shelf_refresh(shelf, why);
	for (size_t i = 1; i < n && e == ERR_OK; i++)
		if (!before[i].unreadable && !before[i - 1].unreadable &&
		    before[i].stream == before[i - 1].stream &&
		    stream_fits(y, shelf_stream(shelf, before[i].stream)))
			pair_check(y, &before[i - 1], &before[i],
			    shelf_stream(shelf, before[i].stream));
	free(before);
	return e;
}

/* --- the inbox ------------------------------------------------------------------ */

/* Every group's rows, and that each stream goes on without a gap. */
static enum err
inbox_check(struct verify *y, struct fault *why)
{
	struct inbox *x = view_inbox(y->v);
	const struct inbox_found *found = view_found(y->v);
	const struct inbox_group *g;
	struct fault what;
	struct span rows;
	size_t n;

	for (unsigned i = 0; i < found->n_damages && i < INBOX_DAMAGES; i++) {
		y->out->failed++;
		say(y, NULL, "", 0, 0, found->damage[i].text);
	}
	g = inbox_groups(x, &n);
	for (size_t i = 0; i < n; i++) {
		const char *stream = inbox_stream_name(x, g[i].stream);
		enum err e;

		if (!stream_fits(y, stream))
			continue;
		e = inbox_read(x, &g[i], &rows, &what);
		if (e == ERR_NOT_FOUND)
			continue;
		if (e == ERR_DAMAGE) {
			y->out->failed++;
			say(y, NULL, stream, g[i].first_seq,
			    g[i].first_seq + g[i].n - 1, what.text);
			continue;
		}
		if (e != ERR_OK)
			return fault_set(why, e, "%s", what.text);
		if (view_shelf(y->v) == NULL ||
		    shelf_holding(view_shelf(y->v), stream, g[i].first_seq) ==
			NULL)
			y->out->records += g[i].n;
	}
	return ERR_OK;
}

enum err
verify_run(struct view *v, const struct verify_ask *ask,
    struct verify_count *out, verify_fn *fn, void *arg, struct fault *why)
{
	struct verify y = {
		.v = v, .ask = ask, .out = out, .fn = fn, .arg = arg
	};
	enum err e = ERR_OK;

	*out = (struct verify_count){ .complete = true };
	if (view_shelf(v) != NULL) {
		if ((e = segments_check(&y, why)) == ERR_OK)
			e = missing_check(&y, why);
		if (e == ERR_OK)
			e = pairs_check(&y, why);
	}
	if (e == ERR_OK && ask->inbox && view_inbox(v) != NULL)
		e = inbox_check(&y, why);
	free(y.listed);
	return e;
}
