/*
 * proc/detection_test.h: trying detection rules.
 */
#ifndef PROC_DETECTION_TEST_H
#define PROC_DETECTION_TEST_H

#include <stddef.h>

/* detection_test: compile these files and folders (none: our own rules) and
 * run the tests beside them; a line each to stdout; the exit status. */
int detection_test(const char *const *file, size_t n);

#endif
