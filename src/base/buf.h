/*
 * base/buf.h: bytes that grow up to a stated maximum.
 *
 * Like the cursor, a buffer remembers its first failure: appends after it do
 * nothing, and the writer asks buf_error once, at the end. Numbers are
 * written big-endian. After every append one NUL stands past the end, so the
 * content can be read as text.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/span.h"

#include <stdarg.h>

struct buf {
	uint8_t *at; /* NULL until the first append */
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated, the NUL included */
	size_t max; /* len never passes this */
	enum err bad; /* ERR_OK, ERR_MEMORY or ERR_LIMIT */
};

/* buf_init: an empty buffer; buf_clear frees it and makes it empty again. */
void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);
/* buf_reset: empty and without fault, its memory kept for the next use. */
void buf_reset(struct buf *b);

MUST_CHECK enum err buf_error(const struct buf *b);

/* buf_room: at least len bytes to write into; NULL and a noted fault if that
 * cannot be. buf_took: so many of them were used. buf_grow: buf_room when
 * there is not room enough already. */
uint8_t *buf_grow(struct buf *b, size_t len);

static inline uint8_t *
buf_room(struct buf *b, size_t len)
{
	if (b->bad == ERR_OK && b->cap > b->len && len < b->cap - b->len)
		return b->at + b->len;
	return buf_grow(b, len);
}

void buf_took(struct buf *b, size_t len);

static inline void
buf_add(struct buf *b, const void *p, size_t len)
{
	uint8_t *to = buf_room(b, len);

	if (to == NULL)
		return;
	if (len > 0)
		memcpy(to, p, len);
	b->len += len;
	b->at[b->len] = '\0';
}

static inline void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.at, s.len);
}

void buf_text(struct buf *b, const char *s);

static inline void
buf_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, sizeof v);
}

static inline void
buf_u16(struct buf *b, uint16_t v)
{
	v = htobe16(v);
	buf_add(b, &v, sizeof v);
}

static inline void
buf_u32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_add(b, &v, sizeof v);
}

static inline void
buf_u64(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_add(b, &v, sizeof v);
}

/* buf_block: a u32 length and the bytes; read back by cursor_block. */
void buf_block(struct buf *b, struct span s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* buf_drop: take the first n bytes away, n <= len. */
void buf_drop(struct buf *b, size_t n);

/* buf_view: the content, borrowed until the next append. */
struct span buf_view(const struct buf *b);
/* buf_string: the content as a NUL-ended string, borrowed; "" when empty. */
const char *buf_string(const struct buf *b);

#endif
