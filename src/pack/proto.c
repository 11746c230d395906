/*
 * pack/proto.c: Protocol Buffers on the wire.
 */
#include "pack/proto.h"

#define NUMBER_MAX 536870911U
#define GROUP_BEGIN 3
#define GROUP_END 4
#define GROUP_DEPTH 16

/* A varint of at most ten bytes. */
static uint64_t
varint_get(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = cursor_u8(c);

		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7F) << (shift < 64 ? shift : 0);
		if (byte < 0x80)
			return v;
	}
	c->bad = true;
	return 0;
}

/* A number of n bytes, lowest first. */
static uint64_t
fixed_get(struct cursor *c, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)cursor_u8(c) << (8 * i);
	return v;
}

/* The value of a field whose key was read. */
static void
value_get(struct cursor *c, unsigned wire, struct proto_field *f)
{
	f->wire = (enum proto_wire)wire;
	f->value = 0;
	f->bytes = SPAN_EMPTY;
	switch (wire) {
	case PROTO_VARINT:
		f->value = varint_get(c);
		break;
	case PROTO_FIXED64:
		f->value = fixed_get(c, 8);
		break;
	case PROTO_FIXED32:
		f->value = fixed_get(c, 4);
		break;
	case PROTO_BYTES:
		f->value = varint_get(c);
		f->bytes = cursor_take(
		    c, f->value > SIZE_MAX ? SIZE_MAX : (size_t)f->value);
		break;
	default:
		c->bad = true;
	}
}

bool
proto_next(struct cursor *c, struct proto_field *f)
{
	unsigned depth = 0;

	while (!c->bad && c->pos < c->all.len) {
		uint64_t key = varint_get(c);
		unsigned wire = (unsigned)(key & 7);

		if (key >> 3 == 0 || key >> 3 > NUMBER_MAX ||
		    (wire == GROUP_BEGIN && depth == GROUP_DEPTH) ||
		    (wire == GROUP_END && depth == 0))
			c->bad = true;
		else if (wire == GROUP_BEGIN)
			depth++;
		else if (wire == GROUP_END)
			depth--;
		else {
			f->number = (uint32_t)(key >> 3);
			value_get(c, wire, f);
			if (depth == 0 && !c->bad)
				return true;
		}
	}
	if (depth != 0)
		c->bad = true;
	return false;
}

static void
varint_put(struct buf *b, uint64_t v)
{
	while (v >= 0x80) {
		buf_u8(b, (uint8_t)(v | 0x80));
		v >>= 7;
	}
	buf_u8(b, (uint8_t)v);
}

void
proto_varint(struct buf *b, uint32_t number, uint64_t value)
{
	varint_put(b, (uint64_t)number << 3 | PROTO_VARINT);
	varint_put(b, value);
}

void
proto_bytes(struct buf *b, uint32_t number, struct span s)
{
	varint_put(b, (uint64_t)number << 3 | PROTO_BYTES);
	varint_put(b, s.len);
	buf_span(b, s);
}

void
proto_fixed64(struct buf *b, uint32_t number, uint64_t value)
{
	varint_put(b, (uint64_t)number << 3 | PROTO_FIXED64);
	for (unsigned i = 0; i < 8; i++)
		buf_u8(b, (uint8_t)(value >> (8 * i)));
}
