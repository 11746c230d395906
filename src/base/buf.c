/*
 * base/buf.c: bounded, growing bytes.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4 };
}

void
buf_clear(struct buf *b)
{
	if (b == NULL)
		return;
	free(b->at);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->bad = ERR_OK;
	if (b->at != NULL)
		b->at[0] = '\0';
}

enum err
buf_error(const struct buf *b)
{
	return b->bad;
}

uint8_t *
buf_grow(struct buf *b, size_t len)
{
	size_t cap = b->cap == 0 ? 256 : b->cap;
	uint8_t *p;

	if (b->bad != ERR_OK)
		return NULL;
	if (len > b->max - b->len) {
		b->bad = ERR_LIMIT;
		return NULL;
	}
	if (b->cap > b->len + len)
		return b->at + b->len;
	while (cap <= b->len + len)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1; /* the NUL */
	if ((p = realloc(b->at, cap)) == NULL) {
		b->bad = ERR_MEMORY;
		return NULL;
	}
	b->at = p;
	b->cap = cap;
	b->at[b->len] = '\0';
	return p + b->len;
}

void
buf_took(struct buf *b, size_t len)
{
	assert(b->len + len < b->cap || (len == 0 && b->cap == 0));
	b->len += len;
	if (b->at != NULL)
		b->at[b->len] = '\0';
}

void
buf_text(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_block(struct buf *b, struct span s)
{
	if (b->bad == ERR_OK && s.len > UINT32_MAX)
		b->bad = ERR_LIMIT;
	buf_u32(b, (uint32_t)s.len);
	buf_span(b, s);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	uint8_t *to;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (to = buf_room(b, (size_t)n)) == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_took(b, (size_t)n);
}

void
buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->at, b->at + n, b->len - n);
	b->len -= n;
	b->at[b->len] = '\0';
}

struct span
buf_view(const struct buf *b)
{
	return span_of(b->at, b->len);
}

const char *
buf_string(const struct buf *b)
{
	if (b->at == NULL)
		return "";
	/* Room that was asked for and not taken may have been written to. */
	b->at[b->len] = '\0';
	return (const char *)b->at;
}
