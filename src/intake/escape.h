/*
 * intake/escape.h: values without the escapes of their form.
 */
#ifndef INTAKE_ESCAPE_H
#define INTAKE_ESCAPE_H

#include "intake/values.h"

/* escape_undo: s as it was meant, in a; never longer than s. What is no
 * escape stays as it stands. at == NULL when the arena is full. */
struct span escape_undo(struct arena *a, struct span s, enum escape how);

#endif
