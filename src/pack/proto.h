/*
 * pack/proto.h: the wire form of Protocol Buffers, read field by field.
 *
 * A message is never built in memory: the reader walks a span and borrows
 * from it, so nothing is allocated and how deep messages lie in one another
 * is the caller's business. Groups (long out of use) are passed over.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */
#ifndef PACK_PROTO_H
#define PACK_PROTO_H

#include "base/buf.h"
#include "base/span.h"

enum proto_wire {
	PROTO_VARINT = 0,
	PROTO_FIXED64 = 1,
	PROTO_BYTES = 2,
	PROTO_FIXED32 = 5
};

/* One field: number, and its value in the member that its wire type names. */
struct proto_field {
	uint32_t number; /* 1 .. 536870911 */
	enum proto_wire wire;
	uint64_t value; /* of the three kinds of number */
	struct span bytes; /* PROTO_BYTES; borrowed */
};

/*
 * proto_next: the next field of the message under the cursor. False at its
 * end, and when the bytes are not of this form: then c->bad is set.
 */
bool proto_next(struct cursor *c, struct proto_field *f);

/* proto_varint, proto_bytes: append one field (answers, and tests). */
void proto_varint(struct buf *b, uint32_t number, uint64_t value);
void proto_bytes(struct buf *b, uint32_t number, struct span s);
void proto_fixed64(struct buf *b, uint32_t number, uint64_t value);

#endif
