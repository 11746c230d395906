/*
 * proc/clock.h: has somebody set the clock?
 *
 * The wall clock is compared with one that only counts (CLOCK_MONOTONIC). A
 * slow drift, or a correction of seconds, is no event; a jump is
 * (doc/reliability.md, D11).
 */
#ifndef PROC_CLOCK_H
#define PROC_CLOCK_H

#include <stdint.h>

#define CLOCK_JUMP_US INT64_C(5000000)

/* Both clocks as they were last looked at; zeroes: never. */
struct clock_watch {
	int64_t wall_us, count_us;
};

/* clock_look: by how much the wall clock jumped since the last look; 0 when it
 * moved by at most CLOCK_JUMP_US more or less than it should have. */
int64_t clock_look(struct clock_watch *c, int64_t wall_us, int64_t count_us);

#endif
