/*
 * tests/starve.c: stands between the product's code and the heap (the
 * linker's --wrap).
 */
#include "starve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t nth, count;
static bool struck;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t each);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t each);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void
starve_at(uint64_t n)
{
	nth = n;
	count = 0;
	struck = false;
}

bool
starve_off(void)
{
	nth = 0;
	return struck;
}

uint64_t
starve_count(void)
{
	return count;
}

uint64_t
starve_pause(void)
{
	uint64_t paused = nth;

	nth = 0;
	return paused;
}

void
starve_resume(uint64_t paused)
{
	nth = paused;
}

static bool
strikes(void)
{
	if (nth == 0 || ++count != nth)
		return false;
	struck = true;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return strikes() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t each)
{
	return strikes() ? NULL : __real_calloc(n, each);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return strikes() ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t each)
{
	return strikes() ? NULL : __real_reallocarray(p, n, each);
}

char *
__wrap_strdup(const char *s)
{
	return strikes() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return strikes() ? NULL : __real_strndup(s, n);
}
