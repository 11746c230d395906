/*
 * base/arena.c: a chain of chunks, each twice the last up to 1 MiB.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_MOST ((size_t)1 << 20)

struct chunk {
	struct chunk *next; /* the one before it in time */
	size_t cap, used;
	alignas(max_align_t) uint8_t at[];
};

struct arena {
	struct chunk *top;
	size_t given, max; /* bytes handed out, and their most */
};

struct arena *
arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof *a);

	if (a != NULL)
		a->max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
	return a;
}

/* Frees all chunks but `keep`, which may be NULL. */
static void
chunks_free(struct chunk *c, const struct chunk *keep)
{
	while (c != NULL) {
		struct chunk *next = c->next;

		if (c != keep)
			free(c);
		c = next;
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	chunks_free(a->top, NULL);
	free(a);
}

void
arena_reset(struct arena *a)
{
	struct chunk *first = a->top;

	if (first == NULL)
		return;
	while (first->next != NULL)
		first = first->next;
	chunks_free(a->top, first);
	first->used = 0;
	a->top = first;
	a->given = 0;
}

/* Puts a chunk with room for len bytes on top; false if it cannot be had. */
static bool
chunk_add(struct arena *a, size_t len)
{
	size_t cap = a->top == NULL ? CHUNK_FIRST : a->top->cap * 2;
	struct chunk *c;

	if (cap > CHUNK_MOST)
		cap = CHUNK_MOST;
	if (cap > a->max - a->given) /* more will never be handed out */
		cap = a->max - a->given;
	if (cap < len)
		cap = len;
	if ((c = malloc(sizeof *c + cap)) == NULL)
		return false;
	*c = (struct chunk){ .next = a->top, .cap = cap };
	a->top = c;
	return true;
}

void *
arena_alloc(struct arena *a, size_t len)
{
	const size_t align = alignof(max_align_t);
	size_t room;
	void *p;

	if (a->given == a->max || len > a->max - a->given)
		return NULL;
	room = len == 0 ? align : (len + align - 1) / align * align;
	if (a->top == NULL || a->top->cap - a->top->used < room)
		if (!chunk_add(a, room))
			return NULL;
	p = a->top->at + a->top->used;
	a->top->used += room;
	a->given += room < a->max - a->given ? room : a->max - a->given;
	memset(p, 0, room);
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(n, size, &len))
		return NULL;
	return arena_alloc(a, len);
}

char *
arena_text(struct arena *a, struct span s)
{
	char *p = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;

	if (p != NULL && s.len > 0)
		memcpy(p, s.at, s.len);
	return p;
}

struct span
arena_copy(struct arena *a, struct span s)
{
	char *p = arena_text(a, s);

	return p == NULL ? SPAN_EMPTY : span_of(p, s.len);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (p = arena_alloc(a, (size_t)n + 1)) == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
