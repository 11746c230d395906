/*
 * call/append.c: batches of records on their way to keeper.
 */
#include "call/append.h"

#include <stdlib.h>

#include "wire/wire.h"

#define HEAD 32 /* bytes before the rows */

/* An empty ask with room for the head. */
static void
ask_begin(struct append *a)
{
	static const uint8_t nothing[HEAD];

	buf_reset(&a->ask);
	buf_add(&a->ask, nothing, HEAD);
	a->n = 0;
	a->n_parts = 0;
	a->in_part = false;
}

void
append_init(struct append *a, uint64_t epoch)
{
	*a = (struct append){ .epoch = epoch, .batch = 1 };
	buf_init(&a->ask, WIRE_MAX);
	ask_begin(a);
}

void
append_clear(struct append *a)
{
	buf_clear(&a->ask);
	free(a->part);
	a->part = NULL;
}

void
append_next(struct append *a)
{
	a->batch++;
	ask_begin(a);
}

/* Writes v big-endian over len bytes at `at`. */
static void
number_set(struct buf *b, size_t at, uint64_t v, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		b->at[at + i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

bool
append_add(struct append *a, const struct event *ev)
{
	size_t at = a->ask.len;

	if (a->n == APPEND_ROWS_MAX)
		return false;
	buf_u32(&a->ask, 0);
	event_encode(&a->ask, ev);
	if (buf_error(&a->ask) != ERR_OK ||
	    (a->n > 0 && a->ask.len > APPEND_BATCH_MAX)) {
		a->ask.len = at;
		a->ask.bad = ERR_OK;
		return false;
	}
	number_set(&a->ask, at, a->ask.len - at - 4, 4);
	a->n++;
	return true;
}

bool
append_part(struct append *a, const struct hash *id)
{
	if (a->n_parts == APPEND_PARTS_MAX)
		return false;
	if (a->part == NULL &&
	    (a->part = calloc(APPEND_PARTS_MAX, sizeof *a->part)) == NULL)
		return false;
	a->part[a->n_parts] = (struct append_part){ .first = a->n, .id = *id };
	a->in_part = true;
	return true;
}

void
append_part_end(struct append *a)
{
	if (a->in_part && a->n > a->part[a->n_parts].first) {
		a->part[a->n_parts].n = a->n - a->part[a->n_parts].first;
		a->n_parts++;
	}
	a->in_part = false;
}

struct span
append_print(struct append *a)
{
	size_t rows = a->ask.len - HEAD;
	struct span all;

	if (a->ask.len < HEAD) /* memory was out at the beginning */
		return SPAN_EMPTY;
	number_set(&a->ask, 0, a->epoch, 8);
	number_set(&a->ask, 8, a->batch, 8);
	number_set(&a->ask, 16, a->after, 8);
	number_set(&a->ask, 24, a->n, 4);
	number_set(&a->ask, 28, rows, 4);
	buf_u16(&a->ask, (uint16_t)a->n_parts);
	for (uint32_t i = 0; i < a->n_parts; i++) {
		buf_u32(&a->ask, a->part[i].first);
		buf_u32(&a->ask, a->part[i].n);
		buf_add(&a->ask, a->part[i].id.at, HASH_LEN);
	}
	all = buf_view(&a->ask);
	a->ask.len = HEAD + rows; /* printed again, it is the same */
	return all;
}

void
append_part_read(struct cursor *parts, struct append_part *p)
{
	struct span id;

	p->first = cursor_u32(parts);
	p->n = cursor_u32(parts);
	id = cursor_take(parts, HASH_LEN);
	if (id.len == HASH_LEN)
		memcpy(p->id.at, id.at, HASH_LEN);
}

enum err
append_read(struct span ask, struct append_ask *a, struct fault *why)
{
	struct cursor c = cursor_of(ask), parts;
	struct append_ask got = { .epoch = cursor_u64(&c) };
	struct append_part p = { .n = 0 };
	uint64_t end = 0;

	got.batch = cursor_u64(&c);
	got.after = cursor_u64(&c);
	got.n = cursor_u32(&c);
	got.rows = cursor_block(&c, WIRE_MAX);
	got.n_parts = cursor_u16(&c);
	got.parts = parts = c;
	if (c.bad || got.n == 0 || got.n > APPEND_ROWS_MAX ||
	    got.n_parts > APPEND_PARTS_MAX)
		return fault_set(why, ERR_SYNTAX, "not a batch of records");
	for (uint32_t i = 0; i < got.n_parts; i++) {
		append_part_read(&parts, &p);
		if (p.n == 0 || p.first < end ||
		    (uint64_t)p.first + p.n > got.n)
			return fault_set(
			    why, ERR_SYNTAX, "a batch with impossible parts");
		end = (uint64_t)p.first + p.n;
	}
	if (!cursor_done(&parts))
		return fault_set(why, ERR_SYNTAX, "a batch with a tail");
	*a = got;
	return ERR_OK;
}
