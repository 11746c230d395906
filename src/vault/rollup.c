/*
 * vault/rollup.c: counts by source, category and Taipei hour.
 */
#include "vault/rollup.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/when.h"
#include "vault/map.h"

#define ROW_LEN 53 /* bytes of a row in the digest */
#define NEAR 1024U /* a power of two */

struct rollup {
	struct rollup_row *row;
	uint32_t n, cap;
	struct map *at;
	bool sorted;
	uint32_t near[NEAR]; /* rows met last, by source and category */
};

struct rollup *
rollup_new(void)
{
	struct rollup *r = calloc(1, sizeof *r);

	/* Keys are our own numbers, so the hash needs no secret. */
	if (r != NULL && (r->at = map_new(1, 2)) == NULL) {
		free(r);
		r = NULL;
	}
	return r;
}

void
rollup_free(struct rollup *r)
{
	if (r == NULL)
		return;
	free(r->row);
	map_free(r->at);
	free(r);
}

void
rollup_reset(struct rollup *r)
{
	r->n = 0;
	r->sorted = false;
	map_reset(r->at);
}

static bool
has(const struct event *ev, enum event_field f)
{
	return ev->field[f].at != NULL && ev->field[f].len > 0;
}

bool
event_lacks(const struct event *ev)
{
	if (ev->category == CAT_FW_CONN)
		return !has(ev, FIELD_SRC_IP) || !has(ev, FIELD_SRC_PORT) ||
		    !has(ev, FIELD_DST_IP) || !has(ev, FIELD_DST_PORT);
	if (event_class_of(ev->category) == CLASS_PERSONAL)
		return !has(ev, FIELD_USER) || !has(ev, FIELD_SUBJECT);
	return false;
}

/* The row of (source, category, hour), made when it is new. */
static enum err
row_at(struct rollup *r, uint32_t source, enum event_category category,
    int64_t hour_us, struct rollup_row **out, struct fault *why)
{
	struct {
		uint32_t source, category;
		int64_t hour_us;
	} key = { source, (uint32_t)category, hour_us };
	struct span k = span_of(&key, sizeof key);
	uint32_t at = map_get(r->at, k);
	enum err e;

	if (r->sorted) { /* sorting moved the rows: number them anew */
		map_reset(r->at);
		r->sorted = false;
		for (uint32_t i = 0; i < r->n; i++) {
			key.source = r->row[i].source;
			key.category = (uint32_t)r->row[i].category;
			key.hour_us = r->row[i].hour_us;
			if ((e = map_put(r->at, k, i, why)) != ERR_OK)
				return e;
		}
		key.source = source;
		key.category = (uint32_t)category;
		key.hour_us = hour_us;
		at = map_get(r->at, k);
	}
	if (at == MAP_NONE) {
		uint32_t cap = r->cap == 0 ? 64 : r->cap * 2;
		struct rollup_row *row = r->row;

		if (r->n == r->cap) {
			row = reallocarray(row, cap, sizeof *row);
			if (row == NULL)
				return fault_set(why, ERR_MEMORY, "roll-up");
			r->row = row;
			r->cap = cap;
		}
		if ((e = map_put(r->at, k, r->n, why)) != ERR_OK)
			return e;
		at = r->n++;
		row[at] = (struct rollup_row){ .source = source,
			.category = category,
			.hour_us = hour_us,
			.first_us = INT64_MAX,
			.last_us = INT64_MIN };
	}
	*out = &r->row[at];
	return ERR_OK;
}

/* Adds the counts of one row to another of the same key. */
static void
row_widen(struct rollup_row *to, const struct rollup_row *by)
{
	to->n += by->n;
	to->lacking += by->lacking;
	if (by->first_us < to->first_us)
		to->first_us = by->first_us;
	if (by->last_us > to->last_us)
		to->last_us = by->last_us;
	if (by->lacking_us != 0 &&
	    (to->lacking_us == 0 || by->lacking_us < to->lacking_us))
		to->lacking_us = by->lacking_us;
}

enum err
rollup_add(struct rollup *r, uint32_t source, const struct event *ev,
    struct fault *why)
{
	struct rollup_row one = {
		.n = 1, .first_us = ev->received_us, .last_us = ev->received_us
	};
	uint32_t *near =
	    &r->near[(source * 32 + (uint32_t)ev->category) & (NEAR - 1)];
	struct rollup_row *row = *near < r->n ? &r->row[*near] : NULL;
	enum err e;

	/* Nearly always it is the row met last: no hashing then. */
	if (row == NULL || row->source != source ||
	    row->category != ev->category || ev->received_us < row->hour_us ||
	    (uint64_t)ev->received_us - (uint64_t)row->hour_us >=
		(uint64_t)WHEN_HOUR) {
		e = row_at(r, source, ev->category, when_hour(ev->received_us),
		    &row, why);
		if (e != ERR_OK)
			return e;
		*near = (uint32_t)(row - r->row);
	}
	if (event_lacks(ev)) {
		one.lacking = 1;
		one.lacking_us = ev->received_us;
	}
	row_widen(row, &one);
	return ERR_OK;
}

enum err
rollup_merge(struct rollup *r, const struct rollup *more, struct fault *why)
{
	struct rollup_row *row;
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < more->n && e == ERR_OK; i++) {
		e = row_at(r, more->row[i].source, more->row[i].category,
		    more->row[i].hour_us, &row, why);
		if (e == ERR_OK)
			row_widen(row, &more->row[i]);
	}
	return e;
}

static int
row_order(const void *a, const void *b)
{
	const struct rollup_row *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->category != y->category)
		return x->category < y->category ? -1 : 1;
	return (x->hour_us > y->hour_us) - (x->hour_us < y->hour_us);
}

const struct rollup_row *
rollup_rows(struct rollup *r, size_t *n)
{
	if (!r->sorted && r->n > 0)
		qsort(r->row, r->n, sizeof *r->row, row_order);
	r->sorted = true;
	*n = r->n;
	return r->row;
}

enum err
rollup_digest(struct rollup *r, struct hash *digest, struct fault *why)
{
	const struct rollup_row *row;
	struct buf b;
	enum err e;
	size_t n;

	row = rollup_rows(r, &n);
	buf_init(&b, n * ROW_LEN + 1);
	for (size_t i = 0; i < n; i++) {
		buf_u32(&b, row[i].source);
		buf_u8(&b, (uint8_t)row[i].category);
		buf_u64(&b, (uint64_t)row[i].hour_us);
		buf_u64(&b, row[i].n);
		buf_u64(&b, row[i].lacking);
		buf_u64(&b, (uint64_t)row[i].first_us);
		buf_u64(&b, (uint64_t)row[i].last_us);
	}
	if ((e = buf_error(&b)) == ERR_OK)
		*digest = hash_of(buf_view(&b));
	else
		e = fault_set(why, ERR_MEMORY, "roll-up");
	buf_clear(&b);
	return e;
}
