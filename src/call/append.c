/*
 * call/append.c: batches of records on their way to keeper.
 */
#include "call/append.h"

#include "wire/wire.h"

void
append_init(struct append *a, uint64_t epoch)
{
	*a = (struct append){ .epoch = epoch, .batch = 1 };
	buf_init(&a->rows, WIRE_MAX - 64);
	buf_init(&a->row, WIRE_MAX / 2);
}

void
append_clear(struct append *a)
{
	buf_clear(&a->rows);
	buf_clear(&a->row);
}

void
append_next(struct append *a)
{
	a->batch++;
	a->n = 0;
	buf_reset(&a->rows);
}

bool
append_add(struct append *a, const struct event *ev)
{
	buf_reset(&a->row);
	event_encode(&a->row, ev);
	if (a->n > 0 && a->rows.len + a->row.len + 4 > APPEND_BATCH_MAX)
		return false;
	buf_block(&a->rows, buf_view(&a->row));
	if (buf_error(&a->row) != ERR_OK || buf_error(&a->rows) != ERR_OK)
		return false;
	a->n++;
	return true;
}

void
append_print(const struct append *a, struct buf *b)
{
	buf_u64(b, a->epoch);
	buf_u64(b, a->batch);
	buf_u32(b, a->n);
	buf_span(b, buf_view(&a->rows));
}

void
append_read(struct cursor *ask, uint64_t *epoch, uint64_t *batch, uint32_t *n)
{
	*epoch = cursor_u64(ask);
	*batch = cursor_u64(ask);
	*n = cursor_u32(ask);
}
