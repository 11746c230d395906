/*
 * base/arena.h: memory of one request or one record, emptied when it ends.
 *
 * Pointers from an arena are valid until arena_reset or arena_free. Nothing
 * in an arena is freed by itself.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena;

/* arena_new: at most max bytes in all, each piece counting as its length
 * rounded up to 16; NULL when memory is out. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);
/* arena_reset: everything given out ends; the first chunk is kept. */
void arena_reset(struct arena *a);

/* arena_alloc: len zeroed bytes aligned for any type; NULL past the maximum
 * or without memory. len 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t len);
/* arena_array: n elements of `size` bytes, the product checked. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* arena_text: a copy that ends in NUL. arena_copy: the bytes, as a span with
 * at == NULL when it could not be had. */
char *arena_text(struct arena *a, struct span s);
struct span arena_copy(struct arena *a, struct span s);
/* arena_printf: formatted text; NULL when it could not be had. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
