/*
 * vault/line.h: one formatted line in a field of fixed size.
 */
#ifndef VAULT_LINE_H
#define VAULT_LINE_H

#include <stddef.h>

/* line_put: what does not fit is cut between characters; there is no length
 * to add up, so nothing can be written past it. cap > 0. */
void line_put(char *to, size_t cap, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
