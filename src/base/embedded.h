/*
 * base/embedded.h: files that the build put into the program.
 */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include "base/span.h"

struct embedded {
	const char *name; /* file name; NULL ends a table */
	struct span data; /* followed by a NUL that len does not count */
};

#endif
