/*
 * tests/starve.h: the nth allocation of the product's own code fails.
 *
 * A test that links starve.c with STARVE_LINK (tests/meson.build) counts and
 * fails what our rooms ask of the heap; libraries' own allocations are left
 * alone. Not armed, nothing fails.
 */
#ifndef TESTS_STARVE_H
#define TESTS_STARVE_H

#include <stdbool.h>
#include <stdint.h>

/* starve_at: from now on the nth (from 1) allocation fails, once; 0: none.
 * starve_off: nothing fails any more; whether one did. starve_count: how many
 * there were since. */
void starve_at(uint64_t nth);
bool starve_off(void);
uint64_t starve_count(void);
/* starve_pause: fail nothing for a while; starve_resume goes on. */
uint64_t starve_pause(void);
void starve_resume(uint64_t paused);

#endif
