/*
 * gate/common.h: passwords that are tried first; lower case, NULL at the end.
 */
#ifndef GATE_COMMON_H
#define GATE_COMMON_H

extern const char *const gate_common[];

#endif
