/*
 * vault/line.c: the one place of this room that formats into an array.
 */
#include "vault/line.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void
line_put(char *to, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(to, cap, fmt, ap);
	va_end(ap);
	if (n < 0)
		to[0] = '\0';
	else if ((size_t)n >= cap)
		to[text_cut(to, cap - 1)] = '\0';
}
