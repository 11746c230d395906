/*
 * vault/row.c: rows of journals and pieces, and the chain.
 */
#include "vault/row.h"

#define CHAIN_KIND 0x20

void
row_put(struct buf *b, const struct row *r)
{
	buf_u32(b, r->source);
	buf_block(b, r->event);
}

bool
row_get(struct cursor *c, uint64_t seq, struct row *r)
{
	struct row got = { .seq = seq };

	if (c->bad || c->pos == c->all.len)
		return false;
	got.source = cursor_u32(c);
	got.event = cursor_block(c, ROW_EVENT_MAX);
	if (c->bad)
		return false;
	*r = got;
	return true;
}

/* Eight bytes of v, big-endian. */
static void
number_put(uint8_t *to, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (56 - 8 * i));
}

struct hash
chain_step(const struct hash *head, uint64_t seq, const struct event *ev)
{
	struct span sender = span_slice(ev->sender, 0, EVENT_TEXT_MAX);
	struct span raw = span_slice(ev->raw, 0, EVENT_RAW_MAX);
	uint8_t front[18] = { CHAIN_KIND };
	uint8_t len[4];
	struct hash d;

	number_put(front + 1, seq);
	number_put(front + 9, (uint64_t)ev->received_us);
	front[17] = (uint8_t)sender.len;
	for (unsigned i = 0; i < 4; i++)
		len[i] = (uint8_t)(raw.len >> (24 - 8 * i));
	d = hash_of_parts((const struct span[]){ span_of(front, sizeof front),
			      sender, span_of(len, sizeof len), raw },
	    4);
	return hash_of_parts((const struct span[]){ span_of(head->at, HASH_LEN),
				 span_of(d.at, HASH_LEN) },
	    2);
}
