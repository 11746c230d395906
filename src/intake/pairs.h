/*
 * intake/pairs.h: key=value pairs of a message, as firewalls write them:
 * devname="FG100" srcip=192.0.2.7, or IN=eth0 OUT= SRC=192.0.2.7.
 *
 * A value ends at a blank, or at its closing quote. Words that are no pair
 * are passed over; of equal keys the first counts.
 */
#ifndef INTAKE_PAIRS_H
#define INTAKE_PAIRS_H

#include "base/arena.h"

#define PAIRS_MAX 256

struct pairs {
	struct span key[PAIRS_MAX], value[PAIRS_MAX];
	size_t n;
};

/* pairs_read: the first PAIRS_MAX pairs of s, borrowed; NULL when the arena
 * is full. */
struct pairs *pairs_read(struct arena *a, struct span s);
/* pairs_get: at == NULL if there is no such key. */
struct span pairs_get(const struct pairs *p, struct span key);

#endif
